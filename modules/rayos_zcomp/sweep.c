// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages have not been used for long, and what is done with them.
 *
 * When a page that is mapped is used is not seen.  So it is unmapped once it has
 * been mapped for long: if it is used after that it is mapped again, which costs a
 * fault; else it leaves at the next occasion.  That is the second chance of the
 * clock algorithm (Corbato 1968), with an age instead of one bit.
 *
 * Pages are unmapped in runs, as each call waits for the other processors.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <kunit/visibility.h>

#include "object.h"
#include "region.h"
#include "store.h"
#include "sweep.h"

/* Bins of one step of the clock each, then so many for each doubling */
#define EXACT		16
#define PER_DOUBLING	4

/* Older than this is not told apart, as the clock comes round */
#define OLDEST		0xb000

#define SECONDS_PER_TICK	2

/**
 * rayos_zcomp_age_bin() - where an age is counted
 * @seconds: the age
 *
 * Return: below %RAYOS_ZCOMP_AGES.
 */
u32 rayos_zcomp_age_bin(u32 seconds)
{
	u32 ticks = seconds / SECONDS_PER_TICK, order;

	if (ticks < EXACT)
		return ticks;
	ticks = min_t(u32, ticks, U16_MAX);
	order = ilog2(ticks);
	return EXACT + (order - ilog2(EXACT)) * PER_DOUBLING +
	       ((ticks >> (order - ilog2(PER_DOUBLING))) & (PER_DOUBLING - 1));
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_age_bin);

/**
 * rayos_zcomp_bin_age() - the least age that is counted somewhere
 * @bin: where, below %RAYOS_ZCOMP_AGES
 *
 * Return: seconds.
 */
u32 rayos_zcomp_bin_age(u32 bin)
{
	u32 order, part;

	if (bin < EXACT)
		return bin * SECONDS_PER_TICK;
	order = (bin - EXACT) / PER_DOUBLING + ilog2(EXACT);
	part = PER_DOUBLING + (bin - EXACT) % PER_DOUBLING;
	return (part << (order - ilog2(PER_DOUBLING))) * SECONDS_PER_TICK;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_bin_age);

static u16 ticks_of(unsigned long word)
{
	return rayos_zcomp_clock() - FIELD_GET(RAYOS_ZCOMP_USED, word);
}

static u32 age_of(unsigned long word)
{
	return ticks_of(word) * SECONDS_PER_TICK;
}

/* One that is mapped may have changed since it was found incompressible */
static bool is_hopeless(unsigned long word)
{
	return word & RAYOS_ZCOMP_HOPELESS && !(word & RAYOS_ZCOMP_MAPPED);
}

static void add_age(struct rayos_zcomp_ages *ages, unsigned long word, bool full)
{
	u32 bin = rayos_zcomp_age_bin(age_of(word));

	if (word & RAYOS_ZCOMP_RESIDENT && (full || is_hopeless(word)))
		ages->stuck[bin]++;
	else if (word & RAYOS_ZCOMP_RESIDENT && word & RAYOS_ZCOMP_MAPPED)
		ages->mapped[bin]++;
	else if (word & RAYOS_ZCOMP_RESIDENT)
		ages->unmapped[bin]++;
	else if (word & RAYOS_ZCOMP_CHUNK)
		ages->chunked[bin]++;
	else if (FIELD_GET(RAYOS_ZCOMP_HANDLE, word))
		ages->kept[bin]++;
}

/**
 * rayos_zcomp_ages() - count pages by how long they have not been used
 * @store: the store
 * @first: number of the first page to look at
 * @end: of the one behind the last
 * @ages: they are added here
 *
 * Pages that change meanwhile are counted as before or after.
 *
 * Context: May sleep.
 */
void rayos_zcomp_ages(struct rayos_zcomp_store *store, u64 first, u64 end,
		      struct rayos_zcomp_ages *ages)
{
	bool full = store->region && !rayos_zcomp_has_room(store->region);
	struct rayos_zcomp_entry *entry;
	u64 index;

	for (index = first; index < end; index++) {
		entry = rayos_zcomp_lookup(store, index);
		if (entry)
			add_age(ages, READ_ONCE(entry->word), full);
		else
			index |= RAYOS_ZCOMP_LEAF - 1;
		if (!(index % RAYOS_ZCOMP_LEAF))
			cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_ages);

static bool lock(struct rayos_zcomp_entry *group,
		 const struct rayos_zcomp_sweep *sweep)
{
	if (!sweep->may_wait)
		return rayos_zcomp_trylock(group);
	rayos_zcomp_lock(group);
	return true;
}

static bool is_mapped_since(unsigned long word, u32 age)
{
	return word & RAYOS_ZCOMP_RESIDENT && word & RAYOS_ZCOMP_MAPPED &&
	       age_of(word) >= age;
}

static bool is_unmapped_since(unsigned long word, u32 age)
{
	return word & RAYOS_ZCOMP_RESIDENT && !(word & RAYOS_ZCOMP_MAPPED) &&
	       age_of(word) >= age;
}

/* From now on its age is counted since it was unmapped */
static bool mark_unmapped(struct rayos_zcomp_entry *leaf, u32 i,
			  const struct rayos_zcomp_sweep *sweep)
{
	struct rayos_zcomp_entry *group = &leaf[round_down(i, RAYOS_ZCOMP_GROUP)];
	bool marked = false;
	unsigned long word;

	if (!lock(group, sweep))
		return false;
	word = leaf[i].word;
	if (is_mapped_since(word, sweep->cool)) {
		word &= ~RAYOS_ZCOMP_MAPPED;
		if (!sweep->at_once)
			word = (word & ~RAYOS_ZCOMP_USED) |
			       FIELD_PREP(RAYOS_ZCOMP_USED,
					  rayos_zcomp_clock());
		rayos_zcomp_set(&leaf[i], word);
		marked = true;
	}
	rayos_zcomp_unlock(group);
	return marked;
}

/* What has changed while it was mapped is known now */
static void look_for_changes(struct rayos_zcomp_region *region,
			     struct rayos_zcomp_entry *leaf, u32 i,
			     const struct rayos_zcomp_sweep *sweep)
{
	struct rayos_zcomp_entry *group = &leaf[round_down(i, RAYOS_ZCOMP_GROUP)];

	/* nothing is known of it that could be wrong */
	if (!rayos_zcomp_handle(&leaf[i]) &&
	    !(READ_ONCE(leaf[i].word) & RAYOS_ZCOMP_HOPELESS))
		return;
	if (!lock(group, sweep))
		return;
	if (leaf[i].word & RAYOS_ZCOMP_RESIDENT)
		rayos_zcomp_drop_stale(region, group, i);
	rayos_zcomp_unlock(group);
}

/* Those that are marked, and what lies between them and is not mapped anyway */
static void unmap(struct rayos_zcomp_region *region,
		  const struct rayos_zcomp_entry *leaf, u64 at,
		  const unsigned long *marked)
{
	u32 from = 0, to, end;

	for (;;) {
		from = find_next_bit(marked, RAYOS_ZCOMP_LEAF, from);
		if (from >= RAYOS_ZCOMP_LEAF)
			return;
		end = from + 1;
		for (to = end; to < RAYOS_ZCOMP_LEAF; to++) {
			if (test_bit(to, marked))
				end = to + 1;
			else if (READ_ONCE(leaf[to].word) & RAYOS_ZCOMP_MAPPED)
				break;
		}
		unmap_mapping_pages(region->mapping, at + from, end - from, false);
		from = to;
	}
}

/* A leaf begins at page @at; what is looked at are its entries from @first to @end */
static void cool(struct rayos_zcomp_region *region,
		 struct rayos_zcomp_entry *leaf, u64 at, u32 first, u32 end,
		 struct rayos_zcomp_sweep *sweep)
{
	DECLARE_BITMAP(marked, RAYOS_ZCOMP_LEAF) = {};
	u32 i, nr = 0;

	for (i = first; i < end; i++) {
		if (!is_mapped_since(READ_ONCE(leaf[i].word), sweep->cool))
			continue;
		/* with second chance those that will go are not known yet */
		if (sweep->at_once && sweep->evicted + nr >= sweep->most)
			break;
		if (mark_unmapped(leaf, i, sweep)) {
			__set_bit(i, marked);
			nr++;
			rayos_zcomp_count(region->store->counts,
					  RAYOS_ZCOMP_C_COOLED);
		}
	}
	sweep->cooled += nr;
	if (!nr)
		return;
	unmap(region, leaf, at, marked);
	for_each_set_bit(i, marked, RAYOS_ZCOMP_LEAF)
		look_for_changes(region, leaf, i, sweep);
}

static void evict(struct rayos_zcomp_region *region,
		  struct rayos_zcomp_entry *leaf, u64 at, u32 first, u32 end,
		  struct rayos_zcomp_sweep *sweep)
{
	struct rayos_zcomp_entry *group;
	u32 i;

	for (i = first; i < end && sweep->evicted < sweep->most; i++) {
		if (!is_unmapped_since(READ_ONCE(leaf[i].word), sweep->evict))
			continue;
		group = &leaf[round_down(i, RAYOS_ZCOMP_GROUP)];
		if (!lock(group, sweep))
			continue;
		/* somebody may have used it meanwhile */
		if (is_unmapped_since(leaf[i].word, sweep->evict))
			rayos_zcomp_evict(region, group, at + i, sweep);
		rayos_zcomp_unlock(group);
	}
}

/* Has each of the four that has an object not been used for so long? */
static bool is_cold(const struct rayos_zcomp_entry *group, u32 age)
{
	bool any = false;
	unsigned long word;
	int i;

	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		word = READ_ONCE(group[i].word);
		if (word & RAYOS_ZCOMP_RESIDENT)
			return false;
		if (!FIELD_GET(RAYOS_ZCOMP_HANDLE, word))
			continue;
		if (age_of(word) < age)
			return false;
		any |= !(word & RAYOS_ZCOMP_TRIED);
	}
	return any;
}

/* Until one of them is written there is no use in trying it again */
static void mark_tried(struct rayos_zcomp_entry *group)
{
	int i;

	rayos_zcomp_lock(group);
	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (rayos_zcomp_handle(&group[i]))
			rayos_zcomp_set(&group[i],
					group[i].word | RAYOS_ZCOMP_TRIED);
	}
	rayos_zcomp_unlock(group);
}

static void promote(struct rayos_zcomp_store *store,
		    struct rayos_zcomp_entry *leaf, u64 at, u32 first, u32 end,
		    struct rayos_zcomp_sweep *sweep)
{
	u32 i;
	int err;

	for (i = round_up(first, RAYOS_ZCOMP_GROUP); i < end;
	     i += RAYOS_ZCOMP_GROUP) {
		if (!is_cold(&leaf[i], sweep->promote))
			continue;
		err = rayos_zcomp_promote(store, at + i);
		if (!err)
			sweep->promoted += RAYOS_ZCOMP_GROUP;
		/* what has no memory, or is used just now, is tried again */
		if (err != -ENOMEM && err != -EAGAIN)
			mark_tried(&leaf[i]);
		cond_resched();
	}
}

/* The clock must not come round for what is not used for a day */
static void keep_old(struct rayos_zcomp_entry *leaf, u32 i,
		     const struct rayos_zcomp_sweep *sweep)
{
	struct rayos_zcomp_entry *group = &leaf[round_down(i, RAYOS_ZCOMP_GROUP)];
	u16 used = rayos_zcomp_clock() - OLDEST;

	if (!lock(group, sweep))
		return;
	if (leaf[i].word && ticks_of(leaf[i].word) > OLDEST)
		rayos_zcomp_set(&leaf[i],
				(leaf[i].word & ~RAYOS_ZCOMP_USED) |
				FIELD_PREP(RAYOS_ZCOMP_USED, used));
	rayos_zcomp_unlock(group);
}

static void sweep_leaf(struct rayos_zcomp_store *store,
		       struct rayos_zcomp_entry *leaf, u64 at, u32 first, u32 end,
		       struct rayos_zcomp_sweep *sweep)
{
	unsigned long word;
	u32 i;

	for (i = first; i < end; i++) {
		word = READ_ONCE(leaf[i].word);
		if (word & (RAYOS_ZCOMP_HANDLE | RAYOS_ZCOMP_RESIDENT) &&
		    ticks_of(word) > OLDEST)
			keep_old(leaf, i, sweep);
	}
	if (store->region && sweep->cool != RAYOS_ZCOMP_NEVER)
		cool(store->region, leaf, at, first, end, sweep);
	if (store->region && sweep->evict != RAYOS_ZCOMP_NEVER)
		evict(store->region, leaf, at, first, end, sweep);
	if (sweep->promote != RAYOS_ZCOMP_NEVER)
		promote(store, leaf, at, first, end, sweep);
}

/**
 * rayos_zcomp_sweep() - do something with pages that are old
 * @store: the store, which stays
 * @first: number of the first page to look at
 * @end: of the one behind the last
 * @sweep: what is done; what has been done is added there
 *
 * Context: May sleep.
 */
void rayos_zcomp_sweep(struct rayos_zcomp_store *store, u64 first, u64 end,
		       struct rayos_zcomp_sweep *sweep)
{
	struct rayos_zcomp_entry *leaf;
	u64 at;

	end = min(end, store->nr_pages);
	for (at = round_down(first, RAYOS_ZCOMP_LEAF); at < end;
	     at += RAYOS_ZCOMP_LEAF) {
		leaf = rayos_zcomp_lookup(store, at);
		if (leaf)
			sweep_leaf(store, leaf, at, max(first, at) - at,
				   min_t(u64, end - at, RAYOS_ZCOMP_LEAF), sweep);
		if ((sweep->evicted >= sweep->most && sweep->at_once) ||
		    fatal_signal_pending(current))
			return;
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_sweep);
