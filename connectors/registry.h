/* The connectors that are built in, by name. Only gateway/app asks. */
#ifndef PH_REGISTRY_H
#define PH_REGISTRY_H

#include "connector.h"

/** The operations of the connector with that name ("smpp"), or NULL. */
const struct connector_ops *registry_find(const char *name);
/** All of them, one after the other, ending with NULL. */
const struct connector_ops *registry_at(size_t i);

#endif
