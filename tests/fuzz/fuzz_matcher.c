/*
 * Any octets as a customer's text: the result is always in its bounds, the same for the same text,
 * and never an answer where nothing was said. The language and the rendering helpers come along.
 */
#include "matcher.h"

#include "render.h"
#include "utf8.h"

#include <stdlib.h>

static const struct match_sample samples[] = {
	{{"我的银行卡丢了", 21},  0},
        {{"卡丢了怎么挂失", 21},  0},
	{{"I lost my card", 14},         0},
        {{"你们几点开门", 18},     1},
	{{"周末营业吗", 15},        1},
        {{"opening hours", 13},          1},
	{{"转账5000元手续费", 22}, 2},
        {{"transfer fee for $100", 21},  2},
	{{"app登录不了", 15},        2},
};

static struct matcher *matcher;
static struct match_scratch *scratch;

static void prepare(void)
{
	const struct match_source source = {samples, ARRAY_LEN(samples), 3, NULL, NULL};

	if (matcher)
		return;
	if (matcher_create(&source, &matcher) < 0)
		abort();
	scratch = match_scratch_create();
	if (!scratch)
		abort();
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct match *m)
{
	require(m->count <= 3 && m->confidence >= 0.0F && m->confidence <= 1.0F);
	for (size_t i = 0; i < m->count; i++)
		require(m->best[i].index < 3 && !m->best[i].answer);
	if (m->intent == MATCH_NOTHING)
		require(m->count == 0);
	if (m->intent != MATCH_QUESTION)
		require(m->zone == MATCH_HUMAN);
	if (m->cut)
		require(m->zone != MATCH_ANSWER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct match first, second;

	prepare();
	matcher_match(matcher, scratch, text, LANGUAGE_EN, &first);
	check(&first);
	matcher_match(matcher, scratch, text, LANGUAGE_EN, &second);
	require(memcmp(&first, &second, sizeof(first)) == 0);
	if (utf8_valid(text))
		require(render_sms_measure(text).units <= 2 * size);
	return 0;
}
