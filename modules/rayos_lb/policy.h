/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies: how the backend of a new flow is picked.  Pure: no policy sleeps,
 * locks, allocates or looks at a clock, and all it may read is its pool.
 */
#ifndef _RAYOS_LB_POLICY_H
#define _RAYOS_LB_POLICY_H

#include <linux/types.h>
#include <rayos/lb.h>

#include "ramp.h"

/* Slots of a consistent hash table: a prime, and over 100 times as many as the
 * backends among which shares should differ by less than one per cent.
 */
#define RAYOS_LB_MAGLEV_SLOTS	65537

/* Longest weighted round; weights whose sum is greater are scaled down to it.
 * No less than the members of a pool, each of which has a turn.
 */
#define RAYOS_LB_ROUND_MAX	4096

/* Most members of a pool: a table entry is 16 bits wide */
#define RAYOS_LB_POOL_MAX	4096

extern const struct rayos_lb_policy_ops rayos_lb_policy_rr;
extern const struct rayos_lb_policy_ops rayos_lb_policy_wrr;
extern const struct rayos_lb_policy_ops rayos_lb_policy_lc;
extern const struct rayos_lb_policy_ops rayos_lb_policy_hash;
extern const struct rayos_lb_policy_ops rayos_lb_policy_random;
extern const struct rayos_lb_policy_ops rayos_lb_policy_maglev;
extern const struct rayos_lb_policy_ops rayos_lb_policy_custom;
extern const struct rayos_lb_policy_ops rayos_lb_policy_module;

const struct rayos_lb_policy_ops *rayos_lb_policy_lookup(u32 id);
u32 rayos_lb_turn_pick(const struct rayos_lb_pool *pool, u64 key);
u32 rayos_lb_round_len(const struct rayos_lb_pool *pool);
void rayos_lb_round_build(struct rayos_lb_pool *pool);
u32 rayos_lb_round_pick(const struct rayos_lb_pool *pool, u64 key);
u32 rayos_lb_maglev_len(const struct rayos_lb_pool *pool);
void rayos_lb_maglev_build(struct rayos_lb_pool *pool);
u32 rayos_lb_maglev_pick(const struct rayos_lb_pool *pool, u64 key);

#endif
