/*
 * Writes passive replies. Text goes into CDATA with "]]>" split; what is not a character of XML is
 * dropped. Source: Passive_user_reply_message; docs/protocols/wechat.md.
 */
#include "wechat_reply.h"

#include "utf8.h"
#include "wechat_data.h"

#include <inttypes.h>
#include <stdio.h>

enum { FIRST_PRINTABLE = 0x20, FIRST_NONCHARACTER = 0xFFFE, SECOND_MS = 1000, NUMBER_OCTETS = 24 };

/* A section that cannot be ended from inside: "]]>" becomes "]]" here and ">" in the next one. */
static void put_cdata(struct buf *out, struct span text)
{
	unsigned brackets = 0;
	uint32_t code;

	buf_str(out, "<![CDATA[");
	while (text.len) {
		if (utf8_next(&text, &code)) {
			text.ptr++;
			text.len--;
			code = UTF8_REPLACEMENT;
		}
		if (code == '>' && brackets >= 2)
			buf_str(out, "]]><![CDATA[");
		brackets = code == ']' ? brackets + 1 : 0;
		if ((code >= FIRST_PRINTABLE || code == '\n' || code == '\t') &&
		    (code & FIRST_NONCHARACTER) != FIRST_NONCHARACTER)
			utf8_put(out, code);
	}
	buf_str(out, "]]>");
}

static void put_element(struct buf *out, const char *name, struct span text)
{
	buf_printf(out, "<%s>", name);
	put_cdata(out, text);
	buf_printf(out, "</%s>", name);
}

static void put_data(struct buf *out, const char *name, const json_t *data, const char *key)
{
	put_element(out, name, span_of(wechat_data_text(data, key)));
}

static void put_text(struct buf *out, const struct message *m, const json_t *data)
{
	(void)data;
	put_element(out, "Content", m->text);
}

static void put_image(struct buf *out, const struct message *m, const json_t *data)
{
	(void)m;
	buf_str(out, "<Image>");
	put_data(out, "MediaId", data, "media_id");
	buf_str(out, "</Image>");
}

static void put_voice(struct buf *out, const struct message *m, const json_t *data)
{
	(void)m;
	buf_str(out, "<Voice>");
	put_data(out, "MediaId", data, "media_id");
	buf_str(out, "</Voice>");
}

static void put_video(struct buf *out, const struct message *m, const json_t *data)
{
	(void)m;
	buf_str(out, "<Video>");
	put_data(out, "MediaId", data, "media_id");
	put_data(out, "Title", data, "title");
	put_data(out, "Description", data, "description");
	buf_str(out, "</Video>");
}

/* One article: more are allowed only as the answer to an event. */
static void put_news(struct buf *out, const struct message *m, const json_t *data)
{
	const char *title = wechat_data_text(data, "title");

	buf_str(out, "<ArticleCount>1</ArticleCount><Articles><item>");
	put_element(out, "Title", *title ? span_of(title) : m->text);
	put_data(out, "Description", data, "description");
	put_data(out, "PicUrl", data, "pic_url");
	put_data(out, "Url", data, "url");
	buf_str(out, "</item></Articles>");
}

/* A menu is no passive type: it goes by the API. */
static const struct form {
	enum message_kind kind;
	const char *type;
	const char *needs; /* of the data */
	void (*put)(struct buf *out, const struct message *m, const json_t *data);
} forms[] = {
	{MESSAGE_TEXT,  "text",  NULL,       put_text },
	{MESSAGE_IMAGE, "image", "media_id", put_image},
	{MESSAGE_VOICE, "voice", "media_id", put_voice},
	{MESSAGE_VIDEO, "video", "media_id", put_video},
	{MESSAGE_LINK,  "news",  "url",      put_news },
};

static const struct form *form_of(const struct message *m)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (forms[i].kind == m->kind)
			return &forms[i];
	return NULL;
}

static void put_reply(struct buf *out, const struct form *form, const struct message *m,
                      const json_t *data, struct span openid, struct span account, uint64_t now_ms)
{
	buf_str(out, "<xml>");
	put_element(out, "ToUserName", openid);
	put_element(out, "FromUserName", account);
	buf_printf(out, "<CreateTime>%" PRIu64 "</CreateTime>", now_ms / SECOND_MS);
	put_element(out, "MsgType", span_of(form->type));
	form->put(out, m, data);
	buf_str(out, "</xml>");
}

int wechat_reply_write(const struct message *m, struct span openid, struct span account,
                       uint64_t now_ms, struct buf *out)
{
	const struct form *form = form_of(m);
	json_t *data;
	int err = 0;

	if (!form || (m->kind == MESSAGE_TEXT && !m->text.len))
		return -ENOTSUP;
	if (m->kind == MESSAGE_TEXT && m->text.len > WECHAT_TEXT_MAX)
		return -EMSGSIZE;
	data = wechat_data_read(m->data);
	if (!data || (form->needs && !*wechat_data_text(data, form->needs)))
		err = -ENOTSUP;
	else
		put_reply(out, form, m, data, openid, account, now_ms);
	json_decref(data);
	return err ? err : buf_check(out);
}

int wechat_reply_seal(const struct wechat_sealing *sealing, struct span xml, struct buf *out)
{
	char timestamp[NUMBER_OCTETS], nonce[NUMBER_OCTETS];
	char signature[WECHAT_SIGNATURE_CHARS + 1];
	struct buf sealed;
	uint64_t number;
	int err;

	memcpy(&number, sealing->random + WECHAT_SALT_OCTETS, sizeof(number));
	snprintf(timestamp, sizeof(timestamp), "%" PRIu64, sealing->now_ms / SECOND_MS);
	snprintf(nonce, sizeof(nonce), "%" PRIu64, number);
	buf_init(&sealed, WECHAT_SEALED_MAX);
	err = wechat_seal(sealing->key, sealing->appid, sealing->random, xml, &sealed);
	if (!err)
		err = wechat_sign((const struct span[]){sealing->token, span_of(timestamp),
		                                        span_of(nonce), buf_span(&sealed)},
		                  WECHAT_SIGNED_PARTS, signature);
	if (!err) {
		buf_str(out, "<xml>");
		put_element(out, "Encrypt", buf_span(&sealed));
		put_element(out, "MsgSignature", span_of(signature));
		buf_printf(out, "<TimeStamp>%s</TimeStamp>", timestamp);
		put_element(out, "Nonce", span_of(nonce));
		buf_str(out, "</xml>");
		err = buf_check(out);
	}
	buf_fini(&sealed);
	return err;
}
