/*
 * INIT, INIT ACK, COOKIE ECHO and COOKIE ACK (RFC 9260 section 5). In WebRTC both sides send INIT
 * at once, so their crossing is the ordinary case.
 *
 * An INIT changes nothing here: all that it said travels in the cookie, signed, and is believed
 * when it comes back. Our tag and first TSN are drawn at creation and are the same in INIT and
 * INIT ACK, as section 5.2.1 wants of crossing ones.
 */
#include <string.h>

#include "../crypto/crypto.h"
#include "internal.h"

/* The cookie: created (8), our tag, peer's tag, peer's TSN, window (4 each), streams out and in (2
 * each), our and the peer's tie-tags (4 each), abilities (4), HMAC-SHA1 (20). */
enum {
	COOKIE_CREATED = 0,
	COOKIE_LOCAL_TAG = 8,
	COOKIE_PEER_TAG = 12,
	COOKIE_PEER_TSN = 16,
	COOKIE_WINDOW = 20,
	COOKIE_STREAMS_OUT = 24,
	COOKIE_STREAMS_IN = 26,
	COOKIE_LOCAL_TIE = 28,
	COOKIE_PEER_TIE = 32,
	COOKIE_ABILITIES = 36,
	COOKIE_HMAC = 40,
};
_Static_assert(COOKIE_HMAC + 20 == COOKIE_SIZE, "the HMAC ends the cookie");

enum { ABLE_FORWARD_TSN = 1, ABLE_RECONFIG = 2, ABLE_ZERO_CHECKSUM = 4 };

static void read_extensions(sctp_peer *peer, const sctp_item *parameter)
{
	for (size_t i = 0; i < parameter->length; i++) {
		if (parameter->value[i] == CHUNK_RE_CONFIG)
			peer->reconfig = true;
		else if (parameter->value[i] == CHUNK_FORWARD_TSN)
			peer->forward_tsn = true;
	}
}

/* INIT and INIT ACK are alike. False when a mandatory field is invalid. */
static bool read_init(sctp_association *self, sctp_peer *peer, const sctp_item *chunk)
{
	sctp_items items = {chunk->value + INIT_HEADER - CHUNK_HEADER, chunk->value + chunk->length};
	sctp_item parameter;
	bool malformed;

	*peer = (sctp_peer){
		.tag = bytes_read32(chunk->value),
		.window = bytes_read32(chunk->value + 4),
		.streams_out = bytes_read16(chunk->value + 8),
		.streams_in = bytes_read16(chunk->value + 10),
		.tsn = bytes_read32(chunk->value + 12),
	};
	self->answer.unrecognized_length = 0;
	while (sctp_next_parameter(&items, &parameter, &malformed)) {
		uint16_t room = (uint16_t)(UNRECOGNIZED_MAX - self->answer.unrecognized_length);
		size_t size = PARAMETER_HEADER + parameter.length;

		switch (parameter.type) {
		case PARAMETER_STATE_COOKIE:
			peer->cookie = parameter.value;
			peer->cookie_length = parameter.length;
			continue;
		case PARAMETER_ZERO_CHECKSUM:
			if (parameter.length >= 4)
				peer->zero_checksum = bytes_read32(parameter.value) == CHECKSUM_BY_DTLS;
			continue;
		case PARAMETER_EXTENSIONS:
			read_extensions(peer, &parameter);
			continue;
		case PARAMETER_FORWARD_TSN:
			peer->forward_tsn = true;
			continue;
		default:
			break;
		}
		if (parameter.type & PARAMETER_UNKNOWN_REPORT && PARAMETER_HEADER + PAD4(size) <= room) {
			uint8_t *out = self->answer.unrecognized + self->answer.unrecognized_length;

			memset(out, 0, PARAMETER_HEADER + PAD4(size));
			bytes_write16(out, PARAMETER_UNRECOGNIZED);
			bytes_write16(out + 2, (uint32_t)(PARAMETER_HEADER + size));
			memcpy(out + PARAMETER_HEADER, parameter.value - PARAMETER_HEADER, size);
			self->answer.unrecognized_length =
				(uint16_t)(self->answer.unrecognized_length + PARAMETER_HEADER + PAD4(size));
		}
		if (!(parameter.type & PARAMETER_UNKNOWN_SKIP) &&
			parameter.type > PARAMETER_RFC9260_LAST) /* those are known, and of no use here */
			break;
	}
	return !malformed && peer->tag != 0 && peer->streams_out != 0 && peer->streams_in != 0 &&
		   peer->window >= WINDOW_MIN;
}

static void adopt(sctp_association *self, const sctp_peer *peer)
{
	self->remote_tag = peer->tag;
	self->forward_tsn = peer->forward_tsn;
	self->reconfig = peer->reconfig;
	self->zero_checksum = peer->zero_checksum;
	self->streams_out = peer->streams_in < SCTP_STREAMS ? peer->streams_in : SCTP_STREAMS;
	self->peer_reset_next = peer->tsn; /* RFC 6525 section 5.1.1 */
	inbound_start(self, peer->tsn);
	outbound_start(self, peer->window);
}

static void establish(sctp_association *self)
{
	self->state = SCTP_ESTABLISHED;
	self->was_established = true;
	self->errors = 0;
	self->rto = RTO_INITIAL;
	self->pending &= ~(uint32_t)(PENDING_INIT | PENDING_COOKIE_ECHO);
	chain_free(&self->send_pool, self->cookie);
	self->cookie = NO_BLOCK;
	association_timer_stop(self, TIMER_T1);
	association_timer(self, TIMER_HEARTBEAT, HEARTBEAT_INTERVAL);
	if (self->acked + 1 != self->next_tsn) /* it went with the cookie */
		association_timer(self, TIMER_T3, self->rto);
	outbound_advance(self);
}

void handshake_on_init(sctp_association *self, const sctp_item *chunk)
{
	sctp_peer peer;

	if (!read_init(self, &peer, chunk)) {
		self->stats.dropped_malformed++;
		if (peer.tag != 0)
			association_refuse(self, peer.tag, false);
		return;
	}
	if (self->over) {
		association_refuse(self, peer.tag, false);
		return;
	}
	if (self->state == SCTP_SHUTDOWN_ACK_SENT) { /* section 9.2: it is to hear that first */
		self->pending |= PENDING_SHUTDOWN_ACK;
		return;
	}
	self->answer.peer = peer;
	self->answer.peer.cookie = NULL;
	self->answer.tag = self->local_tag;
	/* Section 5.2.2: one that has an association already may have restarted. */
	if (self->state >= SCTP_ESTABLISHED &&
		crypto_random((uint8_t *)&self->answer.tag, sizeof self->answer.tag) != 0)
		return;
	self->pending |= PENDING_INIT_ACK;
}

/* Section 3.2.2: of what INIT ACK had, the first, if it is short, and behind COOKIE ACK. */
static void report_unrecognized(sctp_association *self)
{
	const uint8_t *parameter = self->answer.unrecognized + PARAMETER_HEADER;

	if (self->answer.unrecognized_length == 0)
		return;
	size_t length = bytes_read16(parameter + 2);

	if (length <= ERROR_MAX - PARAMETER_HEADER)
		association_report(self, CAUSE_UNRECOGNIZED_PARAMETERS, parameter, length);
}

void handshake_on_init_ack(sctp_association *self, const sctp_item *chunk)
{
	sctp_peer peer;

	if (self->state != SCTP_COOKIE_WAIT) { /* section 5.2.3 */
		self->stats.dropped_unexpected++;
		return;
	}
	bool valid = read_init(self, &peer, chunk);

	if (valid && peer.cookie_length == 0) {
		static const uint8_t missing[] = {0, 0, 0, 1, 0, PARAMETER_STATE_COOKIE};

		self->remote_tag = peer.tag;
		association_report(self, CAUSE_MISSING_PARAMETER, missing, sizeof missing);
		association_fail(self, CAUSE_MISSING_PARAMETER, "the peer's INIT ACK has no cookie");
		return;
	}
	if (!valid) {
		self->remote_tag = peer.tag;
		association_fail(self, CAUSE_INVALID_PARAMETER, "the peer's INIT ACK is invalid");
		return;
	}
	if (peer.cookie_length <= SCTP_PACKET_MAX - PACKET_HEADER - 2 * CHUNK_HEADER)
		self->cookie = chain_make(&self->send_pool, 0, peer.cookie, peer.cookie_length);
	if (self->cookie == NO_BLOCK) {
		self->remote_tag = peer.tag;
		association_fail(self, CAUSE_USER_ABORT, "the peer's cookie finds no room");
		return;
	}
	self->cookie_length = (uint16_t)peer.cookie_length;
	adopt(self, &peer);
	self->state = SCTP_COOKIE_ECHOED;
	self->pending &= ~(uint32_t)PENDING_INIT;
	self->pending |= PENDING_COOKIE_ECHO;
	self->errors = 0;
	association_timer(self, TIMER_T1, self->rto);
	report_unrecognized(self);
}

static bool sign(const sctp_association *self, const uint8_t *cookie, uint8_t out[20])
{
	const uint8_t *parts[] = {cookie};
	const size_t lengths[] = {COOKIE_HMAC};

	return crypto_hmac_sha1(self->cookie_key, COOKIE_KEY, parts, lengths, 1, out) == 0;
}

static size_t write_cookie(const sctp_association *self, uint8_t *out)
{
	const sctp_peer *peer = &self->answer.peer;
	bool tied = self->state >= SCTP_COOKIE_ECHOED;

	bytes_write64(out + COOKIE_CREATED, self->now);
	bytes_write32(out + COOKIE_LOCAL_TAG, self->answer.tag);
	bytes_write32(out + COOKIE_PEER_TAG, peer->tag);
	bytes_write32(out + COOKIE_PEER_TSN, peer->tsn);
	bytes_write32(out + COOKIE_WINDOW, peer->window);
	bytes_write16(out + COOKIE_STREAMS_OUT, peer->streams_out);
	bytes_write16(out + COOKIE_STREAMS_IN, peer->streams_in);
	bytes_write32(out + COOKIE_LOCAL_TIE, tied ? self->local_tag : 0);
	bytes_write32(out + COOKIE_PEER_TIE, tied ? self->remote_tag : 0);
	bytes_write32(out + COOKIE_ABILITIES, (peer->forward_tsn ? ABLE_FORWARD_TSN : 0) |
											  (peer->reconfig ? ABLE_RECONFIG : 0) |
											  (peer->zero_checksum ? ABLE_ZERO_CHECKSUM : 0));
	return sign(self, out, out + COOKIE_HMAC) ? COOKIE_SIZE : 0;
}

static sctp_peer read_cookie(const uint8_t *cookie)
{
	uint32_t abilities = bytes_read32(cookie + COOKIE_ABILITIES);

	return (sctp_peer){
		.tag = bytes_read32(cookie + COOKIE_PEER_TAG),
		.tsn = bytes_read32(cookie + COOKIE_PEER_TSN),
		.window = bytes_read32(cookie + COOKIE_WINDOW),
		.streams_out = bytes_read16(cookie + COOKIE_STREAMS_OUT),
		.streams_in = bytes_read16(cookie + COOKIE_STREAMS_IN),
		.forward_tsn = abilities & ABLE_FORWARD_TSN,
		.reconfig = abilities & ABLE_RECONFIG,
		.zero_checksum = abilities & ABLE_ZERO_CHECKSUM,
	};
}

/* Section 5.1.5: ours, and for this packet. */
static bool is_genuine(const sctp_association *self, const sctp_item *chunk, uint32_t tag)
{
	uint8_t signature[20];

	return chunk->length == COOKIE_SIZE && sign(self, chunk->value, signature) &&
		   crypto_equal(signature, chunk->value + COOKIE_HMAC, sizeof signature) &&
		   bytes_read32(chunk->value + COOKIE_LOCAL_TAG) == tag;
}

static bool is_stale(sctp_association *self, const uint8_t *cookie)
{
	uint64_t age = self->now - bytes_read64(cookie + COOKIE_CREATED);
	uint8_t excess[4];

	if (age <= COOKIE_LIFE)
		return false;
	bytes_write32(excess,
				  age - COOKIE_LIFE > UINT32_MAX ? UINT32_MAX : (uint32_t)(age - COOKIE_LIFE));
	self->reflected_tag = bytes_read32(cookie + COOKIE_PEER_TAG);
	association_report(self, CAUSE_STALE_COOKIE, excess, sizeof excess);
	self->pending &= ~(uint32_t)PENDING_ERROR;
	self->pending |= PENDING_STALE_COOKIE;
	return true;
}

bool handshake_on_cookie_echo(sctp_association *self, const sctp_item *chunk, uint32_t tag)
{
	const uint8_t *cookie = chunk->value;

	if (!is_genuine(self, chunk, tag)) {
		self->stats.dropped_cookie++;
		return false;
	}
	sctp_peer peer = read_cookie(cookie);
	bool ours = tag == self->local_tag;
	bool theirs = self->state >= SCTP_COOKIE_ECHOED && peer.tag == self->remote_tag;
	bool tied = self->state >= SCTP_COOKIE_ECHOED &&
				bytes_read32(cookie + COOKIE_LOCAL_TIE) == self->local_tag &&
				bytes_read32(cookie + COOKIE_PEER_TIE) == self->remote_tag;

	/* Section 5.2.4, table 12; a stale cookie counts only if both tags are known. */
	if (ours && theirs) { /* D, crossing or again */
		if (self->state == SCTP_COOKIE_ECHOED)
			establish(self);
	} else if (is_stale(self, cookie)) {
		return false;
	} else if (ours && self->state <= SCTP_COOKIE_ECHOED) {
		/* The first, or B: crossing INITs */
		if (self->state == SCTP_COOKIE_ECHOED && self->acked + 1 != self->next_tsn) {
			self->stats.dropped_cookie++; /* bundled data went to the tag before */
			return false;
		}
		adopt(self, &peer);
		establish(self);
	} else if (!ours && !theirs && tied && self->state >= SCTP_ESTABLISHED) {
		/* A. Over DTLS there is nothing to begin anew with: the channels are lost. */
		self->remote_tag = peer.tag;
		association_fail(self, CAUSE_USER_ABORT, "the peer restarted the association");
		return false;
	} else {
		self->stats.dropped_cookie++;
		return false;
	}
	self->pending |= PENDING_COOKIE_ACK;
	return true;
}

void handshake_on_cookie_ack(sctp_association *self)
{
	if (self->state == SCTP_COOKIE_ECHOED)
		establish(self);
	else
		self->stats.dropped_unexpected++;
}

static size_t write_parameter(uint8_t *out, parameter_type type, const uint8_t *value,
							  size_t length)
{
	bytes_write16(out, type);
	bytes_write16(out + 2, (uint32_t)(PARAMETER_HEADER + length));
	memset(out + PARAMETER_HEADER, 0, PAD4(length));
	if (length > 0)
		memcpy(out + PARAMETER_HEADER, value, length);
	return PARAMETER_HEADER + PAD4(length);
}

size_t handshake_write(const sctp_association *self, uint8_t *out, bool ack)
{
	static const uint8_t extensions[] = {CHUNK_RE_CONFIG, CHUNK_FORWARD_TSN};
	static const uint8_t checksum[] = {0, 0, 0, CHECKSUM_BY_DTLS};
	size_t length = INIT_HEADER - CHUNK_HEADER;

	bytes_write32(out, ack ? self->answer.tag : self->local_tag);
	bytes_write32(out + 4, inbound_window(self));
	bytes_write16(out + 8, SCTP_STREAMS);
	bytes_write16(out + 10, SCTP_STREAMS);
	bytes_write32(out + 12, self->local_tsn);
	length += write_parameter(out + length, PARAMETER_FORWARD_TSN, NULL, 0);
	length += write_parameter(out + length, PARAMETER_EXTENSIONS, extensions, sizeof extensions);
	length += write_parameter(out + length, PARAMETER_ZERO_CHECKSUM, checksum, sizeof checksum);
	if (ack) {
		uint8_t cookie[COOKIE_SIZE];
		size_t size = write_cookie(self, cookie);

		if (size == 0)
			return 0;
		length += write_parameter(out + length, PARAMETER_STATE_COOKIE, cookie, size);
		memcpy(out + length, self->answer.unrecognized, self->answer.unrecognized_length);
		length += self->answer.unrecognized_length;
	}
	return length;
}
