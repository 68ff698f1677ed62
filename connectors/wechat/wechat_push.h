/*
 * A push of WeChat's platform as a struct: XML (libxml2, without DTD, entities or network) or
 * JSON, bounded in size and depth. What a push may say is the table wechat_push.def.
 */
#ifndef PH_WECHAT_PUSH_H
#define PH_WECHAT_PUSH_H

#include "buf.h"

enum {
	WECHAT_PUSH_MAX = 64 * 1024, /* octets of one message */
	WECHAT_PUSH_DEPTH = 8,       /* elements inside each other; WeChat's own need 5 */
	WECHAT_PUSH_PATH = 128,      /* octets of a field's path */
	WECHAT_PUSH_ITEMS = 16       /* kept of a list; the rest is dropped */
};

/* A repeated part: a picture of an album, a template that was consented to. */
struct wechat_item {
#define KEPT(field, path)
#define SHOWN(field, path)
#define ITEM(field, path) struct span field;
#include "wechat_push.def"
#undef ITEM
#undef SHOWN
#undef KEPT
};

/** Spans are borrowed from storage, which the push owns; absent ones have a NULL pointer. */
struct wechat_push {
#define KEPT(field, path) struct span field;
#define SHOWN(field, path) struct span field;
#define ITEM(field, path)
#include "wechat_push.def"
#undef ITEM
#undef SHOWN
#undef KEPT
	struct wechat_item items[WECHAT_PUSH_ITEMS];
	size_t item_count;
	bool json;  /* came as JSON: WeChat takes no passive XML reply to it */
	bool lossy; /* octets that are no text were replaced */
	char *storage;
};

struct wechat_push_field {
	const char *name, *path; /* ours; WeChat's */
	size_t offset;           /* of its span, in the push or in an item */
	bool shown;
};
extern const struct wechat_push_field wechat_push_fields[], wechat_item_fields[];
extern const size_t wechat_push_field_count, wechat_item_field_count;

/**
 * Reads a push of at most max octets (envelopes may be longer than messages), JSON when it begins
 * with a brace. -EMSGSIZE: too long or too deep. -EPERM: it has a document type. -EBADMSG:
 * malformed. -ENOMEM. wechat_push_fini() after 0 only.
 */
int wechat_push_parse(struct span text, size_t max, struct wechat_push *out) MUST_CHECK;
/** Frees its storage; safe twice. */
void wechat_push_fini(struct wechat_push *push);

/* What the two readers share. */
int wechat_push_xml(struct span text, struct wechat_push *push) MUST_CHECK;
int wechat_push_json(struct span text, struct wechat_push *push) MUST_CHECK;
/** The span that path (of an item where item is not NULL) is read into; NULL: skip it. */
struct span *wechat_push_place(struct wechat_push *push, struct wechat_item *item,
                               const char *path);
/** A new item, or NULL when there are enough. */
struct wechat_item *wechat_push_item(struct wechat_push *push);

#endif
