/* Stream of stream.ts. */
#include "xs_support.h"

#include <string.h>

#include "../core/port.h"
#include "../port/stream.h"

#define CONNECT_TIMEOUT 15000 /* ms */
#define HOST_MAX 254          /* RFC 1035: 253 characters */

typedef struct {
	xs_link link;
	port_stream *port;       /* NULL after close */
	port_stream_stats stats; /* of then */
	size_t max_message;
	atomic_uint events; /* bits by port_stream_event_type */
	/* Written before the CLOSED bit is: */
	bool failed;
	port_stream_error error;
	char message[PORT_STREAM_MESSAGE];
} stream_object;

static const char *const error_codes[] = {
	[PORT_STREAM_DNS] = "dns",
	[PORT_STREAM_REFUSED] = "refused",
	[PORT_STREAM_UNREACHABLE] = "unreachable",
	[PORT_STREAM_TIMEOUT] = "timeout",
	[PORT_STREAM_TLS] = "tls",
	[PORT_STREAM_CERTIFICATE] = "certificate",
	[PORT_STREAM_RESET] = "reset",
	[PORT_STREAM_MEMORY] = "memory",
};

/* On a native thread, or inside a call of ours. */
static void on_event(void *context, const port_stream_event *event)
{
	stream_object *stream = context;

	if (event->type == PORT_STREAM_CLOSED && event->message) {
		stream->failed = true;
		stream->error = event->error;
		strncpy(stream->message, event->message, sizeof(stream->message) - 1);
	}
	atomic_fetch_or(&stream->events, 1u << event->type);
	xs_link_post(&stream->link);
}

static void shut(stream_object *stream)
{
	if (stream->port)
		port_stream_get_stats(stream->port, &stream->stats);
	port_stream_close(stream->port);
	stream->port = NULL;
	xs_link_close(&stream->link);
}

static void call(xsMachine *the, xs_link *link, const char *name)
{
	xsIdentifier id = xsID((char *)name);

	if (link->open && xsmcHas(link->options, id))
		xsmcCall_noResult(link->options, id, NULL);
}

static void call_on_close(xsMachine *the, stream_object *stream)
{
	xsmcVars(2);
	xsVar(0) = stream->link.options;
	if (stream->failed) {
		xsmcSetNewObject(xsVar(1));
		xs_set_text(the, &xsVar(1), "code", error_codes[stream->error]);
		xs_set_text(the, &xsVar(1), "message", stream->message);
	}
	shut(stream); /* before the callback, which may do as it likes with a stream that is over */
	xsmcCall_noResult(xsVar(0), xsID("onClose"), &xsVar(1), NULL);
}

static void deliver(xs_link *link)
{
	stream_object *stream = (stream_object *)link;
	unsigned events = atomic_exchange(&stream->events, 0);

	xsBeginHost(link->the);
	if (events & 1u << PORT_STREAM_OPENED)
		call(the, link, "onOpen");
	if (events & 1u << PORT_STREAM_READABLE)
		call(the, link, "onReadable");
	if (events & 1u << PORT_STREAM_WRITABLE)
		call(the, link, "onWritable");
	if (events & 1u << PORT_STREAM_CLOSED && link->open)
		call_on_close(the, stream);
	xsEndHost(link->the);
}

static void dispose(xs_link *link)
{
	port_free(link);
}

void xs_stream_destructor(void *data)
{
	stream_object *stream = data;

	if (!stream)
		return;
	port_stream_close(stream->port);
	xs_link_abandon(&stream->link);
	xs_link_release(&stream->link);
}

static stream_object *this_stream(xsMachine *the)
{
	stream_object *stream = xsmcGetHostDataValidate(xsThis, (void *)xs_stream_destructor);

	if (!stream)
		xsTypeError("not a stream");
	return stream;
}

static stream_object *open_stream(xsMachine *the)
{
	stream_object *stream = this_stream(the);

	if (!stream->port)
		xs_throw(the, "the stream is closed");
	return stream;
}

typedef struct {
	port_stream_options port;
	char host[HOST_MAX], server_name[HOST_MAX];
} parsed_options;

/* Of what it reads, `ca` stays in XS's memory: good until XS next allocates. */
static void parse_options(xsMachine *the, parsed_options *out)
{
	port_stream_options *options = &out->port;

	xsmcVars(2);
	xs_text_option(the, &xsArg(0), "host", out->host, sizeof(out->host));
	options->host = out->host;
	options->port = (uint16_t)xs_integer_option(the, &xsArg(0), "port", 0, 1, 65535);
	if (options->port == 0)
		xsTypeError("no port");
	options->connect_timeout =
		(uint32_t)xs_integer_option(the, &xsArg(0), "connectTimeout", CONNECT_TIMEOUT, 1, 3600000);
	options->max_message =
		(size_t)xs_integer_option(the, &xsArg(0), "maxMessageBytes", 0, 0, INT32_MAX);
	if (!xs_option(the, &xsVar(0), &xsArg(0), "tls"))
		return;
	options->tls = true;
	options->insecure = xs_boolean_option(the, &xsVar(0), "insecure", false);
	if (xs_option(the, &xsVar(1), &xsVar(0), "serverName")) {
		xs_text_option(the, &xsVar(0), "serverName", out->server_name, sizeof(out->server_name));
		options->server_name = out->server_name;
	}
	if (xs_option(the, &xsVar(1), &xsVar(0), "ca")) {
		options->ca = (const uint8_t *)xsmcToString(xsVar(1));
		options->ca_length = strlen((const char *)options->ca);
	}
}

void xs_stream(xsMachine *the)
{
	parsed_options options = {0};

	parse_options(the, &options);
	stream_object *stream = port_alloc(sizeof(*stream), PORT_INTERNAL, PORT_BINDING);
	if (!stream)
		xs_throw(the, "no memory for a stream");
	stream->link.deliver = deliver;
	stream->link.dispose = dispose;
	stream->max_message = options.port.max_message;
	xs_link_open(the, &stream->link, &xsThis, &xsArg(0));
	xsmcSetHostData(xsThis, stream);
	stream->port = port_stream_open(&options.port, on_event, stream);
	if (!stream->port) {
		xs_link_close(&stream->link);
		xs_throw(the, "no memory or sockets for a stream");
	}
}

/* Latin-1 to UTF-8; NULL without memory. `text` is freed, or is the result when it is ASCII. */
static char *to_utf8(char *text, int length, int *out_length)
{
	int high = 0;

	for (int i = 0; i < length; i++)
		high += (uint8_t)text[i] >= 0x80;
	*out_length = length + high;
	if (high == 0)
		return text;
	char *utf8 = port_alloc((size_t)*out_length, PORT_EXTERNAL, PORT_BINDING);
	char *to = utf8;
	for (int i = 0; utf8 && i < length; i++) {
		uint8_t byte = (uint8_t)text[i];
		if (byte >= 0x80) {
			*to++ = (char)(0xc0 | byte >> 6);
			*to++ = (char)(0x80 | (byte & 0x3f));
		} else {
			*to++ = (char)byte;
		}
	}
	port_free(text);
	return utf8;
}

void xs_stream_readHead(xsMachine *the)
{
	stream_object *stream = this_stream(the);
	char terminator[16];
	int max = xsmcToInteger(xsArg(1));

	if (!stream->port)
		return;
	if (max <= 0)
		xsRangeError("max is out of range");
	xsmcToStringBuffer(xsArg(0), terminator, sizeof(terminator));
	char *head = port_alloc((size_t)max, PORT_EXTERNAL, PORT_BINDING);
	if (!head)
		xs_throw(the, "no memory to read a head");
	int length = port_stream_read_head(stream->port, terminator, head, (size_t)max);
	if (length > 0) {
		int bytes;
		head = to_utf8(head, length, &bytes);
		if (!head)
			xs_throw(the, "no memory to read a head");
		xsmcSetStringBuffer(xsResult, head, (xsIntegerValue)bytes);
	}
	port_free(head);
	if (length < 0)
		xsRangeError("no end of the head within %d bytes", max);
}

void xs_stream_read(xsMachine *the)
{
	stream_object *stream = this_stream(the);
	void *bytes;
	xsUnsignedValue length;

	xsmcGetBufferWritable(xsArg(0), &bytes, &length);
	xsmcSetBoolean(xsResult, stream->port && port_stream_read(stream->port, bytes, length));
}

void xs_stream_collect(xsMachine *the)
{
	stream_object *stream = open_stream(the);
	double length = xsmcToNumber(xsArg(0));

	if (!(length >= 0 && length <= INT32_MAX))
		xsRangeError("length is out of range");
	port_stream_collect(stream->port, (size_t)length);
}

void xs_stream_get_collected(xsMachine *the)
{
	stream_object *stream = this_stream(the);

	xsmcSetBoolean(xsResult, stream->port && port_stream_collected(stream->port));
}

static void free_message(void *data)
{
	port_free(data);
}

void xs_stream_takeMessage(xsMachine *the)
{
	stream_object *stream = this_stream(the);
	uint8_t *bytes;
	size_t length;

	if (!stream->port)
		return;
	xs_make_room(the, PORT_STREAM, 4 * stream->max_message + 65536, stream->max_message);
	xsResult = xsNewHostObject(free_message);
	switch (port_stream_take_message(stream->port, &bytes, &length)) {
	case PORT_STREAM_TAKEN:
		xsmcSetHostBuffer(xsResult, bytes, (xsIntegerValue)length);
		xs_set_number(the, &xsResult, "byteLength", (double)length); /* has no prototype for it */
		break;
	case PORT_STREAM_REFUSED_MESSAGE:
		xsmcSetNull(xsResult);
		break;
	case PORT_STREAM_WAIT:
		xsmcSetUndefined(xsResult);
		break;
	}
}

void xs_stream_write(xsMachine *the)
{
	stream_object *stream = open_stream(the);
	void *bytes;
	xsUnsignedValue length;

	if (xsmcTypeOf(xsArg(0)) == xsStringType || xsmcTypeOf(xsArg(0)) == xsStringXType) {
		bytes = xsmcToString(xsArg(0));
		length = (xsUnsignedValue)strlen(bytes);
	} else {
		xsmcGetBufferReadable(xsArg(0), &bytes, &length);
	}
	switch (port_stream_write(stream->port, bytes, length)) {
	case PORT_STREAM_WRITTEN:
		xsmcSetTrue(xsResult);
		break;
	case PORT_STREAM_FULL:
		xsmcSetFalse(xsResult);
		break;
	case PORT_STREAM_NO_ROOM:
		xs_throw(the, "the stream cannot take more: wait for onWritable");
	}
}

void xs_stream_get_stats(xsMachine *the)
{
	stream_object *stream = this_stream(the);

	if (stream->port)
		port_stream_get_stats(stream->port, &stream->stats);
	xsmcSetNewObject(xsResult);
	xs_set_number(the, &xsResult, "bytesIn", (double)stream->stats.bytes_in);
	xs_set_number(the, &xsResult, "bytesOut", (double)stream->stats.bytes_out);
	xs_set_number(the, &xsResult, "refused", stream->stats.refused);
	xs_set_text(the, &xsResult, "cipher", stream->stats.cipher);
}

void xs_stream_close(xsMachine *the)
{
	shut(this_stream(the));
}
