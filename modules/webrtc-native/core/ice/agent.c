#include "internal.h"

#include <string.h>

#include "../crypto/crypto.h"
#include "../port.h"

#define OR_DEFAULT(value, preset) ((value) != 0 ? (value) : (preset))

/* RTCIceTransportState as a table: where each cause leads from each state. */
static const uint8_t moves[][ICE_CAUSES] = {
	/* clang-format off */
	/*                    START             ANSWERED       SILENCE           GIVE_UP */
	[ICE_NEW] =          {ICE_CHECKING,     ICE_NEW,       ICE_NEW,          ICE_NEW},
	[ICE_CHECKING] =     {ICE_CHECKING,     ICE_CONNECTED, ICE_CHECKING,     ICE_FAILED},
	[ICE_CONNECTED] =    {ICE_CONNECTED,    ICE_CONNECTED, ICE_DISCONNECTED, ICE_FAILED},
	[ICE_DISCONNECTED] = {ICE_DISCONNECTED, ICE_CONNECTED, ICE_DISCONNECTED, ICE_FAILED},
	[ICE_FAILED] =       {ICE_FAILED,       ICE_FAILED,    ICE_FAILED,       ICE_FAILED},
	/* clang-format on */
};

void ice_event_push(ice_agent *agent, ice_event_type type)
{
	/* An owner that does not poll loses what lies in between, never the newest. */
	if (agent->events_count == ICE_EVENTS)
		agent->events_count--;
	agent->events[(agent->events_first + agent->events_count++) % ICE_EVENTS] =
		(ice_event){type, agent->state};
}

void ice_move(ice_agent *agent, ice_cause cause)
{
	ice_state next = (ice_state)moves[agent->state][cause];

	if (next == agent->state)
		return;
	agent->state = next;
	ice_event_push(agent, ICE_EVENT_STATE);
}

/* 64 ice-chars: six random bits each. */
static int make_secret(char *out, size_t length)
{
	static const char ice_chars[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	if (crypto_random((uint8_t *)out, length) != 0)
		return -1;
	for (size_t i = 0; i < length; i++)
		out[i] = ice_chars[(uint8_t)out[i] & 63];
	out[length] = '\0';
	return 0;
}

/* As before the start. */
static void forget(ice_agent *agent)
{
	agent->state = ICE_NEW;
	agent->wake = agent->deadline = ICE_NO_TIMEOUT;
	agent->pace_at = agent->consent_at = agent->alive_at = agent->quiet_at = 0;
	agent->path = ICE_NONE;
	agent->selected = agent->remote_known = agent->remote_ended = agent->remote_lite = false;
	agent->forgotten = false;
	agent->seen.family = 0;
	agent->gathering = false;
	agent->bases = agent->reflexes = agent->remotes_count = 0;
	memset(agent->locals, 0, sizeof agent->locals);
	memset(agent->pairs, 0, sizeof agent->pairs);
	for (int i = 0; i < ICE_TRANSACTIONS; i++)
		agent->transactions[i].pair = ICE_NONE;
	agent->replies_count = 0;
}

ice_agent *ice_agent_create(const ice_config *config)
{
	ice_agent *agent = port_alloc(sizeof *agent, PORT_EXTERNAL, PORT_ICE);

	if (agent == NULL)
		return NULL;
	agent->controlling = config->controlling;
	agent->pacing = OR_DEFAULT(config->pacing, 50000);
	agent->failed_after = OR_DEFAULT(config->failed_after, 15000000);
	agent->consent_interval = OR_DEFAULT(config->consent_interval, 5000000);
	agent->quiet = config->quiet;
	forget(agent);
	if (make_secret(agent->local_ufrag, ICE_UFRAG_LENGTH) != 0 ||
		make_secret(agent->local_pwd, ICE_PWD_LENGTH) != 0 ||
		crypto_random((uint8_t *)&agent->tie_breaker, sizeof agent->tie_breaker) != 0) {
		ice_agent_free(agent);
		return NULL;
	}
	return agent;
}

int ice_agent_restart(ice_agent *agent)
{
	char ufrag[ICE_UFRAG_LENGTH + 1], pwd[ICE_PWD_LENGTH + 1];

	if (make_secret(ufrag, ICE_UFRAG_LENGTH) != 0 || make_secret(pwd, ICE_PWD_LENGTH) != 0)
		return -1;
	memcpy(agent->local_ufrag, ufrag, sizeof ufrag);
	memcpy(agent->local_pwd, pwd, sizeof pwd);
	crypto_wipe(pwd, sizeof pwd);
	forget(agent);
	ice_event_push(agent, ICE_EVENT_STATE);
	return 0;
}

void ice_agent_free(ice_agent *agent)
{
	if (agent == NULL)
		return;
	crypto_wipe(agent, sizeof *agent);
	port_free(agent);
}

const char *ice_agent_local_ufrag(const ice_agent *agent)
{
	return agent->local_ufrag;
}

const char *ice_agent_local_pwd(const ice_agent *agent)
{
	return agent->local_pwd;
}

static size_t bounded_length(const char *text, size_t most)
{
	size_t length = 0;

	while (length <= most && text[length] != '\0')
		length++;
	return length;
}

int ice_agent_set_remote(ice_agent *agent, const char *ufrag, const char *pwd, bool lite,
						 uint64_t now)
{
	size_t ufrag_length = bounded_length(ufrag, ICE_UFRAG_MAX);
	size_t pwd_length = bounded_length(pwd, ICE_PWD_MAX);

	if (ufrag_length < 4 || ufrag_length > ICE_UFRAG_MAX || pwd_length < 22 ||
		pwd_length > ICE_PWD_MAX)
		return -1;
	if (agent->remote_known)
		return strcmp(agent->remote_ufrag, ufrag) == 0 && strcmp(agent->remote_pwd, pwd) == 0 ? 0
																							  : -1;

	agent->now = now;
	memcpy(agent->remote_ufrag, ufrag, ufrag_length + 1);
	memcpy(agent->remote_pwd, pwd, pwd_length + 1);
	agent->remote_ufrag_length = (uint16_t)ufrag_length;
	agent->remote_pwd_length = (uint16_t)pwd_length;
	agent->remote_known = true;
	agent->remote_lite = lite;
	if (lite && !agent->controlling) { /* RFC 8445 section 6.1.1: the full one controls */
		agent->controlling = true;
		ice_pairs_prioritise(agent);
	}
	ice_start(agent);
	return 0;
}

void ice_agent_end_of_remote(ice_agent *agent, uint64_t now)
{
	agent->now = now;
	agent->remote_ended = true;
	ice_start(agent);
}

uint64_t ice_agent_timeout(const ice_agent *agent)
{
	return agent->wake;
}

void ice_agent_handle_timeout(ice_agent *agent, uint64_t now)
{
	agent->now = now;
	ice_run(agent);
}

bool ice_agent_poll_event(ice_agent *agent, ice_event *out)
{
	if (agent->events_count == 0)
		return false;
	*out = agent->events[agent->events_first];
	agent->events_first = (agent->events_first + 1) % ICE_EVENTS;
	agent->events_count--;
	return true;
}

ice_state ice_agent_state(const ice_agent *agent)
{
	return agent->state;
}

bool ice_agent_path(const ice_agent *agent, int *socket, net_address *to)
{
	if (agent->path == ICE_NONE || agent->state == ICE_FAILED)
		return false;

	const ice_pair *pair = &agent->pairs[agent->path];

	*socket = agent->locals[pair->local].socket;
	*to = agent->remotes[pair->remote].address;
	return true;
}

const ice_candidate *ice_agent_path_local(const ice_agent *agent)
{
	return agent->path == ICE_NONE ? NULL
								   : &agent->locals[agent->pairs[agent->path].local].candidate;
}

const ice_candidate *ice_agent_path_remote(const ice_agent *agent)
{
	return agent->path == ICE_NONE ? NULL : &agent->remotes[agent->pairs[agent->path].remote];
}

bool ice_agent_accepts(const ice_agent *agent, int socket, const net_address *from)
{
	const ice_pair *pair = agent->path == ICE_NONE ? NULL : &agent->pairs[agent->path];

	/* Nearly always it is the path. */
	if (pair == NULL || agent->locals[pair->local].socket != socket ||
		!net_address_equal(&agent->remotes[pair->remote].address, from)) {
		uint8_t index = ice_find_pair(agent, socket, from);

		if (index == ICE_NONE)
			return false;
		pair = &agent->pairs[index];
	}
	return pair->answered_at != 0 || pair->heard;
}

void ice_agent_stats(const ice_agent *agent, ice_stats *out)
{
	*out = agent->stats;
}
