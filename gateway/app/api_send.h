/*
 * What POST /v1/messages and POST /v1/calls share: a text or a rendered template, sent once however
 * often it is posted.
 */
#ifndef PH_API_SEND_H
#define PH_API_SEND_H

#include "api_private.h"
#include "event_json.h"
#include "once.h"

/* How to word a template. Spans are of the body or of the sending. */
struct wording_order {
	struct span template_id;         /* empty: the text is given */
	struct span lang;                /* empty: the conversation's, then fallback_lang */
	const char *fallback_lang;       /* NULL: the catalogue's first */
	json_t *variables;               /* may be NULL */
	struct render_value defaults[4]; /* for what variables does not have */
	size_t default_count;
};

struct sending {
	struct api *api;
	struct http_request *request;
	json_t *body; /* spans of send borrow from it */
	bool once_used, claimed;
	struct once once;
	const char *conflict_code, *conflict_field; /* what another body with the same id is told */
	char cid[DIGEST_HEX_SIZE];
	char author[48];
	char known[EVENT_ID_SIZE]; /* the message that an earlier post made */
	struct buf text;
	struct span call_id; /* of a call; else empty */
	struct wording_order order;
	char date[16], hour[8], lang[8]; /* what order points to */
	struct router_send send;
};

/** NULL when out of memory, which is then answered. Takes the reference of body. */
struct sending *sending_create(struct api *api, struct http_request *r, json_t *body);
/** Gives up before anything was done; the request must have been answered. */
void sending_discard(struct sending **s);

/** The channel to use where none is named, and the medium; false: answered. */
bool sending_place(struct sending *s);
/** Names the work: the same id with the same body again is the same message. */
void sending_once(struct sending *s, const char *kind, struct span id);
/** Words it, claims the id, sends and answers. s is gone after it. */
void sending_go(struct sending *s);

#endif
