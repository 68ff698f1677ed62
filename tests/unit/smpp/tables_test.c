/*
 * The tables against an independent one (tests/vectors/smpp/names.tsv): every command, optional
 * parameter and status that SMPP 3.4 and 5.0 have a name for has one here; and the states that a
 * message may be in.
 */
#include "smpp_pdu.h"
#include "smpp_receipt.h"
#include "smpp_status.h"
#include "smpp_tlv.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MAX = 256 };

static struct row {
	char what[16], name[64];
	uint32_t number;
} rows[ROWS_MAX];
static int row_count;

/* The same under another name: 3.4 names what 5.0 names anew, and the library has its own. */
static const struct alias {
	const char *theirs, *ours;
} aliases[] = {
	{"dest_port",			"destination_port"         },
	{"failed_broadcast_area_identifier", "broadcast_area_identifier"},
	{"alert_on_msg_delivery",            "alert_on_message_delivery"},
	{"ESME_RINVTLVSTREAM",               "ESME_RINVOPTPARSTREAM"    },
	{"ESME_RTLVNOTALLWD",                "ESME_ROPTPARNOTALLWD"     },
	{"ESME_RINVTLVLEN",                  "ESME_RINVPARLEN"          },
	{"ESME_RMISSINGTLV",                 "ESME_RMISSINGOPTPARAM"    },
	{"ESME_RINVTLVVAL",                  "ESME_RINVOPTPARAMVAL"     },
};

static void load_rows(void)
{
	FILE *f = fopen(PH_VECTORS "/smpp/names.tsv", "r");
	char line[128];

	while (f && row_count < ROWS_MAX && fgets(line, sizeof(line), f))
		if (sscanf(line, "%15s %x %63s", rows[row_count].what, &rows[row_count].number,
		           rows[row_count].name) == 3)
			row_count++;
	if (f)
		fclose(f);
	if (row_count < 150) {
		fprintf(stderr, "names.tsv: rows are missing\n");
		exit(EXIT_FAILURE);
	}
}

/* What a dump says of an empty one: " NAME=...". */
static const char *tlv_name(uint16_t tag)
{
	static char dumped[128];
	struct buf tlv, out;

	buf_init(&tlv, 16);
	buf_init(&out, sizeof(dumped) - 1);
	smpp_tlv_put(&tlv, tag, SPAN_NONE);
	smpp_tlv_dump(buf_span(&tlv), &out);
	ck_assert_int_eq(tlv.err | out.err, 0);
	snprintf(dumped, sizeof(dumped), "%.*s", SPAN_FMT(buf_span(&out)));
	buf_fini(&out);
	buf_fini(&tlv);
	ck_assert_int_eq(dumped[0], ' ');
	dumped[strcspn(dumped, "=")] = '\0';
	return dumped + 1;
}

static const char *our_name(const struct row *r)
{
	if (strcmp(r->what, "command") == 0)
		return smpp_command_name(r->number);
	if (strcmp(r->what, "tlv") == 0)
		return tlv_name((uint16_t)r->number);
	return smpp_status_name(r->number);
}

static const char *expected(const char *theirs)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (strcmp(aliases[i].theirs, theirs) == 0)
			return aliases[i].ours;
	return theirs;
}

START_TEST(what_the_specification_names_has_its_name)
{
	const struct row *r = &rows[_i];
	const char *ours = our_name(r);

	ck_assert_msg(ours && strcmp(ours, expected(r->name)) == 0, "%s 0x%x %s: %s", r->what,
	              r->number, r->name, ours ? ours : "no name");
}
END_TEST

START_TEST(what_nobody_names_has_none)
{
	ck_assert_str_eq(tlv_name(0x3177), "tlv_3177");
	ck_assert_str_eq(tlv_name(0x2001), "tlv_2001");
	ck_assert_str_eq(smpp_status_name(0x428), "vendor status");
	ck_assert_str_eq(smpp_command_name(0x99), "unknown");
}
END_TEST

START_TEST(message_states_are_those_of_both_versions)
{
	static const char *const states[] = {"SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED",
	                                     "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "SKIPPED"};

	ck_assert_int_eq(SMPP_STATES, ARRAY_LEN(states));
	for (unsigned i = 0; i < ARRAY_LEN(states); i++)
		ck_assert_str_eq(smpp_message_state_name((enum smpp_message_state)i), states[i]);
}
END_TEST

/* docs/protocols/smpp.md: which errors are tried again. One row each of the table of actions. */
static const struct policy {
	uint32_t from, to;
	enum smpp_action action;
} policies[] = {
	{0x000, 0x000, SMPP_ACTION_OK         },
	{0x058, 0x058, SMPP_ACTION_THROTTLE   },
	{0x014, 0x014, SMPP_ACTION_RETRY      },
	{0x064, 0x064, SMPP_ACTION_RETRY      },
	{0x008, 0x008, SMPP_ACTION_LIMITED    },
	{0x045, 0x045, SMPP_ACTION_LIMITED    },
	{0x0FF, 0x0FF, SMPP_ACTION_LIMITED    },
	{0x004, 0x005, SMPP_ACTION_REBIND     },
	{0x065, 0x066, SMPP_ACTION_FAIL       },
	{0x00A, 0x00A, SMPP_ACTION_FAIL       },
	{0x00B, 0x00B, SMPP_ACTION_BAD_ADDRESS},
	{0x048, 0x049, SMPP_ACTION_FAIL       },
	{0x050, 0x051, SMPP_ACTION_FAIL       },
	{0x001, 0x001, SMPP_ACTION_FAIL       },
	{0x0C0, 0x0C4, SMPP_ACTION_FAIL       },
	{0x043, 0x043, SMPP_ACTION_FAIL       },
	{0x061, 0x062, SMPP_ACTION_FAIL       },
	{0x033, 0x034, SMPP_ACTION_FAIL       },
	{0x011, 0x011, SMPP_ACTION_FAIL       },
	{0x013, 0x013, SMPP_ACTION_FAIL       },
	{0x054, 0x055, SMPP_ACTION_FAIL       },
	{0x067, 0x067, SMPP_ACTION_FAIL       },
	{0x100, 0x101, SMPP_ACTION_FAIL       },
	{0x102, 0x102, SMPP_ACTION_RETRY      },
	{0x103, 0x112, SMPP_ACTION_FAIL       },
	{0x400, 0x4FF, SMPP_ACTION_LIMITED    }, /* a vendor's: once more, and then failed */
	{1375,  1375,  SMPP_ACTION_LIMITED    },
};

START_TEST(each_status_has_its_consequence)
{
	const struct policy *p = &policies[_i];

	for (uint32_t status = p->from; status <= p->to; status++) {
		struct smpp_policy is = smpp_status_policy(status, NULL, 0);

		ck_assert_msg(is.action == p->action, "0x%x: %s", status,
		              smpp_action_names[is.action]);
		if (status >= 0x400)
			ck_assert_uint_eq(is.tries, 1);
	}
}
END_TEST

START_TEST(an_accounts_own_rows_win)
{
	const struct smpp_policy own[] = {
		{0x0B,  SMPP_ACTION_RETRY,       5, 0},
                {0x401, SMPP_ACTION_BAD_ADDRESS, 0, 0}
        };

	ck_assert_int_eq(smpp_status_policy(0x0B, own, 2).action, SMPP_ACTION_RETRY);
	ck_assert_int_eq(smpp_status_policy(0x401, own, 2).action, SMPP_ACTION_BAD_ADDRESS);
	ck_assert_int_eq(smpp_status_policy(0x402, own, 2).action, SMPP_ACTION_LIMITED);
}
END_TEST

START_TEST(a_status_leads_where_the_table_and_the_channel_say)
{
	struct smpp_policy own[] = {
		{0x0B,  SMPP_ACTION_RETRY,    500, 0},
                {0x401, SMPP_ACTION_THROTTLE, 300, 0}
        };

	ck_assert_int_eq(smpp_status_policy(0, NULL, 0).action, SMPP_ACTION_OK);
	ck_assert_int_eq(smpp_status_policy(0x58, NULL, 0).action, SMPP_ACTION_THROTTLE);
	ck_assert_int_eq(smpp_status_policy(0x0B, NULL, 0).action, SMPP_ACTION_BAD_ADDRESS);
	ck_assert_int_eq(smpp_status_policy(0x0B, own, 2).action, SMPP_ACTION_RETRY);
	ck_assert_int_eq(smpp_status_policy(0x401, own, 2).action, SMPP_ACTION_THROTTLE);
	ck_assert_int_eq(smpp_status_policy(0x402, own, 2).action, SMPP_ACTION_LIMITED);
	ck_assert_uint_eq(smpp_status_policy(0x402, own, 2).tries, 1);
	ck_assert_str_eq(smpp_status_name(0x58), "ESME_RTHROTTLED");
	ck_assert_str_eq(smpp_status_name(1375), "vendor status");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("tables");

	load_rows();
	tcase_add_loop_test(tc, what_the_specification_names_has_its_name, 0, row_count);
	tcase_add_test(tc, what_nobody_names_has_none);
	tcase_add_test(tc, message_states_are_those_of_both_versions);
	tcase_add_loop_test(tc, each_status_has_its_consequence, 0, ARRAY_LEN(policies));
	tcase_add_test(tc, an_accounts_own_rows_win);
	tcase_add_test(tc, a_status_leads_where_the_table_and_the_channel_say);
	return unit_run("smpp tables", &tc, 1);
}
