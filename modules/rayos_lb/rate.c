// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast counters grow: averages that forget exponentially.
 *
 * As the kernel's load average (kernel/sched/loadavg.c), but for the time that
 * has really passed: the weight of the past is exp(-t/tau), whatever t is, so
 * that a sample which comes late counts for all of the time it stands for, and
 * samples at any distance add up to the same.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include <kunit/visibility.h>

#include "rate.h"
#include "stats.h"

/* Thousandths of an event, per microsecond and then per second */
#define MILLI_PER_SEC	(1000U * USEC_PER_SEC)

/* Samples closer than this are one: their distance would be inexact */
#define MIN_NS		(100 * NSEC_PER_MSEC)

/* exp(-1 ms / tau) as a binary fraction of 32 digits */
#define DECAY_PER_MS	4294537821U
static_assert(RAYOS_LB_RATE_TAU_MS == 10000);

/* Squaring as fixed_power_int() of the load average does */
static u32 decay(u64 ms)
{
	u64 result = 1ULL << 32, power = DECAY_PER_MS;

	for (; ms; ms >>= 1) {
		if (ms & 1)
			result = (result * power) >> 32;
		power = (power * power) >> 32;
	}
	return result;
}

/* In thousandths; as much as can be written, where it is more than that */
static u64 per_second(u64 events, u64 ns)
{
	u64 us = div_u64(ns, NSEC_PER_USEC);

	for (; us > U32_MAX; us >>= 1)
		events >>= 1;
	if (div64_u64(events, us) >= U64_MAX / MILLI_PER_SEC)
		return U64_MAX;
	return mul_u64_u32_div(events, MILLI_PER_SEC, us);
}

static u64 towards(u64 average, u64 current_rate, u32 past)
{
	if (average > current_rate)
		return current_rate +
		       mul_u64_u32_shr(average - current_rate, past, 32);
	return current_rate - mul_u64_u32_shr(current_rate - average, past, 32);
}

static void gather(u64 *count, const u64 *counter)
{
	u64 dropped = counter[RAYOS_LB_C_DROPPED];

	count[RAYOS_LB_R_CONNECTIONS] = counter[RAYOS_LB_C_CONNECTIONS];
	count[RAYOS_LB_R_REQUESTS] = counter[RAYOS_LB_C_REQUESTS];
	count[RAYOS_LB_R_PACKETS_IN] = counter[RAYOS_LB_C_PACKETS_IN];
	count[RAYOS_LB_R_BYTES_IN] = counter[RAYOS_LB_C_BYTES_IN];
	count[RAYOS_LB_R_PACKETS_OUT] = counter[RAYOS_LB_C_PACKETS_OUT];
	count[RAYOS_LB_R_BYTES_OUT] = counter[RAYOS_LB_C_BYTES_OUT];
	count[RAYOS_LB_R_TRIED] =
		1000 * (counter[RAYOS_LB_C_CONNECTIONS] + dropped);
	count[RAYOS_LB_R_FAILED] =
		1000 * (counter[RAYOS_LB_C_REFUSED] +
			counter[RAYOS_LB_C_TIMEOUTS] +
			counter[RAYOS_LB_C_RESETS] +
			counter[RAYOS_LB_C_UNREACHABLE] + dropped);
}

/**
 * rayos_lb_rate_begin() - begin to average
 * @rates: zeroed, of counters that are zero
 * @now: ns of ktime_get_ns()
 */
void rayos_lb_rate_begin(struct rayos_lb_rates *rates, u64 now)
{
	rates->when = now;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_rate_begin);

/**
 * rayos_lb_rate_sample() - take what has been counted into the averages
 * @rates: after rayos_lb_rate_begin()
 * @counter: by &enum rayos_lb_counter
 * @now: ns of ktime_get_ns(); a time before the last sample, or hardly after it,
 *	changes nothing, and what has been counted goes into the next one
 *
 * A counter that has become smaller, as the sum of several does when one of
 * them is lost, has not grown.
 *
 * Context: The caller serialises the samples of @rates.
 */
void rayos_lb_rate_sample(struct rayos_lb_rates *rates, const u64 *counter,
			  u64 now)
{
	u64 count[RAYOS_LB_R_NR], elapsed, grown;
	u32 past;
	int i;

	if (now < rates->when || now - rates->when < MIN_NS)
		return;
	elapsed = now - rates->when;
	past = decay(div_u64(elapsed + NSEC_PER_MSEC / 2, NSEC_PER_MSEC));
	gather(count, counter);
	for (i = 0; i < RAYOS_LB_R_NR; i++) {
		grown = count[i] - min(count[i], rates->count[i]);
		rates->average[i] = towards(rates->average[i],
					    per_second(grown, elapsed), past);
		rates->count[i] = count[i];
	}
	rates->when = now;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_rate_sample);

/**
 * rayos_lb_rate_errors() - how much of what is tried goes wrong
 * @rates: averages
 *
 * An error may come long after the flow that it is about was counted: what
 * seems more than all is all.
 *
 * Return: parts per million; 0 if less than one flow in a thousand seconds is
 * tried.
 */
u32 rayos_lb_rate_errors(const struct rayos_lb_rates *rates)
{
	u64 tried = rates->average[RAYOS_LB_R_TRIED];
	u64 failed = rates->average[RAYOS_LB_R_FAILED];

	if (tried < 1000)
		return 0;
	if (failed >= tried)
		return 1000000;
	for (; tried > U32_MAX; tried >>= 1)
		failed >>= 1;
	return mul_u64_u32_div(failed, 1000000, tried);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_rate_errors);
