/*
 * TLS of a tcp_link: the handshake is computed by the worker, a step at a time, so that it stops no
 * media; the waits between the steps are the transport thread's. Once it is up, the transport
 * thread reads and writes.
 */
#ifndef LKXS_COMMON_TCP_TLS_H
#define LKXS_COMMON_TCP_TLS_H

#include "ice_servers.h"

typedef enum {
	TCP_TLS_WORKING,     /* the worker has it: nobody else may touch it */
	TCP_TLS_WANT_INPUT,  /* tcp_tls_step() is to be called when the socket is readable */
	TCP_TLS_WANT_OUTPUT, /* or writable */
	TCP_TLS_UP,
	TCP_TLS_FAILED
} tcp_tls_state;

typedef struct tcp_tls tcp_tls;

/** For `server`, one of `servers`, whose trust anchors are used. NULL without memory. */
tcp_tls *tcp_tls_create(ice_servers *servers, const port_ice_server *server, loop_client *owner);
/** The owner is not woken any more; before it is taken off the loop. */
void tcp_tls_hush(tcp_tls *tls);
/** Lets go, from then on `socket` is closed with it; at once, or when the worker has it no more. */
void tcp_tls_end(tcp_tls *tls, int socket);
/** Has the worker go on; the owner is woken when it has. */
void tcp_tls_step(tcp_tls *tls, int socket);
tcp_tls_state tcp_tls_get_state(const tcp_tls *tls);
/** TCP_TLS_FAILED: why, in one line. */
const char *tcp_tls_error(const tcp_tls *tls);

/* TCP_TLS_UP: */
/** Bytes taken, 0 when the socket is full, -1 when it is over. */
int tcp_tls_write(tcp_tls *tls, const uint8_t *bytes, size_t length);
/** Bytes read, 0 when there are none now, -1 when it is over. */
int tcp_tls_read(tcp_tls *tls, uint8_t *out, size_t room);

#endif
