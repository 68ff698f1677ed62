/* What the files of the webhooks share. */
#ifndef PH_WEBHOOK_PRIVATE_H
#define PH_WEBHOOK_PRIVATE_H

#include "webhook.h"
#include "webhook_event.h"

enum {
	WEBHOOK_KEY_SIZE = 64,
	WEBHOOK_STREAM_ID_SIZE = 48,
	WEBHOOK_WINDOW = 64, /* events of one webhook in memory */
	WEBHOOK_AT_ONCE = 8, /* requests to one webhook under way */
	/* The call-backs of one user go to many places: one that hangs must not hold up the others.
	 */
	WEBHOOK_REPORTS_WINDOW = 1024,
	WEBHOOK_REPORTS_AT_ONCE = 32
};

/* Whom to tell, and how: a webhook gets events at its own URL; to a user of sendsms whatever URL
 * came with the message is called (GET), which says it all. */
struct webhook_target {
	char name[WEBHOOK_KEY_SIZE / 2 + 8]; /* of its stream, and in logs and metrics */
	const char *user;                    /* reports to a user of sendsms; NULL: a webhook */
	const char *url, *secret;            /* of a webhook */
	char *const *events;
	bool allow_private;
	uint64_t timeout_ms, give_up_ms;
	int64_t keep;
	unsigned window, at_once;
};

/* One event on its way to one webhook. */
struct delivery {
	struct delivery *next;
	struct webhook *hook;
	char stream_id[WEBHOOK_STREAM_ID_SIZE];
	uint64_t made_ms, try_at_ms; /* wall, monotonic */
	unsigned failures;
	bool under_way, abandoned; /* abandoned: freed when the request has ended */
	char *content;             /* the body; of a report the URL */
	size_t len;
};

struct webhook {
	struct webhooks *all;
	struct webhook_target target;
	char key[WEBHOOK_KEY_SIZE];
	struct delivery *first; /* in stream order */
	unsigned held, under_way;
	char last[WEBHOOK_STREAM_ID_SIZE]; /* the newest that was loaded; empty: from the start */
	bool loading, more;
	bool down; /* the last failure was the receiver's as a whole */
	uint64_t *delivered, *failed, *dropped;
	struct log_throttle alarm;
};

struct webhooks {
	struct webhook_options options;
	struct webhook *hooks;
	size_t count;
	bool reports; /* some of them are users of sendsms */
	struct io_timer *timer, *lease;
	bool ours, stopped;
	unsigned reading; /* partitions of the outbox that are being told, a bit each */
};

/* An entry of an outbox that is being given out. */
struct webhook_entry {
	struct webhook_batch *batch;
	char stream_id[WEBHOOK_STREAM_ID_SIZE];
	char conversation[CONVERSATION_ID_LEN + 1];
	char address[192];
	uint64_t seq;
	unsigned open; /* webhooks that have not acknowledged it, and one while it is given out */
	bool failed;   /* one did not: it stays in the outbox */
};

/** Takes what the outboxes have, gives each webhook its share, then takes it out of them. */
void webhook_outbox_read(struct webhooks *w);
/** One webhook's share of an entry; when it cannot be kept the entry stays where it is. */
void webhook_entry_add(struct webhook_entry *e, struct webhook *hook, struct span content);
/** One thing less that the entry waits for. */
void webhook_entry_close(struct webhook_entry *e);
struct webhooks *webhook_entry_of(const struct webhook_entry *e);

/** webhook_report.c: gives whoever asked for reports of the message its share of a status. */
void webhook_report(struct webhook_entry *e, const struct log_event *status);

/** Loads and sends what is due. */
void webhook_deliver(struct webhook *hook);
/** There may be more in the stream than was loaded. */
void webhook_more(struct webhook *hook);
/** Forgets what is in memory: another node tells now. */
void webhook_forget(struct webhook *hook);
/** The stream grew past its bound and lost count of its oldest; or what was to be told cannot be.
 */
void webhook_lost(struct webhook *hook, uint64_t count);

#endif
