/* A descriptor that any thread can make readable, to wake a thread that sleeps in poll(). */
#ifndef LKXS_COMMON_WAKE_H
#define LKXS_COMMON_WAKE_H

typedef struct {
	int reader, writer; /* one eventfd, or the two ends of a pipe */
} wake_event;

/** 0, or -1 when descriptors are exhausted. */
int wake_open(wake_event *event);
void wake_close(wake_event *event);
/** Never blocks; signals add up to one. Safe from any thread. */
void wake_signal(const wake_event *event);
void wake_drain(const wake_event *event);

#endif
