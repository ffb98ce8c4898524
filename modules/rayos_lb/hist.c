// SPDX-License-Identifier: GPL-2.0-only
/*
 * Distributions of times from 16 us to 34 s.
 */
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
	return rayos_hist_bucket(ns, RAYOS_LB_HIST_LOW, RAYOS_LB_HIST_HIGH);
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
	return rayos_hist_floor(bucket, RAYOS_LB_HIST_LOW, RAYOS_LB_HIST_HIGH);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_hist_floor);

/**
 * rayos_lb_hist_view() - a distribution as what is shared knows it
 * @hist: the distribution, which the view is good for as long as
 *
 * Context: Any.
 * Return: a view of it.
 */
struct rayos_hist_view rayos_lb_hist_view(const struct rayos_lb_hist *hist)
{
	return (struct rayos_hist_view){
		.bucket = hist->bucket,
		.low = RAYOS_LB_HIST_LOW,
		.high = RAYOS_LB_HIST_HIGH,
		.count = hist->count,
		.sum = hist->sum,
		.max = hist->max,
	};
}

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
	const struct rayos_hist_view view = rayos_lb_hist_view(hist);

	return rayos_hist_quantile(&view, permille);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_hist_quantile);
