/*
 * Who asks, what is ordered (sendsms_order.c), one message for each receiver, and the answer when
 * all are durable: kannel's statuses and words, since scripts compare them.
 */
#include "sendsms.h"

#include "digest.h"
#include "dlr_url.h"
#include "http_parse.h"
#include "metrics.h"
#include "net_range.h"
#include "sendsms_guard.h"
#include "sendsms_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { BODY_MAX = 64 * 1024, RANGES_MAX = 32 };

struct user {
	const struct config_sendsms_user *config;
	char hash[DIGEST_HEX_SIZE]; /* of the password */
	uint64_t paced_us;
};

struct sendsms {
	struct sendsms_options options;
	struct user *users;
	size_t user_count;
	struct sendsms_guard *guard;
	uint64_t *accepted, *refused, *unauthorized, *busy;
	bool told_query;
};

/* A request under way: one message for each receiver. */
struct job {
	struct sendsms *all;
	struct http_request *request;
	struct user *user;
	struct sendsms_fields fields;
	struct sendsms_order order;
	const char *channel;
	unsigned open; /* messages not yet durable, and one while they are given out */
	unsigned done, delayed, refused;
	int err; /* why the first one could not be given out */
};

/* --- Answers -------------------------------------------------------------------------------- */

/* As kannel writes them, so that even a proxy's rules for them hold. */
static void answer(struct http_request *r, int status, const char *text)
{
	static const struct http_header_out headers[] = {
		{"Cache-Control", "no-cache"},
		{"Pragma",        "no-cache"},
		{"Retry-After",   "2"       },
	};

	http_respond_with(r, status, "text/html", span_of(text), headers,
	                  ARRAY_LEN(headers) - (status != 503), NULL, NULL);
}

static void job_free(struct job *job)
{
	sendsms_fields_fini(&job->fields);
	sendsms_order_fini(&job->order);
	free(job);
}

static void job_refuse(struct job *job, int status, const char *text)
{
	++*(status == 403 && text[0] == 'A' ? job->all->unauthorized
	    : status == 503                 ? job->all->busy
	                                    : job->all->refused);
	answer(job->request, status, text);
	job_free(job);
}

/* --- What the request says ------------------------------------------------------------------ */

static struct span header_of(const void *request, const char *name)
{
	return http_header(request, name);
}

/* "text/plain; charset=UTF-8" */
static struct span charset_of(struct span parameters)
{
	while (parameters.len) {
		struct span value;
		struct span one = span_trim(span_split(parameters, ';', &parameters));
		struct span name = span_trim(span_split(one, '=', &value));

		value = span_trim(value);
		if (value.len > 1 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
			value = (struct span){value.ptr + 1, value.len - 2};
		if (name.len == 7 && strncasecmp(name.ptr, "charset", 7) == 0)
			return value;
	}
	return SPAN_NONE;
}

enum body_kind { BODY_FORM, BODY_TEXT, BODY_OCTETS, BODY_MARKUP, BODY_UNKNOWN };

static const struct {
	const char *type;
	enum body_kind kind;
} body_kinds[] = {
	{"",				  BODY_OCTETS},
        {"application/octet-stream",          BODY_OCTETS},
	{"text/plain",			BODY_TEXT  },
        {"application/x-www-form-urlencoded", BODY_FORM  },
	{"text/html",			 BODY_MARKUP},
        {"text/vnd.wap.wml",                  BODY_MARKUP},
};

static enum body_kind kind_of(struct span type)
{
	for (size_t i = 0; i < ARRAY_LEN(body_kinds); i++)
		if (type.len == strlen(body_kinds[i].type) &&
		    strncasecmp(type.ptr, body_kinds[i].type, type.len) == 0)
			return body_kinds[i].kind;
	return BODY_UNKNOWN;
}

static int read_query(struct job *job)
{
	bool allowed = job->all->options.config->sendsms.password_in_query, seen = false;
	int err = sendsms_fields_form(&job->fields, http_query_text(job->request),
	                              allowed ? SENDSMS_FIELDS : SENDSMS_PASSWORD, &seen);

	if (seen && !job->all->told_query) {
		job->all->told_query = true;
		log_warn(job->all->options.log, EVENT("sendsms.password_in_query"),
		         STR("from", http_peer(job->request)));
	}
	return err;
}

/* A body whose parameters are headers; the text is a copy's, so that it is wiped as all others. */
static int read_raw(struct job *job, enum body_kind kind, struct span parameters)
{
	struct span charset = charset_of(parameters);

	job->fields.value[SENDSMS_TEXT] = http_body(job->request);
	if (!job->fields.value[SENDSMS_TEXT].ptr)
		job->fields.value[SENDSMS_TEXT] = SPAN_LIT("");
	/* RFC 2046, 4.1.2, as kannel reads it: a text without a charset is not UTF-8. */
	if (kind == BODY_TEXT)
		job->fields.value[SENDSMS_CHARSET] = charset.len ? charset : SPAN_LIT("ISO-8859-1");
	return sendsms_fields_headers(&job->fields, header_of, job->request);
}

static int read_fields(struct job *job, enum body_kind kind, struct span parameters)
{
	int err;

	if (http_method(job->request) == HTTP_M_GET)
		return read_query(job);
	if (kind != BODY_FORM)
		return read_raw(job, kind, parameters);
	err = sendsms_fields_form(&job->fields, http_body(job->request), SENDSMS_FIELDS, NULL);
	return err ? err : read_query(job);
}

/* --- Who asks ------------------------------------------------------------------------------- */

static bool may_come_from(const struct config_sendsms_user *user, const char *from)
{
	struct net_range range;

	if (!user->allow || !user->allow[0])
		return true;
	for (char **text = user->allow; *text; text++)
		if (!net_range_parse(*text, &range) && net_range_has(&range, from))
			return true;
	return false;
}

/* Every hash is compared, whatever the name: the time tells neither of them. */
static struct user *find_user(struct sendsms *s, struct span name, struct span password)
{
	struct user *found = NULL;
	char hash[DIGEST_HEX_SIZE];

	digest_sha256_hex(&password, 1, hash);
	for (size_t i = 0; i < s->user_count; i++) {
		struct user *user = &s->users[i];
		bool right = span_eq_secret(span_of(hash), span_of(user->hash));

		if (span_is(name, user->config->name) && right)
			found = user;
	}
	explicit_bzero(hash, sizeof(hash));
	return found;
}

static struct user *authorize(struct job *job)
{
	struct sendsms *s = job->all;
	uint64_t now = clock_mono_ms(io_loop_clock(s->options.loop));
	struct span name = job->fields.value[SENDSMS_USERNAME];
	const char *from = http_peer(job->request);
	struct user *user = NULL;

	if (!name.ptr || !job->fields.value[SENDSMS_PASSWORD].ptr)
		return NULL;
	if (!sendsms_guard_open(s->guard, from, name, now)) {
		log_warn(s->options.log, EVENT("sendsms.guarded"), STR("from", from));
		return NULL;
	}
	user = find_user(s, name, job->fields.value[SENDSMS_PASSWORD]);
	if (user && may_come_from(user->config, from))
		return user;
	sendsms_guard_failed(s->guard, from, name, now);
	log_warn(s->options.log, EVENT("sendsms.refused_user"), STR("from", from),
	         STR("why", user ? "address" : "password"));
	return NULL;
}

/* --- Where it goes -------------------------------------------------------------------------- */

static bool is_allowed(char *const *names, const char *name)
{
	if (!names || !*names)
		return true;
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* The channel that smsc names, or the user's first; NULL: none. */
static const char *find_channel(const struct job *job)
{
	const struct config *config = job->all->options.config;
	char *const *allowed = job->user->config->channels;
	struct span name = job->order.smsc;

	if (!name.len && allowed && *allowed)
		return *allowed;
	for (size_t i = 0; i < config->channel_count; i++) {
		const struct config_channel *channel = &config->channels[i];

		if (strcmp(channel->ops->caps.scheme, "sms") == 0 &&
		    (!name.len || span_is(name, channel->name)) &&
		    is_allowed(allowed, channel->name))
			return channel->name;
	}
	return NULL;
}

struct channel_look {
	const char *name;
	bool sends;
};

static void look_at_channel(void *arg, const char *name, const struct connector_ops *ops,
                            enum channel_state state, const char *why)
{
	struct channel_look *look = arg;

	(void)ops;
	(void)why;
	if (strcmp(name, look->name) == 0)
		look->sends = state == CHANNEL_UP || state == CHANNEL_SEND_ONLY;
}

static bool sends_now(const struct job *job)
{
	struct channel_look look = {.name = job->channel};

	router_channels(job->all->options.router, look_at_channel, &look);
	return look.sends;
}

/* --- Sending -------------------------------------------------------------------------------- */

/* Why nothing of it could be sent; kannel has no words for what it never refuses. */
static const struct refusal {
	int err, status;
	const char *text;
} refusals[] = {
	{-EINVAL,   400, "Number(s) has/have been denied by white- and/or black-lists."},
	{-EMSGSIZE, 400, "Message too long, rejected"                                  },
	{-EACCES,   400, "Sender is none of the channel's, rejected"                   },
	{0,         403, "Not routable. Do not try again."                             },
};

static const struct refusal *refusal_of(int err)
{
	const struct refusal *r = refusals;

	while (r->err && r->err != err)
		r++;
	return r;
}

/* What may go another time: Redis is away, memory is short. */
static bool is_temporary(int err)
{
	return err && err != -ENOENT && !refusal_of(err)->err;
}

static void job_close(struct job *job)
{
	if (--job->open)
		return;
	if (job->delayed || is_temporary(job->err)) {
		job_refuse(job, 503, "Temporal failure, try again later.");
	} else if (!job->done) {
		const struct refusal *why = refusal_of(job->err);

		job_refuse(job, why->status, why->text);
	} else {
		++*job->all->accepted;
		answer(job->request, 202,
		       sends_now(job) ? "0: Accepted for delivery"
		                      : "3: Queued for later delivery");
		job_free(job);
	}
}

static void on_sent(void *arg, const struct router_sent *sent)
{
	struct job *job = arg;
	int err = sent->error.err;

	if (err == -ENOTCONN || err == -ETIMEDOUT || err == -EAGAIN)
		job->delayed++;
	else if (err)
		job->refused++;
	else
		job->done++;
	if (!err)
		log_info(job->all->options.log, EVENT("sendsms.accepted"),
		         STR("user", job->user->config->name),
		         SPAN("conversation", sent->conversation), NUM("seq", sent->seq));
	job_close(job);
}

static void order_message(const struct job *job, struct router_send *send)
{
	const struct sendsms_order *order = &job->order;

	*send = (struct router_send){
		.channel = span_of(job->channel),
		.local = order->from,
		.text = order->text,
		.lane = (enum lane)job->user->config->lane,
		.on_uncertain = UNCERTAIN_HOLD, /* as every message of a program: never twice */
		.validity_ms = order->validity_ms,
	};
	if (order->mclass != SENDSMS_UNSET)
		send->service.message_class = CLASS_0 + (unsigned)order->mclass;
	if (order->priority != SENDSMS_UNSET)
		send->service.priority = (uint8_t)(1 + order->priority);
	if (order->dlr_mask & (DLR_DELIVERED | DLR_UNDELIVERED | DLR_BUFFERED))
		send->service.receipt = RECEIPT_WANTED;
	if (order->deferred_ms)
		send->due_ms =
			clock_wall_ms(io_loop_clock(job->all->options.loop)) + order->deferred_ms;
}

static int send_one(struct job *job, struct span to)
{
	char author[64], cid[DIGEST_TOKEN_SIZE];
	struct router_send send;
	char *options;
	int err = 0;

	order_message(job, &send);
	snprintf(author, sizeof(author), "api:%s", job->user->config->name);
	digest_token(cid);
	options = sendsms_order_options(&job->order, to, job->user->config->name,
	                                span_of(job->channel), &err);
	send.address = to;
	send.author = span_of(author);
	send.cid = span_of(cid);
	send.options = span_of(options);
	if (!err)
		err = router_send(job->all->options.router, &send, on_sent, job);
	free(options);
	return err;
}

static void send_all(struct job *job)
{
	job->open = 1;
	for (size_t i = 0; i < job->order.to_count; i++) {
		int err;

		job->open++;
		err = send_one(job, job->order.to[i]);
		if (!err)
			continue;
		job->open--;
		if (!job->err)
			job->err = err;
	}
	job_close(job);
}

/* --- The request ---------------------------------------------------------------------------- */

static bool within_rate(struct job *job)
{
	uint64_t now = clock_mono_us(io_loop_clock(job->all->options.loop));

	return !sendsms_guard_pace(&job->user->paced_us, job->user->config->rate,
	                           job->order.to_count, now);
}

static void work(struct job *job, enum body_kind kind)
{
	const struct sendsms_defaults defaults = {
		.from = span_of(job->user->config->from),
		.octets = kind == BODY_OCTETS,
		.body = kind != BODY_FORM,
	};
	const char *why = sendsms_order_read(&job->fields, &defaults, &job->order);

	if (why) {
		job_refuse(job, 400, why);
		return;
	}
	job->channel = find_channel(job);
	if (!job->channel)
		job_refuse(job, 403, "Not routable. Do not try again.");
	else if (!within_rate(job))
		job_refuse(job, 503, "Temporal failure, try again later.");
	else
		send_all(job);
}

static void on_request(void *arg, struct http_request *r)
{
	bool get = http_method(r) == HTTP_M_GET;
	struct job *job = calloc(1, sizeof(*job));
	struct span parameters;
	struct span type = span_trim(span_split(http_header(r, "content-type"), ';', &parameters));
	enum body_kind kind = get ? BODY_FORM : kind_of(type);

	if (!job) {
		answer(r, 503, "Temporal failure, try again later.");
		return;
	}
	job->all = arg;
	job->request = r;
	if (kind == BODY_UNKNOWN) {
		job_refuse(job, 400, "Invalid content-type");
		return;
	}
	if (read_fields(job, kind, parameters)) {
		job_refuse(job, 503, "Temporal failure, try again later.");
		return;
	}
	job->user = authorize(job);
	if (!job->user)
		job_refuse(job, 403, "Authorization failed for sendsms");
	else if (kind == BODY_MARKUP)
		job_refuse(job, 415, "Unsupported content-type, rejected");
	else
		work(job, kind);
}

/* --- Life ----------------------------------------------------------------------------------- */

static uint64_t *counter(const char *result)
{
	return metric_get(METRIC_COUNTER, "posthouse_sendsms_requests_total",
	                  "Requests to /cgi-bin/sendsms by what they were answered", "result",
	                  result);
}

static int take_users(struct sendsms *s)
{
	const struct config_list *list = &s->options.config->sendsms.users;
	const struct config_sendsms_user *users = list->items;

	s->users = calloc(list->count + 1, sizeof(*s->users));
	if (!s->users)
		return -ENOMEM;
	for (; s->user_count < list->count; s->user_count++) {
		struct span password = span_of(users[s->user_count].password);

		s->users[s->user_count].config = &users[s->user_count];
		digest_sha256_hex(&password, 1, s->users[s->user_count].hash);
	}
	return 0;
}

int sendsms_create(const struct sendsms_options *options, struct sendsms **out)
{
	struct sendsms *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->options = *options;
	s->accepted = counter("accepted");
	s->refused = counter("refused");
	s->unauthorized = counter("unauthorized");
	s->busy = counter("busy");
	err = take_users(s);
	if (!err)
		err = sendsms_guard_create(&s->guard);
	if (!err && s->user_count)
		err = http_route_limited(options->server, HTTP_M_GET | HTTP_M_POST,
		                         "/cgi-bin/sendsms", BODY_MAX, on_request, s);
	if (err)
		sendsms_destroy(&s);
	else
		*out = s;
	return err;
}

void sendsms_destroy(struct sendsms **sendsms)
{
	struct sendsms *s = *sendsms;

	if (!s)
		return;
	sendsms_guard_destroy(&s->guard);
	if (s->users)
		explicit_bzero(s->users, s->user_count * sizeof(*s->users));
	free(s->users);
	free(s);
	*sendsms = NULL;
}
