// SPDX-License-Identifier: GPL-2.0-only
/*
 * Distributions of times, in buckets four to an octave: a value is known to a
 * quarter from bucket to bucket, and a quantile taken from the middle of its
 * bucket is right to an eighth.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <kunit/visibility.h>

#include "hist.h"

/**
 * rayos_lb_hist_bucket() - bucket of a value
 * @ns: a time in ns
 *
 * Context: Any.
 * Return: 0 to %RAYOS_LB_HIST_BUCKETS - 1.
 */
u32 rayos_lb_hist_bucket(u64 ns)
{
	u32 octave;

	if (ns < BIT_ULL(RAYOS_LB_HIST_LOW))
		return 0;
	octave = fls64(ns) - 1;
	if (octave >= RAYOS_LB_HIST_HIGH)
		return RAYOS_LB_HIST_BUCKETS - 1;
	return 1 + ((octave - RAYOS_LB_HIST_LOW) << 2) +
	       ((ns >> (octave - 2)) & 3);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_hist_bucket);

/**
 * rayos_lb_hist_floor() - least value of a bucket
 * @bucket: 0 to %RAYOS_LB_HIST_BUCKETS; the last stands for the end of all
 *
 * Context: Any.
 * Return: the least time in ns that belongs to @bucket, which is the end,
 * exclusive, of the one before.
 */
u64 rayos_lb_hist_floor(u32 bucket)
{
	u32 octave, quarter;

	if (!bucket)
		return 0;
	if (bucket >= RAYOS_LB_HIST_BUCKETS)
		return U64_MAX;
	octave = RAYOS_LB_HIST_LOW + ((bucket - 1) >> 2);
	quarter = (bucket - 1) & 3;
	return (4ULL + quarter) << (octave - 2);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_hist_floor);

/**
 * rayos_lb_hist_quantile() - value below which a share of all values lies
 * @hist: the distribution
 * @permille: the share, 1 to 1000
 *
 * Context: Any.
 * Return: middle of the bucket in which the quantile lies, in ns, but never
 * more than the greatest value seen; 0 for an empty distribution.
 */
u64 rayos_lb_hist_quantile(const struct rayos_lb_hist *hist, u32 permille)
{
	u64 rank, seen = 0;
	u32 i;

	if (!hist->count)
		return 0;
	rank = div_u64(hist->count * permille + 999, 1000);

	for (i = 0; i < RAYOS_LB_HIST_BUCKETS - 1; i++) {
		seen += hist->bucket[i];
		if (seen >= rank)
			return min((rayos_lb_hist_floor(i) +
				    rayos_lb_hist_floor(i + 1)) / 2, hist->max);
	}
	return hist->max;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_hist_quantile);
