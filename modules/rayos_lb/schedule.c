// SPDX-License-Identifier: GPL-2.0-only
/*
 * New flows: who gets them.
 */
#include <linux/random.h>
#include <linux/siphash.h>
#include <kunit/visibility.h>

#include "lb.h"
#include "overflow.h"
#include "source.h"
#include "trace.h"

/* How often a flow is added when another has its answers: with a source of ours
 * another one is chosen, without one a flow that is over makes way
 */
#define ADD_TRIES	4

/* As with identities, every director has to come to the same hash */
static const siphash_key_t flow_key = {
	.key = { 0x7261796f732d6c62ULL, 0x666c6f77206b6579ULL },
};

static u64 client_hash(const struct rayos_lb_tuple *tuple, u64 port)
{
	return siphash_3u64((u64)ntohl(tuple->src.ip6[0]) << 32 |
			    ntohl(tuple->src.ip6[1]),
			    (u64)ntohl(tuple->src.ip6[2]) << 32 |
			    ntohl(tuple->src.ip6[3]), port, &flow_key);
}

static u64 key_for(enum rayos_lb_key key, const struct rayos_lb_tuple *tuple)
{
	switch (key) {
	case RAYOS_LB_KEY_CLIENT:
		return client_hash(tuple, 0);
	case RAYOS_LB_KEY_FLOW:
		return client_hash(tuple, ntohs(tuple->sport) + 1);
	case RAYOS_LB_KEY_RANDOM:
		return get_random_u64();
	default:
		return 0;
	}
}

static u32 pick_for_flow(const struct rayos_lb_pool *pool,
			 const struct rayos_lb_tuple *tuple)
{
	const struct rayos_lb_pick_ctx ctx = {
		.client = &tuple->src,
		.vip = &tuple->dst,
		.client_port = tuple->sport,
		.vip_port = tuple->dport,
		.family = tuple->family,
		.l4 = tuple->l4,
		.client_hash = key_for(RAYOS_LB_KEY_CLIENT, tuple),
		.flow_hash = key_for(RAYOS_LB_KEY_FLOW, tuple),
	};

	return pool->policy->pick_flow(pool, &ctx);
}

/* Whatever a policy that is not ours says, it is a member of the pool */
static u32 pick(const struct rayos_lb_pool *pool,
		const struct rayos_lb_tuple *tuple)
{
	const struct rayos_lb_policy_ops *policy = pool->policy;
	u32 i;

	if (unlikely(policy->pick_flow))
		i = pick_for_flow(pool, tuple);
	else
		i = policy->pick(pool, key_for(policy->key, tuple));
	if (unlikely(i >= pool->nr))
		i = i == RAYOS_LB_PICK_TURN ? rayos_lb_turn_pick(pool, 0) :
					      i % pool->nr;
	return i;
}

/* What a client on this host gets directly it would not take for an answer, as
 * it has the virtual address in most cases
 */
static u32 mode_for(const struct rayos_lb_balancer *balancer,
		    const struct rayos_lb_pkt *pkt)
{
	if (balancer->mode == RAYOS_LB_MODE_DSR && pkt->local_out)
		return RAYOS_LB_MODE_FULL_NAT;
	return balancer->mode;
}

static int add_flow(struct rayos_lb_flow_table *table,
		    struct rayos_lb_backend *backend,
		    const struct rayos_lb_pkt *pkt, struct rayos_lb_flow **added)
{
	bool translate = mode_for(backend->balancer, pkt) ==
			 RAYOS_LB_MODE_FULL_NAT;
	struct rayos_lb_endpoint source;
	struct rayos_lb_flow *flow;
	int err;

	if (unlikely(translate)) {
		err = rayos_lb_source_pick(backend, &pkt->tuple, &source);
		if (err)
			return err;
	}
	flow = rayos_lb_flow_new(table, &pkt->tuple, backend);
	if (IS_ERR(flow))
		return PTR_ERR(flow);
	if (unlikely(translate))
		rayos_lb_flow_translate(table, flow, &source);
	flow->stamp = rayos_lb_flow_clock();
	*added = flow;
	return rayos_lb_flow_add(table, flow);
}

/*
 * Gives the flow to @backend.  Returns the flow, or ERR_PTR(-ENOSPC) if there is
 * no room for any more, or another error if another backend may do.
 */
static struct rayos_lb_flow *give(struct rayos_lb_balancer *balancer,
				  const struct rayos_lb_pkt *pkt,
				  struct rayos_lb_backend *backend)
{
	struct rayos_lb_flow_table *table = &balancer->ln->flows;
	struct rayos_lb_node *node;
	struct rayos_lb_flow *flow;
	int tries = ADD_TRIES;
	int err;

	do {
		err = add_flow(table, backend, pkt, &flow);
	} while (err == -EADDRINUSE && --tries &&
		 (balancer->mode != RAYOS_LB_MODE_NAT ||
		  rayos_lb_flow_make_way(table, &pkt->tuple, backend)));
	if (err) {
		/* another CPU may have had a copy of this very packet */
		node = rayos_lb_flow_lookup(table, &pkt->tuple);
		if (node && node->dir == RAYOS_LB_FORWARD)
			return rayos_lb_node_flow(node);
		return ERR_PTR(err);
	}

	rayos_lb_stats_count(backend->stats, RAYOS_LB_C_CONNECTIONS);
	trace_rayos_lb_flow(balancer, backend, &pkt->tuple);
	return flow;
}

/* A client that has a fallback comes back as soon as there is anybody else */
static struct rayos_lb_flow *by_affinity(struct rayos_lb_balancer *balancer,
					 const struct rayos_lb_pkt *pkt,
					 const struct rayos_lb_backend *avoid,
					 u32 role)
{
	struct rayos_lb_backend *backend;

	backend = rayos_lb_affinity_lookup(balancer, &pkt->tuple);
	if (!backend || backend == avoid || READ_ONCE(backend->role) != role ||
	    !rayos_lb_backend_takes(backend))
		return ERR_PTR(-EAGAIN);
	return give(balancer, pkt, backend);
}

/*
 * When the one that the policy picks takes nothing, which is so for one at its
 * limit or one whose state has just changed, those after it are tried.
 */
static struct rayos_lb_flow *by_policy(struct rayos_lb_balancer *balancer,
				       const struct rayos_lb_pkt *pkt,
				       const struct rayos_lb_backend *avoid,
				       const struct rayos_lb_snapshot *snapshot)
{
	const struct rayos_lb_pool *pool = &snapshot->pool;
	struct rayos_lb_backend *backend;
	struct rayos_lb_flow *flow;
	u32 first, i;

	if (!pool->nr)
		return ERR_PTR(-EHOSTUNREACH);
	first = pick(pool, &pkt->tuple);
	/* it has had its turn: were another one taken, then of two backends the
	 * silent one would be the first for every client
	 */
	if (unlikely(avoid))
		atomic_dec(pool->cursor);
	for (i = 0; i < pool->nr; i++) {
		backend = snapshot->backend[(first + i) % pool->nr];
		if (backend == avoid || !rayos_lb_backend_takes(backend))
			continue;
		flow = give(balancer, pkt, backend);
		if (!IS_ERR(flow) || PTR_ERR(flow) == -ENOSPC)
			return flow;
	}
	return ERR_PTR(-EHOSTUNREACH);
}

static struct rayos_lb_flow *choose(struct rayos_lb_balancer *balancer,
				    const struct rayos_lb_pkt *pkt,
				    const struct rayos_lb_backend *avoid,
				    const struct rayos_lb_snapshot *snapshot,
				    u32 role)
{
	struct rayos_lb_flow *flow = ERR_PTR(-EAGAIN);

	if (READ_ONCE(balancer->affinity))
		flow = by_affinity(balancer, pkt, avoid, role);
	return IS_ERR(flow) ? by_policy(balancer, pkt, avoid, snapshot) : flow;
}

/*
 * Fallback backends are asked for each flow that no primary takes, be it that
 * there is none, that all have reached their limits, or that their states have
 * changed since the snapshot was taken.
 */
static struct rayos_lb_flow *place(struct rayos_lb_balancer *balancer,
				   const struct rayos_lb_pkt *pkt,
				   const struct rayos_lb_backend *avoid)
{
	const struct rayos_lb_snapshot *snapshot;
	struct rayos_lb_flow *flow;

	snapshot = rcu_dereference(balancer->snapshot);
	if (!snapshot)
		return ERR_PTR(-EHOSTUNREACH);
	flow = choose(balancer, pkt, avoid, snapshot, RAYOS_LB_ROLE_PRIMARY);
	if (IS_ERR(flow) && PTR_ERR(flow) != -ENOSPC && snapshot->fallback)
		flow = choose(balancer, pkt, avoid, snapshot->fallback,
			      RAYOS_LB_ROLE_FALLBACK);
	return flow;
}

static struct rayos_lb_flow *remember(struct rayos_lb_balancer *balancer,
				      const struct rayos_lb_pkt *pkt,
				      struct rayos_lb_flow *flow)
{
	if (!IS_ERR(flow) && READ_ONCE(balancer->affinity))
		rayos_lb_affinity_set(balancer, &pkt->tuple, flow->backend);
	return flow;
}

/**
 * rayos_lb_schedule_quietly() - find a backend for a new flow
 * @balancer: that the packet is for
 * @pkt: the client's first packet
 *
 * Context: within RCU, bottom halves off.
 * Return: as rayos_lb_schedule(), but nothing is counted if there is none.
 */
struct rayos_lb_flow *
rayos_lb_schedule_quietly(struct rayos_lb_balancer *balancer,
			  const struct rayos_lb_pkt *pkt)
{
	return remember(balancer, pkt, place(balancer, pkt, NULL));
}

static struct rayos_lb_flow *settle(struct rayos_lb_balancer *balancer,
				    const struct rayos_lb_pkt *pkt,
				    struct rayos_lb_flow *flow)
{
	if (IS_ERR(flow) && (PTR_ERR(flow) != -ENOSPC ||
			     !rayos_lb_overflow_may(balancer, pkt)))
		rayos_lb_stats_count(balancer->stats, RAYOS_LB_C_DROPPED);
	return remember(balancer, pkt, flow);
}

/**
 * rayos_lb_schedule() - find a backend for a new flow
 * @balancer: that the packet is for
 * @pkt: the client's first packet, or of a stateless policy any of TCP
 *
 * Context: within RCU, bottom halves off.
 * Return: the flow, which is in the table; ERR_PTR(-ENOSPC) if there is no room
 * for any; ERR_PTR(-EHOSTUNREACH) if nobody can take it.  Either has been counted
 * as dropped, but for the former where a packet can do without a flow.
 */
struct rayos_lb_flow *rayos_lb_schedule(struct rayos_lb_balancer *balancer,
					const struct rayos_lb_pkt *pkt)
{
	return settle(balancer, pkt, place(balancer, pkt, NULL));
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_schedule);

/**
 * rayos_lb_schedule_beside() - find another backend for a flow
 * @balancer: that the packet is for
 * @pkt: the client's first packet once more
 * @avoid: who has not answered it; the flow with it has been deleted
 *
 * If everybody else has just come to take nothing, @avoid gets it again.
 *
 * Context: within RCU, bottom halves off.
 * Return: as rayos_lb_schedule().
 */
struct rayos_lb_flow *
rayos_lb_schedule_beside(struct rayos_lb_balancer *balancer,
			 const struct rayos_lb_pkt *pkt,
			 const struct rayos_lb_backend *avoid)
{
	struct rayos_lb_flow *flow = place(balancer, pkt, avoid);

	if (IS_ERR(flow))
		flow = place(balancer, pkt, NULL);
	return settle(balancer, pkt, flow);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_schedule_beside);

static bool takes_any(const struct rayos_lb_snapshot *snapshot,
		      const struct rayos_lb_backend *avoid)
{
	u32 i;

	for (i = 0; i < snapshot->pool.nr; i++) {
		if (snapshot->backend[i] != avoid &&
		    rayos_lb_backend_takes(snapshot->backend[i]))
			return true;
	}
	return false;
}

/**
 * rayos_lb_schedule_possible() - whether anybody else would take a flow
 * @balancer: any
 * @avoid: a backend
 *
 * Context: within RCU.
 * Return: true if a backend besides @avoid does.
 */
bool rayos_lb_schedule_possible(const struct rayos_lb_balancer *balancer,
				const struct rayos_lb_backend *avoid)
{
	const struct rayos_lb_snapshot *snapshot =
		rcu_dereference(balancer->snapshot);

	return snapshot && (takes_any(snapshot, avoid) ||
			    (snapshot->fallback &&
			     takes_any(snapshot->fallback, avoid)));
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_schedule_possible);

static struct rayos_lb_backend *
by_hash(const struct rayos_lb_snapshot *snapshot,
	const struct rayos_lb_tuple *tuple)
{
	const struct rayos_lb_pool *pool = &snapshot->pool;
	struct rayos_lb_backend *backend;
	u32 first, i;

	if (!pool->nr)
		return NULL;
	first = pick(pool, tuple);
	for (i = 0; i < pool->nr; i++) {
		backend = snapshot->backend[(first + i) % pool->nr];
		if (READ_ONCE(backend->state) == RAYOS_LB_STATE_HEALTHY &&
		    READ_ONCE(backend->weight))
			return backend;
	}
	return NULL;
}

/**
 * rayos_lb_schedule_stateless() - find who would get a flow, by its hash alone
 * @balancer: that the packet is for
 * @pkt: any packet of a client
 *
 * Those which take nothing at present are passed over as for a flow, so that
 * both go to the same backend; its limit is not looked at.
 *
 * Context: within RCU, which protects what is returned.
 * Return: the backend; NULL if there is none, or the policy is another.
 */
struct rayos_lb_backend *
rayos_lb_schedule_stateless(const struct rayos_lb_balancer *balancer,
			    const struct rayos_lb_pkt *pkt)
{
	const struct rayos_lb_snapshot *snapshot;
	struct rayos_lb_backend *backend;

	snapshot = rcu_dereference(balancer->snapshot);
	if (!snapshot || !snapshot->pool.policy->stateless)
		return NULL;
	backend = by_hash(snapshot, &pkt->tuple);
	if (!backend && snapshot->fallback)
		backend = by_hash(snapshot->fallback, &pkt->tuple);
	return backend;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_schedule_stateless);
