/*
 * Pushes by their types, as tables: which kind of message they are, which words stand for them in
 * a list, and what they allow us to send. Source: docs/protocols/wechat.md; the reply budgets are
 * those of service/guide/product/kf/intro.
 */
#include "wechat_message.h"

#include "utf8.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DUP_KEY_MAX = 64 + 8, /* a SHA-256 in hex and what stands before it */
	RAW_MAX = 16 * 1024,  /* octets of an unknown push that are kept */
	ID_DIGITS_MAX = 24,
	SECOND_MS = 1000,
	MINUTE_MS = 60 * SECOND_MS
};
#define HOUR_MS (UINT64_C(60) * MINUTE_MS)
#define CLOCK_SLACK_MS (24 * HOUR_MS) /* further off, a CreateTime is not believed */

/* What the platform lets us send because of a push. */
static const struct grant {
	uint32_t count;
	uint64_t ms;
} no_grant = {0, 0}, said_grant = {5, 48 * HOUR_MS}, done_grant = {3, MINUTE_MS};

#define FIELD(name) offsetof(struct wechat_push, name)
#define NO_WORDS SIZE_MAX /* only the label stands for it */

/* Messages. What stands for them: their own words, or how WeChat's own list calls them. */
static const struct said {
	const char *type;
	enum message_kind kind;
	size_t words;
	const char *label;
} said[] = {
	{"text",            MESSAGE_TEXT,     FIELD(content),     ""           },
	{"image",           MESSAGE_IMAGE,    NO_WORDS,           "[图片]"   },
	{"voice",           MESSAGE_VOICE,    FIELD(recognition), "[语音]"   },
	{"video",           MESSAGE_VIDEO,    NO_WORDS,           "[视频]"   },
	{"shortvideo",      MESSAGE_VIDEO,    NO_WORDS,           "[小视频]"},
	{"location",        MESSAGE_LOCATION, FIELD(label),       "[位置]"   },
	{"link",            MESSAGE_LINK,     FIELD(title),       "[链接]"   },
	{"miniprogrampage", MESSAGE_LINK,     FIELD(title),       "[小程序]"},
	{"file",            MESSAGE_FILE,     FIELD(title),       "[文件]"   },
};
/* A sticker of tomorrow is something said too: the bot or an agent shall see that it came. */
static const struct said unknown_said = {"", MESSAGE_TEXT, NO_WORDS, "[不支持的消息类型]"};

/* Events; names differ in case on purpose. Only these menu types open a window: kf/intro. */
static const struct done {
	const char *event;
	const struct grant *grant;
	size_t words;
	const char *label;
	enum wechat_meaning meaning;
} done[] = {
	{"subscribe",                  &done_grant, NO_WORDS,             "[关注]",       WECHAT_MESSAGE},
	{"unsubscribe",                &no_grant,   NO_WORDS,             "[取消关注]", WECHAT_MESSAGE},
	{"SCAN",		       &done_grant, NO_WORDS,             "[扫码]",       WECHAT_MESSAGE},
	{"LOCATION",                   &no_grant,   NO_WORDS,             "[上报位置]", WECHAT_MESSAGE},
	{"CLICK",		      &done_grant, FIELD(event_key),     "[菜单]",       WECHAT_MESSAGE},
	{"VIEW",		       &no_grant,   FIELD(event_key),     "[菜单]",       WECHAT_MESSAGE},
	{"view_miniprogram",           &no_grant,   FIELD(event_key),     "[菜单]",       WECHAT_MESSAGE},
	{"scancode_push",              &done_grant, FIELD(scan_result),   "[扫码]",       WECHAT_MESSAGE},
	{"scancode_waitmsg",           &done_grant, FIELD(scan_result),   "[扫码]",       WECHAT_MESSAGE},
	{"pic_sysphoto",               &no_grant,   FIELD(event_key),     "[菜单]",       WECHAT_MESSAGE},
	{"pic_photo_or_album",         &no_grant,   FIELD(event_key),     "[菜单]",       WECHAT_MESSAGE},
	{"pic_weixin",                 &no_grant,   FIELD(event_key),     "[菜单]",       WECHAT_MESSAGE},
	{"location_select",            &no_grant,   FIELD(chosen_label),  "[位置]",       WECHAT_MESSAGE},
	{"TEMPLATESENDJOBFINISH",      &no_grant,   FIELD(status),        "",               WECHAT_RECEIPT},
	{"MASSSENDJOBFINISH",          &no_grant,   FIELD(status),        "",               WECHAT_NOTE   },
	{"kf_create_session",          &no_grant,   FIELD(kf_account),    "[客服接入]", WECHAT_MESSAGE},
	{"kf_close_session",           &no_grant,   FIELD(kf_account),    "[客服结束]", WECHAT_MESSAGE},
	{"kf_switch_session",          &no_grant,   FIELD(to_kf_account), "[客服转接]", WECHAT_MESSAGE},
	{"subscribe_msg_popup_event",  &no_grant,   NO_WORDS,             "[订阅通知]", WECHAT_MESSAGE},
	{"subscribe_msg_change_event", &no_grant,   NO_WORDS,             "[订阅通知]", WECHAT_MESSAGE},
	{"subscribe_msg_sent_event",   &no_grant,   NO_WORDS,             "[订阅通知]", WECHAT_MESSAGE},
	{"user_info_modified",         &no_grant,   NO_WORDS,             "[资料变更]", WECHAT_MESSAGE},
	{"user_authorization_revoke",  &no_grant,   NO_WORDS,             "[撤回授权]", WECHAT_MESSAGE},
};
static const struct done unknown_done = {"", &no_grant, FIELD(event_key), "[事件]", WECHAT_MESSAGE};

/* TEMPLATESENDJOBFINISH: everything but success begins with "failed", with or without a blank. */
static const struct job_end {
	const char *begins;
	enum message_status status;
	const char *code;
} job_ends[] = {
	{"success",               STATUS_DELIVERED,   NULL                           },
	{"failed:user block",     STATUS_UNDELIVERED, "wechat.template.user_block"   },
	{"failed: system failed", STATUS_UNDELIVERED, "wechat.template.system_failed"},
	{"failed",                STATUS_UNDELIVERED, "wechat.template.failed"       },
	{"",		      STATUS_SENT,        "wechat.template.unclear"      },
};

static bool is_id(struct span id, size_t max)
{
	if (!id.len || id.len > max)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (!isalnum((unsigned char)id.ptr[i]) && id.ptr[i] != '_' && id.ptr[i] != '-')
			return false;
	return true;
}

int wechat_address(struct span appid, struct span openid, char *out, size_t size)
{
	int len;

	if (!is_id(appid, WECHAT_APPID_MAX) || !is_id(openid, WECHAT_OPENID_MAX))
		return -EINVAL;
	len = snprintf(out, size, "wechat:%.*s:%.*s", SPAN_FMT(appid), SPAN_FMT(openid));
	return len < 0 || (size_t)len >= size ? -EINVAL : 0;
}

struct span wechat_address_openid(struct span address, struct span appid)
{
	struct span rest;

	if (!span_is(span_split(address, ':', &rest), "wechat") ||
	    !span_eq(span_split(rest, ':', &rest), appid) || !is_id(rest, WECHAT_OPENID_MAX))
		return SPAN_NONE;
	return rest;
}

static struct span field_at(const struct wechat_push *push, size_t offset)
{
	return *(const struct span *)(const void *)((const char *)push + offset);
}

static const struct said *said_of(const struct wechat_push *push, bool *known)
{
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (span_is(push->msg_type, said[i].type))
			return &said[i];
	*known = false;
	return &unknown_said;
}

static const struct done *done_of(const struct wechat_push *push, bool *known)
{
	for (size_t i = 0; i < ARRAY_LEN(done); i++)
		if (span_is(push->event, done[i].event))
			return &done[i];
	*known = false;
	return &unknown_done;
}

/* --- the rest of a push as JSON ------------------------------------------------------------- */

static int add_fields(json_t *object, const struct wechat_push_field *fields, size_t count,
                      const void *base)
{
	int err = 0;

	for (size_t i = 0; !err && i < count; i++) {
		const struct span *s =
			(const struct span *)(const void *)((const char *)base + fields[i].offset);

		if (fields[i].shown && s->len)
			err = json_object_set_new(object, fields[i].name,
			                          json_stringn(s->ptr, s->len));
	}
	return err ? -ENOMEM : 0;
}

static int add_items(json_t *object, const struct wechat_push *push)
{
	json_t *list = json_array();
	int err = json_object_set_new(object, "items", list);

	for (size_t i = 0; !err && i < push->item_count; i++) {
		json_t *item = json_object();

		err = json_array_append_new(list, item);
		if (!err)
			err = add_fields(item, wechat_item_fields, wechat_item_field_count,
			                 &push->items[i]);
	}
	return err ? -ENOMEM : 0;
}

/* A JSON text that the caller frees; NULL when out of memory. */
static char *rest_of(const struct wechat_push *push, struct span raw, bool known)
{
	json_t *object = json_object();
	char *text = NULL;
	int err;

	raw = utf8_cut(raw, RAW_MAX);
	err = json_object_set_new(object, "type",
	                          json_stringn(push->msg_type.ptr, push->msg_type.len));
	if (!err)
		err = add_fields(object, wechat_push_fields, wechat_push_field_count, push);
	if (!err && push->item_count)
		err = add_items(object, push);
	/* Cleaned text only: what cannot stand in JSON is left out with the whole. */
	if (!err && !known && utf8_valid(raw))
		err = json_object_set_new(object, "raw", json_stringn(raw.ptr, raw.len));
	if (!err)
		text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

/* --- identity and time ---------------------------------------------------------------------- */

static bool is_number(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isdigit((unsigned char)s.ptr[i]))
			return false;
	return s.len > 0 && s.len <= ID_DIGITS_MAX;
}

/* FromUserName + CreateTime merge different events of one second: all that tells them apart. */
static int event_key(const struct wechat_push *push, char *out, size_t size)
{
	const struct span parts[] = {push->from_user_name, push->create_time, push->msg_type,
	                             push->event,          push->event_key,   push->job_id,
	                             push->content};
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	bool ok = sha && EVP_DigestInit_ex(sha, EVP_sha256(), NULL) == 1;
	int at;

	for (size_t i = 0; ok && i < ARRAY_LEN(parts); i++)
		ok = EVP_DigestUpdate(sha, parts[i].ptr, parts[i].len) == 1 &&
		     EVP_DigestUpdate(sha, "\n", 1) == 1;
	ok = ok && EVP_DigestFinal_ex(sha, digest, &len) == 1;
	EVP_MD_CTX_free(sha);
	if (!ok)
		return -ENOMEM;
	at = snprintf(out, size, "event:");
	for (unsigned int i = 0; i < len && (size_t)at + 3 <= size; i++)
		at += snprintf(out + at, size - (size_t)at, "%02x", digest[i]);
	return 0;
}

static int dup_key(const struct wechat_push *push, char *out, size_t size)
{
	if (!is_number(push->msg_id))
		return event_key(push, out, size);
	snprintf(out, size, "msg:%.*s", SPAN_FMT(push->msg_id));
	return 0;
}

static uint64_t said_at(const struct wechat_push *push, uint64_t now_ms)
{
	uint64_t seconds, ms;

	if (span_u64(push->create_time, &seconds) || seconds > UINT64_MAX / SECOND_MS)
		return now_ms;
	ms = seconds * SECOND_MS;
	if (ms + CLOCK_SLACK_MS < now_ms || ms > now_ms + CLOCK_SLACK_MS)
		return now_ms;
	return ms;
}

/* --- the three meanings --------------------------------------------------------------------- */

/* What of a push becomes a message. */
struct form {
	enum message_kind kind;
	size_t words;
	const char *label;
	const struct grant *grant;
};

static struct form form_of(const struct wechat_push *push, bool event, bool *known)
{
	const struct said *s;
	const struct done *d;

	if (event) {
		d = done_of(push, known);
		return (struct form){MESSAGE_EVENT, d->words, d->label, d->grant};
	}
	s = said_of(push, known);
	/* Choosing from a menu message counts as a click on the menu: docs/protocols/wechat.md. */
	return (struct form){s->kind, s->words, s->label,
	                     push->menu_choice.len ? &done_grant : &said_grant};
}

static struct span words_of(const struct wechat_push *push, const struct form *form)
{
	struct span words = form->words == NO_WORDS ? SPAN_NONE : field_at(push, form->words);

	return words.len ? words : span_of(form->label);
}

static int make_message(const struct wechat_push *push, struct span appid, struct span channel,
                        struct span raw, uint64_t now_ms, struct wechat_meant *out)
{
	struct form form = form_of(push, span_is(push->msg_type, "event"), &out->known);
	bool plain = form.kind == MESSAGE_TEXT && out->known && !push->menu_choice.len;
	uint64_t ts_ms = said_at(push, now_ms);
	char key[DUP_KEY_MAX];
	char *rest = NULL;
	int err = dup_key(push, key, sizeof(key));

	if (!err && !plain) {
		rest = rest_of(push, raw, out->known);
		err = rest ? 0 : -ENOMEM;
	}
	if (!err) {
		out->message = message_create(&(struct message){
			.direction = MESSAGE_IN,
			.kind = form.kind,
			.marks = (push->lossy ? MARK_LOSSY : 0) |
		                 (push->menu_choice.len ? MARK_CHOICE : 0),
			.ts_ms = ts_ms,
			.address = span_of(out->address),
			.channel = channel,
			.local = appid,
			.text = words_of(push, &form),
			.data = span_of(rest),
			.author = SPAN_LIT("customer"),
			.cid = span_of(key),
			.dup_key = span_of(key),
			.grant_count = form.grant->count,
			.grant_until_ms = form.grant->count ? ts_ms + form.grant->ms : 0,
		});
		err = out->message ? 0 : -ENOMEM;
	}
	free(rest);
	return err;
}

static void make_receipt(const struct wechat_push *push, uint64_t now_ms, struct wechat_meant *out)
{
	const struct job_end *end = job_ends;

	while (!span_starts(push->status, span_of(end->begins)))
		end++; /* the last one always fits */
	out->receipt = (struct receipt){
		.id = push->job_id,
		.address = span_of(out->address),
		.status = end->status,
		.code = end->code,
		.ts_ms = now_ms,
	};
}

int wechat_message_read(const struct wechat_push *push, struct span appid, struct span channel,
                        struct span raw, uint64_t now_ms, struct wechat_meant *out)
{
	bool event = span_is(push->msg_type, "event");

	*out = (struct wechat_meant){.known = true};
	if (!push->msg_type.len || (event && !push->event.len) ||
	    wechat_address(appid, push->from_user_name, out->address, sizeof(out->address)))
		return -EBADMSG;
	if (event)
		out->meaning = done_of(push, &out->known)->meaning;
	if (out->meaning == WECHAT_RECEIPT) {
		make_receipt(push, now_ms, out);
		return is_number(push->job_id) ? 0 : -EBADMSG;
	}
	return out->meaning == WECHAT_NOTE ? 0
	                                   : make_message(push, appid, channel, raw, now_ms, out);
}
