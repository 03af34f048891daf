#include "rtp.h"

#include <string.h>

#include "../bytes.h"

/*
 *  0                   1                   2                   3        RFC 3550 section 5.1
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * |                           timestamp                           |
 * |                             SSRC                              |
 * |                      CSRC (0 to 15 of them)                   |
 * |      profile                  |   length in 32-bit words      |     when X
 */

#define PROFILE_ONE_BYTE 0xbede /* RFC 8285 section 4.2 */
#define PROFILE_TWO_BYTE 0x1000 /* section 4.3; the low 4 bits are the application's */
#define ONE_BYTE_STOP 15

static void take_extension(rtp_packet *packet, unsigned id, const uint8_t *data, size_t length,
						   const rtp_extensions *extensions)
{
	if (id == extensions->audio_level && length >= 1) {
		packet->has_level = true;
		packet->voice = data[0] >> 7;
		packet->level = data[0] & 0x7f;
	} else if (id == extensions->mid && length >= 1 && length <= RTP_MID_MAX) {
		packet->mid = (const char *)data;
		packet->mid_length = (uint8_t)length;
	}
}

/* Walks the elements of either form. -1 when one runs over the end of its block. */
static int read_extensions(rtp_packet *packet, bool two_byte, const uint8_t *at, size_t left,
						   const rtp_extensions *extensions)
{
	const size_t head = two_byte ? 2 : 1;

	while (left > 0) {
		unsigned id = two_byte ? at[0] : at[0] >> 4;

		if (at[0] == 0) { /* padding between elements */
			at++;
			left--;
			continue;
		}
		if (!two_byte && id == ONE_BYTE_STOP)
			return 0;
		if (left < head)
			return -1;
		size_t length = two_byte ? at[1] : (at[0] & 0x0fu) + 1;
		if (left - head < length)
			return -1;
		if (id != 0)
			take_extension(packet, id, at + head, length, extensions);
		at += head + length;
		left -= head + length;
	}
	return 0;
}

int rtp_read(rtp_packet *packet, const uint8_t *bytes, size_t length,
			 const rtp_extensions *extensions)
{
	memset(packet, 0, sizeof *packet);
	if (length < RTP_HEADER || bytes[0] >> 6 != 2)
		return -1;

	packet->marker = bytes[1] >> 7;
	packet->payload_type = bytes[1] & 0x7f;
	packet->sequence = bytes_read16(bytes + 2);
	packet->timestamp = bytes_read32(bytes + 4);
	packet->ssrc = bytes_read32(bytes + 8);

	size_t at = RTP_HEADER + 4 * (size_t)(bytes[0] & 0x0f);
	if (at > length)
		return -1;

	if (bytes[0] & 0x10) {
		if (length - at < 4)
			return -1;
		unsigned profile = bytes_read16(bytes + at);
		size_t block = 4 * (size_t)bytes_read16(bytes + at + 2);
		at += 4;
		if (length - at < block)
			return -1;
		bool two_byte = (profile & 0xfff0) == PROFILE_TWO_BYTE;
		if ((two_byte || profile == PROFILE_ONE_BYTE) &&
			read_extensions(packet, two_byte, bytes + at, block, extensions) < 0)
			return -1;
		at += block;
	}

	size_t end = length;
	if (bytes[0] & 0x20) {
		size_t padding = bytes[length - 1];
		if (padding == 0 || padding > end - at)
			return -1;
		end -= padding;
	}
	packet->payload = bytes + at;
	packet->payload_length = end - at;
	return 0;
}

size_t rtp_write(const rtp_packet *packet, const rtp_extensions *extensions, uint8_t *out,
				 size_t room)
{
	size_t level = packet->has_level && extensions->audio_level ? 2 : 0;
	size_t mid = packet->mid_length && extensions->mid ? 1 + (size_t)packet->mid_length : 0;
	size_t block = (level + mid + 3) / 4 * 4;
	size_t head = RTP_HEADER + (block ? 4 + block : 0);

	if (packet->mid_length > RTP_MID_MAX || room < head || room - head < packet->payload_length)
		return 0;
	if (packet->payload_length) /* first: the payload may already stand in `out` */
		memmove(out + head, packet->payload, packet->payload_length);

	out[0] = block ? 0x90 : 0x80;
	out[1] = (uint8_t)(packet->marker << 7 | (packet->payload_type & 0x7f));
	bytes_write16(out + 2, packet->sequence);
	bytes_write32(out + 4, packet->timestamp);
	bytes_write32(out + 8, packet->ssrc);
	if (block) {
		uint8_t *at = out + RTP_HEADER;

		bytes_write16(at, PROFILE_ONE_BYTE);
		bytes_write16(at + 2, (uint32_t)(block / 4));
		at += 4;
		memset(at, 0, block);
		if (level) {
			at[0] = (uint8_t)(extensions->audio_level << 4);
			at[1] = (uint8_t)(packet->voice << 7 | (packet->level & 0x7f));
			at += level;
		}
		if (mid) {
			at[0] = (uint8_t)(extensions->mid << 4 | (packet->mid_length - 1));
			memcpy(at + 1, packet->mid, packet->mid_length);
		}
	}
	return head + packet->payload_length;
}
