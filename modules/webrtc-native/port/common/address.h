/* Between net_address and the sockets' own addresses. */
#ifndef LKXS_COMMON_ADDRESS_H
#define LKXS_COMMON_ADDRESS_H

#include <sys/socket.h>

#include "../../core/net.h"

socklen_t address_to_socket(const net_address *address, struct sockaddr_storage *out);
/** False for families other than IPv4 and IPv6. */
bool address_from_socket(net_address *out, const struct sockaddr *from);

#endif
