/* Data channels: SCTP over DTLS, and the one message that waits for its taker. */
#include <string.h>

#include "peer_private.h"

/* Reports of data leave half of the events' places to those of the connection. */
#define DATA_EVENTS (PEER_EVENTS / 2)
#define HUNGER_INTERVAL 100000 /* microseconds */

int peer_open_data(peer *self, const peer_data_config *config, uint64_t now)
{
	sctp_config sctp = {
		.remote_port = config->remote_port,
		.send_buffer = config->send_buffer,
		.receive_buffer = config->receive_buffer,
		.max_message = config->max_message,
	};

	self->now = now;
	if (self->association || self->state == PEER_CLOSED)
		return -1;
	self->association = association_create(&sctp);
	if (self->association)
		self->channels = dcep_create(self->association);
	if (!self->channels) {
		peer_data_free(self);
		return -1;
	}
	peer_data_progress(self);
	return 0;
}

void peer_data_free(peer *self)
{
	if (self->has_message)
		port_free(self->message.bytes);
	self->has_message = false;
	dcep_free(self->channels);
	association_free(self->association);
	self->channels = NULL;
	self->association = NULL;
}

static bool usable(const peer *self)
{
	return self->channels && self->dtls_state == DTLS_CONNECTED && self->state != PEER_FAILED &&
		   self->state != PEER_CLOSED;
}

/* ---- Channels ---- */

int peer_open_channel(peer *self, const dcep_options *options, uint64_t now)
{
	self->now = now;
	if (!self->channels || self->state == PEER_CLOSED)
		return DCEP_NO_CHANNEL;
	return dcep_open(self->channels, options, now);
}

sctp_send_result peer_send_message(peer *self, int channel, const uint8_t *bytes, size_t length,
								   uint64_t now)
{
	self->now = now;
	if (!self->channels || self->state == PEER_CLOSED)
		return SCTP_NOT_OPEN;
	return dcep_send(self->channels, channel, bytes, length, false, now);
}

uint32_t peer_buffered(const peer *self, int channel)
{
	return self->channels ? dcep_buffered(self->channels, channel) : 0;
}

const char *peer_channel_label(const peer *self, int channel)
{
	dcep_options options;

	return self->channels && dcep_get_options(self->channels, channel, &options) ? options.label
																				 : "";
}

uint32_t peer_undelivered(const peer *self, int channel)
{
	return self->channels ? dcep_undelivered(self->channels, channel, self->state != PEER_CONNECTED)
						  : 0;
}

void peer_set_low_water(peer *self, int channel, uint32_t bytes)
{
	if (self->channels)
		dcep_set_low_water(self->channels, channel, bytes);
}

bool peer_take_message(peer *self, peer_message *out, uint64_t now)
{
	self->now = now;
	if (!self->has_message)
		peer_data_progress(self); /* there may be memory now */
	if (!self->has_message)
		return false;
	*out = self->message;
	self->has_message = false;
	peer_data_progress(self);
	return true;
}

/* ---- Packets and time ---- */

void peer_data_input(peer *self, const uint8_t *bytes, size_t length)
{
	if (self->association)
		association_input(self->association, bytes, length, self->now);
	else
		self->stats.dropped_application++;
}

bool peer_next_data(peer *self)
{
	size_t length;

	if (!usable(self))
		return false;
	while ((length = association_poll_datagram(self->association, self->scratch, self->now)) > 0) {
		if (dtls_send(self->dtls, self->scratch, length, self->now) == 0)
			return true;
		self->stats.dropped_unsendable++;
	}
	return false;
}

uint64_t peer_data_timeout(const peer *self)
{
	return usable(self) ? association_timeout(self->association) : PEER_NEVER;
}

static void take_event(peer *self, const dcep_event *event)
{
	peer_event out = {.channel = event->channel};

	switch (event->type) {
	case DCEP_EVENT_CONNECTED:
		return;
	case DCEP_EVENT_BUFFERED_LOW:
		out.type = PEER_EVENT_BUFFERED_LOW;
		break;
	case DCEP_EVENT_OPEN:
		out.type = PEER_EVENT_CHANNEL_OPEN;
		break;
	case DCEP_EVENT_MESSAGE:
		self->message = (peer_message){event->channel, event->bytes, event->length};
		self->has_message = true;
		out.type = PEER_EVENT_READABLE;
		break;
	case DCEP_EVENT_WRITABLE:
		out.type = PEER_EVENT_WRITABLE;
		break;
	case DCEP_EVENT_CLOSED:
		out.type = PEER_EVENT_CHANNEL_CLOSED;
		break;
	case DCEP_EVENT_DISCONNECTED:
		out.type = PEER_EVENT_DATA_ENDED;
		out.reason = event->reason;
		break;
	}
	peer_emit(self, out);
}

void peer_data_progress(peer *self)
{
	dcep_event event;

	if (!usable(self))
		return;
	if (!self->data_started) {
		self->data_started = true;
		dcep_connect(self->channels, !self->dtls_server, self->now);
	}
	/* Behind a message that waits for its taker come no others, but what is ours goes on. */
	while (self->event_count < DATA_EVENTS) {
		association_hold(self->association, self->has_message);
		if (!dcep_poll_event(self->channels, &event, self->now))
			return;
		take_event(self, &event);
	}
}

void peer_data_hunger(peer *self)
{
	if (!usable(self) || self->has_message || self->event_count >= DATA_EVENTS ||
		!association_starves(self->association) || self->now < self->hungry_until)
		return;
	self->hungry_until = self->now + HUNGER_INTERVAL;
	peer_emit(self, (peer_event){.type = PEER_EVENT_READABLE});
}
