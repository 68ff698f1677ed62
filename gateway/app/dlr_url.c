/*
 * Escapes as kannel's user guide lists them, and as kannel 1.4.5 fills them for delivery reports
 * (recorded): an escape that is not known stays as it is.
 */
#include "dlr_url.h"

#include "http_parse.h"
#include "utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

/* RFC 2396, 2.3: what needs no encoding. */
static bool is_unreserved(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("-_.!~*'()", c));
}

static void add_encoded(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == ' ')
			buf_u8(out, '+');
		else if (is_unreserved(s.ptr[i]))
			buf_u8(out, (uint8_t)s.ptr[i]);
		else
			buf_printf(out, "%%%02X", (unsigned)(uint8_t)s.ptr[i]);
	}
}

/* The next word of what was said; words are parted by blanks. */
static struct span next_word(struct span *rest)
{
	struct span word;

	do {
		word = span_split(*rest, ' ', rest);
	} while (!word.len && rest->len);
	return word;
}

/* A report under way: the words of the answer go out one by one. */
struct filling {
	const struct dlr_report *report;
	struct span pattern;
	struct span words; /* that %s and %S have not taken yet */
	struct buf *out;
};

static void add_words(struct buf *out, struct span rest)
{
	for (bool first = true; rest.len; first = false) {
		struct span word = next_word(&rest);

		if (word.len && !first)
			buf_u8(out, '+');
		add_encoded(out, word);
	}
}

static void add_hex(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_printf(out, "%02X", (unsigned)(uint8_t)s.ptr[i]);
}

/* A number that begins with 00 is written with a plus. */
static void add_international(struct buf *out, struct span number)
{
	if (span_starts(number, SPAN_LIT("00"))) {
		buf_str(out, "%2B");
		number.ptr += 2;
		number.len -= 2;
	}
	add_encoded(out, number);
}

static void add_time(struct buf *out, uint64_t ts_ms)
{
	time_t seconds = (time_t)(ts_ms / 1000);
	struct tm utc;
	char text[32];

	gmtime_r(&seconds, &utc);
	strftime(text, sizeof(text), "%Y-%m-%d+%H:%M:%S", &utc);
	buf_str(out, text);
}

static void add_word_as_it_is(struct buf *out, struct span word)
{
	for (size_t i = 0; i < word.len; i++) {
		struct span one = {word.ptr + i, 1};

		if (*one.ptr == '*')
			buf_u8(out, '~');
		else if (isgraph((unsigned char)*one.ptr))
			buf_add(out, one);
		else
			add_encoded(out, one);
	}
}

/* The value of name in its group, as it stands: "?group?name=value&name=value&?group?...". */
static struct span meta_value(struct span meta, struct span group, struct span name)
{
	(void)span_split(meta, '?', &meta);
	while (meta.len) {
		struct span is = span_split(meta, '?', &meta);
		struct span pairs = span_split(meta, '?', &meta);

		while (span_eq(is, group) && pairs.len) {
			struct span value, pair = span_split(pairs, '&', &pairs);

			if (span_eq(span_split(pair, '=', &value), name))
				return value;
		}
	}
	return SPAN_NONE;
}

/* What is percent-encoded already, or should be: decoded where it is, and encoded. */
static void add_again(struct buf *out, struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		bool escape = value.ptr[i] == '%' && i + 2 < value.len;
		int high = escape ? http_hex(value.ptr[i + 1]) : -1;
		int low = escape ? http_hex(value.ptr[i + 2]) : -1;
		char octet = value.ptr[i];

		if (high >= 0 && low >= 0) {
			octet = (char)((unsigned)high << 4 | (unsigned)low);
			i += 2;
		}
		add_encoded(out, (struct span){&octet, 1});
	}
}

/* %#group#name#: what stands behind the first "#" is in rest. False: it is not whole. */
static bool add_meta(struct filling *f, struct span *rest)
{
	struct span after, tail;
	struct span group = span_split(*rest, '#', &after);
	struct span name = span_split(after, '#', &tail);

	if (group.len == rest->len || name.len == after.len)
		return false;
	add_again(f->out, meta_value(f->report->meta, group, name));
	*rest = tail;
	return true;
}

/* True: c was an escape. */
static bool add_escape(struct filling *f, char c)
{
	const struct dlr_report *r = f->report;
	struct span rest = r->answer;

	switch (c) {
	case 'a':
		add_words(f->out, r->answer);
		break;
	case 'A':
	case 'b':
		add_encoded(f->out, r->answer);
		break;
	case 'd':
		buf_printf(f->out, "%d", (int)r->type);
		break;
	case 'e':
		add_hex(f->out, r->answer);
		break;
	case 'k':
		add_encoded(f->out, next_word(&rest));
		break;
	case 'q':
		add_international(f->out, r->to);
		break;
	case 'Q':
		add_international(f->out, r->from);
		break;
	case 'r':
		add_words(f->out, f->words);
		break;
	case 's':
		add_encoded(f->out, next_word(&f->words));
		break;
	case 'S':
		add_word_as_it_is(f->out, next_word(&f->words));
		break;
	case 't':
		add_time(f->out, r->ts_ms);
		break;
	case 'T':
		buf_printf(f->out, "%llu", (unsigned long long)(r->ts_ms / 1000));
		break;
	default:
		return false;
	}
	return true;
}

/* Escapes that are a text and nothing more; of a report, some never say anything else. */
static bool add_plain(struct filling *f, char c)
{
	const struct dlr_report *r = f->report;
	const struct {
		char escape;
		struct span text;
		bool fixed;
	} plain[] = {
		{'B', r->binfo,          false},
                {'c', SPAN_LIT("-1"),    true },
		{'C', SPAN_LIT("UTF-8"), true },
                {'D', r->meta,           false},
		{'f', SPAN_NONE,         true },
                {'F', r->foreign_id,     false},
		{'i', r->smsc,           false},
                {'I', r->id,             false},
		{'m', SPAN_LIT("-1"),    true },
                {'M', SPAN_LIT("-1"),    true },
		{'n', r->service,        false},
                {'o', r->account,        false},
		{'O', SPAN_LIT("00"),    true },
                {'p', r->to,             false},
		{'P', r->from,           false},
                {'R', f->pattern,        false},
		{'u', SPAN_NONE,         true },
                {'v', SPAN_NONE,         true },
		{'V', SPAN_NONE,         true },
                {'%', SPAN_LIT("%"),     true },
	};

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (plain[i].escape != c)
			continue;
		if (plain[i].fixed)
			buf_add(f->out, plain[i].text);
		else
			add_encoded(f->out, plain[i].text);
		return true;
	}
	return false;
}

/* A blank or another octet that no URL has, from a pattern that has it: encoded. */
static void add_literal(struct buf *out, char c)
{
	if (c > ' ' && c < 0x7F)
		buf_u8(out, (uint8_t)c);
	else
		buf_printf(out, "%%%02X", (unsigned)(uint8_t)c);
}

/* What stands behind the percent sign and its letter is in rest. False: that is no escape. */
static bool fill_one(struct filling *f, char letter, struct span *rest)
{
	return letter == '#' ? add_meta(f, rest) : add_escape(f, letter) || add_plain(f, letter);
}

void dlr_url_fill(struct span pattern, const struct dlr_report *report, struct buf *out)
{
	struct filling f = {
		.report = report, .pattern = pattern, .words = report->answer, .out = out};
	struct span rest = pattern;

	(void)next_word(&f.words); /* the first one is %k's */
	while (rest.len) {
		size_t skip = rest.len > 1 ? 2 : 1;
		struct span behind = {rest.ptr + skip, rest.len - skip};

		if (rest.ptr[0] == '%' && skip == 2 && fill_one(&f, rest.ptr[1], &behind)) {
			rest = behind;
		} else {
			add_literal(out, *rest.ptr);
			rest.ptr++;
			rest.len--;
		}
	}
}

bool dlr_url_valid(struct span url)
{
	static const char *const schemes[] = {"http://", "https://"};
	size_t skip = 0;

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (url.len > strlen(schemes[i]) &&
		    strncasecmp(url.ptr, schemes[i], strlen(schemes[i])) == 0)
			skip = strlen(schemes[i]);
	for (size_t i = 0; i < url.len; i++)
		if (iscntrl((unsigned char)url.ptr[i]))
			return false;
	return skip && utf8_valid(url);
}

/* A receipt that says the failure came after the SMSC had taken it. */
static bool is_receipt(const struct log_event *status)
{
	return span_starts(status->code, SPAN_LIT("smpp.dlr."));
}

/* What a status says without a receipt, and with one; 0: it is on its way, or not known. */
static const struct {
	uint8_t plain, by_receipt;
} types[STATUS_COUNT] = {
	[STATUS_SENT] = {DLR_ACCEPTED,    DLR_BUFFERED   },
	[STATUS_DELIVERED] = {DLR_DELIVERED,   DLR_DELIVERED  },
	[STATUS_READ] = {DLR_DELIVERED,   DLR_DELIVERED  },
	[STATUS_UNDELIVERED] = {DLR_UNDELIVERED, DLR_UNDELIVERED},
	[STATUS_FAILED] = {DLR_REJECTED,    DLR_UNDELIVERED},
	[STATUS_CANCELED] = {DLR_REJECTED,    DLR_UNDELIVERED},
};

unsigned dlr_type_of(const struct log_event *status)
{
	/* With a code a part of it failed for good, else others are still on their way. */
	if (status->status == STATUS_PARTIALLY_DELIVERED)
		return status->code.len ? DLR_UNDELIVERED : 0;
	return is_receipt(status) ? types[status->status].by_receipt : types[status->status].plain;
}

/* The code of a refusal without what names its protocol. */
static struct span bare_code(struct span code)
{
	struct span prefix = SPAN_LIT("smpp.");

	if (!span_starts(code, prefix))
		return code;
	return (struct span){code.ptr + prefix.len, code.len - prefix.len};
}

static const struct {
	enum dlr_type type;
	const char *stat;
} stats[] = {
	{DLR_DELIVERED,   "DELIVRD"},
        {DLR_UNDELIVERED, "UNDELIV"},
        {DLR_BUFFERED,    "ENROUTE"}
};

/* "smpp.dlr." is followed by a state ("EXPIRED"), an error ("069"), or both ("EXPIRED.069"). */
static void receipt_words(enum dlr_type type, const struct log_event *status, struct span *stat,
                          struct span *error)
{
	struct span code = status->code, word, rest;

	*error = SPAN_LIT("000");
	for (size_t i = 0; i < ARRAY_LEN(stats); i++)
		if (stats[i].type == type)
			*stat = span_of(stats[i].stat);
	if (!is_receipt(status))
		return;
	code.ptr += strlen("smpp.dlr.");
	code.len -= strlen("smpp.dlr.");
	word = span_split(code, '.', &rest);
	if (word.len && isalpha((unsigned char)*word.ptr) && word.len == stat->len) {
		*stat = word;
		code = rest;
	}
	if (code.len)
		*error = code;
}

/* YYMMDDhhmm */
static void short_date(uint64_t ts_ms, char out[16])
{
	time_t seconds = (time_t)(ts_ms / 1000);
	char text[24];
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(text, sizeof(text), "%Y%m%d%H%M", &utc);
	snprintf(out, 16, "%.10s", strlen(text) > 2 ? text + 2 : "");
}

void dlr_answer(enum dlr_type type, const struct log_event *status, struct span foreign_id,
                uint64_t sent_ms, char out[DLR_ANSWER_MAX])
{
	struct span stat = SPAN_NONE, error;
	char submitted[16], done[16];

	if (type == DLR_ACCEPTED) {
		snprintf(out, DLR_ANSWER_MAX, "ACK/");
	} else if (type == DLR_REJECTED) {
		struct span code = bare_code(status->code);

		snprintf(out, DLR_ANSWER_MAX, "NACK/%.*s%s%.*s", SPAN_FMT(code),
		         status->reason.len ? "/" : "", SPAN_FMT(status->reason));
	} else {
		receipt_words(type, status, &stat, &error);
		short_date(sent_ms, submitted);
		short_date(status->ts_ms, done);
		snprintf(out, DLR_ANSWER_MAX,
		         "id:%.*s sub:001 dlvrd:%s submit date:%s done date:%s stat:%.*s err:%.*s "
		         "text:",
		         SPAN_FMT(foreign_id), type == DLR_DELIVERED ? "001" : "000", submitted,
		         done, SPAN_FMT(stat), SPAN_FMT(error));
	}
}
