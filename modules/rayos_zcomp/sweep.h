/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which pages have not been used for long, and what is done with them.
 */
#ifndef _RAYOS_ZCOMP_SWEEP_H
#define _RAYOS_ZCOMP_SWEEP_H

#include <linux/types.h>

struct rayos_zcomp_store;

/* Ages are told apart to two seconds up to half a minute, then four a doubling */
#define RAYOS_ZCOMP_AGES	64

/**
 * struct rayos_zcomp_ages - how many pages have not been used for how long
 * @mapped: of a region, in memory and mapped: since they were mapped
 * @unmapped: of a region, in memory but not mapped: since they were unmapped
 * @kept: not in memory, each with an object of its own: since they were used
 * @chunked: not in memory, with an object that they share: since they were used
 * @stuck: of a region, in memory and cannot leave it, as they are incompressible or no
 *	more may be compressed: since they were mapped or unmapped
 *
 * Each by rayos_zcomp_age_bin().
 */
struct rayos_zcomp_ages {
	u64 mapped[RAYOS_ZCOMP_AGES];
	u64 unmapped[RAYOS_ZCOMP_AGES];
	u64 kept[RAYOS_ZCOMP_AGES];
	u64 chunked[RAYOS_ZCOMP_AGES];
	u64 stuck[RAYOS_ZCOMP_AGES];
};

/* For struct rayos_zcomp_sweep: no page is so old */
#define RAYOS_ZCOMP_NEVER	U32_MAX

/**
 * struct rayos_zcomp_sweep - what is done with pages that are old
 * @cool: those mapped for so many seconds are unmapped, to see whether they are
 *	used, or %RAYOS_ZCOMP_NEVER
 * @evict: those unmapped for so many seconds are evicted, or %RAYOS_ZCOMP_NEVER
 * @promote: those compressed and not used for so many seconds are compressed
 *	better, or %RAYOS_ZCOMP_NEVER
 * @at_once: what is unmapped is evicted without a second chance
 * @most: at most so many pages are evicted
 * @may_wait: for pages that are in use; not where memory is needed to go on
 * @cooled: so many have been unmapped
 * @evicted: so many have been evicted
 * @compressed: of these, so many had to be compressed
 * @promoted: so many have been compressed better
 */
struct rayos_zcomp_sweep {
	u32 cool;
	u32 evict;
	u32 promote;
	bool at_once;
	bool may_wait;
	u64 most;
	u64 cooled;
	u64 evicted;
	u64 compressed;
	u64 promoted;
};

u32 rayos_zcomp_age_bin(u32 seconds);
u32 rayos_zcomp_bin_age(u32 bin);
void rayos_zcomp_ages(struct rayos_zcomp_store *store, u64 first, u64 end,
		      struct rayos_zcomp_ages *ages);
void rayos_zcomp_sweep(struct rayos_zcomp_store *store, u64 first, u64 end,
		       struct rayos_zcomp_sweep *sweep);

#endif
