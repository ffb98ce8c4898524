// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a store has, and what all of them have together.
 */
#include <linux/mm.h>
#include <kunit/visibility.h>

#include "region.h"
#include "registry.h"
#include "store.h"
#include "totals.h"

/**
 * rayos_zcomp_original_bytes() - what its pages would take up uncompressed
 * @store: the store
 *
 * Return: bytes.
 */
u64 rayos_zcomp_original_bytes(const struct rayos_zcomp_store *store)
{
	u64 nr = atomic64_read(&store->stats.same) +
		 atomic64_read(&store->stats.objects);

	/* those that are both count once */
	if (store->region)
		nr += atomic64_read(&store->region->resident) -
		      atomic64_read(&store->region->shadowed);
	return nr << PAGE_SHIFT;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_original_bytes);

/**
 * rayos_zcomp_used_bytes() - what they take up instead
 * @store: the store
 *
 * Return: bytes, all that is known of pages included.
 */
u64 rayos_zcomp_used_bytes(const struct rayos_zcomp_store *store)
{
	u64 nr_leaves = DIV_ROUND_UP(store->nr_pages, RAYOS_ZCOMP_LEAF);
	u64 pages = atomic_read(&store->pool->nr_pages);

	if (store->region)
		pages += atomic64_read(&store->region->resident);
	return (pages << PAGE_SHIFT) +
	       atomic64_read(&store->stats.leaves) * RAYOS_ZCOMP_LEAF *
	       sizeof(struct rayos_zcomp_entry) +
	       nr_leaves * sizeof(*store->leaves) + sizeof(*store);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_used_bytes);

/**
 * rayos_zcomp_saved_bytes() - memory that is free thanks to compression
 * @store: the store
 *
 * Return: bytes, negative if it takes up more than it saves.
 */
s64 rayos_zcomp_saved_bytes(const struct rayos_zcomp_store *store)
{
	return rayos_zcomp_original_bytes(store) - rayos_zcomp_used_bytes(store);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_saved_bytes);

/**
 * rayos_zcomp_totals_add() - one store more
 * @totals: of the stores so far
 * @store: the one
 *
 * Context: Any.
 */
void rayos_zcomp_totals_add(struct rayos_zcomp_totals *totals,
			    const struct rayos_zcomp_store *store)
{
	if (store->region) {
		totals->regions++;
		totals->resident += atomic64_read(&store->region->resident);
		totals->region_pool += atomic_read(&store->pool->nr_pages);
	} else {
		totals->devices++;
	}
	totals->original += rayos_zcomp_original_bytes(store);
	totals->compressed += atomic64_read(&store->pool->bytes);
	totals->pool += (u64)atomic_read(&store->pool->nr_pages) << PAGE_SHIFT;
	totals->used += rayos_zcomp_used_bytes(store);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_totals_add);

/**
 * rayos_zcomp_totals() - what all stores have together
 * @totals: is left here
 *
 * Context: Any.
 */
void rayos_zcomp_totals(struct rayos_zcomp_totals *totals)
{
	struct rayos_zcomp_store *store = NULL;

	*totals = (struct rayos_zcomp_totals){};
	while ((store = rayos_zcomp_registry_after(store)))
		rayos_zcomp_totals_add(totals, store);
}
