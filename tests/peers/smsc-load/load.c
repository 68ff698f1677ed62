/*
 * Counts and times, and as little else as may be: what it costs must not show in what is measured.
 * A number's answer is the first submit_sm to it (of a long one, the first part) after its
 * question; what comes to a number that waits for nothing is counted as unasked.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>

#include "smpp_pdu.h"
#include "smpp_udh.h"
#include "stream.h"

enum { LINKS = 32, TICK_MS = 1, BURST_MAX = 4096 };

struct link {
	struct load *load;
	struct io_stream *stream;
	struct buf input;
	bool receives;
	uint32_t sequence;
	size_t open; /* deliver_sm without a response */
};

struct customer {
	uint64_t asked_us; /* 0: waits for nothing */
	bool counted;      /* asked within the measured time */
};

struct samples {
	uint32_t *us;
	size_t count, size;
};

struct load {
	struct load_options o;
	struct io_loop *loop;
	const struct clock *clock;
	struct io_listener *listener;
	struct io_timer *tick;
	struct link links[LINKS];
	struct customer *customers;
	size_t next, waiting, open, turn;
	double tokens;
	uint64_t began_us, ticked_us, from_us, until_us, over_us;
	uint64_t asked, acknowledged, put_off, answered, submits, unasked, bad, ids;
	uint64_t asked_in, answered_in;
	struct samples answers;
};

static uint64_t now_us(const struct load *l)
{
	return clock_mono_us(l->clock);
}

/* ---- out ---- */

static bool write_pdu(struct link *k, const struct smpp_pdu *pdu)
{
	if (!k->stream || smpp_pdu_encode(pdu, io_stream_output(k->stream)))
		return false;
	return io_stream_commit(k->stream) != -EPIPE;
}

static bool measures(const struct load *l, uint64_t at)
{
	return at >= l->from_us && at < l->until_us;
}

static bool ask(struct load *l, struct link *k, size_t i)
{
	struct smpp_pdu pdu = {.command_id = SMPP_deliver_sm, .sequence_number = ++k->sequence};
	struct smpp_deliver_sm *sm = &pdu.u.deliver_sm;
	struct customer *c = &l->customers[i];
	char number[24];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)(l->o.first_number + i));
	sm->source_addr_ton = SMPP_TON_INTERNATIONAL;
	sm->source_addr_npi = SMPP_NPI_ISDN;
	sm->source_addr = span_of(number);
	sm->destination_addr = span_of(l->o.short_code);
	sm->short_message = span_of(l->o.texts[l->asked % l->o.text_count]);
	if (!write_pdu(k, &pdu))
		return false;
	if (!c->asked_us)
		l->waiting++;
	c->asked_us = now_us(l);
	c->counted = measures(l, c->asked_us);
	l->asked_in += c->counted;
	l->asked++;
	l->open++;
	k->open++;
	return true;
}

static struct link *next_receiver(struct load *l)
{
	for (size_t i = 0; i < LINKS; i++) {
		struct link *k = &l->links[l->turn++ % LINKS];

		if (k->stream && k->receives)
			return k;
	}
	return NULL;
}

static bool may_ask(const struct load *l, const struct customer *c)
{
	if (!c->asked_us)
		return true;
	return l->o.ask_again_ms && now_us(l) - c->asked_us > (uint64_t)l->o.ask_again_ms * 1000;
}

/* The next customer with nothing to wait for; numbers when all wait. */
static size_t next_customer(struct load *l)
{
	for (size_t tries = 0; tries < l->o.numbers; tries++) {
		size_t i = l->next;

		l->next = l->next + 1 == l->o.numbers ? 0 : l->next + 1;
		if (may_ask(l, &l->customers[i]))
			return i;
		if (l->waiting >= l->o.numbers && !l->o.ask_again_ms)
			break;
	}
	return l->o.numbers;
}

static void pour(struct load *l)
{
	for (unsigned burst = 0; burst < BURST_MAX; burst++) {
		struct link *k;
		size_t i;

		if (l->open >= l->o.window || (l->o.rate && l->tokens < 1))
			return;
		k = next_receiver(l);
		i = k ? next_customer(l) : l->o.numbers;
		if (i == l->o.numbers || !ask(l, k, i))
			return;
		l->tokens -= 1;
	}
}

/* ---- in ---- */

static void add_sample(struct samples *s, uint64_t us)
{
	if (s->count == s->size) {
		size_t size = s->size ? s->size * 2 : 65536;
		uint32_t *more = realloc(s->us, size * sizeof(*more));

		if (!more)
			return;
		s->us = more;
		s->size = size;
	}
	s->us[s->count++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static struct customer *customer_of(struct load *l, struct span number)
{
	uint64_t n;

	if (number.len && *number.ptr == '+')
		number = (struct span){number.ptr + 1, number.len - 1};
	if (span_u64(number, &n) || n < l->o.first_number || n - l->o.first_number >= l->o.numbers)
		return NULL;
	return &l->customers[n - l->o.first_number];
}

static bool first_part(const struct smpp_submit_sm *sm)
{
	struct smpp_udh udh;

	if (!(sm->esm_class & SMPP_ESM_CLASS_UDHI) || smpp_udh_parse(sm->short_message, &udh))
		return true;
	return udh.concat.width == 0 || udh.concat.number == 1;
}

static void count_answer(struct load *l, const struct smpp_submit_sm *sm)
{
	struct customer *c = customer_of(l, sm->destination_addr);
	uint64_t now = now_us(l);

	l->submits++;
	if (!first_part(sm))
		return;
	if (!c || !c->asked_us) {
		l->unasked++;
		return;
	}
	if (c->counted)
		add_sample(&l->answers, now - c->asked_us);
	l->answered_in += measures(l, now);
	l->answered++;
	l->waiting--;
	c->asked_us = 0;
}

static void send_receipt(struct link *k, const struct smpp_submit_sm *sm, const char *id)
{
	struct smpp_pdu pdu = {.command_id = SMPP_deliver_sm, .sequence_number = ++k->sequence};
	char text[160];

	snprintf(text, sizeof(text),
	         "id:%s sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 "
	         "stat:DELIVRD err:000 text:",
	         id);
	pdu.u.deliver_sm.esm_class = SMPP_ESM_CLASS_RECEIPT;
	pdu.u.deliver_sm.source_addr = sm->destination_addr;
	pdu.u.deliver_sm.destination_addr = sm->source_addr;
	pdu.u.deliver_sm.short_message = span_of(text);
	if (write_pdu(k, &pdu)) {
		k->load->open++;
		k->open++;
	}
}

static void on_submit(struct link *k, const struct smpp_pdu *in)
{
	struct smpp_pdu out = {.command_id = SMPP_RESP(SMPP_submit_sm),
	                       .sequence_number = in->sequence_number};
	char id[24];

	count_answer(k->load, &in->u.submit_sm);
	snprintf(id, sizeof(id), "%llx", (unsigned long long)++k->load->ids);
	out.u.submit_sm_resp.message_id = span_of(id);
	write_pdu(k, &out);
	if (k->load->o.receipts && k->receives)
		send_receipt(k, &in->u.submit_sm, id);
}

static void on_deliver_resp(struct link *k, const struct smpp_pdu *pdu)
{
	if (!k->open)
		return;
	k->open--;
	k->load->open--;
	if (pdu->command_status)
		k->load->put_off++;
	else
		k->load->acknowledged++;
}

static void on_bind(struct link *k, const struct smpp_pdu *in)
{
	const struct load_options *o = &k->load->o;
	struct smpp_pdu out = {.command_id = SMPP_RESP(in->command_id),
	                       .sequence_number = in->sequence_number};
	bool known = span_is(in->u.bind_transceiver.system_id, o->system_id) &&
	             span_is(in->u.bind_transceiver.password, o->password);

	if (known)
		out.u.bind_transceiver_resp.system_id = span_of("load");
	else
		out.command_status = SMPP_RBINDFAIL;
	k->receives = known && in->command_id != SMPP_bind_transmitter;
	write_pdu(k, &out);
}

static void on_pdu(struct link *k, const struct smpp_pdu *pdu)
{
	struct smpp_pdu out = {.command_id = SMPP_RESP(pdu->command_id),
	                       .sequence_number = pdu->sequence_number};

	switch (pdu->command_id) {
	case SMPP_bind_transceiver:
	case SMPP_bind_transmitter:
	case SMPP_bind_receiver:
		on_bind(k, pdu);
		break;
	case SMPP_submit_sm:
		on_submit(k, pdu);
		break;
	case SMPP_enquire_link:
	case SMPP_unbind:
		write_pdu(k, &out);
		break;
	case SMPP_RESP(SMPP_deliver_sm):
		on_deliver_resp(k, pdu);
		break;
	default:
		break;
	}
}

static void on_data(void *arg, struct span data)
{
	struct link *k = arg;
	struct load *l = k->load;
	size_t taken = 0;
	struct span all, frame;
	int64_t size;

	/* Straight from the wire, unless the front of a PDU waits for its rest. */
	if (k->input.len)
		buf_add(&k->input, data);
	all = k->input.len ? buf_span(&k->input) : data;
	while ((size = smpp_frame((struct span){all.ptr + taken, all.len - taken}, SMPP_PDU_MAX,
	                          &frame)) > 0) {
		enum smpp_status blame;
		struct smpp_pdu pdu;

		taken += (size_t)size;
		if (smpp_pdu_decode(frame, &pdu, &blame))
			l->bad++;
		else
			on_pdu(k, &pdu);
	}
	if (k->input.len)
		buf_drop(&k->input, taken);
	else
		buf_add(&k->input, (struct span){data.ptr + taken, data.len - taken});
	if (l->began_us && now_us(l) < l->until_us)
		pour(l);
}

static void on_open(void *arg)
{
	(void)arg;
}

static void on_close(void *arg, int err)
{
	struct link *k = arg;

	(void)err;
	k->load->open -= k->open;
	k->open = 0;
	k->stream = NULL;
	k->receives = false;
	buf_fini(&k->input);
}

static const struct io_stream_ops link_ops = {
	.name = "load.link",
	.on_open = on_open,
	.on_data = on_data,
	.on_close = on_close,
};

static void on_accept(void *arg, struct io_stream *stream)
{
	struct load *l = arg;

	for (size_t i = 0; i < LINKS; i++) {
		struct link *k = &l->links[i];

		if (k->stream)
			continue;
		*k = (struct link){.load = l, .stream = stream};
		buf_init(&k->input, 1U << 20);
		io_stream_own(stream, &link_ops, k);
		return;
	}
	io_stream_abort(stream, -EMFILE);
}

/* ---- time ---- */

static bool has_receiver(const struct load *l)
{
	for (size_t i = 0; i < LINKS; i++)
		if (l->links[i].stream && l->links[i].receives)
			return true;
	return false;
}

static void begin(struct load *l, uint64_t now)
{
	l->began_us = l->ticked_us = now;
	l->from_us = now + l->o.warmup_s * 1000000ULL;
	l->until_us = l->from_us + l->o.seconds * 1000000ULL;
	l->over_us = l->until_us + l->o.linger_s * 1000000ULL;
}

static void on_tick(void *arg)
{
	struct load *l = arg;
	uint64_t now = now_us(l);

	if (!l->began_us) {
		if (has_receiver(l))
			begin(l, now);
		else if (now > l->over_us)
			io_loop_stop(l->loop);
		return;
	}
	if (now >= l->over_us || (now >= l->until_us && !l->waiting && !l->open)) {
		io_loop_stop(l->loop);
		return;
	}
	if (now >= l->until_us)
		return;
	l->tokens += (double)(now - l->ticked_us) * l->o.rate / 1e6;
	/* What a stall of ours held back is not made up for at once: that would be another load. */
	if (l->tokens > l->o.rate / 20.0 + 1)
		l->tokens = l->o.rate / 20.0 + 1;
	l->ticked_us = now;
	pour(l);
}

/* ---- the report ---- */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile(const struct samples *s, double p)
{
	size_t i = (size_t)(p * (double)s->count);

	if (!s->count)
		return 0;
	return s->us[i < s->count ? i : s->count - 1] / 1000.0;
}

static void report(struct load *l)
{
	struct samples *s = &l->answers;
	double seconds = l->o.seconds;

	if (s->count)
		qsort(s->us, s->count, sizeof(*s->us), compare);
	printf("{\"bound\":%s,\"seconds\":%u,\"asked\":%llu,\"acknowledged\":%llu,\"put_off\":%llu,"
	       "\"answered\":%llu,\"submits\":%llu,\"unasked\":%llu,\"unanswered\":%zu,"
	       "\"unacknowledged\":%zu,\"bad\":%llu,",
	       l->began_us ? "true" : "false", l->o.seconds, (unsigned long long)l->asked,
	       (unsigned long long)l->acknowledged, (unsigned long long)l->put_off,
	       (unsigned long long)l->answered, (unsigned long long)l->submits,
	       (unsigned long long)l->unasked, l->waiting, l->open, (unsigned long long)l->bad);
	printf("\"asked_per_s\":%.1f,\"answered_per_s\":%.1f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,"
	       "\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
	       (double)l->asked_in / seconds, (double)l->answered_in / seconds, percentile(s, 0.5),
	       percentile(s, 0.9), percentile(s, 0.99), percentile(s, 1));
	fflush(stdout);
}

int load_open(struct io_loop *loop, const struct load_options *options, struct load **out,
              uint16_t *port)
{
	struct load *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->o = *options;
	l->loop = loop;
	l->clock = io_loop_clock(loop);
	l->customers = calloc(options->numbers, sizeof(*l->customers));
	err = l->customers ? io_listen(loop, options->host, options->port, NULL, on_accept, l,
	                               &l->listener)
	                   : -ENOMEM;
	if (!err)
		err = io_timer_create(loop, "load.tick", on_tick, l, &l->tick);
	if (err) {
		load_close(&l);
		return err;
	}
	*port = io_listener_port(l->listener);
	*out = l;
	return 0;
}

void load_run(struct load *l)
{
	l->over_us = now_us(l) + l->o.wait_s * 1000000ULL;
	io_timer_start(l->tick, TICK_MS, TICK_MS);
	io_loop_run(l->loop);
	report(l);
}

void load_close(struct load **load)
{
	struct load *l = *load;

	if (!l)
		return;
	*load = NULL;
	io_timer_destroy(&l->tick);
	io_listener_close(&l->listener);
	for (size_t i = 0; i < LINKS; i++)
		if (l->links[i].stream)
			io_stream_abort(l->links[i].stream, -ECANCELED);
	for (unsigned turns = 0; turns < 100; turns++)
		uv_run(io_loop_uv(l->loop), UV_RUN_NOWAIT);
	free(l->customers);
	free(l->answers.us);
	free(l);
}
