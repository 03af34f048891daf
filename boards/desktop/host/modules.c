/* Modules: from the name an import says to the JavaScript that tools/app prepared. */

#include "xsAll.h"

#include "xsScript.h"

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

typedef struct {
	const char *at;
	const char *end;
} text_stream;

static int text_get(void *stream)
{
	text_stream *text = stream;
	return text->at < text->end ? (unsigned char)*text->at++ : C_EOF;
}

/* XS reports where a script is wrong to this function only; its exception has no position. */
typedef struct {
	txInteger line;
	char message[160];
} parse_error;

static parse_error *current_error;

static void note_error(void *console, txString path, txInteger line, txString format,
					   c_va_list arguments)
{
	(void)console;
	(void)path;
	if (current_error->message[0] != 0)
		return;
	current_error->line = line;
	vsnprintf(current_error->message, sizeof(current_error->message), format, arguments);
}

static txScript *parse(txMachine *the, const host_module *module, char *text, size_t length,
					   char *map, size_t map_length, parse_error *error)
{
	txParser parser;
	txParserJump jump;
	txScript *volatile script = NULL;
	fxInitializeParser(&parser, the, the->parserBufferSize, the->parserTableModulo);
	parser.firstJump = &jump;
	parser.reportError = note_error;
	current_error = error;
	if (c_setjmp(jump.jmp_buf) == 0) {
		text_stream stream = {text, text + length};
		/* Nodes keep the path they were parsed under; another one after it has their lines mapped.
		 */
		parser.path =
			fxNewParserSymbol(&parser, module->map != NULL ? module->map : module->source);
		fxParserTree(&parser, &stream, text_get, mxDebugFlag, NULL);
		if (map != NULL && parser.errorCount == 0) {
			text_stream map_stream = {map, map + map_length};
			txString name = NULL;
			fxParserSourceMap(&parser, &map_stream, text_get, mxDebugFlag, &name);
		}
		parser.path = parser.source = fxNewParserSymbol(&parser, module->source);
		fxParserHoist(&parser);
		fxParserBind(&parser);
		script = fxParserCode(&parser);
	}
	current_error = NULL;
	fxTerminateParser(&parser);
	if (error->message[0] != 0 && script != NULL) {
		fxDeleteScript(script);
		script = NULL;
	}
	return script;
}

void fxLoadModule(txMachine *the, txSlot *slot, txID id)
{
	const host_module *module = host_app_find(&the->host->app, fxGetKeyName(the, id));
	parse_error error = {0, ""};
	size_t length = 0;
	size_t map_length = 0;
	char *text;
	char *map = NULL;
	txScript *script;
	if (module == NULL)
		return;
	if (module->text != NULL) {
		length = strlen(module->text);
		text = module->text;
	} else {
		text = host_read_file(module->path, &length);
		if (text == NULL)
			mxReferenceError("module \"%s\": %s: %s", module->name, module->path, strerror(errno));
		if (module->map != NULL)
			map = host_read_file(module->map, &map_length);
	}
	script = parse(the, module, text, length, map, map_length, &error);
	free(map);
	if (text != module->text)
		free(text);
	if (script == NULL)
		mxSyntaxError("%s:%d: %s", module->source, (int)error.line, error.message);
	fxResolveModule(the, slot, id, script, C_NULL, C_NULL);
}
