/*
 * Bodies in and out by jansson, written without ASCII escapes: WeChat refuses \uXXXX (40033).
 * Source: docs/protocols/wechat.md; sendCustomMessage, getStableAccessToken.
 */
#include "wechat_api.h"

#include "utf8.h"
#include "wechat_data.h"
#include "wechat_reply.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ERROR(first, last, todo, reason) {first, last, todo, reason},
static const struct wechat_error errors[] = {
#include "wechat_error.def"
};
#undef ERROR
static const struct wechat_error other_error = {0, 0, DO_FAIL, "WeChat refuses it"};

const struct wechat_error *wechat_error_of(int errcode)
{
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (errcode >= errors[i].first && errcode <= errors[i].last)
			return &errors[i];
	return &other_error;
}

/* --- answers -------------------------------------------------------------------------------- */

/* It goes into a URL and a log must never show it: anything but an id's characters is not one. */
static int read_token(const json_t *root, struct wechat_answer *out)
{
	const char *token = wechat_data_text(root, "access_token");
	json_int_t expires = json_integer_value(json_object_get(root, "expires_in"));
	size_t len = strlen(token);

	if (!len)
		return 0;
	if (len > WECHAT_TOKEN_MAX || expires <= 0)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)token[i]) && !strchr("_-.~", token[i]))
			return -EBADMSG;
	memcpy(out->token, token, len + 1);
	out->expires_s = (uint64_t)expires;
	return 0;
}

int wechat_answer_read(struct span body, struct wechat_answer *out)
{
	json_t *root = body.len ? json_loadb(body.ptr, body.len, 0, NULL) : NULL;
	const json_t *code;
	json_int_t errcode;
	int err = -EBADMSG;

	*out = (struct wechat_answer){0};
	if (json_is_object(root)) {
		code = json_object_get(root, "errcode");
		out->coded = json_is_integer(code);
		errcode = json_integer_value(code);
		out->errcode = errcode >= INT32_MIN && errcode <= INT32_MAX ? (int)errcode : 1;
		snprintf(out->errmsg, sizeof(out->errmsg), "%s", wechat_data_text(root, "errmsg"));
		err = read_token(root, out);
	}
	json_decref(root);
	return err;
}

void wechat_answer_reason(const struct wechat_answer *answer, const char *secret, char *out,
                          size_t size)
{
	bool leaks = secret && *secret && strstr(answer->errmsg, secret);
	int len = snprintf(out, size, "%s (%d%s%s)", wechat_error_of(answer->errcode)->reason,
	                   answer->errcode, *answer->errmsg ? ": " : "",
	                   leaks ? "what WeChat said holds a secret" : answer->errmsg);

	if (len > 0 && (size_t)len >= size)
		out[utf8_cut((struct span){out, size - 1}, size - 1).len] = '\0';
}

/* --- bodies --------------------------------------------------------------------------------- */

/* Writes and releases root; NULL members were out of memory. */
static int write_json(json_t *root, struct buf *out)
{
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	if (!text)
		return -ENOMEM;
	buf_str(out, text);
	free(text);
	return buf_check(out);
}

int wechat_api_token_body(const char *appid, const char *secret, struct buf *out)
{
	return write_json(json_pack("{s:s, s:s, s:s, s:b}", "grant_type", "client_credential",
	                            "appid", appid, "secret", secret, "force_refresh", 0),
	                  out);
}

int wechat_api_typing_body(struct span openid, bool on, struct buf *out)
{
	return write_json(json_pack("{s:s%, s:s}", "touser", openid.ptr, openid.len, "command",
	                            on ? "Typing" : "CancelTyping"),
	                  out);
}

static json_t *text_content(const struct wechat_outgoing *o, const json_t *data)
{
	(void)data;
	return json_pack("{s:o}", "content", wechat_data_string(o->text));
}

static json_t *media_content(const struct wechat_outgoing *o, const json_t *data)
{
	(void)o;
	return json_pack("{s:s}", "media_id", wechat_data_text(data, "media_id"));
}

static json_t *video_content(const struct wechat_outgoing *o, const json_t *data)
{
	(void)o;
	return json_pack("{s:s, s:s, s:s, s:s}", "media_id", wechat_data_text(data, "media_id"),
	                 "thumb_media_id", wechat_data_text(data, "thumb_media_id"), "title",
	                 wechat_data_text(data, "title"), "description",
	                 wechat_data_text(data, "description"));
}

static json_t *news_content(const struct wechat_outgoing *o, const json_t *data)
{
	const char *title = wechat_data_text(data, "title");

	return json_pack("{s:[{s:o, s:s, s:s, s:s}]}", "articles", "title",
	                 wechat_data_string(*title ? span_of(title) : o->text), "description",
	                 wechat_data_text(data, "description"), "url",
	                 wechat_data_text(data, "url"), "picurl",
	                 wechat_data_text(data, "pic_url"));
}

static json_t *menu_content(const struct wechat_outgoing *o, const json_t *data)
{
	json_t *list = json_array();
	json_t *choice;
	size_t i;

	json_array_foreach(json_object_get(data, "choices"), i, choice) json_array_append_new(
		list, json_pack("{s:s, s:o}", "id", wechat_data_text(choice, "id"), "content",
	                        wechat_data_string(span_of(wechat_data_text(choice, "text")))));
	return json_pack("{s:o, s:o, s:s}", "head_content", wechat_data_string(o->text), "list",
	                 list, "tail_content", wechat_data_text(data, "tail"));
}

static const struct form {
	enum message_kind kind;
	const char *type, *needs;
	json_t *(*content)(const struct wechat_outgoing *o, const json_t *data);
} forms[] = {
	{MESSAGE_TEXT,  "text",    NULL,       text_content },
	{MESSAGE_IMAGE, "image",   "media_id", media_content},
	{MESSAGE_VOICE, "voice",   "media_id", media_content},
	{MESSAGE_VIDEO, "video",   "media_id", video_content},
	{MESSAGE_LINK,  "news",    "url",      news_content },
	{MESSAGE_MENU,  "msgmenu", "choices",  menu_content },
};

static const struct form *form_of(const struct wechat_outgoing *o, const json_t *data)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const struct form *f = &forms[i];
		const json_t *needed = f->needs ? json_object_get(data, f->needs) : NULL;

		if (f->kind != o->kind)
			continue;
		if (f->kind == MESSAGE_TEXT)
			return o->text.len ? f : NULL;
		return json_string_length(needed) || json_array_size(needed) ? f : NULL;
	}
	return NULL;
}

int wechat_api_send_body(const struct wechat_outgoing *o, struct buf *out)
{
	json_t *data = wechat_data_read(o->data);
	const struct form *form = data ? form_of(o, data) : NULL;
	json_t *root = NULL;

	if (form)
		root = json_pack("{s:s%, s:s, s:o}", "touser", o->openid.ptr, o->openid.len,
		                 "msgtype", form->type, form->type, form->content(o, data));
	if (root && o->kf_account)
		json_object_set_new(root, "customservice",
		                    json_pack("{s:s}", "kf_account", o->kf_account));
	json_decref(data);
	return form ? write_json(root, out) : -EINVAL;
}

/* --- text ----------------------------------------------------------------------------------- */

static void put_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		const char *as = *text == '<'   ? "&lt;"
		                 : *text == '>' ? "&gt;"
		                 : *text == '&' ? "&amp;"
		                                : NULL;

		if (as)
			buf_str(out, as);
		else
			buf_u8(out, (uint8_t)*text);
	}
}

static void put_percent(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr("-_.~", *text))
			buf_u8(out, (uint8_t)*text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
}

static void put_choice(struct buf *out, const json_t *choice)
{
	buf_str(out, "\n<a href=\"weixin://bizmsgmenu?msgmenucontent=");
	put_percent(out, wechat_data_text(choice, "text"));
	buf_str(out, "&msgmenuid=");
	put_percent(out, wechat_data_text(choice, "id"));
	buf_str(out, "\">");
	put_escaped(out, wechat_data_text(choice, "text"));
	buf_str(out, "</a>");
}

static void put_line(struct buf *out, size_t number, const json_t *choice)
{
	buf_printf(out, "\n%zu %s", number, wechat_data_text(choice, "text"));
}

static int menu_as(struct span text, struct span data, bool links, struct buf *out)
{
	json_t *object = wechat_data_read(data);
	const json_t *choices = json_object_get(object, "choices");
	const char *tail = wechat_data_text(object, "tail");

	buf_add(out, text);
	for (size_t i = 0; i < json_array_size(choices); i++)
		if (links)
			put_choice(out, json_array_get(choices, i));
		else
			put_line(out, i + 1, json_array_get(choices, i));
	if (*tail)
		buf_printf(out, "\n%s", tail);
	json_decref(object);
	return buf_check(out);
}

int wechat_api_menu_text(struct span text, struct span data, struct buf *out)
{
	return menu_as(text, data, true, out);
}

int wechat_api_menu_lines(struct span text, struct span data, struct buf *out)
{
	return menu_as(text, data, false, out);
}

struct message *wechat_api_menu_as_lines(const struct message *menu)
{
	struct message like = *menu;
	struct message *lines = NULL;
	struct buf text;

	buf_init(&text, WECHAT_BODY_MAX);
	if (wechat_api_menu_lines(menu->text, menu->data, &text) == 0) {
		like.kind = MESSAGE_TEXT;
		like.text = buf_span(&text);
		like.data = SPAN_NONE;
		lines = message_create(&like);
	}
	buf_fini(&text);
	return lines;
}

struct span wechat_text_part(struct span text)
{
	struct span part = utf8_cut(text, WECHAT_TEXT_MAX);

	/* Text that is no UTF-8 at all may have no place to cut: take the octets, so that it ends.
	 */
	if (!part.len && text.len)
		part = (struct span){text.ptr,
		                     text.len < WECHAT_TEXT_MAX ? text.len : WECHAT_TEXT_MAX};
	return part;
}

uint16_t wechat_text_parts(struct span text)
{
	unsigned parts = 0;

	for (; text.len && parts < UINT16_MAX; parts++) {
		size_t len = wechat_text_part(text).len;

		text = (struct span){text.ptr + len, text.len - len};
	}
	return (uint16_t)(parts ? parts : 1);
}
