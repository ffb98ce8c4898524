// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system asks for memory: by the shrinker as it reclaims, and when there is none
 * left at all.
 *
 * Whoever reclaims may hold any lock, those of pages of ours too, if it is for them
 * that memory is needed: so locks of pages are only tried.  A stream's scratch
 * memory, which is waited for, is never held by one who reclaims, as memory is taken
 * without I/O then, and such reclaim evicts nothing here.
 *
 * What is compressed needs memory before any is free; while it is done nothing is
 * reclaimed for it, and reserves may be used: pages that can be evicted are more
 * than what they are compressed to.
 */
#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <rayos/compat_mm.h>

#include "chain.h"
#include "crew.h"
#include "registry.h"
#include "worker.h"

/* Pages for which it is worth to look through a store */
#define BATCH		512

/* The same when there is no memory: those who wait for it are to go on soon */
#define OOM_BATCH	16384

/* To look at all pages of a gigabyte takes some milliseconds */
#define LOOK_EVERY	(HZ / 10)

static struct shrinker *shrinker;
static unsigned long look_next = INITIAL_JIFFIES; /* any value is good */
static u32 last; /* store in which pages were taken, any value is good */

/* Stores behind one, up to another, until it is enough */
static void sweep_from(u32 id, u32 end, struct rayos_zcomp_sweep *sweep)
{
	struct rayos_zcomp_store *store;

	while (id < end && sweep->evicted < sweep->most) {
		store = rayos_zcomp_registry_next(id);
		if (!store)
			return;
		id = store->id;
		if (store->region && id <= end)
			rayos_zcomp_sweep_on(store, sweep);
		rayos_zcomp_registry_put(store);
		WRITE_ONCE(last, id);
	}
}

/* One after the other, each but once */
static void sweep_stores(struct rayos_zcomp_sweep *sweep)
{
	u32 from = READ_ONCE(last);

	sweep_from(from, U32_MAX, sweep);
	sweep_from(0, from, sweep);
}

/* What has been done is left in @sweep */
static void evict(u64 pages, bool at_once, struct rayos_zcomp_sweep *sweep)
{
	unsigned int flags;

	if (!rayos_zcomp_chain_demand(pages, at_once, sweep))
		return;
	flags = memalloc_noreclaim_save();
	sweep_stores(sweep);
	memalloc_noreclaim_restore(flags);
	rayos_zcomp_chain_done(RAYOS_ZCOMP_DEMAND, sweep->evicted, sweep->cooled);
}

/* Programs may have used much since pages were looked at */
static bool may_look(void)
{
	return !time_before(jiffies, READ_ONCE(look_next));
}

static bool look_again(void)
{
	if (!may_look())
		return false;
	WRITE_ONCE(look_next, jiffies + LOOK_EVERY);
	return rayos_zcomp_chain_try_look();
}

static unsigned long count(struct shrinker *shrinker, struct shrink_control *sc)
{
	u64 pages = rayos_zcomp_chain_evictable();

	if (!pages && may_look())
		pages = rayos_zcomp_chain_resident();
	return pages ? min_t(u64, pages, LONG_MAX) : SHRINK_EMPTY;
}

static bool may_evict(gfp_t gfp)
{
	return (gfp & (__GFP_IO | __GFP_FS)) == (__GFP_IO | __GFP_FS);
}

static bool is_done(const struct rayos_zcomp_sweep *sweep)
{
	return sweep->evicted || sweep->cooled;
}

static unsigned long scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct rayos_zcomp_sweep sweep;

	if (!may_evict(sc->gfp_mask)) {
		if (rayos_zcomp_chain_leave(sc->nr_to_scan))
			rayos_zcomp_worker_hurry();
		return SHRINK_STOP;
	}
	evict(sc->nr_to_scan, false, &sweep);
	if (!is_done(&sweep) && look_again())
		evict(sc->nr_to_scan, false, &sweep);
	if (is_done(&sweep))
		return sweep.evicted;
	/* they are not to be gone through again before they have been seen */
	rayos_zcomp_chain_forget();
	return SHRINK_STOP;
}

/* What has not been used comes first, and if that frees nothing what has been */
static int last_resort(struct notifier_block *nb, unsigned long action,
		       void *data)
{
	u64 before = rayos_zcomp_pool_pages(), grown;
	struct rayos_zcomp_sweep sweep;
	unsigned long *freed = data;

	rayos_zcomp_chain_try_look();
	evict(OOM_BATCH, false, &sweep);
	if (!sweep.evicted)
		evict(OOM_BATCH, true, &sweep);
	grown = rayos_zcomp_pool_pages();
	grown -= min(grown, before);
	*freed += sweep.evicted - min(sweep.evicted, grown);
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = {
	.notifier_call = last_resort,
};

/**
 * rayos_zcomp_reclaim_init() - have memory asked for
 *
 * Context: May sleep.
 * Return: 0 or -errno.
 */
int rayos_zcomp_reclaim_init(void)
{
	int err;

	shrinker = rayos_shrinker_new("rayos_zcomp", count, scan, BATCH);
	if (!shrinker)
		return -ENOMEM;
	err = register_oom_notifier(&oom_notifier);
	if (err)
		shrinker_free(shrinker);
	return err;
}

/**
 * rayos_zcomp_reclaim_exit() - have none asked for any more
 *
 * Context: May sleep.
 */
void rayos_zcomp_reclaim_exit(void)
{
	unregister_oom_notifier(&oom_notifier);
	shrinker_free(shrinker);
}
