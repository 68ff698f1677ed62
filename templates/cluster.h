/*
 * Grouping texts by likeness: the questions nothing answered, so that somebody may write one answer
 * for each group. Pure and deterministic: the same texts in the same order give the same groups.
 */
#ifndef PH_CLUSTER_H
#define PH_CLUSTER_H

#include "span.h"

/* What is looked at; texts past it are told by the count of those left out. */
#define CLUSTER_TEXTS_MAX 10000
/* How often the texts are gone over. */
#define CLUSTER_GOES 6

struct cluster_options {
	float likeness; /* cosine from which two texts are alike, 0 to 1; 0: the usual 0.40 */
	size_t least;   /* texts a group must have to be told; 0: 2 */
	size_t most;    /* groups that are told, the largest first; 0: all */
	/* Products of two weights in each go over the texts: a text past its share keeps its
	 * rarest terms only. 0: 100 million, a fifth of a second. */
	size_t work;
};

struct cluster {
	uint32_t representative; /* of the texts: the one most like the others */
	uint32_t count;          /* texts in it, the representative too */
	uint32_t first;          /* of its members in cluster_list.member */
};

struct cluster_list {
	struct cluster *at; /* the largest first; equal ones by their first text */
	size_t count;
	uint32_t *member;  /* texts, cluster by cluster, ascending in each */
	uint32_t *of_text; /* of each text that was looked at its cluster, or UINT32_MAX */
	size_t looked_at;
	size_t left_out; /* texts past CLUSTER_TEXTS_MAX */
	size_t products; /* what it took: at most CLUSTER_GOES times the work */
};

/**
 * Groups texts of any octets. A text without a word in it is in no group. Texts that are equal
 * after normalising are always together. Computes for up to a second at the most texts, a few
 * seconds where they are made to take long: not on the loop. -EINVAL: options out of range;
 * -ENOMEM.
 */
int cluster_texts(const struct span *texts, size_t count, const struct cluster_options *options,
                  struct cluster_list *out) MUST_CHECK;
void cluster_list_fini(struct cluster_list *list);

#endif
