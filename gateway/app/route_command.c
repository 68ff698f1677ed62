/*
 * Which way a message would go: decided as a node does, by the same table, the file of numbers and
 * what the nodes say of their channels.
 */
#include "route_command.h"

#include "channel_reports.h"
#include "command.h"
#include "loop.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define WHO "route"

/* A router that only decides: the channels are made and never started. */
static int make_router(const struct config *config, struct io_loop *loop, struct router **out)
{
	const struct router_options options = {.node = config->node.name,
	                                       .default_queue = config->desk.default_queue};
	int err = router_create(loop, NULL, &options, out);

	for (size_t i = 0; !err && i < config->channel_count; i++) {
		const struct config_channel *channel = &config->channels[i];
		const struct router_channel add = {.name = channel->name,
		                                   .ops = channel->ops,
		                                   .cfg = channel->cfg,
		                                   .line = channel->line};

		if (channel->ops->caps.dials)
			err = router_channel_add(*out, &add, NULL);
	}
	return err ? err : router_set_routes(*out, &config->routes, NULL);
}

struct supposed {
	struct router *router;
	struct span channel, want;
};

static void suppose_report(void *arg, struct span node, json_t *report)
{
	const struct supposed *s = arg;
	const char *health = json_string_value(json_object_get(report, "health"));

	(void)node;
	router_suppose(s->router, s->channel, s->want, span_of(health));
}

/* The best that any node says of each channel. */
static void suppose(struct router *router, const struct channel_reports *reports)
{
	const redisReply *row;

	for (size_t i = 0; (row = channel_reports_row(reports, i)); i++) {
		struct supposed s = {router, redis_text_at(row, 0), redis_text_at(row, 1)};

		router_suppose(router, s.channel, s.want, SPAN_NONE);
		channel_reports_each(reports, s.channel, suppose_report, &s);
	}
}

static void explain(void *arg, struct span address, struct span carrier, size_t rule,
                    const struct router_way *ways, size_t count)
{
	(void)arg;
	printf("%.*s  operator: %.*s  ", SPAN_FMT(address),
	       SPAN_FMT(carrier.len ? carrier : SPAN_LIT("not known")));
	if (rule)
		printf("rule: %zu\n", rule);
	else
		printf("no rule\n");
	for (size_t i = 0; i < count; i++)
		printf("%s %-20s weight %-4lld %-10s %s\n", ways[i].chosen ? "->" : "  ",
		       ways[i].channel, (long long)ways[i].weight, ways[i].health, ways[i].why);
}

static int decide(const struct config *config, struct router *router, const char *number,
                  const char *class)
{
	redisContext *c = command_redis_connect(WHO, config);
	struct channel_reports reports;
	bool known = c && channel_reports_ask(WHO, c, config, &reports);
	int err;

	if (known) {
		suppose(router, &reports);
		channel_reports_fini(&reports);
	}
	if (c)
		redisFree(c);
	if (!known)
		return EXIT_FAILURE;
	err = router_explain(router, span_of(number), span_of(class), explain, NULL);
	if (err == -EDOM)
		return command_fail(COMMAND_USAGE, WHO,
		                    "a class is reply, confirmation, campaign or flash", class);
	if (err == -ENOENT)
		return command_fail(COMMAND_STATE, WHO, "no channel sends SMS", NULL);
	return err ? command_fail(COMMAND_STATE, WHO, "this is no number", number) : EXIT_SUCCESS;
}

int route_command(const struct config *config, int argc, char **argv)
{
	static const struct option options[] = {
		{"class", required_argument, NULL, 'c'},
		{NULL,    0,                 NULL, 0  },
	};
	const char *class = "";
	struct io_loop *loop = NULL;
	struct router *router = NULL;
	int option, result = EXIT_FAILURE;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) == 'c')
		class = optarg;
	if (option != -1 || optind != argc - 1)
		return command_fail(COMMAND_USAGE, WHO, "NUMBER [--class CLASS]", NULL);
	log_set_level(LOG_ERROR);
	if (io_loop_create(NULL, &loop) == 0 && make_router(config, loop, &router) == 0)
		result = decide(config, router, argv[optind], class);
	else
		command_fail(EXIT_FAILURE, WHO, "the routes cannot be read", NULL);
	router_destroy(&router);
	io_loop_destroy(&loop);
	return result;
}
