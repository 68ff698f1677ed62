/*
 * User data in every alphabet gives valid UTF-8; and any text that is split and joined again is
 * that text, in no more parts than it must have.
 */
#include <assert.h>
#include <stdint.h>

#include "smpp_gsm7.h"
#include "smpp_split.h"
#include "smpp_udh.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_split(struct span text, uint8_t how)
{
	struct smpp_split_options options = {
		.dflt = (enum smpp_alphabet)(how >> 4 & 7) % SMPP_BINARY,
		.latin1 = how & 4,
		.how = (enum smpp_long)(how & 3),
		.parts_max = 20,
	};
	struct smpp_parts parts = {0};
	struct buf joined;

	if (options.dflt == SMPP_CYRILLIC || options.dflt == SMPP_HEBREW)
		options.dflt = SMPP_GSM7; /* read, never written */
	buf_init(&joined, 1U << 20);
	if (smpp_split(text, &options, &parts) == 0) {
		size_t room = smpp_part_capacity(parts.alphabet, parts.count > 1 ? 6 : 0);

		for (unsigned i = 0; i < parts.count; i++) {
			struct span part = smpp_part(&parts, i);

			assert(options.how == SMPP_LONG_PAYLOAD || part.len <= room);
			assert(smpp_text_decode(parts.alphabet, part, 0, 0, &joined));
		}
		/* A mark of byte order at the front of a part is one to the reader, and gone. */
		assert(parts.alphabet == SMPP_UCS2 || span_eq(buf_span(&joined), text));
	}
	buf_fini(&joined);
	smpp_parts_fini(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span octets;
	struct smpp_udh udh;
	struct buf out;

	if (size < 3)
		return 0;
	octets = (struct span){(const char *)data + 3, size - 3};
	buf_init(&out, 1U << 22);
	smpp_text_decode(smpp_alphabet_of(data[0], (enum smpp_alphabet)(data[1] % 6)), octets,
	                 data[1] & 7, data[1] >> 4 & 7, &out);
	assert(utf8_valid(buf_span(&out)));
	buf_clear(&out);
	smpp_gsm7_unpack(octets, data[1] % 7, &out);
	if (smpp_udh_parse(octets, &udh) == 0)
		assert(udh.size + udh.text.len == octets.len);
	else
		assert(udh.text.len == octets.len);
	buf_fini(&out);
	assert_split(octets, data[2]);
	return 0;
}
