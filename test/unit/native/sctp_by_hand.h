/*
 * An association whose peer is the test: packets made by hand, with the right tags. One file of
 * tests includes it once, behind cmocka.h.
 */
#ifndef LKXS_TEST_SCTP_BY_HAND_H
#define LKXS_TEST_SCTP_BY_HAND_H

#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "sctp/association.h"
#include "sctp/wire.h"

#define PEER_TAG 0x11223344u
#define PEER_TSN 1000u

/* An association, and what its peer would know. */
static struct {
	sctp_association *association;
	uint64_t now;
	uint32_t tag, tsn; /* its own */
	uint8_t out[SCTP_PACKET_MAX];
	size_t length; /* of the newest packet out */
	uint32_t packets;
	uint32_t messages;
	size_t last_length;
	uint32_t streams_closed;
	bool established, closed;
	bool lazy; /* the owner takes no events */
	const char *reason;
} us;

static uint8_t packet[2000];
static size_t packet_length;

static inline void begin(uint32_t tag)
{
	memset(packet, 0, sizeof packet);
	bytes_write16(packet, 5000);
	bytes_write16(packet + 2, 5000);
	bytes_write32(packet + 4, tag);
	packet_length = PACKET_HEADER;
}

static inline uint8_t *chunk(chunk_type type, uint8_t flags, const void *value, size_t length)
{
	uint8_t *at = packet + packet_length;

	at[0] = (uint8_t)type;
	at[1] = flags;
	bytes_write16(at + 2, (uint32_t)(CHUNK_HEADER + length));
	if (length > 0)
		memcpy(at + CHUNK_HEADER, value, length);
	packet_length += CHUNK_HEADER + PAD4(length);
	return at;
}

static inline void drain(void)
{
	sctp_event event;
	size_t length;
	int count = 0;

	do {
		while (!us.lazy && association_poll_event(us.association, &event)) {
			us.streams_closed += event.type == SCTP_EVENT_STREAM_CLOSED;
			us.established |= event.type == SCTP_EVENT_ESTABLISHED;
			if (event.type == SCTP_EVENT_MESSAGE) {
				us.messages++;
				us.last_length = event.length;
			}
			if (event.type == SCTP_EVENT_CLOSED) {
				us.closed = true;
				us.reason = event.reason;
			}
			port_free(event.bytes);
		}
		length = association_poll_datagram(us.association, us.out, us.now);
		if (length > 0) {
			us.length = length;
			us.packets++;
		}
		assert_true(++count < 100);
	} while (length > 0);
}

static inline void feed(void)
{
	/* A block of its own length, for the sanitizer. */
	uint8_t *exact = malloc(packet_length);

	memcpy(exact, packet, packet_length);
	association_input(us.association, exact, packet_length, us.now);
	free(exact);
	drain();
}

static inline void pass(uint64_t microseconds)
{
	uint64_t until = us.now + microseconds;

	while (association_timeout(us.association) <= until) {
		us.now = association_timeout(us.association);
		association_handle_timeout(us.association, us.now);
		drain();
	}
	us.now = until;
}

static inline void feed_init(uint32_t window)
{
	uint8_t init[16] = {0};

	bytes_write32(init, PEER_TAG);
	bytes_write32(init + 4, window);
	bytes_write16(init + 8, 100);
	bytes_write16(init + 10, 100);
	bytes_write32(init + 12, PEER_TSN);
	begin(0);
	chunk(CHUNK_INIT, 0, init, sizeof init);
	feed();
}

/* The state cookie of the INIT ACK that came out last. */
static inline const uint8_t *cookie_of_answer(size_t *length)
{
	sctp_items items = {us.out + PACKET_HEADER + INIT_HEADER, us.out + us.length};
	sctp_item parameter;
	bool malformed;

	*length = 0;
	assert_int_equal(us.out[PACKET_HEADER], CHUNK_INIT_ACK);
	us.tag = bytes_read32(us.out + PACKET_HEADER + 4);
	us.tsn = bytes_read32(us.out + PACKET_HEADER + 16);
	while (sctp_next_parameter(&items, &parameter, &malformed)) {
		if (parameter.type == PARAMETER_STATE_COOKIE) {
			*length = parameter.length;
			return parameter.value;
		}
	}
	fail();
	return NULL;
}

static inline void create(const sctp_config *config)
{
	memset(&us, 0, sizeof us);
	us.now = 1000000;
	us.association = association_create(config);
	assert_non_null(us.association);
}

static const sctp_config usual = {
	.send_buffer = 30000, .receive_buffer = 30000, .max_message = 10000};

static inline void establish(uint32_t window)
{
	size_t length;

	create(&usual);
	feed_init(window);
	const uint8_t *cookie = cookie_of_answer(&length);

	begin(us.tag);
	chunk(CHUNK_COOKIE_ECHO, 0, cookie, length);
	feed();
	assert_true(us.established);
}

static inline sctp_stats stats(void)
{
	sctp_stats out;

	association_get_stats(us.association, &out);
	return out;
}

static inline void data(uint32_t tsn, uint8_t flags, uint16_t stream, uint16_t ssn, size_t length)
{
	static uint8_t value[1400];

	bytes_write32(value, tsn);
	bytes_write16(value + 4, stream);
	bytes_write16(value + 6, ssn);
	bytes_write32(value + 8, 53);
	chunk(CHUNK_DATA, flags, value, 12 + length);
}

static inline void feed_data(uint32_t tsn, uint8_t flags, uint16_t stream, uint16_t ssn,
							 size_t length)
{
	begin(us.tag);
	data(tsn, flags, stream, ssn, length);
	feed();
}

#define WHOLE (DATA_BEGIN | DATA_END)

/* The association goes on: an ordered message, its TSN `tsn`, comes up. */
static inline void assert_alive(uint32_t tsn)
{
	uint32_t before = us.messages;

	feed_data(tsn, WHOLE | DATA_UNORDERED, 5, 0, 77);
	assert_int_equal(us.messages, before + 1);
	assert_int_equal(us.last_length, 77);
	assert_false(us.closed);
}

static inline void sack(uint32_t tsn, uint32_t window, uint16_t gaps, const uint16_t *blocks)
{
	uint8_t value[200] = {0};

	bytes_write32(value, tsn);
	bytes_write32(value + 4, window);
	bytes_write16(value + 8, gaps);
	for (uint16_t i = 0; i < 2 * gaps; i++)
		bytes_write16(value + 12 + 2 * i, blocks[i]);
	begin(us.tag);
	chunk(CHUNK_SACK, 0, value, 12 + 4u * gaps);
	feed();
}

static inline sctp_send_result say(size_t length)
{
	static const uint8_t bytes[10000];
	const sctp_message message = {.stream = 1, .ppid = 53, .bytes = bytes, .length = length};
	sctp_send_result result = association_send(us.association, &message, us.now);

	drain();
	return result;
}

#endif
