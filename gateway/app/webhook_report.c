/*
 * Delivery reports for scripts made for kannel: a status of a message that came with a dlr-url
 * becomes a call of that URL, where its mask asks for it. They wait, are tried again and are
 * bounded as the events of a webhook are, in a stream of each user's own.
 */
#include "webhook_private.h"

#include "dlr_url.h"
#include "sendsms_order.h"

#include <stdio.h>
#include <stdlib.h>

enum { CODE_MAX = 64, REASON_MAX = 160, URL_MAX = 16 * 1024 };

/* A status whose message is being read, then the peer's id of it. */
struct report {
	struct webhook_entry *entry;
	struct log_event status; /* its texts are those below */
	char code[CODE_MAX], reason[REASON_MAX];
	struct sendsms_report asked;
	struct webhook *hook;
	uint64_t sent_ms;
};

static void report_end(struct report *r)
{
	webhook_entry_close(r->entry);
	sendsms_report_fini(&r->asked);
	free(r);
}

static struct webhook *hook_of(struct webhooks *w, struct span user)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->hooks[i].target.user && span_is(user, w->hooks[i].target.user))
			return &w->hooks[i];
	return NULL;
}

static void add_call(const struct report *r, struct span foreign_id)
{
	const struct sendsms_report *asked = &r->asked;
	char id[EVENT_ID_SIZE], answer[DLR_ANSWER_MAX];
	struct dlr_report report = {
		.type = (enum dlr_type)dlr_type_of(&r->status),
		.to = asked->to,
		.from = asked->from,
		.id = event_id(span_of(r->entry->conversation), r->status.of, id),
		.foreign_id = foreign_id,
		.smsc = asked->smsc,
		.service = asked->user,
		.account = asked->account,
		.binfo = asked->binfo,
		.meta = asked->meta,
		.ts_ms = r->status.ts_ms,
	};
	struct buf url;

	dlr_answer(report.type, &r->status, foreign_id, r->sent_ms, answer);
	report.answer = span_of(answer);
	buf_init(&url, URL_MAX);
	dlr_url_fill(asked->url, &report, &url);
	if (buf_check(&url))
		webhook_lost(r->hook, 1);
	else
		webhook_entry_add(r->entry, r->hook, buf_span(&url));
	buf_fini(&url);
}

/* Without the id there is still a report. */
static void on_id(void *arg, int err, struct span id)
{
	struct report *r = arg;

	(void)err;
	add_call(r, id);
	report_end(r);
}

/* False: nobody asked for this report, or the user is gone and nobody waits for it. */
static bool is_wanted(struct report *r, const struct log_event *message)
{
	if (message->type != LOG_MESSAGE ||
	    !sendsms_report_read(message->message->options, &r->asked) ||
	    !(r->asked.mask & dlr_type_of(&r->status)))
		return false;
	r->hook = hook_of(webhook_entry_of(r->entry), r->asked.user);
	r->sent_ms = message->ts_ms;
	return r->hook != NULL;
}

static void on_message(void *arg, const struct router_error *error, const struct log_event *events,
                       size_t count, bool more)
{
	struct report *r = arg;
	struct webhook_entry *e = r->entry;

	(void)more;
	if (error && error->err)
		e->failed |= error->err != -ENOENT && error->err != -EIO;
	else if (count && events[0].seq == r->status.of && is_wanted(r, &events[0])) {
		if (!router_peer_id(webhook_entry_of(e)->options.router, span_of(e->conversation),
		                    r->status.of, on_id, r))
			return;
		e->failed = true;
	}
	report_end(r);
}

void webhook_report(struct webhook_entry *e, const struct log_event *status)
{
	struct report *r = dlr_type_of(status) ? malloc(sizeof(*r)) : NULL;

	if (!r) {
		e->failed |= dlr_type_of(status) != 0;
		return;
	}
	*r = (struct report){.entry = e, .status = *status};
	snprintf(r->code, sizeof(r->code), "%.*s", SPAN_FMT(status->code));
	snprintf(r->reason, sizeof(r->reason), "%.*s", SPAN_FMT(status->reason));
	r->status.code = span_of(r->code);
	r->status.reason = span_of(r->reason);
	e->open++;
	if (router_read(webhook_entry_of(e)->options.router, span_of(e->conversation),
	                status->of - 1, 0, 1, on_message, r)) {
		e->failed = true;
		report_end(r);
	}
}
