/* What sending a text would take, for the API and the console. */
#ifndef PH_SEGMENTS_H
#define PH_SEGMENTS_H

#include "connector.h"

#include <jansson.h>

/** alphabet, parts, left, text, forced, changes; too_long when it is more than the channel sends at
 * once. */
json_t *segments_json(const struct connector_measure *measure, bool too_long);

#endif
