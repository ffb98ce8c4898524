// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy compresses those pages that have not been used for longest, when there
 * is a reason to and no more than that, and few of them come back.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "../modules/rayos_zcomp/policy.h"
#include "zcomp.h"

#define GIB	262144ULL /* pages */

/**
 * struct desk - a chain and what it sees
 * @chain: the chain
 * @in: of 16 GiB of memory half is available
 * @ages: of its pages
 * @decision: what came of it
 */
struct desk {
	struct rayos_zcomp_chain chain;
	struct rayos_zcomp_inputs in;
	struct rayos_zcomp_ages ages;
	struct rayos_zcomp_decision decision;
};

static struct desk *new_desk(struct kunit *test)
{
	struct desk *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, d);
	rayos_zcomp_chain_init(&d->chain);
	d->in.now = 1000;
	d->in.total = 16 * GIB;
	d->in.available = 8 * GIB;
	d->in.ages = &d->ages;
	return d;
}

static void order(struct desk *d, u32 nr, enum rayos_zcomp_link first,
		  enum rayos_zcomp_link second, enum rayos_zcomp_link third)
{
	struct rayos_zcomp_policy policy = d->chain.policy;

	policy.nr_links = nr;
	policy.order[0] = first;
	policy.order[1] = second;
	policy.order[2] = third;
	rayos_zcomp_chain_set(&d->chain, &policy);
}

static void only(struct desk *d, enum rayos_zcomp_link link)
{
	order(d, 1, link, link, link);
}

static bool decide(struct desk *d)
{
	return rayos_zcomp_chain_decide(&d->chain, &d->in, &d->decision);
}

static void put(u64 *bins, u32 age, u64 pages)
{
	bins[rayos_zcomp_age_bin(age)] += pages;
}

static void expect_counts(struct kunit *test, struct desk *d,
			  enum rayos_zcomp_link link, u64 acted, u64 passed)
{
	const struct rayos_zcomp_link_counts *counts = &d->chain.counts[link];

	KUNIT_EXPECT_EQ(test, counts->asked, acted + passed);
	KUNIT_EXPECT_EQ(test, counts->acted, acted);
	KUNIT_EXPECT_EQ(test, counts->passed, passed);
}

/* The mission's: each link acts on what is its own and passes on the rest */
static void test_compression_policy(struct kunit *test)
{
	struct desk *d = new_desk(test);

	put(d->ages.unmapped, 100, 1000);
	put(d->ages.mapped, 4, 5000);
	/* nobody asks, there is enough, but some have not been used for long */
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.link, RAYOS_ZCOMP_TIME);
	KUNIT_EXPECT_EQ(test, d->decision.evict, 30);
	KUNIT_EXPECT_EQ(test, d->decision.cool, 30);
	KUNIT_EXPECT_FALSE(test, d->decision.at_once);
	/* there is little */
	d->in.available = 4 * GIB;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.link, RAYOS_ZCOMP_THRESHOLD);
	KUNIT_EXPECT_EQ(test, d->decision.pages, 6000);
	/* somebody asks */
	d->in.demand = 500;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.link, RAYOS_ZCOMP_DEMAND);
	KUNIT_EXPECT_EQ(test, d->decision.pages, 500);
	KUNIT_EXPECT_EQ(test, d->decision.cool, RAYOS_ZCOMP_NEVER);
	expect_counts(test, d, RAYOS_ZCOMP_DEMAND, 1, 2);
	expect_counts(test, d, RAYOS_ZCOMP_THRESHOLD, 1, 1);
	expect_counts(test, d, RAYOS_ZCOMP_TIME, 1, 0);
}

static void nothing_is_a_decision(struct kunit *test)
{
	struct desk *d = new_desk(test);

	d->in.available = 0;
	d->in.demand = 100;
	put(d->ages.kept, 30, 100);
	KUNIT_EXPECT_FALSE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.pages, 0);
	KUNIT_EXPECT_EQ(test, d->decision.cool, RAYOS_ZCOMP_NEVER);
	KUNIT_EXPECT_EQ(test, d->decision.evict, RAYOS_ZCOMP_NEVER);
	KUNIT_EXPECT_EQ(test, d->decision.promote, RAYOS_ZCOMP_NEVER);
	expect_counts(test, d, RAYOS_ZCOMP_DEMAND, 0, 1);
	expect_counts(test, d, RAYOS_ZCOMP_THRESHOLD, 0, 1);
	expect_counts(test, d, RAYOS_ZCOMP_TIME, 0, 1);
}

/* All have a reason; who is asked first acts, those behind him are not asked */
static void order_matters(struct kunit *test)
{
	static const u8 orders[][RAYOS_ZCOMP_LINKS] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	struct desk *d;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		d = new_desk(test);
		put(d->ages.unmapped, 100, 1000);
		d->in.available = GIB;
		d->in.demand = 100;
		order(d, 3, orders[i][0], orders[i][1], orders[i][2]);
		KUNIT_EXPECT_TRUE(test, decide(d));
		KUNIT_EXPECT_EQ(test, (u32)d->decision.link, orders[i][0]);
		expect_counts(test, d, orders[i][0], 1, 0);
		expect_counts(test, d, orders[i][1], 0, 0);
		expect_counts(test, d, orders[i][2], 0, 0);
	}
}

static void disabled_links_are_not_asked(struct kunit *test)
{
	struct desk *d = new_desk(test);

	put(d->ages.unmapped, 100, 1000);
	d->in.available = GIB;
	d->in.demand = 100;
	only(d, RAYOS_ZCOMP_TIME);
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.link, RAYOS_ZCOMP_TIME);
	only(d, RAYOS_ZCOMP_THRESHOLD);
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.link, RAYOS_ZCOMP_THRESHOLD);
	order(d, 0, 0, 0, 0);
	KUNIT_EXPECT_FALSE(test, decide(d));
	expect_counts(test, d, RAYOS_ZCOMP_DEMAND, 0, 0);
	expect_counts(test, d, RAYOS_ZCOMP_THRESHOLD, 1, 0);
	expect_counts(test, d, RAYOS_ZCOMP_TIME, 1, 0);
}

/* Whoever waits shall not find out afterwards that it was done for another reason */
static void who_waits_is_answered_by_demand(struct kunit *test)
{
	struct desk *d = new_desk(test);

	put(d->ages.unmapped, 100, 1000);
	d->in.available = GIB;
	d->in.demand = 100;
	d->in.waits = true;
	order(d, 3, RAYOS_ZCOMP_TIME, RAYOS_ZCOMP_THRESHOLD, RAYOS_ZCOMP_DEMAND);
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.link, RAYOS_ZCOMP_DEMAND);
	KUNIT_EXPECT_EQ(test, d->decision.pages, 100);
	order(d, 2, RAYOS_ZCOMP_TIME, RAYOS_ZCOMP_THRESHOLD, 0);
	KUNIT_EXPECT_FALSE(test, decide(d));
	KUNIT_EXPECT_FALSE(test, d->chain.short_of);
}

static void demand_goes_by_age(struct kunit *test)
{
	struct desk *d = new_desk(test);

	only(d, RAYOS_ZCOMP_DEMAND);
	put(d->ages.unmapped, 40, 100);
	put(d->ages.unmapped, 10, 100);
	put(d->ages.mapped, 20, 100);
	put(d->ages.mapped, 0, 100);
	d->in.demand = 50;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.evict, 40);
	KUNIT_EXPECT_EQ(test, d->decision.cool, RAYOS_ZCOMP_NEVER);
	d->in.demand = 101;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.evict, 10);
	KUNIT_EXPECT_EQ(test, d->decision.cool, RAYOS_ZCOMP_NEVER);
	d->in.demand = 201;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.evict, 0);
	KUNIT_EXPECT_EQ(test, d->decision.cool, 20);
	KUNIT_EXPECT_FALSE(test, d->decision.at_once);
	d->in.demand = U64_MAX;
	d->in.at_once = true;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.pages, 400);
	KUNIT_EXPECT_EQ(test, d->decision.evict, 0);
	KUNIT_EXPECT_EQ(test, d->decision.cool, 0);
	KUNIT_EXPECT_TRUE(test, d->decision.at_once);
}

/* Begins below 30 per cent and ends at 35 */
static void threshold_has_hysteresis(struct kunit *test)
{
	struct desk *d = new_desk(test);

	only(d, RAYOS_ZCOMP_THRESHOLD);
	put(d->ages.unmapped, 100, 16 * GIB);
	d->in.total = 100000;
	d->in.available = 30000;
	KUNIT_EXPECT_FALSE(test, decide(d));
	d->in.available = 29999;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.pages, 5001);
	KUNIT_EXPECT_FALSE(test, d->decision.at_once);
	d->in.available = 34999;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.pages, 1);
	d->in.available = 35000;
	KUNIT_EXPECT_FALSE(test, decide(d));
	d->in.available = 30000;
	KUNIT_EXPECT_FALSE(test, decide(d));
	d->in.available = 7499;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_TRUE(test, d->decision.at_once);
}

static void threshold_gives_a_second_chance(struct kunit *test)
{
	struct desk *d = new_desk(test);

	only(d, RAYOS_ZCOMP_THRESHOLD);
	put(d->ages.unmapped, 0, 100);
	put(d->ages.mapped, 8, 100);
	d->in.available = 4 * GIB;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.evict, RAYOS_ZCOMP_AGE_MIN);
	KUNIT_EXPECT_EQ(test, d->decision.cool, 8);
}

static void own_limit(struct kunit *test)
{
	struct desk *d = new_desk(test);
	struct rayos_zcomp_policy policy;

	only(d, RAYOS_ZCOMP_THRESHOLD);
	policy = d->chain.policy;
	policy.limit = 1600;
	rayos_zcomp_chain_set(&d->chain, &policy);
	put(d->ages.unmapped, 100, 1000);
	d->in.pool = 600;
	KUNIT_EXPECT_FALSE(test, decide(d));
	d->in.pool = 601;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.pages, 101);
	KUNIT_EXPECT_TRUE(test, d->chain.above);
	KUNIT_EXPECT_FALSE(test, d->chain.short_of);
	d->in.pool = 501;
	KUNIT_EXPECT_TRUE(test, decide(d));
	KUNIT_EXPECT_EQ(test, d->decision.pages, 1);
	d->in.pool = 500;
	KUNIT_EXPECT_FALSE(test, decide(d));
	d->in.pool = 600;
	KUNIT_EXPECT_FALSE(test, decide(d));
}

/* The definition, without any bins */
static u32 slow_oldest(const u32 *age, u32 nr, u64 pages)
{
	u32 i, j, older, best = 0;

	for (i = 0; i < nr; i++) {
		older = 0;
		for (j = 0; j < nr; j++)
			older += age[j] >= age[i];
		if (older >= pages)
			best = max(best, age[i]);
	}
	return best;
}

static void cutoff_is_exact(struct kunit *test)
{
	u32 *age = kunit_kcalloc(test, 200, sizeof(*age), GFP_KERNEL);
	struct desk *d = new_desk(test);
	u64 seed = 7, wanted;
	u32 round, i, nr;

	KUNIT_ASSERT_NOT_NULL(test, age);
	for (round = 0; round < 300; round++) {
		memset(&d->ages, 0, sizeof(d->ages));
		nr = 1 + number_below(&seed, 200);
		for (i = 0; i < nr; i++) {
			age[i] = number_below(&seed, 2U << number_below(&seed, 17));
			put(d->ages.mapped, age[i], 1);
			/* what a bin holds is not told apart */
			age[i] = rayos_zcomp_bin_age(rayos_zcomp_age_bin(age[i]));
		}
		wanted = 1 + number_below(&seed, nr);
		KUNIT_ASSERT_EQ(test, rayos_zcomp_oldest(d->ages.mapped, wanted),
				slow_oldest(age, nr, wanted));
		KUNIT_ASSERT_EQ(test, rayos_zcomp_oldest(d->ages.mapped, nr + 1), 0);
	}
	KUNIT_EXPECT_EQ(test, rayos_zcomp_oldest(d->ages.mapped, 0),
			RAYOS_ZCOMP_NEVER);
}

static void ages_follow_what_is_done(struct kunit *test)
{
	struct desk *d = new_desk(test);

	put(d->ages.unmapped, 60, 10);
	put(d->ages.unmapped, 2, 10);
	put(d->ages.mapped, 20, 5);
	put(d->ages.mapped, 4, 5);
	rayos_zcomp_ages_moved(&d->ages, 12, 7);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_sum_ages(d->ages.unmapped, 2), 8);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_sum_ages(d->ages.unmapped, 0), 15);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_sum_ages(d->ages.mapped, 0), 3);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_sum_ages(d->ages.kept, 0), 12);
	rayos_zcomp_ages_moved(&d->ages, 1000, 1000);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_resident(&d->ages), 0);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_sum_ages(d->ages.kept, 0), 30);
}

static void step(struct desk *d, u32 seconds, u64 refaults)
{
	d->in.now += seconds;
	d->in.refaults += refaults;
	decide(d);
}

/* Of 100000 pages 200 may come back in a minute */
static void idle_age_adapts(struct kunit *test)
{
	struct desk *d = new_desk(test);
	u32 i;

	only(d, RAYOS_ZCOMP_TIME);
	put(d->ages.mapped, 4, 100000);
	/* however many there were before it was looked for the first time */
	d->in.refaults = 1000000;
	step(d, 2, 0);
	for (i = 0; i < 300; i++)
		step(d, 2, 6);
	KUNIT_EXPECT_EQ(test, d->chain.age, 30);
	step(d, 2, 400);
	KUNIT_EXPECT_EQ(test, d->chain.age, 60);
	/* what comes back for it as yet is none of its fault */
	for (i = 0; i < 29; i++)
		step(d, 2, 100);
	KUNIT_EXPECT_EQ(test, d->chain.age, 60);
	for (i = 0; i < 3; i++)
		step(d, 2, 200);
	KUNIT_EXPECT_EQ(test, d->chain.age, 120);
	/* the debt is more than an hour old */
	for (i = 0; i < 1800; i++)
		step(d, 2, 0);
	KUNIT_EXPECT_LT(test, d->chain.age, 120);
	KUNIT_EXPECT_GE(test, d->chain.age, 30);
	for (i = 0; i < 1800; i++)
		step(d, 2, 0);
	KUNIT_EXPECT_EQ(test, d->chain.age, 30);
}

static void idle_age_has_bounds(struct kunit *test)
{
	struct desk *d = new_desk(test);
	struct rayos_zcomp_policy policy = d->chain.policy;
	u32 i;

	policy.idle_max = 200;
	rayos_zcomp_chain_set(&d->chain, &policy);
	only(d, RAYOS_ZCOMP_TIME);
	put(d->ages.unmapped, 500, 1000);
	for (i = 0; i < 1000; i++)
		step(d, 2, 1000);
	KUNIT_EXPECT_EQ(test, d->chain.age, 200);
	/* no age is enough, so none of them is evicted */
	KUNIT_EXPECT_FALSE(test, decide(d));
	policy.rate = 0;
	rayos_zcomp_chain_set(&d->chain, &policy);
	only(d, RAYOS_ZCOMP_TIME);
	step(d, 2, 1000);
	KUNIT_EXPECT_EQ(test, d->decision.evict, 30);
	KUNIT_EXPECT_EQ(test, d->decision.pages, 1000);
}

static void promotion_is_now_and_then(struct kunit *test)
{
	struct desk *d = new_desk(test);
	u32 i, looks = 0;

	only(d, RAYOS_ZCOMP_TIME);
	put(d->ages.kept, 500, 1000);
	KUNIT_EXPECT_FALSE(test, decide(d));
	put(d->ages.kept, 700, 1000);
	for (i = 0; i < 600; i++) {
		step(d, 1, 0);
		looks += d->decision.promote == 600;
	}
	KUNIT_EXPECT_EQ(test, looks, 4);
	d->chain.policy.promote = 0;
	step(d, 1000, 0);
	KUNIT_EXPECT_EQ(test, d->decision.promote, RAYOS_ZCOMP_NEVER);
}

#define CROWD	4000

/**
 * struct crowd - pages that are used from time to time
 * @period: seconds between two uses, 0 for none
 * @next: when it is used next
 * @since: when it has become what it is
 * @state: what it is
 */
struct crowd {
	u32 period[CROWD];
	u32 next[CROWD];
	u32 since[CROWD];
	enum { IN, OUT, GONE } state[CROWD];
};

/* Half are used all the time, a fifth now and then, a tenth seldom, a fifth never */
static void fill_crowd(struct crowd *c, u64 *seed)
{
	static const u32 periods[] = { 4, 4, 4, 4, 4, 45, 45, 600, 0, 0 };
	u32 i;

	for (i = 0; i < CROWD; i++) {
		c->period[i] = periods[i % ARRAY_SIZE(periods)];
		c->next[i] = number_below(seed, c->period[i] + 1);
	}
}

static u32 use(struct crowd *c, u32 now)
{
	u32 i, back = 0;

	for (i = 0; i < CROWD; i++) {
		if (!c->period[i] || now < c->next[i])
			continue;
		c->next[i] = now + c->period[i];
		back += c->state[i] == GONE;
		if (c->state[i] != IN)
			c->since[i] = now;
		c->state[i] = IN;
	}
	return back;
}

static void look(const struct crowd *c, u32 now, struct rayos_zcomp_ages *ages)
{
	u32 i;

	memset(ages, 0, sizeof(*ages));
	for (i = 0; i < CROWD; i++) {
		if (c->state[i] == IN)
			put(ages->mapped, now - c->since[i], 1);
		else if (c->state[i] == OUT)
			put(ages->unmapped, now - c->since[i], 1);
	}
}

static void obey(struct crowd *c, u32 now,
		 const struct rayos_zcomp_decision *decision)
{
	u32 i, age;

	for (i = 0; i < CROWD; i++) {
		age = now - c->since[i];
		if (c->state[i] == OUT && age >= decision->evict) {
			c->state[i] = GONE;
		} else if (c->state[i] == IN && age >= decision->cool) {
			c->state[i] = OUT;
			c->since[i] = now;
		}
	}
}

/* Hours of it.  Return: how many pages have come back in the last one */
static u64 live(struct desk *d, struct crowd *c, u32 hours)
{
	u64 seed = 11, before = 0;
	u32 now;

	fill_crowd(c, &seed);
	only(d, RAYOS_ZCOMP_TIME);
	for (now = 2; now <= hours * 3600; now += 2) {
		if (now == (hours - 1) * 3600 + 2)
			before = d->in.refaults;
		d->in.refaults += use(c, now);
		look(c, now, &d->ages);
		d->in.now = now;
		decide(d);
		obey(c, now, &d->decision);
	}
	return d->in.refaults - before;
}

static u32 gone(const struct crowd *c, u32 period)
{
	u32 i, nr = 0;

	for (i = 0; i < CROWD; i++)
		nr += c->period[i] == period && c->state[i] == GONE;
	return nr;
}

/* At most two in a thousand come back in a minute, and what is never used goes */
static void refault_rate_is_held(struct kunit *test)
{
	struct crowd *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct desk *d = new_desk(test);
	u64 back;

	KUNIT_ASSERT_NOT_NULL(test, c);
	back = live(d, c, 2);
	kunit_info(test, "%llu pages came back, age %u s", back, d->chain.age);
	KUNIT_EXPECT_LE(test, back, CROWD * 8 / 10 * 2 * 60 / 1000);
	KUNIT_EXPECT_EQ(test, gone(c, 0), CROWD / 5);
	KUNIT_EXPECT_EQ(test, gone(c, 4), 0);
	/* the same without holding them to it: so it is the rate that makes it so */
	memset(c, 0, sizeof(*c));
	rayos_zcomp_chain_init(&d->chain);
	d->chain.policy.rate = 0;
	d->in.refaults = 0;
	back = live(d, c, 2);
	kunit_info(test, "%llu pages came back with a fixed age", back);
	KUNIT_EXPECT_GT(test, back, CROWD * 8 / 10 * 2 * 60 / 1000 * 2);
}

/* No number overflows, no division fails */
static void extremes(struct kunit *test)
{
	static const u64 numbers[] = { 0, 1, 1 << 28, BIT_ULL(40) };
	struct desk *d = new_desk(test);
	u64 seed = 3;
	u32 i, link;

	for (i = 0; i < 20000; i++) {
		memset(&d->ages, 0, sizeof(d->ages));
		put(d->ages.mapped, number_below(&seed, U32_MAX),
		    numbers[number_below(&seed, 4)]);
		put(d->ages.unmapped, number_below(&seed, 100000),
		    numbers[number_below(&seed, 4)]);
		d->in.total = numbers[number_below(&seed, 4)];
		d->in.available = numbers[number_below(&seed, 4)];
		d->in.pool = numbers[number_below(&seed, 4)];
		d->in.demand = numbers[number_below(&seed, 4)];
		d->in.now += number_below(&seed, U32_MAX);
		d->in.refaults += numbers[number_below(&seed, 4)];
		d->chain.policy.rate = number_below(&seed, 2) * RAYOS_ZCOMP_PPM;
		d->chain.policy.limit = numbers[number_below(&seed, 4)];
		for (link = 0; link < RAYOS_ZCOMP_LINKS; link++) {
			only(d, link);
			if (decide(d))
				KUNIT_ASSERT_LE(test, d->decision.pages,
						rayos_zcomp_resident(&d->ages));
			KUNIT_ASSERT_GE(test, d->chain.age, d->chain.policy.idle);
			KUNIT_ASSERT_LE(test, d->chain.age,
					d->chain.policy.idle_max);
		}
	}
}

/* One number after the other that is just beyond what is good */
static void what_cannot_be_chosen(struct kunit *test)
{
	struct rayos_zcomp_policy good, bad;

	rayos_zcomp_policy_default(&good);
	KUNIT_EXPECT_NULL(test, rayos_zcomp_policy_check(&good));
#define EXPECT_BAD(member, value) do {					\
		bad = good;						\
		bad.member = value;					\
		KUNIT_EXPECT_NOT_NULL(test, rayos_zcomp_policy_check(&bad)); \
	} while (0)
	EXPECT_BAD(threshold, 0);
	EXPECT_BAD(threshold, 9999);
	EXPECT_BAD(threshold, 990001);
	EXPECT_BAD(hysteresis, 700001);
	EXPECT_BAD(limit, BIT_ULL(40) + 1);
	EXPECT_BAD(idle, 1);
	EXPECT_BAD(idle, 3601);
	EXPECT_BAD(idle_max, 29);
	EXPECT_BAD(idle_max, 86401);
	EXPECT_BAD(rate, RAYOS_ZCOMP_PPM + 1);
	EXPECT_BAD(promote, 1);
	EXPECT_BAD(promote, 86401);
	EXPECT_BAD(nr_links, 4);
	EXPECT_BAD(order[1], RAYOS_ZCOMP_TIME);
	EXPECT_BAD(order[2], RAYOS_ZCOMP_LINKS);
#undef EXPECT_BAD
	good.promote = 0;
	good.rate = 0;
	good.nr_links = 0;
	KUNIT_EXPECT_NULL(test, rayos_zcomp_policy_check(&good));
}

static void links_have_names(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, rayos_zcomp_link_name(RAYOS_ZCOMP_DEMAND), "demand");
	KUNIT_EXPECT_STREQ(test, rayos_zcomp_link_name(RAYOS_ZCOMP_THRESHOLD),
			   "threshold");
	KUNIT_EXPECT_STREQ(test, rayos_zcomp_link_name(RAYOS_ZCOMP_TIME), "time");
	KUNIT_EXPECT_NULL(test, rayos_zcomp_link_name(RAYOS_ZCOMP_LINKS));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_compression_policy),
	KUNIT_CASE(nothing_is_a_decision),
	KUNIT_CASE(order_matters),
	KUNIT_CASE(disabled_links_are_not_asked),
	KUNIT_CASE(who_waits_is_answered_by_demand),
	KUNIT_CASE(demand_goes_by_age),
	KUNIT_CASE(threshold_has_hysteresis),
	KUNIT_CASE(threshold_gives_a_second_chance),
	KUNIT_CASE(own_limit),
	KUNIT_CASE(cutoff_is_exact),
	KUNIT_CASE(ages_follow_what_is_done),
	KUNIT_CASE(idle_age_adapts),
	KUNIT_CASE(idle_age_has_bounds),
	KUNIT_CASE(promotion_is_now_and_then),
	KUNIT_CASE(refault_rate_is_held),
	KUNIT_CASE(extremes),
	KUNIT_CASE(what_cannot_be_chosen),
	KUNIT_CASE(links_have_names),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_zcomp_policy",
	.test_cases = cases,
};

kunit_test_suite(suite);
