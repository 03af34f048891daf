#include "tcp_tls.h"

#include <stdio.h>
#include <unistd.h>

#include "../../core/port.h"
#include "tcp_socket.h"

#define RECEIVE 1024 /* bytes at a time */

struct tcp_tls {
	atomic_int references; /* the owner's and the job's */
	atomic_int state;      /* tcp_tls_state */
	pthread_mutex_t mutex; /* guards `owner` and `doomed` */
	loop_client *owner;
	bool doomed; /* the socket is closed with it */
	int socket;
	ice_servers *servers;
	const port_ice_server *server;
	tls_session *session;
	char error[96];
};

static void release(tcp_tls *self)
{
	if (atomic_fetch_sub(&self->references, 1) != 1)
		return;
	tls_session_free(self->session);
	if (self->doomed)
		close(self->socket);
	ice_servers_release(self->servers);
	pthread_mutex_destroy(&self->mutex);
	port_free(self);
}

tcp_tls *tcp_tls_create(ice_servers *servers, const port_ice_server *server, loop_client *owner)
{
	tcp_tls *self = port_alloc(sizeof(*self), PORT_EXTERNAL, PORT_ICE);

	if (!self)
		return NULL;
	atomic_init(&self->references, 1);
	atomic_init(&self->state, TCP_TLS_WANT_OUTPUT);
	pthread_mutex_init(&self->mutex, NULL);
	self->owner = owner;
	self->servers = ice_servers_hold(servers);
	self->server = server;
	return self;
}

void tcp_tls_hush(tcp_tls *self)
{
	pthread_mutex_lock(&self->mutex);
	self->owner = NULL;
	pthread_mutex_unlock(&self->mutex);
}

void tcp_tls_end(tcp_tls *self, int socket)
{
	pthread_mutex_lock(&self->mutex);
	self->owner = NULL;
	self->doomed = true;
	self->socket = socket;
	pthread_mutex_unlock(&self->mutex);
	if (atomic_load(&self->state) == TCP_TLS_UP)
		tls_session_close(self->session);
	release(self);
}

tcp_tls_state tcp_tls_get_state(const tcp_tls *self)
{
	return (tcp_tls_state)atomic_load(&self->state);
}

const char *tcp_tls_error(const tcp_tls *self)
{
	return self->error;
}

/* Bytes from the socket to the session: how many; 0 when there are none now, -1 at the end. */
static int feed(tcp_tls *self)
{
	uint8_t bytes[RECEIVE];
	int count = tcp_socket_receive(self->socket, bytes, sizeof(bytes));

	if (count <= 0)
		return count < 0 ? -1 : 0;
	/* It has read all that it had, so there is room. */
	return tls_session_input(self->session, bytes, (size_t)count) == (size_t)count ? count : -1;
}

/* ---- The worker ---- */

static bool start(tcp_tls *self)
{
	const port_ice_config *config = &self->servers->config;
	const port_ice_server *server = self->server;
	const tls_config options = {
		.host_name = server->host,
		.ca = config->ca,
		.ca_length = config->ca_length,
		.insecure = config->insecure,
	};

	if (!self->session)
		self->session = tcp_socket_tls(&self->socket, &options, server->host, server->port,
									   self->error, sizeof(self->error));
	return self->session != NULL;
}

static tcp_tls_state failed(tcp_tls *self)
{
	const tls_session *session = self->session;

	if (tls_session_error(session)[0] == 0)
		snprintf(self->error, sizeof(self->error), "it closed the connection in the TLS handshake");
	else
		snprintf(self->error, sizeof(self->error), "%s%s",
				 tls_session_certificate_refused(session) ? "its certificate: " : "TLS: ",
				 tls_session_error(session));
	return TCP_TLS_FAILED;
}

static tcp_tls_state go_on(tcp_tls *self)
{
	if (!start(self))
		return TCP_TLS_FAILED;
	for (;;) {
		int fed;
		switch (tls_session_handshake(self->session)) {
		case TLS_OK:
			return TCP_TLS_UP;
		case TLS_WANT_INPUT:
			fed = feed(self);
			if (fed == 0)
				return TCP_TLS_WANT_INPUT;
			if (fed < 0)
				return failed(self);
			break;
		case TLS_WANT_OUTPUT:
			return TCP_TLS_WANT_OUTPUT;
		case TLS_CLOSED:
		case TLS_FAILED:
			return failed(self);
		}
	}
}

/* Owns one reference. */
static void work(void *context)
{
	tcp_tls *self = context;
	tcp_tls_state state = go_on(self);

	pthread_mutex_lock(&self->mutex);
	atomic_store(&self->state, (int)state);
	if (self->owner)
		loop_wake(self->owner);
	pthread_mutex_unlock(&self->mutex);
	release(self);
}

void tcp_tls_step(tcp_tls *self, int socket)
{
	self->socket = socket;
	atomic_store(&self->state, TCP_TLS_WORKING);
	atomic_fetch_add(&self->references, 1);
	if (port_worker_run(work, self) == 0)
		return;
	atomic_fetch_sub(&self->references, 1);
	snprintf(self->error, sizeof(self->error), "the worker has too much to do");
	atomic_store(&self->state, TCP_TLS_FAILED);
}

/* ---- The transport thread ---- */

int tcp_tls_write(tcp_tls *self, const uint8_t *bytes, size_t length)
{
	return tcp_socket_tls_send(self->session, bytes, length);
}

int tcp_tls_read(tcp_tls *self, uint8_t *out, size_t room)
{
	for (;;) {
		size_t length = room;
		int fed;
		switch (tls_session_read(self->session, out, &length)) {
		case TLS_OK:
			if (length > 0)
				return (int)length;
			break;
		case TLS_WANT_INPUT:
			fed = feed(self);
			if (fed <= 0)
				return fed;
			break;
		case TLS_WANT_OUTPUT:
			return 0;
		case TLS_CLOSED:
		case TLS_FAILED:
			return -1;
		}
	}
}
