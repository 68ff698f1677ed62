/* Stands between a node and its Redis, and loses answers on their way. */
#ifndef PH_REDIS_PROXY_H
#define PH_REDIS_PROXY_H

#include "loop.h"

/** Relays to the unix socket at path; where it listens, "127.0.0.1:PORT". */
const char *redis_proxy_start(struct io_loop *loop, const char *path);
void redis_proxy_stop(void);
/** The next call of a function is carried out; its answer is lost, and the connection with it. */
void redis_proxy_lose(const char *function);
/** The next call of a function does not arrive, and the connection is lost. */
void redis_proxy_cut(const char *function);
/** Whether that has happened. */
bool redis_proxy_lost(void);

#endif
