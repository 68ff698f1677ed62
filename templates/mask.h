/*
 * A customer's words without what names a person or an account: for questions that are kept for
 * others to read than those who serve the customer.
 */
#ifndef PH_MASK_H
#define PH_MASK_H

#include "buf.h"

/**
 * Adds text to out with its particulars blotted: numbers of four digits or more, however they are
 * parted, become zeros (the matcher sees the same kind of number); mail addresses and the paths of
 * links go; what follows "我叫", "户名", "my name is", "Mr" and the like, and what stands before
 * "先生", "女士", becomes 某 or Name. Names that nothing announces stay.
 */
void mask_text(struct span text, struct buf *out);

#endif
