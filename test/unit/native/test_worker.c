/* The worker: who waits for the network holds up nobody who does not. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "transport.h"

#define PATIENCE 10 /* seconds until a test gives up */
#define MANY 16

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* What has been posted and not been taken. */
typedef enum { HANG, BEGAN, DONE, SIGNALS } signal_kind;
static int posted[SIGNALS];

static void post(signal_kind kind)
{
	pthread_mutex_lock(&mutex);
	posted[kind]++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static bool comes(signal_kind kind)
{
	struct timespec until;
	int failed = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	pthread_mutex_lock(&mutex);
	while (posted[kind] == 0 && !failed)
		failed = pthread_cond_timedwait(&changed, &mutex, &until);
	if (!failed)
		posted[kind]--;
	pthread_mutex_unlock(&mutex);
	return !failed;
}

/* As getaddrinfo() when no name server answers. */
static void never_answered(void *context)
{
	(void)context;
	post(BEGAN);
	comes(HANG);
	post(DONE);
}

static void quick(void *context)
{
	(void)context;
	post(DONE);
}

static void keys_are_made_while_name_servers_are_silent(void **state)
{
	int hanging = 0;

	(void)state;
	while (port_worker_run_waiting(never_answered, NULL) == 0) /* until the queue is full */
		assert_true(++hanging < 100);
	assert_true(hanging >= MANY);
	assert_true(comes(BEGAN));
	assert_true(comes(BEGAN));
	assert_int_equal(port_worker_run(quick, NULL), 0);
	assert_true(comes(DONE));
	for (int i = 0; i < hanging; i++)
		post(HANG);
	for (int i = 0; i < hanging; i++)
		assert_true(comes(DONE));
	for (int i = 2; i < hanging; i++)
		assert_true(comes(BEGAN));
}

static void one_silent_name_server_does_not_hold_up_another(void **state)
{
	(void)state;
	assert_int_equal(port_worker_run_waiting(never_answered, NULL), 0);
	assert_true(comes(BEGAN));
	assert_int_equal(port_worker_run_waiting(quick, NULL), 0);
	assert_true(comes(DONE));
	post(HANG);
	assert_true(comes(DONE));
}

static void the_names_of_ice_servers_do_not_hold_up_signalling(void **state)
{
	(void)state;
	for (int peer = 0; peer < 2; peer++) {
		assert_int_equal(port_worker_run_asking(never_answered, NULL), 0);
		assert_true(comes(BEGAN));
	}
	assert_int_equal(port_worker_run_waiting(quick, NULL), 0);
	assert_true(comes(DONE));
	for (int peer = 0; peer < 2; peer++)
		post(HANG);
	for (int peer = 0; peer < 2; peer++)
		assert_true(comes(DONE));
}

static void who_need_not_ask_any_more_does_not(void **state)
{
	int hanging[2], ended, other;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(port_worker_run_asking(never_answered, &hanging[i]), 0);
		assert_true(comes(BEGAN));
	}
	assert_int_equal(port_worker_run_asking(never_answered, &ended), 0);
	assert_int_equal(port_worker_run_asking(quick, &other), 0);
	assert_true(port_worker_forget_asking(&ended));
	assert_false(port_worker_forget_asking(&ended));
	assert_false(port_worker_forget_asking(&hanging[0])); /* it has begun */
	post(HANG);
	assert_true(comes(DONE)); /* of the first, or of what came behind it */
	assert_true(comes(DONE));
	post(HANG);
	assert_true(comes(DONE));
	assert_int_equal(posted[BEGAN], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_made_while_name_servers_are_silent),
		cmocka_unit_test(one_silent_name_server_does_not_hold_up_another),
		cmocka_unit_test(the_names_of_ice_servers_do_not_hold_up_signalling),
		cmocka_unit_test(who_need_not_ask_any_more_does_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
