/* Small values at the test's host, in memory; and its logs, in which nothing ever is. */
#include "host_private.h"

#include <stdlib.h>

struct host_value {
	struct host_value *next;
	struct span key, value; /* heap */
};

static struct host_value *find_value(struct connector_host *h, struct span key)
{
	struct host_value *v = h->values;

	while (v && !span_eq(v->key, key))
		v = v->next;
	return v;
}

static bool put_value(struct connector_host *h, struct span key, struct span value)
{
	struct host_value *v = find_value(h, key);
	char *name = v ? NULL : span_dup(key), *copied = span_dup(value);

	if (!v && name && copied && (v = calloc(1, sizeof(*v)))) {
		v->key = (struct span){name, key.len};
		v->next = h->values;
		h->values = v;
		name = NULL;
	}
	free(name);
	if (!v || !copied) {
		free(copied);
		return false;
	}
	free((void *)(uintptr_t)v->value.ptr);
	v->value = (struct span){copied, value.len};
	return true;
}

void connector_store(struct connector_host *h, struct span key, struct span value, uint64_t ttl_ms,
                     done_fn *done, void *arg)
{
	(void)ttl_ms;
	if (!h->durable || !put_value(h, key, value)) {
		done(arg, -EAGAIN);
		return;
	}
	host_settle_later(h, done, arg);
}

struct load_call {
	struct connector_host *host;
	load_fn *fn;
	void *arg;
	struct span value; /* heap */
};

static void on_loaded(void *arg, int err)
{
	struct load_call *call = arg;

	call->fn(call->arg, err, call->value);
	free((void *)(uintptr_t)call->value.ptr);
	free(call);
}

static void load(struct connector_host *h, struct span value, load_fn *fn, void *arg)
{
	struct load_call *call = calloc(1, sizeof(*call));

	if (!call || !h->durable) {
		free(call);
		fn(arg, -EAGAIN, SPAN_NONE);
		return;
	}
	*call = (struct load_call){
		h, fn, arg, {span_dup(value), value.len}
        };
	host_settle_later(h, on_loaded, call);
}

void connector_load(struct connector_host *h, struct span key, load_fn *fn, void *arg)
{
	struct host_value *v = find_value(h, key);

	load(h, v ? v->value : SPAN_NONE, fn, arg);
}

void connector_lock(struct connector_host *h, struct span key, uint64_t ttl_ms, load_fn *fn,
                    void *arg)
{
	bool mine = !find_value(h, key);

	(void)ttl_ms;
	if (mine && !put_value(h, key, SPAN_LIT("1"))) {
		fn(arg, -EAGAIN, SPAN_NONE);
		return;
	}
	load(h, mine ? SPAN_LIT("1") : SPAN_NONE, fn, arg);
}

/* ---- readers: nothing is ever read here ---- */

struct read_call {
	log_fn *fn;
	void *arg;
};

static void on_read(void *arg, int err)
{
	struct read_call *call = arg;

	call->fn(call->arg, err, NULL, 0, false);
	free(call);
}

void connector_read(struct connector_host *h, struct span address, uint64_t since, uint64_t before,
                    unsigned limit, log_fn *fn, void *arg)
{
	struct read_call *call = malloc(sizeof(*call));

	(void)address, (void)since, (void)before, (void)limit;
	if (!call) {
		fn(arg, -EAGAIN, NULL, 0, false);
		return;
	}
	*call = (struct read_call){fn, arg};
	host_settle_later(h, on_read, call);
}

void connector_reached(struct connector_host *h, struct span address, uint64_t seq, bool seen)
{
	(void)h, (void)address, (void)seq, (void)seen;
}

void connector_watch(struct connector_host *h, struct span address, bool here)
{
	(void)h, (void)address, (void)here;
}

void connector_verified(struct connector_host *h, struct span address, uint64_t until_ms,
                        done_fn *done, void *arg)
{
	(void)h, (void)address, (void)until_ms;
	done(arg, 0);
}

void connector_typing(struct connector_host *h, struct span address, bool on)
{
	(void)h, (void)address, (void)on;
}

void host_values_free(struct connector_host *h)
{
	while (h->values) {
		struct host_value *gone = h->values;

		h->values = gone->next;
		free((void *)(uintptr_t)gone->key.ptr);
		free((void *)(uintptr_t)gone->value.ptr);
		free(gone);
	}
}
