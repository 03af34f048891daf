/* createIdentity() of webrtc.ts: the worker makes or checks it. */
#include <string.h>

#include "../core/crypto/crypto.h"
#include "../core/port.h"
#include "xs_peer.h"

typedef struct {
	xs_link link; /* to the callback */
	crypto_identity identity;
	size_t stored_length;
	uint8_t stored[CRYPTO_IDENTITY_MAX];
	uint8_t fingerprint[32];
	const char *error;
} identity_job;

/* On the worker. */
static void run(void *context)
{
	identity_job *job = context;
	crypto_identity *identity = &job->identity;

	bool kept = job->stored_length > 0 &&
				crypto_identity_parse(identity, job->stored, job->stored_length) == 0;
	if (!kept && crypto_identity_generate(identity) != 0)
		job->error = "no memory or entropy to make a certificate";
	else if (crypto_identity_fingerprint(identity, job->fingerprint) != 0)
		job->error = "no memory to make a certificate's fingerprint";
	xs_link_post(&job->link);
}

static void deliver(xs_link *link)
{
	identity_job *job = (identity_job *)link;

	xsBeginHost(link->the);
	char text[FINGERPRINT_TEXT];
	xsmcVars(4);
	xsVar(0) = link->options; /* the callback */
	if (job->error) {
		xsmcSetString(xsVar(2), (char *)job->error);
		xsVar(3) = xsNew1(xsGlobal, xsID("Error"), xsVar(2));
	} else {
		fingerprint_format(job->fingerprint, text);
		xsmcSetNewObject(xsVar(1));
		xsmcSetArrayBuffer(xsVar(2), job->identity.bytes, job->identity.length);
		xsmcSet(xsVar(1), xsID("bytes"), xsVar(2));
		xs_set_text(the, &xsVar(1), "fingerprint", text);
	}
	xs_link_close(link);
	xsmcSetUndefined(xsVar(2));
	xsCallFunction2(xsVar(0), xsVar(2), xsVar(1), xsVar(3));
	xsEndHost(link->the);
	xs_link_release(link);
}

static void dispose(xs_link *link)
{
	crypto_wipe(link, sizeof(identity_job));
	port_free(link);
}

void xs_identity_create(xsMachine *the)
{
	void *bytes = NULL;
	xsUnsignedValue length = 0;

	if (!xsmcIsCallable(xsArg(1)))
		xsTypeError("done is not a function");
	if (xsmcTypeOf(xsArg(0)) != xsUndefinedType)
		xsmcGetBufferReadable(xsArg(0), &bytes, &length);
	identity_job *job = port_alloc(sizeof(*job), PORT_EXTERNAL, PORT_BINDING);
	if (!job)
		xs_throw(the, "no memory to make a certificate");
	/* Longer ones are none of ours: they are replaced. */
	if (length > 0 && length <= sizeof(job->stored)) {
		job->stored_length = length;
		memcpy(job->stored, bytes, length);
	}
	job->link.deliver = deliver;
	job->link.dispose = dispose;
	xs_link_open(the, &job->link, &xsArg(1), &xsArg(1));
	if (port_worker_run(run, job) != 0) {
		job->error = "too much work is waiting to make a certificate";
		xs_link_post(&job->link);
	}
}
