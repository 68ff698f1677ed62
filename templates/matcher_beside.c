/* A thread that is begun and waited for, or done without. */
#include "matcher_beside.h"

void matcher_beside_begin(struct matcher_beside *b, void *(*work)(void *arg), void *arg)
{
	*b = (struct matcher_beside){.work = work, .arg = arg};
	b->begun = pthread_create(&b->thread, NULL, work, arg) == 0;
}

void matcher_beside_end(struct matcher_beside *b)
{
	if (b->begun)
		pthread_join(b->thread, NULL);
	else
		b->work(b->arg);
}
