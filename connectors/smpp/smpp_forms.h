/*
 * How customers' numbers came: some operators take a reply only in the spelling in which the number
 * reached us. Remembered by number, for as many as there is room for, and the last spelling for all
 * others: an account has one habit, now and then two.
 */
#ifndef PH_SMPP_FORMS_H
#define PH_SMPP_FORMS_H

#include "smpp_address.h"

enum { SMPP_FORMS = 8192 };

struct smpp_form {
	uint8_t known, format, ton, npi; /* format: enum smpp_dest_format */
};

struct smpp_forms {
	struct smpp_form last;
	struct {
		uint32_t tag; /* of the number */
		struct smpp_form form;
	} of[SMPP_FORMS];
};

/** The form in which raw (with ton) spells the canonical address; known 0 where it is none of ours:
 * a short code, a name. */
struct smpp_form smpp_form_of(struct span raw, unsigned ton, unsigned npi, struct span address);

/** True when the account's last form is another than before. */
bool smpp_forms_note(struct smpp_forms *forms, struct span address, struct smpp_form form);
/** How to write to address. */
struct smpp_form smpp_forms_find(const struct smpp_forms *forms, struct span address);

/** For keeping it over a restart: "FORMAT TON NPI". out has 16 octets. */
void smpp_form_print(struct smpp_form form, char *out);
/** known 0 where text is none. */
struct smpp_form smpp_form_read(struct span text);

#endif
