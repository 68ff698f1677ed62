/*
 * SMPP 3.4 and 5.0 as ESME: the connector's face. A channel is one operator's account: its
 * sessions, a way out and a way in (see smpp_channel.h).
 */
#include <stdlib.h>
#include <sys/random.h>

#include "metrics.h"
#include "smpp_channel.h"
#include "tls.h"

enum { FALLBACKS_MAX = 2, SCRATCH_MAX = 512 * 1024 };

/* ---- state ---- */

static enum channel_state state_of(const struct smpp_channel *ch, const char **why)
{
	bool sends = false, receives = false, never = true, wrong = false;

	for (size_t i = 0; i < ch->link_count; i++) {
		const struct smpp_link *l = &ch->links[i];

		sends = sends || smpp_link_sends(l);
		receives = receives || smpp_link_receives(l);
		never = never && l->failures == 0;
		wrong = wrong || l->misconfigured;
		if (l->why && !*why)
			*why = l->why;
	}
	if (ch->misaddressed && sends && smpp_out_paused(ch)) {
		*why = "every message is refused for its addresses: sender, TON or NPI";
		return CHANNEL_MISCONFIGURED;
	}
	if (sends && receives)
		return CHANNEL_UP;
	if (sends)
		return CHANNEL_SEND_ONLY;
	if (receives)
		return CHANNEL_RECEIVE_ONLY;
	if (wrong)
		return CHANNEL_MISCONFIGURED;
	return never ? CHANNEL_CONNECTING : CHANNEL_DOWN;
}

void smpp_tell_state(struct smpp_channel *ch)
{
	const char *why = NULL;
	enum channel_state state = state_of(ch, &why);

	if (ch->stopping || !ch->started || state == ch->told)
		return;
	ch->told = state;
	connector_state(ch->host, state, state == CHANNEL_UP ? NULL : why);
}

static bool all_idle(const struct smpp_channel *ch)
{
	for (size_t i = 0; i < ch->link_count; i++)
		if (ch->links[i].state != LINK_IDLE)
			return false;
	return true;
}

/* A session with nothing of its own outstanding drains until the others have none either. */
static void check_done(struct smpp_channel *ch)
{
	for (size_t i = 0; i < ch->link_count; i++)
		smpp_link_check_done(&ch->links[i]);
}

static void on_settled(void *arg)
{
	struct smpp_channel *ch = arg;

	smpp_out_doom(ch);
	if (ch->stopping)
		check_done(ch);
	if (ch->stopping && !ch->told_stopped && all_idle(ch)) {
		ch->told_stopped = true;
		smpp_out_give_back(ch);
		io_timer_stop(ch->wake);
		connector_state(ch->host, CHANNEL_STOPPED, NULL);
		return;
	}
	if (ch->wants_ready && !ch->stopping && smpp_out_ready(ch)) {
		ch->wants_ready = false;
		connector_ready(ch->host);
	}
}

void smpp_settle(struct smpp_channel *ch)
{
	io_later(ch->loop, &ch->settled);
}

/* ---- roles ---- */

void smpp_connect(struct smpp_channel *ch)
{
	static const struct roles {
		enum smpp_role first, second;
	} roles[] = {
		[SMPP_BIND_TRANSCEIVER] = {SMPP_ROLE_TRX,  SMPP_ROLE_NONE},
		[SMPP_BIND_PAIR] = {SMPP_ROLE_TX,   SMPP_ROLE_RX  },
		[SMPP_BIND_TRANSMITTER] = {SMPP_ROLE_TX,   SMPP_ROLE_NONE},
		[SMPP_BIND_RECEIVER] = {SMPP_ROLE_RX,   SMPP_ROLE_NONE},
		[SMPP_BIND_OUTBIND] = {SMPP_ROLE_NONE, SMPP_ROLE_NONE},
	};

	for (size_t i = 0; i < ch->dialing; i++)
		smpp_link_assign(&ch->links[i],
		                 i % 2 ? roles[ch->mode].second : roles[ch->mode].first);
}

static uint8_t configured_version(const struct smpp_channel *ch)
{
	return ch->cfg->interface_version == SMPP_VERSION_50 ? SMPP_INTERFACE_VERSION_50
	                                                     : SMPP_INTERFACE_VERSION_34;
}

void smpp_version_fall_back(struct smpp_channel *ch, uint8_t named)
{
	uint8_t other = ch->version == SMPP_INTERFACE_VERSION_50 ? SMPP_INTERFACE_VERSION_34
	                                                         : configured_version(ch);

	/* Another session's bind said the same of it before, and there is another already. */
	if (other == ch->version || named != ch->version)
		return;
	/* Back and forth: why it refused may have been something else. */
	ch->version = other;
	log_info(ch->log, EVENT("smpp.version"), NUM("interface_version", ch->version));
}

bool smpp_fall_back(struct smpp_channel *ch)
{
	bool either = ch->mode == SMPP_BIND_TRANSCEIVER || ch->mode == SMPP_BIND_PAIR;

	if (!either || ch->fallbacks >= FALLBACKS_MAX)
		return false;
	ch->fallbacks++;
	ch->mode = ch->mode == SMPP_BIND_PAIR ? SMPP_BIND_TRANSCEIVER : SMPP_BIND_PAIR;
	log_info(ch->log, EVENT("smpp.fall_back"),
	         STR("to", ch->mode == SMPP_BIND_PAIR ? "pair" : "transceiver"));
	smpp_connect(ch);
	return true;
}

/* ---- the six functions ---- */

static void register_metrics(struct smpp_channel *ch)
{
	const char *name = connector_channel(ch->host);
	const struct metric {
		uint64_t **at;
		enum metric_type type;
		const char *name, *help;
	} all[] = {
		{&ch->metrics.submits,          METRIC_COUNTER, "posthouse_smpp_submits_total",
	         "parts written; of a submit_multi its numbers"												      },
		{&ch->metrics.submit_errors,    METRIC_COUNTER, "posthouse_smpp_submits_refused_total",
	         "parts that the SMSC will never take"													       },
		{&ch->metrics.throttled,        METRIC_COUNTER, "posthouse_smpp_throttled_total",
	         "submits answered with ESME_RTHROTTLED"													     },
		{&ch->metrics.timeouts,         METRIC_COUNTER, "posthouse_smpp_timeouts_total",
	         "submits without a response in their time"													  },
		{&ch->metrics.delivers,         METRIC_COUNTER, "posthouse_smpp_delivers_total",
	         "deliver_sm and data_sm received"														   },
		{&ch->metrics.receipts,         METRIC_COUNTER, "posthouse_smpp_receipts_total",
	         "delivery receipts received"															},
		{&ch->metrics.malformed,        METRIC_COUNTER, "posthouse_smpp_malformed_total",
	         "PDUs that are malformed or unknown"														},
		{&ch->metrics.unknown,          METRIC_COUNTER, "posthouse_smpp_unknown_responses_total",
	         "responses to nothing that is remembered"													   },
		{&ch->metrics.lossy,            METRIC_COUNTER, "posthouse_smpp_lossy_texts_total",
	         "texts with octets that are not of their alphabet"												  },
		{&ch->metrics.alerts,           METRIC_COUNTER, "posthouse_smpp_alerts_total",
	         "alert_notification received: a customer can be reached again"										      },
		{&ch->metrics.congested,        METRIC_COUNTER, "posthouse_smpp_congested_total",
	         "times that less was sent for the SMSC's congestion_state"											  },
		{&ch->metrics.outbinds,         METRIC_COUNTER, "posthouse_smpp_outbinds_total",
	         "outbinds of the SMSC that were followed"													   },
		{&ch->metrics.outbinds_refused, METRIC_COUNTER,
	         "posthouse_smpp_outbinds_refused_total",	                                         "connections to the listener for outbind that were refused"},
		{&ch->metrics.disagreeing,      METRIC_COUNTER,
	         "posthouse_smpp_receipts_disagreeing_total",	                                     "receipts whose TLV and text say different states"         },
		{&ch->metrics.bound,            METRIC_GAUGE,   "posthouse_smpp_sessions",                "bound sessions"                                           },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		*all[i].at = metric_get(all[i].type, all[i].name, all[i].help, "channel", name);
	ch->metrics.receipts_unread =
		metric_get2(METRIC_COUNTER, RECEIPTS_UNMATCHED, RECEIPTS_UNMATCHED_HELP, "channel",
	                    name, "reason", "unreadable");
	for (unsigned i = 0; i < SMPP_ID_FORMS; i++)
		ch->metrics.ids[i] = metric_get2(
			METRIC_COUNTER, "posthouse_smpp_receipt_ids_total",
			"receipts by how their id is written, against that of the response",
			"channel", name, "form", smpp_id_form_names[i]);
}

static void set_up(struct smpp_channel *ch, struct connector_host *host, const void *cfg)
{
	ch->host = host;
	ch->cfg = cfg;
	ch->log = connector_log(host);
	ch->loop = connector_loop(host);
	ch->clock = io_loop_clock(ch->loop);
	ch->mode = (enum smpp_bind_mode)ch->cfg->bind;
	ch->version = configured_version(ch);
	ch->allowed = SIZE_MAX;
	ch->told = CHANNEL_STOPPED;
	ch->settled = (struct io_later){.fn = on_settled, .arg = ch};
	buf_init(&ch->user_data, SCRATCH_MAX);
	buf_init(&ch->tlvs, SCRATCH_MAX);
	buf_init(&ch->joined, SCRATCH_MAX);
	buf_init(&ch->worded, SCRATCH_MAX);
	buf_init(&ch->plain, SCRATCH_MAX);
	buf_init(&ch->text, SCRATCH_MAX);
	buf_init(&ch->data, SCRATCH_MAX);
	if (getrandom(ch->references, sizeof(ch->references), 0) < 0 ||
	    getrandom(&ch->node, sizeof(ch->node), 0) < 0)
		ch->node = clock_wall_ms(ch->clock);
	register_metrics(ch);
}

static int open_tls(struct smpp_channel *ch, struct yaml_errors *errors, unsigned line)
{
	struct io_tls_options options = {.ca_file = ch->cfg->ca_file,
	                                 .cert_file = ch->cfg->cert_file,
	                                 .key_file = ch->cfg->key_file};
	const char *why = NULL;
	int err = ch->cfg->tls ? io_tls_client(&options, &ch->tls, &why) : 0;

	if (!err && ch->cfg->tls && ch->cfg->outbind.enabled)
		err = io_tls_server(&options, &ch->listener_tls, &why);
	if (err && errors)
		yaml_error(errors, line, "tls: %s", why ? why : "cannot be set up");
	return err;
}

/* Those that the SMSC opens stand last. */
static int make_links(struct smpp_channel *ch)
{
	const struct smpp_outbind_config *outbind = &ch->cfg->outbind;
	size_t dialing = 2 * (size_t)ch->cfg->binds;
	size_t count = dialing + (outbind->enabled ? (size_t)outbind->sessions_max : 0);
	int err;

	ch->links = calloc(count, sizeof(*ch->links));
	if (!ch->links)
		return -ENOMEM;
	ch->link_count = count;
	ch->dialing = dialing;
	for (size_t i = 0; i < count; i++) {
		err = smpp_link_init(&ch->links[i], ch);
		if (err)
			return err;
		ch->links[i].accepted = i >= dialing;
	}
	return io_timer_create(ch->loop, "smpp.wake", smpp_out_on_wake, ch, &ch->wake);
}

static void on_pace(void *self)
{
	smpp_out_pump(self);
}

static int smpp_init(void *self, struct connector_host *host, const void *cfg,
                     struct yaml_errors *errors, unsigned line)
{
	struct smpp_channel *ch = self;
	int err;

	set_up(ch, host, cfg);
	err = smpp_config_check(ch->cfg, errors, line);
	if (err)
		return err;
	err = open_tls(ch, errors, line);
	if (err)
		return err;
	ch->policies = smpp_config_policies(ch->cfg, &ch->policy_count);
	ch->ids = smpp_ids_create();
	if ((ch->cfg->errors.count && !ch->policies) || !ch->ids)
		return -ENOMEM;
	if (ch->cfg->dest_format == SMPP_DEST_RECEIVED &&
	    !(ch->forms = calloc(1, sizeof(*ch->forms))))
		return -ENOMEM;
	connector_on_parts(host, smpp_in_parts);
	connector_contract(host, (unsigned)ch->cfg->rate, (unsigned)ch->cfg->burst, on_pace);
	return make_links(ch);
}

static int smpp_start(void *self)
{
	struct smpp_channel *ch = self;
	int err = smpp_outbind_listen(ch);

	if (err)
		return err;
	ch->started = true;
	ch->no_multi = false;
	ch->stopping = ch->told_stopped = false;
	ch->told = CHANNEL_CONNECTING;
	connector_state(ch->host, CHANNEL_CONNECTING, NULL);
	for (size_t i = 0; i < ch->link_count; i++)
		ch->links[i].role = SMPP_ROLE_NONE; /* also when it was stopped before */
	smpp_in_load_form(ch);
	smpp_dup_load(ch);
	return 0;
}

static int smpp_send(void *self, struct message **msg)
{
	return smpp_out_send(self, msg);
}

static int smpp_address(const void *self, struct span raw, char *out, size_t size)
{
	const struct smpp_channel *ch = self;
	struct span country = ch ? span_of(ch->cfg->default_country) : SPAN_NONE;

	return smpp_address_canonical(raw, SMPP_TON_UNKNOWN, country, out, size);
}

static struct span smpp_extension(const void *self, struct span local)
{
	const struct smpp_channel *ch = self;

	return smpp_address_extension(local, ch->cfg->short_codes);
}

static bool smpp_sender(const void *self, struct span local)
{
	const struct smpp_channel *ch = self;

	return smpp_address_is_ours(local, ch->cfg->short_codes);
}

static bool smpp_schedules(const void *self, uint64_t delay_ms)
{
	const struct smpp_channel *ch = self;

	return ch->cfg->schedule == SMPP_SCHEDULE_SMSC && delay_ms <= SMPP_TIME_MAX_MS;
}

/* Not where the account wants receipts of failures only, or none. */
static bool smpp_always_tells(const void *self)
{
	enum { FINAL = 3, SUCCESS_AND_FAILURE = 1 };
	const struct smpp_channel *ch = self;

	return (ch->cfg->registered_delivery & FINAL) == SUCCESS_AND_FAILURE;
}

static void smpp_stop(void *self, enum stop_mode mode)
{
	struct smpp_channel *ch = self;

	if (ch->told_stopped)
		return;
	if (!ch->stopping) {
		ch->stopping = true;
		smpp_outbind_close(ch);
		ch->drain_until_ms = clock_mono_ms(ch->clock) + connector_drain_ms(ch->host);
	}
	if (mode == STOP_NOW)
		smpp_out_give_back(ch);
	for (size_t i = 0; i < ch->link_count; i++)
		smpp_link_stop(&ch->links[i], mode);
	smpp_settle(ch);
}

static void smpp_fini(void *self)
{
	struct smpp_channel *ch = self;

	if (!ch->host)
		return;
	ch->stopping = true;
	smpp_outbind_close(ch);
	for (size_t i = 0; i < ch->link_count; i++)
		smpp_link_fini(&ch->links[i]);
	free(ch->links);
	ch->links = NULL;
	ch->link_count = 0;
	io_later_cancel(ch->loop, &ch->settled);
	io_timer_destroy(&ch->wake);
	smpp_ops_fini(ch);
	smpp_out_fini(ch);
	smpp_in_fini(ch);
	smpp_ids_destroy(&ch->ids);
	io_tls_free(&ch->tls);
	io_tls_free(&ch->listener_tls);
	free(ch->policies);
	ch->policies = NULL;
	buf_fini(&ch->user_data);
	buf_fini(&ch->tlvs);
	buf_fini(&ch->joined);
	smpp_compose_fini(ch);
	free(ch->forms);
	ch->forms = NULL;
	buf_fini(&ch->text);
	buf_fini(&ch->data);
}

const struct connector_ops smpp_connector = {
	.name = "smpp",
	.caps =
		{
                       .kinds = 1U << MESSAGE_TEXT,
                       .text_max = 8192,
                       .receipts = true,
                       .always_tells = smpp_always_tells,
                       .resend_replies = true,
                       .dials = true,
                       .scheme = "sms",
                       .sender = smpp_sender,
                       .extension = smpp_extension,
                       .schedules = smpp_schedules,
                       .measure = smpp_compose_measure,
                       .marks = smpp_compose_marks,
                       .operations = &smpp_operations,
		       },
	.self_size = sizeof(struct smpp_channel),
	.config_size = sizeof(struct smpp_config),
	.config = smpp_config_fields,
	.init = smpp_init,
	.start = smpp_start,
	.send = smpp_send,
	.address = smpp_address,
	.stop = smpp_stop,
	.fini = smpp_fini,
	.status = smpp_report,
};
