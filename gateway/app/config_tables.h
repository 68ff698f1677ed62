/* The tables that bind struct config; config.c uses them, nobody else. */
#ifndef PH_CONFIG_TABLES_H
#define PH_CONFIG_TABLES_H

#include "config.h"

/** The whole file but for the channels, which "channels" hands over as a node. */
extern const struct config_field config_fields[];
/** What every channel has, whatever its connector. */
extern const struct config_field config_channel_fields[];

#endif
