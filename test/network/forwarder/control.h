/* The laboratory as it is told to be: lines of words come in, lines of JSON go out. */
#ifndef NETWORK_CONTROL_H
#define NETWORK_CONTROL_H

#include "host.h"
#include "link.h"
#include "nat.h"

enum { DEVICE, SERVER, HOSTS };
enum { UP, DOWN, DIRECTIONS }; /* from the device; from the server */

typedef struct {
	lab_host host[HOSTS];
	link_state link[DIRECTIONS];
	nat_state nat;
} laboratory;

/*
 * Obeys `line` and prints one answer:
 *   ID set up|down NAME VALUE …   settings, by the names of link_settings
 *   ID nat MODE                   forgets every mapping, too
 *   ID rebind udp|all [ADDRESS]   forgets mappings; ADDRESS becomes the NAT's own
 *   ID address device|server ADDRESS
 *   ID stats                      the counters
 *   ID reset                      counters and firsts to 0
 * {"id":ID,…}; with "error" when nothing was done.
 */
void control_obey(laboratory *lab, char *line);

/* Says that something came for the first time since the last reset. */
void control_announce(int direction, packet_kind kind, uint64_t at);

#endif
