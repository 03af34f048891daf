/* A bug that libFuzzer finds at once: proof that the targets beside it would tell theirs. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = fuzz_exact(data, size);
	volatile uint8_t read = 0;

	if (size > 1 && bytes[0] == 'L')
		read = bytes[size];
	(void)read;
	free(bytes);
	return 0;
}
