/* What RFC 9260 and its companions ask of a sender and of who answers, rule by rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sctp_by_hand.h"

#define CHUNK_MAX 1176 /* RFC 9260's PMDCS: a packet's room for chunks */
#define FULL 1160      /* bytes of a message in one of those */

/* The chunk of a type in the newest packet out; NULL without. */
static const uint8_t *find_chunk(uint8_t type)
{
	sctp_items items = {us.out + PACKET_HEADER, us.out + us.length};
	sctp_item item;
	bool malformed;

	while (sctp_next_chunk(&items, &item, &malformed))
		if (item.type == type)
			return item.value;
	return NULL;
}

static uint32_t newest_tsn(void)
{
	sctp_items items = {us.out + PACKET_HEADER, us.out + us.length};
	sctp_item item;
	bool malformed;
	uint32_t tsn = 0;

	while (sctp_next_chunk(&items, &item, &malformed))
		if (item.type == CHUNK_DATA)
			tsn = bytes_read32(item.value);
	return tsn;
}

/* ---- Congestion ---- */

/* Section 7.2.1: once per RTO of a pause the window is halved, to four packets. */
static void the_window_shrinks_in_a_pause(void **state)
{
	(void)state;
	establish(1000000);
	uint32_t acked = us.tsn - 1;

	for (int i = 0; i < 30; i++) {
		while (say(10000) == SCTP_SENT)
			;
		sack(acked += 2, 1000000, 0, NULL);
	}
	while (acked != newest_tsn())
		sack(acked = newest_tsn(), 1000000, 0, NULL);
	uint32_t before = stats().cwnd;

	assert_true(before > 8 * CHUNK_MAX);
	pass(300000); /* less than an RTO */
	say(1);
	assert_int_equal(stats().cwnd, before);
	sack(newest_tsn(), 1000000, 0, NULL);
	pass(500000);
	say(1);
	assert_int_equal(stats().cwnd, before / 2);
	sack(newest_tsn(), 1000000, 0, NULL);
	pass(20000000);
	say(1);
	assert_int_equal(stats().cwnd, 4 * CHUNK_MAX);
	association_free(us.association);
}

/* Sections 6.3.3 and 7.2.3; that it is two packets and not one is ours. */
static void after_a_timeout_two_packets_fly(void **state)
{
	(void)state;
	establish(1000000);
	say(10000);
	assert_int_equal(us.packets, 2 + 4); /* INIT ACK, COOKIE ACK; min(4 MTU, 4404) */
	pass(510000);
	assert_int_equal(stats().timeouts, 1);
	assert_int_equal(us.packets, 2 + 4 + 2);
	assert_int_equal(stats().cwnd, 2 * CHUNK_MAX);
	pass(980000); /* the RTO has doubled */
	assert_int_equal(us.packets, 2 + 4 + 2);
	pass(20000);
	assert_int_equal(us.packets, 2 + 4 + 2 + 2);
	association_free(us.association);
}

/* Headers count: what is outstanding is chunks, not bytes of messages. */
static void tiny_messages_fill_the_window_too(void **state)
{
	(void)state;
	establish(1000000);
	for (int i = 0; i < 400; i++)
		say(1);
	/* 20 bytes each. The burst may end it before the window does: the peer is heard meanwhile. */
	for (int i = 0; i < 10; i++)
		sack(us.tsn - 1, 1000000, 0, NULL);
	assert_int_equal(newest_tsn() + 1 - us.tsn, (4404 + 19) / 20);
	association_free(us.association);
}

/* Section 7.2.4, 4: three reports send a chunk again, once, and T3 is begun anew for the earliest.
 */
static void fast_retransmission_of_others_does_not_put_t3_off(void **state)
{
	uint32_t t;

	(void)state;
	establish(1000000);
	t = us.tsn;
	say(8 * FULL + 720); /* t to t + 8 */
	assert_int_equal(newest_tsn(), t + 3);
	for (uint16_t end = 2; end <= 4; end++) {
		pass(10000);
		sack(t - 1, 1000000, 1, (uint16_t[]){2, end});
	}
	assert_int_equal(stats().retransmitted, 1);
	uint64_t t3 = association_timeout(us.association);

	assert_true(t3 >= us.now + 400000);
	for (uint16_t end = 6; end <= 8; end++) { /* t + 4 is lost too, and t again */
		pass(10000);
		sack(t - 1, 1000000, 2, (uint16_t[]){2, 4, 6, end});
	}
	assert_int_equal(stats().retransmitted, 2);
	assert_int_equal(association_timeout(us.association), t3);
	association_free(us.association);
}

/* ---- Who is no peer ---- */

static void assert_refused(uint32_t tag, uint8_t flags)
{
	assert_int_equal(us.out[PACKET_HEADER], CHUNK_ABORT);
	assert_int_equal(us.out[PACKET_HEADER + 1], flags);
	assert_int_equal(bytes_read32(us.out + 4), tag);
}

/* Section 3.3.2. */
static void an_init_that_cannot_be_is_refused(void **state)
{
	(void)state;
	for (size_t field = 8; field <= 10; field += 2) {
		uint8_t init[16] = {0x11, 0x22, 0x33, 0x44, 0, 1, 0, 0, 0, 9, 0, 9};

		create(&usual);
		bytes_write16(init + field, 0); /* no streams out, or none in */
		begin(0);
		chunk(CHUNK_INIT, 0, init, sizeof init);
		feed();
		assert_int_equal(us.packets, 1);
		assert_refused(PEER_TAG, 0);
		init[field + 1] = 9;
		bytes_write32(init, 0); /* without a tag there is nobody to tell */
		begin(0);
		chunk(CHUNK_INIT, 0, init, sizeof init);
		feed();
		assert_int_equal(us.packets, 1);
		association_free(us.association);
	}
}

/* Section 8.4: one that did not hear of the end is told again, and nobody answers an ABORT. */
static void an_association_that_is_over_says_so(void **state)
{
	uint8_t nothing[60] = {0};

	(void)state;
	establish(100000);
	association_abort(us.association, us.now);
	drain();
	assert_refused(PEER_TAG, 0);
	uint32_t before = us.packets;

	feed_data(PEER_TSN, WHOLE, 1, 0, 10);
	assert_int_equal(us.packets, ++before);
	assert_refused(us.tag, TAG_REFLECTED);
	begin(us.tag);
	chunk(CHUNK_COOKIE_ECHO, 0, nothing, sizeof nothing);
	feed();
	assert_int_equal(us.packets, ++before);
	feed_init(100000);
	assert_int_equal(us.packets, ++before);
	assert_refused(PEER_TAG, 0);
	static const chunk_type silent[] = {CHUNK_ABORT, CHUNK_COOKIE_ACK, CHUNK_ERROR,
										CHUNK_SHUTDOWN_COMPLETE};

	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
		begin(us.tag);
		chunk(silent[i], 0, NULL, 0);
		feed();
	}
	assert_int_equal(us.packets, before);
	association_free(us.association);
}

/* RFC 3720 appendix B.4: 32 bytes of zero. The field itself counts as zero. */
static void the_checksum_is_crc32c(void **state)
{
	uint8_t zeros[32] = {0};

	(void)state;
	assert_int_equal(sctp_crc32c(zeros, sizeof zeros), 0xaa36918a);
	memset(zeros + 8, 0xff, 4);
	assert_int_equal(sctp_crc32c(zeros, sizeof zeros), 0xaa36918a);
}

/* ---- INIT ACK ---- */

static uint8_t init_ack[100];

/* We connect, and are answered by what `length` bytes of parameters say. */
static void answer_init(const uint8_t *parameters, size_t length)
{
	create(&usual);
	association_connect(us.association, us.now);
	drain();
	assert_int_equal(us.out[PACKET_HEADER], CHUNK_INIT);
	us.tag = bytes_read32(us.out + PACKET_HEADER + 4);
	bytes_write32(init_ack, PEER_TAG);
	bytes_write32(init_ack + 4, 100000);
	bytes_write16(init_ack + 8, 9);
	bytes_write16(init_ack + 10, 9);
	bytes_write32(init_ack + 12, PEER_TSN);
	if (length > 0)
		memcpy(init_ack + 16, parameters, length);
	begin(us.tag);
	chunk(CHUNK_INIT_ACK, 0, init_ack, 16 + length);
}

static void init_ack_without_a_cookie_ends_it(void **state)
{
	(void)state;
	answer_init(NULL, 0);
	feed();
	assert_true(us.closed);
	assert_refused(PEER_TAG, 0);
	/* Missing Mandatory Parameter, one of them, State Cookie */
	static const uint8_t cause[] = {0, 2, 0, 10, 0, 0, 0, 1, 0, 7};

	assert_memory_equal(us.out + PACKET_HEADER + CHUNK_HEADER, cause, sizeof cause);
	association_free(us.association);
}

/* Section 3.2.2: an unknown parameter of INIT ACK that wants to be reported is, once it may be. */
static void unknown_parameters_are_reported(void **state)
{
	static const uint8_t parameters[] = {0, 7, 0, 8, 1, 2, 3, 4, 0xc1, 0x23, 0, 6, 5, 6, 0, 0};

	(void)state;
	answer_init(parameters, sizeof parameters);
	feed();
	assert_non_null(find_chunk(CHUNK_COOKIE_ECHO));
	assert_null(find_chunk(CHUNK_ERROR));
	begin(us.tag);
	chunk(CHUNK_COOKIE_ACK, 0, NULL, 0);
	feed();
	assert_true(us.established);
	const uint8_t *error = find_chunk(CHUNK_ERROR);
	static const uint8_t cause[] = {0, 8, 0, 10, 0xc1, 0x23, 0, 6, 5, 6};

	assert_non_null(error);
	assert_memory_equal(error, cause, sizeof cause);
	association_free(us.association);
}

/* Section 6.10. */
static void init_ack_and_shutdown_complete_come_alone(void **state)
{
	static const uint8_t parameters[] = {0, 7, 0, 8, 1, 2, 3, 4};

	(void)state;
	for (int before = 0; before < 2; before++) {
		answer_init(parameters, sizeof parameters);
		if (before) {
			begin(us.tag);
			chunk(CHUNK_COOKIE_ACK, 0, NULL, 0);
			chunk(CHUNK_INIT_ACK, 0, init_ack, 16 + sizeof parameters);
		} else {
			chunk(CHUNK_COOKIE_ACK, 0, NULL, 0);
		}
		feed();
		assert_int_equal(us.packets, 1);
		assert_int_equal(stats().dropped_malformed, 1);
		association_free(us.association);
	}
	establish(100000);
	association_shutdown(us.association, us.now);
	drain();
	begin(us.tag);
	chunk(CHUNK_SHUTDOWN, 0, (uint8_t[]){0, 0, 0, 0}, 4);
	bytes_write32(packet + PACKET_HEADER + CHUNK_HEADER, us.tsn - 1);
	feed();
	assert_non_null(find_chunk(CHUNK_SHUTDOWN_ACK));
	begin(us.tag);
	chunk(CHUNK_SHUTDOWN_COMPLETE, 0, NULL, 0);
	chunk(CHUNK_HEARTBEAT, 0, "\0\1\0\4", 4);
	feed();
	assert_false(us.closed);
	begin(us.tag);
	chunk(CHUNK_SHUTDOWN_COMPLETE, 0, NULL, 0);
	feed();
	assert_true(us.closed);
	assert_null(us.reason);
	association_free(us.association);
}

/* Section 8.3. */
static void no_heartbeats_behind_shutdown(void **state)
{
	(void)state;
	for (int ending = 0; ending < 2; ending++) {
		bool heard = false;

		establish(100000);
		pass(29000000);
		if (ending) {
			association_shutdown(us.association, us.now);
			drain();
			assert_non_null(find_chunk(CHUNK_SHUTDOWN));
		}
		for (int i = 0; i < 400; i++) {
			pass(10000);
			heard |= find_chunk(CHUNK_HEARTBEAT) != NULL;
		}
		assert_int_equal(heard, !ending);
		association_free(us.association);
	}
}

/* ---- Stream reset (RFC 6525) ---- */

static size_t put_request(uint8_t *out, parameter_type type, uint32_t sequence)
{
	memset(out, 0, 16);
	bytes_write16(out, type);
	bytes_write16(out + 2, 16);
	bytes_write32(out + 4, sequence);
	bytes_write32(out + 12, PEER_TSN - 1);
	return 16;
}

static void assert_responses(uint32_t first, uint32_t result, uint32_t second_result)
{
	const uint8_t *response = find_chunk(CHUNK_RE_CONFIG);

	assert_non_null(response);
	assert_int_equal(bytes_read16(response - 2), CHUNK_HEADER + 24);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(bytes_read16(response + 12 * i), PARAMETER_RECONFIG_RESPONSE);
		assert_int_equal(bytes_read32(response + 12 * i + 4), first + i);
		assert_int_equal(bytes_read32(response + 12 * i + 8), i ? second_result : result);
	}
}

/* Section 3.1: one chunk may ask twice. Both are answered, and answered alike when asked again. */
static void two_requests_have_two_answers(void **state)
{
	uint8_t requests[32];

	(void)state;
	establish(100000);
	put_request(requests, PARAMETER_OUTGOING_RESET, PEER_TSN);
	put_request(requests + 16, PARAMETER_INCOMING_RESET, PEER_TSN + 1);
	for (int i = 0; i < 3; i++) {
		begin(us.tag);
		chunk(CHUNK_RE_CONFIG, 0, requests, sizeof requests);
		feed();
		assert_responses(PEER_TSN, 1, 2); /* performed, denied */
		us.length = 0;
	}
	/* What is no request has no answer, and takes no number. */
	uint32_t before = us.packets;

	put_request(requests, (parameter_type)0xc123, PEER_TSN + 2);
	begin(us.tag);
	chunk(CHUNK_RE_CONFIG, 0, requests, 16);
	feed();
	assert_int_equal(us.packets, before);
	put_request(requests, PARAMETER_TSN_RESET, PEER_TSN + 2);
	put_request(requests + 16, PARAMETER_ADD_OUTGOING, PEER_TSN + 3);
	begin(us.tag);
	chunk(CHUNK_RE_CONFIG, 0, requests, sizeof requests);
	feed();
	assert_responses(PEER_TSN + 2, 2, 2);
	association_free(us.association);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_shrinks_in_a_pause),
		cmocka_unit_test(after_a_timeout_two_packets_fly),
		cmocka_unit_test(tiny_messages_fill_the_window_too),
		cmocka_unit_test(fast_retransmission_of_others_does_not_put_t3_off),
		cmocka_unit_test(an_init_that_cannot_be_is_refused),
		cmocka_unit_test(an_association_that_is_over_says_so),
		cmocka_unit_test(the_checksum_is_crc32c),
		cmocka_unit_test(init_ack_without_a_cookie_ends_it),
		cmocka_unit_test(unknown_parameters_are_reported),
		cmocka_unit_test(init_ack_and_shutdown_complete_come_alone),
		cmocka_unit_test(no_heartbeats_behind_shutdown),
		cmocka_unit_test(two_requests_have_two_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
