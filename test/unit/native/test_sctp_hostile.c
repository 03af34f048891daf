/* A peer that means harm, or is broken: packets made by hand, with the right tags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sctp_by_hand.h"

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

static void test_absurd_windows(void **state)
{
	static const uint32_t windows[] = {0, 1, 0x7fffffff, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		if (windows[i] < 1500) { /* section 3.3.2: no association with such a one */
			create(&usual);
			feed_init(windows[i]);
			assert_int_equal(us.out[PACKET_HEADER], CHUNK_ABORT);
			assert_int_equal(bytes_read32(us.out + 4), PEER_TAG);
			association_free(us.association);
		}
		establish(windows[i] < 1500 ? 1500 : windows[i]);
		sack(us.tsn - 1, windows[i], 0, NULL);
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
