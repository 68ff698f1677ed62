/*
 * Our codec against Debian's libsmpp34, which was written apart from it. What ours decodes is
 * encoded by ours, decoded by theirs, compared field by field, and encoded by theirs: octet for
 * octet the same. What ours refuses theirs must refuse. Where the two differ, a row of a table says
 * when, what theirs does then, and why ours is right; whatever no row foresees is a failure.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <smpp34.h>
#include <smpp34_structs.h>

#include <smpp34_heap.h>
/* Names that their headers leave behind. */
#undef TLV
#undef U32
#undef SUBMIT_SM

#include "smpp_pdu.h"
#include "smpp_tlv.h"

#define SMPP_PDU_34 /* theirs knows no other */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Theirs; its headers do not declare them. 0 or -1; type is the command_id. */
int smpp34_pack(uint32_t type, uint8_t *out, int size, int *len, void *pdu);
int smpp34_unpack(uint32_t type, void *pdu, const uint8_t *in, int len);

enum { INPUT_MAX = 4096, SLACK = 4096, ARENA = 4 << 20, THEIR_TRACE = 2048, TRACE = 1 << 18 };

/* Any of their structs. */
union theirs {
#define PDU(name, id, section, fields) name##_t name;
#include "smpp_pdu.def"
};

/* ---- their memory ---- */

/*
 * It writes what it reads into a text of 2,048 characters, and where a PDU has some forty TLVs past
 * its end. The text is a global of its interface, so that ours, which has room behind it, takes its
 * place.
 */
char their_trace[TRACE] __asm__("smpp34_strerror");

static void fail(const char *what, const struct smpp_pdu *pdu)
{
	struct buf text;

	buf_init(&text, 1U << 20);
	smpp_pdu_dump(pdu, &text);
	fprintf(stderr, "%s: %.*s\n%s\n", what, SPAN_FMT(buf_span(&text)), their_trace);
	abort();
}

/* ---- field by field ---- */

static bool same_text(struct span ours, const uint8_t *theirs)
{
	return span_is(ours, (const char *)theirs);
}

static bool same_octets(struct span ours, const uint8_t *theirs, size_t len)
{
	return span_eq(ours, (struct span){(const char *)theirs, len});
}

static bool same_dests(const struct smpp_list *ours, const dad_t *theirs)
{
	struct cursor c = cur_span(ours->octets);
	struct smpp_dest dest;

	for (; cur_left(&c) && smpp_dest_next(&c, &dest); theirs = theirs->next) {
		if (!theirs || dest.flag != theirs->dest_flag)
			return false;
		if (dest.flag == DFID_Distribution_List_Name) {
			if (!same_text(dest.address, theirs->value.dl_name))
				return false;
		} else if (dest.ton != theirs->value.sme.dest_addr_ton ||
		           dest.npi != theirs->value.sme.dest_addr_npi ||
		           !same_text(dest.address, theirs->value.sme.destination_addr)) {
			return false;
		}
	}
	return !theirs;
}

static bool same_unsuccess(const struct smpp_list *ours, const udad_t *theirs)
{
	struct cursor c = cur_span(ours->octets);
	struct smpp_unsuccess u;

	for (; cur_left(&c) && smpp_unsuccess_next(&c, &u); theirs = theirs->next)
		if (!theirs || u.ton != theirs->dest_addr_ton || u.npi != theirs->dest_addr_npi ||
		    u.status != theirs->error_status_code ||
		    !same_text(u.address, theirs->destination_addr))
			return false;
	return !theirs;
}

/* same_deliver_sm() and so on: the fields have the names of the specification in both. */
#define CSTR(name, max, status) &&same_text(ours->name, theirs->name)
#define CADDR(name, max, status) &&same_text(ours->name, theirs->name)
#define CSECRET(name, max, status) &&same_text(ours->name, theirs->name)
#define U8(name) &&ours->name == theirs->name
#define U32(name) &&ours->name == theirs->name
#define SM(name) &&same_octets(ours->name, theirs->name, theirs->sm_length)
#define DESTS(name)           \
	&&ours->name.count == \
		theirs->number_of_dests &&same_dests(&ours->name, theirs->dest_addr_def)
#define UNSUCCESS(name)       \
	&&ours->name.count == \
		theirs->no_unsuccess &&same_unsuccess(&ours->name, theirs->unsuccess_smes)
#define PDU(name, id, section, fields)                                                  \
	static bool same_##name(const struct smpp_##name *ours, const name##_t *theirs) \
	{                                                                               \
		(void)ours;                                                             \
		(void)theirs;                                                           \
		return true fields;                                                     \
	}
#include "smpp_pdu.def"

static bool same_fields(const struct smpp_pdu *ours, const union theirs *theirs)
{
	switch (ours->command_id) {
#define PDU(name, id, section, fields) \
	case id:                       \
		return same_##name(&ours->u.name, &theirs->name);
#include "smpp_pdu.def"
	default:
		return false;
	}
}

/* Theirs forgets what it allocated for a list that it then refuses, so all of it is ours. */
static _Alignas(16) char arena[ARENA];
static size_t arena_used;

static void *arena_malloc(size_t size)
{
	void *at = arena + arena_used;

	arena_used += (size + 15) & ~(size_t)15;
	assert(arena_used <= sizeof(arena)); /* INPUT_MAX octets cannot hold so many TLVs */
	return at;
}

static void *arena_realloc(void *old, size_t size)
{
	void *more = arena_malloc(size);

	if (old) /* how much it was nobody knows: all that may have been */
		memmove(more, old, size);
	return more;
}

static void arena_free(void *old)
{
	(void)old;
}

static const struct smpp34_memory_functions in_arena = {
	.malloc_fun = arena_malloc,
	.realloc_fun = arena_realloc,
	.free_fun = arena_free,
};

/* It can be told once. */
static void give_memory(void)
{
	static bool given;

	if (!given)
		smpp34_set_memory_functions(&in_arena);
	given = true;
}

/* ---- what theirs does with it ---- */

/* It puts each entry of a list before those that it read already. */
#define REVERSE(type)                                   \
	static void reverse_##type(type##_t **list)     \
	{                                               \
		type##_t *back = NULL;                  \
                                                        \
		while (*list) {                         \
			type##_t *next = (*list)->next; \
                                                        \
			(*list)->next = back;           \
			back = *list;                   \
			*list = next;                   \
		}                                       \
		*list = back;                           \
	}
REVERSE(tlv)
REVERSE(dad)
REVERSE(udad)

/* Where the lists of a PDU are; NULL: it has none. */
static tlv_t **tlvs_of(uint32_t command_id, union theirs *t)
{
	switch (command_id) {
	case SMPP_submit_sm:
		return &t->submit_sm.tlv;
	case SMPP_deliver_sm:
		return &t->deliver_sm.tlv;
	case SMPP_data_sm:
		return &t->data_sm.tlv;
	case SMPP_submit_multi:
		return &t->submit_multi.tlv;
	case SMPP_alert_notification:
		return &t->alert_notification.tlv;
	case SMPP_RESP(SMPP_bind_transceiver):
		return &t->bind_transceiver_resp.tlv;
	case SMPP_RESP(SMPP_bind_transmitter):
		return &t->bind_transmitter_resp.tlv;
	case SMPP_RESP(SMPP_bind_receiver):
		return &t->bind_receiver_resp.tlv;
	default:
		return NULL;
	}
}

static dad_t **dads_of(uint32_t command_id, union theirs *t)
{
	return command_id == SMPP_submit_multi ? &t->submit_multi.dest_addr_def : NULL;
}

static udad_t **udads_of(uint32_t command_id, union theirs *t)
{
	return command_id == SMPP_RESP(SMPP_submit_multi) ? &t->submit_multi_resp.unsuccess_smes
	                                                  : NULL;
}

/* 0 or -1. The copy is exact for the sanitizer of ours and has slack for the reads past the end of
 * theirs. */
static int their_decode(uint32_t command_id, struct span frame, union theirs *t)
{
	uint8_t *in = calloc(1, frame.len + SLACK);
	int err;

	assert(in);
	arena_used = 0;
	memset(t, 0, sizeof(*t));
	memcpy(in, frame.ptr, frame.len);
	err = smpp34_unpack(command_id, t, in, (int)frame.len);
	free(in);
	if (tlvs_of(command_id, t))
		reverse_tlv(tlvs_of(command_id, t));
	if (dads_of(command_id, t))
		reverse_dad(dads_of(command_id, t));
	if (udads_of(command_id, t))
		reverse_udad(udads_of(command_id, t));
	return err;
}

/* ---- where the two differ ---- */

static bool any_ton_npi(const struct smpp_pdu *pdu)
{
	(void)pdu;
	return true; /* their message names the field and says that it is the value */
}

static bool is_deliver(const struct smpp_pdu *pdu)
{
	return pdu->command_id == SMPP_deliver_sm;
}

static bool is_deliver_resp(const struct smpp_pdu *pdu)
{
	return pdu->command_id == SMPP_RESP(SMPP_deliver_sm);
}

static bool is_data(const struct smpp_pdu *pdu)
{
	return pdu->command_id == SMPP_data_sm && pdu->u.data_sm.source_addr.len > 20;
}

static bool long_password(const struct smpp_pdu *pdu)
{
	return pdu->command_id == SMPP_outbind ? pdu->u.outbind.password.len > 8
	                                       : pdu->u.bind_transceiver.password.len > 8;
}

static bool odd_version(const struct smpp_pdu *pdu)
{
	return pdu->u.bind_transceiver.interface_version != SMPP_VERSION;
}

static bool odd_sequence(const struct smpp_pdu *pdu)
{
	return pdu->sequence_number == 0 || pdu->sequence_number > SMPP_SEQUENCE_MAX;
}

static bool odd_status(const struct smpp_pdu *pdu)
{
	return pdu->command_status != 0;
}

static bool is_failure_with_body(const struct smpp_pdu *pdu)
{
	return pdu->command_id == SMPP_RESP(SMPP_submit_sm) && pdu->command_status;
}

static struct span rest_of(const struct smpp_pdu *pdu)
{
	switch (pdu->command_id) {
#define PDU(name, id, section, fields) \
	case id:                       \
		return pdu->u.name.tlvs;
#include "smpp_pdu.def"
	default:
		return SPAN_NONE;
	}
}

static bool has_rest(const struct smpp_pdu *pdu)
{
	union theirs t;

	return rest_of(pdu).len > 0 && !tlvs_of(pdu->command_id, &t);
}

static bool trailing_octets(const struct smpp_pdu *pdu)
{
	size_t trailing = 0;

	return smpp_tlv_check(rest_of(pdu), &trailing) == 0 && trailing > 0;
}

static bool full_message(const struct smpp_pdu *pdu)
{
	switch (pdu->command_id) {
#define CSTR(name, max, status)
#define CADDR(name, max, status)
#define CSECRET(name, max, status)
#define U8(name)
#define U32(name)
#define SM(name)                          \
	if (body->name.len > SMPP_SM_MAX) \
		return true;
#define DESTS(name)
#define UNSUCCESS(name)
#define PDU(name, id, section, fields)                         \
	case id: {                                             \
		const struct smpp_##name *body = &pdu->u.name; \
                                                               \
		(void)body;                                    \
		fields return false;                           \
	}
#include "smpp_pdu.def"
	default:
		return false;
	}
}

/* A TLV of a length that its row in our table, or their buffer, does not have. */
static bool is_odd(const struct smpp_tlv *tlv)
{
	static const struct {
		uint16_t tag;
		size_t least, most;
	} lengths[] = {
#define TLV(name, tag, kind, least, most) {tag, least, most},
#include "smpp_tlv.def"
	};

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
		if (lengths[i].tag == tlv->tag &&
		    (tlv->value.len < lengths[i].least || tlv->value.len > lengths[i].most))
			return true;
	return tlv->value.len > MAX_TLV_SIZE;
}

static bool odd_tlv(const struct smpp_pdu *pdu)
{
	struct cursor c = cur_span(rest_of(pdu));
	struct smpp_tlv tlv;

	while (smpp_tlv_next(&c, &tlv))
		if (is_odd(&tlv))
			return true;
	return false;
}

/* It ends with the text of what it read: 2,048 characters. */
static bool trace_is_full(const struct smpp_pdu *pdu)
{
	(void)pdu;
	return strlen(their_trace) > THEIR_TRACE - 64;
}

/* Ours takes it, theirs does not. */
static const struct refusal {
	const char *field, *says; /* in their message */
	bool (*when)(const struct smpp_pdu *pdu);
	const char *why;
} refusals[] = {
	{"validity_period",        "length", is_deliver,
         "4.6.1 has it NULL in deliver_sm; operators send it"								    },
	{"schedule_delivery_time", "length", is_deliver,           "as validity_period"                                          },
	{"message_id",             "length", is_deliver_resp,      "4.6.2: unused, NULL; peers fill it in"                       },
	{"password",               "length", long_password,        "5.2.2 allows 8; some operators give longer ones"             },
	{"source_addr",            "length", is_data,              "4.7.1 allows 65; theirs has room for 21"                     },
	{"_ton",		   "value",  any_ton_npi,
         "5.2.5 reserves it; what a peer sends is carried on, not refused"                                                       },
	{"_npi",		   "value",  any_ton_npi,          "5.2.6, as the type of number"                                },
	{"interface_version",      "value",  odd_version,          "other versions bind too; the session decides"                },
	{"sequence_number",        "value",  odd_sequence,
         "5.1.4; a generic_nack of what could not be read bears 0"                                                               },
	{"command_status",         "value",  odd_status,           "unknown and vendors' statuses are survived"                  },
	{"PDU",		    "length", has_rest,             "3.2.4: TLVs may follow any PDU; theirs has them for some"    },
	{"PDU",		    "length", is_failure_with_body,
         "4.4.2: none where the status is not 0; peers send one, it is read"                                                     },
	{"tag",		    "length", trailing_octets,
         "octets at the end that are no TLV are counted and tolerated"                                                           },
	{"length",                 "length", trailing_octets,      "the same"                                                    },
	{"short_message",          "length", full_message,
         "5.2.21: 254; a 255th octet does no harm to read"								       },
	{"",		       "length", odd_tlv,              "a TLV's own length is obeyed; theirs knows one by its tag"   },
	{"",		       "",       trace_is_full,        "theirs gives up after some forty TLVs, when its text is full"},
};

/* Theirs takes it, ours answers with this status. */
static const struct acceptance {
	enum smpp_status blame;
	const char *why;
} acceptances[] = {
	{SMPP_RINVOPTPARSTREAM,
         "a TLV that runs past the end; theirs reads an integer by its tag, whatever the length"},
};

static bool acceptance_is_known(enum smpp_status blame)
{
	for (size_t i = 0; i < ARRAY_LEN(acceptances); i++)
		if (acceptances[i].blame == blame)
			return true;
	return false;
}

/* Their last message: "[[field:value(OK)]...[field:value(what is wrong)]]". */
static void why_refused(struct span *field, struct span *says)
{
	const char *open = strrchr(their_trace, '['), *colon = open ? strchr(open, ':') : NULL;
	const char *paren = colon ? strrchr(colon, '(') : NULL;

	*field = colon ? (struct span){open + 1, (size_t)(colon - open - 1)} : SPAN_LIT("");
	*says = span_of(paren ? paren : "");
}

static bool ends_with(struct span text, const char *end)
{
	size_t len = strlen(end);

	return len == 0 || (text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0);
}

static bool refusal_is_known(const struct smpp_pdu *pdu)
{
	struct span field, says;

	why_refused(&field, &says);
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct refusal *r = &refusals[i];

		if (ends_with(field, r->field) &&
		    memmem(says.ptr, says.len, r->says, strlen(r->says)) && r->when(pdu))
			return true;
	}
	return false;
}

/* ---- the two ways ---- */

static void both_encode(const struct smpp_pdu *pdu, struct span ours, union theirs *t)
{
	static uint8_t out[SMPP_PDU_MAX + 2048];
	int len = 0;

	if (!same_fields(pdu, t))
		fail("fields differ", pdu);
	if (smpp34_pack(pdu->command_id, out, sizeof(out), &len, t))
		fail("theirs does not encode what it decoded", pdu);
	if (!same_octets(ours, out, (size_t)len))
		fail("the octets differ", pdu);
}

/* Ours took it. */
static void taken(const struct smpp_pdu *pdu)
{
	union theirs t;
	struct buf ours;

	buf_init(&ours, SMPP_PDU_MAX + 2048);
	if (smpp_pdu_encode(pdu, &ours) == 0) {
		if (their_decode(pdu->command_id, buf_span(&ours), &t)) {
			if (!refusal_is_known(pdu))
				fail("only ours decodes", pdu);
		} else if (!odd_tlv(pdu)) { /* else: see the last row of the table */
			both_encode(pdu, buf_span(&ours), &t);
		}
	}
	buf_fini(&ours);
}

/* Ours refused it. */
static void refused(const struct smpp_pdu *pdu, struct span frame, enum smpp_status blame)
{
	union theirs t;

	if (their_decode(pdu->command_id, frame, &t) == 0 && !acceptance_is_known(blame))
		fail("only theirs decodes", pdu);
}

static bool they_know(uint32_t command_id)
{
	switch (command_id) {
#define PDU(name, id, section, fields) case id:
#include "smpp_pdu.def"
		return true;
	default:
		return false;
	}
}

/* command_length is made right: what is looked at is what stands behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum smpp_status blame;
	struct smpp_pdu pdu;
	struct span frame;
	struct buf b;
	int err;

	if (size < SMPP_HEADER || size > INPUT_MAX)
		return 0;
	give_memory();
	buf_init(&b, INPUT_MAX);
	buf_add(&b, (struct span){(const char *)data, size});
	buf_put_u32(&b, 0, (uint32_t)size);
	frame = buf_span(&b);
	err = smpp_pdu_decode(frame, &pdu, &blame);
	if (!they_know(pdu.command_id))
		err = -ENOSYS;
	if (err == 0)
		taken(&pdu);
	else if (err != -ENOSYS)
		refused(&pdu, frame, blame);
	buf_fini(&b);
	return 0;
}
