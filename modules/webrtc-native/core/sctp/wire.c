#include "wire.h"

static bool next_item(sctp_items *items, sctp_item *out, bool *malformed)
{
	size_t left = (size_t)(items->end - items->at);

	*malformed = false;
	if (left == 0)
		return false;
	size_t length = left < CHUNK_HEADER ? 0 : bytes_read16(items->at + 2);

	if (length < CHUNK_HEADER || length > left) {
		*malformed = true;
		return false;
	}
	out->value = items->at + CHUNK_HEADER;
	out->length = length - CHUNK_HEADER;
	items->at = PAD4(length) > left ? items->end : items->at + PAD4(length);
	return true;
}

bool sctp_next_chunk(sctp_items *items, sctp_item *out, bool *malformed)
{
	if (!next_item(items, out, malformed))
		return false;
	out->type = out->value[-CHUNK_HEADER];
	out->flags = out->value[1 - CHUNK_HEADER];
	return true;
}

bool sctp_next_parameter(sctp_items *items, sctp_item *out, bool *malformed)
{
	if (!next_item(items, out, malformed))
		return false;
	out->type = bytes_read16(out->value - PARAMETER_HEADER);
	out->flags = 0;
	return true;
}

/* Four bits at a time: 64 bytes of table, where a byte at a time costs 1 KB of flash. */
static uint32_t crc_step(uint32_t crc, uint8_t byte)
{
	static const uint32_t table[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};

	crc ^= byte;
	crc = crc >> 4 ^ table[crc & 15];
	return crc >> 4 ^ table[crc & 15];
}

uint32_t sctp_crc32c(const uint8_t *packet, size_t length)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++)
		crc = crc_step(crc, i >= 8 && i < PACKET_HEADER ? 0 : packet[i]);
	crc = ~crc;
	/* The remainder's bytes go out lowest first. */
	return crc >> 24 | (crc >> 8 & 0xff00) | (crc << 8 & 0xff0000) | crc << 24;
}
