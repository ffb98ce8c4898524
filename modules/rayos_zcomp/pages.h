/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the pages of stores are spread.
 */
#ifndef _RAYOS_ZCOMP_PAGES_H
#define _RAYOS_ZCOMP_PAGES_H

#include <linux/types.h>

#include "pool.h"
#include "sweep.h"

struct rayos_zcomp_store;

/* Sizes of objects are told apart in steps of so many bytes */
#define RAYOS_ZCOMP_SIZE_STEP	256
#define RAYOS_ZCOMP_SIZES	(RAYOS_ZCOMP_OBJECT_MAX / RAYOS_ZCOMP_SIZE_STEP)

/**
 * struct rayos_zcomp_pages - how the pages of stores are spread
 * @ages: number of pages by age
 * @sizes: number of objects by size; the first are of 1 to %RAYOS_ZCOMP_SIZE_STEP
 *	bytes.  A page that is kept as it is counts as an object, and what several
 *	pages share once.
 */
struct rayos_zcomp_pages {
	struct rayos_zcomp_ages ages;
	u64 sizes[RAYOS_ZCOMP_SIZES];
};

void rayos_zcomp_pages_add(struct rayos_zcomp_pages *pages,
			   struct rayos_zcomp_store *store, u64 first,
			   u64 end);

#endif
