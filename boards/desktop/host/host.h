/*
 * The desktop host: runs one app (a description made by tools/app) on the main thread. Files: app.c
 * reads the description, script.c compiles its modules, flash.c makes the machine that a device has
 * in flash and that the app's is a clone of, measure.c says how large that is, platform.c and
 * modules.c are what the engine asks of its platform, native.c the door from JavaScript to C
 * symbols, loop.c timers, messages and the event loop, report.c how an app that fails is reported,
 * xs_*.c the C side of sdk/ and simulator.
 *
 * Include this before or after xsAll.h; it needs only xs.h's names.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xs.h"

/* Exit statuses of ours; an app's own go through unchanged. */
#define HOST_EXIT_UNCAUGHT 1 /* exception, rejection, missing module */
#define HOST_EXIT_USAGE 2    /* command line or description */
#define HOST_EXIT_ENGINE 70  /* memory full, stack overflow: the machine cannot go on */

typedef struct {
	char *name;   /* as imports say it: "livekit/room/Room" */
	char *path;   /* JavaScript to load; NULL when `text` is the module */
	char *map;    /* source map, or NULL */
	char *source; /* the name stacks show: "src/room/Room.ts" */
	char *text;
	void *script; /* host_compile()'s bytecode, or NULL */
	char *fault;  /* why there is none */
} host_module;

typedef struct {
	host_module *modules; /* sorted by name */
	size_t module_count;
	char **preload;
	size_t preload_count;
	char *main;
	xsCreation creation; /* staticSize: bytes of chunks and slots together, 0 no limit */
} host_app;

typedef struct host {
	host_app app;
	const char *state; /* directory of what the app stores, or NULL */
	char *const *args; /* of the app */
	size_t arg_count;
	size_t heap_bytes;    /* given to the app's machine */
	int status;           /* the process's exit status to be */
	bool promise_jobs;    /* some wait */
	bool preloading;      /* the machine is the one in flash */
	bool release;         /* bytecode has no lines, as in a device */
	bool measuring;       /* bytecode: the app is not run */
	bool main_done;       /* main and what it awaits at its top level */
	bool signalled;       /* the app was told */
	xsSlot flash_natives; /* name → host function, in flash; or undefined */
	xsSlot on_terminate;  /* simulator.onTerminate's function or undefined */
} host;

static inline host *host_of(xsMachine *the)
{
	return the->host;
}

/* app.c */

/**
 * Reads the description at `path` and applies `key=value` overrides to its config. False after one
 * line on stderr that says what is wrong.
 */
bool host_app_load(host_app *app, const char *path, char *const *overrides, size_t count);
void host_app_free(host_app *app);
const host_module *host_app_find(const host_app *app, const char *name);
/** The whole file with a NUL after it, malloc'ed, or NULL with errno. */
char *host_read_file(const char *path, size_t *length);

/* script.c */

/** Compiles for `the`, whose keys the code uses; what is wrong is said when somebody imports it. */
void host_compile(xsMachine *the, host_module *module);
void host_free_script(host_module *module);
bool host_is_preload(const host_app *app, const host_module *module);
/** Bytes of the instruction at `p`, with its text, but only up to a function that is inside. */
size_t host_instruction_size(signed char *p);
/** The instruction at `p` names a key. */
bool host_has_key(const signed char *p);
/** Bytes of the function that is inside the instruction at `p`, or 0. */
size_t host_nested_size(signed char *p);

/* measure.c */

/**
 * Prints a line for each module: name, source and bytes of its bytecode in a device's flash,
 * separated by tabs. Functions are gone then.
 */
void host_measure(xsMachine *the);

/* flash.c */

/**
 * Makes all bytecode, runs the preloads in `the` and makes it read-only: the state of a device's
 * flash, to be cloned for the app.
 */
void host_flash(xsMachine *the);

/* native.c */

/** Defines the globals `trace`, `native` and `Native`. */
void host_install_globals(xsMachine *machine);
/** Makes the host function of a C symbol that modules name, in the machine in flash. */
void host_flash_native(xsMachine *the, const char *name);
/** What onTerminate() keeps, in the app's machine. */
void host_install_state(xsMachine *machine);

/* loop.c */

/** False when the process has no descriptors left. */
bool host_loop_open(void);
/** Runs until nothing is left that could happen. Only comes back for that reason. */
void host_loop_run(xsMachine *the);
/** No message is taken any more, those that wait are dropped; before the machine is deleted. */
void host_loop_stop(void);
/** Frees the timers; after the machine, which has their slots among its roots, is deleted. */
void host_loop_close(void);
/** Ends the app at once with `status`; unwinds to main(), so that destructors run. */
void host_exit(xsMachine *the, int status) XS_FUNCTION_NORETURN;
/** Monotonic microseconds. */
uint64_t host_now(void);

#endif
