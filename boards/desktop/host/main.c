/* xs-host [--state DIR] APP.json [key=value …] [-- argument …] */

#include "xsAll.h"

#include <stdio.h>
#include <string.h>

#include "host.h"

static const char usage[] = "usage: xs-host [--state DIR] APP.json [key=value …] [-- argument …]\n"
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

/* Preloads one after the other, then the module that freezes what a device has in flash. */
static void preload(xsMachine *machine)
{
	host *host = host_of(machine);
	host->preloading = true;
	xsBeginHost(machine);
	{
		size_t i;
		xsVars(2);
		xsVar(0) = xsNewArray(0);
		for (i = 0; i < host->app.preload_count; i++) {
			xsVar(1) = xsAwaitImport(host->app.preload[i], XS_IMPORT_NAMESPACE);
			xsSetIndex(xsVar(0), (xsIndex)i, xsVar(1));
		}
		host->preloading = false;
		if (host_app_find(&host->app, "flash") != NULL) {
			xsVar(1) = xsAwaitImport("flash", XS_IMPORT_DEFAULT);
			xsCallFunction1(xsVar(1), xsGlobal, xsVar(0));
		}
	}
	xsEndHost(machine);
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

/* host_exit() and fxAbort() come back here, over all frames between. */
static void run(txMachine *machine)
{
	txJump jump = {0};
	jump.nextJump = machine->firstJump;
	jump.stack = machine->stack;
	jump.scope = machine->scope;
	jump.frame = machine->frame;
	jump.code = machine->code;
	machine->firstJump = &jump;
	if (c_setjmp(jump.buffer) == 0) {
		host_install_globals(machine);
		preload(machine);
		start(machine);
		host_loop_run(machine);
		if (!machine->host->main_done) {
			fprintf(stderr, "%s awaits what nothing is left to bring\n", machine->host->app.main);
			machine->host->status = HOST_EXIT_UNCAUGHT;
		}
	}
	machine->firstJump = NULL;
}

int main(int argc, char *argv[])
{
	host host = {0};
	const char *description;
	int i = 1;
	int overrides;
	txMachine *machine;
	if (i + 1 < argc && strcmp(argv[i], "--state") == 0) {
		host.state = argv[i + 1];
		i += 2;
	}
	if (i >= argc || argv[i][0] == '-') {
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
	if (i < argc)
		i++;
	host.args = argv + i;
	host.arg_count = (size_t)(argc - i);
	machine = fxCreateMachine(&host.app.creation, "app", &host, XS_NO_ID);
	if (machine != NULL) {
		run(machine);
		host_loop_stop();
		fxDeleteMachine(machine);
	} else if (host.status == 0) {
		fprintf(stderr, "%s: no XS machine fits into its creation\n", description);
		host.status = HOST_EXIT_ENGINE;
	}
	host_loop_close();
	host_app_free(&host.app);
	fflush(stdout);
	return host.status;
}
