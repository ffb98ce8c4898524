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

const struct rayos_lb_policy_ops rayos_lb_policy_lc = {
	.key = RAYOS_LB_KEY_NONE,
	.pick = pick,
};
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_policy_lc);
