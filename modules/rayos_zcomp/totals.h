/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all stores have together.
 */
#ifndef _RAYOS_ZCOMP_TOTALS_H
#define _RAYOS_ZCOMP_TOTALS_H

#include <linux/types.h>

struct rayos_zcomp_store;

/**
 * struct rayos_zcomp_totals - what several stores have together
 * @devices: number of those of devices
 * @regions: number of those of regions
 * @original: bytes that their pages would take up uncompressed
 * @compressed: bytes that they are compressed to
 * @pool: bytes of all pools
 * @used: bytes that the stores take up, all that is known of pages included
 * @resident: pages of regions that are in memory
 * @region_pool: pages of the pools of regions
 */
struct rayos_zcomp_totals {
	u32 devices;
	u32 regions;
	u64 original;
	u64 compressed;
	u64 pool;
	u64 used;
	u64 resident;
	u64 region_pool;
};

void rayos_zcomp_totals_add(struct rayos_zcomp_totals *totals,
			    const struct rayos_zcomp_store *store);
void rayos_zcomp_totals(struct rayos_zcomp_totals *totals);

#endif
