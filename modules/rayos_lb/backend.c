// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backends: the servers of a balancer, what the operator wants of them and what
 * they may be given.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "evidence.h"
#include "health.h"
#include "lb.h"
#include "observe.h"
#include "overflow.h"
#include "path.h"
#include "reset.h"

const struct rayos_lb_backend_settings rayos_lb_backend_settings_default = {
	.weight = 1,
	.admin = RAYOS_LB_ADMIN_ONLINE,
	.role = RAYOS_LB_ROLE_PRIMARY,
};

/**
 * rayos_lb_backend_lookup() - find a backend by its address
 * @balancer: whose
 * @addr: the address
 *
 * Context: Process context, namespace's lock held, which protects what is
 *	returned.
 * Return: the backend or NULL.
 */
struct rayos_lb_backend *
rayos_lb_backend_lookup(struct rayos_lb_balancer *balancer,
			const struct rayos_lb_endpoint *addr)
{
	struct rayos_lb_backend *backend;

	lockdep_assert_held(&balancer->ln->lock);

	list_for_each_entry(backend, &balancer->backends, list) {
		if (backend->addr.port == addr->port &&
		    rayos_lb_addr_equal(&backend->addr.addr, &addr->addr))
			return backend;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_backend_lookup);

/**
 * rayos_lb_backend_get() - take a reference to a backend found under RCU
 * @backend: any backend
 *
 * Context: Any, within RCU.
 * Return: false if it is going away.
 */
bool rayos_lb_backend_get(struct rayos_lb_backend *backend)
{
	return refcount_inc_not_zero(&backend->refs);
}

static void backend_free(struct work_struct *work)
{
	struct rayos_lb_backend *backend =
		container_of(to_rcu_work(work), struct rayos_lb_backend, free);

	dst_release(rcu_dereference_protected(backend->route.dst, true));
	free_percpu(backend->stats);
	rayos_lb_balancer_put(backend->balancer);
	kfree(backend);
}

/**
 * rayos_lb_backend_put() - drop a reference
 * @backend: freed a grace period after its last reference
 *
 * Context: Any.
 */
void rayos_lb_backend_put(struct rayos_lb_backend *backend)
{
	if (refcount_dec_and_test(&backend->refs))
		queue_rcu_work(rayos_lb_wq, &backend->free);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_backend_put);

/**
 * rayos_lb_backend_new() - make a backend that gets nothing yet
 * @balancer: whose it shall be
 * @addr: where it is
 *
 * Context: Process context, may sleep.
 * Return: the backend, with one reference, or NULL for want of memory.
 */
struct rayos_lb_backend *
rayos_lb_backend_new(struct rayos_lb_balancer *balancer,
		     const struct rayos_lb_endpoint *addr)
{
	struct rayos_lb_backend *backend;

	backend = kzalloc(sizeof(*backend), GFP_KERNEL_ACCOUNT);
	if (!backend)
		return NULL;
	backend->stats = rayos_lb_stats_new();
	if (!backend->stats) {
		kfree(backend);
		return NULL;
	}

	refcount_inc(&balancer->refs);
	backend->balancer = balancer;
	backend->addr = *addr;
	rayos_lb_backend_apply(backend, &rayos_lb_backend_settings_default, 0);
	backend->state = RAYOS_LB_STATE_OFFLINE;
	backend->since = ktime_get_ns();
	rayos_lb_rate_begin(&backend->rates, backend->since);
	backend->part = RAYOS_LB_RAMP_ONE;
	refcount_set(&backend->refs, 1);
	INIT_LIST_HEAD(&backend->list);
	INIT_RCU_WORK(&backend->free, backend_free);
	rayos_lb_health_init(backend);
	return backend;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_backend_new);

/* Whether somebody else gets new flows, and has not just come as well */
static bool others_serve(const struct rayos_lb_backend *backend, u64 now)
{
	const struct rayos_lb_backend *other;

	list_for_each_entry(other, &backend->balancer->backends, list) {
		if (other != backend && other->role == backend->role &&
		    other->since != now && other->ramp_began != now &&
		    other->state == RAYOS_LB_STATE_HEALTHY && other->weight &&
		    !other->leaving)
			return true;
	}
	return false;
}

/*
 * For a backend that gets new flows from now on.  Where it is the only one there
 * is nobody to take what it is spared.
 */
static void begin_ramp(struct rayos_lb_backend *backend, u64 now)
{
	u64 duration = backend->balancer->slow_start;

	backend->ramp_began = now;
	backend->part = others_serve(backend, now) ?
			rayos_lb_ramp_part(0, duration) : RAYOS_LB_RAMP_ONE;
}

static u64 ramp_age(const struct rayos_lb_backend *backend, u64 now)
{
	return now - min(backend->ramp_began, now);
}

/**
 * rayos_lb_backend_ramp() - bring the slow start of a backend up to date
 * @backend: any
 * @now: ns of ktime_get_ns()
 *
 * A slow start that is over does not begin again with a longer one.
 *
 * Context: Process context, namespace's lock held.
 * Return: true if the backend has another part of its weight now.
 */
bool rayos_lb_backend_ramp(struct rayos_lb_backend *backend, u64 now)
{
	u32 old = backend->part;

	if (old < RAYOS_LB_RAMP_ONE)
		backend->part = rayos_lb_ramp_part(ramp_age(backend, now),
						   backend->balancer->slow_start);
	return backend->part != old;
}

/**
 * rayos_lb_backend_ramp_next() - when the slow start of a backend goes on
 * @backend: one that starts slowly
 * @now: ns of ktime_get_ns()
 *
 * Context: Process context, namespace's lock held.
 * Return: the time until it has more of its weight, ns.
 */
u64 rayos_lb_backend_ramp_next(const struct rayos_lb_backend *backend, u64 now)
{
	return rayos_lb_ramp_next(ramp_age(backend, now),
				  backend->balancer->slow_start);
}

/**
 * rayos_lb_backend_share() - the weight that counts at present
 * @backend: any
 *
 * Context: Process context, namespace's lock held.
 * Return: the weight in millionths, 0 while it gets no new flows.
 */
u64 rayos_lb_backend_share(const struct rayos_lb_backend *backend)
{
	if (backend->state != RAYOS_LB_STATE_HEALTHY)
		return 0;
	return div_u64(1000000ULL * backend->weight * backend->part,
		       RAYOS_LB_RAMP_ONE);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_backend_share);

/**
 * rayos_lb_backend_settings() - how a backend is set
 * @backend: any
 *
 * Context: Process context, namespace's lock held.
 * Return: what can be changed of it.
 */
struct rayos_lb_backend_settings
rayos_lb_backend_settings(const struct rayos_lb_backend *backend)
{
	return (struct rayos_lb_backend_settings) {
		.weight = backend->weight,
		.limit = backend->limit,
		.admin = backend->admin,
		.role = backend->role,
	};
}

/**
 * rayos_lb_backend_apply() - set a backend
 * @backend: one that nobody else knows yet, or the namespace's lock is held
 * @settings: how
 * @now: ns of ktime_get_ns(), the same for all that are set at once
 *
 * Its state follows with rayos_lb_backend_refresh().
 *
 * Context: Process context.
 * Return: whether the choice of backends is another now.
 */
bool rayos_lb_backend_apply(struct rayos_lb_backend *backend,
			    const struct rayos_lb_backend_settings *settings,
			    u64 now)
{
	bool choice = backend->weight != settings->weight ||
		      backend->role != settings->role;

	if (!backend->weight && settings->weight &&
	    backend->state == RAYOS_LB_STATE_HEALTHY)
		begin_ramp(backend, now);
	WRITE_ONCE(backend->weight, settings->weight);
	WRITE_ONCE(backend->role, settings->role);
	WRITE_ONCE(backend->limit, settings->limit);
	backend->admin = settings->admin;
	return choice;
}

/**
 * rayos_lb_backend_attach() - put a backend into its balancer
 * @backend: whose address has been added; the caller publishes, and then starts
 *	its checks
 * @now: ns of ktime_get_ns(), the same for all that are put in at once, of which
 *	none starts slowly on account of the others
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_backend_attach(struct rayos_lb_backend *backend, u64 now)
{
	struct rayos_lb_balancer *balancer = backend->balancer;

	lockdep_assert_held(&balancer->ln->lock);

	backend->id = ++balancer->last_id;
	backend->state = rayos_lb_backend_state(backend->admin, true,
						!atomic_read(&backend->active));
	backend->since = now;
	if (backend->state == RAYOS_LB_STATE_HEALTHY)
		begin_ramp(backend, now);
	list_add_tail(&backend->list, &balancer->backends);
	rayos_lb_overflow_add(backend);
	balancer->nr_backends++;
}

/**
 * rayos_lb_backend_add() - let a backend serve
 * @backend: from rayos_lb_backend_new(), of an address that no other backend
 *	of its balancer has
 * @extack: told what is wrong
 *
 * Context: Process context, may sleep, namespace's lock held.
 * Return: 0; -ENOSPC if there are as many as there may be; -ENOMEM.
 */
int rayos_lb_backend_add(struct rayos_lb_backend *backend,
			 struct netlink_ext_ack *extack)
{
	struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_net *ln = balancer->ln;
	int err;

	lockdep_assert_held(&ln->lock);

	if (balancer->nr_backends >= rayos_lb_max_backends) {
		NL_SET_ERR_MSG(extack,
			       "the balancer has as many backends as the module's parameter max_backends allows");
		return -ENOSPC;
	}
	err = rayos_lb_address_add(ln, &backend->addr.addr);
	if (err)
		return err;

	rayos_lb_backend_attach(backend, ktime_get_ns());
	err = rayos_lb_balancer_publish(balancer);
	if (err)
		goto err_del;
	rayos_lb_health_start(backend);
	if (backend->part < RAYOS_LB_RAMP_ONE)
		rayos_lb_net_refresh(ln, 0);
	return 0;

err_del:
	list_del(&backend->list);
	rayos_lb_overflow_del(backend);
	balancer->nr_backends--;
	rayos_lb_address_del(ln, &backend->addr.addr);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_backend_add);

static void reset_flow(struct rayos_lb_flow *flow, void *data)
{
	const struct rayos_lb_backend *backend = data;

	if (flow->backend == backend &&
	    rayos_lb_state_counts(READ_ONCE(flow->state)))
		rayos_lb_flow_kill(flow);
}

static void reset_flows(struct rayos_lb_backend *backend)
{
	struct rayos_lb_net *ln = backend->balancer->ln;

	if (atomic_read(&backend->active))
		rayos_lb_flow_walk(&ln->flows, reset_flow, backend);
}

static void set_state(struct rayos_lb_backend *backend, u32 state, u64 now)
{
	WRITE_ONCE(backend->state, state);
	backend->since = now;
}

/**
 * rayos_lb_backend_detach() - take a backend out of the configuration
 * @backend: freed when its flows have ended, a grace period after the last
 *	snapshot with it was replaced, which is up to the caller
 * @reset: reset these flows instead of letting them finish
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_backend_detach(struct rayos_lb_backend *backend, bool reset)
{
	struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_net *ln = balancer->ln;

	lockdep_assert_held(&ln->lock);

	rayos_lb_health_stop(backend);
	set_state(backend, reset ? RAYOS_LB_STATE_OFFLINE :
				   RAYOS_LB_STATE_DRAINING, ktime_get_ns());
	WRITE_ONCE(backend->removed, true);
	list_move_tail(&backend->list, &ln->removed);
	rayos_lb_overflow_del(backend);
	balancer->nr_backends--;
	rayos_lb_affinity_forget(ln->affinity, backend);
	if (reset)
		reset_flows(backend);
	rayos_lb_net_refresh(ln, 0);
}

/**
 * rayos_lb_backend_del() - take a backend out of its balancer
 * @backend: freed when its flows have ended
 * @reset: reset these flows instead of letting them finish
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_backend_del(struct rayos_lb_backend *backend, bool reset)
{
	struct rayos_lb_balancer *balancer = backend->balancer;

	rayos_lb_backend_detach(backend, reset);
	if (rayos_lb_balancer_publish(balancer))
		rayos_lb_balancer_unpublish(balancer);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_backend_del);

/**
 * rayos_lb_backend_reap() - let go of a removed backend without flows
 * @backend: in the namespace's list of removed ones
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_backend_reap(struct rayos_lb_backend *backend)
{
	struct rayos_lb_balancer *balancer = backend->balancer;

	lockdep_assert_held(&balancer->ln->lock);

	rayos_lb_stats_add(&balancer->retired, backend->stats);
	rayos_lb_address_del(balancer->ln, &backend->addr.addr);
	list_del(&backend->list);
	/* a route of IPv6 must go before the namespace does */
	rayos_lb_route_set(&backend->route, NULL, 0);
	rayos_lb_backend_put(backend);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_backend_reap);

/**
 * rayos_lb_backend_state() - what a backend may be given
 * @admin: what the operator wants, an &enum rayos_lb_admin
 * @healthy: what the health checks say
 * @drained: it has no open flows, or its drain has reached its deadline
 *
 * Context: Any.
 * Return: an &enum rayos_lb_state.
 */
u32 rayos_lb_backend_state(u32 admin, bool healthy, bool drained)
{
	switch (admin) {
	case RAYOS_LB_ADMIN_ONLINE:
		return healthy ? RAYOS_LB_STATE_HEALTHY :
				 RAYOS_LB_STATE_UNHEALTHY;
	case RAYOS_LB_ADMIN_DRAIN:
		return drained ? RAYOS_LB_STATE_OFFLINE :
				 RAYOS_LB_STATE_DRAINING;
	default:
		return RAYOS_LB_STATE_OFFLINE;
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_backend_state);

static bool cuts(const struct rayos_lb_backend *backend, u32 state)
{
	return state == RAYOS_LB_STATE_OFFLINE ||
	       (state == RAYOS_LB_STATE_UNHEALTHY &&
		backend->balancer->on_down == RAYOS_LB_ON_DOWN_RESET);
}

/**
 * rayos_lb_backend_refresh() - bring the state of a backend up to date
 * @backend: not a removed one
 * @now: ns of ktime_get_ns()
 *
 * A backend that comes to be offline has its flows reset: either the operator
 * wanted it so, or the deadline of its drain has come, or it has none.  So has
 * one that turns unhealthy, if that is configured.
 *
 * Context: Process context, may sleep, namespace's lock held.
 * Return: true if the state has changed, of which observers have been told, or
 * the part of its weight that the backend has; new flows see neither before
 * rayos_lb_balancer_publish().
 */
bool rayos_lb_backend_refresh(struct rayos_lb_backend *backend, u64 now)
{
	bool late = backend->deadline && now >= backend->deadline;
	u32 old = backend->state;
	bool held = backend->held;
	u32 state;

	lockdep_assert_held(&backend->balancer->ln->lock);

	rayos_lb_evidence_refresh(backend, now);
	state = rayos_lb_backend_state(backend->admin,
				       rayos_lb_health_good(backend),
				       late || !atomic_read(&backend->active));
	if (state == old)
		return rayos_lb_backend_ramp(backend, now);
	/* drained is drained: a flow which slipped in does not undo it */
	if (old == RAYOS_LB_STATE_OFFLINE && state == RAYOS_LB_STATE_DRAINING)
		return false;

	set_state(backend, state, now);
	backend->part = RAYOS_LB_RAMP_ONE;
	if (state == RAYOS_LB_STATE_HEALTHY)
		begin_ramp(backend, now);
	if (state == RAYOS_LB_STATE_OFFLINE)
		rayos_lb_health_stop(backend);
	if (cuts(backend, state))
		reset_flows(backend);
	/* what has brought it back counts for more than what was before */
	if (state == RAYOS_LB_STATE_HEALTHY && !held)
		rayos_lb_evidence_forget(backend);
	if (state != RAYOS_LB_STATE_HEALTHY)
		rayos_lb_affinity_forget(backend->balancer->ln->affinity,
					 backend);
	rayos_lb_observe_state(backend, old);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_backend_refresh);
