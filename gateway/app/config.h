/*
 * The whole configuration of a node as one struct, bound by tables from one YAML file. A channel's
 * section is bound by its connector's own table, found by the name that stands in it.
 */
#ifndef PH_CONFIG_H
#define PH_CONFIG_H

#include "connector.h"
#include "router.h"
#include "yaml.h"

struct config_api_key {
	char *name;
	char *key;
	char **scopes;
};

struct config_rule {
	char *disposition; /* "*": any that no rule before it names */
	char *template_id;
	char *lang;    /* NULL: calls.lang */
	unsigned line; /* of the template's name */
};

struct config_webhook {
	char *name, *url, *secret;
	char **events;
	bool allow_private;
	int64_t timeout_ms, give_up_ms, keep;
};

struct config_sendsms_user {
	char *name, *password;
	char *from;      /* sender where the request names none; may be NULL */
	char **channels; /* that smsc may name; the first is used without; none: all for SMS */
	char **allow;    /* ranges of addresses; none: everywhere */
	int64_t rate;    /* messages a second on each node; 0: any */
	int lane;        /* enum lane */
};

struct config_disposition {
	char *id, *zh, *en;
};

enum config_nodes { CONFIG_NODES_ONE, CONFIG_NODES_ALL };

/* One channel: what all have, and what its connector's table bound. */
struct config_channel {
	char *name;
	char *connector;
	int nodes; /* enum config_nodes */
	struct router_codes codes;
	const struct connector_ops *ops;
	void *cfg; /* of ops->config_size octets; on the heap */
	unsigned line;
};

struct config {
	struct {
		char *name;
		int64_t drain_ms;
	} node;
	struct {
		char *public, *internal;
		char *tls_cert, *tls_key; /* both or none; for the public one */
	} listen;
	struct {
		char *address, *username, *password;
		int64_t database, connections, timeout_ms;
	} redis;
	struct {
		int level; /* enum log_level */
	} log;
	struct {
		char *console, *widget;
	} assets;
	struct {
		char *directory;
		char *cache;     /* of trained matchers; NULL: none */
		int64_t keep_ms; /* questions without an answer */
		bool four_eyes;
	} templates;
	struct {
		char *default_queue;
		int64_t capacity; /* of an agent who has none of their own */
		int64_t login_ms, bot_idle_ms, grace_ms, verified_longest_ms;
		char *hours;                    /* "08:00-22:00"; NULL: always */
		unsigned opens_min, closes_min; /* the same, minutes of the day; equal: always */
		char **origins;                 /* besides the public listener's own */
		struct config_list dispositions;
	} desk;
	struct {
		struct config_list keys; /* struct config_api_key */
		int64_t remember_ms;     /* how long an idempotency key is known */
	} api;
	struct {
		char *channel;
		char *lang;
		struct config_list rules; /* struct config_rule */
	} calls;
	struct {
		struct config_list users; /* struct config_sendsms_user; none: it is off */
		bool password_in_query;
		bool allow_private; /* call-backs to private networks */
		int64_t timeout_ms, give_up_ms, keep;
	} sendsms;
	struct router_routes routes;
	struct config_list webhooks;     /* struct config_webhook */
	struct config_channel *channels; /* channel_count of them */
	size_t channel_count;
	const struct yaml_node *sections; /* only while it is read */
};

/** Finds a connector by its name, or NULL; the registry's function, given so that tests bring
 * their own. */
typedef const struct connector_ops *config_find_fn(const char *name);

/**
 * Reads and checks a file. Every error is told; -EINVAL, or the errno of reading. *out is for
 * config_destroy().
 */
int config_load(const char *path, config_find_fn *find, struct yaml_errors *errors,
                struct config **out) MUST_CHECK;
/** The same from text. */
int config_parse(struct span text, config_find_fn *find, struct yaml_errors *errors,
                 struct config **out) MUST_CHECK;
/** Wipes the secrets; accepts NULL inside and sets it NULL. */
void config_destroy(struct config **config);

/** The channel of that name, or NULL. */
const struct config_channel *config_channel_find(const struct config *config, struct span name);
/** The first channel whose addresses are of scheme ("sms"), or NULL. */
const struct config_channel *config_channel_for(const struct config *config, const char *scheme);
/** The rule for a disposition: the first that names it, else the first "*", else NULL. */
const struct config_rule *config_rule_find(const struct config *config, struct span disposition);

#endif
