/*
 * What fuzz targets share. An input is a list of steps: a kind (1), a length (2, big endian) and
 * that many bytes. A last step that says more than there is gets what there is.
 */
#ifndef LKXS_FUZZ_H
#define LKXS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

_Noreturn void fuzz_fail(const char *condition, const char *file, int line);

/** `bytes` is a copy on the heap, no longer than it is: the sanitizer sees one byte too far. */
typedef void fuzz_step(void *context, uint8_t kind, uint8_t *bytes, size_t length);

void fuzz_steps(const uint8_t *data, size_t size, fuzz_step *step, void *context);
/** Memory for exactly `length` bytes, for free(). */
uint8_t *fuzz_exact(const uint8_t *bytes, size_t length);

/**
 * The targets' port_entropy() and time() are the same in every run, so that an input does the same
 * whenever it is played. Each input starts with fuzz_entropy(0); numbers begin other sequences.
 * Returns where the sequence before was, to go on with it later.
 */
uint64_t fuzz_entropy(uint64_t sequence);

#endif
