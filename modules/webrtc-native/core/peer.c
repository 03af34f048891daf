#include "peer_private.h"

#include <string.h>

/* ---- Life ---- */

uint32_t peer_random(peer *self)
{
	/* Numerical Recipes' generator; nothing here needs to be unpredictable. */
	self->random = self->random * 1664525 + 1013904223;
	return self->random >> 8;
}

peer *peer_create(const peer_config *config, uint64_t now)
{
	static const char hex[] = "0123456789abcdef";
	peer *self = port_alloc(sizeof(*self), PORT_INTERNAL, PORT_PEER);
	uint8_t random[16];

	if (!self)
		return NULL;
	self->now = now;
	self->rtcp_due = PEER_NEVER;
	ice_config ice = config->ice;
	if (ice.quiet == 0)
		ice.quiet = PEER_QUIET;
	self->ice = ice_agent_create(&ice);
	self->identity = port_alloc(sizeof(*self->identity), PORT_EXTERNAL, PORT_PEER);
	if (!self->ice || !self->identity || crypto_random(random, sizeof(random)) != 0) {
		peer_free(self);
		return NULL;
	}
	*self->identity = *config->identity;
	memcpy(&self->random, random, 4);
	memcpy(&self->rtcp_ssrc, random + 4, 4);
	for (size_t i = 0; i < 8; i++) {
		self->rtcp_cname[2 * i] = hex[random[8 + i] >> 4];
		self->rtcp_cname[2 * i + 1] = hex[random[8 + i] & 15];
	}
	return self;
}

static void forget_identity(peer *self)
{
	if (!self->identity)
		return;
	crypto_wipe(self->identity, sizeof(*self->identity));
	port_free(self->identity);
	self->identity = NULL;
}

void peer_free(peer *self)
{
	if (!self)
		return;
	for (size_t i = 0; i < PEER_SENDERS; i++)
		port_free(self->senders[i].history);
	peer_free_srtp(self);
	peer_data_free(self);
	dtls_free(self->dtls);
	ice_agent_free(self->ice);
	forget_identity(self);
	peer_drop_early(self);
	port_free(self);
}

ice_agent *peer_ice(peer *self)
{
	return self->ice;
}

static int set_remote_again(peer *self, const peer_remote *remote)
{
	if (memcmp(self->fingerprint, remote->fingerprint, sizeof(self->fingerprint)) != 0 ||
		!self->restarting ||
		ice_agent_set_remote(self->ice, remote->ufrag, remote->pwd, remote->ice_lite, self->now) !=
			0)
		return -1;
	self->restarting = false;
	peer_progress(self);
	return 0;
}

int peer_set_remote(peer *self, const peer_remote *remote, uint64_t now)
{
	self->now = now;
	if (self->state == PEER_CLOSED)
		return -1;
	if (self->dtls)
		return set_remote_again(self, remote);
	self->dtls = peer_create_dtls(self, remote);
	if (!self->dtls)
		return -1;
	if (ice_agent_set_remote(self->ice, remote->ufrag, remote->pwd, remote->ice_lite, now) != 0) {
		dtls_free(self->dtls);
		self->dtls = NULL;
		return -1;
	}
	memcpy(self->fingerprint, remote->fingerprint, sizeof(self->fingerprint));
	forget_identity(self);
	peer_progress(self);
	return 0;
}

int peer_restart_ice(peer *self, uint64_t now)
{
	int socket;
	net_address to;

	self->now = now;
	if (self->state == PEER_CLOSED || !self->dtls)
		return -1;

	bool known = ice_agent_path(self->ice, &socket, &to);

	if (ice_agent_restart(self->ice) != 0)
		return -1;
	if (known) {
		self->old_path.until = now + PEER_OLD_PATH;
		self->old_path.socket = socket;
		self->old_path.to = to;
	}
	self->restarting = true;
	self->reason[0] = '\0';
	if (self->rtcp_due == PEER_NEVER && self->srtp_out)
		self->rtcp_due = now;
	peer_progress(self);
	return 0;
}

void peer_forget_path(peer *self, int socket)
{
	if (self->old_path.socket == socket)
		self->old_path.until = 0;
}

void peer_remove_local(peer *self, int socket, uint64_t now)
{
	self->now = now;
	peer_forget_path(self, socket);
	ice_agent_remove_local(self->ice, socket, now);
	peer_progress(self);
}

void peer_lost(peer *self, int socket, const net_address *to, uint64_t now)
{
	self->now = now;
	if (self->old_path.socket == socket && net_address_equal(&self->old_path.to, to))
		self->old_path.until = 0;
	ice_agent_lost(self->ice, socket, to, now);
	peer_progress(self);
}

bool peer_path(const peer *self, int *socket, net_address *to)
{
	if (ice_agent_path(self->ice, socket, to))
		return true;
	if (self->old_path.until <= self->now)
		return false;
	*socket = self->old_path.socket;
	*to = self->old_path.to;
	return true;
}

static bool accepts(const peer *self, int socket, const net_address *from)
{
	return ice_agent_accepts(self->ice, socket, from) ||
		   (self->old_path.until > self->now && self->old_path.socket == socket &&
			net_address_equal(&self->old_path.to, from));
}

void peer_close(peer *self, uint64_t now)
{
	self->now = now;
	if (self->state == PEER_CLOSED)
		return;
	for (size_t i = 0; i < PEER_SENDERS; i++)
		if (self->senders[i].used)
			peer_queue_bye(self, &self->senders[i]);
	if (self->dtls && self->dtls_state != DTLS_NEW)
		dtls_close(self->dtls, now);
	peer_free_srtp(self);
	self->state = PEER_CLOSED;
	peer_emit(self, (peer_event){.type = PEER_EVENT_STATE, .state = PEER_CLOSED});
}

/* ---- In ---- */

static void dtls_input_from(peer *self, int socket, const net_address *from, const uint8_t *bytes,
							size_t length)
{
	if (self->dtls && accepts(self, socket, from)) {
		dtls_input(self->dtls, bytes, length, self->now);
		return;
	}
	if (self->dtls_state != DTLS_NEW) {
		self->stats.dropped_path++;
		return;
	}
	if (!self->early.bytes)
		self->early.bytes = port_alloc(NET_DATAGRAM_MAX, PORT_EXTERNAL, PORT_PEER);
	if (!self->early.bytes) {
		self->stats.dropped_path++;
		return;
	}
	memcpy(self->early.bytes, bytes, length);
	self->early.length = length;
	self->early.socket = socket;
	self->early.from = *from;
}

static void media_input_from(peer *self, int socket, const net_address *from, uint8_t *bytes,
							 size_t length)
{
	if (!self->srtp_in)
		self->stats.dropped_before_keys++;
	else if (!accepts(self, socket, from))
		self->stats.dropped_path++;
	else if (length < 8)
		self->stats.dropped_malformed++;
	else if (bytes[1] >= 192 && bytes[1] <= 223) /* RFC 5761 section 4 */
		peer_rtcp_input(self, bytes, length);
	else
		peer_rtp_input(self, bytes, length);
}

uint8_t *peer_room(peer *self)
{
	return self->scratch;
}

void peer_input(peer *self, int socket, const net_address *from, uint8_t *bytes, size_t length,
				uint64_t now)
{
	self->now = now;
	self->stats.datagrams_in++;
	self->stats.bytes_in += length;
	if (self->state == PEER_CLOSED || length == 0 || length > NET_DATAGRAM_MAX) {
		self->stats.dropped_unknown_kind++;
		return;
	}
	/* RFC 7983 */
	uint8_t first = bytes[0];
	if (first <= 3)
		ice_agent_input(self->ice, socket, from, bytes, length, now);
	else if (first >= 20 && first <= 63)
		dtls_input_from(self, socket, from, bytes, length);
	else if (first >= 128 && first <= 191)
		media_input_from(self, socket, from, bytes, length);
	else
		self->stats.dropped_unknown_kind++;
	peer_progress(self);
}

/* ---- Time ---- */

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t peer_timeout(const peer *self)
{
	if (self->state == PEER_CLOSED)
		return PEER_NEVER;
	uint64_t due = sooner(ice_agent_timeout(self->ice), self->rtcp_due);
	due = sooner(due, peer_data_timeout(self));
	return self->dtls ? sooner(due, dtls_timeout(self->dtls)) : due;
}

void peer_handle_timeout(peer *self, uint64_t now)
{
	self->now = now;
	if (self->state == PEER_CLOSED)
		return;
	if (ice_agent_timeout(self->ice) <= now)
		ice_agent_handle_timeout(self->ice, now);
	if (self->dtls && dtls_timeout(self->dtls) <= now)
		dtls_handle_timeout(self->dtls, now);
	if (peer_data_timeout(self) <= now)
		association_handle_timeout(self->association, now);
	if (self->state == PEER_FAILED)
		self->rtcp_due = PEER_NEVER;
	else if (self->rtcp_due <= now)
		peer_rtcp_timeout(self);
	peer_progress(self);
}

/* ---- Out ---- */

void peer_queue(peer *self, const uint8_t *bytes, size_t length)
{
	if (self->outbox_start == self->outbox_end)
		self->outbox_start = self->outbox_end = 0;
	if (length > NET_DATAGRAM_MAX || self->outbox_end + 2 + length > PEER_OUTBOX) {
		self->stats.dropped_outbox_full++;
		return;
	}
	uint8_t *out = self->outbox + self->outbox_end;
	out[0] = (uint8_t)(length >> 8);
	out[1] = (uint8_t)length;
	memcpy(out + 2, bytes, length);
	self->outbox_end += 2 + length;
}

static bool take_queued(peer *self, ice_datagram *out)
{
	if (self->outbox_start == self->outbox_end)
		return false;
	const uint8_t *at = self->outbox + self->outbox_start;
	out->length = (size_t)at[0] << 8 | at[1];
	out->bytes = at + 2;
	self->outbox_start += 2 + out->length;
	return true;
}

static bool next_datagram(peer *self, ice_datagram *out)
{
	if (ice_agent_poll_datagram(self->ice, out))
		return true;
	if (!peer_path(self, &out->socket, &out->to))
		return false;
	if (take_queued(self, out))
		return true;
	if (!self->srtp_out)
		return false;
	out->bytes = self->scratch;
	out->length = peer_next_rtcp(self);
	if (out->length == 0)
		out->length = peer_next_rtp(self);
	/* Data goes when there is no media to go. */
	return out->length > 0 || (peer_next_data(self) && take_queued(self, out));
}

bool peer_poll_datagram(peer *self, ice_datagram *out)
{
	if (!next_datagram(self, out))
		return false;
	self->stats.datagrams_out++;
	self->stats.bytes_out += out->length;
	return true;
}

void peer_pump(peer *self, uint64_t now)
{
	net_address to;
	int socket;

	self->now = now;
	if (!self->srtp_out || !peer_path(self, &socket, &to))
		peer_discard_media(self);
}

bool peer_poll_event(peer *self, peer_event *out)
{
	if (self->event_count == 0)
		peer_data_progress(self); /* there is room again */
	if (self->event_count == 0)
		return false;
	*out = self->events[self->event_first];
	self->event_first = (self->event_first + 1) % PEER_EVENTS;
	self->event_count--;
	return true;
}

void peer_get_stats(const peer *self, peer_stats *out)
{
	*out = self->stats;
	ice_agent_stats(self->ice, &out->ice);
	if (self->dtls)
		dtls_get_stats(self->dtls, &out->dtls);
	if (self->srtp_out)
		srtp_get_stats(self->srtp_out, &out->srtp_out);
	if (self->srtp_in)
		srtp_get_stats(self->srtp_in, &out->srtp_in);
	if (self->channels) {
		association_get_stats(self->association, &out->sctp);
		dcep_get_stats(self->channels, &out->dcep);
	}
	for (size_t i = 0; i < PEER_SENDERS; i++)
		out->remote_lost += self->senders[i].lost;
	for (size_t i = 0; i < PEER_RECEIVERS; i++)
		if (self->receivers[i].used && self->receivers[i].received.started)
			out->lost += rtp_receiver_lost(&self->receivers[i].received);
}
