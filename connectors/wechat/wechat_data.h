/*
 * What an outbound message of another kind than text needs, from its data (a JSON object):
 * media_id, thumb_media_id, title, description, url, pic_url; choices ([{id, text}]) and tail for a
 * menu.
 */
#ifndef PH_WECHAT_DATA_H
#define PH_WECHAT_DATA_H

#include "span.h"

#include <jansson.h>

/** The data as an object that the caller releases; an empty one where there is none. NULL: ENOMEM
 * or not an object. */
json_t *wechat_data_read(struct span data);
/** A text of it; borrowed; "" where it is not there. */
const char *wechat_data_text(const json_t *data, const char *key);
/** A JSON string of text without what WeChat takes for broken: control characters, bad UTF-8. */
json_t *wechat_data_string(struct span text);

#endif
