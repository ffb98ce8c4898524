// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slow start: a backend that comes into service is given a sixteenth of its share
 * at first, and then more and more of it, until its caches are warm.
 *
 * The growth is linear as in HAProxy's "slowstart", in steps of 1/64.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <kunit/visibility.h>

#include "policy.h"
#include "ramp.h"

/* From the first part to all of it */
#define STEPS	(RAYOS_LB_RAMP_ONE - RAYOS_LB_RAMP_FIRST)

/**
 * rayos_lb_ramp_part() - how much of its weight a backend has
 * @age: for how long it has been in service, ns
 * @duration: after what time it shall have all of it, at most an hour, ns; 0 for
 *	at once
 *
 * Return: the part, %RAYOS_LB_RAMP_FIRST to %RAYOS_LB_RAMP_ONE.
 */
u32 rayos_lb_ramp_part(u64 age, u64 duration)
{
	if (age >= duration)
		return RAYOS_LB_RAMP_ONE;
	return RAYOS_LB_RAMP_FIRST + div64_u64(age * STEPS, duration);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_ramp_part);

/**
 * rayos_lb_ramp_next() - when the part grows next
 * @age: for how long the backend has been in service, ns
 * @duration: after what time it shall have all of its weight, ns
 *
 * Return: the time until then, ns, at least 1; U64_MAX if it has all of it.
 */
u64 rayos_lb_ramp_next(u64 age, u64 duration)
{
	u32 step;

	if (age >= duration)
		return U64_MAX;
	step = rayos_lb_ramp_part(age, duration) - RAYOS_LB_RAMP_FIRST + 1;
	return div_u64(step * duration + STEPS - 1, STEPS) - age;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_ramp_next);

static bool any_ramps(const struct rayos_lb_pool *pool)
{
	u32 i;

	for (i = 0; i < pool->nr; i++) {
		if (rayos_lb_member_ramps(&pool->member[i]))
			return true;
	}
	return false;
}

/**
 * rayos_lb_ramp_apply() - give the members that ramp less than the others
 * @pool: its policy and its members' weights and parts are set, and nothing is
 *	built yet
 *
 * Nothing happens if no member ramps.  Otherwise weights are multiplied, and the
 * policy may be another, which has what the first lacks for the purpose.
 */
void rayos_lb_ramp_apply(struct rayos_lb_pool *pool)
{
	struct rayos_lb_member *m;
	u32 i;

	if (!any_ramps(pool))
		return;
	if (pool->policy->ramp)
		pool->policy = pool->policy->ramp;
	for (i = 0; i < pool->nr; i++) {
		m = &pool->member[i];
		m->weight = (pool->policy->weightless ? 1 : m->weight) * m->part;
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_ramp_apply);
