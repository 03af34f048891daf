/* Peer of webrtc.ts: its life and its events. */
#include "xs_peer.h"

#include <string.h>

#include "../core/port.h"

#define BODY_MAX 160 /* a reason, with its end, or a candidate */

_Static_assert(sizeof(ice_candidate) < BODY_MAX, "room for a candidate");

/* ---- Events ---- */

/* On the transport thread. */
static void on_event(void *context, const peer_event *event)
{
	peer_object *object = context;

	/* How often these two come is up to the other side: they must not fill the ring. */
	if (event->type == PEER_EVENT_READABLE || event->type == PEER_EVENT_WRITABLE)
		atomic_fetch_or(&object->data_events, 1u << event->type);
	else if (event->candidate)
		ring_write(object->events, event, sizeof(*event), event->candidate,
				   sizeof(*event->candidate));
	else
		ring_write(object->events, event, sizeof(*event), event->reason,
				   event->reason ? strlen(event->reason) : 0);
	xs_link_post(&object->link);
}

static const char *const peer_states[] = {
	[PEER_NEW] = "new",
	[PEER_CONNECTING] = "connecting",
	[PEER_CONNECTED] = "connected",
	[PEER_DISCONNECTED] = "disconnected",
	[PEER_FAILED] = "failed",
	[PEER_CLOSED] = "closed",
};
static const char *const ice_states[] = {
	[ICE_NEW] = "new",
	[ICE_CHECKING] = "checking",
	[ICE_CONNECTED] = "connected",
	[ICE_DISCONNECTED] = "disconnected",
	[ICE_FAILED] = "failed",
	[ICE_CLOSED] = "closed",
};
static const char *const dtls_states[] = {
	[DTLS_NEW] = "new",       [DTLS_CONNECTING] = "connecting", [DTLS_CONNECTED] = "connected",
	[DTLS_CLOSED] = "closed", [DTLS_FAILED] = "failed",
};

/* options[name](text, at, reason), when there is such a function. */
static void call(xsMachine *the, xs_link *link, const char *name, const char *text, uint64_t at,
				 const char *reason)
{
	xsIdentifier id = xsID((char *)name);

	if (!xsmcHas(link->options, id))
		return;
	xsmcSetString(xsVar(0), (char *)text);
	xsmcSetNumber(xsVar(1), (double)at / 1000);
	if (reason[0])
		xsmcSetString(xsVar(2), (char *)reason);
	else
		xsmcSetUndefined(xsVar(2));
	xsmcCall_noResult(link->options, id, &xsVar(0), &xsVar(1), &xsVar(2), NULL);
}

/* options[name](channel, at), likewise. */
static void call_of_channel(xsMachine *the, xs_link *link, const char *name,
							const peer_event *event)
{
	xsIdentifier id = xsID((char *)name);

	if (!xsmcHas(link->options, id))
		return;
	xsmcSetInteger(xsVar(0), event->channel);
	xsmcSetNumber(xsVar(1), (double)event->at / 1000);
	xsmcCall_noResult(link->options, id, &xsVar(0), &xsVar(1), NULL);
}

/* options.onCandidate(candidate), or options.onCandidateError(reason). */
static void call_of_candidate(xsMachine *the, xs_link *link, const peer_event *event,
							  const char *body)
{
	xsIdentifier id = xsID("onCandidate");
	ice_candidate candidate;

	if (!event->candidate) {
		call(the, link, "onCandidateError", body, event->at, "");
	} else if (xsmcHas(link->options, id)) {
		memcpy(&candidate, body, sizeof(candidate));
		candidate_to_object(the, &xsVar(0), &candidate);
		xsmcCall_noResult(link->options, id, &xsVar(0), NULL);
	}
}

/* `body`: the reason, or a candidate. */
static void deliver_event(xsMachine *the, peer_object *object, const peer_event *event,
						  const char *body)
{
	xs_link *link = &object->link;
	const char *reason = body;

	switch (event->type) {
	case PEER_EVENT_STATE:
		call(the, link, "onState", peer_states[event->state], event->at, reason);
		break;
	case PEER_EVENT_ICE_STATE:
		call(the, link, "onIceState", ice_states[event->ice], event->at, "");
		break;
	case PEER_EVENT_DTLS_STATE:
		call(the, link, "onDtlsState", dtls_states[event->dtls], event->at, "");
		break;
	case PEER_EVENT_FIRST_PACKET_OUT:
		call(the, link, "onMilestone", "firstPacketOut", event->at, "");
		break;
	case PEER_EVENT_FIRST_PACKET_IN:
		call(the, link, "onMilestone", "firstPacketIn", event->at, "");
		break;
	case PEER_EVENT_CHANNEL_OPEN:
		deliver_channel_open(the, object, event);
		break;
	case PEER_EVENT_CHANNEL_CLOSED:
		call_of_channel(the, link, "onChannelClosed", event);
		break;
	case PEER_EVENT_BUFFERED_LOW:
		call_of_channel(the, link, "onBufferedLow", event);
		break;
	case PEER_EVENT_DATA_ENDED:
		call(the, link, "onDataEnded", reason, event->at, "");
		break;
	case PEER_EVENT_CANDIDATE:
		call_of_candidate(the, link, event, body);
		break;
	case PEER_EVENT_READABLE: /* in data_events */
	case PEER_EVENT_WRITABLE:
	case PEER_EVENT_BYE: /* signalling tells of ended tracks */
		break;
	}
}

static void deliver(xs_link *link)
{
	peer_object *object = (peer_object *)link;
	peer_event event;
	char body[BODY_MAX];
	size_t length;

	xsBeginHost(link->the);
	xsmcVars(3);
	/* A callback may close the peer. */
	while (link->open &&
		   ring_read(object->events, &event, sizeof(event), body, sizeof(body) - 1, &length)) {
		body[length] = 0;
		deliver_event(the, object, &event, body);
	}
	if (link->open)
		deliver_data(the, object);
	xsEndHost(link->the);
}

/* ---- Life ---- */

static void shut_native(peer_object *object)
{
	if (!object->port)
		return;
	remove_media(object);
	port_peer_free(object->port);
	object->port = NULL;
}

static void dispose(xs_link *link)
{
	ring_free(((peer_object *)link)->events);
	port_free(link);
}

void xs_peer_destructor(void *data)
{
	peer_object *object = data;

	if (!object)
		return;
	shut_native(object);
	xs_link_abandon(&object->link);
	xs_link_release(&object->link);
}

static peer_object *any_peer(xsMachine *the, xsSlot *slot)
{
	peer_object *object = xsmcGetHostDataValidate(*slot, (void *)xs_peer_destructor);

	if (!object)
		xsTypeError("not a peer");
	return object;
}

peer_object *peer_of(xsMachine *the, xsSlot *slot)
{
	peer_object *object = any_peer(the, slot);

	if (!object->port)
		xs_throw(the, "the peer is closed");
	return object;
}

peer_object *open_peer(xsMachine *the)
{
	return peer_of(the, &xsThis);
}

static void read_identity(xsMachine *the, crypto_identity *out)
{
	void *bytes;
	xsUnsignedValue length;

	xsmcVars(2);
	xsmcGet(xsVar(0), xsArg(0), xsID("identity"));
	xsmcGet(xsVar(1), xsVar(0), xsID("bytes"));
	xsmcGetBufferReadable(xsVar(1), &bytes, &length);
	if (length == 0 || length > sizeof(out->bytes))
		xsRangeError("identity is not one of createIdentity()'s");
	out->length = (uint16_t)length;
	memcpy(out->bytes, bytes, length);
}

void xs_peer(xsMachine *the)
{
	crypto_identity identity;
	peer_config config = {.identity = &identity};

	config.controlling = xs_boolean_option(the, &xsArg(0), "controlling", true);
	config.ice.controlling = config.controlling;
	bool loopback = xs_boolean_option(the, &xsArg(0), "loopback", false);
	read_identity(the, &identity);
	peer_object *object = port_alloc(sizeof(*object), PORT_INTERNAL, PORT_BINDING);
	if (!object)
		xs_throw(the, "no memory for a peer");
	object->loopback = loopback;
	object->link.deliver = deliver;
	object->link.dispose = dispose;
	xs_link_open(the, &object->link, &xsThis, &xsArg(0));
	xsmcSetHostData(xsThis, object);
	object->events = ring_create(EVENT_BYTES, PORT_INTERNAL, PORT_BINDING);
	if (object->events)
		object->port = port_peer_create(&config, on_event, object);
	crypto_wipe(&identity, sizeof(identity));
	if (!object->port) {
		xs_link_close(&object->link);
		xs_throw(the, "no memory, entropy or thread for a peer");
	}
}

void xs_peer_close(xsMachine *the)
{
	peer_object *object = any_peer(the, &xsThis);

	shut_native(object);
	xs_link_close(&object->link);
}
