#include "tcp_link.h"

#include <errno.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../core/port.h"
#include "address.h"
#include "tcp_socket.h"

#define KERNEL_BUFFER 16384 /* wished for, both ways: what waits there is late, too */

static int socket_of(const tcp_link *link)
{
	return link->loop->sockets[link->slot];
}

/* A socket that is on its way; -1. */
static int start_connecting(const net_address *to)
{
	struct sockaddr_storage address;
	socklen_t size = address_to_socket(to, &address);
	int handle = tcp_socket_create(address.ss_family);
	int buffer = KERNEL_BUFFER;

	if (handle < 0)
		return -1;
#ifdef SO_SNDBUF
	setsockopt(handle, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
#endif
	if (connect(handle, (struct sockaddr *)&address, size) != 0 && errno != EINPROGRESS) {
		close(handle);
		return -1;
	}
	return handle;
}

/* And frees `tls`. */
static void close_socket(tcp_tls *tls, int handle)
{
	if (tls)
		tcp_tls_end(tls, handle);
	else if (handle >= 0)
		close(handle);
}

tcp_link *tcp_link_open(loop_client *loop, framing_kind kind, const net_address *to, tcp_tls *tls,
						uint64_t now)
{
	tcp_link *link = port_alloc(sizeof(*link), PORT_EXTERNAL, PORT_ICE);
	int handle = link ? start_connecting(to) : -1;
	int slot = handle < 0 ? -1 : loop_watch(loop, handle, POLLOUT);

	if (slot < 0) {
		close_socket(tls, handle);
		port_free(link);
		return NULL;
	}
	link->loop = loop;
	link->slot = slot;
	link->tls = tls;
	link->state = TCP_CONNECTING;
	link->deadline = now + TCP_CONNECT_TIMEOUT;
	framing_init(&link->in, kind, link->in_bytes, sizeof(link->in_bytes));
	return link;
}

void tcp_link_close(tcp_link *link)
{
	if (!link)
		return;
	int handle = socket_of(link);
	loop_unwatch(link->loop, (size_t)link->slot);
	close_socket(link->tls, handle);
	port_free(link);
}

/* ---- Out ---- */

/* Bytes taken, 0 when the socket is full, -1 when it is over. */
static int write_some(tcp_link *link, const uint8_t *bytes, size_t length)
{
	return link->tls ? tcp_tls_write(link->tls, bytes, length)
					 : tcp_socket_send(socket_of(link), bytes, length);
}

/* Sends what waits. */
static void flush(tcp_link *link)
{
	while (link->out_start < link->out_end) {
		int sent =
			write_some(link, link->out_bytes + link->out_start, link->out_end - link->out_start);
		if (sent < 0)
			link->state = TCP_OVER;
		if (sent <= 0)
			break;
		link->out_start += (size_t)sent;
	}
	short writable = link->out_start < link->out_end ? POLLOUT : 0;
	loop_set_events(link->loop, (size_t)link->slot, (short)(POLLIN | writable));
}

/* Room for `length` more bytes; NULL when there is none. */
static uint8_t *make_room(tcp_link *link, size_t length)
{
	if (link->out_start > 0 && link->out_end + length > TCP_OUT) {
		link->out_end -= link->out_start;
		memmove(link->out_bytes, link->out_bytes + link->out_start, link->out_end);
		link->out_start = 0;
	}
	if (link->out_end + length > TCP_OUT)
		return NULL;
	uint8_t *room = link->out_bytes + link->out_end;
	link->out_end += length;
	return room;
}

bool tcp_link_send(tcp_link *link, const uint8_t *bytes, size_t length)
{
	uint8_t head[FRAMING_HEAD_MAX];
	size_t padding;
	size_t head_length = framing_head(link->in.kind, length, head, &padding);

	if (link->state == TCP_OVER)
		return false;
	uint8_t *out = make_room(link, head_length + length + padding);
	if (!out)
		return false;
	memcpy(out, head, head_length);
	memcpy(out + head_length, bytes, length);
	memset(out + head_length + length, 0, padding);
	if (link->state == TCP_OPEN)
		flush(link);
	return true;
}

/* ---- In ---- */

static void finish_connecting(tcp_link *link)
{
	struct sockaddr_storage other;
	socklen_t other_size = sizeof(other);
	int code = 0;
	socklen_t size = sizeof(code);

	if (getsockopt(socket_of(link), SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0) {
		link->state = TCP_OVER;
		return;
	}
	/* What poll() said may have been of a socket that was here before. */
	if (getpeername(socket_of(link), (struct sockaddr *)&other, &other_size) != 0)
		return;
	link->state = link->tls ? TCP_SHAKING : TCP_OPEN;
	if (link->state == TCP_OPEN)
		flush(link);
}

/* While the worker computes the socket is not watched. */
static void shake_hands(tcp_link *link, bool ready)
{
	short wanted = POLLIN;

	switch (tcp_tls_get_state(link->tls)) {
	case TCP_TLS_WORKING:
		return;
	case TCP_TLS_UP:
		link->state = TCP_OPEN;
		flush(link);
		return;
	case TCP_TLS_FAILED:
		link->state = TCP_OVER;
		return;
	case TCP_TLS_WANT_OUTPUT:
		wanted = POLLOUT;
		break;
	case TCP_TLS_WANT_INPUT:
		break;
	}
	loop_set_events(link->loop, (size_t)link->slot, ready ? 0 : wanted);
	if (ready)
		tcp_tls_step(link->tls, socket_of(link));
}

void tcp_link_run(tcp_link *link, uint64_t now)
{
	short ready = link->loop->revents[link->slot];

	if (link->state == TCP_CONNECTING && ready)
		finish_connecting(link);
	if (link->state == TCP_SHAKING)
		shake_hands(link, ready != 0);
	else if (link->state == TCP_OPEN && (ready & POLLOUT))
		flush(link);
	if ((link->state == TCP_CONNECTING || link->state == TCP_SHAKING) && now >= link->deadline)
		link->state = TCP_OVER;
}

/* Bytes read, 0 when there are none now, less when it is over. */
static int read_some(tcp_link *link, uint8_t *out, size_t room)
{
	return link->tls ? tcp_tls_read(link->tls, out, room)
					 : tcp_socket_receive(socket_of(link), out, room);
}

/* Reads once; false when there is nothing to read now. */
static bool fill(tcp_link *link)
{
	size_t room;
	uint8_t *out = framing_room(&link->in, &room);
	int count = read_some(link, out, room);

	if (count < 0)
		link->state = TCP_OVER;
	if (count <= 0)
		return false;
	framing_received(&link->in, (size_t)count);
	return true;
}

bool tcp_link_next(tcp_link *link, uint8_t **packet, size_t *length)
{
	while (link->state == TCP_OPEN) {
		if (framing_next(&link->in, packet, length))
			return true;
		if (link->in.broken)
			link->state = TCP_OVER;
		else if (!fill(link))
			break;
	}
	return false;
}

uint64_t tcp_link_due(const tcp_link *link)
{
	bool waits = link->state == TCP_CONNECTING || link->state == TCP_SHAKING;

	return waits ? link->deadline : LOOP_NEVER;
}
