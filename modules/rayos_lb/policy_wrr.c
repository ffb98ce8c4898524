// SPDX-License-Identifier: GPL-2.0-only
/*
 * Weighted round robin, smooth: a heavy backend's turns are spread over the
 * round instead of coming in one burst.
 *
 * The round is laid out once, when the pool is built: at every slot each member
 * gains as much credit as it has turns in the round, and the richest takes the
 * slot and pays as much as all of them gained.  Picking is then one increment
 * and one load, without a lock.  The scheme is that of nginx's upstream module
 * (commit 52327e0627f4, 2012).
 */
#include <linux/gcd.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <kunit/visibility.h>

#include "policy.h"

static u32 common_divisor(const struct rayos_lb_pool *pool)
{
	unsigned long divisor = 0;
	u32 i;

	for (i = 0; i < pool->nr; i++)
		divisor = gcd(divisor, pool->member[i].weight);
	return divisor ?: 1;
}

static u64 sum_of_weights(const struct rayos_lb_pool *pool)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < pool->nr; i++)
		sum += pool->member[i].weight;
	return sum;
}

static u64 exact_len(const struct rayos_lb_pool *pool)
{
	return div_u64(sum_of_weights(pool), common_divisor(pool));
}

/**
 * rayos_lb_round_len() - length of a weighted round
 * @pool: its members' weights are set
 *
 * Return: the sum of all weights over their common divisor, at most
 * %RAYOS_LB_ROUND_MAX.
 */
u32 rayos_lb_round_len(const struct rayos_lb_pool *pool)
{
	return min_t(u64, exact_len(pool), RAYOS_LB_ROUND_MAX);
}

/*
 * In a round that is too short for the weights each member has one turn at
 * least, as every round is the same, and a share of the others by its weight;
 * what rounding leaves goes to the heaviest.
 */
static void share_out(struct rayos_lb_pool *pool)
{
	u64 sum = sum_of_weights(pool);
	u32 spare = pool->table_len - pool->nr;
	u32 i, heaviest = 0, left = spare;

	for (i = 0; i < pool->nr; i++) {
		struct rayos_lb_member *m = &pool->member[i];
		u32 share = div64_u64((u64)spare * m->weight, sum);

		m->turns = 1 + share;
		left -= share;
		if (m->weight > pool->member[heaviest].weight)
			heaviest = i;
	}
	pool->member[heaviest].turns += left;
}

static void set_turns(struct rayos_lb_pool *pool)
{
	u32 i, divisor = common_divisor(pool);

	if (exact_len(pool) > pool->table_len) {
		share_out(pool);
		return;
	}
	for (i = 0; i < pool->nr; i++)
		pool->member[i].turns = pool->member[i].weight / divisor;
}

static u32 richest(const struct rayos_lb_pool *pool)
{
	u32 i, best = 0;

	for (i = 1; i < pool->nr; i++) {
		if (pool->member[i].credit > pool->member[best].credit)
			best = i;
	}
	return best;
}

/**
 * rayos_lb_round_build() - lay out a weighted round
 * @pool: its members' weights and @table_len are set
 *
 * Context: Any; takes time proportional to members times length of the round.
 */
void rayos_lb_round_build(struct rayos_lb_pool *pool)
{
	u32 i, slot;

	set_turns(pool);
	for (i = 0; i < pool->nr; i++)
		pool->member[i].credit = 0;

	for (slot = 0; slot < pool->table_len; slot++) {
		for (i = 0; i < pool->nr; i++)
			pool->member[i].credit += pool->member[i].turns;
		i = richest(pool);
		pool->member[i].credit -= pool->table_len;
		pool->table[slot] = i;
	}
}

/**
 * rayos_lb_round_pick() - whose turn it is
 * @pool: a pool whose table is a weighted round
 * @key: of no interest
 *
 * Return: index of the member.
 */
u32 rayos_lb_round_pick(const struct rayos_lb_pool *pool, u64 key)
{
	u32 turn = atomic_inc_return(pool->cursor);

	return pool->table[turn % pool->table_len];
}

const struct rayos_lb_policy_ops rayos_lb_policy_wrr = {
	.key = RAYOS_LB_KEY_NONE,
	.table_max = RAYOS_LB_ROUND_MAX,
	.table_len = rayos_lb_round_len,
	.build = rayos_lb_round_build,
	.pick = rayos_lb_round_pick,
};
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_policy_wrr);
