/* What a channel of SMPP is configured with: one table that parses, checks and documents. */
#ifndef PH_SMPP_CONFIG_H
#define PH_SMPP_CONFIG_H

#include "smpp_address.h"
#include "smpp_split.h"
#include "smpp_status.h"
#include "smpp_wording.h"
#include "yaml.h"

enum smpp_bind_mode {
	SMPP_BIND_TRANSCEIVER,
	SMPP_BIND_PAIR,
	SMPP_BIND_TRANSMITTER,
	SMPP_BIND_RECEIVER,
	SMPP_BIND_OUTBIND /* the SMSC connects to us */
};

enum smpp_version { SMPP_VERSION_34, SMPP_VERSION_50 };
enum smpp_submit { SMPP_SUBMIT_SM, SMPP_SUBMIT_DATA };

/* Where the SMSC connects to us. */
struct smpp_outbind_config {
	bool enabled;
	char *host;
	int64_t port;
	char **peers;
	char *system_id, *password;
	int bind; /* 0: receiver, 1: transceiver */
	int64_t sessions_max;
};

enum smpp_tlvs { SMPP_TLVS_AUTO, SMPP_TLVS_ALWAYS, SMPP_TLVS_NEVER };

enum smpp_ucs2 { SMPP_UCS2_BIG, SMPP_UCS2_LITTLE };

enum smpp_schedule { SMPP_SCHEDULE_HERE, SMPP_SCHEDULE_SMSC };
enum smpp_times { SMPP_TIMES_RELATIVE, SMPP_TIMES_ABSOLUTE };

struct smpp_config {
	char *host;
	int64_t port;
	bool tls;
	char *ca_file, *cert_file, *key_file, *tls_name;

	char *system_id, *password, *system_type;
	int bind;              /* enum smpp_bind_mode */
	int interface_version; /* enum smpp_version */
	int64_t binds;
	int64_t addr_ton, addr_npi;
	char *address_range;

	char **short_codes;
	char *default_country;
	int64_t source_ton, source_npi, dest_ton, dest_npi; /* -1: by shape */
	int dest_format;                                    /* enum smpp_dest_format */

	int alphabet_in, alphabet_out; /* enum smpp_alphabet */
	bool latin1;
	int ucs2_in; /* enum smpp_ucs2 */
	bool transliterate;
	struct smpp_words_config {
		int place; /* enum smpp_place; of the signature alone */
		char *zh, *en;
		char **lanes; /* names; NULL: the default's */
	} signature, opt_out;
	int long_messages; /* enum smpp_long */
	int tlvs;          /* enum smpp_tlvs */
	int64_t parts_max;
	int message_class; /* enum smpp_class_style */
	int schedule;      /* enum smpp_schedule */
	int times;         /* enum smpp_times */
	int64_t utc_quarters;
	char *service_type;
	int64_t priority, registered_delivery, validity_ms;
	int64_t parts_ms;
	bool receipts_unflagged;
	int submit; /* enum smpp_submit */
	bool query, cancel, replace, submit_multi;

	int64_t window, window_octets, rate, burst, inbound_max;
	int64_t bind_ms, response_ms, enquire_ms, inactivity_ms, retry_least_ms, retry_most_ms;
	int64_t address_errors_max;
	struct smpp_outbind_config outbind;
	struct config_list errors; /* of struct smpp_error_config */
};

struct smpp_error_config {
	char *status; /* "0x00000401" or decimal */
	int action;   /* enum smpp_action */
	int64_t delay_ms, tries;
};

extern const struct config_field smpp_config_fields[];

/** What the table cannot check: error codes, numbers. Tells each; -EINVAL. */
int smpp_config_check(const struct smpp_config *c, struct yaml_errors *errors,
                      unsigned line) MUST_CHECK;

/** The errors list as policies, for free(); *count is 0 and NULL comes back where there is none. */
struct smpp_policy *smpp_config_policies(const struct smpp_config *c, size_t *count);

#endif
