/* What port/common asks of ESP-IDF: memory, threads, waiting. */
#include "../common/platform.h"

#include <esp_err.h>
#include <esp_heap_caps.h>
#include <esp_pthread.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <sys/time.h>

#include "../transport.h"

void *platform_memory(size_t size, port_place place)
{
	const uint32_t internal = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;

	if (place == PORT_INTERNAL)
		return heap_caps_calloc(1, size, internal);
	/* What may be outside is inside on a board without PSRAM, or when that is full. */
	return heap_caps_calloc_prefer(1, size, 2, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT, internal);
}

void platform_memory_free(void *memory)
{
	heap_caps_free(memory);
}

int platform_thread(port_task task, pthread_t *thread, void *(*run)(void *context), void *context)
{
	const port_task_profile *profile = &port_profile_current()->tasks[task];
	esp_pthread_cfg_t before, config = esp_pthread_get_default_config();
	bool restore = esp_pthread_get_cfg(&before) == ESP_OK;

	config.thread_name = profile->name;
	config.stack_size = profile->stack;
	config.prio = profile->priority;
	config.pin_to_core =
		profile->core == PORT_ANY_CORE || portNUM_PROCESSORS == 1 ? tskNO_AFFINITY : profile->core;
	config.stack_alloc_caps = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;
	if (esp_pthread_set_cfg(&config) != ESP_OK)
		return -1;
	int result = pthread_create(thread, NULL, run, context);
	/* The configuration is the calling thread's: what it starts next is its own affair. */
	if (!restore)
		before = esp_pthread_get_default_config();
	esp_pthread_set_cfg(&before);
	return result == 0 ? 0 : -1;
}

void platform_wait_init(pthread_cond_t *condition)
{
	pthread_cond_init(condition, NULL);
}

/* IDF's waits are on the time of day, and are made relative at once: it may be set meanwhile. */
void platform_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t deadline)
{
	uint64_t now = port_now();
	uint64_t left = deadline > now ? deadline - now : 0;
	struct timeval time;

	gettimeofday(&time, NULL);
	uint64_t until = (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec + left;
	const struct timespec at = {.tv_sec = (time_t)(until / 1000000),
								.tv_nsec = (long)(until % 1000000) * 1000};
	pthread_cond_timedwait(condition, mutex, &at);
}
