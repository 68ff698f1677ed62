/*
 * One pass over the text: a piece begins at a digit, a letter, a sign of money or a plus, and takes
 * what belongs to it, a unit or the rest of a date behind it too. What may be read in two ways is
 * given its form without a value.
 */
#include "given_pieces.h"

#include "utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { DAYS_NEAR = 31, PHONE_LEAST = 7 };

static const char *const yuan_units[] = {"元钱", "块钱", "人民币", "元",   "块", "圆",
                                         "yuan", "rmb",  "cny",    "kuai", NULL};
static const char *const other_units[] = {
	"万",      "千",     "百", "亿", "美元", "美金",  "港币",    "港元", "欧元",  "日元",
	"英镑",    "k",      "w",  "m",  "usd",  "hkd",   "eur",     "euro", "euros", "dollar",
	"dollars", "pounds", "$",  "€",  "£",    "bucks", "million", NULL};
static const char *const yuan_signs[] = {"¥", "￥", "rmb", "cny", "人民币", NULL};
static const char *const other_signs[] = {"$", "€", "£", "usd", "hkd", "eur", "gbp", NULL};
static const char *const per_cent[] = {"%", "‰", NULL};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_alnum(char c)
{
	return is_digit(c) || is_letter(c);
}

static struct span skip(struct span s, size_t octets)
{
	octets = octets < s.len ? octets : s.len;
	return (struct span){s.ptr + octets, s.len - octets};
}

static struct span skip_blanks(struct span s)
{
	while (s.len && s.ptr[0] == ' ')
		s = skip(s, 1);
	return s;
}

static size_t digits_at(struct span s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.ptr[n]))
		n++;
	return n;
}

static int number(struct span s, size_t digits)
{
	int n = 0;

	for (size_t i = 0; i < digits && i < 6; i++)
		n = n * 10 + (s.ptr[i] - '0');
	return n;
}

size_t given_begins(struct span text, const char *const *words)
{
	for (; *words; words++) {
		size_t len = strlen(*words);

		if (text.len < len || strncasecmp(text.ptr, *words, len) != 0)
			continue;
		if (!is_letter((*words)[len - 1]) || len == text.len || !is_alnum(text.ptr[len]))
			return len;
	}
	return 0;
}

size_t given_ends(struct span text, const char *const *words)
{
	for (; *words; words++) {
		size_t len = strlen(*words), from = text.len - len;

		if (text.len < len || strncasecmp(text.ptr + from, *words, len) != 0)
			continue;
		if (!is_letter((*words)[0]) || !from || !is_alnum(text.ptr[from - 1]))
			return len;
	}
	return 0;
}

/* --- days and hours --------------------------------------------------------------------------- */

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Days since a day long past. */
static int day_number(int year, int month, int day)
{
	int y = month > 2 ? year : year - 1, m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1;
}

static bool is_day(int year, int month, int day)
{
	return year >= 1900 && year <= 2199 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days_in(year, month);
}

static void put_day(struct given_piece *p, int year, int month, int day)
{
	p->form = GIVEN_DATE;
	p->plain = is_day(year, month, day);
	if (p->plain)
		snprintf(p->value, sizeof(p->value), "%04d-%02d-%02d", year, month, day);
}

/* A day without a year is this or that year's only when it is near: "11月20日" in November. */
static void put_near_day(struct given_piece *p, const struct tm *today, int month, int day)
{
	int year = today->tm_year + 1900;
	int now = day_number(year, today->tm_mon + 1, today->tm_mday);

	p->form = GIVEN_DATE;
	for (int y = year - 1; y <= year + 1; y++)
		if (is_day(y, month, day) && abs(day_number(y, month, day) - now) <= DAYS_NEAR)
			put_day(p, y, month, day);
}

static void put_hour(struct given_piece *p, int hour, int minute)
{
	p->form = GIVEN_TIME;
	p->plain = hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
	if (p->plain)
		snprintf(p->value, sizeof(p->value), "%02d:%02d", hour, minute);
}

/* The half of the day that stands before or behind: 'a', 'p', 0 for none said. */
static char half_of(struct span before, struct span behind)
{
	static const char *const mornings[] = {"上午", "早上", "凌晨", "清晨", "早晨", NULL};
	static const char *const afternoons[] = {"下午", "傍晚", "晚上", "今晚", "明晚", NULL};
	static const char *const am[] = {"am", "a.m.", NULL}, *const pm[] = {"pm", "p.m.", NULL};

	if (given_ends(before, mornings) || given_begins(skip_blanks(behind), am))
		return 'a';
	return given_ends(before, afternoons) || given_begins(skip_blanks(behind), pm) ? 'p' : 0;
}

/* sure: without a half it is of 24 hours. Twelve at night is nobody knows which day's. */
static void put_half_hour(struct given_piece *p, int hour, int minute, char half, bool sure)
{
	p->form = GIVEN_TIME;
	if (hour > 12 || (!half && sure))
		put_hour(p, hour, minute);
	else if (half && hour < 12)
		put_hour(p, half == 'p' ? hour + 12 : hour, minute);
}

/* --- what stands behind a number in Chinese --------------------------------------------------- */

static bool takes(struct span *rest, const char *mark)
{
	size_t len = strlen(mark);

	if (!span_starts(*rest, span_of(mark)))
		return false;
	*rest = skip(*rest, len);
	return true;
}

/* Takes one or two digits and a mark behind them; -1: they are not there. */
static int takes_number(struct span *rest, const char *mark)
{
	size_t digits = digits_at(*rest);
	struct span behind = skip(*rest, digits);
	int n = number(*rest, digits);

	if (!digits || digits > 2 || !takes(&behind, mark))
		return -1;
	*rest = behind;
	return n;
}

/* "2026年11月22日", "11月22号", "11月", "22号"; false: none of it. */
static bool chinese_date(struct given_piece *p, struct span digits, struct span rest,
                         const struct tm *today)
{
	struct span from = {digits.ptr, digits.len + rest.len}, at = from;
	int year = 0, month, day;

	if (digits.len == 4 && takes(&rest, "年")) {
		year = number(digits, 4);
		at = rest;
	}
	month = takes_number(&at, "月");
	day = takes_number(&at, "日");
	if (day < 0)
		day = takes_number(&at, "号");
	if (!year && month < 0 && day < 0)
		return false;
	p->at.len = (size_t)(at.ptr - from.ptr);
	p->form = GIVEN_DATE;
	if (year)
		put_day(p, year, month, day);
	else if (month > 0 && day > 0)
		put_near_day(p, today, month, day);
	return true;
}

/* "18点30分", "下午3点半"; false: none of it. */
static bool chinese_time(struct span before, struct given_piece *p, struct span digits,
                         struct span rest)
{
	char half = half_of(before, SPAN_NONE);
	int minute = 0;

	if (digits.len > 2 || !(takes(&rest, "点") || takes(&rest, "點")))
		return false;
	takes(&rest, "钟");
	if (takes(&rest, "半")) {
		minute = 30;
	} else if (digits_at(rest)) {
		minute = takes_number(&rest, "分");
		if (minute < 0) {
			minute = number(rest, digits_at(rest));
			rest = skip(rest, digits_at(rest));
		}
	}
	p->at.len = (size_t)(rest.ptr - p->at.ptr);
	put_half_hour(p, number(digits, digits.len), minute, half, false);
	return true;
}

/* --- dates in English ------------------------------------------------------------------------- */

/* The month that a word at the front names, and its octets; 0: none. */
static int month_at(struct span s, size_t *len)
{
	static const char *const names[] = {"january",   "february", "march",    "april",
	                                    "may",       "june",     "july",     "august",
	                                    "september", "october",  "november", "december"};
	size_t n = 0;

	while (n < s.len && is_letter(s.ptr[n]))
		n++;
	*len = n;
	for (int i = 0; i < 12; i++)
		if ((n == 3 || n == strlen(names[i]) || (i == 8 && n == 4)) &&
		    strncasecmp(s.ptr, names[i], n) == 0)
			return i + 1;
	return 0;
}

/* Takes "22", "22nd"; 0: no day. */
static int takes_day(struct span *rest)
{
	static const char *const ordinals[] = {"st", "nd", "rd", "th", NULL};
	size_t digits = digits_at(*rest), suffix;
	struct span behind = skip(*rest, digits);
	int day = number(*rest, digits);

	if (!digits || digits > 2)
		return 0;
	suffix = given_begins(behind, ordinals);
	if (!suffix && behind.len && is_alnum(behind.ptr[0]))
		return 0;
	*rest = skip(behind, suffix);
	return day;
}

static int takes_year(struct span *rest)
{
	struct span at = *rest;

	while (at.len && (at.ptr[0] == ' ' || at.ptr[0] == ','))
		at = skip(at, 1);
	if (digits_at(at) != 4 || number(at, 4) < 1900 || number(at, 4) > 2199)
		return 0;
	*rest = skip(at, 4);
	return number(at, 4);
}

/* "Nov 22, 2026", "22nd of November"; false: none of it. */
static bool english_date(struct given_piece *p, struct span from, const struct tm *today)
{
	static const char *const ofs[] = {"of", NULL};
	struct span rest = from;
	size_t len = 0;
	int month = month_at(rest, &len), day, year;

	rest = skip_blanks(skip(rest, month ? len : 0));
	day = takes_day(&rest);
	if (!month) {
		rest = skip_blanks(rest);
		rest = skip_blanks(skip(rest, given_begins(rest, ofs)));
		month = month_at(rest, &len);
		rest = skip(rest, len);
	}
	if (!month || !day)
		return false;
	year = takes_year(&rest);
	p->at.len = (size_t)(rest.ptr - from.ptr);
	if (year)
		put_day(p, year, month, day);
	else
		put_near_day(p, today, month, day);
	return true;
}

/* --- one piece -------------------------------------------------------------------------------- */

/* Whether what stands at i of a run belongs to it though it is no letter and no digit: each mark
 * only between what it joins. */
static bool joins(struct span s, size_t i)
{
	char before = ' ', behind = ' ';
	size_t group = 0;

	if (i)
		before = s.ptr[i - 1];
	if (i + 1 < s.len)
		behind = s.ptr[i + 1];
	switch (s.ptr[i]) {
	case '-':
		return is_alnum(before) && is_alnum(behind);
	case '.':
	case ':':
	case '/':
		return is_digit(before) && is_digit(behind);
	case ',':
		while (group < i && is_digit(s.ptr[i - 1 - group]))
			group++;
		return group >= 1 && group <= 3 && digits_at(skip(s, i + 1)) == 3;
	default:
		return false;
	}
}

static struct span run_at(struct span s)
{
	size_t n = s.len && s.ptr[0] == '+';

	while (n < s.len && (is_alnum(s.ptr[n]) || joins(s, n)))
		n++;
	return (struct span){s.ptr, n};
}

/* The run by a pattern: 9 stands for a digit, * for one or two, everything else for itself. */
static bool like(struct span s, const char *pattern)
{
	for (; *pattern; pattern++) {
		size_t digits = digits_at(s);

		if (*pattern == '*' ? digits < 1 || digits > 2
		                    : !s.len || (*pattern == '9' ? !digits : s.ptr[0] != *pattern))
			return false;
		s = skip(s, *pattern == '*' ? digits : 1);
	}
	return !s.len;
}

/* "2026-11-22"; what has no year, or its parts in an order that is not told, has no value. */
static bool written_date(struct given_piece *p)
{
	static const char *const whole[] = {"9999-*-*", "9999/*/*", "9999.*.*"};
	static const char *const vague[] = {"*/*",    "*/*/9999", "*-*-9999", "*/*/99",
	                                    "9999-*", "9999/*",   "*-*"};
	struct span s = p->at;

	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (like(s, whole[i])) {
			struct span month = skip(s, 5);
			size_t digits = digits_at(month);
			struct span day = skip(month, digits + 1);

			put_day(p, number(s, 4), number(month, digits), number(day, day.len));
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(vague); i++)
		if (like(s, vague[i])) {
			p->form = GIVEN_DATE;
			return true;
		}
	return false;
}

static bool written_time(struct given_piece *p, struct span before, struct span behind)
{
	size_t digits = digits_at(p->at);

	if (like(p->at, "*:99")) {
		put_half_hour(p, number(p->at, digits), number(skip(p->at, digits + 1), 2),
		              half_of(before, behind), digits == 2);
		return true;
	}
	if (digits && digits <= 2 && p->at.len == digits + 2 &&
	    half_of(SPAN_NONE, skip(p->at, digits))) {
		put_half_hour(p, number(p->at, digits), 0, half_of(SPAN_NONE, skip(p->at, digits)),
		              false);
		return true;
	}
	return false;
}

/* "1,280.00", "1280", "5.5". */
static bool is_money_number(struct span s, bool *written_as_money)
{
	size_t digits = digits_at(s), decimals;

	*written_as_money = false;
	if (!digits)
		return false;
	for (s = skip(s, digits); s.len && s.ptr[0] == ','; s = skip(s, 4))
		*written_as_money = true;
	if (!s.len)
		return true;
	decimals = digits_at(skip(s, 1));
	if (decimals == 2)
		*written_as_money = true;
	return s.ptr[0] == '.' && decimals && decimals + 1 == s.len;
}

static void copy_value(struct given_piece *p, struct span value)
{
	p->plain = value.len < sizeof(p->value);
	if (p->plain)
		snprintf(p->value, sizeof(p->value), "%.*s", SPAN_FMT(value));
}

static bool written_money(struct given_piece *p, struct span before, struct span behind)
{
	bool as_money;

	if (!is_money_number(p->at, &as_money))
		return false;
	behind = skip_blanks(behind);
	before = span_trim(before);
	if (given_begins(behind, other_units) || given_ends(before, other_signs)) {
		p->form = GIVEN_AMOUNT;
		return true;
	}
	if (!as_money && !given_begins(behind, yuan_units) && !given_ends(before, yuan_signs))
		return false;
	p->form = GIVEN_AMOUNT;
	copy_value(p, p->at);
	return true;
}

/* Digits, dashes, letters. */
static void name_form(struct given_piece *p)
{
	size_t i = p->at.ptr[0] == '+', letters = 0, others = 0;

	for (; i < p->at.len; i++) {
		letters += is_letter(p->at.ptr[i]);
		others += !is_alnum(p->at.ptr[i]) && p->at.ptr[i] != '-';
	}
	p->form = others ? GIVEN_OTHER : letters ? GIVEN_WORD : GIVEN_DIGITS;
	copy_value(p, p->at);
}

static bool has_digit(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_digit(s.ptr[i]))
			return true;
	return false;
}

static bool is_link(struct span s)
{
	static const char *const begins[] = {"http://", "https://", "www."};

	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (s.len > strlen(begins[i]) &&
		    strncasecmp(s.ptr, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static struct span link_at(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] > ' ' && s.ptr[n] < 0x7F)
		n++;
	while (n && strchr(".,;:!?)\"'", s.ptr[n - 1]))
		n--;
	return (struct span){s.ptr, n};
}

/* The piece at the front of rest; false: there is none, and at is what to pass over. */
static bool read_piece(struct given_text *g, struct span rest, const struct tm *today,
                       struct given_piece *p)
{
	struct span before = {g->text.ptr, (size_t)(rest.ptr - g->text.ptr)}, behind;

	*p = (struct given_piece){.at = run_at(rest), .form = GIVEN_OTHER};
	if (is_link(rest)) {
		p->at = link_at(rest);
		p->form = GIVEN_LINK;
		copy_value(p, p->at);
		return true;
	}
	if (english_date(p, rest, today))
		return true;
	if (!has_digit(p->at))
		return false;
	behind = skip(rest, p->at.len);
	if (given_begins(behind, per_cent))
		return false;
	if (digits_at(p->at) == p->at.len &&
	    (chinese_date(p, p->at, behind, today) || chinese_time(before, p, p->at, behind)))
		return true;
	if (!written_date(p) && !written_time(p, before, behind) &&
	    !written_money(p, before, behind))
		name_form(p);
	return true;
}

/* --- the text --------------------------------------------------------------------------------- */

/* Full width to half width. A comma of Chinese ends what stands before it. */
static void fold(struct span text, struct given_text *out)
{
	size_t len = 0;
	uint32_t code;

	while (text.len) {
		struct span from = text;

		if (utf8_next(&text, &code))
			break;
		if (code == 0xFF0C || code == 0x3000 || code == 0xA0)
			out->octets[len++] = ' ';
		else if (code > 0xFF00 && code < 0xFF5F)
			out->octets[len++] = (char)(code - 0xFEE0);
		else
			for (; from.ptr < text.ptr; from.ptr++)
				out->octets[len++] = from.ptr[0];
	}
	out->text = (struct span){out->octets, len};
}

void given_cut(struct span text, const struct tm *today, struct given_text *out)
{
	struct given_piece p;
	struct span rest;

	out->count = 0;
	out->cut = false;
	fold(text, out);
	for (rest = out->text; rest.len;) {
		if (!is_alnum(rest.ptr[0]) &&
		    !(rest.ptr[0] == '+' && rest.len > 1 && is_digit(rest.ptr[1]))) {
			rest = skip(rest, 1);
			continue;
		}
		if (read_piece(out, rest, today, &p)) {
			if (out->count == GIVEN_PIECES_MAX) {
				out->cut = true;
				return;
			}
			out->pieces[out->count++] = p;
		}
		rest = skip(rest, p.at.len ? p.at.len : 1);
	}
}
