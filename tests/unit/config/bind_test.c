/* Tables over YAML: each type bound and refused, every error told with its line. */
#include "told.h"

#include <stdlib.h>
#include <unistd.h>

struct tls {
	char *cert;
	int64_t bits;
};

struct user {
	char *name;
	bool admin;
};

struct sample {
	char *host;
	int64_t port, wait_ms;
	bool fast;
	int mode;
	char **codes;
	char *password;
	struct tls tls;
	struct config_list users;
	const struct yaml_node *rest;
};

static const char *const modes[] = {"plain", "compat", "safe", NULL};

static const struct config_field tls_fields[] = {
	{"cert",               CONFIG_STRING, offsetof(struct tls, cert), .required = true},
	{"bits", CONFIG_INT, offsetof(struct tls, bits), .fallback = "256"},
	{0   }
};

static const struct config_field user_fields[] = {
	{"name",                CONFIG_STRING, offsetof(struct user, name), .required = true, .help = "who"},
	{"admin", CONFIG_BOOL, offsetof(struct user, admin), .help = "may all"},
	{0    }
};

static const struct config_field fields[] = {
	{"host",		  CONFIG_STRING, offsetof(struct sample, host), .required = true, .least = 1,
         .most = 20, .help = "name of the peer"},
	{"port", CONFIG_INT, offsetof(struct sample, port), .fallback = "2775", .least = 1,
         .most = 65535},
	{"wait",       CONFIG_DURATION_MS, offsetof(struct sample, wait_ms), .fallback = "30 s",
         .least = 100, .most = 60000},
	{"fast",              CONFIG_BOOL, offsetof(struct sample, fast), .fallback = "true"},
	{"mode",		       CONFIG_ENUM, offsetof(struct sample, mode), .choices = modes, .fallback = "safe"},
	{"codes",             CONFIG_STRINGS, offsetof(struct sample, codes), .fallback = "[\"95500\", x]",
         .most = 8},
	{"password",                  CONFIG_SECRET, offsetof(struct sample, password), .most = 16},
	{"tls",             CONFIG_MAP, offsetof(struct sample, tls), .sub = tls_fields},
	{"users",		       CONFIG_LIST, offsetof(struct sample, users), .sub = user_fields,
         .item_size = sizeof(struct user), .most = 2},
	{"rest",CONFIG_NODE, offsetof(struct sample, rest), .help = "as it is"},
	{0	      }
};

static int bind_text(const char *text, struct told *t, struct sample *out)
{
	struct yaml_doc *doc = NULL;
	int err;

	memset(out, 0, sizeof(*out));
	ck_assert_int_eq(yaml_parse(span_of(text), &told_begin(t)->errors, &doc), 0);
	err = config_bind(fields, yaml_root(doc), &t->errors, out);
	out->rest = NULL; /* borrowed from the document */
	yaml_doc_free(&doc);
	return err;
}

START_TEST(binds_every_type)
{
	struct told t;
	struct sample s;
	struct user *users;

	setenv("PH_TEST_SECRET", "hunter2", 1);
	ck_assert_int_eq(bind_text("host: smsc.example\nport: 1\nwait: 1 min\nfast: false\n"
	                           "mode: plain\ncodes: [a, 10086]\npassword: {env: "
	                           "PH_TEST_SECRET}\ntls: {cert: /x}\nusers:\n  - name: mei\n"
	                           "  - {name: bo, admin: true}\n",
	                           &t, &s),
	                 0);
	ck_assert_str_eq(s.host, "smsc.example");
	ck_assert_int_eq(s.port, 1);
	ck_assert_int_eq(s.wait_ms, 60000);
	ck_assert(!s.fast && s.mode == 0);
	ck_assert_str_eq(s.codes[1], "10086");
	ck_assert_ptr_null(s.codes[2]);
	ck_assert_str_eq(s.password, "hunter2");
	ck_assert_str_eq(s.tls.cert, "/x");
	ck_assert_int_eq(s.tls.bits, 256);
	users = s.users.items;
	ck_assert_uint_eq(s.users.count, 2);
	ck_assert_str_eq(users[0].name, "mei");
	ck_assert(!users[0].admin && users[1].admin);
	config_free(fields, &s);
	ck_assert_ptr_null(s.password);
}
END_TEST

START_TEST(fills_in_what_is_not_given)
{
	struct told t;
	struct sample s;

	ck_assert_int_eq(bind_text("host: h\n", &t, &s), 0);
	ck_assert(s.port == 2775 && s.wait_ms == 30000 && s.fast && s.mode == 2);
	ck_assert_str_eq(s.codes[0], "95500");
	ck_assert_str_eq(s.codes[1], "x");
	ck_assert(!s.password && !s.tls.cert && s.tls.bits == 256 && !s.users.count);
	config_free(fields, &s);
}
END_TEST

START_TEST(a_null_mapping_is_an_empty_one)
{
	struct sample s = {0};
	struct told t;

	ck_assert_int_eq(config_bind(fields, NULL, &told_begin(&t)->errors, &s), -EINVAL);
	told_are(&t, (const char *[]){"0 \"host\" is missing: name of the peer", NULL});
	ck_assert_int_eq(s.port, 2775);
	config_free(fields, &s);
}
END_TEST

static const struct refused {
	const char *text;
	const char *told[6];
} refused[] = {
	{"port: 1\n",					 {"1 \"host\" is missing: name of the peer"}             },
	{"host: h\nprot: 1\n",				{"2 unknown key \"prot\"; known here: host, port, wait"}},
	{"host: ''\n",					{"1 \"host\" must be from 1 to 20 octets"}              },
	{"host: [h]\n",				       {"1 \"host\" must be a text"}                           },
	{"host:\n",					   {"1 \"host\" has no value"}                             },
	{"host: h\nport: 0\n",				{"2 \"port\" must be from 1 to 65535"}                  },
	{"host: h\nport: 99999999999999999999\n",             {"2 \"port\" must be a whole number"}                   },
	{"host: h\nport: 0x10\n",                             {"2 \"port\" must be a whole number"}                   },
	{"host: h\nport: '1'\n",                              {"2 \"port\" must be a whole number"}                   },
	{"host: h\nport: {a: b}\n",                           {"2 \"port\" must be a whole number"}                   },
	{"host: h\nwait: 30\n",                               {"2 \"wait\" must be a duration"}                       },
	{"host: h\nwait: 3 parsecs\n",                        {"2 \"wait\" must be a duration"}                       },
	{"host: h\nwait: 2 d\n",                              {"2 \"wait\" must be from 100 to 60000 ms"}             },
	{"host: h\nfast: yes\n",                              {"2 \"fast\" must be true or false"}                    },
	{"host: h\nfast: 'true'\n",                           {"2 \"fast\" must be true or false"}                    },
	{"host: h\nmode: secure\n",                           {"2 \"mode\" must be one of: plain, compat, safe"}      },
	{"host: h\ncodes: 95500\n",                           {"2 \"codes\" must be a list of texts"}                 },
	{"host: h\ncodes: [a,\n ~, {b: c},\n 123456789]\n",
         {"3 \"codes\" must be", "3 \"codes\" must be a text", "4 \"codes\" must be from 0 to 8"}                     },
	{"host: h\npassword: hunter2\n",                      {"2 \"password\" must be {file: PATH} or {env: NAME}"}  },
	{"host: h\npassword: {file: a, env: b}\n",            {"2 \"password\" must be {file"}                        },
	{"host: h\npassword: {env: PH_TEST_NONE}\n",          {"2 the environment has no PH_TEST_NONE"}               },
	{"host: h\npassword: {file: /nonexistent}\n",
         {"2 the file \"/nonexistent\" of \"password\" cannot be read: No such file"}                                 },
	{"host: h\npassword: {file: /dev/null}\n",            {"2 the secret of \"password\" is empty"}               },
	{"host: h\ntls: {bits: 1}\n",                         {"2 \"cert\" is missing"}                               },
	{"host: h\ntls: x\n",				 {"2 \"tls\" must be a mapping"}                         },
	{"host: h\nusers: {}\n",                              {"2 \"users\" must be a list"}                          },
	{"host: h\nusers: [{name: a},{name: b},{name: c}]\n", {"2 \"users\" must be from 0 to 2"}                     },
	{"host: h\nusers:\n- mei\n- {admin: true}\n",
         {"3 each item of \"users\" must be a mapping", "4 \"name\" is missing: who"}                                 },
	{"port: x\nfoo: 1\nfast: 2\nbar: 3\n",
         {"2 unknown key \"foo\"", "4 unknown key \"bar\"", "1 \"host\" is missing",
          "1 \"port\" must be", "3 \"fast\" must be"}								 },
};

START_TEST(tells_every_error_with_its_line)
{
	const struct refused *r = &refused[_i];
	struct sample s;
	struct told t;

	ck_assert_msg(bind_text(r->text, &t, &s) == -EINVAL, "%s", r->text);
	told_are(&t, r->told);
	config_free(fields, &s);
}
END_TEST

START_TEST(a_secret_in_the_text_is_never_repeated)
{
	struct sample s;
	struct told t;

	ck_assert_int_eq(bind_text("host: h\npassword: hunter2\n", &t, &s), -EINVAL);
	ck_assert_ptr_null(strstr(t.text[0], "hunter2"));
	config_free(fields, &s);
}
END_TEST

START_TEST(a_secret_file_loses_its_last_newline_only)
{
	char path[] = "/tmp/posthouse-secret-XXXXXX", text[100];
	int fd = mkstemp(path);
	struct sample s;
	struct told t;

	ck_assert_int_eq(write(fd, "ab\n\n", 4), 4);
	close(fd);
	snprintf(text, sizeof(text), "host: h\npassword: {file: %s}\n", path);
	ck_assert_int_eq(bind_text(text, &t, &s), 0);
	ck_assert_str_eq(s.password, "ab\n");
	config_free(fields, &s);
	unlink(path);
}
END_TEST

static const struct duration {
	const char *text;
	int err;
	int64_t ms;
} durations[] = {
	{"0 ms",              0,       0        },
        {"500 ms",            0,       500      },
        {"30s",               0,       30000    },
	{"10 min",            0,       600000   },
        {"48 h",              0,       172800000},
        {"7 d",               0,       604800000},
	{"",		  -EINVAL, 0        },
        {"s",                 -EINVAL, 0        },
        {"-1 s",              -EINVAL, 0        },
	{"1.5 s",             -EINVAL, 0        },
        {"10",                -EINVAL, 0        },
        {"200000000000000 d", -EINVAL, 0        },
};

START_TEST(reads_durations)
{
	const struct duration *d = &durations[_i];
	int64_t ms = 0;

	ck_assert_int_eq(config_duration_ms(span_of(d->text), &ms), d->err);
	ck_assert_int_eq(ms, d->ms);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("bind");

	tcase_add_test(tc, binds_every_type);
	tcase_add_test(tc, fills_in_what_is_not_given);
	tcase_add_test(tc, a_null_mapping_is_an_empty_one);
	tcase_add_loop_test(tc, tells_every_error_with_its_line, 0, ARRAY_LEN(refused));
	tcase_add_test(tc, a_secret_in_the_text_is_never_repeated);
	tcase_add_test(tc, a_secret_file_loses_its_last_newline_only);
	tcase_add_loop_test(tc, reads_durations, 0, ARRAY_LEN(durations));
	return unit_run("bind", &tc, 1);
}
