/*
 * The network between a device and a server: two namespaces that have nothing but a TUN interface
 * each, and this program between them, which decides about every packet.
 *
 *   forwarder SEED DEVICE-ADDRESS SERVER-ADDRESS NAT-ADDRESS
 *
 * Prints a line when all stands, obeys standard input (control.h), and ends with it; namespaces end
 * with the last process in them.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "control.h"

#define READS_AT_ONCE 64 /* then the queue's turn */
#define LINE_MAX_BYTES 4096
#define EXIT_UNABLE 3 /* the kernel does not let us: tests may skip */

static laboratory lab;

static uint64_t now_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

static void count(link_tally *tally, size_t bytes)
{
	tally->packets++;
	tally->bytes += bytes;
}

/* The end that sends in a direction has its number. */
static lab_host *sender(int direction)
{
	return &lab.host[direction];
}

static lab_host *receiver(int direction)
{
	return &lab.host[1 - direction];
}

static void tell_too_big(int direction, const uint8_t *bytes, size_t size, const packet_info *info)
{
	const lab_host *from = sender(direction);
	link_state *link = &lab.link[direction];
	uint8_t reply[PACKET_ICMP_MAX];
	size_t length = packet_fragmentation_needed(bytes, size, info, from->router,
												(uint16_t)link->settings.mtu, reply);
	if (write(from->tun, reply, length) == (ssize_t)length)
		link->counters.icmp++;
}

static void receive(int direction, uint8_t *bytes, size_t length, uint64_t now)
{
	link_state *link = &lab.link[direction];
	link_counters *counters = &link->counters;
	packet_info info;
	count(&counters->received, length);
	if (!packet_parse(bytes, length, &info)) {
		counters->drops[DROP_NOT_IPV4]++;
		return;
	}
	if (counters->kinds[info.kind]++ == 0) {
		counters->first[info.kind] = now;
		control_announce(direction, info.kind, now);
	}
	drop_reason why;
	if (!link_admit(link, &info, length, &why)) {
		if (why == DROP_TOO_BIG && info.dont_fragment && link->settings.mtu_icmp > 0)
			tell_too_big(direction, bytes, length, &info);
		return;
	}
	bool through = direction == UP ? nat_outbound(&lab.nat, bytes, &info)
								   : nat_inbound(&lab.nat, bytes, &info);
	if (through)
		link_enqueue(link, now, bytes, length);
	else
		counters->drops[DROP_NAT]++;
}

static void read_tun(int direction)
{
	uint8_t bytes[PACKET_MAX];
	for (int i = 0; i < READS_AT_ONCE; i++) {
		ssize_t length = read(sender(direction)->tun, bytes, sizeof(bytes));
		if (length <= 0)
			return;
		receive(direction, bytes, (size_t)length, now_ns());
	}
}

static void deliver_due(int direction)
{
	link_state *link = &lab.link[direction];
	while (link_next(link) <= now_ns()) {
		link_pending item = link_take(link);
		if (write(receiver(direction)->tun, item.bytes, item.length) == (ssize_t)item.length)
			count(&link->counters.forwarded, item.length);
		else
			link->counters.drops[DROP_UNDELIVERED]++;
		free(item.bytes);
	}
}

static void set_timer(int timer)
{
	uint64_t up = link_next(&lab.link[UP]);
	uint64_t down = link_next(&lab.link[DOWN]);
	uint64_t next = up < down ? up : down;
	struct itimerspec when = {0}; /* disarmed */
	if (next != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(next / UINT64_C(1000000000));
		when.it_value.tv_nsec = (long)(next % UINT64_C(1000000000));
	}
	timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* False at the end of standard input. */
static bool read_control(void)
{
	static char buffer[LINE_MAX_BYTES];
	static size_t used;
	ssize_t got = read(STDIN_FILENO, buffer + used, sizeof(buffer) - 1 - used);
	if (got <= 0)
		return false; /* the end, or a line that is too long */
	used += (size_t)got;
	buffer[used] = 0;
	char *line = buffer;
	for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = 0;
		control_obey(&lab, line);
	}
	used -= (size_t)(line - buffer);
	memmove(buffer, line, used);
	return true;
}

static bool watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static int run(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (epoll < 0 || timer < 0 || !watch(epoll, STDIN_FILENO) || !watch(epoll, timer) ||
		!watch(epoll, sender(UP)->tun) || !watch(epoll, sender(DOWN)->tun)) {
		perror("epoll");
		return 1;
	}
	for (;;) {
		struct epoll_event events[4];
		int ready = epoll_wait(epoll, events, 4, -1);
		if (ready < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd == STDIN_FILENO && !read_control())
				return 0;
			for (int direction = UP; direction < DIRECTIONS; direction++) {
				if (events[i].data.fd == sender(direction)->tun)
					read_tun(direction);
			}
		}
		deliver_due(UP);
		deliver_due(DOWN);
		set_timer(timer); /* which also takes its event away */
	}
}

static bool read_address(const char *text, uint32_t *address)
{
	struct in_addr in;
	if (inet_pton(AF_INET, text, &in) != 1)
		return false;
	*address = ntohl(in.s_addr);
	return true;
}

int main(int argc, char **argv)
{
	uint32_t address[HOSTS];
	if (argc != 5 || !read_address(argv[2], &address[DEVICE]) ||
		!read_address(argv[3], &address[SERVER]) || !read_address(argv[4], &lab.nat.outside)) {
		fprintf(stderr, "usage: forwarder SEED DEVICE-ADDRESS SERVER-ADDRESS NAT-ADDRESS\n");
		return 2;
	}
	uint64_t seed = strtoull(argv[1], NULL, 10);
	random_seed(&lab.nat.random, seed, DIRECTIONS * 16);
	if (!host_prepare())
		return EXIT_UNABLE;
	for (int i = 0; i < HOSTS; i++) {
		/* The router of each is the .1 of its /24. */
		if (!host_open(&lab.host[i], address[i], (address[i] & 0xFFFFFF00) | 1))
			return EXIT_UNABLE;
		if (!link_init(&lab.link[i], seed, (uint64_t)i))
			return 1;
	}
	printf("{\"event\":\"ready\",\"pid\":%d,\"device\":%d,\"server\":%d}\n", (int)getpid(),
		   lab.host[DEVICE].namespace_fd, lab.host[SERVER].namespace_fd);
	fflush(stdout);
	int status = run();
	for (int i = 0; i < DIRECTIONS; i++)
		link_end(&lab.link[i]);
	return status;
}
