/* Messages on several streams that both sides can work out, so that every byte is checked. */
#ifndef LKXS_TEST_SCTP_TRAFFIC_H
#define LKXS_TEST_SCTP_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sctp/association.h"

#define TRAFFIC_STREAMS 4u
#define TRAFFIC_UNORDERED 3u /* the stream whose messages may come in any order */
#define TRAFFIC_PPID 1000u   /* of a stream's first message; then counting up */
#define TRAFFIC_MESSAGES 40000u

/* One direction. */
typedef struct {
	uint32_t total, longest;        /* bytes to be sent; of the longest message */
	uint32_t sent, received;        /* bytes */
	uint32_t count;                 /* messages sent */
	uint32_t next[TRAFFIC_STREAMS]; /* expected */
	uint8_t seen[TRAFFIC_STREAMS][TRAFFIC_MESSAGES];
	struct {
		uint32_t stream, n;
		size_t length; /* of `bytes`; a message is asked for until there is room for it */
		uint8_t bytes[SCTP_MESSAGE_MAX];
	} made;
} traffic;

/* Mostly short ones, an eighth of any length. */
static size_t traffic_length(const traffic *at, uint32_t stream, uint32_t n)
{
	uint32_t hash = (stream * 7919 + n) * 2654435761u;

	hash ^= hash >> 15;
	return hash % 8 == 0 ? 1 + hash / 8 % at->longest : 1 + hash / 8 % 1500;
}

static uint8_t traffic_byte(uint32_t stream, uint32_t n, size_t i)
{
	return (uint8_t)(stream * 31 + n * 17 + i * 7 + (i >> 8));
}

/* The next message; false when all were sent. It counts as sent with traffic_sent(). */
static bool traffic_make(traffic *at, sctp_message *out)
{
	uint32_t stream = at->count % TRAFFIC_STREAMS, n = at->count / TRAFFIC_STREAMS;

	if (at->sent >= at->total)
		return false;
	*out = (sctp_message){.stream = (uint16_t)stream,
						  .ppid = TRAFFIC_PPID + n,
						  .bytes = at->made.bytes,
						  .length = traffic_length(at, stream, n),
						  .unordered = stream == TRAFFIC_UNORDERED};
	if (at->made.stream != stream || at->made.n != n)
		at->made.length = 0;
	for (; at->made.length < out->length; at->made.length++)
		at->made.bytes[at->made.length] = traffic_byte(stream, n, at->made.length);
	at->made.stream = stream;
	at->made.n = n;
	return true;
}

static void traffic_sent(traffic *at, const sctp_message *message)
{
	at->sent += (uint32_t)message->length;
	at->count++;
}

static void traffic_check(traffic *at, uint16_t stream, uint32_t ppid, const uint8_t *bytes,
						  size_t length)
{
	uint32_t n = ppid - TRAFFIC_PPID;

	assert_in_range(stream, 0, TRAFFIC_STREAMS - 1);
	assert_in_range(n, 0, TRAFFIC_MESSAGES - 1);
	if (stream != TRAFFIC_UNORDERED)
		assert_int_equal(n, at->next[stream]);
	at->next[stream]++;
	assert_false(at->seen[stream][n]);
	at->seen[stream][n] = 1;
	assert_int_equal(length, traffic_length(at, stream, n));
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != traffic_byte(stream, n, i))
			fail_msg("stream %u message %u differs at %zu", stream, n, i);
	at->received += (uint32_t)length;
}

static bool traffic_done(const traffic *at)
{
	return at->sent >= at->total && at->received == at->sent;
}

#endif
