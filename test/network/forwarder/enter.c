/*
 * Runs a command in a network namespace that another process holds open:
 *   enter PID FD COMMAND [ARG…]
 * The command ends when the process that started it does.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "enter: %s: %s\n", what, strerror(errno));
	return 126;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: enter PID FD COMMAND [ARG…]\n");
		return 2;
	}
	pid_t starter = getppid();
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/ns/user", atoi(argv[1]));
	int user = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", atoi(argv[1]), atoi(argv[2]));
	int network = open(path, O_RDONLY | O_CLOEXEC);
	struct stat its_user, our_user;
	if (user < 0 || network < 0 || fstat(user, &its_user) != 0 ||
		stat("/proc/self/ns/user", &our_user) != 0)
		return fail("opening the namespaces");
	if (its_user.st_ino != our_user.st_ino && setns(user, CLONE_NEWUSER) != 0)
		return fail("entering the user namespace");
	if (setns(network, CLONE_NEWNET) != 0)
		return fail("entering the network namespace");
	/* Set last: changing credentials clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != starter)
		return fail("tying the command to its starter");
	execvp(argv[3], argv + 3);
	return fail(argv[3]);
}
