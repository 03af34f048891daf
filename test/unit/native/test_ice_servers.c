/* STUN and TURN servers: copied, and their names looked up on the worker. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/ice_servers.h"
#include "port.h"

static atomic_int turns;

static void run(loop_client *client, uint64_t now)
{
	(void)client;
	(void)now;
	atomic_fetch_add(&turns, 1);
}

static ice_servers *make(const char *first, const char *second)
{
	char host[64], username[] = "user", password[] = "password";
	port_ice_config config = {.count = 2};

	strcpy(host, first);
	config.servers[0] = (port_ice_server){
		.host = host, .port = 3478, .username = "", .password = "", .transport = ICE_UDP};
	config.servers[1] = (port_ice_server){.turn = true,
										  .host = second,
										  .port = 443,
										  .username = username,
										  .password = password,
										  .transport = ICE_TLS};
	config.ca = (const uint8_t *)"PEM";
	config.ca_length = 3;
	ice_servers *servers = ice_servers_create(&config);
	assert_non_null(servers);
	/* It is a copy. */
	memset(host, 'x', sizeof host - 1);
	memset(username, 'x', 4);
	memset(password, 'x', 8);
	return servers;
}

static void texts_are_copied(void **state)
{
	(void)state;
	ice_servers *servers = make("192.0.2.1", "turn.example.org");

	assert_string_equal(servers->config.servers[0].host, "192.0.2.1");
	assert_string_equal(servers->config.servers[1].username, "user");
	assert_string_equal(servers->config.servers[1].password, "password");
	assert_memory_equal(servers->config.ca, "PEM", 3);
	ice_servers_release(servers);
	ice_servers_release(NULL);
}

static void addresses_are_there_at_once(void **state)
{
	(void)state;
	loop_client owner = {.run = run};
	net_address four, six;
	ice_servers *servers = make("192.0.2.1", "2001:db8::1");
	resolution *names = resolution_start(servers, &owner);

	assert_non_null(names);
	assert_int_equal(resolution_of(names, 0, &four, &six), RESOLVE_FOUND);
	assert_int_equal(four.family, 4);
	assert_int_equal(four.port, 3478);
	assert_int_equal(six.family, 0);
	assert_int_equal(resolution_of(names, 1, &four, &six), RESOLVE_FOUND);
	assert_int_equal(six.family, 6);
	assert_int_equal(six.port, 443);
	resolution_end(names);
	ice_servers_release(servers);
}

static void names_are_looked_up_and_the_owner_is_woken(void **state)
{
	(void)state;
	loop_client owner = {.run = run};
	net_address four, six;
	ice_servers *servers = make("192.0.2.1", "localhost");

	assert_int_equal(loop_add(&owner), 0);
	atomic_store(&turns, 0);
	resolution *names = resolution_start(servers, &owner);
	assert_non_null(names);
	for (int i = 0; i < 500 && resolution_of(names, 1, &four, &six) == RESOLVE_PENDING; i++)
		poll(NULL, 0, 10);
	assert_int_equal(resolution_of(names, 1, &four, &six), RESOLVE_FOUND);
	assert_true(four.family == 4 || six.family == 6);
	assert_int_equal(four.family ? four.port : six.port, 443);
	for (int i = 0; i < 200 && atomic_load(&turns) == 0; i++)
		poll(NULL, 0, 10);
	assert_true(atomic_load(&turns) > 0);
	resolution_end(names);
	loop_remove(&owner);
	ice_servers_release(servers);
}

static void what_nobody_waits_for_any_more_is_freed_when_it_comes(void **state)
{
	(void)state;
	loop_client owner = {.run = run};
	ice_servers *servers = make("localhost", "localhost");

	assert_int_equal(loop_add(&owner), 0);
	for (int i = 0; i < 3; i++) {
		resolution *names = resolution_start(servers, &owner);
		assert_non_null(names);
		resolution_end(names);
	}
	loop_remove(&owner);
	ice_servers_release(servers);
	for (int i = 0; i < 1000 && port_memory_of(PORT_ICE).current > 0; i++)
		poll(NULL, 0, 10);
	assert_int_equal(port_memory_of(PORT_ICE).current, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(addresses_are_there_at_once),
		cmocka_unit_test(names_are_looked_up_and_the_owner_is_woken),
		cmocka_unit_test(what_nobody_waits_for_any_more_is_freed_when_it_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
