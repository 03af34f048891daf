/* Where a peer stands: ICE, then DTLS over its path, then SRTP with the keys of that. */
#include "peer_private.h"

#include <string.h>

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

	/* Closed is for good, and so is a DTLS that failed: then `state` says so. */
	if (state == self->state || self->state == PEER_CLOSED)
		return;
	self->state = state;
	peer_event event = {.type = PEER_EVENT_STATE, .state = state};
	if (state == PEER_CONNECTED) {
		self->was_connected = true;
		if (self->association) /* it may have waited out an outage */
			association_path_back(self->association, self->now);
	}
	if (state == PEER_FAILED) {
		explain_failure(self, ice);
		event.reason = self->reason;
	}
	peer_emit(self, event);
}

static void dtls_out(void *context, const uint8_t *datagram, size_t length)
{
	peer_queue(context, datagram, length);
}

static void dtls_application_data(void *context, const uint8_t *bytes, size_t length)
{
	peer *self = context;

	ice_agent_alive(self->ice, self->now);
	peer_data_input(context, bytes, length);
}

dtls_transport *peer_create_dtls(peer *self, const peer_remote *remote)
{
	/* RFC 5763: an offerer of actpass that is answered "active" is the server. */
	self->dtls_server = remote->setup == PEER_SETUP_ACTIVE;
	dtls_config config = {
		.server = self->dtls_server,
		.identity = self->identity,
		.send = dtls_out,
		.room = self->scratch,
		.receive = dtls_application_data,
		.context = self,
	};

	memcpy(config.peer_fingerprint, remote->fingerprint, sizeof(config.peer_fingerprint));
	return dtls_create(&config, self->now);
}

void peer_free_srtp(peer *self)
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
	peer_free_srtp(self);
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
		peer_free_srtp(self);
	self->dtls_state = state;
	peer_emit(self, (peer_event){.type = PEER_EVENT_DTLS_STATE, .dtls = state});
}

void peer_drop_early(peer *self)
{
	port_free(self->early.bytes);
	self->early.bytes = NULL;
}

void peer_progress(peer *self)
{
	ice_event event;
	net_address to;
	int socket;

	if (self->old_path.until != 0 && ice_agent_path(self->ice, &socket, &to))
		self->old_path.until = 0;
	while (ice_agent_poll_event(self->ice, &event))
		if (event.type == ICE_EVENT_STATE)
			peer_emit(self, (peer_event){.type = PEER_EVENT_ICE_STATE, .ice = event.state});
	if (self->dtls && self->dtls_state == DTLS_NEW && ice_agent_path(self->ice, &socket, &to))
		dtls_start(self->dtls, self->now);
	if (self->dtls && self->early.bytes &&
		ice_agent_accepts(self->ice, self->early.socket, &self->early.from)) {
		dtls_input(self->dtls, self->early.bytes, self->early.length, self->now);
		peer_drop_early(self);
	}
	update_dtls(self);
	update_state(self);
	peer_data_progress(self);
	peer_data_hunger(self);
}
