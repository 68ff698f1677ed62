/*
 * What Redis functions take as one argument: msgpack, which Lua there reads in one call. Strings,
 * whole numbers and arrays are all there is.
 */
#ifndef PH_PACK_H
#define PH_PACK_H

#include "buf.h"

/** Begins an array of n values, which are packed next. At most 65,535. */
void pack_array(struct buf *b, size_t n);
void pack_num(struct buf *b, uint64_t n);
void pack_text(struct buf *b, struct span s);
/** Begins a text of len octets, which are added to b next. */
void pack_text_of(struct buf *b, size_t len);

#endif
