/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slow start: how much of its weight a backend has.
 */
#ifndef _RAYOS_LB_RAMP_H
#define _RAYOS_LB_RAMP_H

#include <linux/types.h>
#include <rayos/lb.h>

/* What a backend begins with */
#define RAYOS_LB_RAMP_FIRST	(RAYOS_LB_RAMP_ONE / 16)

u32 rayos_lb_ramp_part(u64 age, u64 duration);
u64 rayos_lb_ramp_next(u64 age, u64 duration);
void rayos_lb_ramp_apply(struct rayos_lb_pool *pool);

#endif
