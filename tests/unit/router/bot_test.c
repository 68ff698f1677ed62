/* One turn of the bot after another: the state that the last one left is all that the next one
 * knows. */
#include "bot.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct catalogue *catalogue;
static struct bot bot;
static struct connector_ops plain = {
	.caps = {.kinds = 1U << MESSAGE_TEXT, .scheme = "sms"}
};
static struct connector_ops buttons = {
	.caps = {.kinds = 1U << MESSAGE_TEXT | 1U << MESSAGE_MENU, .scheme = "web"}
};
static struct bot_turn turn;
static unsigned marks; /* of the next message */

#define ANSWER(id, title, more)                                                                   \
	"  - id: " id "\n    title: {zh: " title ", en: " id "}\n" more                           \
	"    samples: {zh: [" title "甲, " title "乙, " title "丙], en: [" id " x, " id " y, " id \
	" z]}\n"
#define SAYS(zh, en) "    text: {zh: \"" zh "\", en: \"" en "\"}\n"

#define BILL                                                                                         \
	"  - id: bill\n    title: {zh: 账单, en: Bill}\n    variables:\n"                          \
	"      tail: {type: tail, example: \"1234\", about: 卡号后四位}\n"                      \
	"      day: {type: date, example: \"2026-11-22\", about: 账单日}\n" SAYS(                    \
		"尾号{{tail}}{{day}}的账单已寄出",                                                   \
		"Card {{tail}}, bill of {{day}}: sent") "    samples:\n"                             \
							"      zh: "                                 \
							"[尾号0000的卡2026-01-01的账单, "     \
							"尾号0000的卡账单, 我的账单呢]\n" \
							"      en: [\"card ending 0000 bill\", "     \
							"\"bill of 2026-01-01\", \"bill x\"]\n"
#define SYSTEM(id, zh, en) \
	"  - {id: system." id ", title: {zh: x, en: x}, text: {zh: " zh ", en: " en "}}\n"
#define SYSTEM_WITH(id, variables, zh, en)                                             \
	"  - id: system." id "\n    title: {zh: x, en: x}\n    variables: {" variables \
	"}\n" SAYS(zh, en)
#define WHERE "position: {type: number, example: 3}"
#define LINE(name) name ": {type: text, max: 300, example: x}"

static const char content[] = "answers:\n" ANSWER(
	"hours", "营业时间",
	SAYS("九点",
             "At nine")) ANSWER("fees", "年费",
                                SAYS("免费",
                                     "No fee")) ANSWER("loans", "贷款",
                                                       SAYS("可贷",
                                                            "We lend") "    suggest_only: true\n")
	ANSWER("secret", "明细", SAYS("明细", "Details") "    needs: verified\n") ANSWER(
		"parcel", "包裹",
		"    variables:\n      code: {type: code, example: A1, about: 包裹单号}\n" SAYS(
			"包裹{{code}}已发", "Parcel {{code}} left")) BILL
	"system:\n" SYSTEM_WITH("menu", LINE("choices"), "您想问：{{choices}}。请回复数字。",
                                "Did you mean: {{choices}}? Reply.")
		SYSTEM_WITH("ask", LINE("what"), "请告诉我们：{{what}}。",
                            "Tell us: {{what}}.") SYSTEM_WITH("ask_again",
                                                              LINE("what") ", " LINE("example"),
                                                              "请再说：{{what}}，如 {{example}}",
                                                              "Again: {{what}}, as {{example}}")
			SYSTEM("dropped", "好的，不查了", "Left it") SYSTEM("handover_away",
                                                                            "人不在", "Nobody here")
				SYSTEM_WITH("handover_place", WHERE, "第{{position}}位",
                                            "Number {{position}}")
					SYSTEM_WITH("handover_position",
                                                    WHERE ", minutes: {type: number, example: 5}",
                                                    "第{{position}}位，{{minutes}}分",
                                                    "Number {{position}}, {{minutes}} min")
						SYSTEM("handover_closed", "明天见", "Tomorrow")
							SYSTEM("handover", "转人工",
                                                               "A person comes");

static void setup(void)
{
	const struct catalogue_file file = {"a.yaml", span_of(content)};

	ck_assert_int_eq(catalogue_build(&file, 1, 0, NULL, NULL, &catalogue), 0);
	bot = (struct bot){.ops = &plain,
	                   .catalogue = catalogue,
	                   .memo = match_memo_create(),
	                   .scratch = match_scratch_create(),
	                   .now_ms = 1763776800000U};
	turn = (struct bot_turn){.did = BOT_NOTHING};
}

static void teardown(void)
{
	message_unref(&turn.reply);
	match_memo_destroy(&bot.memo);
	match_scratch_destroy(&bot.scratch);
	catalogue_unref(&catalogue);
}

/* The next turn of the conversation. */
static const char *say(const char *text)
{
	const struct message m = {.kind = MESSAGE_TEXT,
	                          .marks = marks,
	                          .text = span_of(text),
	                          .address = SPAN_LIT("sms:+8613800138000")};
	static char state[BOT_STATE_MAX], reply[4000];

	marks = 0;
	snprintf(state, sizeof(state), "%s", turn.next);
	message_unref(&turn.reply);
	bot_turn(&bot, &m, span_of(state), &turn);
	snprintf(reply, sizeof(reply), "%.*s", SPAN_FMT(turn.reply ? turn.reply->text : SPAN_NONE));
	return reply;
}

/* A span does not end with a NUL. */
static bool has(struct span in, const char *what)
{
	return memmem(in.ptr, in.len, what, strlen(what)) != NULL;
}

START_TEST(a_sure_question_is_answered_with_its_record)
{
	ck_assert_str_eq(say("hours x"), "At nine");
	ck_assert_int_eq(turn.did, BOT_ANSWERED);
	ck_assert_str_eq(turn.matter, "hours");
	ck_assert_str_eq(turn.next, "");
	ck_assert(has(turn.reply->options, "\"did\":\"answer\""));
	ck_assert(has(turn.reply->options, "\"confidence\":1.000"));
	ck_assert(has(turn.reply->options, catalogue_version(catalogue)));
}
END_TEST

/* The line of a menu that names what is wanted. */
static unsigned line_of(const char *menu, const char *title)
{
	const char *at = strstr(menu, title);

	ck_assert_msg(at && at - menu > 2, "%s is not in %s", title, menu);
	return (unsigned)(at[-2] - '0');
}

static const char *const choices[][2] = {
	{"",        ""   },
        {"",        "."  },
        {"选",     ""   },
        {"第",     "个"},
        {"number ", ""   }
};

START_TEST(a_near_miss_is_a_menu_and_a_choice_is_answered)
{
	const char *menu = say("贷款甲");
	char choice[40];

	ck_assert_int_eq(turn.did, BOT_MENU);
	ck_assert_msg(strncmp(menu, "您想问：\n1 ", strlen("您想问：\n1 ")) == 0, "%s", menu);
	ck_assert_msg(strstr(menu, "\n请回复数字。") != NULL, "%s", menu);
	snprintf(choice, sizeof(choice), "%s%u%s", choices[_i][0], line_of(menu, "贷款"),
	         choices[_i][1]);
	ck_assert_str_eq(say(choice), "可贷");
	ck_assert_int_eq(turn.did, BOT_CHOSEN);
	ck_assert_msg(strncmp(turn.next, "c zh ", 5) == 0, "%s", turn.next);
}
END_TEST

START_TEST(where_there_are_buttons_the_menu_is_one_and_a_title_chooses)
{
	bot.ops = &buttons;
	ck_assert_str_eq(say("贷款甲"), "您想问：");
	ck_assert_int_eq(turn.reply->kind, MESSAGE_MENU);
	ck_assert(has(turn.reply->data, "\"options\":[\""));
	ck_assert(has(turn.reply->data, "{\"id\":\"1\",\"text\":\""));
	ck_assert(has(turn.reply->data, "\"tail\":\"请回复数字。\""));
	ck_assert_str_eq(say("贷款"), "可贷");
	ck_assert_int_eq(turn.did, BOT_CHOSEN);
}
END_TEST

START_TEST(two_misses_in_a_row_fetch_a_person_and_the_first_question_is_told)
{
	say("贷款甲");
	ck_assert_str_eq(say("贷款乙"), "转人工");
	ck_assert_int_eq(turn.why, BOT_WHY_TWICE);
	ck_assert_str_eq(turn.missed, "贷款甲");
	ck_assert_str_eq(turn.next, "");
}
END_TEST

START_TEST(another_question_after_a_menu_is_answered)
{
	say("贷款甲");
	ck_assert_str_eq(say("年费甲"), "免费");
	ck_assert_int_eq(turn.did, BOT_ANSWERED);
}
END_TEST

static const struct person {
	const char *before, *text;
	enum bot_why why;
} people[] = {
	{NULL,        "人工",                   BOT_WHY_WANTED },
        {"贷款甲", "0",                        BOT_WHY_WANTED },
	{"parcel x",  "agent",                    BOT_WHY_WANTED },
        {NULL,        "你们服务太差了！", BOT_WHY_UNHAPPY},
	{NULL,        "明细甲",                BOT_WHY_VERIFY },
        {NULL,        "zzzz qqqq",                BOT_WHY_UNSURE },
	{NULL,        "1",			BOT_WHY_UNSURE },
};

START_TEST(a_person_comes_from_anywhere)
{
	if (people[_i].before)
		say(people[_i].before);
	say(people[_i].text);
	ck_assert_msg(turn.did == BOT_HUMAN && turn.why == people[_i].why, "%s: %s %s",
	              people[_i].text, bot_did_name(turn.did), bot_why_name(turn.why));
	ck_assert_ptr_nonnull(turn.reply);
}
END_TEST

START_TEST(what_an_answer_lacks_is_asked_for)
{
	ck_assert_str_eq(say("包裹甲"), "请告诉我们：包裹单号。");
	ck_assert_int_eq(turn.did, BOT_ASKED);
	ck_assert_str_eq(say(" AB-12 "), "包裹AB-12已发");
	ck_assert_int_eq(turn.did, BOT_ANSWERED);
	ck_assert_str_eq(turn.matter, "parcel");
}
END_TEST

/* What is said first, what the bot says to it, and the names of what it took. */
static const struct given_first {
	const char *text, *reply, *taken;
} firsts[] = {
	{"尾号1234的卡2026-11-20的账单", "尾号12342026-11-20的账单已寄出",
         "\"taken\":[\"tail\",\"day\"]"									 },
	{"尾号1234的卡账单",              "请告诉我们：账单日。",         "\"taken\":[\"tail\"]"},
	{"card ending 1234 bill",               "Tell us: 账单日.",                    "\"taken\":[\"tail\"]"},
	{"bill of 2026-11-20",                  "Tell us: 卡号后四位.",              "\"taken\":[\"day\"]" },
	{"我的账单呢",                     "请告诉我们：卡号后四位。",   NULL                  },
};

START_TEST(what_the_question_says_is_not_asked_for)
{
	const struct given_first *f = &firsts[_i];
	const char *wanted = f->taken ? f->taken : "\"taken\"";

	ck_assert_str_eq(say(f->text), f->reply);
	ck_assert_msg(has(turn.reply->options, wanted) == (f->taken != NULL), "%.*s",
	              SPAN_FMT(turn.reply->options));
}
END_TEST

START_TEST(what_is_missing_then_completes_it)
{
	say("card ending 1234 bill");
	ck_assert_int_eq(turn.did, BOT_ASKED);
	ck_assert_str_eq(say("2026-11-20"), "Card 1234, bill of 2026-11-20: sent");
	ck_assert_int_eq(turn.did, BOT_ANSWERED);
}
END_TEST

/* Asked again and another question between leave nothing of the former one. */
START_TEST(a_value_is_of_its_own_question_only)
{
	say("尾号1234的卡账单");
	ck_assert_str_eq(say("我的账单呢"), "请告诉我们：卡号后四位。");
	ck_assert_str_eq(say("5678"), "请告诉我们：账单日。");
	ck_assert_str_eq(say("2026-11-20"), "尾号56782026-11-20的账单已寄出");
}
END_TEST

START_TEST(what_the_menu_was_offered_for_has_its_value)
{
	snprintf(turn.next, sizeof(turn.next), "m zh bill fees\n尾号1234的卡扣了啥");
	ck_assert_str_eq(say("1"), "请告诉我们：账单日。");
	snprintf(turn.next, sizeof(turn.next), "m zh bill fees\n%0*d尾号1234",
	         BOT_QUESTION_MAX - (int)strlen("尾号1234"), 0);
	ck_assert_str_eq(say("1"), "请告诉我们：卡号后四位。");
}
END_TEST

START_TEST(what_is_no_value_is_read_as_a_text)
{
	say("包裹甲");
	ck_assert_str_eq(say("营业时间甲"), "九点");
	say("包裹甲");
	say("我不知道单号在哪里？？？");
	ck_assert_int_eq(turn.did, BOT_HUMAN);
}
END_TEST

/* What is said when a value is asked for. */
static const struct asked {
	const char *text, *reply;
	enum bot_did did;
	enum bot_why why;
} values[] = {
	{"AB-12",		   "包裹AB-12已发",                 BOT_ANSWERED, BOT_WHY_NONE   },
	{"ＡＢ－１２",         "包裹AB-12已发",                 BOT_ANSWERED, BOT_WHY_NONE   },
	{"单号是AB-12，谢谢", "包裹AB-12已发",                 BOT_ANSWERED, BOT_WHY_NONE   },
	{"it is AB-12.",            "包裹AB-12已发",                 BOT_ANSWERED, BOT_WHY_NONE   },
	{"AB-12 or AB-13",          "请再说：包裹单号，如 A1", BOT_ASKED,    BOT_WHY_NONE   },
	{"什么单号",            "请再说：包裹单号，如 A1", BOT_ASKED,    BOT_WHY_NONE   },
	{"算了",		  "好的，不查了",                BOT_DROPPED,  BOT_WHY_NONE   },
	{"我忘了",               "转人工",                         BOT_HUMAN,    BOT_WHY_LACKING},
	{"sorry, I don't know it",  "转人工",                         BOT_HUMAN,    BOT_WHY_LACKING},
	{"人工",		  "转人工",                         BOT_HUMAN,    BOT_WHY_WANTED },
	{"0",		       "转人工",			 BOT_HUMAN,    BOT_WHY_WANTED },
	{"human please, agent",     "A person comes",                    BOT_HUMAN,    BOT_WHY_WANTED },
	{"你们太差了！",      "转人工",                         BOT_HUMAN,    BOT_WHY_UNHAPPY},
	{"营业时间甲",         "九点",                            BOT_ANSWERED, BOT_WHY_NONE   },
};

START_TEST(a_value_is_found_in_what_is_said)
{
	const struct asked *v = &values[_i];

	say("包裹甲");
	ck_assert_str_eq(say(v->text), v->reply);
	ck_assert_msg(turn.did == v->did && turn.why == v->why, "%s: %s %s", v->text,
	              bot_did_name(turn.did), bot_why_name(turn.why));
	if (v->did != BOT_ASKED)
		ck_assert_str_eq(turn.next, "");
}
END_TEST

START_TEST(a_second_miss_of_a_value_fetches_a_person)
{
	say("包裹甲");
	say("什么单号");
	ck_assert_int_eq(turn.did, BOT_ASKED);
	ck_assert_str_eq(say("哪里看"), "转人工");
	ck_assert_int_eq(turn.why, BOT_WHY_TWICE);
}
END_TEST

START_TEST(a_value_after_a_miss_is_taken)
{
	say("包裹甲");
	say("什么单号");
	ck_assert_str_eq(say("AB-12"), "包裹AB-12已发");
	ck_assert_int_eq(turn.after, BOT_AFTER_VALUE);
}
END_TEST

/* The next turn, by a button that was pressed. */
static const char *press(const char *title)
{
	marks = MARK_CHOICE;
	return say(title);
}

START_TEST(a_button_of_an_old_menu_says_what_stands_on_it)
{
	bot.ops = &buttons;
	say("贷款甲");
	say("年费甲");
	ck_assert_str_eq(turn.next, "");
	ck_assert_str_eq(press("贷款"), "可贷");
	ck_assert_int_eq(turn.did, BOT_CHOSEN);
	press("不再有的标题");
	ck_assert_int_ne(turn.did, BOT_CHOSEN);
}
END_TEST

START_TEST(a_number_typed_after_the_menu_is_gone_chooses_nothing)
{
	say("贷款甲");
	say("年费甲");
	say("1");
	ck_assert_int_eq(turn.did, BOT_HUMAN);
	ck_assert(!turn.question);
}
END_TEST

/* Word for word a question of another answer, though one word of it could be the value. */
START_TEST(a_sample_with_a_number_is_no_value)
{
	say("包裹甲");
	ck_assert_str_eq(say("bill of 2026-03-04"), "Tell us: 卡号后四位.");
	say("包裹甲");
	ck_assert_str_eq(say("单号 2026-03-04"), "包裹2026-03-04已发");
}
END_TEST

START_TEST(what_only_chooses_is_no_question)
{
	static const char *const alone[] = {"第三", "第一个", "the first", "1", "option 2"};

	for (size_t i = 0; i < ARRAY_LEN(alone); i++) {
		turn.next[0] = '\0';
		say(alone[i]);
		ck_assert_msg(turn.did == BOT_HUMAN && turn.why == BOT_WHY_UNSURE, "%s", alone[i]);
	}
}
END_TEST

/* Who has read one line's answer may want another one's. */
START_TEST(another_line_may_be_chosen_after_the_first)
{
	char choice[8];
	const char *menu = say("贷款甲");
	unsigned loans = line_of(menu, "贷款"), other = loans == 1 ? 2 : 1;

	snprintf(choice, sizeof(choice), "%u", other);
	say(choice);
	ck_assert_int_ne(turn.did, BOT_MENU);
	turn.next[0] = '\0';
	say("贷款甲");
	snprintf(choice, sizeof(choice), "%u", loans);
	ck_assert_str_eq(say(choice), "可贷");
	ck_assert_str_eq(say(choice), "可贷");
	ck_assert_int_eq(turn.after, BOT_AFTER_CHOICE);
	say("年费甲");
	say(choice);
	ck_assert_int_eq(turn.did, BOT_HUMAN);
}
END_TEST

START_TEST(who_gives_up_at_a_menu_is_left_alone)
{
	say("贷款甲");
	ck_assert_str_eq(say("算了"), "好的，不查了");
	ck_assert_int_eq(turn.did, BOT_DROPPED);
	ck_assert_int_eq(turn.after, BOT_AFTER_DROP);
	ck_assert_str_eq(turn.next, "");
}
END_TEST

static const char *const misses[] = {"4", "都不是", "9", "none of these"};

START_TEST(what_is_no_line_of_the_menu_is_a_second_miss)
{
	say("贷款甲");
	say(misses[_i]);
	ck_assert_msg(turn.did == BOT_HUMAN && turn.why == BOT_WHY_TWICE, "%s: %s", misses[_i],
	              bot_did_name(turn.did));
	ck_assert_str_eq(turn.missed, "贷款甲");
}
END_TEST

static const char *const plain_choices[] = {"%u",        "%u.",     "第%u个", "option %u",
                                            "number %u", "%u 谢谢", "我选%u"};

START_TEST(a_choice_is_typed_in_many_ways)
{
	const char *menu = say("贷款甲");
	char choice[40], *mark;

	snprintf(choice, sizeof(choice), "%s", plain_choices[_i]);
	mark = strstr(choice, "%u");
	memmove(mark + 1, mark + 2, strlen(mark + 1));
	*mark = (char)('0' + line_of(menu, "贷款"));
	ck_assert_str_eq(say(choice), "可贷");
	ck_assert_int_eq(turn.after, BOT_AFTER_CHOICE);
}
END_TEST

/* "HH:MM", here. */
static void set_hour(const char *at)
{
	struct tm local = {.tm_year = 126, .tm_mon = 10, .tm_mday = 22, .tm_isdst = -1};

	local.tm_hour = (int)strtol(at, NULL, 10);
	local.tm_min = (int)strtol(at + 3, NULL, 10);
	bot.now_ms = (uint64_t)mktime(&local) * 1000;
}

static const struct hours {
	const char *at; /* "HH:MM" */
	unsigned opens, closes;
	const char *said;
} hours[] = {
	{"07:59", 480,  1320, "明天见"},
        {"08:00", 480,  1320, "转人工"},
	{"21:59", 480,  1320, "转人工"},
        {"22:00", 480,  1320, "明天见"},
	{"03:00", 1320, 240,  "转人工"},
        {"12:00", 1320, 240,  "明天见"},
	{"12:00", 0,    0,    "转人工"},
};

START_TEST(outside_the_desks_hours_the_customer_is_told)
{
	const struct hours *h = &hours[_i];

	set_hour(h->at);
	bot.opens_min = h->opens;
	bot.closes_min = h->closes;
	ck_assert_str_eq(say("人工"), h->said);
	ck_assert_int_eq(turn.did, BOT_HUMAN);
}
END_TEST

static const struct standing {
	struct bot_desk desk;
	bool closed;
	const char *zh, *en;
} standings[] = {
	{{.known = false},					false, "转人工",      "A person comes"},
	{{.known = true},					 false, "人不在",      "Nobody here"   },
	{{.known = true},					 true,  "明天见",      "Tomorrow"      },
	{{.known = true, .agents = 2},                            false, "转人工",      "A person comes"},
	{{.known = true, .agents = 2, .place = 3},                false, "第3位",        "Number 3"      },
	{{.known = true, .agents = 2, .place = 3, .wait_min = 7},
         false,                                                          "第3位，7分",
         "Number 3, 7 min"										 },
};

START_TEST(who_waits_is_told_how_the_desk_stands)
{
	const struct standing *s = &standings[_i];

	if (s->closed) {
		set_hour("12:00");
		bot.opens_min = 480;
		bot.closes_min = 540;
	}
	bot.desk = s->desk;
	ck_assert_str_eq(say("人工"), s->zh);
	ck_assert_str_eq(say("human please, agent"), s->en);
	ck_assert_int_eq(turn.did, BOT_HUMAN);
}
END_TEST

/* A catalogue of former times says no more than it can. */
START_TEST(a_catalogue_without_the_notice_says_the_plain_one)
{
	static const char old[] = "system:\n" SYSTEM("handover", "转人工", "A person comes");
	const struct catalogue_file file = {"old.yaml", span_of(old)};
	struct catalogue *c = NULL;

	ck_assert_int_eq(catalogue_build(&file, 1, 0, NULL, NULL, &c), 0);
	bot.catalogue = c;
	for (size_t i = 0; i < ARRAY_LEN(standings); i++) {
		bot.desk = standings[i].desk;
		ck_assert_str_eq(say("人工"), "转人工");
	}
	bot.catalogue = catalogue;
	match_memo_clear(bot.memo);
	catalogue_unref(&c);
}
END_TEST

START_TEST(only_the_verified_get_what_is_theirs)
{
	bot.verified = true;
	ck_assert_str_eq(say("明细甲"), "明细");
	ck_assert(turn.secret);
	ck_assert_str_eq(say("年费甲"), "免费");
	ck_assert(!turn.secret);
}
END_TEST

static const char *const states[] = {"x",
                                     "m",
                                     "m xx a b",
                                     "m zh nope nope",
                                     "q zh nope",
                                     "q zh parcel\n=\n\n",
                                     "q zh parcel\ncode=A1"};

START_TEST(a_state_that_makes_no_sense_is_none)
{
	snprintf(turn.next, sizeof(turn.next), "%s", states[_i]);
	ck_assert_ptr_nonnull(say("1"));
	ck_assert_int_ne(turn.did, BOT_NOTHING);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("bot");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_sure_question_is_answered_with_its_record);
	tcase_add_loop_test(tc, a_near_miss_is_a_menu_and_a_choice_is_answered, 0,
	                    (int)ARRAY_LEN(choices));
	tcase_add_test(tc, where_there_are_buttons_the_menu_is_one_and_a_title_chooses);
	tcase_add_test(tc, two_misses_in_a_row_fetch_a_person_and_the_first_question_is_told);
	tcase_add_test(tc, another_question_after_a_menu_is_answered);
	tcase_add_loop_test(tc, a_person_comes_from_anywhere, 0, (int)ARRAY_LEN(people));
	tcase_add_test(tc, what_an_answer_lacks_is_asked_for);
	tcase_add_loop_test(tc, what_the_question_says_is_not_asked_for, 0, (int)ARRAY_LEN(firsts));
	tcase_add_test(tc, what_is_missing_then_completes_it);
	tcase_add_test(tc, a_value_is_of_its_own_question_only);
	tcase_add_test(tc, what_the_menu_was_offered_for_has_its_value);
	tcase_add_test(tc, what_is_no_value_is_read_as_a_text);
	tcase_add_loop_test(tc, a_value_is_found_in_what_is_said, 0, (int)ARRAY_LEN(values));
	tcase_add_test(tc, a_second_miss_of_a_value_fetches_a_person);
	tcase_add_test(tc, a_value_after_a_miss_is_taken);
	tcase_add_test(tc, a_button_of_an_old_menu_says_what_stands_on_it);
	tcase_add_test(tc, a_number_typed_after_the_menu_is_gone_chooses_nothing);
	tcase_add_test(tc, a_sample_with_a_number_is_no_value);
	tcase_add_test(tc, what_only_chooses_is_no_question);
	tcase_add_test(tc, another_line_may_be_chosen_after_the_first);
	tcase_add_test(tc, who_gives_up_at_a_menu_is_left_alone);
	tcase_add_loop_test(tc, what_is_no_line_of_the_menu_is_a_second_miss, 0,
	                    (int)ARRAY_LEN(misses));
	tcase_add_loop_test(tc, a_choice_is_typed_in_many_ways, 0, (int)ARRAY_LEN(plain_choices));
	tcase_add_loop_test(tc, outside_the_desks_hours_the_customer_is_told, 0,
	                    (int)ARRAY_LEN(hours));
	tcase_add_loop_test(tc, who_waits_is_told_how_the_desk_stands, 0,
	                    (int)ARRAY_LEN(standings));
	tcase_add_test(tc, a_catalogue_without_the_notice_says_the_plain_one);
	tcase_add_test(tc, only_the_verified_get_what_is_theirs);
	tcase_add_loop_test(tc, a_state_that_makes_no_sense_is_none, 0, (int)ARRAY_LEN(states));
	return unit_run("bot", &tc, 1);
}
