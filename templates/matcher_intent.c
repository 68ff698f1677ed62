/*
 * Three kinds of rows. Whole texts, which mean a person only when nothing else is said ("0",
 * "客服"). Runs of Chinese characters that mean it wherever they stand, unless denied right before.
 * English pairs: a word that asks, and within a few words one that names a person; "transfer money
 * to a person" must not be one, so weak nouns need a verb of speaking.
 */
#include "matcher_intent.h"

#define PAIR_REACH 4 /* words from the asking word to the person */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Terms in order, one blank between them; particles at either end do not count. */
static const char *const whole[] = {
	"0",
	"人 工",
	"客 服",
	"人 工 客 服",
	"找 客 服",
	"转 客 服",
	"接 线 员",
	"坐 席",
	"服 务 员",
	"有 人 吗",
	"有 人 在 吗",
	"来 个 人",
	"经 理",
	"找 经 理",
	"投 诉 客 服",
	"在 线 客 服",
	"找 人",
	"真 人",
	"agent",
	"agents",
	"human",
	"operator",
	"representative",
	"rep",
	"person",
	"staff",
	"someone",
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
	"agent please",
	"human please",
	"manager",
	"supervisor",
	"real person",
	"hello anyone there",
};

static const char *const anywhere[] = {
	"转 人 工",    "转 接 人 工",    "接 人 工",       "找 人 工",       "要 人 工",
	"人 工 客 服", "人 工 服 务",    "人 工 坐 席",    "人 工 帮",       "叫 人 工",
	"人 工 处 理", "换 人 工",       "请 人 工",       "人 工 接",       "人 工 在",
	"人 工 呢",    "人 工 来",       "真 人",          "活 人",          "转 客 服",
	"找 客 服",    "要 客 服",       "接 客 服",       "换 客 服",       "叫 客 服",
	"联 系 客 服", "别 用 机 器 人", "不 要 机 器 人", "不 想 跟 机 器", "不 想 和 机 器",
	"跟 人 说",    "和 人 说",       "跟 人 聊",       "和 人 聊",       "找 个 人",
	"派 个 人",    "让 人 来",       "找 个 能 说 话", "找 你 们 经 理", "叫 你 们 经 理",
	"找 领 导",    "叫 你 们 领 导", "live agent",     "real person",    "real human",
	"live person", "actual person",  "actual human",   "human being",    "human agent",
	"not a robot", "not a bot",      "stop the bot",   "no bot",         "human agents",
};

static const struct pair {
	const char *const *asks;
	const char *const *persons;
} pairs[] = {
	{WORDS("speak", "speaking", "talk",     "talking",  "chat", "connect", "want",         "need",             "get",
         "give", "put", "reach", "contact", "see", "have", "bring", "find", "switch",
         "route"),
         WORDS("human", "agent", "operator", "representative", "rep", "advisor", "adviser",
         "humans", "agents", "consultant", "supervisor", "manager")},
	{WORDS("speak",        "speaking",             "talk",                "talking",                 "chat"),
         WORDS("person",                     "someone",                            "somebody",                                        "people", "staff", "employee", "anyone")},
	{WORDS("connect",      "put",             "switch",                "route",                "get",      "pass"),
         WORDS("person",               "someone",                        "somebody", "staff", "service", "support")},
	{WORDS("transfer",     "pass",   "hand"),
         WORDS("agent", "human",       "operator",    "representative", "supervisor")},
};

static bool is_particle(struct span term)
{
	static const char *const particles[] = {
		"我",  "要",  "想", "请", "的", "吧",   "啊",   "呀", "呢",    "了", "帮", "please",
		"pls", "the", "a",  "an", "i",  "want", "need", "hi", "hello", "你", "好"};

	for (size_t i = 0; i < ARRAY_LEN(particles); i++)
		if (span_is(term, particles[i]))
			return true;
	return false;
}

/* How many terms of the row stand at a place, or 0 when not all of them do. */
static size_t row_at(const struct normal *n, size_t at, size_t end, const char *row)
{
	struct span rest = span_of(row);
	size_t from = at;

	while (rest.len) {
		struct span term = span_split(rest, ' ', &rest);

		if (at >= end || !span_eq(normal_token(n, at), term))
			return 0;
		at++;
	}
	return at - from;
}

static bool is_whole(const struct normal *n, size_t from, size_t end)
{
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (from < end && row_at(n, from, end, whole[i]) == end - from)
			return true;
	return false;
}

/* "不要转人工" asks for the contrary. */
static bool is_denied(const struct normal *n, size_t at)
{
	return at > 0 &&
	       (span_is(normal_token(n, at - 1), "不") || span_is(normal_token(n, at - 1), "别") ||
	        span_is(normal_token(n, at - 1), "not") ||
	        row_at(n, at > 1 ? at - 2 : 0, n->count, "不 要") ||
	        row_at(n, at > 1 ? at - 2 : 0, n->count, "不 用"));
}

static bool is_anywhere(const struct normal *n)
{
	for (size_t at = 0; at < n->count; at++)
		for (size_t i = 0; i < ARRAY_LEN(anywhere); i++)
			if (row_at(n, at, n->count, anywhere[i]) && !is_denied(n, at))
				return true;
	return false;
}

static bool is_one_of(struct span term, const char *const *words)
{
	for (; *words; words++)
		if (span_is(term, *words))
			return true;
	return false;
}

static bool pair_at(const struct normal *n, size_t at, const struct pair *p)
{
	if (!is_one_of(normal_token(n, at), p->asks))
		return false;
	for (size_t i = at + 1; i < n->count && i <= at + PAIR_REACH; i++)
		if (is_one_of(normal_token(n, i), p->persons))
			return true;
	return false;
}

static bool is_pair(const struct normal *n)
{
	for (size_t at = 0; at + 1 < n->count; at++)
		for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
			if (n->tokens[at].kind == TOKEN_WORD && pair_at(n, at, &pairs[i]))
				return true;
	return false;
}

bool intent_wants_human(const struct normal *n)
{
	size_t from = 0, end = n->count;

	if (is_whole(n, from, end))
		return true;
	while (from < end && is_particle(normal_token(n, from)))
		from++;
	while (end > from && is_particle(normal_token(n, end - 1)))
		end--;
	return is_whole(n, from, end) || is_anywhere(n) || is_pair(n);
}
