/* Keys, scopes and routes of the API. */
#include "api_private.h"

#include <stdlib.h>

static const struct {
	const char *name;
	unsigned scope;
} scopes[] = {
	{"calls",             SCOPE_CALLS							  },
	{"messages",          SCOPE_MESSAGES						       },
	{"conversations",     SCOPE_CONVERSATIONS						  },
	{"channels",          SCOPE_CHANNELS						       },
	{"templates",         SCOPE_TEMPLATES_READ | SCOPE_TEMPLATES_EDIT | SCOPE_TEMPLATES_PUBLISH},
	{"templates.read",    SCOPE_TEMPLATES_READ						 },
	{"templates.edit",    SCOPE_TEMPLATES_READ | SCOPE_TEMPLATES_EDIT                          },
	{"templates.publish", SCOPE_TEMPLATES_READ | SCOPE_TEMPLATES_PUBLISH                       },
	{"verifications",     SCOPE_VERIFICATIONS						  },
};

static unsigned scopes_of(char **names)
{
	unsigned all = 0;

	for (; names && *names; names++)
		for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
			if (strcmp(*names, scopes[i].name) == 0)
				all |= scopes[i].scope;
	return all;
}

/* Hashes are compared, all of them: the time tells neither the key nor which one it is. */
static const struct api_key *find_key(const struct api *api, struct span key)
{
	const struct api_key *found = NULL;
	char hash[DIGEST_HEX_SIZE];

	digest_sha256_hex(&key, 1, hash);
	for (size_t i = 0; i < api->key_count; i++)
		if (span_eq_secret(span_of(hash), span_of(api->keys[i].hash)))
			found = &api->keys[i];
	return found;
}

const struct api_key *api_authorize(const struct api *api, struct http_request *r,
                                    enum api_scope scope)
{
	struct span key;
	struct span scheme = span_split(http_header(r, "authorization"), ' ', &key);
	const struct api_key *found = NULL;

	if (scheme.len != 6 || strncasecmp(scheme.ptr, "Bearer", 6) != 0 || !key.len) {
		reply_unauthorized(r, "key_missing", "send Authorization: Bearer KEY");
		return NULL;
	}
	found = find_key(api, span_trim(key));
	if (!found) {
		log_warn(api->options.log, EVENT("api.key_refused"), STR("from", http_peer(r)));
		reply_unauthorized(r, "key_invalid", "there is no such key");
		return NULL;
	}
	if (!(found->scopes & (unsigned)scope)) {
		http_problem(r, 403, "scope_missing", "the key may not do this", NULL);
		return NULL;
	}
	return found;
}

static const struct {
	unsigned method;
	const char *path;
	http_handler *fn;
} routes[] = {
	{HTTP_M_POST,   "/v1/messages",                 api_post_message       },
	{HTTP_M_GET,    "/v1/messages/:id",             api_get_message        },
	{HTTP_M_POST,   "/v1/messages/:id/:act",        api_post_message_act   },
	{HTTP_M_GET,    "/v1/dead-letters",             api_get_dead_letters   },
	{HTTP_M_POST,   "/v1/dead-letters/:id",         api_post_dead_letters  },
	{HTTP_M_POST,   "/v1/dead-letters/:id/:act",    api_post_dead_letter   },
	{HTTP_M_DELETE, "/v1/dead-letters/:id",         api_delete_dead_letter },
	{HTTP_M_POST,   "/v1/calls",                    api_post_call          },
	{HTTP_M_GET,    "/v1/conversations/:id",        api_get_conversation   },
	{HTTP_M_GET,    "/v1/conversations/:id/events", api_get_events         },
	{HTTP_M_POST,   "/v1/verifications",            api_post_verification  },
	{HTTP_M_DELETE, "/v1/verifications",            api_delete_verification},
	{HTTP_M_GET,    "/v1/channels",                 api_get_channels       },
	{HTTP_M_GET,    "/v1/channels/:name",           api_get_channel        },
	{HTTP_M_POST,   "/v1/channels/:name/:want",     api_post_channel       },
	{HTTP_M_GET,    "/v1/route",                    api_get_route          },
	{HTTP_M_GET,    "/v1/lists",                    api_get_list           },
	{HTTP_M_POST,   "/v1/lists",                    api_post_list          },
	{HTTP_M_DELETE, "/v1/lists",                    api_delete_list        },
	{HTTP_M_POST,   "/v1/segments",                 api_post_segments      },
};

static int add_routes(struct api *api)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_LEN(routes) && !err; i++)
		err = http_route_limited(api->options.server, routes[i].method, routes[i].path,
		                         API_BODY_MAX, routes[i].fn, api);
	return err ? err : api_templates_routes(api);
}

int api_create(const struct api_options *options, struct api **out)
{
	const struct config_list *list = &options->config->api.keys;
	const struct config_api_key *keys = list->items;
	struct api *api = calloc(1, sizeof(*api));
	int err;

	if (!api)
		return -ENOMEM;
	api->options = *options;
	api->keys = calloc(list->count + 1, sizeof(*api->keys));
	for (; api->keys && api->key_count < list->count; api->key_count++) {
		struct api_key *key = &api->keys[api->key_count];
		struct span text = span_of(keys[api->key_count].key);

		digest_sha256_hex(&text, 1, key->hash);
		key->name = keys[api->key_count].name;
		key->scopes = scopes_of(keys[api->key_count].scopes);
	}
	api->scratch = match_scratch_create();
	err = api->keys && api->scratch ? add_routes(api) : -ENOMEM;
	if (err)
		api_destroy(&api);
	else
		*out = api;
	return err;
}

void api_destroy(struct api **api)
{
	if (!*api)
		return;
	free((*api)->keys);
	free((*api)->doors);
	match_scratch_destroy(&(*api)->scratch);
	free(*api);
	*api = NULL;
}
