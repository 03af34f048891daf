/* News of addresses, in a network namespace of the test's own where addresses can come and go. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* unshare() */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "link.h"
#include "transport.h"

static bool isolated;
static atomic_uint news, other_news;

/* Root of an own namespace, as which other programs may change its addresses. */
static bool isolate(void)
{
	unsigned user = (unsigned)getuid();

	if (user == 0)
		return unshare(CLONE_NEWNET) == 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	FILE *map = fopen("/proc/self/uid_map", "w");
	return map && fprintf(map, "0 %u 1", user) > 0 && fclose(map) == 0;
}

static void count(void *context)
{
	atomic_fetch_add((atomic_uint *)context, 1);
}

static port_link_watcher watcher = {.on_change = count, .context = &news};
static port_link_watcher other = {.on_change = count, .context = &other_news};

static bool comes(atomic_uint *what, unsigned wanted)
{
	uint64_t until = port_now() + 5000000;

	while (atomic_load(what) < wanted && port_now() < until)
		poll(NULL, 0, 1);
	return atomic_load(what) >= wanted;
}

static void addresses_come_and_go(void **state)
{
	(void)state;
	if (!isolated)
		skip();
	assert_false(port_link_up());
	assert_int_equal(port_link_watch(&watcher), 0);
	assert_int_equal(port_link_watch(&other), 0);

	assert_int_equal(system("ip address add 192.0.2.1/32 dev lo && ip link set lo up"), 0);
	assert_true(comes(&news, 1));
	assert_true(comes(&other_news, 1));
	assert_true(port_link_up());

	/* Another address in the place of the first, with the link up all the time. */
	atomic_store(&news, 0);
	assert_int_equal(system("ip address add 192.0.2.2/32 dev lo"), 0);
	assert_true(comes(&news, 1));
	assert_int_equal(system("ip address delete 192.0.2.1/32 dev lo"), 0);
	assert_true(comes(&news, 2));
	assert_true(port_link_up());

	/* One watcher leaves, the other stays. */
	port_link_unwatch(&watcher);
	atomic_store(&news, 0);
	atomic_store(&other_news, 0);
	assert_int_equal(system("ip link set lo down"), 0);
	assert_true(comes(&other_news, 1));
	assert_false(port_link_up());
	assert_int_equal(atomic_load(&news), 0);
	port_link_unwatch(&other);
}

static void what_changes_no_address_is_no_news(void **state)
{
	(void)state;
	if (!isolated)
		skip();
	assert_int_equal(system("ip link set lo up"), 0);
	assert_int_equal(port_link_watch(&watcher), 0);
	atomic_store(&news, 0);
	assert_int_equal(system("ip link set lo mtu 40000"), 0);
	assert_int_equal(system("ip address add 192.0.2.3/32 dev lo"), 0);
	assert_true(comes(&news, 1));
	assert_int_equal(atomic_load(&news), 1); /* the second command's */
	port_link_unwatch(&watcher);
}

static void pretends(void **state)
{
	(void)state;
	atomic_store(&news, 0);
	assert_int_equal(port_link_watch(&watcher), 0);
	port_link_pretend(PORT_LINK_DOWN);
	assert_int_equal(atomic_load(&news), 1);
	assert_false(port_link_up());
	port_link_pretend(PORT_LINK_UP);
	assert_int_equal(atomic_load(&news), 2);
	assert_true(port_link_up());
	port_link_pretend(PORT_LINK_REAL);
	port_link_unwatch(&watcher);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_and_go),
		cmocka_unit_test(what_changes_no_address_is_no_news),
		cmocka_unit_test(pretends),
	};
	isolated = isolate();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
