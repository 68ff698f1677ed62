/*
 * The connector against a real socket: binds and their refusals, windows, time-outs, lost links,
 * throttling, drain; what is received and when it is answered.
 */
#include "host.h"
#include "smpp_channel.h"
#include "smpp_tlv.h"
#include "smsc.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static struct io_loop *loop;
static struct smsc smsc;
static struct connector_host host;

static void set_up(void)
{
	setenv("SMPP_TEST_PASSWORD", "secret", 1);
	ck_assert_int_eq(io_loop_create(NULL, &loop), 0);
	memset(&smsc, 0, sizeof(smsc));
	memset(&host, 0, sizeof(host));
	ck_assert_int_eq(smsc_open(&smsc, loop), 0);
}

static void tear_down(void)
{
	host_close(&host);
	smsc_close(&smsc);
	host_pass(loop, 20);
	io_loop_destroy(&loop);
}

/* A channel with more lines of configuration; started. */
static void open_channel(const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
	         "host: 127.0.0.1\nport: %u\nsystem_id: posthouse\n"
	         "password: {env: SMPP_TEST_PASSWORD}\nshort_codes: [\"95500\"]\n"
	         "default_country: \"86\"\nreconnect_least: 20 ms\nreconnect_most: 100 ms\n%s",
	         smsc.port, more);
	ck_assert_int_eq(host_open(&host, &smpp_connector, yaml, loop), 0);
	ck_assert_int_eq(host.ops->start(host.self), 0);
}

#define UNTIL(name, condition)                                                      \
	static bool name(void *arg)                                                 \
	{                                                                           \
		(void)arg;                                                          \
		return condition;                                                   \
	}                                                                           \
	static void await_##name(void)                                              \
	{                                                                           \
		ck_assert_msg(host_until(loop, name, NULL, 5000), "%s: no", #name); \
	}

UNTIL(up, host.state == CHANNEL_UP)
UNTIL(received_one, host.received_count >= 1)
UNTIL(answered_one, smsc.delivered + smsc.put_off >= 1)
UNTIL(result_one, host.result_count >= 1)
UNTIL(submit_one, smsc.submits >= 1)

START_TEST(a_transceiver_binds_receives_answers_and_sends)
{
	const struct smpp_submit_sm *sm;

	open_channel("");
	await_up();
	host.echo = true;
	ck_assert(
		smsc_deliver(&smsc, "8613800138000", "95500", 0, 0, SPAN_LIT("hello"), SPAN_NONE));
	await_answered_one();
	await_result_one();
	ck_assert_uint_eq(host.received_count, 1);
	ck_assert(span_is(host.received[0]->address, "sms:+8613800138000"));
	ck_assert(span_is(host.received[0]->local, "95500"));
	ck_assert(span_is(host.received[0]->text, "hello"));
	sm = smsc_submit(&smsc, 0);
	ck_assert(sm && span_is(sm->short_message, "hello"));
	ck_assert(span_is(sm->destination_addr, "8613800138000"));
	ck_assert(span_is(sm->source_addr, "95500"));
	ck_assert_int_eq(host.results[0].outcome, SEND_OK);
	ck_assert_str_eq(host.results[0].id, "m1");
	/* Whoever has the response has the answer before it. */
	ck_assert_uint_eq(smsc.got[1].pdu.command_id, SMPP_submit_sm);
	ck_assert_uint_eq(smsc.got[2].pdu.command_id, SMPP_RESP(SMPP_deliver_sm));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("link");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_transceiver_binds_receives_answers_and_sends);
	(void)await_received_one;
	(void)await_submit_one;
	return unit_run("smpp link", &tc, 1);
}
