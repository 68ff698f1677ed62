/*
 * A number's answer is the first submit_sm to it (of a long one, the first part) after its
 * question; what comes to a number that waits for nothing is counted as unasked, and as doubled
 * where the number asked one time only. A copy is forgiven (doubled_unknown) when the first left
 * over a session that ended within UNKNOWN_MS after it: its response may not have arrived, or not
 * have been noted.
 */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>

enum { BURST_MAX = 4096, RETRY_MS = 200, UNKNOWN_MS = 100 };

static uint64_t now_us(const struct crowd *c)
{
	return clock_mono_us(c->clock);
}

int crowd_init(struct crowd *c, const struct crowd_options *options, const struct clock *clock)
{
	*c = (struct crowd){.o = *options, .clock = clock};
	if (!options->numbers)
		return 0;
	c->customers = calloc(options->numbers, sizeof(*c->customers));
	c->again = calloc(options->numbers + 1, sizeof(*c->again));
	return c->customers && c->again ? 0 : -ENOMEM;
}

void crowd_begin(struct crowd *c, struct smsc *smsc, uint64_t from_us, uint64_t until_us)
{
	c->smsc = smsc;
	c->ticked_us = now_us(c);
	c->from_us = from_us;
	c->until_us = until_us;
}

static bool measures(const struct crowd *c, uint64_t at)
{
	return at >= c->from_us && at < c->until_us;
}

/* ---- questions ---- */

static bool deliver(struct crowd *c, size_t i)
{
	struct smpp_deliver_sm sm = {.source_addr_ton = SMPP_TON_INTERNATIONAL,
	                             .source_addr_npi = SMPP_NPI_ISDN,
	                             .destination_addr = span_of(c->o.short_code)};
	char number[24];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)(c->o.first_number + i));
	sm.source_addr = span_of(number);
	sm.short_message = span_of(c->o.texts[i % c->o.text_count]);
	if (!smsc_deliver(c->smsc, &sm, (uint32_t)i))
		return false;
	c->customers[i].on_wire = true;
	return true;
}

static bool ask(struct crowd *c, size_t i)
{
	struct customer *who = &c->customers[i];

	if (!deliver(c, i))
		return false;
	if (!who->waits)
		c->waiting++;
	who->waits = true;
	who->acknowledged = false;
	who->copies = 0;
	who->asked_us = now_us(c);
	who->counted = measures(c, who->asked_us);
	c->counts.asked_in += who->counted;
	c->counts.asked++;
	return true;
}

static bool may_ask(const struct crowd *c, const struct customer *who)
{
	if (who->on_wire || who->due || (c->o.once && who->asked_us))
		return false;
	if (!who->waits)
		return true;
	return c->o.ask_again_ms && now_us(c) - who->asked_us > (uint64_t)c->o.ask_again_ms * 1000;
}

/* The next customer with nothing to wait for; numbers when all wait. */
static size_t next_customer(struct crowd *c)
{
	for (size_t tries = 0; tries < c->o.numbers; tries++) {
		size_t i = c->next;

		if (c->waiting >= c->o.numbers && !c->o.ask_again_ms)
			break;
		if (c->o.once && i + 1 == c->o.numbers)
			break;
		c->next = c->next + 1 == c->o.numbers ? 0 : c->next + 1;
		if (may_ask(c, &c->customers[i]))
			return i;
	}
	return c->o.numbers;
}

/* false: no room. */
static bool pour_again(struct crowd *c)
{
	if (c->again_count && now_us(c) < c->again_us)
		return true;
	while (c->again_count) {
		uint32_t i = c->again[c->again_first];

		if (smsc_outstanding(c->smsc) >= c->o.window || !deliver(c, i))
			return false;
		c->again_first = (c->again_first + 1) % (c->o.numbers + 1);
		c->again_count--;
		c->customers[i].due = false;
		c->counts.redelivered++;
	}
	return true;
}

void crowd_pour(struct crowd *c)
{
	if (!c->smsc || !c->o.numbers || !smsc_bound(c->smsc) || !pour_again(c) ||
	    now_us(c) >= c->until_us)
		return;
	for (unsigned burst = 0; burst < BURST_MAX; burst++) {
		size_t i;

		if (smsc_outstanding(c->smsc) >= c->o.window || (c->o.rate && c->tokens < 1))
			return;
		i = next_customer(c);
		if (i == c->o.numbers || !ask(c, i))
			return;
		c->tokens -= 1;
	}
}

void crowd_tick(struct crowd *c)
{
	uint64_t now = now_us(c);

	if (!c->smsc)
		return;
	c->tokens += (double)(now - c->ticked_us) * c->o.rate / 1e6;
	/* What a stall of ours held back is not made up for at once: that would be another load. */
	if (c->tokens > c->o.rate / 20.0 + 1)
		c->tokens = c->o.rate / 20.0 + 1;
	c->ticked_us = now;
	crowd_pour(c);
}

/* ---- what becomes of them ---- */

static void deliver_again(struct crowd *c, uint32_t i)
{
	if (c->customers[i].due)
		return;
	c->customers[i].due = true;
	c->again[(c->again_first + c->again_count++) % (c->o.numbers + 1)] = i;
}

static void note_back(struct crowd *c)
{
	if (c->broken_us && c->back_count < CROWD_BREAKS)
		c->back_ms[c->back_count++] = (double)(now_us(c) - c->broken_us) / 1000.0;
	c->broken_us = 0;
}

void crowd_deliver_resp(struct crowd *c, uint32_t tag, uint32_t status)
{
	struct customer *who = &c->customers[tag];

	who->on_wire = false;
	if (status) {
		c->counts.put_off++;
		if (!c->again_count)
			c->again_us = now_us(c) + RETRY_MS * 1000ULL;
		deliver_again(c, tag);
		return;
	}
	note_back(c);
	c->counts.acknowledged++;
	who->acknowledged = true;
}

void crowd_deliver_lost(struct crowd *c, uint32_t tag)
{
	if (!c->broken_us)
		c->broken_us = now_us(c);
	c->customers[tag].on_wire = false;
	deliver_again(c, tag);
}

static void count_unasked(struct crowd *c, struct customer *who, uint64_t now, uint32_t life)
{
	uint64_t ended = who->life ? smsc_ended_us(c->smsc, who->life) : 0;

	c->counts.unasked++;
	if (c->o.once && who->copies) {
		if (ended && ended - who->answered_us <= UNKNOWN_MS * 1000ULL)
			c->counts.doubled_unknown++;
		else
			c->counts.doubled++;
	}
	who->answered_us = now;
	who->life = life;
}

bool crowd_answered(struct crowd *c, uint64_t number, uint32_t life)
{
	struct customer *who;
	uint64_t now = now_us(c);

	if (number < c->o.first_number || number - c->o.first_number >= c->o.numbers)
		return false;
	who = &c->customers[number - c->o.first_number];
	if (!who->waits) {
		count_unasked(c, who, now, life);
		return true;
	}
	if (who->counted)
		samples_add(&c->answers, now - who->asked_us);
	c->counts.answered_in += measures(c, now);
	c->counts.answered++;
	c->waiting--;
	who->waits = false;
	who->copies = 1;
	who->answered_us = now;
	who->life = life;
	return true;
}

bool crowd_done(const struct crowd *c)
{
	return !c->o.numbers ||
	       (!c->waiting && !c->again_count && (!c->smsc || !smsc_outstanding(c->smsc)));
}

uint64_t crowd_lost(const struct crowd *c)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < c->o.numbers; i++)
		lost += c->customers[i].waits && c->customers[i].acknowledged;
	return lost;
}

void crowd_fini(struct crowd *c)
{
	free(c->customers);
	free(c->again);
	samples_fini(&c->answers);
}
