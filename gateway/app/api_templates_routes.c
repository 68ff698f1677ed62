/*
 * The routes of the catalogue, each with the right it takes. They stand twice: under /v1 for
 * programs with a key, under /console/api for people who logged in. Whoever comes by which door,
 * the handler is the same.
 */
#include "api_templates.h"

#include <stdio.h>
#include <stdlib.h>

static const struct templates_route {
	unsigned method;
	const char *path; /* below the door */
	http_handler *fn;
	enum templates_right right;
} routes[] = {
	{HTTP_M_GET,    "/unanswered",                  api_get_unanswered,        RIGHT_EDIT   },
	{HTTP_M_DELETE, "/unanswered",                  api_delete_unanswered,     RIGHT_EDIT   },
	{HTTP_M_POST,   "/unanswered/:group/draft",     api_post_unanswered_draft, RIGHT_EDIT   },
	{HTTP_M_GET,    "/templates",                   api_get_templates,         RIGHT_READ   },
	{HTTP_M_POST,   "/templates",                   api_post_template,         RIGHT_PROPOSE},
	{HTTP_M_GET,    "/templates/:id",               api_get_template,          RIGHT_READ   },
	{HTTP_M_PUT,    "/templates/:id",               api_put_template,          RIGHT_PROPOSE},
	{HTTP_M_DELETE, "/templates/:id",               api_delete_template,       RIGHT_PROPOSE},
	{HTTP_M_DELETE, "/templates/:id/draft",         api_delete_template_draft, RIGHT_PROPOSE},
	{HTTP_M_POST,   "/templates/validate",          api_validate_templates,    RIGHT_PROPOSE},
	{HTTP_M_POST,   "/templates/publish",           api_publish_templates,     RIGHT_PUBLISH},
	{HTTP_M_POST,   "/templates/rollback",          api_rollback_templates,    RIGHT_PUBLISH},
	{HTTP_M_POST,   "/templates/import",            api_import_templates,      RIGHT_PUBLISH},
	{HTTP_M_GET,    "/templates/export",            api_export_templates,      RIGHT_READ   },
	{HTTP_M_GET,    "/templates/audit",             api_get_template_audit,    RIGHT_READ   },
	{HTTP_M_GET,    "/templates/versions",          api_get_template_versions, RIGHT_READ   },
	{HTTP_M_GET,    "/templates/versions/:version", api_get_template_version,  RIGHT_READ   },
};

struct templates_door {
	struct api *api;
	const struct templates_route *route;
};

/* A log-in that is being looked up. */
struct knock {
	const struct templates_door *door;
	struct http_request *request;
};

static void pass(const struct templates_door *door, struct http_request *r,
                 const struct templates_who *who)
{
	char detail[96];

	if (!(who->rights & (unsigned)door->route->right)) {
		snprintf(detail, sizeof(detail), "this needs the right to %s the catalogue",
		         templates_right_name(door->route->right));
		http_problem(r, 403, who->person ? "role_forbidden" : "scope_missing", detail,
		             NULL);
		return;
	}
	door->api->who = who;
	door->route->fn(door->api, r);
	door->api->who = NULL;
}

static unsigned rights_of_scopes(unsigned scopes)
{
	unsigned rights = 0;

	if (scopes & SCOPE_TEMPLATES_READ)
		rights |= RIGHT_READ;
	if (scopes & SCOPE_TEMPLATES_EDIT)
		rights |= RIGHT_PROPOSE | RIGHT_EDIT;
	if (scopes & SCOPE_TEMPLATES_PUBLISH)
		rights |= RIGHT_PUBLISH;
	return rights;
}

static void on_program(void *arg, struct http_request *r)
{
	const struct templates_door *door = arg;
	const struct api_key *key = api_authorize(door->api, r, SCOPE_TEMPLATES_READ);
	struct templates_who who;

	if (!key)
		return;
	templates_who_program(key->name, rights_of_scopes(key->scopes), &who);
	pass(door, r, &who);
}

static void on_known(void *arg, int err, const struct user *user, uint64_t expires_ms)
{
	struct knock *k = arg;
	struct templates_who who;

	(void)expires_ms;
	if (err == -EACCES) {
		reply_unauthorized(k->request, "not_logged_in", "log in first");
	} else if (err) {
		reply_unavailable(k->request);
	} else {
		templates_who_person(user, &who);
		pass(k->door, k->request, &who);
	}
	free(k);
}

/* A cookie is sent by itself, so what changes something counts only from a page of ours. */
static bool may_knock(const struct templates_door *door, const struct http_request *r,
                      const struct login_token *token)
{
	bool changes = http_method(r) != HTTP_M_GET;

	return login_origin_ok(door->api->options.login, r) &&
	       (!token->cookie || !changes || http_header(r, "origin").len);
}

static void on_person(void *arg, struct http_request *r)
{
	const struct templates_door *door = arg;
	struct login_token token;
	struct knock *k;

	login_token_of(r, &token);
	if (!token.hash[0]) {
		reply_unauthorized(r, "not_logged_in", "log in first");
		return;
	}
	if (!may_knock(door, r, &token)) {
		http_problem(r, 403, "origin_refused", "this page may not do that", NULL);
		return;
	}
	k = malloc(sizeof(*k));
	if (k)
		*k = (struct knock){door, r};
	if (!k || login_check(door->api->options.login, token.hash, true, on_known, k)) {
		free(k);
		reply_unavailable(r);
	}
}

static int add(struct api *api, struct templates_door *door, const char *prefix, http_handler *fn)
{
	bool has_files = strncmp(door->route->path, "/templates", 10) == 0;
	char path[64];

	snprintf(path, sizeof(path), "%s%s", prefix, door->route->path);
	return http_route_limited(api->options.server, door->route->method, path,
	                          has_files ? API_FILES_MAX : API_BODY_MAX, fn, door);
}

int api_templates_routes(struct api *api)
{
	int err = 0;

	api->doors = calloc(ARRAY_LEN(routes), sizeof(*api->doors));
	if (!api->doors)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(routes) && !err; i++) {
		api->doors[i] = (struct templates_door){api, &routes[i]};
		err = add(api, &api->doors[i], "/v1", on_program);
		if (!err)
			err = add(api, &api->doors[i], "/console/api", on_person);
	}
	return err;
}
