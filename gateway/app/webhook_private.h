/* What the files of the webhooks share. */
#ifndef PH_WEBHOOK_PRIVATE_H
#define PH_WEBHOOK_PRIVATE_H

#include "webhook.h"
#include "webhook_event.h"

enum {
	WEBHOOK_KEY_SIZE = 64,
	WEBHOOK_STREAM_ID_SIZE = 48,
	WEBHOOK_WINDOW = 64, /* events of one webhook in memory */
	WEBHOOK_AT_ONCE = 8  /* requests to one webhook under way */
};

/* One event on its way to one webhook. */
struct delivery {
	struct delivery *next;
	struct webhook *hook;
	char stream_id[WEBHOOK_STREAM_ID_SIZE];
	uint64_t made_ms, try_at_ms; /* wall, monotonic */
	unsigned failures;
	bool under_way, abandoned; /* abandoned: freed when the request has ended */
	char *body;
	size_t len;
};

struct webhook {
	struct webhooks *all;
	const struct config_webhook *config;
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
	struct io_timer *timer, *lease;
	bool ours, stopped;
	unsigned reading; /* partitions of the outbox that are being told, a bit each */
};

/** Takes what the outboxes have, gives each webhook its share, then takes it out of them. */
void webhook_outbox_read(struct webhooks *w);
/** Loads and sends what is due. */
void webhook_deliver(struct webhook *hook);
/** There may be more in the stream than was loaded. */
void webhook_more(struct webhook *hook);
/** Forgets what is in memory: another node tells now. */
void webhook_forget(struct webhook *hook);
/** The stream grew past its bound and lost count of its oldest. */
void webhook_lost(struct webhook *hook, uint64_t count);

#endif
