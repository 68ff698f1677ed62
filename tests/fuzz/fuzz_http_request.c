/*
 * Heads and chunked bodies: where a head ends does not depend on how it comes, what is taken has
 * one length, and a body is the same whole or octet by octet.
 */
#include "buf.h"
#include "http_parse.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_chunks(struct span in, size_t step, struct buf *body)
{
	struct http_chunks c = {0};

	while (in.len && !http_chunks_done(&c)) {
		struct span part = {in.ptr, in.len < step ? in.len : step}, piece;
		size_t had = part.len;
		int err = http_chunks_next(&c, &part, &piece);

		if (err)
			return err;
		buf_add(body, piece);
		in.ptr += had - part.len;
		in.len -= had - part.len;
	}
	return http_chunks_done(&c) ? (int)in.len : -EAGAIN;
}

static void check_body(struct span in)
{
	struct buf whole, single;

	buf_init(&whole, SIZE_MAX);
	buf_init(&single, SIZE_MAX);
	assert(read_chunks(in, SIZE_MAX, &whole) == read_chunks(in, 1, &single));
	assert(span_eq(buf_span(&whole), buf_span(&single)));
	buf_fini(&whole);
	buf_fini(&single);
}

static void check_head(const uint8_t *data, size_t len)
{
	char *text = malloc(len);
	struct http_head head;
	const char *why = NULL;
	int status;

	assert(text);
	memcpy(text, data, len);
	status = http_head_parse(text, len, &head, &why);
	assert(status == 0 || (status >= 400 && status < 600 && why));
	assert(status || !(head.chunked && head.has_length));
	for (size_t i = 0; !status && i < head.field_count; i++) {
		assert(!memchr(http_field_value(&head, i).ptr, '\n',
		               http_field_value(&head, i).len));
		assert(http_field_name(&head, i).len);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t scanned = 0, slowly = 0;
	long end, found = 0;

	if (!size)
		return 0;
	end = http_head_end((struct span){text, size}, &scanned);
	for (size_t i = 1; i <= size && !found; i++)
		found = http_head_end((struct span){text, i}, &slowly);
	assert(found == end);
	if (end > 0) {
		check_head(data, (size_t)end);
		check_body((struct span){text + end, size - (size_t)end});
	} else {
		check_body((struct span){text, size});
	}
	return 0;
}
