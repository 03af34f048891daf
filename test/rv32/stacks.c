#include "stacks.h"

#include <stdint.h>

#include "check.h"

#define WORDS 16384
#define PAINT 0x5eed5eedu

static uint32_t stacks[STACKS][WORDS] __attribute__((aligned(16)));

/* void stack_switch(work, argument, top): the old stack pointer is kept on the new stack. */
void stack_switch(void (*work)(void *), void *argument, uint32_t *top);
__asm__(".text\n"
		".globl stack_switch\n"
		"stack_switch:\n"
		"	addi a2, a2, -16\n"
		"	sw sp, 0(a2)\n"
		"	sw ra, 4(a2)\n"
		"	mv sp, a2\n"
		"	mv t0, a0\n"
		"	mv a0, a1\n"
		"	jalr t0\n"
		"	lw ra, 4(sp)\n"
		"	lw sp, 0(sp)\n"
		"	ret\n");

void stack_paint_all(void)
{
	for (int task = 0; task < STACKS; task++)
		for (size_t i = 0; i < WORDS; i++)
			stacks[task][i] = PAINT;
}

void stack_run(stack_task task, void (*work)(void *argument), void *argument)
{
	stack_switch(work, argument, stacks[task] + WORDS);
	assert_true(stacks[task][0] == PAINT);
}

size_t stack_depth(stack_task task)
{
	size_t untouched = 0;

	while (untouched < WORDS && stacks[task][untouched] == PAINT)
		untouched++;
	return (WORDS - untouched) * sizeof(uint32_t);
}

const char *stack_name(stack_task task)
{
	static const char *const names[] = {"transport", "audio", "audio.internal", "worker"};

	return names[task];
}
