/*
 * Fuzzes stun_read() and the ICE agent behind it. Bytes alone would never get past
 * MESSAGE-INTEGRITY, so most kinds of step take them as attributes and sign them as a peer with the
 * right password would.
 */
#include <string.h>

#include "fuzz.h"
#include "ice/agent.h"
#include "ice/stun.h"

#define UFRAG "fuzz"
#define PWD "the-password-of-the-peer"
#define ATTRIBUTES_MAX 255

enum { RAW, CHECK, ANSWER, REFUSAL, CANDIDATE, TIME, KINDS };

typedef struct {
	ice_agent *agent;
	uint64_t now;
	uint8_t asked[STUN_ID]; /* of the newest check */
} target;

static net_address address(uint8_t which)
{
	net_address out = {4, {10, 0, 0, (uint8_t)(2 + (which & 3))}, (uint16_t)(5000 + (which >> 4))};

	if (which & 8)
		out = (net_address){6, {0x20, 0x01, [15] = (uint8_t)(2 + (which & 3))}, out.port};
	return out;
}

static void input(target *at, uint8_t from, const uint8_t *bytes, size_t length)
{
	net_address address_of_peer = address(from);
	uint8_t *exact = fuzz_exact(bytes, length);

	ice_agent_input(at->agent, from >> 3 & 1, &address_of_peer, exact, length, at->now);
	free(exact);
}

/* The step's bytes as attributes, which may lie about their lengths, then a true signature. */
static void input_signed(target *at, uint8_t from, stun_class kind, const uint8_t id[STUN_ID],
						 const uint8_t *attributes, size_t length, const char *key)
{
	uint8_t bytes[512];
	stun_writer writer;

	stun_begin(&writer, bytes, sizeof bytes, kind, STUN_BINDING, id);
	if (kind == STUN_REQUEST) {
		char username[64];
		const char *ufrag = ice_agent_local_ufrag(at->agent);
		size_t size = strlen(ufrag);

		memcpy(username, ufrag, size);
		memcpy(username + size, ":" UFRAG, sizeof UFRAG);
		stun_put_bytes(&writer, STUN_USERNAME, username, size + sizeof UFRAG);
		stun_put_u32(&writer, STUN_PRIORITY, 1845501695);
	} else if (kind == STUN_SUCCESS) {
		uint8_t port = length > 1 ? attributes[1] : 0; /* a NAT that maps anew each time */

		stun_put_xor_address(&writer, STUN_XOR_MAPPED_ADDRESS,
							 &(net_address){4, {10, 0, 0, 1}, (uint16_t)(5000 + port)});
	} else {
		stun_put_error(&writer, length > 0 && attributes[0] & 1 ? 487 : 400, "");
	}
	if (length > ATTRIBUTES_MAX)
		length = ATTRIBUTES_MAX;
	length &= ~(size_t)3;
	memcpy(bytes + writer.length, attributes, length);
	writer.length += length;
	input(at, from, bytes, stun_end(&writer, (const uint8_t *)key, strlen(key)));
}

static void drain(target *at)
{
	ice_datagram datagram;
	ice_event event;
	stun_message message;
	int socket, count = 0;
	net_address to;

	while (ice_agent_poll_datagram(at->agent, &datagram)) {
		REQUIRE(stun_read(&message, datagram.bytes, datagram.length));
		if (message.kind == STUN_REQUEST)
			memcpy(at->asked, message.id, STUN_ID);
		REQUIRE(++count < 200);
	}
	while (ice_agent_poll_event(at->agent, &event))
		REQUIRE(event.state <= ICE_FAILED);
	if (ice_agent_path(at->agent, &socket, &to))
		REQUIRE(ice_agent_accepts(at->agent, socket, &to));
	else
		REQUIRE(ice_agent_state(at->agent) != ICE_CONNECTED);
}

static void step(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	target *at = context;
	stun_message message;
	uint8_t from = length > 0 ? bytes[0] : 0;
	ice_candidate candidate = {ICE_HOST, address(from), UINT32_C(1) << (from & 31), "1",
							   from & 4 ? ICE_TCP : ICE_UDP};

	switch (kind % KINDS) {
	case RAW:
		stun_read(&message, bytes, length);
		input(at, from, bytes, length);
		break;
	case CHECK:
		input_signed(at, from, STUN_REQUEST, at->asked, bytes, length,
					 ice_agent_local_pwd(at->agent));
		break;
	case ANSWER:
		input_signed(at, from, STUN_SUCCESS, at->asked, bytes, length, PWD);
		break;
	case REFUSAL:
		input_signed(at, from, STUN_ERROR, at->asked, bytes, length, PWD);
		break;
	case CANDIDATE:
		if (from == 0xff)
			ice_agent_end_of_remote(at->agent, at->now);
		else if (from == 0xfe)
			ice_agent_set_remote(at->agent, UFRAG, PWD, length & 1, at->now);
		else
			ice_agent_add_remote(at->agent, &candidate, at->now);
		break;
	default:
		at->now += UINT64_C(40000) * from;
		ice_agent_handle_timeout(at->agent, at->now);
		break;
	}
	drain(at);
}

/* The first byte tells who controls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ice_config config = {.controlling = size > 0 && data[0] & 1};
	net_address four = {4, {10, 0, 0, 1}, 5000}, six = {6, {0x20, 0x01, [15] = 1}, 5000};

	if (size == 0)
		return 0;
	fuzz_entropy(0);
	target at = {.agent = ice_agent_create(&config), .now = 1000000};
	REQUIRE(at.agent != NULL);
	REQUIRE(ice_agent_add_local(at.agent, 0, &four) != NULL);
	REQUIRE(ice_agent_add_local(at.agent, 1, &six) != NULL);
	fuzz_steps(data + 1, size - 1, step, &at);
	ice_agent_free(at.agent);
	return 0;
}
