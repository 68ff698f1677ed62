/*
 * Four kinds of rows. Words that mean a person only when nothing else is said ("0", "经理").
 * Phrases that mean one wherever they stand. Chinese words for a person that need something before
 * them ("接个客服") or must not have something behind them ("人工费", "客服电话"), and never after
 * a denial. English pairs: a word that asks and, within a few words, one that names a person;
 * "transfer money to a person" must not be one, so weak nouns need a verb of speaking.
 */
#include "matcher_intent.h"

#include "phrases.h"

#define PAIR_REACH 4   /* words from the asking word to the person */
#define BEFORE_REACH 3 /* characters before a Chinese word that are looked at */

/* Terms in order, one blank between them. A text of these, in any number, and of particles is
 * meant: "human please, agent". */
static const char *const whole[] = {
	"0",
	"按 0",
	"选 0",
	"回 复 0",
	"press 0",
	"真 人 在 吗",
	"真 人 服 务",
	"有 真 人 吗",
	"真 人",
	"转 人",
	"客 服 在 吗",
	"服 务 员 在 吗",
	"叫 人 来",
	"叫 人",
	"人 呢",
	"客 服",
	"找 客 服",
	"在 线 客 服",
	"投 诉 客 服",
	"接 线 员",
	"坐 席",
	"服 务 员",
	"经 理",
	"找 经 理",
	"有 人 吗",
	"有 人 在 吗",
	"来 个 人",
	"找 人",
	"agent",
	"agents",
	"human",
	"operator",
	"representative",
	"rep",
	"person",
	"staff",
	"someone",
	"manager",
	"supervisor",
	"anyone there",
	"anybody there",
	"is anyone there",
	"is anybody there",
	"live chat",
	"live support",
	"customer service",
	"customer support",
	"support",
	"help desk",
};

static const char *const anywhere[] = {
	"真 人 客 服",    "找 个 真 人",    "找 真 人",       "转 真 人",       "接 真 人",
	"要 真 人",       "有 没 有 真 人", "让 真 人",       "真 人 来",       "真 人 服 务",
	"活 人",          "别 用 机 器 人", "不 要 机 器 人", "不 想 跟 机 器", "不 想 和 机 器",
	"想 和 客 服",    "想 跟 客 服",    "要 和 客 服",    "要 跟 客 服",    "有 人 工 吗",
	"跟 人 说",       "和 人 说",       "跟 人 聊",       "和 人 聊",       "跟 真 人",
	"和 真 人",       "找 个 人",       "派 个 人",       "让 人 来",       "找 你 们 经 理",
	"叫 你 们 经 理", "找 领 导",       "叫 你 们 领 导", "live agent",     "live person",
	"real person",    "real human",     "actual person",  "actual human",   "human being",
	"human agent",    "human agents",   "not a robot",    "not a bot",      "stop the bot",
	"no bot",
};

/* A Chinese word for a person. */
static const struct name {
	const char *word;
	const char *const *asks;  /* one of these must stand shortly before; NULL: nothing need */
	const char *const *not_a; /* what must not follow */
} names[] = {
	{"人 工", NULL,										    (const char *const[]){"费", "智 能", "成 本", "电 话", NULL}},
	{"客 服", (const char *const[]){"接", "转", "找", "要", "叫", "换", "来", "联 系", NULL},
         (const char *const[]){"电 话", "热 线", "号", "说", "要", "自 称", NULL}										      },
};

static const char *const asks_strongly[] = {
	"speak", "speaking", "talk", "talking", "chat", "connect", "want",   "need",  "get", "give",
	"put",   "reach",    "see",  "have",    "find", "contact", "switch", "route", NULL};
static const char *const persons[] = {"human",    "humans",         "agent",      "agents",
                                      "operator", "representative", "rep",        "advisor",
                                      "adviser",  "consultant",     "supervisor", "manager",
                                      NULL};
static const char *const asks_to_speak[] = {"speak", "speaking", "talk", "talking", "chat", NULL};
static const char *const anybody[] = {"person", "someone",  "somebody", "people",
                                      "staff",  "employee", "anyone",   NULL};
static const char *const asks_to_connect[] = {"connect", "put", "switch", "route", "pass", NULL};
static const char *const services[] = {"person",  "someone", "somebody", "staff",
                                       "service", "support", NULL};
static const char *const asks_to_pass[] = {"transfer", "pass", "hand", NULL};

static const struct pair {
	const char *const *asks, *const *persons;
} pairs[] = {
	{asks_strongly,   persons },
	{asks_to_speak,   anybody },
	{asks_to_connect, services},
	{asks_to_pass,    persons },
};

static bool is_particle(struct span term)
{
	static const char *const particles[] = {
		"我",   "要",     "想",    "请",  "的",     "吧",    "啊",  "呀",   "呢",
		"了",   "帮",     "你",    "好",  "please", "pls",   "the", "a",    "an",
		"i",    "want",   "need",  "hi",  "hello",  "谢",    "快",  "给",   "吗",
		"now",  "just",   "me",    "us",  "can",    "could", "get", "give", "have",
		"some", "thanks", "thank", "you", "asap",   NULL};

	return phrase_is_word(term, particles);
}

/* How many tokens the longest phrase for a person takes at a place; 0: none stands there. */
static size_t whole_at(const struct normal *n, size_t at)
{
	size_t longest = 0;

	for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
		size_t len = phrase_at(n, at, n->count, whole[i]);

		longest = len > longest ? len : longest;
	}
	return longest;
}

/* Whether nothing is said but that a person is wanted, as often as may be. */
static bool is_whole(const struct normal *n)
{
	bool wanted = false;

	for (size_t at = 0; at < n->count;) {
		size_t len = whole_at(n, at);

		if (!len && !is_particle(normal_token(n, at)))
			return false;
		wanted |= len != 0;
		at += len ? len : 1;
	}
	return wanted;
}

/* "不要转人工" asks for the contrary. */
static bool is_denied(const struct normal *n, size_t at)
{
	static const char *const denials[] = {"不", "别", "not", "dont", NULL};

	return phrase_any_before(n, at, BEFORE_REACH, denials);
}

static bool is_anywhere(const struct normal *n)
{
	for (size_t at = 0; at < n->count; at++)
		for (size_t i = 0; i < ARRAY_LEN(anywhere); i++)
			if (phrase_at(n, at, n->count, anywhere[i]) && !is_denied(n, at))
				return true;
	return false;
}

static bool is_name_at(const struct normal *n, size_t at, const struct name *name)
{
	size_t len = phrase_at(n, at, n->count, name->word);

	return len && !phrase_any_at(n, at + len, name->not_a) && !is_denied(n, at) &&
	       (!name->asks || phrase_any_before(n, at, BEFORE_REACH, name->asks));
}

static bool is_name(const struct normal *n)
{
	for (size_t at = 0; at < n->count; at++)
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if (is_name_at(n, at, &names[i]))
				return true;
	return false;
}

static bool is_pair_at(const struct normal *n, size_t at, const struct pair *p)
{
	if (!phrase_is_word(normal_token(n, at), p->asks) || is_denied(n, at))
		return false;
	for (size_t i = at + 1; i < n->count && i <= at + PAIR_REACH; i++)
		if (phrase_is_word(normal_token(n, i), p->persons))
			return true;
	return false;
}

static bool is_pair(const struct normal *n)
{
	for (size_t at = 0; at + 1 < n->count; at++)
		for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
			if (n->tokens[at].kind == TOKEN_WORD && is_pair_at(n, at, &pairs[i]))
				return true;
	return false;
}

bool intent_wants_human(const struct normal *n)
{
	return is_whole(n) || is_anywhere(n) || is_name(n) || is_pair(n);
}
