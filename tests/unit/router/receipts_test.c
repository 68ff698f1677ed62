/* What a peer tells later of what it took, on a real Redis. */
#include "pack.h"
#include "router_fixture.h"
#include "router_keys.h"

#include <stdio.h>

#define QUESTION "what is the annual fee"

static void start(void)
{
	fixture_start(false);
}

START_TEST(a_message_goes_from_queued_to_delivered)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ck_assert_int_eq(status_of(&fx.node, ALICE, 2), STATUS_SENDING);
	tell_outcome(&fx.node, 0, SEND_OK, "00001A");
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
	tell_receipt(&fx.node, "26", STATUS_DELIVERED); /* the same number in decimal */
	wait_status(&fx.node, ALICE, 2, STATUS_DELIVERED);
	tell_receipt(&fx.node, "26", STATUS_UNDELIVERED); /* a final state does not go back */
	ck_assert_int_eq(status_of(&fx.node, ALICE, 2), STATUS_DELIVERED);
}
END_TEST

START_TEST(delivered_after_expired_wins)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	tell_outcome(&fx.node, 0, SEND_OK, "X1");
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
	tell_receipt(&fx.node, "X1", STATUS_UNDELIVERED);
	wait_status(&fx.node, ALICE, 2, STATUS_UNDELIVERED);
	tell_receipt(&fx.node, "X1", STATUS_DELIVERED);
	wait_status(&fx.node, ALICE, 2, STATUS_DELIVERED);
}
END_TEST

START_TEST(a_receipt_that_comes_before_its_response_is_kept)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	tell_receipt(&fx.node, "4660", STATUS_DELIVERED);
	ck_assert_int_eq(status_of(&fx.node, ALICE, 2), STATUS_SENDING);
	tell_outcome(&fx.node, 0, SEND_OK, "1234"); /* hex */
	wait_status(&fx.node, ALICE, 2, STATUS_DELIVERED);
}
END_TEST

START_TEST(of_receipts_that_come_before_their_response_the_best_counts)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	tell_receipt(&fx.node, "a1", STATUS_UNDELIVERED);
	tell_receipt(&fx.node, "a1", STATUS_DELIVERED);
	tell_receipt(&fx.node, "a1", STATUS_SENT); /* an intermediate one, overtaken */
	tell_outcome(&fx.node, 0, SEND_OK, "a1");
	wait_status(&fx.node, ALICE, 2, STATUS_DELIVERED);
}
END_TEST

static void on_noted(void *arg, int err)
{
	ck_assert_int_eq(err, 0);
	*(bool *)arg = true;
}

static void tell_receipt_of(unsigned customer, const char *id)
{
	const struct receipt receipt = {
		.id = span_of(id), .address = address_of(customer), .status = STATUS_DELIVERED};
	bool done = false;

	connector_receipt(fx.node.self->host, &receipt, on_noted, &done);
	io_wait(fx.loop, io_is_true, &done, 10000);
}

static void tell_shared(size_t i, const char *id)
{
	const struct send_result result = {
		.outcome = SEND_OK, .flags = SEND_SHARED_ID, .parts = 1, .id = span_of(id)};

	connector_result(fx.node.self->host, fx.node.self->sent[i], &result);
}

/* Alice and Dave are in one partition: one place in it for the id would be the last one's. */
START_TEST(of_one_id_for_many_each_has_their_own_receipt)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ck_assert_int_eq(receive_text(&fx.node, DAVE, "m2", QUESTION), 0);
	wait_sent(&fx.node, 2);
	tell_shared(0, "many1");
	tell_shared(1, "many1");
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
	wait_status(&fx.node, DAVE, 2, STATUS_SENT);
	tell_receipt_of(ALICE, "many1");
	wait_status(&fx.node, ALICE, 2, STATUS_DELIVERED);
	ck_assert_int_eq(status_of(&fx.node, DAVE, 2), STATUS_SENT);
	tell_receipt_of(DAVE, "many1");
	wait_status(&fx.node, DAVE, 2, STATUS_DELIVERED);
}
END_TEST

START_TEST(of_one_id_for_many_an_early_receipt_is_its_customers)
{
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	ck_assert_int_eq(receive_text(&fx.node, DAVE, "m2", QUESTION), 0);
	wait_sent(&fx.node, 2);
	tell_receipt_of(DAVE, "many1");
	tell_shared(0, "many1");
	tell_shared(1, "many1");
	wait_status(&fx.node, DAVE, 2, STATUS_DELIVERED);
	ck_assert_int_eq(status_of(&fx.node, ALICE, 2), STATUS_SENT);
}
END_TEST

/* Others of the same request, of the partition that Dave is in. */
static void tell_early_of_others(unsigned count, const char *id)
{
	const unsigned partition = router_partition_of(conversation_of(DAVE));

	for (unsigned n = 0; count; n++) {
		char address[40], conversation[CONVERSATION_ID_LEN + 1];
		const struct receipt receipt = {
			.id = span_of(id),
			.address = {address, (size_t)snprintf(address, sizeof(address),
                                    "sms:+861390000%04u", n)},
			.status = STATUS_DELIVERED
                };
		bool done = false;

		router_conversation_id(receipt.address, conversation);
		if (router_partition_of(span_of(conversation)) != partition)
			continue;
		connector_receipt(fx.node.self->host, &receipt, on_noted, &done);
		io_wait(fx.loop, io_is_true, &done, 10000);
		count--;
	}
}

START_TEST(of_one_id_for_many_the_receipts_of_all_may_come_early)
{
	ck_assert_int_eq(receive_text(&fx.node, DAVE, "m1", QUESTION), 0);
	wait_sent(&fx.node, 1);
	tell_early_of_others(20, "many1");
	tell_receipt_of(DAVE, "many1");
	tell_shared(0, "many1");
	wait_status(&fx.node, DAVE, 2, STATUS_DELIVERED);
}
END_TEST

START_TEST(a_receipt_is_of_nobody_elses_message_that_has_its_number_in_another_base)
{
	tell_receipt_of(ALICE, "26"); /* of nothing we know; 0x26 is 38 */
	ck_assert_int_eq(receive_text(&fx.node, BOB, "m1", QUESTION), 0);
	tell_outcome(&fx.node, 0, SEND_OK, "38");
	wait_status(&fx.node, BOB, 2, STATUS_SENT);
	tell_receipt_of(ALICE, "56"); /* 56 is 0x38 */
	io_idle(fx.loop, 100);
	ck_assert_int_eq(status_of(&fx.node, BOB, 2), STATUS_SENT);
	tell_receipt_of(BOB, "56");
	wait_status(&fx.node, BOB, 2, STATUS_DELIVERED);
}
END_TEST

/* Each of the other's reads like its own in another base. */
START_TEST(a_receipt_that_waits_is_not_put_aside_by_anothers_that_may_have_its_id)
{
	tell_receipt_of(DAVE, "26");
	tell_receipt_of(ALICE, "38"); /* 0x26 */
	ck_assert_int_eq(receive_text(&fx.node, DAVE, "m1", QUESTION), 0);
	tell_outcome(&fx.node, 0, SEND_OK, "26");
	wait_status(&fx.node, DAVE, 2, STATUS_DELIVERED);
}
END_TEST

/* Both read like 38 in another base. */
START_TEST(who_takes_a_receipt_that_waits_leaves_anothers)
{
	tell_receipt_of(DAVE, "26");
	tell_receipt_of(ALICE, "56");
	ck_assert_int_eq(receive_text(&fx.node, DAVE, "m1", QUESTION), 0);
	tell_outcome(&fx.node, 0, SEND_OK, "38");
	wait_status(&fx.node, DAVE, 2, STATUS_DELIVERED);
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	tell_outcome(&fx.node, 1, SEND_OK, "38");
	wait_status(&fx.node, ALICE, 2, STATUS_DELIVERED);
}
END_TEST

static void on_settled_here(void *arg, int err, const redisReply *reply, const char *why)
{
	(void)reply;
	ck_assert_msg(err == 0, "%s", why ? why : "");
	*(bool *)arg = true;
}

static char own_instance[100];

static void on_instance(void *arg, int err, const redisReply *reply, const char *why)
{
	ck_assert_msg(err == 0, "%s", why ? why : "");
	snprintf(own_instance, sizeof(own_instance), "%s", reply->str ? reply->str : "");
	*(bool *)arg = true;
}

/* As the node itself calls: under the name of its present life, which lies in each partition. */
static void pack_settle_common(struct buf *b, struct span conversation)
{
	char key[40];
	bool done = false;
	const struct span argv[] = {
		SPAN_LIT("GET"),
		{key, (size_t)snprintf(key, sizeof(key), "ph:n:%s:n1",
                         router_partition(router_partition_of(conversation)).ptr)}
        };

	ck_assert_int_eq(redis_command(fx.node.redis, ARRAY_LEN(argv), argv, on_instance, &done),
	                 0);
	io_wait(fx.loop, io_is_true, &done, 10000);
	buf_init(b, 1000);
	pack_array(b, 6);
	pack_text(b, SPAN_LIT("ch"));
	pack_num(b, clock_wall_ms(&clock_system));
	pack_num(b, 0);
	pack_num(b, 1000);
	pack_num(b, 0);
	pack_text(b, span_of(own_instance));
}

/* Message seq was taken by the peer. */
static void pack_settled(struct buf *b, struct span conversation, uint64_t seq, const char *id)
{
	buf_init(b, 1000);
	pack_array(b, 11);
	pack_text(b, conversation);
	pack_num(b, seq);
	pack_text(b, SPAN_LIT("s"));
	pack_num(b, 0);
	pack_num(b, 1);
	pack_text(b, SPAN_NONE);
	pack_text(b, SPAN_NONE);
	pack_num(b, 0);
	pack_text(b, span_of(id));
	pack_num(b, 0);
	pack_num(b, 0);
}

/* The answer to the note was lost, so it is told again. */
START_TEST(a_receipt_that_came_before_its_response_counts_once_when_the_note_is_repeated)
{
	const struct span c = conversation_of(ALICE);
	struct span args[2];
	struct buf common, item;
	struct log_event events[100];
	size_t count, delivered = 0;

	pack_settle_common(&common, c);
	pack_settled(&item, c, 2, "X77");
	args[0] = buf_span(&common);
	args[1] = buf_span(&item);
	tell_receipt_of(ALICE, "X77");
	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	for (int i = 0; i < 2; i++) {
		bool done = false;

		ck_assert_int_eq(redis_fcall(fx.node.redis, "ph2_settle",
		                             router_partition(router_partition_of(c)), args,
		                             ARRAY_LEN(args), on_settled_here, &done),
		                 0);
		io_wait(fx.loop, io_is_true, &done, 10000);
	}
	count = read_log(&fx.node, ALICE, events, ARRAY_LEN(events));
	for (size_t i = 0; i < count; i++)
		delivered += events[i].type == LOG_STATUS && events[i].status == STATUS_DELIVERED;
	ck_assert_uint_eq(delivered, 1);
	ck_assert_int_eq(status_of(&fx.node, ALICE, 2), STATUS_DELIVERED);
	buf_fini(&common);
	buf_fini(&item);
}
END_TEST

START_TEST(all_parts_make_the_whole)
{
	const char *ids[] = {"p1", "p2"};

	ck_assert_int_eq(receive_text(&fx.node, ALICE, "m1", QUESTION), 0);
	for (uint16_t i = 0; i < 2; i++) {
		const struct send_result r = {
			.outcome = SEND_OK, .part = i, .parts = 2, .id = span_of(ids[i])};

		connector_result(fx.node.self->host, fx.node.self->sent[0], &r);
	}
	wait_status(&fx.node, ALICE, 2, STATUS_SENT);
	tell_receipt(&fx.node, "p1", STATUS_DELIVERED);
	wait_status(&fx.node, ALICE, 2, STATUS_PARTIALLY_DELIVERED);
	tell_receipt(&fx.node, "p2", STATUS_DELIVERED);
	wait_status(&fx.node, ALICE, 2, STATUS_DELIVERED);
}
END_TEST

TCase *receipts_cases(void)
{
	TCase *tc = tcase_create("receipts");

	tcase_set_timeout(tc, 40);
	tcase_add_checked_fixture(tc, start, fixture_stop);
	tcase_add_test(tc, a_message_goes_from_queued_to_delivered);
	tcase_add_test(tc, delivered_after_expired_wins);
	tcase_add_test(tc, a_receipt_that_comes_before_its_response_is_kept);
	tcase_add_test(tc, of_receipts_that_come_before_their_response_the_best_counts);
	tcase_add_test(tc, of_one_id_for_many_each_has_their_own_receipt);
	tcase_add_test(tc, of_one_id_for_many_an_early_receipt_is_its_customers);
	tcase_add_test(tc, of_one_id_for_many_the_receipts_of_all_may_come_early);
	tcase_add_test(tc, who_takes_a_receipt_that_waits_leaves_anothers);
	tcase_add_test(tc, a_receipt_that_waits_is_not_put_aside_by_anothers_that_may_have_its_id);
	tcase_add_test(tc,
	               a_receipt_is_of_nobody_elses_message_that_has_its_number_in_another_base);
	tcase_add_test(
		tc, a_receipt_that_came_before_its_response_counts_once_when_the_note_is_repeated);
	tcase_add_test(tc, all_parts_make_the_whole);
	return tc;
}
