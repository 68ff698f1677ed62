/*
 * Which operator a number belongs to, from a file of numbers and prefixes ("number portability"):
 * one in a line, "NUMBER,OPERATOR", with or without "+"; "#" begins a comment. Eight octets a line
 * in memory, sorted; the longest entry that a number begins with decides.
 */
#ifndef PH_ROUTE_NUMBERS_H
#define PH_ROUTE_NUMBERS_H

#include "span.h"

enum {
	ROUTE_OPERATORS_MAX = 255,
	ROUTE_OPERATOR_NAME_MAX = 32,
	ROUTE_NUMBERS_TOLD_MAX = 100 /* bad lines that are named; the others are counted */
};

struct route_numbers;

/** A line that cannot be used, and is left out. */
typedef void route_numbers_told_fn(void *arg, unsigned long line, const char *text);

/**
 * Reads a file; may take seconds for millions of lines, so on a thread of the pool. told may be
 * NULL. -ENOMEM, -E2BIG over a thousand million lines, or the errno of reading.
 */
int route_numbers_load(const char *path, route_numbers_told_fn *told, void *arg,
                       struct route_numbers **out) MUST_CHECK;
/** Accepts NULL inside and sets it NULL. */
void route_numbers_free(struct route_numbers **numbers);

/** The operator of "+8613800138000"; empty where the file does not say. */
struct span route_numbers_find(const struct route_numbers *numbers, struct span number);
/** How many entries there are, and how many lines were left out. */
size_t route_numbers_count(const struct route_numbers *numbers);
size_t route_numbers_bad(const struct route_numbers *numbers);

#endif
