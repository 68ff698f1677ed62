/* An SMSC as the peer of the suite. */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>

#include "home.h"
#include "smsc.h"

extern const struct connector_ops smpp_connector;

static struct smsc smsc;

static int probe_open(struct scene *s, char *yaml, size_t size)
{
	int err;

	setenv("SMPP_TEST_PASSWORD", "secret", 1);
	memset(&smsc, 0, sizeof(smsc));
	s->peer = &smsc;
	err = smsc_open(&smsc, s->loop);
	snprintf(yaml, size,
	         "host: %s\nport: %u\nsystem_id: posthouse\n"
	         "password: {env: SMPP_TEST_PASSWORD}\nshort_codes: [\"95500\"]\n"
	         "default_country: \"86\"\nreconnect_least: 20 ms\nreconnect_most: 50 ms\n",
	         home_address(), smsc.port);
	return err;
}

static void probe_close(struct scene *s)
{
	if (s->peer && smsc.listener)
		smsc_close(&smsc);
	s->peer = NULL;
}

static void say(struct scene *s, const char *text)
{
	(void)s;
	smsc_deliver(&smsc, "8613800138000", "95500", 0, 0, span_of(text), SPAN_NONE);
}

static unsigned acknowledged(struct scene *s)
{
	(void)s;
	return smsc.delivered;
}

static unsigned put_off(struct scene *s)
{
	(void)s;
	return smsc.put_off;
}

static unsigned heard(struct scene *s)
{
	(void)s;
	return smsc.submits;
}

static void refuse(struct scene *s, bool on)
{
	(void)s;
	smsc.bind_status = on ? SMPP_RSYSERR : SMPP_ROK;
}

/* Its submit responses only: a session without any answer is another story. */
static void mute(struct scene *s, bool on)
{
	(void)s;
	smsc.hold = on;
	if (!on)
		smsc_release(&smsc, SMPP_ROK, false);
}

static void drop(struct scene *s)
{
	(void)s;
	smsc_drop(&smsc);
}

static const struct piece {
	const char *octets;
	size_t len;
} pieces[] = {
	{"\0\0\0\3",				 4 }, /* a length under a header's */
	{"\xff\xff\xff\xff\0\0\0\5\0\0\0\0\0\0\0\1", 16}, /* four gigabytes */
	{"GET / HTTP/1.1\r\n\r\n",                   18}, /* another protocol */
	{"\0\0\0\x10\0\0\0\x63\0\0\0\0\0\0\0\1",     16}, /* an unknown command */
	{"\0\0\0\x11\0\0\0\5\0\0\0\0\0\0\0\1\xff",   17}, /* a deliver_sm that ends at once */
	{"\0\0\0\x10\x80\0\0\4\0\0\0\0\0\0\x47\x11", 16}, /* a response to nothing */
	{"\0\0\0\x10\x80\0\0\0\0\0\0\x8\0\0\0\0",    16}, /* a nack of nothing */
	{"\0\0\0\x10\0\0\0\4\0\0\0\0\0\0\0\1",       16}, /* a submit_sm to us, and empty */
	{"\0\0\0\x10\0\0\1\x11\0\0\0\0\0\0\0\1",     16}, /* a broadcast_sm to us, and empty */
	{"\0\0\0\x10\0\0\1\2\0\0\0\0\0\0\0\1",       16}, /* an alert of nobody */
	{"\0\0\0\x12\0\0\0\xb\0\0\0\0\0\0\0\1\0\0",  18}, /* an outbind over our connection */
};

static bool garbage(struct scene *s, unsigned i)
{
	(void)s;
	if (i >= ARRAY_LEN(pieces))
		return false;
	smsc_raw(smsc_receiver(&smsc), (struct span){pieces[i].octets, pieces[i].len});
	return true;
}

const struct probe smpp_probe = {
	.ops = &smpp_connector,
	.pushes = true,
	.address = "sms:+8613800138000",
	.raw_address = "138 0013 8000",
	.bad_address = "+86138x",
	.text_over = 1531, /* ten parts of 153 */
	.more = "window: 3\n",
	.window = 3,
	.open = probe_open,
	.close = probe_close,
	.say = say,
	.acknowledged = acknowledged,
	.put_off = put_off,
	.heard = heard,
	.refuse = refuse,
	.mute = mute,
	.drop = drop,
	.garbage = garbage,
};
const struct probe *const conformance_probe = &smpp_probe;
