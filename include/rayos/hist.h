/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Distributions of times, in buckets four to an octave: a value is known to a
 * quarter from bucket to bucket, and a quantile taken from the middle of its
 * bucket is right to an eighth.
 *
 * Times below 2^low ns share the first bucket, 2^high ns and above the last.
 */
#ifndef _RAYOS_HIST_H
#define _RAYOS_HIST_H

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/types.h>

#define RAYOS_HIST_BUCKETS(low, high)	((((high) - (low)) << 2) + 2)

/**
 * rayos_hist_bucket() - bucket of a value
 * @ns: a time in ns
 * @low: see above, at least 2
 * @high: see above
 *
 * Context: Any.
 * Return: below RAYOS_HIST_BUCKETS(@low, @high).
 */
static inline u32 rayos_hist_bucket(u64 ns, u32 low, u32 high)
{
	u32 octave;

	if (ns < BIT_ULL(low))
		return 0;
	octave = fls64(ns) - 1;
	if (octave >= high)
		return RAYOS_HIST_BUCKETS(low, high) - 1;
	return 1 + ((octave - low) << 2) + ((ns >> (octave - 2)) & 3);
}

/**
 * rayos_hist_floor() - least value of a bucket
 * @bucket: up to RAYOS_HIST_BUCKETS(@low, @high), which stands for the end of all
 * @low: see above
 * @high: see above
 *
 * Context: Any.
 * Return: the least time in ns that belongs to @bucket, which is the end,
 * exclusive, of the one before.
 */
static inline u64 rayos_hist_floor(u32 bucket, u32 low, u32 high)
{
	u32 octave, quarter;

	if (!bucket)
		return 0;
	if (bucket >= RAYOS_HIST_BUCKETS(low, high))
		return U64_MAX;
	octave = low + ((bucket - 1) >> 2);
	quarter = (bucket - 1) & 3;
	return (4ULL + quarter) << (octave - 2);
}

/**
 * struct rayos_hist_view - a distribution, wherever its parts are
 * @bucket: values by bucket
 * @low: see above
 * @high: see above
 * @count: values in all buckets
 * @sum: sum of the values in ns
 * @max: greatest value in ns
 */
struct rayos_hist_view {
	const u64 *bucket;
	u32 low;
	u32 high;
	u64 count;
	u64 sum;
	u64 max;
};

/**
 * rayos_hist_quantile() - value below which a share of all values lies
 * @hist: the distribution
 * @permille: the share, 1 to 1000
 *
 * Context: Any.
 * Return: middle of the bucket in which the quantile lies, in ns, but never
 * more than the greatest value seen; 0 for an empty distribution.
 */
static inline u64 rayos_hist_quantile(const struct rayos_hist_view *hist,
				      u32 permille)
{
	u32 i, last = RAYOS_HIST_BUCKETS(hist->low, hist->high) - 1;
	u64 rank, seen = 0;

	if (!hist->count)
		return 0;
	rank = div_u64(hist->count * permille + 999, 1000);

	for (i = 0; i < last; i++) {
		seen += hist->bucket[i];
		if (seen >= rank)
			return min((rayos_hist_floor(i, hist->low, hist->high) +
				    rayos_hist_floor(i + 1, hist->low,
						     hist->high)) / 2,
				   hist->max);
	}
	return hist->max;
}

#endif
