/*
 * The envelope: whatever stands in Encrypt either is refused or is inside its bounds; and what is
 * sealed opens to the same message.
 */
#include "wechat_crypto.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct span appid = {"wx0123456789abcdef", 18};

enum { ROOM = 1 << 20 };

static void open_any(const struct wechat_key *key, struct span sealed)
{
	struct buf room;
	struct span message;

	buf_init(&room, ROOM);
	if (wechat_open(key, appid, sealed, &room, &message) == 0)
		assert(message.ptr >= room.data &&
		       message.ptr + message.len <= room.data + room.size);
	buf_fini(&room);
}

static void round_trip(const struct wechat_key *key, struct span message)
{
	static const uint8_t salt[WECHAT_SALT_OCTETS];
	struct buf sealed, room;
	struct span again;
	int err;

	buf_init(&sealed, ROOM);
	buf_init(&room, ROOM);
	err = wechat_seal(key, appid, salt, message, &sealed);
	assert(err == 0);
	err = wechat_open(key, appid, buf_span(&sealed), &room, &again);
	assert(err == 0 && span_eq(message, again));
	buf_fini(&room);
	buf_fini(&sealed);
}

/* Blocks as they come from the wire, so that the checks behind the decryption are reached too. */
static void open_blocks(const struct wechat_key *key, struct span octets)
{
	static const uint8_t salt[WECHAT_SALT_OCTETS];
	struct buf sealed;

	buf_init(&sealed, ROOM);
	/* Sealing with this key what opens to anything at all: the message is cut by its length. */
	if (wechat_seal(key, octets, salt, appid, &sealed) == 0)
		open_any(key, buf_span(&sealed));
	buf_fini(&sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span octets = {(const char *)data, size};
	struct wechat_key key;

	if (wechat_key_parse(SPAN_LIT("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"), &key))
		return 0;
	open_any(&key, octets);
	open_blocks(&key, octets);
	round_trip(&key, octets);
	return 0;
}
