/* What the files of the test's host share. */
#ifndef PH_TEST_HOST_PRIVATE_H
#define PH_TEST_HOST_PRIVATE_H

#include "host.h"

/** Calls done in a later turn, or when the test settles. */
void host_settle_later(struct connector_host *h, done_fn *done, void *arg);
/** As much of s as fits with a NUL; its length. */
size_t host_copy(char *out, size_t size, struct span s);

void host_parts_free(struct connector_host *h);
void host_values_free(struct connector_host *h);

#endif
