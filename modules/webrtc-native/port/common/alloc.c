/* port_alloc: every byte is on some subsystem's account. */
#include "../../core/port.h"

#include <stdatomic.h>
#include <stddef.h>

#include "../profile.h"
#include "heap.h"

/* Goes before each block, and keeps what follows aligned as the heap's own blocks are. */
typedef union {
	struct {
		size_t size;
		uint8_t subsystem;
	} block;
	max_align_t align;
} header;

typedef struct {
	atomic_size_t current, peak;
	atomic_uint_least32_t allocations, failures;
} account;

static account accounts[PORT_SUBSYSTEMS + 1], all; /* the last one is PORT_FLASH's */

static void note_peak(account *payer, size_t current)
{
	size_t peak = atomic_load(&payer->peak);
	while (current > peak && !atomic_compare_exchange_weak(&payer->peak, &peak, current))
		;
}

static size_t budget_of(port_subsystem subsystem)
{
	return subsystem == PORT_FLASH ? PORT_NO_LIMIT : port_profile_current()->budget[subsystem];
}

void *port_alloc(size_t size, port_place place, port_subsystem subsystem)
{
	account *payer = &accounts[subsystem];
	header *head = NULL;
	size_t current = 0;

	if (size <= SIZE_MAX - sizeof(*head)) {
		/* Paid for before it is there: two threads cannot both take the last of a budget. */
		current = atomic_fetch_add(&payer->current, size) + size;
		if (current <= budget_of(subsystem))
			head = platform_memory(sizeof(*head) + size, place);
		if (!head)
			atomic_fetch_sub(&payer->current, size);
	}
	if (!head) {
		atomic_fetch_add(&payer->failures, 1);
		return NULL;
	}
	head->block.size = size;
	head->block.subsystem = (uint8_t)subsystem;

	note_peak(payer, current);
	if (subsystem != PORT_FLASH)
		note_peak(&all, atomic_fetch_add(&all.current, size) + size);
	atomic_fetch_add(&payer->allocations, 1);
	return head + 1;
}

void port_free(void *memory)
{
	if (!memory)
		return;
	header *head = (header *)memory - 1;
	atomic_fetch_sub(&accounts[head->block.subsystem].current, head->block.size);
	if (head->block.subsystem != PORT_FLASH)
		atomic_fetch_sub(&all.current, head->block.size);
	platform_memory_free(head);
}

port_memory_usage port_memory_of(port_subsystem subsystem)
{
	account *payer = &accounts[subsystem];

	return (port_memory_usage){
		.current = atomic_load(&payer->current),
		.peak = atomic_load(&payer->peak),
		.budget = budget_of(subsystem),
		.allocations = (uint32_t)atomic_load(&payer->allocations),
		.failures = (uint32_t)atomic_load(&payer->failures),
	};
}

size_t port_memory_peak(void)
{
	return atomic_load(&all.peak);
}
