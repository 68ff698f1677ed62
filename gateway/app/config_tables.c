/* The tables of the configuration: which keys there are, what they mean, what holds without them.
 */
#include "config_tables.h"

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};

static const struct config_field code_fields[] = {
	{"code",		       CONFIG_STRING, offsetof(struct router_code, code), .required = true, .least = 1,
         .most = 8, .help = "digits behind our number"},
	{"queue", CONFIG_STRING, offsetof(struct router_code, queue), .required = true, .least = 1,
         .most = 32, .help = "to which a text to that number goes"},
	{0	   }
};

static const char *const nodes_choices[] = {"one", "all", NULL};

static const struct config_field node_fields[] = {
	{"name",		  CONFIG_STRING, offsetof(struct config, node.name), .required = true, .least = 1,
         .most = 32, .help = "name of this node; one process at a time may bear it"},
	{"drain", CONFIG_DURATION_MS, offsetof(struct config, node.drain_ms), .fallback = "10 s",
         .most = 600000, .help = "how long a stop may take to finish what is under way"},
	{0      }
};

static const struct config_field listen_fields[] = {
	{"public",                CONFIG_STRING, offsetof(struct config, listen.public), .required = true,
         .help = "address and port of console, API, web chat and callbacks"},
	{"internal", CONFIG_STRING, offsetof(struct config, listen.internal), .required = true,
         .help = "address and port of /healthz, /readyz and /metrics"},
	{"tls_cert",       CONFIG_STRING, offsetof(struct config, listen.tls_cert),
         .help = "PEM file with the certificate chain of the public listener"},
	{"tls_key",		       CONFIG_STRING, offsetof(struct config, listen.tls_key),
         .help = "PEM file with its private key"},
	{0         }
};

static const struct config_field redis_fields[] = {
	{"address",               CONFIG_STRING, offsetof(struct config, redis.address), .required = true,
         .help = "unix:PATH or HOST:PORT"},
	{"username", CONFIG_STRING, offsetof(struct config, redis.username),
         .help = "ACL user of Redis"},
	{"password",       CONFIG_SECRET, offsetof(struct config, redis.password),
         .help = "password of Redis"},
	{"database",		       CONFIG_INT, offsetof(struct config, redis.database), .fallback = "0",
         .most = 1000000, .help = "number of the database"},
	{"connections",          CONFIG_INT, offsetof(struct config, redis.connections), .fallback = "2",
         .least = 1, .most = 64, .help = "pipelined connections for commands"},
	{"timeout",        CONFIG_DURATION_MS, offsetof(struct config, redis.timeout_ms),
         .fallback = "5 s", .least = 100, .most = 60000, .help = "time for one command"},
	{0		      }
};

static const struct config_field log_fields[] = {
	{"level",                 CONFIG_ENUM, offsetof(struct config, log.level), .fallback = "info",
         .choices = log_levels, .help = "least level that is written"},
	{0}
};

static const struct config_field assets_fields[] = {
	{"console",				CONFIG_STRING, offsetof(struct config, assets.console),
         .help = "directory of the built console"},
	{"widget",                  CONFIG_STRING, offsetof(struct config, assets.widget),
         .help = "directory of the built web chat widget"},
	{0}
};

static const struct config_field templates_fields[] = {
	{"directory",             CONFIG_STRING, offsetof(struct config, templates.directory), .required = true,
         .help = "directory with the catalogue's YAML files"},
	{"cache", CONFIG_STRING, offsetof(struct config, templates.cache),
         .help = "directory in which the trained matcher is kept for the next start"},
	{"keep_questions",       CONFIG_DURATION_MS, offsetof(struct config, templates.keep_ms),
         .fallback = "30 d",
         .help = "how long questions without an answer, and what agents said of texts, are kept; 0 "
                 "s: not at all"},
	{"four_eyes",		       CONFIG_BOOL, offsetof(struct config, templates.four_eyes),
         .fallback = "false",
         .help = "true: whoever wrote a draft last may not be the one who publishes it"},
	{0         }
};

static const struct config_field disposition_fields[] = {
	{"id",				CONFIG_STRING, offsetof(struct config_disposition, id), .required = true, .least = 1,
         .most = 32, .help = "what the log keeps"},
	{"zh", CONFIG_STRING, offsetof(struct config_disposition, zh), .required = true, .least = 1,
         .most = 120, .help = "shown to Chinese agents"},
	{"en",		   CONFIG_STRING, offsetof(struct config_disposition, en), .required = true, .least = 1,
         .most = 120, .help = "shown to English agents"},
	{0			 }
};

static const char usual_dispositions[] =
	"[{id: solved, zh: 已解决, en: Solved}, {id: follow_up, zh: 需跟进, en: Follow-up needed},"
	" {id: no_answer, zh: 客户未回复, en: No answer from the customer},"
	" {id: spam, zh: 骚扰信息, en: Spam}]";

static const struct config_field desk_fields[] = {
	{"default_queue",					       CONFIG_STRING, offsetof(struct config, desk.default_queue),
         .fallback = "general", .least = 1, .most = 32,
         .help = "queue of a session that names none"},
	{"capacity",				       CONFIG_INT, offsetof(struct config, desk.capacity), .fallback = "4",
         .least = 1, .most = 100, .help = "sessions at once of an agent who has no own number"},
	{"login",					 CONFIG_DURATION_MS, offsetof(struct config, desk.login_ms), .fallback = "12 h",
         .least = 60000, .most = 2592000000, .help = "a log-in ends after so long without use"},
	{"bot_idle",						   CONFIG_DURATION_MS, offsetof(struct config, desk.bot_idle_ms),
         .fallback = "30 min", .least = 1000,
         .help = "a session with the bot ends after this silence"},
	{"grace",							     CONFIG_DURATION_MS, offsetof(struct config, desk.grace_ms), .fallback = "60 s",
         .least = 1000, .help = "an agent whose console is gone keeps the sessions so long"},
	{"hours",             CONFIG_STRING, offsetof(struct config, desk.hours), .least = 11, .most = 11,
         .help = "when agents are there, in the node's time zone, as 08:00-22:00; left out: "
                 "always"},
	{"verified_longest",					       CONFIG_DURATION_MS, offsetof(struct config, desk.verified_longest_ms),
         .fallback = "12 h", .least = 1000, .most = 2592000000,
         .help = "the API may say of a customer for so long at most that they proved who they are"},
	{"origins",						    CONFIG_STRINGS, offsetof(struct config, desk.origins),
         .help = "origins of the console besides the public listener's own"},
	{"dispositions", CONFIG_LIST, offsetof(struct config, desk.dispositions),
         .sub = disposition_fields, .item_size = sizeof(struct config_disposition), .least = 1,
         .most = 50, .fallback = usual_dispositions, .help = "how a session can end"},
	{0						      }
};

static const struct config_field api_key_fields[] = {
	{"name",			  CONFIG_STRING, offsetof(struct config_api_key, name), .required = true, .least = 1,
         .most = 32, .help = "who uses the key; part of what is logged"},
	{"key", CONFIG_SECRET, offsetof(struct config_api_key, key), .required = true, .least = 16,
         .most = 200, .help = "the key itself"},
	{"scopes",               CONFIG_STRINGS, offsetof(struct config_api_key, scopes), .required = true,
         .help = "what it may do: calls, messages, conversations, channels, "
                 "templates, templates.read, templates.edit, templates.publish"},
	{0		     }
};

static const struct config_field api_fields[] = {
	{"keys",		  CONFIG_LIST, offsetof(struct config, api.keys), .sub = api_key_fields,
         .item_size = sizeof(struct config_api_key), .most = 200,
         .help = "who may use the HTTP API"},
	{"remember", CONFIG_DURATION_MS, offsetof(struct config, api.remember_ms),
         .fallback = "30 d", .least = 60000,
         .help = "how long a call id or an idempotency key is known"},
	{0 }
};

static const struct config_field rule_fields[] = {
	{"disposition",                CONFIG_STRING, offsetof(struct config_rule, disposition), .required = true,
         .least = 1, .most = 64, .help = "of the call; \"*\" for any other"},
	{"template", CONFIG_STRING, offsetof(struct config_rule, template_id), .required = true,
         .least = 1, .most = 64, .help = "id of the template that is sent"},
	{"lang",            CONFIG_STRING, offsetof(struct config_rule, lang), .help = "zh or en"},
	{0		 }
};

static const struct config_field calls_fields[] = {
	{"channel",					     CONFIG_STRING, offsetof(struct config, calls.channel),
         .help = "the SMS channel that confirmations leave by"},
	{"lang",			       CONFIG_STRING, offsetof(struct config, calls.lang), .fallback = "zh",
         .help = "language of a confirmation whose call names none: zh or en"},
	{"rules", CONFIG_LIST, offsetof(struct config, calls.rules), .sub = rule_fields,
         .item_size = sizeof(struct config_rule), .most = 500,
         .help = "which template follows which disposition"},
	{0					       }
};

static const struct config_field target_fields[] = {
	{"channel",		      CONFIG_STRING, offsetof(struct router_target, channel), .required = true,
         .least = 1, .most = 32, .help = "name of a channel"},
	{"weight", CONFIG_INT, offsetof(struct router_target, weight), .fallback = "1",
         .most = 1000000, .help = "its share among the others; 0: it stands by"},
	{0	     }
};

static const struct config_field route_rule_fields[] = {
	{"prefix",		     CONFIG_STRING, offsetof(struct router_rule, prefix), .most = 20,
         .help = "of the number, with + and country code; the longest one decides"},
	{"operator", CONFIG_STRING, offsetof(struct router_rule, carrier), .most = 32,
         .help = "that the file of numbers names"},
	{"classes",                  CONFIG_STRINGS, offsetof(struct router_rule, classes),
         .help = "reply, confirmation, campaign, flash; without it any"},
	{"to",			    CONFIG_LIST, offsetof(struct router_rule, to), .required = true,
         .sub = target_fields, .item_size = sizeof(struct router_target), .least = 1, .most = 16,
         .help = "the channels, by weight"},
	{0	      }
};

static const struct config_field routes_fields[] = {
	{"numbers",								CONFIG_STRING, offsetof(struct config, routes.numbers),
         .help = "file of NUMBER-OR-PREFIX,OPERATOR lines; SIGHUP reads it again"},
	{"move_after",						  CONFIG_DURATION_MS, offsetof(struct config, routes.move_after_ms),
         .fallback = "30 s", .least = 1000,
         .help = "what waits for a channel that is down so long goes by another"},
	{"rules", CONFIG_LIST, offsetof(struct config, routes.rules), .sub = route_rule_fields,
         .item_size = sizeof(struct router_rule), .most = 1000,
         .help = "which channels a message leaves by that names none"},
	{0							    }
};

static const struct config_field webhook_fields[] = {
	{"name",			  CONFIG_STRING, offsetof(struct config_webhook, name), .required = true, .least = 1,
         .most = 32, .help = "names its queue; must stay when the URL changes"},
	{"url", CONFIG_STRING, offsetof(struct config_webhook, url), .required = true, .least = 8,
         .most = 2000, .help = "http or https"},
	{"secret",               CONFIG_SECRET, offsetof(struct config_webhook, secret), .required = true,
         .least = 16, .most = 200, .help = "key of the signature"},
	{"events",		      CONFIG_STRINGS, offsetof(struct config_webhook, events),
         .fallback = "[message.received, message.edited, message.status]",
         .help = "which events: message.received, message.edited, message.status"},
	{"allow_private",			       CONFIG_BOOL, offsetof(struct config_webhook, allow_private),
         .fallback = "false", .help = "whether it may lie in a private network"},
	{"timeout",                  CONFIG_DURATION_MS, offsetof(struct config_webhook, timeout_ms),
         .fallback = "10 s", .least = 100, .most = 60000, .help = "time for one try"},
	{"give_up",			   CONFIG_DURATION_MS, offsetof(struct config_webhook, give_up_ms),
         .fallback = "3 d", .least = 1000, .help = "an event older than that is dropped"},
	{"keep",		     CONFIG_INT, offsetof(struct config_webhook, keep), .fallback = "100000",
         .least = 100, .most = 10000000, .help = "events that may wait; the oldest is dropped"},
	{0       }
};

static const char *const lanes[] = {"reply", "confirmation", "campaign", NULL};

static const struct config_field sendsms_user_fields[] = {
	{"name",			       CONFIG_STRING, offsetof(struct config_sendsms_user, name), .required = true,
         .least = 1, .most = 32, .help = "username of the requests; part of what is logged"},
	{"password", CONFIG_SECRET, offsetof(struct config_sendsms_user, password),
         .required = true, .least = 8, .most = 200, .help = "its password"},
	{"from",		    CONFIG_STRING, offsetof(struct config_sendsms_user, from), .least = 1, .most = 20,
         .help = "sender of a message that names none"},
	{"channels",			  CONFIG_STRINGS, offsetof(struct config_sendsms_user, channels),
         .help = "channels that smsc may name, the first is used without; none: all that send SMS"},
	{"allow",				    CONFIG_STRINGS, offsetof(struct config_sendsms_user, allow),
         .help = "addresses that requests may come from, as 10.0.0.0/8; none: all"},
	{"rate",		       CONFIG_INT, offsetof(struct config_sendsms_user, rate), .fallback = "0",
         .most = 100000, .help = "messages a second that a node takes; 0: any"},
	{"lane",			   CONFIG_ENUM, offsetof(struct config_sendsms_user, lane),
         .fallback = "confirmation", .choices = lanes, .help = "what goes first"},
	{0			 }
};

static const struct config_field sendsms_fields[] = {
	{"users",		     CONFIG_LIST, offsetof(struct config, sendsms.users), .sub = sendsms_user_fields,
         .item_size = sizeof(struct config_sendsms_user), .most = 200,
         .help = "who may use it; without any it is off"},
	{"password_in_query",     CONFIG_BOOL, offsetof(struct config, sendsms.password_in_query),
         .fallback = "false",
         .help = "take passwords from URLs, which proxies write into their logs"},
	{"allow_private", CONFIG_BOOL, offsetof(struct config, sendsms.allow_private),
         .fallback = "false", .help = "whether a dlr-url may lead into a private network"},
	{"timeout",                CONFIG_DURATION_MS, offsetof(struct config, sendsms.timeout_ms),
         .fallback = "10 s", .least = 100, .most = 60000, .help = "time for one try of a dlr-url"},
	{"give_up",			   CONFIG_DURATION_MS, offsetof(struct config, sendsms.give_up_ms),
         .fallback = "3 d", .least = 1000, .help = "a report older than that is dropped"},
	{"keep",            CONFIG_INT, offsetof(struct config, sendsms.keep), .fallback = "100000",
         .least = 100, .most = 10000000,
         .help = "reports of one user that may wait; the oldest is dropped"},
	{0}
};

const struct config_field config_fields[] = {
	{"node",		     CONFIG_MAP, 0, .required = true, .sub = node_fields, .help = "this process"},
	{"listen",			 CONFIG_MAP, 0, .required = true, .sub = listen_fields,
         .help = "where it listens"},
	{"redis",        CONFIG_MAP, 0, .required = true, .sub = redis_fields, .help = "what nodes share"},
	{"log",			  CONFIG_MAP, 0, .sub = log_fields, .help = "what is written of what happens"},
	{"assets",CONFIG_MAP, 0, .sub = assets_fields, .help = "built web files"},
	{"templates",          CONFIG_MAP, 0, .required = true, .sub = templates_fields,
         .help = "the catalogue"},
	{"desk", CONFIG_MAP, 0, .sub = desk_fields, .help = "agents and queues"},
	{"api",		    CONFIG_MAP, 0, .sub = api_fields, .help = "the HTTP API"},
	{"sendsms",			 CONFIG_MAP, 0, .sub = sendsms_fields,
         .help = "the HTTP interface of kannel's smsbox"},
	{"calls",       CONFIG_MAP, 0, .sub = calls_fields, .help = "what follows a phone call"},
	{"routes",			  CONFIG_MAP, 0, .sub = routes_fields,
         .help = "which SMS leaves by which channel"},
	{"webhooks",CONFIG_LIST, offsetof(struct config, webhooks), .sub = webhook_fields,
         .item_size = sizeof(struct config_webhook), .most = 50,
         .help = "who is told of what happens"},
	{"channels",         CONFIG_NODE, offsetof(struct config, sections), .required = true,
         .help = "the channels, a list"},
	{0			 }
};

const struct config_field config_channel_fields[] = {
	{"name",			  CONFIG_STRING, offsetof(struct config_channel, name), .required = true, .least = 1,
         .most = 32, .help = "name of the channel"},
	{"connector", CONFIG_STRING, offsetof(struct config_channel, connector), .required = true,
         .help = "the connector that speaks its protocol"},
	{"nodes",               CONFIG_ENUM, offsetof(struct config_channel, nodes), .fallback = "one",
         .choices = nodes_choices,
         .help = "of a connector that dials: whether one node at a time or all of them do"},
	{"extension_digits",                      CONFIG_INT, offsetof(struct config_channel, codes.digits),
         .fallback = "0", .most = 8,
         .help = "digits behind our number that tell a session; 0: none"},
	{"extension_queues",			       CONFIG_LIST, offsetof(struct config_channel, codes.queues),
         .sub = code_fields, .item_size = sizeof(struct router_code), .most = 1000,
         .help = "codes behind our number that belong to a queue"},
	{0		 }
};
