/* The Prometheus text format 0.0.4. */
#include "metrics.h"
#include "unit.h"

START_TEST(writes_families_with_their_series)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	*metric_get(METRIC_COUNTER, "ph_in_total", "Messages in", "channel", "op1") += 3;
	*metric_get(METRIC_COUNTER, "ph_in_total", "Messages in", "channel", "a\"b") += 1;
	*metric_get(METRIC_GAUGE, "ph_up", "Is it up", NULL, NULL) = 1;
	histogram_add_us(metric_histogram("ph_reply_seconds", "Time to reply", NULL, NULL), 3);
	metrics_write(&b);
	buf_u8(&b, 0);
	ck_assert_ptr_nonnull(strstr(b.data,
	                             "# TYPE ph_in_total counter\nph_in_total{channel=\"op1\"} 3\n"
	                             "ph_in_total{channel=\"a\\\"b\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(b.data, "ph_up 1\n"));
	ck_assert_ptr_nonnull(strstr(b.data, "ph_reply_seconds_bucket{le=\"0.000002\"} 0\n"
	                                     "ph_reply_seconds_bucket{le=\"0.000004\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(b.data,
	                             "ph_reply_seconds_bucket{le=\"+Inf\"} 1\n"
	                             "ph_reply_seconds_sum 0.000003\nph_reply_seconds_count 1\n"));
	buf_fini(&b);
}
END_TEST

START_TEST(the_number_of_a_series_stays_where_it_is)
{
	uint64_t *n = metric_get(METRIC_COUNTER, "ph_x_total", "x", "a", "1");

	ck_assert_ptr_eq(n, metric_get(METRIC_COUNTER, "ph_x_total", "x", "a", "1"));
	ck_assert_ptr_ne(n, metric_get(METRIC_COUNTER, "ph_x_total", "x", "a", "2"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("metrics");

	tcase_add_test(tc, writes_families_with_their_series);
	tcase_add_test(tc, the_number_of_a_series_stays_where_it_is);
	return unit_run("metrics", &tc, 1);
}
