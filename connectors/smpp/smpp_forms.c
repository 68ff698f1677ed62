/* A table by hash: a number that is crowded out is written in the account's last form. */
#include "smpp_forms.h"

#include <stdio.h>

static uint32_t hash(struct span s)
{
	uint32_t h = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.ptr[i]) * 16777619U;
	return h ? h : 1;
}

static struct span behind(struct span s, struct span prefix)
{
	return (struct span){s.ptr + prefix.len, s.len - prefix.len};
}

struct smpp_form smpp_form_of(struct span raw, unsigned ton, unsigned npi, struct span address)
{
	const struct span scheme = SPAN_LIT("sms:+"), plus = SPAN_LIT("+"), zeros = SPAN_LIT("00");
	struct smpp_form form = {.known = 1, .ton = (uint8_t)ton, .npi = (uint8_t)npi};
	struct span digits;

	if (!span_starts(address, scheme))
		return (struct smpp_form){0};
	digits = behind(address, scheme);
	if (span_eq(raw, digits))
		form.format = SMPP_DEST_INTERNATIONAL;
	else if (span_starts(raw, plus) && span_eq(behind(raw, plus), digits))
		form.format = SMPP_DEST_PLUS;
	else if (span_starts(raw, zeros) && span_eq(behind(raw, zeros), digits))
		form.format = SMPP_DEST_ZEROS;
	else if (raw.len && raw.len < digits.len &&
	         span_eq(raw, (struct span){digits.ptr + digits.len - raw.len, raw.len}))
		form.format = SMPP_DEST_NATIONAL;
	else
		form.known = 0;
	return form;
}

static bool same(struct smpp_form a, struct smpp_form b)
{
	return a.known == b.known && a.format == b.format && a.ton == b.ton && a.npi == b.npi;
}

bool smpp_forms_note(struct smpp_forms *forms, struct span address, struct smpp_form form)
{
	uint32_t tag = hash(address);
	bool news = form.known && !same(form, forms->last);

	if (!form.known)
		return false;
	forms->of[tag % SMPP_FORMS].tag = tag;
	forms->of[tag % SMPP_FORMS].form = form;
	forms->last = form;
	return news;
}

struct smpp_form smpp_forms_find(const struct smpp_forms *forms, struct span address)
{
	uint32_t tag = hash(address);

	return forms->of[tag % SMPP_FORMS].tag == tag ? forms->of[tag % SMPP_FORMS].form
	                                              : forms->last;
}

void smpp_form_print(struct smpp_form form, char *out)
{
	snprintf(out, 16, "%u %u %u", form.format, form.ton, form.npi);
}

struct smpp_form smpp_form_read(struct span text)
{
	struct smpp_form form = {.known = 1};
	struct span rest = text;
	uint64_t format, ton, npi;

	if (span_u64(span_split(rest, ' ', &rest), &format) || format > SMPP_DEST_NATIONAL ||
	    span_u64(span_split(rest, ' ', &rest), &ton) || ton > UINT8_MAX ||
	    span_u64(rest, &npi) || npi > UINT8_MAX)
		return (struct smpp_form){0};
	form.format = (uint8_t)format;
	form.ton = (uint8_t)ton;
	form.npi = (uint8_t)npi;
	return form;
}
