/*
 * Numbers: SMPP's type of number and octets to the one spelling of an address (E.164 behind
 * "sms:"), and back to what the operator wants. Also its times.
 */
#ifndef PH_SMPP_ADDRESS_H
#define PH_SMPP_ADDRESS_H

#include "buf.h"

enum {
	SMPP_ADDRESS_SIZE = 208
}; /* of the canonical spelling, NUL included: 64 octets, each "%XX" */

/**
 * 86138..., +86138..., 0086138..., 138... to sms:+86138...; short codes (up to six digits) and
 * names keep their spelling: sms:95500, sms:BANK. country: of numbers that bear none, "86"; empty:
 * digits are international when longer than a short code and a prefix or ton says so. -EINVAL:
 * empty, too long, or nothing that could be answered.
 */
int smpp_address_canonical(struct span raw, unsigned ton, struct span country, char *out,
                           size_t size) MUST_CHECK;

/* How the operator wants destinations to be written. */
enum smpp_dest_format {
	SMPP_DEST_INTERNATIONAL, /* 8613800138000 */
	SMPP_DEST_PLUS,          /* +8613800138000 */
	SMPP_DEST_ZEROS,         /* 008613800138000 */
	SMPP_DEST_NATIONAL,      /* 13800138000 within the default country, else 00... */
	SMPP_DEST_RECEIVED       /* as the number came to us: smpp_forms.h */
};
extern const char *const smpp_dest_format_names[];

struct smpp_number {
	uint8_t ton, npi;
	char digits[65]; /* NUL-terminated */
};

/** A canonical address (with its scheme) as a destination. -EINVAL. */
int smpp_address_dest(struct span address, enum smpp_dest_format format, struct span country,
                      struct smpp_number *out) MUST_CHECK;

/** Our own end: TON and NPI by its shape (short code 3/0, name 5/0, number 1/1). -EINVAL: too long,
 * or a name of more than 11 septets or of characters that ASCII or the default alphabet lacks. */
int smpp_address_source(struct span local, struct smpp_number *out) MUST_CHECK;

/** What stands behind the longest of our codes that local begins with; empty: nothing. */
struct span smpp_address_extension(struct span local, char *const *codes);
/** Whether a message may name local as its sender: one of codes (NULL-terminated, may be NULL), or
 * one of their numbers with an extension code (扩展码) behind it. */
bool smpp_address_is_ours(struct span local, char *const *codes);

/** The longest relative time there is. */
#define SMPP_TIME_MAX_MS (UINT64_C(31) * 24 * 3600 * 1000)
/** A relative time, 7.1.1, as validity_period takes it: "000001000000000R", rounded up to seconds;
 * at most 31 days. out has 17 octets. */
void smpp_time_relative(uint64_t ms, char out[17]);
/** A point in time as an absolute one of 7.1.1.1, by a clock that is so many quarters of an hour
 * ahead of UTC. */
void smpp_time_absolute(uint64_t wall_ms, int quarters, char out[17]);

#endif
