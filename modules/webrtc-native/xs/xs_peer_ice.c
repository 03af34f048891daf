/* STUN and TURN servers, what came of them, and the path: of Peer in webrtc.ts. */
#include <string.h>

#include "../core/ice/turn.h"
#include "../core/port.h"
#include "xs_peer.h"

#define HOST_MAX 256

const char *const candidate_type_names[ICE_RELAYED + 1] = {
	[ICE_HOST] = "host",
	[ICE_SERVER_REFLEXIVE] = "srflx",
	[ICE_PEER_REFLEXIVE] = "prflx",
	[ICE_RELAYED] = "relay",
};

static const char *const transports[] = {[ICE_UDP] = "udp", [ICE_TCP] = "tcp", [ICE_TLS] = "tls"};

/* A new object; what is over TCP is never told of. */
void candidate_to_object(xsMachine *the, xsSlot *out, const ice_candidate *candidate)
{
	char text[PORT_ADDRESS_TEXT];

	port_address_format(&candidate->address, text);
	xsmcSetNewObject(*out);
	xs_set_text(the, out, "type", candidate_type_names[candidate->type]);
	xs_set_text(the, out, "address", text);
	xs_set_number(the, out, "port", candidate->address.port);
	xs_set_number(the, out, "priority", candidate->priority);
	xs_set_text(the, out, "foundation", candidate->foundation);
}

/* ---- Servers ---- */

typedef struct {
	char host[HOST_MAX], username[TURN_USERNAME_MAX + 1], password[TURN_PASSWORD_MAX + 1];
} server_texts;

static void read_server(xsMachine *the, xsSlot *from, port_ice_server *out, server_texts *texts)
{
	char transport[4];
	int kind = ICE_UDP;

	*out = (port_ice_server){.turn = xs_boolean_option(the, from, "turn", false)};
	xs_text_option(the, from, "transport", transport, sizeof(transport));
	while (kind <= ICE_TLS && strcmp(transports[kind], transport) != 0)
		kind++;
	if (kind > ICE_TLS || (!out->turn && kind != ICE_UDP))
		xsTypeError("no such transport");
	out->transport = (ice_transport)kind;
	out->port = (uint16_t)xs_integer_option(the, from, "port", 0, 1, 65535);
	xs_text_option(the, from, "host", texts->host, sizeof(texts->host));
	texts->username[0] = texts->password[0] = 0;
	if (out->turn) {
		xs_text_option(the, from, "username", texts->username, sizeof(texts->username));
		xs_text_option(the, from, "credential", texts->password, sizeof(texts->password));
	}
	out->host = texts->host;
	out->username = texts->username;
	out->password = texts->password;
}

static void forget(server_texts *texts, size_t count)
{
	crypto_wipe(texts, sizeof(*texts) * count);
	port_free(texts);
}

/* Arguments: the servers, relayOnly, tls. */
void xs_peer_setIceServers(xsMachine *the)
{
	peer_object *object = open_peer(the);
	port_ice_config config = {0};
	server_texts *texts = NULL, checked;

	xsmcVars(3);
	xsmcGet(xsVar(0), xsArg(0), xsID("length"));
	int count = xsmcToInteger(xsVar(0));
	config.count = count < 0 ? 0 : count > PORT_ICE_SERVERS ? PORT_ICE_SERVERS : (size_t)count;
	config.relay_only = xsmcTest(xsArg(1));
	/* All that throws does so before there is memory to be freed. */
	for (size_t i = 0; i < config.count; i++) {
		xsmcGetIndex(xsVar(0), xsArg(0), (xsIndex)i);
		read_server(the, &xsVar(0), &config.servers[i], &checked);
	}
	crypto_wipe(&checked, sizeof(checked));
	if (xsmcTest(xsArg(2)))
		config.insecure = xs_boolean_option(the, &xsArg(2), "insecure", false);
	if (config.count > 0) {
		texts = port_alloc(sizeof(*texts) * config.count, PORT_EXTERNAL, PORT_BINDING);
		if (!texts)
			xs_throw(the, "no memory for ICE servers");
	}
	for (size_t i = 0; i < config.count; i++) {
		xsmcGetIndex(xsVar(0), xsArg(0), (xsIndex)i);
		read_server(the, &xsVar(0), &config.servers[i], &texts[i]);
	}
	/* It stays in XS's memory: good until XS next allocates. */
	if (xsmcTest(xsArg(2)) && xs_option(the, &xsVar(1), &xsArg(2), "ca")) {
		config.ca = (const uint8_t *)xsmcToString(xsVar(1));
		config.ca_length = strlen((const char *)config.ca);
	}
	int result = port_peer_set_ice(object->port, &config);
	if (texts)
		forget(texts, config.count);
	if (result != 0)
		xs_throw(the, "no memory for ICE servers");
}

/* ---- The path ---- */

typedef struct {
	bool there;
	ice_candidate local, remote;
} path_call;

static void get_path(peer *core, void *context, uint64_t now)
{
	path_call *out = context;
	const ice_candidate *local = ice_agent_path_local(peer_ice(core));
	const ice_candidate *remote = ice_agent_path_remote(peer_ice(core));

	(void)now;
	out->there = local && remote;
	if (out->there) {
		out->local = *local;
		out->remote = *remote;
	}
}

void xs_peer_get_path(xsMachine *the)
{
	char text[PORT_ADDRESS_TEXT];
	path_call path;

	port_peer_with(open_peer(the)->port, get_path, &path);
	if (!path.there)
		return;
	bool relayed = path.local.type == ICE_RELAYED;
	const char *transport = transports[path.local.transport];
	port_address_format(&path.remote.address, text);
	xsmcSetNewObject(xsResult);
	xs_set_text(the, &xsResult, "candidateType", candidate_type_names[path.local.type]);
	xs_set_text(the, &xsResult, "protocol", relayed ? transports[ICE_UDP] : transport);
	if (relayed)
		xs_set_text(the, &xsResult, "relayProtocol", transport);
	xs_set_text(the, &xsResult, "remoteCandidateType", candidate_type_names[path.remote.type]);
	xs_set_text(the, &xsResult, "remoteAddress", text);
	xs_set_number(the, &xsResult, "remotePort", path.remote.address.port);
}
