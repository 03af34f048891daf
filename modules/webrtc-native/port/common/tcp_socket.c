#include "tcp_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "../transport.h"

#ifdef MSG_NOSIGNAL
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0
#endif

int tcp_socket_create(int family)
{
	int handle = socket(family, SOCK_STREAM, 0);
	int yes = 1;

	if (handle < 0)
		return -1;
	fcntl(handle, F_SETFD, FD_CLOEXEC);
	fcntl(handle, F_SETFL, O_NONBLOCK);
	setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
#ifdef SO_NOSIGPIPE
	setsockopt(handle, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof(yes));
#endif
	return handle;
}

int tcp_socket_send(int handle, const uint8_t *bytes, size_t length)
{
	ssize_t sent;

	do
		sent = send(handle, bytes, length, SEND_FLAGS);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return (int)sent;
	return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
}

int tcp_socket_receive(int handle, uint8_t *out, size_t room)
{
	ssize_t count;

	do
		count = recv(handle, out, room, 0);
	while (count < 0 && errno == EINTR);
	if (count > 0)
		return (int)count;
	if (count == 0)
		return TCP_SOCKET_END;
	return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : TCP_SOCKET_FAILED;
}

/* ---- TLS ---- */

static int session_send(void *context, const uint8_t *bytes, size_t length)
{
	return tcp_socket_send(*(const int *)context, bytes, length);
}

static uint64_t session_now(void *context)
{
	(void)context;
	return port_now();
}

tls_session *tcp_socket_tls(int *handle, const tls_config *config, const char *host,
							unsigned int port, char *error, size_t error_size)
{
	tls_config own = *config;

	own.send = session_send;
	own.context = handle;
	own.now = session_now;
	if (config->insecure)
		fprintf(stderr,
				"WARNING: the certificate of %s:%u is NOT checked (insecure): anyone on the way "
				"can read and change this connection\n",
				host, port);
	return tls_session_create(&own, error, error_size);
}

int tcp_socket_tls_send(tls_session *session, const uint8_t *bytes, size_t length)
{
	switch (tls_session_write(session, bytes, &length)) {
	case TLS_OK:
		return (int)length;
	case TLS_WANT_INPUT:
	case TLS_WANT_OUTPUT:
		return 0;
	case TLS_CLOSED:
	case TLS_FAILED:
		break;
	}
	return -1;
}
