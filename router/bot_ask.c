/*
 * Asking for what an answer needs, one thing at a time. What is said then is the value where it is
 * one, or where exactly one word of it is ("it is AB-12, thanks"); another sure question is
 * answered instead; "never mind" gives it up, and who does not have it gets a person; what is none
 * of it is asked for once more, then a person comes.
 */
#include "bot_private.h"

#include <stdio.h>
#include <time.h>

enum { TRIES_MAX = 1 };

static const struct template_variable *variable_of(const struct template *t, struct span name)
{
	for (size_t i = 0; i < t->variable_count; i++)
		if (span_eq(t->variables[i].name, name))
			return &t->variables[i];
	return NULL;
}

/* The first time it is asked for by what it is, then by an example too. */
static const struct template *asking_template(const struct turn *t, unsigned tries)
{
	const struct template *again = tries ? bot_system_template(t, "system.ask_again") : NULL;

	return again ? again : bot_system_template(t, "system.ask");
}

bool bot_ask(struct turn *t, const struct template *answer, struct span name, unsigned tries)
{
	const struct template_variable *v = variable_of(answer, name);
	const struct template *asking = asking_template(t, tries);
	const struct render_value about[] = {
		{SPAN_LIT("what"),    v ? v->about : SPAN_NONE  },
		{SPAN_LIT("example"), v ? v->example : SPAN_NONE}
        };
	struct span culprit = SPAN_NONE;
	size_t len;

	if (!v || !asking || !v->about.len)
		return false;
	len = (size_t)snprintf(t->out->next, BOT_STATE_MAX, "q %s %.*s %u",
	                       language_name(t->out->language), SPAN_FMT(answer->id), tries);
	for (size_t i = 0; i < t->value_count && len < BOT_STATE_MAX; i++)
		len += (size_t)snprintf(t->out->next + len, BOT_STATE_MAX - len, "\n%.*s=%.*s",
		                        SPAN_FMT(t->values[i].name), SPAN_FMT(t->values[i].value));
	t->out->did = BOT_ASKED;
	if (len < BOT_STATE_MAX &&
	    !bot_word(t, asking, about, ARRAY_LEN(about), &culprit, &t->out->reply))
		return true;
	t->out->next[0] = '\0';
	return false;
}

void bot_take_given(struct turn *t, const struct template *answer, struct span question)
{
	time_t now = (time_t)(t->bot->now_ms / 1000);
	struct render_value known[VALUES_MAX];
	size_t count = bot_known_values(t, known, 0);
	struct tm today;

	localtime_r(&now, &today);
	t->given_count = given_read(answer, question, &today, known, count, t->given);
	t->value_count = 0; /* of another answer */
	for (size_t i = 0; i < t->given_count; i++)
		t->values[t->value_count++] =
			(struct render_value){t->given[i].name, span_of(t->given[i].value)};
}

/* --- what is said then --------------------------------------------------------------------------
 */

/* Full width to half width, so that "１２３４" is four digits; empty where it is too long. */
static struct span folded(struct span text, char out[VALUE_SIZE])
{
	size_t len = 0;

	if (text.len >= VALUE_SIZE)
		return SPAN_NONE;
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char *at = (const unsigned char *)text.ptr + i;

		/* U+FF01 to U+FF5E are the printable ASCII, in order. */
		if (i + 2 < text.len && at[0] == 0xEF &&
		    ((at[1] == 0xBC && at[2] > 0x80) || (at[1] == 0xBD && at[2] < 0x9F))) {
			out[len++] = (char)(at[2] - 0x80 + (at[1] == 0xBD ? 0x60 : 0x20));
			i += 2;
		} else {
			out[len++] = (char)at[0];
		}
	}
	return (struct span){out, len};
}

static bool is_free(const struct template_variable *v)
{
	return v->type == VARIABLE_TEXT || v->type == VARIABLE_NAME;
}

static bool has_digit(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
			return true;
	return false;
}

static bool is_mark(char c)
{
	return c && strchr(".,:;!?-", c);
}

/* Of what a value may be made of, other than letters of any script. */
static bool in_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("-+,.:/_", c));
}

static struct span next_word(struct span *rest)
{
	struct span word;
	size_t from = 0, end;

	while (from < rest->len && !in_word(rest->ptr[from]))
		from++;
	for (end = from; end < rest->len && in_word(rest->ptr[end]);)
		end++;
	word = (struct span){rest->ptr + from, end - from};
	*rest = (struct span){rest->ptr + end, rest->len - end};
	while (word.len && is_mark(word.ptr[word.len - 1]))
		word.len--;
	return word;
}

/* The only word of a text that has digits and is a value; empty: there is none, or more than one.
 */
static struct span only_value(const struct template_variable *v, struct span text)
{
	struct span found = SPAN_NONE, word;

	while (text.len) {
		word = next_word(&text);
		if (!has_digit(word) || variable_refuse(v, word))
			continue;
		if (found.len)
			return SPAN_NONE;
		found = word;
	}
	return found;
}

/* Word for word a sample of another answer than the one that asks: "can I draw 5000 at an ATM" has
 * a word with digits, and is no value. */
static bool is_other_question(const struct turn *t, const struct template_variable *v)
{
	return t->match.exact && variable_of(t->match.best[0].answer, v->name) != v;
}

/* Sure questions come before what has no digit: any word is a name, and many are a code. */
static struct span value_of(struct turn *t, const struct template_variable *v)
{
	struct span text = span_trim(t->m->text);
	bool question = t->match.zone == MATCH_ANSWER && t->match.count;

	if (is_free(v))
		return question || variable_refuse(v, text) ? SPAN_NONE : text;
	text = folded(text, t->value);
	if (!text.len)
		return SPAN_NONE;
	if (!variable_refuse(v, text))
		return question && !has_digit(text) ? SPAN_NONE : text;
	return question && is_other_question(t, v) ? SPAN_NONE : only_value(v, text);
}

/* Which variable of the answer was asked for. */
static const struct template_variable *asked_for(struct turn *t, const struct template *answer)
{
	struct render_value values[VALUES_MAX];
	struct message *reply = NULL;
	struct span name = SPAN_NONE;
	size_t count = t->value_count;
	int err;

	memcpy(values, t->values, count * sizeof(*values));
	count = bot_known_values(t, values, count);
	err = bot_word(t, answer, values, count, &name, &reply);
	message_unref(&reply);
	return err == -ENOENT ? variable_of(answer, name) : NULL;
}

static const struct template *asked_answer(const struct turn *t)
{
	return t->value_count < CATALOGUE_VARIABLES_MAX ? catalogue_find(t->bot->catalogue, t->ids)
	                                                : NULL;
}

bool bot_drop(struct turn *t)
{
	const struct template *dropped = bot_system_template(t, "system.dropped");
	struct span culprit = SPAN_NONE;

	t->out->did = BOT_DROPPED;
	return dropped && !bot_word(t, dropped, NULL, 0, &culprit, &t->out->reply);
}

bool bot_take_value(struct turn *t)
{
	const struct template *answer = asked_answer(t);
	const struct template_variable *v = answer ? asked_for(t, answer) : NULL;
	enum language heard = t->out->language;
	struct span value;

	if (!v)
		return false;
	t->out->language = t->spoken;
	if (t->manner.remark == REMARK_DROP && bot_drop(t))
		return true;
	if (t->manner.remark == REMARK_CANNOT || (!is_free(v) && text_says_cannot(t->m->text))) {
		bot_hand_over(t, BOT_WHY_LACKING);
		return true;
	}
	value = value_of(t, v);
	if (!value.len) {
		t->out->language = heard;
		return false;
	}
	t->values[t->value_count++] = (struct render_value){v->name, value};
	t->out->after = BOT_AFTER_VALUE;
	bot_give(t, answer, BOT_ANSWERED);
	return true;
}

bool bot_ask_again(struct turn *t)
{
	const struct template *answer = t->tries < TRIES_MAX ? asked_answer(t) : NULL;
	const struct template_variable *v = answer ? asked_for(t, answer) : NULL;

	if (!v)
		return false;
	t->out->language = t->spoken;
	snprintf(t->out->matter, sizeof(t->out->matter), "%.*s", SPAN_FMT(answer->id));
	return bot_ask(t, answer, v->name, t->tries + 1);
}
