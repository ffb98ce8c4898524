// SPDX-License-Identifier: GPL-2.0-only
/*
 * Round robin: one after the other, weights are ignored.
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>

#include "policy.h"

/**
 * rayos_lb_turn_pick() - whose turn it is, whatever they weigh
 * @pool: any pool
 * @key: of no interest
 *
 * Return: index of the member.
 */
u32 rayos_lb_turn_pick(const struct rayos_lb_pool *pool, u64 key)
{
	return (u32)atomic_inc_return(pool->cursor) % pool->nr;
}

/* Turns that are fewer for who ramps, in a weighted round of equals */
static const struct rayos_lb_policy_ops ramp = {
	.key = RAYOS_LB_KEY_NONE,
	.weightless = true,
	.table_max = RAYOS_LB_ROUND_MAX,
	.table_len = rayos_lb_round_len,
	.build = rayos_lb_round_build,
	.pick = rayos_lb_round_pick,
};

const struct rayos_lb_policy_ops rayos_lb_policy_rr = {
	.key = RAYOS_LB_KEY_NONE,
	.weightless = true,
	.ramp = &ramp,
	.pick = rayos_lb_turn_pick,
};
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_policy_rr);
