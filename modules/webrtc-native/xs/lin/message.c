#include "message.h"

#include <stdlib.h>

/* What fxQueueWorkerJob() takes: it begins as its own jobs do, and the machine frees it. */
typedef struct message_job {
	struct message_job *next;
	void (*callback)(void *machine, void *job);
	modMessageDeliver deliver;
	void *refcon;
} message_job;

extern void fxQueueWorkerJob(void *machine, void *job);

static void run(void *machine, void *job)
{
	message_job *message = job;

	message->deliver(machine, message->refcon, NULL, 0);
}

int modMessagePostToMachine(xsMachine *the, uint8_t *message, uint16_t length,
							modMessageDeliver callback, void *refcon)
{
	message_job *job;

	(void)message;
	if (length > 0 || !(job = calloc(1, sizeof(*job))))
		return -1;
	job->callback = run;
	job->deliver = callback;
	job->refcon = refcon;
	fxQueueWorkerJob(the, job);
	return 0;
}
