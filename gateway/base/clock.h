/* Time comes from here, so that tests turn it by hand. */
#ifndef PH_CLOCK_H
#define PH_CLOCK_H

#include "base.h"

struct clock {
	/** Monotonic, for time-outs and durations. */
	uint64_t (*mono_us)(const struct clock *clock);
	/** Milliseconds since 1970 UTC, for what people and peers see. */
	uint64_t (*wall_ms)(const struct clock *clock);
};

/** The machine's clock. */
extern const struct clock clock_system;

/** A clock that stands until it is turned. */
struct clock_manual {
	struct clock clock;
	uint64_t mono, wall;
};
void clock_manual_init(struct clock_manual *manual, uint64_t wall_ms);
void clock_manual_turn(struct clock_manual *manual, uint64_t ms);

static inline uint64_t clock_mono_us(const struct clock *clock)
{
	return clock->mono_us(clock);
}

static inline uint64_t clock_mono_ms(const struct clock *clock)
{
	return clock->mono_us(clock) / 1000;
}

static inline uint64_t clock_wall_ms(const struct clock *clock)
{
	return clock->wall_ms(clock);
}

#endif
