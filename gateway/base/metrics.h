/*
 * Counters, gauges and histograms in the Prometheus text format. A family is registered once by
 * name and help text; a series of it is found by its label value, and its address stays valid, so
 * the hot path adds to a number. One thread, the loop's.
 */
#ifndef PH_METRICS_H
#define PH_METRICS_H

#include "buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

/**
 * The number of one series: metric_get(METRIC_COUNTER, "posthouse_sent_total", "Parts the peer
 * took", "channel", "op1"). label and value may be NULL. name, help and label are literals; value
 * is copied. Past 4096 series of all families the last one, "overflow", is shared.
 */
uint64_t *metric_get(enum metric_type type, const char *name, const char *help, const char *label,
                     const char *value);

/** The same with two labels, of a family that always has both. */
uint64_t *metric_get2(enum metric_type type, const char *name, const char *help, const char *label,
                      const char *value, const char *label2, const char *value2);

/** Durations in microseconds in exponential buckets; lives as long as the process. */
struct histogram;
struct histogram *metric_histogram(const char *name, const char *help, const char *label,
                                   const char *value);
void histogram_add_us(struct histogram *h, uint64_t us);

/** Writes everything in the text exposition format 0.0.4. */
void metrics_write(struct buf *out);

#endif
