// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random, two choices: two backends are drawn by weight, the one with fewer
 * open flows for its weight wins.
 *
 * It balances nearly as well as a search through all of them and reads two
 * counters only (Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing", IEEE TPDS 12(10), 2001).
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>

#include "policy.h"

/* The table is a weighted round: any slot of it is a draw by weight */
static u32 draw(const struct rayos_lb_pool *pool, u32 random)
{
	return pool->table[((u64)random * pool->table_len) >> 32];
}

/* A tie leaves the first draw, so that idle backends share by weight */
static u32 pick(const struct rayos_lb_pool *pool, u64 key)
{
	u32 a = draw(pool, key >> 32), b = draw(pool, key);
	u64 load_a = (u32)atomic_read(pool->member[a].active);
	u64 load_b = (u32)atomic_read(pool->member[b].active);

	if (load_b * pool->member[a].weight < load_a * pool->member[b].weight)
		return b;
	return a;
}

/*
 * A member that ramps has few flows open and would win whenever it is drawn at
 * all, which is for nearly twice its share.  It has to be drawn first.
 */
static u32 ramp_pick(const struct rayos_lb_pool *pool, u64 key)
{
	if (rayos_lb_member_ramps(&pool->member[draw(pool, key)]))
		return draw(pool, key >> 32);
	return pick(pool, key);
}

static const struct rayos_lb_policy_ops ramp = {
	.key = RAYOS_LB_KEY_RANDOM,
	.table_max = RAYOS_LB_ROUND_MAX,
	.table_len = rayos_lb_round_len,
	.build = rayos_lb_round_build,
	.pick = ramp_pick,
};

const struct rayos_lb_policy_ops rayos_lb_policy_random = {
	.key = RAYOS_LB_KEY_RANDOM,
	.ramp = &ramp,
	.table_max = RAYOS_LB_ROUND_MAX,
	.table_len = rayos_lb_round_len,
	.build = rayos_lb_round_build,
	.pick = pick,
};
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_policy_random);
