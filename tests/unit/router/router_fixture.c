/* A router on a real Redis with a connector that is a double. */
#include "router_fixture.h"

#include "catalogue.h"
#include "redis_proxy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A Redis that the machine leaves out for a while is not away. */
enum { WAIT_MS = 15000, REDIS_TIMEOUT_MS = 60000 };

struct fixture fx;

static char directory[] = "/tmp/posthouse-router-XXXXXX";
static char redis_path[128], redis_address[160];
static pid_t server;

/* --- Time ------------------------------------------------------------------------------------ */

/* Stands in for libc's. */
int clock_gettime(clockid_t id, struct timespec *out)
{
	int err = (int)syscall(SYS_clock_gettime, id, out);

	if (id == CLOCK_REALTIME)
		out->tv_sec += fx.ahead_s;
	return err;
}

/* --- The catalogue: answers ----------------------------------------------------- */

static const char catalogue_text[] =
	"answers:\n"
	"  - id: fee\n"
	"    title: {zh: 年费, en: Annual fee}\n"
	"    samples:\n"
	"      zh: [年费多少钱, 信用卡年费怎么收, 年费是多少, 怎么收年费]\n"
	"      en: [what is the annual fee, how much is the annual fee, annual fee please, card "
	"annual fee]\n"
	"    text: {zh: 年费 100 元。, en: The annual fee is 100 yuan.}\n"
	"  - id: hours\n"
	"    title: {zh: 营业时间, en: Opening hours}\n"
	"    samples:\n"
	"      zh: [几点开门, 营业时间, 周末上班吗, 你们几点下班]\n"
	"      en: [when do you open, opening hours, are you open on sunday, when do you close]\n"
	"    text: {zh: 9 点到 17 点。, en: From 9 to 17.}\n"
	"  - id: address\n"
	"    title: {zh: 地址, en: Address}\n"
	"    samples:\n"
	"      zh: [网点在哪里, 最近的支行, 你们地址, 怎么去网点]\n"
	"      en: [where is the branch, nearest branch, your address, how do i get to the "
	"branch]\n"
	"    text: {zh: 人民路 1 号。, en: 1 Renmin Road.}\n"
	"  - id: statement\n"
	"    title: {zh: 账单, en: Statement}\n"
	"    needs: verified\n"
	"    samples:\n"
	"      zh: [发我账单, 查本月账单, 我的账单呢, 账单寄给我]\n"
	"      en: [send my statement, my statement please, statement of this month, where is my "
	"statement]\n"
	"    text: {zh: 账单已发。, en: Your statement is sent.}\n";

static void told(void *arg, const char *file, unsigned line, const char *text)
{
	(void)arg;
	ck_abort_msg("%s:%u: %s", file, line, text);
}

static struct catalogue *make_catalogue(void)
{
	const struct catalogue_file file = {"test.yaml", SPAN_LIT(catalogue_text)};
	struct catalogue *c = NULL;

	ck_assert_int_eq(catalogue_build(&file, 1, 0, told, NULL, &c), 0);
	return c;
}

/* --- The connector ------------------------------------------------------------------------------
 */

static struct double_self *last_self;

static int double_init(void *self, struct connector_host *host, const void *cfg,
                       struct yaml_errors *errors, unsigned line)
{
	struct double_self *d = self;

	(void)cfg;
	(void)errors;
	(void)line;
	d->host = host;
	last_self = d;
	return 0;
}

static int double_start(void *self)
{
	struct double_self *d = self;

	d->starts++;
	if (fx.start_answer)
		return fx.start_answer;
	d->started = true;
	connector_state(d->host, CHANNEL_UP, NULL);
	return 0;
}

static int double_send(void *self, struct message **msg)
{
	struct double_self *d = self;

	if (d->answer)
		return d->answer;
	ck_assert_uint_lt(d->count, SENT_MAX);
	d->sent[d->count++] = *msg;
	*msg = NULL;
	return 0;
}

static int double_address(const void *self, struct span raw, char *out, size_t size)
{
	(void)self;
	if (!span_starts(raw, SPAN_LIT("test:")))
		return -EINVAL;
	return snprintf(out, size, "%.*s", SPAN_FMT(raw)) < (int)size ? 0 : -EINVAL;
}

static void double_stop(void *self, enum stop_mode mode)
{
	struct double_self *d = self;

	d->stopped_how = mode;
	if (d->stops_slowly && mode != STOP_NOW)
		return;
	d->started = false;
	connector_state(d->host, CHANNEL_STOPPED, NULL);
}

static void double_fini(void *self)
{
	struct double_self *d = self;

	if (d->answers_at_end)
		d->answer_fn(d->answer_arg, &(struct connector_answer){.err = -ECANCELED});
	for (size_t i = 0; i < d->count; i++)
		message_unref(&d->sent[i]);
}

static bool double_can(const void *self, enum connector_operation what)
{
	return ((const struct double_self *)self)->can_be_asked && what != OPERATION_MANY;
}

static int double_ask(struct double_self *d, enum connector_operation what,
                      const struct connector_target *t, struct span text, answer_fn *fn, void *arg)
{
	d->asked++;
	d->asked_what = what;
	snprintf(d->asked_id, sizeof(d->asked_id), "%.*s", SPAN_FMT(t->id));
	snprintf(d->asked_address, sizeof(d->asked_address), "%.*s", SPAN_FMT(t->address));
	snprintf(d->asked_local, sizeof(d->asked_local), "%.*s+%.*s", SPAN_FMT(t->local),
	         SPAN_FMT(t->extension));
	snprintf(d->asked_text, sizeof(d->asked_text), "%.*s>%.*s",
	         SPAN_FMT(t->message ? t->message->text : SPAN_NONE), SPAN_FMT(text));
	d->answer_fn = fn;
	d->answer_arg = arg;
	return 0;
}

static int double_query(void *self, const struct connector_target *t, answer_fn *fn, void *arg)
{
	return double_ask(self, OPERATION_QUERY, t, SPAN_NONE, fn, arg);
}

static int double_cancel(void *self, const struct connector_target *t, answer_fn *fn, void *arg)
{
	return double_ask(self, OPERATION_CANCEL, t, SPAN_NONE, fn, arg);
}

static int double_replace(void *self, const struct connector_target *t, struct span text,
                          answer_fn *fn, void *arg)
{
	return double_ask(self, OPERATION_REPLACE, t, text, fn, arg);
}

static const struct connector_operations double_operations = {
	.can = double_can,
	.query = double_query,
	.cancel = double_cancel,
	.replace = double_replace,
};

#define DOUBLE(limited_, dials_)                                                       \
	{                                                                              \
		.name = "double",                                                      \
		.caps = {.kinds = 1 << MESSAGE_TEXT,                                   \
		         .text_max = 1000,                                             \
		         .receipts = true,                                             \
		         .replies_limited = (limited_),                                \
		         .resend_replies = true,                                       \
		         .dials = (dials_),                                            \
		         .operations = &double_operations,                             \
		         .scheme = "test"},                                            \
		.self_size = sizeof(struct double_self), .init = double_init,          \
		.start = double_start, .send = double_send, .address = double_address, \
		.stop = double_stop, .fini = double_fini                               \
	}

static const struct connector_ops ops_free = DOUBLE(false, false);
static const struct connector_ops ops_limited = DOUBLE(true, false);
static const struct connector_ops ops_dialing = DOUBLE(false, true);

/* --- Redis and nodes
 * ------------------------------------------------------------------------------ */

void redis_server_start(void)
{
	snprintf(redis_path, sizeof(redis_path), "%s/redis.sock", directory);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server)
		return;
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", redis_path, "--dir",
	       directory, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
	       "--logfile", "redis.log", (char *)NULL);
	_exit(127);
}

void redis_server_stop(void)
{
	if (server <= 0)
		return;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	server = 0;
}

static void on_redis(void *arg, bool up, const char *why)
{
	struct node *node = arg;

	(void)why;
	node->up = up;
	router_redis_state(node->router, up);
}

void node_start(struct node *node, const char *name, bool limited)
{
	const struct router_options options = {.node = name,
	                                       .default_queue = "general",
	                                       .agent_grace_ms = GRACE_S * 1000,
	                                       .drain_ms = 500};
	const struct router_channel channel = {.name = "ch",
	                                       .ops = fx.dials  ? &ops_dialing
	                                              : limited ? &ops_limited
	                                                        : &ops_free,
	                                       .all_nodes = fx.all_nodes};
	const struct redis_options redis = {.address = redis_address,
	                                    .libraries = router_libraries,
	                                    .library_count = router_library_count,
	                                    .timeout_ms = REDIS_TIMEOUT_MS};

	*node = (struct node){0};
	ck_assert_int_eq(router_create(fx.loop, NULL, &options, &node->router), 0);
	ck_assert_int_eq(redis_create(fx.loop, NULL, &redis, on_redis, node, &node->redis), 0);
	router_set_redis(node->router, node->redis);
	router_set_catalogue(node->router, make_catalogue());
	ck_assert_int_eq(router_channel_add(node->router, &channel, NULL), 0);
	node->self = last_self;
	io_wait(fx.loop, io_is_true, &node->up, WAIT_MS);
	router_start(node->router);
	if (!fx.dials)
		io_wait(fx.loop, io_is_true, &node->self->started, WAIT_MS);
}

void node_kill(struct node *node)
{
	router_set_redis(node->router, NULL);
	redis_destroy(&node->redis);
	router_destroy(&node->router);
}

void fixture_start(bool limited)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	redis_server_start();
	ck_assert_int_eq(io_loop_create(NULL, &fx.loop), 0);
	snprintf(redis_address, sizeof(redis_address), "unix:%s", redis_path);
	if (fx.proxied)
		snprintf(redis_address, sizeof(redis_address), "%s",
		         redis_proxy_start(fx.loop, redis_path));
	node_start(&fx.node, "n1", limited);
}

void fixture_stop(void)
{
	char command[160];

	node_kill(&fx.node);
	if (fx.proxied)
		redis_proxy_stop();
	io_loop_destroy(&fx.loop);
	fx.ahead_s = 0;
	redis_server_stop();
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

/* --- Customers
 * --------------------------------------------------------------------------------------- */

static const char *const addresses[] = {"test:alice", "test:bob", "test:carol", "test:dave"};

struct span address_of(unsigned customer)
{
	return span_of(addresses[customer]);
}

struct span conversation_of(unsigned customer)
{
	static char ids[ARRAY_LEN(addresses)][CONVERSATION_ID_LEN + 1];

	router_conversation_id(address_of(customer), ids[customer]);
	return span_of(ids[customer]);
}

struct done_call {
	bool done;
	int err;
};

static void on_done(void *arg, int err)
{
	*(struct done_call *)arg = (struct done_call){true, err};
}

int receive(struct node *node, const struct message *like)
{
	struct message *m = message_create(like);
	struct done_call call = {0};

	ck_assert_ptr_nonnull(m);
	connector_received(node->self->host, &m, on_done, &call);
	ck_assert_ptr_null(m);
	io_wait(fx.loop, io_is_true, &call.done, WAIT_MS);
	return call.err;
}

int receive_text(struct node *node, unsigned customer, const char *cid, const char *text)
{
	const struct message like = {
		.direction = MESSAGE_IN,
		.kind = MESSAGE_TEXT,
		.ts_ms = clock_wall_ms(&clock_system),
		.address = address_of(customer),
		.channel = SPAN_LIT("ch"),
		.local = SPAN_LIT("95500"),
		.text = span_of(text),
		.author = SPAN_LIT("customer"),
		.cid = span_of(cid),
		.dup_key = span_of(cid),
	};

	return receive(node, &like);
}

struct sent_wait {
	const struct node *node;
	size_t count;
};

static bool has_sent(const void *arg)
{
	const struct sent_wait *w = arg;

	return w->node->self->count >= w->count;
}

void wait_sent(struct node *node, size_t n)
{
	const struct sent_wait w = {node, n};

	io_wait(fx.loop, has_sent, &w, WAIT_MS);
}

void tell_outcome(struct node *node, size_t i, enum send_outcome outcome, const char *id)
{
	const struct send_result result = {.outcome = outcome, .parts = 1, .id = span_of(id)};

	ck_assert_uint_lt(i, node->self->count);
	connector_result(node->self->host, node->self->sent[i], &result);
}

void tell_receipt(struct node *node, const char *id, enum message_status status)
{
	const struct receipt receipt = {
		.id = span_of(id), .address = address_of(ALICE), .status = status};
	struct done_call call = {0};

	connector_receipt(node->self->host, &receipt, on_done, &call);
	io_wait(fx.loop, io_is_true, &call.done, WAIT_MS);
	ck_assert_int_eq(call.err, 0);
}

/* --- What the log says
 * ----------------------------------------------------------------------------------- */

struct read_result {
	bool done;
	struct log_event *out;
	size_t max, count;
	struct message *messages[128];
};

static void on_read(void *arg, const struct router_error *error, const struct log_event *events,
                    size_t count, bool more)
{
	static struct message *kept[128];
	struct read_result *r = arg;

	(void)more;
	ck_assert_int_eq(error->err, 0);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		message_unref(&kept[i]);
	for (size_t i = 0; i < count && i < r->max && i < ARRAY_LEN(kept); i++) {
		r->out[i] = events[i];
		if (events[i].message) {
			kept[i] = message_create(events[i].message);
			r->out[i].message = kept[i];
		}
		r->count++;
	}
	r->done = true;
}

size_t read_log(struct node *node, unsigned customer, struct log_event *out, size_t max)
{
	struct read_result r = {.out = out, .max = max};

	ck_assert_int_eq(
		router_read(node->router, conversation_of(customer), 0, 0, 100, on_read, &r), 0);
	io_wait(fx.loop, io_is_true, &r.done, WAIT_MS);
	return r.count;
}

size_t count_messages(struct node *node, unsigned customer, enum message_direction direction)
{
	struct log_event events[100];
	size_t count = read_log(node, customer, events, ARRAY_LEN(events)), found = 0;

	for (size_t i = 0; i < count; i++)
		found += events[i].type == LOG_MESSAGE && events[i].message->direction == direction;
	return found;
}

struct status_result {
	bool done;
	enum message_status status;
};

static void on_message(void *arg, const struct router_message *m)
{
	ck_assert_int_eq(m->error.err, 0);
	*(struct status_result *)arg = (struct status_result){true, m->status};
}

enum message_status status_of(struct node *node, unsigned customer, uint64_t seq)
{
	struct status_result r = {0};

	ck_assert_int_eq(
		router_message_get(node->router, conversation_of(customer), seq, on_message, &r),
		0);
	io_wait(fx.loop, io_is_true, &r.done, WAIT_MS);
	return r.status;
}

void wait_status(struct node *node, unsigned customer, uint64_t seq, enum message_status status)
{
	uint64_t end = io_had_ms() + WAIT_MS;
	enum message_status now = status_of(node, customer, seq);

	while (now != status && io_had_ms() < end)
		now = status_of(node, customer, seq);
	ck_assert_msg(now == status, "status of %u is %s, not %s", (unsigned)seq,
	              message_status_name(now), message_status_name(status));
}

struct summary_result {
	bool done;
	enum session_state state;
	char agent[64];
};

static void on_summary(void *arg, const struct router_error *error,
                       const struct conversation_summary *s)
{
	struct summary_result *r = arg;

	ck_assert_int_eq(error->err, 0);
	r->state = s->state;
	snprintf(r->agent, sizeof(r->agent), "%.*s", SPAN_FMT(s->agent));
	r->done = true;
}

static struct summary_result summary(struct node *node, unsigned customer)
{
	struct summary_result r = {0};

	ck_assert_int_eq(router_summary(node->router, conversation_of(customer), on_summary, &r),
	                 0);
	io_wait(fx.loop, io_is_true, &r.done, WAIT_MS);
	return r;
}

enum session_state state_of(struct node *node, unsigned customer)
{
	return summary(node, customer).state;
}

const char *agent_of_conversation(struct node *node, unsigned customer)
{
	static struct summary_result r;

	r = summary(node, customer);
	return r.agent;
}

void wait_agent(struct node *node, unsigned customer, const char *agent)
{
	uint64_t end = io_had_ms() + WAIT_MS;

	while (strcmp(agent_of_conversation(node, customer), agent) != 0 && io_had_ms() < end)
		continue;
	ck_assert_str_eq(agent_of_conversation(node, customer), agent);
}

/* --- Agents
 * ----------------------------------------------------------------------------------------------------
 */

void on_ok(void *arg, const struct router_error *error)
{
	struct ok_call *call = arg;

	snprintf(call->code, sizeof(call->code), "%s", error->err ? error->code : "");
	call->done = true;
}

const char *wait_ok(struct ok_call *call)
{
	io_wait(fx.loop, io_is_true, &call->done, WAIT_MS);
	call->done = false;
	return call->code;
}

void set_presence(struct node *node, const char *agent, unsigned capacity, enum presence presence)
{
	const struct router_agent who = {
		.id = span_of(agent), .name = span_of(agent), .capacity = capacity};
	struct ok_call call = {0};

	ck_assert_int_eq(router_presence(node->router, &who, presence, on_ok, &call), 0);
	ck_assert_str_eq(wait_ok(&call), "");
}

struct say_result {
	bool done;
	uint64_t seq;
	const char *code;
};

static void on_said(void *arg, const struct router_sent *sent)
{
	*(struct say_result *)arg =
		(struct say_result){true, sent->error.err ? 0 : sent->seq, sent->error.code};
}

uint64_t say(struct node *node, unsigned customer, const char *agent, const char *cid,
             const char *text, const char **code)
{
	char author[80];
	struct say_result r = {0};
	struct router_send send = {.conversation = conversation_of(customer),
	                           .text = span_of(text),
	                           .cid = span_of(cid),
	                           .agent_only = true};

	snprintf(author, sizeof(author), "agent:%s", agent);
	send.author = span_of(author);
	ck_assert_int_eq(router_send(node->router, &send, on_said, &r), 0);
	io_wait(fx.loop, io_is_true, &r.done, WAIT_MS);
	if (code)
		*code = r.code;
	return r.seq;
}
