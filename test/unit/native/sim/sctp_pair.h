/* Two SCTP associations on a simulated network, as if DTLS were between. */
#ifndef LKXS_SIM_SCTP_PAIR_H
#define LKXS_SIM_SCTP_PAIR_H

#include "network.h"
#include "sctp/association.h"

typedef struct sctp_end sctp_end;

struct sctp_end {
	sctp_association *association;
	sim_network *network;
	net_address other;
	/* Takes each event as it comes and owns a message's bytes. NULL: kept until polled by a test.
	 */
	void (*on_event)(sctp_end *end, const sctp_event *event, uint64_t now);
	void *context;
	bool undrained; /* events are left for the test to poll */
	uint8_t packet[SCTP_PACKET_MAX];
	uint32_t packets, bytes; /* sent */
	bool established, closed;
	const char *reason;
};

typedef struct {
	sim_network *network;
	sctp_end ends[2];
} sctp_pair;

/** Large enough for every message, and configured alike. */
extern const sctp_config sctp_pair_config;

/** One end alone, at `address`, that sends all to `other`. */
void sctp_end_add(sctp_end *end, sim_network *network, const sctp_config *config,
				  const net_address *address, const net_address *other);
void sctp_pair_create(sctp_pair *pair, uint64_t seed, sim_weather weather,
					  const sctp_config *config);
void sctp_pair_free(sctp_pair *pair);
/** Connects from one side or both, until both are established. */
void sctp_pair_connect(sctp_pair *pair, bool both);
/** Hands what waits to on_event(). */
void sctp_end_drain(sctp_end *end, uint64_t now);
/** Runs for that long, in microseconds. */
void sctp_pair_run(sctp_pair *pair, uint64_t time);

#endif
