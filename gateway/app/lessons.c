/* Two bounded keys in Redis, and a refit that follows them. */
#include "lessons.h"

#include "mask.h"
#include "matcher_calibration.h"
#include "metrics.h"
#include "strict_json.h"
#include "utf8.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRIM_MS = 3600 * 1000, REFIT_MS = 2000, REFIT_MOST = 2000 };
/* A long text is cut before it is masked too, since that happens on the loop; a link in it may be
 * blotted to little, so not as short as what is kept. */
enum { READ_MAX = 4 * LESSONS_TEXT_MAX, MASKED_MAX = 64 * 1024, NUMBER_SIZE = 24 };
enum { FIELDS_AT = 8, ARGS_MAX = FIELDS_AT + 16 }; /* of an XADD */

#define HINTS "ph:lessons"
#define WEIGHT 5.0F /* a correction is worth so many made-up cases */

struct refit;

struct lessons {
	struct lessons_options options;
	struct io_timer *trim, *wait;
	struct refit *under_way;
	bool again;
	uint64_t *kept, *corrected;
};

struct correction {
	char *text, *id;
	size_t len;
};

/* The corrections, read, on their way through the pool. */
struct refit {
	struct lessons *lessons; /* NULL: it is gone */
	struct catalogue *catalogue;
	struct matcher *matcher;        /* of it, when this began: it may be refined meanwhile */
	struct match_required required; /* of that matcher */
	struct correction *at;          /* newest first */
	size_t count, used;             /* used: without those that were said again since */
	struct calibration calibration;
};

/* --- questions -------------------------------------------------------------------------------- */

/* To a bounded stream: a text, masked, and fields, each a name and a value. */
static int add(struct lessons *l, const char *key, struct span text, const struct span *fields,
               size_t count, redis_fn *fn, void *arg)
{
	struct span argv[ARGS_MAX] = {SPAN_LIT("XADD"), span_of(key),           SPAN_LIT("MAXLEN"),
	                              SPAN_LIT("~"),    SPAN_LIT(LESSONS_MOST), SPAN_LIT("*"),
	                              SPAN_LIT("t")};
	struct buf masked;
	int err;

	assert(FIELDS_AT + count <= ARGS_MAX);
	buf_init(&masked, MASKED_MAX);
	mask_text(utf8_cut(text, READ_MAX), &masked);
	argv[FIELDS_AT - 1] = utf8_cut(buf_span(&masked), LESSONS_TEXT_MAX);
	memcpy(argv + FIELDS_AT, fields, count * sizeof(*fields));
	err = buf_check(&masked);
	if (!err)
		err = redis_command(l->options.redis, FIELDS_AT + (int)count, argv, fn, arg);
	buf_fini(&masked);
	return err;
}

static struct span seq_text(uint64_t seq, char out[NUMBER_SIZE])
{
	snprintf(out, NUMBER_SIZE, "%llu", (unsigned long long)seq);
	return span_of(out);
}

static struct span confidence_text(float p, char out[NUMBER_SIZE])
{
	snprintf(out, NUMBER_SIZE, "%.3f", (double)p);
	return span_of(out);
}

static struct span masked_address(struct span address, char *out, size_t size)
{
	return (struct span){out, log_mask_address(address, out, size)};
}

void lessons_asked(struct lessons *l, const struct router_unanswered *u)
{
	char address[64], seq[NUMBER_SIZE], p[NUMBER_SIZE];
	const struct span fields[] = {
		SPAN_LIT("l"), u->lang,
		SPAN_LIT("c"), u->conversation,
		SPAN_LIT("s"), seq_text(u->seq, seq),
		SPAN_LIT("a"), masked_address(u->address, address, sizeof(address)),
		SPAN_LIT("h"), u->channel,
		SPAN_LIT("n"), u->nearest,
		SPAN_LIT("p"), confidence_text(u->confidence, p)};

	if (!l->options.keep_ms || !utf8_valid(u->text))
		return;
	if (!add(l, LESSONS_ASKED, u->text, fields, ARRAY_LEN(fields), NULL, NULL))
		++*l->kept;
}

/* What is older than it may be. */
static void on_trim(void *arg)
{
	struct lessons *l = arg;
	uint64_t now = clock_wall_ms(io_loop_clock(l->options.loop));
	char least[32];
	struct span argv[] = {SPAN_LIT("XTRIM"), SPAN_LIT(LESSONS_ASKED), SPAN_LIT("MINID"),
	                      SPAN_NONE};
	int err;

	snprintf(least, sizeof(least), "%llu",
	         (unsigned long long)(now > l->options.keep_ms ? now - l->options.keep_ms : 0));
	argv[3] = span_of(least);
	err = redis_command(l->options.redis, ARRAY_LEN(argv), argv, NULL, NULL);
	argv[1] = SPAN_LIT(LESSONS_ABOUT);
	if (!err)
		err = redis_command(l->options.redis, ARRAY_LEN(argv), argv, NULL, NULL);
	(void)err; /* an hour later again */
}

/* --- corrections ------------------------------------------------------------------------------ */

struct about_call {
	struct lessons *lessons;
	done_fn *fn;
	void *arg;
};

static void on_about(void *arg, int err, const redisReply *reply, const char *why)
{
	struct about_call *c = arg;
	const struct span argv[] = {SPAN_LIT("PUBLISH"), SPAN_LIT(HINTS), SPAN_LIT("about")};
	int lost;

	(void)reply;
	(void)why;
	if (!err) {
		++*c->lessons->corrected;
		lost = redis_command(c->lessons->options.redis, ARRAY_LEN(argv), argv, NULL, NULL);
		(void)lost; /* the next one tells it */
	}
	c->fn(c->arg, err);
	free(c);
}

int lessons_about(struct lessons *l, const struct lessons_about *about, done_fn *fn, void *arg)
{
	struct about_call *c = malloc(sizeof(*c));
	char seq[NUMBER_SIZE];
	const struct span fields[] = {
		SPAN_LIT("x"), about->template_id,        SPAN_LIT("c"), about->conversation,
		SPAN_LIT("s"), seq_text(about->seq, seq), SPAN_LIT("b"), about->by};
	int err;

	if (!c)
		return -ENOMEM;
	*c = (struct about_call){l, fn, arg};
	err = add(l, LESSONS_ABOUT, about->text, fields, ARRAY_LEN(fields), on_about, c);
	if (err)
		free(c);
	return err;
}

/* --- fitting ---------------------------------------------------------------------------------- */

static void refit_free(struct refit *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->at[i].text);
		free(r->at[i].id);
	}
	free(r->at);
	catalogue_unref(&r->catalogue);
	free(r);
}

/* -ENOENT: the catalogue has no such answer (any more). */
static int index_of(const struct catalogue *c, const char *id, uint32_t *out)
{
	const struct template *t;

	if (!*id) {
		*out = MATCH_INDEX_NONE;
		return 0;
	}
	for (uint32_t i = 0; (t = catalogue_matched(c, i)); i++)
		if (span_is(t->id, id)) {
			*out = i;
			return 0;
		}
	return -ENOENT;
}

/* What was said last of a text counts. Thousands are compared with each other: not on the loop. */
static bool said_since(const struct refit *r, size_t at)
{
	const struct correction *c = &r->at[at];

	for (size_t i = 0; i < at; i++)
		if (r->at[i].len == c->len && memcmp(r->at[i].text, c->text, c->len) == 0)
			return true;
	return false;
}

static int refit_work(void *arg)
{
	struct refit *r = arg;
	struct match_correction *all = calloc(r->count + 1, sizeof(*all));
	int err = -ENOMEM;

	for (size_t i = 0; all && i < r->count; i++) {
		struct match_correction *to = &all[r->used];

		*to = (struct match_correction){
			.text = {r->at[i].text, r->at[i].len},
                          .weight = WEIGHT
                };
		if (!said_since(r, i) && index_of(r->catalogue, r->at[i].id, &to->answer) == 0)
			r->used++;
	}
	if (all)
		err = matcher_recalibrate(r->matcher, all, r->used, &r->required, &r->calibration);
	free(all);
	return err;
}

static void refit_done(void *arg, int err)
{
	struct refit *r = arg;
	struct lessons *l = r->lessons;

	if (l) {
		l->under_way = NULL;
		if (err)
			log_warn(l->options.log, EVENT("templates.refit_failed"), ERR(err));
		if (!err && r->catalogue == *l->options.catalogue &&
		    r->matcher == catalogue_matcher(r->catalogue)) {
			matcher_calibrate(r->matcher, &r->calibration);
			l->options.refitted(l->options.arg);
			log_info(l->options.log, EVENT("templates.refitted"),
			         NUM("corrections", r->used));
		}
		if (l->again)
			lessons_refit(l);
	}
	refit_free(r);
}

static void take_correction(struct refit *r, const redisReply *entry)
{
	const redisReply *fields = redis_at(entry, 1);
	struct span said = redis_field(fields, "t");
	struct correction c = {span_dup(said), span_dup(redis_field(fields, "x")), said.len};

	if (!c.text || !c.id) {
		free(c.text);
		free(c.id);
		return;
	}
	r->at[r->count++] = c;
}

static void on_corrections(void *arg, int err, const redisReply *reply, const char *why)
{
	struct refit *r = arg;
	struct lessons *l = r->lessons;
	size_t count = !err && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;

	(void)why;
	r->at = calloc(count + 1, sizeof(*r->at));
	for (size_t i = 0; r->at && i < count; i++)
		take_correction(r, reply->element[i]);
	if (l && r->count &&
	    !io_work(l->options.loop, "templates.refit", refit_work, refit_done, r))
		return;
	if (l)
		l->under_way = NULL;
	refit_free(r);
}

void lessons_refit(struct lessons *l)
{
	char most[16];
	struct span argv[] = {SPAN_LIT("XREVRANGE"), SPAN_LIT(LESSONS_ABOUT), SPAN_LIT("+"),
	                      SPAN_LIT("-"),         SPAN_LIT("COUNT"),       SPAN_NONE};
	struct refit *r;

	l->again = l->under_way != NULL;
	r = l->again ? NULL : calloc(1, sizeof(*r));
	if (!r)
		return;
	snprintf(most, sizeof(most), "%d", REFIT_MOST);
	argv[5] = span_of(most);
	r->lessons = l;
	r->catalogue = catalogue_ref(*l->options.catalogue);
	r->matcher = catalogue_matcher(r->catalogue);
	r->required = catalogue_required(r->catalogue);
	l->under_way = r;
	if (redis_command(l->options.redis, ARRAY_LEN(argv), argv, on_corrections, r)) {
		l->under_way = NULL;
		refit_free(r);
	}
}

static void on_wait(void *arg)
{
	lessons_refit(arg);
}

/* Corrections come in bursts: one fit for all of them. */
static void on_hint(void *arg, struct span message)
{
	struct lessons *l = arg;

	(void)message;
	if (!io_timer_active(l->wait))
		io_timer_start(l->wait, REFIT_MS, 0);
}

int lessons_create(const struct lessons_options *options, struct lessons **out)
{
	struct lessons *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->options = *options;
	l->kept = metric_get(METRIC_COUNTER, "posthouse_unanswered_total",
	                     "Questions kept for those who write answers", NULL, NULL);
	l->corrected = metric_get(METRIC_COUNTER, "posthouse_corrections_total",
	                          "Times an agent said what a text was about", NULL, NULL);
	err = io_timer_create(options->loop, "templates.trim", on_trim, l, &l->trim);
	if (!err)
		err = io_timer_create(options->loop, "templates.refit", on_wait, l, &l->wait);
	if (!err)
		err = redis_subscribe(options->redis, HINTS, on_hint, NULL, l);
	if (err) {
		lessons_destroy(&l);
		return err;
	}
	io_timer_start(l->trim, TRIM_MS, TRIM_MS);
	*out = l;
	return 0;
}

void lessons_destroy(struct lessons **lessons)
{
	struct lessons *l = *lessons;

	if (!l)
		return;
	if (l->under_way)
		l->under_way->lessons = NULL;
	io_timer_destroy(&l->trim);
	io_timer_destroy(&l->wait);
	free(l);
	*lessons = NULL;
}
