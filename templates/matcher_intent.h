/*
 * Whether somebody asks for a person instead of an answer: "人工", "转人工", "agent", "0" and what
 * people really write for it. An intent of its own, since it must work always and from anywhere.
 */
#ifndef PH_MATCHER_INTENT_H
#define PH_MATCHER_INTENT_H

#include "matcher_normal.h"

/** Whether the text asks for a human. matcher_match() has asked it already. */
bool intent_wants_human(const struct normal *n);
/** Whether several clauses end with one that asks for a human: "none of these, agent". */
bool intent_ends_with_human(struct span text);
#endif
