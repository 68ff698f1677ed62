/*
 * Training as the gateway does it: in the background, while the loop turns. A timer of one
 * millisecond asks the matcher in force a question at each of its turns; how late it ever comes is
 * the stall. The machine has stalls of its own, so as long a stretch without training is measured
 * first, the same way.
 *
 * Whoever waits for a core is late as well, so what is the loop's own is told apart. Its CPU time
 * does not go on while it waits: the most of it between two ticks (own) is what it did itself, the
 * swap and the freeing (swap) among it. What it slept for besides its timer, for a lock or a page,
 * is a voluntary switch too many: the latest tick that had one is how long it was blocked at most.
 */
#include "answers.h"
#include "evaluation.h"
#include "loop.h"
#include "matcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define TICK_NS 1000000U

/* Of one stretch, in ns. */
struct stall {
	uint64_t longest, own, blocked;
};

struct retrain {
	struct io_loop *loop;
	struct io_timer *timer;
	struct match_sample *samples;
	struct match_source source;
	struct matcher *in_force, *fresh;
	struct match_scratch *scratch;
	struct stall stall;
	uint64_t last, last_cpu, until;
	long last_sleeps;
	uint64_t took, swap;
	size_t asked;
	uint64_t *late;
	size_t late_room;
};

/* Of the calling thread. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* How often the calling thread went to sleep by itself. */
static long sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static void keep_most(uint64_t *most, uint64_t value)
{
	*most = value > *most ? value : *most;
}

/* How late this tick is, and what of it was the loop's own doing. */
static void judge(struct retrain *r, uint64_t now)
{
	uint64_t gap = now - r->last, late = gap > TICK_NS ? gap - TICK_NS : 0;

	keep_most(&r->stall.longest, late);
	keep_most(&r->stall.own, cpu_ns() - r->last_cpu);
	if (sleeps() > r->last_sleeps + 1)
		keep_most(&r->stall.blocked, late);
	if (r->asked < r->late_room)
		r->late[r->asked] = late;
}

static void on_tick(void *arg)
{
	struct retrain *r = arg;
	uint64_t now = bench_now_ns();
	const struct match_sample *like = &r->samples[r->asked % r->source.count];
	struct match match;

	if (r->last)
		judge(r, now);
	r->last = now;
	r->last_cpu = cpu_ns();
	r->last_sleeps = sleeps();
	matcher_match(r->in_force, r->scratch, like->text, LANGUAGE_UNKNOWN, &match);
	r->asked++;
	if (r->until && now > r->until)
		io_loop_stop(r->loop);
}

static int train(void *arg)
{
	struct retrain *r = arg;
	uint64_t began = bench_now_ns();
	int err = matcher_create(&r->source, &r->fresh);

	r->took = bench_now_ns() - began;
	return err;
}

/* The swap is what the loop itself has to do. It turns on a little: the next tick counts it. */
static void on_trained(void *arg, int err)
{
	struct retrain *r = arg;
	uint64_t began = cpu_ns();

	if (err == 0) {
		matcher_destroy(&r->in_force);
		r->in_force = r->fresh;
		r->fresh = NULL;
	}
	r->swap = cpu_ns() - began;
	r->until = bench_now_ns() + 5 * TICK_NS;
}

/* Turns the loop; the stall and the late ones are of this stretch. */
static void run(struct retrain *r, uint64_t for_ns)
{
	r->last = 0;
	r->stall = (struct stall){0};
	r->asked = 0;
	r->until = for_ns ? bench_now_ns() + for_ns : 0;
	io_timer_start(r->timer, 1, 1);
	io_loop_run(r->loop);
	io_timer_stop(r->timer);
}

static uint64_t p99_of(struct retrain *r)
{
	return bench_percentile(r->late, r->asked < r->late_room ? r->asked : r->late_room, 99);
}

static void print_stretch(struct retrain *r, const char *without)
{
	printf("\"stall%s_ms\": %.3f, \"stall_p99%s_ms\": %.3f, \"stall_own%s_ms\": %.3f, "
	       "\"stall_blocked%s_ms\": %.3f, ",
	       without, (double)r->stall.longest / 1e6, without, (double)p99_of(r) / 1e6, without,
	       (double)r->stall.own / 1e6, without, (double)r->stall.blocked / 1e6);
}

static int measure(struct retrain *r)
{
	if (train(r) < 0)
		return -ENOMEM;
	r->in_force = r->fresh;
	r->fresh = NULL;
	printf("{\"retrain_samples\": %zu, \"retrain_s\": %.3f, ", r->source.count,
	       (double)r->took / 1e9);
	run(r, r->took);
	print_stretch(r, "_without_training");
	if (io_work_background(r->loop, "bench.retrain", train, on_trained, r) < 0)
		return -ENOMEM;
	run(r, 0);
	print_stretch(r, "");
	printf("\"swap_ms\": %.3f, \"retrain_model_bytes\": %zu}\n", (double)r->swap / 1e6,
	       matcher_size(r->in_force));
	return 0;
}

/* Evenly over the file, so that every label has its share. */
static int take_samples(struct retrain *r, const struct labelled_set *set,
                        const struct label_list *labels, size_t samples)
{
	size_t count = samples < set->count ? samples : set->count;

	r->samples = calloc(count + 1, sizeof(*r->samples));
	if (!r->samples || !count)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct labelled *row = &set->rows[i * set->count / count];

		r->samples[i] =
			(struct match_sample){row->text, label_list_find(labels, row->label)};
	}
	r->source = (struct match_source){r->samples, count, labels->count, NULL, NULL};
	return 0;
}

static int prepare(struct retrain *r)
{
	int err = io_loop_create(NULL, &r->loop);

	r->scratch = match_scratch_create();
	r->late_room = 100000;
	r->late = calloc(r->late_room, sizeof(*r->late));
	if (err == 0)
		err = r->scratch && r->late
		              ? io_timer_create(r->loop, "bench.tick", on_tick, r, &r->timer)
		              : -ENOMEM;
	return err;
}

static void retrain_fini(struct retrain *r)
{
	io_timer_destroy(&r->timer);
	if (r->loop)
		io_loop_destroy(&r->loop);
	matcher_destroy(&r->in_force);
	matcher_destroy(&r->fresh);
	match_scratch_destroy(&r->scratch);
	free(r->samples);
	free(r->late);
}

static char *read_file(const char *path, struct span *out)
{
	FILE *f = fopen(path, "rb");
	char *octets = f ? malloc(LABELLED_FILE_MAX) : NULL;

	if (octets)
		*out = (struct span){octets, fread(octets, 1, LABELLED_FILE_MAX, f)};
	if (f)
		fclose(f);
	return octets;
}

int bench_retrain(const char *path, size_t samples)
{
	struct retrain r = {0};
	struct labelled_set set = {NULL, 0};
	struct label_list labels = {NULL, 0};
	struct span file = SPAN_NONE;
	char *octets = read_file(path, &file);
	int err = octets ? labelled_read(file, path, NULL, NULL, &set) : -ENOENT;

	if (err == 0)
		err = label_list_make(&set, &labels);
	if (err == 0)
		err = take_samples(&r, &set, &labels, samples);
	if (err == 0)
		err = prepare(&r);
	if (err == 0)
		err = measure(&r);
	if (err < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
	retrain_fini(&r);
	label_list_fini(&labels);
	labelled_fini(&set);
	free(octets);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
