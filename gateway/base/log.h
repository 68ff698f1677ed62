/*
 * Structured logs: one line, one event, key=value. The type of a field redacts it: ADDR masks,
 * BODY gives a length, SECRET hides; what a peer sent is escaped. The context is a chain of
 * loggers, so channel or conversation are never typed twice.
 *
 *	log_info(log, EVENT("smpp.submit"), NUM("seq", seq), ADDR("to", to), BODY("text", text));
 *	ts=2026-01-02T03:04:05.678Z level=info channel=op1 event=smpp.submit seq=42 to=sms:+49***00
 *text.len=17
 */
#ifndef PH_LOG_H
#define PH_LOG_H

#include "span.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_type { LOG_EVENT, LOG_NUM, LOG_STR, LOG_ADDR, LOG_BODY, LOG_SECRET, LOG_ERR };

struct log_field {
	enum log_type type;
	const char *key;
	struct span text;
	int64_t num;
};

/** The event's name, "area.what"; the first field. */
#define EVENT(name) ((struct log_field){.type = LOG_EVENT, .key = "event", .text = span_of(name)})
#define NUM(k, n) ((struct log_field){.type = LOG_NUM, .key = (k), .num = (int64_t)(n)})
/** A C string; escaped where it is not plain. */
#define STR(k, s) ((struct log_field){.type = LOG_STR, .key = (k), .text = span_of(s)})
/** A span, likely from a peer; escaped and cut at 200 octets. */
#define SPAN(k, s) ((struct log_field){.type = LOG_STR, .key = (k), .text = (s)})
/** A customer's address: only its scheme, its first and its last digits are shown. */
#define ADDR(k, s) ((struct log_field){.type = LOG_ADDR, .key = (k), .text = (s)})
/** A message's content: only its length in octets is shown. */
#define BODY(k, s) ((struct log_field){.type = LOG_BODY, .key = (k), .text = (s)})
/** Shown as *** always; kept so that a reader sees that it was there. */
#define SECRET(k) ((struct log_field){.type = LOG_SECRET, .key = (k)})
/** A negative errno by its name. */
#define ERR(e) ((struct log_field){.type = LOG_ERR, .key = "err", .num = (e)})

/** A link of the chain: what its lines carry besides those of its parent. Lives in the caller. */
struct logger {
	const struct logger *parent; /* NULL: the root */
	const char *key, *value;     /* NULL key: nothing of its own; borrowed */
};

/** Lines under this level are not written; LOG_INFO at the start. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
/** Where lines go, standard error at the start; fn gets a line with its newline. NULL: back. */
void log_set_sink(void (*fn)(void *arg, struct span line), void *arg);

void log_write(const struct logger *log, enum log_level level, const struct log_field *fields,
               size_t count);

#define LOG_AT(log, level, ...)                                                     \
	do {                                                                        \
		if (log_enabled(level)) {                                           \
			const struct log_field log_fields_[] = {__VA_ARGS__};       \
			log_write(log, level, log_fields_, ARRAY_LEN(log_fields_)); \
		}                                                                   \
	} while (0)

/* error: a human must act; warn: we coped; info: a state changed; debug: traffic. */
#define log_error(log, ...) LOG_AT(log, LOG_ERROR, __VA_ARGS__)
#define log_warn(log, ...) LOG_AT(log, LOG_WARN, __VA_ARGS__)
#define log_info(log, ...) LOG_AT(log, LOG_INFO, __VA_ARGS__)
#define log_debug(log, ...) LOG_AT(log, LOG_DEBUG, __VA_ARGS__)

/** Lets one of a repeated event through each interval and counts the rest. Lives in the caller. */
struct log_throttle {
	uint64_t next_ms, suppressed;
};
/** True: write it now; *suppressed is how many were held back since the last one. */
bool log_throttle_pass(struct log_throttle *t, uint64_t now_ms, uint64_t interval_ms,
                       uint64_t *suppressed);

/** Writes address masked as ADDR does, into out (NUL-terminated); returns its length. */
size_t log_mask_address(struct span address, char *out, size_t size);

#endif
