/* What the XS sources want to know about the platform they are compiled for (XSPLATFORM). */
#ifndef XS_DESKTOP_H
#define XS_DESKTOP_H

#if defined(__APPLE__)
#undef mxMacOSX
#define mxMacOSX 1
#else
#undef mxLinux
#define mxLinux 1
#endif

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The engine asks before every JSON.parse and RegExp; the C library reads a file to answer. */
#define pthread_getattr_np host_thread_attributes
extern int host_thread_attributes(pthread_t thread, pthread_attr_t *attributes);

#define mxUseGCCAtomics 1
#define mxUsePOSIXThreads 1

#define mxUseDefaultBuildKeys 1
#define mxUseDefaultParseScript 1
#define mxUseDefaultSharedChunks 1

/* `host` is ours (host.h); the waiter fields belong to the engine's Atomics. */
#define mxMachinePlatform                                                                          \
	struct host *host;                                                                             \
	void *waiterCondition;                                                                         \
	void *waiterData;                                                                              \
	void *waiterLink;

#endif
