/* The whole configuration: what a file says, what holds without it, what is refused and where. */
#include "../config/told.h"
#include "config.h"

#include <stdlib.h>

struct fake {
	char *host;
	int64_t port;
	char *password;
};

static const struct config_field fake_fields[] = {
	{"host",                CONFIG_STRING, offsetof(struct fake, host), .required = true, .help = "the peer"},
	{"port", CONFIG_INT, offsetof(struct fake, port), .fallback = "2775", .help = "its port"},
	{"password",     CONFIG_SECRET, offsetof(struct fake, password), .help = "its password"},
	{0		    }
};

static const struct connector_ops fake_ops = {
	.name = "fake", .config = fake_fields, .config_size = sizeof(struct fake)};

static const struct connector_ops *find(const char *name)
{
	return strcmp(name, "fake") == 0 ? &fake_ops : NULL;
}

#define HEAD                                                                 \
	"node: {name: a}\nlisten: {public: ':0', internal: '127.0.0.1:0'}\n" \
	"redis: {address: 'unix:x'}\ntemplates: {directory: t}\n"
#define CHANNELS "channels:\n  - {name: one, connector: fake, host: h, port: 1}\n"

static int parse(const char *text, struct told *t, struct config **out)
{
	setenv("PH_TEST_KEY", "0123456789abcdef", 1);
	return config_parse(span_of(text), find, &told_begin(t)->errors, out);
}

START_TEST(binds_a_file_and_its_channels)
{
	struct config *c = NULL;
	struct told t;
	const struct fake *fake;

	ck_assert_int_eq(parse(HEAD CHANNELS
	                       "  - {name: two, connector: fake, host: g, password: {env: "
	                       "PH_TEST_KEY}}\n",
	                       &t, &c),
	                 0);
	ck_assert_uint_eq(c->channel_count, 2);
	fake = c->channels[0].cfg;
	ck_assert_str_eq(c->channels[0].name, "one");
	ck_assert_str_eq(fake->host, "h");
	ck_assert_int_eq(fake->port, 1);
	ck_assert_uint_eq(c->channels[0].line, 6);
	fake = c->channels[1].cfg;
	ck_assert_int_eq(fake->port, 2775);
	ck_assert_str_eq(fake->password, "0123456789abcdef");
	ck_assert_ptr_eq(c->channels[1].ops, &fake_ops);
	config_destroy(&c);
	ck_assert_ptr_null(c);
}
END_TEST

START_TEST(has_sensible_values_for_what_is_not_given)
{
	struct config *c = NULL;
	struct told t;

	ck_assert_int_eq(parse(HEAD CHANNELS, &t, &c), 0);
	ck_assert_str_eq(c->desk.default_queue, "general");
	ck_assert_int_eq(c->desk.capacity, 4);
	ck_assert_uint_eq(c->desk.dispositions.count, 4);
	ck_assert_int_eq(c->log.level, 1);
	ck_assert_int_eq(c->redis.connections, 2);
	ck_assert_str_eq(c->calls.lang, "zh");
	ck_assert_int_eq(c->node.drain_ms, 10000);
	config_destroy(&c);
}
END_TEST

START_TEST(reads_when_agents_are_there)
{
	struct config *c = NULL;
	struct told t;

	ck_assert_int_eq(parse(HEAD CHANNELS "desk:\n  hours: 08:30-22:05\n", &t, &c), 0);
	ck_assert_uint_eq(c->desk.opens_min, 510);
	ck_assert_uint_eq(c->desk.closes_min, 1325);
	config_destroy(&c);
}
END_TEST

START_TEST(picks_the_rule_that_names_the_disposition_before_the_star)
{
	struct config *c = NULL;
	struct told t;

	ck_assert_int_eq(parse(HEAD CHANNELS "calls:\n  channel: one\n  rules:\n"
	                                     "  - {disposition: '*', template: any}\n"
	                                     "  - {disposition: sale, template: sold}\n",
	                       &t, &c),
	                 0);
	ck_assert_str_eq(config_rule_find(c, SPAN_LIT("sale"))->template_id, "sold");
	ck_assert_str_eq(config_rule_find(c, SPAN_LIT("other"))->template_id, "any");
	config_destroy(&c);
	ck_assert_int_eq(parse(HEAD CHANNELS, &t, &c), 0);
	ck_assert_ptr_null(config_rule_find(c, SPAN_LIT("sale")));
	config_destroy(&c);
}
END_TEST

static const struct refused {
	const char *text;
	const char *told[8];
} refused[] = {
	{"nod: {}\n",
         {"1 unknown key \"nod\"", "1 \"node\" is missing", "1 \"listen\" is missing",
          "1 \"redis\" is missing", "1 \"templates\" is missing", "1 \"channels\" is missing"}												   },
	{HEAD "channels: {}\n",									     {"5 \"channels\" must be a list"}                                                    },
	{HEAD "channels:\n  - one\n",								       {"6 a channel must be a mapping"}                                                    },
	{HEAD "channels:\n  - {name: x, connector: cmpp}\n",                                                {"6 there is no connector \"cmpp\""}                                                 },
	{HEAD "channels:\n  - {host: x}\n",
         {"6 \"name\" is missing", "6 \"connector\" is missing"}																 },
	{HEAD "channels:\n  - name: x\n    connector: fake\n    hots: h\n",
         {"8 unknown key \"hots\"; known here: name, connector, nodes, extension_digits, "
          "extension_queues, host, port, password",
          "6 \"host\" is missing: the peer"}																		     },
	{HEAD CHANNELS "  - {name: one, connector: fake, host: h}\n",
         {"7 the channel \"one\" was already given in line 6"}																   },
	{HEAD "channels:\n  - {name: 'a b', connector: fake, host: h}\n",
         {"6 \"name\" must be of a-z"}																			   },
	{HEAD CHANNELS "api:\n  keys:\n  - {name: k, key: secret, scopes: [calls]}\n",
         {"9 \"key\" must be {file: PATH}"}																		      },
	{HEAD CHANNELS "api:\n  keys:\n  - name: k\n    key: {env: PH_TEST_KEY}\n"
                       "    scopes: [calls, all]\n",                                               {"11 \"scopes\": there is no \"all\""}					       },
	{HEAD CHANNELS "desk:\n  hours: 08:00-24:00\n",                                                     {"8 \"hours\": must be as 08:00-22:00"}                                              },
	{HEAD CHANNELS "desk:\n  hours: 08.00-22.00\n",                                                     {"8 \"hours\": must be as 08:00-22:00"}                                              },
	{HEAD CHANNELS "calls:\n  channel: two\n",							  {"8 there is no channel \"two\""}                                                    },
	{HEAD CHANNELS "calls:\n  rules: [{disposition: x, template: y, lang: fr}]\n",
         {"8 \"lang\" must be one of: zh, en", "8 \"channel\" is missing"}														       },
	{HEAD CHANNELS "webhooks:\n- name: w\n  url: ftp://x.example\n"
                       "  secret: {env: PH_TEST_KEY}\n  events: [message.deleted]\n",              {"11 \"events\": there is no \"message.deleted\"", "9 \"url\" must begin with https"}},
	{HEAD CHANNELS
         "sendsms:\n  users:\n"
         "    - {name: shop, password: {env: PH_TEST_KEY}, channels: [two], allow: [10.0.0.1/8]}\n"
         "    - {name: shop, password: {env: PH_TEST_KEY}}\n",                                     {"9 there is no channel \"two\"", "9 \"10.0.0.1/8\" is no range of addresses",
          "10 the user \"shop\" was already given"}								       },
	{HEAD CHANNELS "desk: {default_queue: all of us}\n",
         {"7 \"default_queue\" must be of a-z"}																		  },
	{HEAD CHANNELS "routes:\n  rules:\n"
                       "  - {prefix: '86', operator: x, classes: [bulk], to: [{channel: two}]}\n", {"9 \"classes\": there is no \"bulk\"", "9 there is no channel \"two\"",
          "9 \"prefix\" must be + and digits", "9 \"operator\" needs \"numbers\""}    },
	{HEAD
         "channels:\n  - name: one\n    connector: fake\n    host: h\n    extension_digits: 2\n"
         "    extension_queues: [{code: '1', queue: loans}, {code: '01', queue: a b}]\n",          {"10 \"code\" must be as many digits", "10 \"queue\" must be of a-z"}                },
	{HEAD CHANNELS "desk: {capacity: 0}\nlog: {level: loud}\n",
         {"8 \"level\" must be one of: debug, info, warn, error",
          "7 \"capacity\" must be from 1 to 100"}																		},
};

START_TEST(tells_every_error_with_its_line)
{
	const struct refused *r = &refused[_i];
	struct config *c = NULL;
	struct told t;

	ck_assert_msg(parse(r->text, &t, &c) == -EINVAL, "%s", r->text);
	ck_assert_ptr_null(c);
	told_are(&t, r->told);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("config");

	tcase_add_test(tc, binds_a_file_and_its_channels);
	tcase_add_test(tc, has_sensible_values_for_what_is_not_given);
	tcase_add_test(tc, reads_when_agents_are_there);
	tcase_add_test(tc, picks_the_rule_that_names_the_disposition_before_the_star);
	tcase_add_loop_test(tc, tells_every_error_with_its_line, 0, ARRAY_LEN(refused));
	return unit_run("config", &tc, 1);
}
