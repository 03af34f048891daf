/*
 * Fuzzes the association and DCEP above it. The input is a list of steps: a kind, two bytes of
 * length, and that many bytes. A packet's header is written here, with the right tag; chunks come
 * from the input, raw or with TSNs near those that count. State cookies are the association's own.
 *
 * The seeds are what one of two associations of ours says to the other: see seeds_sctp.c.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "sctp/dcep.h"
#include "sctp/wire.h"

#define REQUIRE(condition) ((condition) ? (void)0 : abort())
#define STEPS_MAX 300
#define MEMORY_MAX 200000
#define PACKET_MAX 1460

typedef enum {
	STEP_CHUNKS, /* any chunks */
	STEP_NEAR,   /* one chunk of its first byte's type, its first TSN taken as an offset */
	STEP_INIT,
	STEP_COOKIE, /* the newest one, changed by the step's bytes */
	STEP_TIME,
	STEP_OWNER, /* opens, sends, closes, polls not */
	STEP_RAW,   /* a packet with its header */
	STEPS
} step_kind;

typedef struct {
	sctp_association *association;
	dcep *channels;
	uint64_t now;
	uint32_t tag, tsn, peer_tsn;
	uint8_t cookie[256];
	size_t cookie_length;
	bool lazy; /* does not poll events */
} target;

static void learn(target *at, const uint8_t *packet, size_t length)
{
	sctp_items items = {packet + PACKET_HEADER, packet + length};
	sctp_item chunk, parameter;
	bool malformed;

	while (sctp_next_chunk(&items, &chunk, &malformed)) {
		REQUIRE(chunk.length <= SCTP_PACKET_MAX);
		if (chunk.type != CHUNK_INIT && chunk.type != CHUNK_INIT_ACK)
			continue;
		at->tag = bytes_read32(chunk.value);
		at->tsn = bytes_read32(chunk.value + 12);
		sctp_items parameters = {chunk.value + 16, chunk.value + chunk.length};

		while (sctp_next_parameter(&parameters, &parameter, &malformed)) {
			if (parameter.type != PARAMETER_STATE_COOKIE)
				continue;
			REQUIRE(parameter.length <= sizeof at->cookie);
			memcpy(at->cookie, parameter.value, parameter.length);
			at->cookie_length = parameter.length;
		}
	}
	REQUIRE(!malformed);
}

static void drain(target *at)
{
	uint8_t packet[SCTP_PACKET_MAX];
	dcep_event event;
	size_t length;
	int count = 0;

	while (!at->lazy && dcep_poll_event(at->channels, &event, at->now)) {
		REQUIRE(event.channel < DCEP_CHANNELS);
		if (event.type == DCEP_EVENT_MESSAGE)
			REQUIRE(event.length <= 5000 && (event.bytes != NULL) == (event.length > 0));
		port_free(event.bytes);
		REQUIRE(++count < 2000);
	}
	while ((length = association_poll_datagram(at->association, packet, at->now)) > 0) {
		REQUIRE(length <= SCTP_PACKET_MAX);
		learn(at, packet, length);
		REQUIRE(++count < 2000);
	}
	REQUIRE(port_memory_of(PORT_SCTP).current < MEMORY_MAX);
}

static void input(target *at, uint32_t tag, const uint8_t *chunks, size_t length)
{
	uint8_t *exact = malloc(PACKET_HEADER + length);

	REQUIRE(exact != NULL);
	bytes_write16(exact, 5000);
	bytes_write16(exact + 2, 5000);
	bytes_write32(exact + 4, tag);
	bytes_write32(exact + 8, 0);
	if (length > 0)
		memcpy(exact + PACKET_HEADER, chunks, length);
	association_input(at->association, exact, PACKET_HEADER + length, at->now);
	free(exact);
}

static void near_chunk(target *at, const uint8_t *bytes, size_t length)
{
	uint8_t chunk[PACKET_MAX] = {0};

	if (length < 8)
		return;
	memcpy(chunk, bytes, length);
	bytes_write16(chunk + 2, (uint32_t)length);
	bytes_write32(chunk + 4,
				  (chunk[0] == CHUNK_SACK || chunk[0] == CHUNK_SHUTDOWN ? at->tsn : at->peer_tsn) +
					  (uint32_t)(int32_t)(int16_t)bytes_read16(bytes + 6));
	input(at, at->tag, chunk, PAD4(length));
}

static void init(target *at, const uint8_t *bytes, size_t length)
{
	uint8_t chunk[PACKET_MAX] = {CHUNK_INIT};

	if (length > PACKET_MAX - 20)
		return;
	bytes_write32(chunk + 4, 0x01020304);
	bytes_write32(chunk + 8, length > 0 ? bytes[0] * 1000u : 0);
	bytes_write16(chunk + 12, 64);
	bytes_write16(chunk + 14, 64);
	bytes_write32(chunk + 16, at->peer_tsn);
	if (length > 0)
		memcpy(chunk + 20, bytes, length); /* parameters */
	bytes_write16(chunk + 2, (uint32_t)(20 + length));
	input(at, 0, chunk, PAD4(20 + length));
}

static void cookie(target *at, const uint8_t *bytes, size_t length)
{
	uint8_t chunk[300] = {CHUNK_COOKIE_ECHO};

	memcpy(chunk + 4, at->cookie, at->cookie_length);
	bytes_write16(chunk + 2, (uint32_t)(4 + at->cookie_length));
	if (length >= 2 && at->cookie_length > 0)
		chunk[4 + bytes[0] % at->cookie_length] ^= bytes[1];
	input(at, at->tag, chunk, PAD4(4 + at->cookie_length));
}

static void owner(target *at, const uint8_t *bytes, size_t length)
{
	static const uint8_t payload[6000];
	uint8_t what = length > 0 ? bytes[0] : 0, number = length > 1 ? bytes[1] : 0;
	dcep_options options = {.label = "fuzz",
							.unordered = number & 1,
							.reliability = (sctp_reliability)(number / 2 % 3),
							.limit = number};

	switch (what % 8) {
	case 0:
		dcep_open(at->channels, &options, at->now);
		break;
	case 1:
	case 2:
		dcep_send(at->channels, number % DCEP_CHANNELS, payload, number * 23u, number & 1, at->now);
		break;
	case 3:
		dcep_close(at->channels, number % DCEP_CHANNELS, at->now);
		break;
	case 4:
		at->lazy = !at->lazy;
		break;
	case 5:
		dcep_connect(at->channels, number & 1, at->now);
		break;
	case 6:
		if (number == 7)
			association_shutdown(at->association, at->now);
		break;
	default:
		association_reset_stream(at->association, number, at->now);
	}
}

static void step(target *at, step_kind kind, const uint8_t *bytes, size_t length)
{
	switch (kind) {
	case STEP_CHUNKS:
		input(at, at->tag, bytes, length);
		break;
	case STEP_NEAR:
		near_chunk(at, bytes, length);
		break;
	case STEP_INIT:
		init(at, bytes, length);
		break;
	case STEP_COOKIE:
		cookie(at, bytes, length);
		break;
	case STEP_TIME:
		at->now += length > 0 ? UINT64_C(50000) * bytes[0] : 0;
		association_handle_timeout(at->association, at->now);
		break;
	case STEP_OWNER:
		owner(at, bytes, length);
		break;
	default:
		if (length >= PACKET_HEADER)
			input(at, bytes_read32(bytes), bytes + PACKET_HEADER, length - PACKET_HEADER);
	}
	drain(at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const sctp_config config = {.send_buffer = 20000, .receive_buffer = 20000, .max_message = 5000};
	target at = {
		.association = association_create(&config), .now = 1000000, .peer_tsn = 0xfffffff0};

	REQUIRE(at.association != NULL);
	at.channels = dcep_create(at.association);
	REQUIRE(at.channels != NULL);
	for (size_t i = 0, steps = 0; i + 3 <= size && steps < STEPS_MAX; steps++) {
		step_kind kind = (step_kind)(data[i] % STEPS);
		size_t length = bytes_read16(data + i + 1) % PACKET_MAX;

		i += 3;
		if (length > size - i)
			length = size - i;
		step(&at, kind, data + i, length);
		i += length;
	}
	dcep_free(at.channels);
	association_free(at.association);
	REQUIRE(port_memory_of(PORT_SCTP).current == 0);
	return 0;
}
