// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every two seconds, as long as there is a store, all pages are looked at, the chain is
 * asked, and what it decides is done.
 *
 * What is begun ends within one period and goes on in the next, so that it keeps
 * nobody from suspending the machine or from taking a store away.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "chain.h"
#include "crew.h"
#include "registry.h"
#include "store.h"
#include "worker.h"

#define PERIOD		(2 * HZ)
#define SOON		(HZ / 10)

/* Of all time, the part in which pages are looked at */
#define SHARE		50

/* The clock of pages comes round in a day and a half, and a sweep keeps up with it */
#define ROUND		(3600UL * HZ)

static void work(struct work_struct *work);

static struct workqueue_struct *queue;
static DECLARE_DELAYED_WORK(periodic, work);
static unsigned long round_next; /* in jiffies; of the work only */
static unsigned long took; /* jiffies, to look at all pages */

/* What is to be kept as it is, is not compressed better either */
static void sweep_one(struct rayos_zcomp_store *store,
		      struct rayos_zcomp_sweep *sweep, unsigned long until)
{
	u32 promote = sweep->promote;

	if (store->level == RAYOS_ZCOMP_NONE)
		sweep->promote = RAYOS_ZCOMP_NEVER;
	rayos_zcomp_crew_sweep(store, sweep, until);
	sweep->promote = promote;
}

/* All stores, one after the other, until it is enough.  Return: false if it was time to
 * stop
 */
static bool sweep_all(struct rayos_zcomp_sweep *sweep, bool devices,
		      unsigned long until)
{
	struct rayos_zcomp_store *store = NULL;

	while ((store = rayos_zcomp_registry_after(store))) {
		if (store->region || devices)
			sweep_one(store, sweep, until);
		if (time_after(jiffies, until)) {
			rayos_zcomp_registry_put(store);
			return false;
		}
	}
	return true;
}

static void act(void)
{
	enum rayos_zcomp_link link;
	struct rayos_zcomp_sweep sweep;

	if (!rayos_zcomp_chain_period(&sweep, &link))
		return;
	sweep_all(&sweep, sweep.promote != RAYOS_ZCOMP_NEVER, jiffies + PERIOD);
	rayos_zcomp_chain_done(link, sweep.evicted, sweep.cooled);
}

static void go_round(void)
{
	struct rayos_zcomp_sweep sweep = {
		.cool = RAYOS_ZCOMP_NEVER,
		.evict = RAYOS_ZCOMP_NEVER,
		.promote = RAYOS_ZCOMP_NEVER,
		.may_wait = true,
	};

	if (time_after_eq(jiffies, round_next) &&
	    sweep_all(&sweep, true, jiffies + PERIOD))
		round_next = jiffies + ROUND;
}

static void work(struct work_struct *work)
{
	unsigned long began = jiffies;

	if (!rayos_zcomp_chain_look())
		return;
	WRITE_ONCE(took, jiffies - began);
	act();
	go_round();
	queue_delayed_work(queue, &periodic, max_t(unsigned long, PERIOD, took * SHARE));
}

/**
 * rayos_zcomp_worker_wake() - there is a store
 *
 * Context: Any.
 */
void rayos_zcomp_worker_wake(void)
{
	queue_delayed_work(queue, &periodic, PERIOD);
}

/**
 * rayos_zcomp_worker_hurry() - do not wait for the end of the period
 *
 * Context: Any.
 */
void rayos_zcomp_worker_hurry(void)
{
	mod_delayed_work(queue, &periodic, SOON + READ_ONCE(took) * 4);
}

static void demand_of(struct rayos_zcomp_store *store,
		      struct rayos_zcomp_sweep *sweep)
{
	unsigned long until = jiffies + MAX_JIFFY_OFFSET;

	if (!store)
		sweep_all(sweep, false, until);
	else if (store->region)
		rayos_zcomp_crew_sweep(store, sweep, until);
}

/**
 * rayos_zcomp_demand() - compress because somebody says so
 * @store: of whose pages, NULL for those of all stores; the caller has a reference
 * @pages: so many, those that have not been used for longest, or %RAYOS_ZCOMP_ALL
 * @done: what has been done is added there
 *
 * Context: May sleep.  Not where memory is reclaimed.
 * Return: 0, -EOPNOTSUPP if the policy knows no demand, or -EINTR if the caller has
 * been sent a signal.
 */
int rayos_zcomp_demand(struct rayos_zcomp_store *store, u64 pages,
		       struct rayos_zcomp_sweep *done)
{
	struct rayos_zcomp_sweep sweep;

	if (!rayos_zcomp_policy_has(RAYOS_ZCOMP_DEMAND))
		return -EOPNOTSUPP;
	if (!rayos_zcomp_chain_demand_of(store, pages, &sweep))
		return 0;
	demand_of(store, &sweep);
	rayos_zcomp_chain_done(RAYOS_ZCOMP_DEMAND, sweep.evicted, sweep.cooled);
	done->cooled += sweep.cooled;
	done->evicted += sweep.evicted;
	done->compressed += sweep.compressed;
	return signal_pending(current) ? -EINTR : 0;
}

/**
 * rayos_zcomp_worker_init() - be ready to compress
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int rayos_zcomp_worker_init(void)
{
	int err;

	rayos_zcomp_chain_begin();
	round_next = jiffies + ROUND;
	queue = alloc_workqueue("rayos_zcomp_policy",
				WQ_UNBOUND | WQ_FREEZABLE | WQ_MEM_RECLAIM, 1);
	if (!queue)
		return -ENOMEM;
	err = rayos_zcomp_crew_init();
	if (err)
		goto err_destroy;
	err = rayos_zcomp_reclaim_init();
	if (err)
		goto err_exit_crew;
	return 0;

err_exit_crew:
	rayos_zcomp_crew_exit();
err_destroy:
	destroy_workqueue(queue);
	return err;
}

/**
 * rayos_zcomp_worker_exit() - compress no more
 *
 * Context: May sleep.  There is no store any more.
 */
void rayos_zcomp_worker_exit(void)
{
	rayos_zcomp_reclaim_exit();
	cancel_delayed_work_sync(&periodic);
	rayos_zcomp_crew_exit();
	destroy_workqueue(queue);
}
