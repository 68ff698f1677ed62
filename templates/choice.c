/*
 * A choice is a number with nothing around it but words that go with choosing. Everything is read
 * after normalising, so width, case, and traditional characters do not matter; the signs that
 * normalising drops as punctuation (circled numbers, keycaps) are made digits before it.
 */
#include "choice.h"

#include "phrases.h"
#include "utf8.h"

#define TEXT_MAX ((size_t)120) /* octets: who chooses says little */

static const struct numeral {
	const char *word;
	unsigned value;
} numerals[] = {
	{"一",     1},
        {"二",     2},
        {"三",     3},
        {"四",     4},
        {"五",     5},
        {"六",     6},
	{"七",     7},
        {"八",     8},
        {"九",     9},
        {"两",     2},
        {"壹",     1},
        {"贰",     2},
	{"叁",     3},
        {"1",       1},
        {"2",       2},
        {"3",       3},
        {"4",       4},
        {"5",       5},
	{"6",       6},
        {"7",       7},
        {"8",       8},
        {"9",       9},
        {"one",     1},
        {"two",     2},
	{"three",   3},
        {"four",    4},
        {"five",    5},
        {"six",     6},
        {"seven",   7},
        {"eight",   8},
	{"nine",    9},
        {"first",   1},
        {"second",  2},
        {"third",   3},
        {"fourth",  4},
        {"fifth",   5},
	{"sixth",   6},
        {"seventh", 7},
        {"eighth",  8},
        {"ninth",   9},
        {"1st",     1},
        {"2nd",     2},
	{"3rd",     3},
        {"4th",     4},
        {"5th",     5},
        {"1.",      1},
};

/* What may stand beside the number. Characters are tokens of their own. */
static const char *const beside[] = {
	"第",    "个",     "项",    "条",     "号",     "选",  "择",     "我",     "要",   "想",
	"就",    "是",     "的",    "吧",     "那",     "种",  "问",     "题",     "请",   "问",
	"了",    "谢",     "回",    "复",     "按",     "行",  "这",     "答",     "案",   "啊",
	"呀",    "呢",     "the",   "option", "number", "no",  "choose", "i",      "pick", "select",
	"take",  "please", "pls",   "it",     "is",     "its", "one",    "answer", "item", "choice",
	"that",  "want",   "go",    "with",   "ill",    "my",  "would",  "like",   "line", "thanks",
	"yes",   "ok",     "st",    "nd",     "rd",     "th",  "嗯",     "应",     "该",   "对",
	"好",    "哦",     "指",    "觉",     "得",     "大",  "概",     "可",     "能",   "mean",
	"meant", "think",  "guess", "maybe",  "should", "be",  "um",     "well",   "yeah", "sure",
	NULL};

static const char *const lasts[] = {"最 后 一 个", "最 后 那 个", "最 后 一 条",
                                    "最 后 一 项", "last one",    "last"};

/* Circled numbers, in brackets, with a stop, black ones; the value, or 0. */
static unsigned sign_value(uint32_t code)
{
	static const uint32_t firsts[] = {0x2460, 0x2474, 0x2488, 0x2776, 0x2780, 0x278A,
	                                  0x3220, 0x3280, 0x24F5, 0x2160, 0x2170};

	for (size_t i = 0; i < ARRAY_LEN(firsts); i++)
		if (code >= firsts[i] && code < firsts[i] + CHOICE_MAX)
			return code - firsts[i] + 1;
	return 0;
}

/* The text with signs as digits in blanks; octets that are no text become blanks. */
static struct span spell_signs(struct span text, struct buf *out)
{
	uint32_t code;

	while (text.len) {
		unsigned value;

		if (utf8_next(&text, &code) < 0) {
			text.ptr++;
			text.len--;
			code = ' ';
		}
		value = sign_value(code);
		if (code == 0x20E3 || code == 0xFE0F) /* the frame of a keycap */
			code = ' ';
		utf8_put(out, value ? ' ' : code);
		if (value) {
			utf8_put(out, '0' + value);
			utf8_put(out, ' ');
		}
	}
	return buf_span(out);
}

/* "2号" is a date to whoever has not been shown a menu. */
static struct span without_unit(struct span token)
{
	const struct span unit = SPAN_LIT("号");

	if (token.len == unit.len + 1 && memcmp(token.ptr + 1, unit.ptr, unit.len) == 0)
		token.len = 1;
	return token;
}

static unsigned numeral_of(struct span token)
{
	token = without_unit(token);
	for (size_t i = 0; i < ARRAY_LEN(numerals); i++)
		if (span_is(token, numerals[i].word))
			return numerals[i].value;
	return 0;
}

static bool is_beside(struct span token)
{
	return phrase_is_word(token, beside);
}

/* "the second one", "第一个": a numeral that only counts what another one names. */
static bool is_filler(const struct normal *n, size_t i, unsigned chosen)
{
	struct span token = normal_token(n, i);

	return chosen && (span_is(token, "one") || numeral_of(token) == chosen);
}

static unsigned number_in(const struct normal *n)
{
	unsigned chosen = 0;

	for (size_t i = 0; i < n->count; i++) {
		struct span token = normal_token(n, i);
		unsigned value = numeral_of(token);
		bool counts = value == 1 && i && span_is(normal_token(n, i - 1), "这");

		if (value && !chosen && !counts)
			chosen = value;
		else if (!is_beside(token) && !is_filler(n, i, chosen) && !counts)
			return 0;
	}
	return chosen;
}

static bool is_last(const struct normal *n)
{
	size_t from = 0;

	while (from < n->count && is_beside(normal_token(n, from)))
		from++;
	for (size_t i = 0; i < ARRAY_LEN(lasts); i++)
		if (from < n->count && phrase_at(n, from, n->count, lasts[i]) == n->count - from)
			return true;
	return false;
}

unsigned choice_of(struct span text, unsigned lines)
{
	struct normal n;
	struct buf spelt;
	unsigned chosen = 0;

	text = span_trim(text);
	if (!lines || !text.len || text.len > TEXT_MAX || lines > CHOICE_MAX)
		return 0;
	buf_init(&spelt, 8 * TEXT_MAX);
	normal_read(spell_signs(text, &spelt), &n);
	if (buf_check(&spelt) == 0 && !n.cut)
		chosen = is_last(&n) ? lines : number_in(&n);
	buf_fini(&spelt);
	return chosen <= lines ? chosen : 0;
}
