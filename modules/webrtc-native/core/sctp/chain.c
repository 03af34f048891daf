#include "chain.h"

#include <string.h>

#include "../port.h"

_Static_assert(sizeof(chain_block) == BLOCK_SIZE, "no padding");

bool chain_pool_create(chain_pool *pool, uint32_t count)
{
	pool->blocks = port_alloc((count + 1) * sizeof *pool->blocks, PORT_EXTERNAL, PORT_SCTP);
	if (pool->blocks == NULL)
		return false;
	pool->count = pool->free_count = (uint16_t)count;
	pool->free_first = 1;
	for (uint32_t i = 1; i < count; i++)
		pool->blocks[i].next = (uint16_t)(i + 1);
	return true;
}

void chain_pool_free(chain_pool *pool)
{
	port_free(pool->blocks);
}

size_t chain_blocks(size_t head, size_t length)
{
	return (head + length + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

static uint16_t take(chain_pool *pool)
{
	uint16_t block = pool->free_first;

	pool->free_first = pool->blocks[block].next;
	pool->blocks[block].next = NO_BLOCK;
	pool->free_count--;
	return block;
}

uint16_t chain_make(chain_pool *pool, size_t head, const uint8_t *bytes, size_t length)
{
	if (chain_blocks(head, length) > pool->free_count)
		return NO_BLOCK;

	uint16_t first = take(pool), last = first;
	size_t at = head;

	while (length > 0) {
		if (at == BLOCK_BYTES) {
			last = pool->blocks[last].next = take(pool);
			at = 0;
		}
		size_t part = BLOCK_BYTES - at < length ? BLOCK_BYTES - at : length;

		memcpy(pool->blocks[last].bytes + at, bytes, part);
		at += part;
		bytes += part;
		length -= part;
	}
	return first;
}

void *chain_head(const chain_pool *pool, uint16_t chain)
{
	return pool->blocks[chain].bytes;
}

void chain_copy(const chain_pool *pool, uint16_t chain, size_t head, uint8_t *out, size_t length)
{
	size_t at = head;

	while (length > 0) {
		if (at == BLOCK_BYTES) {
			chain = pool->blocks[chain].next;
			at = 0;
		}
		size_t part = BLOCK_BYTES - at < length ? BLOCK_BYTES - at : length;

		memcpy(out, pool->blocks[chain].bytes + at, part);
		at += part;
		out += part;
		length -= part;
	}
}

void chain_trim(chain_pool *pool, uint16_t chain)
{
	chain_free(pool, pool->blocks[chain].next);
	pool->blocks[chain].next = NO_BLOCK;
}

void chain_free(chain_pool *pool, uint16_t chain)
{
	while (chain != NO_BLOCK) {
		uint16_t next = pool->blocks[chain].next;

		pool->blocks[chain].next = pool->free_first;
		pool->free_first = chain;
		pool->free_count++;
		chain = next;
	}
}
