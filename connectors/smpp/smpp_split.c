/*
 * Splitting works on the encoded text: a map says at each offset whether a cut may be there (the
 * character before it is whole) and whether it is good (the grapheme is). The cuts are then made
 * from the left: the last good place from which what remains still fits the fewest parts, else the
 * last possible one.
 */
#include "smpp_split.h"

#include <stdlib.h>
#include <unigbrk.h>

#include "smpp_udh.h"
#include "utf8.h"

const char *const smpp_long_names[] = {"udh8", "udh16", "sar", "payload", NULL};

enum { USER_DATA_OCTETS = 140, CUT_POSSIBLE = 1, CUT_GOOD = 2 };

size_t smpp_part_capacity(enum smpp_alphabet alphabet, size_t header)
{
	size_t octets = USER_DATA_OCTETS - header;

	if (alphabet == SMPP_GSM7 || alphabet == SMPP_PACKED || alphabet == SMPP_ASCII)
		return octets * 8 / 7;
	return alphabet == SMPP_UCS2 ? octets & ~(size_t)1 : octets;
}

/* The first character that alphabet has not, or 0; *size is the encoded length. */
static int measure(struct span text, enum smpp_alphabet alphabet, size_t *size, uint32_t *missing)
{
	uint32_t code;

	*size = 0;
	*missing = 0;
	while (text.len) {
		unsigned width;

		if (utf8_next(&text, &code))
			return -EBADMSG;
		width = smpp_text_width(alphabet, code);
		if (width == 0) {
			/* NUL is a character that no default alphabet has, and 0 says "none". */
			*missing = code ? code : UTF8_REPLACEMENT;
			return 0;
		}
		*size += width;
	}
	return 0;
}

/* Default alphabet, Latin-1 where allowed, UCS-2: the first that has every character. */
static int choose(struct span text, const struct smpp_split_options *o, struct smpp_parts *out,
                  size_t *size)
{
	uint32_t missing;
	int err = o->ucs2 ? 0 : measure(text, o->dflt, size, &out->forced);

	out->alphabet = o->dflt;
	out->data_coding = SMPP_DATA_CODING_DEFAULT;
	if (err || (!out->forced && !o->ucs2))
		return err;
	if (o->latin1 && !o->ucs2) {
		out->alphabet = SMPP_LATIN1;
		out->data_coding = SMPP_DATA_CODING_LATIN1;
		err = measure(text, SMPP_LATIN1, size, &missing);
		if (err || !missing)
			return err;
	}
	out->alphabet = SMPP_UCS2;
	out->data_coding = SMPP_DATA_CODING_UCS2;
	return measure(text, SMPP_UCS2, size, &missing);
}

static void encode(struct span text, enum smpp_alphabet alphabet, struct buf *out)
{
	uint32_t code;

	while (text.len && utf8_next(&text, &code) == 0)
		smpp_text_put(alphabet, code, out);
}

/* What a cut at each offset of the encoded text would be. NULL: out of memory. */
static uint8_t *map_cuts(struct span text, enum smpp_alphabet alphabet, size_t size)
{
	const uint8_t *start = (const uint8_t *)text.ptr;
	uint8_t *map = calloc(size + 1, 1);
	char *breaks = malloc(text.len + 1);
	size_t at = 0;
	uint32_t code;

	if (map && breaks) {
		u8_grapheme_breaks(start, text.len, breaks);
		while (text.len) {
			size_t from = (size_t)((const uint8_t *)text.ptr - start);

			map[at] = breaks[from] ? CUT_POSSIBLE | CUT_GOOD : CUT_POSSIBLE;
			if (utf8_next(&text, &code))
				break;
			at += smpp_text_width(alphabet, code);
		}
		map[size] = CUT_POSSIBLE | CUT_GOOD;
	} else {
		free(map);
		map = NULL;
	}
	free(breaks);
	return map;
}

/* The last offset in (from, from + room] with the flag, or from. */
static size_t last_cut(const uint8_t *map, size_t size, size_t from, size_t room, uint8_t flag)
{
	size_t at = size - from > room ? from + room : size;

	while (at > from && !(map[at] & flag))
		at--;
	return at;
}

/* Parts that what begins at from needs at the least. */
static unsigned least_parts(const uint8_t *map, size_t size, size_t from, size_t room)
{
	unsigned count = 0;

	while (from < size && count <= SMPP_PARTS_MAX) {
		from = last_cut(map, size, from, room, CUT_POSSIBLE);
		count++;
	}
	return count;
}

/* The best end of the part that begins at from, when left more parts may follow it. */
static size_t best_cut(const uint8_t *map, size_t size, size_t from, size_t room, unsigned left)
{
	size_t good = last_cut(map, size, from, room, CUT_GOOD);

	if (good > from && least_parts(map, size, good, room) <= left)
		return good;
	return last_cut(map, size, from, room, CUT_POSSIBLE);
}

static int cut(struct span text, size_t size, size_t room, unsigned parts_max,
               struct smpp_parts *out)
{
	uint8_t *map = map_cuts(text, out->alphabet, size);
	unsigned count;
	size_t at = 0;

	if (!map)
		return -ENOMEM;
	count = least_parts(map, size, 0, room);
	if (count > parts_max || count > SMPP_PARTS_MAX) {
		free(map);
		return -EMSGSIZE;
	}
	out->count = count;
	for (unsigned i = 0; i < count; i++) {
		at = best_cut(map, size, at, room, count - i - 1);
		out->end[i] = (uint32_t)at;
	}
	free(map);
	return 0;
}

/* Octets of header on each part of several: one length octet for all of it. */
static size_t header_of(const struct smpp_split_options *o)
{
	/* The SMSC makes a UDH of the sar_ parameters: 16-bit, since their reference is. */
	return smpp_udh_size(o->how == SMPP_LONG_UDH8 ? 8 : 16) + (o->header ? o->header - 1 : 0);
}

/* Some of the user data must be left for more than its header. */
static bool has_room(const struct smpp_split_options *o)
{
	return header_of(o) + 2 <= USER_DATA_OCTETS;
}

static int plan(struct span text, size_t size, const struct smpp_split_options *o,
                struct smpp_parts *out)
{
	size_t room = smpp_part_capacity(out->alphabet, header_of(o));
	unsigned most = o->parts_max;

	if (size <= smpp_part_capacity(out->alphabet, o->header)) {
		out->count = out->estimate = 1;
		out->end[0] = (uint32_t)size;
		return 0;
	}
	if (o->how != SMPP_LONG_PAYLOAD) {
		int err = cut(text, size, room, most, out);

		out->estimate = err ? 0 : out->count;
		return err;
	}
	out->count = 1;
	out->end[0] = (uint32_t)size;
	out->estimate = (unsigned)((size + room - 1) / room);
	return out->estimate > most ? -EMSGSIZE : 0;
}

static size_t encoded_size(struct span text, enum smpp_alphabet alphabet)
{
	size_t size = 0;
	uint32_t code;

	while (text.len && utf8_next(&text, &code) == 0)
		size += smpp_text_width(alphabet, code);
	return size;
}

/* What more the last part takes. */
static size_t left_of(size_t size, const struct smpp_split_options *o, const struct smpp_parts *p)
{
	size_t room = smpp_part_capacity(p->alphabet, p->estimate > 1 ? header_of(o) : o->header);
	size_t last = p->count > 1 ? size - p->end[p->count - 2] : size;
	size_t left = p->count == 1 && p->estimate > 1 ? room * p->estimate - last : room - last;

	return p->alphabet == SMPP_UCS2 ? left / 2 : left;
}

int smpp_split(struct span text, const struct smpp_split_options *options, struct smpp_parts *out)
{
	size_t size, most = (size_t)options->parts_max * USER_DATA_OCTETS * 8 / 7;
	int err = has_room(options) ? choose(text, options, out, &size) : -EMSGSIZE;

	if (err)
		return err;
	if (size > most)
		return -EMSGSIZE;
	err = plan(text, size, options, out);
	if (err)
		return err;
	out->counted =
		(uint32_t)encoded_size((struct span){text.ptr, options->counted}, out->alphabet);
	buf_clear(&out->octets);
	out->octets.limit = size;
	out->left = left_of(size, options, out);
	encode(text, out->alphabet, &out->octets);
	return buf_check(&out->octets);
}

int smpp_split_octets(struct span octets, const struct smpp_split_options *options,
                      struct smpp_parts *out)
{
	size_t room = USER_DATA_OCTETS - options->header;

	if (!has_room(options))
		return -EMSGSIZE;
	if (octets.len > room)
		room = USER_DATA_OCTETS - header_of(options);
	out->count = octets.len ? (unsigned)((octets.len + room - 1) / room) : 1;
	if (out->count > options->parts_max || out->count > SMPP_PARTS_MAX)
		return -EMSGSIZE;
	out->alphabet = SMPP_BINARY;
	out->data_coding = SMPP_DATA_CODING_OCTETS;
	out->estimate = out->count;
	out->forced = out->counted = 0;
	out->left = 0;
	for (unsigned i = 0; i < out->count; i++)
		out->end[i] = (uint32_t)(i + 1 < out->count ? (i + 1) * room : octets.len);
	buf_clear(&out->octets);
	out->octets.limit = octets.len;
	buf_add(&out->octets, octets);
	return buf_check(&out->octets);
}

void smpp_parts_fini(struct smpp_parts *parts)
{
	buf_fini(&parts->octets);
}

struct span smpp_part(const struct smpp_parts *parts, unsigned i)
{
	uint32_t from = i ? parts->end[i - 1] : parts->counted;

	if (!parts->octets.data)
		return SPAN_NONE;
	return (struct span){parts->octets.data + from, parts->end[i] - from};
}
