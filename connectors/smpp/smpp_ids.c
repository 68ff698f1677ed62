/* The forms of ids: a table of the latest ones, found by what they have in common. */
#include "smpp_ids.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

enum {
	SLOTS = 1024, /* ids remembered, about */
	AGREEING = 10,
	DIGITS_MAX = 40 /* a number of more digits is a name */
};

struct slot {
	uint8_t len;
	char id[SMPP_ID_SIZE - 1];
};

struct smpp_ids {
	struct slot slots[SLOTS];
	enum smpp_id_form last; /* of the receipts up to now: as often as agreed says */
	unsigned agreed;
};

const char *const smpp_id_form_names[SMPP_ID_FORMS] = {"same",    "case", "zeros",
                                                       "decimal", "hex",  "other"};

struct smpp_ids *smpp_ids_create(void)
{
	struct smpp_ids *ids = calloc(1, sizeof(*ids));

	if (ids)
		ids->last = SMPP_ID_OTHER;
	return ids;
}

void smpp_ids_destroy(struct smpp_ids **ids)
{
	free(*ids);
	*ids = NULL;
}

/* ---- bases ---- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Number by number as on paper: ids are longer than any integer. */
static bool convert(struct span text, unsigned from, unsigned to, char out[SMPP_ID_SIZE])
{
	static const char names[] = "0123456789ABCDEF";
	uint8_t digits[2 * DIGITS_MAX] = {0}; /* of the result, the lowest first */
	size_t count = 1;

	if (text.len == 0 || text.len > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = digit_of(text.ptr[i]);
		unsigned carry = (unsigned)digit;

		if (digit < 0 || carry >= from)
			return false;
		for (size_t at = 0; at < count || carry; at++) {
			carry += digits[at] * from;
			digits[at] = (uint8_t)(carry % to);
			carry /= to;
			if (at >= count)
				count = at + 1;
		}
	}
	for (size_t i = 0; i < count; i++)
		out[i] = names[digits[count - 1 - i]];
	out[count] = '\0';
	return true;
}

bool smpp_id_to_hex(struct span decimal, char out[SMPP_ID_SIZE])
{
	return convert(decimal, 10, 16, out);
}

bool smpp_id_to_decimal(struct span hex, char out[SMPP_ID_SIZE])
{
	return convert(hex, 16, 10, out);
}

/* ---- the table ---- */

static struct span without_zeros(struct span id)
{
	while (id.len > 1 && *id.ptr == '0')
		id = (struct span){id.ptr + 1, id.len - 1};
	return id;
}

static bool same_letters(struct span a, struct span b)
{
	return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

/* Of what the forms of an id have in common: neither case nor leading zeros. */
static unsigned slot_of(struct span id)
{
	uint32_t hash = 2166136261U;

	id = without_zeros(id);
	for (size_t i = 0; i < id.len; i++)
		hash = (hash ^ (unsigned)tolower((unsigned char)id.ptr[i])) * 16777619U;
	return (hash ^ hash >> 16) % SLOTS;
}

void smpp_ids_sent(struct smpp_ids *ids, struct span id)
{
	struct slot *s = &ids->slots[slot_of(id)];

	if (id.len == 0 || id.len > sizeof(s->id))
		return;
	s->len = (uint8_t)id.len;
	memcpy(s->id, id.ptr, id.len);
}

static bool find(const struct smpp_ids *ids, struct span id, struct span *out)
{
	const struct slot *s = &ids->slots[slot_of(id)];

	*out = (struct span){s->id, s->len};
	return s->len && same_letters(without_zeros(*out), without_zeros(id));
}

static enum smpp_id_form form_of(const struct smpp_ids *ids, struct span id)
{
	char other[SMPP_ID_SIZE];
	struct span sent;

	if (find(ids, id, &sent)) {
		if (span_eq(sent, id))
			return SMPP_ID_SAME;
		return same_letters(sent, id) ? SMPP_ID_CASE : SMPP_ID_ZEROS;
	}
	if (smpp_id_to_hex(id, other) && find(ids, span_of(other), &sent))
		return SMPP_ID_DECIMAL;
	if (smpp_id_to_decimal(id, other) && find(ids, span_of(other), &sent))
		return SMPP_ID_HEX;
	return SMPP_ID_OTHER;
}

enum smpp_id_form smpp_ids_seen(struct smpp_ids *ids, struct span id)
{
	enum smpp_id_form form = form_of(ids, id);

	if (form == SMPP_ID_OTHER)
		return form; /* of a process before us, or long ago: it says nothing */
	if (form != ids->last)
		ids->agreed = 0;
	ids->last = form;
	if (ids->agreed < AGREEING)
		ids->agreed++;
	return form;
}

enum smpp_id_form smpp_ids_learned(const struct smpp_ids *ids)
{
	return ids->agreed < AGREEING ? SMPP_ID_OTHER : ids->last;
}

struct span smpp_ids_likely(const struct smpp_ids *ids, struct span id, char out[SMPP_ID_SIZE])
{
	enum smpp_id_form form = smpp_ids_learned(ids);

	if ((form == SMPP_ID_DECIMAL && smpp_id_to_hex(id, out)) ||
	    (form == SMPP_ID_HEX && smpp_id_to_decimal(id, out)))
		return span_of(out);
	return id;
}
