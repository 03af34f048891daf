/* RTP reading and writing (RFC 3550, RFC 8285, RFC 6464, RFC 9143). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/rtp.h"

static const rtp_extensions ids = {.audio_level = 1, .mid = 2};

/* A copy of exactly `length` bytes, so that the sanitizer sees a read past the end. */
static int read_copy(rtp_packet *packet, const uint8_t *bytes, size_t length, uint8_t **copy)
{
	*copy = malloc(length ? length : 1);
	memcpy(*copy, bytes, length);
	return rtp_read(packet, *copy, length, &ids);
}

static void round_trip(void **state)
{
	uint8_t out[128];
	rtp_packet packet, sent = {.marker = true,
							   .payload_type = 111,
							   .sequence = 0xfffe,
							   .timestamp = 0xdeadbeef,
							   .ssrc = 0x12345678,
							   .has_level = true,
							   .voice = true,
							   .level = 42,
							   .mid = "audio0",
							   .mid_length = 6,
							   .payload = (const uint8_t *)"opus",
							   .payload_length = 4};

	(void)state;
	/* level 2 + mid 7 = 9 bytes, padded to 12 */
	assert_int_equal(rtp_write(&sent, &ids, out, sizeof out), 12 + 4 + 12 + 4);
	assert_int_equal(rtp_write(&sent, &ids, out, 31), 0);
	assert_int_equal(rtp_write(&sent, &ids, out, 32), 32);
	assert_int_equal(rtp_read(&packet, out, 32, &ids), 0);
	assert_true(packet.marker && packet.has_level && packet.voice);
	assert_int_equal(packet.payload_type, 111);
	assert_int_equal(packet.sequence, 0xfffe);
	assert_int_equal(packet.timestamp, 0xdeadbeef);
	assert_int_equal(packet.ssrc, 0x12345678);
	assert_int_equal(packet.level, 42);
	assert_int_equal(packet.mid_length, 6);
	assert_memory_equal(packet.mid, "audio0", 6);
	assert_int_equal(packet.payload_length, 4);
	assert_memory_equal(packet.payload, "opus", 4);
}

static void writes_exact_bytes(void **state)
{
	static const uint8_t expected[] = {0x90, 0x6f, 0x00, 0x01, 0,    0,    0x03, 0xc0, 0,   0,   0,
									   5,    0xbe, 0xde, 0x00, 0x01, 0x10, 0x1e, 0x20, '0', 0xaa};
	static const uint8_t body = 0xaa;
	rtp_packet packet = {.payload_type = 111,
						 .sequence = 1,
						 .timestamp = 960,
						 .ssrc = 5,
						 .has_level = true,
						 .level = 30,
						 .mid = "0",
						 .mid_length = 1,
						 .payload = &body,
						 .payload_length = 1};
	static const rtp_extensions none;
	uint8_t out[64];

	(void)state;
	assert_int_equal(rtp_write(&packet, &ids, out, sizeof out), sizeof expected);
	assert_memory_equal(out, expected, sizeof expected);
	/* what was not negotiated is not written */
	assert_int_equal(rtp_write(&packet, &none, out, sizeof out), RTP_HEADER + 1);
	assert_int_equal(out[0], 0x80);
}

static void writes_in_place(void **state)
{
	uint8_t out[64] = "ABCDEFGH";
	rtp_packet packet = {.payload = out, .payload_length = 8};

	(void)state;
	assert_int_equal(rtp_write(&packet, &ids, out, sizeof out), 20);
	assert_memory_equal(out + 12, "ABCDEFGH", 8);
	packet.mid = "12345678901234567";
	packet.mid_length = RTP_MID_MAX + 1;
	assert_int_equal(rtp_write(&packet, &ids, out, sizeof out), 0);
}

#define HEADER(first, ...) first, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, ##__VA_ARGS__

static const struct {
	const char *name;
	int result;
	size_t length;
	uint8_t bytes[40];
	size_t payload_length;
	int level; /* -1: none */
	const char *mid;
} table[] = {
	{"empty", -1, 0, {0}, 0, -1, NULL},
	{"header cut", -1, 11, {HEADER(0x80)}, 0, -1, NULL},
	{"no payload", 0, 12, {HEADER(0x80)}, 0, -1, NULL},
	{"version 0", -1, 12, {HEADER(0x00)}, 0, -1, NULL},
	{"version 1", -1, 12, {HEADER(0x40)}, 0, -1, NULL},
	{"version 3", -1, 12, {HEADER(0xc0)}, 0, -1, NULL},
	{"two CSRCs", 0, 21, {HEADER(0x82, 1, 1, 1, 1, 2, 2, 2, 2, 9)}, 1, -1, NULL},
	{"CSRC cut", -1, 15, {HEADER(0x81, 1, 1, 1)}, 0, -1, NULL},
	{"padding of 2", 0, 15, {HEADER(0xa0, 9, 0, 2)}, 1, -1, NULL},
	{"padding is all", 0, 14, {HEADER(0xa0, 0, 2)}, 0, -1, NULL},
	{"padding of 0", -1, 14, {HEADER(0xa0, 9, 0)}, 0, -1, NULL},
	{"padding over payload", -1, 14, {HEADER(0xa0, 9, 3)}, 0, -1, NULL},
	{"padding without payload", -1, 12, {HEADER(0xa0)}, 0, -1, NULL},
	{"extension head cut", -1, 15, {HEADER(0x90, 0xbe, 0xde, 0)}, 0, -1, NULL},
	{"extension block cut", -1, 19, {HEADER(0x90, 0xbe, 0xde, 0, 1, 0x10, 0x85, 0)}, 0, -1, NULL},
	{"empty extension", 0, 17, {HEADER(0x90, 0xbe, 0xde, 0, 0, 9)}, 1, -1, NULL},
	{"level", 0, 21, {HEADER(0x90, 0xbe, 0xde, 0, 1, 0x10, 0x85, 0, 0, 9)}, 1, 5, NULL},
	{"padding before level", 0, 20, {HEADER(0x90, 0xbe, 0xde, 0, 1, 0, 0, 0x10, 0x07)}, 0, 7, NULL},
	{"mid", 0, 20, {HEADER(0x90, 0xbe, 0xde, 0, 1, 0x22, 'a', 'b', 'c')}, 0, -1, "abc"},
	{"unknown id between",
	 0,
	 24,
	 {HEADER(0x90, 0xbe, 0xde, 0, 2, 0x71, 9, 9, 0x20, '1', 0x10, 3, 0)},
	 0,
	 3,
	 "1"},
	{"id 15 stops", 0, 20, {HEADER(0x90, 0xbe, 0xde, 0, 1, 0xf0, 9, 0x10, 3)}, 0, -1, NULL},
	{"id 0 with a length is skipped",
	 0,
	 24,
	 {HEADER(0x90, 0xbe, 0xde, 0, 2, 0x01, 9, 9, 0x10, 3, 0, 0, 0)},
	 0,
	 3,
	 NULL},
	{"element over block", -1, 20, {HEADER(0x90, 0xbe, 0xde, 0, 1, 0x23, 'a', 'b', 'c')}, 0, -1, 0},
	{"two-byte form",
	 0,
	 24,
	 {HEADER(0x90, 0x10, 0x05, 0, 2, 1, 1, 0x83, 0, 2, 2, 'x', 'y')},
	 0,
	 3,
	 "xy"},
	{"two-byte, empty element", 0, 20, {HEADER(0x90, 0x10, 0x00, 0, 1, 1, 0, 2, 0)}, 0, -1, NULL},
	{"two-byte, no length", -1, 20, {HEADER(0x90, 0x10, 0x00, 0, 1, 0, 0, 0, 1)}, 0, -1, NULL},
	{"two-byte over block", -1, 20, {HEADER(0x90, 0x10, 0x00, 0, 1, 1, 3, 0, 0)}, 0, -1, NULL},
	{"other profile", 0, 21, {HEADER(0x90, 0x12, 0x34, 0, 1, 0x1f, 1, 2, 3, 9)}, 1, -1, NULL},
};

static void reads_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		rtp_packet packet;
		uint8_t *copy;
		int result = read_copy(&packet, table[i].bytes, table[i].length, &copy);

		if (result != table[i].result)
			fail_msg("%s: %d", table[i].name, result);
		if (result == 0) {
			if (packet.payload_length != table[i].payload_length)
				fail_msg("%s: payload of %zu", table[i].name, packet.payload_length);
			if ((packet.has_level ? packet.level : -1) != table[i].level)
				fail_msg("%s: level", table[i].name);
			const char *mid = table[i].mid ? table[i].mid : "";
			if (packet.mid_length != strlen(mid) ||
				(packet.mid_length && memcmp(packet.mid, mid, packet.mid_length) != 0))
				fail_msg("%s: mid", table[i].name);
		}
		free(copy);
	}
}

/* Random bytes behind a likely start: whatever is read must lie within the packet. */
static void survives_noise(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		uint8_t bytes[64], *copy;
		rtp_packet packet;
		size_t length = (size_t)(round % 65);

		for (size_t i = 0; i < sizeof bytes; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(seed >> 24);
		}
		bytes[0] = (uint8_t)(0x80 | (bytes[0] & 0x31));
		if (round & 1) {
			bytes[12] = 0xbe;
			bytes[13] = 0xde;
			bytes[14] = 0;
			bytes[15] &= 7;
			bytes[0] = 0x90;
		}
		if (read_copy(&packet, bytes, length, &copy) == 0) {
			assert_true(packet.payload >= copy);
			assert_true(packet.payload + packet.payload_length <= copy + length);
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),      cmocka_unit_test(writes_exact_bytes),
		cmocka_unit_test(writes_in_place), cmocka_unit_test(reads_table),
		cmocka_unit_test(survives_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
