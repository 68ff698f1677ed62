/* What every unit test program shares: its main, and hex for wire bytes. */
#ifndef PH_UNIT_H
#define PH_UNIT_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

/** Runs the cases as one suite; the exit status for main. CK_FORK=no is respected. */
int unit_run(const char *name, TCase *const *cases, size_t count);

/** Decodes hex (blanks ignored) into storage that lasts until the next call but 15. */
struct span unit_hex(const char *hex);

#endif
