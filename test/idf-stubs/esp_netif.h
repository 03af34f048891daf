#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"
#include "esp_event.h"

typedef struct esp_netif_obj esp_netif_t;

typedef struct {
	uint32_t addr;
} esp_ip4_addr_t;

typedef struct {
	uint32_t addr[4];
	uint8_t zone;
} esp_ip6_addr_t;

typedef struct {
	esp_ip4_addr_t ip, netmask, gw;
} esp_netif_ip_info_t;

/* Of ip_event_t; its value stands for itself only. */
enum { IP_EVENT_TX_RX = 12 };

extern esp_event_base_t const IP_EVENT;

typedef esp_err_t (*esp_netif_callback_fn)(void *ctx);

esp_netif_t *esp_netif_next_unsafe(esp_netif_t *esp_netif);
bool esp_netif_is_netif_up(esp_netif_t *esp_netif);
esp_err_t esp_netif_get_ip_info(esp_netif_t *esp_netif, esp_netif_ip_info_t *ip_info);
int esp_netif_get_all_preferred_ip6(esp_netif_t *esp_netif, esp_ip6_addr_t if_ip6[]);
esp_err_t esp_netif_tcpip_exec(esp_netif_callback_fn fn, void *ctx);
