/* The packet ring: records whole and in order, across the wrap and between two threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "ring.h"

typedef struct {
	uint32_t number, length;
} head;

static packet_ring *create(size_t capacity)
{
	packet_ring *ring = ring_create(capacity, PORT_INTERNAL, PORT_AUDIO);

	assert_non_null(ring);
	return ring;
}

static void keeps_order_across_the_wrap(void **state)
{
	packet_ring *ring = create(100); /* 128 */
	uint32_t written = 0, read = 0;
	uint8_t body[64], got[64];

	(void)state;
	for (int round = 0; round < 1000; round++) {
		for (int i = 0; i < round % 4; i++) {
			head record = {written, (written * 7) % 50};

			memset(body, (int)(written & 0xff), sizeof body);
			if (!ring_write(ring, &record, sizeof record, body, record.length))
				break;
			written++;
		}
		for (int i = 0; i < (round + 1) % 4; i++) {
			head record;
			size_t length;

			if (!ring_read(ring, &record, sizeof record, got, sizeof got, &length))
				break;
			assert_int_equal(record.number, read);
			assert_int_equal(length, record.length);
			memset(body, (int)(read & 0xff), sizeof body);
			assert_memory_equal(got, body, length);
			read++;
		}
	}
	assert_true(read > 500);
	ring_free(ring);
}

static void fills_to_the_last_byte(void **state)
{
	packet_ring *ring = create(64);
	uint8_t bytes[64] = {1, 2, 3}, got[64];
	size_t length;

	(void)state;
	assert_false(ring_write(ring, bytes, 8, bytes, 53)); /* 4 + 8 + 53 = 65 */
	assert_int_equal(ring_dropped(ring), 1);
	assert_true(ring_write(ring, bytes, 8, bytes, 52));
	assert_false(ring_write(ring, bytes, 0, NULL, 0));
	assert_int_equal(ring_dropped(ring), 2);
	assert_true(ring_read(ring, got, 8, got + 8, 52, &length));
	assert_int_equal(length, 52);
	assert_memory_equal(got + 8, bytes, 52);
	assert_true(ring_write(ring, bytes, 0, NULL, 0)); /* a record may be empty */
	assert_true(ring_read(ring, NULL, 0, NULL, 0, &length));
	assert_int_equal(length, 0);
	assert_false(ring_read(ring, NULL, 0, NULL, 0, &length));
	ring_free(ring);
}

static void drops_what_the_reader_has_no_room_for(void **state)
{
	packet_ring *ring = create(256);
	uint8_t bytes[64] = {0}, got[64];
	size_t length;

	(void)state;
	ring_write(ring, bytes, 8, bytes, 40); /* body too long */
	ring_write(ring, bytes, 4, NULL, 0);   /* head too short */
	bytes[0] = 99;
	ring_write(ring, bytes, 8, bytes, 10);
	assert_true(ring_read(ring, got, 8, got + 8, 39, &length));
	assert_int_equal(length, 10);
	assert_int_equal(got[0], 99);
	assert_int_equal(ring_dropped(ring), 2);
	ring_free(ring);
}

static void refuses_absurd_sizes(void **state)
{
	packet_ring *ring = create(16);
	uint8_t byte = 0;

	(void)state;
	assert_null(ring_create(SIZE_MAX, PORT_INTERNAL, PORT_AUDIO));
	assert_false(ring_write(ring, &byte, SIZE_MAX, NULL, 0));
	assert_false(ring_write(ring, &byte, 1, &byte, SIZE_MAX));
	assert_int_equal(ring_dropped(ring), 2);
	ring_free(ring);
}

/* On a busy machine the two threads take turns, and each turn is a few records. */
#define RECORDS 50000

static void *writer(void *context)
{
	packet_ring *ring = context;
	uint8_t body[200];

	for (uint32_t number = 0; number < RECORDS;) {
		head record = {number, number % sizeof body};

		memset(body, (int)(number & 0xff), sizeof body);
		if (ring_write(ring, &record, sizeof record, body, record.length))
			number++;
		else
			sched_yield();
	}
	return NULL;
}

static void two_threads_see_whole_records_in_order(void **state)
{
	packet_ring *ring = create(1024);
	uint8_t expected[200], got[200];
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, writer, ring), 0);
	for (uint32_t number = 0; number < RECORDS;) {
		head record;
		size_t length;

		if (!ring_read(ring, &record, sizeof record, got, sizeof got, &length)) {
			sched_yield();
			continue;
		}
		assert_int_equal(record.number, number);
		assert_int_equal(length, number % sizeof got);
		memset(expected, (int)(number & 0xff), sizeof expected);
		assert_memory_equal(got, expected, length);
		number++;
	}
	pthread_join(thread, NULL);
	ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order_across_the_wrap),
		cmocka_unit_test(fills_to_the_last_byte),
		cmocka_unit_test(drops_what_the_reader_has_no_room_for),
		cmocka_unit_test(refuses_absurd_sizes),
		cmocka_unit_test(two_threads_see_whole_records_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
