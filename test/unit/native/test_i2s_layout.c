/* Sound in I2S's DMA buffers: sizes, slots, and who is ahead of whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <string.h>

#include "esp32/i2s_layout.c" /* the only file of that port that is not the device's alone */

static void descriptors_are_10_ms_or_5(void **state)
{
	static const struct {
		uint32_t rate;
		uint8_t bits, slots, ms;
		uint32_t bytes;
	} rows[] = {
		{16000, 16, 1, 10, 320},  {16000, 16, 2, 10, 640},  {16000, 32, 2, 10, 1280},
		{16000, 16, 4, 10, 1280}, {24000, 32, 4, 10, 3840}, {48000, 16, 2, 10, 1920},
		{48000, 16, 4, 10, 3840}, {48000, 32, 4, 5, 3840},  {48000, 16, 8, 5, 3840},
		{16000, 32, 8, 5, 2560},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		i2s_layout layout;
		assert_true(i2s_layout_make(&layout, rows[i].rate, rows[i].bits, rows[i].slots));
		assert_int_equal(layout.descriptor_ms, rows[i].ms);
		assert_int_equal(layout.descriptor_bytes, rows[i].bytes);
		assert_true(layout.descriptor_bytes <= 4092);
		assert_int_equal(layout.frame_bytes, layout.descriptor_bytes * 20 / layout.descriptor_ms);
		assert_int_equal(layout.frame_count, rows[i].rate / 50);
		assert_int_equal(layout.descriptors * layout.descriptor_ms, 80);
	}
	i2s_layout none;
	assert_false(i2s_layout_make(&none, 48000, 32, 8));
	assert_false(i2s_layout_make(&none, 48000, 16, 0));
}

static void takes_one_slot_and_fills_all(void **state)
{
	static int32_t wide[320 * 4];
	static int16_t narrow[320 * 4], samples[320], back[320];
	i2s_layout layout;

	(void)state;
	for (int i = 0; i < 320; i++)
		samples[i] = (int16_t)(i * 205 - 32768);
	for (uint8_t slots = 1; slots <= 4; slots++) {
		assert_true(i2s_layout_make(&layout, 16000, 16, slots));
		i2s_layout_put(&layout, samples, narrow);
		for (uint8_t slot = 0; slot < slots; slot++) {
			i2s_layout_take(&layout, slot, narrow, back);
			assert_memory_equal(back, samples, sizeof samples);
		}
		assert_true(i2s_layout_make(&layout, 16000, 32, slots));
		i2s_layout_put(&layout, samples, wide);
		i2s_layout_take(&layout, (uint8_t)(slots - 1), wide, back);
		assert_memory_equal(back, samples, sizeof samples);
	}
	/* The third of four microphones, 24 bits in 32. */
	memset(wide, 0, sizeof wide);
	for (int i = 0; i < 320; i++)
		wide[4 * i + 2] = samples[i] * 65536 + 0x7f00;
	i2s_layout_take(&layout, 2, wide, back);
	assert_memory_equal(back, samples, sizeof samples);
}

static void microphone_frames_come_whole_and_the_oldest_are_lost(void **state)
{
	i2s_layout layout;
	i2s_ledger ledger = {0};
	bool overrun;

	(void)state;
	assert_true(i2s_layout_make(&layout, 16000, 16, 2));
	/* Both counters are about to wrap. */
	atomic_init(&ledger.moved, UINT_MAX - layout.descriptor_bytes + 1);
	ledger.ours = UINT_MAX - layout.descriptor_bytes + 1;

	assert_int_equal(i2s_ledger_readable(&ledger, &layout, &overrun), 0);
	i2s_ledger_move(&ledger, layout.descriptor_bytes);
	assert_int_equal(i2s_ledger_readable(&ledger, &layout, &overrun), 0);
	i2s_ledger_move(&ledger, layout.descriptor_bytes);
	assert_int_equal(i2s_ledger_readable(&ledger, &layout, &overrun), 1);
	assert_false(overrun);
	ledger.ours += layout.frame_bytes;
	assert_int_equal(i2s_ledger_readable(&ledger, &layout, &overrun), 0);

	/* Held up for 70 ms: all of it is there. For 10 ms more: the first 10 are not. */
	for (int i = 0; i < 7; i++)
		i2s_ledger_move(&ledger, layout.descriptor_bytes);
	assert_int_equal(i2s_ledger_readable(&ledger, &layout, &overrun), 3);
	assert_false(overrun);
	i2s_ledger_move(&ledger, layout.descriptor_bytes);
	assert_int_equal(i2s_ledger_readable(&ledger, &layout, &overrun), 3);
	assert_true(overrun);
	assert_int_equal(i2s_ledger_readable(&ledger, &layout, &overrun), 3);
	assert_false(overrun);
}

static void speaker_is_two_frames_ahead(void **state)
{
	i2s_layout layout;
	i2s_ledger ledger = {0};
	bool underrun;

	(void)state;
	assert_true(i2s_layout_make(&layout, 16000, 16, 2));
	assert_int_equal(i2s_ledger_writable(&ledger, &layout, &underrun), 2);
	assert_false(underrun);
	ledger.ours += 2 * layout.frame_bytes;
	assert_int_equal(i2s_ledger_writable(&ledger, &layout, &underrun), 0);

	/* A tick of 20 ms later one is played, a tick of 30 ms later as good as two. */
	i2s_ledger_move(&ledger, 2 * layout.descriptor_bytes);
	assert_int_equal(i2s_ledger_writable(&ledger, &layout, &underrun), 1);
	ledger.ours += layout.frame_bytes;
	i2s_ledger_move(&ledger, 3 * layout.descriptor_bytes);
	assert_int_equal(i2s_ledger_writable(&ledger, &layout, &underrun), 2);
	assert_false(underrun);
	/* What is written never exceeds the buffers that the hardware does not play from. */
	assert_true(10 + 2 * 20 <= (layout.descriptors - 1) * layout.descriptor_ms);

	/* Too late: silence was played, and it begins anew with two. */
	i2s_ledger_move(&ledger, 2 * layout.descriptor_bytes);
	assert_int_equal(i2s_ledger_writable(&ledger, &layout, &underrun), 2);
	assert_true(underrun);
	assert_int_equal(i2s_ledger_writable(&ledger, &layout, &underrun), 2);
	assert_false(underrun);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_are_10_ms_or_5),
		cmocka_unit_test(takes_one_slot_and_fills_all),
		cmocka_unit_test(microphone_frames_come_whole_and_the_oldest_are_lost),
		cmocka_unit_test(speaker_is_two_frames_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
