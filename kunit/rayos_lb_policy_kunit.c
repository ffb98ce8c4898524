// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policies, each by itself: shares, smoothness, ties, chance, stability.
 */
#include <linux/gcd.h>
#include <linux/math64.h>

#include "fixture.h"

static u32 pick(const struct rayos_lb_pool *pool, u64 key)
{
	return pool->policy->pick(pool, key);
}

static const u32 round_robin_cases[] = { 1, 2, 3, 7, 32, 4096 };

static void members_name(const u32 *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u_members", *n);
}

KUNIT_ARRAY_PARAM(round_robin, round_robin_cases, members_name);

static void rr_takes_strict_turns(struct kunit *test)
{
	u32 nr = *(const u32 *)test->param_value;
	struct rayos_lb_pool *pool;
	u32 i, now, last, wrong = 0;

	pool = fixture_pool(test, &rayos_lb_policy_rr, nr, NULL, NULL, 0);
	last = pick(pool, 0);
	for (i = 0; i < 3 * nr; i++) {
		now = pick(pool, 0);
		wrong += now != (last + 1) % nr;
		last = now;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* The counter of turns overflows once in 2^32 flows: no pick outside the pool */
static void turns_survive_overflow(struct kunit *test)
{
	static const struct rayos_lb_policy_ops *const policy[] = {
		&rayos_lb_policy_rr, &rayos_lb_policy_wrr, &rayos_lb_policy_lc,
	};
	static const int start[] = { INT_MAX - 5, -5 };
	struct rayos_lb_pool *pool;
	u32 i, j, k;

	for (i = 0; i < ARRAY_SIZE(policy); i++) {
		pool = fixture_pool(test, policy[i], 3, NULL, NULL, 0);
		for (j = 0; j < ARRAY_SIZE(start); j++) {
			atomic_set(pool->cursor, start[j]);
			for (k = 0; k < 12; k++)
				KUNIT_EXPECT_LT(test, pick(pool, 0), 3);
		}
	}
}

/* Weighted round robin */
#define MEMBERS	8

static const struct wrr_case {
	const char *name;
	u32 nr;
	u32 weight[MEMBERS];
	u32 round;
} wrr_cases[] = {
	{ "one_alone", 1, { 9 }, 1 },
	{ "equal", 3, { 1, 1, 1 }, 3 },
	{ "equal_heavy", 4, { 65535, 65535, 65535, 65535 }, 4 },
	{ "nginx_5_1_1", 3, { 5, 1, 1 }, 7 },
	{ "one_to_three", 2, { 1, 3 }, 4 },
	{ "common_divisor", 3, { 100, 200, 300 }, 6 },
	{ "coprime", 3, { 7, 11, 13 }, 31 },
	{ "primes", 5, { 2, 3, 5, 7, 11 }, 28 },
	{ "cilium", 4, { 2, 13, 111, 10 }, 136 },
	{ "octaves", 8, { 1, 2, 4, 8, 16, 32, 64, 128 }, 255 },
	{ "hundred_to_one", 2, { 100, 1 }, 101 },
	{ "longest_round", 2, { 4095, 1 }, 4096 },
	{ "scaled_down", 2, { 4096, 1 }, 4096 },
	{ "scaled_down_thirds", 3, { 21845, 21846, 21844 }, 4096 },
	{ "scaled_down_most", 2, { 65535, 65534 }, 4096 },
	{ "heaviest_and_lightest", 2, { 65535, 1 }, 4096 },
	{ "one_heavy_seven_light", 8, { 65535, 1, 1, 1, 1, 1, 1, 1 }, 4096 },
};

static void wrr_name(const struct wrr_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(wrr, wrr_cases, wrr_name);

static u64 sum_of(const u32 *weight, u32 nr)
{
	u64 sum = 0;

	while (nr--)
		sum += weight[nr];
	return sum;
}

static bool is_scaled(const struct wrr_case *c)
{
	unsigned long divisor = 0;
	u32 i;

	for (i = 0; i < c->nr; i++)
		divisor = gcd(divisor, c->weight[i]);
	return sum_of(c->weight, c->nr) > (u64)divisor * c->round;
}

/* Exactly by weight; scaled down, within one turn of it and never none */
static void wrr_shares_by_weight(struct kunit *test)
{
	const struct wrr_case *c = test->param_value;
	u64 sum = sum_of(c->weight, c->nr);
	struct rayos_lb_pool *pool;
	u32 i, fair, seen[MEMBERS] = {};

	pool = fixture_pool(test, &rayos_lb_policy_wrr, c->nr, c->weight, NULL,
			    0);
	KUNIT_ASSERT_EQ(test, pool->table_len, c->round);
	for (i = 0; i < c->round; i++)
		seen[pick(pool, 0)]++;

	for (i = 0; i < c->nr; i++) {
		fair = div64_u64((u64)c->weight[i] * c->round, sum);
		if (!is_scaled(c)) {
			KUNIT_EXPECT_EQ(test, seen[i], fair);
			continue;
		}
		KUNIT_EXPECT_GE(test, seen[i], 1);
		KUNIT_EXPECT_LE(test, abs((int)seen[i] - (int)fair), c->nr);
	}
}

/*
 * After k turns a member has had less than its fair share plus one, so it is
 * never ahead by a whole turn: that is what keeps heavy members from bursts.
 */
static void wrr_never_runs_ahead(struct kunit *test)
{
	const struct wrr_case *c = test->param_value;
	u32 i, k, ahead = 0, turns[MEMBERS], seen[MEMBERS] = {};
	struct rayos_lb_pool *pool;

	pool = fixture_pool(test, &rayos_lb_policy_wrr, c->nr, c->weight, NULL,
			    0);
	fixture_count_slots(pool, turns);
	for (k = 1; k <= c->round; k++) {
		i = pool->table[k - 1];
		seen[i]++;
		ahead += seen[i] * c->round >= k * turns[i] + c->round;
	}
	KUNIT_EXPECT_EQ(test, ahead, 0);
}

/* What nginx documents for 5:1:1 is { a, a, b, a, c, a, a } */
static void wrr_order_of_nginx(struct kunit *test)
{
	static const u32 weight[] = { 5, 1, 1 };
	static const u16 order[] = { 0, 0, 1, 0, 2, 0, 0 };
	struct rayos_lb_pool *pool;
	u32 i;

	pool = fixture_pool(test, &rayos_lb_policy_wrr, 3, weight, NULL, 0);
	for (i = 0; i < ARRAY_SIZE(order); i++)
		KUNIT_EXPECT_EQ(test, pool->table[i], order[i]);
}

/* As many members as a pool may have, of every weight: all get their turn */
static void wrr_largest_pool(struct kunit *test)
{
	u32 i, nr = 1024, idle = 0, *weight, *slots;
	struct rayos_lb_pool *pool;

	weight = kunit_kzalloc(test, nr * sizeof(*weight), GFP_KERNEL);
	slots = kunit_kzalloc(test, nr * sizeof(*slots), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, weight);
	KUNIT_ASSERT_NOT_NULL(test, slots);
	for (i = 0; i < nr; i++)
		weight[i] = 1 + i % 3;
	pool = fixture_pool(test, &rayos_lb_policy_wrr, nr, weight, NULL, 0);
	fixture_count_slots(pool, slots);
	for (i = 0; i < nr; i++)
		idle += slots[i] != weight[i];
	KUNIT_EXPECT_EQ(test, idle, 0);
}

/* Least connections */
static const struct lc_case {
	const char *name;
	u32 nr;
	u32 weight[4];
	u32 active[4];
	u32 best;	/* bits of those who may be picked */
} lc_cases[] = {
	{ "idle_and_busy", 2, { 1, 1 }, { 1, 0 }, BIT(1) },
	{ "one_alone", 1, { 1 }, { 1000000 }, BIT(0) },
	{ "all_idle", 4, { 1, 1, 1, 1 }, { 0, 0, 0, 0 }, 0xf },
	{ "all_equally_busy", 4, { 1, 1, 1, 1 }, { 9, 9, 9, 9 }, 0xf },
	{ "two_of_four", 4, { 1, 1, 1, 1 }, { 3, 2, 2, 3 }, BIT(1) | BIT(2) },
	{ "heavier_when_idle", 2, { 1, 2 }, { 0, 0 }, BIT(1) },
	{ "equal_for_weight", 2, { 1, 2 }, { 1, 3 }, BIT(0) | BIT(1) },
	{ "lighter_behind", 2, { 1, 10 }, { 0, 20 }, BIT(0) },
	{ "heavier_behind", 2, { 1, 10 }, { 2, 20 }, BIT(1) },
	{ "counts_near_2_31", 2, { 1, 65535 }, { 1000000, INT_MAX }, BIT(1) },
	{ "heaviest_full", 2, { 65535, 1 }, { INT_MAX, 1 }, BIT(1) },
};

static void lc_name(const struct lc_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(lc, lc_cases, lc_name);

/* Only the least loaded are picked, and of several every one */
static void lc_picks_least_loaded(struct kunit *test)
{
	const struct lc_case *c = test->param_value;
	struct rayos_lb_pool *pool;
	u32 i, seen = 0;

	pool = fixture_pool(test, &rayos_lb_policy_lc, c->nr, c->weight, NULL,
			    0);
	for (i = 0; i < c->nr; i++)
		atomic_set(fixture_active(pool, i), c->active[i]);
	for (i = 0; i < 2 * c->nr; i++)
		seen |= BIT(pick(pool, 0));
	KUNIT_EXPECT_EQ(test, seen, c->best);
}

static void lc_fills_by_weight(struct kunit *test)
{
	static const u32 weight[] = { 1, 2, 3, 4 };
	struct rayos_lb_pool *pool;
	u32 i;

	pool = fixture_pool(test, &rayos_lb_policy_lc, 4, weight, NULL, 0);
	for (i = 0; i < 10000; i++)
		atomic_inc(fixture_active(pool, pick(pool, 0)));
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_LE(test,
				abs(atomic_read(fixture_active(pool, i)) -
				    (int)(1000 * weight[i])), 1);
}

/* Flows that come and go at random: loads never drift apart */
static void lc_stays_level(struct kunit *test)
{
	struct rayos_lb_pool *pool =
		fixture_pool(test, &rayos_lb_policy_lc, 8, NULL, NULL, 0);
	int active, least = INT_MAX, most = 0;
	u64 seed = 7;
	u32 i, m;

	for (i = 0; i < 50000; i++) {
		atomic_inc(fixture_active(pool, pick(pool, 0)));
		m = next_random(&seed) % 8;
		if (i > 1000 && atomic_read(fixture_active(pool, m)))
			atomic_dec(fixture_active(pool, m));
	}
	/* no more go: arrivals alone level what is left */
	for (i = 0; i < 2000; i++)
		atomic_inc(fixture_active(pool, pick(pool, 0)));
	for (i = 0; i < 8; i++) {
		active = atomic_read(fixture_active(pool, i));
		least = min(least, active);
		most = max(most, active);
	}
	KUNIT_EXPECT_LE(test, most - least, 1);
}

/* Random: chi-square against critical values of p = .001, in thousandths */
static const struct random_case {
	const char *name;
	u32 nr;
	u32 weight[MEMBERS];
	u32 critical;
} random_cases[] = {
	{ "two_equal", 2, { 1, 1 }, 10828 },
	{ "one_to_nine", 2, { 1, 9 }, 10828 },
	{ "three", 3, { 1, 2, 3 }, 13816 },
	{ "four_equal", 4, { 5, 5, 5, 5 }, 16266 },
	{ "four", 4, { 2, 13, 111, 10 }, 16266 },
	{ "eight", 8, { 1, 2, 3, 4, 5, 6, 7, 8 }, 24322 },
	{ "eight_equal", 8, { 1, 1, 1, 1, 1, 1, 1, 1 }, 24322 },
};

static void random_name(const struct random_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(random, random_cases, random_name);

static void random_draws_by_weight(struct kunit *test)
{
	const struct random_case *c = test->param_value;
	u64 seed = 42, seen[MEMBERS] = {}, weight[MEMBERS];
	struct rayos_lb_pool *pool;
	u32 i;

	pool = fixture_pool(test, &rayos_lb_policy_random, c->nr, c->weight,
			    NULL, 0);
	for (i = 0; i < c->nr; i++)
		weight[i] = c->weight[i];
	for (i = 0; i < 100000; i++)
		seen[pick(pool, next_random(&seed))]++;
	KUNIT_EXPECT_LT(test, chi_square(seen, weight, c->nr), c->critical);
}

/* Busy, it gets a flow only when both draws fall on it: one in nr^2 */
static void random_prefers_less_loaded(struct kunit *test)
{
	static const u64 weight[] = { 1, 15 };
	u64 seed = 43, seen[2] = {};
	struct rayos_lb_pool *pool;
	u32 i;

	pool = fixture_pool(test, &rayos_lb_policy_random, 4, NULL, NULL, 0);
	atomic_set(fixture_active(pool, 2), 1);
	for (i = 0; i < 100000; i++)
		seen[pick(pool, next_random(&seed)) != 2]++;
	KUNIT_EXPECT_LT(test, chi_square(seen, weight, 2), 10828);
}

/* Two choices keep the fullest near the mean, one would not */
static void random_two_choices_stay_level(struct kunit *test)
{
	struct rayos_lb_pool *pool =
		fixture_pool(test, &rayos_lb_policy_random, 64, NULL, NULL, 0);
	u64 seed = 44;
	int most = 0;
	u32 i;

	for (i = 0; i < 64 * 100; i++)
		atomic_inc(fixture_active(pool, pick(pool, next_random(&seed))));
	for (i = 0; i < 64; i++)
		most = max(most, atomic_read(fixture_active(pool, i)));
	KUNIT_EXPECT_LE(test, most, 105);
}

/* By hash: who has a client when members come and go */
#define POOL	16

static const struct stability_case {
	const char *name;
	const struct rayos_lb_policy_ops *policy;
	u32 who;
} stability_cases[] = {
	{ "hash_first", &rayos_lb_policy_hash, 0 },
	{ "hash_middle", &rayos_lb_policy_hash, 7 },
	{ "hash_last", &rayos_lb_policy_hash, POOL - 1 },
	{ "maglev_first", &rayos_lb_policy_maglev, 0 },
	{ "maglev_middle", &rayos_lb_policy_maglev, 7 },
	{ "maglev_last", &rayos_lb_policy_maglev, POOL - 1 },
};

static void stability_name(const struct stability_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(stability, stability_cases, stability_name);

static void clients_stay_when_one_goes(struct kunit *test)
{
	const struct stability_case *c = test->param_value;
	u64 identity[POOL], left[POOL - 1], seed = 5, key;
	struct rayos_lb_pool *before, *after, *again;
	u32 i, was, now, n = 20000, stray = 0, strangers = 0;

	for (i = 0; i < POOL; i++)
		identity[i] = next_random(&seed);
	memcpy(left, identity, sizeof(left));
	memcpy(left + c->who, identity + c->who + 1,
	       (POOL - c->who - 1) * sizeof(*left));
	before = fixture_pool(test, c->policy, POOL, NULL, identity, 0);
	after = fixture_pool(test, c->policy, POOL - 1, NULL, left, 0);
	again = fixture_pool(test, c->policy, POOL, NULL, identity, 0);

	for (i = 0; i < n; i++) {
		key = next_random(&seed);
		was = pick(before, key);
		now = pick(after, key);
		now += now >= c->who;
		stray += was != c->who && now != was;
		strangers += pick(again, key) != was;
	}
	/* 0.39 % of the table at worst, and the noise of a sample */
	KUNIT_EXPECT_LE(test, stray * 10000 / n, 60);
	/* it comes back: everybody has whom they had */
	KUNIT_EXPECT_EQ(test, strangers, 0);
}

static void hash_shares_evenly(struct kunit *test)
{
	static const u64 weight[] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	struct rayos_lb_pool *pool =
		fixture_pool(test, &rayos_lb_policy_hash, 8, NULL, NULL, 0);
	u64 seed = 45, seen[8] = {};
	u32 i;

	for (i = 0; i < 100000; i++)
		seen[pick(pool, next_random(&seed))]++;
	KUNIT_EXPECT_LT(test, chi_square(seen, weight, 8), 24322);
}

static void lookup_knows_all_and_no_more(struct kunit *test)
{
	u32 id;

	for (id = 0; id <= RAYOS_LB_POLICY_MAX; id++)
		KUNIT_EXPECT_NOT_NULL(test, rayos_lb_policy_lookup(id));
	KUNIT_EXPECT_NULL(test, rayos_lb_policy_lookup(RAYOS_LB_POLICY_MAX + 1));
	KUNIT_EXPECT_NULL(test, rayos_lb_policy_lookup(U32_MAX));
	KUNIT_EXPECT_PTR_EQ(test, rayos_lb_policy_lookup(RAYOS_LB_POLICY_IP_HASH),
			    &rayos_lb_policy_hash);
	KUNIT_EXPECT_PTR_EQ(test, rayos_lb_policy_lookup(RAYOS_LB_POLICY_MAGLEV),
			    &rayos_lb_policy_maglev);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(lookup_knows_all_and_no_more),
	KUNIT_CASE_PARAM(rr_takes_strict_turns, round_robin_gen_params),
	KUNIT_CASE(turns_survive_overflow),
	KUNIT_CASE_PARAM(wrr_shares_by_weight, wrr_gen_params),
	KUNIT_CASE_PARAM(wrr_never_runs_ahead, wrr_gen_params),
	KUNIT_CASE(wrr_order_of_nginx),
	KUNIT_CASE(wrr_largest_pool),
	KUNIT_CASE_PARAM(lc_picks_least_loaded, lc_gen_params),
	KUNIT_CASE(lc_fills_by_weight),
	KUNIT_CASE(lc_stays_level),
	KUNIT_CASE_PARAM(random_draws_by_weight, random_gen_params),
	KUNIT_CASE(random_prefers_less_loaded),
	KUNIT_CASE(random_two_choices_stay_level),
	KUNIT_CASE_PARAM(clients_stay_when_one_goes, stability_gen_params),
	KUNIT_CASE(hash_shares_evenly),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_policy",
	.test_cases = cases,
};
kunit_test_suite(suite);
