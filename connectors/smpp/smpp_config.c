/* The configuration's table. */
#include "smpp_config.h"

#include "message.h"
#include "net_range.h"

#include <stdlib.h>

static const char *const ucs2_names[] = {"big", "little", NULL};
static const char *const schedule_names[] = {"here", "smsc", NULL};
static const char *const times_names[] = {"relative", "absolute", NULL};
static const char *const bind_names[] = {"transceiver", "pair",    "transmitter",
                                         "receiver",    "outbind", NULL};
static const char *const version_names[] = {"3.4", "5.0", NULL};
static const char *const submit_names[] = {"submit_sm", "data_sm", NULL};
static const char *const outbind_names[] = {"receiver", "transceiver", NULL};
static const char *const tlvs_names[] = {"auto", "always", "never", NULL};

#define AT(member) offsetof(struct smpp_config, member)
#define OUTBIND_AT(member) offsetof(struct smpp_outbind_config, member)
#define ERROR_AT(member) offsetof(struct smpp_error_config, member)

/* clang-format off */
static const struct config_field error_fields[] = {
	{"status", CONFIG_STRING, ERROR_AT(status), .required = true,
	 .help = "command_status, hexadecimal with 0x or decimal"},
	{"action", CONFIG_ENUM, ERROR_AT(action), .required = true, .choices = smpp_action_names,
	 .help = "what a submit that got it is in for"},
	{"delay", CONFIG_DURATION_MS, ERROR_AT(delay_ms), .fallback = "1 s",
	 .help = "time before the next try, or of the pause"},
	{"tries", CONFIG_INT, ERROR_AT(tries), .fallback = "3", .least = 1, .most = 20,
	 .help = "further tries of action limited"},
	{0},
};

static const struct config_field outbind_fields[] = {
	{"enabled", CONFIG_BOOL, OUTBIND_AT(enabled), .fallback = "false",
	 .help = "whether the SMSC may connect to us"},
	{"host", CONFIG_STRING, OUTBIND_AT(host), .fallback = "0.0.0.0",
	 .help = "our address to listen at"},
	{"port", CONFIG_INT, OUTBIND_AT(port), .fallback = "2776", .least = 0, .most = 65535,
	 .help = "TCP port to listen at; with tls it speaks TLS with cert_file"},
	{"peers", CONFIG_STRINGS, OUTBIND_AT(peers), .least = 0, .most = 32,
	 .help = "addresses of the SMSC, or ranges of them (10.20.0.0/16); nobody else may connect"},
	{"system_id", CONFIG_STRING, OUTBIND_AT(system_id), .fallback = "", .most = 15,
	 .help = "what its outbind must say; empty: anything"},
	{"password", CONFIG_SECRET, OUTBIND_AT(password),
	 .help = "what its outbind must say; without it: anything"},
	{"bind", CONFIG_ENUM, OUTBIND_AT(bind), .fallback = "receiver", .choices = outbind_names,
	 .help = "how we bind over its connection"},
	{"sessions_max", CONFIG_INT, OUTBIND_AT(sessions_max), .fallback = "2",
	 .least = 1, .most = 16,
	 .help = "such connections at once"},
	{0},
};

#define WORDS_AT(member) offsetof(struct smpp_words_config, member)

static const struct config_field signature_fields[] = {
	{"place", CONFIG_ENUM, WORDS_AT(place), .fallback = "none", .choices = smpp_place_names,
	 .help = "where it stands; operator: the operator puts it in front, it is counted and not sent"},
	{"zh", CONFIG_STRING, WORDS_AT(zh), .least = 0, .most = 60,
	 .help = "of texts in Chinese; without it the catalogue's sms_signature"},
	{"en", CONFIG_STRING, WORDS_AT(en), .least = 0, .most = 60,
	 .help = "of texts in English; without it the catalogue's sms_signature"},
	{"lanes", CONFIG_STRINGS, WORDS_AT(lanes), .fallback = "[reply, confirmation, campaign]",
	 .least = 0, .most = 20, .help = "which messages bear it"},
	{0},
};

static const struct config_field opt_out_fields[] = {
	{"zh", CONFIG_STRING, WORDS_AT(zh), .fallback = "", .least = 0, .most = 60,
	 .help = "behind texts in Chinese: \"，拒收请回复R\""},
	{"en", CONFIG_STRING, WORDS_AT(en), .fallback = "", .least = 0, .most = 60,
	 .help = "behind texts in English: \" Reply R to opt out\""},
	{"lanes", CONFIG_STRINGS, WORDS_AT(lanes), .fallback = "[campaign]",
	 .least = 0, .most = 20, .help = "which messages bear it"},
	{0},
};

const struct config_field smpp_config_fields[] = {
	/* the link */
	{"host", CONFIG_STRING, AT(host), .required = true,
	 .help = "name or address of the SMSC"},
	{"port", CONFIG_INT, AT(port), .fallback = "2775", .least = 1, .most = 65535,
	 .help = "TCP port of the SMSC"},
	{"tls", CONFIG_BOOL, AT(tls), .fallback = "false",
	 .help = "SMPP inside TLS"},
	{"ca_file", CONFIG_STRING, AT(ca_file),
	 .help = "PEM file of trusted issuers; without it the system's"},
	{"cert_file", CONFIG_STRING, AT(cert_file),
	 .help = "PEM chain of our certificate, where the SMSC asks for one"},
	{"key_file", CONFIG_STRING, AT(key_file),
	 .help = "PEM key of our certificate"},
	{"tls_name", CONFIG_STRING, AT(tls_name),
	 .help = "name in the SMSC's certificate; without it host"},

	/* the bind */
	{"system_id", CONFIG_STRING, AT(system_id), .required = true, .least = 1, .most = 15,
	 .help = "our name at the operator"},
	{"password", CONFIG_SECRET, AT(password), .required = true,
	 .help = "the specification allows 8 octets, some operators more (up to 64)"},
	{"system_type", CONFIG_STRING, AT(system_type), .fallback = "", .most = 12,
	 .help = "what some operators demand here"},
	{"bind", CONFIG_ENUM, AT(bind), .fallback = "transceiver", .choices = bind_names,
	 .help = "transceiver and pair fall back to each other where the SMSC knows only one; outbind: "
		 "only the SMSC connects"},
	{"interface_version", CONFIG_ENUM, AT(interface_version), .fallback = "3.4",
	 .choices = version_names,
	 .help = "what our bind names; 5.0 falls back to 3.4 where it is refused"},
	{"binds", CONFIG_INT, AT(binds), .fallback = "1", .least = 1, .most = 16,
	 .help = "sessions (or pairs) at once"},
	{"addr_ton", CONFIG_INT, AT(addr_ton), .fallback = "0", .least = 0, .most = 255,
	 .help = "type of number of address_range"},
	{"addr_npi", CONFIG_INT, AT(addr_npi), .fallback = "0", .least = 0, .most = 255,
	 .help = "numbering plan of address_range"},
	{"address_range", CONFIG_STRING, AT(address_range), .fallback = "", .most = 40,
	 .help = "which destinations are ours, where the operator asks"},

	/* numbers */
	{"short_codes", CONFIG_STRINGS, AT(short_codes), .least = 0, .most = 20,
	 .help = "our numbers; the first is the sender where none follows from the message"},
	{"default_country", CONFIG_STRING, AT(default_country), .fallback = "", .most = 3,
	 .help = "country code of numbers that come without one, \"86\""},
	{"source_ton", CONFIG_INT, AT(source_ton), .fallback = "-1", .least = -1, .most = 255,
	 .help = "type of number of our own; -1: by its shape"},
	{"source_npi", CONFIG_INT, AT(source_npi), .fallback = "-1", .least = -1, .most = 255,
	 .help = "numbering plan of our own number; -1: by its shape"},
	{"dest_ton", CONFIG_INT, AT(dest_ton), .fallback = "-1", .least = -1, .most = 255,
	 .help = "type of number of customers; -1: by dest_format"},
	{"dest_npi", CONFIG_INT, AT(dest_npi), .fallback = "-1", .least = -1, .most = 255,
	 .help = "numbering plan of customers; -1: by dest_format"},
	{"dest_format", CONFIG_ENUM, AT(dest_format), .fallback = "international",
	 .choices = smpp_dest_format_names,
	 .help = "how customers' numbers are written"},

	/* text */
	{"alphabet_in", CONFIG_ENUM, AT(alphabet_in), .fallback = "gsm7", .choices = smpp_alphabet_names,
	 .help = "what data_coding 0 means in what we receive"},
	{"alphabet_out", CONFIG_ENUM, AT(alphabet_out), .fallback = "gsm7",
	 .choices = smpp_alphabet_names,
	 .help = "what data_coding 0 means in what we send"},
	{"latin1", CONFIG_BOOL, AT(latin1), .fallback = "false",
	 .help = "send data_coding 3 before UCS-2, where it has every character"},
	{"ucs2_in", CONFIG_ENUM, AT(ucs2_in), .fallback = "big", .choices = ucs2_names,
	 .help = "order of octets in what comes with data_coding 8 and no mark of it"},
	{"transliterate", CONFIG_BOOL, AT(transliterate), .fallback = "false",
	 .help = "put plain characters for typographic ones where the text then fits data_coding 0; marked"},
	{"signature", CONFIG_MAP, AT(signature), .sub = signature_fields,
	 .help = "the sender's name that operators demand in the text"},
	{"opt_out", CONFIG_MAP, AT(opt_out), .sub = opt_out_fields,
	 .help = "how the customer refuses more of it, behind the text"},
	{"long_messages", CONFIG_ENUM, AT(long_messages), .fallback = "udh8", .choices = smpp_long_names,
	 .help = "how a text of several parts goes"},
	{"tlvs", CONFIG_ENUM, AT(tlvs), .fallback = "auto", .choices = tlvs_names,
	 .help = "whether the SMSC takes optional parameters; auto: by its bind response"},
	{"parts_max", CONFIG_INT, AT(parts_max), .fallback = "10", .least = 1, .most = SMPP_PARTS_MAX,
	 .help = "parts of one text; longer ones are refused"},
	{"service_type", CONFIG_STRING, AT(service_type), .fallback = "", .most = 5,
	 .help = "what some operators demand here"},
	{"priority", CONFIG_INT, AT(priority), .fallback = "0", .least = 0, .most = 3,
	 .help = "priority_flag"},
	{"message_class", CONFIG_ENUM, AT(message_class), .fallback = "general",
	 .choices = smpp_class_names,
	 .help = "how a class (flash) is told: data_coding 0x10, 0xF0, or dest_addr_subunit"},
	{"schedule", CONFIG_ENUM, AT(schedule), .fallback = "here", .choices = schedule_names,
	 .help = "who holds a message that is due later: we, or the SMSC (schedule_delivery_time)"},
	{"times", CONFIG_ENUM, AT(times), .fallback = "relative", .choices = times_names,
	 .help = "how validity and schedule are told; absolute where the SMSC takes no other"},
	{"utc_quarters", CONFIG_INT, AT(utc_quarters), .fallback = "0", .least = -48, .most = 48,
	 .help = "of absolute times: quarters of an hour that the SMSC's clock is ahead of UTC"},
	{"registered_delivery", CONFIG_INT, AT(registered_delivery), .fallback = "1",
	 .least = 0, .most = 31,
	 .help = "1: receipts of success and failure, 2: of failure, 0: none"},
	{"validity", CONFIG_DURATION_MS, AT(validity_ms), .fallback = "0 s",
	 .help = "how long the SMSC tries; 0: its own time"},
	{"parts_timeout", CONFIG_DURATION_MS, AT(parts_ms), .fallback = "2 min",
	 .least = 1000, .most = 86400000,
	 .help = "how long a text waits for its missing parts; then what is there is shown, and mended "
	         "if the rest comes"},
	{"receipts_unflagged", CONFIG_BOOL, AT(receipts_unflagged), .fallback = "false",
	 .help = "read receipts that come without their esm_class bit"},

	{"submit", CONFIG_ENUM, AT(submit), .fallback = "submit_sm", .choices = submit_names,
	 .help = "the operation that carries texts; data_sm only where the SMSC takes optional parameters"},
	{"query", CONFIG_BOOL, AT(query), .fallback = "false",
	 .help = "the operator allows query_sm: the fate of a message may be asked for"},
	{"cancel", CONFIG_BOOL, AT(cancel), .fallback = "false",
	 .help = "the operator allows cancel_sm: what was sent may be taken back"},
	{"replace", CONFIG_BOOL, AT(replace), .fallback = "false",
	 .help = "the operator allows replace_sm: a notice may be exchanged for another"},
	{"submit_multi", CONFIG_BOOL, AT(submit_multi), .fallback = "false",
	 .help = "the operator allows submit_multi: one text to many numbers"},

	/* pace and time */
	{"window", CONFIG_INT, AT(window), .fallback = "10", .least = 1, .most = 4096,
	 .help = "submits without a response at once, a session"},
	{"window_octets", CONFIG_INT, AT(window_octets), .fallback = "1048576",
	 .least = 1024, .most = 67108864,
	 .help = "the same in octets"},
	{"rate", CONFIG_INT, AT(rate), .fallback = "0", .least = 0, .most = 100000,
	 .help = "parts a second that the contract allows, all nodes together; 0: unlimited"},
	{"burst", CONFIG_INT, AT(burst), .fallback = "0", .least = 0, .most = 100000,
	 .help = "parts at once that it allows; 0: a tenth of a second's worth"},
	{"inbound_max", CONFIG_INT, AT(inbound_max), .fallback = "1000", .least = 1, .most = 100000,
	 .help = "received and not yet answered, a session; over it we stop reading"},
	{"bind_timeout", CONFIG_DURATION_MS, AT(bind_ms), .fallback = "10 s",
	 .least = 100, .most = 600000,
	 .help = "time for connecting, and for the bind's response"},
	{"response_timeout", CONFIG_DURATION_MS, AT(response_ms), .fallback = "30 s",
	 .least = 100, .most = 600000,
	 .help = "time for a response; after it a submit's fate is unknown"},
	{"enquire_link", CONFIG_DURATION_MS, AT(enquire_ms), .fallback = "30 s",
	 .least = 100, .most = 600000,
	 .help = "silence after which we ask; unanswered, the link is dropped"},
	{"inactivity", CONFIG_DURATION_MS, AT(inactivity_ms), .fallback = "0 s",
	 .help = "time without a message in either direction after which we bind anew; 0: never"},
	{"address_errors_max", CONFIG_INT, AT(address_errors_max), .fallback = "50",
	 .least = 0, .most = 100000,
	 .help = "refusals in a row for their addresses, each of another number, after which the channel "
		 "stops for a human: TON, NPI or sender are wrong; 0: never"},
	{"reconnect_least", CONFIG_DURATION_MS, AT(retry_least_ms), .fallback = "1 s",
	 .least = 10, .most = 600000,
	 .help = "first pause before binding again; it doubles"},
	{"reconnect_most", CONFIG_DURATION_MS, AT(retry_most_ms), .fallback = "60 s",
	 .least = 10, .most = 3600000,
	 .help = "longest pause before binding again"},
	{"outbind", CONFIG_MAP, AT(outbind), .sub = outbind_fields,
	 .help = "a listener for an SMSC that connects to us"},
	{"errors", CONFIG_LIST, AT(errors), .sub = error_fields,
	 .item_size = sizeof(struct smpp_error_config),
	 .help = "overrides of the table of command_status, and the operator's own codes"},
	{0},
};
/* clang-format on */

static int parse_status(const char *text, uint32_t *out)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || *end || end == text || *text == '-' || value == 0 || value > UINT32_MAX)
		return -EINVAL;
	*out = (uint32_t)value;
	return 0;
}

static bool digits(const char *s)
{
	return s[strspn(s, "0123456789")] == '\0';
}

static int tell(struct yaml_errors *errors, unsigned line, const char *what, const char *value)
{
	if (errors)
		yaml_error(errors, line, "%s: \"%.60s\"", what, value);
	return -EINVAL;
}

static bool lanes_are(char *const *names)
{
	for (; names && *names; names++) {
		int lane = 0;

		while (lane < LANE_COUNT && strcmp(*names, lane_name((enum lane)lane)) != 0)
			lane++;
		if (lane == LANE_COUNT)
			return false;
	}
	return true;
}

int smpp_config_check(const struct smpp_config *c, struct yaml_errors *errors, unsigned line)
{
	const struct smpp_error_config *e = c->errors.items;
	struct smpp_number number;
	struct net_range range;
	uint32_t status;
	int err = 0;

	if (c->default_country && !digits(c->default_country))
		err = tell(errors, line, "default_country is digits only", c->default_country);
	if (c->password && strlen(c->password) > 64)
		err = tell(errors, line, "password is longer than 64 octets", "");
	if (c->retry_least_ms > c->retry_most_ms)
		err = tell(errors, line, "reconnect_least is over reconnect_most", "");
	if (c->outbind.enabled && (!c->outbind.peers || !c->outbind.peers[0]))
		err = tell(errors, line, "outbind needs the addresses of its peers", "");
	for (char **peer = c->outbind.peers; peer && *peer; peer++)
		if (net_range_parse(*peer, &range))
			err = tell(errors, line,
			           "outbind: a peer is an IP address, or a range of them", *peer);
	if (c->bind == SMPP_BIND_OUTBIND && !c->outbind.enabled)
		err = tell(errors, line, "bind: outbind needs outbind to be enabled", "");
	for (char **code = c->short_codes; code && *code; code++)
		if (strlen(*code) > 20)
			err = tell(errors, line, "a short code has at most 20 characters", *code);
		else if (smpp_address_source(span_of(*code), &number))
			err = tell(errors, line, "a name has at most 11 characters, of ASCII",
			           *code);
	if (!lanes_are(c->signature.lanes) || !lanes_are(c->opt_out.lanes))
		err = tell(errors, line, "lanes are reply, confirmation, campaign", "");
	for (size_t i = 0; i < c->errors.count; i++)
		if (parse_status(e[i].status, &status))
			err = tell(errors, line, "errors: not a command_status", e[i].status);
	return err;
}

struct smpp_policy *smpp_config_policies(const struct smpp_config *c, size_t *count)
{
	const struct smpp_error_config *e = c->errors.items;
	struct smpp_policy *p;

	*count = 0;
	if (c->errors.count == 0)
		return NULL;
	p = calloc(c->errors.count, sizeof(*p));
	for (size_t i = 0; p && i < c->errors.count; i++) {
		p[i].action = (enum smpp_action)e[i].action;
		p[i].delay_ms = (uint32_t)e[i].delay_ms;
		p[i].tries = (uint32_t)e[i].tries;
		if (parse_status(e[i].status, &p[i].status) == 0)
			*count = i + 1;
	}
	return p;
}
