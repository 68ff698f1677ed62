/* The machine's clock, and one for tests. */
#include "clock.h"

#include <time.h>

static uint64_t read_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t system_mono_us(const struct clock *clock)
{
	(void)clock;
	return read_us(CLOCK_MONOTONIC);
}

static uint64_t system_wall_ms(const struct clock *clock)
{
	(void)clock;
	return read_us(CLOCK_REALTIME) / 1000;
}

const struct clock clock_system = {.mono_us = system_mono_us, .wall_ms = system_wall_ms};

static uint64_t manual_mono_us(const struct clock *clock)
{
	return ((const struct clock_manual *)clock)->mono;
}

static uint64_t manual_wall_ms(const struct clock *clock)
{
	return ((const struct clock_manual *)clock)->wall;
}

void clock_manual_init(struct clock_manual *manual, uint64_t wall_ms)
{
	*manual = (struct clock_manual){
		.clock = {.mono_us = manual_mono_us, .wall_ms = manual_wall_ms},
		.mono = 1000000,
		.wall = wall_ms,
	};
}

void clock_manual_turn(struct clock_manual *manual, uint64_t ms)
{
	manual->mono += ms * 1000;
	manual->wall += ms;
}
