/* What the bot says, rendered and with the record of how it came to that. */
#include "bot_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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
	for (size_t i = 0; i < t->given_count; i++)
		buf_printf(b, "%s\"%.*s\"", i ? "," : "],\"taken\":[", SPAN_FMT(t->given[i].name));
	buf_str(b, "]}}");
}

struct message *bot_say(const struct turn *t, struct message *like)
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

size_t bot_known_values(struct turn *t, struct render_value *out, size_t count)
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

size_t bot_desk_values(struct turn *t, struct render_value *out)
{
	const struct bot *bot = t->bot;
	size_t count = 0;

	snprintf(t->opens, sizeof(t->opens), "%02u:%02u", bot->opens_min / 60 % 24,
	         bot->opens_min % 60);
	snprintf(t->closes, sizeof(t->closes), "%02u:%02u", bot->closes_min / 60 % 24,
	         bot->closes_min % 60);
	snprintf(t->place, sizeof(t->place), "%u", bot->desk.place);
	snprintf(t->minutes, sizeof(t->minutes), "%u", bot->desk.wait_min);
	out[count++] = (struct render_value){SPAN_LIT("opens"), span_of(t->opens)};
	out[count++] = (struct render_value){SPAN_LIT("closes"), span_of(t->closes)};
	if (bot->desk.place)
		out[count++] = (struct render_value){SPAN_LIT("position"), span_of(t->place)};
	if (bot->desk.wait_min)
		out[count++] = (struct render_value){SPAN_LIT("minutes"), span_of(t->minutes)};
	return count;
}

int bot_word(struct turn *t, const struct template *answer, const struct render_value *values,
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
		*out = bot_say(t, &like);
		err = *out ? 0 : -ENOMEM;
	}
	buf_fini(&text);
	return err;
}

const struct template *bot_system_template(const struct turn *t, const char *id)
{
	return t->bot->catalogue ? catalogue_find(t->bot->catalogue, span_of(id)) : NULL;
}
