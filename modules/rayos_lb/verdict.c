// SPDX-License-Identifier: GPL-2.0-only
/*
 * What health checks add up to: rise and fall, and when to check again.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <kunit/visibility.h>

#include "verdict.h"

/* A transition is confirmed at this fraction of the interval */
#define FAST_DIVISOR	4
#define FAST_MIN_NS	250000000ULL

/**
 * rayos_lb_verdict_init() - begin anew
 * @v: the verdict
 *
 * A backend counts as healthy until a check has ended: adding a server does not
 * take it out of service for the time of its first check, and that first check
 * alone turns it either way.
 */
void rayos_lb_verdict_init(struct rayos_lb_verdict *v)
{
	*v = (struct rayos_lb_verdict) { .healthy = true };
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_verdict_init);

/**
 * rayos_lb_verdict_add() - take one more check into account
 * @v: the verdict so far
 * @passed: how the check ended
 * @rise: passed checks in a row that make an unhealthy backend healthy, >= 1
 * @fall: failed checks in a row that make a healthy backend unhealthy, >= 1
 *
 * Context: Any; the caller serialises the checks of a backend.
 * Return: true if the backend's health has changed.
 */
bool rayos_lb_verdict_add(struct rayos_lb_verdict *v, bool passed,
			  u32 rise, u32 fall)
{
	u32 needed = passed ? rise : fall;

	if (!v->decided) {
		v->decided = true;
		v->streak = 0;
		needed = 1;
	} else if (v->passed != passed) {
		v->streak = 0;
	}
	v->passed = passed;
	if (v->streak < U32_MAX)
		v->streak++;

	if (v->healthy == passed || v->streak < needed)
		return false;
	v->healthy = passed;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_verdict_add);

/**
 * rayos_lb_verdict_fail() - take it that a backend is unhealthy
 * @v: the verdict so far
 *
 * As if as many checks had failed as it takes; so many passed ones bring it back.
 *
 * Context: Any; the caller serialises the checks of a backend.
 */
void rayos_lb_verdict_fail(struct rayos_lb_verdict *v)
{
	*v = (struct rayos_lb_verdict) { .decided = true };
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_verdict_fail);

/**
 * rayos_lb_check_delay() - time until the next check
 * @v: the verdict so far
 * @interval: configured time between checks in ns
 * @rise: as in rayos_lb_verdict_add()
 * @fall: as in rayos_lb_verdict_add()
 * @random: any 32 random bits
 *
 * While the last checks contradict the verdict the next one comes sooner, a
 * quarter of the interval but not under 250 ms, so that a change is confirmed
 * quickly.  Each delay is drawn from the last tenth before it is over: the checks
 * of many backends spread out instead of coming in step, and yet a backend that
 * fails is known to after @fall intervals and the time that the last check takes.
 *
 * Context: Any.
 * Return: the delay in ns, within (0, interval].
 */
u64 rayos_lb_check_delay(const struct rayos_lb_verdict *v, u64 interval,
			 u32 rise, u32 fall, u32 random)
{
	u64 delay = interval;
	u64 spread;

	if (v->decided && v->healthy != v->passed &&
	    (v->passed ? rise : fall) > v->streak)
		delay = max(div_u64(interval, FAST_DIVISOR),
			    min_t(u64, FAST_MIN_NS, interval));

	spread = div_u64(delay, 10);
	return delay - (spread >> 16) * (random >> 16);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_check_delay);
