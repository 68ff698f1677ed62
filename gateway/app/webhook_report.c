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

/* A status whose message is being read. */
struct report {
	struct webhook_entry *entry;
	struct log_event status; /* its texts are those below */
	char code[CODE_MAX], reason[REASON_MAX];
};

static struct webhook *hook_of(struct webhooks *w, struct span user)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->hooks[i].target.user && span_is(user, w->hooks[i].target.user))
			return &w->hooks[i];
	return NULL;
}

static void add_call(struct webhook_entry *e, struct webhook *hook,
                     const struct sendsms_report *asked, const struct log_event *status,
                     uint64_t sent_ms)
{
	char id[EVENT_ID_SIZE], answer[DLR_ANSWER_MAX];
	struct dlr_report report = {
		.type = (enum dlr_type)dlr_type_of(status),
		.to = asked->to,
		.from = asked->from,
		.id = event_id(span_of(e->conversation), status->of, id),
		.smsc = asked->smsc,
		.service = asked->user,
		.account = asked->account,
		.binfo = asked->binfo,
		.meta = asked->meta,
		.ts_ms = status->ts_ms,
	};
	struct buf url;

	dlr_answer(report.type, status, report.foreign_id, sent_ms, answer);
	report.answer = span_of(answer);
	buf_init(&url, URL_MAX);
	dlr_url_fill(asked->url, &report, &url);
	if (buf_check(&url))
		webhook_lost(hook, 1);
	else
		webhook_entry_add(e, hook, buf_span(&url));
	buf_fini(&url);
}

static void on_message(void *arg, const struct router_error *error, const struct log_event *events,
                       size_t count, bool more)
{
	struct report *r = arg;
	struct webhook_entry *e = r->entry;
	const struct log_event *at = count && events[0].seq == r->status.of ? &events[0] : NULL;
	struct sendsms_report asked;

	(void)more;
	if (error && error->err) {
		e->failed |= error->err != -ENOENT && error->err != -EIO;
	} else if (at && at->type == LOG_MESSAGE) {
		if (sendsms_report_read(at->message->options, &asked) &&
		    asked.mask & dlr_type_of(&r->status)) {
			struct webhook *hook = hook_of(webhook_entry_of(e), asked.user);

			if (hook) /* else the user is gone, and nobody waits for it */
				add_call(e, hook, &asked, &r->status, at->ts_ms);
		}
		sendsms_report_fini(&asked);
	}
	webhook_entry_close(e);
	free(r);
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
		webhook_entry_close(e);
		free(r);
	}
}
