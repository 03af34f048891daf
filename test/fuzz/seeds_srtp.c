#include "bytes.h"
#include "rtp/rtcp.h"
#include "rtp/rtp.h"
#include "seeds.h"
#include "srtp/srtp.h"

enum { OPEN_RTP, OPEN_RTCP, SEALED_RTP, SEALED_RTCP, AGAIN, CHANGED, FORGET }; /* fuzz_srtp.c's */

static size_t rtp(uint8_t bytes[1472], uint32_t ssrc, uint16_t sequence)
{
	const rtp_extensions extensions = {.audio_level = 1, .mid = 4};
	const rtp_packet packet = {
		.payload_type = 111,
		.ssrc = ssrc,
		.sequence = sequence,
		.has_level = true,
		.payload = (const uint8_t *)"opus",
		.payload_length = 4,
	};

	return rtp_write(&packet, &extensions, bytes, 1472);
}

int main(int count, char **arguments)
{
	static seed out;
	static const uint16_t sequences[] = {65534, 65535, 0, 1, 40, 3, 1};
	static const uint8_t other_key[16] = "another", other_salt[14];
	uint8_t bytes[1472];

	REQUIRE(count == 2);
	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
		seed_step(&out, SEALED_RTP, bytes, rtp(bytes, 1, sequences[i]));
	seed_step(&out, AGAIN, NULL, 0);
	seed_step(&out, CHANGED, "\0\x0c\1", 3);
	seed_save(&out, arguments[1], "sealed");

	size_t length = rtcp_write(1, NULL, 48000, NULL, 0, "cname", true, bytes, sizeof bytes, 0);
	for (int i = 0; i < 3; i++)
		seed_step(&out, SEALED_RTCP, bytes, length);
	seed_step(&out, AGAIN, NULL, 0);
	seed_step(&out, CHANGED, "\0\x09\1", 3);
	seed_save(&out, arguments[1], "sealed_rtcp");

	for (uint32_t ssrc = 1; ssrc <= SRTP_STREAMS_MAX + 2; ssrc++)
		seed_step(&out, SEALED_RTP, bytes, rtp(bytes, ssrc, 1));
	seed_step(&out, FORGET, "\0\0\0\1", 4);
	seed_step(&out, SEALED_RTP, bytes, rtp(bytes, 1, 2));
	seed_save(&out, arguments[1], "many_streams");

	/* right in form, sealed with keys the target does not have */
	srtp_context *other = srtp_context_create(other_key, other_salt);
	REQUIRE(other != NULL);
	length = rtp(bytes, 1, 1);
	REQUIRE(srtp_seal(other, bytes, &length, sizeof bytes) == SRTP_OK);
	seed_step(&out, OPEN_RTP, bytes, length);
	length = rtcp_write(1, NULL, 48000, NULL, 0, "cname", false, bytes, sizeof bytes, 0);
	REQUIRE(srtcp_seal(other, bytes, &length, sizeof bytes) == SRTP_OK);
	seed_step(&out, OPEN_RTCP, bytes, length);
	srtp_context_free(other);
	seed_save(&out, arguments[1], "foreign_keys");
	return 0;
}
