/*
 * Trained matchers kept in a directory between starts, one file a set of samples and engine:
 * KEY-ENGINE.matcher, or KEY-ENGINE.quick.matcher of one that was trained for a start that could
 * not wait and is in use until the whole one is learned. A file that is not what it should be is as
 * good as none. Files may be shared by nodes: they are put in place whole, and the same name always
 * has the same content.
 */
#ifndef PH_CATALOGUE_CACHE_H
#define PH_CATALOGUE_CACHE_H

#include "catalogue.h"

/**
 * The matcher of the samples: from the directory, or trained and then put there. dir NULL: trained.
 * *use tells what became of the directory, whose faults are no errors of the call.
 */
int cache_matcher(const char *dir, const struct match_source *source, struct catalogue_cache *use,
                  struct matcher **out) MUST_CHECK;

/**
 * The same for a start that cannot wait: from the directory, whole or quick, else trained quickly
 * (matcher_create_quick()) and put there as such. *quick says which. A few samples are no work, so
 * they are trained whole.
 */
int cache_matcher_quick(const char *dir, const struct match_source *source,
                        struct catalogue_cache *use, bool *quick, struct matcher **out) MUST_CHECK;

#endif
