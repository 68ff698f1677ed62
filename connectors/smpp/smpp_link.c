/*
 * A session: TCP connection, bind, enquire_link, unbind, as a table of states (SMPP 3.4, 2.2); the
 * window and its timers. One timer a link serves them all: it is set to the earliest deadline, and
 * deadlines of responses come in the order of the requests.
 */
#include "smpp_channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	HEALTHY_MS = 30000, /* a session that lived so long was a good one */
	FINISH_MS = 5000,   /* for what is owed before unbind_resp, and for their unbind_resp */
	ADMIN_FLIGHTS = 96, /* beside the window: of our own, and operations */
	MISCONFIGURED_MS = 60000 /* operators lock accounts that bind wrongly too often */
};

static void dial(struct smpp_link *l);
static void send_bind(struct smpp_link *l);
static void report_up(struct smpp_link *l);
static void await_outbind(struct smpp_link *l);
static void begin_drain(struct smpp_link *l);
static void begin_leave(struct smpp_link *l);
static void answer_unbind(struct smpp_link *l);
static void send_unbind(struct smpp_link *l);
static void hang_up(struct smpp_link *l);
static void drop(struct smpp_link *l);
static void lost(struct smpp_link *l);

/* SMPP 3.4, 2.2. What is not listed changes nothing. */
static const struct edge {
	enum smpp_link_state from;
	enum link_event on;
	enum smpp_link_state to;
	void (*act)(struct smpp_link *l);
} edges[] = {
	{LINK_IDLE,       EV_DIAL,         LINK_CONNECTING, dial         },
	{LINK_CONNECTING, EV_TCP_UP,       LINK_OPEN,       send_bind    },
	{LINK_CONNECTING, EV_TCP_DOWN,     LINK_IDLE,       lost         },
	{LINK_CONNECTING, EV_STOP_DRAIN,   LINK_CLOSING,    drop         },
	{LINK_CONNECTING, EV_STOP_NOW,     LINK_CLOSING,    drop         },
	{LINK_IDLE,       EV_CALLED,       LINK_CALLED,     await_outbind},
	{LINK_CALLED,     EV_OUTBIND,      LINK_OPEN,       send_bind    },
	{LINK_CALLED,     EV_TIMEOUT,      LINK_CLOSING,    drop         },
	{LINK_CALLED,     EV_UNBIND,       LINK_CLOSING,    answer_unbind},
	{LINK_CALLED,     EV_GARBAGE,      LINK_CLOSING,    hang_up      },
	{LINK_CALLED,     EV_TCP_DOWN,     LINK_IDLE,       lost         },
	{LINK_CALLED,     EV_STOP_DRAIN,   LINK_CLOSING,    drop         },
	{LINK_CALLED,     EV_STOP_NOW,     LINK_CLOSING,    drop         },
	{LINK_OPEN,       EV_BIND_OK,      LINK_BOUND,      report_up    },
	{LINK_OPEN,       EV_BIND_REFUSED, LINK_CLOSING,    hang_up      },
	{LINK_OPEN,       EV_TIMEOUT,      LINK_CLOSING,    drop         },
	{LINK_OPEN,       EV_UNBIND,       LINK_CLOSING,    answer_unbind},
	{LINK_OPEN,       EV_GARBAGE,      LINK_CLOSING,    hang_up      },
	{LINK_OPEN,       EV_TCP_DOWN,     LINK_IDLE,       lost         },
	{LINK_OPEN,       EV_STOP_DRAIN,   LINK_CLOSING,    drop         },
	{LINK_OPEN,       EV_STOP_NOW,     LINK_CLOSING,    drop         },
	{LINK_BOUND,      EV_UNBIND,       LINK_LEAVING,    begin_leave  },
	{LINK_BOUND,      EV_SILENT,       LINK_CLOSING,    drop         },
	{LINK_BOUND,      EV_GARBAGE,      LINK_CLOSING,    hang_up      },
	{LINK_BOUND,      EV_REBIND,       LINK_UNBINDING,  send_unbind  },
	{LINK_BOUND,      EV_TCP_DOWN,     LINK_IDLE,       lost         },
	{LINK_BOUND,      EV_STOP_DRAIN,   LINK_DRAINING,   begin_drain  },
	{LINK_BOUND,      EV_STOP_NOW,     LINK_UNBINDING,  send_unbind  },
	{LINK_DRAINING,   EV_DONE,         LINK_UNBINDING,  send_unbind  },
	{LINK_DRAINING,   EV_TIMEOUT,      LINK_UNBINDING,  send_unbind  },
	{LINK_DRAINING,   EV_UNBIND,       LINK_LEAVING,    begin_leave  },
	{LINK_DRAINING,   EV_SILENT,       LINK_CLOSING,    drop         },
	{LINK_DRAINING,   EV_GARBAGE,      LINK_CLOSING,    hang_up      },
	{LINK_DRAINING,   EV_TCP_DOWN,     LINK_IDLE,       lost         },
	{LINK_DRAINING,   EV_STOP_NOW,     LINK_UNBINDING,  send_unbind  },
	{LINK_LEAVING,    EV_DONE,         LINK_CLOSING,    answer_unbind},
	{LINK_LEAVING,    EV_TIMEOUT,      LINK_CLOSING,    answer_unbind},
	{LINK_LEAVING,    EV_GARBAGE,      LINK_CLOSING,    hang_up      },
	{LINK_LEAVING,    EV_TCP_DOWN,     LINK_IDLE,       lost         },
	{LINK_LEAVING,    EV_STOP_NOW,     LINK_CLOSING,    answer_unbind},
	{LINK_UNBINDING,  EV_UNBIND_RESP,  LINK_CLOSING,    hang_up      },
	{LINK_UNBINDING,  EV_UNBIND,       LINK_CLOSING,    answer_unbind},
	{LINK_UNBINDING,  EV_TIMEOUT,      LINK_CLOSING,    drop         },
	{LINK_UNBINDING,  EV_GARBAGE,      LINK_CLOSING,    hang_up      },
	{LINK_UNBINDING,  EV_TCP_DOWN,     LINK_IDLE,       lost         },
	{LINK_CLOSING,    EV_TCP_DOWN,     LINK_IDLE,       lost         },
};

static const char *const role_names[] = {"NONE", "TRX", "TX", "RX"};

static uint64_t now_ms(const struct smpp_link *l)
{
	return clock_mono_ms(l->channel->clock);
}

void smpp_link_event(struct smpp_link *l, enum link_event on)
{
	for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
		const struct edge *e = &edges[i];

		if (e->from != l->state || e->on != on)
			continue;
		l->state = e->to;
		l->deadline_ms = 0;
		e->act(l);
		smpp_session_rearm(l);
		return;
	}
}

bool smpp_link_sends(const struct smpp_link *l)
{
	return (l->state == LINK_BOUND || l->state == LINK_DRAINING) && l->role != SMPP_ROLE_RX;
}

bool smpp_link_receives(const struct smpp_link *l)
{
	return l->state >= LINK_BOUND && l->state <= LINK_UNBINDING && l->role != SMPP_ROLE_TX;
}

bool smpp_link_has_room(const struct smpp_link *l)
{
	const struct smpp_config *cfg = l->channel->cfg;

	return smpp_link_sends(l) && l->submits < (size_t)cfg->window &&
	       l->octets < (size_t)cfg->window_octets;
}

/* ---- writing ---- */

void smpp_link_log(const struct smpp_link *l, const char *what, const struct smpp_pdu *pdu)
{
	struct buf text;

	if (!log_enabled(LOG_DEBUG))
		return;
	buf_init(&text, 8192);
	smpp_pdu_dump(pdu, &text);
	log_debug(l->channel->log, EVENT(what), SPAN("pdu", buf_span(&text)));
	buf_fini(&text);
}

int smpp_link_write(struct smpp_link *l, const struct smpp_pdu *pdu)
{
	struct buf *out;
	size_t before;
	int err;

	if (!l->stream || l->state == LINK_IDLE)
		return -EPIPE;
	smpp_link_log(l, "smpp.out", pdu);
	out = io_stream_output(l->stream);
	before = out->len;
	err = smpp_pdu_encode(pdu, out);
	if (err)
		return err;
	l->written = out->len - before;
	/* -EAGAIN says that much waits; our own window bounds it. */
	return io_stream_commit(l->stream) == -EPIPE ? -EPIPE : 0;
}

int smpp_link_request(struct smpp_link *l, struct smpp_pdu *pdu, void *item,
                      struct smpp_flight **out)
{
	struct smpp_flight *f = smpp_window_add(&l->window);
	uint64_t wall = clock_wall_ms(l->channel->clock);
	int err;

	if (!f)
		return -EAGAIN;
	pdu->sequence_number = f->sequence;
	err = smpp_link_write(l, pdu);
	if (err) {
		smpp_window_remove(&l->window, f);
		return err;
	}
	l->requested_ms = now_ms(l);
	f->command_id = pdu->command_id;
	f->item = item;
	f->octets = (uint32_t)l->written;
	f->sent_us = clock_mono_us(l->channel->clock);
	f->deadline_ms = l->requested_ms + (uint64_t)l->channel->cfg->response_ms;
	f->mark_ms = l->oldest && l->oldest->arrived_ms < wall ? l->oldest->arrived_ms : wall;
	*out = f;
	return 0;
}

void smpp_link_answer(struct smpp_link *l, uint32_t command_id, uint32_t sequence, uint32_t status)
{
	struct smpp_pdu pdu = {
		.command_id = command_id, .command_status = status, .sequence_number = sequence};
	int err = smpp_link_write(l, &pdu);

	/* A peer that takes no answers is no peer: the request will come again. */
	if (err && err != -EPIPE && l->stream)
		io_stream_abort(l->stream, err);
}

/* ---- what the table does ---- */

/* An accepted one is open already, and waits for its outbind. */
static void on_open(void *arg)
{
	smpp_link_event(arg, EV_TCP_UP);
}

static void on_close(void *arg, int err)
{
	struct smpp_link *l = arg;

	/* A certificate that is wrong, or no TLS at all, does not mend itself. */
	if (io_stream_tls_why(l->stream) && !l->bound_ms && !l->accepted)
		smpp_link_misconfigured(l, io_stream_tls_why(l->stream));
	l->stream = NULL;
	if (err && !l->why)
		l->why = uv_strerror(err);
	smpp_link_event(l, EV_TCP_DOWN);
}

static void on_drain(void *arg)
{
	smpp_out_pump(((struct smpp_link *)arg)->channel);
}

static const struct io_stream_ops stream_ops = {
	.name = "smpp",
	.on_open = on_open,
	.on_data = smpp_session_on_data,
	.on_drain = on_drain,
	.on_close = on_close,
};

static void on_orphan_close(void *arg, int err)
{
	(void)arg;
	(void)err;
}

static void on_orphan_data(void *arg, struct span data)
{
	(void)arg;
	(void)data;
}

static void on_orphan(void *arg)
{
	(void)arg;
}

/* A stream whose link is gone before it. */
static const struct io_stream_ops orphan_ops = {
	.name = "smpp.orphan",
	.on_open = on_orphan,
	.on_data = on_orphan_data,
	.on_drain = on_orphan,
	.on_close = on_orphan_close,
};

static void new_session(struct smpp_link *l)
{
	struct smpp_channel *ch = l->channel;

	smpp_window_reset(&l->window);
	buf_clear(&l->input);
	l->submits = l->octets = 0;
	l->asked_ms = l->bound_ms = l->floor_ms = l->resumed_ms = 0;
	l->takes_tlvs = l->paused = l->misconfigured = l->binding = false;
	l->version = 0;
	l->why = NULL;
	snprintf(l->epoch, sizeof(l->epoch), "%016llx-%llu", (unsigned long long)ch->node,
	         (unsigned long long)++ch->sessions);
}

static void dial(struct smpp_link *l)
{
	struct smpp_channel *ch = l->channel;
	struct io_stream_options options = {
		.host = ch->cfg->host,
		.port = (uint16_t)ch->cfg->port,
		.tls = ch->tls,
		.tls_name = ch->cfg->tls_name,
		.connect_ms = (uint64_t)ch->cfg->bind_ms,
		.output_max = 2U << 20,
	};
	int err;

	new_session(l);
	err = io_stream_connect(ch->loop, &options, &stream_ops, l, &l->stream);
	if (err) {
		l->stream = NULL;
		l->why = uv_strerror(err);
		smpp_link_event(l, EV_TCP_DOWN);
	}
}

static void send_bind(struct smpp_link *l)
{
	static const uint32_t commands[] = {0, SMPP_bind_transceiver, SMPP_bind_transmitter,
	                                    SMPP_bind_receiver};
	const struct smpp_config *cfg = l->channel->cfg;
	struct smpp_bind_transceiver bind = {
		.system_id = span_of(cfg->system_id),
		.password = span_of(cfg->password),
		.system_type = span_of(cfg->system_type),
		.interface_version = l->channel->version,
		.addr_ton = (uint8_t)cfg->addr_ton,
		.addr_npi = (uint8_t)cfg->addr_npi,
		.address_range = span_of(cfg->address_range),
	};
	struct smpp_pdu pdu = {.command_id = commands[l->role]};
	struct smpp_flight *f;

	l->named = bind.interface_version;
	/* The three binds have the same body, and a member of the union each. */
	memcpy(&pdu.u, &bind, sizeof(bind));
	l->deadline_ms = now_ms(l) + (uint64_t)cfg->bind_ms;
	if (smpp_link_request(l, &pdu, NULL, &f))
		io_stream_abort(l->stream, -EPROTO);
	else
		f->deadline_ms = UINT64_MAX; /* its time is the state's */
	l->binding = true;
}

static void await_outbind(struct smpp_link *l)
{
	l->deadline_ms = now_ms(l) + (uint64_t)l->channel->cfg->bind_ms;
}

void smpp_link_called(struct smpp_link *l, struct io_stream *stream)
{
	new_session(l);
	l->role = l->channel->cfg->outbind.bind ? SMPP_ROLE_TRX : SMPP_ROLE_RX;
	l->stream = stream;
	io_stream_own(stream, &stream_ops, l);
	smpp_link_event(l, EV_CALLED);
}

static void report_up(struct smpp_link *l)
{
	struct smpp_channel *ch = l->channel;

	l->bound_ms = l->heard_ms = l->active_ms = now_ms(l);
	smpp_dup_bound(l);
	ch->fallbacks = 0;
	++*ch->metrics.bound;
	log_info(ch->log, EVENT("smpp.bound"), STR("role", role_names[l->role]),
	         STR("peer", io_stream_peer(l->stream)));
	smpp_tell_state(ch);
	ch->wants_ready = true;
	smpp_out_pump(ch);
}

static void begin_drain(struct smpp_link *l)
{
	l->deadline_ms = l->channel->drain_until_ms;
	if (l->deadline_ms <= now_ms(l))
		l->deadline_ms = now_ms(l) + 1;
	smpp_link_check_done(l);
}

/* Nothing new goes over it (4.2); what is out may still be answered, and we answer what came. */
static void begin_leave(struct smpp_link *l)
{
	l->deadline_ms = now_ms(l) + FINISH_MS;
	l->why = "the SMSC unbound";
	smpp_tell_state(l->channel);
	smpp_out_link_lost(l);
	smpp_link_check_done(l);
}

static void answer_unbind(struct smpp_link *l)
{
	smpp_link_answer(l, SMPP_RESP(SMPP_unbind), l->unbind_sequence, SMPP_ROK);
	hang_up(l);
}

static void send_unbind(struct smpp_link *l)
{
	struct smpp_pdu pdu = {.command_id = SMPP_unbind};
	struct smpp_flight *f;

	l->deadline_ms = now_ms(l) + FINISH_MS;
	if (smpp_link_request(l, &pdu, NULL, &f) && l->stream)
		io_stream_abort(l->stream, -EPROTO);
	smpp_out_link_lost(l);
}

static void hang_up(struct smpp_link *l)
{
	if (l->stream)
		io_stream_close(l->stream);
}

static void drop(struct smpp_link *l)
{
	if (!l->why)
		l->why = "no answer in time";
	if (l->stream)
		io_stream_abort(l->stream, -ETIMEDOUT);
}

/* ---- the end of a session ---- */

/* Everything outstanding is now of unknown fate; what was late stays as it was told. */
static void settle_flights(struct smpp_link *l)
{
	struct smpp_channel *ch = l->channel;
	enum smpp_silence why = SMPP_LOST;
	struct smpp_outgoing *item;
	struct smpp_flight *f;

	while ((item = smpp_window_forget(&l->window)))
		smpp_out_forget(ch, item);
	while ((f = smpp_window_first(&l->window))) {
		uint16_t part = f->part;
		bool submit = smpp_is_submit(f->command_id);
		void *of = f->item;

		smpp_window_remove(&l->window, f);
		if (of && submit) {
			smpp_out_uncertain(l, of, part, why);
			why = SMPP_LOST_TOO;
		} else if (of) {
			smpp_ops_response(ch, of, NULL, -ENOTCONN);
		}
	}
	l->submits = l->octets = 0;
}

static uint64_t jitter(uint64_t ms)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	return ms - ms / 4 + random % (ms / 2 + 1);
}

static uint64_t back_off(struct smpp_link *l)
{
	const struct smpp_config *cfg = l->channel->cfg;
	uint64_t ms = (uint64_t)cfg->retry_least_ms;
	unsigned doubled = l->failures < 20 ? l->failures : 20;

	ms <<= doubled;
	if (ms > (uint64_t)cfg->retry_most_ms)
		ms = (uint64_t)cfg->retry_most_ms;
	ms = jitter(ms);
	return ms > l->floor_ms ? ms : l->floor_ms + jitter(l->floor_ms / 8);
}

static void lost(struct smpp_link *l)
{
	struct smpp_channel *ch = l->channel;
	bool was_bound = l->bound_ms != 0;

	if (was_bound && now_ms(l) - l->bound_ms >= HEALTHY_MS)
		l->failures = 0;
	l->bound_ms = 0;
	if (l->binding) /* no answer at all may be the answer to a version it does not know */
		smpp_version_fall_back(ch, l->named);
	if (was_bound) {
		--*ch->metrics.bound;
		smpp_dup_lost(l);
	}
	smpp_in_link_lost(l);
	settle_flights(l);
	smpp_out_link_lost(l);
	if (!ch->stopping && l->role != SMPP_ROLE_NONE && !l->accepted) {
		uint64_t pause = back_off(l);

		l->failures++;
		l->deadline_ms = now_ms(l) + pause;
		log_warn(ch->log, EVENT("smpp.down"), STR("role", role_names[l->role]),
		         STR("why", l->why ? l->why : "closed by the SMSC"),
		         NUM("again_in_ms", pause));
	}
	smpp_tell_state(ch);
	smpp_settle(ch);
}

/* ---- from without ---- */

int smpp_link_init(struct smpp_link *l, struct smpp_channel *ch)
{
	int err;

	l->channel = ch;
	buf_init(&l->input, SMPP_PDU_MAX + (256U << 10));
	err = smpp_window_init(&l->window, (size_t)ch->cfg->window + ADMIN_FLIGHTS);
	if (err)
		return err;
	return io_timer_create(ch->loop, "smpp.link", smpp_session_on_timer, l, &l->timer);
}

void smpp_link_fini(struct smpp_link *l)
{
	if (l->stream) {
		struct io_stream *stream = l->stream;

		l->stream = NULL;
		io_stream_own(stream, &orphan_ops, NULL);
		io_stream_abort(stream, -ECANCELED);
	}
	/* Nothing is told any more: the host ends too. What was outstanding is freed with all. */
	if (l->channel)
		smpp_in_link_lost(l);
	io_timer_destroy(&l->timer);
	smpp_window_fini(&l->window);
	buf_fini(&l->input);
}

void smpp_link_assign(struct smpp_link *l, enum smpp_role role)
{
	bool changed = l->role != role;

	l->role = role;
	if (!changed || l->channel->stopping)
		return;
	if (l->state != LINK_IDLE) {
		smpp_link_event(l, EV_STOP_NOW); /* and dials anew in its new role */
		return;
	}
	l->failures = 0;
	l->deadline_ms = role == SMPP_ROLE_NONE ? 0 : now_ms(l);
	smpp_session_rearm(l);
}

void smpp_link_stop(struct smpp_link *l, enum stop_mode mode)
{
	if (l->state == LINK_IDLE) {
		l->deadline_ms = 0;
		smpp_session_rearm(l);
		return;
	}
	smpp_link_event(l, mode == STOP_DRAIN ? EV_STOP_DRAIN : EV_STOP_NOW);
}

/* A submit or an operation; what is our own, enquire_link, nobody waits for. */
static bool awaits_responses(const struct smpp_link *l)
{
	const struct smpp_flight *f = smpp_window_first(&l->window);

	while (f && !f->item)
		f = f->next;
	return f != NULL;
}

void smpp_link_check_done(struct smpp_link *l)
{
	bool leaves = l->state == LINK_LEAVING, drains = l->state == LINK_DRAINING;

	if (!(leaves || drains) || l->inbound || awaits_responses(l))
		return;
	if (leaves || l->role == SMPP_ROLE_RX || smpp_out_idle(l->channel))
		smpp_link_event(l, EV_DONE);
}

void smpp_link_misconfigured(struct smpp_link *l, const char *why)
{
	l->why = why;
	l->misconfigured = true;
	l->floor_ms = MISCONFIGURED_MS;
}

void smpp_link_rebind(struct smpp_link *l, const char *why, uint64_t floor_ms)
{
	l->floor_ms = floor_ms;
	l->why = why;
	smpp_link_event(l, EV_REBIND);
}
