#include "smsc_private.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t smsc_now_us(const struct smsc *s)
{
	return clock_mono_us(s->clock);
}

/* ---- out ---- */

static bool write_pdu(struct link *k, const struct smpp_pdu *pdu)
{
	if (!k->stream || k->deaf || smpp_pdu_encode(pdu, io_stream_output(k->stream)))
		return false;
	return io_stream_commit(k->stream) != -EPIPE;
}

bool smsc_deliver_over(struct link *k, const struct smpp_deliver_sm *sm, uint32_t tag)
{
	uint32_t sequence = k->sequence % SMPP_SEQUENCE_MAX + 1;
	uint32_t *slot = &k->tags[sequence % TAGS];
	struct smpp_pdu pdu = {.command_id = SMPP_deliver_sm, .sequence_number = sequence};

	if (*slot || io_stream_pending(k->stream) > OUTPUT_SLACK)
		return false;
	pdu.u.deliver_sm = *sm;
	if (!write_pdu(k, &pdu))
		return false;
	k->sequence = sequence;
	*slot = tag == NO_TAG ? NO_TAG : tag + 1;
	k->open++;
	k->smsc->open++;
	return true;
}

bool smsc_deliver(struct smsc *s, const struct smpp_deliver_sm *sm, uint32_t tag)
{
	for (size_t i = 0; i < LINKS; i++) {
		struct link *k = s->links[s->turn++ % LINKS];

		if (k && k->receives)
			return smsc_deliver_over(k, sm, tag);
	}
	return false;
}

void smsc_answer_submit(struct link *k, uint32_t sequence, uint64_t id)
{
	struct smpp_pdu out = {.command_id = SMPP_RESP(SMPP_submit_sm),
	                       .sequence_number = sequence};
	char text[24];

	snprintf(text, sizeof(text), "%llx", (unsigned long long)id);
	out.u.submit_sm_resp.message_id = span_of(text);
	write_pdu(k, &out);
}

static void refuse_submit(struct link *k, uint32_t sequence, uint32_t status)
{
	struct smpp_pdu out = {.command_id = SMPP_RESP(SMPP_submit_sm),
	                       .sequence_number = sequence,
	                       .command_status = status};

	k->smsc->counts.refused++;
	write_pdu(k, &out);
}

/* ---- in ---- */

static void on_submit(struct link *k, const struct smpp_pdu *in)
{
	struct smsc *s = k->smsc;
	uint32_t status = smsc_verdict(s);
	uint64_t id;

	if (s->o.habits.mute)
		return;
	if (status) {
		refuse_submit(k, in->sequence_number, status);
		return;
	}
	s->counts.submits++;
	s->events.on_submit(s->arg, &in->u.submit_sm, k->life);
	id = ++s->ids;
	if (s->o.habits.receipts && s->o.habits.receipt_first)
		smsc_make_receipt(k, &in->u.submit_sm, id);
	if (s->o.habits.latency_ms)
		smsc_hold_answer(k, in->sequence_number, id);
	else
		smsc_answer_submit(k, in->sequence_number, id);
	if (s->o.habits.receipts && !s->o.habits.receipt_first)
		smsc_make_receipt(k, &in->u.submit_sm, id);
	k->deaf = s->o.habits.deaf_after && ++k->submits >= s->o.habits.deaf_after;
}

static void on_deliver_resp(struct link *k, const struct smpp_pdu *pdu)
{
	uint32_t *slot = &k->tags[pdu->sequence_number % TAGS];
	uint32_t tag = *slot;

	if (!tag)
		return;
	*slot = 0;
	k->open--;
	k->smsc->open--;
	if (tag != NO_TAG)
		k->smsc->events.on_deliver_resp(k->smsc->arg, tag - 1, pdu->command_status);
}

static void on_bind(struct link *k, const struct smpp_pdu *in)
{
	const struct smsc_options *o = &k->smsc->o;
	struct smpp_pdu out = {.command_id = SMPP_RESP(in->command_id),
	                       .sequence_number = in->sequence_number};
	bool known = span_is(in->u.bind_transceiver.system_id, o->system_id) &&
	             span_is(in->u.bind_transceiver.password, o->password);

	if (known)
		out.u.bind_transceiver_resp.system_id = span_of("load");
	else
		out.command_status = SMPP_RBINDFAIL;
	k->receives = known && in->command_id != SMPP_bind_transmitter;
	k->smsc->counts.binds += known;
	write_pdu(k, &out);
}

static void on_pdu(struct link *k, const struct smpp_pdu *pdu)
{
	struct smpp_pdu out = {.command_id = SMPP_RESP(pdu->command_id),
	                       .sequence_number = pdu->sequence_number};

	switch (pdu->command_id) {
	case SMPP_bind_transceiver:
	case SMPP_bind_transmitter:
	case SMPP_bind_receiver:
		on_bind(k, pdu);
		break;
	case SMPP_submit_sm:
		on_submit(k, pdu);
		break;
	case SMPP_enquire_link:
	case SMPP_unbind:
		write_pdu(k, &out);
		break;
	case SMPP_RESP(SMPP_deliver_sm):
		on_deliver_resp(k, pdu);
		break;
	default:
		break;
	}
}

static size_t take_frames(struct link *k, struct span all)
{
	size_t taken = 0;
	struct span frame;
	int64_t size;

	while ((size = smpp_frame((struct span){all.ptr + taken, all.len - taken}, SMPP_PDU_MAX,
	                          &frame)) > 0) {
		enum smpp_status blame;
		struct smpp_pdu pdu;

		taken += (size_t)size;
		if (smpp_pdu_decode(frame, &pdu, &blame))
			k->smsc->counts.bad++;
		else
			on_pdu(k, &pdu);
	}
	return taken;
}

static void on_data(void *arg, struct span data)
{
	struct link *k = arg;

	/* Straight from the wire, unless the front of a PDU waits for its rest. */
	if (k->input.len) {
		buf_add(&k->input, data);
		buf_drop(&k->input, take_frames(k, buf_span(&k->input)));
	} else {
		size_t taken = take_frames(k, data);

		buf_add(&k->input, (struct span){data.ptr + taken, data.len - taken});
	}
	smsc_pause_reading(k);
	k->smsc->events.on_room(k->smsc->arg);
}

static void on_open(void *arg)
{
	(void)arg;
}

/* What was outstanding is told when the session counts as gone, so that it may go over another. */
static void tell_lost(struct smsc *s, const struct link *k)
{
	for (uint32_t i = 0; i < TAGS; i++) {
		uint32_t tag = k->tags[(k->sequence + 1 + i) % TAGS];

		if (tag && tag != NO_TAG)
			s->events.on_deliver_lost(s->arg, tag - 1);
	}
}

static void on_close(void *arg, int err)
{
	struct link *k = arg;
	struct smsc *s = k->smsc;

	(void)err;
	for (size_t i = 0; i < LINKS; i++)
		if (s->links[i] == k)
			s->links[i] = NULL;
	s->ended_us[k->life % LIVES] = smsc_now_us(s);
	s->open -= k->open;
	buf_fini(&k->input);
	tell_lost(s, k);
	free(k);
}

static const struct io_stream_ops link_ops = {
	.name = "load.link",
	.on_open = on_open,
	.on_data = on_data,
	.on_close = on_close,
};

static void on_accept(void *arg, struct io_stream *stream)
{
	struct smsc *s = arg;
	size_t i = 0;
	struct link *k;

	while (i < LINKS && s->links[i])
		i++;
	k = i < LINKS ? calloc(1, sizeof(*k)) : NULL;
	if (!k) {
		io_stream_abort(stream, -EMFILE);
		return;
	}
	k->smsc = s;
	k->stream = stream;
	k->life = (uint32_t)++s->counts.lives;
	s->ended_us[k->life % LIVES] = 0;
	buf_init(&k->input, 1U << 20);
	s->links[i] = k;
	io_stream_own(stream, &link_ops, k);
}

/* ---- as a whole ---- */

int smsc_open(struct io_loop *loop, const struct smsc_options *options,
              const struct smsc_events *events, void *arg, struct smsc **out)
{
	struct smsc *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->o = *options;
	s->events = *events;
	s->arg = arg;
	s->loop = loop;
	s->clock = io_loop_clock(loop);
	s->ticked_us = smsc_now_us(s);
	if (!options->habits.down)
		err = io_listen(loop, options->host, options->port, NULL, on_accept, s,
		                &s->listener);
	if (err) {
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

uint16_t smsc_port(const struct smsc *s)
{
	return s->listener ? io_listener_port(s->listener) : s->o.port;
}

const struct smsc_counts *smsc_counts(const struct smsc *s)
{
	return &s->counts;
}

bool smsc_bound(const struct smsc *s)
{
	for (size_t i = 0; i < LINKS; i++)
		if (s->links[i] && s->links[i]->receives)
			return true;
	return false;
}

size_t smsc_outstanding(const struct smsc *s)
{
	return s->open;
}

uint64_t smsc_ended_us(const struct smsc *s, uint32_t life)
{
	return s->ended_us[life % LIVES];
}

void smsc_close(struct smsc **smsc)
{
	struct smsc *s = *smsc;

	if (!s)
		return;
	*smsc = NULL;
	io_listener_close(&s->listener);
	for (size_t i = 0; i < LINKS; i++)
		if (s->links[i])
			io_stream_abort(s->links[i]->stream, -ECANCELED);
	for (unsigned turns = 0; turns < 100; turns++)
		uv_run(io_loop_uv(s->loop), UV_RUN_NOWAIT);
	free(s->held);
	free(s);
}
