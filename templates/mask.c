/*
 * One pass over the text. At each place the rules are asked in turn how many octets they blot; what
 * no rule wants is copied. Rules are of surface only: a bank cannot ship a list of its customers.
 */
#include "mask.h"

#include "utf8.h"

#include <ctype.h>

enum { DIGITS_LEAST = 4, ID_DIGITS = 17, HAN_NAME_MAX = 3, WORDS_MAX = 3 };

/* Family names of nine people in ten; the two-character ones among them begin with 欧 上 司 诸. */
#define FAMILIES                                                                                                                               \
	"王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾萧肖田董袁潘于蒋蔡余杜叶程" \
	"苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾" \
	"毛郝龚邵万钱严武戴莫孔向汤欧上司诸李陳楊黃趙吳孫馬鄭謝許韓馮鄧蕭蔣葉蘇盧鐘譚陸範賈韋鄒"    \
	"閆閻龍賀顧龔萬錢嚴湯歐諸"

/* What a rule reads: the text, and where it stands. */
struct masking {
	struct span all, rest; /* rest: from here on */
	const char *no_mail;   /* no address begins before this: so much was read in vain already */
	struct buf *out;
};

static bool is_letter(struct span s, size_t i)
{
	return i < s.len && (isalnum((unsigned char)s.ptr[i]) || s.ptr[i] == '\'');
}

static bool starts_with_word(struct span s, const char *word)
{
	size_t len = strlen(word);

	return s.len >= len && strncasecmp(s.ptr, word, len) == 0;
}

static struct span skip(struct span s, size_t octets)
{
	octets = octets < s.len ? octets : s.len;
	return (struct span){s.ptr + octets, s.len - octets};
}

/* The character at the front, and how many octets it has; 0: none, or not UTF-8. */
static size_t peek(struct span s, uint32_t *code)
{
	struct span rest = s;

	return s.len && !utf8_next(&rest, code) ? s.len - rest.len : 0;
}

static bool is_han(uint32_t c)
{
	return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF);
}

static bool is_family(struct span s)
{
	struct span families = SPAN_LIT(FAMILIES);
	uint32_t code, family;
	size_t len;

	if (!peek(s, &code) || !is_han(code))
		return false;
	for (; (len = peek(families, &family)); families = skip(families, len))
		if (family == code)
			return true;
	return false;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static bool is_digit(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 0xFF10 && c <= 0xFF19);
}

/* What may stand between the digits of one number. */
static bool parts_digits(uint32_t c)
{
	return c == ' ' || c == '-' || c == '.' || c == ',' || c == '/' || c == 0xA0 ||
	       c == 0x3000 || c == 0xFF0D || c == 0x2011 || c == 0x2013;
}

/* The digits that stand together here, and their octets. */
static size_t number_at(struct span s, unsigned *digits)
{
	size_t end = 0, at = 0, len;
	bool parted = false;
	uint32_t c;

	*digits = 0;
	for (; (len = peek(skip(s, at), &c)); at += len) {
		if (is_digit(c)) {
			++*digits;
			parted = false;
			end = at + len;
		} else if (parted || !*digits || !parts_digits(c)) {
			break;
		} else {
			parted = true;
		}
	}
	return end;
}

static size_t mask_number(struct masking *m)
{
	unsigned digits;
	size_t end = number_at(m->rest, &digits);
	struct span number = {m->rest.ptr, end};
	size_t len;
	uint32_t c;

	if (digits < DIGITS_LEAST) {
		buf_add(m->out, number);
		return end;
	}
	for (; (len = peek(number, &c)); number = skip(number, len))
		if (is_digit(c))
			buf_add(m->out, SPAN_LIT("0"));
		else
			buf_add(m->out, (struct span){number.ptr, len});
	/* The check letter of an identity card. */
	if (digits == ID_DIGITS && end < m->rest.len &&
	    tolower((unsigned char)m->rest.ptr[end]) == 'x') {
		buf_add(m->out, SPAN_LIT("0"));
		end++;
	}
	return end;
}

/* --- mail and links --------------------------------------------------------------------------- */

static bool is_mail_octet(unsigned char c)
{
	return isalnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

static size_t mask_mail(struct masking *m)
{
	size_t at = 0, end;

	if (m->rest.ptr < m->no_mail)
		return 0;
	while (at < m->rest.len && is_mail_octet((unsigned char)m->rest.ptr[at]))
		at++;
	for (end = at + 1; end < m->rest.len && is_mail_octet((unsigned char)m->rest.ptr[end]);)
		end++;
	if (!at || at == m->rest.len || m->rest.ptr[at] != '@' || end == at + 1) {
		m->no_mail = m->rest.ptr + at;
		return 0;
	}
	buf_add(m->out, SPAN_LIT("name@example.com"));
	return end;
}

static size_t mask_link(struct masking *m)
{
	bool secure = starts_with_word(m->rest, "https://");
	size_t host = secure ? 8 : 7, end = host;

	if (!secure && !starts_with_word(m->rest, "http://"))
		return 0;
	while (end < m->rest.len && (is_mail_octet((unsigned char)m->rest.ptr[end]) ||
	                             m->rest.ptr[end] == ':' || m->rest.ptr[end] == '@'))
		end++;
	buf_add(m->out, SPAN_LIT("https://example.com"));
	while (end < m->rest.len && (unsigned char)m->rest.ptr[end] > ' ' &&
	       (unsigned char)m->rest.ptr[end] < 0x80)
		end++;
	return end;
}

/* --- names ------------------------------------------------------------------------------------ */

static size_t put_han_name(struct masking *m, struct span s, unsigned most)
{
	size_t octets = 0, len;
	uint32_t c;

	for (unsigned i = 0; i < most && (len = peek(skip(s, octets), &c)) && is_han(c); i++) {
		buf_add(m->out, SPAN_LIT("某"));
		octets += len;
	}
	return octets;
}

/* How many Chinese characters stand together here, counted up to most. */
static unsigned count_han(struct span s, unsigned most)
{
	unsigned count = 0;
	uint32_t c;
	size_t len;

	while (count < most && (len = peek(s, &c)) && is_han(c)) {
		s = skip(s, len);
		count++;
	}
	return count;
}

/* Octets of "姓名：" and the like at the front, to where a name would begin; 0: nothing announces
 * one. */
static size_t announcement(struct span s)
{
	static const char *const before[] = {"我叫",   "名字是", "名字叫", "名叫",   "姓名", "户名",
	                                     "持卡人", "收款人", "联系人", "聯繫人", "戶名"};
	static const char *const between[] = {"是", "叫", "为", "：", ":", " "};

	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		size_t at = strlen(before[i]);

		if (!span_starts(s, span_of(before[i])))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(between); k++)
			if (span_starts(skip(s, at), span_of(between[k])))
				at += strlen(between[k]);
		return at;
	}
	return 0;
}

/* "我叫王小明"; "我是张三，", but not "我是高级会员". */
static size_t mask_announced(struct masking *m)
{
	size_t at = announcement(m->rest);
	unsigned han;

	if (!at && span_starts(m->rest, SPAN_LIT("我是"))) {
		at = strlen("我是");
		han = count_han(skip(m->rest, at), HAN_NAME_MAX + 1);
		if (han < 2 || han > HAN_NAME_MAX)
			return 0;
	}
	if (!at || !is_family(skip(m->rest, at)))
		return 0;
	buf_add(m->out, (struct span){m->rest.ptr, at});
	return at + put_han_name(m, skip(m->rest, at), HAN_NAME_MAX);
}

/* "王小明先生": up to three characters from here, the first of which is a family name. */
static size_t mask_titled(struct masking *m)
{
	static const char *const titles[] = {"先生", "女士", "小姐", "太太"};
	size_t at = 0, len;
	uint32_t c;

	if (!is_family(m->rest))
		return 0;
	for (unsigned n = 1; n <= HAN_NAME_MAX && (len = peek(skip(m->rest, at), &c)) && is_han(c);
	     n++) {
		at += len;
		for (size_t i = 0; i < ARRAY_LEN(titles); i++)
			if (span_starts(skip(m->rest, at), span_of(titles[i])))
				return put_han_name(m, m->rest, n);
	}
	return 0;
}

/* Octets of one word of letters, with the blank before it; 0: none. */
static size_t name_word(struct span s, bool capital)
{
	size_t at = 0;

	while (at < s.len && (s.ptr[at] == ' ' || (at == 0 && s.ptr[at] == '.')))
		at++;
	if (at == s.len || !isalpha((unsigned char)s.ptr[at]) ||
	    (capital && !isupper((unsigned char)s.ptr[at])))
		return 0;
	while (is_letter(s, at) || (at < s.len && s.ptr[at] == '-'))
		at++;
	return at;
}

/* "my name is wrong on the card" names nobody. */
static bool names_nobody(struct span s)
{
	static const char *const words[] = {"wrong",   "not",   "in",      "on",        "incorrect",
	                                    "spelled", "spelt", "mis",     "different", "missing",
	                                    "still",   "the",   "too",     "a ",        "now",
	                                    "was",     "being", "changed", "no "};

	s = span_trim(s);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (starts_with_word(s, words[i]))
			return true;
	return false;
}

static const struct announced {
	const char *before;
	unsigned least, most; /* words with a capital; least 0: the first may have none */
} announced[] = {
	{"my name is", 0, 2        },
        {"name's",     0, 2        },
	{"name:",      0, 2        },
        {"mr",         1, 2        },
	{"mrs",        1, 2        },
        {"ms",         1, 2        },
	{"miss",       1, 2        },
        {"i am",       2, WORDS_MAX},
	{"i'm",        2, WORDS_MAX},
        {"this is",    2, WORDS_MAX},
};

/* Octets of the name that a row announces at the front of s; 0: none. */
static size_t announced_name(const struct announced *row, struct span s)
{
	size_t at = 0, len;
	unsigned words = 0;

	if (!row->least && names_nobody(s))
		return 0;
	while (words < row->most && (len = name_word(skip(s, at), row->least || words))) {
		at += len;
		words++;
	}
	return words && words >= row->least ? at : 0;
}

/* "my name is John Smith", "Mr. Smith", "I am John Smith". */
static size_t mask_latin(struct masking *m)
{
	if (m->rest.ptr > m->all.ptr && isalnum((unsigned char)m->rest.ptr[-1]))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(announced); i++) {
		size_t at = strlen(announced[i].before), len;

		if (!starts_with_word(m->rest, announced[i].before) || is_letter(m->rest, at))
			continue;
		len = announced_name(&announced[i], skip(m->rest, at));
		if (!len)
			continue;
		buf_add(m->out, (struct span){m->rest.ptr, at});
		buf_str(m->out, " Name");
		return at + len;
	}
	return 0;
}

/* One character, or letters up to the next that is none: no rule is asked inside a word. */
static size_t copy_one(struct masking *m)
{
	uint32_t c;
	size_t len = peek(m->rest, &c);

	len = len ? len : 1;
	if (isalpha((unsigned char)m->rest.ptr[0]))
		while (len < m->rest.len && isalpha((unsigned char)m->rest.ptr[len]))
			len++;
	buf_add(m->out, (struct span){m->rest.ptr, len});
	return len;
}

void mask_text(struct span text, struct buf *out)
{
	static size_t (*const rules[])(struct masking * m) = {
		mask_link, mask_mail, mask_announced, mask_titled, mask_latin, mask_number};
	struct masking m = {text, text, text.ptr, out};

	while (m.rest.len) {
		size_t used = 0;

		for (size_t i = 0; i < ARRAY_LEN(rules) && !used; i++)
			used = rules[i](&m);
		m.rest = skip(m.rest, used ? used : copy_one(&m));
	}
}
