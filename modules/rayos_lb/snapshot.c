// SPDX-License-Identifier: GPL-2.0-only
/*
 * What new flows are picked from: built whole, published by one pointer.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/siphash.h>

#include "lb.h"

/*
 * Not a secret: every director has to place a backend alike.  What clients
 * could gain from knowing it, many flows on one backend, a single client could
 * have from any hash by trying.
 */
static const siphash_key_t identity_key = {
	.key = { 0x7261796f732d6c62ULL, 0x6261636b656e6421ULL },
};

static u64 identity(const struct rayos_lb_endpoint *addr)
{
	struct {
		union nf_inet_addr addr;
		u64 port;
	} __aligned(SIPHASH_ALIGNMENT) id = {
		.addr = addr->addr,
		.port = be16_to_cpu(addr->port),
	};

	return siphash(&id, sizeof(id), &identity_key);
}

static bool eligible(const struct rayos_lb_backend *backend, u32 role)
{
	return backend->state == RAYOS_LB_STATE_HEALTHY && backend->weight &&
	       !backend->leaving && backend->role == role;
}

static u32 count_eligible(const struct rayos_lb_balancer *balancer, u32 role)
{
	const struct rayos_lb_backend *backend;
	u32 n = 0;

	list_for_each_entry(backend, &balancer->backends, list)
		n += eligible(backend, role);
	return n;
}

static bool any_ramps(const struct rayos_lb_balancer *balancer)
{
	const struct rayos_lb_backend *backend;

	list_for_each_entry(backend, &balancer->backends, list) {
		if (eligible(backend, backend->role) &&
		    backend->part < RAYOS_LB_RAMP_ONE)
			return true;
	}
	return false;
}

static u32 table_max(const struct rayos_lb_policy_ops *policy, bool ramp)
{
	return ramp && policy->ramp ? policy->ramp->table_max :
				      policy->table_max;
}

/* Of one role, each of which takes its own turns: one flow may ask both */
static struct rayos_lb_snapshot *
alloc_one(atomic_t *cursor, const struct rayos_lb_picker *picker, u32 policy,
	  u32 nr, bool ramp)
{
	const struct rayos_lb_policy_ops *ops =
		rayos_lb_picker_ops(picker, policy);
	struct rayos_lb_snapshot *snapshot;

	snapshot = kzalloc(sizeof(*snapshot), GFP_KERNEL_ACCOUNT);
	if (!snapshot)
		return NULL;
	snapshot->picker = *picker;
	rayos_lb_picker_get(picker);
	snapshot->pool.policy = ops;
	snapshot->pool.program = picker->program;
	snapshot->pool.cursor = cursor;
	if (!nr)
		return snapshot;

	snapshot->backend = kvcalloc(nr, sizeof(*snapshot->backend), GFP_KERNEL_ACCOUNT);
	snapshot->pool.member = kvcalloc(nr, sizeof(*snapshot->pool.member),
					 GFP_KERNEL_ACCOUNT);
	if (!snapshot->backend || !snapshot->pool.member)
		goto free;
	if (!table_max(ops, ramp))
		return snapshot;
	snapshot->pool.table = kvmalloc_array(table_max(ops, ramp),
					      sizeof(*snapshot->pool.table),
					      GFP_KERNEL_ACCOUNT);
	if (!snapshot->pool.table)
		goto free;
	return snapshot;

free:
	rayos_lb_snapshot_free(snapshot);
	return NULL;
}

/**
 * rayos_lb_snapshot_alloc() - get the memory for a snapshot
 * @balancer: whose it will be
 * @picker: what picks if it is not ours
 * @policy: an &enum rayos_lb_policy
 * @nr: most primary backends that it will have
 * @nr_fallback: most fallback backends
 * @ramp: one of them may be in its slow start
 *
 * Context: Process context, may sleep.
 * Return: a snapshot of no backends, or NULL for want of memory.
 */
struct rayos_lb_snapshot *
rayos_lb_snapshot_alloc(struct rayos_lb_balancer *balancer,
			const struct rayos_lb_picker *picker, u32 policy,
			u32 nr, u32 nr_fallback, bool ramp)
{
	struct rayos_lb_snapshot *snapshot;

	snapshot = alloc_one(&balancer->cursor, picker, policy, nr, ramp);
	if (!snapshot || !nr_fallback)
		return snapshot;
	snapshot->fallback = alloc_one(&balancer->fallback_cursor, picker, policy,
				       nr_fallback, ramp);
	if (snapshot->fallback)
		return snapshot;
	rayos_lb_snapshot_free(snapshot);
	return NULL;
}

static void fill(struct rayos_lb_snapshot *snapshot,
		 const struct rayos_lb_balancer *balancer, u32 role)
{
	struct rayos_lb_pool *pool = &snapshot->pool;
	struct rayos_lb_backend *backend;
	u32 i;

	list_for_each_entry(backend, &balancer->backends, list) {
		if (!eligible(backend, role))
			continue;
		snapshot->backend[pool->nr] = backend;
		pool->member[pool->nr] = (struct rayos_lb_member) {
			.weight = backend->weight,
			.part = backend->part,
			.active = &backend->active,
			.identity = identity(&backend->addr),
		};
		pool->nr++;
	}
	rayos_lb_ramp_apply(pool);
	for (i = 0; i < pool->nr; i++)
		pool->max_weight = max(pool->max_weight, pool->member[i].weight);
	if (!pool->nr || !pool->policy->table_max)
		return;
	pool->table_len = min(pool->policy->table_len(pool),
			      pool->policy->table_max);
	pool->policy->build(pool);
}

/**
 * rayos_lb_snapshot_fill() - let the backends that take new flows into a snapshot
 * @snapshot: an empty one with room for them
 * @balancer: whose
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_snapshot_fill(struct rayos_lb_snapshot *snapshot,
			    const struct rayos_lb_balancer *balancer)
{
	lockdep_assert_held(&balancer->ln->lock);

	fill(snapshot, balancer, RAYOS_LB_ROLE_PRIMARY);
	if (snapshot->fallback)
		fill(snapshot->fallback, balancer, RAYOS_LB_ROLE_FALLBACK);
}

/**
 * rayos_lb_snapshot_new() - take a snapshot of the backends that take new flows
 * @balancer: whose
 *
 * Context: Process context, may sleep, namespace's lock held.
 * Return: the snapshot, perhaps of no backends, or ERR_PTR(-ENOMEM).
 */
struct rayos_lb_snapshot *
rayos_lb_snapshot_new(struct rayos_lb_balancer *balancer)
{
	struct rayos_lb_snapshot *snapshot;

	lockdep_assert_held(&balancer->ln->lock);

	snapshot = rayos_lb_snapshot_alloc(balancer,
					   &balancer->picker, balancer->policy,
					   count_eligible(balancer,
							  RAYOS_LB_ROLE_PRIMARY),
					   count_eligible(balancer,
							  RAYOS_LB_ROLE_FALLBACK),
					   any_ramps(balancer));
	if (!snapshot)
		return ERR_PTR(-ENOMEM);
	rayos_lb_snapshot_fill(snapshot, balancer);
	return snapshot;
}

/**
 * rayos_lb_snapshot_free() - free a snapshot
 * @snapshot: one that no reader can see, or NULL
 *
 * Context: Any.
 */
void rayos_lb_snapshot_free(struct rayos_lb_snapshot *snapshot)
{
	if (!snapshot)
		return;
	if (snapshot->fallback)
		rayos_lb_snapshot_free(snapshot->fallback);
	rayos_lb_picker_put(&snapshot->picker);
	kvfree(snapshot->pool.table);
	kvfree(snapshot->pool.member);
	kvfree(snapshot->backend);
	kfree(snapshot);
}
