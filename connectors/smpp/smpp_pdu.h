/*
 * PDUs of SMPP 3.4 and 5.0: framing, and the codec that smpp_pdu.def makes. Decoding allocates
 * nothing; what it yields is borrowed from the frame. What an answer to a bad PDU must say comes
 * with it.
 */
#ifndef PH_SMPP_PDU_H
#define PH_SMPP_PDU_H

#include "buf.h"
#include "cursor.h"
#include "smpp_status.h"

enum {
	SMPP_HEADER = 16,               /* octets; 3.2 */
	SMPP_PDU_MAX = 64 * 1024 + 512, /* a message_payload of 65535 and its header fit */
	SMPP_SM_MAX = 254,              /* octets of short_message that may be sent; 5.2.22 */
	SMPP_SEQUENCE_MAX = 0x7FFFFFFF
};

#define SMPP_RESP_BIT 0x80000000U
/** The command_id of the response to a request. */
#define SMPP_RESP(command) ((uint32_t)(command) | SMPP_RESP_BIT)
#define SMPP_GENERIC_NACK SMPP_RESP_BIT

/* esm_class, 5.2.12 */
enum {
	SMPP_ESM_CLASS_TYPE = 0x3C,
	SMPP_ESM_CLASS_RECEIPT = 0x04,
	SMPP_ESM_CLASS_DELIVERY_ACK = 0x08,
	SMPP_ESM_CLASS_USER_ACK = 0x10,
	SMPP_ESM_CLASS_INTERMEDIATE = 0x20,
	SMPP_ESM_CLASS_UDHI = 0x40,
	SMPP_ESM_CLASS_REPLY_PATH = 0x80,

	/* registered_delivery, 5.2.17 */
	SMPP_REGISTERED_RECEIPT = 0x03, /* mask: which outcomes the SMSC tells */
	SMPP_REGISTERED_FINAL = 0x01,   /* success and failure */
	SMPP_REGISTERED_INTERMEDIATE = 0x10
};

enum { SMPP_INTERFACE_VERSION_34 = 0x34, SMPP_INTERFACE_VERSION_50 = 0x50 };

/* type of number and numbering plan, 5.2.5 and 5.2.6 */
enum {
	SMPP_TON_UNKNOWN,
	SMPP_TON_INTERNATIONAL,
	SMPP_TON_NATIONAL,
	SMPP_TON_NETWORK_SPECIFIC,
	SMPP_TON_SUBSCRIBER,
	SMPP_TON_ALPHANUMERIC,
	SMPP_TON_ABBREVIATED
};
enum { SMPP_NPI_UNKNOWN = 0, SMPP_NPI_ISDN = 1 };

enum smpp_command {
#define PDU(name, id, section, fields) SMPP_##name = (int)(id),
#include "smpp_pdu.def"
};

/* A counted list inside a PDU, as octets: smpp_dest_next(), smpp_unsuccess_next(). */
struct smpp_list {
	uint8_t count;
	struct span octets;
};

struct smpp_dest {
	uint8_t flag; /* 1: an address, 2: the name of a distribution list; 4.5.1.1 */
	uint8_t ton, npi;
	struct span address;
};

struct smpp_unsuccess {
	uint8_t ton, npi;
	struct span address;
	uint32_t status;
};

/* struct smpp_deliver_sm and so on; tlvs is whatever follows the mandatory part. */
#define CSTR(name, max, status) struct span name;
#define CADDR(name, max, status) struct span name;
#define CSECRET(name, max, status) struct span name;
#define U8(name) uint8_t name;
#define U32(name) uint32_t name;
#define SM(name) struct span name;
#define DESTS(name) struct smpp_list name;
#define UNSUCCESS(name) struct smpp_list name;
#define PDU(name, id, section, fields)   \
	struct smpp_##name {             \
		fields struct span tlvs; \
	};
#include "smpp_pdu.def"

/*
 * smpp_deliver_sm_decode() and so on read a body up to c's end. -EBADMSG: it ends within a field;
 * *out is then worth nothing. A response without a body decodes to empty fields.
 *
 * smpp_deliver_sm_encode() and so on write a body; b goes bad with -EMSGSIZE where a field is
 * longer than the table allows.
 */
#define PDU(name, id, section, fields)                                                  \
	int smpp_##name##_decode(struct cursor *c, struct smpp_##name *out) MUST_CHECK; \
	void smpp_##name##_encode(const struct smpp_##name *pdu, struct buf *b);
#include "smpp_pdu.def"

struct smpp_pdu {
	uint32_t command_id, command_status, sequence_number;
	union {
#define PDU(name, id, section, fields) struct smpp_##name name;
#include "smpp_pdu.def"
	} u;
	struct span frame; /* the whole PDU, when it was decoded */
	size_t trailing;   /* octets at its end that are no TLV, tolerated */
};

/**
 * The PDU at the front of data. Octets of it, in *frame, borrowed; 0: more are needed, of a frame
 * that announces itself in order; -EBADMSG: command_length is under 16 or over max, and the stream
 * is lost (3.4, 4.3).
 */
int64_t smpp_frame(struct span data, size_t max, struct span *frame) MUST_CHECK;

/**
 * Reads header and body of one frame. -ENOSYS: a command_id that no table knows; -EBADMSG: the
 * body is malformed. The header's fields are set either way, and *blame is the status that an
 * error answer bears.
 */
int smpp_pdu_decode(struct span frame, struct smpp_pdu *out, enum smpp_status *blame) MUST_CHECK;

/** Writes header and body behind what b holds. On an error b is as it was: -EMSGSIZE a field or b
 * is full, -ENOMEM, -ENOSYS no such command. */
int smpp_pdu_encode(const struct smpp_pdu *pdu, struct buf *b) MUST_CHECK;

/** "deliver_sm", or "unknown". */
const char *smpp_command_name(uint32_t command_id);
/** Whether command_id has a row. */
bool smpp_command_known(uint32_t command_id);

/** One line of text for a log: names and values; passwords hidden, addresses masked, user data by
 * length. */
void smpp_pdu_dump(const struct smpp_pdu *pdu, struct buf *out);
/** The frame in hex, with "**" for each octet of passwords, addresses and user data. */
void smpp_pdu_hex(const struct smpp_pdu *pdu, struct buf *out);

/** The next entry of a list, read from a cursor over its octets; false at the end. */
bool smpp_dest_next(struct cursor *c, struct smpp_dest *out);
bool smpp_unsuccess_next(struct cursor *c, struct smpp_unsuccess *out);
/** Writes an entry. */
void smpp_dest_put(struct buf *b, const struct smpp_dest *dest);

#endif
