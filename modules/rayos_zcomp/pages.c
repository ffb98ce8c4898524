// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the pages of stores are spread.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <kunit/visibility.h>

#include "object.h"
#include "pages.h"
#include "store.h"

/* Of the four, of which the first has the lock */
static void add_group(struct rayos_zcomp_pages *pages,
		      const struct rayos_zcomp_store *store,
		      struct rayos_zcomp_entry *group)
{
	bool chunk = false;
	u32 i, len;

	rayos_zcomp_lock(group);
	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (!rayos_zcomp_handle(&group[i]))
			continue;
		len = rayos_zcomp_len(store, &group[i]);
		if (!chunk || !(group[i].word & RAYOS_ZCOMP_CHUNK))
			pages->sizes[(len - 1) / RAYOS_ZCOMP_SIZE_STEP]++;
		chunk |= !!(group[i].word & RAYOS_ZCOMP_CHUNK);
	}
	rayos_zcomp_unlock(group);
}

/**
 * rayos_zcomp_pages_add() - see how pages are spread
 * @pages: what is found is added there
 * @store: the store
 * @first: number of the first page to look at, a multiple of %RAYOS_ZCOMP_LEAF
 * @end: of the one behind the last
 *
 * Pages that change meanwhile are seen as before or after.
 *
 * Context: May sleep.
 */
void rayos_zcomp_pages_add(struct rayos_zcomp_pages *pages,
			   struct rayos_zcomp_store *store, u64 first,
			   u64 end)
{
	struct rayos_zcomp_entry *leaf;
	u64 at;
	u32 i;

	rayos_zcomp_ages(store, first, end, &pages->ages);
	for (at = first; at < end; at += RAYOS_ZCOMP_LEAF) {
		leaf = rayos_zcomp_lookup(store, at);
		for (i = 0; leaf && i < RAYOS_ZCOMP_LEAF; i += RAYOS_ZCOMP_GROUP) {
			/* without the lock: most of many stores have nothing */
			if (rayos_zcomp_find(&leaf[i], RAYOS_ZCOMP_HANDLE))
				add_group(pages, store, &leaf[i]);
		}
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_pages_add);
