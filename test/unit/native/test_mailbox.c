/* Many threads, few items, and a receiver whose queue holds one message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>

#include "mailbox.h"

#define ITEMS 5
#define THREADS 4
#define ADDS 20000

static void one_message_for_many(void **state)
{
	mailbox box = {0};
	mailbox_item items[3] = {0};

	(void)state;
	assert_null(mailbox_take(&box));
	assert_true(mailbox_add(&box, &items[2]));
	assert_true(mailbox_must_post(&box));
	assert_true(mailbox_add(&box, &items[0]));
	assert_false(mailbox_must_post(&box));
	assert_false(mailbox_add(&box, &items[2]));
	assert_false(mailbox_must_post(&box));

	/* The one that waited longest first. */
	mailbox_item *first = mailbox_take(&box);
	assert_ptr_equal(first, &items[2]);
	assert_ptr_equal(first->next, &items[0]);
	assert_null(first->next->next);

	/* Taken and not seen yet: what it has now is still to be looked at. */
	assert_false(mailbox_add(&box, &items[2]));
	mailbox_see(&items[2]);
	assert_true(mailbox_add(&box, &items[2]));
	assert_true(mailbox_must_post(&box));
}

static void a_message_that_was_refused_is_tried_again(void **state)
{
	mailbox box = {0};
	mailbox_item item = {0};

	(void)state;
	assert_true(mailbox_add(&box, &item));
	assert_true(mailbox_must_post(&box));
	mailbox_not_posted(&box);
	assert_false(mailbox_add(&box, &item));
	assert_true(mailbox_must_post(&box));
	assert_ptr_equal(mailbox_take(&box), &item);
}

/* ---- A storm ---- */

typedef struct {
	mailbox_item item; /* first */
	atomic_uint wished;
	unsigned seen; /* of `wished`, by the receiver */
} counter;

static mailbox storm;
static counter counters[ITEMS];
static sem_t queue; /* its value is the messages in the receiver's queue */
static atomic_uint queued, most_queued, adding;

static void *add(void *unused)
{
	for (unsigned i = 0; i < ADDS; i++) {
		counter *to = &counters[i % ITEMS];
		atomic_fetch_add(&to->wished, 1);
		mailbox_add(&storm, &to->item);
		if (mailbox_must_post(&storm)) {
			unsigned now = atomic_fetch_add(&queued, 1) + 1, most = atomic_load(&most_queued);
			while (now > most && !atomic_compare_exchange_weak(&most_queued, &most, now))
				;
			sem_post(&queue);
		}
	}
	if (atomic_fetch_sub(&adding, 1) == 1)
		sem_post(&queue); /* the receiver may sleep */
	return unused;
}

static void nothing_is_lost_in_a_storm(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	sem_init(&queue, 0, 0);
	atomic_store(&adding, THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, add, NULL);
	for (bool going = true; going;) {
		sem_wait(&queue);
		going = atomic_load(&adding) > 0;
		if (atomic_load(&queued) > 0)
			atomic_fetch_sub(&queued, 1);
		mailbox_item *item = mailbox_take(&storm);
		while (item) {
			counter *to = (counter *)item;
			item = item->next;
			mailbox_see(&to->item);
			to->seen = atomic_load(&to->wished);
		}
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < ITEMS; i++)
		assert_int_equal(counters[i].seen, THREADS * ADDS / ITEMS);
	/* One waits, and one was taken out of the queue and is not counted as such yet. */
	assert_in_range(atomic_load(&most_queued), 1, 2);
	sem_destroy(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_message_for_many),
		cmocka_unit_test(a_message_that_was_refused_is_tried_again),
		cmocka_unit_test(nothing_is_lost_in_a_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
