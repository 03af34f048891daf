/*
 * The parts of the engine that the SDK's linker leaves out for a device, left out of the 32-bit
 * host for the slots they take: the names and lengths of functions.
 */
#ifdef LKXS_STRIPPED

#define gxDefaults gxFullDefaults
#include "xsAll.h"
#undef gxDefaults

txDefaults gxDefaults;

__attribute__((constructor)) static void strip(void)
{
	gxDefaults = gxFullDefaults;
	gxDefaults.newFunctionLength = NULL;
	gxDefaults.newFunctionName = NULL;
}

#endif
