/* SRTP and SRTCP both ways with libsrtp2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <srtp2/srtp.h>

#include "srtp/srtp.h"

#define SSRC 0xcafebabe
#define ROOM 1500

static const uint8_t key_and_salt[30] = {
	0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41,
	0x39, 0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6};

static uint32_t seed;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static srtp_t theirs(srtp_ssrc_type_t direction)
{
	srtp_policy_t policy = {0};
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
	policy.ssrc.type = direction;
	policy.key = (unsigned char *)key_and_salt;
	policy.window_size = 64;
	srtp_t made;
	assert_int_equal(srtp_create(&made, &policy), srtp_err_status_ok);
	return made;
}

static srtp_context *ours(void)
{
	srtp_context *made = srtp_context_create(key_and_salt, key_and_salt + 16);
	assert_non_null(made);
	return made;
}

/* With CSRCs and an extension now and then; the payload follows from the sequence number. */
static size_t build(uint8_t *out, uint32_t ssrc, uint32_t sequence)
{
	size_t csrcs = sequence % 5 == 0 ? 2 : 0, extension = sequence % 3 == 0;
	size_t length = 12, payload = sequence % 200;
	memset(out, 0, ROOM);
	out[0] = (uint8_t)(0x80 | csrcs | extension << 4);
	out[1] = 111;
	out[2] = (uint8_t)(sequence >> 8);
	out[3] = (uint8_t)sequence;
	for (int i = 0; i < 4; i++)
		out[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	length += 4 * csrcs;
	if (extension) {
		memcpy(out + length, "\xbe\xde\x00\x01\x10\x55\x00\x00", 8);
		length += 8;
	}
	for (size_t i = 0; i < payload; i++)
		out[length + i] = (uint8_t)(sequence * 7 + i);
	return length + payload;
}

static bool we_open(void *context, uint8_t *packet, size_t *length)
{
	return srtp_open(context, packet, length) == SRTP_OK;
}

static bool they_open(void *context, uint8_t *packet, size_t *length)
{
	int size = (int)*length;
	bool opened = srtp_unprotect(context, packet, &size) == srtp_err_status_ok;
	*length = (size_t)size;
	return opened;
}

static bool we_seal(void *context, uint8_t *packet, size_t *length)
{
	return srtp_seal(context, packet, length, ROOM) == SRTP_OK;
}

static bool they_seal(void *context, uint8_t *packet, size_t *length)
{
	int size = (int)*length;
	bool sealed = srtp_protect(context, packet, &size) == srtp_err_status_ok;
	*length = (size_t)size;
	return sealed;
}

typedef bool (*step)(void *context, uint8_t *packet, size_t *length);

/* More than two rounds of sequence numbers with loss, and reordering within the window. */
static void run(void *sender, step seal, void *receiver, step open)
{
	enum { HELD = 16 };
	static struct {
		size_t length;
		uint32_t sequence;
		uint8_t bytes[ROOM];
	} held[HELD];
	memset(held, 0, sizeof held);
	uint8_t plain[ROOM];
	uint32_t opened = 0, sent = 0;
	seed = 12345;
	for (uint32_t sequence = 40000; sequence < 40000 + 2 * 65536 + 40000; sequence++) {
		size_t slot = next_random() % HELD;
		if (held[slot].length > 0) { /* arrives now, after others that were sent later */
			size_t length = held[slot].length;
			size_t expected = build(plain, SSRC, held[slot].sequence);
			if (!open(receiver, held[slot].bytes, &length))
				fail_msg("packet %u of round %u was refused", held[slot].sequence & 0xffff,
						 held[slot].sequence >> 16);
			assert_int_equal(length, expected);
			assert_memory_equal(held[slot].bytes, plain, expected);
			held[slot].length = 0;
			opened++;
		}
		uint8_t packet[ROOM];
		size_t length = build(packet, SSRC, sequence);
		if (!seal(sender, packet, &length))
			fail_msg("packet %u could not be sealed", sequence);
		sent++;
		if (next_random() % 10 == 0)
			continue; /* lost */
		memcpy(held[slot].bytes, packet, length);
		held[slot].length = length;
		held[slot].sequence = sequence;
		/* None waits for so long that the window passes it. */
		for (size_t i = 0; i < HELD; i++)
			if (held[i].length > 0 && sequence - held[i].sequence > 40) {
				size_t late = held[i].length;
				assert_true(open(receiver, held[i].bytes, &late));
				held[i].length = 0;
				opened++;
			}
	}
	assert_in_range(opened, sent * 85 / 100, sent);
}

static void they_understand_us(void **state)
{
	(void)state;
	srtp_context *sender = ours();
	srtp_t receiver = theirs(ssrc_any_inbound);
	run(sender, we_seal, receiver, they_open);
	srtp_context_free(sender);
	srtp_dealloc(receiver);
}

static void we_understand_them(void **state)
{
	(void)state;
	srtp_t sender = theirs(ssrc_any_outbound);
	srtp_context *receiver = ours();
	run(sender, they_seal, receiver, we_open);
	srtp_context_free(receiver);
	srtp_dealloc(sender);
}

static size_t build_rtcp(uint8_t *out, uint32_t i)
{
	size_t length = 8 + 4 * (i % 100);
	memset(out, (int)i, length);
	memcpy(out, "\x80\xc8\x00\x00\xca\xfe\xba\xbe", 8);
	out[3] = (uint8_t)(length / 4 - 1);
	return length;
}

static void rtcp_goes_both_ways(void **state)
{
	(void)state;
	srtp_context *us_out = ours(), *us_in = ours();
	srtp_t them_in = theirs(ssrc_any_inbound), them_out = theirs(ssrc_any_outbound);
	for (uint32_t i = 0; i < 5000; i++) {
		uint8_t packet[ROOM], plain[ROOM], again[ROOM];
		size_t expected = build_rtcp(plain, i), length = expected;

		memcpy(packet, plain, expected);
		assert_int_equal(srtcp_seal(us_out, packet, &length, sizeof packet), SRTP_OK);
		int size = (int)length;
		assert_int_equal(srtp_unprotect_rtcp(them_in, packet, &size), srtp_err_status_ok);
		assert_int_equal(size, expected);
		assert_memory_equal(packet, plain, expected);

		memcpy(packet, plain, expected);
		size = (int)expected;
		assert_int_equal(srtp_protect_rtcp(them_out, packet, &size), srtp_err_status_ok);
		length = (size_t)size;
		memcpy(again, packet, length);
		assert_int_equal(srtcp_open(us_in, packet, &length), SRTP_OK);
		assert_int_equal(length, expected);
		assert_memory_equal(packet, plain, expected);
		length = (size_t)size;
		assert_int_equal(srtcp_open(us_in, again, &length), SRTP_REPLAYED);
	}
	srtp_context_free(us_out);
	srtp_context_free(us_in);
	srtp_dealloc(them_in);
	srtp_dealloc(them_out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_understand_us),
		cmocka_unit_test(we_understand_them),
		cmocka_unit_test(rtcp_goes_both_ways),
	};
	if (srtp_init() != srtp_err_status_ok)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	srtp_shutdown();
	return failed;
}
