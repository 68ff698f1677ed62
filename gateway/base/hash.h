/*
 * Hash tables: uthash with a keyed hash, since most keys come from peers and who can choose keys
 * that collide makes a table a list. Include this and never <uthash.h>.
 */
#ifndef PH_HASH_H
#define PH_HASH_H

#include "base.h"

/** SipHash-1-3 under a key that every process draws for itself. */
uint64_t hash_octets(const void *octets, size_t len);

/** The same under a given key: for its test. */
uint64_t hash_keyed(const uint64_t key[2], const void *octets, size_t len);

#define HASH_FUNCTION(octets, len, out) ((out) = (unsigned)hash_octets((octets), (len)))
#include <uthash.h>

#endif
