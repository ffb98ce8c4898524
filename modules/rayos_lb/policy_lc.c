// SPDX-License-Identifier: GPL-2.0-only
/*
 * Least connections: the backend with fewest open flows for its weight.
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>

#include "policy.h"

/*
 * Load is (open flows + 1) / weight: the flow about to be given counts, so that
 * of two idle backends the heavier one is the less loaded.  Compared crosswise,
 * without a division.
 */
static bool less_loaded(const struct rayos_lb_member *a,
			const struct rayos_lb_member *b)
{
	u64 load_a = (u64)(u32)atomic_read(a->active) + 1;
	u64 load_b = (u64)(u32)atomic_read(b->active) + 1;

	return load_a * b->weight < load_b * a->weight;
}

/*
 * The search begins at another member each time and only a strictly lower load
 * wins, so equally loaded backends are taken in turn: many flows that arrive
 * together do not all find the same first one.
 */
static u32 pick(const struct rayos_lb_pool *pool, u64 key)
{
	u32 first = (u32)atomic_inc_return(pool->cursor) % pool->nr;
	u32 i, best = first;

	for (i = first + 1; i < pool->nr; i++) {
		if (less_loaded(&pool->member[i], &pool->member[best]))
			best = i;
	}
	for (i = 0; i < first; i++) {
		if (less_loaded(&pool->member[i], &pool->member[best]))
			best = i;
	}
	return best;
}

/*
 * A member that ramps has few flows open, often none: however little weight it
 * has, by load alone it would be given all that is new.  So it is looked at only
 * when it has the turn in a weighted round, of which its part is what it ought to
 * get at most.
 */
static u32 ramp_pick(const struct rayos_lb_pool *pool, u64 key)
{
	u32 i, best = rayos_lb_round_pick(pool, key);

	for (i = 0; i < pool->nr; i++) {
		if (!rayos_lb_member_ramps(&pool->member[i]) &&
		    less_loaded(&pool->member[i], &pool->member[best]))
			best = i;
	}
	return best;
}

static const struct rayos_lb_policy_ops ramp = {
	.key = RAYOS_LB_KEY_NONE,
	.table_max = RAYOS_LB_ROUND_MAX,
	.table_len = rayos_lb_round_len,
	.build = rayos_lb_round_build,
	.pick = ramp_pick,
};

const struct rayos_lb_policy_ops rayos_lb_policy_lc = {
	.key = RAYOS_LB_KEY_NONE,
	.ramp = &ramp,
	.pick = pick,
};
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_policy_lc);
