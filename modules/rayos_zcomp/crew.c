// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that go through the pages of a store together.
 *
 * Who has something to be done does it himself, and others help: each takes a piece
 * of the store as long as there are any, and before it goes through it wakes the
 * next helper, if there is one.  How many there may be is looked at each time, so
 * that processors that come and go are noticed in the middle of a store.
 *
 * Nobody waits for a helper that has not begun: it is called off instead.  So all of
 * it comes to its end where there is no memory for threads, too.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>
#include <kunit/visibility.h>

#include "crew.h"
#include "registry.h"
#include "store.h"

/**
 * struct job - a store to go through
 * @store: it
 * @sweep: what is done
 * @pieces: of the store
 * @from: the first of them
 * @taken: how many have been taken
 * @left: pages that may still be evicted
 * @until: in jiffies, no piece is taken afterwards
 * @over: no piece is taken any more
 * @cooled: as in @sweep
 * @evicted: likewise
 * @compressed: likewise
 * @promoted: likewise
 *
 * What is not atomic, but for @over, does not change while anybody helps.
 */
struct job {
	struct rayos_zcomp_store *store;
	const struct rayos_zcomp_sweep *sweep;
	u64 pieces;
	u64 from;
	atomic64_t taken;
	atomic64_t left;
	unsigned long until;
	bool over;
	atomic64_t cooled;
	atomic64_t evicted;
	atomic64_t compressed;
	atomic64_t promoted;
};

static unsigned int threads = 8;
static struct workqueue_struct *queue;
static struct work_struct helpers[RAYOS_ZCOMP_THREADS_MAX - 1];
static DEFINE_MUTEX(busy); /* the job: one at a time */
static struct job job;

static int set_threads(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 1, RAYOS_ZCOMP_THREADS_MAX);
}

static const struct kernel_param_ops threads_ops = {
	.set = set_threads,
	.get = param_get_uint,
};

module_param_cb(threads, &threads_ops, &threads, 0644);
MODULE_PARM_DESC(threads, "Threads that compress at the same time, 1 to 64, but no more than processors (default 8)");

/**
 * rayos_zcomp_crew_threads() - how many compress at the same time
 *
 * Return: their number, at most that of processors.
 */
u32 rayos_zcomp_crew_threads(void)
{
	return min(READ_ONCE(threads), num_online_cpus());
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_crew_threads);

static u64 pieces_of(const struct rayos_zcomp_store *store)
{
	return DIV_ROUND_UP(store->nr_pages, RAYOS_ZCOMP_PIECE);
}

static void sweep_piece(struct rayos_zcomp_store *store, u64 piece,
			struct rayos_zcomp_sweep *sweep)
{
	u64 first = piece * RAYOS_ZCOMP_PIECE;

	rayos_zcomp_sweep(store, first,
			  min(first + RAYOS_ZCOMP_PIECE, store->nr_pages), sweep);
}

static bool is_over(void)
{
	return READ_ONCE(job.over) || time_after(jiffies, job.until) ||
	       !rayos_zcomp_registry_has(job.store);
}

/* The next piece.  Return: false if there is none any more */
static bool take_piece(u64 *piece)
{
	u64 nr;

	if (is_over())
		return false;
	nr = atomic64_inc_return(&job.taken) - 1;
	if (nr >= job.pieces)
		return false;
	div64_u64_rem(job.from + nr, job.pieces, piece);
	return true;
}

/* Pages of those that may be evicted, for one piece; what is too much goes back */
static u64 take_share(void)
{
	s64 left = atomic64_read(&job.left), share;

	do {
		share = min_t(s64, left, RAYOS_ZCOMP_PIECE);
	} while (!atomic64_try_cmpxchg(&job.left, &left, left - share));
	return share;
}

static void do_piece(u64 piece)
{
	struct rayos_zcomp_sweep sweep = {
		.cool = job.sweep->cool,
		.evict = job.sweep->evict,
		.promote = job.sweep->promote,
		.at_once = job.sweep->at_once,
		.may_wait = job.sweep->may_wait,
		.most = take_share(),
	};

	if (!sweep.most) {
		sweep.cool = RAYOS_ZCOMP_NEVER;
		sweep.evict = RAYOS_ZCOMP_NEVER;
	}
	sweep_piece(job.store, piece, &sweep);
	atomic64_add(sweep.most - sweep.evicted, &job.left);
	atomic64_add(sweep.cooled, &job.cooled);
	atomic64_add(sweep.evicted, &job.evicted);
	atomic64_add(sweep.compressed, &job.compressed);
	atomic64_add(sweep.promoted, &job.promoted);
}

/* The first is who has something to be done, those after it are helpers */
static void work_as(u32 nr)
{
	u64 piece;

	while (nr < rayos_zcomp_crew_threads() && take_piece(&piece)) {
		if (nr + 1 < rayos_zcomp_crew_threads())
			queue_work(queue, &helpers[nr]);
		do_piece(piece);
		if (!nr && signal_pending(current))
			WRITE_ONCE(job.over, true);
	}
}

static void help(struct work_struct *work)
{
	work_as(work - helpers + 1);
}

static void begin(struct rayos_zcomp_store *store,
		  const struct rayos_zcomp_sweep *sweep, unsigned long until)
{
	job = (struct job) {
		.store = store,
		.sweep = sweep,
		.pieces = pieces_of(store),
		.until = until,
		.left = ATOMIC64_INIT(min_t(u64, sweep->most - sweep->evicted,
					    S64_MAX)),
	};
	div64_u64_rem(atomic64_read(&store->hand), job.pieces, &job.from);
}

/* A helper is woken by the one before it only */
static void call_off(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(helpers); i++)
		cancel_work_sync(&helpers[i]);
}

static void finish(struct rayos_zcomp_sweep *sweep)
{
	u64 taken = min_t(u64, atomic64_read(&job.taken), job.pieces);

	atomic64_set(&job.store->hand, job.from + taken);
	sweep->cooled += atomic64_read(&job.cooled);
	sweep->evicted += atomic64_read(&job.evicted);
	sweep->compressed += atomic64_read(&job.compressed);
	sweep->promoted += atomic64_read(&job.promoted);
}

/* Who has a time to stop does not wait for a command that takes minutes */
static bool take_over(unsigned long until)
{
	if (time_before(until, jiffies + MAX_JIFFY_OFFSET / 2))
		return mutex_trylock(&busy);
	mutex_lock(&busy);
	return true;
}

/**
 * rayos_zcomp_crew_sweep() - do something with the old pages of a store
 * @store: the store, to which the caller has a reference
 * @sweep: what is done; what has been done is added there
 * @until: in jiffies, when to stop
 *
 * It goes on where the last one has stopped.  It stops early if it is time to, if the
 * store is about to go away, or if the caller is sent a signal; if somebody else does
 * so already it begins only where there is no time to stop.
 *
 * Context: May sleep.  Not where memory is reclaimed.
 */
void rayos_zcomp_crew_sweep(struct rayos_zcomp_store *store,
			    struct rayos_zcomp_sweep *sweep, unsigned long until)
{
	if (!take_over(until))
		return;
	begin(store, sweep, until);
	work_as(0);
	call_off();
	finish(sweep);
	mutex_unlock(&busy);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_crew_sweep);

/**
 * rayos_zcomp_sweep_on() - the same without any help, until it is enough
 * @store: the store, to which the caller has a reference
 * @sweep: what is done; it is enough when the most pages that may be evicted are
 *
 * Others may do so at the same time, and then look at other pages.
 *
 * Context: May sleep.
 */
void rayos_zcomp_sweep_on(struct rayos_zcomp_store *store,
			  struct rayos_zcomp_sweep *sweep)
{
	u64 i, piece, pieces = pieces_of(store);

	for (i = 0; i < pieces && sweep->evicted < sweep->most; i++) {
		div64_u64_rem(atomic64_inc_return(&store->hand), pieces, &piece);
		sweep_piece(store, piece, sweep);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_sweep_on);

/**
 * rayos_zcomp_crew_init() - have helpers
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int rayos_zcomp_crew_init(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(helpers); i++)
		INIT_WORK(&helpers[i], help);
	queue = alloc_workqueue("rayos_zcomp",
				WQ_UNBOUND | WQ_FREEZABLE | WQ_MEM_RECLAIM |
				WQ_SYSFS, RAYOS_ZCOMP_THREADS_MAX);
	return queue ? 0 : -ENOMEM;
}

/**
 * rayos_zcomp_crew_exit() - have none any more
 *
 * Context: May sleep.  There is no store any more.
 */
void rayos_zcomp_crew_exit(void)
{
	destroy_workqueue(queue);
}
