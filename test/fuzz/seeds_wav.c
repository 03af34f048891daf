#include "posix/wav.h"
#include "seeds.h"

/* What other programs put into WAV files, and ours does not (RIFF; WAVE_FORMAT_EXTENSIBLE). */
static const uint8_t extensible[] =
	"RIFF\xff\xff\xff\xffWAVE"
	"LIST\x03\0\0\0abc\0"
	"fmt \x28\0\0\0\xfe\xff\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0"
	"\x16\0\x10\0\x04\0\0\0\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
	"data\xff\xff\xff\xff\x01\x02\x03\x04\x05";

int main(int count, char **arguments)
{
	static seed out;
	static const int16_t samples[400] = {1, -1, 32767, -32768};
	char path[1024], error[300];

	REQUIRE(count == 2);
	for (uint32_t rate = 16000; rate <= 48000; rate += 32000) {
		snprintf(path, sizeof path, "%s/ours_%u", arguments[1], (unsigned)rate);
		wav_writer *writer = wav_writer_open(path, rate, error, sizeof error);
		REQUIRE(writer && wav_writer_write(writer, samples, 400));
		wav_writer_close(writer);
	}
	seed_append(&out, extensible, sizeof extensible - 1);
	seed_save(&out, arguments[1], "extensible");
	return 0;
}
