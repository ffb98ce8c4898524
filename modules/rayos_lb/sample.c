// SPDX-License-Identifier: GPL-2.0-only
/*
 * Once a second the counters of a namespace go into the averages of their
 * rates, as long as it has balancers.  Packets pay nothing for it.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "lb.h"

#define PERIOD	HZ

static void add(u64 *sum, const u64 *counter)
{
	int i;

	for (i = 0; i < RAYOS_LB_C_NR; i++)
		sum[i] += counter[i];
}

static void sample_balancer(struct rayos_lb_balancer *balancer)
{
	u64 sum[RAYOS_LB_C_NR] = {}, counter[RAYOS_LB_C_NR];
	struct rayos_lb_backend *backend;

	add(sum, balancer->retired.counter);
	rayos_lb_stats_counters(sum, balancer->stats);
	list_for_each_entry(backend, &balancer->backends, list) {
		memset(counter, 0, sizeof(counter));
		rayos_lb_stats_counters(counter, backend->stats);
		rayos_lb_rate_sample(&backend->rates, counter, ktime_get_ns());
		add(sum, counter);
	}
	list_for_each_entry(backend, &balancer->ln->removed, list) {
		if (backend->balancer == balancer)
			rayos_lb_stats_counters(sum, backend->stats);
	}
	rayos_lb_rate_sample(&balancer->rates, sum, ktime_get_ns());
}

static void sample(struct work_struct *work)
{
	struct rayos_lb_net *ln = container_of(to_delayed_work(work),
					       struct rayos_lb_net, sample);
	struct rayos_lb_balancer *balancer;
	unsigned long id;

	mutex_lock(&ln->lock);
	xa_for_each(&ln->balancers, id, balancer) {
		sample_balancer(balancer);
		cond_resched();
	}
	/* with the lock held, so that a new first balancer finds it ended */
	if (ln->nr_balancers && !READ_ONCE(ln->dying))
		queue_delayed_work(rayos_lb_wq, &ln->sample, PERIOD);
	mutex_unlock(&ln->lock);
}

/**
 * rayos_lb_sample_setup() - get ready to sample
 * @ln: a namespace without balancers
 *
 * Context: Process context.
 */
void rayos_lb_sample_setup(struct rayos_lb_net *ln)
{
	INIT_DELAYED_WORK(&ln->sample, sample);
}

/**
 * rayos_lb_sample_begin() - sample from now on, until there is no balancer
 * @ln: a namespace with a balancer; may be sampled already
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_sample_begin(struct rayos_lb_net *ln)
{
	lockdep_assert_held(&ln->lock);

	if (!READ_ONCE(ln->dying))
		queue_delayed_work(rayos_lb_wq, &ln->sample, PERIOD);
}

/**
 * rayos_lb_sample_end() - do not sample any more
 * @ln: a namespace that is dying
 *
 * Context: Process context, may sleep, namespace's lock not held.
 */
void rayos_lb_sample_end(struct rayos_lb_net *ln)
{
	cancel_delayed_work_sync(&ln->sample);
}
