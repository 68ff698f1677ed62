/*
 * One command after the other on one link: a probe that something can be written, then for each
 * library FUNCTION LIST and, where its text differs, FUNCTION LOAD REPLACE.
 */
#include "redis_check.h"

#include <stdlib.h>
#include <strings.h>

struct redis_check {
	struct redis_link *link;
	const struct redis_library *library;
	size_t left;  /* libraries still to look at, *library first */
	redis_fn *fn; /* NULL: canceled; the reply under way frees */
	void *arg;
};

static void next(struct redis_check *check);

static void conclude(struct redis_check *check, int err, const char *why)
{
	if (check->fn)
		check->fn(check->arg, err, NULL, why);
	free(check);
}

static void ask(struct redis_check *check, int argc, const struct span *argv, redis_fn *fn)
{
	int err = redis_link_send(check->link, argc, argv, fn, check);

	if (err)
		conclude(check, err, "not connected");
}

static void on_loaded(void *arg, int err, const redisReply *reply, const char *why)
{
	struct redis_check *check = arg;

	(void)reply;
	if (err || !check->fn) {
		conclude(check, err, why);
		return;
	}
	check->library++;
	check->left--;
	next(check);
}

/* The answer is a list of libraries, each a list of names and values. */
static struct span loaded_code(const redisReply *reply)
{
	return redis_field(redis_at(reply, 0), "library_code");
}

static void on_listed(void *arg, int err, const redisReply *reply, const char *why)
{
	struct redis_check *check = arg;

	if (err || !check->fn)
		conclude(check, err, why);
	else if (span_is(loaded_code(reply), check->library->text))
		on_loaded(check, 0, NULL, NULL);
	else
		ask(check, 4,
		    (struct span[]){SPAN_LIT("FUNCTION"), SPAN_LIT("LOAD"), SPAN_LIT("REPLACE"),
		                    span_of(check->library->text)},
		    on_loaded);
}

static void next(struct redis_check *check)
{
	if (!check->left)
		conclude(check, 0, NULL);
	else
		ask(check, 5,
		    (struct span[]){SPAN_LIT("FUNCTION"), SPAN_LIT("LIST"), SPAN_LIT("LIBRARYNAME"),
		                    span_of(check->library->name), SPAN_LIT("WITHCODE")},
		    on_listed);
}

static void on_probed(void *arg, int err, const redisReply *reply, const char *why)
{
	struct redis_check *check = arg;

	(void)reply;
	if (err || !check->fn)
		conclude(check, err, why);
	else
		next(check);
}

int redis_check_start(struct redis_link *link, const struct redis_library *libraries, size_t count,
                      redis_fn *fn, void *arg, struct redis_check **out)
{
	struct redis_check *check = calloc(1, sizeof(*check));
	int err;

	if (!check)
		return -ENOMEM;
	*check = (struct redis_check){
		.link = link, .library = libraries, .left = count, .fn = fn, .arg = arg};
	err = redis_link_send(link, 5,
	                      (struct span[]){SPAN_LIT("SET"), SPAN_LIT("posthouse:probe"),
	                                      SPAN_LIT(""), SPAN_LIT("PX"), SPAN_LIT("1000")},
	                      on_probed, check);
	if (err) {
		free(check);
		return err;
	}
	*out = check;
	return 0;
}

void redis_check_cancel(struct redis_check **check)
{
	if (*check)
		(*check)->fn = NULL;
	*check = NULL;
}
