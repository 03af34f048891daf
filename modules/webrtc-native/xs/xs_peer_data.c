/* Data channels of Peer. */
#include <string.h>

#include "xs_peer.h"

#include "../core/port.h"

#define MAX_MESSAGE (1 << 24)

/* ---- Opening ---- */

typedef struct {
	peer_data_config config;
	int result;
} open_data_call;

static void open_data(peer *core, void *context, uint64_t now)
{
	open_data_call *args = context;

	args->result = peer_open_data(core, &args->config, now);
}

static uint32_t size_option(xsMachine *the, const char *name, int64_t min, int64_t max)
{
	xsSlot value;

	if (!xs_option(the, &value, &xsArg(0), name))
		xsTypeError("no %s", name);
	return (uint32_t)xs_integer_option(the, &xsArg(0), name, 0, min, max);
}

void xs_peer_openData(xsMachine *the)
{
	peer_object *object = open_peer(the);
	open_data_call args = {0};

	args.config.max_message = size_option(the, "maxMessageBytes", 0, MAX_MESSAGE);
	args.config.send_buffer = size_option(the, "sendBuffer", 0, SCTP_BUFFER_MAX);
	args.config.receive_buffer = size_option(the, "receiveBuffer", 0, SCTP_BUFFER_MAX);
	args.config.remote_port =
		(uint16_t)xs_integer_option(the, &xsArg(0), "remotePort", 0, 1, UINT16_MAX);
	port_peer_with(object->port, open_data, &args);
	if (args.result != 0)
		xs_throw(the, "data channels are open already, or there is no memory for them");
	object->max_message = args.config.max_message;
	object->receive_buffer = args.config.receive_buffer;
}

typedef struct {
	dcep_options options;
	uint32_t low_water;
	int channel;
} open_channel_call;

static void open_channel(peer *core, void *context, uint64_t now)
{
	open_channel_call *args = context;

	args->channel = peer_open_channel(core, &args->options, now);
	if (args->channel != DCEP_NO_CHANNEL)
		peer_set_low_water(core, args->channel, args->low_water);
}

void xs_peer_openChannel(xsMachine *the)
{
	peer_object *object = open_peer(the);
	char label[DCEP_LABEL_MAX + 1];
	open_channel_call args = {.options.label = label};

	xs_text_option(the, &xsArg(0), "label", label, sizeof(label));
	args.options.unordered = !xs_boolean_option(the, &xsArg(0), "ordered", true);
	int64_t limit = xs_integer_option(the, &xsArg(0), "maxRetransmits", -1, 0, UINT16_MAX);
	if (limit >= 0) {
		args.options.reliability = SCTP_MAX_RETRANSMITS;
		args.options.limit = (uint32_t)limit;
	}
	args.low_water = (uint32_t)xs_integer_option(the, &xsArg(0), "lowWater", 0, 0, SCTP_BUFFER_MAX);
	port_peer_with(object->port, open_channel, &args);
	if (args.channel == DCEP_NO_CHANNEL)
		xs_throw(the, "too many data channels, or openData() was not called");
	xsmcSetInteger(xsResult, args.channel);
}

typedef struct {
	int channel;
	char label[DCEP_LABEL_MAX + 1];
} label_call;

static void get_label(peer *core, void *context, uint64_t now)
{
	label_call *args = context;

	(void)now;
	strncpy(args->label, peer_channel_label(core, args->channel), DCEP_LABEL_MAX);
	/* The other side's bytes need not be UTF-8, and the engine trusts that they are. */
	for (size_t i = 0; args->label[i]; i++)
		if (args->label[i] < ' ' || args->label[i] > '~')
			args->label[0] = 0;
}

void deliver_channel_open(xsMachine *the, peer_object *object, const peer_event *event)
{
	label_call args = {.channel = event->channel};
	xsIdentifier id = xsID("onChannelOpen");

	if (!xsmcHas(object->link.options, id))
		return;
	port_peer_with(object->port, get_label, &args);
	xsmcSetInteger(xsVar(0), event->channel);
	xsmcSetNumber(xsVar(1), (double)event->at / 1000);
	xsmcSetString(xsVar(2), args.label);
	xsmcCall_noResult(object->link.options, id, &xsVar(0), &xsVar(1), &xsVar(2), NULL);
}

/* ---- Sending ---- */

typedef struct {
	int channel;
	const uint8_t *bytes;
	size_t length;
	sctp_send_result result;
} send_call;

static void send_message(peer *core, void *context, uint64_t now)
{
	send_call *args = context;

	args->result = peer_send_message(core, args->channel, args->bytes, args->length, now);
}

void xs_peer_sendMessage(xsMachine *the)
{
	peer_object *object = open_peer(the);
	send_call args = {.channel = xsmcToInteger(xsArg(0))};
	void *bytes;
	xsUnsignedValue length;

	xsmcGetBufferReadable(xsArg(1), &bytes, &length);
	args.bytes = bytes;
	args.length = length;
	port_peer_with(object->port, send_message, &args);
	switch (args.result) {
	case SCTP_SENT:
		xsmcSetTrue(xsResult);
		break;
	case SCTP_FULL:
		xsmcSetFalse(xsResult);
		break;
	case SCTP_TOO_LARGE:
		xsRangeError("the message is larger than sendBuffer, or than 65535 bytes");
	case SCTP_NOT_OPEN:
		xs_throw(the, "the data channel is closed");
	}
}

static void get_buffered(peer *core, void *context, uint64_t now)
{
	send_call *args = context;

	(void)now;
	args->length = peer_buffered(core, args->channel);
}

static void get_undelivered(peer *core, void *context, uint64_t now)
{
	send_call *args = context;

	(void)now;
	args->length = peer_undelivered(core, args->channel);
}

/* A number of the channel's, from `get`. */
static void ask_channel(xsMachine *the, void (*get)(peer *, void *, uint64_t))
{
	peer_object *object = open_peer(the);
	send_call args = {.channel = xsmcToInteger(xsArg(0))};

	port_peer_with(object->port, get, &args);
	xsmcSetNumber(xsResult, (double)args.length);
}

void xs_peer_bufferedAmount(xsMachine *the)
{
	ask_channel(the, get_buffered);
}

void xs_peer_undelivered(xsMachine *the)
{
	ask_channel(the, get_undelivered);
}

/* ---- Receiving ---- */

typedef struct {
	peer_message message;
	bool taken;
} take_call;

static void take_message(peer *core, void *context, uint64_t now)
{
	take_call *args = context;

	args->taken = peer_take_message(core, &args->message, now);
}

static void free_message(void *data)
{
	port_free(data);
}

/* The callback's second argument: a native buffer, freed with the garbage; or an empty one. */
static void set_message(xsMachine *the, xsSlot *slot, const peer_message *message)
{
	if (!message->bytes) {
		xsmcSetArrayBuffer(*slot, NULL, 0);
		return;
	}
	*slot = xsNewHostObject(free_message);
	xsmcSetHostBuffer(*slot, message->bytes, (xsIntegerValue)message->length);
	xs_set_number(the, slot, "byteLength", (double)message->length); /* has no prototype for it */
}

static void deliver_message(xsMachine *the, peer_object *object)
{
	take_call args = {0};

	/* The messages of two full windows, beside what all associations hold now. */
	if (object->message_memory == 0)
		object->message_memory =
			port_memory_of(PORT_SCTP).current + 2 * (size_t)object->receive_buffer;
	xs_make_room(the, PORT_SCTP, object->message_memory, object->max_message);
	port_peer_with(object->port, take_message, &args);
	if (!args.taken)
		return;
	set_message(the, &xsVar(1), &args.message);
	xsIdentifier id = xsID("onMessage");
	if (!xsmcHas(object->link.options, id))
		return;
	xsmcSetInteger(xsVar(0), args.message.channel);
	xsmcCall_noResult(object->link.options, id, &xsVar(0), &xsVar(1), NULL);
}

void xs_peer_holdMessages(xsMachine *the)
{
	peer_object *object = open_peer(the);

	object->holds_messages = xsmcTest(xsArg(0));
	if (!object->holds_messages && atomic_load(&object->data_events))
		xs_link_post(&object->link);
}

/* One callback a turn: other objects have theirs in between, and one that throws harms no other. */
void deliver_data(xsMachine *the, peer_object *object)
{
	unsigned events = atomic_load(&object->data_events);
	unsigned readable = 1u << PEER_EVENT_READABLE, writable = 1u << PEER_EVENT_WRITABLE;

	if (object->holds_messages)
		events &= ~readable;
	if (!events)
		return;
	unsigned one = events & readable ? readable : writable;
	atomic_fetch_and(&object->data_events, ~one);
	if (events != one)
		xs_link_post(&object->link);
	if (one == readable)
		deliver_message(the, object);
	else if (xsmcHas(object->link.options, xsID("onWritable")))
		xsmcCall_noResult(object->link.options, xsID("onWritable"), NULL);
}
