/* A table whose slot follows from the number, and two lists through it. */
#include "smpp_window.h"

#include <stdlib.h>

#include "smpp_pdu.h"

enum { SLOTS_EACH = 4, SLOTS_LEAST = 64 };

int smpp_window_init(struct smpp_window *w, size_t most)
{
	size_t slots = SLOTS_LEAST;

	/* Sparse, so that the number whose slot is free is never far. */
	while (slots < most * SLOTS_EACH)
		slots *= 2;
	*w = (struct smpp_window){.mask = (uint32_t)slots - 1, .next = 1, .late_max = slots / 4};
	w->slots = calloc(slots, sizeof(*w->slots));
	return w->slots ? 0 : -ENOMEM;
}

void smpp_window_fini(struct smpp_window *w)
{
	free(w->slots);
	*w = (struct smpp_window){0};
}

static void append(struct smpp_flights *list, struct smpp_flight *f)
{
	f->prev = list->last;
	f->next = NULL;
	if (list->last)
		list->last->next = f;
	else
		list->first = f;
	list->last = f;
	list->count++;
}

static void take_out(struct smpp_flights *list, struct smpp_flight *f)
{
	if (f->prev)
		f->prev->next = f->next;
	else
		list->first = f->next;
	if (f->next)
		f->next->prev = f->prev;
	else
		list->last = f->prev;
	list->count--;
}

static struct smpp_flights *list_of(struct smpp_window *w, const struct smpp_flight *f)
{
	return f->state == SMPP_FLIGHT_LATE ? &w->late : &w->waiting;
}

void smpp_window_reset(struct smpp_window *w)
{
	while (w->waiting.first)
		smpp_window_remove(w, w->waiting.first);
	while (w->late.first)
		smpp_window_remove(w, w->late.first);
	w->next = 1;
}

static uint32_t after(uint32_t sequence)
{
	return sequence == SMPP_SEQUENCE_MAX ? 1 : sequence + 1;
}

struct smpp_flight *smpp_window_add(struct smpp_window *w)
{
	/* A number whose slot is taken is skipped: its neighbour of long ago is still out. */
	for (uint32_t tries = 0; tries <= w->mask; tries++) {
		uint32_t sequence = w->next;
		struct smpp_flight *f = &w->slots[sequence & w->mask];

		w->next = after(w->next);
		if (f->state != SMPP_FLIGHT_FREE)
			continue;
		*f = (struct smpp_flight){.state = SMPP_FLIGHT_WAITING, .sequence = sequence};
		append(&w->waiting, f);
		return f;
	}
	return NULL;
}

struct smpp_flight *smpp_window_find(struct smpp_window *w, uint32_t sequence)
{
	struct smpp_flight *f = &w->slots[sequence & w->mask];

	return f->state != SMPP_FLIGHT_FREE && f->sequence == sequence ? f : NULL;
}

void smpp_window_remove(struct smpp_window *w, struct smpp_flight *flight)
{
	take_out(list_of(w, flight), flight);
	flight->state = SMPP_FLIGHT_FREE;
	flight->item = NULL;
}

struct smpp_flight *smpp_window_first(const struct smpp_window *w)
{
	return w->waiting.first;
}

void *smpp_window_late(struct smpp_window *w, struct smpp_flight *flight)
{
	void *item = NULL;

	if (w->late.count >= w->late_max) {
		item = w->late.first->item;
		smpp_window_remove(w, w->late.first);
	}
	take_out(&w->waiting, flight);
	flight->state = SMPP_FLIGHT_LATE;
	append(&w->late, flight);
	return item;
}

void *smpp_window_forget(struct smpp_window *w)
{
	struct smpp_flight *f = w->late.first;
	void *item;

	while (f && !f->item) {
		smpp_window_remove(w, f);
		f = w->late.first;
	}
	if (!f)
		return NULL;
	item = f->item;
	smpp_window_remove(w, f);
	return item;
}
