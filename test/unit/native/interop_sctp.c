/*
 * Our SCTP against libusrsctp on the simulated network, in each role and both at once, as WebRTC
 * does. libusrsctp runs without threads, its timers driven by the simulated clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port.h"
#include "sctp_traffic.h"
#include "sim/sctp_pair.h"

/* Behind ours: its macros have the names of our states. */
#include <usrsctp.h>

#define PORT 5000
#define TICK 10000 /* microseconds between calls of usrsctp_handle_timers() */
#define QUEUE 4096
#define BUFFER 200000 /* bytes, each way */
/* Bytes of a transfer, each way. Sanitizers look at the code and not at how much goes through it.
 */
#ifdef __SANITIZE_ADDRESS__
#define TOTAL 1000000
#else
#define TOTAL 10000000
#endif

typedef enum { WE_CONNECT, THEY_CONNECT, BOTH_CONNECT } role;

/* libusrsctp as a sans-IO object. */
typedef struct {
	struct socket *listening, *socket;
	uint64_t ticked;
	struct {
		uint8_t *bytes;
		size_t length;
	} queue[QUEUE];
	int first, count;
	uint8_t *out; /* the packet polled last */
	uint8_t message[70000];
	size_t length; /* of the message so far */
	bool connected, closed;
	int streams_reset, resets_done;
} peer;

static peer them;
static sctp_end us;
static sim_network *network;
static const net_address our_address = {4, {10, 0, 0, 1}, PORT};
static const net_address their_address = {4, {10, 0, 0, 2}, PORT};
static traffic to_them, to_us;

static int on_output(void *address, void *bytes, size_t length, uint8_t tos, uint8_t df)
{
	(void)address;
	(void)tos;
	(void)df;
	assert_true(them.count < QUEUE);
	int at = (them.first + them.count++) % QUEUE;

	them.queue[at].bytes = malloc(length);
	them.queue[at].length = length;
	memcpy(them.queue[at].bytes, bytes, length);
	return 0;
}

/* What libusrsctp takes for the time of day, so that it measures round trips of this world. */
int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	uint64_t now = network != NULL ? sim_now(network) : SIM_START;

	(void)zone;
	out->tv_sec = (time_t)(now / 1000000);
	out->tv_usec = (suseconds_t)(now % 1000000);
	return 0;
}

/* lossy: the count of messages of the stream that came, and the last one */
static int lossy_received;
static uint32_t lossy_last;
#define LOSSY_STREAM 9

static int on_receive(struct socket *sock, union sctp_sockstore address, void *data, size_t length,
					  struct sctp_rcvinfo info, int flags, void *context)
{
	(void)sock;
	(void)address;
	(void)context;
	if (data == NULL) {
		them.closed = true;
		return 1;
	}
	if (flags & MSG_NOTIFICATION) {
		const union sctp_notification *note = data;

		if (note->sn_header.sn_type == SCTP_ASSOC_CHANGE) {
			if (note->sn_assoc_change.sac_state == SCTP_COMM_UP)
				them.connected = true;
			if (note->sn_assoc_change.sac_state == SCTP_SHUTDOWN_COMP ||
				note->sn_assoc_change.sac_state == SCTP_COMM_LOST)
				them.closed = true;
		} else if (note->sn_header.sn_type == SCTP_STREAM_RESET_EVENT) {
			if (note->sn_strreset_event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN)
				them.streams_reset++;
			else if (note->sn_strreset_event.strreset_flags == SCTP_STREAM_RESET_OUTGOING_SSN)
				them.resets_done++;
		}
	} else {
		assert_true(them.length + length <= sizeof them.message);
		memcpy(them.message + them.length, data, length);
		them.length += length;
		if (flags & MSG_EOR) {
			if (info.rcv_sid == LOSSY_STREAM) {
				lossy_received++;
				lossy_last = ntohl(info.rcv_ppid);
			} else {
				traffic_check(&to_them, info.rcv_sid, ntohl(info.rcv_ppid), them.message,
							  them.length);
			}
			them.length = 0;
		}
	}
	free(data);
	return 1;
}

static void pump_them(void)
{
	sctp_message message;

	while (them.connected && traffic_make(&to_us, &message)) {
		struct sctp_sndinfo info = {.snd_sid = message.stream,
									.snd_flags = message.unordered ? SCTP_UNORDERED : 0,
									.snd_ppid = htonl(message.ppid)};

		if (usrsctp_sendv(them.socket, message.bytes, message.length, NULL, 0, &info, sizeof info,
						  SCTP_SENDV_SNDINFO, 0) != (ssize_t)message.length)
			return;
		traffic_sent(&to_us, &message);
	}
}

static void pump_us(uint64_t now)
{
	sctp_message message;

	while (traffic_make(&to_them, &message) &&
		   association_send(us.association, &message, now) == SCTP_SENT)
		traffic_sent(&to_them, &message);
}

static void subscribe(struct socket *sock)
{
	static const uint16_t events[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT};
	struct sctp_assoc_value value = {SCTP_ALL_ASSOC,
									 SCTP_ENABLE_RESET_STREAM_REQ | SCTP_ENABLE_CHANGE_ASSOC_REQ};

	for (size_t i = 0; i < 2; i++) {
		struct sctp_event event = {SCTP_ALL_ASSOC, events[i], 1};

		assert_int_equal(usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event),
						 0);
	}
	assert_int_equal(
		usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &value, sizeof value), 0);
}

static void accept_peer(void)
{
	if (them.listening == NULL || them.socket != NULL)
		return;
	them.socket = usrsctp_accept(them.listening, NULL, NULL);
	if (them.socket == NULL)
		return;
	usrsctp_set_non_blocking(them.socket, 1);
	subscribe(them.socket);
	them.connected = true;
}

static void they_input(void *object, int socket, const net_address *from, uint8_t *bytes,
					   size_t length, uint64_t now)
{
	(void)object;
	(void)socket;
	(void)from;
	(void)now;
	usrsctp_conninput(&them, bytes, length, 0);
	accept_peer();
	pump_them();
}

static uint64_t they_timeout(const void *object)
{
	(void)object;
	return them.ticked + TICK;
}

static void they_handle_timeout(void *object, uint64_t now)
{
	(void)object;
	usrsctp_handle_timers((uint32_t)((now - them.ticked) / 1000));
	them.ticked = now;
	pump_them();
}

static bool they_poll(void *object, ice_datagram *out)
{
	(void)object;
	free(them.out);
	them.out = NULL;
	if (them.count == 0)
		return false;
	them.out = them.queue[them.first].bytes;
	*out = (ice_datagram){
		.to = our_address, .bytes = them.out, .length = them.queue[them.first].length};
	them.first = (them.first + 1) % QUEUE;
	them.count--;
	return true;
}

static const sim_driver their_driver = {they_input, they_timeout, they_handle_timeout, they_poll};

static bool closed_here;
static int streams_closed, resets_done;

static void on_event(sctp_end *end, const sctp_event *event, uint64_t now)
{
	(void)end;
	if (event->type == SCTP_EVENT_MESSAGE) {
		if (event->stream == LOSSY_STREAM) {
			lossy_received++;
			lossy_last = event->ppid;
		} else {
			traffic_check(&to_us, event->stream, event->ppid, event->bytes, event->length);
		}
		port_free(event->bytes);
	}
	streams_closed += event->type == SCTP_EVENT_STREAM_CLOSED;
	resets_done += event->type == SCTP_EVENT_STREAM_RESET;
	if (event->type == SCTP_EVENT_CLOSED) {
		closed_here = true;
		if (event->reason != NULL)
			fail_msg("closed: %s", event->reason);
	}
	if (event->type == SCTP_EVENT_WRITABLE || event->type == SCTP_EVENT_ESTABLISHED ||
		event->type == SCTP_EVENT_STREAM_RESET)
		pump_us(now);
}

static bool both_connected(void *context)
{
	(void)context;
	return us.established && them.connected;
}

static void start(role who, uint64_t seed, sim_weather weather)
{
	struct sockaddr_conn address = {
		.sconn_family = AF_CONN, .sconn_port = htons(PORT), .sconn_addr = &them};
	struct sctp_initmsg streams = {64, 64, 0, 0};
	const int buffer = BUFFER;

	memset(&them, 0, sizeof them);
	memset(&us, 0, sizeof us);
	memset(&to_us, 0, sizeof to_us);
	memset(&to_them, 0, sizeof to_them);
	closed_here = false;
	streams_closed = resets_done = lossy_received = 0;
	network = sim_create(seed, weather);
	sctp_end_add(&us, network, &sctp_pair_config, &our_address, &their_address);
	us.on_event = on_event;
	sim_bind(network, sim_add(network, &their_driver, &them), 0, &their_address);
	them.ticked = sim_now(network);

	struct socket *sock =
		usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_receive, NULL, 0, NULL);

	assert_non_null(sock);
	usrsctp_set_non_blocking(sock, 1);
	subscribe(sock);
	usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_INITMSG, &streams, sizeof streams);
	usrsctp_setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
	usrsctp_setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	assert_int_equal(usrsctp_bind(sock, (struct sockaddr *)&address, sizeof address), 0);
	if (who == WE_CONNECT) {
		them.listening = sock;
		assert_int_equal(usrsctp_listen(sock, 1), 0);
	} else {
		struct sctp_paddrparams path = {.spp_flags = SPP_PMTUD_DISABLE, .spp_pathmtu = 1191};

		them.socket = sock;
		usrsctp_connect(sock, (struct sockaddr *)&address, sizeof address);
		memcpy(&path.spp_address, &address, sizeof address);
		usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
	}
	if (who != THEY_CONNECT)
		association_connect(us.association, sim_now(network));
	assert_true(sim_run(network, SIM_START + 60000000, both_connected, NULL));
}

static void finish(void)
{
	usrsctp_close(them.socket);
	if (them.listening != NULL)
		usrsctp_close(them.listening);
	/* Let it forget the association before the next one has the same ports. */
	sim_run(network, sim_now(network) + 120000000, NULL, NULL);
	association_free(us.association);
	sim_free(network);
	while (them.count-- > 0) {
		free(them.queue[them.first].bytes);
		them.first = (them.first + 1) % QUEUE;
	}
	free(them.out);
}

static bool is_complete(void *context)
{
	(void)context;
	return traffic_done(&to_us) && traffic_done(&to_them);
}

static void transfer(role who, uint64_t seed, sim_weather weather, uint32_t total)
{
	sctp_stats stats;

	start(who, seed, weather);
	to_us.total = to_them.total = total;
	to_us.longest = to_them.longest = 60000;
	pump_us(sim_now(network));
	pump_them();
	bool complete = sim_run(network, SIM_START + 3600000000u, is_complete, NULL);

	association_get_stats(us.association, &stats);
	print_message("%u %% loss: %u s, %u packets out, %u in, %u retransmitted, %u timeouts\n",
				  weather.loss / 10, (unsigned)((sim_now(network) - SIM_START) / 1000000),
				  stats.packets_out, stats.packets_in, stats.retransmitted, stats.timeouts);
	if (!complete)
		fail_msg("to us %u of %u, to them %u of %u; %d, %s", to_us.received, to_us.sent,
				 to_them.received, to_them.sent, them.closed,
				 us.reason != NULL ? us.reason : "open");
	assert_int_equal(stats.dropped_malformed + stats.dropped_checksum, 0);
	finish();
}

static const sim_weather calm = {.delay = 10000, .jitter = 3000, .duplicate = 20};
static const sim_weather rough = {.delay = 10000, .jitter = 3000, .loss = 50, .duplicate = 20};
static const sim_weather storm = {.delay = 10000, .jitter = 5000, .loss = 200, .duplicate = 50};

static void test_we_connect(void **state)
{
	(void)state;
	transfer(WE_CONNECT, 1, calm, TOTAL);
	transfer(WE_CONNECT, 2, rough, TOTAL);
	transfer(WE_CONNECT, 3, storm, TOTAL);
}

static void test_they_connect(void **state)
{
	(void)state;
	transfer(THEY_CONNECT, 4, calm, TOTAL);
	transfer(THEY_CONNECT, 5, rough, TOTAL);
	transfer(THEY_CONNECT, 6, storm, TOTAL);
}

static void test_both_connect(void **state)
{
	(void)state;
	for (uint64_t seed = 20; seed < 40; seed++) /* the crossing, with losses in all places */
		transfer(BOTH_CONNECT, seed, storm, 20000);
	transfer(BOTH_CONNECT, 7, rough, TOTAL / 4);
}

#define LOSSY_COUNT 2000

/* Ours abandoned: they go on past the gaps. */
static void test_lossy_to_them(void **state)
{
	static uint8_t bytes[2000];

	(void)state;
	start(BOTH_CONNECT, 8, rough);
	for (uint32_t i = 1; i <= LOSSY_COUNT; i++) {
		const sctp_message message = {.stream = LOSSY_STREAM,
									  .ppid = i,
									  .bytes = bytes,
									  .length = 1 + i * 37 % sizeof bytes,
									  .unordered = i % 2,
									  .reliability =
										  i == LOSSY_COUNT ? SCTP_RELIABLE : SCTP_MAX_RETRANSMITS};

		assert_int_equal(association_send(us.association, &message, sim_now(network)), SCTP_SENT);
		sim_run(network, sim_now(network) + 10000, NULL, NULL);
	}
	sim_run(network, sim_now(network) + 10000000, NULL, NULL);
	sctp_stats stats;

	association_get_stats(us.association, &stats);
	print_message("%d of %d came, %u abandoned\n", lossy_received, LOSSY_COUNT, stats.abandoned);
	assert_int_equal(lossy_last, LOSSY_COUNT);
	assert_in_range(lossy_received, LOSSY_COUNT * 7 / 10, LOSSY_COUNT - 1);
	assert_in_range(lossy_received, LOSSY_COUNT - stats.abandoned, LOSSY_COUNT - 1);
	finish();
}

/* Theirs abandoned: FORWARD TSN of another's making. */
static void test_lossy_to_us(void **state)
{
	static uint8_t bytes[2000];

	(void)state;
	start(BOTH_CONNECT, 9, rough);
	for (uint32_t i = 1; i <= LOSSY_COUNT; i++) {
		struct sctp_sendv_spa spa = {
			.sendv_flags = SCTP_SEND_SNDINFO_VALID | SCTP_SEND_PRINFO_VALID,
			.sendv_sndinfo = {.snd_sid = LOSSY_STREAM,
							  .snd_flags = i % 2 ? SCTP_UNORDERED : 0,
							  .snd_ppid = htonl(i)},
			.sendv_prinfo = {.pr_policy = i == LOSSY_COUNT ? SCTP_PR_SCTP_NONE : SCTP_PR_SCTP_RTX}};

		assert_true(usrsctp_sendv(them.socket, bytes, 1 + i * 37 % sizeof bytes, NULL, 0, &spa,
								  sizeof spa, SCTP_SENDV_SPA, 0) > 0);
		sim_run(network, sim_now(network) + 10000, NULL, NULL);
	}
	sim_run(network, sim_now(network) + 20000000, NULL, NULL);
	sctp_stats stats;

	association_get_stats(us.association, &stats);
	print_message("%d of %d came, %u TSNs skipped\n", lossy_received, LOSSY_COUNT, stats.skipped);
	assert_int_equal(lossy_last, LOSSY_COUNT);
	assert_in_range(lossy_received, LOSSY_COUNT * 7 / 10, LOSSY_COUNT - 1);
	assert_true(stats.skipped > 0);
	finish();
}

static void reset_theirs(uint16_t stream)
{
	struct {
		struct sctp_reset_streams request;
		uint16_t list[1];
	} all;

	memset(&all, 0, sizeof all);
	all.request.srs_flags = SCTP_STREAM_RESET_OUTGOING;
	all.request.srs_number_streams = 1;
	memcpy((uint8_t *)&all + offsetof(struct sctp_reset_streams, srs_stream_list), &stream,
		   sizeof stream);
	assert_int_equal(
		usrsctp_setsockopt(them.socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, &all, sizeof all), 0);
}

static void test_stream_reset(void **state)
{
	(void)state;
	start(BOTH_CONNECT, 10, rough);
	to_us.longest = to_them.longest = 20000;
	for (int round = 1; round <= 10; round++) {
		to_us.total = to_us.sent + 100000;
		to_them.total = to_them.sent + 100000;
		pump_us(sim_now(network));
		pump_them();
		assert_true(sim_run(network, sim_now(network) + 60000000, is_complete, NULL));
		association_reset_stream(us.association, 1, sim_now(network));
		reset_theirs(2);
		sim_run(network, sim_now(network) + 30000000, NULL, NULL);
		assert_int_equal(resets_done, round);
		assert_int_equal(them.streams_reset, round);
		assert_int_equal(streams_closed, round);
		assert_int_equal(them.resets_done, round);
	}
	finish();
}

static void test_we_shut_down(void **state)
{
	(void)state;
	start(BOTH_CONNECT, 11, rough);
	to_them.total = 200000;
	to_them.longest = 5000;
	pump_us(sim_now(network));
	to_them.total = to_them.sent;
	association_shutdown(us.association, sim_now(network));
	sim_run(network, sim_now(network) + 60000000, NULL, NULL);
	assert_true(traffic_done(&to_them));
	assert_true(closed_here);
	assert_true(them.closed);
	finish();
}

static void test_they_shut_down(void **state)
{
	(void)state;
	start(THEY_CONNECT, 12, rough);
	to_us.total = 200000;
	to_us.longest = 5000;
	pump_them();
	to_us.total = to_us.sent;
	usrsctp_shutdown(them.socket, SHUT_WR);
	sim_run(network, sim_now(network) + 60000000, NULL, NULL);
	assert_true(traffic_done(&to_us));
	assert_true(closed_here);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_we_connect),   cmocka_unit_test(test_they_connect),
		cmocka_unit_test(test_both_connect), cmocka_unit_test(test_lossy_to_them),
		cmocka_unit_test(test_lossy_to_us),  cmocka_unit_test(test_stream_reset),
		cmocka_unit_test(test_we_shut_down), cmocka_unit_test(test_they_shut_down),
	};

	usrsctp_init_nothreads(0, on_output, NULL);
	usrsctp_sysctl_set_sctp_ecn_enable(0);
	usrsctp_sysctl_set_sctp_pr_enable(1);
	usrsctp_register_address(&them);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
