// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chain of links that the module has, and what it knows of the pages of all stores.
 *
 * To look at all pages takes time, so it is done now and then.  Those who reclaim
 * memory go by what was seen last, less what has been evicted since.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "chain.h"
#include "crew.h"
#include "registry.h"
#include "stats.h"
#include "totals.h"

static DEFINE_SPINLOCK(lock); /* what follows, up to the empty line */
static struct rayos_zcomp_chain chain;
static struct rayos_zcomp_ages latest;
static struct rayos_zcomp_inputs seen; /* with @latest */
static u64 left; /* pages asked for by those who could not take them themselves */

static DEFINE_MUTEX(looking); /* what follows */
static struct rayos_zcomp_ages fresh;
static u64 refaults; /* of all stores that there have been */
static u64 refaults_seen; /* of those that there are */

/**
 * rayos_zcomp_policy_get() - what has been chosen
 * @policy: it is left here
 *
 * Context: Process context.
 */
void rayos_zcomp_policy_get(struct rayos_zcomp_policy *policy)
{
	spin_lock(&lock);
	*policy = chain.policy;
	spin_unlock(&lock);
}

/**
 * rayos_zcomp_policy_set() - choose
 * @policy: all of it, what is to stay as rayos_zcomp_policy_get() has told it;
 *	rayos_zcomp_policy_check() has found it good
 *
 * Context: Process context.
 */
void rayos_zcomp_policy_set(const struct rayos_zcomp_policy *policy)
{
	spin_lock(&lock);
	rayos_zcomp_chain_set(&chain, policy);
	spin_unlock(&lock);
}

/**
 * rayos_zcomp_policy_has() - is a link among those that are asked?
 * @link: the link
 *
 * Context: Process context.
 * Return: true if it is.
 */
bool rayos_zcomp_policy_has(enum rayos_zcomp_link link)
{
	bool has = false;
	u32 i;

	spin_lock(&lock);
	for (i = 0; i < chain.policy.nr_links; i++)
		has |= chain.policy.order[i] == link;
	spin_unlock(&lock);
	return has;
}

/**
 * rayos_zcomp_policy_status() - what there is to be seen of the policy
 * @status: it is left here
 *
 * Context: Process context.
 */
void rayos_zcomp_policy_status(struct rayos_zcomp_policy_status *status)
{
	spin_lock(&lock);
	memcpy(status->counts, chain.counts, sizeof(status->counts));
	status->age = chain.age;
	status->credit = div_s64(chain.credit, RAYOS_ZCOMP_PPM);
	status->is_short = chain.short_of;
	status->is_above = chain.above;
	spin_unlock(&lock);
	status->threads = rayos_zcomp_crew_threads();
}

/**
 * rayos_zcomp_pool_pages() - memory that what is compressed takes up
 *
 * Context: Process context.
 * Return: pages.
 */
u64 rayos_zcomp_pool_pages(void)
{
	struct rayos_zcomp_totals totals;

	rayos_zcomp_totals(&totals);
	return totals.pool >> PAGE_SHIFT;
}

/* Those of devices matter when it is looked for what can be compressed better */
static bool wants_devices(u64 now)
{
	bool wants;

	spin_lock(&lock);
	wants = chain.policy.promote && now >= chain.promote_next;
	spin_unlock(&lock);
	return wants;
}

/* Return: number of stores */
static u64 look_at_all(u64 now)
{
	bool devices = wants_devices(now);
	struct rayos_zcomp_store *store = NULL;
	u64 nr = 0, sum = 0;

	lockdep_assert_held(&looking);

	memset(&fresh, 0, sizeof(fresh));
	while ((store = rayos_zcomp_registry_after(store))) {
		nr++;
		sum += rayos_zcomp_counted(store->counts,
					   RAYOS_ZCOMP_C_FAULT_LOADED) +
		       rayos_zcomp_counted(store->counts,
					   RAYOS_ZCOMP_C_FAULT_AHEAD);
		if (store->region || devices)
			rayos_zcomp_ages(store, 0, store->nr_pages, &fresh);
	}
	/* those of a store that is gone are, too */
	refaults += sum - min(sum, refaults_seen);
	refaults_seen = sum;
	return nr;
}

static u64 __look(void)
{
	u64 now = ktime_get_seconds(), nr = look_at_all(now);
	struct rayos_zcomp_totals totals;
	struct rayos_zcomp_inputs in = {
		.now = now,
		.total = totalram_pages(),
		.available = max(si_mem_available(), 0L),
		.refaults = refaults,
		.ages = &latest,
	};

	rayos_zcomp_totals(&totals);
	in.pool = totals.region_pool;
	spin_lock(&lock);
	latest = fresh;
	seen = in;
	spin_unlock(&lock);
	return nr;
}

/**
 * rayos_zcomp_chain_look() - look at all pages
 *
 * Context: May sleep.  Not where memory is reclaimed.
 * Return: number of stores that there are.
 */
u64 rayos_zcomp_chain_look(void)
{
	u64 nr;

	mutex_lock(&looking);
	nr = __look();
	mutex_unlock(&looking);
	return nr;
}

/**
 * rayos_zcomp_chain_try_look() - the same, unless somebody does so already
 *
 * Context: May sleep.
 * Return: whether it has been done.
 */
bool rayos_zcomp_chain_try_look(void)
{
	if (!mutex_trylock(&looking))
		return false;
	__look();
	mutex_unlock(&looking);
	return true;
}

static bool decide(const struct rayos_zcomp_inputs *in,
		   struct rayos_zcomp_sweep *sweep, enum rayos_zcomp_link *link)
{
	struct rayos_zcomp_decision decision;
	bool acts;

	lockdep_assert_held(&lock);

	acts = rayos_zcomp_chain_decide(&chain, in, &decision);
	*link = decision.link;
	*sweep = (struct rayos_zcomp_sweep) {
		.cool = decision.cool,
		.evict = decision.evict,
		.promote = decision.promote,
		.at_once = decision.at_once,
		.most = decision.pages,
	};
	return acts;
}

/**
 * rayos_zcomp_chain_period() - what is to be done now that all pages were looked at
 * @sweep: is left here
 * @link: who has decided
 *
 * Context: Process context.
 * Return: whether anything is to be done.
 */
bool rayos_zcomp_chain_period(struct rayos_zcomp_sweep *sweep,
			      enum rayos_zcomp_link *link)
{
	struct rayos_zcomp_inputs in;
	bool acts;

	spin_lock(&lock);
	in = seen;
	in.demand = left;
	left = 0;
	acts = decide(&in, sweep, link);
	spin_unlock(&lock);
	sweep->may_wait = true;
	return acts;
}

/**
 * rayos_zcomp_chain_demand() - what is to be done for who reclaims memory
 * @pages: so many are wanted
 * @at_once: those that have been used of late, too
 * @sweep: is left here
 *
 * Context: Process context.
 * Return: whether anything is to be done.
 */
bool rayos_zcomp_chain_demand(u64 pages, bool at_once,
			      struct rayos_zcomp_sweep *sweep)
{
	struct rayos_zcomp_inputs in = {
		.demand = pages,
		.at_once = at_once,
		.waits = true,
		.ages = &latest,
	};
	enum rayos_zcomp_link link;
	bool acts;

	spin_lock(&lock);
	acts = decide(&in, sweep, &link);
	spin_unlock(&lock);
	return acts;
}

/**
 * rayos_zcomp_chain_demand_of() - what is to be done for a command
 * @store: of whose pages, NULL for those of all stores
 * @pages: so many are wanted
 * @sweep: is left here
 *
 * Context: May sleep.  Not where memory is reclaimed.
 * Return: whether anything is to be done.
 */
bool rayos_zcomp_chain_demand_of(struct rayos_zcomp_store *store, u64 pages,
				 struct rayos_zcomp_sweep *sweep)
{
	struct rayos_zcomp_inputs in = {
		.demand = pages,
		.at_once = true,
		.waits = true,
		.ages = &fresh,
	};
	enum rayos_zcomp_link link;
	bool acts;

	mutex_lock(&looking);
	if (store) {
		memset(&fresh, 0, sizeof(fresh));
		rayos_zcomp_ages(store, 0, store->nr_pages, &fresh);
	} else {
		__look();
	}
	spin_lock(&lock);
	acts = decide(&in, sweep, &link);
	spin_unlock(&lock);
	mutex_unlock(&looking);
	sweep->may_wait = true;
	return acts;
}

/**
 * rayos_zcomp_chain_done() - what has come of a decision
 * @link: who has decided
 * @evicted: pages
 * @cooled: pages
 *
 * Context: Process context.
 */
void rayos_zcomp_chain_done(enum rayos_zcomp_link link, u64 evicted, u64 cooled)
{
	spin_lock(&lock);
	chain.counts[link].pages += evicted;
	rayos_zcomp_ages_moved(&latest, evicted, cooled);
	spin_unlock(&lock);
}

/**
 * rayos_zcomp_chain_leave() - pages are wanted by who cannot take them himself
 * @pages: so many
 *
 * Context: Process context.
 * Return: whether none were before.
 */
bool rayos_zcomp_chain_leave(u64 pages)
{
	bool first;

	spin_lock(&lock);
	first = !left;
	left = min(left + pages, rayos_zcomp_resident(&latest));
	pages = left;
	spin_unlock(&lock);
	return first && pages;
}

/**
 * rayos_zcomp_chain_forget() - the pages that were seen last are not there
 *
 * Context: Process context.
 */
void rayos_zcomp_chain_forget(void)
{
	spin_lock(&lock);
	memset(&latest, 0, sizeof(latest));
	spin_unlock(&lock);
}

/**
 * rayos_zcomp_chain_evictable() - how many pages could be evicted
 *
 * Context: Process context.
 * Return: pages.
 */
u64 rayos_zcomp_chain_evictable(void)
{
	u64 pages;

	spin_lock(&lock);
	pages = rayos_zcomp_resident(&latest);
	spin_unlock(&lock);
	return pages;
}

/**
 * rayos_zcomp_chain_resident() - how many pages of regions are in memory now
 *
 * Context: May sleep.
 * Return: pages, those that cannot leave it included.
 */
u64 rayos_zcomp_chain_resident(void)
{
	struct rayos_zcomp_totals totals;

	rayos_zcomp_totals(&totals);
	return totals.resident;
}

/**
 * rayos_zcomp_chain_begin() - choose what is chosen if nobody chooses
 *
 * Context: Process context.
 */
void rayos_zcomp_chain_begin(void)
{
	spin_lock(&lock);
	rayos_zcomp_chain_init(&chain);
	spin_unlock(&lock);
}
