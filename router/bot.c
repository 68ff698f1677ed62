/*
 * A state is one of
 *   "m LANG ID ID ID\nQUESTION"        a menu of these answers was offered for a question
 *   "c LANG ID ID ID\nQUESTION"        one of them was given; the others may still be chosen
 *   "q LANG ID TRIES\nNAME=VALUE\n..." the answer ID was to be given and lacks its first variable
 * that is not named here; so many values were none
 */
#include "bot_private.h"

#include <stdio.h>
#include <time.h>

const char *bot_did_name(enum bot_did did)
{
	static const char *const names[BOT_DIDS] = {"nothing", "answer",  "chosen", "menu",
	                                            "ask",     "dropped", "human"};

	return names[did];
}

const char *bot_why_name(enum bot_why why)
{
	static const char *const names[] = {
		[BOT_WHY_NONE] = "",           [BOT_WHY_WANTED] = "wanted",
		[BOT_WHY_UNHAPPY] = "unhappy", [BOT_WHY_UNSURE] = "unsure",
		[BOT_WHY_TWICE] = "twice",     [BOT_WHY_HANDOVER] = "handover",
		[BOT_WHY_VERIFY] = "verify",   [BOT_WHY_LACKING] = "lacking",
		[BOT_WHY_KIND] = "kind"};

	return names[why];
}

/* --- the turn before -------------------------------------------------------------------------- */

static void read_values(struct turn *t, struct span rest)
{
	while (rest.len && t->value_count < CATALOGUE_VARIABLES_MAX) {
		struct span value, line = span_split(rest, '\n', &rest);
		struct span name = span_split(line, '=', &value);

		t->values[t->value_count++] = (struct render_value){name, value};
	}
}

static void read_state(struct turn *t, struct span state)
{
	struct span rest, first = span_split(state, '\n', &rest);
	struct span kind = span_split(first, ' ', &first), lang = span_split(first, ' ', &first);

	if (kind.len != 1 || language_parse(lang, &t->spoken))
		return;
	t->kind = kind.ptr[0];
	t->ids = first;
	if (t->kind == 'm' || t->kind == 'c') {
		t->question = rest;
	} else if (t->kind == 'q') {
		t->ids = span_split(first, ' ', &first);
		t->tries =
			first.len == 1 && first.ptr[0] > '0' ? (unsigned)(first.ptr[0] - '0') : 0;
		read_values(t, rest);
	} else {
		t->kind = 0;
	}
}

/* --- the ways out ------------------------------------------------------------------------------
 */

/* Whether agents are there by now; hours may go over midnight. */
static bool is_open(const struct bot *bot)
{
	time_t now = (time_t)(bot->now_ms / 1000);
	unsigned opens = bot->opens_min, closes = bot->closes_min, minute;
	struct tm local;

	if (opens == closes)
		return true;
	localtime_r(&now, &local);
	minute = (unsigned)(local.tm_hour * 60 + local.tm_min);
	if (opens < closes)
		return minute >= opens && minute < closes;
	return minute >= opens || minute < closes;
}

/* As the desk stands; of what is not known nothing is said. */
static const char *notice_name(const struct bot *bot)
{
	if (!is_open(bot))
		return "system.handover_closed";
	if (bot->desk.known && !bot->desk.agents)
		return "system.handover_away";
	if (bot->desk.place)
		return bot->desk.wait_min ? "system.handover_position" : "system.handover_place";
	return "system.handover";
}

/* Where the catalogue lacks it, or it wants what is not known, the plain one; it promises nothing
 * but that the customer is handed over. */
static void say_notice(struct turn *t)
{
	const char *const names[] = {notice_name(t->bot), "system.handover"};

	for (size_t i = 0; i < ARRAY_LEN(names) && !t->out->reply; i++) {
		const struct template *notice = bot_system_template(t, names[i]);
		struct render_value values[VALUES_MAX];
		struct span culprit = SPAN_NONE;

		if (notice && bot_word(t, notice, values, bot_desk_values(t, values), &culprit,
		                       &t->out->reply))
			t->out->reply = NULL;
	}
}

void bot_hand_over(struct turn *t, enum bot_why why)
{
	t->out->did = BOT_HUMAN;
	t->out->why = why;
	t->out->next[0] = '\0';
	if (t->kind == 'm')
		snprintf(t->out->missed, sizeof(t->out->missed), "%.*s", SPAN_FMT(t->question));
	say_notice(t);
}

void bot_give(struct turn *t, const struct template *answer, enum bot_did did)
{
	struct render_value values[VALUES_MAX];
	struct span culprit = SPAN_NONE;
	size_t count = t->value_count;
	int err;

	memcpy(values, t->values, count * sizeof(*values));
	count = bot_known_values(t, values, count);
	snprintf(t->out->matter, sizeof(t->out->matter), "%.*s", SPAN_FMT(answer->id));
	if (answer->needs_verified && !t->bot->verified) {
		bot_hand_over(t, BOT_WHY_VERIFY);
		return;
	}
	t->out->did = did;
	t->out->secret = answer->needs_verified;
	err = bot_word(t, answer, values, count, &culprit, &t->out->reply);
	if (err && !(err == -ENOENT && bot_ask(t, answer, culprit, 0)))
		bot_hand_over(t, BOT_WHY_UNSURE);
}

/* --- a turn ----------------------------------------------------------------------------------- */

static void by_match(struct turn *t)
{
	const struct match *m = &t->match;

	if (m->zone == MATCH_ANSWER && m->count) {
		bot_take_given(t, m->best[0].answer, t->m->text);
		bot_give(t, m->best[0].answer, BOT_ANSWERED);
	} else if (m->handover) {
		bot_hand_over(t, BOT_WHY_HANDOVER);
	} else if (t->kind == 'q' && bot_ask_again(t)) {
		return;
	} else if (t->kind == 'q' || t->kind == 'm') {
		bot_hand_over(t, BOT_WHY_TWICE);
	} else if (m->zone != MATCH_MENU || m->count < MENU_LEAST || t->manner.chooses ||
	           !bot_offer(t)) {
		bot_hand_over(t, BOT_WHY_UNSURE);
	}
}

static enum bot_after after_of(const struct turn *t)
{
	if (t->match.intent == MATCH_WANTS_HUMAN || t->manner.unhappy)
		return BOT_AFTER_PERSON;
	if (t->manner.remark == REMARK_THANKS)
		return BOT_AFTER_THANKS;
	return t->manner.remark == REMARK_DROP ? BOT_AFTER_DROP : BOT_AFTER_OTHER;
}

static void read_text(struct turn *t)
{
	const struct bot *bot = t->bot;
	enum language hint = LANGUAGE_UNKNOWN;

	if (language_parse(t->m->lang, &hint))
		hint = t->kind ? t->spoken : LANGUAGE_UNKNOWN;
	match_memo_match(bot->memo, bot->catalogue, bot->scratch, t->m->text, hint, &t->match,
	                 &t->manner);
	t->out->language = t->match.language < LANGUAGE_COUNT ? t->match.language
	                   : t->kind                          ? t->spoken
	                                                      : LANGUAGE_ZH;
	t->out->confidence = t->match.confidence;
	t->out->after = after_of(t);
	t->out->question = !t->manner.remark && !t->manner.chooses;
	if (t->match.count)
		snprintf(t->out->matter, sizeof(t->out->matter), "%.*s",
		         SPAN_FMT(t->match.best[0].answer->id));
}

/* What the menu was offered for; none where it is not known whole, since a number may be cut. */
static struct span question_of_menu(const struct turn *t)
{
	enum { CHARACTER = 4 /* octets at most */ };

	return bot_has_menu(t) && t->question.len + CHARACTER <= BOT_QUESTION_MAX ? t->question
	                                                                          : SPAN_NONE;
}

/* A line of a menu, or another one after it. */
static void give_choice(struct turn *t, const struct template *choice)
{
	bot_take_given(t, choice, question_of_menu(t));
	t->out->language = t->kind ? t->spoken : t->out->language;
	t->out->after = BOT_AFTER_CHOICE;
	bot_give(t, choice, BOT_CHOSEN);
	if (t->out->did == BOT_CHOSEN && bot_has_menu(t))
		snprintf(t->out->next, BOT_STATE_MAX, "c %s %.*s\n%.*s", language_name(t->spoken),
		         SPAN_FMT(t->ids), SPAN_FMT(t->question));
}

static void answer_text(struct turn *t)
{
	const struct template *choice;

	read_text(t);
	if (t->match.intent == MATCH_WANTS_HUMAN) {
		bot_hand_over(t, BOT_WHY_WANTED);
		return;
	}
	if (t->manner.unhappy) {
		bot_hand_over(t, BOT_WHY_UNHAPPY);
		return;
	}
	if (t->kind == 'm' && t->manner.remark == REMARK_DROP && bot_drop(t))
		return;
	choice = bot_chosen(t);
	if (choice)
		give_choice(t, choice);
	else if (t->kind != 'q' || !bot_take_value(t))
		by_match(t);
}

void bot_turn(const struct bot *bot, const struct message *m, struct span state,
              struct bot_turn *out)
{
	struct turn t = {.bot = bot, .m = m, .out = out};

	*out = (struct bot_turn){.did = BOT_NOTHING, .language = LANGUAGE_ZH};
	if (m->kind == MESSAGE_EVENT)
		return;
	read_state(&t, state);
	if (language_parse(m->lang, &out->language))
		out->language = t.kind ? t.spoken : LANGUAGE_ZH;
	if (!bot->catalogue) {
		out->did = BOT_HUMAN;
		out->why = BOT_WHY_UNSURE;
	} else if (m->kind != MESSAGE_TEXT || m->marks & MARK_INCOMPLETE) {
		bot_hand_over(&t, BOT_WHY_KIND);
	} else {
		answer_text(&t);
	}
}
