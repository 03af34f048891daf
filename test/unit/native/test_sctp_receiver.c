/* What RFC 9260 and its companions ask of a receiver: when it answers, and with what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sctp_by_hand.h"

/* The value of a chunk of a type that came out since `before`; NULL without. */
static const uint8_t *said(uint8_t type, uint32_t before)
{
	return us.packets > before && us.out[PACKET_HEADER] == type
			   ? us.out + PACKET_HEADER + CHUNK_HEADER
			   : NULL;
}

/* Section 6.2: every second packet at once, a single one within 200 ms. */
static void acknowledges_every_second_packet(void **state)
{
	(void)state;
	establish(100000);
	uint32_t before = us.packets;

	feed_data(PEER_TSN, WHOLE, 1, 0, 10);
	assert_int_equal(us.packets, before);
	feed_data(PEER_TSN + 1, WHOLE, 1, 1, 10);
	const uint8_t *sack = said(CHUNK_SACK, before);

	assert_non_null(sack);
	assert_int_equal(bytes_read32(sack), PEER_TSN + 1);
	before = us.packets;
	feed_data(PEER_TSN + 2, WHOLE, 1, 2, 10);
	pass(199000);
	assert_int_equal(us.packets, before);
	pass(1000);
	assert_non_null(said(CHUNK_SACK, before));
	association_free(us.association);
}

/* RFC 7053, now section 3.3.1: the I bit. */
static void acknowledges_at_once_on_wish(void **state)
{
	(void)state;
	establish(100000);
	uint32_t before = us.packets;

	feed_data(PEER_TSN, WHOLE | DATA_IMMEDIATE, 1, 0, 10);
	assert_non_null(said(CHUNK_SACK, before));
	association_free(us.association);
}

/* Section 6.7 and 3.3.4: gaps and duplicates are told at once, as they are. */
static void tells_gaps_and_duplicates(void **state)
{
	(void)state;
	establish(100000);
	feed_data(PEER_TSN, WHOLE, 1, 0, 10);
	uint32_t before = us.packets;

	feed_data(PEER_TSN + 2, WHOLE | DATA_UNORDERED, 1, 0, 10);
	feed_data(PEER_TSN + 3, WHOLE | DATA_UNORDERED, 1, 0, 10);
	feed_data(PEER_TSN + 5, WHOLE | DATA_UNORDERED, 1, 0, 10);
	feed_data(PEER_TSN + 3, WHOLE | DATA_UNORDERED, 1, 0, 10);
	assert_int_equal(us.packets, before + 4);
	static const uint8_t rest[] = {0, 2, 0, 1, 0, 2, 0, 3, 0, 5, 0, 5};
	const uint8_t *sack = said(CHUNK_SACK, before);

	assert_non_null(sack);
	assert_int_equal(bytes_read32(sack), PEER_TSN);
	assert_memory_equal(sack + 8, rest, sizeof rest);
	assert_int_equal(bytes_read32(sack + 8 + sizeof rest), PEER_TSN + 3);
	feed_data(PEER_TSN + 6, WHOLE, 1, 1, 10); /* a duplicate is told once */
	assert_int_equal(bytes_read16(said(CHUNK_SACK, before) + 10), 0);
	assert_int_equal(stats().duplicates, 1);
	association_free(us.association);
}

/* Section 6.2: who was told of no room hears of it when there is some. */
static void tells_of_room(void **state)
{
	uint32_t tsn = PEER_TSN;
	uint16_t ssn = 0;

	(void)state;
	establish(100000);
	us.lazy = true; /* the owner takes nothing */
	while (stats().dropped_no_room == 0)
		feed_data(tsn++, WHOLE, 1, ssn++, 1300);
	const uint8_t *sack = said(CHUNK_SACK, 0);

	assert_non_null(sack);
	assert_true(bytes_read32(sack + 4) < 1300);
	uint32_t before = us.packets;

	us.lazy = false;
	drain();
	sack = said(CHUNK_SACK, before);
	assert_non_null(sack);
	assert_true(bytes_read32(sack + 4) > 20000);
	association_free(us.association);
}

/* RFC 6525 section 5.2.2: when all that was sent before has come, and not earlier. */
static void resets_a_stream_behind_its_data(void **state)
{
	uint8_t request[20] = {0, PARAMETER_OUTGOING_RESET, 0, 18};

	(void)state;
	establish(100000);
	bytes_write32(request + 4, PEER_TSN);
	bytes_write32(request + 12, PEER_TSN + 1); /* the last TSN before it */
	request[17] = 1;
	feed_data(PEER_TSN, WHOLE, 1, 0, 10);
	uint32_t before = us.packets;

	begin(us.tag);
	chunk(CHUNK_RE_CONFIG, 0, request, 18);
	feed();
	const uint8_t *response = said(CHUNK_RE_CONFIG, before);

	assert_non_null(response);
	assert_int_equal(bytes_read32(response + 8), 6); /* in progress */
	assert_int_equal(us.streams_closed, 0);
	feed_data(PEER_TSN + 1, WHOLE, 1, 1, 10);
	assert_int_equal(us.messages, 2);
	assert_int_equal(us.streams_closed, 1);
	feed_data(PEER_TSN + 2, WHOLE, 1, 0, 10); /* numbered anew */
	assert_int_equal(us.messages, 3);
	before = us.packets;
	begin(us.tag);
	chunk(CHUNK_RE_CONFIG, 0, request, 18);
	feed();
	assert_int_equal(us.streams_closed, 1); /* and done once */
	association_free(us.association);
}

/* Section 6.3.1 C5, Karn's rule: what was sent twice does not measure a round trip. */
static void retransmissions_measure_nothing(void **state)
{
	(void)state;
	establish(100000);
	say(100);
	pass(2000000);
	assert_true(stats().retransmitted >= 1);
	sack(us.tsn, 100000, 0, NULL);
	assert_int_equal(stats().round_trip, 0);
	say(100);
	pass(30000);
	sack(us.tsn + 1, 100000, 0, NULL);
	assert_int_equal(stats().round_trip, 30000);
	association_free(us.association);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acknowledges_every_second_packet),
		cmocka_unit_test(acknowledges_at_once_on_wish),
		cmocka_unit_test(tells_gaps_and_duplicates),
		cmocka_unit_test(tells_of_room),
		cmocka_unit_test(resets_a_stream_behind_its_data),
		cmocka_unit_test(retransmissions_measure_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
