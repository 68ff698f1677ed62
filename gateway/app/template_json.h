/*
 * A template as the API speaks it, {"kind": "answer", "id": "card.lost", "title": {...}, ...}, and
 * as a sheet. The fields are those of the files (docs/templates.md); what they say is checked when
 * it is validated or published.
 */
#ifndef PH_TEMPLATE_JSON_H
#define PH_TEMPLATE_JSON_H

#include "edition.h"
#include "strict_json.h"

/** The object of a sheet, for json_decref(); NULL: it is none, or out of memory. */
json_t *template_json(struct span sheet);

/**
 * The sheet of an object, on the heap; name gets its id. -EBADMSG with the fault: kind or id are
 * missing or wrong, or it cannot be written; -ENOMEM.
 */
int template_sheet(json_t *object, char **out, char name[EDITION_NAME_MAX + 1],
                   struct json_fault *fault) MUST_CHECK;

#endif
