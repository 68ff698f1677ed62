/* Receipts. Appendix B is an example ("vendor specific"), so fields are found by name. */
#include "smpp_receipt.h"

#include <stdio.h>
#include <strings.h>

#include "smpp_tlv.h"

static const struct state {
	const char *name;
	bool final;
} states[SMPP_STATES] = {
	[SMPP_STATE_SCHEDULED] = {"SCHEDLD", false},
	[SMPP_STATE_ENROUTE] = {"ENROUTE", false},
	[SMPP_STATE_DELIVERED] = {"DELIVRD", true },
	[SMPP_STATE_EXPIRED] = {"EXPIRED", true },
	[SMPP_STATE_DELETED] = {"DELETED", true },
	[SMPP_STATE_UNDELIVERABLE] = {"UNDELIV", true },
 /* Said to be final by 3.4, and never so in the field: the true one follows. */
	[SMPP_STATE_ACCEPTED] = {"ACCEPTD", false},
	[SMPP_STATE_UNKNOWN] = {"UNKNOWN", true },
	[SMPP_STATE_REJECTED] = {"REJECTD", true },
	[SMPP_STATE_SKIPPED] = {"SKIPPED", true },
};

const char *smpp_message_state_name(enum smpp_message_state state)
{
	return state < SMPP_STATES ? states[state].name : "?";
}

/* ---- the text ---- */

enum field {
	FIELD_ID,
	FIELD_SUB,
	FIELD_DLVRD,
	FIELD_SUBMIT,
	FIELD_DONE,
	FIELD_STAT,
	FIELD_ERR,
	FIELD_TEXT,
	FIELDS
};

static const char *const names[FIELDS] = {
	[FIELD_ID] = "id",          [FIELD_SUB] = "sub",
	[FIELD_DLVRD] = "dlvrd",    [FIELD_SUBMIT] = "submit date",
	[FIELD_DONE] = "done date", [FIELD_STAT] = "stat",
	[FIELD_ERR] = "err",        [FIELD_TEXT] = "text",
};

/* A NUL at the end, which C programs count among the octets, belongs to no value. */
static bool is_blank(char c)
{
	return c == '\0' || c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ';';
}

/* The name that a word at s begins, with its colon, or FIELDS; *size is its length. */
static enum field field_at(struct span s, size_t *size)
{
	for (unsigned i = 0; i < FIELDS; i++) {
		size_t len = strlen(names[i]);

		if (s.len > len && s.ptr[len] == ':' && strncasecmp(s.ptr, names[i], len) == 0) {
			*size = len + 1;
			return (enum field)i;
		}
	}
	return FIELDS;
}

static struct span skip(struct span s, size_t n)
{
	return (struct span){s.ptr + n, s.len - n};
}

static struct span skip_blanks(struct span s)
{
	while (s.len && is_blank(*s.ptr))
		s = skip(s, 1);
	return s;
}

static struct span word(struct span s)
{
	size_t len = 0;

	while (len < s.len && !is_blank(s.ptr[len]))
		len++;
	return (struct span){s.ptr, len};
}

/* The first value of each name; what follows "text:" is somebody's message and says nothing. */
static void read_fields(struct span s, struct span out[FIELDS])
{
	for (s = skip_blanks(s); s.len; s = skip_blanks(s)) {
		size_t size, next;
		enum field field = field_at(s, &size);
		struct span value;

		if (field == FIELD_TEXT)
			return;
		if (field == FIELDS) {
			s = skip(s, word(s).len);
			continue;
		}
		s = skip_blanks(skip(s, size));
		if (field_at(s, &next) != FIELDS) /* an empty value */
			continue;
		value = word(s);
		if (out[field].len == 0)
			out[field] = value;
		s = skip(s, value.len);
	}
}

/* By its first five letters: DELIVRD, Delivered, DELIVERED; by three or four of a text that was
 * cut, where they are of one state only: else *known is false. Others are an operator's words for a
 * failure ("MA:0001"); a digit is a message_state. */
static enum smpp_message_state state_of(struct span stat, bool *known)
{
	enum { TELLING = 5, LEAST = 3 };
	enum smpp_message_state found = SMPP_STATE_UNDELIVERABLE;
	size_t len = stat.len < TELLING ? stat.len : TELLING;
	unsigned count = 0;

	*known = true;
	if (stat.len == 1 && *stat.ptr >= '0' && *stat.ptr <= '9')
		return (enum smpp_message_state)(*stat.ptr - '0');
	for (unsigned i = 0; i < SMPP_STATES && len >= LEAST; i++)
		if (strncasecmp(stat.ptr, states[i].name, len) == 0) {
			found = (enum smpp_message_state)i;
			count++;
		}
	*known = count < 2;
	return found;
}

/* ---- both ---- */

static void read_text(struct span text, struct smpp_receipt *out, bool *has_state)
{
	struct span fields[FIELDS] = {0};

	read_fields(text, fields);
	out->id = fields[FIELD_ID];
	out->error = fields[FIELD_ERR];
	*has_state = false;
	if (fields[FIELD_STAT].len)
		out->state = state_of(fields[FIELD_STAT], has_state);
}

static void read_tlvs(struct span tlvs, struct smpp_receipt *out, bool *has_state)
{
	struct span id, network;
	uint32_t state;

	if (smpp_tlv_cstr(tlvs, SMPP_TLV_receipted_message_id, &id) == 0)
		out->id = id;
	if (smpp_tlv_uint(tlvs, SMPP_TLV_message_state, &state) == 0 && state < SMPP_STATES) {
		out->disagree = *has_state && state != out->state;
		out->text_state = out->state;
		out->state = (enum smpp_message_state)state;
		*has_state = true;
	}
	if (smpp_tlv_find(tlvs, SMPP_TLV_network_error_code, &network) == 0 && network.len == 3)
		out->network_error = (uint8_t)network.ptr[1] << 8 | (uint8_t)network.ptr[2];
}

int smpp_receipt_parse(struct span text, struct span tlvs, bool intermediate,
                       struct smpp_receipt *out)
{
	struct smpp_receipt r = {.network_error = -1};
	bool has_state = false;

	read_text(text, &r, &has_state);
	read_tlvs(tlvs, &r, &has_state);
	if (r.id.len == 0 || !has_state)
		return -ENOENT;
	r.final = states[r.state].final && !intermediate;
	*out = r;
	return 0;
}

static bool is_nothing(const char *error)
{
	return error[strspn(error, "0")] == '\0';
}

/* Its length bounded, and what is no printable ASCII in it "?": it goes into JSON and into URLs. */
static void copy_error(struct span error, char *out, size_t size)
{
	size_t len = 0;

	for (; len < error.len && len + 1 < size; len++) {
		char c = error.ptr[len];

		if (c <= ' ' || c >= 0x7F)
			c = '?';
		out[len] = c;
	}
	out[len] = '\0';
}

void smpp_receipt_code(enum smpp_message_state state, struct span error,
                       char out[SMPP_RECEIPT_CODE_SIZE])
{
	bool told = state == SMPP_STATE_DELIVERED || state == SMPP_STATE_UNDELIVERABLE ||
	            state >= SMPP_STATES;
	const char *name = smpp_message_state_name(state);
	char of[21];

	copy_error(error, of, sizeof(of));
	if (told)
		snprintf(out, SMPP_RECEIPT_CODE_SIZE, "smpp.dlr.%s", *of ? of : name);
	else
		snprintf(out, SMPP_RECEIPT_CODE_SIZE, "smpp.dlr.%s%s%s", name,
		         is_nothing(of) ? "" : ".", is_nothing(of) ? "" : of);
}

bool smpp_receipt_looks_like(struct span text)
{
	struct span fields[FIELDS] = {0};

	read_fields(text, fields);
	return fields[FIELD_ID].len && fields[FIELD_STAT].len && fields[FIELD_SUBMIT].len &&
	       fields[FIELD_DONE].len;
}
