/* What the files of the API share. */
#ifndef PH_API_PRIVATE_H
#define PH_API_PRIVATE_H

#include "api.h"
#include "digest.h"
#include "reply.h"

enum api_scope {
	SCOPE_CALLS = 1,
	SCOPE_MESSAGES = 2,
	SCOPE_CONVERSATIONS = 4,
	SCOPE_CHANNELS = 8,
	SCOPE_TEMPLATES_READ = 16,
	SCOPE_TEMPLATES_EDIT = 32,
	SCOPE_TEMPLATES_PUBLISH = 64,
	SCOPE_VERIFICATIONS = 128
};

enum {
	API_BODY_MAX = 64 * 1024,
	API_FILES_MAX = 8 << 20, /* a body with a catalogue's files */
	API_TEXT_MAX = 8000,     /* octets of a text; a channel may take less */
	API_VALUE_MAX = 1000,
	API_ID_MAX = 64
};

struct api_key {
	char hash[DIGEST_HEX_SIZE];
	const char *name; /* borrowed from the configuration */
	unsigned scopes;
};

struct templates_door;
struct templates_who;

struct api {
	struct api_options options;
	/* Who a handler is called for, where the request carries no key; set for that call only. */
	const struct templates_who *who;
	struct api_key *keys;
	size_t key_count;
	struct match_scratch *scratch;
	struct templates_door *doors; /* of api_templates_routes.c */
};

/** Whose key a request carries, with that scope; else answers 401 or 403 itself and says NULL. */
const struct api_key *api_authorize(const struct api *api, struct http_request *r,
                                    enum api_scope scope);

/** The lane of that name, confirmation where none is named; false: answered. */
bool api_read_lane(struct http_request *r, struct span name, enum lane *out);

/** The handlers; arg is the struct api. */
void api_post_message(void *arg, struct http_request *r);
void api_post_call(void *arg, struct http_request *r);
void api_post_verification(void *arg, struct http_request *r);
void api_delete_verification(void *arg, struct http_request *r);
void api_post_segments(void *arg, struct http_request *r);
void api_get_message(void *arg, struct http_request *r);
void api_get_conversation(void *arg, struct http_request *r);
void api_get_events(void *arg, struct http_request *r);
void api_post_message_act(void *arg, struct http_request *r);
void api_get_dead_letters(void *arg, struct http_request *r);
void api_post_dead_letters(void *arg, struct http_request *r);
void api_post_dead_letter(void *arg, struct http_request *r);
void api_delete_dead_letter(void *arg, struct http_request *r);
void api_get_channels(void *arg, struct http_request *r);
void api_get_channel(void *arg, struct http_request *r);
void api_post_channel(void *arg, struct http_request *r);
void api_get_route(void *arg, struct http_request *r);
void api_get_list(void *arg, struct http_request *r);
void api_post_list(void *arg, struct http_request *r);
void api_delete_list(void *arg, struct http_request *r);
/** The routes of templates and unanswered questions, for programs and for people. */
int api_templates_routes(struct api *api) MUST_CHECK;

void api_get_unanswered(void *arg, struct http_request *r);
void api_delete_unanswered(void *arg, struct http_request *r);
void api_post_unanswered_draft(void *arg, struct http_request *r);
void api_get_templates(void *arg, struct http_request *r);
void api_post_template(void *arg, struct http_request *r);
void api_get_template(void *arg, struct http_request *r);
void api_put_template(void *arg, struct http_request *r);
void api_delete_template(void *arg, struct http_request *r);
void api_delete_template_draft(void *arg, struct http_request *r);
void api_validate_templates(void *arg, struct http_request *r);
void api_publish_templates(void *arg, struct http_request *r);
void api_rollback_templates(void *arg, struct http_request *r);
void api_import_templates(void *arg, struct http_request *r);
void api_export_templates(void *arg, struct http_request *r);
void api_get_template_audit(void *arg, struct http_request *r);
void api_get_template_versions(void *arg, struct http_request *r);
void api_get_template_version(void *arg, struct http_request *r);

#endif
