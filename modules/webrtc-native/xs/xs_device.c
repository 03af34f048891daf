/* device.ts: audio devices, clock, entropy, memory figures. */
#include <string.h>

#include "../core/crypto/crypto.h"
#include "../core/port.h"
#include "../port/profile.h"
#include "../port/transport.h"
#include "xs_audio.h"

#define TEXT_MAX 1024 /* of a path or device name */
#define RANDOM_MAX 65536

typedef struct {
	port_audio_options port;
	char path[TEXT_MAX], device[TEXT_MAX];
} parsed_options;

/* What the bus is like, when the options say so. */
static void parse_i2s(xsMachine *the, xsSlot *from, port_i2s_options *out)
{
	static const char *const formats[] = {"std", "tdm", "pdm"};
	char format[4] = "std";
	xsSlot value;
	int i = 0;

	if (xs_option(the, &value, from, "format"))
		xs_text_option(the, from, "format", format, sizeof(format));
	while (i < 3 && strcmp(formats[i], format) != 0)
		i++;
	if (i == 3)
		xsTypeError("no such format: %s", format);
	out->format = (port_i2s_format)i;
	out->controller = (uint8_t)xs_integer_option(the, from, "controller", 0, 0, 1);
	out->mclk = (int8_t)xs_integer_option(the, from, "mclk", -1, -1, 63);
	out->bclk = (int8_t)xs_integer_option(the, from, "bclk", -1, -1, 63);
	out->ws = (int8_t)xs_integer_option(the, from, "ws", -1, -1, 63);
	out->din = (int8_t)xs_integer_option(the, from, "din", -1, -1, 63);
	out->dout = (int8_t)xs_integer_option(the, from, "dout", -1, -1, 63);
	out->bits = xs_integer_option(the, from, "bits", 16, 16, 32) > 16 ? 32 : 16;
	out->slots =
		(uint8_t)xs_integer_option(the, from, "slots", 2, 2, out->format == PORT_I2S_TDM ? 16 : 2);
	out->slot = (uint8_t)xs_integer_option(the, from, "slot", 0, 0, out->slots - 1);
}

static void parse_options(xsMachine *the, parsed_options *out)
{
	static const struct {
		const char *name;
		port_audio_driver driver;
	} drivers[] = {{"wav", PORT_AUDIO_WAV},
				   {"alsa", PORT_AUDIO_ALSA},
				   {"i2s", PORT_AUDIO_I2S},
				   {"none", PORT_AUDIO_NONE}};
	const size_t count = sizeof(drivers) / sizeof(drivers[0]);
	char driver[8];
	size_t i = 0;

	xsmcVars(1);
	xs_text_option(the, &xsArg(0), "driver", driver, sizeof(driver));
	while (i < count && strcmp(drivers[i].name, driver) != 0)
		i++;
	if (i == count)
		xsTypeError("no such driver: %s", driver);
	out->port.driver = drivers[i].driver;
	if (xs_option(the, &xsVar(0), &xsArg(0), "path")) {
		xs_text_option(the, &xsArg(0), "path", out->path, sizeof(out->path));
		out->port.path = out->path;
	}
	if (xs_option(the, &xsVar(0), &xsArg(0), "device")) {
		xs_text_option(the, &xsArg(0), "device", out->device, sizeof(out->device));
		out->port.device = out->device;
	}
	if (xs_option(the, &xsVar(0), &xsArg(0), "i2s"))
		parse_i2s(the, &xsVar(0), &out->port.i2s);
	else if (out->port.driver == PORT_AUDIO_I2S)
		xsTypeError("no i2s");
	out->port.sample_rate =
		(uint32_t)xs_integer_option(the, &xsArg(0), "sampleRate", 0, 8000, 48000);
	out->port.loop = xs_boolean_option(the, &xsArg(0), "loop", false);
}

int16_t *samples_of(xsMachine *the, size_t *count, bool writable)
{
	int offset = xsmcToInteger(xsArg(1)), samples = xsmcToInteger(xsArg(2));
	void *bytes;
	xsUnsignedValue length;

	/* Of typed arrays XS gives only those of bytes. */
	if (writable)
		xsmcGetBufferWritable(xsArg(0), &bytes, &length);
	else
		xsmcGetBufferReadable(xsArg(0), &bytes, &length);
	if (offset < 0 || offset % 2 != 0 || (xsUnsignedValue)offset > length || samples < 0 ||
		(xsUnsignedValue)samples > (length - (xsUnsignedValue)offset) / sizeof(int16_t))
		xsRangeError("out of range of the buffer");
	*count = (size_t)samples;
	return (int16_t *)((uint8_t *)bytes + offset);
}

/* ---- Microphone ---- */

void microphone_drop(microphone_object *microphone)
{
	if (--microphone->users > 0)
		return;
	port_microphone_close(microphone->port);
	if (microphone->fed)
		xs_link_release(&microphone->link);
	else
		port_free(microphone);
}

void xs_microphone_destructor(void *data)
{
	microphone_object *microphone = data;

	if (!microphone)
		return;
	xs_link_abandon(&microphone->link);
	microphone_drop(microphone);
}

microphone_object *microphone_of(xsMachine *the, xsSlot *slot)
{
	microphone_object *microphone =
		xsmcGetHostDataValidate(*slot, (void *)xs_microphone_destructor);

	if (!microphone)
		xs_throw(the, "the microphone is closed");
	return microphone;
}

void microphone_use(microphone_object *microphone)
{
	microphone->users++;
}

void xs_microphone(xsMachine *the)
{
	parsed_options options = {0};
	char error[256] = "no memory for a microphone";

	parse_options(the, &options);
	microphone_object *microphone = port_alloc(sizeof(*microphone), PORT_INTERNAL, PORT_BINDING);
	if (microphone)
		microphone->port = port_microphone_open(&options.port, error, sizeof(error));
	if (!microphone || !microphone->port) {
		port_free(microphone);
		xs_throw(the, error);
	}
	microphone->users = 1;
	xsmcSetHostData(xsThis, microphone);
}

void xs_microphone_get_sampleRate(xsMachine *the)
{
	microphone_object *microphone = microphone_of(the, &xsThis);

	xsmcSetInteger(xsResult, (xsIntegerValue)port_microphone_rate(microphone->port));
}

void xs_microphone_close(xsMachine *the)
{
	microphone_object *microphone =
		xsmcGetHostDataValidate(xsThis, (void *)xs_microphone_destructor);

	if (!microphone)
		return;
	xsmcSetHostData(xsThis, NULL);
	xs_link_close(&microphone->link);
	microphone_drop(microphone);
}

/* ---- Speaker ---- */

void speaker_drop(speaker_object *speaker)
{
	if (--speaker->users > 0)
		return;
	port_speaker_close(speaker->port);
	port_free(speaker);
}

void xs_speaker_destructor(void *data)
{
	speaker_object *speaker = data;

	if (speaker)
		speaker_drop(speaker);
}

speaker_object *speaker_of(xsMachine *the, xsSlot *slot)
{
	speaker_object *speaker = xsmcGetHostDataValidate(*slot, (void *)xs_speaker_destructor);

	if (!speaker)
		xs_throw(the, "the speaker is closed");
	return speaker;
}

void speaker_use(speaker_object *speaker)
{
	speaker->users++;
}

void xs_speaker(xsMachine *the)
{
	parsed_options options = {0};
	char error[256] = "no memory for a speaker";

	parse_options(the, &options);
	speaker_object *speaker = port_alloc(sizeof(*speaker), PORT_INTERNAL, PORT_BINDING);
	if (speaker)
		speaker->port = port_speaker_open(&options.port, error, sizeof(error));
	if (!speaker || !speaker->port) {
		port_free(speaker);
		xs_throw(the, error);
	}
	speaker->users = 1;
	xsmcSetHostData(xsThis, speaker);
}

void xs_speaker_get_sampleRate(xsMachine *the)
{
	speaker_object *speaker = speaker_of(the, &xsThis);

	xsmcSetInteger(xsResult, (xsIntegerValue)port_speaker_rate(speaker->port));
}

void xs_speaker_get_firstSound(xsMachine *the)
{
	uint64_t at = port_speaker_first_sound(speaker_of(the, &xsThis)->port);

	if (at)
		xsmcSetNumber(xsResult, (double)at / 1000);
}

void xs_speaker_close(xsMachine *the)
{
	speaker_object *speaker = xsmcGetHostDataValidate(xsThis, (void *)xs_speaker_destructor);

	if (!speaker)
		return;
	xsmcSetHostData(xsThis, NULL);
	speaker_drop(speaker);
}

/* ---- Clock, entropy and memory ---- */

void xs_device_now(xsMachine *the)
{
	xsmcSetNumber(xsResult, (double)port_now() / 1000);
}

void xs_device_randomBytes(xsMachine *the)
{
	double length = xsmcToNumber(xsArg(0));
	void *bytes;
	xsUnsignedValue count;

	if (!(length >= 0 && length <= RANDOM_MAX))
		xsRangeError("length is out of range");
	xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)length);
	xsmcGetBufferWritable(xsResult, &bytes, &count);
	if (crypto_random(bytes, count) != 0)
		xs_throw(the, "no entropy");
}

void xs_device_nativeMemory(xsMachine *the)
{
	static const char *const names[PORT_SUBSYSTEMS] = {
		[PORT_ICE] = "ice",         [PORT_DTLS] = "dtls",   [PORT_SRTP] = "srtp",
		[PORT_RTP] = "rtp",         [PORT_AUDIO] = "audio", [PORT_OPUS] = "opus",
		[PORT_SCTP] = "sctp",       [PORT_PEER] = "peer",   [PORT_STREAM] = "stream",
		[PORT_BINDING] = "binding",
	};

	xsmcVars(1);
	xsmcSetNewObject(xsResult);
	for (int i = 0; i < PORT_SUBSYSTEMS; i++) {
		port_memory_usage usage = port_memory_of((port_subsystem)i);
		xsmcSetNewObject(xsVar(0));
		xs_set_number(the, &xsVar(0), "current", (double)usage.current);
		xs_set_number(the, &xsVar(0), "peak", (double)usage.peak);
		xs_set_number(the, &xsVar(0), "allocations", usage.allocations);
		xs_set_number(the, &xsVar(0), "failures", usage.failures);
		xsmcSet(xsResult, xsID((char *)names[i]), xsVar(0));
	}
}

void xs_device_nativePeak(xsMachine *the)
{
	xsmcSetNumber(xsResult, (double)port_memory_peak());
}

/** What the memory profile in force lets others send: { name, maxSignalBytes, maxDataBytes,
 * maxTextBytes, maxStreams }. */
void xs_device_memoryProfile(xsMachine *the)
{
	const port_profile *profile = port_profile_current();

	xsmcSetNewObject(xsResult);
	xs_set_text(the, &xsResult, "name", profile->name);
	xs_set_number(the, &xsResult, "maxSignalBytes", profile->max_signal);
	xs_set_number(the, &xsResult, "maxDataBytes", profile->max_data);
	xs_set_number(the, &xsResult, "maxTextBytes", profile->max_text);
	xs_set_number(the, &xsResult, "maxStreams", profile->max_streams);
}
