#include "framing.h"

#include <string.h>

#include "../bytes.h"
#include "stun.h"

#define CHANNEL_HEADER 4
#define LENGTH_HEADER 2

void framing_init(framing *self, framing_kind kind, uint8_t *bytes, size_t capacity)
{
	*self = (framing){.kind = kind, .bytes = bytes, .capacity = capacity};
}

uint8_t *framing_room(framing *self, size_t *room)
{
	if (self->start > 0) {
		self->end -= self->start;
		memmove(self->bytes, self->bytes + self->start, self->end);
		self->start = 0;
	}
	*room = self->capacity - self->end;
	return self->bytes + self->end;
}

void framing_received(framing *self, size_t length)
{
	self->end += length;
}

/* A packet at the start of what there is. */
typedef struct {
	size_t head;   /* bytes before it */
	size_t length; /* 0 when that has not come yet */
	size_t whole;  /* with head and padding */
} measure;

/* False when it is none. */
static bool measure_next(const framing *self, measure *out)
{
	const uint8_t *bytes = self->bytes + self->start;
	size_t held = self->end - self->start;

	*out = (measure){0};
	if (self->kind == FRAMING_ICE_TCP) {
		if (held < LENGTH_HEADER)
			return true;
		out->head = LENGTH_HEADER;
		out->length = bytes_read16(bytes);
		out->whole = LENGTH_HEADER + out->length;
		return true;
	}
	if (held < CHANNEL_HEADER)
		return true;

	size_t length = bytes_read16(bytes + 2);

	if (bytes[0] >> 6 == 1) { /* RFC 8656 section 12: channels are 0x4000 to 0x4fff */
		out->length = CHANNEL_HEADER + length;
		out->whole = (out->length + 3) & ~(size_t)3;
		return bytes[0] <= 0x4f;
	}
	out->whole = out->length = STUN_HEADER + length;
	return bytes[0] >> 6 == 0 && length % 4 == 0;
}

static void skip(framing *self)
{
	size_t held = self->end - self->start;
	size_t count = held < self->skip ? held : self->skip;

	self->start += count;
	self->skip -= count;
}

bool framing_next(framing *self, uint8_t **packet, size_t *length)
{
	measure next;

	for (;;) {
		skip(self);
		if (self->broken || self->skip > 0)
			return false;
		if (!measure_next(self, &next)) {
			self->broken = true;
			return false;
		}
		if (next.whole > self->capacity) {
			self->oversize++;
			self->skip = next.whole;
		} else if (next.whole == 0 || self->end - self->start < next.whole) {
			return false;
		} else if (next.length == 0) {
			self->start += next.whole; /* RFC 4571 allows it, and it says nothing */
		} else {
			*packet = self->bytes + self->start + next.head;
			*length = next.length;
			self->start += next.whole;
			return true;
		}
	}
}

size_t framing_head(framing_kind kind, size_t length, uint8_t out[FRAMING_HEAD_MAX],
					size_t *padding)
{
	if (kind == FRAMING_ICE_TCP) {
		*padding = 0;
		bytes_write16(out, (uint16_t)length);
		return LENGTH_HEADER;
	}
	*padding = -length & 3;
	return 0;
}
