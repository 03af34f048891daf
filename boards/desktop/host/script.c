/*
 * Modules become bytecode before the app runs, as the SDK's linker makes them for a device: the
 * names they use are keys of the machine in "flash". Of a preload the functions that are left when
 * it has run are in flash, its other code is gone; code of other modules stays where it is, whole.
 */

#include "xsAll.h"

#include "xsScript.h"

#include "host.h"

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

/* `flags`: mxDebugFlag keeps lines in the bytecode. */
static txScript *parse(txMachine *the, const host_module *module, char *text, size_t length,
					   char *map, size_t map_length, txUnsigned flags, parse_error *error)
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
		fxParserTree(&parser, &stream, text_get, flags, NULL);
		if (map != NULL && parser.errorCount == 0) {
			text_stream map_stream = {map, map + map_length};
			txString name = NULL;
			fxParserSourceMap(&parser, &map_stream, text_get, flags, &name);
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

/* As fxNewNameC() numbers the script's symbols; 0 stands for none. */
static txID *intern_symbols(txMachine *the, const txScript *script)
{
	txByte *at = script->symbolsBuffer;
	txID count;
	txID *ids;
	txID i;
	mxDecodeID(at, count);
	ids = calloc((size_t)count, sizeof(txID));
	if (ids == NULL) {
		fxAbort(the, XS_NOT_ENOUGH_MEMORY_EXIT);
		abort(); /* not reached, which fxAbort() does not declare */
	}
	ids[0] = XS_NO_ID;
	for (i = 1; i < count; i++) {
		ids[i] = fxNewNameC(the, (txString)at);
		at += strlen((char *)at) + 1;
	}
	return ids;
}

/* Instructions whose bytes the engine would copy into the heap, and those that leave them here. */
static txByte archived(txByte code)
{
	switch ((txU1)code) {
	case XS_CODE_CODE_1:
		return (txByte)XS_CODE_CODE_ARCHIVE_1;
	case XS_CODE_CODE_2:
		return (txByte)XS_CODE_CODE_ARCHIVE_2;
	case XS_CODE_CODE_4:
		return (txByte)XS_CODE_CODE_ARCHIVE_4;
	case XS_CODE_STRING_1:
		return (txByte)XS_CODE_STRING_ARCHIVE_1;
	case XS_CODE_STRING_2:
		return (txByte)XS_CODE_STRING_ARCHIVE_2;
	case XS_CODE_STRING_4:
		return (txByte)XS_CODE_STRING_ARCHIVE_4;
	default:
		return code;
	}
}

size_t host_instruction_size(txByte *p)
{
	txS1 size = gxCodeSizes[(txU1)*p];
	txByte *operand = p + 1;
	txU2 two;
	txS4 four;
	switch (size) {
	case 0:
		return 1 + sizeof(txID);
	case -1:
		return 2 + (size_t)(txU1)*operand;
	case -2:
		mxDecode2(operand, two);
		return 3 + (size_t)two;
	case -4:
		mxDecode4(operand, four);
		return 5 + (size_t)four;
	default:
		return (size_t)size;
	}
}

size_t host_nested_size(txByte *p)
{
	txByte *operand = p + 1;
	txU2 two;
	txS4 four;
	switch ((txU1)*p) {
	case XS_CODE_CODE_1:
		return (size_t)(txU1)*operand;
	case XS_CODE_CODE_2:
		mxDecode2(operand, two);
		return (size_t)two;
	case XS_CODE_CODE_4:
		mxDecode4(operand, four);
		return (size_t)four;
	default:
		return 0;
	}
}

bool host_has_key(const txByte *p)
{
	return gxCodeSizes[(txU1)*p] == 0;
}

static void renumber_key(txByte *p, const txID *ids)
{
	txByte *operand = p + 1;
	txID id;
	mxDecodeID(operand, id);
	if (id == XS_NO_ID)
		return;
	id = ids[id];
	operand = p + 1;
	mxEncodeID(operand, id);
}

/* A text of the code that may be the name of a C symbol of a binding's. */
static void note_native(txMachine *the, const txByte *p)
{
	const char *text = (const char *)p + 2;
	if ((txU1)*p == XS_CODE_STRING_1 && strncmp(text, "xs_", 3) == 0)
		host_flash_native(the, text);
}

/*
 * From here on the script is of the machine's keys. As the SDK's linker does it, code that stays
 * where it is says so, and that of a preload does not: the engine copies its texts, and the
 * functions that its functions make, into the heap.
 */
static void link_script(txMachine *the, txScript *script, bool stays)
{
	txID *ids = intern_symbols(the, script);
	txByte *p = script->codeBuffer;
	txByte *end = p + script->codeSize;
	while (p < end) {
		size_t size = host_instruction_size(p);
		if (host_has_key(p))
			renumber_key(p, ids);
		note_native(the, p);
		if (stays)
			*p = archived(*p);
		p += size;
	}
	free(ids);
	c_free(script->symbolsBuffer);
	script->symbolsBuffer = NULL;
}

static void say_fault(host_module *module, int line, const char *what)
{
	char text[512];
	if (line > 0)
		snprintf(text, sizeof(text), "%s:%d: %s", module->source, line, what);
	else
		snprintf(text, sizeof(text), "module \"%s\": %s: %s", module->name, module->path, what);
	module->fault = strdup(text);
}

bool host_is_preload(const host_app *app, const host_module *module)
{
	size_t i;
	for (i = 0; i < app->preload_count; i++) {
		if (strcmp(app->preload[i], module->name) == 0)
			return true;
	}
	return false;
}

void host_compile(xsMachine *the, host_module *module)
{
	const host_app *app = &host_of(the)->app;
	txUnsigned lines = host_of(the)->release ? 0 : mxDebugFlag;
	parse_error error = {0, ""};
	size_t length = 0;
	size_t map_length = 0;
	char *text = module->text;
	char *map = NULL;
	txScript *script;
	(void)fxNewNameC(the, module->name);
	if (text != NULL) {
		length = strlen(text);
	} else {
		text = host_read_file(module->path, &length);
		if (text == NULL) {
			say_fault(module, 0, strerror(errno));
			return;
		}
		if (module->map != NULL)
			map = host_read_file(module->map, &map_length);
	}
	script = parse(the, module, text, length, map, map_length, lines, &error);
	free(map);
	if (text != module->text)
		free(text);
	if (script != NULL)
		link_script(the, script, !host_is_preload(app, module));
	else
		say_fault(module, (int)error.line, error.message);
	module->script = script;
}

void host_free_script(host_module *module)
{
	fxDeleteScript(module->script);
	free(module->fault);
}
