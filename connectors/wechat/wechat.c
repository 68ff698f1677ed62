/*
 * The WeChat connector: one Official Account is a channel. Callbacks come in by the host's HTTP
 * server, messages go out as passive replies or by the customer-service API. This file only joins
 * the parts; what each does is said in its own.
 */
#include "connector.h"

#include "loop.h"
#include "wechat_access.h"
#include "wechat_api.h"
#include "wechat_callback.h"
#include "wechat_reply.h"
#include "wechat_sender.h"

#include <stdio.h>

extern const struct connector_ops wechat_connector;

enum {
	TEXT_PARTS_MOST = 4,                                /* each costs one of five replies */
	TEXT_MOST = TEXT_PARTS_MOST * (WECHAT_TEXT_MAX - 3) /* wherever the parts are cut */
};

struct wechat {
	struct connector_host *host;
	const struct wechat_config *cfg;
	struct wechat_callback callback;
	struct wechat_access *access;
	struct wechat_sender *sender;
	struct wechat_turns *turns;
	struct io_timer *drain;
	bool stopping, stopped;
};

/* --- state ---------------------------------------------------------------------------------- */

static void on_api_state(void *arg, enum channel_state state, const char *why)
{
	struct wechat *w = arg;

	if (w->stopping)
		return;
	connector_state(w->host, state, why);
	if (state == CHANNEL_UP) {
		wechat_sender_wake(w->sender);
		connector_ready(w->host);
	}
}

static void tell_stopped(struct wechat *w)
{
	if (w->stopped)
		return;
	w->stopped = true;
	io_timer_stop(w->drain);
	connector_state(w->host, CHANNEL_STOPPED, NULL);
}

/* --- init ----------------------------------------------------------------------------------- */

static int check_key(struct wechat *w, const char *text, const char *field,
                     struct yaml_errors *errors, unsigned line)
{
	if (!text || !*text)
		return 0;
	if (wechat_key_parse(span_of(text), &w->callback.keys[w->callback.key_count]) == 0) {
		w->callback.key_count++;
		return 0;
	}
	if (errors)
		yaml_error(errors, line,
		           "%s: an EncodingAESKey has 43 characters of A-Z a-z 0-9 + /", field);
	return -EINVAL;
}

static int check_keys(struct wechat *w, struct yaml_errors *errors, unsigned line)
{
	int err = check_key(w, w->cfg->aes_key, "aes_key", errors, line);

	if (w->cfg->mode != WECHAT_PLAIN && (!w->cfg->aes_key || !*w->cfg->aes_key)) {
		if (errors)
			yaml_error(errors, line, "aes_key: needed in this mode");
		err = -EINVAL;
	}
	/* The current one first: it is tried first. */
	if (check_key(w, w->cfg->previous_aes_key, "previous_aes_key", errors, line))
		err = -EINVAL;
	return err;
}

static int check(struct wechat *w, struct yaml_errors *errors, unsigned line)
{
	const char *base = w->cfg->api_base;
	char address[WECHAT_ADDRESS_MAX];
	int err = check_keys(w, errors, line);

	if (wechat_address(span_of(w->cfg->appid), SPAN_LIT("x"), address, sizeof(address))) {
		if (errors)
			yaml_error(errors, line, "appid: letters and digits, as WeChat shows it");
		err = -EINVAL;
	}
	if (strncmp(base, "https://", 8) != 0 && strncmp(base, "http://", 7) != 0) {
		if (errors)
			yaml_error(errors, line, "api_base: begins with https:// (or http://)");
		err = -EINVAL;
	}
	return err;
}

/* Sender and turns end by themselves, in any order. */
static void on_part_empty(void *arg)
{
	struct wechat *w = arg;

	if (w->stopping && wechat_sender_empty(w->sender) && wechat_turns_empty(w->turns))
		tell_stopped(w);
}

static void on_drained(void *arg)
{
	struct wechat *w = arg;

	wechat_sender_abandon(w->sender);
	tell_stopped(w);
}

static bool on_rescue(void *arg, const struct message *menu)
{
	const struct wechat *w = arg;

	return wechat_turns_rescue(w->turns, menu);
}

static void on_menu_over(void *arg, const struct message *menu)
{
	const struct wechat *w = arg;

	wechat_turns_over(w->turns, menu);
}

static int create_access(struct wechat *w)
{
	return wechat_access_create(
		&(struct wechat_access_options){
			.host = w->host,
			.appid = w->cfg->appid,
			.secret = w->cfg->secret,
			.api_base = w->cfg->api_base,
			.timeout_ms = (uint64_t)w->cfg->api_timeout_ms,
			.on_state = on_api_state,
			.arg = w,
		},
		&w->access);
}

static int create_sender(struct wechat *w)
{
	const char *account = w->cfg->kf_account;

	return wechat_sender_create(
		&(struct wechat_sender_options){
			.host = w->host,
			.access = w->access,
			.secret = w->cfg->secret,
			.api_base = w->cfg->api_base,
			.kf_account = account && *account ? account : NULL,
			.timeout_ms = (uint64_t)w->cfg->api_timeout_ms,
			.queue_max = (size_t)w->cfg->queue,
			.in_flight = (unsigned)w->cfg->in_flight,
			.rescue = on_rescue,
			.on_menu_over = on_menu_over,
			.on_empty = on_part_empty,
			.arg = w,
		},
		&w->sender);
}

static int create_turns(struct wechat *w)
{
	return wechat_turns_create(
		&(struct wechat_turns_options){
			.host = w->host,
			.sender = w->sender,
			.appid = span_of(w->cfg->appid),
			.token = span_of(w->cfg->token),
			.answer_ms = (uint64_t)w->cfg->answer_ms,
			.on_empty = on_part_empty,
			.arg = w,
		},
		&w->turns);
}

static int create_parts(struct wechat *w)
{
	int err = create_access(w);

	if (!err)
		err = create_sender(w);
	if (!err)
		err = create_turns(w);
	if (!err)
		err = io_timer_create(connector_loop(w->host), "wechat.drain", on_drained, w,
		                      &w->drain);
	return err;
}

static int wechat_init(void *self, struct connector_host *host, const void *cfg,
                       struct yaml_errors *errors, unsigned line)
{
	struct wechat *w = self;
	int err;

	w->host = host;
	w->cfg = cfg;
	w->callback.host = host;
	w->callback.mode = (enum wechat_mode)w->cfg->mode;
	w->callback.appid = span_of(w->cfg->appid);
	w->callback.token = span_of(w->cfg->token);
	w->callback.channel = span_of(connector_channel(host));
	w->callback.timestamp_slack_ms = (uint64_t)w->cfg->timestamp_slack_ms;
	err = check(w, errors, line);
	if (!err)
		err = create_parts(w);
	if (!err) {
		w->callback.turns = w->turns;
		err = wechat_callback_route(&w->callback);
	}
	return err;
}

/* --- the other five ------------------------------------------------------------------------- */

static int wechat_start(void *self)
{
	struct wechat *w = self;

	connector_state(w->host, CHANNEL_CONNECTING, NULL);
	wechat_access_start(w->access);
	return 0;
}

/* A menu as a text, which can be said within the callback. Left as it is when there is no memory.
 */
static void as_lines(struct message **msg)
{
	struct message *lines = wechat_api_menu_as_lines(*msg);

	if (lines) {
		message_unref(msg);
		*msg = lines;
	}
}

/* The API is out of reach, and whether it would take a menu is not known: said now as lines it
 * cannot be lost. */
static bool said_as_lines(struct wechat *w, struct message **msg)
{
	struct message *lines =
		(*msg)->kind == MESSAGE_MENU ? wechat_api_menu_as_lines(*msg) : NULL;
	bool said = lines && wechat_turns_reply(w->turns, &lines);

	message_unref(said ? msg : &lines);
	return said;
}

/* Takes *msg on 0; the callback that a menu answers waits to hear of it. */
static int send_by_api(struct wechat *w, struct span openid, struct message **msg)
{
	struct message *menu = (*msg)->kind == MESSAGE_MENU ? message_ref(*msg) : NULL;
	int err = wechat_sender_send(w->sender, openid, msg);

	if (!err && menu)
		wechat_turns_await(w->turns, menu);
	message_unref(&menu);
	return err;
}

static int wechat_send(void *self, struct message **msg)
{
	struct wechat *w = self;
	struct span openid;

	if ((*msg)->kind == MESSAGE_MENU &&
	    (w->cfg->menus == WECHAT_MENUS_LINES || wechat_sender_barred(w->sender)))
		as_lines(msg);
	openid = wechat_address_openid((*msg)->address, w->callback.appid);
	if (!openid.len)
		return -EINVAL;
	if (!w->stopping && wechat_turns_reply(w->turns, msg))
		return 0;
	if (!w->stopping && !wechat_access_usable(w->access) && said_as_lines(w, msg))
		return 0;
	if (w->stopping || !wechat_access_usable(w->access))
		return -ENOTCONN;
	if ((*msg)->kind == MESSAGE_TEXT && wechat_text_parts((*msg)->text) > TEXT_PARTS_MOST)
		return -EMSGSIZE;
	return send_by_api(w, openid, msg);
}

static void wechat_typing(void *self, struct span address, bool on)
{
	struct wechat *w = self;
	struct span openid = wechat_address_openid(address, w->callback.appid);

	if (openid.len)
		wechat_sender_typing(w->sender, openid, on);
}

/* Canonical, or an OpenID alone where the channel says whose. */
static int wechat_canonical(const void *self, struct span raw, char *out, size_t size)
{
	const struct wechat *w = self;
	struct span rest;
	struct span scheme = span_split(raw, ':', &rest);
	struct span openid;
	struct span appid = span_split(rest, ':', &openid);

	if (span_is(scheme, "wechat"))
		return wechat_address(appid, openid, out, size);
	return w ? wechat_address(w->callback.appid, raw, out, size) : -EINVAL;
}

static void wechat_stop(void *self, enum stop_mode mode)
{
	struct wechat *w = self;

	if (w->stopping && !w->stopped && mode == STOP_NOW) {
		on_drained(w);
		return;
	}
	if (w->stopping)
		return;
	w->stopping = true;
	w->callback.stopping = true;
	wechat_sender_stop(w->sender);
	wechat_turns_stop(w->turns);
	io_timer_start(w->drain, mode == STOP_NOW ? 0 : connector_drain_ms(w->host), 0);
}

static void wechat_fini(void *self)
{
	struct wechat *w = self;

	wechat_turns_destroy(&w->turns);
	wechat_access_destroy(&w->access); /* what waits for a token is dropped */
	wechat_sender_destroy(&w->sender);
	io_timer_destroy(&w->drain);
	for (size_t i = 0; i < WECHAT_KEYS; i++)
		wechat_key_wipe(&w->callback.keys[i]);
}

const struct connector_ops wechat_connector = {
	.name = "wechat",
	.caps =
		{
                       .kinds = 1U << MESSAGE_TEXT | 1U << MESSAGE_IMAGE | 1U << MESSAGE_VOICE |
                                 1U << MESSAGE_VIDEO | 1U << MESSAGE_LINK | 1U << MESSAGE_MENU,
                       .text_max = TEXT_MOST,
                       .replies_limited = true,
                       .scheme = "wechat",
                       .typing = wechat_typing,
		       },
	.self_size = sizeof(struct wechat),
	.config_size = sizeof(struct wechat_config),
	.config = wechat_config_fields,
	.init = wechat_init,
	.start = wechat_start,
	.send = wechat_send,
	.address = wechat_canonical,
	.stop = wechat_stop,
	.fini = wechat_fini,
};
