// SPDX-License-Identifier: GPL-2.0-only
/*
 * Round robin: one after the other, weights are ignored.
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>

#include "policy.h"

static u32 pick(const struct rayos_lb_pool *pool, u64 key)
{
	return (u32)atomic_inc_return(pool->cursor) % pool->nr;
}

const struct rayos_lb_policy_ops rayos_lb_policy_rr = {
	.key = RAYOS_LB_KEY_NONE,
	.pick = pick,
};
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_policy_rr);
