/* Frames of RFC 6455: the examples of section 5.7, and each rule broken. */
#include "ws_frame.h"

#include "unit.h"

#include <stdio.h>

enum { MESSAGE_MAX = 70000, FRAGMENTS_MAX = 4 };

/* What came out, in a form that does not depend on how it was cut: "text:Hello" "ping:x". */
struct heard {
	char text[80000];
	size_t len;
	int code;
};

static void say(struct heard *h, const char *what, struct span payload)
{
	int len = snprintf(h->text + h->len, sizeof(h->text) - h->len, "%s%.*s", what,
	                   SPAN_FMT(payload));

	ck_assert(len >= 0 && (size_t)len < sizeof(h->text) - h->len);
	h->len += (size_t)len;
}

static void note(struct heard *h, const struct ws_event *e)
{
	if (e->what == WS_PIECE || e->what == WS_LAST_PIECE)
		say(h, "", e->payload);
	if (e->what == WS_LAST_PIECE)
		say(h, "|", SPAN_NONE);
	if (e->what == WS_CONTROL) {
		say(h,
		    e->opcode == WS_PING   ? "(ping "
		    : e->opcode == WS_PONG ? "(pong "
		                           : "(close ",
		    e->payload);
		say(h, ")", SPAN_NONE);
	}
}

static void feed(struct ws_decoder *d, struct heard *h, struct span octets)
{
	char copy[4096];
	char *at = copy;
	size_t len = octets.len;

	ck_assert(len <= sizeof(copy));
	memcpy(copy, octets.ptr, len);
	while (len && !h->code) {
		struct ws_event e;

		h->code = ws_decode(d, &at, &len, &e);
		if (!h->code)
			note(h, &e);
	}
}

static const struct vector {
	const char *what, *hex, *want;
	int code;
} vectors[] = {
	{"5.7 masked Hello",                "81 85 37fa213d 7f9f4d5158",                          "Hello|",            0   },
	{"5.7 fragmented Hel + lo",         "01 83 00000000 48656c 80 82 00000000 6c6f",          "Hello|",            0   },
	{"5.7 ping",			"89 85 37fa213d 7f9f4d5158",                          "(ping Hello)",      0   },
	{"pong without a ping (5.5.3)",     "8a 80 00000000",                                     "(pong )",           0   },
	{"control between fragments (5.4)", "01 81 00000000 61 89 80 00000000 80 81 00000000 62",
         "a(ping )b|",												 0   },
	{"empty text",                      "81 80 01020304",                                     "|",                 0   },
	{"empty last fragment",             "01 81 00000000 61 80 80 00000000",                   "a|",                0   },
	{"length not minimal is tolerated", "81 fe 0001 00000000 61",                             "a|",                0   },
	{"64-bit length not minimal",       "81 ff 0000000000000001 00000000 61",                 "a|",                0   },
	{"unmasked (5.1)",                  "81 05 48656c6c6f",                                   "",                  1002},
	{"RSV1 (5.2)",                      "c1 80 00000000",                                     "",                  1002},
	{"RSV2",			    "a1 80 00000000",				     "",                  1002},
	{"RSV3",			    "91 80 00000000",				     "",                  1002},
	{"reserved opcode 3",               "83 80 00000000",                                     "",                  1002},
	{"reserved opcode 7",               "87 80 00000000",                                     "",                  1002},
	{"reserved opcode B",               "8b 80 00000000",                                     "",                  1002},
	{"reserved opcode F",               "8f 80 00000000",                                     "",                  1002},
	{"fragmented ping (5.5)",           "09 80 00000000",                                     "",                  1002},
	{"ping of 126 (5.5)",               "89 fe 007e 00000000",                                "",                  1002},
	{"continuation of nothing (5.4)",   "80 81 00000000 61",                                  "",                  1002},
	{"text within a message (5.4)",     "01 81 00000000 61 81 81 00000000 62",                "a",                 1002},
	{"64-bit length with its top bit",  "81 ff 8000000000000000 00000000",                    "",                  1002},
	{"binary",			  "82 80 00000000",				     "",                  1003},
	{"over the limit",                  "81 ff 0000000000011171 00000000",                    "",                  1009},
	{"too many fragments",
         "01 80 00000000 00 80 00000000 00 80 00000000 00 80 00000000 00 80 00000000",            "",                  1008},
	{"not UTF-8: lone continuation",    "81 81 00000000 80",                                  "",                  1007},
	{"not UTF-8: overlong",             "81 82 00000000 c080",                                "",                  1007},
	{"not UTF-8: overlong of three",    "81 83 00000000 e08080",                              "",                  1007},
	{"not UTF-8: surrogate",            "81 83 00000000 eda080",                              "",                  1007},
	{"not UTF-8: past U+10FFFF",        "81 84 00000000 f4908080",                            "",                  1007},
	{"not UTF-8: F5",                   "81 81 00000000 f5",                                  "",                  1007},
	{"UTF-8 that ends too soon",        "81 82 00000000 e4bd",                                "",                  1007},
	{"UTF-8 cut between fragments",     "01 82 00000000 e4bd 80 81 00000000 a0",              "\xe4\xbd\xa0|",
         0														 },
	{"four octets of UTF-8",            "81 84 00000000 f09f9880",                            "\xf0\x9f\x98\x80|", 0   },
	{"fails before the frame is there", "81 fe 0100 00000000 61ff",                           "",                  1007},
};

START_TEST(decodes)
{
	const struct vector *v = &vectors[_i];
	static struct heard h;
	struct ws_decoder d;

	h = (struct heard){.len = 0};
	ws_decoder_init(&d, MESSAGE_MAX, FRAGMENTS_MAX);
	feed(&d, &h, unit_hex(v->hex));
	ck_assert_msg(h.code == v->code, "%s: %d, not %d", v->what, h.code, v->code);
	if (!v->code || v->want[0])
		ck_assert_msg(strcmp(h.text, v->want) == 0, "%s: '%s'", v->what, h.text);
}
END_TEST

START_TEST(cut_anywhere_it_says_the_same)
{
	const struct vector *v = &vectors[_i];
	struct span all = unit_hex(v->hex);
	static struct heard whole, parts;
	struct ws_decoder d;

	whole = (struct heard){.len = 0};
	ws_decoder_init(&d, MESSAGE_MAX, FRAGMENTS_MAX);
	feed(&d, &whole, all);
	for (size_t step = 1; step < all.len; step++) {
		parts = (struct heard){.len = 0};
		ws_decoder_init(&d, MESSAGE_MAX, FRAGMENTS_MAX);
		for (size_t at = 0; at < all.len && !parts.code; at += step)
			feed(&d, &parts,
			     (struct span){all.ptr + at,
			                   all.len - at < step ? all.len - at : step});
		ck_assert_msg(parts.code == whole.code, "%s by %zu", v->what, step);
		ck_assert_msg(whole.code || strcmp(parts.text, whole.text) == 0, "%s by %zu",
		              v->what, step);
	}
}
END_TEST

static const struct {
	size_t len;
	const char *head;
} heads[] = {
	{0,       "8100"                },
	{125,     "817d"                },
	{126,     "817e007e"            },
	{65535,   "817effff"            },
	{65536,   "817f0000000000010000"},
	{1000000, "817f00000000000f4240"},
};

START_TEST(heads_are_minimal_and_not_masked)
{
	struct buf b;

	buf_init(&b, 64);
	ws_encode_head(&b, WS_TEXT, heads[_i].len);
	ck_assert(span_eq(buf_span(&b), unit_hex(heads[_i].head)));
	buf_fini(&b);
}
END_TEST

static const struct {
	const char *what, *hex;
	int wrong;
	uint16_t code;
} closes[] = {
	{"empty",               "",            0,    1005},
	{"one octet (5.5.1)",   "03",          1002, 0   },
	{"1000",                "03e8",        0,    1000},
	{"1000 bye",            "03e8 627965", 0,    1000},
	{"1003",                "03eb",        0,    1003},
	{"1004",                "03ec",        1002, 0   },
	{"1005 on the wire",    "03ed",        1002, 0   },
	{"1006 on the wire",    "03ee",        1002, 0   },
	{"1007",                "03ef",        0,    1007},
	{"1014",                "03f6",        0,    1014},
	{"1015 on the wire",    "03f7",        1002, 0   },
	{"999",		 "03e7",        1002, 0   },
	{"2999",                "0bb7",        1002, 0   },
	{"3000",                "0bb8",        0,    3000},
	{"4999",                "1387",        0,    4999},
	{"5000",                "1388",        1002, 0   },
	{"reason is not UTF-8", "03e8 ff",     1007, 0   },
};

START_TEST(close_frames)
{
	uint16_t code = 0;
	struct span reason;
	int wrong = ws_close_parse(unit_hex(closes[_i].hex), &code, &reason);

	ck_assert_msg(wrong == closes[_i].wrong, "%s", closes[_i].what);
	ck_assert_msg(wrong || code == closes[_i].code, "%s", closes[_i].what);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ws_frame");

	tcase_add_loop_test(tc, decodes, 0, ARRAY_LEN(vectors));
	tcase_add_loop_test(tc, cut_anywhere_it_says_the_same, 0, ARRAY_LEN(vectors));
	tcase_add_loop_test(tc, heads_are_minimal_and_not_masked, 0, ARRAY_LEN(heads));
	tcase_add_loop_test(tc, close_frames, 0, ARRAY_LEN(closes));
	return unit_run("ws_frame", &tc, 1);
}
