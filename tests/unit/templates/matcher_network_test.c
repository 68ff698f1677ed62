/*
 * The network beside the linear model: what it computes, that a matcher with one is the same bit
 * for bit however many processors train it, and that it is kept and read again with the rest.
 */
#include "matcher_model.h"
#include "matcher_network_parts.h"
#include "matcher_snapshot.h"
#include "unit.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { ANSWERS = 30, EACH = 20, SAMPLES = ANSWERS * EACH, HEAD_SIZE = 32, COUNTS_SIZE = 28 };

static char texts[SAMPLES][96];
static struct match_sample samples[SAMPLES];
static struct matcher *m;
static struct buf written;

/* Sentences of an invented language: some words an answer has for itself, some that all share. */
static void write_samples(void)
{
	uint32_t random = 1;

	for (size_t s = 0; s < SAMPLES; s++) {
		size_t answer = s / EACH, len = 0;

		for (size_t w = 0; w < 6; w++) {
			random = random * 1664525U + 1013904223U;
			len += (size_t)snprintf(texts[s] + len, sizeof(texts[s]) - len, "w%zu%s ",
			                        w % 2 ? answer * 4 + (random >> 28) % 5
			                              : 200 + (random >> 24) % 40,
			                        w % 3 ? "a" : "ing");
		}
		samples[s] = (struct match_sample){
			{texts[s], len},
                        (uint32_t)answer
                };
	}
}

static const struct match_source source = {samples, SAMPLES, ANSWERS, NULL, NULL};

static void make(struct matcher **matcher, struct buf *octets)
{
	ck_assert_int_eq(matcher_create(&source, matcher), 0);
	buf_init(octets, MATCHER_SNAPSHOT_MAX);
	matcher_write(*matcher, matcher_key(&source), octets);
	ck_assert_int_eq(buf_check(octets), 0);
}

static void setup(void)
{
	write_samples();
	make(&m, &written);
}

static void teardown(void)
{
	matcher_destroy(&m);
	buf_fini(&written);
}

static void assert_same_again(void)
{
	struct matcher *again = NULL;
	struct buf octets;

	make(&again, &octets);
	ck_assert_uint_eq(octets.len, written.len);
	ck_assert_int_eq(memcmp(octets.data, written.data, written.len), 0);
	matcher_destroy(&again);
	buf_fini(&octets);
}

START_TEST(the_same_samples_give_the_same_matcher_bit_for_bit)
{
	assert_same_again();
}
END_TEST

/* Training and folds on one processor, one after the other in whatever pieces. */
START_TEST(so_they_do_on_a_single_processor)
{
	cpu_set_t one, all;
	int cpu = sched_getcpu();

	ck_assert_int_ge(cpu, 0);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_same_again();
	ck_assert_int_eq(sched_setaffinity(0, sizeof(all), &all), 0);
}
END_TEST

START_TEST(it_is_kept_and_read_again)
{
	struct match_scratch *scratch = match_scratch_create();
	struct matcher *again = NULL;

	ck_assert_int_eq(matcher_read(buf_span(&written), matcher_key(&source), &again), 0);
	ck_assert_uint_eq(matcher_size(again), matcher_size(m));
	for (size_t s = 0; s < SAMPLES; s += 7) {
		struct span half = {texts[s], samples[s].text.len / 2};
		struct match x, y;

		matcher_match(m, scratch, half, LANGUAGE_EN, &x);
		matcher_match(again, scratch, half, LANGUAGE_EN, &y);
		ck_assert_int_eq(memcmp(&x, &y, sizeof(x)), 0);
	}
	match_scratch_destroy(&scratch);
	matcher_destroy(&again);
}
END_TEST

START_TEST(cut_anywhere_it_is_refused)
{
	struct matcher *again = NULL;

	for (size_t len = 0; len < written.len; len += 997) {
		struct span cut = {written.data, len};

		ck_assert_int_eq(matcher_read(cut, matcher_key(&source), &again), -EBADMSG);
	}
	ck_assert_ptr_null(again);
}
END_TEST

/* The last of the test's process: nothing is trained in it after. */
START_TEST(given_up_it_ends_at_once_with_nothing)
{
	struct matcher *none = NULL;

	ck_assert(!matcher_is_given_up());
	matcher_give_up();
	ck_assert_int_eq(matcher_create(&source, &none), -ECANCELED);
	ck_assert_ptr_null(none);
}
END_TEST

/* --- the network alone -------------------------------------------------------------------------
 */

/* Which of four features come in pairs decides, none of them alone: no sum of weights can tell. */
static const struct model_term pairs[] = {
	{0, 0.7F},
        {1, 0.7F},
        {2, 0.7F},
        {3, 0.7F},
        {0, 0.7F},
        {2, 0.7F},
        {1, 0.7F},
        {3, 0.7F}
};

static struct network *learn_pairs(void)
{
	enum { ROUNDS = 200 };
	static struct model_term terms[ROUNDS * ARRAY_LEN(pairs)];
	static uint32_t begin[ROUNDS * 4 + 1], answer[ROUNDS * 4];
	struct network_lesson lesson = {terms, begin, answer, ROUNDS * 4, 4, 2};
	struct network *n = NULL;

	for (size_t s = 0; s < lesson.count; s++) {
		memcpy(terms + 2 * s, pairs + 2 * (s % 4), 2 * sizeof(*terms));
		begin[s + 1] = (uint32_t)(2 * s + 2);
		answer[s] = s % 4 >= 2;
	}
	ck_assert_int_eq(network_train(&lesson, &n), 0);
	return n;
}

START_TEST(it_learns_which_features_belong_together)
{
	struct network *n = learn_pairs();
	float said[2];

	for (size_t s = 0; s < 4; s++) {
		network_score(n, pairs + 2 * s, 2, said);
		ck_assert_msg(said[s >= 2] > said[s < 2], "pair %zu", s);
	}
	network_destroy(&n);
}
END_TEST

START_TEST(what_it_says_are_probabilities)
{
	struct network *n = learn_pairs();
	float said[2];

	network_score(n, pairs, 1, said);
	ck_assert_float_eq_tol(expf(said[0]) + expf(said[1]), 1.0F, 1e-4F);
	network_score(n, NULL, 0, said);
	ck_assert_float_eq_tol(expf(said[0]) + expf(said[1]), 1.0F, 1e-4F);
	network_destroy(&n);
}
END_TEST

START_TEST(its_exponential_is_right)
{
	for (float x = 0.0F; x > -60.0F; x -= 0.37F) {
		float values[8] = {x, 0.0F, -HUGE_VALF, 0.0F, x, x, NAN, 0.0F}, most;
		float sum = network_softmax(values, ARRAY_LEN(values), &most);

		ck_assert_float_eq(most, 0.0F);
		ck_assert_float_eq_tol(values[0] / expf(x), 1.0F, 1e-5F);
		ck_assert_float_eq(values[4], values[0]);
		ck_assert_float_eq_tol(sum, 3.0F + 3.0F * expf(x), 1e-5F);
		ck_assert_float_lt(values[2], 1e-30F);
		ck_assert_float_lt(values[6], 1e-30F);
	}
}
END_TEST

int main(void)
{
	TCase *cases[] = {tcase_create("matcher"), tcase_create("alone"), tcase_create("given up")};

	tcase_set_timeout(cases[0], 60);
	tcase_add_checked_fixture(cases[0], setup, teardown);
	tcase_add_test(cases[0], the_same_samples_give_the_same_matcher_bit_for_bit);
	tcase_add_test(cases[0], so_they_do_on_a_single_processor);
	tcase_add_test(cases[0], it_is_kept_and_read_again);
	tcase_add_test(cases[0], cut_anywhere_it_is_refused);
	tcase_add_test(cases[2], given_up_it_ends_at_once_with_nothing);
	tcase_add_test(cases[1], it_learns_which_features_belong_together);
	tcase_add_test(cases[1], what_it_says_are_probabilities);
	tcase_add_test(cases[1], its_exponential_is_right);
	return unit_run("matcher_network", cases, ARRAY_LEN(cases));
}
