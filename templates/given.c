/*
 * Each variable looks at each piece: it is none of its kind, it may be one, or it is meant. One
 * that is meant and the only one that may be is taken, unless it is denied, or two variables would
 * have it. What a value is called in the variable's own sentence (about) is what points to it.
 */
#include "given.h"

#include "given_pieces.h"
#include "utf8.h"

#include <stdio.h>
#include <strings.h>

enum fit { FIT_NONE, FIT_MAYBE, FIT_MEANT };
enum { CALLED_LETTERS = 3, HAN = 3 /* octets */, LINKS_MAX = 6, CODE_LEAST = 6, CODE_DIGITS = 4 };

/* What may stand between a value and its name. */
static const char *const links[] = {"是",  "为", "為",  "：", ":",    "号码",   "号", "號",  "码",
                                    "#",   "=",  "(",   "（", "“",    "\"",     "'",  ".",   "*",
                                    ",",   "is", "are", "in", "with", "number", "no", "num", "id",
                                    "the", "of", "was", "by", "on",   "for",    "my", NULL};
static const char *const links_behind[] = {"的", "这张", "那张", "这个", "那个", "这笔", "那笔",
                                           "号", ")",    "）",   "”",    "\"",   "'",    NULL};
static const char *const tails[] = {"尾号",
                                    "尾號",
                                    "尾数",
                                    "末四位",
                                    "末4位",
                                    "后四位",
                                    "后4位",
                                    "後四位",
                                    "後4位",
                                    "后四位数",
                                    "后四位数字",
                                    "后4位数",
                                    "ending",
                                    "ends",
                                    "ended",
                                    "last four",
                                    "last 4",
                                    "last digits",
                                    "tail",
                                    "last four digits",
                                    "last 4 digits",
                                    "last four numbers",
                                    "****",
                                    "xxxx",
                                    NULL};
static const char *const cards[] = {"卡", "card", NULL};
static const char *const sums[] = {"金额", "金額", "数额", "amount", "sum", NULL};
static const char *const phones[] = {"电话",   "電話", "手机", "手機",       "手机号", "phone",
                                     "mobile", "tel",  "call", "call me at", NULL};
/* Names of what has a number of its own, which is another's unless the variable is called so. */
static const char *const named_otherwise[] = {
	"单",    "订单", "编号", "卡",    "账户",    "账号",     "证件",   "身份证", "电话", "手机",
	"order", "case", "card", "phone", "account", "passport", "flight", "model",  NULL};
static const char *const denials[] = {"不是", "并非", "并不是", "除了",   "除开", "而不是",
                                      "not",  "isnt", "isn't",  "except", NULL};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_han(struct span s)
{
	return s.len >= HAN && ((unsigned char)s.ptr[0] & 0xF0) == 0xE0 &&
	       (unsigned char)s.ptr[0] >= 0xE4 && (unsigned char)s.ptr[0] <= 0xE9;
}

/* --- what stands beside a piece ----------------------------------------------------------------
 */

static bool has_word(struct span about, struct span word)
{
	for (size_t i = 0; i + word.len <= about.len; i++)
		if (strncasecmp(about.ptr + i, word.ptr, word.len) == 0 &&
		    (i == 0 || !is_letter(about.ptr[i - 1])) &&
		    (i + word.len == about.len || !is_letter(about.ptr[i + word.len])))
			return true;
	return false;
}

/* Too general to say which value is meant. */
static bool says_nothing(struct span word)
{
	static const char *const words[] = {"the", "and",  "you",  "your", "our",  "from", "with",
	                                    "for", "what", "when", "how",  "this", "that", "are"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (word.len == strlen(words[i]) && strncasecmp(word.ptr, words[i], word.len) == 0)
			return true;
	return false;
}

/* Whether the word that text ends with is one of about: the last two characters of Chinese, or an
 * English word. */
static bool called_before(struct span text, struct span about)
{
	size_t n = 0, han = 2 * (size_t)HAN;
	struct span end;

	if (text.len >= han) {
		end = (struct span){text.ptr + text.len - han, han};
		if (is_han(end) && is_han((struct span){end.ptr + HAN, HAN}))
			return memmem(about.ptr, about.len, end.ptr, han) != NULL;
	}
	while (n < text.len && is_letter(text.ptr[text.len - 1 - n]))
		n++;
	end = (struct span){text.ptr + text.len - n, n};
	return n >= CALLED_LETTERS && !says_nothing(end) && has_word(about, end);
}

static bool called_behind(struct span text, struct span about, size_t characters)
{
	size_t n = 0, han = characters * HAN;

	if (text.len >= han && is_han(text) && is_han((struct span){text.ptr + han - HAN, HAN}))
		return memmem(about.ptr, about.len, text.ptr, han) != NULL;
	while (n < text.len && is_letter(text.ptr[n]))
		n++;
	text.len = n;
	return n >= CALLED_LETTERS && !says_nothing(text) && has_word(about, text);
}

static struct span trim(struct span s)
{
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\n'))
		s.len--;
	return s;
}

/* Where a piece stands and what its variable is called. */
struct beside {
	struct span before, behind, about;
};

/* Whether one of the words, or one of what the variable is called, stands before the piece, with
 * nothing between but what links the two; words may be NULL. */
static bool points(const struct beside *b, const char *const *words, bool called)
{
	struct span text = trim(b->before);

	for (unsigned i = 0; i < LINKS_MAX && text.len; i++) {
		size_t link;

		if ((words && given_ends(text, words)) || (called && called_before(text, b->about)))
			return true;
		link = given_ends(text, links);
		if (!link)
			return false;
		text.len -= link;
		text = trim(text);
	}
	return false;
}

static bool followed(const struct beside *b, const char *const *words, size_t characters)
{
	struct span text = span_trim(b->behind);
	size_t link;

	for (unsigned i = 0; i < LINKS_MAX && (link = given_begins(text, links_behind)); i++)
		text = span_trim((struct span){text.ptr + link, text.len - link});
	if (words && given_begins(text, words))
		return true;
	return characters && called_behind(text, b->about, characters);
}

/* "不是尾号1234的那张": within what is said right before it. */
static bool is_denied(struct span before)
{
	enum { REACH = 24 };

	for (size_t back = 0; back <= REACH && back <= before.len; back++)
		if (given_ends((struct span){before.ptr, before.len - back}, denials))
			return true;
	return false;
}

/* --- the types ---------------------------------------------------------------------------------
 */

static size_t digits_of(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += is_digit(s.ptr[i]);
	return n;
}

/* Beside the word card a year or a round sum may stand as well. */
static bool is_of_a_card(const struct given_piece *p)
{
	bool year = span_starts(p->at, SPAN_LIT("19")) || span_starts(p->at, SPAN_LIT("20"));

	return !year && !(p->at.ptr[2] == '0' && p->at.ptr[3] == '0');
}

static enum fit fit_tail(const struct given_piece *p, const struct beside *b)
{
	bool meant;

	if (p->form != GIVEN_DIGITS || digits_of(p->at) != p->at.len || p->at.len != 4)
		return FIT_NONE;
	if (points(b, tails, false))
		meant = true;
	else if (points(b, cards, false) || followed(b, cards, 0))
		meant = is_of_a_card(p);
	else
		meant = points(b, NULL, true);
	return meant ? FIT_MEANT : FIT_MAYBE;
}

static enum fit fit_code(const struct given_piece *p, const struct beside *b)
{
	size_t digits = digits_of(p->at);
	bool word = p->form == GIVEN_WORD;

	if (!word && (p->form != GIVEN_DIGITS || digits < 3 || p->at.ptr[0] == '+' ||
	              points(b, tails, false)))
		return FIT_NONE;
	if (points(b, NULL, true) || followed(b, NULL, 2))
		return FIT_MEANT;
	return word && digits >= CODE_DIGITS && p->at.len >= CODE_LEAST &&
	                       !points(b, named_otherwise, false)
	               ? FIT_MEANT
	               : FIT_MAYBE;
}

static enum fit fit_amount(const struct given_piece *p, const struct beside *b)
{
	if (p->form == GIVEN_AMOUNT)
		return p->plain ? FIT_MEANT : FIT_MAYBE;
	if (p->form == GIVEN_OTHER)
		return FIT_MAYBE;
	return p->form == GIVEN_DIGITS && points(b, sums, true) ? FIT_MEANT : FIT_NONE;
}

static enum fit fit_number(const struct given_piece *p, const struct beside *b)
{
	if (p->form == GIVEN_OTHER)
		return FIT_MAYBE;
	return p->form == GIVEN_DIGITS && (points(b, NULL, true) || followed(b, NULL, 1))
	               ? FIT_MEANT
	               : FIT_NONE;
}

static enum fit fit_phone(const struct given_piece *p, const struct beside *b)
{
	size_t digits = digits_of(p->at);
	bool mobile = digits == 11 && p->at.ptr[0] == '1' && p->at.len == 11;

	if (p->form != GIVEN_DIGITS || digits < 7 || digits > 15)
		return FIT_NONE;
	return mobile || p->at.ptr[0] == '+' || points(b, phones, true) ? FIT_MEANT : FIT_MAYBE;
}

static enum fit fit_form(const struct given_piece *p, enum given_form form)
{
	if (p->form == GIVEN_OTHER)
		return FIT_MAYBE;
	return p->form != form ? FIT_NONE : p->plain ? FIT_MEANT : FIT_MAYBE;
}

static enum fit fit_of(const struct template_variable *v, const struct given_piece *p,
                       const struct beside *b)
{
	switch (v->type) {
	case VARIABLE_TAIL:
		return fit_tail(p, b);
	case VARIABLE_CODE:
		return fit_code(p, b);
	case VARIABLE_AMOUNT:
		return fit_amount(p, b);
	case VARIABLE_NUMBER:
		return fit_number(p, b);
	case VARIABLE_PHONE:
		return fit_phone(p, b);
	case VARIABLE_DATE:
		return fit_form(p, GIVEN_DATE);
	case VARIABLE_TIME:
		return fit_form(p, GIVEN_TIME);
	case VARIABLE_LINK:
		return fit_form(p, GIVEN_LINK);
	case VARIABLE_TEXT:
	case VARIABLE_NAME:
	case VARIABLE_TYPES:
		break;
	}
	return FIT_NONE;
}

/* --- all of them --------------------------------------------------------------------------------
 */

/* The piece that is the variable's beyond doubt; NULL: none. */
static const struct given_piece *piece_of(const struct given_text *g,
                                          const struct template_variable *v)
{
	const struct given_piece *meant = NULL;
	unsigned fitting = 0;

	for (size_t i = 0; i < g->count; i++) {
		const struct given_piece *p = &g->pieces[i];
		const char *end = p->at.ptr + p->at.len;
		const struct beside b = {
			.before = {g->text.ptr, (size_t)(p->at.ptr - g->text.ptr)        },
			.behind = {end,         (size_t)(g->text.ptr + g->text.len - end)},
			.about = v->about
                };
		enum fit fit = fit_of(v, p, &b);

		fitting += fit != FIT_NONE;
		if (fit == FIT_MEANT && p->plain && !variable_refuse(v, span_of(p->value)) &&
		    !is_denied(b.before))
			meant = p;
	}
	return fitting == 1 ? meant : NULL;
}

static bool is_known(const struct render_value *known, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (span_eq(known[i].name, name))
			return true;
	return false;
}

static bool is_shared(const struct given_piece *const *pieces, size_t count, size_t of)
{
	for (size_t i = 0; i < count; i++)
		if (i != of && pieces[i] == pieces[of])
			return true;
	return false;
}

size_t given_read(const struct template *t, struct span text, const struct tm *today,
                  const struct render_value *known, size_t known_count, struct given *out)
{
	const struct given_piece *pieces[CATALOGUE_VARIABLES_MAX] = {NULL};
	struct given_text g;
	size_t count = 0;

	if (!t->variable_count || text.len > GIVEN_TEXT_MAX || !utf8_valid(text))
		return 0;
	given_cut(text, today, &g);
	if (g.cut)
		return 0;
	for (size_t i = 0; i < t->variable_count; i++)
		if (!is_known(known, known_count, t->variables[i].name))
			pieces[i] = piece_of(&g, &t->variables[i]);
	for (size_t i = 0; i < t->variable_count; i++) {
		if (!pieces[i] || is_shared(pieces, t->variable_count, i))
			continue;
		out[count].name = t->variables[i].name;
		snprintf(out[count++].value, GIVEN_VALUE_SIZE, "%s", pieces[i]->value);
	}
	return count;
}
