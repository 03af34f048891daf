/* The primitives against published vectors: FIPS 180, RFC 2202, NIST SP 800-38A. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "crypto/host.h"
#include "hex.h"

static void sha256_matches_fips(void **state)
{
	(void)state;
	uint8_t out[32], expected[32];
	unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", expected);
	assert_int_equal(crypto_sha256((const uint8_t *)"abc", 3, out), 0);
	assert_memory_equal(out, expected, 32);
}

static void hmac_matches_rfc2202(void **state)
{
	(void)state;
	uint8_t key[80], data[128], out[20], expected[20];

	/* Case 1, split in three parts one of which is absent. */
	memset(key, 0x0b, 20);
	unhex("b617318655057264e28bc0b6fb378c8ef146be00", expected);
	const uint8_t *parts[] = {(const uint8_t *)"Hi", NULL, (const uint8_t *)" There"};
	size_t lengths[] = {2, 0, 6};
	assert_int_equal(crypto_hmac_sha1(key, 20, parts, lengths, 3, out), 0);
	assert_memory_equal(out, expected, 20);

	/* Case 3: 50 bytes of 0xdd. */
	memset(key, 0xaa, 20);
	memset(data, 0xdd, 50);
	unhex("125d7342b9ac11cd91a39af48aa17b4f63f175d3", expected);
	crypto_hmac *hmac = crypto_hmac_create(key, 20);
	assert_non_null(hmac);
	for (int again = 0; again < 3; again++) {
		assert_int_equal(crypto_hmac_compute(hmac, data, 46, data + 46, 4, out), 0);
		assert_memory_equal(out, expected, 20);
	}
	crypto_hmac_free(hmac);

	/* Case 6: a key longer than a block. */
	memset(key, 0xaa, 80);
	const uint8_t *text = (const uint8_t *)"Test Using Larger Than Block-Size Key - Hash Key First";
	unhex("aa4ae5e15272d00e95705637ce8a3b55ed402112", expected);
	assert_int_equal(
		crypto_hmac_sha1(key, 80, &text, (size_t[]){strlen((const char *)text)}, 1, out), 0);
	assert_memory_equal(out, expected, 20);
}

static void aes_ctr_matches_nist(void **state)
{
	(void)state;
	uint8_t key[16], iv[16], text[64], expected[64], out[64];
	unhex("2b7e151628aed2a6abf7158809cf4f3c", key);
	unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", iv);
	unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
		  "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
		  text);
	unhex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
		  "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee",
		  expected);
	crypto_aes *aes = crypto_aes_create(key);
	assert_non_null(aes);
	assert_int_equal(crypto_aes_ctr(aes, iv, text, out, 64), 0);
	assert_memory_equal(out, expected, 64);
	/* In place, and a length that is no multiple of a block. */
	assert_int_equal(crypto_aes_ctr(aes, iv, text, text, 61), 0);
	assert_memory_equal(text, expected, 61);
	assert_int_equal(crypto_aes_ctr(aes, iv, text, text, 0), 0);
	crypto_aes_free(aes);
}

static void equal_and_wipe(void **state)
{
	(void)state;
	uint8_t a[16] = {1, 2, 3}, b[16] = {1, 2, 3};
	assert_true(crypto_equal(a, b, 16));
	b[15] = 0x80;
	assert_false(crypto_equal(a, b, 16));
	assert_true(crypto_equal(a, b, 15));
	crypto_wipe(a, sizeof a);
	for (size_t i = 0; i < sizeof a; i++)
		assert_int_equal(a[i], 0);
}

static void random_differs(void **state)
{
	(void)state;
	uint8_t a[32], b[32];
	assert_int_equal(crypto_random(a, sizeof a), 0);
	assert_int_equal(crypto_random(b, sizeof b), 0);
	assert_memory_not_equal(a, b, sizeof a);
}

static void identity_round_trip(void **state)
{
	(void)state;
	crypto_identity made, other, parsed;
	uint8_t fingerprint[32], again[32];
	assert_int_equal(crypto_identity_generate(&made), 0);
	assert_in_range(made.length, 200, 600);
	assert_int_equal(crypto_identity_parse(&parsed, made.bytes, made.length), 0);
	assert_int_equal(crypto_identity_fingerprint(&made, fingerprint), 0);
	assert_int_equal(crypto_identity_fingerprint(&parsed, again), 0);
	assert_memory_equal(fingerprint, again, 32);

	assert_int_equal(crypto_identity_generate(&other), 0);
	assert_int_equal(crypto_identity_fingerprint(&other, again), 0);
	assert_memory_not_equal(fingerprint, again, 32);
}

static void identity_refuses_what_is_not_whole(void **state)
{
	(void)state;
	crypto_identity made, parsed;
	assert_int_equal(crypto_identity_generate(&made), 0);
	for (size_t i = 0; i < made.length; i++) {
		made.bytes[i] ^= 1 << (i % 8);
		assert_int_equal(crypto_identity_parse(&parsed, made.bytes, made.length), -1);
		made.bytes[i] ^= 1 << (i % 8);
		assert_int_equal(crypto_identity_parse(&parsed, made.bytes, i), -1);
	}
	assert_int_equal(crypto_identity_parse(&parsed, made.bytes, CRYPTO_IDENTITY_MAX + 1), -1);
	assert_int_equal(crypto_identity_parse(&parsed, made.bytes, CRYPTO_IDENTITY_MAX), -1);
}

/* A key that belongs to another certificate, with a check sum that fits. */
static void identity_refuses_a_foreign_key(void **state)
{
	(void)state;
	crypto_identity a, b, parsed;
	uint8_t check[32];
	assert_int_equal(crypto_identity_generate(&a), 0);
	assert_int_equal(crypto_identity_generate(&b), 0);
	size_t head_a = 6 + (size_t)(a.bytes[4] << 8 | a.bytes[5]);
	size_t head_b = 6 + (size_t)(b.bytes[4] << 8 | b.bytes[5]);
	size_t key = b.length - 16 - head_b;
	memcpy(a.bytes + head_a, b.bytes + head_b, key);
	assert_int_equal(crypto_sha256(a.bytes, head_a + key, check), 0);
	memcpy(a.bytes + head_a + key, check, 16);
	assert_int_equal(crypto_identity_parse(&parsed, a.bytes, head_a + key + 16), -1);
}

static void addresses_are_told_from_names(void **state)
{
	(void)state;
	static const struct {
		const char *text, *bytes; /* "" for a name */
	} hosts[] = {
		{"127.0.0.1", "7f000001"},
		{"255.255.255.255", "ffffffff"},
		{"::", "00000000000000000000000000000000"},
		{"::1", "00000000000000000000000000000001"},
		{"1::", "00010000000000000000000000000000"},
		{"2001:db8::1:0:5", "20010db8000000000000000100000005"},
		{"1:2:3:4:5:6:7:8", "00010002000300040005000600070008"},
		{"1:2:3:4:5:6:7::", "00010002000300040005000600070000"},
		{"FE80::aBcD", "fe80000000000000000000000000abcd"},
		{"", ""},
		{"1.2.3", ""},
		{"1.2.3.256", ""},
		{"1.2.3.4.5", ""},
		{"1.2.3.4 ", ""},
		{"1.2.3.0004", ""},
		{"1..2.3", ""},
		{"1.2.3.4.example", ""},
		{"example.com", ""},
		{"abcd", ""},
		{":", ""},
		{":::", ""},
		{"1::2::3", ""},
		{"1:2:3:4:5:6:7", ""},
		{"1:2:3:4:5:6:7:8:9", ""},
		{"1:2:3:4:5:6:7:8::", ""},
		{"12345::", ""},
		{"1:", ""},
		{":1", ""},
		{"fe80::1%eth0", ""},
	};
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		uint8_t out[16], expected[16];
		size_t length = unhex(hosts[i].bytes, expected);
		if (host_parse_ip(hosts[i].text, out) != length)
			fail_msg("\"%s\"", hosts[i].text);
		assert_memory_equal(out, expected, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_matches_fips),
		cmocka_unit_test(hmac_matches_rfc2202),
		cmocka_unit_test(aes_ctr_matches_nist),
		cmocka_unit_test(equal_and_wipe),
		cmocka_unit_test(random_differs),
		cmocka_unit_test(addresses_are_told_from_names),
		cmocka_unit_test(identity_round_trip),
		cmocka_unit_test(identity_refuses_what_is_not_whole),
		cmocka_unit_test(identity_refuses_a_foreign_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
