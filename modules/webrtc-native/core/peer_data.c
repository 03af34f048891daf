/* Data channels: SCTP in DTLS's application data (RFC 8261), and DCEP above it. */
#include "peer_private.h"

#include <string.h>

int peer_create_data(peer *self, const sctp_config *config)
{
	if (config->send_buffer == 0)
		return 0;
	self->association = association_create(config);
	self->channels = self->association ? dcep_create(self->association) : NULL;
	return self->channels ? 0 : -1;
}

void peer_free_data(peer *self)
{
	dcep_free(self->channels);
	association_free(self->association);
}

void peer_connect_data(peer *self)
{
	if (self->channels)
		dcep_connect(self->channels, self->dtls_client, self->now);
}

void peer_data_input(peer *self, const uint8_t *bytes, size_t length)
{
	self->stats.application_in++;
	if (self->association)
		association_input(self->association, bytes, length, self->now);
	else
		self->stats.dropped_application++;
}

bool peer_queue_data(peer *self)
{
	uint8_t packet[SCTP_PACKET_MAX];
	size_t length;

	if (!self->association || self->dtls_state != DTLS_CONNECTED)
		return false;
	length = association_poll_datagram(self->association, packet, self->now);
	return length > 0 && dtls_send(self->dtls, packet, length, self->now) == 0;
}

void peer_close_data(peer *self)
{
	if (!self->association)
		return;
	association_abort(self->association, self->now);
	peer_queue_data(self);
}

bool peer_next_data_event(peer *self, peer_event *out)
{
	dcep_event data;

	if (!self->channels || !dcep_poll_event(self->channels, &data, self->now))
		return false;
	*out = (peer_event){.type = PEER_EVENT_DATA, .at = self->now, .data = data};
	return true;
}

int peer_open_channel(peer *self, const dcep_options *options, uint64_t now)
{
	self->now = now;
	return self->channels ? dcep_open(self->channels, options, now) : DCEP_NO_CHANNEL;
}

sctp_send_result peer_send(peer *self, int channel, const uint8_t *bytes, size_t length, bool text,
						   uint64_t now)
{
	self->now = now;
	return self->channels ? dcep_send(self->channels, channel, bytes, length, text, now)
						  : SCTP_NOT_OPEN;
}

void peer_close_channel(peer *self, int channel, uint64_t now)
{
	self->now = now;
	if (self->channels)
		dcep_close(self->channels, channel, now);
}

dcep *peer_channels(peer *self)
{
	return self->channels;
}
