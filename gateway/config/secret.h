/* A secret of the configuration: read from a file or the environment, wiped when it is freed. */
#ifndef PH_SECRET_H
#define PH_SECRET_H

#include "yaml.h"

/**
 * The value that {file: PATH} or {env: NAME} names, on the heap, for secret_free(). -EINVAL after
 * telling why; neither the value nor what stood in its place is ever part of the text.
 */
int secret_read(const struct yaml_node *node, struct yaml_errors *errors, char **out) MUST_CHECK;
/** Wipes and frees; accepts NULL inside and sets it NULL. */
void secret_free(char **secret);

#endif
