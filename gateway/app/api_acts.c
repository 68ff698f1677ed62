/*
 * POST /v1/messages/{id}/cancel|query|replace: to take back what waits here, else to ask the peer
 * that took it. What a peer allows of that is its business; it often is nothing.
 */
#include "api_private.h"

#include <stdio.h>
#include <stdlib.h>

/* A request under way. */
struct act {
	struct api *api;
	struct http_request *request;
	char conversation[CONVERSATION_ID_LEN + 1];
	uint64_t seq;
	char *text;    /* of a replacement */
	bool too_late; /* it left its lane: only the peer can take it back */
};

static void act_free(struct act *a)
{
	free(a->text);
	free(a);
}

static void answer(struct act *a, enum message_status status, struct span code, const char *by)
{
	char id[CONVERSATION_ID_LEN + 24];
	json_t *object = json_object();

	snprintf(id, sizeof(id), "%s-%llu", a->conversation, (unsigned long long)a->seq);
	strict_json_set(object, "id", span_of(id));
	json_object_set_new(object, "status", json_string(message_status_name(status)));
	strict_json_set(object, "code", code);
	strict_json_set(object, "by", span_of(by));
	reply_json(a->request, 200, object);
	act_free(a);
}

static void refuse(struct act *a, const struct router_error *error)
{
	/* Who wants it back is told that it is gone, not why nobody could be asked. */
	const struct router_error too_late = {-EBUSY, "too_late",
	                                      "it left; its peer has no way to take it back"};
	bool nobody = error->code && (strcmp(error->code, "no_peer_id") == 0 ||
	                              strcmp(error->code, "not_supported") == 0);

	reply_router_error(a->request, a->too_late && nobody ? &too_late : error);
	act_free(a);
}

static void on_asked(void *arg, const struct router_asked *asked)
{
	struct act *a = arg;

	if (asked->error.err)
		refuse(a, &asked->error);
	else
		answer(a, asked->status, asked->code, "peer");
}

static void ask_peer(struct act *a, enum connector_operation what)
{
	if (!router_ask(a->api->options.router, span_of(a->conversation), a->seq, what,
	                span_of(a->text), on_asked, a))
		return;
	reply_unavailable(a->request);
	act_free(a);
}

/* --- cancel ----------------------------------------------------------------------------------- */

static void on_canceled(void *arg, const struct router_error *error)
{
	struct act *a = arg;

	a->too_late = error->err && error->code && strcmp(error->code, "too_late") == 0;
	if (a->too_late)
		ask_peer(a, OPERATION_CANCEL);
	else if (error->err)
		refuse(a, error);
	else
		answer(a, STATUS_CANCELED, SPAN_NONE, "queue");
}

static void cancel(struct act *a)
{
	if (!router_cancel(a->api->options.router, span_of(a->conversation), a->seq, on_canceled,
	                   a))
		return;
	reply_unavailable(a->request);
	act_free(a);
}

/* --- query ------------------------------------------------------------------------------------ */

static void query(struct act *a)
{
	ask_peer(a, OPERATION_QUERY);
}

/* --- replace ---------------------------------------------------------------------------------- */

/* What a person said stays said: only what a program sent is a notice that may be exchanged. */
static void on_original(void *arg, const struct router_message *message)
{
	struct act *a = arg;
	bool notice = !message->error.err && message->event->type == LOG_MESSAGE &&
	              span_starts(message->event->message->author, SPAN_LIT("api:"));

	if (message->error.err) {
		refuse(a, &message->error);
	} else if (!notice) {
		http_problem(a->request, 409, "not_a_notice",
		             "only what a program sent can be replaced", NULL);
		act_free(a);
	} else {
		ask_peer(a, OPERATION_REPLACE);
	}
}

struct replacement {
	struct span text;
};

static const struct json_field replacement_fields[] = {
	{"text",		       JSON_KIND_TEXT, offsetof(struct replacement, text), true, 1, API_TEXT_MAX},
        {0}
};

static void replace(struct act *a)
{
	struct replacement wanted = {0};
	json_t *body = NULL;

	if (!reply_read(a->request, replacement_fields, &wanted, &body)) {
		act_free(a);
		return;
	}
	a->text = span_dup(wanted.text);
	json_decref(body);
	if (a->text && !router_message_get(a->api->options.router, span_of(a->conversation), a->seq,
	                                   on_original, a))
		return;
	reply_unavailable(a->request);
	act_free(a);
}

/* --- All of them ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	void (*begin)(struct act *a);
} acts[] = {
	{"cancel",  cancel },
	{"query",   query  },
	{"replace", replace},
};

void api_post_message_act(void *arg, struct http_request *r)
{
	struct act *a;
	size_t i = 0;

	if (!api_authorize(arg, r, SCOPE_MESSAGES))
		return;
	while (i < ARRAY_LEN(acts) && !span_is(http_part(r, 1), acts[i].name))
		i++;
	if (i == ARRAY_LEN(acts)) {
		http_problem(r, 404, "not_found", "a message knows cancel, query and replace",
		             NULL);
		return;
	}
	a = calloc(1, sizeof(*a));
	if (!a) {
		reply_unavailable(r);
		return;
	}
	a->api = arg;
	a->request = r;
	if (router_message_id_parse(http_part(r, 0), a->conversation, &a->seq)) {
		http_problem(r, 404, "message_unknown", "there is no such message", NULL);
		act_free(a);
		return;
	}
	acts[i].begin(a);
}
