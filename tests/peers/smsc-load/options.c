/* Tables (options.def): a name, where its value goes, and a sentence for the usage. */
#include "options.h"

#include <stdlib.h>

enum kind { NUMBER, NUMBER64, PORT, TEXT, FLAG, QUESTION, HABITS, PORTS };

static const struct row {
	const char *name;
	enum kind kind;
	size_t at; /* in struct load_options, or in struct smsc_habits */
	const char *what;
} rows[] = {
#define OPTION(name, kind, field, what) {name, kind, offsetof(struct load_options, field), what},
#include "options.def"
#undef OPTION
};

static const struct row habit_rows[] = {
#define HABIT(name, kind, field, what) {name, kind, offsetof(struct smsc_habits, field), what},
#include "options.def"
#undef HABIT
};

void options_usage(FILE *out)
{
	fprintf(out, "usage: smsc-load [options]\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		fprintf(out, "  --%-17s %s\n", rows[i].name, rows[i].what);
	fprintf(out, "habits:\n");
	for (size_t i = 0; i < ARRAY_LEN(habit_rows); i++)
		fprintf(out, "  %-19s %s\n", habit_rows[i].name, habit_rows[i].what);
}

/* Decimal, or 0x and hexadecimal. */
static bool read_number(const char *text, uint64_t most, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno && *out <= most;
}

static bool set_value(enum kind kind, void *at, const char *text)
{
	uint64_t n = 0;

	switch (kind) {
	case NUMBER:
		if (!read_number(text, 100000000, &n))
			return false;
		*(unsigned *)at = (unsigned)n;
		return true;
	case NUMBER64:
		return read_number(text, UINT64_MAX, at);
	case PORT:
		if (!read_number(text, UINT16_MAX, &n))
			return false;
		*(uint16_t *)at = (uint16_t)n;
		return true;
	case TEXT:
		*(const char **)at = text;
		return true;
	case FLAG:
		*(bool *)at = true;
		return true;
	case QUESTION:
	case HABITS:
	case PORTS:
		break;
	}
	return false;
}

static bool set_habit(struct smsc_habits *h, char *item)
{
	char *value = strchr(item, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < ARRAY_LEN(habit_rows); i++) {
		const struct row *row = &habit_rows[i];

		if (strcmp(row->name, item) != 0)
			continue;
		h->throttles |= row->at == offsetof(struct smsc_habits, throttle);
		return (value || row->kind == FLAG) &&
		       set_value(row->kind, (char *)h + row->at, value ? value : "");
	}
	return false;
}

static bool set_habits(struct load_options *o, const char *arg)
{
	char text[256], *rest, *item;
	const char *colon = strchr(arg, ':');
	uint64_t which = 0;
	bool all = *arg == '*';

	if (!colon || strlen(arg) >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%s", arg);
	text[colon - arg] = '\0';
	if (!all && !read_number(text, LOAD_OPERATORS - 1, &which))
		return false;
	for (unsigned k = 0; k < LOAD_OPERATORS; k++) {
		if (!all && k != which)
			continue;
		snprintf(text, sizeof(text), "%s", colon + 1);
		rest = text;
		while ((item = strsep(&rest, ",")) != NULL)
			if (!set_habit(&o->habits[k], item))
				return false;
	}
	return true;
}

static bool set_ports(struct load_options *o, const char *arg)
{
	unsigned k = 0;
	char *end;

	for (const char *at = arg; *at; at = *end ? end + 1 : end) {
		unsigned long n = strtoul(at, &end, 10);

		if (end == at || n > UINT16_MAX || k == LOAD_OPERATORS || (*end && *end != ','))
			return false;
		o->ports[k++] = (uint16_t)n;
	}
	return k > 0;
}

static bool add_text(struct load_options *o, const char *text)
{
	if (o->crowd.text_count == CROWD_TEXTS)
		return false;
	o->crowd.texts[o->crowd.text_count++] = text;
	return true;
}

/* The option at argv[i]; how many words it took, 0: not understood. */
static int take(struct load_options *o, char **argv, int i)
{
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		const struct row *row = &rows[r];
		const char *value = argv[i + 1];
		bool ok;

		if (strncmp(argv[i], "--", 2) != 0 || strcmp(row->name, argv[i] + 2) != 0)
			continue;
		if (row->kind == FLAG)
			return set_value(FLAG, (char *)o + row->at, "") ? 1 : 0;
		if (!value)
			return 0;
		ok = row->kind == HABITS     ? set_habits(o, value)
		     : row->kind == PORTS    ? set_ports(o, value)
		     : row->kind == QUESTION ? add_text(o, value)
		                             : set_value(row->kind, (char *)o + row->at, value);
		return ok ? 2 : 0;
	}
	return 0;
}

static void set_defaults(struct load_options *o)
{
	o->smsc.host = o->posts.host = "127.0.0.1";
	o->smsc.system_id = "posthouse";
	o->smsc.password = "secret";
	o->operators = 1;
	o->crowd.short_code = "95500";
	o->crowd.first_number = 8613800000000;
	o->crowd.numbers = 20000;
	o->crowd.window = 200;
	o->posts.request = "POST /v1/messages HTTP/1.1\r\nHost: load\r\n";
	o->posts.channel = "op";
	o->posts.channels = 1;
	o->posts.first_number = 8618600000000;
	o->posts.count = 4000000;
	o->posts.connections = 64;
	o->seconds = 10;
	o->warmup_s = 2;
	o->linger_s = 5;
	o->wait_s = 30;
}

bool options_parse(int argc, char **argv, struct load_options *o)
{
	*o = (struct load_options){0};
	set_defaults(o);
	for (int i = 1, took; i < argc; i += took) {
		took = take(o, argv, i);
		if (!took)
			return false;
	}
	if (!o->crowd.text_count)
		add_text(o, "How do I activate my new card?");
	return o->operators <= LOAD_OPERATORS && o->crowd.window && o->seconds && o->posts.channels;
}
