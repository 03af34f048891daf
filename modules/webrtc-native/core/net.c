#include "net.h"

#include <string.h>

bool net_address_equal(const net_address *a, const net_address *b)
{
	if (a->family != b->family || a->port != b->port)
		return false;
	return memcmp(a->ip, b->ip, a->family == 6 ? 16 : 4) == 0;
}

bool net_address_is_loopback(const net_address *address)
{
	static const uint8_t six[16] = {[15] = 1};

	if (address->family == 4)
		return address->ip[0] == 127;
	return address->family == 6 && memcmp(address->ip, six, 16) == 0;
}

bool net_address_is_link_local(const net_address *address)
{
	if (address->family == 4)
		return address->ip[0] == 169 && address->ip[1] == 254;
	return address->family == 6 && address->ip[0] == 0xfe && (address->ip[1] & 0xc0) == 0x80;
}
