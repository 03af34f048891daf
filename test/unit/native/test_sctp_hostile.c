/* A peer that means harm, or is broken: packets made by hand, with the right tags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	bool established, closed;
	const char *reason;
} us;

static uint8_t packet[2000];
static size_t packet_length;

static void begin(uint32_t tag)
{
	memset(packet, 0, sizeof packet);
	bytes_write16(packet, 5000);
	bytes_write16(packet + 2, 5000);
	bytes_write32(packet + 4, tag);
	packet_length = PACKET_HEADER;
}

static uint8_t *chunk(chunk_type type, uint8_t flags, const void *value, size_t length)
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

static void drain(void)
{
	sctp_event event;
	size_t length;
	int count = 0;

	do {
		while (association_poll_event(us.association, &event)) {
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

static void feed(void)
{
	/* A block of its own length, for the sanitizer. */
	uint8_t *exact = malloc(packet_length);

	memcpy(exact, packet, packet_length);
	association_input(us.association, exact, packet_length, us.now);
	free(exact);
	drain();
}

static void pass(uint64_t microseconds)
{
	uint64_t until = us.now + microseconds;

	while (association_timeout(us.association) <= until) {
		us.now = association_timeout(us.association);
		association_handle_timeout(us.association, us.now);
		drain();
	}
	us.now = until;
}

static void feed_init(uint32_t window)
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
static const uint8_t *cookie_of_answer(size_t *length)
{
	sctp_items items = {us.out + PACKET_HEADER + INIT_HEADER, us.out + us.length};
	sctp_item parameter;
	bool malformed;

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

static void create(const sctp_config *config)
{
	memset(&us, 0, sizeof us);
	us.now = 1000000;
	us.association = association_create(config);
	assert_non_null(us.association);
}

static const sctp_config usual = {
	.send_buffer = 30000, .receive_buffer = 30000, .max_message = 10000};

static void establish(uint32_t window)
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

static sctp_stats stats(void)
{
	sctp_stats out;

	association_get_stats(us.association, &out);
	return out;
}

static void data(uint32_t tsn, uint8_t flags, uint16_t stream, uint16_t ssn, size_t length)
{
	static uint8_t value[1400];

	bytes_write32(value, tsn);
	bytes_write16(value + 4, stream);
	bytes_write16(value + 6, ssn);
	bytes_write32(value + 8, 53);
	chunk(CHUNK_DATA, flags, value, 12 + length);
}

static void feed_data(uint32_t tsn, uint8_t flags, uint16_t stream, uint16_t ssn, size_t length)
{
	begin(us.tag);
	data(tsn, flags, stream, ssn, length);
	feed();
}

#define WHOLE (DATA_BEGIN | DATA_END)

/* The association goes on: an ordered message, its TSN `tsn`, comes up. */
static void assert_alive(uint32_t tsn)
{
	uint32_t before = us.messages;

	feed_data(tsn, WHOLE | DATA_UNORDERED, 5, 0, 77);
	assert_int_equal(us.messages, before + 1);
	assert_int_equal(us.last_length, 77);
	assert_false(us.closed);
}

static void test_forged_cookies(void **state)
{
	uint8_t cookie[200];
	size_t length;

	(void)state;
	create(&usual);
	feed_init(100000);
	const uint8_t *original = cookie_of_answer(&length);

	assert_true(length <= sizeof cookie - 1);
	memset(cookie, 0, sizeof cookie);
	memcpy(cookie, original, length);
	for (size_t i = 0; i < length; i++) {
		begin(us.tag);
		cookie[i] ^= 1;
		chunk(CHUNK_COOKIE_ECHO, 0, cookie, length);
		cookie[i] ^= 1;
		feed();
	}
	for (size_t cut = 0; cut < length; cut++) {
		begin(us.tag);
		chunk(CHUNK_COOKIE_ECHO, 0, cookie, cut);
		feed();
	}
	begin(us.tag);
	chunk(CHUNK_COOKIE_ECHO, 0, cookie, length + 1);
	feed();
	begin(us.tag + 1); /* genuine, in a packet for another association */
	chunk(CHUNK_COOKIE_ECHO, 0, cookie, length);
	feed();
	assert_int_equal(stats().dropped_cookie, 2 * length + 2);
	assert_false(us.established);
	assert_int_equal(us.packets, 1);

	pass(61000000); /* section 5.1.5: stale, which is said */
	begin(us.tag);
	chunk(CHUNK_COOKIE_ECHO, 0, cookie, length);
	feed();
	assert_false(us.established);
	assert_int_equal(us.out[PACKET_HEADER], CHUNK_ERROR);
	assert_int_equal(us.out[PACKET_HEADER + 5], CAUSE_STALE_COOKIE);
	feed_init(100000);
	original = cookie_of_answer(&length);
	memcpy(cookie, original, length);
	begin(us.tag);
	chunk(CHUNK_COOKIE_ECHO, 0, cookie, length);
	feed();
	assert_true(us.established);
	feed(); /* again, as when COOKIE ACK is lost */
	assert_int_equal(us.out[PACKET_HEADER], CHUNK_COOKIE_ACK);
	assert_alive(PEER_TSN);
	association_free(us.association);
}

static void test_wrong_tags(void **state)
{
	static const uint8_t value[40] = {0};

	(void)state;
	establish(100000);
	for (int type = 0; type < 256; type++) {
		begin(us.tag ^ 0x80);
		chunk((chunk_type)type, 0, value, type == CHUNK_INIT ? 16 : sizeof value);
		feed();
		begin(0);
		chunk((chunk_type)type, TAG_REFLECTED, value, type == CHUNK_INIT ? 16 : sizeof value);
		feed();
	}
	assert_alive(PEER_TSN);
	assert_true(stats().dropped_tag > 500);
	association_free(us.association);
}

static void test_wrong_checksum_and_ports(void **state)
{
	(void)state;
	establish(100000);
	begin(us.tag);
	data(PEER_TSN, WHOLE, 1, 0, 10);
	bytes_write32(packet + 8, sctp_crc32c(packet, packet_length) ^ 1);
	feed();
	assert_int_equal(stats().dropped_checksum, 1);
	bytes_write32(packet + 8, 0);
	packet[1]++;
	feed();
	assert_int_equal(us.messages, 0);
	packet[1]--;
	bytes_write32(packet + 8, sctp_crc32c(packet, packet_length));
	feed();
	assert_int_equal(us.messages, 1);
	association_free(us.association);
}

/* Lengths of zero and other lies, in every kind of chunk. */
static void test_wrong_lengths(void **state)
{
	uint32_t tsn = PEER_TSN;

	(void)state;
	for (size_t length = 0; length < 16; length++) {
		establish(100000);
		begin(us.tag);
		packet_length = length;
		feed();
		assert_alive(PEER_TSN);
		association_free(us.association);
	}
	establish(100000);
	for (int type = 0; type < 256; type++) {
		for (uint32_t length = 0; length < 28; length++) {
			if (type == CHUNK_ABORT || (type == CHUNK_DATA && length == 16) ||
				(type == CHUNK_SHUTDOWN && length >= 8) || (type == CHUNK_SACK && length >= 16))
				continue; /* legal, and able to end it: the last two acknowledge TSN 0 */
			begin(us.tag);
			chunk((chunk_type)type, 0, NULL, 0);
			bytes_write16(packet + PACKET_HEADER + 2, length);
			packet_length += 20;
			feed();
			if (us.closed)
				fail_msg("chunk %d of %u bytes: %s", type, length, us.reason);
		}
	}
	/* Some of those were DATA with TSN 0 far off: none of them counts. */
	assert_alive(tsn);
	begin(us.tag);
	data(tsn + 1, WHOLE, 1, 0, 0); /* section 6.2: no user data ends it */
	feed();
	assert_true(us.closed);
	assert_int_equal(us.out[PACKET_HEADER], CHUNK_ABORT);
	assert_int_equal(us.out[PACKET_HEADER + 5], CAUSE_NO_USER_DATA);
	association_free(us.association);
}

static void sack(uint32_t tsn, uint32_t window, uint16_t gaps, const uint16_t *blocks)
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

static sctp_send_result say(size_t length)
{
	static const uint8_t bytes[10000];
	const sctp_message message = {.stream = 1, .ppid = 53, .bytes = bytes, .length = length};
	sctp_send_result result = association_send(us.association, &message, us.now);

	drain();
	return result;
}

static void test_absurd_windows(void **state)
{
	static const uint32_t windows[] = {0, 1, 0x7fffffff, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		establish(windows[i]);
		assert_int_equal(say(10000), SCTP_SENT);
		uint32_t before = us.packets;

		pass(10000000);
		for (uint32_t tsn = us.tsn; tsn < us.tsn + 9; tsn++) { /* one at a time */
			sack(tsn, windows[i], 0, NULL);
			pass(1000000);
		}
		assert_in_range(us.packets - before, 1, 60);
		assert_alive(PEER_TSN);
		assert_int_equal(say(1), SCTP_SENT);
		association_free(us.association);
	}
}

static void test_absurd_sacks(void **state)
{
	static const uint16_t blocks[][4] = {{0, 0, 0, 0},         {5, 2, 1, 1}, {2, 65535, 0, 0},
										 {65535, 65535, 1, 2}, {2, 3, 2, 3}, {3, 3, 2, 2}};

	(void)state;
	establish(100000);
	say(10000);
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		sack(us.tsn - 1, 100000, 2, blocks[i]);
		sack(us.tsn - 100, 100000, 2, blocks[i]); /* old */
		begin(us.tag);                            /* counts more blocks than there are */
		memset(chunk(CHUNK_SACK, 0, NULL, 0) + 4, 0, 16);
		bytes_write16(packet + PACKET_HEADER + 2, 16);
		bytes_write32(packet + PACKET_HEADER + 4, us.tsn - 1);
		bytes_write16(packet + PACKET_HEADER + 12, 65535);
		packet_length += 12;
		feed();
	}
	assert_alive(PEER_TSN);
	sack(us.tsn + 1000, 100000, 0, NULL); /* what was never sent */
	assert_true(us.closed);
	assert_int_equal(us.out[PACKET_HEADER], CHUNK_ABORT);
	assert_int_equal(us.out[PACKET_HEADER + 5], CAUSE_PROTOCOL_VIOLATION);
	association_free(us.association);
}

/* Messages that never end, cut into single bytes, with holes: bounded, and others come. */
static void test_endless_messages(void **state)
{
	(void)state;
	establish(100000);
	size_t held = port_memory_of(PORT_SCTP).current;
	uint32_t tsn = PEER_TSN;

	feed_data(tsn++, DATA_BEGIN, 1, 0, 1);
	for (int i = 0; i < 20000; i++)
		feed_data(tsn++, 0, 1, 0, 1);
	assert_int_equal(port_memory_of(PORT_SCTP).current, held);
	assert_int_equal(stats().refused, 1);
	assert_int_equal(us.messages, 0);
	feed_data(tsn++, DATA_END, 1, 0, 1);
	assert_alive(tsn++);
	feed_data(tsn++, WHOLE, 1, 1, 9); /* the stream goes on */
	assert_int_equal(us.last_length, 9);

	/* Over the cap in large pieces. */
	feed_data(tsn++, DATA_BEGIN, 1, 2, 1300);
	for (int i = 0; i < 1000; i++)
		feed_data(tsn++, 0, 1, 2, 1300);
	assert_int_equal(stats().refused, 2);
	assert_alive(tsn++);
	assert_int_equal(port_memory_of(PORT_SCTP).current, held);
	association_free(us.association);
}

/* Nothing but gaps: all room goes to what can never be put together, yet order goes on. */
static void test_gaps_take_no_room_from_order(void **state)
{
	(void)state;
	establish(100000);
	for (uint32_t i = 3; i < 4000; i += 2) /* whole, but never their turn */
		feed_data(PEER_TSN + i, WHOLE, (uint16_t)(i / 2 % 64), 1, 1000);
	assert_int_equal(us.messages, 0);
	assert_true(stats().dropped_no_room > 1900);
	assert_alive(PEER_TSN);
	assert_alive(PEER_TSN + 1);
	association_free(us.association);
}

/* Random chunks of every kind, well-formed outside and wild inside. */
static void test_chunk_floods(void **state)
{
	static const uint8_t types[] = {CHUNK_DATA,
									CHUNK_SACK,
									CHUNK_HEARTBEAT,
									CHUNK_RE_CONFIG,
									CHUNK_FORWARD_TSN,
									CHUNK_ERROR,
									CHUNK_COOKIE_ACK,
									CHUNK_HEARTBEAT_ACK,
									77,
									200};
	uint32_t random = 1;
	int ended = 0;

	(void)state;
	for (int round = 0; round < 60; round++) {
		establish(100000);
		size_t held = port_memory_of(PORT_SCTP).current;

		for (int i = 0; i < 500 && !us.closed; i++) {
			begin(us.tag);
			for (int j = 0; j < 20; j++) {
				uint8_t value[60];

				for (size_t k = 0; k < sizeof value; k++)
					value[k] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
				uint8_t type = types[(random >> 16) % sizeof types];

				if (type == CHUNK_DATA)
					bytes_write32(value, PEER_TSN + (random >> 8) % 300);
				if (type == CHUNK_FORWARD_TSN)
					bytes_write32(value, PEER_TSN + (random >> 8) % 40);
				if (type == CHUNK_SACK)
					bytes_write32(value, us.tsn - 1);
				if (type == CHUNK_RE_CONFIG)
					bytes_write32(value, 0x000d0000 | (random >> 8) % 60);
				chunk((chunk_type)type, (uint8_t)(random >> 10), value, 16 + random % 44);
			}
			feed();
			pass(1000);
		}
		ended += us.closed;
		assert_int_equal(port_memory_of(PORT_SCTP).current, held);
		association_free(us.association);
	}
	print_message("%d of 60 ended\n", ended);
}

/* INITs by the thousand: one answer each at most, and an association that stands is not moved. */
static void test_init_flood(void **state)
{
	(void)state;
	establish(100000);
	uint32_t before = us.packets;
	size_t held = port_memory_of(PORT_SCTP).current;

	for (uint32_t i = 0; i < 5000; i++)
		feed_init(i);
	assert_in_range(us.packets - before, 0, 5000);
	assert_int_equal(port_memory_of(PORT_SCTP).current, held);
	assert_alive(PEER_TSN);
	association_free(us.association);
}

/* A FORWARD TSN to the other end of the number space. */
static void test_forward_tsn_far(void **state)
{
	static const uint32_t jumps[] = {1, 100, 5000, 100000, 0x7ffffffe};
	uint32_t tsn = PEER_TSN;

	(void)state;
	establish(100000);
	for (size_t i = 0; i < 5; i++) {
		uint8_t value[12] = {0};

		feed_data(tsn + 1, DATA_BEGIN, 1, 0, 100); /* a part that stays behind */
		bytes_write32(value, tsn + jumps[i]);
		bytes_write32(value + 4, 0x00010000u + (uint32_t)i);
		bytes_write32(value + 8, 0xffffffff);
		begin(us.tag);
		chunk(CHUNK_FORWARD_TSN, 0, value, sizeof value);
		feed();
		tsn += jumps[i] + 1;
		assert_alive(tsn++);
	}
	association_free(us.association);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forged_cookies),
		cmocka_unit_test(test_wrong_tags),
		cmocka_unit_test(test_wrong_checksum_and_ports),
		cmocka_unit_test(test_wrong_lengths),
		cmocka_unit_test(test_absurd_windows),
		cmocka_unit_test(test_absurd_sacks),
		cmocka_unit_test(test_endless_messages),
		cmocka_unit_test(test_gaps_take_no_room_from_order),
		cmocka_unit_test(test_chunk_floods),
		cmocka_unit_test(test_init_flood),
		cmocka_unit_test(test_forward_tsn_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
