/*
 * Any octets as a kept matcher. The first octet tells what the others are: the file itself; its
 * body, sealed here with the checksum that it needs; or changes to a good body (two octets of
 * offset, one of value), sealed again. What is read can be asked, and written and read once more.
 */
#include "hash.h"
#include "matcher_snapshot.h"

#include <stdlib.h>

enum { HEAD_SIZE = 32, SUM_AT = 24, ANSWERS = 3, KEY = 7 };

enum mode { WHOLE, BODY, CHANGES, MODES };

static const struct match_sample samples[] = {
	{{"opening hours", 13},   0},
        {{"周末营业吗", 15}, 0},
        {{"I lost my card", 14},  1},
	{{"卡丢了", 9},        1},
        {{"interest rate", 13},   2},
        {{"贷款利率", 12},    2},
};

static struct match_scratch *scratch;
static struct buf good;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void prepare(void)
{
	const struct match_source source = {samples, ARRAY_LEN(samples), ANSWERS, NULL, NULL};
	struct matcher *m = NULL;

	if (scratch)
		return;
	scratch = match_scratch_create();
	require(scratch && !matcher_create(&source, &m));
	buf_init(&good, MATCHER_SNAPSHOT_MAX);
	matcher_write(m, KEY, &good);
	require(buf_check(&good) == 0);
	matcher_destroy(&m);
}

static void seal(struct buf *file)
{
	const uint64_t key[2] = {matcher_engine(), KEY};
	uint64_t sum = hash_keyed(key, file->data + HEAD_SIZE, file->len - HEAD_SIZE);

	buf_put_u32(file, SUM_AT, (uint32_t)(sum >> 32));
	buf_put_u32(file, SUM_AT + 4, (uint32_t)sum);
}

static void change(struct buf *file, struct span changes)
{
	const uint8_t *at = (const uint8_t *)changes.ptr;

	for (; changes.len >= 3; at += 3, changes.len -= 3) {
		size_t offset = HEAD_SIZE + ((size_t)at[0] << 8 | at[1]);

		if (offset < file->len)
			file->data[offset] = (char)at[2];
	}
}

static void make_file(enum mode mode, struct span octets, struct buf *file)
{
	if (mode == WHOLE) {
		buf_add(file, octets);
	} else if (mode == BODY) {
		buf_add(file, (struct span){good.data, HEAD_SIZE});
		buf_add(file, octets);
		seal(file);
	} else {
		buf_add(file, buf_span(&good));
		change(file, octets);
		seal(file);
	}
	require(buf_check(file) == 0);
}

static void ask(const struct matcher *m, struct span text)
{
	struct match got;

	matcher_match(m, scratch, text, LANGUAGE_EN, &got);
	require(got.count <= MATCH_BEST);
	for (size_t i = 0; i < got.count; i++)
		require(got.best[i].index < MATCHER_ANSWERS_MAX);
}

static void write_again(const struct matcher *m)
{
	struct matcher *again = NULL;
	struct buf out;

	buf_init(&out, MATCHER_SNAPSHOT_MAX);
	matcher_write(m, KEY, &out);
	require(buf_check(&out) == 0 && matcher_read(buf_span(&out), KEY, &again) == 0);
	matcher_destroy(&again);
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = {(const char *)data + 1, size ? size - 1 : 0};
	struct matcher *m = NULL;
	struct buf file;
	int err;

	if (!size)
		return 0;
	prepare();
	buf_init(&file, MATCHER_SNAPSHOT_MAX);
	make_file(data[0] % MODES, rest, &file);
	err = matcher_read(buf_span(&file), KEY, &m);
	require(err == 0 ? m != NULL : err == -EBADMSG && !m);
	if (m) {
		for (size_t i = 0; i < ARRAY_LEN(samples); i++)
			ask(m, samples[i].text);
		ask(m, rest);
		write_again(m);
	}
	matcher_destroy(&m);
	buf_fini(&file);
	return 0;
}
