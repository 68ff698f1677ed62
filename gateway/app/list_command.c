/* The block and allow lists in the control plane (redis/channel.lua), from a terminal. */
#include "list_command.h"

#include "command.h"
#include "command_redis.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define WHO "list"
#define CONTROL "{ctl}"

struct list_order {
	const char *what, *number, *list, *channel, *note;
};

static bool take_options(int argc, char **argv, struct list_order *o)
{
	static const struct option options[] = {
		{"list",    required_argument, NULL, 'l'},
		{"channel", required_argument, NULL, 'c'},
		{"note",    required_argument, NULL, 'n'},
		{NULL,      0,                 NULL, 0  },
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		const char **at = option == 'l'   ? &o->list
		                  : option == 'c' ? &o->channel
		                  : option == 'n' ? &o->note
		                                  : NULL;

		if (!at)
			return false;
		*at = optarg;
	}
	o->number = optind < argc ? argv[optind++] : NULL;
	return optind == argc;
}

static int show_list(redisContext *c)
{
	redisReply *reply =
		command_redis_ask(WHO, c, 2, (const char *[]){"HGETALL", "ph:{ctl}:list"});

	for (size_t i = 0; reply && i + 1 < reply->elements; i += 2) {
		struct span rest, by, field = redis_text_at(reply, i);
		struct span list = span_split(field, ' ', &rest);
		struct span ms = span_split(redis_text_at(reply, i + 1), ' ', &by);
		char when[COMMAND_WHEN_SIZE];

		printf("%-5.*s %-32.*s %s %.*s\n", SPAN_FMT(list), SPAN_FMT(rest),
		       command_when(ms, when), SPAN_FMT(by));
	}
	freeReplyObject(reply);
	return reply ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool is_number(const char *text)
{
	size_t len = strcspn(text, " *\t\r\n");

	return len <= ROUTER_LIST_NUMBER_MAX && (len || text[0] == '*') &&
	       (text[len] == '\0' || strcmp(text + len, "*") == 0);
}

static int edit(redisContext *c, const struct list_order *o)
{
	bool forgets = strcmp(o->what, "forget") == 0;
	char by[COMMAND_BY_SIZE];
	const char *list = forgets ? o->list ? o->list : "block" : o->what;
	redisReply *reply = command_redis_ask(
		WHO, c, forgets ? 7 : 9,
		(const char *[]){"FCALL", forgets ? "ph_list_remove" : "ph_list_add", "1", CONTROL,
	                         list, o->channel ? o->channel : "*", o->number, command_by(by),
	                         o->note ? o->note : ""});
	long long n = reply ? reply->integer : 0;

	if (!reply)
		return EXIT_FAILURE;
	freeReplyObject(reply);
	if (n == 0)
		return command_fail(COMMAND_STATE, WHO, "there is no such entry", o->number);
	return n < 0 ? command_fail(EXIT_FAILURE, WHO, "it has as many entries as it may", NULL)
	             : EXIT_SUCCESS;
}

int list_command(const struct config *config, int argc, char **argv)
{
	struct list_order o = {.what = argc > 1 ? argv[1] : ""};
	bool shows = strcmp(o.what, "show") == 0;
	redisContext *c;
	int result;

	if (!shows && strcmp(o.what, "block") != 0 && strcmp(o.what, "allow") != 0 &&
	    strcmp(o.what, "forget") != 0)
		return command_fail(COMMAND_USAGE, WHO, "show, block, allow or forget is expected",
		                    NULL);
	if (!take_options(argc - 1, argv + 1, &o) || shows != !o.number)
		return command_fail(COMMAND_USAGE, WHO,
		                    "NUMBER [--channel NAME] [--note TEXT] [--list block|allow]",
		                    NULL);
	if (o.number && !is_number(o.number))
		return command_fail(COMMAND_USAGE, WHO, "a number, or its beginning and \"*\"",
		                    o.number);
	if (o.channel && !config_channel_find(config, span_of(o.channel)))
		return command_fail(COMMAND_STATE, WHO, "there is no channel", o.channel);
	c = command_redis_connect(WHO, config);
	if (!c)
		return EXIT_FAILURE;
	result = shows ? show_list(c) : edit(c, &o);
	redisFree(c);
	return result;
}
