/* Tap of webrtc.ts: what a receiver plays, for JavaScript to read. */
#include "xs_peer.h"

#include "../core/audio/resample.h"
#include "../core/port.h"

#define PIECE 64

struct tap_object {
	xs_link link;
	audio_tap tap;
	resampler *resampler;       /* NULL: the downlink's rate is the wanted one */
	uint32_t rate;              /* of what is read */
	atomic_bool waiting;        /* JavaScript wants to hear of samples */
	receiver_binding *receiver; /* NULL: it has ended */
};

/* On the audio thread. */
static void on_samples(void *context)
{
	tap_object *tap = context;

	if (!atomic_load(&tap->waiting))
		return;
	atomic_store(&tap->waiting, false);
	xs_link_post(&tap->link);
}

/* After the end nothing more is told, and what nobody refers to can be collected. */
static void deliver(xs_link *link)
{
	tap_object *tap = (tap_object *)link;

	xsBeginHost(link->the);
	xsmcCall_noResult(link->options, xsID("onSamples"), NULL);
	xsEndHost(link->the);
	if (!tap->receiver)
		xs_link_close(link);
}

static void dispose(xs_link *link)
{
	tap_object *tap = (tap_object *)link;

	sample_ring_free(tap->tap.ring);
	resampler_free(tap->resampler);
	port_free(tap);
}

static void leave_receiver(tap_object *tap)
{
	receiver_binding *receiver = tap->receiver;

	if (!receiver)
		return;
	tap->receiver = NULL;
	port_speaker_untap(receiver->downlink, &tap->tap);
	for (int i = 0; i < AUDIO_TAPS_MAX; i++)
		if (receiver->taps[i] == tap)
			receiver->taps[i] = NULL;
}

void end_taps(receiver_binding *receiver)
{
	for (int i = 0; i < AUDIO_TAPS_MAX; i++) {
		tap_object *tap = receiver->taps[i];

		if (!tap)
			continue;
		leave_receiver(tap);
		xs_link_post(&tap->link);
	}
}

void xs_tap_destructor(void *data)
{
	tap_object *tap = data;

	if (!tap)
		return;
	leave_receiver(tap);
	xs_link_abandon(&tap->link);
	xs_link_release(&tap->link);
}

static tap_object *tap_of(xsMachine *the, xsSlot *slot)
{
	tap_object *tap = xsmcGetHostDataValidate(*slot, (void *)xs_tap_destructor);

	if (!tap)
		xs_throw(the, "the tap is closed");
	return tap;
}

/* Has the receiver's first free place; NULL without one, or without memory. */
static tap_object *open_tap(receiver_binding *receiver, uint32_t rate, size_t queue_ms)
{
	uint32_t played = audio_downlink_rate(receiver->downlink);
	tap_object *tap = port_alloc(sizeof(*tap), PORT_INTERNAL, PORT_BINDING);
	int place = 0;

	if (!tap)
		return NULL;
	tap->rate = rate ? rate : played;
	tap->tap.ring = sample_ring_create(played * queue_ms / 1000);
	tap->tap.on_samples = on_samples;
	tap->tap.context = tap;
	if (tap->rate != played)
		tap->resampler = resampler_create(played, tap->rate);
	while (place < AUDIO_TAPS_MAX && receiver->taps[place])
		place++;
	if (place == AUDIO_TAPS_MAX || !tap->tap.ring || (tap->rate != played && !tap->resampler)) {
		dispose(&tap->link);
		return NULL;
	}
	receiver->taps[place] = tap;
	tap->receiver = receiver;
	return tap;
}

/* Tap(peer, receiver, options) */
void xs_tap(xsMachine *the)
{
	peer_object *peer = peer_of(the, &xsArg(0));
	receiver_binding *receiver = receiver_of(the, peer, xsmcToInteger(xsArg(1)));
	uint32_t rate = (uint32_t)xs_integer_option(the, &xsArg(2), "sampleRate", 0, RESAMPLE_RATE_MIN,
												RESAMPLE_RATE_MAX);
	size_t queue_ms = (size_t)xs_integer_option(the, &xsArg(2), "queueSize", 0, 20, 1000);

	tap_object *tap = open_tap(receiver, rate, queue_ms);
	if (!tap)
		xs_throw(the, "too many streams of this track, or no memory for one");
	tap->link.deliver = deliver;
	tap->link.dispose = dispose;
	xs_link_open(the, &tap->link, &xsThis, &xsArg(2));
	xsmcSetHostData(xsThis, tap);
	port_speaker_tap(receiver->downlink, &tap->tap); /* there is a place: all taps are in ours */
}

void xs_tap_get_sampleRate(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)tap_of(the, &xsThis)->rate);
}

void xs_tap_get_ended(xsMachine *the)
{
	xsmcSetBoolean(xsResult, tap_of(the, &xsThis)->receiver == NULL);
}

static size_t read_resampled(tap_object *tap, int16_t *out, size_t room)
{
	size_t made = 0;

	for (;;) {
		int16_t piece[PIECE];
		made += resampler_pull(tap->resampler, out + made, room - made);
		size_t space = resampler_space(tap->resampler);
		size_t count = made == room
						   ? 0
						   : sample_ring_read(tap->tap.ring, piece, space < PIECE ? space : PIECE);
		if (count == 0)
			return made;
		resampler_feed(tap->resampler, piece, count);
	}
}

static size_t read_samples(tap_object *tap, int16_t *out, size_t room)
{
	return tap->resampler ? read_resampled(tap, out, room)
						  : sample_ring_read(tap->tap.ring, out, room);
}

/* read(buffer, offset in bytes, count): how many there were. */
void xs_tap_read(xsMachine *the)
{
	tap_object *tap = tap_of(the, &xsThis);
	size_t room;
	int16_t *out = samples_of(the, &room, true);
	size_t count = read_samples(tap, out, room);

	if (count < room) {
		/* What comes between the two must not go unheard. */
		atomic_store(&tap->waiting, true);
		count += read_samples(tap, out + count, room - count);
	}
	xsmcSetInteger(xsResult, (xsIntegerValue)count);
}

void xs_tap_close(xsMachine *the)
{
	tap_object *tap = xsmcGetHostDataValidate(xsThis, (void *)xs_tap_destructor);

	if (!tap)
		return;
	xsmcSetHostData(xsThis, NULL);
	leave_receiver(tap);
	xs_link_close(&tap->link);
	xs_link_release(&tap->link);
}
