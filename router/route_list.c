/*
 * Whom we do not serve. The list is kept in Redis (ph_list_add, ph_list_remove) and held in memory
 * by every node, since each message asks it; it counts its changes, and who has an older count
 * reads it anew. The longest entry that fits a number decides, a channel's own before one for all,
 * and allow before block; so "block all, allow these" is one entry more.
 */
#include "router_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_MAX_OCTETS = 128, PAGE = 1000 };

/* --- Asking --------------------------------------------------------------------------------- */

static const struct list_entry *find(const struct route_lists *lists, struct span channel,
                                     struct span number, size_t len, bool prefix)
{
	struct list_entry *found = NULL;
	char name[NAME_MAX_OCTETS];
	int size = snprintf(name, sizeof(name), "%.*s %.*s%s", SPAN_FMT(channel), (int)len,
	                    number.ptr, prefix ? "*" : "");

	if (size > 0 && (size_t)size < sizeof(name))
		HASH_FIND(hh, lists->entries, name, (size_t)size, found);
	return found;
}

static const struct list_entry *find_either(const struct route_lists *lists, struct span channel,
                                            struct span number, size_t len, bool prefix)
{
	const struct list_entry *own = find(lists, channel, number, len, prefix);

	return own ? own : find(lists, SPAN_LIT("*"), number, len, prefix);
}

bool list_refuses(const struct router *r, struct span channel, struct span address)
{
	const struct route_lists *lists = &r->route.lists;
	const struct list_entry *e;
	struct span number;
	size_t len;

	if (!lists->entries)
		return false;
	span_split(address, ':', &number);
	if (!number.len)
		return false;
	e = find_either(lists, channel, number, number.len, false);
	len = number.len < lists->longest ? number.len : lists->longest;
	for (size_t n = len + 1; !e && n > 0; n--)
		e = find_either(lists, channel, number, n - 1, true);
	return e && !e->allow;
}

/* --- Keeping -------------------------------------------------------------------------------- */

static void clear(struct list_entry **entries)
{
	struct list_entry *e = *entries;

	/* The table first: the entries are a list of their own. */
	HASH_CLEAR(hh, *entries);
	while (e) {
		struct list_entry *next = e->hh.next;

		free(e);
		e = next;
	}
}

/* A reading under way: pages of HSCAN, which may show an entry twice. */
struct reading {
	struct router *router;
	uint64_t version;
	struct list_entry *entries;
	unsigned longest;
};

/* "block|allow CHANNEL|* NUMBER"; allow stays where both stand. */
static void add(struct reading *reading, struct span field)
{
	struct span name, number;
	struct span kind = span_split(field, ' ', &name);
	bool allow = span_is(kind, "allow");
	struct list_entry *e = NULL;

	span_split(name, ' ', &number);
	HASH_FIND(hh, reading->entries, name.ptr, name.len, e);
	if (e) {
		e->allow = e->allow || allow;
		return;
	}
	e = calloc(1, sizeof(*e) + name.len + 1);
	if (!e)
		return;
	memcpy(e->name, name.ptr, name.len);
	e->allow = allow;
	if (number.len > reading->longest)
		reading->longest = (unsigned)number.len;
	HASH_ADD(hh, reading->entries, name, name.len, e);
}

static void reading_end(struct reading *reading, bool ok)
{
	struct route_lists *lists = &reading->router->route.lists;

	lists->reading = false;
	if (ok) {
		clear(&lists->entries);
		lists->entries = reading->entries;
		lists->longest = reading->longest;
		lists->version = reading->version;
	} else {
		clear(&reading->entries);
	}
	free(reading);
}

static void read_page(struct reading *reading, struct span cursor);

static void on_page(void *arg, int err, const redisReply *reply, const char *why)
{
	struct reading *reading = arg;
	struct router *r = reading->router;
	struct span cursor = redis_text_at(reply, 0);
	const redisReply *fields = redis_at(reply, 1);

	if (err) {
		log_warn(&r->log, EVENT("list.read_failed"), ERR(err), STR("why", why));
		reading_end(reading, false);
		return;
	}
	for (size_t i = 0; fields && i + 1 < fields->elements; i += 2)
		add(reading, redis_text_at(fields, i));
	if (!span_is(cursor, "0")) {
		read_page(reading, cursor);
		return;
	}
	reading_end(reading, true);
	if (r->route.lists.wanted > r->route.lists.version)
		list_on_version(r, r->route.lists.wanted); /* it changed meanwhile */
}

static void read_page(struct reading *reading, struct span cursor)
{
	const struct span argv[] = {SPAN_LIT("HSCAN"), SPAN_LIT("ph:{ctl}:list"), cursor,
	                            SPAN_LIT("COUNT"), SPAN_LIT("1000")};

	if (router_command(reading->router, ARRAY_LEN(argv), argv, on_page, reading))
		reading_end(reading, false);
}

void list_on_version(struct router *r, uint64_t version)
{
	struct route_lists *lists = &r->route.lists;
	struct reading *reading;

	lists->wanted = version;
	if (version == lists->version || lists->reading)
		return;
	reading = calloc(1, sizeof(*reading));
	if (!reading)
		return;
	reading->router = r;
	reading->version = version;
	lists->reading = true;
	read_page(reading, SPAN_LIT("0"));
}

void list_fini(struct router *r)
{
	clear(&r->route.lists.entries);
}

/* --- Editing ---------------------------------------------------------------------------------- */

struct edit_call {
	struct router *router;
	router_ok_fn *fn;
	void *arg;
};

static void on_edited(void *arg, int err, const redisReply *reply, const char *why)
{
	struct edit_call *call = arg;
	struct router_error error = {0};

	(void)why;
	if (err)
		error = router_redis_error(err);
	else if (reply->type == REDIS_REPLY_INTEGER && reply->integer < 0)
		error = router_refused(SPAN_LIT("list_full"));
	else if (reply->type == REDIS_REPLY_INTEGER && reply->integer == 0)
		error = router_refused(SPAN_LIT("entry_unknown"));
	call->fn(call->arg, &error);
	free(call);
}

/* +86138… or a part of it that ends in "*". */
static bool is_number(struct span number)
{
	size_t len = number.len;

	if (len && number.ptr[len - 1] == '*')
		len--;
	for (size_t i = 0; i < len; i++)
		if (number.ptr[i] <= ' ' || number.ptr[i] >= 0x7F || number.ptr[i] == '*')
			return false;
	return number.len > 0 && number.len <= ROUTER_LIST_NUMBER_MAX;
}

static int edit(struct router *r, const struct router_list_entry *e, bool adds, router_ok_fn *fn,
                void *arg)
{
	struct edit_call *call;
	struct fcall_args *a = router_args(r);
	int err;

	if (!is_number(e->number))
		return -EINVAL;
	if (e->channel.len && !router_host(r, e->channel))
		return -ENOENT;
	call = malloc(sizeof(*call));
	if (!call)
		return -ENOMEM;
	*call = (struct edit_call){r, fn, arg};
	args_add(a, e->allow ? SPAN_LIT("allow") : SPAN_LIT("block"));
	args_add(a, e->channel.len ? e->channel : SPAN_LIT("*"));
	args_add(a, e->number);
	if (adds) {
		args_add(a, e->by);
		args_add(a, e->note);
	}
	err = router_fcall(r, adds ? "ph_list_add" : "ph_list_remove", ROUTER_CONTROL, on_edited,
	                   call);
	if (err)
		free(call);
	return err;
}

int router_list_add(struct router *r, const struct router_list_entry *e, router_ok_fn *fn,
                    void *arg)
{
	return edit(r, e, true, fn, arg);
}

int router_list_remove(struct router *r, const struct router_list_entry *e, router_ok_fn *fn,
                       void *arg)
{
	return edit(r, e, false, fn, arg);
}

/* --- Showing -----------------------------------------------------------------------------------
 */

struct show_call {
	router_list_fn *fn;
	void *arg;
};

static void entry_decode(struct span field, struct span value, struct router_list_entry *out)
{
	struct span rest;

	out->allow = span_is(span_split(field, ' ', &rest), "allow");
	out->channel = span_split(rest, ' ', &out->number);
	if (span_is(out->channel, "*"))
		out->channel = SPAN_NONE;
	if (span_u64(span_split(value, ' ', &rest), &out->ts_ms))
		out->ts_ms = 0;
	out->by = span_split(rest, ' ', &out->note);
}

static void on_shown(void *arg, int err, const redisReply *reply, const char *why)
{
	struct show_call *call = arg;
	struct router_error error = err ? router_redis_error(err) : (struct router_error){0};
	const redisReply *fields = err ? NULL : redis_at(reply, 1);
	size_t count = fields ? fields->elements / 2 : 0;
	struct router_list_entry *entries = count ? calloc(count, sizeof(*entries)) : NULL;

	(void)why;
	if (count && !entries) {
		error = router_redis_error(-ENOMEM);
		count = 0;
	}
	for (size_t i = 0; i < count; i++)
		entry_decode(redis_text_at(fields, 2 * i), redis_text_at(fields, 2 * i + 1),
		             &entries[i]);
	call->fn(call->arg, &error, entries, count, err ? SPAN_NONE : redis_text_at(reply, 0));
	free(entries);
	free(call);
}

int router_list(struct router *r, struct span cursor, router_list_fn *fn, void *arg)
{
	struct show_call *call = r->up ? malloc(sizeof(*call)) : NULL;
	const struct span argv[] = {SPAN_LIT("HSCAN"), SPAN_LIT("ph:{ctl}:list"),
	                            cursor.len ? cursor : SPAN_LIT("0"), SPAN_LIT("COUNT"),
	                            SPAN_LIT("200")};
	int err;

	if (!call)
		return r->up ? -ENOMEM : -ENOTCONN;
	*call = (struct show_call){fn, arg};
	err = router_command(r, ARRAY_LEN(argv), argv, on_shown, call);
	if (err)
		free(call);
	return err;
}
