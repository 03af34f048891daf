/* IDF's is newlib's, over FreeRTOS: all types are handles, initialised at the first use. */
#pragma once

#include <stdint.h>
#include <time.h>

typedef uint32_t pthread_t, pthread_mutex_t, pthread_cond_t;
typedef struct pthread_attr pthread_attr_t;
typedef struct pthread_mutexattr pthread_mutexattr_t;
typedef struct pthread_condattr pthread_condattr_t;
typedef struct {
	int is_initialized, init_executed;
} pthread_once_t;

#define PTHREAD_MUTEX_INITIALIZER ((pthread_mutex_t)0xFFFFFFFF)
#define PTHREAD_COND_INITIALIZER ((pthread_cond_t)0xFFFFFFFF)
#define PTHREAD_ONCE_INIT                                                                          \
	{                                                                                              \
		1, 0                                                                                       \
	}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start_routine)(void *),
				   void *arg);
int pthread_detach(pthread_t thread);
int pthread_join(pthread_t thread, void **value_ptr);
pthread_t pthread_self(void);
int pthread_equal(pthread_t t1, pthread_t t2);
int pthread_once(pthread_once_t *once_control, void (*init_routine)(void));
int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int pthread_mutex_destroy(pthread_mutex_t *mutex);
int pthread_mutex_lock(pthread_mutex_t *mutex);
int pthread_mutex_unlock(pthread_mutex_t *mutex);
int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr);
int pthread_cond_destroy(pthread_cond_t *cond);
int pthread_cond_signal(pthread_cond_t *cond);
int pthread_cond_broadcast(pthread_cond_t *cond);
int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
						   const struct timespec *abstime);
