/* The SMSC of unit and conformance tests. */
#include "smsc.h"

#include <stdio.h>

#include "home.h"
#include "smpp_tlv.h"

static void answer(struct smsc_link *l, struct smpp_pdu *pdu)
{
	if (!l->stream || smpp_pdu_encode(pdu, io_stream_output(l->stream)))
		return;
	(void)io_stream_commit(l->stream);
}

static void on_bind(struct smsc_link *l, const struct smpp_pdu *in)
{
	struct smsc *s = l->smsc;
	struct smpp_pdu out = {.command_id = SMPP_RESP(in->command_id),
	                       .sequence_number = in->sequence_number};
	struct buf tlvs;

	s->binds++;
	if (s->silent_bind)
		return;
	if (s->drops_binds) {
		io_stream_abort(l->stream, -ECONNABORTED);
		return;
	}
	if (s->nack_binds && (!s->refused_bind || s->refused_bind == in->command_id))
		out.command_id = SMPP_GENERIC_NACK;
	out.command_status = in->command_id == s->refused_bind ? SMPP_RINVCMDID : s->bind_status;
	if (s->refused_version && in->u.bind_transceiver.interface_version == s->refused_version)
		out.command_status = s->version_status;
	buf_init(&tlvs, 64);
	if (!out.command_status) {
		l->bound = in->command_id;
		out.u.bind_transceiver_resp.system_id = SPAN_LIT("test");
		if (!s->no_version)
			smpp_tlv_put_uint(&tlvs, SMPP_TLV_sc_interface_version,
			                  s->version ? s->version : SMPP_INTERFACE_VERSION_34);
		out.u.bind_transceiver_resp.tlvs = buf_span(&tlvs);
	}
	answer(l, &out);
	buf_fini(&tlvs);
}

static void answer_submit(struct smsc_link *l, uint32_t command, uint32_t sequence, uint32_t status)
{
	struct smpp_pdu out = {.command_id = SMPP_RESP(command),
	                       .command_status = status,
	                       .sequence_number = sequence};
	struct buf tlvs;
	char id[32];

	snprintf(id, sizeof(id), "m%u", ++l->smsc->ids);
	if (!status && !l->smsc->id_missing)
		out.u.submit_sm_resp.message_id = span_of(id);
	buf_init(&tlvs, 64);
	if (l->smsc->congestion)
		smpp_tlv_put_uint(&tlvs, SMPP_TLV_congestion_state,
		                  (uint32_t)l->smsc->congestion - 1);
	out.u.submit_sm_resp.tlvs = buf_span(&tlvs);
	if (l->smsc->nacks_submits)
		out = (struct smpp_pdu){.command_id = SMPP_GENERIC_NACK,
		                        .sequence_number = sequence};
	answer(l, &out);
	buf_fini(&tlvs);
}

static void on_submit(struct smsc_link *l, const struct smpp_pdu *in)
{
	struct smsc *s = l->smsc;
	uint32_t status = s->submit_once ? s->submit_once : s->submit_status;

	s->submits++;
	if (s->hold && s->held_count < SMSC_KEPT) {
		s->held[s->held_count] = in->sequence_number;
		s->held_command[s->held_count] = in->command_id;
		s->held_of[s->held_count++] = l;
		return;
	}
	s->submit_once = 0;
	answer_submit(l, in->command_id, in->sequence_number, status);
}

/* query_sm, cancel_sm, replace_sm, submit_multi. */
static void on_operation(struct smsc_link *l, const struct smpp_pdu *in)
{
	struct smsc *s = l->smsc;
	struct smpp_pdu out = {.command_id = SMPP_RESP(in->command_id),
	                       .command_status = s->operation_status,
	                       .sequence_number = in->sequence_number};

	if (s->hold)
		return;
	if (in->command_id == SMPP_query_sm) {
		out.u.query_sm_resp.message_id = in->u.query_sm.message_id;
		out.u.query_sm_resp.message_state = s->message_state;
	} else if (in->command_id == SMPP_submit_multi) {
		out.u.submit_multi_resp.message_id = SPAN_LIT("many1");
		out.u.submit_multi_resp.unsuccess_sme =
			(struct smpp_list){s->unsuccess_count, s->unsuccess};
	}
	answer(l, &out);
}

static void reply_plain(struct smsc_link *l, const struct smpp_pdu *in)
{
	struct smpp_pdu out = {.command_id = SMPP_RESP(in->command_id),
	                       .sequence_number = in->sequence_number};

	answer(l, &out);
}

static void keep(struct smsc_link *l, struct span frame)
{
	struct smsc *s = l->smsc;
	struct smsc_pdu *kept = &s->got[s->got_count];
	enum smpp_status blame;

	if (s->got_count == SMSC_KEPT || frame.len > sizeof(kept->frame))
		return;
	memcpy(kept->frame, frame.ptr, frame.len);
	kept->link = l;
	if (smpp_pdu_decode((struct span){kept->frame, frame.len}, &kept->pdu, &blame) == 0)
		s->got_count++;
}

static void on_response(struct smsc *s, const struct smpp_pdu *pdu)
{
	if (pdu->command_id == SMPP_GENERIC_NACK)
		s->nacks++;
	else if (pdu->command_id == SMPP_RESP(SMPP_deliver_sm) ||
	         pdu->command_id == SMPP_RESP(SMPP_data_sm))
		*(pdu->command_status ? &s->put_off : &s->delivered) += 1;
}

static void on_pdu(struct smsc_link *l, const struct smpp_pdu *pdu)
{
	struct smsc *s = l->smsc;

	switch (pdu->command_id) {
	case SMPP_bind_transceiver:
	case SMPP_bind_transmitter:
	case SMPP_bind_receiver:
		on_bind(l, pdu);
		break;
	case SMPP_submit_sm:
		on_submit(l, pdu);
		break;
	case SMPP_data_sm:
		on_submit(l, pdu);
		break;
	case SMPP_query_sm:
	case SMPP_cancel_sm:
	case SMPP_replace_sm:
	case SMPP_submit_multi:
		on_operation(l, pdu);
		break;
	case SMPP_enquire_link:
		s->enquiries++;
		reply_plain(l, pdu);
		break;
	case SMPP_unbind:
		s->unbinds++;
		reply_plain(l, pdu);
		break;
	default:
		on_response(s, pdu);
		break;
	}
}

static void on_frame(struct smsc_link *l, struct span frame)
{
	enum smpp_status blame;
	struct smpp_pdu pdu;

	if (smpp_pdu_decode(frame, &pdu, &blame))
		return;
	if (pdu.command_id != SMPP_enquire_link)
		keep(l, frame);
	if (!l->smsc->mute)
		on_pdu(l, &pdu);
	else if (pdu.command_id == SMPP_submit_sm)
		l->smsc->submits++;
}

static void on_data(void *arg, struct span data)
{
	struct smsc_link *l = arg;
	struct span frame;
	int64_t size;

	buf_add(&l->input, data);
	while ((size = smpp_frame(buf_span(&l->input), SMPP_PDU_MAX, &frame)) > 0) {
		on_frame(l, frame);
		if (!l->stream)
			return;
		buf_drop(&l->input, (size_t)size);
	}
}

static void on_open(void *arg)
{
	(void)arg;
}

static void on_close(void *arg, int err)
{
	struct smsc_link *l = arg;

	(void)err;
	l->stream = NULL;
	l->bound = 0;
	buf_fini(&l->input);
}

static const struct io_stream_ops link_ops = {
	.name = "test.smsc",
	.on_open = on_open,
	.on_data = on_data,
	.on_close = on_close,
};

static struct smsc_link *free_link(struct smsc *s)
{
	for (size_t i = 0; i < SMSC_LINKS; i++) {
		struct smsc_link *l = &s->links[i];

		if (l->stream)
			continue;
		*l = (struct smsc_link){.smsc = s};
		buf_init(&l->input, 1U << 20);
		return l;
	}
	return NULL;
}

static void on_accept(void *arg, struct io_stream *stream)
{
	struct smsc *s = arg;
	struct smsc_link *l = free_link(s);

	s->accepted++;
	if (!l) {
		io_stream_abort(stream, -EMFILE);
		return;
	}
	l->stream = stream;
	io_stream_own(stream, &link_ops, l);
}

static void on_called(void *arg)
{
	struct smsc_link *l = arg;
	struct smpp_pdu pdu = {.command_id = SMPP_outbind};

	pdu.u.outbind.system_id = span_of(l->outbind_id);
	pdu.u.outbind.password = span_of(l->outbind_password);
	if (l->outbind_id)
		smsc_send(l, &pdu);
}

static const struct io_stream_ops outbind_ops = {
	.name = "test.smsc.outbind",
	.on_open = on_called,
	.on_data = on_data,
	.on_close = on_close,
};

int smsc_outbind(struct smsc *s, uint16_t port, const char *system_id, const char *password)
{
	struct io_stream_options options = {.host = home_address(), .port = port};
	struct smsc_link *l = free_link(s);

	if (!l)
		return -EMFILE;
	l->outbind_id = system_id;
	l->outbind_password = password;
	return io_stream_connect(s->loop, &options, &outbind_ops, l, &l->stream);
}

int smsc_open(struct smsc *s, struct io_loop *loop)
{
	int err;

	s->loop = loop;
	err = io_listen(loop, home_address(), s->port, s->tls, on_accept, s, &s->listener);
	if (err == 0)
		s->port = io_listener_port(s->listener);
	return err;
}

void smsc_drop(struct smsc *s)
{
	for (size_t i = 0; i < SMSC_LINKS; i++)
		if (s->links[i].stream)
			io_stream_abort(s->links[i].stream, -ECONNABORTED);
	s->held_count = 0;
}

void smsc_drop_bound(struct smsc *s, uint32_t bind)
{
	for (size_t i = 0; i < SMSC_LINKS; i++)
		if (s->links[i].stream && s->links[i].bound == bind)
			io_stream_abort(s->links[i].stream, -ECONNABORTED);
}

static bool all_gone(const struct smsc *s)
{
	for (size_t i = 0; i < SMSC_LINKS; i++)
		if (s->links[i].stream)
			return false;
	return true;
}

void smsc_close(struct smsc *s)
{
	io_listener_close(&s->listener);
	smsc_drop(s);
	for (unsigned turns = 0; turns < 100 && !all_gone(s); turns++)
		uv_run(io_loop_uv(s->loop), UV_RUN_NOWAIT);
}

struct smsc_link *smsc_receiver(struct smsc *s)
{
	for (size_t i = 0; i < SMSC_LINKS; i++) {
		struct smsc_link *l = &s->links[i];

		if (l->stream && l->bound && l->bound != SMPP_bind_transmitter)
			return l;
	}
	return NULL;
}

uint32_t smsc_send(struct smsc_link *l, struct smpp_pdu *pdu)
{
	if (!l || !l->stream)
		return 0;
	pdu->sequence_number = ++l->sequence;
	answer(l, pdu);
	return pdu->sequence_number;
}

void smsc_raw(struct smsc_link *l, struct span octets)
{
	if (l && l->stream)
		(void)io_stream_write(l->stream, octets);
}

uint32_t smsc_deliver(struct smsc *s, const char *from, const char *to, uint8_t esm_class,
                      uint8_t data_coding, struct span octets, struct span tlvs)
{
	struct smpp_pdu pdu = {.command_id = SMPP_deliver_sm};
	struct smpp_deliver_sm *sm = &pdu.u.deliver_sm;

	sm->source_addr_ton = SMPP_TON_INTERNATIONAL;
	sm->source_addr_npi = SMPP_NPI_ISDN;
	sm->source_addr = span_of(from);
	sm->destination_addr = span_of(to);
	sm->esm_class = esm_class;
	sm->data_coding = data_coding;
	sm->short_message = octets;
	sm->tlvs = tlvs;
	return smsc_send(smsc_receiver(s), &pdu);
}

void smsc_release(struct smsc *s, uint32_t status, bool newest_first)
{
	size_t count = s->held_count;

	s->held_count = 0;
	for (size_t i = 0; i < count; i++) {
		size_t at = newest_first ? count - 1 - i : i;

		answer_submit(s->held_of[at], s->held_command[at], s->held[at], status);
	}
}

const struct smpp_submit_sm *smsc_submit(const struct smsc *s, unsigned i)
{
	for (size_t at = 0; at < s->got_count; at++)
		if (s->got[at].pdu.command_id == SMPP_submit_sm && i-- == 0)
			return &s->got[at].pdu.u.submit_sm;
	return NULL;
}

const struct smpp_pdu *smsc_last(const struct smsc *s, uint32_t command_id)
{
	for (size_t at = s->got_count; at--;)
		if (s->got[at].pdu.command_id == command_id)
			return &s->got[at].pdu;
	return NULL;
}
