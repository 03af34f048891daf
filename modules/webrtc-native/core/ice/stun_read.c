#include "stun.h"

#include "../bytes.h"
#include "../crypto/crypto.h"

#define ATTRIBUTE_HEADER 4

uint32_t stun_crc32(const uint8_t *bytes, size_t length)
{
	/* By nibbles: 64 bytes of table rather than 1 KB; a check is about 100 bytes long. */
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

/* RFC 8489 section 14.1; `mask` is that of 14.2: the cookie and the transaction id, which stand one
 * after the other in the header. */
static bool read_value(net_address *out, const uint8_t mask[16], const uint8_t *value,
					   size_t length)
{
	size_t ip;

	if (length < 4)
		return false;
	if (value[1] == 0x01)
		ip = 4;
	else if (value[1] == 0x02)
		ip = 16;
	else
		return false;
	if (length != 4 + ip)
		return false;

	*out = (net_address){.family = ip == 4 ? 4 : 6};
	out->port = (uint16_t)(bytes_read16(value + 2) ^ bytes_read16(mask));
	for (size_t i = 0; i < ip; i++)
		out->ip[i] = value[4 + i] ^ mask[i];
	return true;
}

/* RFC 8489 section 14.8. */
static bool read_error(uint16_t *out, const uint8_t *value, size_t length)
{
	if (length < 4)
		return false;

	uint8_t hundreds = value[2] & 7, rest = value[3];

	if (hundreds < 3 || hundreds > 6 || rest > 99)
		return false;
	*out = (uint16_t)(hundreds * 100 + rest);
	return true;
}

static bool read_text(stun_text *out, const uint8_t *value, size_t length, size_t most)
{
	if (length > most)
		return false;
	if (out->bytes == NULL)
		*out = (stun_text){value, (uint16_t)length};
	return true;
}

static bool read_tie_breaker(stun_message *out, bool *role, const uint8_t *value, size_t length)
{
	/* Both roles at once would make the conflict rules contradict each other. */
	if (length != 8 || ((out->controlling || out->controlled) && !*role))
		return false;
	if (!*role)
		out->tie_breaker = bytes_read64(value);
	*role = true;
	return true;
}

static bool read_address(net_address *out, const uint8_t mask[16], const uint8_t *value,
						 size_t length)
{
	net_address address;

	if (!read_value(&address, mask, value, length))
		return false;
	if (out->family == 0)
		*out = address;
	return true;
}

static bool read_attribute(stun_message *out, uint16_t type, const uint8_t *value, size_t length)
{
	static const uint8_t plain[16];
	const uint8_t *mask = out->bytes + 4;
	uint16_t code;

	switch (type) {
	case STUN_USERNAME:
		return read_text(&out->username, value, length, 513);
	case STUN_REALM:
		return read_text(&out->realm, value, length, 763);
	case STUN_NONCE:
		return read_text(&out->nonce, value, length, 763);
	case STUN_SOFTWARE:
		return read_text(&out->software, value, length, 763);
	case STUN_XOR_MAPPED_ADDRESS:
		return read_address(&out->mapped, mask, value, length);
	case STUN_XOR_RELAYED_ADDRESS:
		return read_address(&out->relayed, mask, value, length);
	case STUN_XOR_PEER_ADDRESS:
		return read_address(&out->peer, mask, value, length);
	case STUN_ALTERNATE_SERVER:
		return read_address(&out->alternate, plain, value, length);
	case STUN_DATA_VALUE:
		return read_text(&out->data, value, length, UINT16_MAX);
	case STUN_LIFETIME:
		if (length != 4)
			return false;
		if (out->lifetime == 0)
			out->lifetime = bytes_read32(value);
		return true;
	case STUN_ERROR_CODE:
		if (!read_error(&code, value, length))
			return false;
		if (out->error_code == 0)
			out->error_code = code;
		return true;
	case STUN_PRIORITY:
		if (length != 4)
			return false;
		if (!out->has_priority)
			out->priority = bytes_read32(value);
		out->has_priority = true;
		return true;
	case STUN_USE_CANDIDATE:
		out->use_candidate = true;
		return length == 0;
	case STUN_ICE_CONTROLLING:
		return read_tie_breaker(out, &out->controlling, value, length);
	case STUN_ICE_CONTROLLED:
		return read_tie_breaker(out, &out->controlled, value, length);
	case STUN_UNKNOWN_ATTRIBUTES:
		return true;
	default:
		if (type < 0x8000 && out->unknown_count < STUN_UNKNOWN_MAX)
			out->unknown[out->unknown_count++] = type;
		return true;
	}
}

bool stun_read(stun_message *out, const uint8_t *bytes, size_t length)
{
	*out = (stun_message){.bytes = bytes};
	if (length < STUN_HEADER || (bytes[0] & 0xc0) != 0 || bytes_read32(bytes + 4) != STUN_COOKIE ||
		bytes_read16(bytes + 2) != length - STUN_HEADER || length % 4 != 0)
		return false;

	uint16_t type = bytes_read16(bytes);

	out->kind = (stun_class)(type & 0x110);
	out->method = (uint16_t)((type & 0x000f) | (type & 0x00e0) >> 1 | (type & 0x3e00) >> 2);
	out->id = bytes + 8;

	for (size_t at = STUN_HEADER; at < length;) {
		/* `length` and `at` are multiples of 4, so an attribute's header is always whole. */
		uint16_t attribute = bytes_read16(bytes + at);
		size_t size = bytes_read16(bytes + at + 2);
		const uint8_t *value = bytes + at + ATTRIBUTE_HEADER;
		size_t next = at + ATTRIBUTE_HEADER + ((size + 3) & ~(size_t)3);

		if (next > length)
			return false;
		if (attribute == STUN_FINGERPRINT) {
			if (size != 4 || next != length ||
				bytes_read32(value) != (stun_crc32(bytes, at) ^ STUN_FINGERPRINT_XOR))
				return false;
			out->has_fingerprint = true;
		} else if (out->integrity_at != 0) {
			/* Not authenticated: ignored. */
		} else if (attribute == STUN_MESSAGE_INTEGRITY) {
			if (size != STUN_INTEGRITY_SIZE)
				return false;
			out->integrity_at = at;
		} else if (!read_attribute(out, attribute, value, size)) {
			return false;
		}
		at = next;
	}
	return true;
}

bool stun_check_integrity(const stun_message *message, const uint8_t *key, size_t key_length)
{
	if (message->integrity_at == 0)
		return false;

	/* The HMAC is taken with a length that ends with this attribute (RFC 8489 section 14.5). */
	size_t at = message->integrity_at;
	uint8_t start[4] = {message->bytes[0], message->bytes[1]};
	const uint8_t *const parts[2] = {start, message->bytes + 4};
	const size_t lengths[2] = {4, at - 4};
	uint8_t digest[STUN_INTEGRITY_SIZE];

	bytes_write16(start + 2, (uint16_t)(at + ATTRIBUTE_HEADER + STUN_INTEGRITY_SIZE - STUN_HEADER));
	return crypto_hmac_sha1(key, key_length, parts, lengths, 2, digest) == 0 &&
		   crypto_equal(digest, message->bytes + at + ATTRIBUTE_HEADER, STUN_INTEGRITY_SIZE);
}
