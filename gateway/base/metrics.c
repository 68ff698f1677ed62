/* The registry of series; small, so a list that is searched only when a series is first asked for.
 */
#include "metrics.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SERIES_MAX = 4096,
	BUCKETS = 22 /* 1 us, 2 us, 4 us ... 2 s; the last one takes the rest */
};

struct histogram {
	uint64_t bucket[BUCKETS];
	uint64_t sum_us, count;
};

struct series {
	struct series *next;
	struct family *family;
	char *value, *value2;
	uint64_t number;
	struct histogram *histogram;
};

struct family {
	struct family *next;
	const char *name, *help, *label, *label2, *type;
	struct series *series;
};

static struct family *families;
static size_t series_count;
static struct series overflow;

static struct family *family_of(const char *type, const char *name, const char *help,
                                const char *label, const char *label2)
{
	struct family **at = &families;

	for (; *at; at = &(*at)->next)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	*at = calloc(1, sizeof(**at));
	if (*at)
		**at = (struct family){
			.name = name, .help = help, .label = label, .label2 = label2, .type = type};
	return *at;
}

static struct series *series_add(struct series **at, struct family *family, const char *value,
                                 const char *value2)
{
	struct series *s;

	if (series_count >= SERIES_MAX)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s || (value && !(s->value = strdup(value))) ||
	    (value2 && !(s->value2 = strdup(value2)))) {
		if (s)
			free(s->value);
		free(s);
		return NULL;
	}
	s->family = family;
	series_count++;
	*at = s;
	return s;
}

static struct series *series_of(const char *type, const char *name, const char *help,
                                const char *label, const char *value, const char *label2,
                                const char *value2)
{
	struct family *family = family_of(type, name, help, label, label2);
	struct series **at;
	struct series *s;

	if (!family)
		return &overflow;
	for (at = &family->series; *at; at = &(*at)->next)
		if ((!value || strcmp((*at)->value, value) == 0) &&
		    (!value2 || strcmp((*at)->value2, value2) == 0))
			return *at;
	s = series_add(at, family, value, value2);
	return s ? s : &overflow;
}

uint64_t *metric_get(enum metric_type type, const char *name, const char *help, const char *label,
                     const char *value)
{
	assert(!label == !value);
	return &series_of(type == METRIC_COUNTER ? "counter" : "gauge", name, help, label, value,
	                  NULL, NULL)
	                ->number;
}

uint64_t *metric_get2(enum metric_type type, const char *name, const char *help, const char *label,
                      const char *value, const char *label2, const char *value2)
{
	assert(label && value && label2 && value2);
	return &series_of(type == METRIC_COUNTER ? "counter" : "gauge", name, help, label, value,
	                  label2, value2)
	                ->number;
}

struct histogram *metric_histogram(const char *name, const char *help, const char *label,
                                   const char *value)
{
	static struct histogram spare;
	struct series *s = series_of("histogram", name, help, label, value, NULL, NULL);

	if (s == &overflow)
		return &spare;
	if (!s->histogram)
		s->histogram = calloc(1, sizeof(*s->histogram));
	return s->histogram ? s->histogram : &spare;
}

void histogram_add_us(struct histogram *h, uint64_t us)
{
	unsigned i = 0;

	while (i < BUCKETS - 1 && us > UINT64_C(1) << i)
		i++;
	h->bucket[i]++;
	h->sum_us += us;
	h->count++;
}

static void add_label_value(struct buf *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			buf_u8(out, '\\');
		if (*value == '\n')
			buf_str(out, "\\n");
		else
			buf_u8(out, (uint8_t)*value);
	}
}

/* {label="value",label2="value2",le="0.001"} with whichever of them there is. */
static void add_labels(struct buf *out, const struct series *s, const char *le)
{
	if (!s->value && !le)
		return;
	buf_u8(out, '{');
	if (s->value) {
		buf_printf(out, "%s=\"", s->family->label);
		add_label_value(out, s->value);
		buf_u8(out, '"');
	}
	if (s->value2) {
		buf_printf(out, ",%s=\"", s->family->label2);
		add_label_value(out, s->value2);
		buf_u8(out, '"');
	}
	if (le)
		buf_printf(out, "%sle=\"%s\"", s->value ? "," : "", le);
	buf_u8(out, '}');
}

static void write_histogram(struct buf *out, const struct series *s)
{
	const struct histogram *h = s->histogram;
	uint64_t total = 0;
	char le[32];

	for (unsigned i = 0; h && i < BUCKETS; i++) {
		total += h->bucket[i];
		if (i < BUCKETS - 1)
			snprintf(le, sizeof(le), "%.6f", (double)(UINT64_C(1) << i) / 1e6);
		buf_printf(out, "%s_bucket", s->family->name);
		add_labels(out, s, i < BUCKETS - 1 ? le : "+Inf");
		buf_printf(out, " %llu\n", (unsigned long long)total);
	}
	buf_printf(out, "%s_sum", s->family->name);
	add_labels(out, s, NULL);
	buf_printf(out, " %.6f\n", h ? (double)h->sum_us / 1e6 : 0.0);
	buf_printf(out, "%s_count", s->family->name);
	add_labels(out, s, NULL);
	buf_printf(out, " %llu\n", h ? (unsigned long long)h->count : 0ULL);
}

static void write_number(struct buf *out, const struct series *s)
{
	buf_str(out, s->family->name);
	add_labels(out, s, NULL);
	buf_printf(out, " %llu\n", (unsigned long long)s->number);
}

void metrics_write(struct buf *out)
{
	for (const struct family *f = families; f; f = f->next) {
		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, f->type);
		for (const struct series *s = f->series; s; s = s->next) {
			if (strcmp(f->type, "histogram") == 0)
				write_histogram(out, s);
			else
				write_number(out, s);
		}
	}
}
