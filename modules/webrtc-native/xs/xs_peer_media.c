/* Senders and receivers of Peer: an encoder at the microphone, a decoder at the speaker. */
#include <string.h>

#include "xs_peer.h"

#define BITRATE 24000
#define FEC_LOSS 10 /* percent of expected loss from which the encoder spends bits on FEC */

/* What SenderOptions and ReceiverOptions have in common. */
typedef struct {
	char mid[RTP_MID_MAX + 1];
	uint32_t ssrc;
	uint8_t payload_type;
	rtp_extensions extensions;
} stream_options;

static void parse_stream(xsMachine *the, stream_options *out)
{
	xsmcVars(1);
	xs_text_option(the, &xsArg(0), "mid", out->mid, sizeof(out->mid));
	out->ssrc = (uint32_t)xs_integer_option(the, &xsArg(0), "ssrc", 0, 0, UINT32_MAX);
	out->payload_type = (uint8_t)xs_integer_option(the, &xsArg(0), "payloadType", 0, 0, 127);
	if (!xs_option(the, &xsVar(0), &xsArg(0), "extensions"))
		return;
	out->extensions.audio_level =
		(uint8_t)xs_integer_option(the, &xsVar(0), "audioLevel", 0, 0, 14);
	out->extensions.mid = (uint8_t)xs_integer_option(the, &xsVar(0), "mid", 0, 0, 14);
}

/* One call on the core, with its result. */
typedef struct {
	const void *config;
	int index;
} core_call;

static void add_sender(peer *core, void *context, uint64_t now)
{
	core_call *args = context;

	(void)now;
	args->index = peer_add_sender(core, args->config);
}

static void remove_sender(peer *core, void *context, uint64_t now)
{
	peer_remove_sender(core, ((core_call *)context)->index, now);
}

static void add_receiver(peer *core, void *context, uint64_t now)
{
	core_call *args = context;

	(void)now;
	args->index = peer_add_receiver(core, args->config);
}

static void remove_receiver(peer *core, void *context, uint64_t now)
{
	(void)now;
	peer_remove_receiver(core, ((core_call *)context)->index);
}

/* On the audio thread. */
static void on_packet(void *context)
{
	port_peer_wake(context);
}

/* ---- Senders ---- */

static void drop_sender(peer_object *object, int index)
{
	sender_binding *sender = &object->senders[index];
	core_call args = {.index = index};

	port_microphone_detach(sender->microphone->port, sender->uplink);
	port_peer_with(object->port, remove_sender, &args);
	audio_uplink_free(sender->uplink);
	microphone_drop(sender->microphone);
	sender->uplink = NULL;
}

static audio_uplink *create_uplink(xsMachine *the, const microphone_object *microphone)
{
	audio_encoder_options options = {
		.sample_rate = port_microphone_rate(microphone->port),
		.channels = 1,
		.complexity = 1,
	};

	options.bitrate = (uint32_t)xs_integer_option(the, &xsArg(0), "bitrate", BITRATE, 6000, 128000);
	options.dtx = xs_boolean_option(the, &xsArg(0), "dtx", false);
	options.fec = xs_boolean_option(the, &xsArg(0), "fec", false);
	options.expected_loss = options.fec ? FEC_LOSS : 0;
	return audio_uplink_create(&options);
}

void xs_peer_addSender(xsMachine *the)
{
	peer_object *object = open_peer(the);
	stream_options options = {0};
	char cname[32];

	parse_stream(the, &options);
	xs_text_option(the, &xsArg(0), "cname", cname, sizeof(cname));
	xsmcVars(1);
	xsmcGet(xsVar(0), xsArg(0), xsID("microphone"));
	microphone_object *microphone = microphone_of(the, &xsVar(0));
	audio_uplink *uplink = create_uplink(the, microphone);
	if (!uplink)
		xs_throw(the, "no memory for an encoder, or a sample rate that Opus does not know");

	peer_sender_config config = {
		.ssrc = options.ssrc,
		.payload_type = options.payload_type,
		.extensions = options.extensions,
		.cname = cname,
		.source = audio_uplink_ring(uplink),
	};
	memcpy(config.mid, options.mid, sizeof(config.mid));
	core_call args = {.config = &config};
	port_peer_with(object->port, add_sender, &args);
	if (args.index < 0) {
		audio_uplink_free(uplink);
		xs_throw(the, "no memory for a sender, too many of them, or the mid is in use");
	}
	sender_binding *sender = &object->senders[args.index];
	sender->uplink = uplink;
	sender->microphone = microphone;
	microphone_use(microphone);
	if (port_microphone_attach(microphone->port, uplink, on_packet, object->port) != 0) {
		drop_sender(object, args.index);
		xs_throw(the, "the microphone has too many listeners");
	}
	xsmcSetInteger(xsResult, args.index);
}

static int sender_argument(xsMachine *the, const peer_object *object)
{
	int index = xsmcToInteger(xsArg(0));

	if (index < 0 || index >= PEER_SENDERS || !object->senders[index].uplink)
		xsRangeError("no such sender");
	return index;
}

void xs_peer_setMuted(xsMachine *the)
{
	peer_object *object = open_peer(the);
	int index = sender_argument(the, object);

	audio_uplink_set_muted(object->senders[index].uplink, xsmcTest(xsArg(1)));
}

void xs_peer_removeSender(xsMachine *the)
{
	peer_object *object = open_peer(the);

	drop_sender(object, sender_argument(the, object));
}

/* ---- Receivers ---- */

static void drop_receiver(peer_object *object, int index)
{
	receiver_binding *receiver = &object->receivers[index];
	core_call args = {.index = index};

	end_taps(receiver);
	port_speaker_detach(receiver->speaker->port, receiver->downlink);
	port_peer_with(object->port, remove_receiver, &args);
	audio_downlink_free(receiver->downlink);
	speaker_drop(receiver->speaker);
	receiver->downlink = NULL;
}

void xs_peer_addReceiver(xsMachine *the)
{
	peer_object *object = open_peer(the);
	stream_options options = {0};

	parse_stream(the, &options);
	xsmcVars(1);
	xsmcGet(xsVar(0), xsArg(0), xsID("speaker"));
	speaker_object *speaker = speaker_of(the, &xsVar(0));
	audio_downlink *downlink =
		audio_downlink_create(port_speaker_rate(speaker->port), JITTER_TARGET_MS);
	if (!downlink)
		xs_throw(the, "no memory for a decoder, or a sample rate that Opus does not know");

	peer_receiver_config config = {
		.ssrc = options.ssrc,
		.payload_type = options.payload_type,
		.extensions = options.extensions,
		.sink = audio_downlink_ring(downlink),
	};
	memcpy(config.mid, options.mid, sizeof(config.mid));
	core_call args = {.config = &config};
	port_peer_with(object->port, add_receiver, &args);
	if (args.index < 0) {
		audio_downlink_free(downlink);
		xs_throw(the, "too many receivers, or the mid is in use");
	}
	receiver_binding *receiver = &object->receivers[args.index];
	receiver->downlink = downlink;
	receiver->speaker = speaker;
	speaker_use(speaker);
	if (port_speaker_attach(speaker->port, downlink) != 0) {
		drop_receiver(object, args.index);
		xs_throw(the, "the speaker has too many sources");
	}
	xsmcSetInteger(xsResult, args.index);
}

receiver_binding *receiver_of(xsMachine *the, peer_object *object, int index)
{
	if (index < 0 || index >= PEER_RECEIVERS || !object->receivers[index].downlink)
		xsRangeError("no such receiver");
	return &object->receivers[index];
}

void xs_peer_setVolume(xsMachine *the)
{
	peer_object *object = open_peer(the);
	const receiver_binding *receiver = receiver_of(the, object, xsmcToInteger(xsArg(0)));
	double volume = xsmcToNumber(xsArg(1));

	if (!(volume >= 0 && volume <= 16))
		xsRangeError("volume is out of range");
	audio_downlink_set_volume(receiver->downlink, (int32_t)(volume * AUDIO_VOLUME_ONE));
}

void xs_peer_removeReceiver(xsMachine *the)
{
	peer_object *object = open_peer(the);

	drop_receiver(object,
				  (int)(receiver_of(the, object, xsmcToInteger(xsArg(0))) - object->receivers));
}

/* ---- The end ---- */

void remove_media(peer_object *object)
{
	for (int i = 0; i < PEER_SENDERS; i++)
		if (object->senders[i].uplink)
			drop_sender(object, i);
	for (int i = 0; i < PEER_RECEIVERS; i++)
		if (object->receivers[i].downlink)
			drop_receiver(object, i);
}
