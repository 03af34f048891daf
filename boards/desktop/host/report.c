/* How an app that fails is reported: once, on stderr, with the lines of its TypeScript. */

#include "xsAll.h"

#include <stdio.h>

#include "host.h"

#define STACK_LINES 16

void host_exit(xsMachine *the, int status)
{
	host *host = host_of(the);
	fflush(stdout);
	if (host == NULL || the->firstJump == NULL)
		exit(status);
	host->status = status;
	fxExitToHost(the);
}

/* The next line of a stack that has a position, "… (file:line)"; host functions have none. */
static const char *next_frame(const char *at, const char **open, const char **end)
{
	while ((at = strstr(at, "\n at")) != NULL) {
		const char *stop = strchr(at + 1, '\n');
		*end = stop != NULL ? stop : at + strlen(at);
		*open = *end;
		while (*open > at && **open != '(')
			(*open)--;
		if (*end - *open > 2)
			return at;
		at = *end;
	}
	return NULL;
}

static const host_module *module_at(const host_app *app, const char *source, size_t length)
{
	size_t i;
	for (i = 0; i < app->module_count; i++) {
		const char *text = app->modules[i].source;
		if (strncmp(text, source, length) == 0 && text[length] == 0)
			return &app->modules[i];
	}
	return NULL;
}

static bool is_preloaded(const host_app *app, const char *name)
{
	size_t i;
	for (i = 0; i < app->preload_count; i++) {
		if (strcmp(app->preload[i], name) == 0)
			return true;
	}
	return false;
}

/* Why a write may have failed that works in other engines, with the module `at` as its place. */
static void explain_flash(const host_app *app, const char *message, size_t length, const char *at,
						  const char *end)
{
	static const char *const refusals[] = {"read-only", "not writable", "not extensible"};
	const host_module *module;
	char text[256];
	size_t i;
	snprintf(text, sizeof(text), "%.*s", (int)length, message);
	for (i = 0; strstr(text, refusals[i]) == NULL;) {
		if (++i == sizeof(refusals) / sizeof(refusals[0]))
			return;
	}
	while (end > at && *end != ':')
		end--;
	module = module_at(app, at, (size_t)(end - at));
	if (module != NULL && is_preloaded(app, module->name))
		fprintf(stderr, "; %s is preloaded: what it made then is in flash", module->name);
	else if (i == 0)
		fprintf(stderr, "; a preloaded module made it: it is in flash");
}

/* file:line: what, and the frames that have a position. */
static void print_stack(const host_app *app, const char *what, const char *stack)
{
	const char *message_end = strstr(stack, "\n at");
	const char *open;
	const char *end;
	const char *at = next_frame(stack, &open, &end);
	if (message_end == NULL)
		message_end = stack + strlen(stack);
	if (at != NULL)
		fprintf(stderr, "%.*s: ", (int)(end - open - 2), open + 1);
	fprintf(stderr, "%s%.*s", what, (int)(message_end - stack), stack);
	if (at != NULL)
		explain_flash(app, stack, (size_t)(message_end - stack), open + 1, end - 1);
	fputc('\n', stderr);
	for (; at != NULL; at = next_frame(end, &open, &end))
		fprintf(stderr, "%.*s\n", (int)(end - at - 1), at + 1);
}

/* In a frame of its own, which the end of the machine takes away. */
static void report_exception(xsMachine *the, const char *what)
{
	fxBeginHost(the);
	xsTry
	{
		xsVars(2);
		xsVar(0) = xsException;
		xsVar(1) = xsUndefined;
		if (xsTypeOf(xsVar(0)) == xsReferenceType)
			xsVar(1) = xsGet(xsVar(0), xsID("stack"));
		if (xsTypeOf(xsVar(1)) == xsUndefinedType)
			xsVar(1) = xsVar(0);
		print_stack(&host_of(the)->app, what, xsToString(xsVar(1)));
	}
	xsCatch
	{
		fprintf(stderr, "%san exception that has no text\n", what);
	}
}

/* The machine may be full: nothing here allocates. */
static void report_abort(xsMachine *the, const char *why)
{
	txSlot *frame = the->frame;
	bool first = true;
	int lines = 0;
	char name[128];
	for (; frame != NULL && frame->next != NULL && lines < STACK_LINES; frame = frame->next) {
		txSlot *environment = mxFrameToEnvironment(frame);
		const char *file;
		if (environment->ID == XS_NO_ID || (file = fxGetKeyName(the, environment->ID)) == NULL)
			continue;
		if (first)
			fprintf(stderr, "%s:%d: %s\n", file, (int)environment->value.environment.line, why);
		first = false;
		name[0] = 0;
		fxBufferFrameName(the, name, sizeof(name), frame, "");
		fprintf(stderr, " at %s (%s:%d)\n", name, file, (int)environment->value.environment.line);
		lines++;
	}
	if (first)
		fprintf(stderr, "%s\n", why);
}

void fxAbort(txMachine *the, int status)
{
	char why[160];
	const host *host = the->host;
	switch (status) {
	case XS_UNHANDLED_EXCEPTION_EXIT:
		report_exception(the, "");
		host_exit(the, HOST_EXIT_UNCAUGHT);
	case XS_UNHANDLED_REJECTION_EXIT:
		report_exception(the, "unhandled rejection: ");
		host_exit(the, HOST_EXIT_UNCAUGHT);
	case XS_NOT_ENOUGH_MEMORY_EXIT:
		snprintf(why, sizeof(why),
				 "memory full: %d slots, %d bytes of chunks; see creation in the app's manifest",
				 (int)the->currentHeapCount, (int)the->currentChunksSize);
		break;
	case XS_STACK_OVERFLOW_EXIT:
		snprintf(why, sizeof(why), "stack overflow: creation.stack is %d slots",
				 host != NULL ? (int)host->app.creation.stackCount : 0);
		break;
	case XS_NO_MORE_KEYS_EXIT:
		snprintf(why, sizeof(why), "no more keys; see creation.keys in the app's manifest");
		break;
	default:
		snprintf(why, sizeof(why), "the engine stopped with status %d", status);
		break;
	}
	report_abort(the, why);
	host_exit(the, HOST_EXIT_ENGINE);
}
