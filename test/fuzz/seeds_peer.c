#include "bytes.h"
#include "pair.h"
#include "seeds.h"

enum { RTP, RTCP, DATA, RAW, STRAY, SPEAK, TIME, STREAMS, CLOSE }; /* fuzz_peer.c's */

static void rtp(seed *out, uint8_t kind, const char *mid, uint32_t ssrc, uint16_t sequence)
{
	uint8_t bytes[1472];
	const rtp_packet packet = {
		.payload_type = PAIR_PAYLOAD_TYPE,
		.ssrc = ssrc,
		.sequence = sequence,
		.timestamp = sequence * 960u,
		.mid = mid,
		.mid_length = (uint8_t)strlen(mid),
		.payload = (const uint8_t *)"opus",
		.payload_length = 4,
	};

	seed_step(out, kind, bytes, rtp_write(&packet, &pair_extensions, bytes, sizeof bytes));
}

/* With which number our stream begins: random, and the same in each run. */
static uint16_t first_sequence(void)
{
	pair self;

	pair_open(&self);
	uint16_t sequence = self.ours->senders[0].sequence;
	pair_close(&self);
	return sequence;
}

static void nack(seed *out, uint32_t ssrc, uint16_t sequence)
{
	uint8_t bytes[16];

	bytes_write32(bytes, UINT32_C(0x81cd0003)); /* RFC 4585 section 6.2.1 */
	bytes_write32(bytes + 4, 1);
	bytes_write32(bytes + 8, ssrc);
	bytes_write16(bytes + 12, sequence);
	bytes_write16(bytes + 14, 0xffff);
	seed_step(out, RTCP, bytes, sizeof bytes);
}

static void call(seed *out)
{
	const rtp_sender sender = {.ssrc = 0x2000, .packets = 3, .octets = 12};
	const rtcp_report report = {.ssrc = PAIR_SSRC, .fraction_lost = 3, .cumulative_lost = 7};
	uint8_t bytes[1472];

	for (uint16_t i = 0; i < 4; i++) {
		seed_step(out, SPEAK, NULL, 0);
		rtp(out, RTP, i == 0 ? "1" : "", 0x2000, i);
		seed_step(out, TIME, "\2", 1);
	}
	nack(out, PAIR_SSRC, first_sequence());
	seed_step(out, RTCP, bytes,
			  rtcp_write(0x2000, &sender, 48000, &report, 1, "server", false, bytes, sizeof bytes,
						 2000000));
	seed_step(out, TIME, "\xff", 1);
}

int main(int count, char **arguments)
{
	static seed out;
	uint8_t bytes[1472];

	REQUIRE(count == 2);
	call(&out);
	seed_step(&out, RTCP, bytes,
			  rtcp_write(0x2000, NULL, 48000, NULL, 0, "server", true, bytes, sizeof bytes, 0));
	seed_step(&out, DATA, "data", 4);
	seed_step(&out, CLOSE, "\0", 1);
	seed_save(&out, arguments[1], "call");

	rtp(&out, RTP, "1", 0x2000, 1);
	rtp(&out, RTP, "unknown", 0x3000, 1);
	seed_step(&out, STREAMS, "23", 2);
	rtp(&out, RTP, "2", 0x3000, 1);
	rtp(&out, RTP, "1", 0x4000, 1); /* the stream's SSRC changes */
	rtp(&out, RTP, "", 0x3000, 2);
	rtp(&out, RTP, "", 0x5000, 2);
	seed_step(&out, STREAMS, "\0\1", 2);
	rtp(&out, RTP, "1", 0x2000, 2);
	seed_step(&out, TIME, "\xff", 1);
	seed_save(&out, arguments[1], "streams");

	rtp(&out, RAW, "1", 0x2000, 1); /* not sealed */
	rtp(&out, STRAY, "1", 0x2000, 1);
	seed_step(&out, RAW, "\0\1\0\0\x21\x12\xa4\x42............", 20);
	seed_step(&out, STRAY, "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\1.", 14);
	seed_step(&out, RAW, "\x15\xfe\xfd\0\1\0\0\0\0\0\0\0\1.", 14);
	seed_step(&out, RAW, "\x50", 1);
	seed_step(&out, CLOSE, "\1", 1);
	seed_save(&out, arguments[1], "strays");
	return 0;
}
