/*
 * Redis as commands use it: synchronously, one question after the other.
 */
#include "command_redis.h"

#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

enum { TIMEOUT_S = 5 };

static redisContext *open_address(const char *address)
{
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	const char *colon = strrchr(address, ':');
	redisContext *c;
	char *host;

	if (strncmp(address, "unix:", 5) == 0)
		return redisConnectUnixWithTimeout(address + 5, timeout);
	if (!colon)
		return NULL;
	host = span_dup((struct span){address, (size_t)(colon - address)});
	if (!host)
		return NULL;
	c = redisConnectWithTimeout(host, (int)strtol(colon + 1, NULL, 10), timeout);
	free(host);
	return c;
}

redisReply *command_redis_ask(const char *who, redisContext *c, int argc, const char *const *argv)
{
	const char *copy[COMMAND_REDIS_ARGS_MAX];
	redisReply *reply;

	for (int i = 0; i < argc && i < COMMAND_REDIS_ARGS_MAX; i++)
		copy[i] = argv[i];
	reply = redisCommandArgv(c, argc, copy, NULL);
	if (reply && reply->type != REDIS_REPLY_ERROR)
		return reply;
	command_fail(0, who, "Redis says", reply ? reply->str : c->errstr);
	freeReplyObject(reply);
	return NULL;
}

static bool tell(const char *who, redisContext *c, int argc, const char *const *argv)
{
	redisReply *reply = command_redis_ask(who, c, argc, argv);
	bool ok = reply != NULL;

	freeReplyObject(reply);
	return ok;
}

static bool log_on(const char *who, redisContext *c, const struct config *config)
{
	const char *user = config->redis.username, *password = config->redis.password;
	char database[24];

	if (password && user && !tell(who, c, 3, (const char *[]){"AUTH", user, password}))
		return false;
	if (password && !user && !tell(who, c, 2, (const char *[]){"AUTH", password}))
		return false;
	snprintf(database, sizeof(database), "%lld", (long long)config->redis.database);
	return config->redis.database == 0 || tell(who, c, 2, (const char *[]){"SELECT", database});
}

redisContext *command_redis_connect(const char *who, const struct config *config)
{
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	redisContext *c = open_address(config->redis.address);

	if (!c || c->err)
		command_fail(0, who, "Redis cannot be reached", c ? c->errstr : "bad address");
	else if (redisSetTimeout(c, timeout) == REDIS_OK && log_on(who, c, config))
		return c;
	if (c)
		redisFree(c);
	return NULL;
}
