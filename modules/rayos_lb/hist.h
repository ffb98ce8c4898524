/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Distributions of times, in buckets four to an octave.
 */
#ifndef _RAYOS_LB_HIST_H
#define _RAYOS_LB_HIST_H

#include <rayos/hist.h>

/* Times below 2^14 ns (16 us) share the first bucket, 2^35 ns (34 s) and
 * above the last.
 */
#define RAYOS_LB_HIST_LOW	14
#define RAYOS_LB_HIST_HIGH	35
#define RAYOS_LB_HIST_BUCKETS	\
	RAYOS_HIST_BUCKETS(RAYOS_LB_HIST_LOW, RAYOS_LB_HIST_HIGH)

/**
 * struct rayos_lb_hist - a distribution, added up over all CPUs
 * @count: values in all buckets
 * @sum: sum of the values in ns
 * @max: greatest value in ns
 * @bucket: values by bucket, see rayos_lb_hist_bucket()
 */
struct rayos_lb_hist {
	u64 count;
	u64 sum;
	u64 max;
	u64 bucket[RAYOS_LB_HIST_BUCKETS];
};

u32 rayos_lb_hist_bucket(u64 ns);
u64 rayos_lb_hist_floor(u32 bucket);
struct rayos_hist_view rayos_lb_hist_view(const struct rayos_lb_hist *hist);
u64 rayos_lb_hist_quantile(const struct rayos_lb_hist *hist, u32 permille);

#endif
