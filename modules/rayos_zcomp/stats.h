/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has happened to the pages of a store, counted by each processor.
 */
#ifndef _RAYOS_ZCOMP_STATS_H
#define _RAYOS_ZCOMP_STATS_H

/* some architectures need it for the next */
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/types.h>

/**
 * enum rayos_zcomp_counter - what is counted, in pages
 * @RAYOS_ZCOMP_C_COMPRESSED: went through a codec, with or without success
 * @RAYOS_ZCOMP_C_DECOMPRESSED: came back through a codec
 * @RAYOS_ZCOMP_C_INCOMPRESSIBLE: would not have become small enough
 * @RAYOS_ZCOMP_C_REFUSED: no memory for them, or none within the limit
 * @RAYOS_ZCOMP_C_PROMOTED: compressed once more, better
 * @RAYOS_ZCOMP_C_FAULT_NEW: of a region, used for the first time
 * @RAYOS_ZCOMP_C_FAULT_SOFT: of a region, used after they had been unmapped
 * @RAYOS_ZCOMP_C_FAULT_LOADED: of a region, used after they had been evicted
 * @RAYOS_ZCOMP_C_COOLED: of a region, unmapped to see whether they are used
 * @RAYOS_ZCOMP_C_EVICTED_CLEAN: of a region, given back as what they are compressed
 *	to was still there
 * @RAYOS_ZCOMP_C_EVICTED: of a region, given back after they had been compressed
 * @RAYOS_ZCOMP_C_BUSY: of a region, not evicted as somebody was using them
 * @RAYOS_ZCOMP_C_DISCARDED: of a region, given up by who used it
 * @RAYOS_ZCOMP_C_FAULT_AHEAD: of a region, come back with the one before them, which
 *	was used
 */
enum rayos_zcomp_counter {
	RAYOS_ZCOMP_C_COMPRESSED,
	RAYOS_ZCOMP_C_DECOMPRESSED,
	RAYOS_ZCOMP_C_INCOMPRESSIBLE,
	RAYOS_ZCOMP_C_REFUSED,
	RAYOS_ZCOMP_C_PROMOTED,
	RAYOS_ZCOMP_C_FAULT_NEW,
	RAYOS_ZCOMP_C_FAULT_SOFT,
	RAYOS_ZCOMP_C_FAULT_LOADED,
	RAYOS_ZCOMP_C_COOLED,
	RAYOS_ZCOMP_C_EVICTED_CLEAN,
	RAYOS_ZCOMP_C_EVICTED,
	RAYOS_ZCOMP_C_BUSY,
	RAYOS_ZCOMP_C_DISCARDED,
	RAYOS_ZCOMP_C_FAULT_AHEAD,
	/* private: how many there are */
	RAYOS_ZCOMP_COUNTERS
};

/**
 * struct rayos_zcomp_stats - what one processor has counted
 * @counters: by enum rayos_zcomp_counter
 */
struct rayos_zcomp_stats {
	u64 counters[RAYOS_ZCOMP_COUNTERS];
};

/* Any context but that of interrupts */
static inline void rayos_zcomp_count(struct rayos_zcomp_stats __percpu *stats,
				     enum rayos_zcomp_counter what)
{
	this_cpu_inc(stats->counters[what]);
}

/* The same for several */
static inline void
rayos_zcomp_count_pages(struct rayos_zcomp_stats __percpu *stats,
			enum rayos_zcomp_counter what, u32 pages)
{
	this_cpu_add(stats->counters[what], pages);
}

u64 rayos_zcomp_ratio(u64 original, u64 used);
u64 rayos_zcomp_saved(u64 original, u64 used);
u64 rayos_zcomp_counted(const struct rayos_zcomp_stats __percpu *stats,
			enum rayos_zcomp_counter what);

#endif
