/* The TURN client against a server of the test's own, on a simulated clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "crypto/crypto.h"
#include "crypto/md5.h"
#include "hex.h"
#include "ice/stun.h"
#include "ice/turn.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)
#define USER "user"
#define PASSWORD "pass"
#define REALM "realm"

static const net_address relayed = {4, {192, 0, 2, 1}, 50000};
static const net_address mapped = {4, {198, 51, 100, 7}, 40000};
static const net_address alice = {4, {203, 0, 113, 2}, 7882};
static const net_address bob = {4, {203, 0, 113, 3}, 7882};
static const net_address relayed_six = {6, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, 50000};
static const net_address carol = {6, {0x20, 0x01, 0x0d, 0xb8, [15] = 4}, 7882};
/* Its own address, and two to be sent to. */
static const net_address here = {4, {192, 0, 2, 1}, 3478};
static const net_address there = {4, {192, 0, 2, 2}, 3478};
static const net_address yonder = {4, {192, 0, 2, 3}, 5349};

/* A server with one user. `refuse` is answered to the next request with that method. */
static struct {
	turn_client *client;
	uint64_t now;
	char nonce[16];
	uint8_t key[16];
	uint32_t lifetime;
	uint16_t refuse_method, refuse_code;
	bool deaf, wrong_key;
	bool only_six; /* relays IPv6 alone: Allocate is "A6" when that is asked for */
	bool open;     /* asks nobody for a password */
	bool unsigned_errors;
	net_address alternate; /* what it names in an error 300 */
	/* What was asked for, newest last: "A" Allocate, "R600" Refresh, "P2" permission for .2, "C2"
	 * channel for .2; '-' behind what was not let in. */
	char asked[256];
} world;

static void say(const char *what)
{
	assert_true(strlen(world.asked) + strlen(what) + 2 < sizeof world.asked);
	if (world.asked[0])
		strcat(world.asked, " ");
	strcat(world.asked, what);
}

static void assert_asked(const char *expected)
{
	assert_string_equal(world.asked, expected);
	world.asked[0] = '\0';
}

static void open_world(bool reliable)
{
	const turn_config config = {.username = USER, .password = PASSWORD, .reliable = reliable};
	const uint8_t *parts[] = {(const uint8_t *)USER ":" REALM ":" PASSWORD};
	const size_t lengths[] = {strlen(USER ":" REALM ":" PASSWORD)};

	memset(&world, 0, sizeof world);
	world.now = S;
	world.lifetime = 600;
	strcpy(world.nonce, "first");
	md5(parts, lengths, 1, world.key);
	world.client = turn_create(&config, world.now);
	assert_non_null(world.client);
}

static void close_world(void)
{
	turn_free(world.client);
}

static bool give(uint8_t *bytes, size_t length, net_address *from, uint8_t **data, size_t *size)
{
	return turn_input(world.client, bytes, length, from, data, size, world.now);
}

/* ALTERNATE-SERVER is not masked (RFC 8489 section 14.15). */
static void put_alternate(stun_writer *writer)
{
	const net_address *to = &world.alternate;
	size_t size = to->family == 6 ? 16 : 4;
	uint8_t *value = stun_put(writer, STUN_ALTERNATE_SERVER, 4 + size);

	assert_non_null(value);
	value[1] = to->family == 6 ? 2 : 1;
	bytes_write16(value + 2, to->port);
	memcpy(value + 4, to->ip, size);
}

static bool wants_six(const stun_message *request)
{
	for (int i = 0; i < request->unknown_count; i++)
		if (request->unknown[i] == STUN_REQUESTED_ADDRESS_FAMILY)
			return true;
	return false;
}

static void respond(const stun_message *request, uint16_t code)
{
	uint8_t bytes[256], *data;
	stun_writer writer;
	net_address from;
	size_t length;
	const char *key = world.wrong_key ? "0123456789abcdef" : (const char *)world.key;

	stun_begin(&writer, bytes, sizeof bytes, code ? STUN_ERROR : STUN_SUCCESS, request->method,
			   request->id);
	if (code)
		stun_put_error(&writer, code, "no");
	if (code == 401 || code == 438) {
		stun_put_bytes(&writer, STUN_REALM, REALM, strlen(REALM));
		stun_put_bytes(&writer, STUN_NONCE, world.nonce, strlen(world.nonce));
	}
	if (code == 300 && world.alternate.family)
		put_alternate(&writer);
	if (!code && request->method == STUN_ALLOCATE) {
		stun_put_xor_address(&writer, STUN_XOR_RELAYED_ADDRESS,
							 world.only_six ? &relayed_six : &relayed);
		stun_put_xor_address(&writer, STUN_XOR_MAPPED_ADDRESS, &mapped);
	}
	if (!code && (request->method == STUN_ALLOCATE || request->method == STUN_REFRESH))
		stun_put_u32(&writer, STUN_LIFETIME, world.lifetime);
	bool sign = code != 401 && code != 438 && !(code && world.unsigned_errors);
	length = stun_end(&writer, sign ? (const uint8_t *)key : NULL, sign ? 16 : 0);
	assert_false(give(bytes, length, &from, &data, &length));
}

static void take_request(const uint8_t *bytes, size_t length)
{
	stun_message request;
	char what[16] = "";
	uint16_t code = 0;

	assert_true(stun_read(&request, bytes, length));
	assert_int_equal(request.kind, STUN_REQUEST);
	if (request.method == STUN_ALLOCATE)
		strcpy(what, wants_six(&request) ? "A6" : "A");
	else if (request.method == STUN_REFRESH)
		snprintf(what, sizeof what, "R%u", (unsigned)request.lifetime);
	else
		snprintf(what, sizeof what, "%c%d", request.method == STUN_CHANNEL_BIND ? 'C' : 'P',
				 request.peer.ip[request.peer.family == 6 ? 15 : 3]);
	if (world.open && world.refuse_method == request.method) {
		code = world.refuse_code;
	} else if (request.integrity_at == 0) {
		code = 401;
	} else {
		assert_true(stun_check_integrity(&request, world.key, sizeof world.key));
		assert_int_equal(request.username.length, strlen(USER));
		if (request.nonce.length != strlen(world.nonce) ||
			memcmp(request.nonce.bytes, world.nonce, request.nonce.length) != 0)
			code = 438;
		else if (world.refuse_method == request.method) {
			code = world.refuse_code;
			world.refuse_method = 0;
		} else if (world.only_six && request.method == STUN_ALLOCATE && !wants_six(&request)) {
			code = 440;
		}
	}
	if (code)
		strcat(what, "-");
	say(what);
	if (!world.deaf)
		respond(&request, code);
}

/* Lets client and server talk until neither has anything to say. */
static void talk(void)
{
	uint8_t bytes[TURN_MESSAGE_MAX];
	size_t length;

	while ((length = turn_poll(world.client, bytes)) > 0)
		take_request(bytes, length);
}

static void run_for(uint64_t time)
{
	uint64_t until = world.now + time;

	talk();
	while (turn_timeout(world.client) <= until) {
		if (turn_timeout(world.client) > world.now)
			world.now = turn_timeout(world.client);
		turn_handle_timeout(world.client, world.now);
		talk();
	}
	world.now = until;
}

static void allocate(void)
{
	talk();
	assert_int_equal(turn_get_state(world.client), TURN_READY);
	assert_asked("A- A");
}

/* Sends, and gives how it went: 'i' by indication, 'c' on a channel, '-' not at all. */
static char send_to(const net_address *to, const char *text)
{
	uint8_t out[TURN_MESSAGE_MAX];
	stun_message message;

	turn_reach(world.client, to, (const uint8_t *)text, strlen(text), world.now);
	talk();
	size_t length = turn_wrap(world.client, to, (const uint8_t *)text, strlen(text), out);
	if (length == 0)
		return '-';
	if (out[0] >> 6 == 1) {
		assert_int_equal(length, 4 + strlen(text));
		assert_int_equal(bytes_read16(out + 2), strlen(text));
		assert_memory_equal(out + 4, text, strlen(text));
		return 'c';
	}
	assert_true(stun_read(&message, out, length));
	assert_int_equal(message.kind, STUN_INDICATION);
	assert_int_equal(message.method, STUN_SEND);
	assert_true(net_address_equal(&message.peer, to));
	assert_int_equal(message.data.length, strlen(text));
	assert_memory_equal(message.data.bytes, text, strlen(text));
	return 'i';
}

/* ---- */

static void md5_is_that_of_rfc_1321(void **state)
{
	(void)state;
	static const struct {
		const char *text, *digest;
	} vectors[] = {
		{"", "d41d8cd98f00b204e9800998ecf8427e"},
		{"a", "0cc175b9c0f1b6a831c399e269772661"},
		{"abc", "900150983cd24fb0d6963f7d28e17f72"},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		 "d174ab98d277d9f5a5611c2c9f419d9f"},
		{"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
		 "57edf4a22be3c955ac49da2e2107b67a"},
		/* RFC 8489 section 9.2.2 */
		{"user:realm:pass", "8493fbc53ba582fb4c044c456bdc40eb"},
	};

	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		const uint8_t *text = (const uint8_t *)vectors[i].text;
		size_t length = strlen(vectors[i].text), cut = length / 3;
		const uint8_t *parts[] = {text, text + cut};
		const size_t lengths[] = {cut, length - cut};
		uint8_t digest[16], expected[16];

		md5(parts, lengths, 2, digest);
		assert_int_equal(unhex(vectors[i].digest, expected), 16);
		assert_memory_equal(digest, expected, 16);
	}
}

static void allocates_with_the_credentials_that_are_asked_for(void **state)
{
	(void)state;
	net_address ours, seen;

	open_world(false);
	allocate();
	turn_addresses(world.client, &ours, &seen);
	assert_true(net_address_equal(&ours, &relayed));
	assert_true(net_address_equal(&seen, &mapped));
	assert_string_equal(turn_error(world.client), "");
	close_world();
}

static void sends_again_over_udp_and_gives_up(void **state)
{
	(void)state;
	open_world(false);
	world.deaf = true;
	run_for(20 * S);
	assert_asked("A- A- A- A- A- A- A-");
	assert_int_equal(turn_get_state(world.client), TURN_FAILED);
	assert_string_equal(turn_error(world.client), "no answer");
	assert_int_equal(turn_timeout(world.client), UINT64_MAX);
	close_world();

	open_world(true);
	world.deaf = true;
	run_for(20 * S);
	assert_asked("A-");
	assert_int_equal(turn_get_state(world.client), TURN_FAILED);
	close_world();
}

static void wrong_credentials_are_told_after_one_try(void **state)
{
	(void)state;
	open_world(false);
	world.refuse_method = STUN_ALLOCATE;
	world.refuse_code = 401;
	talk();
	assert_asked("A- A-");
	assert_int_equal(turn_get_state(world.client), TURN_FAILED);
	assert_string_equal(turn_error(world.client), "it does not accept the credentials");
	close_world();

	open_world(false);
	world.refuse_method = STUN_ALLOCATE;
	world.refuse_code = 499;
	talk();
	assert_string_equal(turn_error(world.client), "error 499");
	close_world();
}

static bool sent_to(const net_address *asked, size_t count, net_address *to)
{
	return turn_alternate(world.client, asked, count, to);
}

/* A server that sends us to `to`, with our password or, when `open`, before it wants one. */
static void open_sending_to(const net_address *to, bool open)
{
	open_world(false);
	world.alternate = *to;
	world.open = open;
	world.refuse_method = STUN_ALLOCATE;
	world.refuse_code = 300;
}

static void a_server_may_name_another_one(void **state)
{
	(void)state;
	for (int open = 0; open < 2; open++) {
		net_address to;

		open_sending_to(&there, open == 1);
		assert_false(sent_to(&here, 1, &to));
		talk();
		assert_asked(open == 1 ? "A-" : "A- A-");
		assert_int_equal(turn_get_state(world.client), TURN_FAILED);
		assert_true(sent_to(&here, 1, &to));
		assert_true(net_address_equal(&to, &there));
		close_world();
	}
}

static void not_one_that_was_asked_already(void **state)
{
	(void)state;
	const net_address asked[] = {there, here, yonder};
	net_address to;

	open_sending_to(&there, true);
	talk();
	assert_false(sent_to(asked, 3, &to));
	assert_true(sent_to(asked + 1, 2, &to));
	close_world();
	open_sending_to(&here, true); /* itself */
	talk();
	assert_false(sent_to(&here, 1, &to));
	close_world();
}

static void nor_to_what_is_no_server(void **state)
{
	(void)state;
	static const net_address local = {4, {127, 0, 0, 1}, 3478};
	const net_address none[] = {{0}, {4, {192, 0, 2, 2}, 0}, local, carol};
	net_address to;

	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		open_sending_to(&none[i], true);
		talk();
		assert_int_equal(turn_get_state(world.client), TURN_FAILED);
		assert_string_equal(turn_error(world.client), "it names another server");
		assert_false(sent_to(&here, 1, &to));
		close_world();
	}
	/* On this machine, when that is where it is itself. */
	const net_address self = {4, {127, 0, 0, 1}, 5349};
	open_sending_to(&local, true);
	talk();
	assert_true(sent_to(&self, 1, &to));
	close_world();
}

static void nobody_else_sends_us_elsewhere_once_there_is_a_password(void **state)
{
	(void)state;
	turn_stats stats;

	open_sending_to(&there, false);
	world.unsigned_errors = true;
	talk();
	assert_asked("A- A-");
	assert_int_equal(turn_get_state(world.client), TURN_ALLOCATING);
	turn_get_stats(world.client, &stats);
	assert_int_equal(stats.dropped_integrity, 1);
	run_for(S); /* the server's own answer is waited for */
	assert_int_equal(turn_get_state(world.client), TURN_READY);
	close_world();
}

static void a_server_with_ipv6_alone_is_asked_for_that(void **state)
{
	(void)state;
	net_address ours, seen;

	open_world(false);
	world.only_six = true;
	talk();
	assert_asked("A- A- A6");
	assert_int_equal(turn_get_state(world.client), TURN_READY);
	turn_addresses(world.client, &ours, &seen);
	assert_true(net_address_equal(&ours, &relayed_six));
	assert_int_equal(send_to(&carol, "\1check"), 'i');
	assert_int_equal(send_to(&carol, "\200RTP"), 'c');
	assert_asked("P4 C4");
	assert_int_equal(send_to(&alice, "\1check"), '-'); /* an address of the other family */
	run_for(541 * S);
	assert_int_equal(turn_get_state(world.client), TURN_READY);
	close_world();

	open_world(false); /* and that is asked for once */
	world.open = true;
	world.refuse_method = STUN_ALLOCATE;
	world.refuse_code = 440;
	talk();
	assert_asked("A- A6-");
	assert_string_equal(turn_error(world.client), "it has no addresses of a family we know");
	close_world();
}

static void a_success_without_the_password_is_none(void **state)
{
	(void)state;
	turn_stats stats;

	open_world(true);
	world.wrong_key = true;
	run_for(S);
	assert_int_equal(turn_get_state(world.client), TURN_ALLOCATING);
	turn_get_stats(world.client, &stats);
	assert_int_equal(stats.dropped_integrity, 1);
	close_world();
}

static void a_stale_nonce_is_replaced_whatever_was_asked(void **state)
{
	(void)state;
	turn_stats stats;

	open_world(false);
	allocate();
	strcpy(world.nonce, "second");
	assert_int_equal(send_to(&alice, "\1"), 'i');
	assert_asked("P2- P2");
	strcpy(world.nonce, "third");
	assert_int_equal(send_to(&alice, "RTP"), 'c');
	assert_asked("C2- C2");
	strcpy(world.nonce, "fourth");
	run_for(541 * S);
	turn_get_stats(world.client, &stats);
	assert_int_equal(stats.stale_nonces, 3);
	assert_int_equal(turn_get_state(world.client), TURN_READY);
	close_world();
}

static void a_server_whose_nonces_are_always_stale_is_given_up(void **state)
{
	(void)state;
	open_world(false);
	for (int i = 0; i < 20; i++) {
		uint8_t bytes[TURN_MESSAGE_MAX];
		size_t length = turn_poll(world.client, bytes);

		if (length == 0)
			break;
		take_request(bytes, length);
		snprintf(world.nonce, sizeof world.nonce, "%d", i);
	}
	assert_int_equal(turn_get_state(world.client), TURN_FAILED);
	assert_asked("A- A- A- A- A-");
	close_world();
}

static void the_first_to_a_peer_goes_behind_its_permission_and_media_gets_a_channel(void **state)
{
	(void)state;
	open_world(false);
	assert_int_equal(send_to(&alice, "\1check"), '-'); /* not yet */
	world.asked[0] = '\0';
	talk();
	world.asked[0] = '\0';
	assert_int_equal(turn_get_state(world.client), TURN_READY);
	assert_int_equal(send_to(&alice, "\1check"), 'i');
	assert_asked("P2");
	assert_int_equal(send_to(&alice, "\1check"), 'i');
	assert_int_equal(send_to(&bob, "\1check"), 'i');
	assert_asked("P3");
	assert_int_equal(send_to(&alice, "\200RTP"), 'c');
	assert_asked("C2");
	assert_int_equal(send_to(&alice, "\200RTP"), 'c');
	assert_int_equal(send_to(&alice, "\1check"), 'c');
	assert_int_equal(send_to(&bob, "\1check"), 'i');
	assert_asked("");
	close_world();
}

static void a_permission_and_its_datagram_leave_in_that_order(void **state)
{
	(void)state;
	uint8_t out[TURN_MESSAGE_MAX];
	stun_message message;

	open_world(false);
	allocate();
	turn_reach(world.client, &alice, (const uint8_t *)"\1", 1, world.now);
	assert_true(stun_read(&message, out, turn_poll(world.client, out)));
	assert_int_equal(message.method, STUN_CREATE_PERMISSION);
	assert_int_equal(turn_poll(world.client, out), 0);
	/* Before it is answered. */
	size_t length = turn_wrap(world.client, &alice, (const uint8_t *)"\1", 1, out);
	assert_true(stun_read(&message, out, length));
	assert_int_equal(message.method, STUN_SEND);
	close_world();
}

static void data_comes_from_peers_by_channel_and_by_indication(void **state)
{
	(void)state;
	uint8_t bytes[64], *data;
	size_t length, size;
	net_address from;
	stun_writer writer;
	turn_stats stats;

	open_world(false);
	allocate();
	uint8_t out[TURN_MESSAGE_MAX];
	assert_int_equal(send_to(&alice, "\200"), 'i');
	assert_int_equal(send_to(&alice, "\200"), 'c');
	assert_int_equal(turn_wrap(world.client, &alice, (const uint8_t *)"x", 1, out), 5);
	memcpy(bytes, (uint8_t[]){out[0], out[1], 0, 3, 'a', 'b', 'c', 0}, 8);
	for (length = 7; length <= 8; length++) { /* padded or not */
		assert_true(give(bytes, length, &from, &data, &size));
		assert_true(net_address_equal(&from, &alice));
		assert_int_equal(size, 3);
		assert_ptr_equal(data, bytes + 4);
	}
	assert_false(give(bytes, 6, &from, &data, &size));
	bytes[1]++;
	assert_false(give(bytes, 7, &from, &data, &size));

	stun_begin(&writer, bytes, sizeof bytes, STUN_INDICATION, STUN_DATA,
			   (const uint8_t *)"abcdefghijkl");
	stun_put_xor_address(&writer, STUN_XOR_PEER_ADDRESS, &bob);
	stun_put_bytes(&writer, STUN_DATA_VALUE, "hello", 5);
	assert_true(give(bytes, writer.length, &from, &data, &size));
	assert_true(net_address_equal(&from, &bob));
	assert_memory_equal(data, "hello", 5);
	assert_int_equal(size, 5);

	turn_get_stats(world.client, &stats);
	assert_int_equal(stats.dropped_malformed, 1);
	assert_int_equal(stats.dropped_channel, 1);
	close_world();
}

static void what_is_used_is_kept_alive_and_nothing_else(void **state)
{
	(void)state;
	open_world(false);
	allocate();
	for (int second = 0; second < 1200; second += 10) {
		send_to(&alice, "\200media");
		if (second == 0)
			send_to(&bob, "\1check");
		run_for(10 * S);
	}
	/* Alice's channel every 240 s, the allocation every 540; Bob's permission ends. */
	assert_asked("P2 P3 C2 C2 C2 R600 C2 C2 R600");
	assert_int_equal(turn_get_state(world.client), TURN_READY);
	close_world();
}

static void a_short_lifetime_is_refreshed_at_half(void **state)
{
	(void)state;
	open_world(false);
	world.lifetime = 20;
	allocate();
	run_for(31 * S);
	assert_asked("R600 R600 R600");
	close_world();
}

static void an_allocation_that_the_server_forgot_fails(void **state)
{
	(void)state;
	open_world(false);
	allocate();
	world.refuse_method = STUN_REFRESH;
	world.refuse_code = 437;
	run_for(541 * S);
	assert_int_equal(turn_get_state(world.client), TURN_FAILED);
	assert_int_equal(send_to(&alice, "x"), '-');
	close_world();

	open_world(false);
	allocate();
	world.deaf = true; /* and so does one whose server does not answer any more */
	run_for(560 * S);
	assert_int_equal(turn_get_state(world.client), TURN_FAILED);
	close_world();
}

static void a_peer_that_is_forbidden_is_not_sent_to(void **state)
{
	(void)state;
	turn_stats stats;

	open_world(false);
	allocate();
	world.refuse_method = STUN_CREATE_PERMISSION;
	world.refuse_code = 403;
	assert_int_equal(send_to(&alice, "\1"), '-');
	assert_int_equal(send_to(&alice, "\1"), '-');
	assert_int_equal(send_to(&bob, "\1"), 'i');
	turn_get_stats(world.client, &stats);
	assert_int_equal(stats.dropped_peer, 2);
	assert_int_equal(turn_get_state(world.client), TURN_READY);
	close_world();
}

static void without_channels_media_goes_by_indication(void **state)
{
	(void)state;
	open_world(false);
	allocate();
	world.refuse_method = STUN_CHANNEL_BIND;
	world.refuse_code = 400;
	assert_int_equal(send_to(&alice, "\1"), 'i');
	assert_int_equal(send_to(&alice, "\200"), 'i');
	assert_int_equal(send_to(&alice, "\200"), 'i');
	assert_asked("P2 C2-");
	close_world();
}

static void more_peers_than_places_push_out_the_oldest(void **state)
{
	(void)state;
	open_world(false);
	allocate();
	for (int i = 0; i < TURN_PEERS + 2; i++) {
		net_address peer = alice;
		peer.ip[3] = (uint8_t)(10 + i);
		world.now += MS;
		assert_int_equal(send_to(&peer, "\1"), 'i');
	}
	world.asked[0] = '\0';
	net_address last = alice, first = alice;
	last.ip[3] = 11 + TURN_PEERS;
	first.ip[3] = 10;
	send_to(&last, "\1");
	assert_asked("");
	send_to(&first, "\1");
	assert_asked("P10");
	close_world();
}

static void closing_gives_the_allocation_back(void **state)
{
	(void)state;
	open_world(false);
	allocate();
	send_to(&alice, "\1");
	turn_close(world.client);
	talk();
	assert_asked("P2 R0");
	assert_int_equal(turn_get_state(world.client), TURN_CLOSED);
	assert_int_equal(send_to(&alice, "\1"), '-');
	close_world();

	open_world(false); /* nothing to give back */
	turn_close(world.client);
	talk();
	assert_asked("");
	close_world();
}

static void credentials_that_are_too_long_are_refused(void **state)
{
	(void)state;
	char longer[TURN_USERNAME_MAX + 2];
	turn_config config = {.username = longer, .password = PASSWORD};

	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	assert_null(turn_create(&config, S));
	longer[sizeof longer - 2] = '\0';
	turn_client *client = turn_create(&config, S);
	assert_non_null(client);
	turn_free(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(md5_is_that_of_rfc_1321),
		cmocka_unit_test(allocates_with_the_credentials_that_are_asked_for),
		cmocka_unit_test(sends_again_over_udp_and_gives_up),
		cmocka_unit_test(wrong_credentials_are_told_after_one_try),
		cmocka_unit_test(a_server_may_name_another_one),
		cmocka_unit_test(not_one_that_was_asked_already),
		cmocka_unit_test(nor_to_what_is_no_server),
		cmocka_unit_test(nobody_else_sends_us_elsewhere_once_there_is_a_password),
		cmocka_unit_test(a_server_with_ipv6_alone_is_asked_for_that),
		cmocka_unit_test(a_success_without_the_password_is_none),
		cmocka_unit_test(a_stale_nonce_is_replaced_whatever_was_asked),
		cmocka_unit_test(a_server_whose_nonces_are_always_stale_is_given_up),
		cmocka_unit_test(the_first_to_a_peer_goes_behind_its_permission_and_media_gets_a_channel),
		cmocka_unit_test(a_permission_and_its_datagram_leave_in_that_order),
		cmocka_unit_test(data_comes_from_peers_by_channel_and_by_indication),
		cmocka_unit_test(what_is_used_is_kept_alive_and_nothing_else),
		cmocka_unit_test(a_short_lifetime_is_refreshed_at_half),
		cmocka_unit_test(an_allocation_that_the_server_forgot_fails),
		cmocka_unit_test(a_peer_that_is_forbidden_is_not_sent_to),
		cmocka_unit_test(without_channels_media_goes_by_indication),
		cmocka_unit_test(more_peers_than_places_push_out_the_oldest),
		cmocka_unit_test(closing_gives_the_allocation_back),
		cmocka_unit_test(credentials_that_are_too_long_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
