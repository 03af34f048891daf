/* What all TCP connections need of their sockets: streams, ICE-TCP and TURN. */
#ifndef LKXS_COMMON_TCP_SOCKET_H
#define LKXS_COMMON_TCP_SOCKET_H

#include "../../core/crypto/tls.h"

/** Non-blocking, closed at exec, without Nagle's wait. -1 with errno. `family`: AF_INET, AF_INET6.
 */
int tcp_socket_create(int family);

/** Bytes taken, 0 when the socket is full, -1 when it is over. */
int tcp_socket_send(int handle, const uint8_t *bytes, size_t length);

#define TCP_SOCKET_END (-1)    /* the other side has closed */
#define TCP_SOCKET_FAILED (-2) /* errno says why */

/** Bytes read, 0 when there are none now, or one of the above. */
int tcp_socket_receive(int handle, uint8_t *out, size_t room);

/**
 * A TLS client on the socket that is in `*handle` whenever it sends. Of `config` what says whom to
 * trust counts; `host` and `port` are for the warning when that is anybody. As
 * tls_session_create().
 */
tls_session *tcp_socket_tls(int *handle, const tls_config *config, const char *host,
							unsigned int port, char *error, size_t error_size);

/** As tcp_socket_send(). After 0 the next call must begin with the same bytes. */
int tcp_socket_tls_send(tls_session *session, const uint8_t *bytes, size_t length);

#endif
