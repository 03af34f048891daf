#include "i2s_layout.h"

#define FRAME_MS 20
#define DESCRIPTOR_MAX 4092 /* bytes that a DMA descriptor can hold, in words */
/*
 * For the speaker two frames queued, one being written, one played; of the microphone, what is kept
 * for an audio thread that is held up.
 */
#define BUFFERED_MS 80
#define QUEUED_FRAMES 2

bool i2s_layout_make(i2s_layout *out, uint32_t sample_rate, uint8_t bits, uint8_t slots)
{
	uint32_t sample_bytes = (uint32_t)bits / 8 * slots;
	uint32_t ms = 10;

	if (sample_rate / 1000 * ms * sample_bytes > DESCRIPTOR_MAX)
		ms = 5;
	if (sample_bytes == 0 || sample_rate / 1000 * ms * sample_bytes > DESCRIPTOR_MAX)
		return false;
	*out = (i2s_layout){
		.bits = bits,
		.slots = slots,
		.descriptor_ms = (uint8_t)ms,
		.descriptor_count = (uint16_t)(sample_rate / 1000 * ms),
		.descriptor_bytes = sample_rate / 1000 * ms * sample_bytes,
		.frame_bytes = sample_rate / 1000 * FRAME_MS * sample_bytes,
		.frame_count = (uint16_t)(sample_rate / 1000 * FRAME_MS),
		.descriptors = (uint8_t)(BUFFERED_MS / ms),
	};
	return true;
}

void i2s_layout_take(const i2s_layout *layout, uint8_t slot, const void *raw, int16_t *samples)
{
	const int16_t *narrow = raw;
	const int32_t *wide = raw;

	for (size_t i = 0, at = slot; i < layout->frame_count; i++, at += layout->slots)
		samples[i] = layout->bits == 16 ? narrow[at] : (int16_t)(wide[at] >> 16);
}

void i2s_layout_put(const i2s_layout *layout, const int16_t *samples, void *raw)
{
	int16_t *narrow = raw;
	int32_t *wide = raw;

	for (size_t i = 0; i < layout->frame_count; i++)
		for (uint8_t slot = 0; slot < layout->slots; slot++) {
			if (layout->bits == 16)
				*narrow++ = samples[i];
			else
				*wide++ = samples[i] * 65536;
		}
}

void i2s_ledger_move(i2s_ledger *ledger, size_t bytes)
{
	atomic_fetch_add_explicit(&ledger->moved, (unsigned)bytes, memory_order_relaxed);
}

unsigned i2s_ledger_readable(i2s_ledger *ledger, const i2s_layout *layout, bool *overrun)
{
	unsigned moved = atomic_load_explicit(&ledger->moved, memory_order_relaxed);
	/* The driver's queue of full buffers has one less than there are: one is being filled. */
	unsigned kept = (layout->descriptors - 1u) * layout->descriptor_bytes;

	*overrun = moved - ledger->ours > kept;
	if (*overrun)
		ledger->ours = moved - kept;
	return (moved - ledger->ours) / layout->frame_bytes;
}

unsigned i2s_ledger_writable(i2s_ledger *ledger, const i2s_layout *layout, bool *underrun)
{
	unsigned moved = atomic_load_explicit(&ledger->moved, memory_order_relaxed);
	unsigned wanted = QUEUED_FRAMES * layout->frame_bytes;
	int queued = (int)(ledger->ours - moved);

	*underrun = queued < 0;
	if (queued < 0) {
		ledger->ours = moved; /* the hardware played silence */
		queued = 0;
	}
	if ((unsigned)queued >= wanted)
		return 0;
	return (wanted - (unsigned)queued + layout->frame_bytes - 1) / layout->frame_bytes;
}
