/* Which addresses are the public Internet's, and which lead inside (RFC 6890 and its registries).
 */
#ifndef PH_NET_PUBLIC_H
#define PH_NET_PUBLIC_H

#include "base.h"

#include <sys/socket.h>

/** False for loopback, private, shared, link-local, documentation, multicast and reserved
 * addresses, also where an IPv6 address embeds such an IPv4 one; and for anything that is no IP
 * address. */
bool net_is_public(const struct sockaddr *address);

#endif
