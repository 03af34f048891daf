/* Packets in a byte stream: ICE-TCP's frames and TURN's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ice/framing.h"

#define CAPACITY 64

typedef struct {
	framing in;
	uint8_t bytes[CAPACITY];
	char said[256]; /* lengths of packets, one after the other */
} reader;

static void open_reader(reader *self, framing_kind kind)
{
	*self = (reader){0};
	framing_init(&self->in, kind, self->bytes, sizeof self->bytes);
}

static void take(reader *self)
{
	uint8_t *packet;
	size_t length;

	while (framing_next(&self->in, &packet, &length)) {
		size_t at = strlen(self->said);
		snprintf(self->said + at, sizeof self->said - at, "%zu:%02x ", length, packet[length - 1]);
	}
}

/* As a stream brings them: `step` bytes at a time, or as many as there is room for. */
static void feed(reader *self, const uint8_t *bytes, size_t length, size_t step)
{
	while (length > 0 && !self->in.broken) {
		size_t room;
		uint8_t *out = framing_room(&self->in, &room);
		size_t count = step < length ? step : length;
		assert_true(room > 0);
		if (count > room)
			count = room;
		memcpy(out, bytes, count);
		framing_received(&self->in, count);
		take(self);
		bytes += count;
		length -= count;
	}
}

static void packets_of_ice_tcp_come_whole_however_they_are_cut(void **state)
{
	(void)state;
	static const uint8_t stream[] = {0, 3, 1, 2, 3, 0, 0, 0, 1, 9, 0, 5, 1, 1, 1, 1, 7};

	for (size_t step = 1; step <= sizeof stream; step++) {
		reader self;
		open_reader(&self, FRAMING_ICE_TCP);
		feed(&self, stream, sizeof stream, step);
		assert_string_equal(self.said, "3:03 1:09 5:07 ");
		assert_false(self.in.broken);
	}
}

static void packets_of_turn_end_where_they_say_and_channel_data_is_padded(void **state)
{
	(void)state;
	/* A Binding request of 24 bytes, 5 bytes on channel 0x4001 and padding, none on 0x4fff. */
	static const uint8_t stream[] = {0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42, 1,    1, 1, 1, 1, 1, 1, 1,
									 1, 1, 1, 1, 0x80, 0x22, 0,    0,    0x40, 1, 0, 5, 1, 2, 3, 4,
									 5, 0, 0, 0, 0x4f, 0xff, 0,    0,    0x40, 2, 0, 4, 6, 7, 8, 9};

	for (size_t step = 1; step <= sizeof stream; step++) {
		reader self;
		open_reader(&self, FRAMING_TURN);
		feed(&self, stream, sizeof stream, step);
		assert_string_equal(self.said, "24:00 9:05 4:00 8:09 ");
		assert_false(self.in.broken);
	}
}

static void what_is_too_large_is_thrown_away_and_counted(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		uint8_t stream[400] = {0};
		size_t length = 0;
		reader self;

		/* 300 bytes, then 4. */
		if (kind == FRAMING_ICE_TCP) {
			memcpy(stream, (uint8_t[]){1, 44}, 2);
			memcpy(stream + 302, (uint8_t[]){0, 4, 1, 2, 3, 4}, 6);
			length = 308;
		} else {
			memcpy(stream, (uint8_t[]){0x40, 0, 1, 41}, 4); /* 297, and 3 of padding */
			memcpy(stream + 304, (uint8_t[]){0x40, 0, 0, 0}, 4);
			length = 308;
		}
		for (size_t step = 1; step < 70; step += 7) {
			open_reader(&self, (framing_kind)kind);
			feed(&self, stream, length, step);
			assert_string_equal(self.said, kind == FRAMING_ICE_TCP ? "4:04 " : "4:00 ");
			assert_int_equal(self.in.oversize, 1);
		}
	}
}

static void what_is_no_packet_of_turn_breaks_the_stream(void **state)
{
	(void)state;
	static const uint8_t wrong[][4] = {
		{0x80, 0, 0, 4}, {0xff, 0xff, 0, 0}, {0x50, 0, 0, 0}, {0, 1, 0, 3}};

	for (size_t i = 0; i < 4; i++) {
		reader self;
		open_reader(&self, FRAMING_TURN);
		feed(&self, wrong[i], 4, 4);
		assert_true(self.in.broken);
		assert_string_equal(self.said, "");
		take(&self);
		assert_string_equal(self.said, "");
	}
}

static void heads_and_padding_are_what_the_other_side_reads(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++)
		for (size_t length = 4; length < 40; length++) {
			uint8_t stream[64] = {0x40, 0, 0, (uint8_t)(length - 4)}, head[FRAMING_HEAD_MAX];
			size_t padding;
			size_t size = framing_head((framing_kind)kind, length, head, &padding);
			reader self;

			memmove(stream + size, stream, length);
			memcpy(stream, head, size);
			open_reader(&self, (framing_kind)kind);
			feed(&self, stream, size + length + padding, 64);
			assert_int_equal(strtoul(self.said, NULL, 10), length);
			assert_int_equal(self.in.start, self.in.end);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_ice_tcp_come_whole_however_they_are_cut),
		cmocka_unit_test(packets_of_turn_end_where_they_say_and_channel_data_is_padded),
		cmocka_unit_test(what_is_too_large_is_thrown_away_and_counted),
		cmocka_unit_test(what_is_no_packet_of_turn_breaks_the_stream),
		cmocka_unit_test(heads_and_padding_are_what_the_other_side_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
