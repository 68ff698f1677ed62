#include "load.h"

#include <stdio.h>
#include <stdlib.h>

#include "smpp_udh.h"

enum { TICK_MS = 1 };

struct operator_ {
	struct load *load;
	struct smsc *smsc;
	struct crowd crowd;
	uint64_t submits_in; /* within the measured time */
	uint64_t submits_first_us, submits_last_us;
};

struct load {
	struct load_options o;
	struct io_loop *loop;
	const struct clock *clock;
	struct io_timer *tick;
	struct operator_ operators[LOAD_OPERATORS];
	struct posts *posts;
	uint64_t began_us, from_us, until_us, over_us;
};

static uint64_t now_us(const struct load *l)
{
	return clock_mono_us(l->clock);
}

/* ---- what the operators see ---- */

static bool first_part(const struct smpp_submit_sm *sm)
{
	struct smpp_udh udh;

	if (!(sm->esm_class & SMPP_ESM_CLASS_UDHI) || smpp_udh_parse(sm->short_message, &udh))
		return true;
	return udh.concat.width == 0 || udh.concat.number == 1;
}

static void on_submit(void *arg, const struct smpp_submit_sm *sm, uint32_t life)
{
	struct operator_ *op = arg;
	struct load *l = op->load;
	struct span to = sm->destination_addr;
	uint64_t number, now = now_us(l);

	op->submits_first_us = op->submits_first_us ? op->submits_first_us : now;
	op->submits_last_us = now;
	op->submits_in += now >= l->from_us && now < l->until_us;
	if (to.len && *to.ptr == '+')
		to = (struct span){to.ptr + 1, to.len - 1};
	if (!first_part(sm) || span_u64(to, &number))
		return;
	if (!crowd_answered(&op->crowd, number, life) && l->posts)
		(void)posts_settled(l->posts, number);
}

static void on_deliver_resp(void *arg, uint32_t tag, uint32_t status)
{
	struct operator_ *op = arg;

	crowd_deliver_resp(&op->crowd, tag, status);
}

static void on_deliver_lost(void *arg, uint32_t tag)
{
	struct operator_ *op = arg;

	crowd_deliver_lost(&op->crowd, tag);
}

static void on_room(void *arg)
{
	struct operator_ *op = arg;

	crowd_pour(&op->crowd);
}

static const struct smsc_events events = {
	.on_submit = on_submit,
	.on_deliver_resp = on_deliver_resp,
	.on_deliver_lost = on_deliver_lost,
	.on_room = on_room,
};

/* ---- time ---- */

/* Who may be bound is. */
static bool all_bound(const struct load *l)
{
	for (unsigned i = 0; i < l->o.operators; i++)
		if (!l->o.habits[i].down && !smsc_bound(l->operators[i].smsc))
			return false;
	return true;
}

static void begin(struct load *l, uint64_t now)
{
	l->began_us = now;
	l->from_us = now + l->o.warmup_s * 1000000ULL;
	l->until_us = l->from_us + l->o.seconds * 1000000ULL;
	l->over_us = l->until_us + l->o.linger_s * 1000000ULL;
	for (unsigned i = 0; i < l->o.operators; i++)
		crowd_begin(&l->operators[i].crowd, l->operators[i].smsc, l->from_us, l->until_us);
	if (l->posts)
		posts_begin(l->posts, l->until_us);
}

static bool done(const struct load *l)
{
	for (unsigned i = 0; i < l->o.operators; i++)
		if (!crowd_done(&l->operators[i].crowd))
			return false;
	return !l->posts || (l->o.operators ? posts_done(l->posts) : posts_quiet(l->posts));
}

/* Posts of a given count end the measured time when they are through. */
static bool through(const struct load *l, uint64_t now)
{
	bool counted = l->posts && !l->o.crowd.numbers;

	return (now >= l->until_us || (counted && posts_quiet(l->posts))) && done(l);
}

static void on_tick(void *arg)
{
	struct load *l = arg;
	uint64_t now = now_us(l);

	for (unsigned i = 0; i < l->o.operators; i++)
		smsc_tick(l->operators[i].smsc);
	if (!l->began_us) {
		if (all_bound(l))
			begin(l, now);
		else if (now > l->over_us)
			io_loop_stop(l->loop);
		return;
	}
	if (now >= l->over_us || through(l, now)) {
		io_loop_stop(l->loop);
		return;
	}
	for (unsigned i = 0; i < l->o.operators; i++)
		crowd_tick(&l->operators[i].crowd);
	if (l->posts)
		posts_tick(l->posts);
}

/* ---- the report ---- */

static void report_counter(const char *name, uint64_t value)
{
	printf("\"%s\":%llu,", name, (unsigned long long)value);
}

static void report_crowd(struct load *l)
{
	struct crowd_counts all = {0};
	struct samples *s = &l->operators[0].crowd.answers;
	uint64_t lost = 0, waiting = 0, open = 0;
	double seconds = l->o.seconds;

	for (unsigned i = 0; i < l->o.operators; i++) {
		const struct crowd *c = &l->operators[i].crowd;
		const uint64_t *from = (const uint64_t *)&c->counts;
		uint64_t *to = (uint64_t *)&all;

		for (size_t j = 0; j < sizeof(all) / sizeof(*to); j++)
			to[j] += from[j];
		lost += crowd_lost(c);
		waiting += c->waiting;
		open += smsc_outstanding(l->operators[i].smsc);
		for (size_t j = 0; i && j < c->answers.count; j++)
			samples_add(s, c->answers.us[j]);
	}
	report_counter("asked", all.asked);
	report_counter("acknowledged", all.acknowledged);
	report_counter("put_off", all.put_off);
	report_counter("redelivered", all.redelivered);
	report_counter("answered", all.answered);
	report_counter("unasked", all.unasked);
	report_counter("lost", lost);
	report_counter("doubled", all.doubled);
	report_counter("doubled_unknown", all.doubled_unknown);
	report_counter("unanswered", waiting);
	report_counter("unacknowledged", open);
	printf("\"asked_per_s\":%.1f,\"answered_per_s\":%.1f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,"
	       "\"p99_ms\":%.3f,\"max_ms\":%.3f,\"back_ms\":[",
	       (double)all.asked_in / seconds, (double)all.answered_in / seconds,
	       samples_ms(s, 0.5), samples_ms(s, 0.9), samples_ms(s, 0.99), samples_ms(s, 1));
	for (size_t i = 0; l->o.operators && i < l->operators[0].crowd.back_count; i++)
		printf("%s%.0f", i ? "," : "", l->operators[0].crowd.back_ms[i]);
	printf("],");
}

static void report_posts(struct load *l)
{
	const struct posts_counts *c = posts_counts(l->posts);
	struct samples *submits = posts_submit_times(l->posts);
	struct samples *answers = posts_answer_times(l->posts);
	double accepted_s = posts_accepted_s(l->posts), settled_s = posts_settled_s(l->posts);

	printf("\"posts\":{");
	report_counter("posted", c->posted);
	report_counter("accepted", c->accepted);
	report_counter("refused", c->refused);
	report_counter("broken", c->broken);
	report_counter("settled", c->settled);
	report_counter("doubled", c->doubled);
	printf("\"accepted_per_s\":%.1f,\"settled_per_s\":%.1f,\"answer_p50_ms\":%.3f,"
	       "\"answer_p99_ms\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f},",
	       accepted_s > 0 ? (double)c->accepted / accepted_s : 0,
	       settled_s > 0 ? (double)c->settled / settled_s : 0, samples_ms(answers, 0.5),
	       samples_ms(answers, 0.99), samples_ms(submits, 0.5), samples_ms(submits, 0.99),
	       samples_ms(submits, 1));
}

static void report_operators(const struct load *l)
{
	uint64_t submits = 0, in = 0, refused = 0, bad = 0;

	printf("\"operators\":[");
	for (unsigned i = 0; i < l->o.operators; i++) {
		const struct operator_ *op = &l->operators[i];
		const struct smsc_counts *c = smsc_counts(op->smsc);

		printf("%s{\"submits\":%llu,\"submits_in\":%llu,\"refused\":%llu,\"binds\":%llu}",
		       i ? "," : "", (unsigned long long)c->submits,
		       (unsigned long long)op->submits_in, (unsigned long long)c->refused,
		       (unsigned long long)c->binds);
		submits += c->submits;
		in += op->submits_in;
		refused += c->refused;
		bad += c->bad;
	}
	printf("],");
	report_counter("submits", submits);
	report_counter("refused", refused);
	report_counter("bad", bad);
	printf("\"submits_per_s\":%.1f,", (double)in / l->o.seconds);
}

static void report(struct load *l)
{
	printf("{\"seconds\":%u,", l->o.seconds);
	report_crowd(l);
	report_operators(l);
	if (l->posts)
		report_posts(l);
	printf("\"bound\":%s}\n", l->began_us ? "true" : "false");
	fflush(stdout);
}

/* ---- as a whole ---- */

static int open_operator(struct load *l, unsigned i)
{
	struct operator_ *op = &l->operators[i];
	struct smsc_options smsc = l->o.smsc;
	struct crowd_options crowd = l->o.crowd;
	int err;

	op->load = l;
	smsc.habits = l->o.habits[i];
	smsc.port = l->o.ports[i];
	crowd.first_number += (uint64_t)i * crowd.numbers;
	err = crowd_init(&op->crowd, &crowd, l->clock);
	return err ? err : smsc_open(l->loop, &smsc, &events, op, &op->smsc);
}

int load_open(struct io_loop *loop, const struct load_options *options, struct load **out)
{
	struct load *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->o = *options;
	l->loop = loop;
	l->clock = io_loop_clock(loop);
	err = io_timer_create(loop, "load.tick", on_tick, l, &l->tick);
	for (unsigned i = 0; !err && i < options->operators; i++)
		err = open_operator(l, i);
	if (!err && options->posts.port)
		err = posts_open(loop, &l->o.posts, &l->posts);
	if (err) {
		load_close(&l);
		return err;
	}
	*out = l;
	return 0;
}

uint16_t load_port(const struct load *l, unsigned which)
{
	return smsc_port(l->operators[which].smsc);
}

void load_run(struct load *l)
{
	l->over_us = now_us(l) + l->o.wait_s * 1000000ULL;
	io_timer_start(l->tick, TICK_MS, TICK_MS);
	io_loop_run(l->loop);
	report(l);
}

void load_close(struct load **load)
{
	struct load *l = *load;

	if (!l)
		return;
	*load = NULL;
	io_timer_destroy(&l->tick);
	posts_close(&l->posts);
	for (unsigned i = 0; i < l->o.operators; i++) {
		smsc_close(&l->operators[i].smsc);
		crowd_fini(&l->operators[i].crowd);
	}
	free(l);
}
