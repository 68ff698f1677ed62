/*
 * An SMSC that connects to us and says outbind. SMPP 3.4, 2.2.1; docs/protocols/smpp.md.
 */
#include "home.h"
#include "link_fixture.h"

#include <stdio.h>

static const char *const customer = "sms:+8613800138000";

#define OUTBIND                                                                       \
	"bind: outbind\noutbind: {enabled: true, host: %s, port: 0, peers: [\"%s\"]," \
	" system_id: SMSC, password: {env: SMPP_TEST_PASSWORD}%s}\nbind_timeout: 200 ms\n"

static uint16_t outbind_port(void)
{
	return io_listener_port(((struct smpp_channel *)host.self)->listener);
}

static void open_outbind(const char *peer, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), OUTBIND, home_address(), peer, more);
	open_channel(text);
	AWAIT(((struct smpp_channel *)host.self)->listener);
}

START_TEST(an_outbind_is_answered_with_a_bind_over_its_connection)
{
	open_outbind("127.0.0.1", "");
	ck_assert_int_eq(smsc_outbind(&smsc, outbind_port(), "SMSC", "secret"), 0);
	AWAIT(host.state == CHANNEL_RECEIVE_ONLY);
	ck_assert_ptr_nonnull(smsc_last(&smsc, SMPP_bind_receiver));
	ck_assert_uint_eq(smsc.accepted, 0);
	deliver_text("pushed");
	AWAIT(smsc.delivered == 1);
	ck_assert(span_is(host.received[0]->text, "pushed"));
}
END_TEST

START_TEST(a_peer_may_be_a_range_of_addresses)
{
	open_outbind("127.0.0.0/8", "");
	ck_assert_int_eq(smsc_outbind(&smsc, outbind_port(), "SMSC", "secret"), 0);
	AWAIT(host.state == CHANNEL_RECEIVE_ONLY);
}
END_TEST

START_TEST(a_peer_that_nobody_can_be_is_told)
{
	static const struct {
		const char *peer;
		int want;
	} peers[] = {
		{"192.0.2.1",        0      },
		{"10.20.0.0/16",     0      },
		{"2001:DB8::1",      0      },
		{"smsc.example.com", -EINVAL},
		{"192.0.2.1:2775",   -EINVAL},
		{"10.20.0.1/16",     -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		char text[32], *list[] = {text, NULL};
		const struct smpp_config c = {
			.outbind = {.enabled = true, .peers = list}
                };

		snprintf(text, sizeof(text), "%s", peers[i].peer);
		ck_assert_msg(smpp_config_check(&c, NULL, 0) == peers[i].want, "%s", text);
	}
}
END_TEST

START_TEST(an_outbind_may_be_answered_with_a_transceiver)
{
	open_outbind("127.0.0.1", ", bind: transceiver");
	ck_assert_int_eq(smsc_outbind(&smsc, outbind_port(), "SMSC", "secret"), 0);
	AWAIT(host.state == CHANNEL_UP);
	ck_assert_int_eq(host_send(&host, customer, "hello"), 0);
	AWAIT(host.result_count == 1);
}
END_TEST

START_TEST(after_an_outbind_is_lost_the_next_one_is_taken)
{
	open_outbind("127.0.0.1", ", sessions_max: 1");
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(smsc_outbind(&smsc, outbind_port(), "SMSC", "secret"), 0);
		AWAIT(host.state == CHANNEL_RECEIVE_ONLY);
		smsc_drop(&smsc);
		AWAIT(host.state != CHANNEL_RECEIVE_ONLY);
	}
	ck_assert_uint_eq(smsc.binds, 3);
}
END_TEST

static bool nobody_is_connected(void)
{
	for (size_t i = 0; i < SMSC_LINKS; i++)
		if (smsc.links[i].stream)
			return false;
	return true;
}

static const struct stranger {
	const char *peer, *system_id, *password;
} strangers[] = {
	{"192.0.2.1", "SMSC",  "secret"}, /* not one of its addresses */
	{"127.0.0.1", "OTHER", "secret"},
	{"127.0.0.1", "SMSC",  "wrong" },
	{"127.0.0.1", NULL,    NULL    }, /* connects and says nothing */
};

START_TEST(who_is_not_the_smsc_is_not_bound_to)
{
	const struct stranger *s = &strangers[_i];

	open_outbind(s->peer, "");
	ck_assert_int_eq(smsc_outbind(&smsc, outbind_port(), s->system_id, s->password), 0);
	AWAIT(nobody_is_connected());
	ck_assert_uint_eq(smsc.binds, 0);
	ck_assert_int_eq(host.state, CHANNEL_CONNECTING);
}
END_TEST

START_TEST(no_more_outbinds_than_are_wanted_at_once)
{
	unsigned connected = 0;

	open_outbind("127.0.0.1", ", sessions_max: 2");
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(smsc_outbind(&smsc, outbind_port(), "SMSC", "secret"), 0);
	AWAIT(smsc.binds == 2);
	host_pass(loop, 100);
	for (size_t i = 0; i < SMSC_LINKS; i++)
		connected += smsc.links[i].stream != NULL;
	ck_assert_uint_eq(connected, 2);
}
END_TEST

START_TEST(a_stopped_channel_listens_no_more)
{
	open_outbind("127.0.0.1", "");
	ck_assert_int_eq(smsc_outbind(&smsc, outbind_port(), "SMSC", "secret"), 0);
	AWAIT(host.state == CHANNEL_RECEIVE_ONLY);
	host.ops->stop(host.self, STOP_DRAIN);
	AWAIT(host.stopped == 1);
	ck_assert_ptr_null(((struct smpp_channel *)host.self)->listener);
	ck_assert_uint_eq(smsc.unbinds, 1);
}
END_TEST

START_TEST(there_is_no_listener_unless_it_is_asked_for)
{
	open_bound("");
	ck_assert_ptr_null(((struct smpp_channel *)host.self)->listener);
}
END_TEST

START_TEST(an_outbind_over_our_own_connection_says_nothing)
{
	struct smpp_pdu pdu = {.command_id = SMPP_outbind};

	open_bound("");
	smsc_send(smsc_receiver(&smsc), &pdu);
	deliver_text("and it goes on");
	AWAIT(smsc.delivered == 1);
	ck_assert_uint_eq(smsc.binds, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_outbind_is_answered_with_a_bind_over_its_connection,
		a_peer_may_be_a_range_of_addresses,
		a_peer_that_nobody_can_be_is_told,
		an_outbind_may_be_answered_with_a_transceiver,
		after_an_outbind_is_lost_the_next_one_is_taken,
		no_more_outbinds_than_are_wanted_at_once,
		a_stopped_channel_listens_no_more,
		there_is_no_listener_unless_it_is_asked_for,
		an_outbind_over_our_own_connection_says_nothing,
	};
	TCase *tc = tcase_create("outbind");

	add_tests(tc, tests, ARRAY_LEN(tests));
	tcase_add_loop_test(tc, who_is_not_the_smsc_is_not_bound_to, 0, ARRAY_LEN(strangers));
	return unit_run("smpp outbind", &tc, 1);
}
