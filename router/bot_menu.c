/* Menus: "did you mean", and which line of one was chosen. */
#include "bot_private.h"
#include "choice.h"
#include "utf8.h"

#include <stdio.h>

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

static bool has_title(const struct template *answer, struct span said)
{
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++)
		if (span_eq(answer->title[i], said))
			return true;
	return false;
}

static const struct template *titled_line(const struct turn *t, unsigned lines, struct span said)
{
	for (unsigned line = 1; line <= lines; line++) {
		const struct template *one = menu_line(t, line);

		if (one && has_title(one, said))
			return one;
	}
	return NULL;
}

/* Of a menu of former times, whose button is still on the screen. */
static const struct template *titled(const struct catalogue *catalogue, struct span said)
{
	for (size_t i = 0; i < catalogue_count(catalogue); i++) {
		const struct template *one = catalogue_at(catalogue, i);

		if (one->kind == TEMPLATE_ANSWER && has_title(one, said))
			return one;
	}
	return NULL;
}

bool bot_has_menu(const struct turn *t)
{
	return t->kind == 'm' || t->kind == 'c';
}

const struct template *bot_chosen(const struct turn *t)
{
	unsigned lines = bot_has_menu(t) ? menu_lines(t) : 0, line;
	struct span said = span_trim(t->m->text);
	const struct template *one;

	if (lines > CHOICE_MAX)
		return NULL;
	one = titled_line(t, lines, said);
	if (!one && t->m->marks & MARK_CHOICE)
		return titled(t->bot->catalogue, said);
	line = one ? 0 : choice_of(said, lines);
	return line ? menu_line(t, line) : one;
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
	const struct template *menu = bot_system_template(t, "system.menu");
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

bool bot_offer(struct turn *t)
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
			t->out->reply = bot_say(t, &like);
	}
	if (t->out->reply)
		remember_menu(t);
	buf_fini(&wording);
	buf_fini(&text);
	buf_fini(&data);
	return t->out->reply != NULL;
}
