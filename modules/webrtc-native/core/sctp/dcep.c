#include "dcep.h"

#include <string.h>

#include "../bytes.h"
#include "../port.h"

#define NO_STREAM UINT16_MAX
#define OPEN_HEADER 12

/* RFC 8831 section 8. */
enum { PPID_DCEP = 50, PPID_TEXT = 51, PPID_BINARY = 53, PPID_NO_TEXT = 56, PPID_NO_BINARY = 57 };
/* RFC 8832 section 8.2.1. */
enum { MESSAGE_ACK = 2, MESSAGE_OPEN = 3 };
/* Section 5.1: the reliability in the low bits. */
#define TYPE_UNORDERED 0x80

typedef enum {
	CHANNEL_FREE,
	CHANNEL_OPENING, /* our OPEN is to be sent or to be acknowledged */
	CHANNEL_OPEN,
	CHANNEL_CLOSING
} channel_state;

typedef struct {
	channel_state state;
	uint16_t stream;
	bool owes; /* an OPEN in OPENING, an ACK in OPEN: it found no room yet */
	bool tell_open;
	bool ours_closed, theirs_closed; /* the directions that are reset */
	uint32_t low_water;
	dcep_options options;
	char label[DCEP_LABEL_MAX + 1];
} data_channel;

struct dcep {
	sctp_association *association;
	bool connected;
	bool waits; /* what is owed goes with the handshake's second packet, which takes the buffers */
	uint16_t parity; /* of our streams */
	dcep_stats stats;
	data_channel list[DCEP_CHANNELS];
};

dcep *dcep_create(sctp_association *association)
{
	dcep *self = port_alloc(sizeof *self, PORT_EXTERNAL, PORT_SCTP);

	if (self != NULL)
		self->association = association;
	return self;
}

void dcep_free(dcep *self)
{
	port_free(self);
}

static data_channel *find(dcep *self, uint16_t stream)
{
	for (int i = 0; i < DCEP_CHANNELS; i++)
		if (self->list[i].state != CHANNEL_FREE && self->list[i].stream == stream)
			return &self->list[i];
	return NULL;
}

static data_channel *find_free(dcep *self)
{
	for (int i = 0; i < DCEP_CHANNELS; i++)
		if (self->list[i].state == CHANNEL_FREE)
			return &self->list[i];
	return NULL;
}

static data_channel *channel_at(const dcep *self, int channel)
{
	if (channel < 0 || channel >= DCEP_CHANNELS || self->list[channel].state == CHANNEL_FREE)
		return NULL;
	return (data_channel *)&self->list[channel];
}

static bool send_dcep(dcep *self, const data_channel *channel, const uint8_t *bytes, size_t length,
					  uint64_t now)
{
	const sctp_message message = {
		.stream = channel->stream, .ppid = PPID_DCEP, .bytes = bytes, .length = length};

	return association_send(self->association, &message, now) == SCTP_SENT;
}

static bool send_open(dcep *self, const data_channel *channel, uint64_t now)
{
	uint8_t bytes[OPEN_HEADER + DCEP_LABEL_MAX] = {MESSAGE_OPEN};
	size_t length = strlen(channel->label);

	bytes[1] =
		(uint8_t)(channel->options.reliability | (channel->options.unordered ? TYPE_UNORDERED : 0));
	bytes_write16(bytes + 2, 256); /* priority normal, RFC 8831 section 6.4 */
	bytes_write32(bytes + 4, channel->options.limit);
	bytes_write16(bytes + 8, (uint32_t)length);
	memcpy(bytes + OPEN_HEADER, channel->label, length);
	return send_dcep(self, channel, bytes, OPEN_HEADER + length, now);
}

/* Says what is owed, and gives streams to channels that wait for one. */
static void say_owed(dcep *self, uint64_t now)
{
	static const uint8_t ack = MESSAGE_ACK;

	for (int i = 0; i < DCEP_CHANNELS; i++) {
		data_channel *channel = &self->list[i];

		if (!channel->owes)
			continue;
		for (uint16_t stream = self->parity; channel->stream == NO_STREAM && stream < SCTP_STREAMS;
			 stream += 2)
			if (find(self, stream) == NULL)
				channel->stream = stream;
		association_set_low_water(self->association, channel->stream, channel->low_water);
		channel->owes = channel->state == CHANNEL_OPENING ? !send_open(self, channel, now)
														  : !send_dcep(self, channel, &ack, 1, now);
	}
}

static void progress(dcep *self, uint64_t now)
{
	self->waits = association_state(self->association) == SCTP_COOKIE_WAIT;
	if (self->connected && !self->waits)
		say_owed(self, now);
}

void dcep_connect(dcep *self, bool dtls_client, uint64_t now)
{
	self->parity = dtls_client ? 0 : 1;
	self->connected = true;
	association_connect(self->association, now);
	progress(self, now);
}

int dcep_open(dcep *self, const dcep_options *options, uint64_t now)
{
	data_channel *channel = find_free(self);
	size_t length = strlen(options->label);

	if (channel == NULL || length > DCEP_LABEL_MAX)
		return DCEP_NO_CHANNEL;
	*channel = (data_channel){
		.state = CHANNEL_OPENING, .stream = NO_STREAM, .owes = true, .options = *options};
	memcpy(channel->label, options->label, length);
	channel->options.label = channel->label;
	progress(self, now);
	return (int)(channel - self->list);
}

sctp_send_result dcep_send(dcep *self, int number, const uint8_t *bytes, size_t length, bool text,
						   uint64_t now)
{
	static const uint8_t nothing = 0;
	const data_channel *channel = channel_at(self, number);

	if (channel != NULL && channel->owes && self->waits) /* a message has the buffers taken now */
		say_owed(self, now);
	if (channel == NULL || channel->state == CHANNEL_CLOSING || channel->stream == NO_STREAM)
		return SCTP_NOT_OPEN;
	if (channel->owes) /* the OPEN goes first */
		return SCTP_FULL;
	const sctp_message message = {
		.stream = channel->stream,
		.ppid =
			length > 0 ? (text ? PPID_TEXT : PPID_BINARY) : (text ? PPID_NO_TEXT : PPID_NO_BINARY),
		.bytes = length > 0 ? bytes : &nothing,
		.length = length > 0 ? length : 1,
		/* RFC 8832 section 6: nothing may overtake the OPEN. */
		.unordered = channel->options.unordered && channel->state == CHANNEL_OPEN,
		.reliability = channel->options.reliability,
		.limit = channel->options.limit,
	};

	return association_send(self->association, &message, now);
}

void dcep_close(dcep *self, int number, uint64_t now)
{
	data_channel *channel = channel_at(self, number);

	if (channel == NULL || channel->state == CHANNEL_CLOSING)
		return;
	channel->state = CHANNEL_CLOSING;
	channel->owes = channel->tell_open = false;
	if (channel->stream != NO_STREAM)
		association_reset_stream(self->association, channel->stream, now);
	else
		channel->ours_closed = channel->theirs_closed = true; /* nobody heard of it */
}

/* True when the peer's OPEN is one we can have. */
static bool accept_channel(dcep *self, uint16_t stream, const uint8_t *bytes, size_t length,
						   uint64_t now)
{
	data_channel *channel = find_free(self);
	size_t label = bytes_read16(bytes + 8), protocol = bytes_read16(bytes + 10);
	uint8_t reliability = bytes[1] & ~TYPE_UNORDERED;

	if (label + protocol > length - OPEN_HEADER || reliability > SCTP_LIFETIME) {
		self->stats.dropped_malformed++;
		return false;
	}
	if (channel == NULL || label > DCEP_LABEL_MAX || stream % 2 == self->parity ||
		find(self, stream) != NULL) {
		self->stats.refused_channels++;
		return false;
	}
	*channel = (data_channel){.state = CHANNEL_OPEN,
							  .stream = stream,
							  .owes = true,
							  .tell_open = true,
							  .options = {.unordered = bytes[1] & TYPE_UNORDERED,
										  .reliability = (sctp_reliability)reliability,
										  .limit = bytes_read32(bytes + 4)}};
	memcpy(channel->label, bytes + OPEN_HEADER, label);
	channel->options.label = channel->label;
	progress(self, now);
	return true;
}

static void on_dcep(dcep *self, const sctp_event *event, uint64_t now)
{
	data_channel *channel = find(self, event->stream);

	if (event->bytes[0] == MESSAGE_OPEN && event->length >= OPEN_HEADER) {
		/* RFC 8832 section 6: what cannot be had is closed. One in use stays as it is. */
		if (!accept_channel(self, event->stream, event->bytes, event->length, now) &&
			channel == NULL)
			association_reset_stream(self->association, event->stream, now);
	} else if (event->bytes[0] == MESSAGE_ACK && channel != NULL) {
		if (channel->state == CHANNEL_OPENING) {
			channel->state = CHANNEL_OPEN;
			channel->tell_open = true;
		}
	} else {
		self->stats.dropped_malformed++;
	}
}

/* True when the event is for the owner; else its bytes are freed. */
static bool on_message(dcep *self, sctp_event *event, dcep_event *out, uint64_t now)
{
	const data_channel *channel = find(self, event->stream);
	bool empty = event->ppid == PPID_NO_TEXT || event->ppid == PPID_NO_BINARY;
	bool text = event->ppid == PPID_TEXT || event->ppid == PPID_NO_TEXT;
	bool known = empty || text || event->ppid == PPID_BINARY;

	if (event->ppid == PPID_DCEP)
		on_dcep(self, event, now);
	else if (!known)
		self->stats.dropped_ppid++;
	else if (channel == NULL)
		self->stats.dropped_no_channel++;
	if (!known || channel == NULL || empty)
		port_free(event->bytes);
	if (!known || channel == NULL)
		return false;
	*out = (dcep_event){.type = DCEP_EVENT_MESSAGE,
						.channel = (int)(channel - self->list),
						.text = text,
						.bytes = empty ? NULL : event->bytes,
						.length = empty ? 0 : event->length};
	return true;
}

/* Each side resets its own direction; the channel is over when both have (RFC 8831 section 6.7). */
static void on_reset(dcep *self, const sctp_event *event, uint64_t now)
{
	data_channel *channel = find(self, event->stream);

	if (channel == NULL)
		return;
	if (event->type == SCTP_EVENT_STREAM_RESET) {
		channel->ours_closed = true;
		return;
	}
	channel->theirs_closed = true;
	dcep_close(self, (int)(channel - self->list), now);
}

static bool on_event(dcep *self, sctp_event *event, dcep_event *out, uint64_t now)
{
	const data_channel *channel = find(self, event->stream);

	switch (event->type) {
	case SCTP_EVENT_ESTABLISHED:
		*out = (dcep_event){.type = DCEP_EVENT_CONNECTED};
		return true;
	case SCTP_EVENT_MESSAGE:
		return on_message(self, event, out, now);
	case SCTP_EVENT_STREAM_CLOSED:
	case SCTP_EVENT_STREAM_RESET:
		on_reset(self, event, now);
		return false;
	case SCTP_EVENT_BUFFERED_LOW:
		if (channel == NULL)
			return false;
		*out =
			(dcep_event){.type = DCEP_EVENT_BUFFERED_LOW, .channel = (int)(channel - self->list)};
		return true;
	case SCTP_EVENT_WRITABLE:
		progress(self, now);
		*out = (dcep_event){.type = DCEP_EVENT_WRITABLE};
		return true;
	case SCTP_EVENT_CLOSED:
		memset(self->list, 0, sizeof self->list);
		*out = (dcep_event){.type = DCEP_EVENT_DISCONNECTED, .reason = event->reason};
		return true;
	}
	return false;
}

static bool take_channel_event(dcep *self, dcep_event *out)
{
	for (int i = 0; i < DCEP_CHANNELS; i++) {
		data_channel *channel = &self->list[i];

		if (channel->tell_open) {
			channel->tell_open = false;
			*out = (dcep_event){.type = DCEP_EVENT_OPEN, .channel = i};
			return true;
		}
		if (channel->state == CHANNEL_CLOSING && channel->ours_closed && channel->theirs_closed) {
			*channel = (data_channel){.state = CHANNEL_FREE};
			*out = (dcep_event){.type = DCEP_EVENT_CLOSED, .channel = i};
			return true;
		}
	}
	return false;
}

bool dcep_poll_event(dcep *self, dcep_event *out, uint64_t now)
{
	sctp_event event;

	if (self->waits)
		progress(self, now);
	while (!take_channel_event(self, out)) {
		if (!association_poll_event(self->association, &event))
			return false;
		if (on_event(self, &event, out, now))
			return true;
	}
	return true;
}

uint32_t dcep_buffered(const dcep *self, int number)
{
	const data_channel *channel = channel_at(self, number);

	return channel != NULL ? association_buffered(self->association, channel->stream) : 0;
}

uint32_t dcep_undelivered(const dcep *self, int number, bool lost)
{
	const data_channel *channel = channel_at(self, number);

	return channel != NULL ? association_undelivered(self->association, channel->stream, lost) : 0;
}

void dcep_set_low_water(dcep *self, int number, uint32_t bytes)
{
	data_channel *channel = channel_at(self, number);

	if (channel == NULL)
		return;
	channel->low_water = bytes;
	association_set_low_water(self->association, channel->stream, bytes);
}

bool dcep_get_options(const dcep *self, int number, dcep_options *out)
{
	const data_channel *channel = channel_at(self, number);

	if (channel == NULL)
		return false;
	*out = channel->options;
	return true;
}

void dcep_get_stats(const dcep *self, dcep_stats *out)
{
	*out = self->stats;
}
