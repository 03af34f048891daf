#include "control.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const direction_names[DIRECTIONS] = {"up", "down"};
static const char *const host_names[HOSTS] = {"device", "server"};

static const struct {
	const char *name;
	size_t at;
	double most;
} settings[] = {
#define SETTING(name, most)                                                                        \
	{                                                                                              \
#name, offsetof(link_settings, name), most                                                 \
	}
	SETTING(delay_ms, 60000),
	SETTING(jitter_ms, 60000),
	SETTING(jitter_normal, 1),
	SETTING(loss, 1),
	SETTING(burst_enter, 1),
	SETTING(burst_leave, 1),
	SETTING(burst_loss, 1),
	SETTING(duplicate, 1),
	SETTING(reorder, 1),
	SETTING(reorder_ms, 60000),
	SETTING(rate_kbps, 1e7),
	SETTING(bucket_bytes, 1e9),
	SETTING(queue_bytes, 1e9),
	SETTING(black_hole, 1),
	SETTING(block_udp, 1),
	SETTING(mtu, PACKET_MAX),
	SETTING(mtu_icmp, 1),
	SETTING(block_ports[0], 65535),
	SETTING(block_ports[1], 65535),
	SETTING(block_ports[2], 65535),
	SETTING(block_ports[3], 65535),
#undef SETTING
};

static char *next_word(void)
{
	return strtok(NULL, " ");
}

/* The place of `word` among `names`, -1 when it is none of them. */
static int find(const char *word, const char *const *names, int count)
{
	for (int i = 0; word != NULL && i < count; i++) {
		if (strcmp(word, names[i]) == 0)
			return i;
	}
	return -1;
}

static bool set_one(link_settings *to, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(settings[i].name, name) != 0)
			continue;
		char *end;
		double number = strtod(value, &end);
		if (end == value || *end != 0 || !(number >= 0 && number <= settings[i].most))
			return false;
		memcpy((char *)to + settings[i].at, &number, sizeof(number));
		return true;
	}
	return false;
}

/* Each command gives NULL, or what is wrong with it. */

static const char *set(laboratory *lab)
{
	int direction = find(next_word(), direction_names, DIRECTIONS);
	if (direction < 0)
		return "up or down?";
	link_settings next = lab->link[direction].settings; /* all of them or none */
	for (const char *name; (name = next_word()) != NULL;) {
		const char *value = next_word();
		if (value == NULL || !set_one(&next, name, value))
			return "no such setting, or its value is out of range";
	}
	lab->link[direction].settings = next;
	return NULL;
}

static const char *set_nat(laboratory *lab)
{
	int mode = find(next_word(), nat_mode_names, NAT_MODES);
	if (mode < 0)
		return "no such NAT";
	lab->nat.mode = (nat_mode)mode;
	nat_forget(&lab->nat, 0);
	return NULL;
}

static bool read_address(const char *word, uint32_t *address)
{
	struct in_addr in;
	if (word == NULL || inet_pton(AF_INET, word, &in) != 1)
		return false;
	*address = ntohl(in.s_addr);
	return true;
}

static const char *rebind(laboratory *lab)
{
	const char *which = next_word();
	bool udp = which != NULL && strcmp(which, "udp") == 0;
	if (!udp && (which == NULL || strcmp(which, "all") != 0))
		return "udp or all?";
	const char *word = next_word();
	if (word != NULL && !read_address(word, &lab->nat.outside))
		return "not an address";
	nat_forget(&lab->nat, udp ? PROTOCOL_UDP : 0);
	return NULL;
}

static const char *set_address(laboratory *lab)
{
	int host = find(next_word(), host_names, HOSTS);
	uint32_t address;
	if (host < 0 || !read_address(next_word(), &address))
		return "device or server, and an address?";
	return host_set_address(&lab->host[host], address) ? NULL : "the kernel refused the address";
}

static void print_tally(const char *name, const link_tally *tally)
{
	printf("\"%s\":{\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 "},", name, tally->packets,
		   tally->bytes);
}

static double milliseconds(uint64_t ns)
{
	return (double)ns / 1e6;
}

static void print_counters(const link_state *link)
{
	const link_counters *counters = &link->counters;
	print_tally("received", &counters->received);
	print_tally("forwarded", &counters->forwarded);
	printf("\"carried\":%" PRIu64 ",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64
		   ",\"icmp\":%" PRIu64 ",\"pending\":%zu,\"drops\":{",
		   counters->carried, counters->duplicated, counters->reordered, counters->icmp,
		   link->pending);
	for (int i = 0; i < DROP_COUNT; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", drop_reason_names[i], counters->drops[i]);
	printf("},\"kinds\":{");
	for (int i = 0; i < KIND_COUNT; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", packet_kind_names[i], counters->kinds[i]);
	printf("},\"first\":{");
	const char *comma = "";
	for (int i = 0; i < KIND_COUNT; i++) {
		if (counters->first[i] == 0)
			continue;
		printf("%s\"%s\":%.3f", comma, packet_kind_names[i], milliseconds(counters->first[i]));
		comma = ",";
	}
	printf("}");
}

static const char *stats(laboratory *lab)
{
	for (int i = 0; i < DIRECTIONS; i++) {
		printf(",\"%s\":{", direction_names[i]);
		print_counters(&lab->link[i]);
		printf("}");
	}
	printf(",\"natFlows\":%zu", lab->nat.flows);
	return NULL;
}

static const char *reset(laboratory *lab)
{
	for (int i = 0; i < DIRECTIONS; i++) {
		lab->link[i].counters = (link_counters){.carried = lab->link[i].pending};
	}
	return NULL;
}

static const struct {
	const char *name;
	const char *(*obey)(laboratory *lab);
} commands[] = {
	{"set", set},     {"nat", set_nat}, {"rebind", rebind}, {"address", set_address},
	{"stats", stats}, {"reset", reset},
};

void control_obey(laboratory *lab, char *line)
{
	const char *id = strtok(line, " ");
	const char *name = next_word();
	if (id == NULL)
		return;
	printf("{\"id\":%d", atoi(id));
	const char *wrong = "no such command";
	for (size_t i = 0; name != NULL && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			wrong = commands[i].obey(lab);
	}
	if (wrong != NULL)
		printf(",\"error\":\"%s\"", wrong);
	printf("}\n");
	fflush(stdout);
}

void control_announce(int direction, packet_kind kind, uint64_t at)
{
	printf("{\"event\":\"first\",\"direction\":\"%s\",\"kind\":\"%s\",\"at\":%.3f}\n",
		   direction_names[direction], packet_kind_names[kind], milliseconds(at));
	fflush(stdout);
}
