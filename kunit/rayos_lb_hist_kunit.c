// SPDX-License-Identifier: GPL-2.0-only
/*
 * Distributions of times: buckets, their inverse, quantiles.
 */
#include <linux/sort.h>

#include "fixture.h"

#define LOW	BIT_ULL(RAYOS_LB_HIST_LOW)
#define HIGH	BIT_ULL(RAYOS_LB_HIST_HIGH)
#define LAST	(RAYOS_LB_HIST_BUCKETS - 1)

static const struct bucket_case {
	const char *name;
	u64 ns;
	u32 bucket;
} bucket_cases[] = {
	{ "nothing", 0, 0 },
	{ "one_ns", 1, 0 },
	{ "below_first_octave", LOW - 1, 0 },
	{ "first_octave", LOW, 1 },
	{ "first_quarter_ends", LOW + LOW / 4 - 1, 1 },
	{ "second_quarter", LOW + LOW / 4, 2 },
	{ "third_quarter", LOW + LOW / 2, 3 },
	{ "fourth_quarter", 2 * LOW - LOW / 4, 4 },
	{ "first_octave_ends", 2 * LOW - 1, 4 },
	{ "second_octave", 2 * LOW, 5 },
	{ "one_ms", 1000000, 24 },
	{ "one_second", 1000000000, 64 },
	{ "last_octave_ends", HIGH - 1, LAST - 1 },
	{ "beyond_last_octave", HIGH, LAST },
	{ "two_to_40", BIT_ULL(40), LAST },
	{ "greatest", U64_MAX, LAST },
};

static void bucket_name(const struct bucket_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bucket, bucket_cases, bucket_name);

static void bucket_of_time(struct kunit *test)
{
	const struct bucket_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, rayos_lb_hist_bucket(c->ns), c->bucket);
}

static void floor_and_bucket_are_inverse(struct kunit *test)
{
	u64 floor;
	u32 i;

	KUNIT_EXPECT_EQ(test, rayos_lb_hist_floor(0), 0);
	for (i = 1; i < RAYOS_LB_HIST_BUCKETS; i++) {
		floor = rayos_lb_hist_floor(i);
		KUNIT_EXPECT_GT(test, floor, rayos_lb_hist_floor(i - 1));
		KUNIT_EXPECT_EQ(test, rayos_lb_hist_bucket(floor), i);
		KUNIT_EXPECT_EQ(test, rayos_lb_hist_bucket(floor - 1), i - 1);
	}
	KUNIT_EXPECT_EQ(test, rayos_lb_hist_floor(LAST), HIGH);
	KUNIT_EXPECT_EQ(test, rayos_lb_hist_floor(RAYOS_LB_HIST_BUCKETS), U64_MAX);
}

/* From one bucket to the next a quarter at most */
static void buckets_are_narrow(struct kunit *test)
{
	u64 floor, next;
	u32 i;

	for (i = 1; i < LAST; i++) {
		floor = rayos_lb_hist_floor(i);
		next = rayos_lb_hist_floor(i + 1);
		KUNIT_EXPECT_LE(test, (next - floor) * 4, floor);
	}
}

/* Samples drawn in different ways, all within the octaves */
enum shape { UNIFORM, EXPONENTIAL, TWO_PEAKS, CONSTANT, OCTAVES };

static const struct quantile_case {
	const char *name;
	enum shape shape;
	u32 nr;
} quantile_cases[] = {
	{ "one_sample", UNIFORM, 1 },
	{ "two_samples", UNIFORM, 2 },
	{ "uniform_10", UNIFORM, 10 },
	{ "uniform_5000", UNIFORM, 5000 },
	{ "exponential_999", EXPONENTIAL, 999 },
	{ "exponential_5000", EXPONENTIAL, 5000 },
	{ "two_peaks_1000", TWO_PEAKS, 1000 },
	{ "constant_1000", CONSTANT, 1000 },
	{ "octaves_5000", OCTAVES, 5000 },
};

static void quantile_name(const struct quantile_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(quantile, quantile_cases, quantile_name);

static u64 draw(enum shape shape, u64 *seed)
{
	u64 r = next_random(seed);

	switch (shape) {
	case UNIFORM:
		return LOW + r % (1000 * LOW);
	case EXPONENTIAL:
		return LOW + (u64)ffs(r | BIT(20)) * LOW + r % LOW;
	case TWO_PEAKS:
		return r & 1 ? LOW + r % LOW : 1000 * LOW + r % (100 * LOW);
	case CONSTANT:
		return 12345678;
	default:
		return LOW << (r % (RAYOS_LB_HIST_HIGH - RAYOS_LB_HIST_LOW));
	}
}

static int by_size(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void quantile_near_exact_one(struct kunit *test)
{
	static const u32 permilles[] = { 1, 10, 250, 500, 900, 950, 990, 999, 1000 };
	const struct quantile_case *c = test->param_value;
	struct rayos_lb_hist *hist;
	u64 *sample, exact, got, off, seed = c->nr;
	u32 i;

	hist = kunit_kzalloc(test, sizeof(*hist), GFP_KERNEL);
	sample = kunit_kzalloc(test, c->nr * sizeof(*sample), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hist);
	KUNIT_ASSERT_NOT_NULL(test, sample);
	for (i = 0; i < c->nr; i++) {
		sample[i] = draw(c->shape, &seed);
		hist->bucket[rayos_lb_hist_bucket(sample[i])]++;
		hist->count++;
		hist->sum += sample[i];
		hist->max = max(hist->max, sample[i]);
	}
	sort(sample, c->nr, sizeof(*sample), by_size, NULL);

	for (i = 0; i < ARRAY_SIZE(permilles); i++) {
		exact = sample[DIV_ROUND_UP(c->nr * permilles[i], 1000) - 1];
		got = rayos_lb_hist_quantile(hist, permilles[i]);
		off = got > exact ? got - exact : exact - got;
		KUNIT_EXPECT_LE_MSG(test, off * 8, exact,
				    "p%u: %llu instead of %llu", permilles[i],
				    got, exact);
		KUNIT_EXPECT_LE(test, got, hist->max);
	}
}

static void quantile_of_nothing(struct kunit *test)
{
	struct rayos_lb_hist *hist;

	hist = kunit_kzalloc(test, sizeof(*hist), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hist);
	KUNIT_EXPECT_EQ(test, rayos_lb_hist_quantile(hist, 500), 0);
	KUNIT_EXPECT_EQ(test, rayos_lb_hist_quantile(hist, 1000), 0);
}

/* What is longer than the last octave has no width: its greatest stands for it */
static void quantile_of_endless_times(struct kunit *test)
{
	struct rayos_lb_hist *hist;

	hist = kunit_kzalloc(test, sizeof(*hist), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hist);
	hist->count = 3;
	hist->max = 5 * HIGH;
	hist->bucket[LAST] = 3;
	KUNIT_EXPECT_EQ(test, rayos_lb_hist_quantile(hist, 1), 5 * HIGH);
	KUNIT_EXPECT_EQ(test, rayos_lb_hist_quantile(hist, 999), 5 * HIGH);
}

/* Many values: ranks are counted in 64 bits */
static void quantile_of_many(struct kunit *test)
{
	struct rayos_lb_hist *hist;

	hist = kunit_kzalloc(test, sizeof(*hist), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hist);
	hist->bucket[1] = BIT_ULL(50);
	hist->bucket[40] = BIT_ULL(50);
	hist->count = BIT_ULL(51);
	hist->max = rayos_lb_hist_floor(41) - 1;
	KUNIT_EXPECT_EQ(test, rayos_lb_hist_bucket(rayos_lb_hist_quantile(hist, 500)), 1);
	KUNIT_EXPECT_EQ(test, rayos_lb_hist_bucket(rayos_lb_hist_quantile(hist, 501)), 40);
}

/* What CPUs counted each for itself */
static void stats_add(struct kunit *test)
{
	struct rayos_lb_cpu_stats __percpu *stats = rayos_lb_stats_new();
	struct rayos_lb_stats *sum, *twice;
	int i;

	sum = kunit_kzalloc(test, sizeof(*sum), GFP_KERNEL);
	twice = kunit_kzalloc(test, sizeof(*twice), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, stats && sum && twice);

	local_bh_disable();
	for (i = 0; i < RAYOS_LB_C_NR; i++)
		rayos_lb_stats_count(stats, i);
	rayos_lb_stats_packet(stats, RAYOS_LB_C_PACKETS_OUT, 1500);
	rayos_lb_stats_time(stats, RAYOS_LB_L_CONNECT, 3 * LOW);
	rayos_lb_stats_time(stats, RAYOS_LB_L_CONNECT, 2 * LOW);
	local_bh_enable();
	rayos_lb_stats_add(sum, stats);
	rayos_lb_stats_add(twice, stats);
	rayos_lb_stats_add(twice, stats);
	free_percpu(stats);

	for (i = 0; i < RAYOS_LB_C_NR; i++) {
		if (i != RAYOS_LB_C_PACKETS_OUT && i != RAYOS_LB_C_BYTES_OUT)
			KUNIT_EXPECT_EQ(test, sum->counter[i], 1);
		KUNIT_EXPECT_EQ(test, twice->counter[i], 2 * sum->counter[i]);
	}
	KUNIT_EXPECT_EQ(test, sum->counter[RAYOS_LB_C_PACKETS_OUT], 2);
	KUNIT_EXPECT_EQ(test, sum->counter[RAYOS_LB_C_BYTES_OUT], 1501);
	KUNIT_EXPECT_EQ(test, sum->hist[RAYOS_LB_L_CONNECT].count, 2);
	KUNIT_EXPECT_EQ(test, sum->hist[RAYOS_LB_L_CONNECT].sum, 5 * LOW);
	KUNIT_EXPECT_EQ(test, sum->hist[RAYOS_LB_L_CONNECT].max, 3 * LOW);
	KUNIT_EXPECT_EQ(test, sum->hist[RAYOS_LB_L_CONNECT].bucket[5], 1);
	KUNIT_EXPECT_EQ(test, sum->hist[RAYOS_LB_L_FIRST_BYTE].count, 0);
	KUNIT_EXPECT_EQ(test, twice->hist[RAYOS_LB_L_CONNECT].count, 4);
	KUNIT_EXPECT_EQ(test, twice->hist[RAYOS_LB_L_CONNECT].max, 3 * LOW);
	KUNIT_EXPECT_EQ(test, twice->hist[RAYOS_LB_L_CONNECT].bucket[7], 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(bucket_of_time, bucket_gen_params),
	KUNIT_CASE(floor_and_bucket_are_inverse),
	KUNIT_CASE(buckets_are_narrow),
	KUNIT_CASE_PARAM(quantile_near_exact_one, quantile_gen_params),
	KUNIT_CASE(quantile_of_nothing),
	KUNIT_CASE(quantile_of_endless_times),
	KUNIT_CASE(quantile_of_many),
	KUNIT_CASE(stats_add),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_hist",
	.test_cases = cases,
};
kunit_test_suite(suite);
