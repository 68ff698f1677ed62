/*
 * Requests to /cgi-bin/sendsms: whatever comes is refused in words, or what was ordered is within
 * its bounds, travels with a message and is read back the same; and a report's URL is one that may
 * be called.
 */
#include "dlr_url.h"
#include "sendsms_order.h"
#include "utf8.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_numbers(const struct sendsms_order *o)
{
	assert(o->mclass >= SENDSMS_UNSET && o->mclass <= 3);
	assert(o->priority >= SENDSMS_UNSET && o->priority <= 3);
	assert(o->dlr_mask < 64 && (!o->dlr_mask || dlr_url_valid(o->dlr_url)));
	assert(o->sms.message_waiting <= 7 && o->sms.protocol_id <= 255);
}

static void check_order(const struct sendsms_order *o)
{
	assert(o->to_count && o->to_count <= SENDSMS_RECEIVERS_MAX && o->from.len);
	for (size_t i = 0; i < o->to_count; i++)
		for (size_t k = 0; k < o->to[i].len; k++)
			assert(isdigit((unsigned char)o->to[i].ptr[k]) ||
			       memchr("+-", o->to[i].ptr[k], 2));
	assert(utf8_valid(o->text) && o->text.len <= SENDSMS_TEXT_MAX);
	assert(!o->sms.udh.len || o->sms.udh.len == (size_t)(uint8_t)o->sms.udh.ptr[0] + 1);
	check_numbers(o);
}

/* No octet that ends a line or a request, whatever stands in the pattern and for its escapes. */
static void check_url(const struct sendsms_report *asked)
{
	const struct dlr_report report = {.type = DLR_REJECTED,
	                                  .answer = asked->meta,
	                                  .to = asked->to,
	                                  .from = asked->from,
	                                  .account = asked->account,
	                                  .binfo = asked->binfo,
	                                  .meta = asked->meta,
	                                  .service = asked->user};
	struct buf url;

	buf_init(&url, 1 << 16);
	dlr_url_fill(asked->url, &report, &url);
	for (size_t i = 0; !buf_check(&url) && i < url.len; i++)
		assert(isgraph((unsigned char)url.data[i]));
	buf_fini(&url);
}

static void check_travel(const struct sendsms_order *o)
{
	struct sendsms_report report;
	struct sms_options sms;
	struct buf memory;
	int err = 0;
	char *text = sendsms_order_options(o, o->to[0], "shop", SPAN_LIT("sms-main"), &err);

	assert(!err);
	buf_init(&memory, SMS_OCTETS_MAX + 1024);
	assert(sms_options_read(span_of(text), &sms, &memory) == 0);
	assert(sms.coding == o->sms.coding && span_eq(sms.octets, o->sms.octets));
	assert(span_eq(sms.udh, o->sms.udh) && sms.protocol_id == o->sms.protocol_id);
	assert(sendsms_report_read(span_of(text), &report) == (o->dlr_mask != 0));
	if (o->dlr_mask) {
		assert(span_eq(report.url, o->dlr_url) && report.mask == o->dlr_mask);
		check_url(&report);
	}
	sendsms_report_fini(&report);
	buf_fini(&memory);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sendsms_defaults defaults = {.from = SPAN_LIT("95500")};
	struct sendsms_fields fields = {0};
	struct sendsms_order order;
	const char *why;

	if (sendsms_fields_form(&fields, (struct span){(const char *)data, size}, SENDSMS_PASSWORD,
	                        NULL))
		return 0;
	assert(!fields.value[SENDSMS_PASSWORD].ptr);
	why = sendsms_order_read(&fields, &defaults, &order);
	if (why) {
		assert(*why);
	} else {
		check_order(&order);
		check_travel(&order);
	}
	sendsms_order_fini(&order);
	sendsms_fields_fini(&fields);
	return 0;
}
