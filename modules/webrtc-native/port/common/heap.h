/* What port_alloc() asks of the platform; port/posix and port/esp32 each implement it. */
#ifndef LKXS_COMMON_HEAP_H
#define LKXS_COMMON_HEAP_H

#include "../../core/port.h"

/** Zeroed memory from the heap, or NULL; no accounts are kept here. */
void *platform_memory(size_t size, port_place place);
void platform_memory_free(void *memory);

#endif
