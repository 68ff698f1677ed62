/*
 * The octets: a head (magic, engine, key, checksum of the body), then the body, whose seven counts
 * in front give its size exactly. Network byte order; floats as their bits. The checksum finds
 * accidents; who may write the file may also make one that passes, so everything an index is
 * made of is checked as well, and a matcher from here never reads outside its tables.
 */
#include "matcher_snapshot.h"

#include "cursor.h"
#include "hash.h"
#include "matcher_parts.h"

#include <math.h>
#include <stdlib.h>

#define MAGIC SPAN_LIT("PHMATCH3")
#define HEAD_SIZE 32

struct counts {
	uint32_t answers, modelled, features, entries, exacts, cases, networks;
};

uint64_t matcher_engine(void)
{
	static const uint64_t key[2] = {0, 0};

	return hash_keyed(key, PH_MATCHER_ENGINE, sizeof(PH_MATCHER_ENGINE) - 1);
}

uint64_t matcher_key(const struct match_source *source)
{
	uint64_t key[2] = {source->count, source->answers};

	for (size_t i = 0; i < source->count; i++) {
		key[0] = hash_keyed(key, source->samples[i].text.ptr, source->samples[i].text.len);
		key[1] = source->samples[i].answer;
	}
	key[0] = hash_keyed(key, source->handover,
	                    source->handover ? source->answers * sizeof(*source->handover) : 0);
	return hash_keyed(key, source->required, source->required ? sizeof(*source->required) : 0);
}

static uint64_t checksum(uint64_t key, struct span body)
{
	const uint64_t both[2] = {matcher_engine(), key};

	return hash_keyed(both, body.ptr, body.len);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_floats(struct buf *out, const float *from, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t bits;

		memcpy(&bits, &from[i], sizeof(bits));
		buf_u32(out, bits);
	}
}

static void write_model(const struct model *m, struct buf *out)
{
	size_t entries = m->row[m->features];

	write_floats(out, &m->idf_unknown, 1);
	for (size_t i = 0; i < MODEL_WORDS; i++)
		buf_u64(out, m->known[i]);
	write_floats(out, m->idf, m->features);
	for (size_t f = 0; f < m->features; f++)
		buf_u16(out, (uint16_t)(m->row[f + 1] - m->row[f]));
	for (size_t e = 0; e < entries; e++)
		buf_u16(out, m->entry_answer[e]);
	buf_add(out, (struct span){(const char *)m->entry_weight, entries});
	write_floats(out, m->scale, m->answers);
	write_floats(out, m->bias, m->answers);
}

static void write_network(const struct network *n, struct buf *out)
{
	size_t units = (size_t)n->features * NETWORK_UNITS;

	buf_add(out, (struct span){(const char *)n->embedding, units});
	write_floats(out, n->scale, n->features);
	write_floats(out, n->hidden, NETWORK_UNITS);
	for (size_t unit = 0; unit < NETWORK_UNITS; unit++)
		write_floats(out, n->output + unit * n->stride, n->answers);
	write_floats(out, n->bias, n->answers);
}

static uint32_t count_exacts(const struct matcher *m)
{
	uint32_t count = 0;

	for (size_t i = 0; i < m->exact_size; i++)
		count += m->exact[i].answer != EXACT_NONE;
	return count;
}

static void write_calibration(const struct calibration *c, struct buf *out)
{
	write_floats(out, c->answer.weight, CONFIDENCE_SIGNALS);
	write_floats(out, &c->answer.bias, 1);
	write_floats(out, c->menu.weight, CONFIDENCE_SIGNALS);
	write_floats(out, &c->menu.bias, 1);
	write_floats(out, &c->zones.answer, 1);
	write_floats(out, &c->zones.menu, 1);
	buf_u8(out, c->fitted);
}

enum { CASE_RIGHT = 1, CASE_AMONG = 2, CASE_COVERED = 4, CASE_ALL = 7 };

static void write_case(const struct confidence_case *c, struct buf *out)
{
	const struct match_signals *s = &c->signals;
	const float values[CONFIDENCE_SIGNALS] = {s->top,   s->margin, s->entropy,  s->peak,
	                                          s->known, s->length, s->top_known};

	write_floats(out, values, CONFIDENCE_SIGNALS);
	buf_u8(out, (uint8_t)((c->right ? CASE_RIGHT : 0) | (c->among ? CASE_AMONG : 0) |
	                      (c->covered ? CASE_COVERED : 0)));
}

static void write_exacts(const struct matcher *m, struct buf *out)
{
	for (size_t i = 0; i < m->exact_size; i++) {
		if (m->exact[i].answer == EXACT_NONE)
			continue;
		buf_u64(out, m->exact[i].hash);
		buf_u32(out, m->exact[i].answer);
	}
}

static void write_body(const struct matcher *m, struct buf *out)
{
	buf_u32(out, m->answers);
	buf_u32(out, m->modelled);
	buf_u32(out, m->model->features);
	buf_u32(out, m->model->row[m->model->features]);
	buf_u32(out, count_exacts(m));
	buf_u32(out, (uint32_t)m->case_count);
	buf_u32(out, m->model->network ? 1 : 0);
	write_model(m->model, out);
	if (m->model->network)
		write_network(m->model->network, out);
	for (uint32_t a = 0; a < m->answers; a++)
		buf_u32(out, m->samples[a]);
	for (uint32_t a = 0; a < m->answers; a++)
		buf_u8(out, m->handover[a]);
	for (uint32_t a = 0; a < m->modelled; a++)
		buf_u32(out, m->answer_of[a]);
	write_calibration(&m->calibration, out);
	for (size_t i = 0; i < m->case_count; i++)
		write_case(&m->cases[i], out);
	write_exacts(m, out);
}

void matcher_write(const struct matcher *m, uint64_t key, struct buf *out)
{
	struct buf body;

	buf_init(&body, MATCHER_SNAPSHOT_MAX - HEAD_SIZE);
	write_body(m, &body);
	if (buf_check(&body) < 0 && !out->err)
		out->err = buf_check(&body);
	buf_add(out, MAGIC);
	buf_u64(out, matcher_engine());
	buf_u64(out, key);
	buf_u64(out, checksum(key, buf_span(&body)));
	buf_add(out, buf_span(&body));
	buf_fini(&body);
}

/* --- reading ---------------------------------------------------------------------------------- */

#define CALIBRATION_SIZE ((2 * (CONFIDENCE_SIGNALS + 1) + 2) * sizeof(float) + 1)

static uint64_t network_octets(const struct counts *n)
{
	return (NETWORK_UNITS + sizeof(float)) * (uint64_t)n->features +
	       (NETWORK_UNITS + 1) * sizeof(float) * (uint64_t)n->modelled +
	       NETWORK_UNITS * sizeof(float);
}

/* 64 bits: seven counts of 32 cannot overflow it. */
static uint64_t body_size(const struct counts *n)
{
	return (n->networks ? network_octets(n) : 0) + sizeof(float) + FEATURE_BUCKETS / 8 +
	       CALIBRATION_SIZE + (sizeof(float) + sizeof(uint16_t)) * (uint64_t)n->features +
	       (sizeof(uint16_t) + sizeof(int8_t)) * (uint64_t)n->entries +
	       (sizeof(uint32_t) + 1) * (uint64_t)n->answers +
	       (2 * sizeof(float) + sizeof(uint32_t)) * (uint64_t)n->modelled +
	       (CONFIDENCE_SIGNALS * sizeof(float) + 1) * (uint64_t)n->cases +
	       (sizeof(uint64_t) + sizeof(uint32_t)) * (uint64_t)n->exacts;
}

/* False: one of them is no number. */
static bool read_floats(struct cursor *c, float *out, size_t count)
{
	bool sound = true;

	for (size_t i = 0; i < count; i++) {
		uint32_t bits = cur_u32(c);

		memcpy(&out[i], &bits, sizeof(bits));
		sound = sound && isfinite(out[i]);
	}
	return sound;
}

/* The ranks follow from the bitmap. False: it has another number of features. */
static bool read_known(struct cursor *c, struct model *m)
{
	uint32_t rank = 0;

	for (size_t i = 0; i < MODEL_WORDS; i++) {
		m->known[i] = cur_u64(c);
		m->rank[i] = rank;
		rank += (uint32_t)__builtin_popcountll(m->known[i]);
	}
	return rank == m->features;
}

/* False: the rows are not as long as all entries together. */
static bool read_rows(struct cursor *c, struct model *m, uint32_t entries)
{
	uint64_t sum = 0;

	for (size_t f = 0; f < m->features && sum <= entries; f++) {
		sum += cur_u16(c);
		m->row[f + 1] = (uint32_t)sum;
	}
	return sum == entries;
}

/* False: an answer that there is not. */
static bool read_entries(struct cursor *c, struct model *m, uint32_t entries)
{
	bool sound = true;
	struct span weights;

	for (size_t e = 0; e < entries; e++) {
		m->entry_answer[e] = cur_u16(c);
		sound = sound && m->entry_answer[e] < m->answers;
	}
	weights = cur_octets(c, entries);
	if (weights.len)
		memcpy(m->entry_weight, weights.ptr, weights.len);
	return sound;
}

static int model_alloc(const struct counts *n, struct model **out)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	*out = m;
	m->answers = n->modelled;
	m->features = n->features;
	m->idf = calloc((size_t)n->features + 1, sizeof(*m->idf));
	m->row = calloc((size_t)n->features + 1, sizeof(*m->row));
	m->entry_answer = calloc((size_t)n->entries + 1, sizeof(*m->entry_answer));
	m->entry_weight = calloc((size_t)n->entries + 1, sizeof(*m->entry_weight));
	m->scale = calloc((size_t)n->modelled + 1, sizeof(*m->scale));
	m->bias = calloc((size_t)n->modelled + 1, sizeof(*m->bias));
	return m->idf && m->row && m->entry_answer && m->entry_weight && m->scale && m->bias
	               ? 0
	               : -ENOMEM;
}

static int read_model(struct cursor *c, const struct counts *n, struct model *m)
{
	bool sound = read_floats(c, &m->idf_unknown, 1);

	sound = read_known(c, m) && sound;
	sound = read_floats(c, m->idf, n->features) && sound;
	sound = sound && read_rows(c, m, n->entries) && read_entries(c, m, n->entries);
	sound = sound && read_floats(c, m->scale, n->modelled) &&
	        read_floats(c, m->bias, n->modelled);
	return sound ? 0 : -EBADMSG;
}

static int read_network(struct cursor *c, const struct counts *n, struct network **out)
{
	struct span embedding = cur_octets(c, (size_t)n->features * NETWORK_UNITS);
	int err = network_alloc(n->features, n->modelled, out);
	bool sound;

	if (err < 0)
		return err;
	if (embedding.len)
		memcpy((*out)->embedding, embedding.ptr, embedding.len);
	sound = read_floats(c, (*out)->scale, n->features);
	sound = read_floats(c, (*out)->hidden, NETWORK_UNITS) && sound;
	for (size_t unit = 0; unit < NETWORK_UNITS; unit++)
		sound = read_floats(c, (*out)->output + unit * (*out)->stride, n->modelled) &&
		        sound;
	sound = read_floats(c, (*out)->bias, n->modelled) && sound;
	return sound ? 0 : -EBADMSG;
}

static int read_exacts(struct cursor *c, uint32_t count, struct matcher *m)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t hash = cur_u64(c);
		uint32_t answer = cur_u32(c);

		if (answer >= m->answers)
			return -EBADMSG;
		matcher_exact_add(m, hash, answer);
	}
	return cur_check(c);
}

static int read_calibration(struct cursor *c, struct calibration *out)
{
	bool sound = read_floats(c, out->answer.weight, CONFIDENCE_SIGNALS);

	sound = read_floats(c, &out->answer.bias, 1) && sound;
	sound = read_floats(c, out->menu.weight, CONFIDENCE_SIGNALS) && sound;
	sound = read_floats(c, &out->menu.bias, 1) && sound;
	sound = read_floats(c, &out->zones.answer, 1) && sound;
	sound = read_floats(c, &out->zones.menu, 1) && sound;
	out->fitted = cur_u8(c) != 0;
	return sound ? 0 : -EBADMSG;
}

static int read_case(struct cursor *c, struct confidence_case *out)
{
	float v[CONFIDENCE_SIGNALS];
	bool sound = read_floats(c, v, CONFIDENCE_SIGNALS);
	uint8_t flags = cur_u8(c);

	*out = (struct confidence_case){
		.signals = {v[0], v[1], v[2], v[3], v[4], v[5], v[6]},
		.weight = 1.0F,
		.right = flags & CASE_RIGHT,
		.among = flags & CASE_AMONG,
		.covered = flags & CASE_COVERED,
	};
	return sound && flags <= CASE_ALL ? 0 : -EBADMSG;
}

/* What is known of each answer. */
static int read_answers(struct cursor *c, struct matcher *m)
{
	bool sound = true;

	for (uint32_t a = 0; a < m->answers; a++)
		m->samples[a] = cur_u32(c);
	for (uint32_t a = 0; a < m->answers; a++)
		m->handover[a] = cur_u8(c) != 0;
	for (uint32_t a = 0; a < m->modelled; a++) {
		m->answer_of[a] = cur_u32(c);
		sound = sound && m->answer_of[a] < m->answers;
	}
	return sound ? 0 : -EBADMSG;
}

/* The body's size was found to be right before anything was allocated for it. */
static int read_tables(struct cursor *c, const struct counts *n, struct matcher *m)
{
	int err = model_alloc(n, &m->model);

	if (err == 0)
		err = read_model(c, n, m->model);
	if (err == 0 && n->networks)
		err = read_network(c, n, &m->model->network);
	if (err == 0)
		err = read_answers(c, m);
	if (err == 0)
		err = read_calibration(c, &m->calibration);
	for (; err == 0 && m->case_count < n->cases; m->case_count++)
		err = read_case(c, &m->cases[m->case_count]);
	return err < 0 ? err : read_exacts(c, n->exacts, m);
}

static bool are_possible(const struct counts *n, size_t left)
{
	return n->answers <= MATCHER_ANSWERS_MAX && n->modelled <= n->answers &&
	       n->modelled <= MATCHER_MODELLED_MAX && n->cases <= CALIBRATION_CASES_MAX &&
	       n->features <= FEATURE_BUCKETS && n->networks <= 1 &&
	       (!n->networks || n->modelled <= NETWORK_ANSWERS_MAX) && left == body_size(n);
}

static int read_body(struct span body, struct matcher **out)
{
	struct cursor c = cur_span(body);
	struct counts n;
	struct matcher *m = NULL;
	int err;

	n.answers = cur_u32(&c);
	n.modelled = cur_u32(&c);
	n.features = cur_u32(&c);
	n.entries = cur_u32(&c);
	n.exacts = cur_u32(&c);
	n.cases = cur_u32(&c);
	n.networks = cur_u32(&c);
	if (cur_check(&c) < 0 || !are_possible(&n, cur_left(&c)))
		return -EBADMSG;
	err = matcher_alloc(&(struct matcher_sizes){n.answers, n.modelled, n.exacts, n.cases}, &m);
	if (err == 0)
		err = read_tables(&c, &n, m);
	if (err < 0)
		matcher_destroy(&m);
	else
		*out = m;
	return err;
}

int matcher_read(struct span octets, uint64_t key, struct matcher **out)
{
	struct cursor c = cur_span(octets);
	bool ours = span_eq(cur_octets(&c, MAGIC.len), MAGIC);
	uint64_t sum;

	ours = cur_u64(&c) == matcher_engine() && ours;
	ours = cur_u64(&c) == key && ours;
	sum = cur_u64(&c);
	if (cur_check(&c) < 0 || !ours || octets.len > MATCHER_SNAPSHOT_MAX)
		return -EBADMSG;
	octets = cur_rest(&c);
	return checksum(key, octets) == sum ? read_body(octets, out) : -EBADMSG;
}
