#include "peer_private.h"

#include <string.h>

/* ---- State ---- */

/* RTCPeerConnectionState from the states of ICE (rows) and DTLS (NEW to FAILED). */
static const uint8_t states[][DTLS_FAILED + 1] = {
	[ICE_NEW] = {PEER_NEW, PEER_CONNECTING, PEER_CONNECTING, PEER_FAILED, PEER_FAILED},
	[ICE_CHECKING] = {PEER_CONNECTING, PEER_CONNECTING, PEER_CONNECTING, PEER_FAILED, PEER_FAILED},
	[ICE_CONNECTED] = {PEER_CONNECTING, PEER_CONNECTING, PEER_CONNECTED, PEER_FAILED, PEER_FAILED},
	[ICE_DISCONNECTED] = {PEER_DISCONNECTED, PEER_DISCONNECTED, PEER_DISCONNECTED, PEER_FAILED,
						  PEER_FAILED},
	[ICE_FAILED] = {PEER_FAILED, PEER_FAILED, PEER_FAILED, PEER_FAILED, PEER_FAILED},
	[ICE_CLOSED] = {PEER_CLOSED, PEER_CLOSED, PEER_CLOSED, PEER_CLOSED, PEER_CLOSED},
};

void peer_emit(peer *self, peer_event event)
{
	if (self->event_count == PEER_EVENTS) {
		self->stats.dropped_events++;
		return;
	}
	event.at = self->now;
	self->events[(self->event_first + self->event_count++) % PEER_EVENTS] = event;
}

static void give_reason(peer *self, const char *who, const char *why)
{
	size_t length = strlen(who);

	memcpy(self->reason, who, length);
	strncpy(self->reason + length, why, sizeof(self->reason) - length - 1);
}

static void explain_failure(peer *self, ice_state ice)
{
	if (self->reason[0])
		return;
	if (ice == ICE_FAILED)
		give_reason(self, "ICE: ",
					self->was_connected ? "the path to the peer is lost" : "no path to the peer");
	else if (self->dtls_state == DTLS_CLOSED)
		give_reason(self, "DTLS: ", "the peer closed the connection");
	else
		give_reason(self, "DTLS: ", dtls_error(self->dtls));
}

static void update_state(peer *self)
{
	ice_state ice = ice_agent_state(self->ice);
	peer_state state = states[ice][self->dtls_state];

	/* Failed and closed are for good. */
	if (state == self->state || self->state == PEER_FAILED || self->state == PEER_CLOSED)
		return;
	self->state = state;
	peer_event event = {.type = PEER_EVENT_STATE, .state = state};
	if (state == PEER_CONNECTED)
		self->was_connected = true;
	if (state == PEER_FAILED) {
		explain_failure(self, ice);
		event.reason = self->reason;
	}
	peer_emit(self, event);
}

/* ---- DTLS ---- */

static void dtls_out(void *context, const uint8_t *datagram, size_t length)
{
	peer_queue(context, datagram, length);
}

/* The place where SCTP will take its packets from. */
static void dtls_application_data(void *context, const uint8_t *bytes, size_t length)
{
	peer *self = context;

	(void)bytes, (void)length;
	self->stats.application_in++;
}

static void free_srtp(peer *self)
{
	srtp_context_free(self->srtp_out);
	srtp_context_free(self->srtp_in);
	self->srtp_out = self->srtp_in = NULL;
}

static int make_srtp(peer *self)
{
	dtls_srtp_keys keys;

	if (dtls_get_srtp_keys(self->dtls, &keys) != 0)
		return -1;
	self->srtp_out = srtp_context_create(keys.local_key, keys.local_salt);
	self->srtp_in = srtp_context_create(keys.remote_key, keys.remote_salt);
	crypto_wipe(&keys, sizeof(keys));
	if (self->srtp_out && self->srtp_in)
		return 0;
	free_srtp(self);
	return -1;
}

static void update_dtls(peer *self)
{
	dtls_state state = self->dtls ? dtls_get_state(self->dtls) : DTLS_NEW;

	if (state == self->dtls_state || self->dtls_state == DTLS_FAILED)
		return;
	if (state == DTLS_CONNECTED && make_srtp(self) != 0) {
		give_reason(self, "DTLS: ", "no memory for the media keys");
		state = DTLS_FAILED;
	}
	if (state != DTLS_CONNECTED)
		free_srtp(self);
	self->dtls_state = state;
	peer_emit(self, (peer_event){.type = PEER_EVENT_DTLS_STATE, .dtls = state});
}

static void drop_early(peer *self)
{
	port_free(self->early.bytes);
	self->early.bytes = NULL;
}

/* Starts DTLS when ICE has a path, and brings everyone up to date. After every input and timeout.
 */
static void progress(peer *self)
{
	ice_event event;
	net_address to;
	int socket;

	while (ice_agent_poll_event(self->ice, &event))
		if (event.type == ICE_EVENT_STATE)
			peer_emit(self, (peer_event){.type = PEER_EVENT_ICE_STATE, .ice = event.state});
	if (self->dtls && self->dtls_state == DTLS_NEW && ice_agent_path(self->ice, &socket, &to))
		dtls_start(self->dtls, self->now);
	if (self->dtls && self->early.bytes &&
		ice_agent_accepts(self->ice, self->early.socket, &self->early.from)) {
		dtls_input(self->dtls, self->early.bytes, self->early.length, self->now);
		drop_early(self);
	}
	update_dtls(self);
	update_state(self);
}

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
	self->ice = ice_agent_create(&config->ice);
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
	free_srtp(self);
	dtls_free(self->dtls);
	ice_agent_free(self->ice);
	forget_identity(self);
	drop_early(self);
	port_free(self);
}

ice_agent *peer_ice(peer *self)
{
	return self->ice;
}

int peer_set_remote(peer *self, const peer_remote *remote, uint64_t now)
{
	self->now = now;
	if (self->dtls || self->state == PEER_CLOSED)
		return -1;
	dtls_config config = {
		/* RFC 5763: an offerer of actpass that is answered "active" is the server. */
		.server = remote->setup == PEER_SETUP_ACTIVE,
		.identity = self->identity,
		.send = dtls_out,
		.receive = dtls_application_data,
		.context = self,
	};
	memcpy(config.peer_fingerprint, remote->fingerprint, sizeof(config.peer_fingerprint));
	self->dtls = dtls_create(&config, now);
	if (!self->dtls)
		return -1;
	if (ice_agent_set_remote(self->ice, remote->ufrag, remote->pwd, remote->ice_lite, now) != 0) {
		dtls_free(self->dtls);
		self->dtls = NULL;
		return -1;
	}
	forget_identity(self);
	progress(self);
	return 0;
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
	free_srtp(self);
	self->state = PEER_CLOSED;
	peer_emit(self, (peer_event){.type = PEER_EVENT_STATE, .state = PEER_CLOSED});
}

/* ---- In ---- */

static void dtls_input_from(peer *self, int socket, const net_address *from, const uint8_t *bytes,
							size_t length)
{
	if (self->dtls && ice_agent_accepts(self->ice, socket, from)) {
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
	else if (!ice_agent_accepts(self->ice, socket, from))
		self->stats.dropped_path++;
	else if (length < 8)
		self->stats.dropped_malformed++;
	else if (bytes[1] >= 192 && bytes[1] <= 223) /* RFC 5761 section 4 */
		peer_rtcp_input(self, bytes, length);
	else
		peer_rtp_input(self, bytes, length);
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
	progress(self);
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
	if (self->state == PEER_FAILED)
		self->rtcp_due = PEER_NEVER;
	else if (self->rtcp_due <= now)
		peer_rtcp_timeout(self);
	progress(self);
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
	if (!ice_agent_path(self->ice, &out->socket, &out->to))
		return false;
	if (take_queued(self, out))
		return true;
	if (!self->srtp_out)
		return false;
	out->bytes = self->scratch;
	out->length = peer_next_rtcp(self);
	if (out->length == 0)
		out->length = peer_next_rtp(self);
	return out->length > 0;
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
	if (!self->srtp_out || !ice_agent_path(self->ice, &socket, &to))
		peer_discard_media(self);
}

bool peer_poll_event(peer *self, peer_event *out)
{
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
	for (size_t i = 0; i < PEER_SENDERS; i++)
		out->remote_lost += self->senders[i].lost;
	for (size_t i = 0; i < PEER_RECEIVERS; i++)
		if (self->receivers[i].used && self->receivers[i].received.started)
			out->lost += rtp_receiver_lost(&self->receivers[i].received);
}
