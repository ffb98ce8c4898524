// SPDX-License-Identifier: GPL-2.0-only
/*
 * Balancers: virtual addresses, found by packets under RCU and by operators
 * under the lock of their network namespace.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "health.h"
#include "lb.h"
#include "netlink.h"

const struct rayos_lb_settings rayos_lb_settings_default = {
	.policy = RAYOS_LB_POLICY_ROUND_ROBIN,
	.when_down = RAYOS_LB_WHEN_DOWN_RESET,
	.on_down = RAYOS_LB_ON_DOWN_KEEP,
	.health = {
		.probe = RAYOS_LB_PROBE_NONE,
		.interval = 2 * NSEC_PER_SEC,
		.timeout = NSEC_PER_SEC,
		.rise = 2,
		.fall = 3,
		.status_min = 200,
		.status_max = 399,
		.path = "/",
		.method = "GET",
	},
};

static u32 vip_bucket(const union nf_inet_addr *addr, __be16 port)
{
	u32 fold = addr->all[0] ^ addr->all[1] ^ addr->all[2] ^ addr->all[3];

	return hash_32(fold ^ (__force u32)port, ilog2(RAYOS_LB_VIP_BUCKETS));
}

/**
 * rayos_lb_balancer_lookup() - find a balancer by its name
 * @ln: the namespace
 * @name: the name
 *
 * Context: Process context, namespace's lock held, which protects what is
 *	returned.
 * Return: the balancer or NULL.
 */
struct rayos_lb_balancer *
rayos_lb_balancer_lookup(struct rayos_lb_net *ln, const char *name)
{
	struct rayos_lb_balancer *balancer;
	unsigned long id;

	lockdep_assert_held(&ln->lock);

	xa_for_each(&ln->balancers, id, balancer) {
		if (!strcmp(balancer->name, name))
			return balancer;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_balancer_lookup);

/**
 * rayos_lb_balancer_find() - find the balancer that a packet is for
 * @ln: the namespace
 * @tuple: the packet's
 *
 * Context: Any, within RCU, which protects what is returned, or with the
 *	namespace's lock held.
 * Return: the balancer or NULL.
 */
struct rayos_lb_balancer *
rayos_lb_balancer_find(const struct rayos_lb_net *ln,
		       const struct rayos_lb_tuple *tuple)
{
	u32 bucket = vip_bucket(&tuple->dst, tuple->dport);
	struct rayos_lb_balancer *balancer;

	hlist_for_each_entry_rcu(balancer, &ln->vips[bucket], link,
				 lockdep_is_held(&ln->lock)) {
		if (balancer->vip.port == tuple->dport &&
		    balancer->l4 == tuple->l4 &&
		    balancer->family == tuple->family &&
		    rayos_lb_addr_equal(&balancer->vip.addr, &tuple->dst))
			return balancer;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_balancer_find);

static void balancer_free(struct work_struct *work)
{
	struct rayos_lb_balancer *balancer =
		container_of(to_rcu_work(work), struct rayos_lb_balancer, free);

	rayos_lb_snapshot_free(rcu_dereference_protected(balancer->snapshot,
							 true));
	rayos_lb_picker_put(&balancer->picker);
	free_percpu(balancer->stats);
	kfree(balancer);
}

/**
 * rayos_lb_balancer_put() - drop a reference
 * @balancer: freed a grace period after its last reference
 *
 * Context: Any.
 */
void rayos_lb_balancer_put(struct rayos_lb_balancer *balancer)
{
	if (refcount_dec_and_test(&balancer->refs))
		queue_rcu_work(rayos_lb_wq, &balancer->free);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_balancer_put);

/**
 * rayos_lb_balancer_new() - make a balancer that is not found yet
 * @ln: the namespace
 * @name: at most %RAYOS_LB_NAME_MAX bytes
 * @vip: its address
 * @family: AF_INET or AF_INET6
 * @l4: IPPROTO_TCP or IPPROTO_UDP
 *
 * Context: Process context, may sleep.
 * Return: the balancer, with one reference, or NULL for want of memory.
 */
struct rayos_lb_balancer *
rayos_lb_balancer_new(struct rayos_lb_net *ln, const char *name,
		      const struct rayos_lb_endpoint *vip, u8 family, u8 l4)
{
	struct rayos_lb_balancer *balancer;

	balancer = kzalloc(sizeof(*balancer), GFP_KERNEL_ACCOUNT);
	if (!balancer)
		return NULL;
	balancer->stats = rayos_lb_stats_new();
	if (!balancer->stats) {
		kfree(balancer);
		return NULL;
	}

	strscpy(balancer->name, name, sizeof(balancer->name));
	balancer->ln = ln;
	balancer->vip = *vip;
	balancer->family = family;
	balancer->l4 = l4;
	INIT_LIST_HEAD(&balancer->backends);
	rayos_lb_balancer_apply(balancer, &rayos_lb_settings_default);
	rayos_lb_rate_begin(&balancer->rates, ktime_get_ns());
	refcount_set(&balancer->refs, 1);
	INIT_RCU_WORK(&balancer->free, balancer_free);
	return balancer;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_balancer_new);

/**
 * rayos_lb_balancer_settings() - how a balancer is set
 * @balancer: any
 * @settings: set to what can be changed of it; to be put
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_balancer_settings(const struct rayos_lb_balancer *balancer,
				struct rayos_lb_settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->policy = balancer->policy;
	settings->when_down = balancer->when_down;
	settings->affinity = balancer->affinity;
	settings->passive = balancer->passive;
	settings->on_down = balancer->on_down;
	settings->affinity_prefix = balancer->affinity_prefix;
	settings->slow_start = balancer->slow_start;
	settings->picker = balancer->picker;
	rayos_lb_picker_get(&settings->picker);
	memcpy(&settings->health, &balancer->health, sizeof(settings->health));
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_balancer_settings);

/**
 * rayos_lb_settings_put() - drop the references that settings have
 * @settings: settings that nobody needs any more
 *
 * Context: Any.
 */
void rayos_lb_settings_put(struct rayos_lb_settings *settings)
{
	rayos_lb_picker_put(&settings->picker);
	memset(&settings->picker, 0, sizeof(settings->picker));
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_settings_put);

static bool set_policy(struct rayos_lb_balancer *balancer,
		       const struct rayos_lb_settings *settings)
{
	struct rayos_lb_picker old = balancer->picker;

	if (balancer->policy == settings->policy &&
	    !memcmp(&old, &settings->picker, sizeof(old)))
		return false;
	rayos_lb_picker_get(&settings->picker);
	balancer->picker = settings->picker;
	balancer->policy = settings->policy;
	/* the snapshot has references of its own */
	rayos_lb_picker_put(&old);
	return true;
}

static void set_slow_start(struct rayos_lb_balancer *balancer, u64 slow_start)
{
	struct rayos_lb_backend *backend;
	u64 now = ktime_get_ns();

	balancer->slow_start = slow_start;
	list_for_each_entry(backend, &balancer->backends, list)
		rayos_lb_backend_ramp(backend, now);
}

static void set_health(struct rayos_lb_balancer *balancer,
		       const struct rayos_lb_health *health)
{
	struct rayos_lb_backend *backend;

	/* probers read the settings without a lock, so none may run meanwhile */
	list_for_each_entry(backend, &balancer->backends, list)
		rayos_lb_health_stop(backend);
	memcpy(&balancer->health, health, sizeof(*health));
	list_for_each_entry(backend, &balancer->backends, list)
		rayos_lb_health_start(backend);
}

/**
 * rayos_lb_balancer_apply() - set a balancer
 * @balancer: one that nobody else knows yet, or the namespace's lock is held
 * @settings: how
 *
 * New flows see another policy or slow start with the next snapshot only.
 *
 * Context: Process context, may sleep.
 * Return: whether anything is different now.
 */
bool rayos_lb_balancer_apply(struct rayos_lb_balancer *balancer,
			     const struct rayos_lb_settings *settings)
{
	bool policy = set_policy(balancer, settings);
	bool down = balancer->when_down != settings->when_down;
	bool affinity = balancer->affinity != settings->affinity;
	bool failing = balancer->passive != settings->passive ||
		       balancer->on_down != settings->on_down;
	bool prefix = balancer->affinity_prefix != settings->affinity_prefix;
	bool slow_start = balancer->slow_start != settings->slow_start;
	bool health = memcmp(&balancer->health, &settings->health,
			     sizeof(balancer->health));

	WRITE_ONCE(balancer->when_down, settings->when_down);
	WRITE_ONCE(balancer->affinity, settings->affinity);
	WRITE_ONCE(balancer->passive, settings->passive);
	balancer->on_down = settings->on_down;
	WRITE_ONCE(balancer->affinity_prefix, settings->affinity_prefix);
	if (prefix)
		rayos_lb_affinity_forget_all(balancer->ln->affinity, balancer);
	if (affinity)
		rayos_lb_affinity_expire(balancer->ln->affinity);
	if (slow_start)
		set_slow_start(balancer, settings->slow_start);
	if (health)
		set_health(balancer, &settings->health);
	return policy || down || affinity || prefix || slow_start || failing || health;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_balancer_apply);

/**
 * rayos_lb_balancer_reserve() - get all that a balancer needs to be linked
 * @balancer: from rayos_lb_balancer_new()
 * @extack: told what is wrong
 *
 * Context: Process context, may sleep, namespace's lock held.
 * Return: 0 or -errno.
 */
int rayos_lb_balancer_reserve(struct rayos_lb_balancer *balancer,
			      struct netlink_ext_ack *extack)
{
	struct rayos_lb_net *ln = balancer->ln;
	int err;

	lockdep_assert_held(&ln->lock);

	err = rayos_lb_net_activate(ln, extack);
	if (err)
		return err;
	err = rayos_lb_address_add(ln, &balancer->vip.addr);
	if (err)
		return err;
	/* a number that nobody finds anything under */
	err = xa_alloc(&ln->balancers, &balancer->id, NULL, xa_limit_31b,
		       GFP_KERNEL_ACCOUNT);
	if (err)
		rayos_lb_address_del(ln, &balancer->vip.addr);
	return err;
}

/**
 * rayos_lb_balancer_unreserve() - undo rayos_lb_balancer_reserve()
 * @balancer: one that has not been linked
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_balancer_unreserve(struct rayos_lb_balancer *balancer)
{
	struct rayos_lb_net *ln = balancer->ln;

	xa_erase(&ln->balancers, balancer->id);
	rayos_lb_address_del(ln, &balancer->vip.addr);
}

/**
 * rayos_lb_balancer_link() - let packets and operators find a balancer
 * @balancer: after rayos_lb_balancer_reserve(); from now on it comes before any
 *	other of its address
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_balancer_link(struct rayos_lb_balancer *balancer)
{
	struct rayos_lb_net *ln = balancer->ln;

	lockdep_assert_held(&ln->lock);

	/* takes no memory, as its place is reserved */
	xa_store(&ln->balancers, balancer->id, balancer, GFP_KERNEL_ACCOUNT);
	ln->nr_balancers++;
	if (balancer->mode != RAYOS_LB_MODE_NAT)
		WRITE_ONCE(ln->translates, true);
	hlist_add_head_rcu(&balancer->link,
			   &ln->vips[vip_bucket(&balancer->vip.addr,
						balancer->vip.port)]);
	rayos_lb_sample_begin(ln);
}

/**
 * rayos_lb_balancer_add() - let a balancer take traffic
 * @balancer: from rayos_lb_balancer_new(), of a name and an address that no
 *	other has
 * @extack: told what is wrong
 *
 * Context: Process context, may sleep, namespace's lock held.
 * Return: 0; -ENOSPC if there are as many as there may be; -ENOMEM.
 */
int rayos_lb_balancer_add(struct rayos_lb_balancer *balancer,
			  struct netlink_ext_ack *extack)
{
	int err;

	if (balancer->ln->nr_balancers >= rayos_lb_max_balancers) {
		NL_SET_ERR_MSG(extack,
			       "there are as many balancers as the module's parameter max_balancers allows");
		return -ENOSPC;
	}
	err = rayos_lb_balancer_reserve(balancer, extack);
	if (err)
		return err;
	rayos_lb_balancer_link(balancer);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_balancer_add);

/**
 * rayos_lb_balancer_del() - take a balancer out of the configuration
 * @balancer: freed when the flows of its backends have ended
 * @reset: reset these flows instead of letting them finish
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_balancer_del(struct rayos_lb_balancer *balancer, bool reset)
{
	struct rayos_lb_net *ln = balancer->ln;
	struct rayos_lb_backend *backend, *next;

	lockdep_assert_held(&ln->lock);

	hlist_del_rcu(&balancer->link);
	xa_erase(&ln->balancers, balancer->id);
	ln->nr_balancers--;
	rayos_lb_balancer_unpublish(balancer);
	list_for_each_entry_safe(backend, next, &balancer->backends, list)
		rayos_lb_backend_detach(backend, reset);
	rayos_lb_address_del(ln, &balancer->vip.addr);
	rayos_lb_balancer_put(balancer);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_balancer_del);

static void free_snapshot_rcu(struct rcu_head *rcu)
{
	rayos_lb_snapshot_free(container_of(rcu, struct rayos_lb_snapshot, rcu));
}

/**
 * rayos_lb_balancer_replace() - let new flows see another snapshot
 * @balancer: any
 * @new: the snapshot, or NULL for no backend at all
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_balancer_replace(struct rayos_lb_balancer *balancer,
			       struct rayos_lb_snapshot *new)
{
	struct rayos_lb_snapshot *old;

	lockdep_assert_held(&balancer->ln->lock);

	old = rcu_replace_pointer(balancer->snapshot, new,
				  lockdep_is_held(&balancer->ln->lock));
	if (old)
		call_rcu(&old->rcu, free_snapshot_rcu);
}

/**
 * rayos_lb_balancer_publish() - let new flows see the configuration
 * @balancer: policy, weights or states of backends have changed
 *
 * Context: Process context, may sleep, namespace's lock held.
 * Return: 0, or -ENOMEM and new flows still see what was published before; in
 * it, they skip backends which may not be given any.  The next refresh of the
 * namespace tries again.
 */
int rayos_lb_balancer_publish(struct rayos_lb_balancer *balancer)
{
	struct rayos_lb_snapshot *new;

	lockdep_assert_held(&balancer->ln->lock);

	new = rayos_lb_snapshot_new(balancer);
	balancer->stale = IS_ERR(new);
	if (balancer->stale)
		return PTR_ERR(new);
	rayos_lb_balancer_replace(balancer, new);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_balancer_publish);

/**
 * rayos_lb_balancer_unpublish() - let new flows see no backend at all
 * @balancer: any
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_balancer_unpublish(struct rayos_lb_balancer *balancer)
{
	rayos_lb_balancer_replace(balancer, NULL);
}

/**
 * rayos_lb_balancer_stats() - totals of a balancer
 * @balancer: any
 * @sum: set to the sum of its own counters and of those of all backends that
 *	it has or ever had
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_balancer_stats(struct rayos_lb_balancer *balancer,
			     struct rayos_lb_stats *sum)
{
	struct rayos_lb_net *ln = balancer->ln;
	struct rayos_lb_backend *backend;

	lockdep_assert_held(&ln->lock);

	*sum = balancer->retired;
	rayos_lb_stats_add(sum, balancer->stats);
	list_for_each_entry(backend, &balancer->backends, list)
		rayos_lb_stats_add(sum, backend->stats);
	list_for_each_entry(backend, &ln->removed, list) {
		if (backend->balancer == balancer)
			rayos_lb_stats_add(sum, backend->stats);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_balancer_stats);
