/*
 * RFC 3711.
 *
 *   SRTP:  | RTP header, CSRCs, extension | encrypted payload | tag (10) |
 *   SRTCP: | first 8 bytes of RTCP | encrypted rest | E (1 bit) and index (31) | tag (10) |
 *
 * The tag covers everything before it; for SRTP also the rollover counter, which is not sent.
 */
#include "srtp_internal.h"

#include <string.h>

#include "../port.h"

#define RTP_HEADER 12
#define RTCP_HEADER 8
#define SRTCP_INDEX_MAX 0x7fffffffu
#define SRTP_INDEX_MAX 0xffffffffffffu

typedef struct {
	crypto_aes *aes;
	crypto_hmac *hmac;
	uint8_t salt[SRTP_SALT];
} srtp_keys;

typedef struct {
	uint32_t ssrc;
	bool used;
	uint32_t last; /* count of packets at its last one: who is idle longest */
	srtp_replay rtp, rtcp;
} srtp_stream;

struct srtp_context {
	srtp_keys rtp, rtcp;
	srtp_stream streams[SRTP_STREAMS_MAX];
	uint32_t *spent; /* SSRCs that were sealed for and have no slot any more; NULL: none */
	size_t spent_count;
	srtp_stats stats;
};

static uint32_t get32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put32(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 24);
	bytes[1] = (uint8_t)(value >> 16);
	bytes[2] = (uint8_t)(value >> 8);
	bytes[3] = (uint8_t)value;
}

/* -- Contexts -- */

static int keys_derive(srtp_keys *keys, crypto_aes *master, const uint8_t salt[SRTP_SALT],
					   uint8_t label)
{
	uint8_t cipher[SRTP_KEY], auth[SRTP_AUTH_KEY];
	int failed = srtp_derive(master, salt, label + SRTP_LABEL_CIPHER, cipher, sizeof cipher) ||
				 srtp_derive(master, salt, label + SRTP_LABEL_AUTH, auth, sizeof auth) ||
				 srtp_derive(master, salt, label + SRTP_LABEL_SALT, keys->salt, sizeof keys->salt);
	if (!failed) {
		keys->aes = crypto_aes_create(cipher);
		keys->hmac = crypto_hmac_create(auth, sizeof auth);
	}
	crypto_wipe(cipher, sizeof cipher);
	crypto_wipe(auth, sizeof auth);
	return keys->aes && keys->hmac ? 0 : -1;
}

srtp_context *srtp_context_create(const uint8_t key[16], const uint8_t salt[14])
{
	srtp_context *context = port_alloc(sizeof *context, PORT_INTERNAL, PORT_SRTP);
	crypto_aes *master = crypto_aes_create(key);
	if (!context || !master || keys_derive(&context->rtp, master, salt, 0) != 0 ||
		keys_derive(&context->rtcp, master, salt, SRTP_LABEL_RTCP) != 0) {
		srtp_context_free(context);
		context = NULL;
	}
	crypto_aes_free(master);
	return context;
}

void srtp_context_free(srtp_context *context)
{
	if (!context)
		return;
	crypto_aes_free(context->rtp.aes);
	crypto_hmac_free(context->rtp.hmac);
	crypto_aes_free(context->rtcp.aes);
	crypto_hmac_free(context->rtcp.hmac);
	port_free(context->spent);
	crypto_wipe(context, sizeof *context);
	port_free(context);
}

static srtp_stream *stream_find(srtp_context *context, uint32_t ssrc)
{
	for (size_t i = 0; i < SRTP_STREAMS_MAX; i++)
		if (context->streams[i].used && context->streams[i].ssrc == ssrc)
			return &context->streams[i];
	return NULL;
}

static srtp_stream *stream_free_slot(srtp_context *context)
{
	for (size_t i = 0; i < SRTP_STREAMS_MAX; i++)
		if (!context->streams[i].used)
			return &context->streams[i];
	return NULL;
}

static srtp_stream *stream_idlest(srtp_context *context)
{
	srtp_stream *idlest = &context->streams[0];
	for (size_t i = 1; i < SRTP_STREAMS_MAX; i++)
		if ((int32_t)(context->streams[i].last - idlest->last) < 0)
			idlest = &context->streams[i];
	return idlest;
}

static bool is_spent(const srtp_context *context, uint32_t ssrc)
{
	for (size_t i = 0; i < context->spent_count; i++)
		if (context->spent[i] == ssrc)
			return true;
	return false;
}

/*
 * A sender's indices must never start again under the same key: two packets under one key stream
 * give both away. A slot is taken from the idlest sender only when its SSRC can be written down as
 * spent, and a spent one gets none again.
 */
static srtp_stream *stream_to_seal(srtp_context *context, uint32_t ssrc)
{
	srtp_stream *stream = stream_find(context, ssrc);
	if (!stream) {
		if (is_spent(context, ssrc))
			return NULL;
		stream = stream_free_slot(context);
		if (!stream) {
			if (!context->spent)
				context->spent =
					port_alloc(SRTP_SPENT_MAX * sizeof *context->spent, PORT_EXTERNAL, PORT_SRTP);
			if (!context->spent || context->spent_count == SRTP_SPENT_MAX)
				return NULL;
			stream = stream_idlest(context);
			context->spent[context->spent_count++] = stream->ssrc;
		}
		*stream = (srtp_stream){.ssrc = ssrc, .used = true};
	}
	stream->last = context->stats.packets;
	return stream;
}

/*
 * A receiver's slot, only once a packet is authenticated. SSRCs that nobody forgot (a straggler of
 * a track that is gone, a reporter) must not add up until no new one is heard: the idlest makes
 * room.
 */
static srtp_stream *stream_opened(srtp_context *context, srtp_stream *stream, uint32_t ssrc)
{
	if (!stream) {
		stream = stream_free_slot(context);
		if (!stream)
			stream = stream_idlest(context);
		*stream = (srtp_stream){.ssrc = ssrc, .used = true};
	}
	stream->last = context->stats.packets;
	return stream;
}

bool srtp_next_sequence(srtp_context *context, uint32_t ssrc, uint16_t *next)
{
	srtp_stream *stream = stream_find(context, ssrc);
	if (!stream || stream->rtp.window == 0)
		return false;
	*next = (uint16_t)(stream->rtp.newest + 1);
	return true;
}

void srtp_forget(srtp_context *context, uint32_t ssrc)
{
	srtp_stream *stream = stream_find(context, ssrc);
	if (stream)
		*stream = (srtp_stream){0};
}

void srtp_get_stats(const srtp_context *context, srtp_stats *out)
{
	*out = context->stats;
}

/* Counts each packet in exactly one place. */
static srtp_result counted(srtp_context *context, srtp_result result)
{
	switch (result) {
	case SRTP_OK:
		context->stats.packets++;
		break;
	case SRTP_AUTHENTICATION:
		context->stats.authentication++;
		break;
	case SRTP_REPLAYED:
		context->stats.replayed++;
		break;
	case SRTP_NO_STREAM:
		context->stats.no_stream++;
		break;
	case SRTP_MALFORMED:
	case SRTP_NO_ROOM:
	case SRTP_EXHAUSTED:
		context->stats.malformed++;
		break;
	}
	return result;
}

/* -- Packets -- */

/* Where an RTP packet's payload begins; 0 when its header does not fit in `length`. */
static size_t rtp_payload_offset(const uint8_t *packet, size_t length)
{
	if (length < RTP_HEADER || packet[0] >> 6 != 2)
		return 0;
	size_t offset = RTP_HEADER + 4 * (size_t)(packet[0] & 0x0f);
	if (packet[0] & 0x10) {
		if (length < offset + 4)
			return 0;
		offset += 4 + 4 * ((size_t)packet[offset + 2] << 8 | packet[offset + 3]);
	}
	return offset <= length ? offset : 0;
}

/* Section 4.1.1: IV = salt * 2^16 XOR ssrc * 2^64 XOR index * 2^16. Its own inverse. */
static int cipher(const srtp_keys *keys, uint32_t ssrc, uint64_t index, uint8_t *bytes,
				  size_t length)
{
	uint8_t iv[16] = {0}, part[8];
	memcpy(iv, keys->salt, SRTP_SALT);
	put32(part, ssrc);
	for (size_t i = 0; i < 4; i++)
		iv[4 + i] ^= part[i];
	put32(part, (uint32_t)(index >> 32));
	put32(part + 4, (uint32_t)index);
	for (size_t i = 0; i < 6; i++)
		iv[8 + i] ^= part[2 + i];
	return crypto_aes_ctr(keys->aes, iv, bytes, bytes, length);
}

/* `rollover` is NULL for SRTCP, whose index is in the packet. */
static int tag(const srtp_keys *keys, const uint8_t *packet, size_t length, const uint8_t *rollover,
			   uint8_t out[20])
{
	return crypto_hmac_compute(keys->hmac, packet, length, rollover, rollover ? 4 : 0, out);
}

static int rtp_tag(const srtp_keys *keys, const uint8_t *packet, size_t length, uint64_t index,
				   uint8_t out[20])
{
	uint8_t rollover[4];
	put32(rollover, (uint32_t)(index >> 16));
	return tag(keys, packet, length, rollover, out);
}

static srtp_result seal_rtp(srtp_context *context, uint8_t *packet, size_t *length, size_t room)
{
	size_t offset = rtp_payload_offset(packet, *length);
	if (offset == 0)
		return SRTP_MALFORMED;
	if (room < SRTP_TAG || *length > room - SRTP_TAG)
		return SRTP_NO_ROOM;
	uint32_t ssrc = get32(packet + 8);
	uint16_t sequence = (uint16_t)(packet[2] << 8 | packet[3]);
	srtp_stream *stream = stream_to_seal(context, ssrc);
	if (!stream)
		return SRTP_NO_STREAM;

	bool begun = stream->rtp.window != 0;
	uint64_t index = begun ? srtp_index_near(stream->rtp.newest, sequence) : sequence;
	if (index > SRTP_INDEX_MAX)
		return SRTP_EXHAUSTED;
	if (begun && !srtp_replay_fresh(&stream->rtp, index))
		return SRTP_REPLAYED;
	uint8_t mac[20];
	if (cipher(&context->rtp, ssrc, index, packet + offset, *length - offset) != 0 ||
		rtp_tag(&context->rtp, packet, *length, index, mac) != 0)
		return SRTP_MALFORMED;
	memcpy(packet + *length, mac, SRTP_TAG);
	*length += SRTP_TAG;
	srtp_replay_add(&stream->rtp, index);
	return SRTP_OK;
}

static srtp_result open_rtp(srtp_context *context, uint8_t *packet, size_t *length)
{
	if (*length < RTP_HEADER + SRTP_TAG)
		return SRTP_MALFORMED;
	size_t plain = *length - SRTP_TAG;
	size_t offset = rtp_payload_offset(packet, plain);
	if (offset == 0)
		return SRTP_MALFORMED;
	uint32_t ssrc = get32(packet + 8);
	uint16_t sequence = (uint16_t)(packet[2] << 8 | packet[3]);
	srtp_stream *stream = stream_find(context, ssrc);
	bool known = stream && stream->rtp.window != 0;
	uint64_t index = known ? srtp_index_near(stream->rtp.newest, sequence) : sequence;
	if (index > SRTP_INDEX_MAX)
		return SRTP_EXHAUSTED;
	if (known && !srtp_replay_fresh(&stream->rtp, index))
		return SRTP_REPLAYED;

	uint8_t mac[20];
	if (rtp_tag(&context->rtp, packet, plain, index, mac) != 0 ||
		!crypto_equal(mac, packet + plain, SRTP_TAG))
		return SRTP_AUTHENTICATION;
	if (cipher(&context->rtp, ssrc, index, packet + offset, plain - offset) != 0)
		return SRTP_MALFORMED;
	srtp_replay_add(&stream_opened(context, stream, ssrc)->rtp, index);
	*length = plain;
	return SRTP_OK;
}

static srtp_result seal_rtcp(srtp_context *context, uint8_t *packet, size_t *length, size_t room)
{
	if (*length < RTCP_HEADER || packet[0] >> 6 != 2)
		return SRTP_MALFORMED;
	if (room < SRTCP_OVERHEAD || *length > room - SRTCP_OVERHEAD)
		return SRTP_NO_ROOM;
	uint32_t ssrc = get32(packet + 4);
	srtp_stream *stream = stream_to_seal(context, ssrc);
	if (!stream)
		return SRTP_NO_STREAM;
	uint64_t index = stream->rtcp.window == 0 ? 0 : stream->rtcp.newest + 1;
	if (index > SRTCP_INDEX_MAX)
		return SRTP_EXHAUSTED;

	uint8_t mac[20];
	if (cipher(&context->rtcp, ssrc, index, packet + RTCP_HEADER, *length - RTCP_HEADER) != 0)
		return SRTP_MALFORMED;
	put32(packet + *length, 0x80000000u | (uint32_t)index);
	*length += 4;
	if (tag(&context->rtcp, packet, *length, NULL, mac) != 0)
		return SRTP_MALFORMED;
	memcpy(packet + *length, mac, SRTP_TAG);
	*length += SRTP_TAG;
	srtp_replay_add(&stream->rtcp, index);
	return SRTP_OK;
}

static srtp_result open_rtcp(srtp_context *context, uint8_t *packet, size_t *length)
{
	if (*length < RTCP_HEADER + SRTCP_OVERHEAD || packet[0] >> 6 != 2)
		return SRTP_MALFORMED;
	size_t covered = *length - SRTP_TAG, plain = covered - 4;
	uint32_t ssrc = get32(packet + 4);
	uint32_t trailer = get32(packet + plain);
	uint32_t index = trailer & SRTCP_INDEX_MAX;
	srtp_stream *stream = stream_find(context, ssrc);
	if (stream && !srtp_replay_fresh(&stream->rtcp, index))
		return SRTP_REPLAYED;

	uint8_t mac[20];
	if (tag(&context->rtcp, packet, covered, NULL, mac) != 0 ||
		!crypto_equal(mac, packet + covered, SRTP_TAG))
		return SRTP_AUTHENTICATION;
	/* E clear: authenticated, sent in the clear. */
	if (trailer & ~SRTCP_INDEX_MAX &&
		cipher(&context->rtcp, ssrc, index, packet + RTCP_HEADER, plain - RTCP_HEADER) != 0)
		return SRTP_MALFORMED;
	srtp_replay_add(&stream_opened(context, stream, ssrc)->rtcp, index);
	*length = plain;
	return SRTP_OK;
}

srtp_result srtp_seal(srtp_context *context, uint8_t *packet, size_t *length, size_t room)
{
	return counted(context, seal_rtp(context, packet, length, room));
}

srtp_result srtp_open(srtp_context *context, uint8_t *packet, size_t *length)
{
	return counted(context, open_rtp(context, packet, length));
}

srtp_result srtcp_seal(srtp_context *context, uint8_t *packet, size_t *length, size_t room)
{
	return counted(context, seal_rtcp(context, packet, length, room));
}

srtp_result srtcp_open(srtp_context *context, uint8_t *packet, size_t *length)
{
	return counted(context, open_rtcp(context, packet, length));
}
