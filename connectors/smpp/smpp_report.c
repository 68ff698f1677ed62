/* What a status page shows of a channel: its sessions, its pace, and what was learned of the SMSC.
 */
#include "smpp_channel.h"

static const char *const roles[] = {"none", "transceiver", "transmitter", "receiver"};

static const char *const states[LINK_STATES] = {
	[LINK_IDLE] = "idle",
	[LINK_CONNECTING] = "connecting",
	[LINK_CALLED] = "awaits_outbind",
	[LINK_OPEN] = "binding",
	[LINK_BOUND] = "bound",
	[LINK_DRAINING] = "draining",
	[LINK_LEAVING] = "unbound_by_smsc",
	[LINK_UNBINDING] = "unbinding",
	[LINK_CLOSING] = "closing",
};

static const char *version_name(uint8_t version)
{
	if (version >= SMPP_INTERFACE_VERSION_50)
		return "5.0";
	return version >= SMPP_INTERFACE_VERSION_34 ? "3.4" : "none";
}

static void report_link(const struct smpp_link *l, struct connector_status *out)
{
	connector_status_item(out, "links");
	connector_status_text(out, "role", span_of(roles[l->role]));
	connector_status_text(out, "state", span_of(states[l->state]));
	if (l->bound_ms) {
		connector_status_text(out, "smsc_version", span_of(version_name(l->version)));
		connector_status_num(out, "outstanding", l->submits);
		connector_status_num(out, "outstanding_octets", l->octets);
		connector_status_num(out, "unanswered", l->inbound);
		connector_status_flag(out, "reading", !l->paused);
	} else if (l->why) {
		connector_status_text(out, "why", span_of(l->why));
		connector_status_num(out, "failures", l->failures);
	}
	connector_status_end(out);
}

void smpp_report(const void *channel, struct connector_status *out)
{
	const struct smpp_channel *ch = channel;

	connector_status_flag(out, "paused", smpp_out_paused(ch));
	if (ch->allowed != SIZE_MAX)
		connector_status_num(out, "allowed", ch->allowed);
	if (ch->congestion_ms)
		connector_status_num(out, "congestion", ch->congestion);
	connector_status_num(out, "waiting", ch->waiting.count);
	connector_status_num(out, "operations", ch->operation_count);
	connector_status_text(out, "receipt_ids",
	                      span_of(smpp_id_form_names[smpp_ids_learned(ch->ids)]));
	for (size_t i = 0; i < ch->link_count; i++)
		if (ch->links[i].role != SMPP_ROLE_NONE)
			report_link(&ch->links[i], out);
}
