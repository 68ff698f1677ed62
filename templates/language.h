/*
 * The languages a customer may be answered in, and what a text is written in.
 */
#ifndef PH_LANGUAGE_H
#define PH_LANGUAGE_H

#include "span.h"

enum language { LANGUAGE_ZH, LANGUAGE_EN, LANGUAGE_COUNT, LANGUAGE_UNKNOWN = LANGUAGE_COUNT };

/** "zh", "en"; "" for LANGUAGE_UNKNOWN. */
const char *language_name(enum language language);

/** "zh", "zh-CN", "zh_Hant", "en-GB"... by what stands before the first - or _. -EINVAL: not ours.
 */
int language_parse(struct span name, enum language *out) MUST_CHECK;

/**
 * What text is written in: Chinese where it has at least as many Chinese characters as Latin words,
 * since a Chinese sentence often names an app or a brand in Latin ones ("app login不了").
 * LANGUAGE_UNKNOWN where there is neither (digits, emoji, nothing). Invalid UTF-8 is skipped octet
 * by octet.
 */
enum language language_detect(struct span text);

#endif
