/* Ranges of IP addresses as people write them: "192.0.2.7", "10.0.0.0/8", "2001:db8::/32". */
#ifndef PH_NET_RANGE_H
#define PH_NET_RANGE_H

#include "base.h"

struct net_range {
	uint8_t octets[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;
};

/** -EINVAL: not one, or it has bits set behind its length. */
int net_range_parse(const char *text, struct net_range *out) MUST_CHECK;
/** Whether an address lies in it; false for what is no address. */
bool net_range_has(const struct net_range *range, const char *address);

#endif
