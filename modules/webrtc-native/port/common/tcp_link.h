/*
 * A TCP connection that carries packets, on the transport thread: connects without waiting, and has
 * fixed buffers each way. What is made for real time is better dropped than late: a packet that
 * finds the send buffer full is not taken.
 */
#ifndef LKXS_COMMON_TCP_LINK_H
#define LKXS_COMMON_TCP_LINK_H

#include "../../core/ice/framing.h"
#include "../../core/net.h"
#include "loop.h"
#include "tcp_tls.h"

#define TCP_OUT 4096                           /* bytes that wait to be sent */
#define TCP_PACKET_MAX (NET_DATAGRAM_MAX + 64) /* inbound: with what TURN puts around it */
#define TCP_CONNECT_TIMEOUT 10000000u          /* microseconds, with the TLS handshake */

typedef enum { TCP_CONNECTING, TCP_SHAKING, TCP_OPEN, TCP_OVER } tcp_state;

typedef struct {
	tcp_state state;
	loop_client *loop;
	int slot;          /* in loop->sockets */
	tcp_tls *tls;      /* NULL: none */
	uint64_t deadline; /* of connecting */
	framing in;
	size_t out_start, out_end;
	uint8_t out_bytes[TCP_OUT];
	uint8_t in_bytes[FRAMING_HEAD_MAX + TCP_PACKET_MAX];
} tcp_link;

/**
 * Begins to connect; `tls` may be NULL, else it is the link's. NULL: no memory, no socket, or no
 * way there.
 */
tcp_link *tcp_link_open(loop_client *loop, framing_kind kind, const net_address *to, tcp_tls *tls,
						uint64_t now);
/** Closes and frees; NULL is ignored. */
void tcp_link_close(tcp_link *link);
/** Sends or queues a packet, also while connecting; false: it is dropped. */
bool tcp_link_send(tcp_link *link, const uint8_t *bytes, size_t length);
/** To be called in each turn of the loop: connects, sends and reads. Then drain the packets. */
void tcp_link_run(tcp_link *link, uint64_t now);
/**
 * The next packet, valid until the next call; false when there is none now. `link->state` may be
 * TCP_OVER then.
 */
bool tcp_link_next(tcp_link *link, uint8_t **packet, size_t *length);
/** When tcp_link_run() is wanted without a ready socket. */
uint64_t tcp_link_due(const tcp_link *link);

#endif
