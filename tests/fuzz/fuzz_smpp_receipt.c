/* A receipt is text from outside: whatever stands there, what is read lies inside it. */
#include <assert.h>
#include <stdint.h>

#include "smpp_address.h"
#include "smpp_receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct span part, struct span a, struct span b)
{
	return part.len == 0 || (part.ptr >= a.ptr && part.ptr + part.len <= a.ptr + a.len) ||
	       (part.ptr >= b.ptr && part.ptr + part.len <= b.ptr + b.len);
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
