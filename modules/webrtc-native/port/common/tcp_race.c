#include "tcp_race.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../transport.h"
#include "address.h"
#include "loop.h"
#include "tcp_socket.h"

#define PACE 300000 /* microseconds until the next attempt */
#define ATTEMPTS 3  /* at a time */

typedef struct {
	const struct addrinfo *first, *next;
	bool again;       /* the second round, of those that have not answered */
	uint64_t next_at; /* when the next is asked, unless all before have failed */
	size_t count;
	int sockets[ATTEMPTS];
	const struct addrinfo *addresses[ATTEMPTS]; /* what they connect to */
	tcp_race_failure *failure;
} race;

static void describe(tcp_race_failure *failure, int code, const struct addrinfo *to)
{
	net_address address;
	char ip[PORT_ADDRESS_TEXT];

	/* An address family without a route says less than an answer from another address. */
	bool routeless = code == ENETUNREACH || code == EHOSTUNREACH || code == EADDRNOTAVAIL ||
					 code == ENETDOWN || code == EAFNOSUPPORT || code == EACCES || code == EPERM;
	if ((routeless && failure->text[0]) || !address_from_socket(&address, to->ai_addr))
		return;

	port_address_format(&address, ip);
	const char *open = address.family == 6 ? "[" : "", *close = address.family == 6 ? "]" : "";
	const char *what;
	if (code == ECONNREFUSED) {
		failure->error = PORT_STREAM_REFUSED;
		what = "connection refused by";
	} else if (code == ETIMEDOUT) {
		failure->error = PORT_STREAM_TIMEOUT;
		what = "no answer from";
	} else if (code == ECONNRESET) {
		failure->error = PORT_STREAM_RESET;
		what = "connection reset by";
	} else {
		failure->error = PORT_STREAM_UNREACHABLE;
		what = "no route to";
	}
	snprintf(failure->text, sizeof(failure->text), "%s %s%s%s:%u", what, open, ip, close,
			 (unsigned)address.port);
}

static bool is_asked(const race *self, const struct addrinfo *to)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->addresses[i] == to)
			return true;
	return false;
}

/* Whom to ask next; NULL for nobody. */
static const struct addrinfo *take_next(race *self)
{
	for (;;) {
		if (!self->next && !self->again) {
			self->again = true;
			self->next = self->first;
		}
		const struct addrinfo *to = self->next;
		if (!to)
			return NULL;
		self->next = to->ai_next;
		if (!self->again || is_asked(self, to))
			return to;
	}
}

/* A socket that is connected already, or -1. */
static int ask(race *self, const struct addrinfo *to)
{
	int handle = tcp_socket_create(to->ai_family);

	if (handle >= 0 && connect(handle, to->ai_addr, to->ai_addrlen) == 0)
		return handle;
	if (handle >= 0 && errno == EINPROGRESS) {
		self->sockets[self->count] = handle;
		self->addresses[self->count++] = to;
		return -1;
	}
	describe(self->failure, errno, to);
	if (handle >= 0)
		close(handle);
	return -1;
}

/* The one at `index` has an answer: its socket, or -1 when it failed. */
static int settle(race *self, size_t index)
{
	int handle = self->sockets[index], code = 0;
	const struct addrinfo *to = self->addresses[index];
	socklen_t size = sizeof(code);

	self->count--;
	self->sockets[index] = self->sockets[self->count];
	self->addresses[index] = self->addresses[self->count];
	if (getsockopt(handle, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
		code = errno;
	if (code == 0)
		return handle;
	describe(self->failure, code, to);
	close(handle);
	if (!self->again)
		self->next_at = 0;
	return -1;
}

/* Sleeps until there is an answer or the next attempt is due. A connected socket, or -1. */
static int await(race *self, int cancel, bool *cancelled)
{
	struct pollfd set[ATTEMPTS + 1];
	uint64_t now = port_now();
	bool more = self->count < ATTEMPTS && (self->next || !self->again);
	int timeout = -1, won = -1;

	for (size_t i = 0; i < self->count; i++)
		set[i] = (struct pollfd){.fd = self->sockets[i], .events = POLLOUT};
	set[self->count] = (struct pollfd){.fd = cancel, .events = POLLIN};
	if (more)
		timeout = self->next_at > now ? (int)((self->next_at - now + 999) / 1000) : 0;

	int ready = poll(set, (nfds_t)self->count + 1, timeout);
	if (ready < 0 && errno == EINTR)
		return -1;
	*cancelled = ready < 0 || set[self->count].revents;
	/* From the end: settle() fills a gap with the last one. */
	for (size_t i = self->count; i-- > 0 && won < 0 && !*cancelled;)
		if (set[i].revents)
			won = settle(self, i);
	return won;
}

int tcp_race(const struct addrinfo *addresses, int cancel, tcp_race_failure *failure)
{
	race self = {.first = addresses, .next = addresses, .failure = failure};
	bool cancelled = false;
	int won = -1;

	*failure = (tcp_race_failure){.error = PORT_STREAM_UNREACHABLE};
	while (won < 0 && !cancelled) {
		uint64_t now = port_now();
		bool due = self.count == 0 || now >= self.next_at;
		const struct addrinfo *to = due && self.count < ATTEMPTS ? take_next(&self) : NULL;
		if (to) {
			self.next_at = now + PACE;
			won = ask(&self, to);
		} else if (self.count > 0) {
			won = await(&self, cancel, &cancelled);
		} else {
			break;
		}
	}
	while (self.count > 0)
		close(self.sockets[--self.count]);
	if (cancelled || won >= 0)
		failure->text[0] = 0;
	else if (!failure->text[0])
		snprintf(failure->text, sizeof(failure->text), "no usable address");
	return won;
}
