/* Entropy from the kernel: getentropy(), or /dev/urandom where the kernel is too old for it. */
#include "../../core/port.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#define GETENTROPY_MAX 256 /* bytes a call gives at most */

static int from_device(uint8_t *out, size_t length)
{
	int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return -1;
	while (length > 0) {
		ssize_t got = read(file, out, length);
		if (got <= 0)
			break;
		out += got;
		length -= (size_t)got;
	}
	close(file);
	return length > 0 ? -1 : 0;
}

int port_entropy(uint8_t *out, size_t length)
{
	while (length > 0) {
		size_t part = length < GETENTROPY_MAX ? length : GETENTROPY_MAX;
		if (getentropy(out, part) != 0)
			return from_device(out, length);
		out += part;
		length -= part;
	}
	return 0;
}
