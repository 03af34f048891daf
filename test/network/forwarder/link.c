#include "link.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_MS 1e6

const char *const drop_reason_names[DROP_COUNT] = {
	[DROP_NOT_IPV4] = "notIpv4",
	[DROP_BLACK_HOLE] = "blackHole",
	[DROP_UDP_BLOCKED] = "udpBlocked",
	[DROP_PORT_BLOCKED] = "portBlocked",
	[DROP_TOO_BIG] = "tooBig",
	[DROP_LOST] = "lost",
	[DROP_NAT] = "nat",
	[DROP_QUEUE_FULL] = "queueFull",
	[DROP_OVERFLOW] = "overflow",
	[DROP_UNDELIVERED] = "undelivered",
};

bool link_init(link_state *link, uint64_t seed, uint64_t index)
{
	*link = (link_state){.heap = malloc(LINK_PENDING * sizeof(link_pending))};
	/* A stream for each decision: turning one impairment on leaves the others' draws as they are.
	 */
	random_stream *const streams[] = {&link->loss, &link->burst, &link->duplicate, &link->jitter,
									  &link->reorder};
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		random_seed(streams[i], seed, index * 16 + i);
	return link->heap != NULL;
}

void link_end(link_state *link)
{
	while (link->pending > 0)
		free(link_take(link).bytes);
	free(link->heap);
}

static bool is_lost(link_state *link)
{
	const link_settings *settings = &link->settings;
	double turn = link->bad ? settings->burst_leave : settings->burst_enter;
	if (settings->burst_enter <= 0)
		link->bad = false;
	else if (random_chance(&link->burst, turn))
		link->bad = !link->bad;
	return random_chance(&link->loss, link->bad ? settings->burst_loss : settings->loss);
}

static bool is_port_blocked(const link_settings *settings, const packet_info *info)
{
	for (int i = 0; i < LINK_BLOCKED; i++) {
		double port = settings->block_ports[i];
		if (port > 0 && (info->source.port == port || info->destination.port == port))
			return true;
	}
	return false;
}

bool link_admit(link_state *link, const packet_info *info, size_t length, drop_reason *why)
{
	const link_settings *settings = &link->settings;
	if (settings->black_hole > 0)
		*why = DROP_BLACK_HOLE;
	else if (settings->block_udp > 0 && info->protocol == PROTOCOL_UDP)
		*why = DROP_UDP_BLOCKED;
	else if (is_port_blocked(settings, info))
		*why = DROP_PORT_BLOCKED;
	else if (settings->mtu > 0 && (double)length > settings->mtu)
		*why = DROP_TOO_BIG;
	else if (is_lost(link))
		*why = DROP_LOST;
	else
		return true;
	link->counters.drops[*why]++;
	return false;
}

/* Token bucket: when the packet leaves the rate limit; UINT64_MAX when the queue is full. */
static uint64_t departure(link_state *link, uint64_t now, size_t length)
{
	const link_settings *settings = &link->settings;
	if (settings->rate_kbps <= 0)
		return now;
	double ns_per_byte = 8.0 * NS_PER_MS / settings->rate_kbps;
	double full_bucket = (double)now - settings->bucket_bytes * ns_per_byte;
	double begin = link->free_at > full_bucket ? link->free_at : full_bucket;
	double waiting = (begin - (double)now) / ns_per_byte;
	if (waiting + (double)length > settings->queue_bytes && waiting > 0)
		return UINT64_MAX;
	link->free_at = begin + (double)length * ns_per_byte;
	return link->free_at > (double)now ? (uint64_t)link->free_at : now;
}

static double delay(link_state *link)
{
	const link_settings *settings = &link->settings;
	double ms = settings->delay_ms;
	if (settings->jitter_ms > 0) {
		double draw = settings->jitter_normal > 0 ? random_normal(&link->jitter)
												  : 2 * random_uniform(&link->jitter) - 1;
		ms += draw * settings->jitter_ms;
	}
	if (random_chance(&link->reorder, settings->reorder)) {
		link->counters.reordered++;
		ms += settings->reorder_ms;
	}
	return ms > 0 ? ms * NS_PER_MS : 0;
}

static bool is_earlier(const link_pending *a, const link_pending *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static bool push(link_state *link, uint64_t due, const uint8_t *bytes, size_t length)
{
	uint8_t *copy = link->pending < LINK_PENDING ? malloc(length) : NULL;
	if (copy == NULL)
		return false;
	memcpy(copy, bytes, length);
	link_pending item = {due, link->order++, length, copy};
	size_t at = link->pending++;
	while (at > 0 && is_earlier(&item, &link->heap[(at - 1) / 2])) {
		link->heap[at] = link->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	link->heap[at] = item;
	return true;
}

void link_enqueue(link_state *link, uint64_t now, const uint8_t *bytes, size_t length)
{
	int copies = 1;
	if (random_chance(&link->duplicate, link->settings.duplicate)) {
		link->counters.duplicated++;
		copies = 2;
	}
	for (int i = 0; i < copies; i++) {
		uint64_t leave = departure(link, now, length);
		if (leave == UINT64_MAX)
			link->counters.drops[DROP_QUEUE_FULL]++;
		else if (!push(link, leave + (uint64_t)delay(link), bytes, length))
			link->counters.drops[DROP_OVERFLOW]++;
	}
}

uint64_t link_next(const link_state *link)
{
	return link->pending > 0 ? link->heap[0].due : UINT64_MAX;
}

link_pending link_take(link_state *link)
{
	link_pending first = link->heap[0];
	link_pending last = link->heap[--link->pending];
	size_t at = 0;
	for (size_t child = 1; child < link->pending; child = 2 * at + 1) {
		if (child + 1 < link->pending && is_earlier(&link->heap[child + 1], &link->heap[child]))
			child++;
		if (!is_earlier(&link->heap[child], &last))
			break;
		link->heap[at] = link->heap[child];
		at = child;
	}
	link->heap[at] = last;
	return first;
}
