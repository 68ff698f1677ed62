/* WeChat's seals against documented vectors, and against what another implementation made. */
#include "wechat_crypto.h"

#include "table.h"
#include "unit.h"

#include <stdlib.h>

#define KEY "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define APPID "wx0123456789abcdef"

enum { ROOM = 1 << 20 };

static struct wechat_key key_of(struct span text)
{
	struct wechat_key key;

	ck_assert_int_eq(wechat_key_parse(text, &key), 0);
	return key;
}

static int open_sealed(struct span key_text, struct span appid, struct span sealed,
                       struct buf *room, struct span *out)
{
	struct wechat_key key = key_of(key_text);

	buf_init(room, ROOM);
	return wechat_open(&key, appid, sealed, room, out);
}

enum { WHAT, AES_KEY, FOR_APPID, TOKEN, TIMESTAMP, NONCE, SIGNATURE, SALT, BEGINS, ENCRYPT };

static void documented_row(const struct span *row)
{
	const struct span parts[] = {row[TOKEN], row[TIMESTAMP], row[NONCE], row[ENCRYPT]};
	struct wechat_key key = key_of(row[AES_KEY]);
	struct buf room, sealed;
	struct span message;

	if (row[SIGNATURE].len)
		ck_assert_msg(wechat_signed(row[SIGNATURE], parts, ARRAY_LEN(parts)), "%.*s",
		              SPAN_FMT(row[WHAT]));
	ck_assert_int_eq(open_sealed(row[AES_KEY], row[FOR_APPID], row[ENCRYPT], &room, &message),
	                 0);
	ck_assert(span_starts(message, row[BEGINS]));
	ck_assert_uint_eq(row[SALT].len, WECHAT_SALT_OCTETS);
	buf_init(&sealed, ROOM);
	ck_assert_int_eq(
		wechat_seal(&key, row[FOR_APPID], (const uint8_t *)row[SALT].ptr, message, &sealed),
		0);
	ck_assert_msg(span_eq(buf_span(&sealed), row[ENCRYPT]), "%.*s", SPAN_FMT(row[WHAT]));
	buf_fini(&sealed);
	buf_fini(&room);
}

START_TEST(documented_envelopes_open_and_seal_the_same)
{
	ck_assert_uint_eq(table_read(PH_VECTORS "/wechat/documented.tsv", documented_row), 3);
}
END_TEST

static void generated_row(const struct span *row)
{
	const struct span parts[] = {SPAN_LIT("t0ken"), SPAN_LIT("1409735669"),
	                             SPAN_LIT("1320562132"), row[3]};
	int want = span_is(row[1], "EACCES") ? -EACCES : span_is(row[1], "EBADMSG") ? -EBADMSG : 0;
	struct buf room;
	struct span message;
	int err = open_sealed(SPAN_LIT(KEY), SPAN_LIT(APPID), row[3], &room, &message);

	ck_assert_msg(err == want, "%.*s: %d", SPAN_FMT(row[0]), err);
	ck_assert_msg(wechat_signed(row[2], parts, ARRAY_LEN(parts)), "%.*s", SPAN_FMT(row[0]));
	buf_fini(&room);
}

START_TEST(envelopes_of_another_implementation_are_judged_right)
{
	ck_assert_uint_ge(table_read(PH_VECTORS "/wechat/sealed.tsv", generated_row), 25);
}
END_TEST

/* How many octets base64 text stands for. */
static size_t octets_of(struct span text)
{
	size_t octets = text.len / 4 * 3;

	for (size_t i = text.len; i && text.ptr[i - 1] == '='; i--)
		octets--;
	return octets;
}

START_TEST(what_is_sealed_opens_again_at_every_length)
{
	struct wechat_key key = key_of(SPAN_LIT(KEY));
	uint8_t salt[WECHAT_SALT_OCTETS] = {0xFF, 0, 1};
	char text[130];
	struct span opened;

	memset(text, 'm', sizeof(text));
	for (size_t len = 0; len <= sizeof(text); len++) {
		struct span message = {text, len};
		struct buf sealed, room;

		buf_init(&sealed, ROOM);
		buf_init(&room, ROOM);
		ck_assert_int_eq(wechat_seal(&key, SPAN_LIT(APPID), salt, message, &sealed), 0);
		ck_assert_uint_eq(octets_of(buf_span(&sealed)) % 32, 0);
		ck_assert_int_eq(
			wechat_open(&key, SPAN_LIT(APPID), buf_span(&sealed), &room, &opened), 0);
		ck_assert(span_eq(opened, message));
		buf_fini(&sealed);
		buf_fini(&room);
	}
}
END_TEST

START_TEST(an_envelope_larger_than_the_room_is_refused)
{
	struct wechat_key key = key_of(SPAN_LIT(KEY));
	uint8_t salt[WECHAT_SALT_OCTETS] = {0};
	struct buf sealed, room;
	struct span out;

	buf_init(&sealed, ROOM);
	buf_init(&room, 64);
	ck_assert_int_eq(wechat_seal(&key, SPAN_LIT(APPID), salt,
	                             SPAN_LIT("0123456789012345678901234567890123456789"), &sealed),
	                 0);
	ck_assert_int_eq(wechat_open(&key, SPAN_LIT(APPID), buf_span(&sealed), &room, &out),
	                 -EMSGSIZE);
	buf_clear(&sealed);
	sealed.limit = 64;
	ck_assert_int_eq(wechat_seal(&key, SPAN_LIT(APPID), salt, SPAN_LIT("x"), &sealed),
	                 -EMSGSIZE);
	buf_fini(&sealed);
	buf_fini(&room);
}
END_TEST

START_TEST(a_key_is_43_characters_and_its_last_bits_do_not_matter)
{
	struct wechat_key plain = key_of(SPAN_LIT("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	struct wechat_key stray = key_of(SPAN_LIT("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD"));
	static const char *const wrong[] = {
		"",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAAA",
		"-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};
	struct wechat_key out;

	ck_assert_mem_eq(plain.octets, stray.octets, sizeof(plain.octets));
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(wechat_key_parse(span_of(wrong[i]), &out) == -EINVAL, "%s", wrong[i]);
	wechat_key_wipe(&plain);
	for (size_t i = 0; i < sizeof(plain.octets); i++)
		ck_assert_uint_eq(plain.octets[i], 0);
}
END_TEST

START_TEST(a_signature_is_over_sorted_parts_and_every_character_counts)
{
	const struct span parts[] = {SPAN_LIT("token"), SPAN_LIT("1409735669"), SPAN_LIT("nonce")};
	const struct span turned[] = {parts[2], parts[0], parts[1]};
	char good[WECHAT_SIGNATURE_CHARS + 1], other[WECHAT_SIGNATURE_CHARS + 1];

	ck_assert_int_eq(wechat_sign(parts, 3, good), 0);
	ck_assert_int_eq(wechat_sign(turned, 3, other), 0);
	ck_assert_str_eq(good, other);
	/* sha1sum of "1409735669noncetoken" by coreutils */
	ck_assert_str_eq(good, "e1f0a2e634093eeb64a37daf30639888f9fbdf8c");
	ck_assert(wechat_signed(span_of(good), parts, 3));
	for (size_t i = 0; i < WECHAT_SIGNATURE_CHARS; i++) {
		memcpy(other, good, sizeof(good));
		other[i] = other[i] == '0' ? '1' : '0';
		ck_assert(!wechat_signed(span_of(other), parts, 3));
	}
	ck_assert(!wechat_signed((struct span){good, WECHAT_SIGNATURE_CHARS - 1}, parts, 3));
	ck_assert(!wechat_signed(SPAN_NONE, parts, 3));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("crypto");

	tcase_add_test(tc, documented_envelopes_open_and_seal_the_same);
	tcase_add_test(tc, envelopes_of_another_implementation_are_judged_right);
	tcase_add_test(tc, what_is_sealed_opens_again_at_every_length);
	tcase_add_test(tc, an_envelope_larger_than_the_room_is_refused);
	tcase_add_test(tc, a_key_is_43_characters_and_its_last_bits_do_not_matter);
	tcase_add_test(tc, a_signature_is_over_sorted_parts_and_every_character_counts);
	return unit_run("wechat crypto", &tc, 1);
}
