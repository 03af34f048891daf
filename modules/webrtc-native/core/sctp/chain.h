/*
 * A fixed pool of small blocks, and chains of them that hold chunks' bytes: what bounds the
 * memory of an association. Index 0 is no block.
 */
#ifndef LKXS_SCTP_CHAIN_H
#define LKXS_SCTP_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_SIZE 128
#define BLOCK_BYTES (BLOCK_SIZE - sizeof(uint16_t))
#define NO_BLOCK 0

typedef struct {
	uint8_t bytes[BLOCK_BYTES];
	uint16_t next;
} chain_block;

typedef struct {
	chain_block *blocks;
	uint16_t count; /* of blocks that can be had */
	uint16_t free_count;
	uint16_t free_first;
} chain_pool;

/** False without memory. `count` is at most 65,535. */
bool chain_pool_create(chain_pool *pool, uint32_t count);
void chain_pool_free(chain_pool *pool);

/** Blocks that a head of `head` bytes and `length` bytes behind it take. */
size_t chain_blocks(size_t head, size_t length);
/**
 * A chain that begins with `head` bytes of room, to be filled through chain_head(), and `length`
 * bytes copied behind. NO_BLOCK when there are not blocks enough; `head` fits one block.
 */
uint16_t chain_make(chain_pool *pool, size_t head, const uint8_t *bytes, size_t length);
void *chain_head(const chain_pool *pool, uint16_t chain);
/** Copies `length` bytes from behind the head. The chain must have them. */
void chain_copy(const chain_pool *pool, uint16_t chain, size_t head, uint8_t *out, size_t length);
/** Frees all but the first block. */
void chain_trim(chain_pool *pool, uint16_t chain);
void chain_free(chain_pool *pool, uint16_t chain);

#endif
