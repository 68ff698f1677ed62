/*
 * The set of links to one Redis: is it up, which link takes a command, what an error reply means
 * for all of it, and pub/sub. The connections themselves are in redis_link.c, what is asked of a
 * server before it is used in redis_check.c.
 */
#include "redis.h"

#include "metrics.h"
#include "redis_check.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
	CONNECTIONS = 2,
	CONNECTIONS_MAX = 64,
	TIMEOUT_MS = 5000,
	OUTSTANDING = 8192,
	TICK_MAX_MS = 250,
	CHECK_MIN_MS = 50,
	CHECK_MAX_MS = 2000,
	ARGS_MAX = 700 /* of a function call */
};

enum redis_stage {
	STAGE_CONNECTING, /* not all links are ready */
	STAGE_CHECKING,
	STAGE_REFUSED, /* Redis answers, but keeps nothing; checked again soon */
	STAGE_UP
};

struct subscription {
	struct subscription *next;
	redis_message_fn *fn;
	void (*on_lost)(void *arg);
	void *arg;
	char channel[];
};

struct redis {
	struct io_loop *loop;
	const struct logger *log;
	redis_state_fn *fn;
	void *arg;
	struct redis_link_config config;
	struct redis_library *libraries;
	size_t library_count;
	struct redis_link *links[CONNECTIONS_MAX], *listener;
	unsigned link_count, ready;
	size_t outstanding_max;
	enum redis_stage stage;
	bool told_up;
	struct redis_check *check;
	uint64_t check_ms;
	struct io_timer *tick, *recheck;
	struct subscription *subscriptions;
	struct histogram *latency;
	uint64_t *errors, *up_gauge;
	uint64_t fcalls;
	char why[160];
	char *text; /* what config points to */
	size_t text_size;
};

static void start_check(void *arg);

static void tell_down(struct redis *r, const char *why)
{
	if (!r->told_up && strcmp(r->why, why) == 0)
		return;
	snprintf(r->why, sizeof(r->why), "%s", why);
	*r->up_gauge = r->told_up = false;
	log_warn(r->log, EVENT("redis.down"), STR("why", r->why));
	r->fn(r->arg, false, r->why);
}

static void tell_up(struct redis *r)
{
	r->stage = STAGE_UP;
	r->check_ms = CHECK_MIN_MS;
	r->why[0] = '\0';
	*r->up_gauge = r->told_up = true;
	log_info(r->log, EVENT("redis.up"), NUM("connections", r->link_count));
	r->fn(r->arg, true, NULL);
}

static void refuse(struct redis *r, const char *why)
{
	r->stage = STAGE_REFUSED;
	redis_check_cancel(&r->check);
	io_timer_start(r->recheck, r->check_ms, 0);
	r->check_ms = r->check_ms * 2 > CHECK_MAX_MS ? CHECK_MAX_MS : r->check_ms * 2;
	tell_down(r, why);
}

static void on_checked(void *arg, int err, const redisReply *reply, const char *why)
{
	struct redis *r = arg;

	(void)reply;
	r->check = NULL;
	if (r->stage != STAGE_CHECKING)
		return;
	if (err)
		refuse(r, why ? why : uv_strerror(err));
	else
		tell_up(r);
}

static void start_check(void *arg)
{
	struct redis *r = arg;
	int err;

	if (r->ready < r->link_count)
		return;
	redis_check_cancel(&r->check);
	r->stage = STAGE_CHECKING;
	err = redis_check_start(r->links[0], r->libraries, r->library_count, on_checked, r,
	                        &r->check);
	if (err)
		refuse(r, uv_strerror(err));
}

static unsigned count_ready(const struct redis *r)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < r->link_count; i++)
		ready += redis_link_ready(r->links[i]);
	return ready;
}

static void on_ready(void *arg)
{
	struct redis *r = arg;

	r->ready = count_ready(r);
	start_check(r);
}

static void on_down(void *arg, const char *why)
{
	struct redis *r = arg;

	r->ready = count_ready(r);
	r->stage = STAGE_CONNECTING;
	io_timer_stop(r->recheck);
	redis_check_cancel(&r->check);
	tell_down(r, why);
}

/* Error replies that say nothing about the command and all about the server. */
static const char *const unfit[] = {
	"LOADING ",    "READONLY ",    "MISCONF ", "OOM ",    "MASTERDOWN ",
	"NOREPLICAS ", "CLUSTERDOWN ", "BUSY ",    "NOAUTH ", "ERR Function not found"};

static bool is_unfit(const char *error)
{
	for (size_t i = 0; i < ARRAY_LEN(unfit); i++)
		if (strncmp(error, unfit[i], strlen(unfit[i])) == 0)
			return true;
	return false;
}

/*
 * A command that met such a server was not carried out. The check that follows loads functions
 * again (somebody flushed them), and waits until the server keeps what is written.
 */
static void on_reply(void *arg, const redisReply *reply, uint64_t took_us, int *err)
{
	struct redis *r = arg;

	histogram_add_us(r->latency, took_us);
	if (!*err)
		return;
	++*r->errors;
	if (!is_unfit(reply->str))
		return;
	*err = -ENOTCONN;
	if (r->stage == STAGE_UP)
		refuse(r, reply->str);
}

static const struct redis_link_ops link_ops = {
	.on_ready = on_ready, .on_down = on_down, .on_reply = on_reply};

static bool subscribe(struct redis *r, const char *channel)
{
	const struct span argv[] = {SPAN_LIT("SUBSCRIBE"), span_of(channel)};

	return redis_link_push(r->listener, 2, argv) == 0;
}

static void on_listener_ready(void *arg)
{
	struct redis *r = arg;

	for (struct subscription *s = r->subscriptions; s; s = s->next)
		subscribe(r, s->channel);
}

static void on_listener_down(void *arg, const char *why)
{
	struct redis *r = arg;

	log_debug(r->log, EVENT("redis.listener_down"), STR("why", why));
}

static bool on_push(void *arg, const redisReply *reply)
{
	struct redis *r = arg;
	bool message = false, subscribed = false;

	if (reply->type == REDIS_REPLY_ARRAY) {
		message = span_is(redis_text_at(reply, 0), "message");
		subscribed = span_is(redis_text_at(reply, 0), "subscribe");
	}
	if (!message && !subscribed)
		return false;
	for (struct subscription *s = r->subscriptions; s; s = s->next) {
		if (!span_is(redis_text_at(reply, 1), s->channel))
			continue;
		if (message)
			s->fn(s->arg, redis_text_at(reply, 2));
		else if (s->on_lost)
			s->on_lost(s->arg);
	}
	return true;
}

static void on_listener_reply(void *arg, const redisReply *reply, uint64_t took_us, int *err)
{
	(void)arg;
	(void)reply;
	(void)took_us;
	(void)err;
}

static const struct redis_link_ops listener_ops = {.on_ready = on_listener_ready,
                                                   .on_down = on_listener_down,
                                                   .on_push = on_push,
                                                   .on_reply = on_listener_reply};

static void on_tick(void *arg)
{
	struct redis *r = arg;

	for (unsigned i = 0; i < r->link_count; i++)
		redis_link_tick(r->links[i]);
	redis_link_tick(r->listener);
}

/* Where text goes on, for the parts of an options' copy. */
static const char *keep(char **at, struct span s)
{
	char *start = *at;

	if (!s.ptr)
		return NULL;
	memcpy(start, s.ptr, s.len);
	start[s.len] = '\0';
	*at += s.len + 1;
	return start;
}

static int parse_port(struct span s, uint16_t *out)
{
	uint64_t port;

	if (span_u64(s, &port) || port == 0 || port > UINT16_MAX)
		return -EINVAL;
	*out = (uint16_t)port;
	return 0;
}

/* "unix:PATH", "HOST:PORT", "[::1]:PORT". */
static int parse_address(struct redis_link_config *c, const char *address, char **at)
{
	struct span whole = span_of(address), host = whole;
	const char *colon = strrchr(address, ':');

	if (span_starts(whole, SPAN_LIT("unix:"))) {
		c->path = keep(at, (struct span){whole.ptr + 5, whole.len - 5});
		return whole.len > 5 ? 0 : -EINVAL;
	}
	if (!colon)
		return -EINVAL;
	host.len = (size_t)(colon - address);
	if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = (struct span){host.ptr + 1, host.len - 2};
	c->host = keep(at, host);
	return host.len ? parse_port(span_of(colon + 1), &c->port) : -EINVAL;
}

static size_t text_size(const struct redis_options *o)
{
	size_t size = strlen(o->address) + 1;

	size += o->username ? strlen(o->username) + 1 : 0;
	size += o->password ? strlen(o->password) + 1 : 0;
	for (size_t i = 0; i < o->library_count; i++)
		size += strlen(o->libraries[i].name) + strlen(o->libraries[i].text) + 2;
	return size;
}

static int copy_options(struct redis *r, const struct redis_options *o)
{
	char *at;

	r->text_size = text_size(o);
	at = r->text = malloc(r->text_size);
	r->libraries = calloc(o->library_count + 1, sizeof(*r->libraries));
	if (!r->text || !r->libraries)
		return -ENOMEM;
	r->config.username = keep(&at, span_of(o->username));
	r->config.password = keep(&at, span_of(o->password));
	r->config.database = o->database;
	r->config.timeout_ms = o->timeout_ms ? o->timeout_ms : TIMEOUT_MS;
	r->library_count = o->library_count;
	for (size_t i = 0; i < o->library_count; i++) {
		r->libraries[i].name = keep(&at, span_of(o->libraries[i].name));
		r->libraries[i].text = keep(&at, span_of(o->libraries[i].text));
	}
	r->outstanding_max = o->outstanding ? o->outstanding : OUTSTANDING;
	r->link_count = o->connections ? o->connections : CONNECTIONS;
	if (r->link_count > CONNECTIONS_MAX)
		return -EINVAL;
	return parse_address(&r->config, o->address, &at);
}

static int create_parts(struct redis *r)
{
	uint64_t tick = r->config.timeout_ms / 4 + 1;
	int err = io_timer_create(r->loop, "redis.tick", on_tick, r, &r->tick);

	if (tick > TICK_MAX_MS)
		tick = TICK_MAX_MS;
	if (!err)
		err = io_timer_create(r->loop, "redis.check", start_check, r, &r->recheck);
	for (unsigned i = 0; !err && i < r->link_count; i++)
		err = redis_link_create(&r->config, &link_ops, r, &r->links[i]);
	if (!err)
		err = redis_link_create(&r->config, &listener_ops, r, &r->listener);
	if (!err)
		io_timer_start(r->tick, tick, tick);
	return err;
}

int redis_create(struct io_loop *loop, const struct logger *log,
                 const struct redis_options *options, redis_state_fn *fn, void *arg,
                 struct redis **out)
{
	struct redis *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->loop = r->config.loop = loop;
	r->log = r->config.log = log;
	r->fn = fn;
	r->arg = arg;
	r->check_ms = CHECK_MIN_MS;
	r->latency =
		metric_histogram("posthouse_redis_seconds", "Time to Redis' answer", NULL, NULL);
	r->errors = metric_get(METRIC_COUNTER, "posthouse_redis_errors_total",
	                       "Error answers of Redis", NULL, NULL);
	r->up_gauge = metric_get(METRIC_GAUGE, "posthouse_redis_up",
	                         "1 when Redis takes and keeps what is written", NULL, NULL);
	*r->up_gauge = 0;
	err = copy_options(r, options);
	if (!err)
		err = create_parts(r);
	if (err) {
		redis_destroy(&r);
		return err;
	}
	*out = r;
	return 0;
}

void redis_destroy(struct redis **at)
{
	struct redis *r = *at;
	struct subscription *s;

	if (!r)
		return;
	*at = NULL;
	r->stage = STAGE_CONNECTING;
	*r->up_gauge = 0;
	redis_check_cancel(&r->check);
	io_timer_destroy(&r->tick);
	io_timer_destroy(&r->recheck);
	for (unsigned i = 0; i < r->link_count && i < CONNECTIONS_MAX; i++)
		redis_link_destroy(&r->links[i]);
	redis_link_destroy(&r->listener);
	while ((s = r->subscriptions)) {
		r->subscriptions = s->next;
		free(s);
	}
	free(r->libraries);
	if (r->text)
		explicit_bzero(r->text, r->text_size); /* a password is in it */
	free(r->text);
	free(r);
}

bool redis_up(const struct redis *redis)
{
	return redis->stage == STAGE_UP;
}

/* What is between the first "{" and the next "}", as Redis Cluster does it; else all of key. */
static struct span hash_tag(struct span key)
{
	struct span rest, tag;

	span_split(key, '{', &rest);
	if (!rest.ptr)
		return key;
	tag = span_split(rest, '}', &rest);
	return rest.ptr && tag.len ? tag : key;
}

static struct redis_link *link_of(struct redis *r, struct span key)
{
	struct span tag = hash_tag(key);
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < tag.len; i++)
		hash = (hash ^ (uint8_t)tag.ptr[i]) * 16777619U;
	return r->links[hash % r->link_count];
}

static struct span key_of(int argc, const struct span *argv)
{
	static const char *const counted[] = {"FCALL", "FCALL_RO", "EVAL", "EVALSHA"};

	for (size_t i = 0; argc > 3 && i < ARRAY_LEN(counted); i++)
		if (argv[0].len == strlen(counted[i]) &&
		    strncasecmp(argv[0].ptr, counted[i], argv[0].len) == 0)
			return argv[3];
	return argc > 1 ? argv[1] : SPAN_NONE;
}

static size_t outstanding(const struct redis *r)
{
	size_t sum = 0;

	for (unsigned i = 0; i < r->link_count; i++)
		sum += redis_link_outstanding(r->links[i]);
	return sum;
}

int redis_command(struct redis *r, int argc, const struct span *argv, redis_fn *fn, void *arg)
{
	assert(argc > 0);
	if (r->stage != STAGE_UP)
		return -ENOTCONN;
	if (outstanding(r) >= r->outstanding_max)
		return -EAGAIN;
	return redis_link_send(link_of(r, key_of(argc, argv)), argc, argv, fn, arg);
}

int redis_fcall(struct redis *r, const char *function, struct span key, const struct span *args,
                size_t count, redis_fn *fn, void *arg)
{
	struct span argv[4 + ARGS_MAX]; /* not cleared: it is large, and count says what is used */
	int err;

	if (count > ARGS_MAX)
		return -EINVAL;
	argv[0] = SPAN_LIT("FCALL");
	argv[1] = span_of(function);
	argv[2] = SPAN_LIT("1");
	argv[3] = key;
	if (count)
		memcpy(argv + 4, args, count * sizeof(*args));
	err = redis_command(r, (int)(4 + count), argv, fn, arg);
	r->fcalls += !err;
	return err;
}

int redis_subscribe(struct redis *r, const char *channel, redis_message_fn *fn,
                    void (*on_lost)(void *arg), void *arg)
{
	size_t size = strlen(channel) + 1;
	struct subscription *s = calloc(1, sizeof(*s) + size);

	if (!s)
		return -ENOMEM;
	s->fn = fn;
	s->on_lost = on_lost;
	s->arg = arg;
	memcpy(s->channel, channel, size);
	s->next = r->subscriptions;
	r->subscriptions = s;
	if (redis_link_ready(r->listener))
		subscribe(r, channel);
	return 0;
}

uint64_t redis_fcalls(const struct redis *redis)
{
	return redis->fcalls;
}
