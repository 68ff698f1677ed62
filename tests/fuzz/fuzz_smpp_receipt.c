/* A receipt is text from outside: whatever stands there, what is read lies inside it. */
#include <assert.h>
#include <stdint.h>

#include "smpp_address.h"
#include "smpp_ids.h"
#include "smpp_receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct span part, struct span a, struct span b)
{
	return part.len == 0 || (part.ptr >= a.ptr && part.ptr + part.len <= a.ptr + a.len) ||
	       (part.ptr >= b.ptr && part.ptr + part.len <= b.ptr + b.len);
}

/* Whatever the ids are: one is known again as it was, and a number in both bases is one number. */
static void forms(struct span sent, struct span seen)
{
	struct smpp_ids *ids = smpp_ids_create();
	char hex[SMPP_ID_SIZE], decimal[SMPP_ID_SIZE], likely[SMPP_ID_SIZE];

	if (!ids)
		return;
	smpp_ids_sent(ids, sent);
	assert(smpp_ids_seen(ids, seen) < SMPP_ID_FORMS);
	if (sent.len && sent.len < SMPP_ID_SIZE)
		assert(smpp_ids_seen(ids, sent) == SMPP_ID_SAME);
	if (smpp_id_to_hex(seen, hex) && smpp_id_to_decimal(span_of(hex), decimal)) {
		while (seen.len > 1 && *seen.ptr == '0')
			seen = (struct span){seen.ptr + 1, seen.len - 1};
		assert(span_is(seen, decimal));
	}
	smpp_ids_likely(ids, seen, likely);
	smpp_ids_destroy(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut = size ? data[0] % size : 0;
	struct span text = {(const char *)data, cut};
	struct span tlvs = {(const char *)data + cut, size - cut};
	char address[SMPP_ADDRESS_SIZE];
	struct smpp_receipt r;

	if (smpp_receipt_parse(text, tlvs, size & 1, &r) == 0) {
		assert(r.id.len && inside(r.id, text, tlvs) && inside(r.error, text, tlvs));
		assert(r.state < SMPP_STATES && smpp_message_state_name(r.state));
	}
	smpp_receipt_looks_like(text);
	forms(text, tlvs);
	if (smpp_address_canonical(text, (unsigned)(size % 7), SPAN_LIT("86"), address,
	                           sizeof(address)) == 0) {
		struct smpp_number n;

		/* One spelling: of a spelling, the same. */
		char again[SMPP_ADDRESS_SIZE];

		if (address[4] == '+') {
			assert(smpp_address_canonical(span_of(address), 0, SPAN_LIT("86"), again,
			                              sizeof(again)) == 0);
			assert(strcmp(address, again) == 0);
			assert(smpp_address_dest(span_of(address), SMPP_DEST_INTERNATIONAL,
			                         SPAN_NONE, &n) == 0);
		}
	}
	return 0;
}
