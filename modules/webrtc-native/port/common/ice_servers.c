#include "ice_servers.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "../../core/port.h"
#include "address.h"

/* ---- The servers ---- */

/* Copies `text` behind `*at`, which moves on. */
static const char *keep(char **at, const char *text)
{
	const char *kept = strcpy(*at, text);

	*at += strlen(text) + 1;
	return kept;
}

ice_servers *ice_servers_create(const port_ice_config *config)
{
	size_t texts = config->ca_length;

	for (size_t i = 0; i < config->count; i++) {
		const port_ice_server *server = &config->servers[i];
		texts += strlen(server->host) + strlen(server->username) + strlen(server->password) + 3;
	}

	ice_servers *self = port_alloc(sizeof(*self) + texts, PORT_EXTERNAL, PORT_ICE);
	if (!self)
		return NULL;
	char *at = self->texts;
	atomic_init(&self->references, 1);
	self->size = sizeof(*self) + texts;
	self->config = *config;
	for (size_t i = 0; i < config->count; i++) {
		port_ice_server *server = &self->config.servers[i];
		server->host = keep(&at, server->host);
		server->username = keep(&at, server->username);
		server->password = keep(&at, server->password);
	}
	if (config->ca)
		self->config.ca = memcpy(at, config->ca, config->ca_length);
	return self;
}

ice_servers *ice_servers_hold(ice_servers *servers)
{
	atomic_fetch_add(&servers->references, 1);
	return servers;
}

void ice_servers_release(ice_servers *servers)
{
	if (!servers || atomic_fetch_sub(&servers->references, 1) != 1)
		return;
	crypto_wipe(servers, servers->size);
	port_free(servers);
}

/* ---- Their addresses ---- */

static void release(resolution *self)
{
	if (atomic_fetch_sub(&self->references, 1) != 1)
		return;
	ice_servers_release(self->servers);
	pthread_mutex_destroy(&self->mutex);
	port_free(self);
}

/* The first address of each family. */
static resolve_state look_up(const port_ice_server *server, net_address *four, net_address *six)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	net_address address;

	if (getaddrinfo(server->host, NULL, &hints, &found) != 0)
		return RESOLVE_FAILED;
	for (const struct addrinfo *at = found; at; at = at->ai_next) {
		if (!address_from_socket(&address, at->ai_addr))
			continue;
		net_address *out = address.family == 6 ? six : four;
		address.port = server->port;
		if (out->family == 0)
			*out = address;
	}
	freeaddrinfo(found);
	return four->family || six->family ? RESOLVE_FOUND : RESOLVE_FAILED;
}

/* Owns one reference. */
static void resolve_all(void *context)
{
	resolution *self = context;
	const port_ice_config *config = &self->servers->config;
	bool wanted = true;

	for (size_t i = 0; i < config->count && wanted; i++) {
		net_address four = {0}, six = {0};
		if (self->states[i] != RESOLVE_PENDING) /* only this thread changes it now */
			continue;
		resolve_state state = look_up(&config->servers[i], &four, &six);
		pthread_mutex_lock(&self->mutex);
		self->four[i] = four;
		self->six[i] = six;
		self->states[i] = state;
		wanted = self->owner != NULL;
		if (wanted)
			loop_wake(self->owner);
		pthread_mutex_unlock(&self->mutex);
	}
	release(self);
}

resolution *resolution_start(ice_servers *servers, loop_client *owner)
{
	resolution *self = port_alloc(sizeof(*self), PORT_EXTERNAL, PORT_ICE);
	bool names = false;

	if (!self)
		return NULL;
	atomic_init(&self->references, 2);
	pthread_mutex_init(&self->mutex, NULL);
	self->owner = owner;
	self->servers = ice_servers_hold(servers);
	for (size_t i = 0; i < servers->config.count; i++) {
		const port_ice_server *server = &servers->config.servers[i];
		net_address address;
		if (!port_address_parse(&address, server->host, server->port)) {
			names = true;
			continue;
		}
		*(address.family == 6 ? &self->six[i] : &self->four[i]) = address;
		self->states[i] = RESOLVE_FOUND;
	}
	if (names && port_worker_run_asking(resolve_all, self) == 0)
		return self;
	for (size_t i = 0; i < servers->config.count; i++)
		if (self->states[i] == RESOLVE_PENDING)
			self->states[i] = RESOLVE_FAILED;
	release(self); /* there is no job */
	return self;
}

resolve_state resolution_of(resolution *self, size_t server, net_address *four, net_address *six)
{
	pthread_mutex_lock(&self->mutex);
	resolve_state state = self->states[server];
	*four = self->four[server];
	*six = self->six[server];
	pthread_mutex_unlock(&self->mutex);
	return state;
}

void resolution_end(resolution *self)
{
	if (!self)
		return;
	pthread_mutex_lock(&self->mutex);
	self->owner = NULL;
	pthread_mutex_unlock(&self->mutex);
	if (port_worker_forget_asking(self)) /* it waits behind others, for long when nobody answers */
		release(self);
	release(self);
}
