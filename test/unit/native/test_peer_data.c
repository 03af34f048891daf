/* Data channels of two peers on a simulated network: over DTLS, beside the call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "peer_private.h"
#include "peer_world.h"
#include "sctp/internal.h"

#define BUFFER 65536
#define MAX_MESSAGE 20000
#define LOW_WATER 16000
#define STEP (5 * MS)
#define KINDS 2 /* the reliable channel and the lossy one, as LiveKit has them */

static const dcep_options kinds[KINDS] = {
	{.label = "_reliable"},
	{.label = "_lossy", .unordered = true, .reliability = SCTP_MAX_RETRANSMITS, .limit = 0},
};

/* Of `a` and of `b`. */
static struct {
	int channels[KINDS];
	uint32_t open, closed, writable, low;
	bool holds; /* takes no messages */
	uint64_t open_at;
	uint32_t sent, received, lossy_received; /* messages */
} data[2];

static size_t of(const side *self)
{
	return self == &world.b;
}

/* ---- Messages that tell what they should be ---- */

static size_t size_of(uint32_t number)
{
	return number % 10 == 9 ? MAX_MESSAGE - number % 7 : 4 + number * 37 % 1800;
}

static size_t make_message(uint8_t out[MAX_MESSAGE], uint32_t number)
{
	size_t length = size_of(number);

	for (size_t i = 0; i < length; i++)
		out[i] = (uint8_t)(number * 31 + i * 7);
	memcpy(out, &number, 4);
	return length;
}

static void check_message(const peer_message *message, uint32_t number)
{
	uint8_t expected[MAX_MESSAGE];

	assert_int_equal(message->length, make_message(expected, number));
	assert_memory_equal(message->bytes, expected, message->length);
}

/* ---- The two sides ---- */

static void on_event(side *self, const peer_event *event)
{
	switch (event->type) {
	case PEER_EVENT_CHANNEL_OPEN:
		data[of(self)].open++;
		data[of(self)].open_at = event->at;
		break;
	case PEER_EVENT_CHANNEL_CLOSED:
		data[of(self)].closed++;
		break;
	case PEER_EVENT_WRITABLE:
		data[of(self)].writable++;
		break;
	case PEER_EVENT_BUFFERED_LOW:
		data[of(self)].low++;
		break;
	default:
		break;
	}
}

static void take_messages(side *self)
{
	peer_message message;

	while (!data[of(self)].holds &&
		   peer_take_message(self->core, &message, sim_now(world.network))) {
		/* The numbers on the other's channels are the same. */
		const int *channels = data[!of(self)].channels;
		if (message.channel == channels[0]) {
			check_message(&message, data[of(self)].received++);
		} else {
			uint32_t number;
			assert_int_equal(message.channel, channels[1]);
			memcpy(&number, message.bytes, 4);
			check_message(&message, number);
			data[of(self)].lossy_received++;
		}
		port_free(message.bytes);
	}
}

static void step(void)
{
	run_for(STEP);
	take_messages(&world.a);
	take_messages(&world.b);
}

static void open_data(side *self)
{
	peer_data_config config = {
		.send_buffer = BUFFER, .receive_buffer = BUFFER, .max_message = MAX_MESSAGE};

	assert_int_equal(peer_open_data(self->core, &config, sim_now(world.network)), 0);
}

/* `a` opens the channels, as we do with a server. */
static void open_channels(void)
{
	for (int i = 0; i < KINDS; i++) {
		int channel = peer_open_channel(world.a.core, &kinds[i], sim_now(world.network));
		assert_true(channel >= 0);
		data[0].channels[i] = data[1].channels[i] = channel;
	}
}

static void open_all(uint64_t seed, sim_weather weather)
{
	memset(data, 0, sizeof(data));
	world.on_event = on_event;
	open_world(seed, weather);
	add_media();
	open_data(&world.a);
	open_data(&world.b);
	open_channels();
	connect_within(30 * SECOND);
}

static void until_open(void)
{
	for (int i = 0; data[0].open < KINDS || data[1].open < KINDS; i++) {
		assert_true(i < 6000);
		step();
	}
}

/* False when there is no room. */
static bool send_next(side *self)
{
	uint8_t bytes[MAX_MESSAGE];
	size_t length = make_message(bytes, data[of(self)].sent);
	sctp_send_result result = peer_send_message(self->core, data[of(self)].channels[0], bytes,
												length, sim_now(world.network));

	if (result == SCTP_SENT)
		data[of(self)].sent++;
	else
		assert_int_equal(result, SCTP_FULL);
	return result == SCTP_SENT;
}

static void send_lossy(side *self, uint32_t number)
{
	uint8_t bytes[MAX_MESSAGE];
	size_t length = make_message(bytes, number);

	assert_int_equal(peer_send_message(self->core, data[of(self)].channels[1], bytes, length,
									   sim_now(world.network)),
					 SCTP_SENT);
}

/* ---- Tests ---- */

static void opens_two_round_trips_after_dtls(void **state)
{
	(void)state;
	open_all(1, (sim_weather){.delay = 50 * MS});
	until_open();
	assert_true(data[0].open_at - world.a.connected_at <= 310 * MS);
	assert_int_equal(data[0].open, KINDS);
	assert_int_equal(data[1].open, KINDS);
}

static void carries_messages_both_ways_through_loss(void **state)
{
	(void)state;
	for (uint64_t seed = 10; seed < 14; seed++) {
		if (seed > 10)
			close_world(state);
		open_all(seed,
				 (sim_weather){.delay = 20 * MS, .jitter = 15 * MS, .loss = 50, .duplicate = 20});
		until_open();
		for (int i = 0; data[0].received < 300 || data[1].received < 300; i++) {
			assert_true(i < 60000);
			while (data[0].sent < 300 && send_next(&world.a))
				;
			while (data[1].sent < 300 && send_next(&world.b))
				;
			step();
		}
		assert_int_equal(data[0].received, 300);
		assert_int_equal(data[1].received, 300);
		assert_true(stats_of(&world.a).sctp.retransmitted > 0);
	}
}

static void lossy_messages_come_whole_or_not_at_all(void **state)
{
	(void)state;
	open_all(20, (sim_weather){.delay = 20 * MS, .loss = 100});
	until_open();
	for (uint32_t i = 0; i < 400; i++) {
		send_lossy(&world.a, i % 9); /* small ones: one packet each */
		step();
	}
	for (int i = 0; i < 400; i++)
		step();
	assert_in_range(data[1].lossy_received, 320, 399);
	/* And a reliable one is not held up by those that are gone. */
	assert_true(send_next(&world.a));
	for (int i = 0; i < 400; i++)
		step();
	assert_int_equal(data[1].received, 1);
}

static void audio_goes_on_while_data_floods(void **state)
{
	(void)state;
	open_all(30, (sim_weather){.delay = 20 * MS});
	until_open();
	heard_a = heard_b = 0;
	for (int i = 0; i < 500; i++) {
		while (send_next(&world.a))
			;
		while (send_next(&world.b))
			;
		talk(1);
		take_messages(&world.a);
		take_messages(&world.b);
	}
	run_for(SECOND);
	heard_a += hear(world.a.sink);
	heard_b += hear(world.b.sink);
	assert_int_equal(heard_a, 500);
	assert_int_equal(heard_b, 500);
	assert_true(data[0].received > 300 && data[1].received > 300);
	assert_int_equal(stats_of(&world.a).dropped_outbox_full, 0);
}

/* Random chunks of types that a peer may send without ending it, in a packet that `a` takes for its
 * peer's; lengths are mostly right. */
static size_t make_hostile(uint8_t bytes[600])
{
	static const uint8_t types[] = {CHUNK_DATA,        CHUNK_INIT,       CHUNK_HEARTBEAT,
									CHUNK_COOKIE_ECHO, CHUNK_COOKIE_ACK, CHUNK_ERROR,
									CHUNK_RE_CONFIG,   CHUNK_FORWARD_TSN};
	size_t length = PACKET_HEADER;

	bytes_write16(bytes, 5000);
	bytes_write16(bytes + 2, 5000);
	bytes_write32(bytes + 4, world.a.core->association->local_tag);
	bytes_write32(bytes + 8, 0);
	for (uint32_t count = 1 + sim_random(world.network, 8); count > 0; count--) {
		size_t value = 13 + sim_random(world.network, 50); /* DATA of nothing would end it */
		uint8_t *chunk = bytes + length;

		for (size_t at = 0; at < CHUNK_HEADER + PAD4(value); at++)
			chunk[at] = (uint8_t)sim_random(world.network, 256);
		chunk[0] = types[sim_random(world.network, sizeof types)];
		if (sim_random(world.network, 8) != 0)
			bytes_write16(chunk + 2, (uint32_t)(CHUNK_HEADER + value));
		length += CHUNK_HEADER + PAD4(value);
	}
	return length;
}

/* Beneath the peer's own functions: what a peer that has the keys, and means harm, may send. */
static void audio_goes_on_whatever_becomes_of_data(void **state)
{
	uint8_t bytes[600];

	(void)state;
	open_all(32, (sim_weather){.delay = 20 * MS});
	until_open();
	size_t held = port_memory_of(PORT_SCTP).current;

	world.b.core->association->local_port = 1; /* does not mind what is answered */
	heard_a = heard_b = 0;
	for (int i = 0; i < 300; i++) {
		size_t length = sim_random(world.network, sizeof bytes);

		for (size_t at = 0; at < length; at++)
			bytes[at] = (uint8_t)sim_random(world.network, 256);
		dtls_send(world.b.core->dtls, bytes, length, sim_now(world.network));
		for (int flood = 0; flood < 20; flood++) {
			length = make_hostile(bytes);
			dtls_send(world.b.core->dtls, bytes, length, sim_now(world.network));
		}
		if (i == 150) {
			assert_int_equal(world.a.core->association->state, SCTP_ESTABLISHED);
			world.b.core->association->local_port = 5000;
			association_abort(world.b.core->association, sim_now(world.network));
		}
		talk(1);
	}
	run_for(SECOND);
	assert_int_equal(heard_a + hear(world.a.sink), 300);
	assert_int_equal(heard_b + hear(world.b.sink), 300);
	assert_int_equal(world.a.state, PEER_CONNECTED);
	/* The harm came as far as it could. */
	sctp_stats stats = stats_of(&world.a).sctp;

	assert_true(stats.dropped_unexpected > 100);
	assert_true(stats.dropped_malformed > 100);
	assert_true(stats.dropped_cookie > 100);
	assert_true(stats.dropped_no_room > 100);
	assert_in_range(port_memory_of(PORT_SCTP).current, held - 5000, held);
	assert_int_equal(peer_send_message(world.a.core, data[0].channels[0], bytes, 1, 0),
					 SCTP_NOT_OPEN);
}

static void media_beside_open_channels_allocates_nothing(void **state)
{
	(void)state;
	open_all(31, (sim_weather){.delay = 20 * MS});
	until_open();
	talk(50);
	uint32_t before = all_allocations();
	talk(1000);
	assert_int_equal(all_allocations(), before);
}

static void a_busy_owner_holds_the_sender_back(void **state)
{
	(void)state;
	open_all(40, (sim_weather){.delay = 10 * MS});
	until_open();
	data[1].holds = true;
	size_t before = port_memory_of(PORT_SCTP).current;
	for (int i = 0; i < 2000; i++) {
		while (send_next(&world.a))
			;
		step();
	}
	/* Both buffers are full, and one message is out of them. */
	uint32_t sent = data[0].sent;
	assert_in_range(stats_of(&world.b).sctp.bytes_in, 1, 2 * MAX_MESSAGE);
	assert_true(port_memory_of(PORT_SCTP).current <= before + MAX_MESSAGE + 64);
	data[1].holds = false;
	peer_set_low_water(world.a.core, data[0].channels[0], LOW_WATER);
	assert_true(peer_buffered(world.a.core, data[0].channels[0]) > LOW_WATER);
	data[0].writable = data[0].low = 0;
	for (int i = 0; data[1].received < sent; i++) {
		assert_true(i < 2000);
		step();
	}
	assert_true(data[0].writable > 0);
	assert_int_equal(data[0].low, 1);
	assert_int_equal(data[1].received, sent);
	assert_int_equal(world.b.state, PEER_CONNECTED);
}

static void who_takes_nothing_is_told_of_its_own_sending(void **state)
{
	(void)state;
	open_all(41, (sim_weather){.delay = 10 * MS});
	until_open();
	data[1].holds = true;
	while (send_next(&world.a))
		;
	for (int i = 0; i < 200; i++)
		step();
	peer_set_low_water(world.b.core, data[0].channels[0], LOW_WATER);
	for (int i = 0; data[1].sent < 200; i++) {
		assert_true(i < 2000);
		data[1].writable = 0;
		while (send_next(&world.b))
			;
		for (int j = 0; data[1].writable == 0; j++) {
			assert_true(j < 2000);
			step();
		}
	}
	for (int i = 0; data[0].received < data[1].sent || data[1].low == 0; i++) {
		assert_true(i < 2000);
		step();
	}
	assert_int_equal(data[1].received, 0);
	data[1].holds = false;
	for (int i = 0; data[1].received < data[0].sent; i++) {
		assert_true(i < 2000);
		step();
	}
}

static void a_message_over_the_cap_is_refused_and_survived(void **state)
{
	uint8_t large[MAX_MESSAGE + 1] = {0};

	(void)state;
	open_all(50, (sim_weather){.delay = 10 * MS});
	until_open();
	assert_int_equal(peer_send_message(world.a.core, data[0].channels[0], large, sizeof(large),
									   sim_now(world.network)),
					 SCTP_SENT);
	for (int i = 0; i < 20; i++)
		assert_true(send_next(&world.a));
	for (int i = 0; data[1].received < 20; i++) {
		assert_true(i < 2000);
		step();
	}
	assert_int_equal(stats_of(&world.b).sctp.refused, 1);
}

static void without_negotiation_nothing_is_taken_and_all_is_counted(void **state)
{
	(void)state;
	memset(data, 0, sizeof(data));
	world.on_event = on_event;
	open_world(60, (sim_weather){.delay = 10 * MS});
	add_media();
	open_data(&world.b);
	connect_within(5 * SECOND);
	talk(250);
	assert_true(stats_of(&world.a).dropped_application >= 2); /* INIT, again and again */
	assert_int_equal(peer_open_channel(world.a.core, &kinds[0], sim_now(world.network)),
					 DCEP_NO_CHANNEL);
	assert_int_equal(peer_send_message(world.a.core, 0, (const uint8_t *)"x", 1, 0), SCTP_NOT_OPEN);
	assert_int_equal(heard_a, 250);
	/* Late, but in time for one of the repeated INITs. */
	open_data(&world.a);
	open_channels();
	until_open();
}

static void refuses_what_is_out_of_order(void **state)
{
	peer_data_config config = {.send_buffer = BUFFER, .receive_buffer = BUFFER, .max_message = 100};

	(void)state;
	open_all(70, (sim_weather){.delay = 10 * MS});
	assert_int_equal(peer_open_data(world.a.core, &config, sim_now(world.network)), -1);
	until_open();
	assert_int_equal(peer_send_message(world.a.core, 7, (const uint8_t *)"x", 1, 0), SCTP_NOT_OPEN);
	assert_int_equal(peer_send_message(world.a.core, -1, (const uint8_t *)"x", 1, 0),
					 SCTP_NOT_OPEN);
	assert_int_equal(peer_buffered(world.a.core, -1), 0);
	assert_int_equal(peer_buffered(world.a.core, 70000), 0);
}

static void nothing_goes_on_after_the_end(void **state)
{
	(void)state;
	open_all(80, (sim_weather){.delay = 10 * MS});
	until_open();
	assert_true(send_next(&world.b));
	peer_close(world.a.core, sim_now(world.network));
	run_for(100 * MS);
	assert_int_equal(world.b.state, PEER_FAILED);
	uint32_t sent = stats_of(&world.a).datagrams_out;
	run_for(5 * SECOND);
	assert_int_equal(stats_of(&world.a).datagrams_out, sent);
	assert_int_equal(peer_open_channel(world.a.core, &kinds[0], sim_now(world.network)),
					 DCEP_NO_CHANNEL);
}

static void nothing_is_sent_when_the_path_is_lost(void **state)
{
	(void)state;
	open_all(90, (sim_weather){.delay = 10 * MS});
	until_open();
	sim_set_weather(world.network, (sim_weather){.loss = 1000});
	while (send_next(&world.a))
		;
	run_for(40 * SECOND);
	assert_int_equal(world.a.state, PEER_FAILED);
	uint32_t sent = stats_of(&world.a).datagrams_out;
	run_for(60 * SECOND);
	assert_int_equal(stats_of(&world.a).datagrams_out, sent);
}

static void data_goes_on_as_soon_as_the_path_is_back(void **state)
{
	static const uint64_t outages[] = {2300 * MS, 5100 * MS, 9700 * MS};

	(void)state;
	open_all(91, (sim_weather){.delay = 10 * MS});
	until_open();
	for (size_t i = 0; i < sizeof outages / sizeof *outages; i++) {
		sim_set_weather(world.network, (sim_weather){.loss = 1000});
		assert_true(send_next(&world.a));
		assert_true(send_next(&world.b));
		run_for(outages[i]);
		assert_int_equal(world.a.state, PEER_DISCONNECTED);
		sim_set_weather(world.network, (sim_weather){.delay = 10 * MS});

		uint64_t back = sim_now(world.network);
		while (data[0].received < data[0].sent || data[1].received < data[1].sent)
			step();
		/* ICE asks every 200 ms, and both directions wait for an answer to their own question. */
		assert_true(sim_now(world.network) - back <= 300 * MS);
	}
}

static void what_the_other_side_has_not_got_is_told(void **state)
{
	(void)state;
	open_all(92, (sim_weather){.delay = 10 * MS});
	until_open();
	int reliable = data[0].channels[0];

	for (int i = 0; i < 5; i++)
		assert_true(send_next(&world.a));
	assert_int_equal(peer_undelivered(world.a.core, reliable), 5);
	run_for(11 * MS); /* they are there, and not all acknowledged */
	assert_int_equal(peer_undelivered(world.a.core, reliable), 0);
	run_for(500 * MS);

	for (int i = 0; i < 9; i++)
		assert_true(send_next(&world.a));
	for (int i = 0; i < 100; i++)
		step();
	sim_set_weather(world.network, (sim_weather){.loss = 1000});
	for (int i = 0; i < 4; i++)
		assert_true(send_next(&world.a));
	run_for(500 * MS); /* the path is not known to be lost yet */
	assert_int_equal(world.a.state, PEER_CONNECTED);
	assert_int_equal(data[1].received, 14);
	assert_int_equal(peer_undelivered(world.a.core, reliable), 4);
	run_for(3 * SECOND);
	assert_true(send_next(&world.a));
	assert_int_equal(peer_undelivered(world.a.core, reliable), 5);
	assert_int_equal(peer_undelivered(world.a.core, 63), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(opens_two_round_trips_after_dtls, close_world),
		cmocka_unit_test_teardown(carries_messages_both_ways_through_loss, close_world),
		cmocka_unit_test_teardown(lossy_messages_come_whole_or_not_at_all, close_world),
		cmocka_unit_test_teardown(audio_goes_on_while_data_floods, close_world),
		cmocka_unit_test_teardown(audio_goes_on_whatever_becomes_of_data, close_world),
		cmocka_unit_test_teardown(media_beside_open_channels_allocates_nothing, close_world),
		cmocka_unit_test_teardown(a_busy_owner_holds_the_sender_back, close_world),
		cmocka_unit_test_teardown(who_takes_nothing_is_told_of_its_own_sending, close_world),
		cmocka_unit_test_teardown(a_message_over_the_cap_is_refused_and_survived, close_world),
		cmocka_unit_test_teardown(without_negotiation_nothing_is_taken_and_all_is_counted,
								  close_world),
		cmocka_unit_test_teardown(refuses_what_is_out_of_order, close_world),
		cmocka_unit_test_teardown(nothing_goes_on_after_the_end, close_world),
		cmocka_unit_test_teardown(nothing_is_sent_when_the_path_is_lost, close_world),
		cmocka_unit_test_teardown(data_goes_on_as_soon_as_the_path_is_back, close_world),
		cmocka_unit_test_teardown(what_the_other_side_has_not_got_is_told, close_world),
	};

	memory_settle();
	return cmocka_run_group_tests(tests, make_identities, NULL);
}
