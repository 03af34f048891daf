/* What signalling takes from a Peer and brings to it: credentials, candidates, fingerprints. */
#include <string.h>

#include "xs_peer.h"

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

static void sort_by_priority(ice_candidate *candidates, int count)
{
	for (int i = 1; i < count; i++)
		for (int j = i; j > 0 && candidates[j].priority > candidates[j - 1].priority; j--) {
			ice_candidate swap = candidates[j];
			candidates[j] = candidates[j - 1];
			candidates[j - 1] = swap;
		}
}

/* The array of Candidate that `gather` finds. */
static void return_candidates(xsMachine *the,
							  int (*gather)(port_peer *, bool, ice_candidate *, char *, size_t))
{
	peer_object *object = open_peer(the);
	ice_candidate candidates[ICE_LOCAL_MAX];
	char error[160];

	int count = gather(object->port, object->loopback, candidates, error, sizeof(error));
	if (count < 0)
		xs_throw(the, error);
	sort_by_priority(candidates, count);
	xsmcVars(1);
	xsmcSetNewArray(xsResult, 0);
	for (int i = 0; i < count; i++) {
		candidate_to_object(the, &xsVar(0), &candidates[i]);
		xsmcSetIndex(xsResult, (xsIndex)i, xsVar(0));
	}
}

void xs_peer_gather(xsMachine *the)
{
	return_candidates(the, port_peer_gather);
}

void xs_peer_restartIce(xsMachine *the)
{
	return_candidates(the, port_peer_restart);
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
	while (kind <= ICE_RELAYED && strcmp(candidate_type_names[kind], type) != 0)
		kind++;
	if (kind > ICE_RELAYED)
		return false;
	out->type = (ice_candidate_type)kind;

	xsmcGet(xsVar(0), xsArg(0), xsID("protocol"));
	if (xsmcTypeOf(xsVar(0)) != xsUndefinedType && strcmp(xsmcToString(xsVar(0)), "tcp") == 0)
		out->transport = ICE_TCP;

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
