#include "mbed.h"

#include <string.h>

#define SHA1_BLOCK 64

int crypto_random(uint8_t *out, size_t length)
{
	return port_entropy(out, length);
}

int crypto_sha256(const uint8_t *bytes, size_t length, uint8_t out[32])
{
#if MBED_PSA
	size_t written;
	if (mbed_start() != 0)
		return -1;
	return psa_hash_compute(PSA_ALG_SHA_256, bytes, length, out, 32, &written) == PSA_SUCCESS ? 0
																							  : -1;
#else
	return mbedtls_sha256(bytes, length, out, 0) == 0 ? 0 : -1;
#endif
}

bool crypto_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
	volatile uint8_t difference = 0;
	for (size_t i = 0; i < length; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

void crypto_wipe(void *memory, size_t length)
{
	/* Volatile, or the compiler drops a write to memory that is about to be freed. */
	volatile uint8_t *byte = memory;
	while (length-- > 0)
		*byte++ = 0;
}

/*
 * HMAC-SHA1, RFC 2104. The hash states after the key's inner and outer block are kept, so that a
 * packet costs two state copies in place of two more blocks.
 */
struct crypto_hmac {
	mbed_sha1 inner, outer;
};

static int hmac_key(crypto_hmac *hmac, const uint8_t *key, size_t length)
{
	uint8_t block[SHA1_BLOCK] = {0};
	mbed_sha1_init(&hmac->inner);
	mbed_sha1_init(&hmac->outer);
	if (mbed_start() != 0)
		return -1;
	if (length > sizeof block) {
		mbed_sha1 long_key;
		mbed_sha1_init(&long_key);
		int failed = mbed_sha1_start(&long_key) || mbed_sha1_update(&long_key, key, length) ||
					 mbed_sha1_finish(&long_key, block);
		mbed_sha1_free(&long_key);
		if (failed)
			return -1;
	} else if (length > 0) {
		memcpy(block, key, length);
	}
	for (size_t i = 0; i < sizeof block; i++)
		block[i] ^= 0x36;
	int failed =
		mbed_sha1_start(&hmac->inner) || mbed_sha1_update(&hmac->inner, block, sizeof block);
	for (size_t i = 0; i < sizeof block; i++)
		block[i] ^= 0x36 ^ 0x5c;
	failed = failed || mbed_sha1_start(&hmac->outer) ||
			 mbed_sha1_update(&hmac->outer, block, sizeof block);
	crypto_wipe(block, sizeof block);
	return failed ? -1 : 0;
}

static void hmac_release(crypto_hmac *hmac)
{
	mbed_sha1_free(&hmac->inner);
	mbed_sha1_free(&hmac->outer);
}

static int hmac_parts(const crypto_hmac *hmac, const uint8_t *const parts[], const size_t lengths[],
					  size_t count, uint8_t out[20])
{
	mbed_sha1 sha;
	mbed_sha1_init(&sha);
	int failed = mbed_sha1_clone(&sha, &hmac->inner);
	for (size_t i = 0; i < count && !failed; i++)
		if (lengths[i] > 0)
			failed = mbed_sha1_update(&sha, parts[i], lengths[i]);
	failed = failed || mbed_sha1_finish(&sha, out);
	mbed_sha1_free(&sha);

	mbed_sha1_init(&sha);
	failed = failed || mbed_sha1_clone(&sha, &hmac->outer) || mbed_sha1_update(&sha, out, 20) ||
			 mbed_sha1_finish(&sha, out);
	mbed_sha1_free(&sha);
	return failed ? -1 : 0;
}

int crypto_hmac_sha1(const uint8_t *key, size_t key_length, const uint8_t *const parts[],
					 const size_t lengths[], size_t count, uint8_t out[20])
{
	crypto_hmac hmac;
	int result = hmac_key(&hmac, key, key_length);
	if (result == 0)
		result = hmac_parts(&hmac, parts, lengths, count, out);
	hmac_release(&hmac);
	return result;
}

crypto_hmac *crypto_hmac_create(const uint8_t *key, size_t length)
{
	crypto_hmac *hmac = port_alloc(sizeof *hmac, PORT_INTERNAL, PORT_SRTP);
	if (hmac && hmac_key(hmac, key, length) != 0) {
		crypto_hmac_free(hmac);
		return NULL;
	}
	return hmac;
}

void crypto_hmac_free(crypto_hmac *hmac)
{
	if (!hmac)
		return;
	hmac_release(hmac);
	crypto_wipe(hmac, sizeof *hmac);
	port_free(hmac);
}

int crypto_hmac_compute(crypto_hmac *hmac, const uint8_t *a, size_t a_length, const uint8_t *b,
						size_t b_length, uint8_t out[20])
{
	return hmac_parts(hmac, (const uint8_t *const[]){a, b}, (const size_t[]){a_length, b_length}, 2,
					  out);
}

#if MBED_PSA
/*
 * PSA's counter mode takes an operation per message, for which it allocates. Single blocks are one
 * operation as long as there is a key: they make the key stream here.
 */
struct crypto_aes {
	psa_key_id_t key;
	psa_cipher_operation_t blocks;
};

crypto_aes *crypto_aes_create(const uint8_t key[16])
{
	crypto_aes *aes = port_alloc(sizeof *aes, PORT_INTERNAL, PORT_SRTP);
	if (!aes || mbed_start() != 0) {
		port_free(aes);
		return NULL;
	}
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_set_key_type(&attributes, PSA_KEY_TYPE_AES);
	psa_set_key_algorithm(&attributes, PSA_ALG_ECB_NO_PADDING);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_ENCRYPT);
	aes->blocks = psa_cipher_operation_init();
	if (psa_import_key(&attributes, key, 16, &aes->key) != PSA_SUCCESS ||
		psa_cipher_encrypt_setup(&aes->blocks, aes->key, PSA_ALG_ECB_NO_PADDING) != PSA_SUCCESS) {
		crypto_aes_free(aes);
		return NULL;
	}
	return aes;
}

void crypto_aes_free(crypto_aes *aes)
{
	if (!aes)
		return;
	psa_cipher_abort(&aes->blocks);
	psa_destroy_key(aes->key);
	port_free(aes);
}

static void count_up(uint8_t counter[16])
{
	for (int i = 15; i >= 0 && ++counter[i] == 0; i--)
		;
}

int crypto_aes_ctr(crypto_aes *aes, const uint8_t iv[16], const uint8_t *in, uint8_t *out,
				   size_t length)
{
	uint8_t counters[128], stream[sizeof counters], counter[16];
	memcpy(counter, iv, sizeof counter);
	bool failed = false;
	while (length > 0 && !failed) {
		size_t size = length < sizeof counters ? length : sizeof counters, made = 0;
		size_t blocks = (size + 15) / 16 * 16;
		for (size_t at = 0; at < blocks; at += 16) {
			memcpy(counters + at, counter, sizeof counter);
			count_up(counter);
		}
		failed = psa_cipher_update(&aes->blocks, counters, blocks, stream, sizeof stream, &made) !=
					 PSA_SUCCESS ||
				 made != blocks;
		for (size_t i = 0; i < size && !failed; i++)
			out[i] = in[i] ^ stream[i];
		in += size;
		out += size;
		length -= size;
	}
	crypto_wipe(stream, sizeof stream);
	return failed ? -1 : 0;
}
#else
struct crypto_aes {
	mbedtls_aes_context context;
};

crypto_aes *crypto_aes_create(const uint8_t key[16])
{
	crypto_aes *aes = port_alloc(sizeof *aes, PORT_INTERNAL, PORT_SRTP);
	if (!aes)
		return NULL;
	mbedtls_aes_init(&aes->context);
	if (mbedtls_aes_setkey_enc(&aes->context, key, 128) != 0) {
		crypto_aes_free(aes);
		return NULL;
	}
	return aes;
}

void crypto_aes_free(crypto_aes *aes)
{
	if (!aes)
		return;
	mbedtls_aes_free(&aes->context);
	crypto_wipe(aes, sizeof *aes);
	port_free(aes);
}

int crypto_aes_ctr(crypto_aes *aes, const uint8_t iv[16], const uint8_t *in, uint8_t *out,
				   size_t length)
{
	uint8_t counter[16], stream[16];
	size_t used = 0;
	memcpy(counter, iv, sizeof counter);
	int result = mbedtls_aes_crypt_ctr(&aes->context, length, &used, counter, stream, in, out);
	crypto_wipe(stream, sizeof stream);
	return result == 0 ? 0 : -1;
}
#endif
