/*
 * What every file of ours may take for granted: result marking, array length, callbacks that
 * report when something is done.
 */
#ifndef PH_BASE_H
#define PH_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Errors are 0 or a negative errno; whoever gets one looks at it. */
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/** Told once how something ended: 0, or a negative errno. */
typedef void done_fn(void *arg, int err);

#endif
