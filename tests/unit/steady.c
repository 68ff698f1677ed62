/*
 * Stands in for libc's clock_gettime(), for our code and for libuv alike. A process that a loaded
 * machine leaves out for half a second would find its time-outs of 100 ms over although nobody was
 * late: the far end, in the same process, had no time either. So from one look to the next at most
 * a step passes, and what a test gives 100 ms has that many to run in.
 */
#include "steady.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NS_IN_MS = 1000000, NS_IN_S = 1000000000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	int64_t seen, mono, wall; /* the machine's last, and ours */
} at;

static int64_t machine_ns(clockid_t id)
{
	struct timespec now = {0};

	syscall(SYS_clock_gettime, id, &now);
	return (int64_t)now.tv_sec * NS_IN_S + now.tv_nsec;
}

static void look(void)
{
	const int64_t most = (int64_t)STEADY_STEP_MS * NS_IN_MS;
	int64_t now = machine_ns(CLOCK_MONOTONIC), passed = now - at.seen;

	if (!at.seen) {
		at.mono = now;
		at.wall = machine_ns(CLOCK_REALTIME);
		passed = 0;
	}
	if (passed > most)
		passed = most;
	at.seen = now;
	at.mono += passed;
	at.wall += passed;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	bool wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
	int64_t now;

	if (!wall && id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, id, out);
	pthread_mutex_lock(&lock);
	look();
	now = wall ? at.wall : at.mono;
	pthread_mutex_unlock(&lock);
	*out = (struct timespec){.tv_sec = now / NS_IN_S, .tv_nsec = now % NS_IN_S};
	return 0;
}
