/*
 * Which of the numbered lines of a menu a customer chose: "1", "一", "第一个", "the first", "①",
 * "选2". Pure: who keeps the menu is the router.
 */
#ifndef PH_CHOICE_H
#define PH_CHOICE_H

#include "span.h"

#define CHOICE_MAX 9

/**
 * The line a text chooses, from 1 to lines; 0 where it is no choice, says more than that, or names
 * a line there is not. Any octets; lines at most CHOICE_MAX.
 */
unsigned choice_of(struct span text, unsigned lines);

#endif
