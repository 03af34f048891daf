/* Hooks between the parts of the core (ld --wrap): counts, and a stack for each task. */
#ifndef LKXS_RV32_HOOKS_H
#define LKXS_RV32_HOOKS_H

#include "peer.h"

/** Whose work a peer's is from here on: COUNT_OWNERS numbers, from 1. */
void hook_owner(int owner, const peer *core);

#endif
