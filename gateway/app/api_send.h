/*
 * What POST /v1/messages and POST /v1/calls share: a text or a rendered template, sent once however
 * often it is posted.
 */
#ifndef PH_API_SEND_H
#define PH_API_SEND_H

#include "api_private.h"
#include "event_json.h"
#include "once.h"

struct sending {
	struct api *api;
	struct http_request *request;
	json_t *body; /* spans of send borrow from it */
	bool once_used;
	struct once once;
	const char *conflict_code, *conflict_field; /* what another body with the same id is told */
	char cid[DIGEST_HEX_SIZE];
	char author[48];
	char known[EVENT_ID_SIZE]; /* the message that an earlier post made */
	struct buf text;
	struct span call_id; /* of a call; else empty */
	struct router_send send;
};

/** NULL when out of memory, which is then answered. Takes the reference of body. */
struct sending *sending_create(struct api *api, struct http_request *r, json_t *body);
/** Gives up before anything was done; the request must have been answered. */
void sending_discard(struct sending **s);

/* How to word a template. */
struct wording_order {
	struct span template_id, lang;       /* lang may be empty */
	json_t *variables;                   /* may be NULL */
	const struct render_value *defaults; /* for what variables does not have */
	size_t default_count;
};
/** Renders into s->text for the medium of the channel; false: answered, with what is wrong. */
bool sending_render(struct sending *s, const struct wording_order *order);
/** The channel to use where none is named, and the medium; false: answered. */
bool sending_place(struct sending *s);
/** Names the work: the same id with the same body again is the same message. */
void sending_once(struct sending *s, const char *kind, struct span id);
/** Claims, sends and answers. s is gone after it. */
void sending_go(struct sending *s);

#endif
