/*
 * Fuzzes framing: a stream that comes in pieces. Where it is cut must not matter, and every byte is
 * either in a packet or in what framing takes off.
 */
#include <string.h>

#include "fuzz.h"
#include "ice/framing.h"

#define CAPACITY 96

typedef struct {
	framing in;
	uint8_t *bytes;
	size_t fed, given;
	uint32_t packets, sum;
} target;

static void open_target(target *at, framing_kind kind)
{
	*at = (target){.bytes = malloc(CAPACITY)};
	REQUIRE(at->bytes != NULL);
	framing_init(&at->in, kind, at->bytes, CAPACITY);
}

static void take(target *at)
{
	uint8_t *packet;
	size_t length;

	while (framing_next(&at->in, &packet, &length)) {
		REQUIRE(length > 0 && length <= CAPACITY);
		REQUIRE(packet >= at->bytes && packet + length <= at->bytes + CAPACITY);
		at->packets++;
		at->given += length;
		for (size_t i = 0; i < length; i++)
			at->sum = at->sum * 31 + packet[i];
	}
	REQUIRE(at->given <= at->fed);
}

static void step(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	target *at = context;

	(void)kind;
	while (length > 0 && !at->in.broken) {
		size_t room;
		uint8_t *out = framing_room(&at->in, &room);
		REQUIRE(room > 0);
		if (room > length)
			room = length;
		memcpy(out, bytes, room);
		framing_received(&at->in, room);
		at->fed += room;
		take(at);
		bytes += room;
		length -= room;
	}
}

static void one_by_one(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		step(context, kind, bytes + i, 1);
}

/* The first byte tells the kind. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target whole, pieces;

	if (size == 0)
		return 0;
	open_target(&whole, data[0] & 1 ? FRAMING_TURN : FRAMING_ICE_TCP);
	open_target(&pieces, whole.in.kind);
	fuzz_steps(data + 1, size - 1, step, &whole);
	fuzz_steps(data + 1, size - 1, one_by_one, &pieces);
	REQUIRE(whole.packets == pieces.packets && whole.sum == pieces.sum);
	REQUIRE(whole.in.broken == pieces.in.broken && whole.in.oversize == pieces.in.oversize);
	free(whole.bytes);
	free(pieces.bytes);
	return 0;
}
