/* Modules: from the name an import says to what script.c has compiled. */

#include "xsAll.h"

#include "host.h"

#define NAME_MAX_LENGTH 256

/* Cuts the extension an import may have, as mcconfig's module names have none. */
static void cut_extension(char *name)
{
	static const char *const extensions[] = {".js", ".mjs", ".ts"};
	size_t length = strlen(name);
	size_t i;
	for (i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		size_t tail = strlen(extensions[i]);
		if (length > tail && strcmp(name + length - tail, extensions[i]) == 0) {
			name[length - tail] = 0;
			return;
		}
	}
}

/*
 * "./x" and "../x" are relative to the folder of the importer's name, one folder up per "../".
 * False when that climbs out of the names or does not fit.
 */
static bool resolve_relative(char *out, const char *importer, const char *specifier)
{
	const char *slash = strrchr(importer, '/');
	size_t folder = slash != NULL ? (size_t)(slash - importer) : 0;
	int written;
	bool top = slash == NULL;
	if (strncmp(specifier, "./", 2) == 0)
		specifier += 2;
	while (strncmp(specifier, "../", 3) == 0) {
		if (top)
			return false;
		specifier += 3;
		while (folder > 0 && importer[folder - 1] != '/')
			folder--;
		top = folder == 0;
		if (!top)
			folder--;
	}
	if (top)
		written = snprintf(out, NAME_MAX_LENGTH, "%s", specifier);
	else
		written = snprintf(out, NAME_MAX_LENGTH, "%.*s/%s", (int)folder, importer, specifier);
	return written >= 0 && written < NAME_MAX_LENGTH;
}

txID fxFindModule(txMachine *the, txSlot *realm, txID importer_id, txSlot *slot)
{
	char specifier[NAME_MAX_LENGTH];
	char name[NAME_MAX_LENGTH];
	const char *importer = importer_id != XS_NO_ID ? fxGetKeyName(the, importer_id) : NULL;
	const host_module *found = NULL;
	(void)realm;
	fxToStringBuffer(the, slot, specifier, sizeof(specifier));
	if (strncmp(specifier, "moddable:", 9) == 0)
		snprintf(name, sizeof(name), "%s", specifier + 9);
	else if (specifier[0] != '.')
		snprintf(name, sizeof(name), "%s", specifier);
	else if (importer == NULL || !resolve_relative(name, importer, specifier))
		name[0] = 0;
	cut_extension(name);
	if (name[0] != 0)
		found = host_app_find(&the->host->app, name);
	if (found != NULL)
		return fxNewNameC(the, found->name);
	if (importer != NULL) {
		const host_module *from = host_app_find(&the->host->app, importer);
		mxReferenceError("module \"%s\" not found, imported by %s; is it in a manifest's modules?",
						 specifier, from != NULL ? from->source : importer);
	}
	mxReferenceError("module \"%s\" not found; is it in a manifest's modules?", specifier);
	return XS_NO_ID;
}

void fxLoadModule(txMachine *the, txSlot *slot, txID id)
{
	const host_module *module = host_app_find(&the->host->app, fxGetKeyName(the, id));
	if (module == NULL)
		return;
	if (module->script == NULL)
		mxSyntaxError("%s", module->fault);
	fxResolveModule(the, slot, id, module->script, C_NULL, C_NULL);
}
