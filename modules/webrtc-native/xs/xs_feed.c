/* FedMicrophone of device.ts: a microphone whose samples come from JavaScript. */
#include "../core/port.h"
#include "xs_audio.h"

/* On the audio thread. */
static void on_taken(void *context)
{
	microphone_object *feed = context;

	if (!atomic_load(&feed->waiting))
		return;
	atomic_store(&feed->waiting, false);
	xs_link_post(&feed->link);
}

/* Nobody waits any more, unless it is told so: what has no other reference may go. */
static void deliver(xs_link *link)
{
	xsBeginHost(link->the);
	xsmcVars(1);
	xsVar(0) = link->self;
	if (!atomic_load(&((microphone_object *)link)->waiting))
		xs_link_rest(link);
	xsmcCall_noResult(xsVar(0), xsID("onTaken"), NULL);
	xsEndHost(link->the);
}

static void wait_for_room(microphone_object *feed)
{
	xs_link_hold(&feed->link);
	atomic_store(&feed->waiting, true);
}

static void dispose(xs_link *link)
{
	port_free(link);
}

void xs_feed(xsMachine *the)
{
	port_feed_options options = {.on_taken = on_taken};
	char error[160] = "no memory for a microphone";

	options.sample_rate =
		(uint32_t)xs_integer_option(the, &xsArg(0), "sampleRate", 0, 0, UINT32_MAX);
	options.queue_ms = (uint32_t)xs_integer_option(the, &xsArg(0), "queueSize", 0, 0, UINT32_MAX);
	microphone_object *feed = port_alloc(sizeof(*feed), PORT_INTERNAL, PORT_BINDING);
	if (feed) {
		options.context = feed;
		feed->fed = true;
		feed->users = 1;
		feed->link.deliver = deliver;
		feed->link.dispose = dispose;
		feed->port = port_feed_open(&options, error, sizeof(error));
	}
	if (!feed || !feed->port) {
		port_free(feed);
		xs_throw(the, error);
	}
	xs_link_open(the, &feed->link, &xsThis, &xsThis);
	xs_link_rest(&feed->link);
	xsmcSetHostData(xsThis, feed);
}

/* push(buffer, offset in bytes, count): how many were taken. */
void xs_feed_push(xsMachine *the)
{
	microphone_object *feed = microphone_of(the, &xsThis);
	size_t count;
	const int16_t *samples = samples_of(the, &count, false);
	size_t taken = port_feed_push(feed->port, samples, count);

	if (taken < count) {
		/* What is taken between the two must not go unheard. */
		wait_for_room(feed);
		taken += port_feed_push(feed->port, samples + taken, count - taken);
	}
	xsmcSetInteger(xsResult, (xsIntegerValue)taken);
}

void xs_feed_get_queued(xsMachine *the)
{
	microphone_object *feed = microphone_of(the, &xsThis);

	xsmcSetNumber(xsResult, (double)port_feed_queued(feed->port) / 1000);
}

void xs_feed_notify(xsMachine *the)
{
	wait_for_room(microphone_of(the, &xsThis));
}

void xs_feed_clear(xsMachine *the)
{
	port_feed_clear(microphone_of(the, &xsThis)->port);
}
