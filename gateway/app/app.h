/*
 * A node: everything made from the configuration and wired together. The only place that knows
 * connectors, router, templates and the interfaces; it decides nothing.
 */
#ifndef PH_APP_H
#define PH_APP_H

#include "config.h"

struct app;

/**
 * Makes all parts: reads the catalogue, opens channels' configuration, makes routes; listens on
 * nothing and connects nowhere until app_run(). Every error is told. -EINVAL. config must outlive
 * it.
 */
int app_create(const struct config *config, struct yaml_errors *errors,
               struct app **out) MUST_CHECK;
/** Listens, connects, runs until it is told to stop and has drained. The exit status. */
int app_run(struct app *app) MUST_CHECK;
/** Accepts NULL inside and sets it NULL. */
void app_destroy(struct app **app);

#endif
