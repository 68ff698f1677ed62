/*
 * The lanes on a real Redis: what waits, what is not due yet, what is taken back, what finally
 * failed, and that nothing vanishes on the way.
 */
#include "log_codec.h"
#include "pack.h"
#include "router_fixture.h"
#include "router_keys.h"

#include <stdio.h>

enum { SOON_MS = 10000 };

static void start(void)
{
	fixture_start(false);
}

struct sent_call {
	bool done;
	uint64_t seq;
	enum message_status status;
	int err;
};

static void on_sent(void *arg, const struct router_sent *sent)
{
	*(struct sent_call *)arg =
		(struct sent_call){true, sent->seq, sent->status, sent->error.err};
}

static struct router_send text_to(unsigned customer, const char *cid)
{
	return (struct router_send){.address = address_of(customer),
	                            .channel = SPAN_LIT("ch"),
	                            .text = span_of(cid),
	                            .author = SPAN_LIT("api:test"),
	                            .cid = span_of(cid),
	                            .lane = LANE_CAMPAIGN};
}

static struct sent_call post(const struct router_send *what)
{
	struct sent_call call = {0};

	ck_assert_int_eq(router_send(fx.node.router, what, on_sent, &call), 0);
	io_wait(fx.loop, io_is_true, &call.done, SOON_MS);
	ck_assert_int_eq(call.err, 0);
	return call;
}

static uint64_t send_text(unsigned customer, const char *cid)
{
	const struct router_send what = text_to(customer, cid);

	return post(&what).seq;
}

static void link_up(bool up)
{
	connector_state(fx.node.self->host, up ? CHANNEL_UP : CHANNEL_DOWN, NULL);
}

static const char *text_of(size_t i)
{
	static char text[64];

	snprintf(text, sizeof(text), "%.*s", SPAN_FMT(fx.node.self->sent[i]->text));
	return text;
}

static uint64_t now_ms(void)
{
	return clock_wall_ms(&clock_system);
}

/* --- Scheduled and canceled ----------------------------------------------------------------- */

static const char *cancel(unsigned customer, uint64_t seq)
{
	static struct ok_call call;

	call = (struct ok_call){0};
	ck_assert_int_eq(
		router_cancel(fx.node.router, conversation_of(customer), seq, on_ok, &call), 0);
	return wait_ok(&call);
}

START_TEST(what_is_scheduled_is_sent_when_it_is_due)
{
	struct router_send later = text_to(ALICE, "later");
	struct sent_call call;

	later.due_ms = now_ms() + 1500;
	call = post(&later);
	ck_assert_int_eq(call.status, STATUS_SCHEDULED);
	ck_assert_int_eq(status_of(&fx.node, ALICE, call.seq), STATUS_SCHEDULED);
	send_text(ALICE, "now");
	wait_sent(&fx.node, 2);
	ck_assert_uint_ge(now_ms(), later.due_ms);
	ck_assert_str_eq(text_of(0), "now");
	ck_assert_str_eq(text_of(1), "later");
}
END_TEST

START_TEST(what_is_due_already_is_sent_at_once)
{
	struct router_send past = text_to(ALICE, "past");

	past.due_ms = now_ms() - 1;
	ck_assert_int_eq(post(&past).status, STATUS_SENDING);
	ck_assert_uint_eq(fx.node.self->count, 1);
}
END_TEST

START_TEST(what_is_taken_back_is_never_sent)
{
	struct router_send later = text_to(ALICE, "later");
	uint64_t scheduled, queued;

	later.due_ms = now_ms() + 1000;
	scheduled = post(&later).seq;
	link_up(false);
	queued = send_text(ALICE, "queued");
	ck_assert_str_eq(cancel(ALICE, scheduled), "");
	ck_assert_str_eq(cancel(ALICE, queued), "");
	ck_assert_str_eq(cancel(ALICE, queued), ""); /* its answer was lost */
	ck_assert_int_eq(status_of(&fx.node, ALICE, scheduled), STATUS_CANCELED);
	ck_assert_int_eq(status_of(&fx.node, ALICE, queued), STATUS_CANCELED);
	link_up(true);
	send_text(BOB, "other");
	io_idle(fx.loop, 2500);
	ck_assert_uint_eq(fx.node.self->count, 1);
	ck_assert_str_eq(text_of(0), "other");
}
END_TEST

START_TEST(what_is_being_sent_cannot_be_taken_back)
{
	uint64_t seq = send_text(ALICE, "one");

	ck_assert_str_eq(cancel(ALICE, seq), "too_late");
	tell_outcome(&fx.node, 0, SEND_OK, "id1");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
	ck_assert_str_eq(cancel(ALICE, seq), "too_late");
	ck_assert_str_eq(cancel(ALICE, seq + 1), "message_unknown");
	ck_assert_str_eq(cancel(BOB, 1), "message_unknown");
}
END_TEST

/* --- Dead letters ---------------------------------------------------------------------------- */

struct dead_result {
	bool done;
	size_t count;
	char codes[16][40], texts[16][40];
	uint64_t seqs[16];
	unsigned attempts[16];
	char next[120];
};

static void on_dead(void *arg, const struct router_error *error,
                    const struct router_dead_letter *letters, size_t count, const char *next)
{
	struct dead_result *r = arg;

	ck_assert_int_eq(error->err, 0);
	ck_assert_uint_le(count, 16);
	r->count = count;
	for (size_t i = 0; i < count; i++) {
		const struct message *m = letters[i].event ? letters[i].event->message : NULL;

		snprintf(r->codes[i], 40, "%.*s", SPAN_FMT(letters[i].code));
		snprintf(r->texts[i], 40, "%.*s", SPAN_FMT(m ? m->text : SPAN_NONE));
		r->seqs[i] = letters[i].seq;
		r->attempts[i] = letters[i].attempts;
		ck_assert_uint_gt(letters[i].failed_ms, 0);
	}
	snprintf(r->next, sizeof(r->next), "%s", next);
	r->done = true;
}

static struct dead_result dead(const char *cursor, unsigned limit)
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

static uint64_t dead_count(void)
{
	struct count_result r = {0};

	ck_assert_int_eq(router_dead_count(fx.node.router, SPAN_LIT("ch"), on_count, &r), 0);
	io_wait(fx.loop, io_is_true, &r.done, SOON_MS);
	return r.count;
}

static const char *dead_do(unsigned customer, uint64_t seq, enum router_dead_act act)
{
	static struct ok_call call;

	call = (struct ok_call){0};
	ck_assert_int_eq(router_dead_do(fx.node.router, SPAN_LIT("ch"), conversation_of(customer),
	                                seq, act, on_ok, &call),
	                 0);
	return wait_ok(&call);
}

static void refuse(size_t i, const char *code)
{
	const struct send_result refused = {
		.outcome = SEND_REFUSED, .parts = 1, .code = code, .reason = "why"};

	connector_result(fx.node.self->host, fx.node.self->sent[i], &refused);
}

START_TEST(what_is_refused_is_kept_replayed_once_and_dropped)
{
	uint64_t seq = send_text(ALICE, "one");
	struct dead_result r;

	refuse(0, "smpp.0x0000000b");
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	r = dead("", 10);
	ck_assert_uint_eq(r.count, 1);
	ck_assert_uint_eq(dead_count(), 1);
	ck_assert_str_eq(r.codes[0], "smpp.0x0000000b");
	ck_assert_str_eq(r.texts[0], "one");
	ck_assert_uint_eq(r.seqs[0], seq);
	ck_assert_str_eq(r.next, "");
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "");
	io_idle(fx.loop, 2); /* in the same instant it would be the same call */
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "message_unknown");
	wait_sent(&fx.node, 2);
	ck_assert_uint_eq(fx.node.self->sent[1]->seq, seq);
	tell_outcome(&fx.node, 1, SEND_OK, "id1");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
	ck_assert_uint_eq(dead_count(), 0);
	/* It may fail again, and be forgotten. */
	seq = send_text(ALICE, "two");
	refuse(2, "x");
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_DROP), "");
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_DROP), "message_unknown");
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "message_unknown");
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_FAILED);
	io_idle(fx.loop, 200);
	ck_assert_uint_eq(fx.node.self->count, 3);
}
END_TEST

static void tell_part(size_t i, uint16_t part, uint16_t parts, const char *id, const char *code)
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
			         "%s %.*s;", message_status_name(events[i].status),
			         SPAN_FMT(events[i].code));
	s->done = true;
}

/* What was said of message seq, "STATUS CODE;" each. */
static const char *steps_of(unsigned customer, uint64_t seq)
{
	static struct steps s;

	s = (struct steps){.of = seq};
	ck_assert_int_eq(
		router_read(fx.node.router, conversation_of(customer), 0, 0, 100, on_steps, &s), 0);
	io_wait(fx.loop, io_is_true, &s.done, SOON_MS);
	return s.text;
}

START_TEST(what_was_taken_in_part_is_no_dead_letter)
{
	uint64_t seq = send_text(ALICE, "long");

	tell_part(0, 0, 3, "p0", NULL);
	tell_part(0, 1, 3, "", "first");
	io_idle(fx.loop, 100);
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_SENDING);
	tell_part(0, 2, 3, "", "second");
	wait_status(&fx.node, ALICE, seq, STATUS_PARTIALLY_DELIVERED);
	ck_assert_str_eq(steps_of(ALICE, seq), "sending first;partially_delivered first;");
	tell_receipt(&fx.node, "p0", STATUS_DELIVERED);
	io_idle(fx.loop, 100);
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_PARTIALLY_DELIVERED);
	ck_assert_uint_eq(dead_count(), 0);
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "message_unknown");
}
END_TEST

START_TEST(what_was_refused_in_all_its_parts_is_a_dead_letter_for_the_first_reason)
{
	uint64_t seq = send_text(ALICE, "long");

	tell_part(0, 0, 2, "", "first");
	io_idle(fx.loop, 100);
	ck_assert_uint_eq(dead_count(), 0);
	tell_part(0, 1, 2, "", "second");
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	ck_assert_uint_eq(dead_count(), 1);
	ck_assert_str_eq(dead("", 10).codes[0], "first");
}
END_TEST

START_TEST(what_receipts_say_of_parts_makes_the_whole)
{
	uint64_t seq = send_text(ALICE, "long");

	tell_part(0, 0, 2, "p0", NULL);
	tell_part(0, 1, 2, "p1", NULL);
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
	tell_receipt(&fx.node, "p0", STATUS_UNDELIVERED);
	wait_status(&fx.node, ALICE, seq, STATUS_PARTIALLY_DELIVERED);
	tell_receipt(&fx.node, "p1", STATUS_UNDELIVERED);
	wait_status(&fx.node, ALICE, seq, STATUS_UNDELIVERED);
	/* EXPIRED, and then DELIVRD. */
	tell_receipt(&fx.node, "p1", STATUS_DELIVERED);
	wait_status(&fx.node, ALICE, seq, STATUS_PARTIALLY_DELIVERED);
	tell_receipt(&fx.node, "p0", STATUS_DELIVERED);
	wait_status(&fx.node, ALICE, seq, STATUS_DELIVERED);
	ck_assert_uint_eq(dead_count(), 0);
}
END_TEST

static char answered[64];

static void on_any(void *arg, int err, const redisReply *reply, const char *why)
{
	ck_assert_msg(err == 0, "%s", why ? why : "");
	snprintf(answered, sizeof(answered), "%.*s", SPAN_FMT(redis_text(reply)));
	*(bool *)arg = true;
}

/* As another node would call it, in Alice's partition. */
static void function_do(const char *name, const struct span *argv, size_t argc)
{
	bool done = false;

	ck_assert_int_eq(redis_fcall(fx.node.redis, name,
	                             router_partition(router_partition_of(conversation_of(ALICE))),
	                             argv, argc, on_any, &done),
	                 0);
	io_wait(fx.loop, io_is_true, &done, SOON_MS);
}

/* Another node, given up for dead, is heard of the first of so many parts. */
static void another_says(uint64_t seq, const char *letter, unsigned parts)
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
	pack_array(&item, 10);
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
	function_do("ph2_settle", (struct span[]){buf_span(&common), buf_span(&item)}, 2);
	buf_fini(&common);
	buf_fini(&item);
}

START_TEST(what_waits_is_sent_whatever_is_known_of_a_part)
{
	uint64_t seq;

	link_up(false);
	seq = send_text(ALICE, "long");
	another_says(seq, "s", 2);
	link_up(true);
	wait_sent(&fx.node, 1);
	ck_assert_str_eq(text_of(0), "long");
}
END_TEST

START_TEST(what_is_in_one_nodes_hands_no_other_ends)
{
	uint64_t seq = send_text(ALICE, "mine");

	wait_sent(&fx.node, 1);
	another_says(seq, "f", 1);
	ck_assert_int_eq(status_of(&fx.node, ALICE, seq), STATUS_SENDING);
	ck_assert_uint_eq(dead_count(), 0);
	tell_outcome(&fx.node, 0, SEND_OK, "id");
	wait_status(&fx.node, ALICE, seq, STATUS_SENT);
}
END_TEST

START_TEST(a_replay_whose_answer_was_lost_is_done_once_and_said_again)
{
	uint64_t seq = send_text(ALICE, "one");
	char number[24], now[24];
	struct dead_result r;
	const struct span argv[] = {
		SPAN_LIT("ch"), conversation_of(ALICE), {number, 1 },
		{now,    13},
                  SPAN_LIT("1000"),       SPAN_LIT("0")
        };

	snprintf(number, sizeof(number), "%llu", (unsigned long long)seq);
	snprintf(now, sizeof(now), "%llu", (unsigned long long)now_ms());
	refuse(0, "x");
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	r = dead("", 10);
	ck_assert_uint_eq(r.count, 1);
	function_do("ph2_replay", argv, ARRAY_LEN(argv));
	ck_assert_str_eq(answered, "2");
	function_do("ph2_replay", argv, ARRAY_LEN(argv));
	ck_assert_str_eq(answered, "2");
	now[12] = now[12] == '0' ? '1' : '0'; /* somebody else's */
	function_do("ph2_replay", argv, ARRAY_LEN(argv));
	ck_assert_str_eq(answered, "message_unknown");
	wait_sent(&fx.node, 2);
	io_idle(fx.loop, 100);
	ck_assert_uint_eq(fx.node.self->count, 2);
}
END_TEST

START_TEST(pages_of_dead_letters_are_whole_and_newest_first)
{
	static const char *const cids[] = {"1", "2", "3", "4", "5", "6", "7"};
	char cursor[120] = "", seen[16] = "";
	size_t pages = 0;

	for (size_t i = 0; i < ARRAY_LEN(cids); i++) {
		uint64_t seq = send_text(i % 4, cids[i]);

		refuse(i, "x");
		wait_status(&fx.node, i % 4, seq, STATUS_FAILED);
		io_idle(fx.loop, 2); /* each of an instant of its own */
	}
	do {
		struct dead_result r = dead(cursor, 3);

		for (size_t i = 0; i < r.count; i++)
			strcat(seen, r.texts[i]);
		strcpy(cursor, r.next);
		pages++;
	} while (cursor[0] && pages < 10);
	ck_assert_uint_eq(pages, 3);
	ck_assert_str_eq(seen, "7654321");
	ck_assert_int_eq(router_dead_list(fx.node.router, SPAN_LIT("ch"), SPAN_LIT("nonsense"), 3,
	                                  on_dead, NULL),
	                 -EINVAL);
}
END_TEST

START_TEST(what_expires_in_its_lane_fails_and_begins_anew_when_replayed)
{
	struct router_send what = text_to(ALICE, "one");
	uint64_t seq;

	link_up(false);
	what.validity_ms = 300;
	seq = post(&what).seq;
	io_idle(fx.loop, 500);
	link_up(true);
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	ck_assert_str_eq(dead("", 10).codes[0], "expired");
	ck_assert_str_eq(dead_do(ALICE, seq, DEAD_REPLAY), "");
	wait_sent(&fx.node, 1);
}
END_TEST

START_TEST(what_is_tried_too_often_fails_and_a_busy_peer_is_no_try)
{
	struct send_result later = {.outcome = SEND_RETRY, .parts = 1, .code = "busy"};
	uint64_t seq = send_text(ALICE, "one");
	struct dead_result r;
	size_t i;

	later.flags = SEND_NOT_COUNTED;
	for (i = 0; i < 15; i++) {
		wait_sent(&fx.node, i + 1);
		connector_result(fx.node.self->host, fx.node.self->sent[i], &later);
	}
	later.flags = 0;
	for (; i < 26; i++) {
		wait_sent(&fx.node, i + 1);
		connector_result(fx.node.self->host, fx.node.self->sent[i], &later);
	}
	wait_status(&fx.node, ALICE, seq, STATUS_FAILED);
	r = dead("", 10);
	ck_assert_str_eq(r.codes[0], "busy");
	ck_assert_uint_eq(r.attempts[0], 10);
}
END_TEST

/* --- Order ----------------------------------------------------------------------------------- */

START_TEST(what_a_broken_link_gives_back_goes_out_again_in_order)
{
	static const char *const cids[] = {"1", "2", "3", "4", "5"};

	fx.node.self->answer = -EAGAIN;
	for (size_t i = 0; i < ARRAY_LEN(cids); i++)
		send_text(ALICE, cids[i]);
	io_idle(fx.loop, 100); /* some are held here, some wait in the lane */
	link_up(false);
	io_idle(fx.loop, 100);
	fx.node.self->answer = 0;
	link_up(true);
	wait_sent(&fx.node, ARRAY_LEN(cids));
	for (size_t i = 0; i < ARRAY_LEN(cids); i++)
		ck_assert_str_eq(text_of(i), cids[i]);
}
END_TEST

START_TEST(a_reply_goes_before_all_of_a_campaign_that_waits)
{
	struct router_send reply = text_to(BOB, "reply");
	char cid[8];

	fx.node.self->answer = -EAGAIN;
	for (int i = 0; i < 40; i++) {
		snprintf(cid, sizeof(cid), "c%d", i);
		send_text(i % 2 ? ALICE : BOB, cid);
	}
	reply.lane = LANE_REPLY;
	post(&reply);
	io_idle(fx.loop, 100);
	fx.node.self->answer = 0;
	connector_ready(fx.node.self->host);
	wait_sent(&fx.node, 41);
	ck_assert_str_eq(text_of(0), "reply");
}
END_TEST

/* --- Nothing vanishes ------------------------------------------------------------------------ */

static void redis_do(int argc, const struct span *argv)
{
	bool done = false;

	ck_assert_int_eq(redis_command(fx.node.redis, argc, argv, on_any, &done), 0);
	io_wait(fx.loop, io_is_true, &done, SOON_MS);
}

START_TEST(a_damaged_conversation_holds_up_nobody_and_is_found)
{
	char key[64];
	struct span name = router_conversation_key('c', conversation_of(ALICE), key, sizeof(key));

	link_up(false);
	send_text(ALICE, "lost");
	send_text(BOB, "kept");
	redis_do(2, (struct span[]){SPAN_LIT("DEL"), name});
	redis_do(3, (struct span[]){SPAN_LIT("SET"), name, SPAN_LIT("rubbish")});
	link_up(true);
	wait_sent(&fx.node, 1);
	ck_assert_str_eq(text_of(0), "kept");
	while (dead_count() == 0)
		io_idle(fx.loop, 10);
	ck_assert_uint_eq(dead("", 10).count, 1);
	ck_assert_str_eq(dead_do(ALICE, 1, DEAD_DROP), "");
}
END_TEST

START_TEST(a_damaged_conversation_spoils_no_other_call_of_its_batch)
{
	struct sent_call calls[3] = {0};
	const struct router_send whats[] = {text_to(ALICE, "1"), text_to(ALICE, "2"),
	                                    text_to(BOB, "3")};
	char key[64];

	redis_do(3, (struct span[]){
			    SPAN_LIT("SET"),
			    router_conversation_key('c', conversation_of(ALICE), key, sizeof(key)),
			    SPAN_LIT("rubbish")});
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(router_send(fx.node.router, &whats[i], on_sent, &calls[i]), 0);
	for (size_t i = 0; i < 3; i++)
		io_wait(fx.loop, io_is_true, &calls[i].done, SOON_MS);
	ck_assert_int_ne(calls[0].err, 0);
	ck_assert_int_ne(calls[1].err, 0);
	ck_assert_int_eq(calls[2].err, 0);
	wait_sent(&fx.node, 1);
}
END_TEST

/* A text for Alice into her lane, in a log that keeps few. */
static void queue_in_short_log(const char *text)
{
	struct buf common, item;
	struct span argv[2];

	buf_init(&common, 1000);
	pack_array(&common, 5);
	pack_num(&common, now_ms());
	pack_text(&common, SPAN_LIT("n9#1"));
	pack_num(&common, 1000);
	pack_num(&common, 10);
	pack_num(&common, 0);
	buf_init(&item, 1000);
	pack_array(&item, 12);
	pack_text(&item, conversation_of(ALICE));
	pack_text(&item, SPAN_NONE);
	pack_num(&item, 1000);
	pack_text(&item, SPAN_LIT("test:alice\nch\n\n"));
	pack_text(&item, SPAN_LIT("ch"));
	pack_text(&item, SPAN_LIT("l"));
	pack_num(&item, 0);
	pack_num(&item, 1);
	pack_num(&item, LANE_CAMPAIGN);
	pack_text(&item, SPAN_NONE);
	pack_num(&item, 0);
	pack_text_of(&item, strlen("moq02 1 0 ch x 2:") + 2);
	buf_printf(&item, "moq02 1 0 ch x 2:%s", text);
	argv[0] = buf_span(&common);
	argv[1] = buf_span(&item);
	function_do("ph2_send", argv, 2);
	buf_fini(&common);
	buf_fini(&item);
}

START_TEST(a_message_that_its_log_has_lost_fails_and_says_so)
{
	struct dead_result r;
	char text[8];

	link_up(false);
	for (int i = 10; i < 25; i++) {
		snprintf(text, sizeof(text), "%d", i);
		queue_in_short_log(text);
	}
	link_up(true);
	wait_sent(&fx.node, 10);
	ck_assert_str_eq(text_of(0), "15");
	ck_assert_str_eq(text_of(9), "24");
	while (dead_count() < 5)
		io_idle(fx.loop, 10);
	r = dead("", 10);
	ck_assert_uint_eq(r.count, 5);
	ck_assert_str_eq(r.codes[0], "no_longer_in_the_log");
	ck_assert_str_eq(dead_do(ALICE, 1, DEAD_REPLAY), "message_unknown");
}
END_TEST

START_TEST(a_duplicate_is_known_when_many_others_came_after_it)
{
	char cid[16];

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "first", "hello"), 0);
	for (int i = 0; i < 60; i++) {
		snprintf(cid, sizeof(cid), "m%d", i);
		ck_assert_int_eq(receive_text(&fx.node, ALICE, cid, "hello"), 0);
	}
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "first", "hello"), 0);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m30", "hello"), 0);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m59", "hello"), 0);
	ck_assert_uint_eq(count_messages(&fx.node, ALICE, MESSAGE_IN), 61);
}
END_TEST

START_TEST(the_same_id_is_a_new_message_when_the_first_is_forgotten)
{
	struct router_send what = text_to(ALICE, "one");
	uint64_t first;

	what.remember_ms = 300;
	first = post(&what).seq;
	ck_assert_uint_eq(post(&what).seq, first);
	io_idle(fx.loop, 400);
	ck_assert_uint_ne(post(&what).seq, first);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lanes");

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start, fixture_stop);
	tcase_add_test(tc, what_is_scheduled_is_sent_when_it_is_due);
	tcase_add_test(tc, what_is_due_already_is_sent_at_once);
	tcase_add_test(tc, what_is_taken_back_is_never_sent);
	tcase_add_test(tc, what_is_being_sent_cannot_be_taken_back);
	tcase_add_test(tc, what_is_refused_is_kept_replayed_once_and_dropped);
	tcase_add_test(tc, what_was_taken_in_part_is_no_dead_letter);
	tcase_add_test(tc, what_was_refused_in_all_its_parts_is_a_dead_letter_for_the_first_reason);
	tcase_add_test(tc, what_receipts_say_of_parts_makes_the_whole);
	tcase_add_test(tc, what_waits_is_sent_whatever_is_known_of_a_part);
	tcase_add_test(tc, what_is_in_one_nodes_hands_no_other_ends);
	tcase_add_test(tc, a_replay_whose_answer_was_lost_is_done_once_and_said_again);
	tcase_add_test(tc, pages_of_dead_letters_are_whole_and_newest_first);
	tcase_add_test(tc, what_expires_in_its_lane_fails_and_begins_anew_when_replayed);
	tcase_add_test(tc, what_is_tried_too_often_fails_and_a_busy_peer_is_no_try);
	tcase_add_test(tc, what_a_broken_link_gives_back_goes_out_again_in_order);
	tcase_add_test(tc, a_reply_goes_before_all_of_a_campaign_that_waits);
	tcase_add_test(tc, a_damaged_conversation_holds_up_nobody_and_is_found);
	tcase_add_test(tc, a_damaged_conversation_spoils_no_other_call_of_its_batch);
	tcase_add_test(tc, a_message_that_its_log_has_lost_fails_and_says_so);
	tcase_add_test(tc, a_duplicate_is_known_when_many_others_came_after_it);
	tcase_add_test(tc, the_same_id_is_a_new_message_when_the_first_is_forgotten);
	return unit_run("lanes", &tc, 1);
}
