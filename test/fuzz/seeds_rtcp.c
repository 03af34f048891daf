#include "bytes.h"
#include "rtp/rtcp.h"
#include "seeds.h"

static size_t nack(uint8_t *out)
{
	bytes_write32(out, UINT32_C(0x81cd0004)); /* RFC 4585 section 6.1: RTPFB, FMT 1 */
	bytes_write32(out + 4, 1);
	bytes_write32(out + 8, 2);
	bytes_write32(out + 12, UINT32_C(0x00648001)); /* 100, 101 and 116 */
	bytes_write32(out + 16, UINT32_C(0xffffffff));
	return 20;
}

int main(int count, char **arguments)
{
	static seed out;
	uint8_t bytes[2048];
	rtp_sender sender = {.ssrc = 1, .packets = 50, .octets = 4000, .last_timestamp = 48000};
	rtcp_report reports[31] = {{.ssrc = 2, .fraction_lost = 12, .cumulative_lost = -3}};

	REQUIRE(count == 2);
	for (uint32_t i = 1; i < 31; i++)
		reports[i] = (rtcp_report){.ssrc = i, .cumulative_lost = 5, .last_sr = i};

	size_t length =
		rtcp_write(1, &sender, 48000, reports, 1, "cname", true, bytes, sizeof bytes, 2000000);
	seed_step(&out, 100, bytes, length);
	seed_save(&out, arguments[1], "sender_bye");

	length = rtcp_write(1, NULL, 48000, reports, 31, "c", false, bytes, sizeof bytes, 0);
	seed_step(&out, 0, bytes, length);
	seed_save(&out, arguments[1], "receiver_31");

	seed_step(&out, 0, bytes, nack(bytes));
	length = rtcp_write(1, NULL, 48000, NULL, 0, "", false, bytes, sizeof bytes, 0);
	length += nack(bytes + length);
	seed_step(&out, 0, bytes, length);
	seed_save(&out, arguments[1], "nack");
	return 0;
}
