/*
 * Reads the description that tools/app/build.mjs writes (JSON). A small XS machine of its own does
 * the JSON, before the app's machine exists, since the description says how big that one is.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

char *host_read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	char *bytes = NULL;
	long size;
	if (file == NULL)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 &&
		fseek(file, 0, SEEK_SET) == 0) {
		bytes = malloc((size_t)size + 1);
		if (bytes != NULL) {
			*length = fread(bytes, 1, (size_t)size, file);
			bytes[*length] = 0;
		}
	}
	fclose(file);
	return bytes;
}

static char *copy_text(xsMachine *the, xsSlot *object, const char *key)
{
	char *copy;
	xsVar(0) = xsGet(*object, xsID(key));
	if (xsTypeOf(xsVar(0)) != xsStringType && xsTypeOf(xsVar(0)) != xsStringXType)
		return NULL;
	copy = strdup(xsToString(xsVar(0)));
	if (copy == NULL)
		fxAbort(the, xsNotEnoughMemoryExit);
	return copy;
}

static xsIntegerValue get_integer(xsMachine *the, xsSlot *object, const char *key)
{
	xsVar(0) = xsGet(*object, xsID(key));
	return xsToInteger(xsVar(0));
}

static void *allocate(xsMachine *the, size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);
	if (memory == NULL)
		fxAbort(the, xsNotEnoughMemoryExit);
	return memory;
}

static int compare_modules(const void *a, const void *b)
{
	return strcmp(((const host_module *)a)->name, ((const host_module *)b)->name);
}

/* Variables of read(): 0 is scratch of the functions above. */
enum { SCRATCH, ROOT, LIST, ITEM, CONFIG, COUNT };

static void read_modules(xsMachine *the, host_app *app)
{
	xsIntegerValue i;
	xsIntegerValue count;
	xsVar(LIST) = xsGet(xsVar(ROOT), xsID("modules"));
	count = get_integer(the, &xsVar(LIST), "length");
	/* One more for mc/config. */
	app->modules = allocate(the, (size_t)count + 1, sizeof(host_module));
	for (i = 0; i < count; i++) {
		host_module *module = &app->modules[i];
		xsVar(ITEM) = xsGetIndex(xsVar(LIST), (xsIndex)i);
		app->module_count++;
		module->name = copy_text(the, &xsVar(ITEM), "name");
		module->path = copy_text(the, &xsVar(ITEM), "path");
		module->map = copy_text(the, &xsVar(ITEM), "map");
		module->source = copy_text(the, &xsVar(ITEM), "source");
		if (module->name == NULL || module->path == NULL || module->source == NULL)
			xsUnknownError("module %d has no name, path or source", (int)i);
	}
}

/* The module mc/config: the manifests' config with the command line's overrides, frozen. */
static void make_config(xsMachine *the, host_app *app, char *const *overrides, size_t count)
{
	static const char format[] = "export default Object.freeze(JSON.parse(%s), true);\n";
	host_module *module = &app->modules[app->module_count++];
	size_t size;
	size_t i;
	xsVar(CONFIG) = xsGet(xsVar(ROOT), xsID("config"));
	if (xsTypeOf(xsVar(CONFIG)) != xsReferenceType)
		xsVar(CONFIG) = xsNewObject();
	for (i = 0; i < count; i++) {
		const char *equals = strchr(overrides[i], '=');
		xsVar(ITEM) = xsStringBuffer(overrides[i], (xsIntegerValue)(equals - overrides[i]));
		xsVar(SCRATCH) = xsString(equals + 1);
		xsSetAt(xsVar(CONFIG), xsVar(ITEM), xsVar(SCRATCH));
	}
	/* Twice: the text of a JavaScript string that holds JSON. */
	xsVar(ITEM) = xsGet(xsGlobal, xsID("JSON"));
	xsVar(SCRATCH) = xsCall1(xsVar(ITEM), xsID("stringify"), xsVar(CONFIG));
	xsVar(SCRATCH) = xsCall1(xsVar(ITEM), xsID("stringify"), xsVar(SCRATCH));
	size = sizeof(format) + strlen(xsToString(xsVar(SCRATCH)));
	module->text = allocate(the, size, 1);
	snprintf(module->text, size, format, xsToString(xsVar(SCRATCH)));
	module->name = strdup("mc/config");
	module->source = strdup("mc/config");
	if (module->name == NULL || module->source == NULL)
		fxAbort(the, xsNotEnoughMemoryExit);
}

static void read_preload(xsMachine *the, host_app *app)
{
	xsIntegerValue i;
	xsIntegerValue count;
	xsVar(LIST) = xsGet(xsVar(ROOT), xsID("preload"));
	count = get_integer(the, &xsVar(LIST), "length");
	app->preload = allocate(the, (size_t)count, sizeof(char *));
	for (i = 0; i < count; i++) {
		xsVar(ITEM) = xsGetIndex(xsVar(LIST), (xsIndex)i);
		app->preload[i] = strdup(xsToString(xsVar(ITEM)));
		if (app->preload[i] == NULL)
			fxAbort(the, xsNotEnoughMemoryExit);
		app->preload_count++;
	}
}

static void read_creation(xsMachine *the, host_app *app)
{
	xsCreation *creation = &app->creation;
	xsVar(ITEM) = xsGet(xsVar(ROOT), xsID("creation"));
	creation->initialChunkSize = get_integer(the, &xsVar(ITEM), "initialChunkSize");
	creation->incrementalChunkSize = get_integer(the, &xsVar(ITEM), "incrementalChunkSize");
	creation->initialHeapCount = get_integer(the, &xsVar(ITEM), "initialHeapCount");
	creation->incrementalHeapCount = get_integer(the, &xsVar(ITEM), "incrementalHeapCount");
	creation->stackCount = get_integer(the, &xsVar(ITEM), "stackCount");
	creation->initialKeyCount = get_integer(the, &xsVar(ITEM), "initialKeyCount");
	creation->incrementalKeyCount = get_integer(the, &xsVar(ITEM), "incrementalKeyCount");
	creation->nameModulo = get_integer(the, &xsVar(ITEM), "nameModulo");
	creation->symbolModulo = get_integer(the, &xsVar(ITEM), "symbolModulo");
	creation->parserBufferSize = get_integer(the, &xsVar(ITEM), "parserBufferSize");
	creation->parserTableModulo = get_integer(the, &xsVar(ITEM), "parserTableModulo");
	creation->staticSize = get_integer(the, &xsVar(ITEM), "staticSize");
}

bool host_app_load(host_app *app, const char *path, char *const *overrides, size_t count)
{
	xsCreation creation = {
		.initialChunkSize = 256 * 1024,
		.incrementalChunkSize = 256 * 1024,
		.initialHeapCount = 8192,
		.incrementalHeapCount = 8192,
		.stackCount = 1024,
		.initialKeyCount = 1024,
		.incrementalKeyCount = 1024,
		.nameModulo = 127,
		.symbolModulo = 127,
		.parserBufferSize = 8192,
		.parserTableModulo = 127,
	};
	volatile bool done = false;
	size_t length = 0;
	char *text = host_read_file(path, &length);
	xsMachine *machine;
	if (text == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	machine = xsCreateMachine(&creation, "description", NULL);
	if (machine == NULL) {
		fprintf(stderr, "no memory for an XS machine\n");
		free(text);
		return false;
	}
	xsBeginHost(machine);
	{
		xsVars(COUNT);
		xsTry
		{
			xsVar(SCRATCH) = xsGet(xsGlobal, xsID("JSON"));
			xsVar(ROOT) = xsCall1(xsVar(SCRATCH), xsID("parse"), xsString(text));
			read_modules(the, app);
			make_config(the, app, overrides, count);
			read_preload(the, app);
			read_creation(the, app);
			app->main = copy_text(the, &xsVar(ROOT), "main");
			if (app->main == NULL)
				xsUnknownError("it names no main module");
			done = true;
		}
		xsCatch
		{
			fprintf(stderr, "%s: not an app description: %s\n", path, xsToString(xsException));
		}
	}
	xsEndHost(machine);
	xsDeleteMachine(machine);
	free(text);
	if (done)
		qsort(app->modules, app->module_count, sizeof(host_module), compare_modules);
	return done;
}

void host_app_free(host_app *app)
{
	size_t i;
	for (i = 0; i < app->module_count; i++) {
		free(app->modules[i].name);
		free(app->modules[i].path);
		free(app->modules[i].map);
		free(app->modules[i].source);
		free(app->modules[i].text);
		host_free_script(&app->modules[i]);
	}
	for (i = 0; i < app->preload_count; i++)
		free(app->preload[i]);
	free(app->modules);
	free(app->preload);
	free(app->main);
}

const host_module *host_app_find(const host_app *app, const char *name)
{
	host_module key = {.name = (char *)name};
	return bsearch(&key, app->modules, app->module_count, sizeof(host_module), compare_modules);
}
