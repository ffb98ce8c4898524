// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of regions leave memory when they are old, those not used for longest first,
 * and are what they were when they are back.
 */
#include <linux/bitfield.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../modules/rayos_zcomp/object.h"
#include "../modules/rayos_zcomp/region.h"
#include "../modules/rayos_zcomp/sweep.h"
#include "zcomp.h"

#define PAGES	512

/**
 * struct land - a region and what there should be in it
 * @region: the region
 * @mapping: nobody maps it
 * @kind: of each page
 * @seed: of each page
 */
struct land {
	struct rayos_zcomp_region *region;
	struct address_space mapping;
	enum page_kind kind[PAGES];
	u64 seed[PAGES];
};

static const struct rayos_zcomp_sweep everything = {
	.promote = RAYOS_ZCOMP_NEVER,
	.at_once = true,
	.may_wait = true,
	.most = U64_MAX,
};

static struct land *new_land(struct kunit *test, u32 limit)
{
	struct land *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	struct rayos_zcomp_region *region;

	KUNIT_ASSERT_NOT_NULL(test, l);
	address_space_init_once(&l->mapping);
	region = rayos_zcomp_region_new(&l->mapping, PAGES, limit);
	KUNIT_ASSERT_FALSE(test, IS_ERR(region));
	l->region = region;
	test->priv = region;
	return l;
}

static void exit(struct kunit *test)
{
	if (test->priv)
		rayos_zcomp_region_free(test->priv);
}

static struct page *use(struct kunit *test, struct land *l, u64 index)
{
	struct page *page;
	bool loaded;

	page = rayos_zcomp_region_page(l->region, index, &loaded);
	KUNIT_ASSERT_FALSE(test, IS_ERR(page));
	return page;
}

static void put(struct kunit *test, struct land *l, u64 index,
		enum page_kind kind, u64 seed)
{
	struct page *page = use(test, l, index);
	void *mem = kmap_local_page(page);

	make_page(mem, kind, seed);
	kunmap_local(mem);
	SetPageDirty(page);
	put_page(page);
	l->kind[index] = kind;
	l->seed[index] = seed;
}

static bool is_there(struct kunit *test, struct land *l, u64 index)
{
	struct page *page = use(test, l, index);
	void *mem = kmap_local_page(page);
	bool right = is_page(mem, l->kind[index], l->seed[index]);

	kunmap_local(mem);
	put_page(page);
	return right;
}

static void fill(struct kunit *test, struct land *l, enum page_kind kind)
{
	u32 i;

	for (i = 0; i < PAGES; i++)
		put(test, l, i, kind, i + 1);
}

static void expect_all(struct kunit *test, struct land *l)
{
	u32 i, wrong = 0;

	for (i = 0; i < PAGES; i++)
		wrong += !is_there(test, l, i);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static void set_age(struct land *l, u64 index, u32 seconds)
{
	struct rayos_zcomp_entry *entry;
	u16 used = rayos_zcomp_clock() - seconds / 2;

	entry = rayos_zcomp_lookup(l->region->store, index);
	rayos_zcomp_set(entry, (entry->word & ~RAYOS_ZCOMP_USED) |
			       FIELD_PREP(RAYOS_ZCOMP_USED, used));
}

static bool is_in_memory(struct land *l, u64 index)
{
	return rayos_zcomp_lookup(l->region->store, index)->word &
	       RAYOS_ZCOMP_RESIDENT;
}

static u64 resident(struct land *l)
{
	return atomic64_read(&l->region->resident);
}

static void sweep(struct land *l, struct rayos_zcomp_sweep *what)
{
	rayos_zcomp_sweep(l->region->store, 0, PAGES, what);
}

/* Each page is older than the one before by four seconds */
static void test_page_eviction(struct kunit *test)
{
	struct rayos_zcomp_sweep what = {
		.cool = 400, .evict = 400, .promote = RAYOS_ZCOMP_NEVER,
		.at_once = true, .most = U64_MAX,
	};
	struct land *l = new_land(test, 0);
	u32 i, wrong = 0;

	fill(test, l, PAGE_TEXT);
	for (i = 0; i < PAGES; i++)
		set_age(l, i, 4 * i);
	sweep(l, &what);
	/* the clock may go on meanwhile */
	for (i = 0; i < PAGES; i++)
		wrong += i != 99 && is_in_memory(l, i) != (i < 100);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, what.evicted, PAGES - resident(l));
	KUNIT_EXPECT_EQ(test, what.compressed, what.evicted);
	KUNIT_EXPECT_LT(test, rayos_zcomp_used_bytes(l->region->store),
			rayos_zcomp_original_bytes(l->region->store));
	expect_all(test, l);
	KUNIT_EXPECT_EQ(test, resident(l), PAGES);
}

static void second_chance(struct kunit *test)
{
	struct rayos_zcomp_sweep what = {
		.cool = 60, .evict = 60, .promote = RAYOS_ZCOMP_NEVER,
		.most = U64_MAX,
	};
	struct land *l = new_land(test, 0);
	u32 i;

	fill(test, l, PAGE_TEXT);
	for (i = 0; i < PAGES; i++)
		set_age(l, i, 100);
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, what.cooled, PAGES);
	KUNIT_EXPECT_EQ(test, what.evicted, 0);
	/* one in two is used, and all have been unmapped for long */
	for (i = 0; i < PAGES; i += 2)
		KUNIT_EXPECT_TRUE(test, is_there(test, l, i));
	for (i = 0; i < PAGES; i++)
		set_age(l, i, 100);
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, what.evicted, PAGES / 2);
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_EQ(test, is_in_memory(l, i), !(i % 2));
	expect_all(test, l);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_counted(l->region->store->counts,
						  RAYOS_ZCOMP_C_FAULT_LOADED),
			PAGES / 2);
}

static void clean_pages_cost_nothing(struct kunit *test)
{
	struct rayos_zcomp_sweep first = everything, second = everything;
	struct rayos_zcomp_sweep third = everything;
	struct land *l = new_land(test, 0);

	fill(test, l, PAGE_SPARSE);
	sweep(l, &first);
	KUNIT_EXPECT_EQ(test, first.compressed, PAGES);
	expect_all(test, l);
	sweep(l, &second);
	KUNIT_EXPECT_EQ(test, second.evicted, PAGES);
	KUNIT_EXPECT_EQ(test, second.compressed, 0);
	put(test, l, 7, PAGE_TEXT, 1);
	put(test, l, 8, PAGE_TEXT, 2);
	sweep(l, &third);
	KUNIT_EXPECT_EQ(test, third.evicted, 2);
	KUNIT_EXPECT_EQ(test, third.compressed, 2);
	expect_all(test, l);
}

static void words_survive(struct kunit *test)
{
	struct rayos_zcomp_sweep what = everything;
	struct land *l = new_land(test, 0);
	int i;

	fill(test, l, PAGE_WORD);
	for (i = 0; i < 3; i++) {
		sweep(l, &what);
		KUNIT_EXPECT_EQ(test, resident(l), 0);
		KUNIT_EXPECT_EQ(test, (int)atomic_read(&l->region->store->pool->nr_pages), 0);
		expect_all(test, l);
	}
}

static u64 sum(const u64 *ages)
{
	u64 all = 0;
	u32 i;

	for (i = 0; i < RAYOS_ZCOMP_AGES; i++)
		all += ages[i];
	return all;
}

static void expect_stuck(struct kunit *test, struct land *l, u64 pages)
{
	struct rayos_zcomp_ages *ages = kunit_kzalloc(test, sizeof(*ages), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ages);
	rayos_zcomp_ages(l->region->store, 0, PAGES, ages);
	KUNIT_EXPECT_EQ(test, sum(ages->stuck), pages);
	KUNIT_EXPECT_EQ(test, sum(ages->mapped) + sum(ages->unmapped), PAGES - pages);
}

static void noise_stays(struct kunit *test)
{
	struct rayos_zcomp_sweep what = everything;
	struct land *l = new_land(test, 0);

	fill(test, l, PAGE_NOISE);
	sweep(l, &what);
	/* not to be taken for zeroes that have not changed */
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, what.evicted, 0);
	KUNIT_EXPECT_EQ(test, resident(l), PAGES);
	/* who looks for the oldest ones is not to find these again and again */
	expect_stuck(test, l, PAGES);
	expect_all(test, l);
	expect_stuck(test, l, 0);
	put(test, l, 3, PAGE_TEXT, 3);
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, what.evicted, 1);
	expect_all(test, l);
}

static void what_is_held_stays_in_memory(struct kunit *test)
{
	struct rayos_zcomp_sweep what = everything;
	struct land *l = new_land(test, 0);
	struct page *page;

	fill(test, l, PAGE_TEXT);
	page = use(test, l, 5);
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, resident(l), 1);
	KUNIT_EXPECT_TRUE(test, is_in_memory(l, 5));
	put_page(page);
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, resident(l), 0);
	expect_all(test, l);
}

static void no_more_than_asked_for(struct kunit *test)
{
	struct rayos_zcomp_sweep what = everything;
	struct land *l = new_land(test, 0);

	fill(test, l, PAGE_TEXT);
	what.most = 100;
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, what.evicted, 100);
	KUNIT_EXPECT_EQ(test, resident(l), PAGES - 100);
	expect_all(test, l);
}

static void no_more_than_allowed(struct kunit *test)
{
	struct rayos_zcomp_sweep what = everything;
	struct land *l = new_land(test, 64);

	fill(test, l, PAGE_TEXT);
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, resident(l), PAGES - 64);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_counted(l->region->store->counts,
						  RAYOS_ZCOMP_C_REFUSED),
			PAGES - 64);
	expect_all(test, l);
}

static void discarded_pages_are_zeroes(struct kunit *test)
{
	struct rayos_zcomp_sweep what = everything;
	struct land *l = new_land(test, 0);
	struct page *page;
	u32 i;

	fill(test, l, PAGE_TEXT);
	sweep(l, &what);
	/* compressed, clean, changed, and held by somebody */
	is_there(test, l, 101);
	put(test, l, 102, PAGE_SPARSE, 9);
	page = use(test, l, 103);
	rayos_zcomp_region_discard(l->region, 100, 4);
	for (i = 100; i < 104; i++)
		l->kind[i] = PAGE_ZERO;
	KUNIT_EXPECT_EQ(test, resident(l), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&l->region->shadowed), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&l->region->store->stats.objects),
			PAGES - 4);
	put_page(page);
	expect_all(test, l);
	sweep(l, &what);
	expect_all(test, l);
}

static void ages_are_of_all(struct kunit *test)
{
	struct rayos_zcomp_ages *ages = kunit_kzalloc(test, sizeof(*ages), GFP_KERNEL);
	struct rayos_zcomp_sweep what = everything;
	struct land *l = new_land(test, 0);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, ages);
	fill(test, l, PAGE_TEXT);
	what.most = 200;
	sweep(l, &what);
	for (i = 0; i < PAGES; i++)
		set_age(l, i, is_in_memory(l, i) ? 100 : 1000);
	rayos_zcomp_ages(l->region->store, 0, PAGES, ages);
	KUNIT_EXPECT_EQ(test, sum(ages->kept), 200);
	KUNIT_EXPECT_EQ(test, ages->kept[rayos_zcomp_age_bin(1000)], 200);
	KUNIT_EXPECT_EQ(test, sum(ages->mapped) + sum(ages->unmapped), PAGES - 200);
	KUNIT_EXPECT_EQ(test, sum(ages->chunked), 0);
}

static void bins_of_ages(struct kunit *test)
{
	u32 age, bin, last = 0, wrong = 0;

	for (age = 0; age < 2 * U16_MAX + 10; age++) {
		bin = rayos_zcomp_age_bin(age);
		wrong += bin < last || bin > last + 1 || bin >= RAYOS_ZCOMP_AGES;
		wrong += rayos_zcomp_bin_age(bin) > age;
		/* a quarter too little at most */
		wrong += age < 2 * U16_MAX &&
			 rayos_zcomp_bin_age(bin) + age / 4 + 2 < age;
		last = bin;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_age_bin(U32_MAX), RAYOS_ZCOMP_AGES - 1);
}

static void cold_pages_are_promoted(struct kunit *test)
{
	struct rayos_zcomp_sweep what = everything;
	struct land *l = new_land(test, 0);
	u32 i;

	fill(test, l, PAGE_TEXT);
	sweep(l, &what);
	for (i = 0; i < PAGES; i++)
		set_age(l, i, i < 256 ? 1000 : 10);
	/* one of four that is used keeps the others back */
	KUNIT_EXPECT_TRUE(test, is_there(test, l, 17));
	what.cool = RAYOS_ZCOMP_NEVER;
	what.evict = RAYOS_ZCOMP_NEVER;
	what.promote = 500;
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, what.promoted, 252);
	KUNIT_EXPECT_EQ(test, atomic64_read(&l->region->store->stats.chunked), 252);
	expect_all(test, l);
	what = everything;
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, what.evicted, PAGES);
	KUNIT_EXPECT_EQ(test, what.compressed, 0);
	expect_all(test, l);
}

static u32 window(struct land *l, u64 index)
{
	return rayos_zcomp_region_window(l->region, index);
}

static void windows_grow_while_pages_follow(struct kunit *test)
{
	struct land *l = new_land(test, 0);

	KUNIT_EXPECT_EQ(test, window(l, 7), 1);
	KUNIT_EXPECT_EQ(test, window(l, 8), 2);
	KUNIT_EXPECT_EQ(test, window(l, 10), 4);
	KUNIT_EXPECT_EQ(test, window(l, 14), 8);
	KUNIT_EXPECT_EQ(test, window(l, 22), 16);
	KUNIT_EXPECT_EQ(test, window(l, 38), 16);
	/* some that were in memory, no more than have come back together */
	KUNIT_EXPECT_EQ(test, window(l, 54 + 16), 16);
	KUNIT_EXPECT_EQ(test, window(l, 86 + 17), 1);
	/* the same once more, and back */
	KUNIT_EXPECT_EQ(test, window(l, 103), 1);
	KUNIT_EXPECT_EQ(test, window(l, 102), 1);
	KUNIT_EXPECT_EQ(test, window(l, 0), 1);
	KUNIT_EXPECT_EQ(test, window(l, 1), 2);
}

static struct page *ahead(struct land *l, u64 index)
{
	return rayos_zcomp_region_ahead(l->region, index);
}

static void what_comes_ahead(struct kunit *test)
{
	struct rayos_zcomp_sweep what = everything;
	struct land *l = new_land(test, 0);
	struct page *page;

	/* what has never been used, and what is in memory, does not */
	KUNIT_EXPECT_NULL(test, ahead(l, 0));
	put(test, l, 0, PAGE_TEXT, 1);
	put(test, l, 1, PAGE_WORD, 2);
	KUNIT_EXPECT_NULL(test, ahead(l, 0));
	KUNIT_EXPECT_NULL(test, ahead(l, 2));
	sweep(l, &what);
	KUNIT_ASSERT_EQ(test, resident(l), 0);
	/* what costs no more than a fault */
	KUNIT_EXPECT_NULL(test, ahead(l, 1));
	page = ahead(l, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	put_page(page);
	KUNIT_EXPECT_EQ(test, resident(l), 1);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_counted(l->region->store->counts,
						  RAYOS_ZCOMP_C_FAULT_AHEAD), 1);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_counted(l->region->store->counts,
						  RAYOS_ZCOMP_C_FAULT_LOADED), 0);
	KUNIT_EXPECT_TRUE(test, is_there(test, l, 0));
	/* it has not changed, so that it costs nothing */
	what = everything;
	sweep(l, &what);
	KUNIT_EXPECT_EQ(test, what.evicted, 1);
	KUNIT_EXPECT_EQ(test, what.compressed, 0);
	KUNIT_EXPECT_TRUE(test, is_there(test, l, 0));
	KUNIT_EXPECT_TRUE(test, is_there(test, l, 1));
}

#define TENANTS	3
#define ROUNDS	4000

/**
 * struct tenant - one of those who use a region at the same time
 * @l: the region
 * @number: which of its pages are his
 * @wrong: pages that were not what he had written
 * @done: he is
 */
struct tenant {
	struct land *l;
	u32 number;
	u32 wrong;
	struct completion done;
};

static void write_one(struct tenant *u, u64 index, u64 seed)
{
	struct page *page;
	bool loaded;
	u64 *mem;

	page = rayos_zcomp_region_page(u->l->region, index, &loaded);
	if (IS_ERR(page)) {
		u->wrong++;
		return;
	}
	mem = kmap_local_page(page);
	if (u->l->seed[index])
		u->wrong += !is_page(mem, PAGE_TEXT, u->l->seed[index]);
	make_page(mem, PAGE_TEXT, seed);
	u->l->seed[index] = seed;
	kunmap_local(mem);
	SetPageDirty(page);
	put_page(page);
}

static int use_pages(void *data)
{
	struct tenant *u = data;
	u64 random = u->number + 1;
	u32 i, index;

	for (i = 0; i < ROUNDS; i++) {
		index = number_below(&random, PAGES / TENANTS) * TENANTS + u->number;
		write_one(u, index, next_random(&random) | 1);
		cond_resched();
	}
	complete(&u->done);
	return 0;
}

static void used_and_evicted_at_once(struct kunit *test)
{
	struct tenant *tenants = kunit_kcalloc(test, TENANTS, sizeof(*tenants), GFP_KERNEL);
	struct rayos_zcomp_sweep what = everything;
	struct land *l = new_land(test, 0);
	u32 i, running = 0, wrong = 0;
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, tenants);
	for (i = 0; i < TENANTS; i++) {
		tenants[i].l = l;
		tenants[i].number = i;
		init_completion(&tenants[i].done);
		task = kthread_run(use_pages, &tenants[i], "tenant %u", i);
		if (IS_ERR(task))
			break;
		running++;
	}
	for (i = 0; i < running; i++) {
		while (!try_wait_for_completion(&tenants[i].done)) {
			sweep(l, &what);
			cond_resched();
		}
		wrong += tenants[i].wrong;
	}
	KUNIT_EXPECT_EQ(test, running, TENANTS);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_GT(test, what.evicted, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_page_eviction),
	KUNIT_CASE(second_chance),
	KUNIT_CASE(clean_pages_cost_nothing),
	KUNIT_CASE(words_survive),
	KUNIT_CASE(noise_stays),
	KUNIT_CASE(what_is_held_stays_in_memory),
	KUNIT_CASE(no_more_than_asked_for),
	KUNIT_CASE(no_more_than_allowed),
	KUNIT_CASE(discarded_pages_are_zeroes),
	KUNIT_CASE(ages_are_of_all),
	KUNIT_CASE(bins_of_ages),
	KUNIT_CASE(cold_pages_are_promoted),
	KUNIT_CASE(windows_grow_while_pages_follow),
	KUNIT_CASE(what_comes_ahead),
	KUNIT_CASE(used_and_evicted_at_once),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_zcomp_region",
	.exit = exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
