/* SRTP against RFC 3711 appendix B, a known packet of each kind, and what an attacker may send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "port.h"
#include "srtp/srtp_internal.h"

#define MASTER_KEY "e1f97a0d3e018be0d64fa32c06de4139"
#define MASTER_SALT "0ec675ad498afeebb6960b3aabe6"

static srtp_context *context(void)
{
	uint8_t key[16], salt[14];
	unhex(MASTER_KEY, key);
	unhex(MASTER_SALT, salt);
	srtp_context *made = srtp_context_create(key, salt);
	assert_non_null(made);
	return made;
}

/* An RTP packet of `payload` bytes; its length. */
static size_t rtp(uint8_t *out, uint32_t ssrc, uint16_t sequence, size_t payload)
{
	memset(out, 0, 12);
	out[0] = 0x80;
	out[1] = 111;
	out[2] = (uint8_t)(sequence >> 8);
	out[3] = (uint8_t)sequence;
	out[8] = (uint8_t)(ssrc >> 24);
	out[9] = (uint8_t)(ssrc >> 16);
	out[10] = (uint8_t)(ssrc >> 8);
	out[11] = (uint8_t)ssrc;
	for (size_t i = 0; i < payload; i++)
		out[12 + i] = (uint8_t)(sequence + i);
	return 12 + payload;
}

/* Seals packet `sequence` into `out`; the sealed length. */
static size_t sealed(srtp_context *sender, uint8_t out[256], uint32_t ssrc, uint16_t sequence)
{
	size_t length = rtp(out, ssrc, sequence, 40);
	assert_int_equal(srtp_seal(sender, out, &length, 256), SRTP_OK);
	return length;
}

static srtp_result opened(srtp_context *receiver, const uint8_t *bytes, size_t length)
{
	uint8_t copy[256];
	memcpy(copy, bytes, length);
	return srtp_open(receiver, copy, &length);
}

static void key_stream_matches_b2(void **state)
{
	(void)state;
	uint8_t key[16], iv[16], expected[16], stream[0xff02 * 16];
	unhex("2b7e151628aed2a6abf7158809cf4f3c", key);
	unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000", iv);
	memset(stream, 0, sizeof stream);
	crypto_aes *aes = crypto_aes_create(key);
	assert_int_equal(crypto_aes_ctr(aes, iv, stream, stream, sizeof stream), 0);
	crypto_aes_free(aes);
	static const struct {
		size_t block;
		const char *value;
	} blocks[] = {
		{0x0000, "e03ead0935c95e80e166b16dd92b4eb4"}, {0x0001, "d23513162b02d0f72a43a2fe4a5f97ab"},
		{0x0002, "41e95b3bb0a2e8dd477901e4fca894c0"}, {0xfeff, "ec8cdf7398607cb0f2d21675ea9ea1e4"},
		{0xff00, "362b7c3c6773516318a077d7fc5073ae"}, {0xff01, "6a2cc3787889374fbeb4c81b17ba6c44"},
	};
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		unhex(blocks[i].value, expected);
		assert_memory_equal(stream + 16 * blocks[i].block, expected, 16);
	}
}

static void key_derivation_matches_b3(void **state)
{
	(void)state;
	uint8_t key[16], salt[14], out[94], expected[94];
	unhex(MASTER_KEY, key);
	unhex(MASTER_SALT, salt);
	crypto_aes *master = crypto_aes_create(key);
	assert_int_equal(srtp_derive(master, salt, SRTP_LABEL_CIPHER, out, 16), 0);
	unhex("c61e7a93744f39ee10734afe3ff7a087", expected);
	assert_memory_equal(out, expected, 16);
	assert_int_equal(srtp_derive(master, salt, SRTP_LABEL_SALT, out, 14), 0);
	unhex("30cbbc08863d8c85d49db34a9ae1", expected);
	assert_memory_equal(out, expected, 14);
	assert_int_equal(srtp_derive(master, salt, SRTP_LABEL_AUTH, out, 94), 0);
	unhex("cebe321f6ff7716b6fd4ab49af256a15 6d38baa48f0a0acf3c34e2359e6cdbce"
		  "e049646c43d9327ad175578ef7227098 6371c10c9a369ac2f94a8c5fbcdddc25"
		  "6d6e919a48b610ef17c2041e47403576 6b68642c59bbfc2f34db60dbdfb2",
		  expected);
	assert_memory_equal(out, expected, 94);
	crypto_aes_free(master);
}

static void known_rtp_packet(void **state)
{
	(void)state;
	uint8_t packet[64], expected[64], plain[64];
	size_t length = unhex("800f1234decafbadcafebabe abababababababababababababababab", packet);
	memcpy(plain, packet, length);
	size_t total = unhex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402"
						 "b78d6acc99ea179b8dbb",
						 expected);
	srtp_context *sender = context(), *receiver = context();
	assert_int_equal(srtp_seal(sender, packet, &length, sizeof packet), SRTP_OK);
	assert_int_equal(length, total);
	assert_memory_equal(packet, expected, total);
	assert_int_equal(srtp_open(receiver, packet, &length), SRTP_OK);
	assert_int_equal(length, 28);
	assert_memory_equal(packet, plain, 28);
	srtp_context_free(sender);
	srtp_context_free(receiver);
}

static void known_rtcp_packet(void **state)
{
	(void)state;
	uint8_t packet[64], expected[64], first[64];
	size_t total = unhex("81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8"
						 "80000001 993e08cd54d6c1230798",
						 expected);
	srtp_context *sender = context(), *receiver = context();
	/* The vector has index 1: ours begin at 0. */
	size_t length = unhex("81c8000bcafebabe abababababababababababababababab", first);
	assert_int_equal(srtcp_seal(sender, first, &length, sizeof first), SRTP_OK);
	length = unhex("81c8000bcafebabe abababababababababababababababab", packet);
	assert_int_equal(srtcp_seal(sender, packet, &length, sizeof packet), SRTP_OK);
	assert_int_equal(length, total);
	assert_memory_equal(packet, expected, total);
	assert_int_equal(srtcp_open(receiver, packet, &length), SRTP_OK);
	assert_int_equal(length, 24);
	assert_int_equal(packet[23], 0xab);
	memcpy(packet, expected, total);
	length = total;
	assert_int_equal(srtcp_open(receiver, packet, &length), SRTP_REPLAYED);
	srtp_context_free(sender);
	srtp_context_free(receiver);
}

/* Only the payload is encrypted: CSRCs and the extension stay readable. */
static void csrcs_and_extension_stay_in_the_clear(void **state)
{
	(void)state;
	uint8_t packet[128], plain[128];
	size_t length = unhex("92 6f 0001 00000001 cafebabe 11111111 22222222"
						  "bede 0002 10ff0000 00000000 a1a2a3a4a5",
						  packet);
	memcpy(plain, packet, length);
	srtp_context *sender = context(), *receiver = context();
	size_t sealed_length = length;
	assert_int_equal(srtp_seal(sender, packet, &sealed_length, sizeof packet), SRTP_OK);
	assert_memory_equal(packet, plain, length - 5);
	assert_memory_not_equal(packet + length - 5, plain + length - 5, 5);
	assert_int_equal(srtp_open(receiver, packet, &sealed_length), SRTP_OK);
	assert_int_equal(sealed_length, length);
	assert_memory_equal(packet, plain, length);
	srtp_context_free(sender);
	srtp_context_free(receiver);
}

static void replays_are_refused_within_and_behind_the_window(void **state)
{
	(void)state;
	static uint8_t packets[200][256];
	size_t length = 0;
	srtp_context *sender = context(), *receiver = context();
	for (uint16_t i = 0; i < 200; i++)
		length = sealed(sender, packets[i], 7, i);
	assert_int_equal(opened(receiver, packets[100], length), SRTP_OK);
	assert_int_equal(opened(receiver, packets[100], length), SRTP_REPLAYED);
	assert_int_equal(opened(receiver, packets[37], length), SRTP_OK); /* the oldest of 64 */
	assert_int_equal(opened(receiver, packets[37], length), SRTP_REPLAYED);
	assert_int_equal(opened(receiver, packets[36], length), SRTP_REPLAYED);
	assert_int_equal(opened(receiver, packets[99], length), SRTP_OK);
	assert_int_equal(opened(receiver, packets[199], length), SRTP_OK); /* over the whole window */
	assert_int_equal(opened(receiver, packets[136], length), SRTP_OK);
	assert_int_equal(opened(receiver, packets[135], length), SRTP_REPLAYED);
	srtp_stats stats;
	srtp_get_stats(receiver, &stats);
	assert_int_equal(stats.packets, 5);
	assert_int_equal(stats.replayed, 4);
	srtp_context_free(sender);
	srtp_context_free(receiver);
}

static void rollover_counts_with_loss_and_reordering(void **state)
{
	(void)state;
	uint8_t before[256], after[256], packet[256];
	size_t length;
	srtp_context *sender = context(), *receiver = context();
	uint32_t good = 0;
	for (uint32_t i = 30000; i < 30000 + 3 * 65536; i++) {
		length = sealed(sender, packet, 7, (uint16_t)i);
		if (i % 7 == 0 && (uint16_t)i != 65534)
			continue;
		if ((uint16_t)i == 65534) {
			memcpy(before, packet, length);
			continue;
		}
		assert_int_equal(opened(receiver, packet, length), SRTP_OK);
		good++;
		if ((uint16_t)i == 2) { /* from before the wrap */
			assert_int_equal(opened(receiver, before, length), SRTP_OK);
			assert_int_equal(opened(receiver, before, length), SRTP_REPLAYED);
			good++;
		}
	}
	assert_true(good > 3 * 50000);
	/* A packet of the first round, whose sequence number is again near: its index is not. */
	srtp_context *again = context();
	sealed(again, after, 7, (uint16_t)(30000 - 1));
	assert_int_equal(opened(receiver, after, length), SRTP_REPLAYED);
	sealed(again, after, 7, 30001);
	assert_int_equal(opened(receiver, after, length), SRTP_AUTHENTICATION);
	srtp_context_free(again);
	srtp_context_free(sender);
	srtp_context_free(receiver);
}

static void index_is_estimated_as_in_appendix_a(void **state)
{
	(void)state;
	assert_int_equal(srtp_index_near(0x1fffe, 0x0001), 0x20001);
	assert_int_equal(srtp_index_near(0x20001, 0xfffe), 0x1fffe);
	assert_int_equal(srtp_index_near(0x20001, 0x7fff), 0x27fff);
	assert_int_equal(srtp_index_near(0x20001, 0x8001), 0x28001);
	assert_int_equal(srtp_index_near(0x20001, 0x8002), 0x18002);
	assert_int_equal(srtp_index_near(0x00001, 0xfffe), 0x0fffe); /* there is no round before 0 */
	assert_int_equal(srtp_index_near(0x28000, 0x0000), 0x20000);
	assert_int_equal(srtp_index_near(0x28001, 0x0000), 0x30000);
}

/* One changed bit anywhere is refused, changes nothing, and takes no slot. */
static void changed_packets_are_refused(void **state)
{
	(void)state;
	uint8_t packet[256], copy[256];
	srtp_context *sender = context(), *receiver = context();
	size_t length = sealed(sender, packet, 7, 1);
	for (size_t bit = 0; bit < length * 8; bit++) {
		memcpy(copy, packet, length);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		uint8_t given[256];
		memcpy(given, copy, length);
		size_t got = length;
		srtp_result result = srtp_open(receiver, copy, &got);
		assert_true(result == SRTP_AUTHENTICATION || result == SRTP_MALFORMED);
		assert_memory_equal(copy, given, length);
		assert_int_equal(got, length);
	}
	assert_int_equal(opened(receiver, packet, length), SRTP_OK);

	uint8_t report[64] = {0x81, 0xc8, 0x00, 0x0b, 0xca, 0xfe, 0xba, 0xbe};
	size_t report_length = 28;
	assert_int_equal(srtcp_seal(sender, report, &report_length, sizeof report), SRTP_OK);
	for (size_t bit = 0; bit < report_length * 8; bit++) {
		memcpy(copy, report, report_length);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		size_t got = report_length;
		srtp_result result = srtcp_open(receiver, copy, &got);
		assert_true(result == SRTP_AUTHENTICATION || result == SRTP_MALFORMED);
	}
	assert_int_equal(srtcp_open(receiver, report, &report_length), SRTP_OK);
	srtp_context_free(sender);
	srtp_context_free(receiver);
}

static void malformed_packets_are_refused(void **state)
{
	(void)state;
	srtp_context *one = context();
	/* Exactly as long as said, so that a sanitizer sees a read beyond. */
	for (size_t length = 0; length < 40; length++) {
		for (int first = 0; first < 256; first++) {
			uint8_t *packet = malloc(length ? length : 1);
			memset(packet, 0xff, length);
			if (length)
				packet[0] = (uint8_t)first;
			size_t got = length;
			assert_int_not_equal(srtp_open(one, packet, &got), SRTP_OK);
			got = length;
			assert_int_not_equal(srtcp_open(one, packet, &got), SRTP_OK);
			got = length;
			assert_int_not_equal(srtp_seal(one, packet, &got, length), SRTP_OK);
			got = length;
			assert_int_not_equal(srtcp_seal(one, packet, &got, length), SRTP_OK);
			free(packet);
		}
	}
	/* An extension that claims 65535 words. */
	uint8_t packet[64] = {0x90};
	memset(packet + 12, 0xff, 4);
	size_t length = 40;
	assert_int_equal(srtp_seal(one, packet, &length, sizeof packet), SRTP_MALFORMED);
	assert_int_equal(srtp_open(one, packet, &length), SRTP_MALFORMED);
	/* No room for the tag. */
	length = rtp(packet, 1, 1, 40);
	assert_int_equal(srtp_seal(one, packet, &length, length + SRTP_TAG - 1), SRTP_NO_ROOM);
	assert_int_equal(srtp_seal(one, packet, &length, SRTP_TAG - 1), SRTP_NO_ROOM);
	srtp_context_free(one);
}

/* Two packets under one key stream give both away. */
static void no_index_is_sealed_twice(void **state)
{
	(void)state;
	uint8_t packet[256];
	uint16_t next = 7;
	srtp_context *sender = context();
	assert_false(srtp_next_sequence(sender, 1, &next));
	assert_int_equal(next, 7);
	sealed(sender, packet, 1, 0xfffe);
	sealed(sender, packet, 1, 0xffff);
	size_t length = rtp(packet, 1, 0xffff, 41);
	assert_int_equal(srtp_seal(sender, packet, &length, sizeof packet), SRTP_REPLAYED);
	assert_true(srtp_next_sequence(sender, 1, &next));
	assert_int_equal(next, 0);
	sealed(sender, packet, 1, next);
	length = rtp(packet, 1, 0xfffe, 41);
	assert_int_equal(srtp_seal(sender, packet, &length, sizeof packet), SRTP_REPLAYED);
	/* Out of order, but never before. */
	sealed(sender, packet, 1, 0xfffd);

	/* Displaced by others it does not come back with what it had. */
	for (uint32_t ssrc = 2; ssrc <= SRTP_STREAMS_MAX + SRTP_SPENT_MAX; ssrc++)
		sealed(sender, packet, ssrc, 1);
	for (uint32_t ssrc = 1; ssrc <= SRTP_SPENT_MAX; ssrc++) {
		length = rtp(packet, ssrc, 2, 40);
		assert_int_equal(srtp_seal(sender, packet, &length, sizeof packet), SRTP_NO_STREAM);
	}
	length = rtp(packet, 999, 1, 40);
	assert_int_equal(srtp_seal(sender, packet, &length, sizeof packet), SRTP_NO_STREAM);
	sealed(sender, packet, SRTP_STREAMS_MAX + SRTP_SPENT_MAX, 2);
	srtp_context_free(sender);
}

static void streams_are_bounded_and_can_be_forgotten(void **state)
{
	(void)state;
	uint8_t packet[256];
	srtp_context *sender = context(), *receiver = context();
	for (uint32_t ssrc = 1; ssrc <= SRTP_STREAMS_MAX; ssrc++) {
		size_t length = sealed(sender, packet, ssrc, 1);
		assert_int_equal(opened(receiver, packet, length), SRTP_OK);
	}

	/* A receiver lets the one go that was silent longest. */
	uint8_t again[SRTP_STREAMS_MAX + 1][256];
	for (uint32_t ssrc = 1; ssrc <= SRTP_STREAMS_MAX; ssrc++)
		if (ssrc != 3 && ssrc != 5)
			assert_int_equal(opened(receiver, again[ssrc], sealed(sender, again[ssrc], ssrc, 2)),
							 SRTP_OK);
	size_t length = sealed(sender, packet, 99, 1);
	assert_int_equal(opened(receiver, packet, length), SRTP_OK); /* in place of 3 */
	assert_int_equal(opened(receiver, packet, length), SRTP_REPLAYED);
	srtp_forget(receiver, 5);
	srtp_context *other = context();
	length = sealed(other, packet, 3, 1);
	assert_int_equal(opened(receiver, packet, length), SRTP_OK); /* in place of 5 */
	assert_int_equal(opened(receiver, packet, length), SRTP_REPLAYED);
	for (uint32_t ssrc = 1; ssrc <= SRTP_STREAMS_MAX; ssrc++)
		if (ssrc != 3 && ssrc != 5)
			assert_int_equal(opened(receiver, again[ssrc], length), SRTP_REPLAYED);
	srtp_context_free(other);
	srtp_context_free(sender);
	srtp_context_free(receiver);
}

static void memory_is_returned_and_none_is_taken_per_packet(void **state)
{
	(void)state;
	uint8_t packet[256];
	size_t before = port_memory_of(PORT_SRTP).current;
	srtp_context *sender = context(), *receiver = context();
	size_t made = port_memory_of(PORT_SRTP).current;
	print_message("two contexts: %zu bytes\n", made - before);
	for (uint16_t i = 0; i < 100; i++) {
		size_t length = sealed(sender, packet, 7, i);
		assert_int_equal(opened(receiver, packet, length), SRTP_OK);
		assert_int_equal(port_memory_of(PORT_SRTP).current, made);
	}
	srtp_context_free(sender);
	srtp_context_free(receiver);
	assert_int_equal(port_memory_of(PORT_SRTP).current, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_stream_matches_b2),
		cmocka_unit_test(key_derivation_matches_b3),
		cmocka_unit_test(known_rtp_packet),
		cmocka_unit_test(known_rtcp_packet),
		cmocka_unit_test(csrcs_and_extension_stay_in_the_clear),
		cmocka_unit_test(replays_are_refused_within_and_behind_the_window),
		cmocka_unit_test(rollover_counts_with_loss_and_reordering),
		cmocka_unit_test(index_is_estimated_as_in_appendix_a),
		cmocka_unit_test(changed_packets_are_refused),
		cmocka_unit_test(malformed_packets_are_refused),
		cmocka_unit_test(no_index_is_sealed_twice),
		cmocka_unit_test(streams_are_bounded_and_can_be_forgotten),
		cmocka_unit_test(memory_is_returned_and_none_is_taken_per_packet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
