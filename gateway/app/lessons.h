/*
 * What people teach the catalogue: questions that nothing answered, kept for those who write
 * answers, and what agents say a text was about, from which the confidence is fitted anew on every
 * node. Both are customers' words: kept in Redis for a bounded time and number, addresses
 * and particulars masked (mask.h), never in a log.
 */
#ifndef PH_LESSONS_H
#define PH_LESSONS_H

#include "catalogue.h"
#include "loop.h"
#include "redis.h"
#include "router.h"

struct lessons;

#define LESSONS_ASKED "ph:{tpl}:asked"
#define LESSONS_ABOUT "ph:{tpl}:about_text"
#define LESSONS_MOST "10000" /* of each; the oldest leave */
#define LESSONS_TEXT_MAX 500

struct lessons_options {
	struct io_loop *loop;
	const struct logger *log;
	struct redis *redis;
	uint64_t keep_ms;                   /* 0: nothing is kept */
	struct catalogue *const *catalogue; /* the one in use */
	void (*refitted)(void *arg); /* what was matched before may be judged otherwise now */
	void *arg;
};

int lessons_create(const struct lessons_options *options, struct lessons **out) MUST_CHECK;
void lessons_destroy(struct lessons **lessons);

/** Keeps a question; what Redis cannot take now is lost. */
void lessons_asked(struct lessons *lessons, const struct router_unanswered *asked);

/* "This was about X". */
struct lessons_about {
	struct span text, template_id; /* empty: nothing in the catalogue would have done */
	struct span conversation, by;
	uint64_t seq;
};
/** Keeps it; fn when it is durable. Said again of the same message it takes the former's place. */
int lessons_about(struct lessons *lessons, const struct lessons_about *about, done_fn *fn,
                  void *arg) MUST_CHECK;

/** Fits the confidence of the catalogue in use, on a thread of the pool: another one came into use.
 */
void lessons_refit(struct lessons *lessons);

#endif
