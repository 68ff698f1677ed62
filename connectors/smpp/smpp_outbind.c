/*
 * Sessions that the SMSC opens (SMPP 3.4, 2.2.1): it connects to us and says outbind, we bind over
 * its connection. Rare, so off by default; whoever may reach the port is checked by address, then
 * by the system_id and password of its outbind, and at most a few wait at once.
 */
#include <stdio.h>

#include "net_range.h"
#include "smpp_channel.h"
#include "tls.h"

/* The address of "127.0.0.1:41234" or "[::1]:41234". */
static void address_of(const char *peer, char *out, size_t size)
{
	const char *port = strrchr(peer, ':');
	struct span s = {peer, port ? (size_t)(port - peer) : strlen(peer)};

	if (s.len > 2 && *s.ptr == '[')
		s = (struct span){s.ptr + 1, s.len - 2};
	snprintf(out, size, "%.*s", SPAN_FMT(s));
}

static bool may_connect(const struct smpp_channel *ch, const char *from)
{
	struct net_range range;
	char address[64];

	address_of(from, address, sizeof(address));
	for (char **peer = ch->cfg->outbind.peers; peer && *peer; peer++)
		if (net_range_parse(*peer, &range) == 0 && net_range_has(&range, address))
			return true;
	return false;
}

static struct smpp_link *free_link(struct smpp_channel *ch)
{
	for (size_t i = ch->dialing; i < ch->link_count; i++)
		if (ch->links[i].state == LINK_IDLE && !ch->links[i].stream)
			return &ch->links[i];
	return NULL;
}

static void refuse(struct smpp_channel *ch, struct io_stream *stream, const char *why)
{
	++*ch->metrics.outbinds_refused;
	log_warn(ch->log, EVENT("smpp.outbind_refused"), STR("peer", io_stream_peer(stream)),
	         STR("why", why));
}

static void on_accept(void *arg, struct io_stream *stream)
{
	struct smpp_channel *ch = arg;
	struct smpp_link *l = free_link(ch);

	if (ch->stopping || !may_connect(ch, io_stream_peer(stream))) {
		refuse(ch, stream, ch->stopping ? "the channel stops" : "not a peer");
		io_stream_abort(stream, -ECONNREFUSED);
	} else if (!l) {
		refuse(ch, stream, "too many at once");
		io_stream_abort(stream, -EMFILE);
	} else {
		smpp_link_called(l, stream);
	}
}

int smpp_outbind_listen(struct smpp_channel *ch)
{
	const struct smpp_outbind_config *cfg = &ch->cfg->outbind;

	if (!cfg->enabled || ch->listener)
		return 0;
	return io_listen(ch->loop, cfg->host, (uint16_t)cfg->port, ch->listener_tls, on_accept, ch,
	                 &ch->listener);
}

void smpp_outbind_close(struct smpp_channel *ch)
{
	if (ch->listener)
		io_listener_close(&ch->listener);
}

void smpp_outbind_on_pdu(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	const struct smpp_outbind_config *cfg = &l->channel->cfg->outbind;
	const struct smpp_outbind *outbind = &pdu->u.outbind;
	struct smpp_channel *ch = l->channel;

	if (l->state != LINK_CALLED) { /* over a connection of ours it says nothing */
		log_debug(ch->log, EVENT("smpp.outbind_ignored"));
	} else if ((cfg->system_id[0] && !span_is(outbind->system_id, cfg->system_id)) ||
	           (cfg->password && !span_eq_secret(outbind->password, span_of(cfg->password)))) {
		refuse(ch, l->stream, "wrong system_id or password");
		l->why = "an outbind with a wrong system_id or password";
		smpp_link_event(l, EV_GARBAGE);
	} else {
		++*ch->metrics.outbinds;
		smpp_link_event(l, EV_OUTBIND);
	}
}
