/*
 * Fuzzes srtp_open() and srtcp_open() as somebody without the keys, and, since bytes alone do not
 * authenticate, as a peer that has them and seals whatever it likes.
 */
#include <string.h>

#include "fuzz.h"
#include "net.h"
#include "srtp/srtp.h"

enum { OPEN_RTP, OPEN_RTCP, SEALED_RTP, SEALED_RTCP, AGAIN, CHANGED, FORGET, KINDS };

typedef struct {
	srtp_context *sender, *receiver;
	uint32_t opened, refused;
	bool rtcp; /* of the newest sealed packet */
	uint8_t sealed[NET_DATAGRAM_MAX + SRTCP_OVERHEAD];
	size_t sealed_length;
} target;

static srtp_result open_packet(target *at, bool rtcp, uint8_t *bytes, size_t *length)
{
	size_t before = *length;
	srtp_result result =
		rtcp ? srtcp_open(at->receiver, bytes, length) : srtp_open(at->receiver, bytes, length);

	if (result == SRTP_OK) {
		REQUIRE(*length + (rtcp ? SRTCP_OVERHEAD : SRTP_TAG) == before);
		at->opened++;
	} else {
		REQUIRE(*length == before);
		at->refused++;
	}
	return result;
}

static void seal_and_open(target *at, bool rtcp, const uint8_t *plain, size_t length)
{
	size_t overhead = rtcp ? SRTCP_OVERHEAD : SRTP_TAG;
	size_t sealed = length, room = length + overhead;

	if (length > NET_DATAGRAM_MAX)
		return;
	uint8_t *bytes = malloc(room);
	REQUIRE(bytes != NULL);
	memcpy(bytes, plain, length);
	srtp_result (*seal)(srtp_context *, uint8_t *, size_t *, size_t) =
		rtcp ? srtcp_seal : srtp_seal;
	REQUIRE(seal(at->sender, bytes, &sealed, room - 1) != SRTP_OK && sealed == length);
	REQUIRE(memcmp(bytes, plain, length) == 0);
	srtp_result result = seal(at->sender, bytes, &sealed, room);
	if (result == SRTP_OK) {
		REQUIRE(sealed == room);
		memcpy(at->sealed, bytes, sealed);
		at->sealed_length = sealed;
		at->rtcp = rtcp;
		if (open_packet(at, rtcp, bytes, &sealed) == SRTP_OK)
			REQUIRE(sealed == length && memcmp(bytes, plain, length) == 0);
	}
	free(bytes);
}

/* The newest sealed packet once more, with a byte changed unless `change` is 0. */
static void replay(target *at, size_t where, uint8_t change)
{
	size_t length = at->sealed_length;

	if (length == 0)
		return;
	uint8_t *bytes = fuzz_exact(at->sealed, length);
	bytes[where % length] ^= change;
	srtp_result result = open_packet(at, at->rtcp, bytes, &length);
	REQUIRE(result != SRTP_OK || change == 0);
	free(bytes);
}

static void step(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	target *at = context;
	uint32_t ssrc = 0;

	kind %= KINDS;
	switch (kind) {
	case OPEN_RTP:
	case OPEN_RTCP:
		REQUIRE(open_packet(at, kind == OPEN_RTCP, bytes, &length) != SRTP_OK);
		break;
	case SEALED_RTP:
	case SEALED_RTCP:
		seal_and_open(at, kind == SEALED_RTCP, bytes, length);
		break;
	case AGAIN:
		replay(at, 0, 0);
		break;
	case CHANGED:
		if (length >= 3)
			replay(at, (size_t)bytes[0] << 8 | bytes[1], bytes[2]);
		break;
	case FORGET:
		if (length >= 4) {
			memcpy(&ssrc, bytes, 4);
			srtp_forget(at->receiver, ssrc);
		}
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[16] = "0123456789abcde", salt[14] = "0123456789abc";
	target at = {.sender = srtp_context_create(key, salt),
				 .receiver = srtp_context_create(key, salt)};
	srtp_stats stats;

	REQUIRE(at.sender && at.receiver);
	fuzz_steps(data, size, step, &at);
	srtp_get_stats(at.receiver, &stats);
	REQUIRE(stats.packets == at.opened);
	REQUIRE(stats.malformed + stats.authentication + stats.replayed == at.refused);
	srtp_context_free(at.sender);
	srtp_context_free(at.receiver);
	return 0;
}
