// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients that come and go, in pools of any size and weight.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <uapi/linux/rayos_lb.h>

#include "core.h"
#include "policy.h"
#include "program.h"

/* Programs are run by the kernel */
u32 rayos_lb_program_pick(const struct rayos_lb_pool *pool,
			  const struct rayos_lb_pick_ctx *ctx)
{
	return RAYOS_LB_PICK_TURN;
}

struct sim {
	struct rayos_lb_pool pool;
	atomic_t cursor;
	atomic_t *active;
	u32 *picked;
};

static void sim_free(struct sim *sim)
{
	free(sim->pool.table);
	free(sim->pool.member);
	free(sim->active);
	free(sim->picked);
}

/* A pool of @nr members; weights[i % nr_weights] is the weight of member i */
static void sim_init(struct sim *sim, u32 policy, u32 nr, const u32 *weights,
		     u32 nr_weights)
{
	struct rayos_lb_pool *pool = &sim->pool;
	u32 i;

	memset(sim, 0, sizeof(*sim));
	sim->cursor.counter = draw();
	sim->active = calloc(nr, sizeof(*sim->active));
	sim->picked = calloc(nr, sizeof(*sim->picked));
	pool->policy = rayos_lb_policy_lookup(policy);
	pool->cursor = &sim->cursor;
	pool->nr = nr;
	pool->member = calloc(nr, sizeof(*pool->member));
	for (i = 0; i < nr; i++) {
		pool->member[i].weight = weights[i % nr_weights];
		pool->member[i].active = &sim->active[i];
		pool->member[i].identity = draw();
		pool->max_weight = max(pool->max_weight, pool->member[i].weight);
	}
	if (pool->policy->table_len) {
		pool->table_len = pool->policy->table_len(pool);
		pool->table = calloc(pool->table_len, sizeof(*pool->table));
		pool->policy->build(pool);
	}
}

static u32 sim_pick(struct sim *sim, u64 key)
{
	u32 i = sim->pool.policy->pick(&sim->pool, key);

	if (i >= sim->pool.nr) {
		printf("# member %u of %u was picked\n", i, sim->pool.nr);
		abort();
	}
	sim->picked[i]++;
	return i;
}

static double weight_sum(const struct sim *sim)
{
	double sum = 0;
	u32 i;

	for (i = 0; i < sim->pool.nr; i++)
		sum += sim->pool.member[i].weight;
	return sum;
}

/*
 * The greatest distance of a member's picks from its share of @n, in standard
 * deviations of chance.
 */
static double worst_deviation(const struct sim *sim, u32 n)
{
	double sum = weight_sum(sim), worst = 0;
	u32 i;

	for (i = 0; i < sim->pool.nr; i++) {
		double p = sim->pool.member[i].weight / sum;
		double sigma = sqrt(n * p * (1 - p)) + 1;

		worst = fmax(worst, fabs(sim->picked[i] - n * p) / sigma);
	}
	return worst;
}

static bool any_pool_of(u32 policy)
{
	static const u32 sizes[] = { 1, 2, 3, 32, 255, 257, 4096 };
	u32 weights[8];
	struct sim sim;
	u32 s, i, round;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		for (round = 0; round < (sizes[s] > 300 ? 1 : 4); round++) {
			for (i = 0; i < ARRAY_SIZE(weights); i++)
				weights[i] = 1 + (draw_below(65535) >> draw_below(16));
			sim_init(&sim, policy, sizes[s], weights, ARRAY_SIZE(weights));
			for (i = 0; i < 20000; i++)
				sim_pick(&sim, draw());
			sim_free(&sim);
		}
	}
	return true;
}

static bool no_pick_is_out_of_bounds(void)
{
	u32 policy;

	for (policy = 0; policy <= RAYOS_LB_POLICY_MAX; policy++)
		any_pool_of(policy);
	must(!rayos_lb_policy_lookup(RAYOS_LB_POLICY_MAX + 1), "one too many");
	return true;
}

static bool round_robin_is_exact(void)
{
	static const u32 weights[] = { 1, 100 };
	struct sim sim;
	u32 i;

	sim_init(&sim, RAYOS_LB_POLICY_ROUND_ROBIN, 7, weights, 2);
	sim.cursor.counter = 0;
	for (i = 0; i < 7000; i++)
		sim_pick(&sim, 0);
	for (i = 0; i < 7; i++)
		must(sim.picked[i] == 1000, "member %u: %u", i, sim.picked[i]);
	sim_free(&sim);
	return true;
}

/* In any window of one round each member has its turns, whatever came before */
static bool weighted_rounds_are_exact(void)
{
	u32 weights[16], nr, round, i, turn;
	struct sim sim;

	for (round = 0; round < 200; round++) {
		nr = 1 + draw_below(ARRAY_SIZE(weights));
		for (i = 0; i < nr; i++)
			weights[i] = 1 + draw_below(200);
		sim_init(&sim, RAYOS_LB_POLICY_WEIGHTED_ROUND_ROBIN, nr, weights, nr);
		sim.cursor.counter = draw_below(1u << 30);
		for (turn = 0; turn < sim.pool.table_len; turn++)
			sim_pick(&sim, 0);
		for (i = 0; i < nr; i++)
			must(fabs(sim.picked[i] -
				  sim.pool.table_len * weights[i] / weight_sum(&sim)) < 0.001,
			     "member %u of %u: %u", i, nr, sim.picked[i]);
		sim_free(&sim);
	}
	return true;
}

/* A round too short for the weights still has a turn for the lightest */
static bool nobody_is_starved(void)
{
	u32 weights[4096], nr, round, i, turn;
	struct sim sim;

	for (round = 0; round < 20; round++) {
		nr = 2 + draw_below(ARRAY_SIZE(weights) - 1);
		for (i = 0; i < nr; i++)
			weights[i] = draw_below(50) ? 1 : 65535;
		sim_init(&sim, RAYOS_LB_POLICY_WEIGHTED_ROUND_ROBIN, nr, weights, nr);
		for (turn = 0; turn < sim.pool.table_len; turn++)
			sim_pick(&sim, 0);
		for (i = 0; i < nr; i++)
			must(sim.picked[i], "member %u of %u", i, nr);
		sim_free(&sim);
	}
	return true;
}

static bool random_draws_by_weight(void)
{
	static const u32 weights[] = { 1, 2, 3, 10 };
	struct sim sim;
	u32 i;

	sim_init(&sim, RAYOS_LB_POLICY_RANDOM, 12, weights, 4);
	for (i = 0; i < 200000; i++)
		sim_pick(&sim, draw());
	must(worst_deviation(&sim, 200000) < 6, "%f", worst_deviation(&sim, 200000));
	sim_free(&sim);
	return true;
}

/*
 * Connections arrive one a step and last any time: the most that any member
 * has open, relative to the mean.
 */
static double overload(u32 policy, u32 nr)
{
	static const u32 weights[] = { 1 };
	enum { OPEN = 20000 };
	u32 *owner = calloc(OPEN, sizeof(*owner));
	double worst = 0;
	struct sim sim;
	u32 i, k;

	sim_init(&sim, policy, nr, weights, 1);
	for (i = 0; i < 10 * OPEN; i++) {
		k = i < OPEN ? i : draw_below(OPEN);
		if (i >= OPEN)
			sim.active[owner[k]].counter--;
		owner[k] = sim_pick(&sim, draw());
		sim.active[owner[k]].counter++;
	}
	for (i = 0; i < nr; i++)
		worst = fmax(worst, sim.active[i].counter * (double)nr / OPEN);
	sim_free(&sim);
	free(owner);
	return worst;
}

static bool least_connections_stay_level(void)
{
	double worst = overload(RAYOS_LB_POLICY_LEAST_CONNECTIONS, 32);

	must(worst < 1.01, "%f of the mean", worst);
	return true;
}

static bool two_choices_stay_level(void)
{
	double worst = overload(RAYOS_LB_POLICY_RANDOM, 32);

	must(worst < 1.03, "%f of the mean", worst);
	return true;
}

static bool maglev_shares_by_weight(void)
{
	static const u32 weights[] = { 1, 2, 3, 4 };
	struct sim sim;
	double share;
	u32 i;

	sim_init(&sim, RAYOS_LB_POLICY_MAGLEV, 32, weights, 4);
	for (i = 0; i < sim.pool.table_len; i++)
		sim.picked[sim.pool.table[i]]++;
	for (i = 0; i < 32; i++) {
		share = sim.picked[i] * weight_sum(&sim) /
			(sim.pool.table_len * weights[i % 4]);
		must(fabs(share - 1) < 0.01, "member %u: %f", i, share);
	}
	sim_free(&sim);
	return true;
}

/*
 * A server that comes back idle to 31 with hundreds of connections is never ahead
 * of its fair share, in no step.
 */
static bool slow_start_is_slow(u32 policy, double slack)
{
	enum { NR = 32, FLOWS = 20000 };
	static const u32 weights[] = { 1 };
	struct sim sim;
	u32 part, i, k;

	for (part = RAYOS_LB_RAMP_FIRST; part < RAYOS_LB_RAMP_ONE; part += 4) {
		sim_init(&sim, policy, NR, weights, 1);
		for (i = 0; i < NR; i++) {
			sim.pool.member[i].part = i ? RAYOS_LB_RAMP_ONE : part;
			sim.active[i].counter = i ? 300 : 0;
		}
		free(sim.pool.table);
		rayos_lb_ramp_apply(&sim.pool);
		sim.pool.max_weight = RAYOS_LB_RAMP_ONE;
		sim.pool.table_len = sim.pool.policy->table_len(&sim.pool);
		sim.pool.table = calloc(sim.pool.table_len, sizeof(u16));
		sim.pool.policy->build(&sim.pool);
		for (k = 0; k < FLOWS; k++)
			sim.active[sim_pick(&sim, draw())].counter++;
		must(sim.picked[0] * NR <= slack * FLOWS, "policy %u, part %u: %u",
		     policy, part, sim.picked[0]);
		must(sim.picked[0], "policy %u, part %u", policy, part);
		sim_free(&sim);
	}
	return true;
}

static bool nobody_is_stampeded(void)
{
	return slow_start_is_slow(RAYOS_LB_POLICY_ROUND_ROBIN, 1.01) &&
	       slow_start_is_slow(RAYOS_LB_POLICY_WEIGHTED_ROUND_ROBIN, 1.01) &&
	       slow_start_is_slow(RAYOS_LB_POLICY_LEAST_CONNECTIONS, 1.01) &&
	       slow_start_is_slow(RAYOS_LB_POLICY_RANDOM, 1.2) &&
	       slow_start_is_slow(RAYOS_LB_POLICY_MAGLEV, 1.2);
}

/* When one of 32 equals goes, few but its own clients change their server */
static bool maglev_clients_stay(void)
{
	static const u32 weights[] = { 1 };
	struct sim before, after;
	u32 i, gone = draw_below(32), moved = 0, others = 0;

	sim_init(&before, RAYOS_LB_POLICY_IP_HASH, 32, weights, 1);
	sim_init(&after, RAYOS_LB_POLICY_IP_HASH, 31, weights, 1);
	for (i = 0; i < 31; i++)
		after.pool.member[i].identity =
			before.pool.member[i + (i >= gone)].identity;
	after.pool.policy->build(&after.pool);

	for (i = 0; i < 100000; i++) {
		u64 key = draw();
		u32 a = sim_pick(&before, key), b = sim_pick(&after, key);

		if (a == gone)
			continue;
		others++;
		moved += a != b + (b >= gone);
	}
	must(moved < others / 20, "%u of %u moved", moved, others);
	sim_free(&before);
	sim_free(&after);
	return true;
}

const struct core_test balance_tests[] = {
	{ "no policy picks out of bounds, in any pool", no_pick_is_out_of_bounds },
	{ "round-robin is exact", round_robin_is_exact },
	{ "every weighted round is exact", weighted_rounds_are_exact },
	{ "weighted rounds starve nobody, however heavy the others", nobody_is_starved },
	{ "random draws by weight", random_draws_by_weight },
	{ "least-connections keeps servers level", least_connections_stay_level },
	{ "the better of two random servers keeps them level", two_choices_stay_level },
	{ "maglev shares by weight within a per cent", maglev_shares_by_weight },
	{ "slow start gives nobody more than its share", nobody_is_stampeded },
	{ "ip-hash moves few clients when a server goes", maglev_clients_stay },
	{}
};
