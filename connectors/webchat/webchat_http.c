/*
 * The HTTP side: the widget's script, and tokens for the pages of the channel's own origins. Any
 * page may read the answer, so that the widget can say that it is refused; only those pages get a
 * token.
 */
#include "webchat_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { BODY_MAX = 4096, PATH_MAX_OCTETS = 96, OUTPUT_MAX = 512 * 1024, PINGS_PER_MIN = 60 };

static const struct http_header_out cors[] = {
	{"Access-Control-Allow-Origin",   "*"           },
	{"Access-Control-Allow-Headers",  "content-type"},
	{"Access-Control-Allow-Methods",  "POST"        },
	{"Access-Control-Max-Age",        "7200"        },
	{"Access-Control-Expose-Headers", "retry-after" },
	{"Cache-Control",                 "no-store"    },
};

/* What a token request may say. */
struct token_request {
	struct span token, identity, identity_hash;
};
static const struct json_field request_fields[] = {
	{"token",			JSON_KIND_TEXT, offsetof(struct token_request, token), .least = 1,
         .most = WEBCHAT_TOKEN_MAX},
	{"identity", JSON_KIND_TEXT, offsetof(struct token_request, identity), .least = 1,
         .most = WEBCHAT_IDENTITY_MAX},
	{"identity_hash",                    JSON_KIND_TEXT, offsetof(struct token_request, identity_hash),
         .most = WEBCHAT_PROOF_MAX},
	{0			     }
};

/* --- Who asks -------------------------------------------------------------------------------- */

bool webchat_origin_allowed(const struct webchat *chat, struct span origin)
{
	for (char **o = chat->cfg->origins; o && *o; o++) {
		size_t len = strlen(*o);

		if (len && len == origin.len && strncasecmp(*o, origin.ptr, len) == 0)
			return true;
	}
	return false;
}

struct webchat_address *webchat_address_get(struct webchat *chat, const char *name)
{
	struct webchat_address *address = NULL;

	HASH_FIND_STR(chat->addresses, name, address);
	if (address)
		return address;
	address = calloc(1, sizeof(*address));
	if (!address)
		return NULL;
	snprintf(address->name, sizeof(address->name), "%s", name);
	webchat_bucket_init(&address->tokens, (unsigned)chat->cfg->tokens, webchat_mono_ms(chat));
	HASH_ADD_STR(chat->addresses, name, address);
	if (!address->hh.tbl) {
		free(address);
		return NULL;
	}
	return address;
}

void webchat_addresses_sweep(struct webchat *chat, bool all)
{
	struct webchat_address *address, *next;
	uint64_t now = webchat_mono_ms(chat);

	HASH_ITER(hh, chat->addresses, address, next)
	{
		if (!all && (address->sockets ||
		             !webchat_bucket_full(&address->tokens, WEBCHAT_TOKENS_MS, now)))
			continue;
		HASH_DEL(chat->addresses, address); /* NOLINT(clang-analyzer-unix.Malloc): uthash
		                                       has its head elsewhere by now */
		free(address);
	}
}

/* --- Answers --------------------------------------------------------------------------------- */

static void answer(struct http_request *r, int status, json_t *body, uint64_t retry_ms)
{
	struct http_header_out headers[ARRAY_LEN(cors) + 1];
	size_t count = ARRAY_LEN(cors);
	char *text = strict_json_dump(body);
	char seconds[24];

	memcpy(headers, cors, sizeof(cors));
	if (retry_ms) {
		snprintf(seconds, sizeof(seconds), "%llu",
		         (unsigned long long)(retry_ms + 999) / 1000);
		headers[count++] = (struct http_header_out){"Retry-After", seconds};
	}
	http_respond_with(r, status,
	                  status == 200 ? "application/json" : "application/problem+json",
	                  span_of(text), headers, count, NULL, NULL);
	free(text);
}

static void problem(struct webchat *chat, struct http_request *r, int status, const char *code,
                    const char *detail, const char *field, uint64_t retry_ms)
{
	json_t *body = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", code,
	                         "status", status, "code", code, "detail", detail);

	if (field && field[0])
		json_object_set_new(body, "field", json_string(field));
	++*chat->refused_count;
	answer(r, status, body, retry_ms);
}

static void give_token(struct webchat *chat, struct http_request *r, struct webchat_token *token)
{
	char text[WEBCHAT_TOKEN_MAX];

	token->expires_ms = webchat_wall_ms(chat) + (uint64_t)chat->cfg->token_ttl_ms;
	if (webchat_token_write(span_of(chat->cfg->token_secret), chat->channel, token, text)) {
		problem(chat, r, 500, "internal", "no token could be made", NULL, 0);
		return;
	}
	answer(r, 200,
	       json_pack("{s:s, s:s, s:I}", "token", text, "visitor", token->visitor, "expires_ts",
	                 (json_int_t)token->expires_ms),
	       0);
}

/* --- The request ----------------------------------------------------------------------------- */

static void renew(struct webchat *chat, struct http_request *r, struct span text)
{
	struct webchat_token token;

	if (webchat_token_read(span_of(chat->cfg->token_secret), chat->channel, text, &token) ||
	    webchat_wall_ms(chat) > token.expires_ms + WEBCHAT_RENEWABLE_MS)
		problem(chat, r, 401, "token_refused", "not a token of this channel, or too old",
		        "token", 0);
	else
		give_token(chat, r, &token);
}

/* Whose proof says that they have logged in: the token is given when that is durable. */
struct proved {
	struct webchat *chat;
	struct http_request *request;
	struct webchat_token token;
};

static void on_proved(void *arg, int err)
{
	struct proved *p = arg;

	if (!p->chat->host || err)
		problem(p->chat, p->request, 503, "unavailable", "try again", NULL,
		        WEBCHAT_RETRY_MS);
	else
		give_token(p->chat, p->request, &p->token);
	webchat_unref(p->chat);
	free(p);
}

static void prove(struct webchat *chat, struct http_request *r, const struct webchat_token *token,
                  uint64_t until_ms)
{
	struct proved *p = malloc(sizeof(*p));
	char address[WEBCHAT_VISITOR_MAX + 8];
	uint64_t most = webchat_wall_ms(chat) + (uint64_t)chat->cfg->verified_longest_ms;

	if (!p) {
		problem(chat, r, 503, "unavailable", "try again", NULL, WEBCHAT_RETRY_MS);
		return;
	}
	*p = (struct proved){chat, r, *token};
	webchat_ref(chat);
	snprintf(address, sizeof(address), "web:%s", token->visitor);
	connector_verified(chat->host, span_of(address), until_ms < most ? until_ms : most,
	                   on_proved, p);
}

static void identify(struct webchat *chat, struct http_request *r, const struct token_request *ask)
{
	struct webchat_token token;
	uint64_t until_s = 0;

	if (!chat->cfg->identity_secret ||
	    webchat_visitor_identified(span_of(chat->cfg->identity_secret), ask->identity,
	                               ask->identity_hash, token.visitor, &until_s) ||
	    (until_s && until_s * 1000 <= webchat_wall_ms(chat)))
		problem(chat, r, 401, "identity_refused",
		        "the hash does not prove this identity, or not any more", "identity_hash",
		        0);
	else if (until_s)
		prove(chat, r, &token, until_s * 1000);
	else
		give_token(chat, r, &token);
}

static void welcome(struct webchat *chat, struct http_request *r)
{
	struct webchat_token token;

	if (webchat_visitor_anonymous(token.visitor))
		problem(chat, r, 500, "internal", "no random numbers", NULL, 0);
	else
		give_token(chat, r, &token);
}

static void decide(struct webchat *chat, struct http_request *r, const struct token_request *ask)
{
	if (ask->identity_hash.ptr && !ask->identity.len)
		problem(chat, r, 400, "invalid_body", "a hash without an identity", "identity", 0);
	else if (ask->identity.len && ask->token.len)
		problem(chat, r, 400, "invalid_body", "either a token or an identity", "token", 0);
	else if (ask->identity.len)
		identify(chat, r, ask);
	else if (ask->token.len)
		renew(chat, r, ask->token);
	else
		welcome(chat, r);
}

/* 0, or the ms to wait. */
static uint64_t spend(struct webchat *chat, const char *peer)
{
	struct webchat_address *address = webchat_address_get(chat, peer);

	return address ? webchat_bucket_take(&address->tokens, (unsigned)chat->cfg->tokens,
	                                     WEBCHAT_TOKENS_MS, 1, webchat_mono_ms(chat))
	               : WEBCHAT_RETRY_MS;
}

static void on_token(void *arg, struct http_request *r)
{
	struct webchat *chat = arg;
	struct token_request ask = {0};
	struct json_fault fault = {0};
	json_t *body = NULL;
	uint64_t wait_ms;

	if (!webchat_origin_allowed(chat, http_header(r, "origin"))) {
		problem(chat, r, 403, "origin_refused", "this page's origin is not the channel's",
		        NULL, 0);
		return;
	}
	wait_ms = spend(chat, http_peer(r));
	if (wait_ms)
		problem(chat, r, 429, "too_many", "too many tokens for one address", NULL, wait_ms);
	else if (strict_json_parse(http_body(r), &body, &fault) ||
	         strict_json_bind(request_fields, body, &ask, &fault))
		problem(chat, r, 400, "invalid_body", fault.detail, fault.field, 0);
	else
		decide(chat, r, &ask);
	json_decref(body);
}

/* The browser's question whether it may ask. */
static void on_preflight(void *arg, struct http_request *r)
{
	(void)arg;
	http_respond_with(r, 204, NULL, SPAN_NONE, cors, ARRAY_LEN(cors), NULL, NULL);
}

/* --- Routes ---------------------------------------------------------------------------------- */

/* One script serves all channels: whichever comes first brings it. */
static int serve_script(struct webchat *chat)
{
	static const struct http_header_out headers[] = {
		{"Cache-Control",                "no-cache"    }, /* asked for by its ETag each time */
		{"Cross-Origin-Resource-Policy", "cross-origin"},
		{"X-Content-Type-Options",       "nosniff"     },
	};
	const char *directory = connector_assets(chat->host);
	int err = directory ? http_static(connector_http(chat->host), "/webchat/", directory,
	                                  headers, ARRAY_LEN(headers))
	                    : 0;

	if (err && err != -EEXIST)
		log_error(chat->log, EVENT("webchat.no_script"), STR("directory", directory),
		          ERR(err));
	return 0; /* a page may bring the script itself */
}

int webchat_http_routes(struct webchat *chat)
{
	static const struct websocket_options options = {
		.name = "webchat.socket",
		.subprotocol = "posthouse.webchat.v1",
		.message_max = WEBCHAT_FRAME_MAX,
		.output_max = OUTPUT_MAX,
		.pings_per_min = PINGS_PER_MIN,
	};
	struct http_server *http = connector_http(chat->host);
	char path[PATH_MAX_OCTETS];
	int err;

	if (!http)
		return 0; /* the configuration is only being checked */
	snprintf(path, sizeof(path), "/webchat/%.*s/token", SPAN_FMT(chat->channel));
	err = http_route_limited(http, HTTP_M_POST, path, BODY_MAX, on_token, chat);
	if (!err)
		err = http_route(http, HTTP_M_OPTIONS, path, on_preflight, chat);
	snprintf(path, sizeof(path), "/webchat/%.*s/ws", SPAN_FMT(chat->channel));
	if (!err)
		err = websocket_route(http, path, &options, &webchat_websocket_ops, chat);
	return err ? err : serve_script(chat);
}
