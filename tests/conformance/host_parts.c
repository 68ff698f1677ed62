/* Parts of long messages at the test's host, in memory. */
#include "host_private.h"

#include <stdlib.h>

struct host_part {
	struct host_part *next;
	char key[256], meta[1024];
	size_t key_len, meta_len;
	uint64_t generation;
	uint16_t total, told;
	struct {
		char octets[255];
		size_t len;
		bool there;
	} parts[256];
};

static struct host_part *find_part(struct connector_host *h, struct span key)
{
	struct host_part *p = h->parts;

	while (p && !span_eq(key, (struct span){p->key, p->key_len}))
		p = p->next;
	return p;
}

static struct host_part *new_part(struct connector_host *h, const struct message_part *part)
{
	struct host_part *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->key_len = host_copy(p->key, sizeof(p->key), part->key);
	p->meta_len = host_copy(p->meta, sizeof(p->meta), part->meta);
	memcpy(p->meta, part->meta.ptr, p->meta_len);
	p->total = part->total;
	p->next = h->parts;
	h->parts = p;
	return p;
}

static uint16_t present(const struct host_part *p)
{
	uint16_t count = 0;

	for (unsigned i = 0; i < p->total; i++)
		count = (uint16_t)(count + p->parts[i].there);
	return count;
}

static void show(struct host_part *p, bool timed_out, struct span storage[256],
                 struct message_parts *out)
{
	for (unsigned i = 0; i < p->total; i++)
		storage[i] = p->parts[i].there ? (struct span){p->parts[i].octets, p->parts[i].len}
		                               : SPAN_NONE;
	*out = (struct message_parts){
		.key = {p->key,  p->key_len },
		.meta = {p->meta, p->meta_len},
		.generation = p->generation,
		.total = p->total,
		.present = present(p),
		.told = p->told,
		.parts = storage,
		.timed_out = timed_out,
	};
}

struct part_call {
	struct connector_host *host;
	struct host_part *part;
	bool last; /* it was the last one missing, or comes again */
	part_fn *fn;
	void *arg;
};

static void on_part_kept(void *arg, int err)
{
	struct part_call *call = arg;
	struct span storage[256];
	struct message_parts whole;
	bool all = !err && call->last;

	if (all)
		show(call->part, false, storage, &whole);
	call->fn(call->arg, err, all ? &whole : NULL);
	free(call);
}

void connector_part(struct connector_host *h, const struct message_part *part, part_fn *fn,
                    void *arg)
{
	struct host_part *p = find_part(h, part->key);
	struct part_call *call = calloc(1, sizeof(*call));
	unsigned i = part->number - 1U;

	if (!p)
		p = new_part(h, part);
	if (!p || !call || part->number == 0 || part->number > part->total ||
	    part->octets.len > 255) {
		free(call);
		fn(arg, -EMSGSIZE, NULL);
		return;
	}
	if (p->parts[i].there &&
	    !span_eq(part->octets, (struct span){p->parts[i].octets, p->parts[i].len})) {
		memset(p->parts, 0, sizeof(p->parts));
		p->generation++;
		p->told = 0;
	}
	p->parts[i].there = true;
	p->parts[i].len = part->octets.len;
	memcpy(p->parts[i].octets, part->octets.ptr, part->octets.len);
	*call = (struct part_call){h, p, present(p) == p->total, fn, arg};
	host_settle_later(h, on_part_kept, call);
}

void connector_on_parts(struct connector_host *h,
                        void (*fn)(void *self, const struct message_parts *parts))
{
	h->on_parts = fn;
}

void connector_parts_done(struct connector_host *h, const struct message_parts *parts)
{
	struct host_part *p = find_part(h, parts->key);

	if (p && p->generation == parts->generation)
		p->told = parts->present;
}

void host_expire_parts(struct connector_host *h)
{
	for (struct host_part *p = h->parts; p && h->on_parts; p = p->next) {
		struct span storage[256];
		struct message_parts parts;

		if (present(p) == p->total || present(p) == p->told)
			continue;
		show(p, true, storage, &parts);
		h->on_parts(h->self, &parts);
	}
}

void host_parts_free(struct connector_host *h)
{
	while (h->parts) {
		struct host_part *gone = h->parts;

		h->parts = gone->next;
		free(gone);
	}
}
