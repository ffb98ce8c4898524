// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the connections of clients make a backend unhealthy, and when one that is
 * not checked is tried again: a circuit breaker (Nygard, Release It!, 2007),
 * which opens at so many failures in a row, and after a time lets one through.
 */
#include <linux/kernel.h>
#include <linux/time64.h>
#include <kunit/visibility.h>

#include "passive.h"

#define HOLD_MIN	(10 * NSEC_PER_SEC)
#define HOLD_MAX	(300 * NSEC_PER_SEC)

/* Half of the time after which a client sends its SYN again (RFC 6298: 1 s), in
 * units of 1024 ns; copies that the network makes of a packet come far sooner
 */
#define SILENCE		(NSEC_PER_SEC / 2 / 1024)

/**
 * rayos_lb_passive_down() - whether clients have failed often enough
 * @count: the backend's count
 * @limit: failures in a row that make it unhealthy, 0 for any number
 *
 * Context: Any.
 * Return: true if it is unhealthy.
 */
bool rayos_lb_passive_down(u32 count, u32 limit)
{
	return limit && rayos_lb_passive_streak(count) >= limit;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_passive_down);

/**
 * rayos_lb_passive_hold() - for how long a backend gets nothing
 * @last: how long it was the last time, ns, 0 if there was none
 * @count: its count, by which it is down
 *
 * 10 s, and twice as long each time that nothing has succeeded in between, up to
 * 5 min.
 *
 * Context: Any.
 * Return: the time in ns.
 */
u64 rayos_lb_passive_hold(u64 last, u32 count)
{
	if (!(count & RAYOS_LB_PROBATION))
		return HOLD_MIN;
	return clamp_t(u64, 2 * last, HOLD_MIN, HOLD_MAX);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_passive_hold);

/**
 * rayos_lb_passive_probation() - count of a backend that is tried again
 * @limit: as in rayos_lb_passive_down()
 *
 * One failure more and it is down again, so that few clients pay for the trial.
 *
 * Context: Any.
 * Return: the count.
 */
u32 rayos_lb_passive_probation(u32 limit)
{
	return RAYOS_LB_PROBATION | (limit ? limit - 1 : 0);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_passive_probation);

/**
 * rayos_lb_passive_silent() - whether a second SYN says that the first got lost
 * @elapsed: since the first, in units of rayos_lb_flow_clock()
 *
 * Context: Any.
 * Return: false if it may be a copy, or the answer may be on its way.
 */
bool rayos_lb_passive_silent(u32 elapsed)
{
	return elapsed >= SILENCE;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_passive_silent);
