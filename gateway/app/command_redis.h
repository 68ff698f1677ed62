/* Redis for commands that are no nodes: synchronous, and what is wrong is said on standard error.
 */
#ifndef PH_COMMAND_REDIS_H
#define PH_COMMAND_REDIS_H

#include "config.h"
#include "redis_reply.h"

enum { COMMAND_REDIS_ARGS_MAX = 80 };

/** NULL after telling why; for redisFree(). who: the command, for messages. */
redisContext *command_redis_connect(const char *who, const struct config *config);
/** NULL after telling why; for freeReplyObject(). */
redisReply *command_redis_ask(const char *who, redisContext *c, int argc, const char *const *argv);

#endif
