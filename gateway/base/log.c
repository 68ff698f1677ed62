/* Formats log lines; the only place that decides how a field is redacted. */
#include "log.h"

#include "buf.h"
#include "clock.h"
#include "rfc3339.h"

#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

enum {
	LINE_MAX_OCTETS = 4096,
	VALUE_MAX_OCTETS = 200,
	SHOWN_HEAD = 3, /* octets of an address that stay readable */
	SHOWN_TAIL = 2
};

static enum log_level least = LOG_INFO;
static void (*sink)(void *arg, struct span line);
static void *sink_arg;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level)
{
	least = level;
}

bool log_enabled(enum log_level level)
{
	return level >= least;
}

void log_set_sink(void (*fn)(void *arg, struct span line), void *arg)
{
	sink = fn;
	sink_arg = arg;
}

static bool is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isgraph((unsigned char)s.ptr[i]) || s.ptr[i] == '"' || s.ptr[i] == '=' ||
		    s.ptr[i] == '\\')
			return false;
	return s.len > 0;
}

static void add_escaped(struct buf *b, struct span s)
{
	buf_u8(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c >= 0x7F)
			buf_printf(b, "\\x%02x", c);
		else
			buf_u8(b, c);
	}
	buf_u8(b, '"');
}

static void add_text(struct buf *b, struct span s)
{
	if (s.len > VALUE_MAX_OCTETS)
		s.len = VALUE_MAX_OCTETS;
	if (is_plain(s))
		buf_add(b, s);
	else
		add_escaped(b, s);
}

size_t log_mask_address(struct span address, char *out, size_t size)
{
	struct span rest;
	struct span scheme = span_split(address, ':', &rest);
	int len;

	if (!rest.ptr) {
		rest = scheme;
		scheme = SPAN_NONE;
	}
	if (rest.len < SHOWN_HEAD + SHOWN_TAIL + 2)
		len = snprintf(out, size, "%.*s%s***", SPAN_FMT(scheme), scheme.len ? ":" : "");
	else
		len = snprintf(out, size, "%.*s%s%.*s***%.*s", SPAN_FMT(scheme),
		               scheme.len ? ":" : "", SHOWN_HEAD, rest.ptr, SHOWN_TAIL,
		               rest.ptr + rest.len - SHOWN_TAIL);
	if (len < 0)
		return 0;
	return (size_t)len < size ? (size_t)len : size - 1;
}

static void add_field(struct buf *b, const struct log_field *f)
{
	char masked[64];
	const char *name;

	buf_printf(b, f->type == LOG_BODY ? " %s.len=" : " %s=", f->key);
	switch (f->type) {
	case LOG_EVENT:
	case LOG_STR:
		add_text(b, f->text);
		break;
	case LOG_NUM:
		buf_printf(b, "%lld", (long long)f->num);
		break;
	case LOG_ADDR:
		add_text(b,
		         (struct span){masked, log_mask_address(f->text, masked, sizeof(masked))});
		break;
	case LOG_BODY:
		buf_printf(b, "%zu", f->text.len);
		break;
	case LOG_SECRET:
		buf_str(b, "***");
		break;
	case LOG_ERR:
		name = strerrorname_np((int)-f->num);
		buf_str(b, name ? name : "none");
		break;
	}
}

static void add_time(struct buf *b)
{
	char text[RFC3339_SIZE];

	buf_str(b, "ts=");
	buf_str(b, rfc3339_format_ms(clock_wall_ms(&clock_system), text));
}

static void add_context(struct buf *b, const struct logger *log)
{
	if (!log)
		return;
	add_context(b, log->parent);
	if (!log->key)
		return;
	buf_printf(b, " %s=", log->key);
	add_text(b, span_of(log->value));
}

static void put_line(struct span line)
{
	ssize_t written;

	if (sink) {
		sink(sink_arg, line);
		return;
	}
	written = write(STDERR_FILENO, line.ptr, line.len);
	(void)written; /* nowhere to complain about a lost log line */
}

void log_write(const struct logger *log, enum log_level level, const struct log_field *fields,
               size_t count)
{
	struct buf line;

	buf_init(&line, LINE_MAX_OCTETS);
	add_time(&line);
	buf_printf(&line, " level=%s", level_names[level]);
	add_context(&line, log);
	for (size_t i = 0; i < count; i++)
		add_field(&line, &fields[i]);
	line.err = 0; /* a line that is too long is cut, not lost */
	if (line.len == LINE_MAX_OCTETS)
		line.len--;
	buf_u8(&line, '\n');
	put_line(buf_span(&line));
	buf_fini(&line);
}

bool log_throttle_pass(struct log_throttle *t, uint64_t now_ms, uint64_t interval_ms,
                       uint64_t *suppressed)
{
	if (now_ms < t->next_ms) {
		t->suppressed++;
		return false;
	}
	*suppressed = t->suppressed;
	t->suppressed = 0;
	t->next_ms = now_ms + interval_ms;
	return true;
}
