/*
 * Budgets of a memory profile: what is over one is refused and counted, nothing else notices, and
 * whatever was half made when memory ran out gives back all of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/engine.h"
#include "ice/agent.h"
#include "peer.h"
#include "port.h"
#include "profile.h"
#include "ring.h"
#include "sctp/association.h"
#include "srtp/srtp.h"

static size_t budget_of(port_subsystem subsystem)
{
	return port_profile_current()->budget[subsystem];
}

static size_t room_of(port_subsystem subsystem)
{
	return budget_of(subsystem) - port_memory_of(subsystem).current;
}

static int choose_psram(void **state)
{
	(void)state;
	return port_profile_choose("psram") ? 0 : -1;
}

static void the_last_byte_is_given_and_not_one_more(void **state)
{
	(void)state;
	for (int i = 0; i < PORT_SUBSYSTEMS; i++) {
		const port_subsystem subsystem = (port_subsystem)i;
		const port_memory_usage before = port_memory_of(subsystem);
		uint8_t *all = port_alloc(room_of(subsystem), PORT_EXTERNAL, subsystem);

		assert_non_null(all);
		assert_int_equal(room_of(subsystem), 0);
		assert_null(port_alloc(1, PORT_INTERNAL, subsystem));
		assert_null(port_alloc(SIZE_MAX, PORT_INTERNAL, subsystem));
		assert_int_equal(port_memory_of(subsystem).failures, before.failures + 2);
		assert_int_equal(port_memory_of(subsystem).peak, budget_of(subsystem));
		port_free(all);
		assert_int_equal(port_memory_of(subsystem).current, before.current);
	}
}

static void one_that_is_full_does_not_concern_the_others(void **state)
{
	void *sctp = port_alloc(room_of(PORT_SCTP), PORT_EXTERNAL, PORT_SCTP);
	packet_ring *ring = ring_create(2048, PORT_INTERNAL, PORT_AUDIO);
	char body[3] = "abc", got[3];
	size_t length;

	(void)state;
	assert_null(port_alloc(1, PORT_EXTERNAL, PORT_SCTP));
	assert_non_null(ring);
	assert_true(ring_write(ring, NULL, 0, body, sizeof body));
	assert_true(ring_read(ring, NULL, 0, got, sizeof got, &length));
	assert_memory_equal(got, body, sizeof body);
	ring_free(ring);
	port_free(sctp);
}

/* ---- Things of several allocations ---- */

static void *make_uplink(void)
{
	const audio_encoder_options options = {
		.sample_rate = 16000, .channels = 1, .bitrate = 24000, .complexity = 1};

	return audio_uplink_create(&options);
}
static void free_uplink(void *made)
{
	audio_uplink_free(made);
}
static void *make_downlink(void)
{
	return audio_downlink_create(16000, JITTER_TARGET_MS);
}
static void free_downlink(void *made)
{
	audio_downlink_free(made);
}
static void *make_association(void)
{
	const sctp_config config = {.send_buffer = 5000, .receive_buffer = 5000, .max_message = 4000};

	return association_create(&config);
}
static void free_association(void *made)
{
	association_free(made);
}
static void *make_agent(void)
{
	const ice_config config = {.controlling = true};

	return ice_agent_create(&config);
}
static void free_agent(void *made)
{
	ice_agent_free(made);
}
static void *make_srtp(void)
{
	static const uint8_t key[16], salt[14];

	return srtp_context_create(key, salt);
}
static void free_srtp(void *made)
{
	srtp_context_free(made);
}
static void *make_peer(void)
{
	static crypto_identity identity;
	const peer_config config = {.identity = &identity, .controlling = true};

	return peer_create(&config, 1);
}
static void free_peer(void *made)
{
	peer_free(made);
}

typedef struct {
	const char *name;
	void *(*make)(void);
	void (*free)(void *made);
	port_subsystem payers[2];
} thing;

static const thing things[] = {
	{"uplink", make_uplink, free_uplink, {PORT_AUDIO, PORT_OPUS}},
	{"downlink", make_downlink, free_downlink, {PORT_AUDIO, PORT_OPUS}},
	{"association", make_association, free_association, {PORT_SCTP, PORT_SCTP}},
	{"agent", make_agent, free_agent, {PORT_ICE, PORT_ICE}},
	{"srtp", make_srtp, free_srtp, {PORT_SRTP, PORT_SRTP}},
	{"peer", make_peer, free_peer, {PORT_PEER, PORT_ICE}},
};

/* Makes it with `room` bytes left to `payer`, and gives all back. True when that was enough. */
static bool fits(const thing *thing, port_subsystem payer, size_t room)
{
	size_t held[PORT_SUBSYSTEMS];
	const uint32_t failures = port_memory_of(payer).failures;
	void *rest = port_alloc(room_of(payer) - room, PORT_EXTERNAL, payer);

	assert_non_null(rest);
	for (int i = 0; i < PORT_SUBSYSTEMS; i++)
		held[i] = port_memory_of((port_subsystem)i).current;
	void *made = thing->make();
	if (made)
		thing->free(made);
	else
		assert_true(port_memory_of(payer).failures > failures);
	for (int i = 0; i < PORT_SUBSYSTEMS; i++)
		assert_int_equal(port_memory_of((port_subsystem)i).current, held[i]);
	port_free(rest);
	return made != NULL;
}

static void what_is_half_made_gives_all_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
		for (int j = 0; j < 2; j++) {
			const port_subsystem payer = things[i].payers[j];
			size_t room = 0;

			assert_false(fits(&things[i], payer, 0));
			while (room + 64 < room_of(payer) && !fits(&things[i], payer, room))
				room += 64;
			if (!fits(&things[i], payer, room))
				fail_msg("the profile has no room for one %s", things[i].name);
		}
	}
}

/* ---- A message that finds no memory ---- */

static uint64_t now = 1;

/* Carries packets both ways, through every timer, for a second. */
static void settle(sctp_association *one, sctp_association *other)
{
	uint8_t packet[SCTP_PACKET_MAX];
	size_t length;

	for (int i = 0; i < 100; i++, now += 10000) {
		while ((length = association_poll_datagram(one, packet, now)) > 0)
			association_input(other, packet, length, now);
		while ((length = association_poll_datagram(other, packet, now)) > 0)
			association_input(one, packet, length, now);
		association_handle_timeout(one, now);
		association_handle_timeout(other, now);
	}
}

/* Who holds the memory may wait for room to send: that must not wait for memory. */
static void room_to_send_is_told_while_a_message_finds_no_memory(void **state)
{
	static uint8_t bytes[1500];
	sctp_config config = {.remote_port = 5000,
						  .send_buffer = 4096,
						  .receive_buffer = 4096,
						  .max_message = sizeof bytes};
	const sctp_message message = {.stream = 1, .ppid = 53, .bytes = bytes, .length = sizeof bytes};

	assert_true(port_profile_choose("psram")); /* room for two */
	sctp_association *here = association_create(&config);
	config.receive_buffer = 16384;
	sctp_association *there = association_create(&config);
	sctp_event event;

	(void)state;
	assert_non_null(here);
	assert_non_null(there);
	association_connect(here, now);
	settle(here, there);
	while (association_poll_event(here, &event) || association_poll_event(there, &event))
		assert_int_equal(event.type, SCTP_EVENT_ESTABLISHED);

	void *rest = port_alloc(room_of(PORT_SCTP) - 100, PORT_EXTERNAL, PORT_SCTP);
	assert_non_null(rest);
	assert_int_equal(association_send(there, &message, now), SCTP_SENT);
	while (association_send(here, &message, now) == SCTP_SENT)
		;
	settle(here, there);
	assert_true(association_poll_event(here, &event));
	assert_int_equal(event.type, SCTP_EVENT_BUFFERED_LOW);
	assert_true(association_poll_event(here, &event));
	assert_int_equal(event.type, SCTP_EVENT_WRITABLE);
	assert_false(association_poll_event(here, &event));
	assert_true(association_starves(here));

	port_free(rest);
	assert_true(association_poll_event(here, &event));
	assert_int_equal(event.type, SCTP_EVENT_MESSAGE);
	port_free(event.bytes);
	assert_false(association_poll_event(here, &event));
	assert_false(association_starves(here));
	association_free(here);
	association_free(there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_byte_is_given_and_not_one_more),
		cmocka_unit_test(one_that_is_full_does_not_concern_the_others),
		cmocka_unit_test(what_is_half_made_gives_all_back),
		cmocka_unit_test(room_to_send_is_told_while_a_message_finds_no_memory),
	};

	return cmocka_run_group_tests(tests, choose_psram, NULL);
}
