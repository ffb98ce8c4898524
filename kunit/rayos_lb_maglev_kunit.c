// SPDX-License-Identifier: GPL-2.0-only
/*
 * Consistent hashing against figures that others have published or measured.
 */
#include "fixture.h"

static u64 paper_identities[] = {
	MAGLEV_IDENTITY(3, 4), MAGLEV_IDENTITY(0, 2), MAGLEV_IDENTITY(3, 1),
};

/* Table 1 of the paper: permutations of 7 slots, and what comes of them */
static void paper_table_1(struct kunit *test)
{
	static const u16 all[] = { 1, 0, 1, 0, 2, 2, 0 };
	static const u16 without_b1[] = { 0, 0, 0, 0, 1, 1, 1 };
	u64 left[] = { paper_identities[0], paper_identities[2] };
	struct rayos_lb_pool *pool;
	u32 i;

	pool = fixture_pool(test, &rayos_lb_policy_maglev, 3, NULL,
			    paper_identities, 7);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ_MSG(test, pool->table[i], all[i], "slot %u", i);

	pool = fixture_pool(test, &rayos_lb_policy_maglev, 2, NULL, left, 7);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ_MSG(test, pool->table[i], without_b1[i],
				    "slot %u", i);
}

static void single_member_fills_table(struct kunit *test)
{
	struct rayos_lb_pool *pool =
		fixture_pool(test, &rayos_lb_policy_maglev, 1, NULL, NULL, 0);
	u32 i, other = 0;

	KUNIT_EXPECT_EQ(test, pool->table_len, RAYOS_LB_MAGLEV_SLOTS);
	for (i = 0; i < pool->table_len; i++)
		other += pool->table[i] != 0;
	KUNIT_EXPECT_EQ(test, other, 0);
}

static void pick_reaches_every_slot(struct kunit *test)
{
	struct rayos_lb_pool *pool =
		fixture_pool(test, &rayos_lb_policy_maglev, 5, NULL, NULL, 251);
	u64 slot;
	u32 i;

	for (i = 0; i < pool->table_len; i++) {
		slot = ((u64)i << 32) / pool->table_len + 1;
		KUNIT_EXPECT_EQ(test, pool->policy->pick(pool, slot),
				pool->table[i]);
		/* only the low half of a key is used */
		KUNIT_EXPECT_EQ(test, pool->policy->pick(pool, slot | 7ULL << 60),
				pool->table[i]);
	}
	KUNIT_EXPECT_EQ(test, pool->policy->pick(pool, 0), pool->table[0]);
	KUNIT_EXPECT_EQ(test, pool->policy->pick(pool, U32_MAX), pool->table[250]);
}

/* Each identity must step through every slot, or filling would never end */
static const struct identity_case {
	const char *name;
	u64 identity;
} identity_cases[] = {
	{ "zero", 0 },
	{ "one", 1 },
	{ "42", 42 },
	{ "1234567", 1234567 },
	{ "low_half_full", U32_MAX },
	{ "high_half_full", (u64)U32_MAX << 32 },
	{ "all_ones", U64_MAX },
};

static void identity_name(const struct identity_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(identity, identity_cases, identity_name);

static void offset_and_skip_in_range(struct kunit *test)
{
	static const u32 lengths[] = { 2, 3, 7, 251, 509, 1021, 65537 };
	const struct identity_case *c = test->param_value;
	u64 identities[] = { c->identity, c->identity };
	struct rayos_lb_pool *pool;
	u32 slots[2], i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		pool = fixture_pool(test, &rayos_lb_policy_maglev, 2, NULL,
				    identities, lengths[i]);
		KUNIT_EXPECT_LT(test, pool->member[0].offset, lengths[i]);
		KUNIT_EXPECT_GE(test, pool->member[0].skip, 1);
		KUNIT_EXPECT_LT(test, pool->member[0].skip, lengths[i]);
		/* even two with the same permutation share evenly */
		fixture_count_slots(pool, slots);
		KUNIT_EXPECT_EQ(test, slots[0], (lengths[i] + 1) / 2);
		KUNIT_EXPECT_EQ(test, slots[1], lengths[i] / 2);
	}
}

static const u32 size_cases[] = {
	1, 2, 3, 5, 8, 16, 32, 111, 333, 400, 1001, 4096,
};

static void size_name(const u32 *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u_members", *n);
}

KUNIT_ARRAY_PARAM(size, size_cases, size_name);

/* Katran: 400 equal reals in 65537 slots differ by one slot at most */
static void equal_weights_share_equally(struct kunit *test)
{
	u32 nr = *(const u32 *)test->param_value;
	u32 i, least = U32_MAX, most = 0, *slots;
	struct rayos_lb_pool *pool;

	pool = fixture_pool(test, &rayos_lb_policy_maglev, nr, NULL, NULL, 0);
	slots = kunit_kzalloc(test, nr * sizeof(*slots), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, slots);
	fixture_count_slots(pool, slots);
	for (i = 0; i < nr; i++) {
		least = min(least, slots[i]);
		most = max(most, slots[i]);
	}
	KUNIT_EXPECT_LE(test, most - least, 1);
	KUNIT_EXPECT_EQ(test, least, RAYOS_LB_MAGLEV_SLOTS / nr);
}

/*
 * Slots by weight.  Cilium's figures for 1021 slots are { 16, 98, 832, 75 }, and
 * Katran's for a ring of 7 with weights 2 and 1 are 5 and 2.
 */
static const struct weight_case {
	const char *name;
	u32 table_len;
	u32 nr;
	u32 weight[5];
	u32 slots[5];
	u32 tolerance;
} weight_cases[] = {
	{ "cilium_1021", 1021, 4, { 2, 13, 111, 10 }, { 16, 98, 832, 75 }, 2 },
	{ "katran_ring_7", 7, 2, { 2, 1 }, { 5, 2 }, 0 },
	{ "katran_ring_7_equal", 7, 2, { 1, 1 }, { 4, 3 }, 0 },
	{ "one_to_two", 65537, 2, { 1, 2 }, { 21846, 43691 }, 1 },
	{ "big_weights", 65537, 2, { 65535, 65535 }, { 32769, 32768 }, 1 },
	{ "heaviest_and_lightest", 65537, 2, { 65535, 1 }, { 65536, 1 }, 0 },
	{ "coprime", 65537, 3, { 7, 11, 13 }, { 14799, 23255, 27483 }, 2 },
	{ "tenths", 65537, 5, { 1, 2, 3, 4, 10 },
	  { 3277, 6554, 9831, 13107, 32768 }, 3 },
};

static void weight_name(const struct weight_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(weight, weight_cases, weight_name);

static void slots_follow_weights(struct kunit *test)
{
	const struct weight_case *c = test->param_value;
	struct rayos_lb_pool *pool;
	u32 slots[5], i;

	pool = fixture_pool(test, &rayos_lb_policy_maglev, c->nr, c->weight,
			    NULL, c->table_len);
	fixture_count_slots(pool, slots);
	for (i = 0; i < c->nr; i++)
		KUNIT_EXPECT_LE_MSG(test, abs((int)slots[i] - (int)c->slots[i]),
				    c->tolerance, "member %u: %u slots", i,
				    slots[i]);
}

/* One heavy among many light: filling ends in time, and nobody goes without */
static void many_unequal_members(struct kunit *test)
{
	u32 i, nr = 300, idle = 0, *weight, *slots;
	struct rayos_lb_pool *pool;

	weight = kunit_kcalloc(test, nr, sizeof(*weight), GFP_KERNEL);
	slots = kunit_kcalloc(test, nr, sizeof(*slots), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, weight);
	KUNIT_ASSERT_NOT_NULL(test, slots);
	for (i = 0; i < nr; i++)
		weight[i] = i ? 1 : 65535;
	pool = fixture_pool(test, &rayos_lb_policy_maglev, nr, weight, NULL, 0);
	fixture_count_slots(pool, slots);
	for (i = 0; i < nr; i++)
		idle += !slots[i];
	KUNIT_EXPECT_EQ(test, idle, 0);
	for (i = 2; i < nr; i++)
		KUNIT_EXPECT_GT(test, slots[0], 200 * slots[i]);
}

/*
 * How many slots of those that stay change hands when one of @nr goes, in
 * hundredths of a per cent of the table: worst of several pools, measured with
 * permutations drawn by SHA-256.  Ours are compared in the mean, which varies
 * less than the worst.
 */
static const struct disruption_case {
	u32 table_len;
	u32 nr;
	u32 limit;
} disruption_cases[] = {
	{ 1021, 3, 69 }, { 1021, 8, 630 }, { 1021, 16, 470 }, { 1021, 32, 460 },
	{ 4093, 3, 37 }, { 4093, 8, 140 }, { 4093, 16, 180 }, { 4093, 32, 230 },
	{ 16381, 3, 27 }, { 16381, 8, 64 }, { 16381, 16, 81 }, { 16381, 32, 98 },
	{ 65537, 3, 4 }, { 65537, 8, 21 }, { 65537, 16, 39 }, { 65537, 32, 40 },
};

static void disruption_name(const struct disruption_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "1_of_%u_in_%u_slots", c->nr,
		 c->table_len);
}

KUNIT_ARRAY_PARAM(disruption, disruption_cases, disruption_name);

static u32 moved_needlessly(const struct rayos_lb_pool *before,
			    const struct rayos_lb_pool *after, u32 removed)
{
	u32 i, was, moved = 0;

	for (i = 0; i < before->table_len; i++) {
		was = before->table[i];
		if (was == removed)
			continue;
		moved += after->table[i] != was - (was > removed);
	}
	return moved;
}

static void removal_moves_few_others(struct kunit *test)
{
	const struct disruption_case *c = test->param_value;
	u32 pools = min(c->nr, 8U), removed, i, moved = 0;
	struct rayos_lb_pool *before, *after;
	u64 seed = c->nr, identity[32], left[32];

	for (i = 0; i < c->nr; i++)
		identity[i] = next_random(&seed);
	before = fixture_pool(test, &rayos_lb_policy_maglev, c->nr, NULL,
			      identity, c->table_len);
	for (removed = 0; removed < pools; removed++) {
		memcpy(left, identity, sizeof(left));
		memmove(left + removed, left + removed + 1,
			(c->nr - removed - 1) * sizeof(*left));
		after = fixture_pool(test, &rayos_lb_policy_maglev, c->nr - 1,
				     NULL, left, c->table_len);
		moved += moved_needlessly(before, after, removed);
	}
	KUNIT_EXPECT_LE(test, moved * 10000 / c->table_len / pools, c->limit);
	KUNIT_EXPECT_GT(test, moved, 0);
}

/*
 * Whichever of 32 goes, in several pools: of the slots of those that stay, at most
 * 0.5 % change hands in the table that is used.  That is the mean; by chance one or
 * the other permutation is a little worse.
 */
static void any_of_32_moves_few_others(struct kunit *test)
{
	u64 seed = 1, identity[32], left[32];
	struct rayos_lb_pool *before, *after;
	u32 pool, removed, i, slots[32], moved, stay, worst = 0, sum = 0;

	for (pool = 0; pool < 2; pool++) {
		for (i = 0; i < 32; i++)
			identity[i] = next_random(&seed);
		before = fixture_pool(test, &rayos_lb_policy_maglev, 32, NULL,
				      identity, 0);
		fixture_count_slots(before, slots);
		for (removed = 0; removed < 32; removed++) {
			memcpy(left, identity, sizeof(left));
			memmove(left + removed, left + removed + 1,
				(31 - removed) * sizeof(*left));
			after = fixture_pool(test, &rayos_lb_policy_maglev, 31,
					     NULL, left, 0);
			moved = moved_needlessly(before, after, removed);
			stay = before->table_len - slots[removed];
			worst = max(worst, moved * 10000 / stay);
			sum += moved * 10000 / stay;
			kunit_kfree(test, after->table);
		}
	}
	KUNIT_EXPECT_LE(test, sum / 64, 50);
	KUNIT_EXPECT_LE(test, worst, 60);
}

/* Two directors that were told of the same backends agree on every client */
static void same_members_same_table(struct kunit *test)
{
	struct rayos_lb_pool *one, *two;

	one = fixture_pool(test, &rayos_lb_policy_maglev, 32, NULL, NULL, 0);
	two = fixture_pool(test, &rayos_lb_policy_hash, 32, NULL, NULL, 0);
	KUNIT_EXPECT_EQ(test, one->table_len, two->table_len);
	KUNIT_EXPECT_EQ(test, memcmp(one->table, two->table,
				     one->table_len * sizeof(u16)), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(paper_table_1),
	KUNIT_CASE(single_member_fills_table),
	KUNIT_CASE(pick_reaches_every_slot),
	KUNIT_CASE_PARAM(offset_and_skip_in_range, identity_gen_params),
	KUNIT_CASE_PARAM(equal_weights_share_equally, size_gen_params),
	KUNIT_CASE_PARAM(slots_follow_weights, weight_gen_params),
	KUNIT_CASE(many_unequal_members),
	KUNIT_CASE_PARAM(removal_moves_few_others, disruption_gen_params),
	KUNIT_CASE(any_of_32_moves_few_others),
	KUNIT_CASE(same_members_same_table),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_maglev",
	.test_cases = cases,
};
kunit_test_suite(suite);
