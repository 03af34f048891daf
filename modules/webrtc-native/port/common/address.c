/* Text and socket forms of addresses. */
#include "address.h"

#include <arpa/inet.h>
#include <string.h>

#include "../transport.h"

_Static_assert(PORT_ADDRESS_TEXT >= INET6_ADDRSTRLEN, "room for any address");

bool port_address_parse(net_address *out, const char *text, uint16_t port)
{
	*out = (net_address){.port = port};
	if (inet_pton(AF_INET, text, out->ip) == 1)
		out->family = 4;
	else if (inet_pton(AF_INET6, text, out->ip) == 1)
		out->family = 6;
	return out->family != 0;
}

void port_address_format(const net_address *address, char out[PORT_ADDRESS_TEXT])
{
	int family = address->family == 6 ? AF_INET6 : AF_INET;

	if (!address->family || !inet_ntop(family, address->ip, out, PORT_ADDRESS_TEXT))
		strcpy(out, "?");
}

socklen_t address_to_socket(const net_address *address, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (address->family == 6) {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(address->port);
		memcpy(&six->sin6_addr, address->ip, 16);
		return sizeof(*six);
	}
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	four->sin_family = AF_INET;
	four->sin_port = htons(address->port);
	memcpy(&four->sin_addr, address->ip, 4);
	return sizeof(*four);
}

bool address_from_socket(net_address *out, const struct sockaddr *from)
{
	memset(out, 0, sizeof(*out));
	if (from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;
		out->family = 6;
		out->port = ntohs(six->sin6_port);
		memcpy(out->ip, &six->sin6_addr, 16);
	} else if (from->sa_family == AF_INET) {
		const struct sockaddr_in *four = (const struct sockaddr_in *)from;
		out->family = 4;
		out->port = ntohs(four->sin_port);
		memcpy(out->ip, &four->sin_addr, 4);
	}
	return out->family != 0;
}
