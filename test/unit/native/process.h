/* A child process with pipes, for tests that need the openssl program. */
#ifndef LKXS_TEST_PROCESS_H
#define LKXS_TEST_PROCESS_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct {
	pid_t pid;
	int in, out; /* our ends of its stdin, and of its stdout and stderr */
	char text[65536];
	size_t length;
} process;

/** Starts `arguments` (NULL-terminated); stdout and stderr go to one pipe. */
static inline bool process_start(process *child, const char *const arguments[])
{
	int in[2], out[2];
	memset(child, 0, sizeof *child);
	if (pipe(in) != 0 || pipe(out) != 0)
		return false;
	fflush(NULL);
	child->pid = fork();
	if (child->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		close(in[0]), close(in[1]), close(out[0]), close(out[1]);
		execvp(arguments[0], (char *const *)arguments);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	child->in = in[1];
	child->out = out[0];
	fcntl(child->in, F_SETFD, FD_CLOEXEC);
	fcntl(child->out, F_SETFD, FD_CLOEXEC);
	return child->pid > 0;
}

/** Takes what it has printed, waiting up to `milliseconds`. False at its end. */
static inline bool process_read(process *child, int milliseconds)
{
	struct pollfd ready = {.fd = child->out, .events = POLLIN};
	if (poll(&ready, 1, milliseconds) <= 0)
		return true;
	ssize_t got =
		read(child->out, child->text + child->length, sizeof child->text - 1 - child->length);
	if (got <= 0)
		return false;
	child->length += (size_t)got;
	child->text[child->length] = 0;
	return true;
}

/** Waits until it has printed `what`; where that stands, or NULL after 10 s or its end. */
static inline const char *process_expect(process *child, const char *what)
{
	for (int tries = 0; tries < 1000; tries++) {
		const char *found = strstr(child->text, what);
		if (found || !process_read(child, 10))
			return found;
	}
	return NULL;
}

/** The port that `openssl s_server -accept 127.0.0.1:0` has found; 0 when it has none. */
static inline uint16_t process_port(process *child)
{
	static const char before[] = "ACCEPT 127.0.0.1:";
	const char *line = process_expect(child, before);

	for (int tries = 0; line && !strchr(line, '\n') && tries < 1000; tries++)
		if (!process_read(child, 10))
			return 0;
	return line ? (uint16_t)atoi(line + strlen(before)) : 0;
}

static inline void process_stop(process *child)
{
	if (child->pid <= 0)
		return;
	close(child->in);
	close(child->out);
	kill(child->pid, SIGTERM);
	waitpid(child->pid, NULL, 0);
	child->pid = 0;
}

/** Runs to the end; its exit status, with what it printed in `text` on failure. */
static inline int process_run(const char *const arguments[])
{
	static process child;
	if (!process_start(&child, arguments))
		return -1;
	while (process_read(&child, 10000))
		;
	int status = -1;
	waitpid(child.pid, &status, 0);
	close(child.in);
	close(child.out);
	child.pid = 0;
	if (status != 0)
		fprintf(stderr, "%s: %s\n", arguments[0], child.text);
	return status;
}

#endif
