/*
 * What a short text says besides a question: thanks, "never mind", "I do not have it". Only where
 * it says nothing else. Pure.
 */
#ifndef PH_REMARK_H
#define PH_REMARK_H

#include "span.h"

enum remark {
	REMARK_NONE,
	REMARK_THANKS, /* "谢谢", "ok got it": it is settled */
	REMARK_DROP,   /* "算了", "never mind": not wanted any more */
	REMARK_CANNOT  /* "不知道", "I don't have it": of what was asked for */
};

/** Any octets. */
enum remark remark_of(struct span text);

/** Whether somebody who was asked for something says, among other things, that they do not have it.
 */
bool text_says_cannot(struct span text);

#endif
