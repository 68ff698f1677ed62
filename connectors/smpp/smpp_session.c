/*
 * What comes over a session: octets to PDUs, PDUs to whom they concern, and what time brings to
 * it. Framing and tolerance are those of docs/protocols/smpp.md. One timer a link serves all: it is
 * set to the earliest deadline, and deadlines of responses come in the order of the requests.
 */
#include "smpp_channel.h"
#include "smpp_tlv.h"

enum {
	LOG_EVERY_MS = 60000,
	UNREAD_MS = 1000 /* after a pause: what the SMSC said meanwhile is read first */
};

static const char *const role_names[] = {"NONE", "TRX", "TX", "RX"};

static uint64_t now_ms(const struct smpp_link *l)
{
	return clock_mono_ms(l->channel->clock);
}

/* ---- the bind's answer ---- */

static void on_bind_refused(struct smpp_link *l, uint32_t status)
{
	static const uint32_t ours[] = {SMPP_RBINDFAIL, SMPP_RINVPASWD, SMPP_RINVSYSID,
	                                SMPP_RINVSYSTYP};
	struct smpp_channel *ch = l->channel;
	bool wrong = false;

	l->why = smpp_status_text(status);
	log_warn(ch->log, EVENT("smpp.bind_refused"), STR("role", role_names[l->role]),
	         STR("status", smpp_status_name(status)), NUM("code", status));
	if (status == SMPP_RALYBND)
		l->floor_ms = smpp_status_policy(status, ch->policies, ch->policy_count).delay_ms;
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		wrong = wrong || status == ours[i];
	if (status == SMPP_RINVCMDID && !smpp_fall_back(ch))
		wrong = true;
	/* ESME_RBINDFAIL may be for the version: then the next one is not of a wrong account. */
	if (status == SMPP_RBINDFAIL && l->named == SMPP_INTERFACE_VERSION_50)
		wrong = false;
	if (wrong)
		smpp_link_misconfigured(l, l->why);
	else if (status != SMPP_RALYBND && status != SMPP_RINVCMDID)
		smpp_version_fall_back(ch, l->named);
	smpp_link_event(l, EV_BIND_REFUSED);
}

static void on_bind_resp(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	const struct smpp_config *cfg = l->channel->cfg;
	struct span tlvs = pdu->u.bind_transceiver_resp.tlvs;
	uint32_t version;

	l->binding = false;
	if (pdu->command_status || pdu->command_id == SMPP_GENERIC_NACK) {
		on_bind_refused(l, pdu->command_status);
		return;
	}
	/* 3.4, 3.4: an SMSC that names no version is of 3.3 and knows no optional parameters. */
	if (smpp_tlv_uint(tlvs, SMPP_TLV_sc_interface_version, &version) == 0)
		l->version = (uint8_t)version;
	l->takes_tlvs = cfg->tlvs == SMPP_TLVS_ALWAYS ||
	                (cfg->tlvs == SMPP_TLVS_AUTO && l->version >= SMPP_INTERFACE_VERSION_34);
	smpp_pace_hint(l->channel, tlvs);
	smpp_link_event(l, EV_BIND_OK);
}

/* ---- PDUs in ---- */

/* What the window bounds: one text for many is one request. */
static bool is_bounded(uint32_t command_id)
{
	return smpp_is_submit(command_id) || command_id == SMPP_submit_multi;
}

static void leave_window(struct smpp_link *l, const struct smpp_flight *f)
{
	l->submits--;
	l->octets -= f->octets;
}

static void on_submit_resp(struct smpp_link *l, struct smpp_flight *f, const struct smpp_pdu *pdu)
{
	struct smpp_outgoing *item = f->item;
	bool late = f->state == SMPP_FLIGHT_LATE;
	uint16_t part = f->part;
	/* A data_sm_resp has the same body, and a member of the union. */
	bool nack = pdu->command_id == SMPP_GENERIC_NACK;
	struct span id = nack ? SPAN_NONE : pdu->u.submit_sm_resp.message_id;

	l->active_ms = now_ms(l);
	if (!nack)
		smpp_pace_hint(l->channel, pdu->u.submit_sm_resp.tlvs);

	if (!late)
		leave_window(l, f);
	smpp_window_remove(&l->window, f);
	smpp_out_response(l, item, part, pdu->command_status, id, late);
	smpp_out_pump(l->channel);
	smpp_link_check_done(l);
}

/* To one text for many: for the session it is what that to a submit is. */
static void on_many_resp(struct smpp_link *l, struct smpp_operation *op, const struct smpp_pdu *pdu)
{
	struct smpp_channel *ch = l->channel;
	struct smpp_policy p =
		smpp_status_policy(pdu->command_status, ch->policies, ch->policy_count);

	l->active_ms = now_ms(l);
	smpp_ops_response(ch, op, pdu, 0);
	if (p.action == SMPP_ACTION_REBIND)
		smpp_link_rebind(l, "the SMSC takes no submits in this session", p.delay_ms);
}

static void on_operation_resp(struct smpp_link *l, struct smpp_operation *op, uint32_t command,
                              const struct smpp_pdu *pdu)
{
	if (is_bounded(command))
		on_many_resp(l, op, pdu);
	else
		smpp_ops_response(l->channel, op, pdu, 0);
	smpp_out_pump(l->channel);
	smpp_link_check_done(l);
}

/* A response, generic_nack included: whose it is says the window. */
static void on_response(struct smpp_link *l, struct smpp_pdu *pdu)
{
	struct smpp_flight *f = smpp_window_find(&l->window, pdu->sequence_number);
	uint32_t command = f ? f->command_id : 0;
	struct smpp_operation *operation;

	if (!f ||
	    (pdu->command_id != SMPP_GENERIC_NACK && pdu->command_id != (SMPP_RESP(command)))) {
		++*l->channel->metrics.unknown;
		return;
	}
	if (pdu->command_id == SMPP_GENERIC_NACK && !pdu->command_status)
		pdu->command_status = SMPP_RUNKNOWNERR; /* it says no, and not why */
	smpp_dup_proved(l, f->mark_ms);
	if (smpp_is_submit(command)) {
		on_submit_resp(l, f, pdu);
		return;
	}
	operation = f->item;
	if (is_bounded(command))
		leave_window(l, f);
	smpp_window_remove(&l->window, f);
	if (operation) {
		on_operation_resp(l, operation, command, pdu);
		return;
	}
	if (command == SMPP_unbind)
		smpp_link_event(l, EV_UNBIND_RESP);
	else if (command != SMPP_enquire_link)
		on_bind_resp(l, pdu);
}

/* ---- requests of the SMSC ---- */

static void on_enquire_link(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	smpp_link_answer(l, SMPP_RESP(SMPP_enquire_link), pdu->sequence_number, SMPP_ROK);
}

static void on_unbind(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	l->unbind_sequence = pdu->sequence_number;
	smpp_link_event(l, EV_UNBIND);
}

/* A handset is there again (4.12): what waits for it need not wait longer. It has no response. */
static void on_alert(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	const struct smpp_alert_notification *alert = &pdu->u.alert_notification;
	struct smpp_channel *ch = l->channel;
	char address[SMPP_ADDRESS_SIZE];
	uint32_t status;

	++*ch->metrics.alerts;
	log_debug(ch->log, EVENT("smpp.alert_notification"), ADDR("of", alert->source_addr));
	if (smpp_tlv_uint(alert->tlvs, SMPP_TLV_ms_availability_status, &status) == 0 && status)
		return; /* 5.3.2.30: denied, or unavailable */
	if (smpp_address_canonical(alert->source_addr, alert->source_addr_ton,
	                           span_of(ch->cfg->default_country), address,
	                           sizeof(address)) == 0)
		connector_reachable(ch->host, span_of(address));
}

/* Where an SMSC may send it (3.4, table 2-1). */
enum needs { ANY_STATE, BOUND, RECEIVING };

static const struct request {
	uint32_t command_id;
	enum needs needs;
	void (*act)(struct smpp_link *l, const struct smpp_pdu *pdu);
} requests[] = {
	{SMPP_deliver_sm,         RECEIVING, smpp_in_deliver_sm },
	{SMPP_enquire_link,       ANY_STATE, on_enquire_link    },
	{SMPP_unbind,             ANY_STATE, on_unbind          },
	{SMPP_data_sm,            BOUND,     smpp_in_data_sm    },
	{SMPP_alert_notification, RECEIVING, on_alert           },
	{SMPP_outbind,            ANY_STATE, smpp_outbind_on_pdu},
};

static bool is_allowed(const struct smpp_link *l, enum needs needs)
{
	if (needs == RECEIVING)
		return smpp_link_receives(l);
	return needs == ANY_STATE || (l->state >= LINK_BOUND && l->state <= LINK_UNBINDING);
}

static void on_request(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		const struct request *r = &requests[i];

		if (r->command_id != pdu->command_id)
			continue;
		if (is_allowed(l, r->needs))
			r->act(l, pdu);
		else if (pdu->command_id != SMPP_alert_notification)
			smpp_link_answer(l, SMPP_RESP(pdu->command_id), pdu->sequence_number,
			                 SMPP_RINVBNDSTS);
		return;
	}
	/* Known, but not for an ESME. */
	smpp_link_answer(l, SMPP_GENERIC_NACK, pdu->sequence_number, SMPP_RINVCMDID);
}

static void log_bad(struct smpp_link *l, const struct smpp_pdu *pdu, enum smpp_status blame)
{
	struct smpp_channel *ch = l->channel;
	uint64_t held;
	struct buf hex;

	++*ch->metrics.malformed;
	if (!log_throttle_pass(&ch->bad_pdu, now_ms(l), LOG_EVERY_MS, &held))
		return;
	buf_init(&hex, 512);
	if (!smpp_command_known(pdu->command_id))
		smpp_pdu_hex(pdu, &hex); /* its header alone is shown */
	log_warn(ch->log, EVENT("smpp.bad_pdu"), STR("command", smpp_command_name(pdu->command_id)),
	         NUM("length", pdu->frame.len), STR("answer", smpp_status_name(blame)),
	         SPAN("hex", buf_span(&hex)), NUM("suppressed", held));
	buf_fini(&hex);
}

/* Tolerated, and told once: it is a habit of the operator's software. */
static void log_trailing(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	struct smpp_channel *ch = l->channel;

	if (ch->trailing_told)
		return;
	ch->trailing_told = true;
	log_warn(ch->log, EVENT("smpp.trailing_octets"),
	         STR("command", smpp_command_name(pdu->command_id)), NUM("octets", pdu->trailing));
}

void smpp_session_refuse(struct smpp_link *l, const struct smpp_pdu *pdu, enum smpp_status status)
{
	log_bad(l, pdu, status);
	smpp_link_answer(l, SMPP_RESP(pdu->command_id), pdu->sequence_number, status);
}

/* Malformed or unknown. A request gets its answer, whatever it is; a response says at least what
 * its header says. */
static void on_bad_pdu(struct smpp_link *l, struct smpp_pdu *pdu, int err, enum smpp_status blame)
{
	bool response = pdu->command_id & SMPP_RESP_BIT;

	log_bad(l, pdu, blame);
	if (response && err == -EBADMSG) {
		memset(&pdu->u, 0, sizeof(pdu->u));
		on_response(l, pdu);
	} else if (!response) {
		uint32_t answer = smpp_command_known(SMPP_RESP(pdu->command_id))
		                          ? SMPP_RESP(pdu->command_id)
		                          : SMPP_GENERIC_NACK;

		smpp_link_answer(l, err == -ENOSYS ? SMPP_GENERIC_NACK : answer,
		                 pdu->sequence_number, blame);
	}
}

/* What means all that it has to with its header, or cannot be refused, is taken for what stands
 * before the TLV that runs past its end: a message_id among it. */
static bool is_understood(const struct smpp_pdu *pdu, int err, enum smpp_status blame)
{
	if (err != -EBADMSG || blame != SMPP_RINVOPTPARSTREAM)
		return false;
	return pdu->command_id & SMPP_RESP_BIT || pdu->command_id == SMPP_enquire_link ||
	       pdu->command_id == SMPP_unbind;
}

/* Whatever came, the far end lives. */
static void heard(struct smpp_link *l)
{
	bool waited = l->asked_ms != 0;

	l->heard_ms = now_ms(l);
	l->asked_ms = 0;
	if (waited)
		smpp_session_rearm(l); /* it stood at the end of the wait */
}

static void on_frame(struct smpp_link *l, struct span frame)
{
	enum smpp_status blame;
	struct smpp_pdu pdu;
	int err = smpp_pdu_decode(frame, &pdu, &blame);

	heard(l);
	if (err && !is_understood(&pdu, err, blame)) {
		on_bad_pdu(l, &pdu, err, blame);
		return;
	}
	if (err)
		log_bad(l, &pdu, blame);
	smpp_link_log(l, "smpp.in", &pdu);
	if (pdu.trailing)
		log_trailing(l, &pdu);
	if (pdu.command_id & SMPP_RESP_BIT)
		on_response(l, &pdu);
	else
		on_request(l, &pdu);
}

static bool listens(const struct smpp_link *l)
{
	return l->state >= LINK_CALLED && l->state <= LINK_UNBINDING;
}

/* command_length cannot be right, so nothing after it can be found (4.3). */
static void on_garbage(struct smpp_link *l)
{
	++*l->channel->metrics.malformed;
	log_warn(l->channel->log, EVENT("smpp.stream_corrupt"));
	l->why = "what the SMSC sent is not SMPP";
	smpp_link_answer(l, SMPP_GENERIC_NACK, 0, SMPP_RINVCMDLEN);
	smpp_link_event(l, EV_GARBAGE);
}

/* Handles the whole PDUs at the front of data; returns how many octets they were. */
static size_t take_frames(struct smpp_link *l, struct span data)
{
	size_t taken = 0;

	while (listens(l)) {
		struct span rest = {data.ptr + taken, data.len - taken}, frame;
		int64_t size = smpp_frame(rest, SMPP_PDU_MAX, &frame);

		if (size == 0)
			return taken;
		if (size < 0) {
			on_garbage(l);
			break;
		}
		taken += (size_t)size;
		on_frame(l, frame);
	}
	return data.len;
}

void smpp_session_on_data(void *arg, struct span data)
{
	struct smpp_link *l = arg;
	size_t taken;

	if (l->input.len == 0) {
		taken = take_frames(l, data);
		buf_add(&l->input, (struct span){data.ptr + taken, data.len - taken});
	} else {
		buf_add(&l->input, data);
		taken = take_frames(l, buf_span(&l->input));
		buf_drop(&l->input, taken < l->input.len ? taken : l->input.len);
	}
	/* Out of memory in the middle of a PDU: what follows makes no sense without it. */
	if (buf_check(&l->input) && l->stream)
		io_stream_abort(l->stream, buf_check(&l->input));
}

/* ---- time ---- */

/* While we do not read, silence is ours: what the SMSC answered lies unread in the socket. */
static bool hears(const struct smpp_link *l, uint64_t now)
{
	return !l->paused && (!l->resumed_ms || now >= l->resumed_ms + UNREAD_MS);
}

void smpp_session_resume(struct smpp_link *l)
{
	l->paused = false;
	l->resumed_ms = now_ms(l);
	io_stream_resume(l->stream);
	smpp_session_rearm(l);
}

static void expire_flights(struct smpp_link *l, uint64_t now)
{
	/* Not for ever: a flood of theirs may go on. */
	uint64_t patience = hears(l, now) ? 0 : (uint64_t)l->channel->cfg->response_ms;
	struct smpp_flight *f;

	while ((f = smpp_window_first(&l->window)) && f->deadline_ms <= now &&
	       now - f->deadline_ms >= patience) {
		void *item = f->item;
		struct smpp_outgoing *forgotten;
		uint16_t part = f->part;

		if (is_bounded(f->command_id)) {
			leave_window(l, f);
			++*l->channel->metrics.timeouts;
		}
		if (!item || !smpp_is_submit(f->command_id)) {
			smpp_window_remove(&l->window, f);
			if (item) /* else one of our own: their deadlines are elsewhere */
				smpp_ops_response(l->channel, item, NULL, -ETIMEDOUT);
			continue;
		}
		forgotten = smpp_window_late(&l->window, f);
		smpp_out_uncertain(l, item, part, SMPP_TIMED_OUT);
		if (forgotten)
			smpp_out_forget(l->channel, forgotten);
	}
}

static uint64_t enquire_due(const struct smpp_link *l)
{
	/* Silence in either direction: theirs may mean that they are gone, ours that they think we
	 * are; and its response proves that our answers up to now arrived. */
	uint64_t since = l->heard_ms < l->requested_ms ? l->heard_ms : l->requested_ms;

	if (l->asked_ms)
		return l->asked_ms + (uint64_t)l->channel->cfg->response_ms;
	return since + (uint64_t)l->channel->cfg->enquire_ms;
}

static void check_alive(struct smpp_link *l, uint64_t now)
{
	struct smpp_pdu pdu = {.command_id = SMPP_enquire_link};
	struct smpp_flight *f;

	if (!hears(l, now) || now < enquire_due(l))
		return;
	if (l->asked_ms) {
		l->why = "enquire_link was not answered";
		smpp_link_event(l, EV_SILENT);
	} else if (smpp_link_request(l, &pdu, NULL, &f) == 0) {
		l->asked_ms = now;
	}
}

/* It answers our enquiries, and brings nothing: a session that the SMSC has forgotten. */
static void check_active(struct smpp_link *l, uint64_t now)
{
	uint64_t most = (uint64_t)l->channel->cfg->inactivity_ms;

	if (most && l->state == LINK_BOUND && !l->submits && now >= l->active_ms + most)
		smpp_link_rebind(l, "no message for the time of inactivity", 0);
}

static bool is_bound(const struct smpp_link *l)
{
	return l->state == LINK_BOUND || l->state == LINK_DRAINING;
}

void smpp_session_on_timer(void *arg)
{
	struct smpp_link *l = arg;
	uint64_t now = now_ms(l);

	if (l->deadline_ms && now >= l->deadline_ms) {
		l->deadline_ms = 0;
		smpp_link_event(l, l->state == LINK_IDLE ? EV_DIAL : EV_TIMEOUT);
	}
	expire_flights(l, now);
	if (is_bound(l)) {
		check_alive(l, now);
		check_active(l, now);
	}
	smpp_out_pump(l->channel);
	smpp_link_check_done(l);
	smpp_session_rearm(l);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return b && b < a ? b : a;
}

/* The first of what is due for want of a word of the SMSC's; 0: nothing is. */
static uint64_t silence_due(const struct smpp_link *l, uint64_t now)
{
	const struct smpp_flight *first = smpp_window_first(&l->window);
	uint64_t at = UINT64_MAX;

	if (l->paused)
		return 0; /* smpp_session_resume() sets the timer */
	if (first)
		at = earlier(at, first->deadline_ms);
	if (is_bound(l))
		at = earlier(at, enquire_due(l));
	return hears(l, now) || at > l->resumed_ms + UNREAD_MS ? at : l->resumed_ms + UNREAD_MS;
}

void smpp_session_rearm(struct smpp_link *l)
{
	uint64_t now = now_ms(l), at = UINT64_MAX;

	at = earlier(at, l->deadline_ms);
	at = earlier(at, silence_due(l, now));
	if (is_bound(l)) {
		if (l->channel->cfg->inactivity_ms)
			at = earlier(at, l->active_ms + (uint64_t)l->channel->cfg->inactivity_ms);
		/* What will be sent from now on is due after this, so that sending need not rearm.
		 */
		at = earlier(at, now + (uint64_t)l->channel->cfg->response_ms);
	}
	if (!l->timer)
		return;
	if (at == UINT64_MAX)
		io_timer_stop(l->timer);
	else
		io_timer_start(l->timer, at > now ? at - now : 0, 0);
}
