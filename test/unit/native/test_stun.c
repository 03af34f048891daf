/* STUN messages: the vectors of RFC 5769, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ice/stun.h"

#define PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"

/* RFC 5769 section 2.1 */
static const uint8_t request[] = {
	0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
	0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
	0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
	0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
	0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
	0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
	0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};

/* Section 2.2 */
static const uint8_t response4[] = {
	0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
	0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
	0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
	0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9,
	0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96};

/* Section 2.3 */
static const uint8_t response6[] = {
	0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
	0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
	0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
	0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14,
	0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75,
	0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c};

/* Section 2.4 */
static const uint8_t long_term[] = {
	0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72,
	0xc0, 0x29, 0xda, 0x41, 0x2e, 0x00, 0x06, 0x00, 0x12, 0xe3, 0x83, 0x9e, 0xe3, 0x83, 0x88,
	0xe3, 0x83, 0xaa, 0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9, 0x00, 0x00, 0x00,
	0x15, 0x00, 0x1c, 0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39, 0x35, 0x34, 0x64, 0x36,
	0x4f, 0x4c, 0x33, 0x34, 0x6f, 0x4c, 0x39, 0x46, 0x53, 0x54, 0x76, 0x79, 0x36, 0x34, 0x73,
	0x41, 0x00, 0x14, 0x00, 0x0b, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72,
	0x67, 0x00, 0x00, 0x08, 0x00, 0x14, 0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02,
	0xb8, 0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2, 0x8c, 0xa8, 0x96, 0x66};

static const uint8_t id[STUN_ID] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static bool signed_by(const stun_message *message, const char *key)
{
	return stun_check_integrity(message, (const uint8_t *)key, strlen(key));
}

static void assert_text(stun_text text, const char *expected)
{
	assert_int_equal(text.length, strlen(expected));
	assert_memory_equal(text.bytes, expected, text.length);
}

static void reads_the_request_vector(void **state)
{
	(void)state;
	stun_message message;

	assert_true(stun_read(&message, request, sizeof request));
	assert_int_equal(message.kind, STUN_REQUEST);
	assert_int_equal(message.method, STUN_BINDING);
	assert_memory_equal(message.id, request + 8, STUN_ID);
	assert_text(message.username, "evtj:h6vY");
	assert_text(message.software, "STUN test client");
	assert_true(message.has_priority);
	assert_int_equal(message.priority, 0x6e0001ff);
	assert_true(message.controlled);
	assert_false(message.controlling);
	assert_true(message.tie_breaker == UINT64_C(0x932ff9b151263b36));
	assert_false(message.use_candidate);
	assert_true(message.has_fingerprint);
	assert_int_equal(message.unknown_count, 0);
	assert_true(signed_by(&message, PASSWORD));
	assert_false(signed_by(&message, "VOkJxbRl1RmTxUk/WvJxBu"));
	assert_false(signed_by(&message, ""));
}

static void reads_the_response_vectors(void **state)
{
	(void)state;
	static const net_address four = {4, {192, 0, 2, 1}, 32853};
	static const net_address six = {6,
									{0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78, 0x00, 0x11,
									 0x22, 0x33, 0x44, 0x55, 0x66, 0x77},
									32853};
	stun_message message;

	assert_true(stun_read(&message, response4, sizeof response4));
	assert_int_equal(message.kind, STUN_SUCCESS);
	assert_text(message.software, "test vector");
	assert_true(net_address_equal(&message.mapped, &four));
	assert_true(signed_by(&message, PASSWORD));

	assert_true(stun_read(&message, response6, sizeof response6));
	assert_true(net_address_equal(&message.mapped, &six));
	assert_true(signed_by(&message, PASSWORD));
}

static void reads_the_long_term_vector(void **state)
{
	(void)state;
	/* MD5("マトリックス:example.org:TheMatrIX") */
	static const uint8_t key[16] = {0xe8, 0xca, 0x7a, 0xd5, 0x9d, 0x5e, 0xb0, 0x51,
									0x8e, 0x31, 0x29, 0x11, 0xd2, 0xda, 0xb2, 0xa9};
	stun_message message;

	assert_true(stun_read(&message, long_term, sizeof long_term));
	assert_text(message.username, "マトリックス");
	assert_text(message.nonce, "f//499k954d6OL34oL9FSTvy64sA");
	assert_text(message.realm, "example.org");
	assert_false(message.has_fingerprint);
	assert_true(stun_check_integrity(&message, key, sizeof key));
}

static void writes_the_response_vectors_but_for_their_padding(void **state)
{
	(void)state;
	static const struct {
		const uint8_t *bytes;
		size_t length;
	} vectors[] = {{response4, sizeof response4}, {response6, sizeof response6}};

	for (size_t i = 0; i < 2; i++) {
		uint8_t out[128];
		stun_message message;
		stun_writer writer;

		assert_true(stun_read(&message, vectors[i].bytes, vectors[i].length));
		stun_begin(&writer, out, sizeof out, STUN_SUCCESS, STUN_BINDING, message.id);
		stun_put_bytes(&writer, STUN_SOFTWARE, "test vector", 11);
		out[35] = ' '; /* the vectors pad with a space, we with a zero */
		stun_put_xor_address(&writer, STUN_XOR_MAPPED_ADDRESS, &message.mapped);
		assert_int_equal(stun_end(&writer, (const uint8_t *)PASSWORD, strlen(PASSWORD)),
						 vectors[i].length);
		assert_memory_equal(out, vectors[i].bytes, vectors[i].length);
	}
}

static void any_flipped_bit_is_noticed(void **state)
{
	(void)state;
	uint8_t bytes[sizeof request];

	for (size_t bit = 0; bit < 8 * sizeof request; bit++) {
		stun_message message;

		memcpy(bytes, request, sizeof bytes);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* A flip in FINGERPRINT's type makes it an ignored attribute. */
		assert_true(!stun_read(&message, bytes, sizeof bytes) || !signed_by(&message, PASSWORD) ||
					!message.has_fingerprint);
	}
}

static void any_cut_is_refused(void **state)
{
	(void)state;
	stun_message message;

	for (size_t length = 0; length < sizeof request; length++) {
		/* On the heap, so that a sanitizer sees a read behind the end. */
		uint8_t *bytes = malloc(length + 1);

		memcpy(bytes, request, length);
		assert_false(stun_read(&message, bytes, length));
		free(bytes);
	}
}

/* Attribute bytes behind a header whose length fits them. */
typedef struct {
	const char *what;
	uint8_t attributes[48];
	size_t length;
} malformed;

static const malformed refused[] = {
	{"attribute longer than the message", {0, 0x06, 0, 5, 'a', 'b', 'c', 'd'}, 8},
	{"attribute of the largest length", {0, 0x06, 0xff, 0xff, 'a', 'b', 'c', 'd'}, 8},
	{"attribute header alone at the end", {0x80, 0x22, 0, 0, 0, 0x06, 0, 1}, 8},
	{"PRIORITY of 3 bytes", {0, 0x24, 0, 3, 1, 2, 3, 0}, 8},
	{"PRIORITY of 8 bytes", {0, 0x24, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}, 12},
	{"USE-CANDIDATE with a value", {0, 0x25, 0, 4, 1, 2, 3, 4}, 8},
	{"ICE-CONTROLLING of 4 bytes", {0x80, 0x2a, 0, 4, 1, 2, 3, 4}, 8},
	{"ICE-CONTROLLED of 12 bytes", {0x80, 0x29, 0, 12}, 16},
	{"both roles",
	 {0x80, 0x29, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0x2a, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8},
	 24},
	{"XOR-MAPPED-ADDRESS, empty", {0, 0x20, 0, 0}, 4},
	{"XOR-MAPPED-ADDRESS, family 0", {0, 0x20, 0, 8, 0, 0, 1, 2, 3, 4, 5, 6}, 12},
	{"XOR-MAPPED-ADDRESS, IPv4 of 7 bytes", {0, 0x20, 0, 7, 0, 1, 1, 2, 3, 4, 5, 0}, 12},
	{"XOR-MAPPED-ADDRESS, IPv6 of 8 bytes", {0, 0x20, 0, 8, 0, 2, 1, 2, 3, 4, 5, 6}, 12},
	{"XOR-MAPPED-ADDRESS, IPv4 of 20 bytes", {0, 0x20, 0, 20, 0, 1}, 24},
	{"ERROR-CODE of 3 bytes", {0, 0x09, 0, 3, 0, 0, 4, 0}, 8},
	{"ERROR-CODE 200", {0, 0x09, 0, 4, 0, 0, 2, 0}, 8},
	{"ERROR-CODE 700", {0, 0x09, 0, 4, 0, 0, 7, 0}, 8},
	{"ERROR-CODE 4-100", {0, 0x09, 0, 4, 0, 0, 4, 100}, 8},
	{"MESSAGE-INTEGRITY of 19 bytes", {0, 0x08, 0, 19}, 24},
	{"MESSAGE-INTEGRITY of 32 bytes", {0, 0x08, 0, 32}, 36},
	{"FINGERPRINT, wrong", {0x80, 0x28, 0, 4, 1, 2, 3, 4}, 8},
	{"FINGERPRINT of 8 bytes", {0x80, 0x28, 0, 8, 1, 2, 3, 4}, 12},
	{"a length that is no multiple of 4", {0x80, 0x22, 0, 0, 0, 0}, 6},
};

static size_t compose(uint8_t *out, const uint8_t *attributes, size_t length)
{
	stun_writer writer;

	stun_begin(&writer, out, STUN_HEADER, STUN_REQUEST, STUN_BINDING, id);
	memcpy(out + STUN_HEADER, attributes, length);
	out[3] = (uint8_t)length;
	return STUN_HEADER + length;
}

static void malformed_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		uint8_t *bytes = malloc(STUN_HEADER + refused[i].length);
		stun_message message;
		size_t length = compose(bytes, refused[i].attributes, refused[i].length);

		if (stun_read(&message, bytes, length))
			fail_msg("was read: %s", refused[i].what);
		free(bytes);
	}
}

static void headers_that_are_not_stun_are_refused(void **state)
{
	(void)state;
	uint8_t good[STUN_HEADER], bytes[STUN_HEADER + 4] = {0};
	stun_message message;

	compose(good, id, 0);
	assert_true(stun_read(&message, good, STUN_HEADER));

	memcpy(bytes, good, STUN_HEADER);
	assert_false(stun_read(&message, bytes, STUN_HEADER + 4)); /* more than it says */
	bytes[3] = 4;
	assert_false(stun_read(&message, bytes, STUN_HEADER)); /* less than it says */
	bytes[3] = 0;
	bytes[4] ^= 1;
	assert_false(stun_read(&message, bytes, STUN_HEADER)); /* magic cookie */
	bytes[4] ^= 1;
	bytes[0] |= 0x80;
	assert_false(stun_read(&message, bytes, STUN_HEADER)); /* top bits */
}

static void fingerprint_must_be_last(void **state)
{
	(void)state;
	uint8_t bytes[STUN_HEADER + 12];
	stun_message message;
	stun_writer writer;

	stun_begin(&writer, bytes, sizeof bytes, STUN_REQUEST, STUN_BINDING, id);
	assert_int_equal(stun_end(&writer, NULL, 0), STUN_HEADER + 8);
	assert_true(stun_read(&message, bytes, STUN_HEADER + 8));
	assert_true(message.has_fingerprint);

	/* Followed by an empty SOFTWARE, but with the CRC that fits the longer header. */
	assert_non_null(stun_put(&writer, STUN_SOFTWARE, 0));
	uint32_t crc = stun_crc32(bytes, STUN_HEADER) ^ 0x5354554e;

	for (int i = 0; i < 4; i++)
		bytes[STUN_HEADER + 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
	assert_false(stun_read(&message, bytes, STUN_HEADER + 12));
}

static void what_follows_the_integrity_is_ignored(void **state)
{
	(void)state;
	uint8_t bytes[256];
	stun_message message;
	stun_writer writer;

	stun_begin(&writer, bytes, sizeof bytes, STUN_REQUEST, STUN_BINDING, id);
	stun_put_u32(&writer, STUN_PRIORITY, 7);
	size_t length = stun_end(&writer, (const uint8_t *)"key", 3);

	assert_true(length > 0);
	writer.length -= 8; /* without FINGERPRINT */
	stun_put(&writer, STUN_USE_CANDIDATE, 0);
	stun_put_u32(&writer, 0x7fff, 1);
	stun_put_bytes(&writer, STUN_USERNAME, "mallory", 7);
	stun_end(&writer, NULL, 0);
	assert_true(stun_read(&message, bytes, writer.length));
	assert_true(signed_by(&message, "key"));
	assert_true(message.has_fingerprint);
	assert_int_equal(message.priority, 7);
	assert_false(message.use_candidate);
	assert_int_equal(message.unknown_count, 0);
	assert_null(message.username.bytes);
}

static void the_first_of_two_counts(void **state)
{
	(void)state;
	uint8_t bytes[128];
	stun_message message;
	stun_writer writer;

	stun_begin(&writer, bytes, sizeof bytes, STUN_REQUEST, STUN_BINDING, id);
	stun_put_u32(&writer, STUN_PRIORITY, 1);
	stun_put_u32(&writer, STUN_PRIORITY, 2);
	stun_put_u64(&writer, STUN_ICE_CONTROLLING, 3);
	stun_put_u64(&writer, STUN_ICE_CONTROLLING, 4);
	stun_put_bytes(&writer, STUN_USERNAME, "", 0);
	stun_put_bytes(&writer, STUN_USERNAME, "b", 1);
	size_t length = stun_end(&writer, NULL, 0);

	assert_true(stun_read(&message, bytes, length));
	assert_int_equal(message.priority, 1);
	assert_true(message.tie_breaker == 3);
	assert_int_equal(message.username.length, 0);
}

static void unknown_attributes_are_told_apart(void **state)
{
	(void)state;
	uint8_t bytes[256];
	stun_message message;
	stun_writer writer;

	stun_begin(&writer, bytes, sizeof bytes, STUN_REQUEST, STUN_BINDING, id);
	stun_put_u32(&writer, 0xc057, 0); /* optional: libwebrtc's network cost */
	for (uint16_t type = 0x7000; type < 0x7006; type++)
		stun_put_u32(&writer, type, 0);
	size_t length = stun_end(&writer, NULL, 0);

	assert_true(stun_read(&message, bytes, length));
	assert_int_equal(message.unknown_count, STUN_UNKNOWN_MAX);
	assert_int_equal(message.unknown[0], 0x7000);
}

static void what_does_not_fit_is_not_written(void **state)
{
	(void)state;
	uint8_t bytes[64];

	for (size_t capacity = 0; capacity < sizeof bytes; capacity++) {
		stun_writer writer;

		memset(bytes, 0xa5, sizeof bytes);
		stun_begin(&writer, bytes, capacity, STUN_REQUEST, STUN_BINDING, id);
		stun_put_bytes(&writer, STUN_SOFTWARE, "12345", 5);
		stun_put_error(&writer, 487, "x");
		assert_int_equal(stun_end(&writer, (const uint8_t *)"k", 1), 0);
		for (size_t i = capacity; i < sizeof bytes; i++)
			assert_int_equal(bytes[i], 0xa5);
	}
}

static void classes_and_methods_survive(void **state)
{
	(void)state;
	static const stun_class classes[] = {STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR};
	uint8_t bytes[STUN_HEADER];

	for (uint16_t method = 0; method < 0x1000; method++)
		for (int i = 0; i < 4; i++) {
			stun_message message;
			stun_writer writer;

			stun_begin(&writer, bytes, sizeof bytes, classes[i], method, id);
			assert_true(stun_read(&message, bytes, sizeof bytes));
			assert_int_equal(message.kind, classes[i]);
			assert_int_equal(message.method, method);
		}
}

static void crc32_check_value(void **state)
{
	(void)state;
	assert_int_equal(stun_crc32((const uint8_t *)"123456789", 9), 0xcbf43926);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_request_vector),
		cmocka_unit_test(reads_the_response_vectors),
		cmocka_unit_test(reads_the_long_term_vector),
		cmocka_unit_test(writes_the_response_vectors_but_for_their_padding),
		cmocka_unit_test(any_flipped_bit_is_noticed),
		cmocka_unit_test(any_cut_is_refused),
		cmocka_unit_test(malformed_is_refused),
		cmocka_unit_test(headers_that_are_not_stun_are_refused),
		cmocka_unit_test(fingerprint_must_be_last),
		cmocka_unit_test(what_follows_the_integrity_is_ignored),
		cmocka_unit_test(the_first_of_two_counts),
		cmocka_unit_test(unknown_attributes_are_told_apart),
		cmocka_unit_test(what_does_not_fit_is_not_written),
		cmocka_unit_test(classes_and_methods_survive),
		cmocka_unit_test(crc32_check_value),
	};

	return cmocka_run_group_tests_name("stun", tests, NULL, NULL);
}
