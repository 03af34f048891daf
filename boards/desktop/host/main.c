/*
 * xs-host [--state DIR] [--profile NAME] [--heap CHUNK,SLOTS,STACK] APP.json [key=value …] [--
 * argument …] xs-host --bytecode APP.json
 */

#include "xsAll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "profile.h"

static const char usage[] =
	"usage: xs-host [--state DIR] [--profile NAME] [--heap CHUNK,SLOTS,STACK] APP.json [key=value "
	"…] "
	"[-- argument …]\n"
	"       xs-host --bytecode APP.json  (bytes of each module, as on a device)\n"
	"--profile: a device's memory, psram or internal (docs/memory.md); --heap: its engine's, in "
	"bytes\n"
	"APP.json is made by: node tools/app/run.mjs MANIFEST\n";

/* main's default export is called when it is a function, as on a device. */
static void on_main_loaded(xsMachine *the)
{
	xsVars(1);
	host_of(the)->main_done = true;
	xsVar(0) = xsGet(xsArg(0), xsID("default"));
	if (xsIsCallable(xsVar(0)))
		xsCallFunction0(xsVar(0), xsGlobal);
}

static void on_main_failed(xsMachine *the)
{
	xsException = xsArg(0);
	fxAbort(the, xsUnhandledExceptionExit);
}

static void start(xsMachine *machine)
{
	host *host = host_of(machine);
	xsBeginHost(machine);
	{
		xsVars(3);
		xsVar(0) = xsAwaitImport(host->app.main, XS_IMPORT_ASYNC);
		xsVar(1) = xsNewHostFunction(on_main_loaded, 1);
		xsVar(2) = xsNewHostFunction(on_main_failed, 1);
		xsCall2_noResult(xsVar(0), xsID("then"), xsVar(1), xsVar(2));
	}
	xsEndHost(machine);
}

static void run_app(xsMachine *the)
{
	host_install_state(the);
	start(the);
	host_loop_run(the);
	if (!host_of(the)->main_done) {
		fprintf(stderr, "%s awaits what nothing is left to bring\n", host_of(the)->app.main);
		host_of(the)->status = HOST_EXIT_UNCAUGHT;
	}
}

/* False when host_exit() or fxAbort() came back here, over all frames between. */
static bool run(txMachine *machine, void (*work)(xsMachine *the))
{
	txJump jump = {0};
	volatile bool whole = false;
	jump.nextJump = machine->firstJump;
	jump.stack = machine->stack;
	jump.scope = machine->scope;
	jump.frame = machine->frame;
	jump.code = machine->code;
	machine->firstJump = &jump;
	if (c_setjmp(jump.buffer) == 0) {
		(*work)(machine);
		whole = true;
	}
	machine->firstJump = NULL;
	return whole;
}

/* The machine in flash, read-only; NULL when a preload failed. */
static txMachine *make_flash(host *host)
{
	txCreation creation = host->app.creation;
	txMachine *flash;
	creation.initialChunkSize = creation.incrementalChunkSize = 1024 * 1024;
	creation.initialHeapCount = creation.incrementalHeapCount = 32 * 1024;
	creation.stackCount = 8 * 1024;
	creation.initialKeyCount = creation.incrementalKeyCount = 4 * 1024;
	host->preloading = true;
	flash = fxCreateMachine(&creation, "flash", host, XS_NO_ID);
	if (flash != NULL && !run(flash, host_flash)) {
		fxDeleteMachine(flash);
		flash = NULL;
	}
	host->preloading = false;
	return flash;
}

/* A board's heap does not grow: what does not fit ends the app. */
static void fix_heap(xsCreation *creation, uint32_t chunk, uint32_t slots, uint32_t stack)
{
	creation->initialChunkSize = (xsIntegerValue)chunk;
	creation->initialHeapCount = (xsIntegerValue)slots;
	creation->stackCount = (xsIntegerValue)stack;
	creation->incrementalChunkSize = creation->incrementalHeapCount = 0;
}

typedef struct {
	const char *profile;
	uint32_t chunk, slots, stack;
} options;

/* CHUNK,SLOTS,STACK: three whole numbers, each above zero. */
static bool read_heap(const char *text, options *out)
{
	uint32_t *const numbers[] = {&out->chunk, &out->slots, &out->stack};
	for (size_t i = 0; i < 3; i++) {
		char *end;
		unsigned long number = strtoul(text, &end, 10);
		if (number == 0 || number > INT32_MAX || *end != (i < 2 ? ',' : '\0'))
			return false;
		*numbers[i] = (uint32_t)number;
		text = end + 1;
	}
	return true;
}

/* Reads options up to the first word that is none; its index, or 0 for what is not understood. */
static int read_options(host *host, options *out, int argc, char *const *argv)
{
	int i = 1;
	for (; i < argc && argv[i][0] == '-'; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "--bytecode") == 0) {
			host->release = host->measuring = true;
			continue;
		}
		if (strcmp(argv[i], "--state") == 0)
			host->state = value;
		else if (strcmp(argv[i], "--profile") == 0 && port_profile_choose(value))
			out->profile = value;
		else if (strcmp(argv[i], "--heap") != 0 || !read_heap(value, out))
			return 0;
		i++;
	}
	return i < argc ? i : 0;
}

static void apply_options(xsCreation *creation, const options *options)
{
	const port_profile *profile = port_profile_current();
	if (options->slots > 0)
		fix_heap(creation, options->chunk, options->slots, options->stack);
	else if (options->profile != NULL && profile->xs_slots > 0)
		fix_heap(creation, profile->xs_chunk, profile->xs_slots, profile->xs_stack);
}

int main(int argc, char *argv[])
{
	host host = {0};
	options options = {0};
	const char *description;
	int i;
	int overrides;
	txMachine *flash;
	txMachine *machine = NULL;
	i = read_options(&host, &options, argc, argv);
	if (i == 0) {
		fputs(usage, stderr);
		return HOST_EXIT_USAGE;
	}
	description = argv[i++];
	overrides = i;
	while (i < argc && strcmp(argv[i], "--") != 0) {
		if (strchr(argv[i], '=') == NULL) {
			fprintf(stderr, "\"%s\" is not key=value\n%s", argv[i], usage);
			return HOST_EXIT_USAGE;
		}
		i++;
	}
	if (!host_loop_open()) {
		perror("pipe");
		return HOST_EXIT_USAGE;
	}
	if (!host_app_load(&host.app, description, argv + overrides, (size_t)(i - overrides))) {
		host_app_free(&host.app);
		return HOST_EXIT_USAGE;
	}
	if (options.profile != NULL || options.slots > 0)
		host.release = true;
	apply_options(&host.app.creation, &options);
	if (i < argc)
		i++;
	host.args = argv + i;
	host.arg_count = (size_t)(argc - i);
	flash = make_flash(&host);
	if (flash != NULL && !host.measuring)
		machine = fxCloneMachine(&host.app.creation, flash, "app", &host);
	if (machine != NULL) {
		run(machine, run_app);
		host_loop_stop();
		fxDeleteMachine(machine);
	} else if (host.status == 0 && !host.measuring) {
		fprintf(stderr, "%s: no XS machine fits into its creation\n", description);
		host.status = HOST_EXIT_ENGINE;
	}
	if (flash != NULL)
		fxDeleteMachine(flash);
	host_loop_close();
	host_app_free(&host.app);
	fflush(stdout);
	return host.status;
}
