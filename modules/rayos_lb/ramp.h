/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slow start: how much of its weight a backend has.
 */
#ifndef _RAYOS_LB_RAMP_H
#define _RAYOS_LB_RAMP_H

#include <linux/types.h>

struct rayos_lb_pool;

/* All of a weight.  While a member ramps, weights count so many times, so that
 * the least of them can grow in steps; a round of %RAYOS_LB_ROUND_MAX turns has
 * room for 64 members of weight 1 then.
 */
#define RAYOS_LB_RAMP_ONE	64

/* What a backend begins with */
#define RAYOS_LB_RAMP_FIRST	(RAYOS_LB_RAMP_ONE / 16)

u32 rayos_lb_ramp_part(u64 age, u64 duration);
u64 rayos_lb_ramp_next(u64 age, u64 duration);
void rayos_lb_ramp_apply(struct rayos_lb_pool *pool);

#endif
