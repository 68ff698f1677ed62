/*
 * The parameters of /cgi-bin/sendsms by their names: as a query or a form has them, decoded, and as
 * headers have them. The first of several with one name holds, as it does in kannel.
 */
#ifndef PH_SENDSMS_FIELDS_H
#define PH_SENDSMS_FIELDS_H

#include "span.h"

enum sendsms_field {
	SENDSMS_USERNAME,
	SENDSMS_PASSWORD,
	SENDSMS_FROM,
	SENDSMS_TO,
	SENDSMS_TEXT,
	SENDSMS_CHARSET,
	SENDSMS_UDH,
	SENDSMS_SMSC,
	SENDSMS_MCLASS,
	SENDSMS_MWI,
	SENDSMS_CODING,
	SENDSMS_COMPRESS,
	SENDSMS_VALIDITY,
	SENDSMS_DEFERRED,
	SENDSMS_DLR_MASK,
	SENDSMS_DLR_URL,
	SENDSMS_ACCOUNT,
	SENDSMS_PID,
	SENDSMS_ALT_DCS,
	SENDSMS_RPI,
	SENDSMS_BINFO,
	SENDSMS_PRIORITY,
	SENDSMS_META_DATA,
	SENDSMS_FIELDS
};

enum { SENDSMS_UNSET = -1, SENDSMS_SOURCES_MAX = 3 };

struct sendsms_fields {
	struct span value[SENDSMS_FIELDS]; /* ptr NULL: not given; each with a NUL behind it */
	struct {
		char *text;
		size_t size;
	} memory[SENDSMS_SOURCES_MAX];
};

/**
 * Adds what an application/x-www-form-urlencoded text has and nobody has said before; what is not
 * %XX stays as it is. without is left out (SENDSMS_FIELDS: nothing is). -ENOMEM, -E2BIG: too many
 * sources. *seen, where given, tells whether without was there.
 */
int sendsms_fields_form(struct sendsms_fields *fields, struct span text, enum sendsms_field without,
                        bool *seen) MUST_CHECK;

/** header(arg, name) gives a header's value by its lower-case name, ptr NULL where there is none.
 * The user data header may be hexadecimal. -ENOMEM, -E2BIG. */
typedef struct span sendsms_header_fn(const void *arg, const char *name);
int sendsms_fields_headers(struct sendsms_fields *fields, sendsms_header_fn *header,
                           const void *arg) MUST_CHECK;

/** As sscanf("%d") reads it: what follows a number is ignored, no number is SENDSMS_UNSET; a large
 * one is cut to a million. */
int sendsms_fields_number(const struct sendsms_fields *fields, enum sendsms_field field);

/** Wipes and frees. */
void sendsms_fields_fini(struct sendsms_fields *fields);

#endif
