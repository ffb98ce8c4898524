/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long codecs take.
 */
#ifndef _RAYOS_ZCOMP_MEASURE_H
#define _RAYOS_ZCOMP_MEASURE_H

#include <linux/types.h>
#include <rayos/hist.h>
#include <rayos/zcomp.h>

#include "stats.h"

/* Below 128 ns and from 1 ms on times are not told apart */
#define RAYOS_ZCOMP_TIME_LOW	7
#define RAYOS_ZCOMP_TIME_HIGH	20
#define RAYOS_ZCOMP_TIME_BUCKETS	\
	RAYOS_HIST_BUCKETS(RAYOS_ZCOMP_TIME_LOW, RAYOS_ZCOMP_TIME_HIGH)

/* To look at the clock costs time too, so it is done for one of so many calls */
#define RAYOS_ZCOMP_SAMPLE	16

/* What is measured of a codec */
enum rayos_zcomp_work {
	RAYOS_ZCOMP_COMPRESS,
	RAYOS_ZCOMP_DECOMPRESS,
	RAYOS_ZCOMP_WORKS
};

/**
 * struct rayos_zcomp_times - distribution of the time that a page takes
 * @count: pages measured
 * @sum: of all their times in ns
 * @max: greatest of them in ns
 * @bucket: pages by time, see rayos_hist_bucket()
 */
struct rayos_zcomp_times {
	u64 count;
	u64 sum;
	u64 max;
	u64 bucket[RAYOS_ZCOMP_TIME_BUCKETS];
};

static inline struct rayos_hist_view
rayos_zcomp_times_view(const struct rayos_zcomp_times *times)
{
	return (struct rayos_hist_view){
		.bucket = times->bucket,
		.low = RAYOS_ZCOMP_TIME_LOW,
		.high = RAYOS_ZCOMP_TIME_HIGH,
		.count = times->count,
		.sum = times->sum,
		.max = times->max,
	};
}

int rayos_zcomp_measure_init(void);
void rayos_zcomp_measure_exit(void);
void rayos_zcomp_times_add(struct rayos_zcomp_times *times, u64 ns, u32 pages);
void rayos_zcomp_measured(enum rayos_zcomp_codec_kind kind,
			  enum rayos_zcomp_work work,
			  struct rayos_zcomp_times *times);
int rayos_zcomp_compress(struct rayos_zcomp_stats __percpu *counts,
			 const struct rayos_zcomp_codec *codec, void *work,
			 const u8 *src, u32 len, u8 *dst);
int rayos_zcomp_decompress(struct rayos_zcomp_stats __percpu *counts,
			   const struct rayos_zcomp_codec *codec, void *work,
			   const u8 *src, u32 len, u8 *dst, u32 room);

#endif
