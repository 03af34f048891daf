/* One direction of the path: what befalls a packet, and the queue in which it waits its time. */
#ifndef NETWORK_LINK_H
#define NETWORK_LINK_H

#include "packet.h"
#include "random.h"

/* All 0: a perfect link. */
#define LINK_BLOCKED 4

typedef struct {
	double delay_ms;
	double jitter_ms; /* uniform: ± this; normal: the standard deviation; never below no delay */
	double jitter_normal; /* 1: normal, 0: uniform */
	double loss;          /* probability; with bursts: while the link is good */
	double burst_enter;   /* Gilbert-Elliott: a packet's probability to turn the link bad … */
	double burst_leave;   /* … and good again */
	double burst_loss;    /* probability of loss while it is bad */
	double duplicate;     /* probability */
	double reorder;       /* probability to be held back … */
	double reorder_ms;    /* … this much longer */
	double rate_kbps;     /* 1000 bit/s of IP packets, 0: no limit */
	double bucket_bytes;  /* what may leave at once after a pause */
	double queue_bytes;   /* what may wait for the rate limit */
	double black_hole;    /* 1: nothing passes */
	double block_udp;     /* 1: no UDP passes */
	double block_ports[LINK_BLOCKED]; /* nothing from or to these passes; 0: none */
	double mtu;                       /* larger packets are dropped; 0: no limit */
	double mtu_icmp;                  /* 1: and the sender is told (RFC 1191) when it set DF */
} link_settings;

typedef enum {
	DROP_NOT_IPV4,
	DROP_BLACK_HOLE,
	DROP_UDP_BLOCKED,
	DROP_PORT_BLOCKED,
	DROP_TOO_BIG,
	DROP_LOST,
	DROP_NAT,
	DROP_QUEUE_FULL,
	DROP_OVERFLOW,    /* the forwarder's own memory: LINK_PENDING packets are waiting */
	DROP_UNDELIVERED, /* the far interface did not take it */
	DROP_COUNT
} drop_reason;

extern const char *const drop_reason_names[DROP_COUNT];

typedef struct {
	uint64_t packets;
	uint64_t bytes;
} link_tally;

/* carried + received + duplicated = forwarded + every drop + pending, always. */
typedef struct {
	uint64_t carried; /* what was pending at the last reset */
	link_tally received;
	link_tally forwarded;
	uint64_t drops[DROP_COUNT];
	uint64_t duplicated;
	uint64_t reordered;
	uint64_t icmp;              /* made by the router and given back to the sender */
	uint64_t kinds[KIND_COUNT]; /* of what was received */
	uint64_t first[KIND_COUNT]; /* when the first came, ns of CLOCK_MONOTONIC; 0 for never */
} link_counters;

#define LINK_PENDING 16384

typedef struct {
	uint64_t due; /* ns */
	uint64_t order;
	size_t length;
	uint8_t *bytes;
} link_pending;

typedef struct {
	link_settings settings;
	link_counters counters;
	random_stream loss, burst, duplicate, jitter, reorder;
	bool bad;
	double free_at; /* ns: when the rate limit has sent what waits, less the bucket */
	uint64_t order;
	size_t pending;
	link_pending *heap; /* LINK_PENDING of them, the earliest first */
} link_state;

/* `index` tells the directions apart. False when memory is full. */
bool link_init(link_state *link, uint64_t seed, uint64_t index);
void link_end(link_state *link);

/* Whether the packet gets on; else its drop has been counted, and too_big is DROP_TOO_BIG. */
bool link_admit(link_state *link, const packet_info *info, size_t length, drop_reason *why);

/* Makes it wait its time, and its duplicate. */
void link_enqueue(link_state *link, uint64_t now, const uint8_t *bytes, size_t length);

/* When the next is due, UINT64_MAX when none waits. */
uint64_t link_next(const link_state *link);

/* Takes the earliest out; its bytes are the caller's to free(). */
link_pending link_take(link_state *link);

#endif
