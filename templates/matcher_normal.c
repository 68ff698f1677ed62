/*
 * Normalising. First every code point is folded (width, case, traditional characters), then the
 * folded text is cut into tokens. Both passes are bounded by the size of struct normal, so a text
 * of any length costs the same at most.
 */
#include "matcher_normal.h"

#include "utf8.h"

#include <assert.h>
#include <stdlib.h>

#define CODES_MAX 1024  /* code points that are looked at */
#define WORD_MAX 40     /* a longer word goes on in the next token */
#define GREETED_LEAST 2 /* tokens that must be left behind a greeting for it to be dropped */
#define SEPARATOR ' '
#define DROPPED 0 /* folds to nothing: zero-width marks */

struct codes {
	uint32_t at[CODES_MAX + 1]; /* a separator behind the last, so that at[i + 1] may be read */
	size_t count;
};

static const struct traditional {
	uint16_t from, to;
} traditional[] = {
#define TRADITIONAL(from_code, to_code) {from_code, to_code},
#include "matcher_traditional.def"
#undef TRADITIONAL
};

static int compare_traditional(const void *key, const void *row)
{
	const uint32_t *code = key;
	const struct traditional *t = row;

	return *code < t->from ? -1 : *code > t->from;
}

static uint32_t simplified(uint32_t code)
{
	const struct traditional *t = bsearch(&code, traditional, ARRAY_LEN(traditional),
	                                      sizeof(traditional[0]), compare_traditional);

	return t ? t->to : code;
}

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_character(uint32_t c)
{
	return (c >= 0x3400 && c <= 0x9FFF) || (c >= 0x3041 && c <= 0x30FF) ||
	       (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
	       (c >= 0x20000 && c <= 0x3134F) || c == 0x3005 || c == 0x3007;
}

/* Letters of the alphabets; after folding ASCII is lower case only. */
static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 0xC0 && c < 0x2000 && c != 0xD7 && c != 0xF7) ||
	       (c >= 0x2C00 && c < 0x2E00);
}

static bool is_zero_width(uint32_t c)
{
	return (c >= 0x200B && c <= 0x200F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0x2060 ||
	       c == 0xFEFF || c == 0xAD;
}

static uint32_t fold(uint32_t c)
{
	if (c >= 0xFF01 && c <= 0xFF5E)
		c -= 0xFEE0;
	if (c >= 0x4E00 && c <= 0x9FFF)
		return simplified(c);
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7))
		return c + 0x20;
	if (is_zero_width(c))
		return DROPPED;
	if (c == 0x2018 || c == 0x2019 || c == 0x02BC || c == '`' || c == 0xB4)
		return '\'';
	if (c == 0xFFE5)
		return 0xA5;
	return c < ' ' || c == 0x7F || c == 0x3000 || c == 0xA0 ? SEPARATOR : c;
}

static bool fold_text(struct span text, struct codes *out)
{
	uint32_t code;

	out->count = 0;
	while (text.len && out->count < CODES_MAX) {
		if (utf8_next(&text, &code) < 0) {
			text.ptr++;
			text.len--;
			code = SEPARATOR;
		}
		code = fold(code);
		if (code != DROPPED)
			out->at[out->count++] = code;
	}
	out->at[out->count] = SEPARATOR;
	return text.len > 0;
}

static uint32_t code_at(const struct codes *c, size_t at)
{
	return at < c->count ? c->at[at] : SEPARATOR;
}

/* Whether the ASCII or Chinese text stands at a place; the code points it takes, or 0. */
static size_t stands(const struct codes *c, size_t at, const char *text)
{
	struct span s = span_of(text);
	size_t from = at;
	uint32_t code;

	while (s.len) {
		if (utf8_next(&s, &code) < 0 || code_at(c, at) != code)
			return 0;
		at++;
	}
	return at - from;
}

static size_t stands_any(const struct codes *c, size_t at, const char *const *texts)
{
	for (; *texts; texts++) {
		size_t len = stands(c, at, *texts);
		uint32_t last = len ? code_at(c, at + len - 1) : SEPARATOR;

		/* "5 k" is an amount, "5 keys" is not */
		if (len && !(is_letter(last) && is_letter(code_at(c, at + len))))
			return len;
	}
	return 0;
}

static const char *const money_units[] = {
	"万美元",  "万元",   "万块",   "亿元", "元钱", "块钱", "美元",  "美金", "港币",
	"欧元",    "日元",   "人民币", "元",   "块",   "万",   "亿",    "千块", "千元",
	"dollars", "dollar", "yuan",   "rmb",  "cny",  "usd",  "euros", "euro", "eur",
	"hkd",     "pounds", "bucks",  "k",    "w",    "%",    NULL};
static const char *const date_units[] = {"年", "月", "日", "号", NULL};
static const char *const link_ends[] = {".com", ".cn", ".net", ".org", ".example", NULL};

static size_t skip_space(const struct codes *c, size_t at)
{
	return code_at(c, at) == SEPARATOR && at < c->count ? at + 1 : at;
}

static size_t digits_from(const struct codes *c, size_t at)
{
	size_t from = at;

	while (is_digit(code_at(c, at)))
		at++;
	return at - from;
}

/* What a run of digits with its inner punctuation is made of. */
struct digits {
	size_t end, count, dashes, colons, points;
};

/* "6222 0212 3456 7890": a blank inside belongs to it only between groups of four. */
static bool is_card_blank(const struct codes *c, size_t at, size_t count)
{
	return code_at(c, at) == SEPARATOR && count % 4 == 0 && digits_from(c, at + 1) >= 3;
}

static struct digits read_digits(const struct codes *c, size_t at)
{
	struct digits d = {at, 0, 0, 0, 0};

	for (;;) {
		size_t run = digits_from(c, d.end);
		uint32_t mark;

		d.end += run;
		d.count += run;
		mark = code_at(c, d.end);
		if (!run || !is_digit(code_at(c, d.end + 1)))
			return d;
		if (mark == '-' || mark == '/')
			d.dashes++;
		else if (mark == ':')
			d.colons++;
		else if (mark == '.' || mark == ',')
			d.points++;
		else if (!is_card_blank(c, d.end, d.count))
			return d;
		d.end++;
	}
}

static enum token_kind digits_kind(const struct digits *d)
{
	if (d->count >= 12 && d->count <= 19 && !d->colons && !d->points)
		return TOKEN_CARD;
	if (d->colons || (d->dashes && d->count <= 8))
		return TOKEN_DATE;
	return d->points ? TOKEN_AMOUNT : TOKEN_NUMBER;
}

/* 2026年11月22日 is one date, however many of its parts are there. */
static size_t date_end(const struct codes *c, size_t at)
{
	size_t unit;

	while ((unit = stands_any(c, at, date_units)) > 0) {
		at += unit;
		if (!digits_from(c, at) || !stands_any(c, at + digits_from(c, at), date_units))
			break;
		at += digits_from(c, at);
	}
	return at;
}

static size_t number_end(const struct codes *c, size_t at, bool money, enum token_kind *kind)
{
	struct digits d = read_digits(c, at);
	size_t unit = stands_any(c, skip_space(c, d.end), money_units);

	*kind = digits_kind(&d);
	if (*kind == TOKEN_CARD)
		return d.end;
	if (unit || money) {
		*kind = TOKEN_AMOUNT;
		return unit ? skip_space(c, d.end) + unit : d.end;
	}
	if (stands_any(c, d.end, date_units)) {
		*kind = TOKEN_DATE;
		return date_end(c, d.end);
	}
	return d.end;
}

static size_t link_end(const struct codes *c, size_t at)
{
	while (at < c->count && code_at(c, at) > ' ' && code_at(c, at) < 0x7F)
		at++;
	return at;
}

/* A word that is the beginning of a link or a mail address swallows the rest of it. */
static size_t word_end(const struct codes *c, size_t at, enum token_kind *kind)
{
	size_t from = at;

	*kind = TOKEN_WORD;
	if (stands(c, at, "http://") || stands(c, at, "https://") || stands(c, at, "www.")) {
		*kind = TOKEN_LINK;
		return link_end(c, at);
	}
	while (at - from < WORD_MAX && (is_letter(code_at(c, at)) || is_digit(code_at(c, at)) ||
	                                (code_at(c, at) == '\'' && is_letter(code_at(c, at + 1)))))
		at++;
	if ((code_at(c, at) == '@' && is_letter(code_at(c, at + 1))) ||
	    stands_any(c, at, link_ends)) {
		*kind = TOKEN_LINK;
		return link_end(c, at);
	}
	return at;
}

static size_t put_code(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3F));
		out[2] = (char)(0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3F));
	out[2] = (char)(0x80 | (code >> 6 & 0x3F));
	out[3] = (char)(0x80 | (code & 0x3F));
	return 4;
}

static bool put_token(const struct codes *c, size_t from, size_t end, enum token_kind kind,
                      struct normal *out)
{
	struct token *t = &out->tokens[out->count];

	if (out->count == NORMAL_TOKENS_MAX || out->len + 4 * (end - from) > NORMAL_TEXT_SIZE)
		return false;
	t->at = (uint16_t)out->len;
	t->kind = kind;
	for (size_t i = from; i < end; i++)
		if (c->at[i] != '\'') /* don't and dont are one word */
			out->len += put_code(out->text + out->len, c->at[i]);
	t->len = (uint16_t)(out->len - t->at);
	out->count++;
	return true;
}

/* The end of the token at a place and its kind; the place itself where there is none. */
static size_t token_end(const struct codes *c, size_t at, enum token_kind *kind)
{
	uint32_t code = c->at[at];
	bool money = code == 0xA5 || code == '$' || code == 0x20AC || code == 0xA3;

	if (money && is_digit(code_at(c, at + 1)))
		return number_end(c, at + 1, true, kind);
	if (is_digit(code))
		return number_end(c, at, false, kind);
	if (is_letter(code))
		return word_end(c, at, kind);
	*kind = TOKEN_CHARACTER;
	return is_character(code) ? at + 1 : at;
}

/* --- greetings -----------------------------------------------------------------------------------
 */

/* Said before the matter itself; terms in order with one blank between them. */
static const char *const greetings[] = {
	"你 好",        "您 好",          "请 问",        "在 吗", "早 上 好", "下 午 好",
	"晚 上 好",     "麻 烦 问",       "我 想 问",     "想 问", "问 一 下", "问 下",
	"一 下",        "hello",          "hi",           "hey",   "dear sir", "hi there",
	"good morning", "good afternoon", "good evening",
};

/* How many of the first tokens from at on are a greeting. */
static size_t greeting_at(const struct normal *n, size_t at)
{
	for (size_t g = 0; g < ARRAY_LEN(greetings); g++) {
		struct span rest = span_of(greetings[g]);
		size_t len = 0;

		while (rest.len && at + len < n->count) {
			struct span term = span_split(rest, ' ', &rest);

			if (!span_eq(normal_token(n, at + len), term))
				break;
			len++;
			if (!rest.len)
				return len;
		}
	}
	return 0;
}

/* "你好，我的卡丢了" is about the card. What is nothing but a greeting stays one. */
static void drop_greeting(struct normal *n)
{
	size_t at = 0, len;

	while ((len = greeting_at(n, at)) > 0)
		at += len;
	if (at + GREETED_LEAST > n->count)
		return;
	memmove(n->tokens, n->tokens + at, (n->count - at) * sizeof(n->tokens[0]));
	n->count -= at;
}

static void read_tokens(struct span text, struct normal *out)
{
	struct codes codes;
	enum token_kind kind;

	out->len = 0;
	out->count = 0;
	out->cut = fold_text(text, &codes);
	for (size_t at = 0; at < codes.count;) {
		size_t end = token_end(&codes, at, &kind);

		assert(end <= codes.count);
		if (end > at && !put_token(&codes, at, end, kind, out)) {
			out->cut = true;
			return;
		}
		at = end > at ? end : at + 1;
	}
}

void normal_read(struct span text, struct normal *out)
{
	read_tokens(text, out);
	drop_greeting(out);
}

struct span normal_token(const struct normal *n, size_t index)
{
	return (struct span){n->text + n->tokens[index].at, n->tokens[index].len};
}

struct span normal_term(const struct normal *n, size_t index)
{
	static const struct span slots[TOKEN_KINDS] = {
		[TOKEN_NUMBER] = {"#number", 7},
                  [TOKEN_AMOUNT] = {"#amount", 7},
		[TOKEN_CARD] = {"#card",   5},
                  [TOKEN_DATE] = {"#date",   5},
		[TOKEN_LINK] = {"#link",   5},
	};
	enum token_kind kind = n->tokens[index].kind;

	return slots[kind].ptr ? slots[kind] : normal_token(n, index);
}

/* FNV-1a, 64 bit. */
#define HASH_SEED 0xcbf29ce484222325U
#define HASH_PRIME 0x100000001b3U

static uint64_t hash_span(uint64_t hash, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (uint8_t)s.ptr[i]) * HASH_PRIME;
	return (hash ^ 0x1F) * HASH_PRIME;
}

uint64_t normal_hash(const struct normal *n)
{
	uint64_t hash = HASH_SEED;

	for (size_t i = 0; i < n->count; i++)
		hash = hash_span(hash, normal_term(n, i));
	return hash;
}

static bool is_particle(struct span term)
{
	static const char *const particles[] = {
		"的", "了", "吗", "呢",  "啊", "呀", "么",     "吧",  "请", "啦", "嘛",
		"哦", "a",  "an", "the", "my", "i",  "please", "pls", "do", "is", "me"};

	for (size_t i = 0; i < ARRAY_LEN(particles); i++)
		if (span_is(term, particles[i]))
			return true;
	return false;
}

static bool stands_before(const struct normal *n, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (span_eq(normal_term(n, i), normal_term(n, index)))
			return true;
	return false;
}

/* One card or several is the same question. */
static struct span without_plural(const struct normal *n, size_t index)
{
	struct span term = normal_term(n, index);

	if (n->tokens[index].kind == TOKEN_WORD && term.len >= 4 && term.ptr[term.len - 1] == 's' &&
	    term.ptr[term.len - 2] != 's')
		term.len--;
	return term;
}

/* A sum does not mind the order, but of hashes as they are it is the same for characters that
 * differ by as much the other way: "收入" and "卡机". So each is mixed before (SplitMix64's end).
 */
static uint64_t mixed(uint64_t hash)
{
	hash = (hash ^ hash >> 30) * 0xBF58476D1CE4E5B9U;
	hash = (hash ^ hash >> 27) * 0x94D049BB133111EBU;
	return hash ^ hash >> 31;
}

uint64_t normal_gist(const struct normal *n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n->count; i++)
		if (!is_particle(normal_term(n, i)) && !stands_before(n, i))
			sum += mixed(hash_span(HASH_SEED, without_plural(n, i)));
	return sum;
}
