/*
 * A ring of lists, one a tick. An entry whose time moves away stays where it is and is looked at
 * again when its list comes up, so that a keep-alive connection costs a store a request.
 */
#include "wheel.h"

#include <stdlib.h>

enum { TICK_MS = 250, SLOTS = 512 };

struct io_wheel {
	struct io_loop *loop;
	struct io_timer *timer;
	io_wheel_fn *fn;
	uint64_t tick; /* the last one that was handled */
	size_t count;
	struct io_wheel_entry *slots[SLOTS];
};

static uint64_t now_ms(const struct io_wheel *wheel)
{
	return uv_now(io_loop_uv(wheel->loop));
}

static void link_entry(struct io_wheel *wheel, struct io_wheel_entry *entry)
{
	/* The tick after it is due: late, never early. */
	uint64_t tick = entry->due_ms / TICK_MS + 1;
	struct io_wheel_entry **slot;

	if (tick <= wheel->tick)
		tick = wheel->tick + 1;
	slot = &wheel->slots[tick % SLOTS];
	entry->at = slot;
	entry->next = *slot;
	if (entry->next)
		entry->next->at = &entry->next;
	*slot = entry;
	wheel->count++;
}

static void unlink_entry(struct io_wheel *wheel, struct io_wheel_entry *entry)
{
	*entry->at = entry->next;
	if (entry->next)
		entry->next->at = entry->at;
	entry->at = NULL;
	wheel->count--;
}

static void run_slot(struct io_wheel *wheel, struct io_wheel_entry **slot, uint64_t now)
{
	struct io_wheel_entry *taken = *slot, *entry;

	*slot = NULL;
	if (taken)
		taken->at = &taken; /* what stops an entry of it meanwhile finds its place */
	while ((entry = taken)) {
		unlink_entry(wheel, entry);
		if (entry->due_ms > now)
			link_entry(wheel, entry);
		else
			wheel->fn(entry);
	}
}

static void on_tick(void *arg)
{
	struct io_wheel *wheel = arg;
	uint64_t now = now_ms(wheel), tick = now / TICK_MS;

	if (tick > wheel->tick + SLOTS) /* the machine slept: one round is enough */
		wheel->tick = tick - SLOTS;
	while (wheel->tick < tick) {
		wheel->tick++;
		run_slot(wheel, &wheel->slots[wheel->tick % SLOTS], now);
	}
	if (!wheel->count)
		io_timer_stop(wheel->timer);
}

int io_wheel_create(struct io_loop *loop, const char *name, io_wheel_fn *fn, struct io_wheel **out)
{
	struct io_wheel *wheel = calloc(1, sizeof(*wheel));
	int err;

	if (!wheel)
		return -ENOMEM;
	wheel->loop = loop;
	wheel->fn = fn;
	wheel->tick = now_ms(wheel) / TICK_MS;
	err = io_timer_create(loop, name, on_tick, wheel, &wheel->timer);
	if (err) {
		free(wheel);
		return err;
	}
	*out = wheel;
	return 0;
}

void io_wheel_destroy(struct io_wheel **wheel)
{
	if (!*wheel)
		return;
	io_timer_destroy(&(*wheel)->timer);
	free(*wheel);
	*wheel = NULL;
}

void io_wheel_set(struct io_wheel *wheel, struct io_wheel_entry *entry, uint64_t ms)
{
	uint64_t due = now_ms(wheel) + ms;

	if (entry->at && due >= entry->due_ms) {
		entry->due_ms = due;
		return;
	}
	if (entry->at)
		unlink_entry(wheel, entry);
	if (!wheel->count) {
		wheel->tick = now_ms(wheel) / TICK_MS;
		io_timer_start(wheel->timer, TICK_MS, TICK_MS);
	}
	entry->due_ms = due;
	link_entry(wheel, entry);
}

void io_wheel_stop(struct io_wheel *wheel, struct io_wheel_entry *entry)
{
	if (entry->at)
		unlink_entry(wheel, entry);
}
