// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slow start: the arithmetic, what each policy makes of it, and who starts slowly
 * when.  Time is simulated.
 */
#include <linux/ktime.h>
#include <linux/math64.h>

#include "fixture.h"

#define MEMBERS		4
#define MINUTE		(60ULL * NSEC_PER_SEC)

static const struct part_case {
	const char *name;
	u64 age;
	u64 duration;
	u32 part;
} part_cases[] = {
	{ "off", 0, 0, 64 },
	{ "off_and_old", MINUTE, 0, 64 },
	{ "begins_with_a_sixteenth", 0, MINUTE, 4 },
	{ "before_the_first_step", NSEC_PER_SEC - 1, MINUTE, 4 },
	{ "first_step", NSEC_PER_SEC, MINUTE, 5 },
	{ "half", MINUTE / 2, MINUTE, 34 },
	{ "nearly_all", MINUTE - 1, MINUTE, 63 },
	{ "all", MINUTE, MINUTE, 64 },
	{ "long_since", U64_MAX, MINUTE, 64 },
	{ "shortest", NSEC_PER_SEC / 2, NSEC_PER_SEC, 34 },
	{ "longest", 60 * MINUTE - 1, 60 * MINUTE, 63 },
};

static void part_name(const struct part_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(part, part_cases, part_name);

static void part_of_weight(struct kunit *test)
{
	const struct part_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, rayos_lb_ramp_part(c->age, c->duration), c->part);
}

static const u64 durations[] = {
	NSEC_PER_SEC, NSEC_PER_SEC + 1, 7777777777ULL, 30ULL * NSEC_PER_SEC,
	60 * MINUTE,
};

static void duration_name(const u64 *duration, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%llu_ns", *duration);
}

KUNIT_ARRAY_PARAM(duration, durations, duration_name);

/* Each step is one more, and comes neither late nor early */
static void next_is_when_it_grows(struct kunit *test)
{
	u64 duration = *(const u64 *)test->param_value;
	u64 age = 0, next;
	u32 part = 4;

	for (; part < RAYOS_LB_RAMP_ONE; part++) {
		KUNIT_ASSERT_EQ(test, rayos_lb_ramp_part(age, duration), part);
		next = rayos_lb_ramp_next(age, duration);
		KUNIT_ASSERT_GE(test, next, 1);
		KUNIT_EXPECT_EQ(test,
				rayos_lb_ramp_part(age + next - 1, duration),
				part);
		age += next;
	}
	KUNIT_EXPECT_EQ(test, age, duration);
	KUNIT_EXPECT_EQ(test, rayos_lb_ramp_next(age, duration), U64_MAX);
	KUNIT_EXPECT_EQ(test, rayos_lb_ramp_next(0, 0), U64_MAX);
}

/* Every policy over a whole slow start */
static const struct share_case {
	const char *name;
	const struct rayos_lb_policy_ops *policy;
	u32 weight[MEMBERS];
	bool chance;
} share_cases[] = {
	{ "rr", &rayos_lb_policy_rr, { 1, 1, 1, 1 } },
	{ "rr_ignores_weights", &rayos_lb_policy_rr, { 9, 1, 5, 1 } },
	{ "wrr", &rayos_lb_policy_wrr, { 1, 1, 1, 1 } },
	{ "wrr_weights", &rayos_lb_policy_wrr, { 3, 1, 2, 4 } },
	{ "wrr_greatest", &rayos_lb_policy_wrr, { 65535, 65535, 65535, 65535 } },
	{ "lc", &rayos_lb_policy_lc, { 1, 1, 1, 1 } },
	{ "lc_weights", &rayos_lb_policy_lc, { 3, 1, 2, 4 } },
	{ "lc_greatest", &rayos_lb_policy_lc, { 65535, 65535, 65535, 65535 } },
	{ "random", &rayos_lb_policy_random, { 1, 1, 1, 1 }, true },
	{ "random_weights", &rayos_lb_policy_random, { 3, 1, 2, 4 }, true },
	{ "hash", &rayos_lb_policy_hash, { 1, 1, 1, 1 }, true },
	{ "hash_weights", &rayos_lb_policy_hash, { 3, 1, 2, 4 }, true },
	{ "maglev", &rayos_lb_policy_maglev, { 1, 1, 1, 1 }, true },
	{ "maglev_weights", &rayos_lb_policy_maglev, { 3, 1, 2, 4 }, true },
};

static void share_name(const struct share_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(share, share_cases, share_name);

/**
 * struct sim - a pool whose snapshots change
 * @pool: of the moment
 * @member: its members
 * @table: room for its table
 * @active: open flows
 * @cursor: turns
 * @seed: of what is at random
 */
struct sim {
	struct rayos_lb_pool pool;
	struct rayos_lb_member member[MEMBERS];
	u16 table[RAYOS_LB_MAGLEV_SLOTS];
	atomic_t active[MEMBERS];
	atomic_t cursor;
	u64 seed;
};

/* A snapshot in which the first member has @part of its weight */
static void sim_build(struct sim *sim, const struct share_case *c, u32 part)
{
	struct rayos_lb_pool *pool = &sim->pool;
	u64 seed = 1;
	u32 i;

	memset(pool, 0, sizeof(*pool));
	pool->policy = c->policy;
	pool->cursor = &sim->cursor;
	pool->member = sim->member;
	pool->nr = MEMBERS;
	for (i = 0; i < MEMBERS; i++) {
		sim->member[i] = (struct rayos_lb_member) {
			.weight = c->weight[i],
			.part = i ? RAYOS_LB_RAMP_ONE : part,
			.active = &sim->active[i],
			.identity = next_random(&seed),
		};
	}
	rayos_lb_ramp_apply(pool);
	for (i = 0; i < MEMBERS; i++)
		pool->max_weight = max(pool->max_weight, sim->member[i].weight);
	if (!pool->policy->table_max)
		return;
	pool->table = sim->table;
	pool->table_len = pool->policy->table_len(pool);
	pool->policy->build(pool);
}

/* One flow begins, and one of those that are open ends */
static u32 sim_flow(struct sim *sim)
{
	u32 got = sim->pool.policy->pick(&sim->pool, next_random(&sim->seed));
	u32 i, all = 0, ends;

	atomic_inc(&sim->active[got]);
	for (i = 0; i < MEMBERS; i++)
		all += atomic_read(&sim->active[i]);
	ends = (u32)next_random(&sim->seed) % all;
	for (i = 0; ends >= (u32)atomic_read(&sim->active[i]); i++)
		ends -= atomic_read(&sim->active[i]);
	atomic_dec(&sim->active[i]);
	return got;
}

static u64 fair_share(const struct share_case *c, u32 flows)
{
	u64 sum = 0;
	u32 i;

	if (c->policy == &rayos_lb_policy_rr)
		return flows / MEMBERS;
	for (i = 0; i < MEMBERS; i++)
		sum += c->weight[i];
	return div64_u64((u64)flows * c->weight[0], sum);
}

/*
 * A server that comes back idle to others with hundreds of flows: in no step of
 * its slow start more than 1.2 times its fair share of what is new, more from
 * step to step, and nearly nothing at first.
 */
static void share_grows_and_is_bounded(struct kunit *test)
{
	const struct share_case *c = test->param_value;
	u32 step, i, got, before = 0, first = 0, flows = 20000;
	u64 fair = fair_share(c, flows);
	/* of a binomial distribution, or a turn more or less */
	u32 noise = c->chance ? 3 * int_sqrt(fair) : 2;
	struct sim *sim;

	sim = kunit_kzalloc(test, sizeof(*sim), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sim);
	sim->seed = 11;
	for (i = 1; i < MEMBERS; i++)
		atomic_set(&sim->active[i], 200 * c->weight[i] / c->weight[1]);

	for (step = 0; step < 16; step++) {
		sim_build(sim, c, rayos_lb_ramp_part(step * MINUTE, 16 * MINUTE));
		for (i = 0, got = 0; i < flows; i++)
			got += sim_flow(sim) == 0;
		KUNIT_EXPECT_LE_MSG(test, 5 * got, 6 * fair, "step %u", step);
		KUNIT_EXPECT_GE_MSG(test, got + noise, before, "step %u", step);
		first = first ?: got;
		before = got;
	}
	KUNIT_EXPECT_GE(test, first, 1);
	KUNIT_EXPECT_LE(test, first, fair / 6 + noise);
	KUNIT_EXPECT_GE(test, before + noise, fair * 3 / 4);
}

/* By the flow, not in the mean only: among any so many it has a turn at most */
static void lc_gives_no_bursts(struct kunit *test)
{
	static const struct share_case c = {
		.policy = &rayos_lb_policy_lc, .weight = { 1, 1, 1, 1 },
	};
	u32 i, last = 0, close = 0, part = 16;
	struct sim *sim;

	sim = kunit_kzalloc(test, sizeof(*sim), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sim);
	for (i = 1; i < MEMBERS; i++)
		atomic_set(&sim->active[i], 500);
	sim_build(sim, &c, part);
	/* a quarter of its weight: one of 13 */
	for (i = 1; i < 13 * 20; i++) {
		if (sim->pool.policy->pick(&sim->pool, 0))
			continue;
		close += last && i - last < 12;
		last = i;
	}
	KUNIT_EXPECT_EQ(test, close, 0);
	KUNIT_EXPECT_GT(test, last, 0);
}

/* The round has a turn for each of very many, and tables are as long as they may */
static void many_members_ramp(struct kunit *test)
{
	u32 i, nr = RAYOS_LB_POOL_MAX, idle = 0, *slots;
	struct rayos_lb_pool *pool;

	pool = fixture_pool(test, &rayos_lb_policy_lc, nr, NULL, NULL, 0);
	slots = kunit_kcalloc(test, nr, sizeof(*slots), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, slots);
	for (i = 0; i < nr; i++)
		pool->member[i].part = i % 2 ? RAYOS_LB_RAMP_ONE :
					       RAYOS_LB_RAMP_FIRST;
	rayos_lb_ramp_apply(pool);
	pool->table_len = pool->policy->table_len(pool);
	KUNIT_ASSERT_EQ(test, pool->table_len, RAYOS_LB_ROUND_MAX);
	pool->table = kunit_kcalloc(test, pool->table_len, sizeof(u16),
				    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pool->table);
	pool->policy->build(pool);
	fixture_count_slots(pool, slots);
	for (i = 0; i < nr; i++)
		idle += !slots[i];
	KUNIT_EXPECT_EQ(test, idle, 0);
}

/* Balancers: who starts slowly, and when */
static void fail_and_recover(struct rayos_lb_backend *backend, u64 now)
{
	const struct rayos_lb_health *health = &backend->balancer->health;
	struct rayos_lb_verdict *verdict = &backend->prober.verdict;
	u32 i;

	for (i = 0; i < health->fall; i++)
		rayos_lb_verdict_add(verdict, false, health->rise, health->fall);
	fixture_refresh(backend, now);
	for (i = 0; i < health->rise; i++)
		rayos_lb_verdict_add(verdict, true, health->rise, health->fall);
	fixture_refresh(backend, now);
}

static void recovered_starts_slowly(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_LEAST_CONNECTIONS);
	struct rayos_lb_backend *backend[3];
	u64 now;
	u32 i;

	fixture_backends(test, balancer, backend, 3);
	for (i = 0; i < 300; i++)
		KUNIT_ASSERT_NOT_NULL(test, fixture_connect(balancer, i, 1));
	balancer->slow_start = MINUTE;
	now = ktime_get_ns();
	fail_and_recover(backend[0], now);
	KUNIT_EXPECT_EQ(test, backend[0]->part, 4);
	KUNIT_EXPECT_EQ(test, rayos_lb_backend_share(backend[0]), 62500);
	KUNIT_EXPECT_EQ(test, rayos_lb_backend_share(backend[1]), 1000000);

	/* however idle, it is not given all that is new, but 1 of 33 */
	atomic_set(&backend[0]->active, 0);
	for (i = 0; i < 330; i++)
		fixture_server_of(balancer, i, 2);
	KUNIT_EXPECT_EQ(test, fixture_counter(backend[0], RAYOS_LB_C_CONNECTIONS),
			100 + 10);
	atomic_set(&backend[0]->active, 100);

	KUNIT_EXPECT_FALSE(test, fixture_refresh(backend[0], now + 1));
	KUNIT_EXPECT_TRUE(test, fixture_refresh(backend[0], now + MINUTE / 2));
	KUNIT_EXPECT_EQ(test, backend[0]->part, 34);
	/* one that flaps begins anew */
	fail_and_recover(backend[0], now + MINUTE / 2);
	KUNIT_EXPECT_EQ(test, backend[0]->part, 4);
	KUNIT_EXPECT_TRUE(test, fixture_refresh(backend[0], now + MINUTE));
	KUNIT_EXPECT_EQ(test, backend[0]->part, 34);
	KUNIT_EXPECT_TRUE(test,
			  fixture_refresh(backend[0], now + 3 * MINUTE / 2));
	KUNIT_EXPECT_EQ(test, backend[0]->part, RAYOS_LB_RAMP_ONE);
	KUNIT_EXPECT_FALSE(test, fixture_refresh(backend[0], now + 2 * MINUTE));
}

static void first_server_bypasses(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[3];
	u64 now;

	balancer->slow_start = MINUTE;
	backend[0] = fixture_backend(test, balancer, 1, 1);
	KUNIT_EXPECT_EQ(test, backend[0]->part, RAYOS_LB_RAMP_ONE);
	backend[1] = fixture_backend(test, balancer, 2, 1);
	KUNIT_EXPECT_EQ(test, backend[1]->part, 4);
	/* who has no weight serves nobody */
	backend[0]->weight = 0;
	fixture_remove(backend[1], false);
	backend[2] = fixture_backend(test, balancer, 3, 1);
	KUNIT_EXPECT_EQ(test, backend[2]->part, RAYOS_LB_RAMP_ONE);

	/* alone, it has nobody to take what it is spared */
	now = ktime_get_ns();
	fail_and_recover(backend[2], now);
	KUNIT_EXPECT_EQ(test, backend[2]->part, RAYOS_LB_RAMP_ONE);
}

/* What comes back at one and the same moment shares as ever */
static void all_at_once_bypass(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[3];
	u64 now;
	u32 i;

	fixture_backends(test, balancer, backend, 3);
	balancer->slow_start = MINUTE;
	now = ktime_get_ns();
	for (i = 0; i < 3; i++)
		fixture_check(backend[i], false, 3);
	for (i = 0; i < 3; i++) {
		rayos_lb_verdict_add(&backend[i]->prober.verdict, true, 1, 3);
		fixture_refresh(backend[i], now + MINUTE);
		KUNIT_EXPECT_EQ(test, backend[i]->part, RAYOS_LB_RAMP_ONE);
	}
}

/* Switched on it begins with the next who comes; off, at once */
static void switched_on_and_off(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[2];
	struct rayos_lb_settings settings;
	u64 now = ktime_get_ns();

	fixture_backends(test, balancer, backend, 2);
	fail_and_recover(backend[0], now);
	KUNIT_EXPECT_EQ(test, backend[0]->part, RAYOS_LB_RAMP_ONE);
	rayos_lb_balancer_settings(balancer, &settings);
	settings.slow_start = 60 * MINUTE;
	KUNIT_EXPECT_TRUE(test, rayos_lb_balancer_apply(balancer, &settings));
	KUNIT_EXPECT_FALSE(test, fixture_refresh(backend[0], now + MINUTE));
	KUNIT_EXPECT_EQ(test, backend[0]->part, RAYOS_LB_RAMP_ONE);

	fail_and_recover(backend[0], ktime_get_ns());
	KUNIT_EXPECT_EQ(test, backend[0]->part, 4);
	settings.slow_start = 0;
	KUNIT_EXPECT_TRUE(test, rayos_lb_balancer_apply(balancer, &settings));
	KUNIT_EXPECT_EQ(test, backend[0]->part, RAYOS_LB_RAMP_ONE);
}

/* The turns of round-robin are fewer while one ramps, and as ever afterwards */
static void round_robin_comes_back(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[3];
	u64 before, now = ktime_get_ns();
	u32 i;

	fixture_backends(test, balancer, backend, 3);
	backend[1]->weight = 7;
	balancer->slow_start = MINUTE;
	fail_and_recover(backend[0], now);
	/* 16 + 16 + 1 turns make a round */
	for (i = 0; i < 330; i++)
		fixture_server_of(balancer, i, 1);
	KUNIT_EXPECT_EQ(test, fixture_counter(backend[0], RAYOS_LB_C_CONNECTIONS), 10);
	KUNIT_EXPECT_EQ(test, fixture_counter(backend[1], RAYOS_LB_C_CONNECTIONS), 160);

	fixture_refresh(backend[0], now + MINUTE);
	before = fixture_counter(backend[0], RAYOS_LB_C_CONNECTIONS);
	for (i = 0; i < 30; i++)
		fixture_server_of(balancer, i, 2);
	KUNIT_EXPECT_EQ(test, fixture_counter(backend[0], RAYOS_LB_C_CONNECTIONS),
			before + 10);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(part_of_weight, part_gen_params),
	KUNIT_CASE_PARAM(next_is_when_it_grows, duration_gen_params),
	KUNIT_CASE_PARAM(share_grows_and_is_bounded, share_gen_params),
	KUNIT_CASE(lc_gives_no_bursts),
	KUNIT_CASE(many_members_ramp),
	KUNIT_CASE(recovered_starts_slowly),
	KUNIT_CASE(first_server_bypasses),
	KUNIT_CASE(all_at_once_bypass),
	KUNIT_CASE(switched_on_and_off),
	KUNIT_CASE(round_robin_comes_back),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_ramp",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
