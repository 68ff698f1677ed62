/*
 * Whether a customer has had enough: rude words, complaints about the service, shouting. Then a
 * person should come, whatever the text is about. Pure, and careful with words that mean something
 * else in a bank ("垃圾短信", "scam call", "我妈的卡").
 */
#ifndef PH_MOOD_H
#define PH_MOOD_H

#include "span.h"

/** Any octets; what is longer than the matcher reads is judged by its beginning. */
bool mood_is_unhappy(struct span text);

#endif
