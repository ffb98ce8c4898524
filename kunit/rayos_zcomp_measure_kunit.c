// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is told of compression: ratios, times, sizes.
 */
#include <linux/cpumask.h>
#include <linux/limits.h>
#include <linux/slab.h>

#include "../modules/rayos_zcomp/measure.h"
#include "../modules/rayos_zcomp/pages.h"
#include "zcomp.h"

static const struct ratio_case {
	const char *name;
	u64 original;
	u64 used;
	u64 ratio;
	u64 saved;
} ratio_cases[] = {
	{ "nothing", 0, 0, 0, 0 },
	{ "nothing_used", 4096, 0, 0, 4096 },
	{ "nothing_there", 0, 4096, 0, 0 },
	{ "as_much", 4096, 4096, 1000000, 0 },
	{ "three_to_one", 3 * 4096, 4096, 3000000, 2 * 4096 },
	{ "one_third", 4096, 3 * 4096, 333333, 0 },
	{ "one_byte_more", 4096, 4097, 999755, 0 },
	{ "tebibytes", 1ULL << 44, 1ULL << 42, 4000000, 3ULL << 42 },
	{ "beyond_64_bits", U64_MAX, 3, U64_MAX, U64_MAX - 3 },
	{ "greatest_of_both", U64_MAX, U64_MAX, 1000000, 0 },
};

static void ratio_name(const struct ratio_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ratio, ratio_cases, ratio_name);

static void ratios_and_savings(struct kunit *test)
{
	const struct ratio_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, rayos_zcomp_ratio(c->original, c->used), c->ratio);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_saved(c->original, c->used), c->saved);
}

static void times_are_of_one_page(struct kunit *test)
{
	struct rayos_zcomp_times times = {};
	u32 i, buckets = 0;

	/* 100 times 1 to 100 us */
	for (i = 1; i <= 100; i++)
		rayos_zcomp_times_add(&times, i * 1000, 1);
	KUNIT_EXPECT_EQ(test, times.count, 100);
	KUNIT_EXPECT_EQ(test, times.sum, 5050000);
	KUNIT_EXPECT_EQ(test, times.max, 100000);
	/* four times 25 us is no time of 100 us */
	rayos_zcomp_times_add(&times, 100000, 4);
	KUNIT_EXPECT_EQ(test, times.count, 104);
	KUNIT_EXPECT_EQ(test, times.sum, 5150000);
	KUNIT_EXPECT_EQ(test, times.max, 100000);
	for (i = 0; i < RAYOS_ZCOMP_TIME_BUCKETS; i++)
		buckets += times.bucket[i];
	KUNIT_EXPECT_EQ(test, buckets, 104);
	i = rayos_hist_bucket(25000, RAYOS_ZCOMP_TIME_LOW, RAYOS_ZCOMP_TIME_HIGH);
	KUNIT_EXPECT_EQ(test, times.bucket[i], 8);
}

static void quantiles_are_right_to_an_eighth(struct kunit *test)
{
	struct rayos_zcomp_times times = {};
	struct rayos_hist_view view;
	u32 i, permille;
	u64 is, told;

	for (i = 1; i <= 1000; i++)
		rayos_zcomp_times_add(&times, i * 100, 1);
	view = rayos_zcomp_times_view(&times);
	for (permille = 10; permille <= 1000; permille += 10) {
		is = permille * 100;
		told = rayos_hist_quantile(&view, permille);
		KUNIT_EXPECT_LE(test, is > told ? is - told : told - is, is / 8 + 1);
	}
}

/* Which codec is used is known, and so is the number of calls */
static void one_of_16_calls_is_measured(struct kunit *test)
{
	struct rayos_zcomp_times *was, *is;
	struct rayos_zcomp_store *store;
	void *page = new_page(test);
	u32 i, off = num_possible_cpus();

	was = kunit_kcalloc(test, 2, sizeof(*was), GFP_KERNEL);
	store = rayos_zcomp_store_new(256, RAYOS_ZCOMP_FAST, 0);
	KUNIT_ASSERT_NOT_NULL(test, was);
	KUNIT_ASSERT_NOT_NULL(test, store);
	is = was + 1;
	test->priv = store;
	rayos_zcomp_measured(RAYOS_ZCOMP_LZO_RLE, RAYOS_ZCOMP_COMPRESS, was);
	for (i = 0; i < 160 * RAYOS_ZCOMP_SAMPLE; i++) {
		make_page(page, PAGE_TEXT, i);
		KUNIT_ASSERT_EQ(test, rayos_zcomp_write(store, i % 256, page), 0);
	}
	rayos_zcomp_measured(RAYOS_ZCOMP_LZO_RLE, RAYOS_ZCOMP_COMPRESS, is);
	KUNIT_EXPECT_GE(test, is->count - was->count, 160 - off);
	KUNIT_EXPECT_LE(test, is->count - was->count, 160 + off);
	KUNIT_EXPECT_GT(test, is->sum, was->sum);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_counted(store->counts,
						  RAYOS_ZCOMP_C_COMPRESSED),
			160 * RAYOS_ZCOMP_SAMPLE);
}

static u64 all_sizes(const struct rayos_zcomp_pages *pages)
{
	u64 all = 0;
	u32 i;

	for (i = 0; i < RAYOS_ZCOMP_SIZES; i++)
		all += pages->sizes[i];
	return all;
}

static void objects_by_size(struct kunit *test)
{
	static const enum page_kind kinds[] = {
		PAGE_NOISE, PAGE_NOISE, PAGE_ZERO, PAGE_TEXT,
		PAGE_TEXT, PAGE_TEXT, PAGE_TEXT, PAGE_TEXT,
	};
	struct rayos_zcomp_pages *pages =
		kunit_kzalloc(test, sizeof(*pages), GFP_KERNEL);
	struct rayos_zcomp_store *store;
	void *page = new_page(test);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	store = rayos_zcomp_store_new(1024, RAYOS_ZCOMP_BEST, 0);
	KUNIT_ASSERT_NOT_NULL(test, store);
	test->priv = store;
	rayos_zcomp_pages_add(pages, store, 0, 1024);
	KUNIT_EXPECT_EQ(test, all_sizes(pages), 0);
	/* not in the first leaf, which there is none of */
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		make_page(page, kinds[i], i);
		KUNIT_ASSERT_EQ(test, rayos_zcomp_write(store, 512 + i, page), 0);
	}
	rayos_zcomp_pages_add(pages, store, 0, 512);
	KUNIT_EXPECT_EQ(test, all_sizes(pages), 0);
	rayos_zcomp_pages_add(pages, store, 512, 1024);
	KUNIT_EXPECT_EQ(test, all_sizes(pages), 7);
	KUNIT_EXPECT_EQ(test, pages->sizes[PAGE_SIZE / RAYOS_ZCOMP_SIZE_STEP - 1], 2);
	/* what four share counts once */
	KUNIT_ASSERT_EQ(test, rayos_zcomp_promote(store, 516), 0);
	memset(pages, 0, sizeof(*pages));
	rayos_zcomp_pages_add(pages, store, 0, 1024);
	KUNIT_EXPECT_EQ(test, all_sizes(pages), 4);
}

static void exit(struct kunit *test)
{
	if (test->priv)
		rayos_zcomp_store_free(test->priv);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(ratios_and_savings, ratio_gen_params),
	KUNIT_CASE(times_are_of_one_page),
	KUNIT_CASE(quantiles_are_right_to_an_eighth),
	KUNIT_CASE(one_of_16_calls_is_measured),
	KUNIT_CASE(objects_by_size),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_zcomp_measure",
	.exit = exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
