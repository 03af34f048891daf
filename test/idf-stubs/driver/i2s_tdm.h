#pragma once

#include "driver/i2s_common.h"

typedef enum { I2S_TDM_SLOT0 = 1 } i2s_tdm_slot_mask_t;

typedef struct {
	i2s_data_bit_width_t data_bit_width;
	i2s_slot_bit_width_t slot_bit_width;
	i2s_slot_mode_t slot_mode;
	i2s_tdm_slot_mask_t slot_mask;
	uint32_t ws_width;
	bool ws_pol, bit_shift, left_align, big_endian, bit_order_lsb, skip_mask;
	uint32_t total_slot;
} i2s_tdm_slot_config_t;

typedef struct {
	uint32_t sample_rate_hz;
	i2s_clock_src_t clk_src;
	uint32_t ext_clk_freq_hz;
	i2s_mclk_multiple_t mclk_multiple;
	uint32_t bclk_div;
} i2s_tdm_clk_config_t;

typedef struct {
	gpio_num_t mclk, bclk, ws, dout, din;
	struct {
		uint32_t mclk_inv : 1, bclk_inv : 1, ws_inv : 1;
	} invert_flags;
} i2s_tdm_gpio_config_t;

typedef struct {
	i2s_tdm_clk_config_t clk_cfg;
	i2s_tdm_slot_config_t slot_cfg;
	i2s_tdm_gpio_config_t gpio_cfg;
} i2s_tdm_config_t;

#define I2S_TDM_CLK_DEFAULT_CONFIG(rate)                                                           \
	{                                                                                              \
		.sample_rate_hz = rate, .clk_src = I2S_CLK_SRC_DEFAULT,                                    \
		.mclk_multiple = I2S_MCLK_MULTIPLE_256, .bclk_div = 8,                                     \
	}
#define I2S_TDM_PHILIPS_SLOT_DEFAULT_CONFIG(bits_per_sample, mono_or_stereo, mask)                 \
	{                                                                                              \
		.data_bit_width = (bits_per_sample), .slot_mode = mono_or_stereo, .slot_mask = (mask),     \
		.bit_shift = true,                                                                         \
	}

esp_err_t i2s_channel_init_tdm_mode(i2s_chan_handle_t handle, const i2s_tdm_config_t *tdm_cfg);
