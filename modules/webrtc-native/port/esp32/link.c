/* The network interfaces: their addresses, and the events that tell of changes. */
#include <errno.h>
#include <esp_err.h>
#include <esp_event.h>
#include <esp_netif.h>
#include <sdkconfig.h>
#include <string.h>

#include "../common/platform.h"

typedef struct {
	net_address *out;
	int max, count;
} address_list;

static void add(address_list *list, uint8_t family, const void *ip)
{
	net_address address = {.family = family};

	memcpy(address.ip, ip, family == 6 ? 16 : 4);
	if (list->count < list->max && !(family == 6 && net_address_is_link_local(&address)))
		list->out[list->count++] = address;
}

/* On lwIP's thread: the list of interfaces is its own. */
static esp_err_t collect(void *context)
{
	address_list *list = context;

	for (esp_netif_t *at = esp_netif_next_unsafe(NULL); at; at = esp_netif_next_unsafe(at)) {
		esp_netif_ip_info_t four;
		esp_ip6_addr_t six[CONFIG_LWIP_IPV6_NUM_ADDRESSES];

		if (!esp_netif_is_netif_up(at))
			continue;
		if (esp_netif_get_ip_info(at, &four) == ESP_OK && four.ip.addr != 0)
			add(list, 4, &four.ip.addr);
		int count = esp_netif_get_all_preferred_ip6(at, six);
		for (int i = 0; i < count; i++)
			add(list, 6, six[i].addr);
	}
	return ESP_OK;
}

int platform_addresses(net_address *out, int max, bool loopback)
{
	address_list list = {.out = out, .max = max};

	if (loopback) {
		static const uint8_t localhost[4] = {127, 0, 0, 1};
		add(&list, 4, localhost);
	}
	if (esp_netif_tcpip_exec(collect, &list) != ESP_OK) {
		errno = ENETDOWN;
		return -1;
	}
	return list.count;
}

static void on_event(void *context, esp_event_base_t base, int32_t id, void *data)
{
	(void)context, (void)base, (void)data;
	if (id != IP_EVENT_TX_RX) /* that one comes with each packet, where it is switched on */
		link_look();
}

static esp_event_handler_instance_t watching;

bool platform_link_watch(void)
{
	return esp_event_handler_instance_register(IP_EVENT, ESP_EVENT_ANY_ID, on_event, NULL,
											   &watching) == ESP_OK;
}

void platform_link_unwatch(void)
{
	esp_event_handler_instance_unregister(IP_EVENT, ESP_EVENT_ANY_ID, watching);
}
