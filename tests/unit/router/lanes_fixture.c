/* What the tests of the lanes share. */
#include "lanes_fixture.h"

#include "log_codec.h"
#include "pack.h"
#include "router_keys.h"

#include <stdio.h>

void on_sent(void *arg, const struct router_sent *sent)
{
	*(struct sent_call *)arg =
		(struct sent_call){true, sent->seq, sent->status, sent->error.err};
}

struct router_send text_to(unsigned customer, const char *cid)
{
	return (struct router_send){.address = address_of(customer),
	                            .channel = SPAN_LIT("ch"),
	                            .text = span_of(cid),
	                            .author = SPAN_LIT("api:test"),
	                            .cid = span_of(cid),
	                            .lane = LANE_CAMPAIGN};
}

struct sent_call post(const struct router_send *what)
{
	struct sent_call call = {0};

	ck_assert_int_eq(router_send(fx.node.router, what, on_sent, &call), 0);
	io_wait(fx.loop, io_is_true, &call.done, SOON_MS);
	ck_assert_int_eq(call.err, 0);
	return call;
}

uint64_t send_text(unsigned customer, const char *cid)
{
	const struct router_send what = text_to(customer, cid);

	return post(&what).seq;
}

void link_up(bool up)
{
	connector_state(fx.node.self->host, up ? CHANNEL_UP : CHANNEL_DOWN, NULL);
}

const char *text_of(size_t i)
{
	static char text[64];

	snprintf(text, sizeof(text), "%.*s", SPAN_FMT(fx.node.self->sent[i]->text));
	return text;
}

uint64_t now_ms(void)
{
	return clock_wall_ms(&clock_system);
}

void on_dead(void *arg, const struct router_error *error, const struct router_dead_letter *letters,
             size_t count, const char *next)
{
	struct dead_result *r = arg;

	ck_assert_int_eq(error->err, 0);
	ck_assert_uint_le(count, 16);
	r->count = count;
	for (size_t i = 0; i < count; i++) {
		const struct message *m = letters[i].event ? letters[i].event->message : NULL;

		snprintf(r->codes[i], 40, "%.*s", SPAN_FMT(letters[i].code));
		snprintf(r->texts[i], 40, "%.*s", SPAN_FMT(m ? m->text : SPAN_NONE));
		snprintf(r->conversations[i], 40, "%.*s", SPAN_FMT(letters[i].conversation));
		r->seqs[i] = letters[i].seq;
		r->attempts[i] = letters[i].attempts;
		ck_assert_uint_gt(letters[i].failed_ms, 0);
	}
	snprintf(r->next, sizeof(r->next), "%s", next);
	r->done = true;
}

struct dead_result dead(const char *cursor, unsigned limit)
{
	struct dead_result r = {0};

	ck_assert_int_eq(router_dead_list(fx.node.router, SPAN_LIT("ch"), span_of(cursor), limit,
	                                  on_dead, &r),
	                 0);
	io_wait(fx.loop, io_is_true, &r.done, SOON_MS);
	return r;
}

struct count_result {
	bool done;
	uint64_t count;
};

static void on_count(void *arg, const struct router_error *error, uint64_t count)
{
	ck_assert_int_eq(error->err, 0);
	*(struct count_result *)arg = (struct count_result){true, count};
}

uint64_t dead_count(void)
{
	struct count_result r = {0};

	ck_assert_int_eq(router_dead_count(fx.node.router, SPAN_LIT("ch"), on_count, &r), 0);
	io_wait(fx.loop, io_is_true, &r.done, SOON_MS);
	return r.count;
}

const char *dead_do(unsigned customer, uint64_t seq, enum router_dead_act act)
{
	static struct ok_call call;

	call = (struct ok_call){0};
	ck_assert_int_eq(router_dead_do(fx.node.router, SPAN_LIT("ch"), conversation_of(customer),
	                                seq, act, on_ok, &call),
	                 0);
	return wait_ok(&call);
}

void refuse(size_t i, const char *code)
{
	const struct send_result refused = {
		.outcome = SEND_REFUSED, .parts = 1, .code = code, .reason = "why"};

	connector_result(fx.node.self->host, fx.node.self->sent[i], &refused);
}

void tell_part(size_t i, uint16_t part, uint16_t parts, const char *id, const char *code)
{
	const struct send_result result = {.outcome = code ? SEND_REFUSED : SEND_OK,
	                                   .part = part,
	                                   .parts = parts,
	                                   .id = span_of(id),
	                                   .code = code};

	connector_result(fx.node.self->host, fx.node.self->sent[i], &result);
}

struct steps {
	bool done;
	uint64_t of;
	char text[200];
};

static void on_steps(void *arg, const struct router_error *error, const struct log_event *events,
                     size_t count, bool more)
{
	struct steps *s = arg;

	(void)more;
	ck_assert_int_eq(error->err, 0);
	for (size_t i = 0; i < count; i++)
		if (events[i].type == LOG_STATUS && events[i].of == s->of)
			snprintf(s->text + strlen(s->text), sizeof(s->text) - strlen(s->text),
			         "%s %.*s%s%.*s;", message_status_name(events[i].status),
			         SPAN_FMT(events[i].code), events[i].parts.len ? " " : "",
			         SPAN_FMT(events[i].parts));
	s->done = true;
}

const char *steps_of(unsigned customer, uint64_t seq)
{
	static struct steps s;

	s = (struct steps){.of = seq};
	ck_assert_int_eq(
		router_read(fx.node.router, conversation_of(customer), 0, 0, 100, on_steps, &s), 0);
	io_wait(fx.loop, io_is_true, &s.done, SOON_MS);
	return s.text;
}

char answered[64];

static void on_any(void *arg, int err, const redisReply *reply, const char *why)
{
	ck_assert_msg(err == 0, "%s", why ? why : "");
	snprintf(answered, sizeof(answered), "%.*s", SPAN_FMT(redis_text(reply)));
	*(bool *)arg = true;
}

void function_do(const char *name, const struct span *argv, size_t argc)
{
	bool done = false;

	ck_assert_int_eq(redis_fcall(fx.node.redis, name,
	                             router_partition(router_partition_of(conversation_of(ALICE))),
	                             argv, argc, on_any, &done),
	                 0);
	io_wait(fx.loop, io_is_true, &done, SOON_MS);
}

void another_says(uint64_t seq, const char *letter, unsigned parts)
{
	struct buf common, item;

	buf_init(&common, 1000);
	pack_array(&common, 6);
	pack_text(&common, SPAN_LIT("ch"));
	pack_num(&common, now_ms());
	pack_num(&common, 0);
	pack_num(&common, 1000);
	pack_num(&common, 0);
	pack_text(&common, SPAN_LIT("n9#1"));
	buf_init(&item, 1000);
	pack_array(&item, 11);
	pack_text(&item, conversation_of(ALICE));
	pack_num(&item, seq);
	pack_text(&item, span_of(letter));
	pack_num(&item, 0);
	pack_num(&item, parts);
	pack_text(&item, SPAN_NONE);
	pack_text(&item, SPAN_NONE);
	pack_num(&item, 0);
	pack_text(&item, SPAN_LIT("p0"));
	pack_num(&item, 0);
	pack_num(&item, 0);
	function_do("ph2_settle", (struct span[]){buf_span(&common), buf_span(&item)}, 2);
	buf_fini(&common);
	buf_fini(&item);
}

void redis_do(int argc, const struct span *argv)
{
	bool done = false;

	ck_assert_int_eq(redis_command(fx.node.redis, argc, argv, on_any, &done), 0);
	io_wait(fx.loop, io_is_true, &done, SOON_MS);
}
