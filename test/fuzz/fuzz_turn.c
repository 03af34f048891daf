/*
 * Fuzzes the TURN client and the STUN query. Bytes alone would never be an answer, so most kinds of
 * step take them as attributes of one, to what was asked last, and sign it as the server would.
 */
#include <string.h>

#include "bytes.h"
#include "crypto/md5.h"
#include "fuzz.h"
#include "ice/reflexive.h"
#include "ice/turn.h"

#define ATTRIBUTES_MAX 800

enum { RAW, SUCCESS, REFUSAL, CHALLENGE, INDICATION, CHANNEL, SEND, TIME, CLOSE, KINDS };

typedef struct {
	turn_client *client;
	reflexive_query query;
	uint64_t now;
	uint8_t asked[STUN_ID]; /* the newest request */
	uint16_t method;
	bool known; /* the server has told its realm */
	uint8_t key[MD5_SIZE];
} target;

static const net_address server = {4, {192, 0, 2, 1}, 3478};

static net_address peer(uint8_t which)
{
	net_address out = {4, {203, 0, 113, (uint8_t)(which & 15)}, 7882};

	if (which & 16)
		out = (net_address){6, {0x20, 0x01, [15] = which & 15}, 7882};
	return out;
}

static void input(target *at, const uint8_t *bytes, size_t length)
{
	uint8_t *exact = fuzz_exact(bytes, length), *data;
	size_t data_length;
	net_address from, mapped;

	if (turn_input(at->client, exact, length, &from, &data, &data_length, at->now)) {
		REQUIRE(data_length <= length && data >= exact && data + data_length <= exact + length);
		REQUIRE(from.family == 4 || from.family == 6);
	}
	reflexive_input(&at->query, 0, &server, exact, length, &mapped);
	free(exact);
}

/* An answer to the newest request, or an indication, with the step's bytes as attributes. */
static void input_message(target *at, stun_class kind, uint16_t method, const uint8_t *attributes,
						  size_t length, uint16_t code)
{
	uint8_t bytes[ATTRIBUTES_MAX + 256];
	stun_writer writer;

	stun_begin(&writer, bytes, sizeof bytes, kind, method, at->asked);
	if (code != 0)
		stun_put_error(&writer, code, "");
	if (kind == STUN_SUCCESS && method == STUN_ALLOCATE) {
		stun_put_xor_address(&writer, STUN_XOR_RELAYED_ADDRESS, &server);
		stun_put_u32(&writer, STUN_LIFETIME, length > 0 ? attributes[0] * 10u : 600);
	}
	if (length > ATTRIBUTES_MAX)
		length = ATTRIBUTES_MAX;
	length &= ~(size_t)3;
	memcpy(bytes + writer.length, attributes, length);
	writer.length += length;
	bytes_write16(bytes + 2, (uint32_t)(writer.length - STUN_HEADER));
	input(at, bytes, stun_end(&writer, at->known ? at->key : NULL, sizeof at->key));
}

/* The server's first challenge tells the realm, the others only a nonce. */
static void challenge(target *at, const uint8_t *nonce, size_t length)
{
	uint8_t bytes[1024];
	stun_writer writer;
	uint16_t code = at->known && (length == 0 || nonce[0] & 1) ? 438 : 401;

	stun_begin(&writer, bytes, sizeof bytes, STUN_ERROR, at->method, at->asked);
	stun_put_error(&writer, code, "");
	stun_put_bytes(&writer, STUN_REALM, "r", 1);
	stun_put_bytes(&writer, STUN_NONCE, nonce, length > 700 ? 700 : length);
	input(at, bytes, stun_end(&writer, NULL, 0));
	if (length <= 256)
		at->known = true;
}

static void drain(target *at)
{
	uint8_t out[TURN_MESSAGE_MAX], request[REFLEXIVE_REQUEST];
	stun_message message;
	size_t length;
	int count = 0;

	while ((length = turn_poll(at->client, out)) > 0) {
		REQUIRE(length <= sizeof out && stun_read(&message, out, length));
		REQUIRE(message.kind == STUN_REQUEST && message.has_fingerprint);
		memcpy(at->asked, message.id, STUN_ID);
		at->method = message.method;
		REQUIRE(++count <= 1 + TURN_PEERS);
	}
	if ((length = reflexive_poll(&at->query, request)) > 0)
		REQUIRE(stun_read(&message, request, length));
	if (turn_get_state(at->client) == TURN_READY) {
		net_address relayed, mapped;
		turn_addresses(at->client, &relayed, &mapped);
		REQUIRE(relayed.family != 0);
	}
	const net_address asked = {4, {192, 0, 2, 1}, 3478};
	net_address alternate;
	if (turn_alternate(at->client, &asked, 1, &alternate))
		REQUIRE(turn_get_state(at->client) == TURN_FAILED && alternate.family == 4 &&
				alternate.port != 0 && !net_address_equal(&alternate, &asked));
	REQUIRE((turn_get_state(at->client) == TURN_FAILED) == (turn_error(at->client)[0] != '\0') ||
			turn_get_state(at->client) == TURN_CLOSED);
}

static void step(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	static const uint16_t codes[] = {300, 400, 401, 403, 437, 438, 486, 440};
	target *at = context;
	uint8_t first = length > 0 ? bytes[0] : 0, out[TURN_MESSAGE_MAX];
	net_address to = peer(first);

	switch (kind % KINDS) {
	case RAW:
		input(at, bytes, length);
		break;
	case SUCCESS:
		input_message(at, STUN_SUCCESS, at->method, bytes, length, 0);
		break;
	case REFUSAL:
		input_message(at, STUN_ERROR, at->method, bytes, length, codes[first & 7]);
		break;
	case CHALLENGE:
		challenge(at, bytes, length);
		break;
	case INDICATION:
		input_message(at, STUN_INDICATION, STUN_DATA, bytes, length, 0);
		break;
	case CHANNEL:
		if (length >= 4)
			bytes[0] = 0x40 | (bytes[0] & 0x3f);
		input(at, bytes, length);
		break;
	case SEND:
		turn_reach(at->client, &to, bytes, length, at->now);
		drain(at);
		REQUIRE(turn_wrap(at->client, &to, bytes, length, out) <= sizeof out);
		break;
	case TIME:
		at->now += UINT64_C(100000) * first * first;
		turn_handle_timeout(at->client, at->now);
		reflexive_handle_timeout(&at->query, at->now);
		break;
	default:
		turn_close(at->client);
		break;
	}
	drain(at);
}

/* The first byte tells whether it is over TCP. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[] = "u:r:p";
	const uint8_t *const parts[] = {secret};
	const size_t lengths[] = {sizeof secret - 1};

	if (size == 0)
		return 0;
	fuzz_entropy(0);
	const turn_config config = {.username = "u", .password = "p", .reliable = data[0] & 1};
	target at = {.now = 1000000};
	at.client = turn_create(&config, at.now);
	REQUIRE(at.client != NULL);
	REQUIRE(reflexive_start(&at.query, 0, &server, at.now));
	md5(parts, lengths, 1, at.key);
	drain(&at);
	fuzz_steps(data + 1, size - 1, step, &at);
	turn_free(at.client);
	return 0;
}
