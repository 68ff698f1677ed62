/*
 * The order among a rule's accounts is weighted rendezvous hashing: each gets a number from the
 * customer's and its own name, stretched by its weight, and the greatest leads. So the share of
 * each follows its weight, a customer keeps its account without anybody remembering it, and a
 * change of one account moves its own customers only.
 */
#include "route_table.h"

#include <math.h>

const char *const route_class_names[] = {"reply", "confirmation", "campaign", "flash", NULL};

int route_class_parse(struct span name, enum route_class *out)
{
	for (unsigned i = 0; route_class_names[i]; i++)
		if (span_is(name, route_class_names[i])) {
			*out = (enum route_class)i;
			return 0;
		}
	return -EINVAL;
}

static const struct {
	char letter;
	const char *name;
} healths[] = {
	[HEALTH_DOWN] = {'d', "down"     },
	[HEALTH_FAILING] = {'f', "failing"  },
	[HEALTH_THROTTLED] = {'t', "throttled"},
	[HEALTH_PROBING] = {'p', "probing"  },
	[HEALTH_UP] = {'u', "up"       },
};

const char *health_name(enum route_health health)
{
	return healths[health].name;
}

enum route_health health_parse(struct span letter)
{
	for (size_t i = 0; letter.len && i < ARRAY_LEN(healths); i++)
		if (healths[i].letter == letter.ptr[0])
			return (enum route_health)i;
	return HEALTH_DOWN;
}

/* --- Rules ------------------------------------------------------------------------------------ */

static bool has_class(const struct router_rule *rule, enum route_class class)
{
	for (char **c = rule->classes; c && *c; c++)
		if (strcmp(*c, route_class_names[class]) == 0)
			return true;
	return !rule->classes || !rule->classes[0];
}

static bool fits(const struct router_rule *rule, struct span number, struct span carrier,
                 enum route_class class)
{
	return span_starts(number, span_of(rule->prefix)) &&
	       (!rule->carrier || span_is(carrier, rule->carrier)) && has_class(rule, class);
}

/* The longest prefix first; then who names the operator, then who names a class. */
static size_t exactness(const struct router_rule *rule)
{
	return 4 * span_of(rule->prefix).len + (rule->carrier ? 2U : 0U) +
	       (rule->classes && rule->classes[0] ? 1U : 0U);
}

static const struct router_rule *find_rule(const struct router_routes *routes, struct span number,
                                           struct span carrier, enum route_class class)
{
	const struct router_rule *rules = routes->rules.items, *best = NULL;

	for (size_t i = 0; i < routes->rules.count; i++)
		if (fits(&rules[i], number, carrier, class) &&
		    (!best || exactness(&rules[i]) > exactness(best)))
			best = &rules[i];
	return best;
}

/* --- Accounts --------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

static uint64_t hash(uint64_t h, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.ptr[i]) * UINT64_C(1099511628211);
	return h;
}

/* Who has no weight stands by, in the order of the list. */
static double rank(struct span number, const struct router_target *target, size_t place)
{
	uint64_t h =
		mix(hash(hash(UINT64_C(14695981039346656037), number), span_of(target->channel)));
	double u = ((double)(h >> 11) + 0.5) / 9007199254740992.0; /* in (0, 1) */

	return target->weight > 0 ? -(double)target->weight / log(u) : -1.0 - (double)place;
}

static void insert(struct route_decision *d, const struct route_candidate *c)
{
	size_t at = d->count++;

	for (; at > 0 && d->candidates[at - 1].rank < c->rank; at--)
		d->candidates[at] = d->candidates[at - 1];
	d->candidates[at] = *c;
}

static size_t choose(const struct route_decision *d, const char *last)
{
	size_t best = 0;

	for (size_t i = 0; i < d->count; i++) {
		const struct route_candidate *c = &d->candidates[i];

		if (last && c->health == HEALTH_UP && strcmp(c->channel, last) == 0)
			return i;
		if (c->health > d->candidates[best].health)
			best = i;
	}
	return best;
}

void route_decide(const struct router_routes *routes, const struct route_numbers *numbers,
                  struct span address, enum route_class class, const char *last,
                  route_health_fn *health, void *arg, struct route_decision *out)
{
	const struct router_target *targets;
	struct span number;

	*out = (struct route_decision){0};
	span_split(address, ':', &number);
	out->carrier = route_numbers_find(numbers, number);
	out->rule = find_rule(routes, number, out->carrier, class);
	if (!out->rule)
		return;
	targets = out->rule->to.items;
	for (size_t i = 0; i < out->rule->to.count && i < ROUTE_TARGETS_MAX; i++) {
		const struct route_candidate c = {.channel = targets[i].channel,
		                                  .weight = targets[i].weight,
		                                  .rank = rank(number, &targets[i], i),
		                                  .health = health(arg, targets[i].channel)};

		insert(out, &c);
	}
	out->chosen = choose(out, last);
}
