// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has happened to the pages of a store.
 */
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <kunit/visibility.h>

#include "stats.h"

/**
 * rayos_zcomp_counted() - how often something has happened
 * @stats: of a store
 * @what: it
 *
 * Return: number of pages.
 */
u64 rayos_zcomp_counted(const struct rayos_zcomp_stats __percpu *stats,
			enum rayos_zcomp_counter what)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(stats, cpu)->counters[what]);
	return sum;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_counted);

/**
 * rayos_zcomp_ratio() - how much is to be had in how little
 * @original: bytes
 * @used: bytes that they take up instead
 *
 * Return: the ratio in millionths, 0 if nothing is used, and the greatest number if it
 * is higher than that.
 */
u64 rayos_zcomp_ratio(u64 original, u64 used)
{
	if (!used)
		return 0;
	/* else the result would not fit */
	if (original / used >= U64_MAX / 1000000)
		return U64_MAX;
	return mul_u64_u64_div_u64(original, 1000000, used);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_ratio);

/**
 * rayos_zcomp_saved() - what is free thanks to compression
 * @original: bytes
 * @used: bytes that they take up instead
 *
 * Return: bytes, 0 if they take up more.
 */
u64 rayos_zcomp_saved(u64 original, u64 used)
{
	return original > used ? original - used : 0;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_saved);
