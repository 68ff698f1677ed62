/* Which language a text is in, by counting Latin words against Chinese characters. */
#include "language.h"

#include "utf8.h"

static const char *const names[] = {[LANGUAGE_ZH] = "zh", [LANGUAGE_EN] = "en"};

/* A long text shows its language early; the rest need not be read. */
#define DETECT_OCTETS 4096

const char *language_name(enum language language)
{
	return language < LANGUAGE_COUNT ? names[language] : "";
}

int language_parse(struct span name, enum language *out)
{
	size_t len = 0;

	while (len < name.len && name.ptr[len] != '-' && name.ptr[len] != '_')
		len++;
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
		if (!span_is((struct span){name.ptr, len}, names[i]))
			continue;
		*out = (enum language)i;
		return 0;
	}
	return -EINVAL;
}

static bool is_latin(uint32_t code)
{
	return ((code | 0x20) >= 'a' && (code | 0x20) <= 'z') || (code >= 0xC0 && code <= 0x24F);
}

static bool is_chinese(uint32_t code)
{
	return (code >= 0x3400 && code <= 0x9FFF) || (code >= 0xF900 && code <= 0xFAFF) ||
	       (code >= 0x20000 && code <= 0x3134F);
}

/* How much of each there is. */
struct tally {
	size_t words, characters;
	bool in_word;
};

static void count(struct tally *t, uint32_t code)
{
	bool latin = is_latin(code);

	t->words += latin && !t->in_word;
	t->in_word = latin;
	t->characters += is_chinese(code);
}

enum language language_detect(struct span text)
{
	struct tally t = {0, 0, false};
	uint32_t code;

	if (text.len > DETECT_OCTETS)
		text.len = DETECT_OCTETS;
	while (text.len) {
		if (utf8_next(&text, &code) < 0) {
			text.ptr++;
			text.len--;
			continue;
		}
		count(&t, code);
	}
	if (!t.words && !t.characters)
		return LANGUAGE_UNKNOWN;
	return t.characters >= t.words ? LANGUAGE_ZH : LANGUAGE_EN;
}
