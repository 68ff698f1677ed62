/*
 * Reads the configuration: binds it by the tables, then the channels by those of their connectors,
 * then checks what a table cannot say.
 */
#include "config.h"

#include "config_tables.h"
#include "net_range.h"
#include "route_table.h"

#include <ctype.h>
#include <stdlib.h>

enum { CHANNELS_MAX = 64, FIELDS_MAX = 128 };

static const char *const scopes[] = {
	"calls",          "messages",       "conversations",     "channels",      "templates",
	"templates.read", "templates.edit", "templates.publish", "verifications", NULL};
static const char *const events[] = {"message.received", "message.edited", "message.status", NULL};

/* Reading one file. */
struct loading {
	config_find_fn *find;
	struct yaml_errors *errors;
	const struct yaml_node *root;
	struct config *config;
};

static bool is_one_of(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* Names become part of Redis keys, log lines and metrics. */
static bool is_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) &&
		    (c == name || !strchr("-_", *c)))
			return false;
	return *name != '\0';
}

static unsigned line_of(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *node = mapping ? yaml_get(mapping, key) : NULL;

	return node ? node->line : mapping ? mapping->line : 0;
}

static void check_word(struct loading *l, const struct yaml_node *mapping, const char *key,
                       const char *name)
{
	if (name && !is_name(name))
		yaml_error(l->errors, line_of(mapping, key),
		           "\"%s\" must be of a-z, 0-9, \"-\" and \"_\", and begin with a letter "
		           "or digit",
		           key);
}

static void check_name(struct loading *l, const struct yaml_node *mapping, const char *name)
{
	check_word(l, mapping, "name", name);
}

/*
 * A channel's table is the common fields and then the connector's own, bound into one block: the
 * common struct, and behind it what the connector calls its configuration.
 */
struct channel_block {
	struct config_channel common;
	max_align_t own[];
};

static const struct config_field *join_fields(const struct connector_ops *ops,
                                              struct config_field joined[FIELDS_MAX])
{
	size_t count = 0;

	for (const struct config_field *f = config_channel_fields; f->key; f++)
		joined[count++] = *f;
	for (const struct config_field *f = ops ? ops->config : NULL; f && f->key; f++) {
		if (count == FIELDS_MAX - 1)
			abort(); /* our bug: a table this long wants sections */
		joined[count] = *f;
		joined[count++].offset += offsetof(struct channel_block, own);
	}
	joined[count] = (struct config_field){0};
	return joined;
}

static const struct connector_ops *find_connector(struct loading *l,
                                                  const struct yaml_node *section)
{
	const struct yaml_node *node = yaml_get(section, "connector");
	const struct connector_ops *ops = NULL;

	if (node && node->kind == YAML_SCALAR)
		ops = l->find(node->text.ptr);
	if (node && !ops)
		yaml_error(l->errors, node->line, "there is no connector \"%.60s\"",
		           node->kind == YAML_SCALAR ? node->text.ptr : "");
	return ops;
}

/* Without its connector a section's other keys cannot be judged: only name and connector are. */
static int bind_unknown(struct loading *l, const struct yaml_node *section)
{
	if (!yaml_get(section, "name"))
		yaml_error(l->errors, section->line, "\"name\" is missing: name of the channel");
	if (!yaml_get(section, "connector"))
		yaml_error(l->errors, section->line, "\"connector\" is missing: %s",
		           config_channel_fields[1].help);
	return -EINVAL;
}

static void free_channel(struct config_channel *channel)
{
	struct config_field joined[FIELDS_MAX];
	struct channel_block *block;

	if (!channel->cfg)
		return;
	block = (struct channel_block *)(void *)((char *)channel->cfg -
	                                         offsetof(struct channel_block, own));
	config_free(join_fields(channel->ops, joined), block);
	free(block);
	*channel = (struct config_channel){0};
}

/* A queue's code is one of those that a session may have, so that no session gets it. */
static void check_codes(struct loading *l, const struct yaml_node *section,
                        const struct config_channel *channel)
{
	const struct router_code *codes = channel->codes.queues.items;
	const struct yaml_node *list = yaml_get(section, "extension_queues");
	const struct yaml_node *item = list && list->kind == YAML_SEQUENCE ? list->first : NULL;

	for (size_t i = 0; i < channel->codes.queues.count && item; i++, item = item->next) {
		if (codes[i].code && (codes[i].code[strspn(codes[i].code, "0123456789")] != '\0' ||
		                      (channel->codes.digits &&
		                       (int64_t)strlen(codes[i].code) != channel->codes.digits)))
			yaml_error(l->errors, line_of(item, "code"),
			           "\"code\" must be as many digits as extension_digits says");
		for (size_t k = 0; k < i; k++)
			if (codes[i].code && codes[k].code &&
			    strcmp(codes[i].code, codes[k].code) == 0)
				yaml_error(l->errors, item->line,
				           "the code \"%s\" was already given", codes[i].code);
		check_word(l, item, "queue", codes[i].queue);
	}
}

static int bind_channel(struct loading *l, const struct yaml_node *section,
                        struct config_channel *out)
{
	struct config_field joined[FIELDS_MAX];
	const struct connector_ops *ops = find_connector(l, section);
	struct channel_block *block;
	int err;

	if (!ops)
		return bind_unknown(l, section);
	block = calloc(1, sizeof(*block) + ops->config_size);
	if (!block)
		return -ENOMEM;
	err = config_bind(join_fields(ops, joined), section, l->errors, block);
	*out = block->common;
	out->ops = ops;
	out->cfg = block->own;
	out->line = section->line;
	check_name(l, section, out->name);
	check_codes(l, section, out);
	return err;
}

static void check_unique(struct loading *l, const struct config_channel *channel)
{
	const struct config_channel *other = config_channel_find(l->config, span_of(channel->name));

	if (other)
		yaml_error(l->errors, channel->line,
		           "the channel \"%s\" was already given in line %u", channel->name,
		           other->line);
}

static int bind_channels(struct loading *l)
{
	const struct yaml_node *sections = l->config->sections;
	struct config *c = l->config;

	l->config->sections = NULL;
	if (!sections)
		return 0;
	if (sections->kind != YAML_SEQUENCE) {
		yaml_error(l->errors, sections->line, "\"channels\" must be a list");
		return -EINVAL;
	}
	c->channels = calloc(CHANNELS_MAX, sizeof(*c->channels));
	if (!c->channels)
		return -ENOMEM;
	for (const struct yaml_node *s = sections->first; s; s = s->next) {
		struct config_channel channel = {0};
		int err = 0;

		if (c->channel_count == CHANNELS_MAX) {
			yaml_error(l->errors, s->line, "more than %d channels", CHANNELS_MAX);
			return -EINVAL;
		}
		if (s->kind != YAML_MAPPING)
			yaml_error(l->errors, s->line, "a channel must be a mapping");
		else
			err = bind_channel(l, s, &channel);
		check_unique(l, &channel);
		if (channel.cfg)
			c->channels[c->channel_count++] = channel;
		if (err == -ENOMEM)
			return err;
	}
	return 0;
}

static void check_lang(struct loading *l, unsigned line, const char *lang)
{
	if (lang && strcmp(lang, "zh") != 0 && strcmp(lang, "en") != 0)
		yaml_error(l->errors, line, "\"lang\" must be one of: zh, en");
}

/* "08:00", minutes of the day; -1: it is none. */
static int minutes_of(const char *text)
{
	int hour, minute;

	for (unsigned i = 0; i < 5; i++)
		if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
			return -1;
	hour = (text[0] - '0') * 10 + text[1] - '0';
	minute = (text[3] - '0') * 10 + text[4] - '0';
	return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

static void check_hours(struct loading *l)
{
	const char *hours = l->config->desk.hours;
	const struct yaml_node *section = yaml_get(l->root, "desk");
	int opens, closes;

	if (!hours || strlen(hours) != 11)
		return; /* the table has told it */
	opens = minutes_of(hours);
	closes = minutes_of(hours + 6);
	if (opens < 0 || closes < 0 || hours[5] != '-') {
		yaml_error(l->errors, line_of(section, "hours"),
		           "\"hours\": must be as 08:00-22:00");
		return;
	}
	l->config->desk.opens_min = (unsigned)opens;
	l->config->desk.closes_min = (unsigned)closes;
}

static void check_listen(struct loading *l)
{
	const struct yaml_node *section = yaml_get(l->root, "listen");

	if (!l->config->listen.tls_cert != !l->config->listen.tls_key)
		yaml_error(l->errors, section->line,
		           "\"tls_cert\" and \"tls_key\" belong together: one is missing");
}

static void check_words(struct loading *l, const struct yaml_node *item, const char *key,
                        char **words, const char *const *allowed)
{
	for (; words && *words; words++)
		if (!is_one_of(allowed, *words))
			yaml_error(l->errors, line_of(item, key), "\"%s\": there is no \"%.60s\"",
			           key, *words);
}

static const struct yaml_node *items_of(const struct loading *l, const char *section,
                                        const char *key)
{
	const struct yaml_node *node = yaml_get(l->root, section);

	if (node && key)
		node = yaml_get(node, key);
	return node && node->kind == YAML_SEQUENCE ? node->first : NULL;
}

static void check_keys(struct loading *l)
{
	const struct config_list *list = &l->config->api.keys;
	const struct config_api_key *keys = list->items;
	const struct yaml_node *item = items_of(l, "api", "keys");

	for (size_t i = 0; i < list->count && item; i++, item = item->next) {
		check_name(l, item, keys[i].name);
		check_words(l, item, "scopes", keys[i].scopes, scopes);
		for (size_t k = 0; k < i; k++)
			if (keys[i].name && keys[k].name && !strcmp(keys[i].name, keys[k].name))
				yaml_error(l->errors, item->line,
				           "the key \"%s\" was already given", keys[i].name);
	}
}

static void check_rules(struct loading *l)
{
	const struct config_list *list = &l->config->calls.rules;
	struct config_rule *rules = list->items;
	const struct yaml_node *item = items_of(l, "calls", "rules");
	const struct yaml_node *calls = yaml_get(l->root, "calls");
	const char *channel = l->config->calls.channel;

	for (size_t i = 0; i < list->count && item; i++, item = item->next) {
		check_lang(l, line_of(item, "lang"), rules[i].lang);
		rules[i].line = line_of(item, "template");
	}
	check_lang(l, line_of(calls, "lang"), l->config->calls.lang);
	if (list->count && !channel && !l->config->routes.rules.count)
		yaml_error(l->errors, calls ? calls->line : 0,
		           "\"channel\" is missing: rules need one to send by, or routes");
	if (channel && !config_channel_find(l->config, span_of(channel)))
		yaml_error(l->errors, line_of(calls, "channel"), "there is no channel \"%.60s\"",
		           channel);
}

static void check_targets(struct loading *l, const struct router_rule *rule,
                          const struct yaml_node *item)
{
	const struct router_target *targets = rule->to.items;
	const struct config_channel *first = NULL;
	const struct yaml_node *to = yaml_get(item, "to");
	const struct yaml_node *node = to && to->kind == YAML_SEQUENCE ? to->first : NULL;

	for (size_t i = 0; i < rule->to.count && node; i++, node = node->next) {
		const struct config_channel *c =
			config_channel_find(l->config, span_of(targets[i].channel));

		if (!c && targets[i].channel)
			yaml_error(l->errors, line_of(node, "channel"),
			           "there is no channel \"%.60s\"", targets[i].channel);
		if (c && first && strcmp(c->ops->caps.scheme, first->ops->caps.scheme) != 0)
			yaml_error(l->errors, line_of(node, "channel"),
			           "\"%.60s\" reaches other addresses than \"%.60s\"", c->name,
			           first->name);
		first = first ? first : c;
	}
}

static bool is_prefix(const char *text)
{
	return text[0] == '+' && text[1 + strspn(text + 1, "0123456789")] == '\0';
}

static void check_routes(struct loading *l)
{
	const struct config_list *list = &l->config->routes.rules;
	const struct router_rule *rules = list->items;
	const struct yaml_node *item = items_of(l, "routes", "rules");

	for (size_t i = 0; i < list->count && item; i++, item = item->next) {
		check_words(l, item, "classes", rules[i].classes, route_class_names);
		check_targets(l, &rules[i], item);
		if (rules[i].prefix && !is_prefix(rules[i].prefix))
			yaml_error(l->errors, line_of(item, "prefix"),
			           "\"prefix\" must be + and digits, as numbers are written: "
			           "\"+86138\"");
		if (rules[i].carrier && !l->config->routes.numbers)
			yaml_error(l->errors, line_of(item, "operator"),
			           "\"operator\" needs \"numbers\": the file that names it");
	}
}

static void check_webhooks(struct loading *l)
{
	const struct config_list *list = &l->config->webhooks;
	const struct config_webhook *hooks = list->items;
	const struct yaml_node *item = items_of(l, "webhooks", NULL);

	for (size_t i = 0; i < list->count && item; i++, item = item->next) {
		check_name(l, item, hooks[i].name);
		check_words(l, item, "events", hooks[i].events, events);
		if (hooks[i].url && strncmp(hooks[i].url, "https://", 8) != 0 &&
		    strncmp(hooks[i].url, "http://", 7) != 0)
			yaml_error(l->errors, line_of(item, "url"),
			           "\"url\" must begin with https:// or http://");
		for (size_t k = 0; k < i; k++)
			if (hooks[i].name && hooks[k].name && !strcmp(hooks[i].name, hooks[k].name))
				yaml_error(l->errors, item->line,
				           "the webhook \"%s\" was already given", hooks[i].name);
	}
}

static void check_sendsms_user(struct loading *l, const struct yaml_node *item,
                               const struct config_sendsms_user *user)
{
	struct net_range range;

	check_name(l, item, user->name);
	for (char **name = user->channels; name && *name; name++)
		if (!config_channel_find(l->config, span_of(*name)))
			yaml_error(l->errors, line_of(item, "channels"),
			           "there is no channel \"%.60s\"", *name);
	for (char **text = user->allow; text && *text; text++)
		if (net_range_parse(*text, &range))
			yaml_error(l->errors, line_of(item, "allow"),
			           "\"%.60s\" is no range of addresses", *text);
}

static void check_sendsms(struct loading *l)
{
	const struct config_list *list = &l->config->sendsms.users;
	const struct config_sendsms_user *users = list->items;
	const struct yaml_node *item = items_of(l, "sendsms", "users");

	for (size_t i = 0; i < list->count && item; i++, item = item->next) {
		check_sendsms_user(l, item, &users[i]);
		for (size_t k = 0; k < i; k++)
			if (users[i].name && users[k].name && !strcmp(users[i].name, users[k].name))
				yaml_error(l->errors, item->line,
				           "the user \"%s\" was already given", users[i].name);
	}
}

static int read_root(struct loading *l)
{
	int err = config_bind(config_fields, l->root, l->errors, l->config);
	int bad = bind_channels(l);

	if (l->root->kind != YAML_MAPPING)
		return -EINVAL;
	check_name(l, yaml_get(l->root, "node"), l->config->node.name);
	check_word(l, yaml_get(l->root, "desk"), "default_queue", l->config->desk.default_queue);
	check_listen(l);
	check_hours(l);
	check_keys(l);
	check_rules(l);
	check_webhooks(l);
	check_sendsms(l);
	check_routes(l);
	return bad == -ENOMEM ? bad : err;
}

static int read_doc(struct yaml_doc *doc, config_find_fn *find, struct yaml_errors *errors,
                    struct config **out)
{
	struct loading l = {.find = find, .errors = errors, .root = yaml_root(doc)};
	unsigned before = errors->count;
	int err;

	l.config = calloc(1, sizeof(*l.config));
	if (!l.config)
		return -ENOMEM;
	err = read_root(&l);
	if (!err && errors->count != before)
		err = -EINVAL;
	if (err)
		config_destroy(&l.config);
	else
		*out = l.config;
	return err;
}

int config_parse(struct span text, config_find_fn *find, struct yaml_errors *errors,
                 struct config **out)
{
	struct yaml_doc *doc = NULL;
	int err = yaml_parse(text, errors, &doc);

	if (!err)
		err = read_doc(doc, find, errors, out);
	yaml_doc_free(&doc);
	return err;
}

int config_load(const char *path, config_find_fn *find, struct yaml_errors *errors,
                struct config **out)
{
	struct yaml_doc *doc = NULL;
	int err = yaml_load(path, errors, &doc);

	if (!err)
		err = read_doc(doc, find, errors, out);
	yaml_doc_free(&doc);
	return err;
}

void config_destroy(struct config **config)
{
	struct config *c = *config;

	if (!c)
		return;
	for (size_t i = 0; i < c->channel_count; i++)
		free_channel(&c->channels[i]);
	free(c->channels);
	config_free(config_fields, c);
	free(c);
	*config = NULL;
}

/* Also while it is read, when a channel's name may still be missing. */
const struct config_channel *config_channel_find(const struct config *config, struct span name)
{
	for (size_t i = 0; name.len && i < config->channel_count; i++)
		if (span_is(name, config->channels[i].name))
			return &config->channels[i];
	return NULL;
}

const struct config_channel *config_channel_for(const struct config *config, const char *scheme)
{
	for (size_t i = 0; i < config->channel_count; i++)
		if (strcmp(config->channels[i].ops->caps.scheme, scheme) == 0)
			return &config->channels[i];
	return NULL;
}

const struct config_rule *config_rule_find(const struct config *config, struct span disposition)
{
	const struct config_rule *rules = config->calls.rules.items;
	const struct config_rule *any = NULL;

	for (size_t i = 0; i < config->calls.rules.count; i++) {
		if (span_is(disposition, rules[i].disposition))
			return &rules[i];
		if (!any && strcmp(rules[i].disposition, "*") == 0)
			any = &rules[i];
	}
	return any;
}
