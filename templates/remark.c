/*
 * A remark is made of the words of one kind and of words that carry nothing; anything else makes it
 * a question. So a denial ("不明白") or a matter ("谢谢，那年费呢") is none.
 */
#include "remark.h"

#include "phrases.h"

#define TEXT_MAX ((size_t)120) /* octets: who remarks says little */

static const char *const drops[] = {
	"算 了",        "取 消",      "不 用 了",    "不 用",       "不 需 要 了",
	"不 需 要",     "不 要 了",   "不 问 了",    "不 查 了",    "不 办 了",
	"没 事 了",     "没 事",      "当 我 没 说", "never mind",  "nevermind",
	"forget it",    "cancel",     "cancel it",   "cancel that", "no thanks",
	"no thank you", "not needed", "no need",     "leave it",    NULL};

static const char *const cannots[] = {"不 知 道",
                                      "不 清 楚",
                                      "不 记 得",
                                      "没 有",
                                      "忘 了",
                                      "忘 记 了",
                                      "找 不 到",
                                      "没 带",
                                      "i dont know",
                                      "dont know",
                                      "i do not know",
                                      "do not know",
                                      "no idea",
                                      "not sure",
                                      "i dont have it",
                                      "dont have it",
                                      "i do not have it",
                                      "dont have one",
                                      "i dont remember",
                                      "dont remember",
                                      "i forgot",
                                      "cant find it",
                                      "i cant find it",
                                      "i have none",
                                      "idk",
                                      NULL};

static const char *const thanks[] = {
	"谢 谢",    "多 谢",     "感 谢",   "谢 了",      "谢 啦",     "辛 苦",      "明 白",
	"知 道",    "了 解",     "收 到",   "懂",         "好 的",     "好",         "行",
	"可 以 了", "解 决",     "清 楚",   "搞 定",      "ok",        "okay",       "okey",
	"thanks",   "thank you", "thank u", "thx",        "tks",       "ty",         "cheers",
	"got it",   "great",     "perfect", "understood", "solved",    "that helps", "that helped",
	"helpful",  "awesome",   "good",    "nice",       "excellent", "i see",      "all clear",
	NULL};

static const char *const *const phrases_of[] = {
	[REMARK_THANKS] = thanks, [REMARK_DROP] = drops, [REMARK_CANNOT] = cannots};

static const char *const particles[] = {
	"您", "你",   "们",   "了",   "啦",   "的",   "哦",    "啊",     "呀",     "吧",   "嗯",
	"那", "我",   "都",   "很",   "太",   "非",   "常",    "真",     "帮",     "助",   "已",
	"经", "就",   "先",   "也",   "这",   "个",   "问",    "题",     "please", "very", "much",
	"so", "a",    "lot",  "the",  "you",  "that", "thats", "is",     "all",    "now",  "for",
	"it", "its",  "this", "your", "help", "i",    "just",  "really", "oh",     "ah",   "then",
	"to", "know", "yes",  "no",   "me",   "am",   "im",    "sorry",  NULL};

/* The kind whose longest phrase stands at a place, and how many tokens that is; 0: none. */
static size_t kind_at(const struct normal *n, size_t at, enum remark *is)
{
	size_t longest = 0;

	for (enum remark kind = REMARK_THANKS; kind <= REMARK_CANNOT; kind++)
		for (const char *const *p = phrases_of[kind]; *p; p++) {
			size_t len = phrase_at(n, at, n->count, *p);

			if (len > longest) {
				longest = len;
				*is = kind;
			}
		}
	return longest;
}

/* The first that says more than thanks: "算了，谢谢". */
static enum remark joined(enum remark before, enum remark now)
{
	return before == REMARK_NONE || before == REMARK_THANKS ? now : before;
}

enum remark remark_of(struct span text)
{
	enum remark all = REMARK_NONE, is = REMARK_NONE;
	struct normal n;

	text = span_trim(text);
	if (!text.len || text.len > TEXT_MAX)
		return REMARK_NONE;
	normal_read(text, &n);
	for (size_t at = 0; at < n.count;) {
		size_t len = kind_at(&n, at, &is);

		if (!len && !phrase_is_word(normal_token(&n, at), particles))
			return REMARK_NONE;
		if (len)
			all = joined(all, is);
		at += len ? len : 1;
	}
	return n.cut ? REMARK_NONE : all;
}

bool text_says_cannot(struct span text)
{
	struct normal n;

	normal_read(text, &n);
	for (size_t at = 0; at < n.count; at++)
		if (phrase_any_at(&n, at, cannots))
			return true;
	return false;
}
