/*
 * Delivery receipts in every form that SMSCs give them: TLVs, the text of appendix B, in any order
 * and spelling, or both. TLVs win where they disagree.
 */
#ifndef PH_SMPP_RECEIPT_H
#define PH_SMPP_RECEIPT_H

#include "span.h"

/* message_state, 5.2.28; 0 and 9 are of 5.0. */
enum smpp_message_state {
	SMPP_STATE_SCHEDULED,
	SMPP_STATE_ENROUTE,
	SMPP_STATE_DELIVERED,
	SMPP_STATE_EXPIRED,
	SMPP_STATE_DELETED,
	SMPP_STATE_UNDELIVERABLE,
	SMPP_STATE_ACCEPTED,
	SMPP_STATE_UNKNOWN,
	SMPP_STATE_REJECTED,
	SMPP_STATE_SKIPPED,
	SMPP_STATES
};

struct smpp_receipt {
	struct span id; /* as it stood there; borrowed */
	enum smpp_message_state state;
	bool final;        /* false: it may still go either way */
	struct span error; /* the operator's err, or empty; borrowed */
	int network_error; /* of network_error_code, or -1 */
	bool disagree;     /* TLV and text say different states: state is the TLV's */
	enum smpp_message_state text_state; /* with disagree */
};

/**
 * text: user data without a header; may be empty. tlvs: those of the PDU. -ENOENT: it names no
 * message or no state, so it is not a receipt that anybody could use.
 */
int smpp_receipt_parse(struct span text, struct span tlvs, bool intermediate,
                       struct smpp_receipt *out) MUST_CHECK;

/** Whether text alone, unflagged, is beyond doubt a receipt: id, stat and both dates. */
bool smpp_receipt_looks_like(struct span text);

enum { SMPP_RECEIPT_CODE_SIZE = 40 };

/**
 * Why, for programs: "smpp.dlr." with the operator's error, or the state's name, or both with a
 * full stop between them where "delivered" and "undelivered" do not say which of the states it is:
 * smpp.dlr.001, smpp.dlr.EXPIRED, smpp.dlr.REJECTD.099. error may be empty, and is untrusted.
 */
void smpp_receipt_code(enum smpp_message_state state, struct span error,
                       char out[SMPP_RECEIPT_CODE_SIZE]);

/** "DELIVRD" and so on, as appendix B spells them. */
const char *smpp_message_state_name(enum smpp_message_state state);

#endif
