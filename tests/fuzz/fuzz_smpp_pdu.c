/* Any octets as a stream of PDUs: what decodes encodes to itself, and every view of it is bounded.
 */
#include <assert.h>
#include <stdint.h>

#include "smpp_pdu.h"
#include "smpp_tlv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* decode(encode(pdu)) is pdu, but for responses without a body, which are given an empty one. */
static void assert_round_trip(const struct smpp_pdu *pdu)
{
	enum smpp_status blame;
	struct smpp_pdu again;
	struct buf b, c;

	buf_init(&b, SMPP_PDU_MAX + 1024);
	buf_init(&c, SMPP_PDU_MAX + 1024);
	if (smpp_pdu_encode(pdu, &b) == 0) {
		assert(smpp_pdu_decode(buf_span(&b), &again, &blame) == 0);
		assert(smpp_pdu_encode(&again, &c) == 0);
		assert(span_eq(buf_span(&b), buf_span(&c)));
		assert(pdu->frame.len == SMPP_HEADER ||
		       span_eq((struct span){b.data + 4, b.len - 4},
		               (struct span){pdu->frame.ptr + 4, pdu->frame.len - 4}));
	}
	buf_fini(&b);
	buf_fini(&c);
}

static void look(const struct smpp_pdu *pdu)
{
	struct buf out;

	buf_init(&out, 1U << 20);
	smpp_pdu_dump(pdu, &out);
	smpp_pdu_hex(pdu, &out);
	buf_fini(&out);
}

static void lists(const struct smpp_pdu *pdu)
{
	struct cursor c;
	struct smpp_dest dest;
	unsigned count = 0;

	if (pdu->command_id != SMPP_submit_multi)
		return;
	c = cur_span(pdu->u.submit_multi.dest_address.octets);
	while (cur_left(&c) && smpp_dest_next(&c, &dest))
		count++;
	assert(count == pdu->u.submit_multi.dest_address.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = {(const char *)data, size}, frame;
	int64_t taken;

	while ((taken = smpp_frame(rest, SMPP_PDU_MAX, &frame)) > 0) {
		enum smpp_status blame = SMPP_ROK;
		struct smpp_pdu pdu;
		int err = smpp_pdu_decode(frame, &pdu, &blame);

		assert(err == 0 || blame != SMPP_ROK);
		if (err == 0) {
			assert_round_trip(&pdu);
			look(&pdu);
			lists(&pdu);
		}
		rest.ptr += taken;
		rest.len -= (size_t)taken;
	}
	return 0;
}
