/* What the files of /v1/templates share. */
#ifndef PH_API_TEMPLATES_H
#define PH_API_TEMPLATES_H

#include "api_private.h"
#include "knowledge.h"
#include "once.h"
#include "templates_rights.h"

struct unanswered;

/* A request under way. */
struct templates_call {
	struct api *api;
	struct http_request *request;
	json_t *body;
	struct templates_who who;
	struct once once;
	bool once_used;
	void (*go)(struct templates_call *c); /* after the idempotency key was looked up */
	char name[EDITION_NAME_MAX + 1], hash[EDITION_HASH_LEN + 1];
	char *sheet, *expected;
	struct knowledge_order order;
	struct span *ids, *hashes;
	struct catalogue_file *files;
	uint64_t version;
	uint64_t after; /* the first page of a version */
	char *text;     /* an answer that was written off the loop */
	/* Of unanswered questions that become a draft. */
	void (*unanswered)(struct unanswered *u, int err);
	json_t *samples, *question_ids;
	size_t id_count; /* of ids, which are borrowed from question_ids */
	bool into;       /* more samples for name; else name is a new answer */
};

/** Reads the body by fields, where there are any, for api->who, who may do it; NULL: answered. */
struct templates_call *templates_call(struct api *api, struct http_request *r,
                                      const struct json_field *fields, void *out);
void templates_free(struct templates_call *c);
/** Calls go, at once or after the Idempotency-Key was found to be new; a known one is answered. */
void templates_once(struct templates_call *c, void (*go)(struct templates_call *c));
/** "ph_templates_..." ; fn gets the call. False: answered, and c is gone. */
bool templates_fcall(struct templates_call *c, const char *function, const struct span *args,
                     size_t count, redis_fn *fn);
/* A draft as Redis keeps it; spans are borrowed from its text. */
struct draft_record {
	struct span base, hash, ms, by, file;
};
/** Of "BASE HASH MS BY FILE"; all empty where there is no draft. */
struct draft_record templates_draft_record(struct span text);
/** "published", "changed", "removed" or "draft". */
const char *templates_state(bool published, const struct draft_record *d);
/** "1" for who may change drafts of their own only, as ph_templates_draft takes it. */
struct span templates_own(const struct templates_call *c);
/** What If-Match says, without its quotes; empty: nothing. */
struct span templates_match(const struct templates_call *c);
/** Gives c's order; fn gets the call. */
void templates_order(struct templates_call *c, knowledge_fn *fn);
/** Ends c with what an order came to when that was no success. */
void templates_refuse(struct templates_call *c, const struct knowledge_result *result);
/** Ends c with an answer that is kept under its idempotency key as result ("7"; NULL: not kept). */
void templates_reply(struct templates_call *c, int status, json_t *object, const char *result);
/** Ends c with 200 and the version that If-Match of an order may name. */
void templates_reply_version(struct templates_call *c, json_t *object, uint64_t version);
/** Ends c with a problem; the idempotency key may be used again. */
void templates_problem(struct templates_call *c, int status, const char *code, const char *detail,
                       const char *field);
/** {"template":..., "file":..., "line":..., "field":..., "detail":...} of all faults. */
json_t *templates_faults_json(const struct knowledge_result *result);
json_t *templates_names_json(char *const *names, size_t count);

#endif
