#include "codec.h"

#include <opus.h>

#include "../port.h"

/* libopus keeps its state in the memory it is given; these only name that memory's type. */
struct audio_encoder {
	uint32_t frame; /* samples in 20 ms */
	bool begun;     /* what is encoded from now on keeps one bandwidth */
	_Alignas(8) uint8_t state[];
};

struct audio_decoder {
	uint32_t sample_rate;
	_Alignas(8) uint8_t state[];
};

static const uint32_t rates[] = {8000, 12000, 16000, 24000, 48000};

uint32_t audio_codec_rate(uint32_t rate)
{
	size_t i = 0;

	while (i < sizeof rates / sizeof *rates && rates[i] < rate)
		i++;
	return i < sizeof rates / sizeof *rates ? rates[i] : 0;
}

static bool rate_is_valid(uint32_t rate)
{
	return rate > 0 && audio_codec_rate(rate) == rate;
}

static bool options_are_valid(const audio_encoder_options *options)
{
	return rate_is_valid(options->sample_rate) && options->sample_rate <= AUDIO_SENT_RATE_MAX &&
		   options->channels == 1 && options->bitrate >= 6000 && options->bitrate <= 128000 &&
		   options->complexity <= 10 && options->expected_loss <= 100;
}

#ifdef OPUS_APPLICATION_RESTRICTED_SILK
/* Up to here Opus codes speech with SILK alone anyway; said beforehand, CELT's state is not there.
 */
#define SPEECH_RATE 16000    /* Hz */
#define SPEECH_BITRATE 40000 /* bit/s */

static int application_for(const audio_encoder_options *options)
{
	return options->sample_rate <= SPEECH_RATE && options->bitrate <= SPEECH_BITRATE
			   ? OPUS_APPLICATION_RESTRICTED_SILK
			   : OPUS_APPLICATION_VOIP;
}

/*
 * Bytes. opus_encoder_get_size() has the most of all applications; what one of them takes is asked
 * for without a state, as opus_encoder_create() does, though the header says that there must be
 * one.
 */
static int state_size(const audio_encoder_options *options)
{
	int (*const init)(OpusEncoder *, opus_int32, int, int) = opus_encoder_init;

	return init(NULL, (opus_int32)options->sample_rate, options->channels,
				application_for(options));
}
#else /* before Opus 1.6 */
#define application_for(options) OPUS_APPLICATION_VOIP
#define state_size(options) opus_encoder_get_size((options)->channels)
#endif

audio_encoder *audio_encoder_create(const audio_encoder_options *options)
{
	if (!options_are_valid(options))
		return NULL;
	int size = state_size(options);
	if (size <= 0)
		return NULL;
	audio_encoder *encoder = port_alloc(sizeof *encoder + (size_t)size, PORT_EXTERNAL, PORT_OPUS);
	if (!encoder)
		return NULL;

	OpusEncoder *opus = (OpusEncoder *)encoder->state;
	encoder->frame = options->sample_rate * AUDIO_FRAME_MS / 1000;
	encoder->begun = !options->fec || application_for(options) == OPUS_APPLICATION_VOIP;
	if (opus_encoder_init(opus, (opus_int32)options->sample_rate, options->channels,
						  application_for(options)) != OPUS_OK ||
		opus_encoder_ctl(opus, OPUS_SET_BITRATE((opus_int32)options->bitrate)) != OPUS_OK ||
		opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY(options->complexity)) != OPUS_OK ||
		opus_encoder_ctl(opus, OPUS_SET_INBAND_FEC(options->fec)) != OPUS_OK ||
		opus_encoder_ctl(opus, OPUS_SET_PACKET_LOSS_PERC(options->expected_loss)) != OPUS_OK ||
		opus_encoder_ctl(opus, OPUS_SET_DTX(options->dtx)) != OPUS_OK) {
		port_free(encoder);
		return NULL;
	}
	return encoder;
}

void audio_encoder_free(audio_encoder *encoder)
{
	port_free(encoder);
}

void audio_encoder_reset(audio_encoder *encoder)
{
	opus_encoder_ctl((OpusEncoder *)encoder->state, OPUS_RESET_STATE);
}

static int encode(audio_encoder *encoder, const int16_t *samples, uint8_t *out, size_t room)
{
	return opus_encode((OpusEncoder *)encoder->state, samples, (int)encoder->frame, out,
					   (opus_int32)room);
}

int audio_encode(audio_encoder *encoder, const int16_t *samples, uint8_t *out, size_t room)
{
	int length = encode(encoder, samples, out, room);

	/*
	 * For FEC, Opus takes bandwidth away, and more of it before FEC is on than afterwards: it would
	 * give some back within a second, and without CELT nothing smooths that: it clicks. So the
	 * first frame is encoded once more: that FEC is on is what a reset does not make Opus forget.
	 */
	if (length > 0 && !encoder->begun) {
		encoder->begun = true;
		audio_encoder_reset(encoder);
		length = encode(encoder, samples, out, room);
	}
	return length > 0 ? length : -1;
}

audio_decoder *audio_decoder_create(uint32_t sample_rate, uint8_t channels)
{
	if (!rate_is_valid(sample_rate) || channels != 1)
		return NULL;
	int size = opus_decoder_get_size(channels);
	audio_decoder *decoder = port_alloc(sizeof *decoder + (size_t)size, PORT_EXTERNAL, PORT_OPUS);
	if (!decoder)
		return NULL;

	decoder->sample_rate = sample_rate;
	if (opus_decoder_init((OpusDecoder *)decoder->state, (opus_int32)sample_rate, channels) !=
		OPUS_OK) {
		port_free(decoder);
		return NULL;
	}
	return decoder;
}

void audio_decoder_free(audio_decoder *decoder)
{
	port_free(decoder);
}

int audio_decode(audio_decoder *decoder, const uint8_t *bytes, size_t length, int16_t *out,
				 size_t frames)
{
	if (bytes && (length == 0 || length > INT32_MAX))
		return -1; /* libopus would take it for a loss */
	int samples = opus_decode((OpusDecoder *)decoder->state, bytes, bytes ? (opus_int32)length : 0,
							  out, (int)frames, 0);

	return samples > 0 ? samples : -1;
}

uint32_t audio_packet_duration(const uint8_t *bytes, size_t length)
{
	if (length == 0 || length > INT32_MAX)
		return 0;
	int samples = opus_packet_get_nb_samples(bytes, (opus_int32)length, AUDIO_RTP_CLOCK);

	return samples > 0 && samples <= AUDIO_PACKET_MS_MAX * (AUDIO_RTP_CLOCK / 1000)
			   ? (uint32_t)samples
			   : 0;
}
