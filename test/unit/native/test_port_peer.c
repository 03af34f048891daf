/* Two peers with real sockets on loopback, each called from this thread and run by the transport's.
 */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "audio/engine.h"
#include "memory.h"
#include "port.h"
#include "transport.h"

#define PATIENCE 10 /* seconds until a test gives up */
#define FRAMES 50

typedef struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	peer_state state;
	unsigned events;
	crypto_identity identity;
	uint8_t fingerprint[32];
	port_peer *port;
	ice_candidate candidates[ICE_LOCAL_MAX];
	int candidate_count;
	packet_ring *source, *sink;
	const char *ufrag, *pwd;
	int index;
} side;

static side a, b;

static void on_event(void *context, const peer_event *event)
{
	side *self = context;

	pthread_mutex_lock(&self->mutex);
	self->events++;
	if (event->type == PEER_EVENT_STATE)
		self->state = event->state;
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->mutex);
}

static void await_state(side *self, peer_state state)
{
	struct timespec until;
	int result = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	pthread_mutex_lock(&self->mutex);
	while (self->state != state && result == 0)
		result = pthread_cond_timedwait(&self->changed, &self->mutex, &until);
	peer_state seen = self->state;
	pthread_mutex_unlock(&self->mutex);
	assert_int_equal(seen, state);
}

static void learn(peer *core, void *context, uint64_t now)
{
	side *self = context;
	peer_sender_config sender = {
		.mid = "0", .ssrc = 1, .payload_type = 111, .cname = "c", .source = self->source};
	peer_receiver_config receiver = {.mid = "1", .payload_type = 111, .sink = self->sink};

	(void)now;
	self->ufrag = ice_agent_local_ufrag(peer_ice(core));
	self->pwd = ice_agent_local_pwd(peer_ice(core));
	assert_int_equal(peer_add_sender(core, &sender), 0);
	assert_int_equal(peer_add_receiver(core, &receiver), 0);
}

static void open_side(side *self, bool controlling)
{
	char error[160];

	*self = (side){.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	assert_int_equal(crypto_identity_generate(&self->identity), 0);
	assert_int_equal(crypto_identity_fingerprint(&self->identity, self->fingerprint), 0);
	peer_config config = {
		.controlling = controlling,
		.identity = &self->identity,
		.ice = {.controlling = controlling},
	};
	self->port = port_peer_create(&config, on_event, self);
	assert_non_null(self->port);
	self->candidate_count =
		port_peer_gather(self->port, true, self->candidates, error, sizeof(error));
	if (self->candidate_count < 1)
		fail_msg("%s", error);
	self->source = ring_create(65536, PORT_INTERNAL, PORT_AUDIO);
	self->sink = ring_create(65536, PORT_INTERNAL, PORT_AUDIO);
	port_peer_with(self->port, learn, self);
}

static void close_side(side *self)
{
	port_peer_free(self->port);
	unsigned events = self->events; /* none may come any more */
	poll(NULL, 0, 20);
	assert_int_equal(self->events, events);
	ring_free(self->source);
	ring_free(self->sink);
}

typedef struct {
	const side *from;
	peer_setup setup;
} description;

static void describe(peer *core, void *context, uint64_t now)
{
	const description *of = context;
	peer_remote remote = {.ufrag = of->from->ufrag, .pwd = of->from->pwd, .setup = of->setup};

	memcpy(remote.fingerprint, of->from->fingerprint, sizeof(remote.fingerprint));
	assert_int_equal(peer_set_remote(core, &remote, now), 0);
	for (int i = 0; i < of->from->candidate_count; i++)
		ice_agent_add_remote(peer_ice(core), &of->from->candidates[i], now);
}

static void connect_sides(void)
{
	open_side(&a, true);
	open_side(&b, false);
	port_peer_with(b.port, describe, &(description){.from = &a, .setup = PEER_SETUP_ACTPASS});
	port_peer_with(a.port, describe, &(description){.from = &b, .setup = PEER_SETUP_ACTIVE});
	await_state(&a, PEER_CONNECTED);
	await_state(&b, PEER_CONNECTED);
}

static void assert_all_freed(void)
{
	for (int i = 0; i < PORT_SUBSYSTEMS; i++)
		assert_int_equal(memory_held((port_subsystem)i), 0);
}

/* As the audio thread does. */
static void *speak(void *context)
{
	side *self = context;

	for (uint32_t i = 0; i < FRAMES; i++) {
		audio_uplink_head head = {.timestamp = i * AUDIO_RTP_FRAME, .marker = i == 0};
		uint8_t payload[60];
		memset(payload, (int)i, sizeof(payload));
		ring_write(self->source, &head, sizeof(head), payload, sizeof(payload));
		port_peer_wake(self->port);
		poll(NULL, 0, 2);
	}
	return NULL;
}

static unsigned hear(side *self)
{
	uint64_t until = port_now() + PATIENCE * 1000000;
	unsigned heard = 0;

	while (heard < FRAMES && port_now() < until) {
		audio_downlink_head head;
		uint8_t payload[100];
		size_t length;
		if (!ring_read(self->sink, &head, sizeof(head), payload, sizeof(payload), &length)) {
			poll(NULL, 0, 1);
			continue;
		}
		assert_int_equal(length, 60);
		assert_int_equal(payload[59], heard);
		assert_true(head.arrived <= port_now());
		heard++;
	}
	return heard;
}

static void carries_media_over_real_sockets(void **state)
{
	pthread_t speakers[2];
	port_peer_stats stats;

	(void)state;
	connect_sides();
	assert_int_equal(pthread_create(&speakers[0], NULL, speak, &a), 0);
	assert_int_equal(pthread_create(&speakers[1], NULL, speak, &b), 0);
	assert_int_equal(hear(&a), FRAMES);
	assert_int_equal(hear(&b), FRAMES);
	pthread_join(speakers[0], NULL);
	pthread_join(speakers[1], NULL);
	port_peer_get_stats(a.port, &stats);
	assert_int_equal(stats.core.rtp_out, FRAMES);
	assert_int_equal(stats.core.rtp_in, FRAMES);
	assert_int_equal(stats.dropped_send + stats.dropped_oversize, 0);
	/* Freed while the other still talks to it. */
	close_side(&a);
	await_state(&b, PEER_FAILED);
	close_side(&b);
	assert_all_freed();
}

static void meets_again_and_again(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		connect_sides();
		close_side(i % 2 ? &a : &b);
		close_side(i % 2 ? &b : &a);
		assert_all_freed(); /* and the transport thread has ended: the next round starts another */
	}
}

static void gathers_loopback_only_when_asked(void **state)
{
	ice_candidate candidates[ICE_LOCAL_MAX];
	char error[160] = "";

	(void)state;
	open_side(&a, true);
	int loopback = 0;
	for (int i = 0; i < a.candidate_count; i++)
		loopback += net_address_is_loopback(&a.candidates[i].address);
	assert_true(loopback > 0);
	close_side(&a);

	peer_config config = {.identity = &a.identity};
	port_peer *port = port_peer_create(&config, on_event, &a);
	int count = port_peer_gather(port, false, candidates, error, sizeof(error));
	for (int i = 0; i < count; i++) {
		assert_false(net_address_is_loopback(&candidates[i].address));
		assert_true(candidates[i].address.port > 0);
	}
	if (count < 0)
		assert_string_equal(error, "no usable network address");
	port_peer_free(port);
	assert_all_freed();
}

static void survives_datagrams_of_any_size(void **state)
{
	static uint8_t bytes[9000];
	struct sockaddr_in to = {.sin_family = AF_INET};
	port_peer_stats stats;

	(void)state;
	open_side(&a, true);
	int sender = socket(AF_INET, SOCK_DGRAM, 0);
	for (int i = 0; i < a.candidate_count; i++)
		if (a.candidates[i].address.family == 4) {
			to.sin_port = htons(a.candidates[i].address.port);
			memcpy(&to.sin_addr, a.candidates[i].address.ip, 4);
		}
	static const size_t sizes[] = {0,   1, 2, 19, 20, 21, NET_DATAGRAM_MAX, NET_DATAGRAM_MAX + 1,
								   9000};
	for (int first = 0; first < 256; first++) {
		uint64_t until = port_now() + PATIENCE * 1000000;

		bytes[0] = (uint8_t)first;
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			sendto(sender, bytes, sizes[i], 0, (struct sockaddr *)&to, sizeof(to));
		/* Not faster than they are taken, or the kernel drops them. */
		do {
			poll(NULL, 0, 1);
			port_peer_get_stats(a.port, &stats);
		} while (stats.dropped_oversize < 2 * (uint32_t)(first + 1) && port_now() < until);
	}
	assert_int_equal(stats.dropped_oversize, 512);
	assert_int_equal(stats.core.rtp_in, 0);
	close(sender);
	close_side(&a);
	assert_all_freed();
}

static void reads_and_writes_addresses(void **state)
{
	net_address address;
	char text[PORT_ADDRESS_TEXT];

	(void)state;
	assert_true(port_address_parse(&address, "192.0.2.1", 7880));
	assert_int_equal(address.family, 4);
	assert_int_equal(address.port, 7880);
	port_address_format(&address, text);
	assert_string_equal(text, "192.0.2.1");
	assert_true(port_address_parse(&address, "2001:db8::1", 1));
	assert_int_equal(address.family, 6);
	port_address_format(&address, text);
	assert_string_equal(text, "2001:db8::1");
	static const char *const none[] = {"",        "localhost", "1.2.3",       "1.2.3.256",
									   "a.local", "::g",       "fe80::1%eth0"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(port_address_parse(&address, none[i], 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_media_over_real_sockets),
		cmocka_unit_test(meets_again_and_again),
		cmocka_unit_test(gathers_loopback_only_when_asked),
		cmocka_unit_test(survives_datagrams_of_any_size),
		cmocka_unit_test(reads_and_writes_addresses),
	};

	memory_settle();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
