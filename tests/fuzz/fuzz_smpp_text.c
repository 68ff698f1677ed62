/*
 * User data in every alphabet gives valid UTF-8; and any text that is split and joined again is
 * that text, in no more parts than it must have.
 */
#include <assert.h>
#include <stdint.h>

#include "smpp_gsm7.h"
#include "smpp_split.h"
#include "smpp_udh.h"
#include "smpp_wording.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A part as it goes over the wire and comes back: packed behind a header where that is the way. */
static void add_part(struct span part, enum smpp_alphabet alphabet, size_t header, struct buf *out)
{
	unsigned fill = (unsigned)((7 - header * 8 % 7) % 7);
	struct buf packed;
	size_t before = out->len;

	if (alphabet != SMPP_PACKED || !part.len) {
		buf_add(out, part);
		return;
	}
	buf_init(&packed, 1U << 16);
	smpp_gsm7_pack(part, fill, &packed);
	assert(header + packed.len <= 140 || part.len > 160);
	smpp_gsm7_unpack(buf_span(&packed), fill, out);
	/* Seven spare bits are one septet of nothing, or an '@' that nobody can tell from it. */
	while (out->len - before < part.len)
		buf_u8(out, 0);
	assert(span_eq((struct span){out->data + before, out->len - before}, part));
	buf_fini(&packed);
}

static struct span behind_bom(struct span text, enum smpp_alphabet alphabet)
{
	struct span bom = SPAN_LIT("\xef\xbb\xbf");

	/* A mark of byte order at the front is one to the reader, and gone. */
	if (alphabet == SMPP_UCS2 && span_starts(text, bom))
		return (struct span){text.ptr + bom.len, text.len - bom.len};
	return text;
}

static void assert_joins(const struct smpp_parts *parts, const struct smpp_split_options *options,
                         struct span text)
{
	size_t header =
		parts->count > 1 ? smpp_udh_size(options->how == SMPP_LONG_UDH8 ? 8 : 16) : 0;
	size_t room = smpp_part_capacity(parts->alphabet, header);
	struct buf octets, joined;

	buf_init(&octets, 1U << 20);
	buf_init(&joined, 1U << 20);
	for (unsigned i = 0; i < parts->count; i++) {
		struct span part = smpp_part(parts, i);

		assert(options->how == SMPP_LONG_PAYLOAD || part.len <= room);
		assert(i || options->counted || part.len || !text.len);
		add_part(part, parts->alphabet, header, &octets);
		buf_clear(&joined);
		assert(smpp_text_decode(parts->alphabet, part, 0, 0, &joined));
	}
	buf_clear(&joined);
	assert(smpp_text_decode(parts->alphabet, buf_span(&octets), 0, 0, &joined));
	assert(span_eq(buf_span(&joined), behind_bom(text, parts->alphabet)));
	buf_fini(&octets);
	buf_fini(&joined);
}

static void assert_split(struct span text, uint8_t how, size_t counted)
{
	struct smpp_split_options options = {
		.dflt = (enum smpp_alphabet)(how >> 4 & 7) % SMPP_BINARY,
		.latin1 = how & 4,
		.how = (enum smpp_long)(how & 3),
		.parts_max = 20,
		.counted = utf8_cut(text, counted).len,
	};
	struct smpp_parts parts = {0};

	if (options.dflt == SMPP_CYRILLIC || options.dflt == SMPP_HEBREW)
		options.dflt = SMPP_GSM7; /* read, never written */
	if (smpp_split(text, &options, &parts) == 0) {
		struct span sent = {text.ptr + options.counted, text.len - options.counted};

		assert_joins(&parts, &options, sent);
		assert(parts.left <= smpp_part_capacity(parts.alphabet, 0) * (parts.estimate + 1));
	}
	smpp_parts_fini(&parts);
}

/* What stands for typography never makes a text unreadable, and fits where it is for. */
static void assert_plain(struct span text)
{
	struct smpp_change changes[4];
	struct buf out;
	size_t count;

	if (!utf8_valid(text))
		return;
	buf_init(&out, 1U << 22);
	smpp_transliterate(text, SMPP_GSM7, &out, changes, 4, &count);
	assert(utf8_valid(buf_span(&out)) && count <= 4);
	buf_fini(&out);
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
	smpp_text_decode(smpp_alphabet_of(data[0], (enum smpp_alphabet)(data[1] % SMPP_ALPHABETS)),
	                 octets, data[1] & 7, data[1] >> 4 & 7, &out);
	assert(utf8_valid(buf_span(&out)));
	buf_clear(&out);
	smpp_gsm7_unpack(octets, data[1] % 7, &out);
	if (smpp_udh_parse(octets, &udh) == 0)
		assert(udh.size + udh.text.len == octets.len);
	else
		assert(udh.text.len == octets.len);
	buf_fini(&out);
	assert_split(octets, data[2], 0);
	assert_split(octets, data[2], data[0] % 64);
	assert_plain(octets);
	return 0;
}
