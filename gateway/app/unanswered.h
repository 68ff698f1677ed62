/*
 * What customers asked in vain, read from Redis and grouped by likeness beside the loop: for those
 * who list the groups and those who make answers of them.
 */
#ifndef PH_UNANSWERED_H
#define PH_UNANSWERED_H

#include "api_templates.h"
#include "cluster.h"

enum { UNANSWERED_MOST = 3000, UNANSWERED_GROUPS = 100, UNANSWERED_SAMPLES = 20 };

struct unanswered_question {
	char *id, *text, *inside; /* inside: the template whose draft it is in; NULL: none */
	bool english;
	uint64_t hash; /* equal for what is the same sample */
	json_t *shown;
};

struct unanswered {
	struct templates_call *call;
	struct unanswered_question *at;
	size_t count;
	struct cluster_list groups;
	/* Told once; err 0 or -ENOMEM. Frees u by unanswered_free(). */
	void (*done)(struct unanswered *u, int err);
};

/** Reads and groups; done gets it. Where that cannot begin or Redis is away, the call is answered.
 */
void unanswered_read(struct templates_call *call, void (*done)(struct unanswered *u, int err));
void unanswered_free(struct unanswered *u);

/** The i-th question of a group. */
const struct unanswered_question *unanswered_member(const struct unanswered *u,
                                                    const struct cluster *group, uint32_t i);
/** The group that has the question of that id, or NULL. */
const struct cluster *unanswered_find(const struct unanswered *u, struct span id);
/** {"zh":[...],"en":[...]}: what was asked, each once, none too long to be a sample. */
json_t *unanswered_samples(const struct unanswered *u, const struct cluster *group);

#endif
