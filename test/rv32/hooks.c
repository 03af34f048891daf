#include "hooks.h"

#include <opus.h>

#include "audio/engine.h"
#include "audio/level.h"
#include "count.h"
#include "sctp/association.h"
#include "stacks.h"

/*
 * CMakeLists.txt reads the name after each "HOOK(" and "HOOK_OF_TASK(" at a line's beginning and
 * has the linker send calls of it here.
 */
#define HOOK(name, part, type, parameters, arguments)                                              \
	type __real_##name parameters;                                                                 \
	type __wrap_##name parameters;                                                                 \
	type __wrap_##name parameters                                                                  \
	{                                                                                              \
		count_place before = count_enter(part);                                                    \
		type result = __real_##name arguments;                                                     \
		count_leave(before);                                                                       \
		return result;                                                                             \
	}

#define HOOK_VOID(name, part, parameters, arguments)                                               \
	void __real_##name parameters;                                                                 \
	void __wrap_##name parameters;                                                                 \
	void __wrap_##name parameters                                                                  \
	{                                                                                              \
		count_place before = count_enter(part);                                                    \
		__real_##name arguments;                                                                   \
		count_leave(before);                                                                       \
	}

/* ---- Transport: the peer on its task's stack, and whose it is ---- */

static const peer *owners[COUNT_OWNERS];

void hook_owner(int owner, const peer *core)
{
	owners[owner] = core;
}

static int owner_of(const peer *core)
{
	int owner = COUNT_OWNERS - 1;

	while (owner > COUNT_NOBODY && owners[owner] != core)
		owner--;
	return owner;
}

typedef struct {
	peer *core;
	int socket;
	const net_address *from;
	uint8_t *bytes;
	size_t length;
	uint64_t now;
	ice_datagram *datagram;
	bool result;
	uint64_t time;
} transport_call;

static void run_transport(void (*work)(void *), transport_call *call)
{
	count_place before = count_enter_as(owner_of(call->core), COUNT_PEER);

	stack_run(STACK_TRANSPORT, work, call);
	count_leave(before);
}

#define HOOK_OF_TASK(name) static void do_##name(void *argument)

void __real_peer_input(peer *core, int socket, const net_address *from, uint8_t *bytes,
					   size_t length, uint64_t now);
void __real_peer_handle_timeout(peer *core, uint64_t now);
uint64_t __real_peer_timeout(const peer *core);
void __real_peer_pump(peer *core, uint64_t now);
bool __real_peer_poll_datagram(peer *core, ice_datagram *out);

HOOK_OF_TASK(peer_input)
{
	transport_call *call = argument;

	__real_peer_input(call->core, call->socket, call->from, call->bytes, call->length, call->now);
}

void __wrap_peer_input(peer *core, int socket, const net_address *from, uint8_t *bytes,
					   size_t length, uint64_t now);
void __wrap_peer_input(peer *core, int socket, const net_address *from, uint8_t *bytes,
					   size_t length, uint64_t now)
{
	run_transport(do_peer_input, &(transport_call){.core = core,
												   .socket = socket,
												   .from = from,
												   .bytes = bytes,
												   .length = length,
												   .now = now});
}

HOOK_OF_TASK(peer_handle_timeout)
{
	transport_call *call = argument;

	__real_peer_handle_timeout(call->core, call->now);
}

void __wrap_peer_handle_timeout(peer *core, uint64_t now);
void __wrap_peer_handle_timeout(peer *core, uint64_t now)
{
	run_transport(do_peer_handle_timeout, &(transport_call){.core = core, .now = now});
}

HOOK_OF_TASK(peer_timeout)
{
	transport_call *call = argument;

	call->time = __real_peer_timeout(call->core);
}

uint64_t __wrap_peer_timeout(const peer *core);
uint64_t __wrap_peer_timeout(const peer *core)
{
	transport_call call = {.core = (peer *)core};

	run_transport(do_peer_timeout, &call);
	return call.time;
}

HOOK_OF_TASK(peer_pump)
{
	transport_call *call = argument;

	__real_peer_pump(call->core, call->now);
}

void __wrap_peer_pump(peer *core, uint64_t now);
void __wrap_peer_pump(peer *core, uint64_t now)
{
	run_transport(do_peer_pump, &(transport_call){.core = core, .now = now});
}

HOOK_OF_TASK(peer_poll_datagram)
{
	transport_call *call = argument;

	call->result = __real_peer_poll_datagram(call->core, call->datagram);
}

bool __wrap_peer_poll_datagram(peer *core, ice_datagram *out);
bool __wrap_peer_poll_datagram(peer *core, ice_datagram *out)
{
	transport_call call = {.core = core, .datagram = out};

	run_transport(do_peer_poll_datagram, &call);
	return call.result;
}

/* ---- Audio: the owner is whom the caller entered as ---- */

typedef struct {
	audio_uplink *uplink;
	const int16_t *samples;
	audio_downlink *downlink;
	int32_t *mix;
	size_t frames;
	uint64_t now;
	bool result;
} audio_call;

static bool run_audio(void (*work)(void *), audio_call *call)
{
	count_place before = count_enter(COUNT_AUDIO);

	stack_run(STACK_AUDIO_INTERNAL, work, call);
	count_leave(before);
	return call->result;
}

bool __real_audio_uplink_capture(audio_uplink *uplink, const int16_t *samples);
bool __real_audio_downlink_playout(audio_downlink *downlink, int32_t *mix, size_t frames,
								   uint64_t now);

HOOK_OF_TASK(audio_uplink_capture)
{
	audio_call *call = argument;

	call->result = __real_audio_uplink_capture(call->uplink, call->samples);
}

bool __wrap_audio_uplink_capture(audio_uplink *uplink, const int16_t *samples);
bool __wrap_audio_uplink_capture(audio_uplink *uplink, const int16_t *samples)
{
	return run_audio(do_audio_uplink_capture, &(audio_call){.uplink = uplink, .samples = samples});
}

HOOK_OF_TASK(audio_downlink_playout)
{
	audio_call *call = argument;

	call->result =
		__real_audio_downlink_playout(call->downlink, call->mix, call->frames, call->now);
}

bool __wrap_audio_downlink_playout(audio_downlink *downlink, int32_t *mix, size_t frames,
								   uint64_t now);
bool __wrap_audio_downlink_playout(audio_downlink *downlink, int32_t *mix, size_t frames,
								   uint64_t now)
{
	return run_audio(do_audio_downlink_playout,
					 &(audio_call){.downlink = downlink, .mix = mix, .frames = frames, .now = now});
}

HOOK_VOID(audio_mix_finish, COUNT_AUDIO, (const int32_t *mix, int16_t *out, size_t count),
		  (mix, out, count))
HOOK(audio_level, COUNT_LEVEL, uint8_t, (const int16_t *samples, size_t count), (samples, count))
HOOK_VOID(jitter_put, COUNT_JITTER,
		  (jitter_buffer * jitter, uint16_t sequence, uint32_t timestamp, uint32_t duration,
		   const uint8_t *payload, size_t length, uint64_t now),
		  (jitter, sequence, timestamp, duration, payload, length, now))
HOOK(jitter_get, COUNT_JITTER, jitter_result,
	 (jitter_buffer * jitter, jitter_frame *out, uint64_t now), (jitter, out, now))
HOOK(opus_encode, COUNT_OPUS, opus_int32,
	 (OpusEncoder * encoder, const opus_int16 *pcm, int size, unsigned char *out, opus_int32 room),
	 (encoder, pcm, size, out, room))
HOOK(opus_decode, COUNT_OPUS, int,
	 (OpusDecoder * decoder, const unsigned char *bytes, opus_int32 length, opus_int16 *out,
	  int size, int fec),
	 (decoder, bytes, length, out, size, fec))

/* ---- Worker ---- */

int __real_crypto_identity_generate(crypto_identity *out);

HOOK_OF_TASK(crypto_identity_generate)
{
	crypto_identity *out = argument;

	if (__real_crypto_identity_generate(out) != 0)
		out->length = 0;
}

int __wrap_crypto_identity_generate(crypto_identity *out);
int __wrap_crypto_identity_generate(crypto_identity *out)
{
	count_place before = count_enter(COUNT_IDENTITY);

	stack_run(STACK_WORKER, do_crypto_identity_generate, out);
	count_leave(before);
	return out->length > 0 ? 0 : -1;
}

/* ---- Parts of the transport ---- */

HOOK_VOID(ice_agent_input, COUNT_ICE,
		  (ice_agent * agent, int socket, const net_address *from, const uint8_t *bytes,
		   size_t length, uint64_t now),
		  (agent, socket, from, bytes, length, now))
HOOK_VOID(ice_agent_handle_timeout, COUNT_ICE, (ice_agent * agent, uint64_t now), (agent, now))
HOOK(ice_agent_timeout, COUNT_ICE, uint64_t, (const ice_agent *agent), (agent))
HOOK(ice_agent_poll_datagram, COUNT_ICE, bool, (ice_agent * agent, ice_datagram *out), (agent, out))
HOOK_VOID(dtls_start, COUNT_DTLS, (dtls_transport * dtls, uint64_t now), (dtls, now))
HOOK_VOID(dtls_input, COUNT_DTLS,
		  (dtls_transport * dtls, const uint8_t *bytes, size_t length, uint64_t now),
		  (dtls, bytes, length, now))
HOOK_VOID(dtls_handle_timeout, COUNT_DTLS, (dtls_transport * dtls, uint64_t now), (dtls, now))
HOOK(dtls_send, COUNT_DTLS, int,
	 (dtls_transport * dtls, const uint8_t *bytes, size_t length, uint64_t now),
	 (dtls, bytes, length, now))
HOOK(srtp_seal, COUNT_SRTP, srtp_result,
	 (srtp_context * context, uint8_t *packet, size_t *length, size_t room),
	 (context, packet, length, room))
HOOK(srtp_open, COUNT_SRTP, srtp_result, (srtp_context * context, uint8_t *packet, size_t *length),
	 (context, packet, length))
HOOK(srtcp_seal, COUNT_SRTP, srtp_result,
	 (srtp_context * context, uint8_t *packet, size_t *length, size_t room),
	 (context, packet, length, room))
HOOK(srtcp_open, COUNT_SRTP, srtp_result, (srtp_context * context, uint8_t *packet, size_t *length),
	 (context, packet, length))
HOOK(crypto_aes_ctr, COUNT_AES, int,
	 (crypto_aes * aes, const uint8_t iv[16], const uint8_t *in, uint8_t *out, size_t length),
	 (aes, iv, in, out, length))
HOOK(crypto_hmac_compute, COUNT_HMAC, int,
	 (crypto_hmac * hmac, const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length,
	  uint8_t out[20]),
	 (hmac, a, a_length, b, b_length, out))
HOOK_VOID(association_input, COUNT_SCTP,
		  (sctp_association * association, const uint8_t *bytes, size_t length, uint64_t now),
		  (association, bytes, length, now))
HOOK_VOID(association_handle_timeout, COUNT_SCTP, (sctp_association * association, uint64_t now),
		  (association, now))
HOOK(association_poll_datagram, COUNT_SCTP, size_t,
	 (sctp_association * association, uint8_t *out, uint64_t now), (association, out, now))
HOOK(ring_write, COUNT_RING, bool,
	 (packet_ring * ring, const void *head, size_t head_length, const void *body,
	  size_t body_length),
	 (ring, head, head_length, body, body_length))
HOOK(ring_read, COUNT_RING, bool,
	 (packet_ring * ring, void *head, size_t head_length, void *body, size_t room,
	  size_t *body_length),
	 (ring, head, head_length, body, room, body_length))
