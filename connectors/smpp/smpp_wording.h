/*
 * What is put around a text on its way out and what is changed in it: the signature that operators
 * demand (签名, 【…】), the way out of campaigns (拒收请回复R), and characters that stand for
 * others so that a text fits the default alphabet. Pure; what was changed is told.
 */
#ifndef PH_SMPP_WORDING_H
#define PH_SMPP_WORDING_H

#include "smpp_text.h"

enum smpp_place {
	SMPP_PLACE_NONE,
	SMPP_PLACE_FRONT,
	SMPP_PLACE_BEHIND,
	SMPP_PLACE_OPERATOR /* the operator puts it in front: counted, and not sent */
};
/** The configuration's words for enum smpp_place; ends with NULL. */
extern const char *const smpp_place_names[];

struct smpp_wording {
	enum smpp_place place;
	struct span signature;     /* empty: none */
	struct span signatures[2]; /* in each language: none of them is doubled */
	struct span opt_out;       /* behind the text; empty: none */
	struct span opt_outs[2];
};

/**
 * The text as the customer sees it, behind what out holds. A signature that the text already has at
 * its place, or an opt-out that it already has anywhere, is not added. *counted gets the octets in
 * front that are the operator's to add. -ENOMEM, -EMSGSIZE by out's limit.
 */
int smpp_word(struct span text, const struct smpp_wording *w, struct buf *out,
              size_t *counted) MUST_CHECK;

/** Whether the text's language is Chinese: it has a Han character. */
bool smpp_text_is_chinese(struct span text);

/* A character, and what stands for it: borrowed for ever; may be empty. */
struct smpp_change {
	uint32_t from;
	const char *to;
};

/** What stands for a typographic character in plain alphabets; NULL: nothing does. */
const char *smpp_plain(uint32_t code);

/**
 * Text with what alphabet has not replaced where something stands for it, behind what out holds;
 * the first `most` different changes into changes. Returns how many characters were replaced; what
 * nothing stands for is left alone.
 */
size_t smpp_transliterate(struct span text, enum smpp_alphabet alphabet, struct buf *out,
                          struct smpp_change *changes, size_t most, size_t *count);

#endif
