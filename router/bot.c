/*
 * A state is one of
 *   "m LANG ID ID ID\nQUESTION"  a menu of these answers was offered for a question
 *   "q LANG ID\nNAME=VALUE\n..." the answer ID was to be given and lacks its first variable that is
 * not named here
 */
#include "bot.h"

#include "choice.h"
#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MENU_LINES = 3, MENU_LEAST = 2, VALUES_MAX = CATALOGUE_VARIABLES_MAX + 4 };

const char *bot_did_name(enum bot_did did)
{
	static const char *const names[BOT_DIDS] = {"nothing", "answer", "chosen",
	                                            "menu",    "ask",    "human"};

	return names[did];
}

const char *bot_why_name(enum bot_why why)
{
	static const char *const names[] = {
		[BOT_WHY_NONE] = "",           [BOT_WHY_WANTED] = "wanted",
		[BOT_WHY_UNHAPPY] = "unhappy", [BOT_WHY_UNSURE] = "unsure",
		[BOT_WHY_TWICE] = "twice",     [BOT_WHY_HANDOVER] = "handover",
		[BOT_WHY_VERIFY] = "verify",   [BOT_WHY_KIND] = "kind"};

	return names[why];
}

/* A turn being worked out. */
struct turn {
	const struct bot *bot;
	const struct message *m;
	struct bot_turn *out;
	struct match match;
	bool unhappy;
	/* Of the turn before. */
	char kind; /* 'm', 'q', 0 */
	enum language spoken;
	struct span ids;      /* of a menu, or the one answer */
	struct span question; /* of a menu */
	struct render_value values[VALUES_MAX];
	size_t value_count;
	char date[16], hour[8];
};

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
	if (t->kind == 'm')
		t->question = rest;
	else if (t->kind == 'q')
		read_values(t, rest);
	else
		t->kind = 0;
}

/* --- saying ----------------------------------------------------------------------------------- */

/* As "%.3f", which costs more than all the rest of an answer. */
static void put_thousandths(struct buf *b, float value)
{
	long rounded = lroundf(value * 1000);
	unsigned long n = (unsigned long)labs(rounded);
	char text[24];
	size_t at = sizeof(text);

	for (unsigned i = 0; i < 3; i++, n /= 10)
		text[--at] = (char)('0' + n % 10);
	text[--at] = '.';
	do
		text[--at] = (char)('0' + n % 10);
	while ((n /= 10));
	if (rounded < 0)
		text[--at] = '-';
	buf_add(b, (struct span){text + at, sizeof(text) - at});
}

/* What an operator, or a program, may want to know of it later. */
static void note_record(const struct turn *t, struct buf *b)
{
	const struct match_signals *s = &t->match.signals;
	const float signals[] = {s->top,   s->margin, s->entropy,  s->peak,
	                         s->known, s->length, s->top_known};

	buf_printf(b, "{\"bot\":{\"did\":\"%s\"", bot_did_name(t->out->did));
	if (t->out->why)
		buf_printf(b, ",\"why\":\"%s\"", bot_why_name(t->out->why));
	buf_printf(b, ",\"version\":\"%s\",\"confidence\":", catalogue_version(t->bot->catalogue));
	put_thousandths(b, t->out->confidence);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		buf_str(b, i ? "," : ",\"signals\":[");
		put_thousandths(b, signals[i]);
	}
	buf_u8(b, ']');
	buf_str(b, ",\"best\":[");
	for (size_t i = 0; i < t->match.count && i < MENU_LINES; i++)
		buf_printf(b, "%s\"%.*s\"", i ? "," : "", SPAN_FMT(t->match.best[i].answer->id));
	buf_str(b, "]}}");
}

static struct message *say(const struct turn *t, struct message *like)
{
	const struct message *m = t->m;
	struct message *reply = NULL;
	struct buf record;

	buf_init(&record, 2048);
	note_record(t, &record);
	like->direction = MESSAGE_OUT;
	like->lane = LANE_REPLY;
	like->on_uncertain =
		UNCERTAIN_HOLD; /* the customer's retry settles it: see received_again */
	like->status = STATUS_QUEUED;
	like->ts_ms = t->bot->now_ms;
	like->address = m->address;
	like->channel = m->channel;
	like->local = m->local;
	like->author = SPAN_LIT("bot");
	like->lang = span_of(language_name(t->out->language));
	like->reply_to = m->cid;
	if (!buf_check(&record))
		like->options = buf_span(&record);
	if (t->bot->ops->caps.marks)
		like->marks = t->bot->ops->caps.marks(t->bot->self, like);
	reply = message_create(like);
	buf_fini(&record);
	return reply;
}

/* What every answer may use of the customer and the hour. */
static size_t known_values(struct turn *t, struct render_value *out, size_t count)
{
	time_t now = (time_t)(t->bot->now_ms / 1000);
	struct span phone, scheme = span_split(t->m->address, ':', &phone);
	struct tm local;

	localtime_r(&now, &local);
	strftime(t->date, sizeof(t->date), "%Y-%m-%d", &local);
	strftime(t->hour, sizeof(t->hour), "%H:%M", &local);
	out[count++] = (struct render_value){SPAN_LIT("date"), span_of(t->date)};
	out[count++] = (struct render_value){SPAN_LIT("time"), span_of(t->hour)};
	if (span_is(scheme, "sms"))
		out[count++] = (struct render_value){SPAN_LIT("phone"), phone};
	return count;
}

/* Renders a template: 0 and the message, or why not; *culprit is the variable that lacks a value.
 */
static int word(struct turn *t, const struct template *answer, const struct render_value *values,
                size_t count, struct span *culprit, struct message **out)
{
	const struct render_order order = {.language = t->out->language,
	                                   .medium = medium_of(span_of(t->bot->ops->caps.scheme)),
	                                   .values = values,
	                                   .count = count};
	struct message like = {.kind = MESSAGE_TEXT, .template_id = answer->id};
	struct buf text;
	int err;

	buf_init(&text, CATALOGUE_WORDING_SIZE_MAX);
	err = template_render(answer, &order, &text, culprit);
	if (!err) {
		like.text = buf_span(&text);
		*out = say(t, &like);
		err = *out ? 0 : -ENOMEM;
	}
	buf_fini(&text);
	return err;
}

static const struct template *system_template(const struct turn *t, const char *id)
{
	return t->bot->catalogue ? catalogue_find(t->bot->catalogue, span_of(id)) : NULL;
}

static void hand_over(struct turn *t, enum bot_why why)
{
	const struct template *notice = system_template(t, "system.handover");
	struct span culprit = SPAN_NONE;

	t->out->did = BOT_HUMAN;
	t->out->why = why;
	t->out->next[0] = '\0';
	if (t->kind == 'm')
		snprintf(t->out->missed, sizeof(t->out->missed), "%.*s", SPAN_FMT(t->question));
	if (notice && word(t, notice, NULL, 0, &culprit, &t->out->reply))
		t->out->reply = NULL;
}

/* --- asking for what an answer needs ---------------------------------------------------------- */

static const struct template_variable *variable_of(const struct template *t, struct span name)
{
	for (size_t i = 0; i < t->variable_count; i++)
		if (span_eq(t->variables[i].name, name))
			return &t->variables[i];
	return NULL;
}

/* False: it does not say how to ask, or there is no room to remember. */
static bool ask_for(struct turn *t, const struct template *answer, struct span name)
{
	const struct template_variable *v = variable_of(answer, name);
	const struct template *asking = system_template(t, "system.ask");
	const struct render_value what = {SPAN_LIT("what"), v ? v->about : SPAN_NONE};
	struct span culprit = SPAN_NONE;
	size_t len;

	if (!v || !asking || !v->about.len)
		return false;
	len = (size_t)snprintf(t->out->next, BOT_STATE_MAX, "q %s %.*s",
	                       language_name(t->out->language), SPAN_FMT(answer->id));
	for (size_t i = 0; i < t->value_count && len < BOT_STATE_MAX; i++)
		len += (size_t)snprintf(t->out->next + len, BOT_STATE_MAX - len, "\n%.*s=%.*s",
		                        SPAN_FMT(t->values[i].name), SPAN_FMT(t->values[i].value));
	t->out->did = BOT_ASKED;
	if (len < BOT_STATE_MAX && !word(t, asking, &what, 1, &culprit, &t->out->reply))
		return true;
	t->out->next[0] = '\0';
	return false;
}

/* Gives the answer, or asks for what it lacks, or fetches a person. */
static void give(struct turn *t, const struct template *answer, enum bot_did did)
{
	struct render_value values[VALUES_MAX];
	struct span culprit = SPAN_NONE;
	size_t count = t->value_count;
	int err;

	memcpy(values, t->values, count * sizeof(*values));
	count = known_values(t, values, count);
	snprintf(t->out->matter, sizeof(t->out->matter), "%.*s", SPAN_FMT(answer->id));
	if (answer->needs_verified) {
		hand_over(t, BOT_WHY_VERIFY);
		return;
	}
	t->out->did = did;
	err = word(t, answer, values, count, &culprit, &t->out->reply);
	if (err && !(err == -ENOENT && ask_for(t, answer, culprit)))
		hand_over(t, BOT_WHY_UNSURE);
}

/* The customer was asked for a value: is this one? */
static bool take_value(struct turn *t)
{
	const struct template *answer = catalogue_find(t->bot->catalogue, t->ids);
	struct span value = span_trim(t->m->text), name = SPAN_NONE;
	const struct template_variable *v = NULL;
	struct render_value values[VALUES_MAX];
	struct message *reply = NULL;
	size_t count = t->value_count;

	if (!answer || t->value_count >= CATALOGUE_VARIABLES_MAX)
		return false;
	memcpy(values, t->values, count * sizeof(*values));
	count = known_values(t, values, count);
	t->out->language = t->spoken;
	if (word(t, answer, values, count, &name, &reply) == -ENOENT)
		v = variable_of(answer, name);
	message_unref(&reply);
	if (!v || memchr(value.ptr ? value.ptr : "", '\n', value.len) || variable_refuse(v, value))
		return false;
	t->values[t->value_count++] = (struct render_value){v->name, value};
	give(t, answer, BOT_ANSWERED);
	return true;
}

/* --- menus ------------------------------------------------------------------------------------ */

static const struct template *menu_line(const struct turn *t, unsigned line)
{
	struct span rest = t->ids, id = SPAN_NONE;

	for (unsigned i = 0; i < line; i++)
		id = span_split(rest, ' ', &rest);
	return catalogue_find(t->bot->catalogue, id);
}

static unsigned menu_lines(const struct turn *t)
{
	unsigned count = t->ids.len != 0;

	for (size_t i = 0; i < t->ids.len; i++)
		count += t->ids.ptr[i] == ' ';
	return count;
}

/* By its number, or, as a button says it, by its title. */
static const struct template *chosen(const struct turn *t)
{
	unsigned lines = menu_lines(t), line;
	struct span said = span_trim(t->m->text);

	if (lines > CHOICE_MAX)
		return NULL;
	line = choice_of(t->m->text, lines);
	if (line)
		return menu_line(t, line);
	for (line = 1; line <= lines; line++) {
		const struct template *one = menu_line(t, line);

		for (unsigned i = 0; one && i < LANGUAGE_COUNT; i++)
			if (span_eq(one->title[i], said))
				return one;
	}
	return NULL;
}

/* Without the marks at its beginning, which would stand alone. */
static struct span without_marks(struct span text)
{
	static const char *const marks[] = {"。", "？", "，", "；", "?", ".", ",", ";", " "};
	size_t i = 0;

	while (i < ARRAY_LEN(marks)) {
		struct span mark = span_of(marks[i++]);

		if (span_starts(text, mark)) {
			text = (struct span){text.ptr + mark.len, text.len - mark.len};
			i = 0;
		}
	}
	return text;
}

/* The wording's two halves around {{choices}}. */
static bool menu_halves(struct turn *t, struct buf *wording, struct span *head, struct span *tail)
{
	static const char mark[] = "{{choices}}";
	const struct template *menu = system_template(t, "system.menu");
	const char *at, *end;

	if (!menu || template_source(menu, t->out->language,
	                             medium_of(span_of(t->bot->ops->caps.scheme)), wording))
		return false;
	at = memmem(wording->data, wording->len, mark, sizeof(mark) - 1);
	if (!at)
		return false;
	end = at + sizeof(mark) - 1;
	*head = span_trim((struct span){wording->data, (size_t)(at - wording->data)});
	*tail = without_marks((struct span){end, (size_t)(wording->data + wording->len - end)});
	return true;
}

static void put_json(struct buf *b, struct span text)
{
	buf_str(b, "\"");
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			buf_printf(b, "\\%c", text.ptr[i]);
		else if ((unsigned char)text.ptr[i] >= 0x20)
			buf_add(b, (struct span){text.ptr + i, 1});
	buf_str(b, "\"");
}

/* Both forms of connector.h's menus: texts, and texts with ids. */
static void put_choices(const struct turn *t, struct span tail, struct buf *b)
{
	buf_str(b, "{\"options\":[");
	for (size_t i = 0; i < t->match.count && i < MENU_LINES; i++) {
		buf_str(b, i ? "," : "");
		put_json(b, t->match.best[i].answer->title[t->out->language]);
	}
	buf_str(b, "],\"choices\":[");
	for (size_t i = 0; i < t->match.count && i < MENU_LINES; i++) {
		buf_printf(b, "%s{\"id\":\"%zu\",\"text\":", i ? "," : "", i + 1);
		put_json(b, t->match.best[i].answer->title[t->out->language]);
		buf_str(b, "}");
	}
	buf_str(b, "],\"tail\":");
	put_json(b, tail);
	buf_str(b, "}");
}

static void put_lines(const struct turn *t, struct span tail, struct buf *b)
{
	for (size_t i = 0; i < t->match.count && i < MENU_LINES; i++)
		buf_printf(b, "\n%zu %.*s", i + 1,
		           SPAN_FMT(t->match.best[i].answer->title[t->out->language]));
	if (tail.len)
		buf_printf(b, "\n%.*s", SPAN_FMT(tail));
}

static void remember_menu(struct turn *t)
{
	struct span question = utf8_cut(t->m->text, BOT_QUESTION_MAX);
	size_t len = (size_t)snprintf(t->out->next, BOT_STATE_MAX, "m %s",
	                              language_name(t->out->language));

	for (size_t i = 0; i < t->match.count && i < MENU_LINES; i++)
		len += (size_t)snprintf(t->out->next + len, BOT_STATE_MAX - len, " %.*s",
		                        SPAN_FMT(t->match.best[i].answer->id));
	snprintf(t->out->next + len, BOT_STATE_MAX - len, "\n%.*s", SPAN_FMT(question));
}

/* False: it cannot be said. */
static bool offer(struct turn *t)
{
	bool buttons = t->bot->ops->caps.kinds & 1U << MESSAGE_MENU;
	struct message like = {.kind = buttons ? MESSAGE_MENU : MESSAGE_TEXT,
	                       .template_id = SPAN_LIT("system.menu")};
	struct buf wording, text, data;
	struct span head, tail;

	buf_init(&wording, CATALOGUE_WORDING_SIZE_MAX);
	buf_init(&text, (size_t)2 * CATALOGUE_WORDING_SIZE_MAX);
	buf_init(&data, (size_t)2 * CATALOGUE_WORDING_SIZE_MAX);
	t->out->did = BOT_MENU;
	if (menu_halves(t, &wording, &head, &tail)) {
		buf_add(&text, head);
		if (buttons)
			put_choices(t, tail, &data);
		else
			put_lines(t, tail, &text);
		like.text = buf_span(&text);
		like.data = buf_span(&data);
		if (!buf_check(&text) && !buf_check(&data))
			t->out->reply = say(t, &like);
	}
	if (t->out->reply)
		remember_menu(t);
	buf_fini(&wording);
	buf_fini(&text);
	buf_fini(&data);
	return t->out->reply != NULL;
}

/* --- a turn ----------------------------------------------------------------------------------- */

static void by_match(struct turn *t)
{
	const struct match *m = &t->match;

	if (m->zone == MATCH_ANSWER && m->count)
		give(t, m->best[0].answer, BOT_ANSWERED);
	else if (m->handover)
		hand_over(t, BOT_WHY_HANDOVER);
	else if (t->kind)
		hand_over(t, BOT_WHY_TWICE);
	else if (m->zone != MATCH_MENU || m->count < MENU_LEAST || !offer(t))
		hand_over(t, BOT_WHY_UNSURE);
}

static void read_text(struct turn *t)
{
	const struct bot *bot = t->bot;
	enum language hint = LANGUAGE_UNKNOWN;

	if (language_parse(t->m->lang, &hint))
		hint = t->kind ? t->spoken : LANGUAGE_UNKNOWN;
	match_memo_match(bot->memo, bot->catalogue, bot->scratch, t->m->text, hint, &t->match,
	                 &t->unhappy);
	t->out->language = t->match.language < LANGUAGE_COUNT ? t->match.language
	                   : t->kind                          ? t->spoken
	                                                      : LANGUAGE_ZH;
	t->out->confidence = t->match.confidence;
	if (t->match.count)
		snprintf(t->out->matter, sizeof(t->out->matter), "%.*s",
		         SPAN_FMT(t->match.best[0].answer->id));
}

static void answer_text(struct turn *t)
{
	const struct template *choice;

	read_text(t);
	if (t->match.intent == MATCH_WANTS_HUMAN) {
		hand_over(t, BOT_WHY_WANTED);
		return;
	}
	if (t->unhappy) {
		hand_over(t, BOT_WHY_UNHAPPY);
		return;
	}
	choice = t->kind == 'm' ? chosen(t) : NULL;
	if (choice) {
		t->out->language = t->spoken;
		give(t, choice, BOT_CHOSEN);
	} else if (t->kind != 'q' || !take_value(t)) {
		by_match(t);
	}
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
		hand_over(&t, BOT_WHY_KIND);
	} else {
		answer_text(&t);
	}
}
