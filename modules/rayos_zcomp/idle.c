// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages of a store have grown cold, and are worth to be compressed better.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <kunit/visibility.h>

#include "object.h"
#include "store.h"

/* Marks those of a group.  Return: how many */
static u32 mark(struct rayos_zcomp_entry *group, u32 age)
{
	u32 i, nr = 0;
	u16 since;

	rayos_zcomp_lock(group);
	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		since = rayos_zcomp_clock() -
			FIELD_GET(RAYOS_ZCOMP_USED, group[i].word);
		if (!rayos_zcomp_handle(&group[i]) || since * 2 < age)
			continue;
		rayos_zcomp_set(&group[i], group[i].word | RAYOS_ZCOMP_IDLE);
		nr++;
	}
	rayos_zcomp_unlock(group);
	return nr;
}

/**
 * rayos_zcomp_mark_idle() - mark what has not been used for a time
 * @store: the store
 * @age: seconds, exact to two of them
 *
 * The mark goes when a page is used.
 *
 * Context: May sleep.
 * Return: number of pages that have an object and are marked now.
 */
u64 rayos_zcomp_mark_idle(struct rayos_zcomp_store *store, u32 age)
{
	struct rayos_zcomp_entry *group;
	u64 first, nr = 0;

	for (first = 0; first < store->nr_pages; first += RAYOS_ZCOMP_GROUP) {
		group = rayos_zcomp_lookup(store, first);
		if (group)
			nr += mark(group, age);
		cond_resched();
	}
	return nr;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_mark_idle);

static bool is_idle(const struct rayos_zcomp_entry *group)
{
	int i;

	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (!(group[i].word & RAYOS_ZCOMP_IDLE) &&
		    rayos_zcomp_handle(&group[i]))
			return false;
	}
	return true;
}

/* Has one of the four an object that is so large? */
static bool is_large(const struct rayos_zcomp_store *store,
		     struct rayos_zcomp_entry *group,
		     const struct rayos_zcomp_which *which)
{
	bool large = false;
	int i;

	rayos_zcomp_lock(group);
	for (i = 0; i < RAYOS_ZCOMP_GROUP && !large; i++) {
		large = which->huge ? group[i].word & RAYOS_ZCOMP_RAW :
				      rayos_zcomp_handle(&group[i]);
		large = large &&
			rayos_zcomp_len(store, &group[i]) >= which->threshold;
	}
	rayos_zcomp_unlock(group);
	return large;
}

/* A look at marks without the lock: whoever uses a page just now is late */
static bool is_one(const struct rayos_zcomp_store *store,
		   struct rayos_zcomp_entry *group,
		   const struct rayos_zcomp_which *which)
{
	return (!which->idle || is_idle(group)) &&
	       ((!which->huge && !which->threshold) ||
		is_large(store, group, which));
}

/**
 * rayos_zcomp_promote_which() - compress better what there is of some kind
 * @store: the store
 * @which: of what kind
 *
 * Context: May sleep, and begins no I/O to get memory.
 * Return: number of groups of four that have been.
 */
u64 rayos_zcomp_promote_which(struct rayos_zcomp_store *store,
			      const struct rayos_zcomp_which *which)
{
	struct rayos_zcomp_entry *group;
	u64 first, nr = 0;

	for (first = 0; first < store->nr_pages && nr < which->most;
	     first += RAYOS_ZCOMP_GROUP) {
		group = rayos_zcomp_lookup(store, first);
		if (group && is_one(store, group, which))
			nr += !rayos_zcomp_promote(store, first);
		cond_resched();
	}
	return nr;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_promote_which);
