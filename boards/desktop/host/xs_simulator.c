/* The module simulator, and the file behind the module preference. */

#include "xsAll.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"
#include "link.h"

void xs_simulator_exit(xsMachine *the)
{
	int status = 0;
	if (xsToInteger(xsArgc) > 0 && xsTypeOf(xsArg(0)) != xsUndefinedType)
		status = xsToInteger(xsArg(0));
	host_exit(the, status);
}

/* A line on stderr, after all that was traced before it. */
void xs_simulator_complain(xsMachine *the)
{
	fflush(stdout);
	fprintf(stderr, "%s\n", xsToString(xsArg(0)));
}

void xs_simulator_args(xsMachine *the)
{
	const host *host = host_of(the);
	size_t i;
	xsResult = xsNewArray(0);
	for (i = 0; i < host->arg_count; i++)
		xsSetIndex(xsResult, (xsIndex)i, xsString(host->args[i]));
}

void xs_simulator_onTerminate(xsMachine *the)
{
	host *host = host_of(the);
	/* A remembered slot is a link of XS's list of roots: assigning to it would cut the list. */
	xsForget(host->on_terminate);
	host->on_terminate = xsArg(0);
	xsRemember(host->on_terminate);
}

void xs_simulator_readFile(xsMachine *the)
{
	size_t length;
	char *text = host_read_file(xsToString(xsArg(0)), &length);
	if (text == NULL)
		xsUnknownError("%s: %s", xsToString(xsArg(0)), strerror(errno));
	xsResult = xsStringBuffer(text, (xsIntegerValue)length);
	free(text);
}

/* Through a file beside it, so that a reader sees the old text or the new. 0 or errno. */
static int replace_file(const char *path, const char *text, mode_t mode)
{
	char beside[1024];
	size_t length = strlen(text);
	int failed = 0;
	int file;
	if (snprintf(beside, sizeof(beside), "%s.%d", path, (int)getpid()) >= (int)sizeof(beside))
		return ENAMETOOLONG;
	file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (file < 0)
		return errno;
	while (length > 0 && failed == 0) {
		ssize_t written = write(file, text, length);
		if (written < 0) {
			failed = errno;
		} else {
			text += written;
			length -= (size_t)written;
		}
	}
	if (close(file) != 0 && failed == 0)
		failed = errno;
	if (failed == 0 && rename(beside, path) != 0)
		failed = errno;
	if (failed != 0)
		unlink(beside);
	return failed;
}

void xs_simulator_writeFile(xsMachine *the)
{
	int failed;
	/* Both are strings before either one's bytes are looked at: a conversion may move them. */
	fxToString(the, &xsArg(0));
	fxToString(the, &xsArg(1));
	failed = replace_file(xsArg(0).value.string, xsArg(1).value.string, 0666);
	if (failed != 0)
		xsUnknownError("%s: %s", xsToString(xsArg(0)), strerror(failed));
}

static void state_path(xsMachine *the, char *path, size_t size)
{
	const host *host = host_of(the);
	if (host->state == NULL)
		xsUnknownError("nowhere to store: start xs-host with --state DIR");
	mkdir(host->state, 0700);
	if (snprintf(path, size, "%s/preferences.json", host->state) >= (int)size)
		xsUnknownError("%s: %s", host->state, strerror(ENAMETOOLONG));
}

/** The text that was stored, undefined when none was. */
void xs_preference_read(xsMachine *the)
{
	char path[1000];
	size_t length;
	char *text;
	state_path(the, path, sizeof(path));
	text = host_read_file(path, &length);
	if (text == NULL && errno != ENOENT)
		xsUnknownError("%s: %s", path, strerror(errno));
	if (text != NULL) {
		xsResult = xsStringBuffer(text, (xsIntegerValue)length);
		free(text);
	}
}

/** Only the user can read it: an app stores tokens and keys. */
void xs_preference_write(xsMachine *the)
{
	char path[1000];
	int failed;
	state_path(the, path, sizeof(path));
	failed = replace_file(path, xsToString(xsArg(0)), 0600);
	if (failed != 0)
		xsUnknownError("%s: %s", path, strerror(failed));
}

static void set_number(xsMachine *the, char *name, double value)
{
	xsVar(0) = xsNumber(value);
	xsSet(xsResult, xsID(name), xsVar(0));
}

void xs_simulator_heap(xsMachine *the)
{
	xsVars(1);
	xsResult = xsNewObject();
	set_number(the, "slots", the->currentHeapCount);
	set_number(the, "slotsPeak", the->peakHeapCount);
	set_number(the, "chunkBytes", the->currentChunksSize);
	set_number(the, "chunkBytesPeak", the->peakChunksSize);
}

void xs_simulator_collect(xsMachine *the)
{
	xsCollectGarbage();
}

/*
 * Linux keeps the high-water mark of this program in /proc; getrusage's begins with what the parent
 * had when it forked.
 */
static double peak_resident_bytes(void)
{
	struct rusage usage;
	FILE *status = fopen("/proc/self/status", "r");
	char line[128];
	long kilobytes = 0;
	if (status != NULL) {
		while (kilobytes == 0 && fgets(line, sizeof(line), status) != NULL) {
			if (strncmp(line, "VmHWM:", 6) == 0)
				kilobytes = strtol(line + 6, NULL, 10);
		}
		fclose(status);
	}
	if (kilobytes > 0)
		return (double)kilobytes * 1024;
	getrusage(RUSAGE_SELF, &usage);
#if mxMacOSX
	return (double)usage.ru_maxrss;
#else
	return (double)usage.ru_maxrss * 1024;
#endif
}

void xs_simulator_rss(xsMachine *the)
{
	xsResult = xsNumber(peak_resident_bytes());
}

void xs_simulator_pretendLink(xsMachine *the)
{
	if (xsToInteger(xsArgc) == 0 || xsTypeOf(xsArg(0)) == xsUndefinedType)
		port_link_pretend(PORT_LINK_REAL);
	else
		port_link_pretend(xsTest(xsArg(0)) ? PORT_LINK_UP : PORT_LINK_DOWN);
}
