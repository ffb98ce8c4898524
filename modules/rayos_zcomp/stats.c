// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has happened to the pages of a store.
 */
#include <linux/cpumask.h>
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
