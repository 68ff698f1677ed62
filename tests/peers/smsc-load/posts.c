#include "posts.h"

#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
#include "stream.h"

enum { CONNECTIONS = 256, ANSWER_MAX = 1 << 16, ACCEPTED = 202 };

struct caller {
	struct posts *posts;
	struct io_stream *stream;
	struct buf in;
	uint64_t posted_us;
	bool open, busy;
};

struct posts {
	struct posts_options o;
	struct io_loop *loop;
	const struct clock *clock;
	struct caller callers[CONNECTIONS];
	struct posts_counts counts;
	uint32_t *posted_at; /* when each was posted, in 10 us after began_us, + 1; 0: settled or
	                        never */
	uint64_t began_us, until_us, accepted_us, settled_us, ticked_us;
	double tokens;
	struct samples submits, answers;
	struct buf text, body;
};

static uint64_t now_us(const struct posts *p)
{
	return clock_mono_us(p->clock);
}

/* ---- a request ---- */

static void fill_in(const struct posts *p, struct buf *out, const char *text)
{
	for (const char *at; (at = strchr(text, '{')) != NULL; text = at) {
		buf_add(out, (struct span){text, (size_t)(at - text)});
		if (strncmp(at, "{number}", 8) == 0) {
			uint64_t number = p->o.first_number + p->counts.posted;

			buf_printf(out, "%llu", (unsigned long long)number);
			at += 8;
		} else if (strncmp(at, "{channel}", 9) == 0) {
			char name[64];
			unsigned i = (unsigned)(p->counts.posted % p->o.channels);

			snprintf(name, sizeof(name), "%s%02u", p->o.channel, i);
			buf_str(out, name);
			at += 9;
		} else {
			buf_u8(out, '{');
			at++;
		}
	}
	buf_str(out, text);
}

static void post(struct posts *p, struct caller *c)
{
	buf_clear(&p->text);
	buf_clear(&p->body);
	fill_in(p, &p->text, p->o.request);
	if (p->o.body)
		fill_in(p, &p->body, p->o.body);
	buf_printf(&p->text, "Content-Length: %zu\r\n\r\n", p->body.len);
	buf_add(&p->text, buf_span(&p->body));
	c->posted_us = now_us(p);
	c->busy = true;
	p->posted_at[p->counts.posted++] = (uint32_t)((c->posted_us - p->began_us) / 10) + 1;
	io_stream_write(c->stream, buf_span(&p->text));
}

static bool may_post(const struct posts *p, uint64_t now)
{
	if (!p->began_us || p->counts.posted >= p->o.count || now >= p->until_us)
		return false;
	if (p->o.rate && p->tokens < 1)
		return false;
	return !p->o.ahead || p->counts.posted - p->counts.settled < p->o.ahead;
}

static void go_on(struct posts *p, struct caller *c)
{
	if (!c->open || c->busy || !may_post(p, now_us(p)))
		return;
	p->tokens -= 1;
	post(p, c);
}

/* ---- its answer ---- */

/* Octets of the whole answer at the front of in, its status; 0: not all there. */
static size_t answer_len(struct span in, unsigned *status)
{
	const char *end = memmem(in.ptr, in.len, "\r\n\r\n", 4);
	size_t head = end ? (size_t)(end - in.ptr) + 4 : 0, len = 0;
	const char *field;

	if (!head || head < 13)
		return 0;
	*status = (unsigned)strtoul(in.ptr + 9, NULL, 10);
	field = memmem(in.ptr, head, "ontent-", 7); /* C or c: servers differ */
	while (field && strncasecmp(field, "ontent-length:", 14) != 0)
		field = memmem(field + 1, head - (size_t)(field + 1 - in.ptr), "ontent-", 7);
	if (field)
		len = strtoul(field + 14, NULL, 10);
	return in.len >= head + len ? head + len : 0;
}

static void on_answer(struct posts *p, struct caller *c, unsigned status)
{
	uint64_t now = now_us(p);

	c->busy = false;
	samples_add(&p->answers, now - c->posted_us);
	if (status == ACCEPTED) {
		p->counts.accepted++;
		p->accepted_us = now;
	} else {
		p->counts.refused++;
	}
	go_on(p, c);
}

static void on_data(void *arg, struct span data)
{
	struct caller *c = arg;
	unsigned status = 0;
	size_t len;

	buf_add(&c->in, data);
	while (c->in.len && (len = answer_len(buf_span(&c->in), &status)) > 0) {
		buf_drop(&c->in, len);
		on_answer(c->posts, c, status);
	}
}

static void on_open(void *arg)
{
	struct caller *c = arg;

	c->open = true;
	go_on(c->posts, c);
}

static void on_close(void *arg, int err)
{
	struct caller *c = arg;

	(void)err;
	c->posts->counts.broken += c->busy;
	c->stream = NULL;
	c->open = c->busy = false;
	buf_fini(&c->in);
}

static const struct io_stream_ops caller_ops = {
	.name = "load.post",
	.on_open = on_open,
	.on_data = on_data,
	.on_close = on_close,
};

static void connect_all(struct posts *p)
{
	const struct io_stream_options options = {.host = p->o.host, .port = p->o.port};

	for (unsigned i = 0; i < p->o.connections; i++) {
		struct caller *c = &p->callers[i];

		if (c->stream)
			continue;
		c->posts = p;
		buf_init(&c->in, ANSWER_MAX);
		if (io_stream_connect(p->loop, &options, &caller_ops, c, &c->stream))
			c->stream = NULL;
	}
}

/* ---- as a whole ---- */

int posts_open(struct io_loop *loop, const struct posts_options *options, struct posts **out)
{
	struct posts *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->o = *options;
	p->loop = loop;
	p->clock = io_loop_clock(loop);
	if (p->o.connections > CONNECTIONS)
		p->o.connections = CONNECTIONS;
	buf_init(&p->text, 1U << 16);
	buf_init(&p->body, 1U << 16);
	p->posted_at = calloc(options->count + 1, sizeof(*p->posted_at));
	if (!p->posted_at) {
		free(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

void posts_begin(struct posts *p, uint64_t until_us)
{
	p->began_us = p->ticked_us = now_us(p);
	p->until_us = until_us;
}

void posts_tick(struct posts *p)
{
	uint64_t now = now_us(p);

	if (!p->began_us)
		return;
	p->tokens += (double)(now - p->ticked_us) * p->o.rate / 1e6;
	if (p->tokens > p->o.rate / 20.0 + 1)
		p->tokens = p->o.rate / 20.0 + 1;
	p->ticked_us = now;
	if (p->counts.posted >= p->o.count || now >= p->until_us)
		return;
	connect_all(p);
	for (unsigned i = 0; i < p->o.connections; i++)
		go_on(p, &p->callers[i]);
}

bool posts_settled(struct posts *p, uint64_t number)
{
	uint64_t i = number - p->o.first_number;

	if (number < p->o.first_number || i >= p->counts.posted)
		return false;
	if (!p->posted_at[i]) {
		p->counts.doubled++;
		return true;
	}
	p->settled_us = now_us(p);
	samples_add(&p->submits, p->settled_us - p->began_us - (p->posted_at[i] - 1) * 10ULL);
	p->posted_at[i] = 0;
	p->counts.settled++;
	return true;
}

bool posts_quiet(const struct posts *p)
{
	if (p->counts.posted < p->o.count && now_us(p) < p->until_us)
		return false;
	for (unsigned i = 0; i < p->o.connections; i++)
		if (p->callers[i].busy)
			return false;
	return true;
}

bool posts_done(const struct posts *p)
{
	return posts_quiet(p) && p->counts.settled >= p->counts.accepted;
}

const struct posts_counts *posts_counts(const struct posts *p)
{
	return &p->counts;
}

static double since_began(const struct posts *p, uint64_t at)
{
	return at > p->began_us ? (double)(at - p->began_us) / 1e6 : 0;
}

double posts_accepted_s(const struct posts *p)
{
	return since_began(p, p->accepted_us);
}

double posts_settled_s(const struct posts *p)
{
	return since_began(p, p->settled_us);
}

struct samples *posts_submit_times(struct posts *p)
{
	return &p->submits;
}

struct samples *posts_answer_times(struct posts *p)
{
	return &p->answers;
}

void posts_close(struct posts **posts)
{
	struct posts *p = *posts;

	if (!p)
		return;
	*posts = NULL;
	for (unsigned i = 0; i < p->o.connections; i++)
		if (p->callers[i].stream)
			io_stream_abort(p->callers[i].stream, -ECANCELED);
	for (unsigned turns = 0; turns < 100; turns++)
		uv_run(io_loop_uv(p->loop), UV_RUN_NOWAIT);
	buf_fini(&p->text);
	buf_fini(&p->body);
	samples_fini(&p->submits);
	samples_fini(&p->answers);
	free(p->posted_at);
	free(p);
}
