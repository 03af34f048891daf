/* Peer of webrtc.ts: its life, its events, and what signalling brings. */
#include "xs_peer.h"

#include <string.h>

#include "../core/port.h"

#define EVENT_BYTES 4096
#define REASON_MAX 160

/* ---- Events ---- */

/* On the transport thread. */
static void on_event(void *context, const peer_event *event)
{
	peer_object *object = context;

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

static void deliver_event(xsMachine *the, xs_link *link, const peer_event *event,
						  const char *reason)
{
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
	case PEER_EVENT_BYE: /* signalling tells of ended tracks */
		break;
	}
}

static void deliver(xs_link *link)
{
	peer_object *object = (peer_object *)link;
	peer_event event;
	char reason[REASON_MAX];
	size_t length;

	xsBeginHost(link->the);
	xsmcVars(3);
	/* A callback may close the peer. */
	while (link->open &&
		   ring_read(object->events, &event, sizeof(event), reason, sizeof(reason) - 1, &length)) {
		reason[length] = 0;
		deliver_event(the, link, &event, reason);
	}
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

static peer_object *this_peer(xsMachine *the)
{
	peer_object *object = xsmcGetHostDataValidate(xsThis, (void *)xs_peer_destructor);

	if (!object)
		xsTypeError("not a peer");
	return object;
}

peer_object *open_peer(xsMachine *the)
{
	peer_object *object = this_peer(the);

	if (!object->port)
		xs_throw(the, "the peer is closed");
	return object;
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
	peer_object *object = this_peer(the);

	shut_native(object);
	xs_link_close(&object->link);
}

/* ---- Our description ---- */

typedef struct {
	const char *ufrag, *pwd; /* as good as the peer */
} credentials;

static void get_credentials(peer *core, void *context, uint64_t now)
{
	credentials *out = context;

	(void)now;
	out->ufrag = ice_agent_local_ufrag(peer_ice(core));
	out->pwd = ice_agent_local_pwd(peer_ice(core));
}

void xs_peer_get_ufrag(xsMachine *the)
{
	credentials ours;

	port_peer_with(open_peer(the)->port, get_credentials, &ours);
	xsmcSetString(xsResult, (char *)ours.ufrag);
}

void xs_peer_get_pwd(xsMachine *the)
{
	credentials ours;

	port_peer_with(open_peer(the)->port, get_credentials, &ours);
	xsmcSetString(xsResult, (char *)ours.pwd);
}

static const char *const candidate_types[] = {
	[ICE_HOST] = "host",
	[ICE_SERVER_REFLEXIVE] = "srflx",
	[ICE_PEER_REFLEXIVE] = "prflx",
	[ICE_RELAYED] = "relay",
};

static void sort_by_priority(ice_candidate *candidates, int count)
{
	for (int i = 1; i < count; i++)
		for (int j = i; j > 0 && candidates[j].priority > candidates[j - 1].priority; j--) {
			ice_candidate swap = candidates[j];
			candidates[j] = candidates[j - 1];
			candidates[j - 1] = swap;
		}
}

void xs_peer_gather(xsMachine *the)
{
	peer_object *object = open_peer(the);
	ice_candidate candidates[ICE_LOCAL_MAX];
	char text[PORT_ADDRESS_TEXT], error[160];

	int count = port_peer_gather(object->port, object->loopback, candidates, error, sizeof(error));
	if (count < 0)
		xs_throw(the, error);
	sort_by_priority(candidates, count);
	xsmcVars(1);
	xsmcSetNewArray(xsResult, 0);
	for (int i = 0; i < count; i++) {
		port_address_format(&candidates[i].address, text);
		xsmcSetNewObject(xsVar(0));
		xs_set_text(the, &xsVar(0), "type", candidate_types[candidates[i].type]);
		xs_set_text(the, &xsVar(0), "address", text);
		xs_set_number(the, &xsVar(0), "port", candidates[i].address.port);
		xs_set_number(the, &xsVar(0), "priority", candidates[i].priority);
		xs_set_text(the, &xsVar(0), "foundation", candidates[i].foundation);
		xsmcSetIndex(xsResult, (xsIndex)i, xsVar(0));
	}
}

/* ---- The other side's description ---- */

void fingerprint_format(const uint8_t fingerprint[32], char out[FINGERPRINT_TEXT])
{
	static const char digits[] = "0123456789ABCDEF";

	for (int i = 0; i < 32; i++) {
		out[3 * i] = digits[fingerprint[i] >> 4];
		out[3 * i + 1] = digits[fingerprint[i] & 15];
		out[3 * i + 2] = i < 31 ? ':' : 0;
	}
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool fingerprint_parse(uint8_t out[32], const char *text)
{
	if (strlen(text) != FINGERPRINT_TEXT - 1)
		return false;
	for (int i = 0; i < 32; i++, text += 3) {
		int high = digit(text[0]), low = digit(text[1]);
		if (high < 0 || low < 0 || text[2] != (i < 31 ? ':' : 0))
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

typedef struct {
	peer_remote remote;
	int result;
} set_remote_call;

static void set_remote(peer *core, void *context, uint64_t now)
{
	set_remote_call *args = context;

	args->result = peer_set_remote(core, &args->remote, now);
}

void xs_peer_setRemote(xsMachine *the)
{
	peer_object *object = open_peer(the);
	char ufrag[ICE_UFRAG_MAX + 1], pwd[ICE_PWD_MAX + 1], fingerprint[FINGERPRINT_TEXT], setup[16];
	set_remote_call args = {.remote = {.ufrag = ufrag, .pwd = pwd}};

	xs_text_option(the, &xsArg(0), "ufrag", ufrag, sizeof(ufrag));
	xs_text_option(the, &xsArg(0), "pwd", pwd, sizeof(pwd));
	xs_text_option(the, &xsArg(0), "fingerprint", fingerprint, sizeof(fingerprint));
	xs_text_option(the, &xsArg(0), "setup", setup, sizeof(setup));
	args.remote.ice_lite = xs_boolean_option(the, &xsArg(0), "iceLite", false);
	if (!fingerprint_parse(args.remote.fingerprint, fingerprint))
		xsTypeError("malformed fingerprint");
	if (strcmp(setup, "active") == 0)
		args.remote.setup = PEER_SETUP_ACTIVE;
	else if (strcmp(setup, "passive") == 0)
		args.remote.setup = PEER_SETUP_PASSIVE;
	else if (strcmp(setup, "actpass") == 0)
		args.remote.setup = PEER_SETUP_ACTPASS;
	else
		xsTypeError("malformed setup");
	port_peer_with(object->port, set_remote, &args);
	crypto_wipe(pwd, sizeof(pwd));
	if (args.result != 0)
		xs_throw(the, "malformed ICE credentials, a second description, or no memory for DTLS");
}

static void add_remote(peer *core, void *context, uint64_t now)
{
	ice_agent_add_remote(peer_ice(core), context, now);
}

/* False when it is none we could use; whatever the other side sends must not throw. */
static bool read_candidate(xsMachine *the, ice_candidate *out)
{
	char text[PORT_ADDRESS_TEXT];

	xsmcVars(1);
	xsmcGet(xsVar(0), xsArg(0), xsID("type"));
	const char *type = xsmcToString(xsVar(0));
	int kind = ICE_HOST;
	while (kind <= ICE_RELAYED && strcmp(candidate_types[kind], type) != 0)
		kind++;
	if (kind > ICE_RELAYED)
		return false;
	out->type = (ice_candidate_type)kind;

	xsmcGet(xsVar(0), xsArg(0), xsID("foundation"));
	if (strlen(xsmcToString(xsVar(0))) >= sizeof(out->foundation))
		return false;
	xsmcToStringBuffer(xsVar(0), out->foundation, sizeof(out->foundation));

	xsmcGet(xsVar(0), xsArg(0), xsID("port"));
	double port = xsmcToNumber(xsVar(0));
	xsmcGet(xsVar(0), xsArg(0), xsID("priority"));
	double priority = xsmcToNumber(xsVar(0));
	xsmcGet(xsVar(0), xsArg(0), xsID("address"));
	if (!(port >= 1 && port <= 65535) || !(priority >= 0 && priority <= UINT32_MAX) ||
		strlen(xsmcToString(xsVar(0))) >= sizeof(text))
		return false;
	xsmcToStringBuffer(xsVar(0), text, sizeof(text));
	out->priority = (uint32_t)priority;
	return port_address_parse(&out->address, text, (uint16_t)port);
}

void xs_peer_addCandidate(xsMachine *the)
{
	peer_object *object = open_peer(the);
	ice_candidate candidate = {0};

	if (read_candidate(the, &candidate))
		port_peer_with(object->port, add_remote, &candidate);
	else
		object->candidates_refused++;
}

static void end_of_remote(peer *core, void *context, uint64_t now)
{
	(void)context;
	ice_agent_end_of_remote(peer_ice(core), now);
}

void xs_peer_endOfCandidates(xsMachine *the)
{
	port_peer_with(open_peer(the)->port, end_of_remote, NULL);
}
