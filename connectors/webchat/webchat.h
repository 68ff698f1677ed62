/*
 * The web chat: browsers speak with a node over a WebSocket and read their conversation's log
 * through it. docs/protocols/webchat.md is the protocol.
 */
#ifndef PH_WEBCHAT_H
#define PH_WEBCHAT_H

#include "connector.h"

extern const struct connector_ops webchat_connector;

#endif
