/* DTLS with itself, in both roles, over a simulated network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dtls_link.h"
#include "port.h"

#define MISMATCH "certificate does not match the signalled fingerprint"

static void assert_keys_cross(link *net)
{
	dtls_srtp_keys server, client;
	assert_int_equal(dtls_get_srtp_keys(net->server.dtls, &server), 0);
	assert_int_equal(dtls_get_srtp_keys(net->client.dtls, &client), 0);
	assert_memory_equal(server.local_key, client.remote_key, 16);
	assert_memory_equal(server.remote_key, client.local_key, 16);
	assert_memory_equal(server.local_salt, client.remote_salt, 14);
	assert_memory_equal(server.remote_salt, client.local_salt, 14);
	assert_memory_not_equal(server.local_key, server.remote_key, 16);
}

static void handshake_takes_two_round_trips(void **state)
{
	(void)state;
	link *net = link_create(1);
	net->delay = 50000;
	uint64_t begin = net->now;
	assert_true(link_connect(net));
	assert_keys_cross(net);
	/* Four flights of 50 to 100 ms, and nothing sent twice. */
	assert_in_range(net->now - begin, 200000, 400000);
	/* No cookie: 2 flights each way, and none over the MTU. */
	assert_true(net->server.largest <= 1200 && net->client.largest <= 1200);
	print_message("datagrams: client %u, server %u; largest %zu\n", net->client.sent,
				  net->server.sent, net->server.largest);
	assert_true(dtls_timeout(net->server.dtls) == UINT64_MAX);
	assert_true(dtls_timeout(net->client.dtls) == UINT64_MAX);
	link_free(net);
}

static void data_goes_both_ways(void **state)
{
	(void)state;
	link *net = link_create(2);
	uint8_t bytes[2000];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(dtls_send(net->client.dtls, bytes, 10, net->now), -1);
	assert_true(link_connect(net));

	size_t largest = 0;
	for (size_t length = 1; length <= sizeof bytes; length++) {
		link_end *from = length % 2 ? &net->client : &net->server;
		from->peer->messages = 0;
		if (dtls_send(from->dtls, bytes, length, net->now) != 0)
			continue;
		largest = length;
		link_run(net, DTLS_CLOSED, 30000);
		assert_int_equal(from->peer->messages, 1);
		assert_int_equal(from->peer->received_length, length);
		assert_memory_equal(from->peer->received, bytes, length);
	}
	/* What SCTP will send fits; what does not fit a datagram is refused, not cut. */
	assert_in_range(largest, 1200, NET_DATAGRAM_MAX);
	assert_true(net->client.largest <= NET_DATAGRAM_MAX);
	assert_int_equal(dtls_send(net->client.dtls, bytes, 0, net->now), -1);

	dtls_close(net->client.dtls, net->now);
	link_run(net, DTLS_CLOSED, 100000);
	assert_int_equal(dtls_get_state(net->server.dtls), DTLS_CLOSED);
	assert_int_equal(dtls_get_state(net->client.dtls), DTLS_CLOSED);
	dtls_srtp_keys keys;
	assert_int_equal(dtls_get_srtp_keys(net->server.dtls, &keys), -1);
	link_free(net);
}

static void loss_is_survived(void **state)
{
	(void)state;
	uint64_t worst = 0, sum = 0;
	const unsigned seeds = 60;
	for (uint32_t seed = 1; seed <= seeds; seed++) {
		link *net = link_create(seed);
		net->loss = 20 + seed % 11;
		uint64_t begin = net->now;
		if (!link_connect(net))
			fail_msg("seed %u, loss %u: server %d (%s), client %d (%s)", seed, net->loss,
					 dtls_get_state(net->server.dtls), dtls_error(net->server.dtls),
					 dtls_get_state(net->client.dtls), dtls_error(net->client.dtls));
		assert_keys_cross(net);
		uint64_t took = net->now - begin;
		sum += took;
		if (took > worst)
			worst = took;
		link_free(net);
	}
	print_message("20-30 %% loss, RTT 20-40 ms: mean %u ms, worst %u ms\n",
				  (unsigned)(sum / seeds / 1000), (unsigned)(worst / 1000));
	assert_true(sum / seeds < 1500000);
}

/* The peer is sure once it has our last flight; it must come again when that was lost. */
static bool drop_first_finished(link_end *end, uint8_t *bytes, size_t *length)
{
	static unsigned dropped;
	(void)length;
	if (end->sent == 1)
		dropped = 0;
	/* change_cipher_spec leads the last flight of a server */
	if (bytes[0] == 20 && dropped < 2) {
		dropped++;
		return false;
	}
	return true;
}

static void last_flight_is_sent_again(void **state)
{
	(void)state;
	link *net = link_create(3);
	net->server.tamper = drop_first_finished;
	uint64_t begin = net->now;
	assert_true(link_connect(net));
	assert_in_range(net->now - begin, 300000, 1200000);
	dtls_stats stats;
	dtls_get_stats(net->client.dtls, &stats);
	assert_true(stats.retransmissions >= 2);
	link_free(net);
}

static void first_retransmission_is_early_and_the_pace_is_bounded(void **state)
{
	(void)state;
	link *net = link_create(4);
	net->loss = 100;
	uint64_t begin = net->now;
	dtls_start(net->client.dtls, net->now);
	assert_int_equal(net->client.sent, 1);
	uint64_t first = dtls_timeout(net->client.dtls) - begin;
	assert_in_range(first, 100000, 250000);
	uint64_t last = 0;
	while (dtls_get_state(net->client.dtls) == DTLS_CONNECTING) {
		uint64_t next = dtls_timeout(net->client.dtls);
		assert_true(next > net->now && next - net->now <= 1000000);
		/* Early is nothing. */
		unsigned sent = net->client.sent;
		dtls_handle_timeout(net->client.dtls, next - 1);
		assert_int_equal(net->client.sent, sent);
		last = net->now = next;
		dtls_handle_timeout(net->client.dtls, next);
	}
	assert_int_equal(last - begin, 20000000);
	assert_int_equal(dtls_get_state(net->client.dtls), DTLS_FAILED);
	assert_string_equal(dtls_error(net->client.dtls),
						"the DTLS handshake was not answered in time");
	assert_in_range(net->client.sent, 15, 30);
	assert_true(dtls_timeout(net->client.dtls) == UINT64_MAX);
	link_free(net);
}

/* On a device a signature takes longer than the timer: that must not send a flight twice. */
static void a_timer_that_ran_while_computing_runs_again(void **state)
{
	(void)state;
	link *net = link_create(4);
	dtls_start(net->client.dtls, net->now);
	net->now += 700000;
	dtls_handle_timeout(net->client.dtls, net->now);
	assert_int_equal(net->client.sent, 1);
	uint64_t timeout = dtls_timeout(net->client.dtls);
	assert_in_range(timeout - net->now, 100000, 250000);
	/* Once: a slow owner must not stop it. */
	net->now = timeout + 700000;
	dtls_handle_timeout(net->client.dtls, net->now);
	assert_int_equal(net->client.sent, 2);
	dtls_stats stats;
	dtls_get_stats(net->client.dtls, &stats);
	assert_int_equal(stats.retransmissions, 1);
	link_free(net);
}

static void wrong_fingerprint(bool at_server)
{
	link *net = link_create(5);
	link_end *end = at_server ? &net->server : &net->client;
	uint8_t wrong[32];
	memcpy(wrong, end->peer->fingerprint, 32);
	wrong[31] ^= 1;
	dtls_free(end->dtls);
	assert_true(link_create_end(end, at_server, wrong));
	assert_false(link_connect(net));
	assert_int_equal(dtls_get_state(end->dtls), DTLS_FAILED);
	assert_string_equal(dtls_error(end->dtls), MISMATCH);
	/* The peer learns why. */
	assert_int_equal(dtls_get_state(end->peer->dtls), DTLS_FAILED);
	assert_string_equal(dtls_error(end->peer->dtls), "the peer refused: bad certificate");
	dtls_srtp_keys keys;
	assert_int_equal(dtls_get_srtp_keys(end->dtls, &keys), -1);
	assert_int_equal(dtls_get_srtp_keys(end->peer->dtls, &keys), -1);
	assert_int_equal(dtls_send(end->dtls, wrong, 32, net->now), -1);
	link_free(net);
}

static void wrong_fingerprint_at_server(void **state)
{
	(void)state;
	wrong_fingerprint(true);
}

static void wrong_fingerprint_at_client(void **state)
{
	(void)state;
	wrong_fingerprint(false);
}

static void no_keys_before_the_end(void **state)
{
	(void)state;
	link *net = link_create(6);
	dtls_srtp_keys keys;
	dtls_start(net->server.dtls, net->now);
	dtls_start(net->client.dtls, net->now);
	unsigned steps = 0;
	while (dtls_get_state(net->server.dtls) != DTLS_CONNECTED) {
		assert_int_equal(dtls_get_srtp_keys(net->server.dtls, &keys), -1);
		net->now += 1000;
		link_deliver(&net->server);
		link_deliver(&net->client);
		assert_true(++steps < 1000);
	}
	assert_int_equal(dtls_get_srtp_keys(net->server.dtls, &keys), 0);
	link_free(net);
}

/* A client whose path is up first: its hello waits for dtls_start(). */
static void early_hello_is_kept(void **state)
{
	(void)state;
	link *net = link_create(7);
	dtls_start(net->client.dtls, net->now);
	link_run(net, DTLS_CONNECTED, 100000);
	assert_int_equal(net->server.sent, 0);
	dtls_start(net->server.dtls, net->now);
	assert_true(net->server.sent > 0);
	assert_true(link_run(net, DTLS_CONNECTED, 140000));
	link_free(net);
}

/* Cuts a client's hello into `pieces` records of one fragment each, one a datagram. */
static unsigned pieces;
static bool fragment_hello(link_end *end, uint8_t *bytes, size_t *length)
{
	if (bytes[0] != 22 || bytes[13] != 1)
		return true;
	size_t total = *length - 25;
	for (unsigned i = 0; i < pieces; i++) {
		size_t offset = total * i / pieces, size = total * (i + 1) / pieces - offset;
		uint8_t record[2048];
		memcpy(record, bytes, 25);
		memcpy(record + 25, bytes + 25 + offset, size);
		unsigned number = i + 40 * end->sent;
		record[9] = (uint8_t)(number >> 8);
		record[10] = (uint8_t)number;
		record[11] = (uint8_t)((12 + size) >> 8);
		record[12] = (uint8_t)(12 + size);
		record[20] = (uint8_t)(offset >> 8);
		record[21] = (uint8_t)offset;
		record[23] = (uint8_t)(size >> 8);
		record[24] = (uint8_t)size;
		link_end *to = end->peer;
		if (link_random(end->link) % 100 < end->link->loss)
			continue;
		link_datagram *slot = &to->flight[to->in_flight++];
		slot->at = end->link->now + end->link->delay + i;
		slot->length = 25 + size;
		memcpy(slot->bytes, record, slot->length);
	}
	return false;
}

static void fragmented_hello_is_put_together(void **state)
{
	(void)state;
	for (pieces = 1; pieces < 12; pieces++) {
		link *net = link_create(pieces);
		net->client.tamper = fragment_hello;
		if (!link_connect(net))
			fail_msg("%u pieces: server %s, client %s", pieces, dtls_error(net->server.dtls),
					 dtls_error(net->client.dtls));
		assert_keys_cross(net);
		link_free(net);
	}
	for (uint32_t seed = 1; seed < 20; seed++) {
		pieces = 3;
		link *net = link_create(seed);
		net->loss = 20;
		net->client.tamper = fragment_hello;
		if (!link_connect(net))
			fail_msg("seed %u: server %s, client %s", seed, dtls_error(net->server.dtls),
					 dtls_error(net->client.dtls));
		link_free(net);
	}
}

/* Headers of fragments that contradict themselves, in memory as long as said. */
static void contradictory_hellos_are_refused(void **state)
{
	(void)state;
	link *net = link_create(11);
	dtls_start(net->server.dtls, net->now);
	uint32_t given = 0;
	static const uint32_t edges[] = {0, 1, 11, 12, 100, 2023, 2024, 0xffff, 0xfffff0, 0xffffff};
	for (unsigned i = 0; i < 50000; i++) {
		size_t length = link_random(net) % 120;
		uint8_t *bytes = malloc(length ? length : 1);
		uint8_t whole[120] = {22, 0xfe, 0xfd};
		uint32_t total = edges[link_random(net) % 10], offset = edges[link_random(net) % 10];
		uint32_t size = link_random(net) % 2 ? (uint32_t)length - 25 : edges[link_random(net) % 10];
		size_t record = link_random(net) % 4 ? length - 13 : link_random(net) % 120;
		whole[11] = (uint8_t)(record >> 8);
		whole[12] = (uint8_t)record;
		whole[13] = 1;
		for (int byte = 0; byte < 3; byte++) {
			whole[14 + byte] = (uint8_t)(total >> (16 - 8 * byte));
			whole[19 + byte] = (uint8_t)(offset >> (16 - 8 * byte));
			whole[22 + byte] = (uint8_t)(size >> (16 - 8 * byte));
		}
		memcpy(bytes, whole, length);
		/* What is whole goes to mbedTLS, which ends the handshake: not the matter here. */
		if (offset != 0 || size != total) {
			dtls_input(net->server.dtls, bytes, length, net->now);
			given++;
		}
		free(bytes);
		if (dtls_get_state(net->server.dtls) == DTLS_FAILED) {
			/* Put together of fragments, and nonsense: on with a fresh one. */
			dtls_free(net->server.dtls);
			assert_true(link_create_end(&net->server, true, net->client.fingerprint));
			dtls_start(net->server.dtls, net->now);
		}
	}
	assert_true(given > 40000);
	link_free(net);
}

static uint8_t noise(link *net)
{
	return (uint8_t)link_random(net);
}

/* Garbage and altered copies of real datagrams, at every moment of the handshake. */
static bool add_noise(link_end *end, uint8_t *bytes, size_t *length)
{
	link *net = end->link;
	uint8_t junk[1600];
	size_t size = link_random(net) % sizeof junk;
	for (size_t i = 0; i < size; i++)
		junk[i] = noise(net);
	if (size > 13) {
		junk[0] = (uint8_t)(20 + noise(net) % 5);
		junk[1] = 0xfe;
		junk[2] = 0xfd;
		junk[3] = 0; /* epoch: now, or any */
		junk[4] = noise(net) % 3;
		junk[11] = (uint8_t)((size - 13) >> 8);
		junk[12] = (uint8_t)(size - 13);
	}
	/* Not an alert or a handshake message in the clear: those end the handshake, as they may. */
	if (size <= 13 || junk[4] != 0 || junk[0] == 23 || junk[0] == 24)
		dtls_input(end->peer->dtls, junk, size, net->now);
	memcpy(junk, bytes, *length);
	junk[*length - 1] ^= 0x55;
	if (junk[4] == 1)
		dtls_input(end->peer->dtls, junk, *length, net->now);
	return true;
}

static void noise_is_ignored(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 30; seed++) {
		link *net = link_create(seed);
		net->server.tamper = net->client.tamper = add_noise;
		if (!link_connect(net))
			fail_msg("seed %u: server %s, client %s", seed, dtls_error(net->server.dtls),
					 dtls_error(net->client.dtls));
		uint8_t bytes[100] = {1};
		assert_int_equal(dtls_send(net->client.dtls, bytes, 100, net->now), 0);
		link_run(net, DTLS_CLOSED, 100000);
		assert_int_equal(net->server.messages, 1);
		link_free(net);
	}
}

/* Any bit of any datagram changed: it may end the handshake, never worse. */
static bool flip(link_end *end, uint8_t *bytes, size_t *length)
{
	link *net = end->link;
	if (link_random(net) % 4 == 0)
		bytes[link_random(net) % *length] ^= (uint8_t)(1 << link_random(net) % 8);
	if (link_random(net) % 16 == 0)
		*length = link_random(net) % *length;
	return *length > 0;
}

/* What was heard once is not heard again. */
static bool send_twice(link_end *end, uint8_t *bytes, size_t *length)
{
	link_datagram *slot = &end->peer->flight[end->peer->in_flight++];
	slot->at = end->link->now + end->link->delay;
	slot->length = *length;
	memcpy(slot->bytes, bytes, *length);
	return true;
}

static void replayed_data_is_dropped(void **state)
{
	(void)state;
	link *net = link_create(10);
	net->server.tamper = net->client.tamper = send_twice;
	assert_true(link_connect(net));
	uint8_t bytes[10] = {1};
	for (unsigned i = 1; i <= 20; i++) {
		assert_int_equal(dtls_send(net->client.dtls, bytes, sizeof bytes, net->now), 0);
		link_run(net, DTLS_CLOSED, 50000);
		assert_int_equal(net->server.messages, i);
	}
	link_free(net);
}

static void changed_datagrams_do_no_harm(void **state)
{
	(void)state;
	unsigned connected = 0;
	for (uint32_t seed = 1; seed <= 60; seed++) {
		link *net = link_create(seed);
		net->server.tamper = net->client.tamper = flip;
		if (link_connect(net)) {
			assert_keys_cross(net);
			connected++;
		}
		link_free(net);
	}
	print_message("%u of 60 connected in spite of it\n", connected);
}

static void memory_is_returned(void **state)
{
	(void)state;
	link *net = link_create(8);
	link_free(net);
	size_t before = port_memory_of(PORT_DTLS).current;
	net = link_create(9);
	assert_true(link_connect(net));
	print_message("PORT_DTLS: %zu bytes for both ends\n",
				  port_memory_of(PORT_DTLS).current - before);
	link_free(net);
	assert_int_equal(port_memory_of(PORT_DTLS).current, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_takes_two_round_trips),
		cmocka_unit_test(data_goes_both_ways),
		cmocka_unit_test(loss_is_survived),
		cmocka_unit_test(last_flight_is_sent_again),
		cmocka_unit_test(first_retransmission_is_early_and_the_pace_is_bounded),
		cmocka_unit_test(a_timer_that_ran_while_computing_runs_again),
		cmocka_unit_test(wrong_fingerprint_at_server),
		cmocka_unit_test(wrong_fingerprint_at_client),
		cmocka_unit_test(no_keys_before_the_end),
		cmocka_unit_test(early_hello_is_kept),
		cmocka_unit_test(fragmented_hello_is_put_together),
		cmocka_unit_test(contradictory_hellos_are_refused),
		cmocka_unit_test(noise_is_ignored),
		cmocka_unit_test(replayed_data_is_dropped),
		cmocka_unit_test(changed_datagrams_do_no_harm),
		cmocka_unit_test(memory_is_returned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
