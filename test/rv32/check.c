#include "check.h"

#include <stdlib.h>

_Noreturn void check_fail(const char *file, int line, const char *what)
{
	printf("%s:%d: %s\n", file, line, what);
	exit(1);
}

__attribute__((interrupt)) static void on_fault(void)
{
	uint32_t cause, at, value;

	__asm__ volatile("csrr %0, mcause" : "=r"(cause));
	__asm__ volatile("csrr %0, mepc" : "=r"(at));
	__asm__ volatile("csrr %0, mtval" : "=r"(value));
	printf("fault %u at %#x, value %#x\n", (unsigned)cause, (unsigned)at, (unsigned)value);
	exit(1);
}

void check_catch_faults(void)
{
	__asm__ volatile("csrw mtvec, %0" : : "r"(on_fault));
}
