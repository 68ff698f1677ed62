/* The table of what stands for what is typography only: letters are people's names, and stay. */
#include "smpp_wording.h"

#include "utf8.h"

const char *const smpp_place_names[] = {"none", "front", "behind", "operator", NULL};

/* ---- around the text ---- */

static bool starts(struct span text, struct span with)
{
	return with.len && span_starts(text, with);
}

static bool ends(struct span text, struct span with)
{
	return with.len && text.len >= with.len &&
	       memcmp(text.ptr + text.len - with.len, with.ptr, with.len) == 0;
}

static bool has(struct span text, struct span part)
{
	for (size_t i = 0; part.len && i + part.len <= text.len; i++)
		if (memcmp(text.ptr + i, part.ptr, part.len) == 0)
			return true;
	return false;
}

static bool is_signed(struct span text, const struct smpp_wording *w)
{
	struct span bare = span_trim(text);

	for (size_t i = 0; i < ARRAY_LEN(w->signatures); i++) {
		struct span signature = span_trim(w->signatures[i]);

		if (w->place == SMPP_PLACE_BEHIND ? ends(bare, signature) : starts(bare, signature))
			return true;
	}
	return false;
}

/* Blanks and commas in front of the words are only how they are joined. */
static struct span bare_words(struct span s)
{
	struct span comma = SPAN_LIT("，");

	s = span_trim(s);
	while (span_starts(s, comma))
		s = (struct span){s.ptr + comma.len, s.len - comma.len};
	return s;
}

static bool may_be_refused(struct span text, const struct smpp_wording *w)
{
	for (size_t i = 0; i < ARRAY_LEN(w->opt_outs); i++)
		if (has(text, bare_words(w->opt_outs[i])))
			return true;
	return false;
}

static bool is_graphic(char c)
{
	return c > ' ' && c < 0x7F;
}

static char last_of(struct span s)
{
	if (!s.len)
		return ' ';
	return s.ptr[s.len - 1];
}

/* Latin words want a blank between them, Chinese ones none. */
static void join(struct buf *out, struct span front, struct span text)
{
	buf_add(out, front);
	if (text.len && is_graphic(last_of(front)) && is_graphic(*text.ptr))
		buf_u8(out, ' ');
}

int smpp_word(struct span text, const struct smpp_wording *w, struct buf *out, size_t *counted)
{
	bool add = w->place != SMPP_PLACE_NONE && w->signature.len && !is_signed(text, w);
	size_t start = out->len;
	bool front = w->place == SMPP_PLACE_FRONT || w->place == SMPP_PLACE_OPERATOR;

	if (add && front)
		join(out, w->signature, text);
	*counted = add && w->place == SMPP_PLACE_OPERATOR ? out->len - start : 0;
	buf_add(out, text);
	if (w->opt_out.len && !may_be_refused(text, w))
		buf_add(out, w->opt_out);
	if (add && w->place == SMPP_PLACE_BEHIND) {
		if (is_graphic(last_of(buf_span(out))) && is_graphic(*w->signature.ptr))
			buf_u8(out, ' ');
		buf_add(out, w->signature);
	}
	return buf_check(out);
}

bool smpp_text_is_chinese(struct span text)
{
	uint32_t code;

	while (text.len && utf8_next(&text, &code) == 0)
		if ((code >= 0x3400 && code <= 0x9FFF) || (code >= 0x20000 && code <= 0x3134F))
			return true;
	return false;
}

/* ---- what stands for what ---- */

/* In the order of their code points. */
static const struct smpp_change plain[] = {
	{'\t',   " "  },
        {'`',    "'"  },
        {0xA0,   " "  },
        {0xAB,   "\"" },
        {0xAD,   ""   },
	{0xB4,   "'"  },
        {0xB7,   "."  },
        {0xBB,   "\"" },
        {0xD7,   "x"  },
        {0x02BC, "'"  },
	{0x2000, " "  },
        {0x2001, " "  },
        {0x2002, " "  },
        {0x2003, " "  },
        {0x2004, " "  },
	{0x2005, " "  },
        {0x2006, " "  },
        {0x2007, " "  },
        {0x2008, " "  },
        {0x2009, " "  },
	{0x200A, " "  },
        {0x200B, ""   },
        {0x2010, "-"  },
        {0x2011, "-"  },
        {0x2012, "-"  },
	{0x2013, "-"  },
        {0x2014, "-"  },
        {0x2015, "-"  },
        {0x2018, "'"  },
        {0x2019, "'"  },
	{0x201A, "'"  },
        {0x201B, "'"  },
        {0x201C, "\"" },
        {0x201D, "\"" },
        {0x201E, "\"" },
	{0x201F, "\"" },
        {0x2022, "*"  },
        {0x2024, "."  },
        {0x2026, "..."},
        {0x202F, " "  },
	{0x2032, "'"  },
        {0x2033, "\"" },
        {0x2039, "'"  },
        {0x203A, "'"  },
        {0x2044, "/"  },
	{0x205F, " "  },
        {0x2060, ""   },
        {0x2122, "TM" },
        {0x2212, "-"  },
        {0x2215, "/"  },
	{0x3000, " "  },
        {0x3001, ","  },
        {0x3002, "."  },
        {0x300A, "\"" },
        {0x300B, "\"" },
	{0x300C, "\"" },
        {0x300D, "\"" },
        {0x300E, "\"" },
        {0x300F, "\"" },
        {0x3010, "["  },
	{0x3011, "]"  },
        {0xFEFF, ""   },
};

/* U+FF01 to U+FF5E are ASCII in the width of a Han character. */
static const char *narrow(uint32_t code)
{
	static const char ascii[] =
		"!\0\"\0#\0$\0%\0&\0'\0(\0)\0*\0+\0,\0-\0.\0/\0"
		"0\0"
		"1\0"
		"2\0"
		"3\0"
		"4\0"
		"5\0"
		"6\0"
		"7\0"
		"8\0"
		"9\0:\0;\0<\0=\0>\0?\0@\0A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L\0M\0N\0"
		"O\0P\0Q\0R\0S\0T\0U\0V\0W\0X\0Y\0Z\0[\0\\\0]\0^\0_\0'"
		"\0a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0"
		"k\0l\0m\0n\0o\0p\0q\0r\0s\0t\0u\0v\0w\0x\0y\0z\0{\0|\0}\0~";

	return ascii + 2 * (size_t)(code - 0xFF01);
}

const char *smpp_plain(uint32_t code)
{
	size_t low = 0, high = ARRAY_LEN(plain);

	if (code >= 0xFF01 && code <= 0xFF5E)
		return narrow(code);
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (plain[middle].from == code)
			return plain[middle].to;
		if (plain[middle].from < code)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void note(uint32_t from, const char *to, struct smpp_change *changes, size_t most,
                 size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		if (changes[i].from == from)
			return;
	if (*count < most)
		changes[(*count)++] = (struct smpp_change){from, to};
}

size_t smpp_transliterate(struct span text, enum smpp_alphabet alphabet, struct buf *out,
                          struct smpp_change *changes, size_t most, size_t *count)
{
	size_t replaced = 0;
	uint32_t code;

	*count = 0;
	while (text.len && utf8_next(&text, &code) == 0) {
		const char *to = smpp_text_width(alphabet, code) ? NULL : smpp_plain(code);

		if (!to) {
			utf8_put(out, code);
			continue;
		}
		buf_str(out, to);
		note(code, to, changes, most, count);
		replaced++;
	}
	return replaced;
}
