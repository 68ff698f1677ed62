/*
 * Optional parameters (TLVs), SMPP 3.4, 3.2.4, and those of 5.0: any order, any tag, any length
 * that stays inside the PDU. Of a tag that stands twice the first counts. An integer of length 0,
 * which occurs in the field, is as if it were not there.
 */
#ifndef PH_SMPP_TLV_H
#define PH_SMPP_TLV_H

#include "buf.h"
#include "cursor.h"

enum smpp_tlv_tag {
#define TLV(name, tag, kind, least, most) SMPP_TLV_##name = (tag),
#include "smpp_tlv.def"
};

struct smpp_tlv {
	uint16_t tag;
	struct span value; /* borrowed from the PDU */
};

/** The next one of c; false at the end, or where fewer than four octets are left. */
bool smpp_tlv_next(struct cursor *c, struct smpp_tlv *out);

/** -EBADMSG: one runs past the end. *trailing: octets at the end that are no TLV. */
int smpp_tlv_check(struct span tlvs, size_t *trailing) MUST_CHECK;

/** -ENOENT: not there. */
int smpp_tlv_find(struct span tlvs, uint16_t tag, struct span *out) MUST_CHECK;

/** The integer of tag, whose width the table knows. -ENOENT: not there, or of length 0. -EBADMSG:
 * of another length than it must have. */
int smpp_tlv_uint(struct span tlvs, uint16_t tag, uint32_t *out) MUST_CHECK;

/** A C-Octet String with or without its NUL. -ENOENT: not there, or empty. */
int smpp_tlv_cstr(struct span tlvs, uint16_t tag, struct span *out) MUST_CHECK;

/** Writes an integer in the width that the table gives its tag. */
void smpp_tlv_put_uint(struct buf *b, uint16_t tag, uint32_t value);
void smpp_tlv_put(struct buf *b, uint16_t tag, struct span value);

/** " name=value" for each, user data and addresses masked; those without a name by number. */
void smpp_tlv_dump(struct span tlvs, struct buf *out);

#endif
