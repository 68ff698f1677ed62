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
#define DENIAL_REACH 6 /* tokens of asking between a denial and what it denies */
#define CLAUSE_MOST 60 /* octets: who asks for a person at the end says it shortly */

/* Terms in order, one blank between them. A text of these, in any number, and of particles is
 * meant: "human please, agent". */
static const char *const whole[] = {
	"0",
	"按 0",
	"选 0",
	"回 复 0",
	"press 0",
	"reply 0",
	"0 号",
	"0号",
	"零",
	"〇",
	"zero",
	"press zero",
	"真 人 在 吗",
	"真 人 服 务",
	"有 真 人 吗",
	"真 人",
	"转 人",
	"客 服 在 吗",
	"服 务 员 在 吗",
	"叫 人 来",
	"叫 个 人 来",
	"来 人",
	"换 人",
	"换 个 人",
	"还 有 人 吗",
	"有 客 服 吗",
	"转 接",
	"转 rg",
	"rengong",
	"ren gong",
	"转 rengong",
	"zhuanrengong",
	"zhuan rengong",
	"zhuan ren gong",
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
	"agnet",
	"say agent",
	"reply agent",
	"any agent there",
	"is there an agent",
	"is there a human",
	"is there a person",
	"transfer me",
	"transfer me to a person",
	"transfer me to someone",
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

/* Whether the token denies; "能不能" asks. */
static bool is_denial(const struct normal *n, size_t at)
{
	static const char *const denials[] = {"不", "别", "甭", "无", "not", "dont", NULL};

	if (!phrase_any_at(n, at, denials))
		return false;
	return !at || at + 1 >= n->count ||
	       !span_eq(normal_token(n, at - 1), normal_token(n, at + 1));
}

/* "不要转人工" asks for the contrary; "听不懂，转人工" does not: only what asks may stand between.
 */
static bool is_denied(const struct normal *n, size_t at)
{
	static const char *const asking[] = {
		"要",   "用",     "想",       "需",   "必",      "转",   "接",   "找",
		"叫",   "给",     "我",       "再",   "帮",      "跟",   "和",   "联",
		"系",   "来",     "to",       "want", "need",    "like", "wish", "really",
		"ever", "please", "transfer", "me",   "connect", "put",  "talk", "speak",
		"with", "a",      "an",       "the",  "any",     "get",  NULL};

	for (size_t back = 1; back <= DENIAL_REACH && back <= at; back++) {
		if (is_denial(n, at - back))
			return true;
		if (!phrase_is_word(normal_token(n, at - back), asking))
			return false;
	}
	return false;
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

/* Octets of the mark at the end of text that parts clauses; 0: none. A comma or a point in a
 * number parts none. */
static size_t mark_before(struct span text)
{
	static const char *const marks[] = {",",  ";",  "!",  "?",  ".",  "\n", "，",
	                                    "；", "！", "？", "。", "、", "…"};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		size_t len = strlen(marks[i]);

		if (text.len >= len && memcmp(text.ptr + text.len - len, marks[i], len) == 0)
			return len;
	}
	return 0;
}

/* What stands behind the last mark but those at the end; empty: there is one clause only. */
static struct span last_clause(struct span text)
{
	size_t mark, from;

	for (text = span_trim(text); (mark = mark_before(text)); text = span_trim(text))
		text.len -= mark;
	for (from = text.len; from && text.len - from <= CLAUSE_MOST; from--) {
		bool number = from < text.len && text.ptr[from] >= '0' && text.ptr[from] <= '9' &&
		              from > 1 && text.ptr[from - 2] >= '0' && text.ptr[from - 2] <= '9';

		if (!number && mark_before((struct span){text.ptr, from}))
			return (struct span){text.ptr + from, text.len - from};
	}
	return SPAN_NONE;
}

bool intent_ends_with_human(struct span text)
{
	/* Whom one speaks to: "年费多少，客服". */
	static const char *const addressed[] = {"客 服",   "在 线 客 服", "经 理",     "customer",
	                                        "support", "live",        "help desk", NULL};
	struct span clause = last_clause(text);
	struct normal n;

	if (!clause.len)
		return false;
	normal_read(clause, &n);
	return n.count && intent_wants_human(&n) && !phrase_any_at(&n, 0, addressed);
}
