/* The fixture of a whole channel. */
#include "link_fixture.h"

#include "home.h"

#include <stdio.h>
#include <stdlib.h>

struct io_loop *loop;
struct smsc smsc;
struct connector_host host;

static void no_log(void *arg, struct span line)
{
	(void)arg;
	(void)line;
}

void fixture_set_up(void)
{
	setenv("SMPP_TEST_PASSWORD", "secret", 1);
	log_set_sink(no_log, NULL);
	ck_assert_int_eq(io_loop_create(NULL, &loop), 0);
	memset(&smsc, 0, sizeof(smsc));
	memset(&host, 0, sizeof(host));
	ck_assert_int_eq(smsc_open(&smsc, loop), 0);
}

void fixture_tear_down(void)
{
	host_close(&host);
	smsc_close(&smsc);
	host_pass(loop, 20);
	io_loop_destroy(&loop);
}

void open_channel(const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
	         "host: %s\nport: %u\nsystem_id: posthouse\n"
	         "password: {env: SMPP_TEST_PASSWORD}\nshort_codes: [\"95500\"]\n"
	         "default_country: \"86\"\n%s%s",
	         home_address(), smsc.port,
	         strstr(more, "reconnect") ? ""
	                                   : "reconnect_least: 20 ms\nreconnect_most: 100 ms\n",
	         more);
	ck_assert_int_eq(host_open(&host, &smpp_connector, yaml, loop), 0);
	ck_assert_int_eq(host.ops->start(host.self), 0);
}

void open_bound(const char *more)
{
	open_channel(more);
	AWAIT(host.state == CHANNEL_UP);
}

const char *text_of(size_t len)
{
	static char text[1024];

	ck_assert_uint_lt(len, sizeof(text));
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + (i * 7 + i / 26) % 26);
	text[len] = '\0';
	return text;
}

uint32_t deliver_text(const char *text)
{
	return smsc_deliver(&smsc, "8613800138000", "95500", 0, 0, span_of(text), SPAN_NONE);
}

int64_t answer_to(uint32_t sequence)
{
	for (size_t i = 0; i < smsc.got_count; i++) {
		const struct smpp_pdu *pdu = &smsc.got[i].pdu;

		if ((pdu->command_id & SMPP_RESP_BIT) && pdu->sequence_number == sequence)
			return pdu->command_status;
	}
	return -1;
}

void add_tests(TCase *tc, const TTest *const *tests, size_t count)
{
	tcase_add_checked_fixture(tc, fixture_set_up, fixture_tear_down);
	tcase_set_timeout(tc, 20);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tc, tests[i]);
}
