/* The assertions that peer_world.h uses, for a machine without cmocka: the first that fails ends
 * it. */
#ifndef LKXS_RV32_CHECK_H
#define LKXS_RV32_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

_Noreturn void check_fail(const char *file, int line, const char *what);
/** Ends the run with a line, should the processor find a fault. */
void check_catch_faults(void);

#define assert_true(condition) ((condition) ? (void)0 : check_fail(__FILE__, __LINE__, #condition))
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_int_equal(a, b) assert_true((uint64_t)(a) == (uint64_t)(b))
#define assert_memory_equal(a, b, length) assert_true(memcmp(a, b, length) == 0)
#define fail_msg(...) (printf(__VA_ARGS__), check_fail(__FILE__, __LINE__, "failed"))

#endif
