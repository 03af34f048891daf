/* What a board's sdkconfig would say. */
#pragma once

#define CONFIG_LWIP_IPV6_NUM_ADDRESSES 3
#define CONFIG_LKXS_PROFILE_PSRAM 1
#define CONFIG_SOC_WIFI_SUPPORTED 1
