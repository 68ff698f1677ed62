/* connectors.def, as CMake found it built, becomes a table. */
#include "registry.h"

#include <assert.h>

#define CONNECTOR(name) extern const struct connector_ops name##_connector;
#include "registry.def"
#undef CONNECTOR

static const struct connector_ops *const connectors[] = {
#define CONNECTOR(name) &name##_connector,
#include "registry.def"
#undef CONNECTOR
	NULL};

const struct connector_ops *registry_at(size_t i)
{
	const struct connector_ops *ops = i < ARRAY_LEN(connectors) ? connectors[i] : NULL;

	/* Half a connector would fail on the day that it is asked for what it lacks. */
	assert(!ops || (ops->name && ops->init && ops->start && ops->send && ops->address &&
	                ops->stop && ops->fini && ops->caps.scheme && ops->config));
	return ops;
}

const struct connector_ops *registry_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(connectors) && registry_at(i); i++)
		if (strcmp(registry_at(i)->name, name) == 0)
			return registry_at(i);
	return NULL;
}
