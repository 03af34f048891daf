#include "stun.h"

#include <string.h>

#include "../bytes.h"
#include "../crypto/crypto.h"

void stun_begin(stun_writer *writer, uint8_t *bytes, size_t capacity, stun_class kind,
				uint16_t method, const uint8_t id[STUN_ID])
{
	*writer = (stun_writer){.bytes = bytes, .capacity = capacity, .length = STUN_HEADER};
	if (capacity < STUN_HEADER) {
		writer->overflow = true;
		return;
	}
	/* The class's two bits stand between the method's (RFC 8489 figure 3). */
	bytes_write16(bytes, (uint16_t)(kind | (method & 0x000f) | (method & 0x0070) << 1 |
									(method & 0x0f80) << 2));
	bytes_write16(bytes + 2, 0);
	bytes_write32(bytes + 4, STUN_COOKIE);
	memcpy(bytes + 8, id, STUN_ID);
}

uint8_t *stun_put(stun_writer *writer, uint16_t type, size_t length)
{
	size_t padded = (length + 3) & ~(size_t)3;

	if (writer->overflow || length > UINT16_MAX - 3 ||
		writer->capacity - writer->length < 4 + padded) {
		writer->overflow = true;
		return NULL;
	}

	uint8_t *attribute = writer->bytes + writer->length;

	bytes_write16(attribute, type);
	bytes_write16(attribute + 2, (uint16_t)length);
	memset(attribute + 4, 0, padded);
	writer->length += 4 + padded;
	bytes_write16(writer->bytes + 2, (uint16_t)(writer->length - STUN_HEADER));
	return attribute + 4;
}

void stun_put_bytes(stun_writer *writer, uint16_t type, const void *value, size_t length)
{
	uint8_t *out = stun_put(writer, type, length);

	if (out != NULL && length > 0)
		memcpy(out, value, length);
}

void stun_put_u32(stun_writer *writer, uint16_t type, uint32_t value)
{
	uint8_t *out = stun_put(writer, type, 4);

	if (out != NULL)
		bytes_write32(out, value);
}

void stun_put_u64(stun_writer *writer, uint16_t type, uint64_t value)
{
	uint8_t *out = stun_put(writer, type, 8);

	if (out != NULL)
		bytes_write64(out, value);
}

void stun_put_xor_address(stun_writer *writer, uint16_t type, const net_address *address)
{
	size_t ip = address->family == 6 ? 16 : 4;
	uint8_t *out = stun_put(writer, type, 4 + ip);

	if (out == NULL)
		return;
	out[1] = address->family == 6 ? 0x02 : 0x01;
	bytes_write16(out + 2, (uint16_t)(address->port ^ STUN_COOKIE >> 16));
	for (size_t i = 0; i < ip; i++)
		out[4 + i] = address->ip[i] ^ writer->bytes[4 + i];
}

void stun_put_error(stun_writer *writer, uint16_t code, const char *reason)
{
	size_t length = strlen(reason);
	uint8_t *out = stun_put(writer, STUN_ERROR_CODE, 4 + length);

	if (out == NULL)
		return;
	out[2] = (uint8_t)(code / 100);
	out[3] = (uint8_t)(code % 100);
	memcpy(out + 4, reason, length);
}

void stun_put_unknown(stun_writer *writer, const uint16_t *types, size_t count)
{
	uint8_t *out = stun_put(writer, STUN_UNKNOWN_ATTRIBUTES, 2 * count);

	if (out == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		bytes_write16(out + 2 * i, types[i]);
}

size_t stun_end(stun_writer *writer, const uint8_t *key, size_t key_length)
{
	if (key != NULL) {
		size_t covered = writer->length;
		uint8_t *digest = stun_put(writer, STUN_MESSAGE_INTEGRITY, STUN_INTEGRITY_SIZE);
		const uint8_t *const parts[1] = {writer->bytes};

		/* The header's length already counts MESSAGE-INTEGRITY, as section 14.5 wants it. */
		if (digest == NULL || crypto_hmac_sha1(key, key_length, parts, &covered, 1, digest) != 0)
			return 0;
	}

	size_t covered = writer->length;
	uint8_t *fingerprint = stun_put(writer, STUN_FINGERPRINT, 4);

	if (fingerprint == NULL)
		return 0;
	bytes_write32(fingerprint, stun_crc32(writer->bytes, covered) ^ STUN_FINGERPRINT_XOR);
	return writer->length;
}
