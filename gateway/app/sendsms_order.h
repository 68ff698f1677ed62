/*
 * What a request to /cgi-bin/sendsms orders, checked in kannel's order and refused in its words.
 */
#ifndef PH_SENDSMS_ORDER_H
#define PH_SENDSMS_ORDER_H

#include "message.h"
#include "sendsms_fields.h"
#include "sms_options.h"

enum { SENDSMS_RECEIVERS_MAX = 100, SENDSMS_TEXT_MAX = 8000 };

/* Spans are of the fields, or of the buffers below. */
struct sendsms_order {
	struct span to[SENDSMS_RECEIVERS_MAX]; /* as they were given, each once */
	size_t to_count;
	struct span from, smsc;
	struct span text; /* UTF-8; of a message without text what stands for it */
	struct sms_options sms;
	int mclass, priority; /* or SENDSMS_UNSET */
	uint64_t validity_ms, deferred_ms;
	unsigned dlr_mask; /* 0: no reports */
	struct span dlr_url, account, binfo, meta;
	struct buf memory;
};

/* What holds where the request does not say it. */
struct sendsms_defaults {
	struct span from;
	bool octets; /* a body of octets: coding 1 */
	bool body;   /* it came as a body with headers: other words for a missing receiver */
};

/** NULL, or why it is refused, in kannel's words, with status 400. order is for
 * sendsms_order_fini() either way. */
const char *sendsms_order_read(const struct sendsms_fields *fields,
                               const struct sendsms_defaults *defaults,
                               struct sendsms_order *order);
void sendsms_order_fini(struct sendsms_order *order);

/** message.options for one receiver, on the heap: what the connector needs, and where to report
 * what became of it. *err: -ENOMEM. NULL with *err 0: nothing to say. */
char *sendsms_order_options(const struct sendsms_order *order, struct span to, const char *user,
                            struct span channel, int *err);

/* Where a message's reports go: what sendsms_order_options() wrote. */
struct sendsms_report {
	json_t *options; /* owns the spans below */
	struct span url, user, to, from, smsc, account, binfo, meta;
	unsigned mask;
};
/** False: none are wanted. For sendsms_report_fini(). */
bool sendsms_report_read(struct span options, struct sendsms_report *out);
void sendsms_report_fini(struct sendsms_report *report);

#endif
