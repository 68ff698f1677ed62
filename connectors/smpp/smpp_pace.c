/*
 * The pace that the SMSC asks for, over all sessions of a channel: complaints (ESME_RTHROTTLED),
 * hints (congestion_state of 5.0), and the case that every message is refused for its address,
 * which is nobody's address but our configuration. The contract's rate is smpp_out.c's.
 */
#include "smpp_outgoing.h"
#include "smpp_tlv.h"

#include <stdio.h>

enum {
	PAUSE_MOST_MS = 16000,
	/* congestion_state, 5.0, 4.8.4.18: 80 to 89 is the optimum, over it is nearly too much. */
	CONGESTION_FULL = 80,
	CONGESTION_NEAR = 90,
	CONGESTION_MOST = 100,
	CONGESTION_AGE_MS = 10000, /* an older word says nothing of now */
	EASE_EVERY_MS = 100,       /* so that one crowd of responses counts as one word */
	MISADDRESSED_MS = 60000
};

static uint64_t now_ms(const struct smpp_channel *ch)
{
	return clock_mono_ms(ch->clock);
}

size_t smpp_out_outstanding(const struct smpp_channel *ch)
{
	size_t count = 0;

	for (size_t i = 0; i < ch->link_count; i++)
		count += ch->links[i].submits;
	return count;
}

bool smpp_out_paused(const struct smpp_channel *ch)
{
	return ch->paused_until_ms && now_ms(ch) < ch->paused_until_ms;
}

static void pause_for(struct smpp_channel *ch, uint64_t ms, size_t allowed)
{
	ch->paused_until_ms = now_ms(ch) + ms;
	ch->allowed = allowed;
	smpp_out_wake_at(ch, ch->paused_until_ms);
}

/* ---- complaints ---- */

/* Half of what was too much, then one more with each response that is well. */
void smpp_pace_throttle(struct smpp_channel *ch, uint32_t delay_ms)
{
	size_t now = smpp_out_outstanding(ch);

	++*ch->metrics.throttled;
	if (!smpp_out_paused(ch)) {
		ch->pause_ms = ch->pause_ms ? ch->pause_ms * 2 : delay_ms;
		if (ch->pause_ms > PAUSE_MOST_MS)
			ch->pause_ms = PAUSE_MOST_MS;
		pause_for(ch, ch->pause_ms, now > 1 ? (now + 1) / 2 : 1);
		log_warn(ch->log, EVENT("smpp.throttled"), NUM("pause_ms", ch->pause_ms),
		         NUM("allowed", ch->allowed));
		connector_throttled(ch->host, ch->pause_ms);
	}
	smpp_out_wake_at(ch, ch->paused_until_ms);
}

static bool is_congested(const struct smpp_channel *ch)
{
	return ch->congestion >= CONGESTION_FULL &&
	       now_ms(ch) - ch->congestion_ms < CONGESTION_AGE_MS;
}

static size_t full_window(const struct smpp_channel *ch)
{
	size_t sessions = 0;

	for (size_t i = 0; i < ch->link_count; i++)
		sessions += smpp_link_sends(&ch->links[i]);
	return (size_t)ch->cfg->window * sessions;
}

static void recover(struct smpp_channel *ch)
{
	if (ch->allowed == SIZE_MAX || is_congested(ch))
		return;
	if (++ch->allowed >= full_window(ch)) {
		ch->allowed = SIZE_MAX;
		ch->pause_ms = 0;
	}
}

/* ---- hints ---- */

/* A quarter less, or half where it is full, of what is out. */
static void ease(struct smpp_channel *ch)
{
	size_t now = smpp_out_outstanding(ch);
	size_t less = ch->congestion >= CONGESTION_MOST ? now / 2 : now - now / 4;

	if (ch->eased_ms && now_ms(ch) - ch->eased_ms < EASE_EVERY_MS)
		return;
	ch->eased_ms = now_ms(ch);
	if (less == 0)
		less = 1;
	if (less >= ch->allowed)
		return;
	ch->allowed = less;
	++*ch->metrics.congested;
	log_info(ch->log, EVENT("smpp.congested"), NUM("state", ch->congestion),
	         NUM("allowed", ch->allowed));
}

void smpp_pace_hint(struct smpp_channel *ch, struct span tlvs)
{
	uint32_t state;

	if (tlvs.len == 0 || smpp_tlv_uint(tlvs, SMPP_TLV_congestion_state, &state))
		return;
	ch->congestion = state < CONGESTION_MOST ? state : CONGESTION_MOST;
	ch->congestion_ms = now_ms(ch);
	if (ch->congestion >= CONGESTION_NEAR)
		ease(ch);
}

/* ---- addresses ---- */

void smpp_pace_taken(struct smpp_channel *ch)
{
	ch->address_errors = 0;
	if (ch->misaddressed) {
		ch->misaddressed = false;
		log_info(ch->log, EVENT("smpp.addresses_right"));
		smpp_tell_state(ch);
	}
	recover(ch);
}

static bool is_of_address(uint32_t status)
{
	return status == SMPP_RINVSRCADR || status == SMPP_RINVDSTADR ||
	       (status >= SMPP_RINVSRCTON && status <= SMPP_RINVDSTNPI);
}

/* Nothing is sent for a while, and the host takes its messages back; then one is tried. */
static void stop_misaddressed(struct smpp_channel *ch)
{
	ch->misaddressed = true;
	pause_for(ch, MISADDRESSED_MS, 1);
	log_error(ch->log, EVENT("smpp.misaddressed"), NUM("refused", ch->address_errors));
	smpp_tell_state(ch);
}

void smpp_pace_refused(struct smpp_channel *ch, uint32_t status, const char *digits)
{
	if (!is_of_address(status) || ch->cfg->address_errors_max == 0)
		return;
	if (!ch->misaddressed && strncmp(ch->address_of, digits, sizeof(ch->address_of) - 1) == 0)
		return; /* one customer's number says nothing of the others */
	snprintf(ch->address_of, sizeof(ch->address_of), "%s", digits);
	if (++ch->address_errors >= (unsigned)ch->cfg->address_errors_max && !smpp_out_paused(ch))
		stop_misaddressed(ch);
}
