// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a region: they come into memory when they are used, and leave it
 * when they have not been for long.
 *
 * A page in memory is in its entry.  It may have an object besides, which is what it
 * was when it came; whether that still is so tells the page's dirty bit, which the
 * processor's is collected in when a page is unmapped.  A page in memory that has
 * no object and is not dirty is all zeroes, or has been found incompressible.
 *
 * A page leaves while its group is locked and nobody has a reference to it, which
 * is ensured by freezing the only one.  Who maps a page, or reads it, takes a
 * reference with the group locked.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pagemap.h>
#include <linux/psi.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "chain.h"
#include "crew.h"
#include "netlink.h"
#include "object.h"
#include "region.h"
#include "registry.h"
#include "settings.h"
#include "store.h"
#include "sweep.h"

/* Charged to who uses it first */
#define GFP_REGION	(GFP_HIGHUSER | __GFP_ACCOUNT)

/* Nobody else has to give memory back for what may not be used */
#define GFP_AHEAD	((GFP_REGION & ~__GFP_RECLAIM) | __GFP_NOWARN)

/* Pages that make way at a time for those that there is no memory for */
#define WAY		1024

/* The most pages that come back together */
#define WINDOW_MAX	16

#define RESIDENCE	(RAYOS_ZCOMP_RESIDENT | RAYOS_ZCOMP_MAPPED | \
			 RAYOS_ZCOMP_HOPELESS)

static struct page *page_of(const struct rayos_zcomp_entry *entry)
{
	return (struct page *)entry->fill;
}

/* The object of a page that is in memory is not kept any more */
static void drop_shadow(struct rayos_zcomp_region *region,
			struct rayos_zcomp_entry *group,
			struct rayos_zcomp_entry *entry)
{
	unsigned long residence = entry->word & (RESIDENCE | RAYOS_ZCOMP_USED);

	if (!rayos_zcomp_handle(entry))
		return;
	rayos_zcomp_drop(region->store, group, entry);
	rayos_zcomp_set(entry, residence);
	atomic64_dec(&region->shadowed);
}

/* What a page is; it is not in memory, and its group is locked */
static int load(struct rayos_zcomp_region *region,
		struct rayos_zcomp_entry *entry, u64 index, struct page *page)
{
	unsigned long stall;
	void *mem;
	int err;

	if (rayos_zcomp_handle(entry))
		psi_memstall_enter(&stall);
	mem = kmap_local_page(page);
	err = rayos_zcomp_load(region->store, entry, index, NULL, mem);
	kunmap_local(mem);
	flush_dcache_page(page);
	if (rayos_zcomp_handle(entry))
		psi_memstall_leave(&stall);
	return err;
}

/* A page gets into memory; it is not mapped so far */
static void settle(struct rayos_zcomp_region *region,
		   struct rayos_zcomp_entry *entry, struct page *page)
{
	unsigned long word = entry->word;

	if (word & RAYOS_ZCOMP_SAME) {
		atomic64_dec(&region->store->stats.same);
		word &= ~RAYOS_ZCOMP_SAME;
		/* nothing else tells the word from now on */
		if (entry->fill)
			SetPageDirty(page);
	}
	entry->fill = (unsigned long)page;
	rayos_zcomp_set(entry, word | RAYOS_ZCOMP_RESIDENT);
	atomic64_inc(&region->resident);
	if (rayos_zcomp_handle(entry))
		atomic64_inc(&region->shadowed);
}

/* Of the region itself, those that have not been used for longest.  That is for control
 * groups, which cannot reclaim it.
 */
static void make_way(struct rayos_zcomp_region *region)
{
	struct rayos_zcomp_ages *ages = kzalloc(sizeof(*ages), GFP_NOWAIT | __GFP_NOWARN);
	struct rayos_zcomp_decision decision = {};
	struct rayos_zcomp_sweep sweep = {
		.promote = RAYOS_ZCOMP_NEVER,
		.at_once = true,
		.most = WAY,
	};
	unsigned int flags;

	if (ages) {
		rayos_zcomp_ages(region->store, 0, region->store->nr_pages, ages);
		rayos_zcomp_select(ages, WAY, &decision);
		kfree(ages);
		sweep.cool = decision.cool;
		sweep.evict = decision.evict;
	}
	/* see reclaim.c */
	flags = memalloc_noreclaim_save();
	rayos_zcomp_sweep_on(region->store, &sweep);
	memalloc_noreclaim_restore(flags);
}

/* No group is locked: others may wait for it, and be killed for want of memory */
static struct page *new_page(struct rayos_zcomp_region *region)
{
	struct page *page = alloc_page(GFP_REGION | __GFP_NORETRY | __GFP_NOWARN);

	if (page)
		return page;
	if (rayos_zcomp_policy_has(RAYOS_ZCOMP_DEMAND))
		make_way(region);
	return alloc_page(GFP_REGION);
}

/* A page comes into memory, into one that is the region's from then on */
static int bring(struct rayos_zcomp_region *region, struct rayos_zcomp_entry *entry,
		 u64 index, struct page *page)
{
	int err = load(region, entry, index, page);

	if (!err)
		settle(region, entry, page);
	return err;
}

/* It is used now, as far as can be seen */
static void get_used(struct rayos_zcomp_entry *entry, struct page *page)
{
	get_page(page);
	rayos_zcomp_set(entry, (entry->word &
				~(RAYOS_ZCOMP_USED | RAYOS_ZCOMP_IDLE)) |
			       RAYOS_ZCOMP_MAPPED |
			       FIELD_PREP(RAYOS_ZCOMP_USED, rayos_zcomp_clock()));
}

/* The group is locked.  Of @spare, for a page that is not in memory, nothing is left if
 * it has been taken
 */
static struct page *use(struct rayos_zcomp_region *region,
			struct rayos_zcomp_entry *entry, u64 index,
			struct page **spare, bool *loaded)
{
	enum rayos_zcomp_counter what = RAYOS_ZCOMP_C_FAULT_SOFT;
	unsigned long word = entry->word;
	int err;

	if (!(word & RAYOS_ZCOMP_RESIDENT)) {
		if (!*spare)
			return ERR_PTR(-EAGAIN);
		*loaded = rayos_zcomp_handle(entry);
		what = *loaded ? RAYOS_ZCOMP_C_FAULT_LOADED :
				 RAYOS_ZCOMP_C_FAULT_NEW;
		err = bring(region, entry, index, *spare);
		if (err)
			return ERR_PTR(err);
		*spare = NULL;
	}
	/* nor is one mapped that is not in memory */
	if (!(word & RAYOS_ZCOMP_MAPPED))
		rayos_zcomp_count(region->store->counts, what);
	get_used(entry, page_of(entry));
	return page_of(entry);
}

/* It may leave memory between the look and the lock, and then one is needed after all */
static struct page *use_locked(struct rayos_zcomp_region *region,
			       struct rayos_zcomp_entry *entry, u64 index, bool *loaded)
{
	struct rayos_zcomp_entry *group = rayos_zcomp_group(entry, index);
	struct page *page, *spare = NULL;

	do {
		if (!(READ_ONCE(entry->word) & RAYOS_ZCOMP_RESIDENT) && !spare) {
			spare = new_page(region);
			if (!spare)
				return ERR_PTR(-ENOMEM);
		}
		rayos_zcomp_lock(group);
		page = use(region, entry, index, &spare, loaded);
		rayos_zcomp_unlock(group);
	} while (page == ERR_PTR(-EAGAIN));
	if (spare)
		__free_page(spare);
	return page;
}

/**
 * rayos_zcomp_region_page() - a page of a region, in memory
 * @region: the region
 * @index: number of the page, below that of its pages
 * @loaded: true is left here if it had to be decompressed
 *
 * It stays there as long as the caller has it.  Who changes it but through a mapping
 * makes it dirty before he puts it.
 *
 * Context: May sleep.
 * Return: the page, to be given back by put_page(), or an ERR_PTR: -ENOMEM, or
 * -EBADMSG if memory has been damaged.
 */
struct page *rayos_zcomp_region_page(struct rayos_zcomp_region *region, u64 index,
				     bool *loaded)
{
	struct rayos_zcomp_entry *entry;

	*loaded = false;
	entry = rayos_zcomp_obtain(region->store, index);
	return entry ? use_locked(region, entry, index, loaded) : ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_region_page);

/**
 * rayos_zcomp_region_window() - how many pages are to come back with one that is used
 * @region: the region
 * @index: number of that page, which has come back
 *
 * While one after the other is used they are twice as many each time, up to 16.  Threads
 * that go through a region each on their own spoil each other's; that costs faults.
 *
 * Context: Any.
 * Return: the number, that page included.
 */
u32 rayos_zcomp_region_window(struct rayos_zcomp_region *region, u64 index)
{
	u32 window = READ_ONCE(region->window);
	u64 beyond = index - READ_ONCE(region->next);

	/* a few in between that are in memory do not matter */
	window = beyond <= window ? clamp(2 * window, 1U, (u32)WINDOW_MAX) : 1;
	WRITE_ONCE(region->window, window);
	WRITE_ONCE(region->next, index + window);
	return window;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_region_window);

/**
 * rayos_zcomp_region_ahead() - have a page come back that will be used soon
 * @region: the region
 * @index: number of the page, below that of its pages
 *
 * Context: May sleep.
 * Return: the page, to be given back by put_page(), or NULL if it is in memory, has
 * never been used, or would not come easily.
 */
struct page *rayos_zcomp_region_ahead(struct rayos_zcomp_region *region, u64 index)
{
	struct rayos_zcomp_entry *entry = rayos_zcomp_lookup(region->store, index);
	struct rayos_zcomp_entry *group;
	struct page *page;
	int err = -ENOENT;

	if (!entry || READ_ONCE(entry->word) & RAYOS_ZCOMP_RESIDENT)
		return NULL;
	page = alloc_page(GFP_AHEAD);
	if (!page)
		return NULL;
	group = rayos_zcomp_group(entry, index);
	rayos_zcomp_lock(group);
	if (!(entry->word & RAYOS_ZCOMP_RESIDENT) && rayos_zcomp_handle(entry))
		err = bring(region, entry, index, page);
	if (!err)
		get_used(entry, page);
	rayos_zcomp_unlock(group);
	if (err) {
		__free_page(page);
		return NULL;
	}
	rayos_zcomp_count(region->store->counts, RAYOS_ZCOMP_C_FAULT_AHEAD);
	return page;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_region_ahead);

/* A page leaves memory.  Its reference is frozen, its object is what it is now */
static void leave(struct rayos_zcomp_region *region,
		  struct rayos_zcomp_entry *entry, struct page *page)
{
	rayos_zcomp_set(entry, entry->word & ~RESIDENCE);
	atomic64_dec(&region->resident);
	page_ref_unfreeze(page, 1);
	put_page(page);
}

/**
 * rayos_zcomp_has_room() - may one page more be compressed?
 * @region: the region
 *
 * Context: Any.
 * Return: whether it may.
 */
bool rayos_zcomp_has_room(const struct rayos_zcomp_region *region)
{
	u64 kept = atomic64_read(&region->store->stats.objects) -
		   atomic64_read(&region->shadowed);
	u32 limit = READ_ONCE(region->store->most_kept);

	return !limit || kept < limit;
}

/* The page is frozen and has changed.  Return: whether it may leave */
static bool preserve(struct rayos_zcomp_region *region,
		     struct rayos_zcomp_entry *group,
		     struct rayos_zcomp_entry *entry, u64 index,
		     struct page *page)
{
	unsigned long used = entry->word & RAYOS_ZCOMP_USED;
	void *mem;
	int err;

	drop_shadow(region, group, entry);
	mem = kmap_local_page(page);
	err = rayos_zcomp_keep(region->store, group, index, mem);
	kunmap_local(mem);
	if (err) {
		SetPageDirty(page);
		if (err == -ENOMEM)
			rayos_zcomp_nl_refused_event(region->store);
		/* until it changes once more there is no use in trying */
		if (err == -E2BIG) {
			ClearPageDirty(page);
			rayos_zcomp_set(entry, entry->word |
					       RAYOS_ZCOMP_HOPELESS);
		}
		return false;
	}
	rayos_zcomp_set(entry, (entry->word & ~RAYOS_ZCOMP_USED) | used);
	return true;
}

/* The page is frozen.  Return: whether what it is will not be lost with it */
static bool is_safe(struct rayos_zcomp_region *region,
		    struct rayos_zcomp_entry *group,
		    struct rayos_zcomp_entry *entry, u64 index,
		    struct page *page, struct rayos_zcomp_sweep *sweep)
{
	enum rayos_zcomp_counter what = RAYOS_ZCOMP_C_EVICTED_CLEAN;

	if (TestClearPageDirty(page)) {
		if (!preserve(region, group, entry, index, page))
			return false;
		what = RAYOS_ZCOMP_C_EVICTED;
		sweep->compressed++;
	} else if (entry->word & RAYOS_ZCOMP_HOPELESS) {
		return false;
	} else if (rayos_zcomp_handle(entry)) {
		atomic64_dec(&region->shadowed);
	}
	rayos_zcomp_count(region->store->counts, what);
	return true;
}

/* Somebody has the page.  He may be about to map it, who took it before it was unmapped,
 * or will not let go of it for long: others are to have their turn first.
 */
static void put_off(struct rayos_zcomp_entry *entry, struct page *page)
{
	unsigned long mapped = folio_mapped(page_folio(page)) ? RAYOS_ZCOMP_MAPPED : 0;

	rayos_zcomp_set(entry, (entry->word & ~RAYOS_ZCOMP_USED) | mapped |
			       FIELD_PREP(RAYOS_ZCOMP_USED, rayos_zcomp_clock()));
}

/**
 * rayos_zcomp_evict() - give the memory of a page back
 * @region: the region
 * @group: the first of the four entries, which is locked
 * @index: number of a page that is in memory
 * @sweep: what has been done is counted here
 *
 * Context: May sleep, and begins no I/O to get memory.
 * Return: whether it is not in memory any more.
 */
bool rayos_zcomp_evict(struct rayos_zcomp_region *region,
		       struct rayos_zcomp_entry *group, u64 index,
		       struct rayos_zcomp_sweep *sweep)
{
	struct rayos_zcomp_entry *entry = &group[index % RAYOS_ZCOMP_GROUP];
	struct page *page = page_of(entry);

	/* what is kept already will count as kept when its page is gone */
	if ((PageDirty(page) || rayos_zcomp_handle(entry)) &&
	    !rayos_zcomp_has_room(region)) {
		rayos_zcomp_count(region->store->counts, RAYOS_ZCOMP_C_REFUSED);
		return false;
	}
	/* nobody is to read memory that is damaged */
	if (PageHWPoison(page) || !page_ref_freeze(page, 1)) {
		rayos_zcomp_count(region->store->counts, RAYOS_ZCOMP_C_BUSY);
		put_off(entry, page);
		return false;
	}
	if (!is_safe(region, group, entry, index, page, sweep)) {
		page_ref_unfreeze(page, 1);
		return false;
	}
	leave(region, entry, page);
	sweep->evicted++;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_evict);

/**
 * rayos_zcomp_drop_stale() - forget what was known of a page that has changed
 * @region: the region
 * @group: the first of the four entries, which is locked
 * @index: number of a page that is in memory
 */
void rayos_zcomp_drop_stale(struct rayos_zcomp_region *region,
			    struct rayos_zcomp_entry *group, u64 index)
{
	struct rayos_zcomp_entry *entry = &group[index % RAYOS_ZCOMP_GROUP];

	if (!PageDirty(page_of(entry)))
		return;
	drop_shadow(region, group, entry);
	rayos_zcomp_set(entry, entry->word & ~RAYOS_ZCOMP_HOPELESS);
}

/* A page is of no interest any more; its group is locked */
static void discard(struct rayos_zcomp_region *region,
		    struct rayos_zcomp_entry *group, u64 index)
{
	struct rayos_zcomp_entry *entry = &group[index % RAYOS_ZCOMP_GROUP];
	struct page *page = page_of(entry);

	rayos_zcomp_count(region->store->counts, RAYOS_ZCOMP_C_DISCARDED);
	if (!(entry->word & RAYOS_ZCOMP_RESIDENT)) {
		rayos_zcomp_drop(region->store, group, entry);
		return;
	}
	drop_shadow(region, group, entry);
	if (page_ref_freeze(page, 1)) {
		ClearPageDirty(page);
		leave(region, entry, page);
		return;
	}
	/* somebody else has it, who shall find zeroes there as well */
	clear_highpage(page);
	SetPageDirty(page);
}

/**
 * rayos_zcomp_region_discard() - pages are of no interest any more
 * @region: the region
 * @first: number of the first of them
 * @nr: their number; all are of the region
 *
 * They read as zeroes from now on.
 *
 * Context: May sleep.
 */
void rayos_zcomp_region_discard(struct rayos_zcomp_region *region, u64 first,
				u64 nr)
{
	struct rayos_zcomp_entry *entry, *group;
	u64 index;

	unmap_mapping_pages(region->mapping, first, nr, false);
	for (index = first; index < first + nr; index++) {
		entry = rayos_zcomp_lookup(region->store, index);
		if (!(index % RAYOS_ZCOMP_LEAF))
			cond_resched();
		if (!entry) {
			index |= RAYOS_ZCOMP_LEAF - 1;
			continue;
		}
		if (!READ_ONCE(entry->word))
			continue;
		group = rayos_zcomp_group(entry, index);
		rayos_zcomp_lock(group);
		discard(region, group, index);
		rayos_zcomp_unlock(group);
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_region_discard);

/**
 * rayos_zcomp_region_new() - make a region, in which nothing is yet
 * @mapping: who maps it
 * @nr_pages: its pages, 1 to %RAYOS_ZCOMP_PAGES_MAX
 * @limit: the most pages that are compressed at a time, 0 for any number
 *
 * Context: May sleep.
 * Return: the region or an ERR_PTR.
 */
struct rayos_zcomp_region *
rayos_zcomp_region_new(struct address_space *mapping, u64 nr_pages, u32 limit)
{
	const struct rayos_zcomp_settings settings = rayos_zcomp_settings_get();
	static atomic_t last = ATOMIC_INIT(-1);
	struct rayos_zcomp_region *region;
	struct rayos_zcomp_store *store;
	int err = -ENOMEM;

	region = kzalloc(sizeof(*region), GFP_KERNEL);
	if (!region)
		return ERR_PTR(-ENOMEM);
	store = rayos_zcomp_store_new(nr_pages, settings.level, 0);
	if (!store)
		goto err_free;
	/* if its module has gone meanwhile, it is that of the level */
	rayos_zcomp_store_use(store, settings.kind);
	region->store = store;
	region->mapping = mapping;
	region->pid = task_tgid_nr(current);
	get_task_comm(region->comm, current);
	store->region = region;
	store->most_kept = limit;
	snprintf(store->name, sizeof(store->name), "region%u",
		 (u32)atomic_inc_return(&last));
	err = rayos_zcomp_registry_add(store);
	if (err)
		goto err_free_store;
	return region;

err_free_store:
	rayos_zcomp_store_free(store);
err_free:
	kfree(region);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_region_new);

/**
 * rayos_zcomp_region_free() - give back a region and all that is in it
 * @region: one that nobody maps or uses any more
 *
 * Context: May sleep.
 */
void rayos_zcomp_region_free(struct rayos_zcomp_region *region)
{
	rayos_zcomp_registry_del(region->store);
	rayos_zcomp_store_free(region->store);
	kfree(region);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_region_free);
