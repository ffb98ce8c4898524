// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network namespaces: each has its own balancers, flows and hooks.  A namespace
 * without balancers costs no packet anything: hooks come with the first one, and so
 * do all tables that are not small.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/netns/generic.h>
#include <kunit/visibility.h>

#include "evidence.h"
#include "health.h"
#include "lb.h"
#include "netlink.h"
#include "path.h"

static unsigned int net_id;

/* How often it is seen to removed and draining backends */
#define REFRESH_NS	NSEC_PER_SEC

/* How often at most a snapshot is built because backends start slowly: a large
 * table takes some milliseconds
 */
#define RAMP_NS		(50 * NSEC_PER_MSEC)

/**
 * rayos_lb_net() - our part of a network namespace
 * @net: the network namespace
 *
 * Context: Any.
 * Return: it, never NULL.
 */
struct rayos_lb_net *rayos_lb_net(const struct net *net)
{
	return net_generic(net, net_id);
}

/**
 * rayos_lb_net_refresh() - have the states of backends brought up to date
 * @ln: the namespace
 * @delay: in ns
 *
 * Context: Any.
 */
void rayos_lb_net_refresh(struct rayos_lb_net *ln, u64 delay)
{
	if (!READ_ONCE(ln->dying))
		mod_delayed_work(rayos_lb_wq, &ln->refresh,
				 nsecs_to_jiffies(delay));
}

/* When the backend wants to be looked at again, ns from now; U64_MAX for never */
static u64 due(const struct rayos_lb_backend *backend, u64 now)
{
	if (backend->part < RAYOS_LB_RAMP_ONE)
		return max_t(u64, RAMP_NS,
			     rayos_lb_backend_ramp_next(backend, now));
	if (backend->state != RAYOS_LB_STATE_DRAINING)
		return rayos_lb_evidence_due(backend, now);
	if (!backend->deadline)
		return REFRESH_NS;
	return min_t(u64, REFRESH_NS,
		     backend->deadline - min(backend->deadline, now));
}

static u64 refresh_balancer(struct rayos_lb_balancer *balancer, u64 now)
{
	struct rayos_lb_backend *backend;
	bool changed = false;
	u64 next = U64_MAX;

	list_for_each_entry(backend, &balancer->backends, list) {
		changed |= rayos_lb_backend_refresh(backend, now);
		next = min(next, due(backend, now));
	}
	if ((changed || balancer->stale) && rayos_lb_balancer_publish(balancer))
		next = REFRESH_NS;
	return next;
}

static u64 reap_removed(struct rayos_lb_net *ln)
{
	struct rayos_lb_backend *backend, *tmp;

	list_for_each_entry_safe(backend, tmp, &ln->removed, list) {
		if (refcount_read(&backend->refs) == 1)
			rayos_lb_backend_reap(backend);
	}
	return list_empty(&ln->removed) ? U64_MAX : REFRESH_NS;
}

static void refresh(struct work_struct *work)
{
	struct rayos_lb_net *ln = container_of(to_delayed_work(work),
					       struct rayos_lb_net, refresh);
	struct rayos_lb_balancer *balancer;
	u64 now = ktime_get_ns();
	unsigned long id;
	u64 next;

	mutex_lock(&ln->lock);
	next = reap_removed(ln);
	xa_for_each(&ln->balancers, id, balancer)
		next = min(next, refresh_balancer(balancer, now));
	mutex_unlock(&ln->lock);

	/* not mod_: somebody may want it sooner, and has said so */
	if (next != U64_MAX && !READ_ONCE(ln->dying))
		queue_delayed_work(rayos_lb_wq, &ln->refresh,
				   nsecs_to_jiffies(next) + 1);
}

/**
 * rayos_lb_net_setup() - make an empty namespace of ours
 * @ln: zeroed
 * @net: the network namespace it belongs to
 *
 * Context: Process context.
 */
void rayos_lb_net_setup(struct rayos_lb_net *ln, struct net *net)
{
	ln->net = net;
	ln->generation = 1;
	mutex_init(&ln->lock);
	xa_init_flags(&ln->balancers, XA_FLAGS_ALLOC1);
	INIT_LIST_HEAD(&ln->removed);
	INIT_DELAYED_WORK(&ln->refresh, refresh);
	rayos_lb_sample_setup(ln);
	rayos_lb_lro_setup(ln);
	rayos_lb_tap_setup(ln);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_net_setup);

/**
 * rayos_lb_net_tables() - give a namespace its tables
 * @ln: the namespace
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int rayos_lb_net_tables(struct rayos_lb_net *ln)
{
	ln->affinity = rayos_lb_affinity_table_new();
	if (!ln->affinity)
		goto err;
	ln->frag6 = rayos_lb_frag6_table_new();
	if (!ln->frag6)
		goto err_free_affinity;
	if (rayos_lb_flow_table_init(&ln->flows))
		goto err_free_frag6;
	ln->active = true;
	return 0;

err_free_frag6:
	rayos_lb_frag6_table_free(ln->frag6);
	ln->frag6 = NULL;
err_free_affinity:
	rayos_lb_affinity_table_free(ln->affinity);
	ln->affinity = NULL;
err:
	return -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_net_tables);

static void drop_tables(struct rayos_lb_net *ln)
{
	rayos_lb_flow_table_exit(&ln->flows);
	rayos_lb_affinity_table_free(ln->affinity);
	rayos_lb_frag6_table_free(ln->frag6);
	ln->affinity = NULL;
	ln->frag6 = NULL;
	ln->active = false;
}

/**
 * rayos_lb_net_activate() - get a namespace ready for its first balancer
 * @ln: the namespace
 * @extack: told what is wrong
 *
 * Context: Process context, may sleep, namespace's lock held.
 * Return: 0 or -errno.
 */
int rayos_lb_net_activate(struct rayos_lb_net *ln,
			  struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&ln->lock);

	if (ln->active)
		return 0;
	err = rayos_lb_net_tables(ln);
	if (err)
		goto err;
	err = rayos_lb_path_register(ln->net);
	if (err)
		goto err_drop_tables;
	rayos_lb_lro_disable(ln);
	rayos_lb_tap_attach(ln);
	return 0;

err_drop_tables:
	drop_tables(ln);
err:
	NL_SET_ERR_MSG(extack,
		       "the namespace cannot get the tables and hooks for its first balancer");
	return err;
}

static int __net_init net_init(struct net *net)
{
	rayos_lb_net_setup(rayos_lb_net(net), net);
	return 0;
}

/* The core waits for a grace period after this and before net_exit() */
static void __net_exit net_pre_exit(struct net *net)
{
	struct rayos_lb_net *ln = rayos_lb_net(net);

	if (!ln->active)
		return;
	rayos_lb_tap_detach(ln);
	rayos_lb_path_unregister(net);
}

static void drop_configuration(struct rayos_lb_net *ln)
{
	struct rayos_lb_balancer *balancer;
	unsigned long id;

	mutex_lock(&ln->lock);
	xa_for_each(&ln->balancers, id, balancer)
		rayos_lb_balancer_del(balancer, false);
	mutex_unlock(&ln->lock);
}

static void drop_removed(struct rayos_lb_net *ln)
{
	struct rayos_lb_backend *backend, *tmp;

	mutex_lock(&ln->lock);
	list_for_each_entry_safe(backend, tmp, &ln->removed, list)
		rayos_lb_backend_reap(backend);
	mutex_unlock(&ln->lock);
}

/**
 * rayos_lb_net_teardown() - undo rayos_lb_net_setup() and rayos_lb_net_tables()
 * @ln: no packet and no request can reach it any more
 *
 * Probers go first, with the configuration, then the flows, which may ask for a
 * refresh until the last one is gone.
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_net_teardown(struct rayos_lb_net *ln)
{
	WRITE_ONCE(ln->dying, true);
	drop_configuration(ln);
	if (ln->active)
		drop_tables(ln);
	cancel_delayed_work_sync(&ln->refresh);
	rayos_lb_sample_end(ln);
	cancel_work_sync(&ln->lro);
	drop_removed(ln);
	xa_destroy(&ln->balancers);
	mutex_destroy(&ln->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_net_teardown);

static void __net_exit net_exit(struct net *net)
{
	rayos_lb_net_teardown(rayos_lb_net(net));
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.id = &net_id,
	.size = sizeof(struct rayos_lb_net),
};

/**
 * rayos_lb_net_quiesce() - wait for work that is under way in any namespace
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_net_quiesce(void)
{
	flush_workqueue(rayos_lb_wq);
}

/**
 * rayos_lb_net_init() - join all network namespaces
 *
 * Context: Process context, may sleep.
 * Return: 0 or -errno.
 */
int rayos_lb_net_init(void)
{
	return register_pernet_subsys(&net_ops);
}

/**
 * rayos_lb_net_exit() - leave all network namespaces
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
