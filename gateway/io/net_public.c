/* The registries of special addresses, as tables; IPv6 is public in 2000::/3 only. */
#include "net_public.h"

#include <netinet/in.h>
#include <string.h>

static const struct net4 {
	uint32_t net, bits;
} private4[] = {
	{0x00000000, 8 }, /* this network */
	{0x0A000000, 8 }, /* private */
	{0x64400000, 10}, /* shared by a provider's customers, RFC 6598 */
	{0x7F000000, 8 }, /* loopback */
	{0xA9FE0000, 16}, /* link-local, and the clouds' metadata */
	{0xAC100000, 12}, /* private */
	{0xC0000000, 24}, /* protocol assignments */
	{0xC0000200, 24}, /* documentation */
	{0xC0586300, 24}, /* 6to4 relays */
	{0xC0A80000, 16}, /* private */
	{0xC6120000, 15}, /* benchmarks */
	{0xC6336400, 24}, /* documentation */
	{0xCB007100, 24}, /* documentation */
	{0xE0000000, 3 }, /* multicast, reserved, broadcast */
};

static bool is_public4(uint32_t address)
{
	for (size_t i = 0; i < ARRAY_LEN(private4); i++)
		if ((address ^ private4[i].net) >> (32 - private4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t embedded4(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Special within 2000::/3. */
static const struct net6 {
	uint8_t net[4];
	uint8_t bits;
} private6[] = {
	{{0x20, 0x01, 0x00, 0x00}, 23}, /* protocol assignments: Teredo, ORCHID */
	{{0x20, 0x01, 0x0D, 0xB8}, 32}, /* documentation */
	{{0x3F, 0xFF, 0x00, 0x00}, 20}, /* documentation */
};

static bool is_public6(const uint8_t *a)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
	static const uint8_t nat64[12] = {0, 0x64, 0xFF, 0x9B};

	if (memcmp(a, mapped, sizeof(mapped)) == 0 || memcmp(a, nat64, sizeof(nat64)) == 0)
		return is_public4(embedded4(a + 12));
	if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 */
		return is_public4(embedded4(a + 2));
	for (size_t i = 0; i < ARRAY_LEN(private6); i++)
		if ((embedded4(a) ^ embedded4(private6[i].net)) >> (32 - private6[i].bits) == 0)
			return false;
	return (a[0] & 0xE0) == 0x20;
}

bool net_is_public(const struct sockaddr *address)
{
	const void *at = address;

	if (address->sa_family == AF_INET)
		return is_public4(ntohl(((const struct sockaddr_in *)at)->sin_addr.s_addr));
	if (address->sa_family == AF_INET6)
		return is_public6(((const struct sockaddr_in6 *)at)->sin6_addr.s6_addr);
	return false;
}
