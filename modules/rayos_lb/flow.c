// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flow table: both directions of every flow in one hash, found under RCU,
 * changed under the bit lock of a bucket.  A flow has no timer of its own; a
 * work item looks through the table slice by slice.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "lb.h"
#include "path.h"

/* The whole table is looked through once in this many rounds of GC_PERIOD */
#define GC_ROUNDS	4
#define GC_PERIOD	HZ

/* About as many flows are looked at for one to throw out */
#define EVICT_FLOWS	64U
/* ... but no more buckets than this, many of which are empty in a large table */
#define EVICT_BUCKETS	1024U

static struct kmem_cache *flow_cache;

/**
 * rayos_lb_flow_cache_init() - make the cache that flows come from
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int rayos_lb_flow_cache_init(void)
{
	/* two cache lines for a packet of either direction, three together */
	BUILD_BUG_ON(IS_ENABLED(CONFIG_64BIT) && SMP_CACHE_BYTES == 64 &&
		     sizeof(struct rayos_lb_flow) != 192);

	flow_cache = KMEM_CACHE(rayos_lb_flow, SLAB_HWCACHE_ALIGN);
	return flow_cache ? 0 : -ENOMEM;
}

/**
 * rayos_lb_flow_cache_exit() - undo rayos_lb_flow_cache_init()
 *
 * Context: Process context; all tables are gone and rcu_barrier() has returned.
 */
void rayos_lb_flow_cache_exit(void)
{
	kmem_cache_destroy(flow_cache);
}

struct sip {
	u64 a, b, c, d;
};

static __always_inline void absorb(struct sip *s, u64 word)
{
	s->d ^= word;
	SIPHASH_PERMUTATION(s->a, s->b, s->c, s->d);
	s->a ^= word;
}

/*
 * SipHash-1-3 (Aumasson and Bernstein, 2012), inline as every packet needs it,
 * and without the length of what is hashed, which the family tells.
 */
static u32 hash(const struct rayos_lb_flow_table *table,
		const struct rayos_lb_tuple *tuple)
{
	const u32 *src = tuple->src.all, *dst = tuple->dst.all;
	struct sip s = {
		.a = SIPHASH_CONST_0 ^ table->key.key[0],
		.b = SIPHASH_CONST_1 ^ table->key.key[1],
		.c = SIPHASH_CONST_2 ^ table->key.key[0],
		.d = SIPHASH_CONST_3 ^ table->key.key[1],
	};

	absorb(&s, (u64)src[0] << 32 | dst[0]);
	if (tuple->family == AF_INET6) {
		absorb(&s, (u64)src[1] << 32 | dst[1]);
		absorb(&s, (u64)src[2] << 32 | dst[2]);
		absorb(&s, (u64)src[3] << 32 | dst[3]);
	}
	absorb(&s, (u64)tuple->family << 40 | (u64)tuple->l4 << 32 |
		   (u32)(__force u16)tuple->sport << 16 |
		   (__force u16)tuple->dport);
	s.c ^= 0xff;
	SIPHASH_PERMUTATION(s.a, s.b, s.c, s.d);
	SIPHASH_PERMUTATION(s.a, s.b, s.c, s.d);
	SIPHASH_PERMUTATION(s.a, s.b, s.c, s.d);
	return s.a ^ s.b ^ s.c ^ s.d;
}

static struct hlist_bl_head *bucket_of(const struct rayos_lb_flow_table *table,
				       u32 hash)
{
	return &table->bucket[hash >> (32 - table->bits)];
}

static bool tuple_equal(const struct rayos_lb_tuple *a,
			const struct rayos_lb_tuple *b)
{
	return a->sport == b->sport && a->dport == b->dport &&
	       a->l4 == b->l4 && a->family == b->family &&
	       rayos_lb_addr_equal(&a->src, &b->src) &&
	       rayos_lb_addr_equal(&a->dst, &b->dst);
}

/**
 * rayos_lb_flow_lookup() - find the flow that a packet belongs to
 * @table: the namespace's
 * @tuple: the packet's
 *
 * Context: Any, within RCU, which protects what is returned.
 * Return: the node of the packet's direction, or NULL.
 */
struct rayos_lb_node *rayos_lb_flow_lookup(struct rayos_lb_flow_table *table,
					   const struct rayos_lb_tuple *tuple)
{
	u32 h = hash(table, tuple);
	struct hlist_bl_node *pos;
	struct rayos_lb_node *node;

	hlist_bl_for_each_entry_rcu(node, pos, bucket_of(table, h), link) {
		if (node->hash == h && tuple_equal(&node->tuple, tuple))
			return node;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_lookup);

static bool link_node(struct rayos_lb_flow_table *table,
		      struct rayos_lb_node *new)
{
	struct hlist_bl_head *head = bucket_of(table, new->hash);
	struct rayos_lb_node *node;
	struct hlist_bl_node *pos;
	bool unique = true;

	hlist_bl_lock(head);
	hlist_bl_for_each_entry(node, pos, head, link) {
		if (node->hash == new->hash &&
		    tuple_equal(&node->tuple, &new->tuple)) {
			unique = false;
			break;
		}
	}
	if (unique)
		hlist_bl_add_head_rcu(&new->link, head);
	hlist_bl_unlock(head);
	return unique;
}

static void unlink_node(struct rayos_lb_flow_table *table,
			struct rayos_lb_node *node)
{
	struct hlist_bl_head *head = bucket_of(table, node->hash);

	hlist_bl_lock(head);
	hlist_bl_del_rcu(&node->link);
	hlist_bl_unlock(head);
}

/**
 * rayos_lb_flow_uncount() - a flow is not an open one any more
 * @flow: any flow; nothing happens if it did not count
 *
 * Context: Any.  When the last open flow of a draining backend ends, the
 *	backend's state is brought up to date.
 */
void rayos_lb_flow_uncount(struct rayos_lb_flow *flow)
{
	struct rayos_lb_backend *backend = flow->backend;

	if (!test_and_clear_bit(RAYOS_LB_FLOW_COUNTED, &flow->flags))
		return;
	if (atomic_dec_and_test(&backend->active) &&
	    READ_ONCE(backend->state) == RAYOS_LB_STATE_DRAINING)
		rayos_lb_net_refresh(backend->balancer->ln, 0);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_uncount);

static void free_flow_rcu(struct rcu_head *rcu)
{
	struct rayos_lb_flow *flow = container_of(rcu, struct rayos_lb_flow, rcu);

	dst_release(rcu_dereference_protected(flow->route.dst, true));
	rayos_lb_backend_put(flow->backend);
	kmem_cache_free(flow_cache, flow);
}

/*
 * Throws out the first expendable flow that a short walk from a random bucket
 * finds.  A flood from forged addresses then displaces its own flows, which
 * never get beyond that, and leaves the established alone.
 */
static bool evict(struct rayos_lb_flow_table *table)
{
	u32 i, n = get_random_u32() >> (32 - table->bits);
	u32 buckets = min(DIV_ROUND_UP(EVICT_FLOWS << table->bits,
				       rayos_lb_max_flows), EVICT_BUCKETS);
	struct rayos_lb_flow *flow, *victim = NULL;
	struct hlist_bl_node *pos;
	struct rayos_lb_node *node;

	for (i = 0; i < buckets && !victim; i++, n++) {
		n &= BIT(table->bits) - 1;
		hlist_bl_for_each_entry_rcu(node, pos, &table->bucket[n], link) {
			flow = rayos_lb_node_flow(node);
			if (node->dir == RAYOS_LB_FORWARD &&
			    rayos_lb_state_expendable(READ_ONCE(flow->state))) {
				victim = flow;
				break;
			}
		}
	}
	if (!victim)
		return false;
	rayos_lb_flow_del(table, victim);
	atomic64_inc(&table->evicted);
	return true;
}

/* What @backend answers a client that it sees as it is */
static struct rayos_lb_tuple answer_to(const struct rayos_lb_tuple *tuple,
				       const struct rayos_lb_backend *backend)
{
	return (struct rayos_lb_tuple) {
		.src = backend->addr.addr,
		.dst = tuple->src,
		.sport = backend->addr.port,
		.dport = tuple->sport,
		.l4 = tuple->l4,
		.family = tuple->family,
	};
}

/**
 * rayos_lb_flow_new() - make a flow
 * @table: the namespace's; bounded by the parameter max_flows
 * @tuple: of the client's first packet
 * @backend: who shall serve it
 *
 * Context: within RCU, bottom halves off.
 * Return: a flow that nobody else sees yet; ERR_PTR(-ENOSPC) if there is no room
 * or no memory; ERR_PTR(-ESTALE) if @backend is going away.
 */
struct rayos_lb_flow *rayos_lb_flow_new(struct rayos_lb_flow_table *table,
					const struct rayos_lb_tuple *tuple,
					struct rayos_lb_backend *backend)
{
	struct rayos_lb_node *forward, *reply;
	struct rayos_lb_flow *flow;

	if (rayos_lb_flow_table_full(table) && !evict(table))
		goto full;
	if (!rayos_lb_backend_get(backend))
		return ERR_PTR(-ESTALE);

	flow = kmem_cache_alloc(flow_cache, GFP_ATOMIC | __GFP_ZERO | __GFP_NOWARN);
	if (!flow)
		goto put_backend;

	forward = &flow->node[RAYOS_LB_FORWARD];
	forward->tuple = *tuple;
	forward->dir = RAYOS_LB_FORWARD;
	forward->hash = hash(table, tuple);

	reply = &flow->node[RAYOS_LB_REPLY];
	reply->tuple = answer_to(tuple, backend);
	reply->dir = RAYOS_LB_REPLY;
	reply->hash = hash(table, &reply->tuple);

	flow->backend = backend;
	flow->mode = backend->balancer->mode;
	flow->last = (u32)jiffies;
	flow->state = tuple->l4 == IPPROTO_TCP ? RAYOS_LB_SYN :
						 RAYOS_LB_UDP_NEW;
	return flow;

put_backend:
	rayos_lb_backend_put(backend);
full:
	atomic64_inc(&table->table_full);
	return ERR_PTR(-ENOSPC);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_new);

/**
 * rayos_lb_flow_translate() - give a new flow a source of ours
 * @table: the namespace's
 * @flow: from rayos_lb_flow_new(), not added yet
 * @source: what the backend shall see instead of the client
 *
 * Context: Any.
 */
void rayos_lb_flow_translate(struct rayos_lb_flow_table *table,
			     struct rayos_lb_flow *flow,
			     const struct rayos_lb_endpoint *source)
{
	struct rayos_lb_node *reply = &flow->node[RAYOS_LB_REPLY];

	flow->mode = RAYOS_LB_MODE_FULL_NAT;
	reply->tuple.dst = source->addr;
	reply->tuple.dport = source->port;
	reply->hash = hash(table, &reply->tuple);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_translate);

static bool link_reply(struct rayos_lb_flow_table *table,
		       struct rayos_lb_flow *flow)
{
	return flow->mode == RAYOS_LB_MODE_DSR ||
	       link_node(table, &flow->node[RAYOS_LB_REPLY]);
}

static void unlink_reply(struct rayos_lb_flow_table *table,
			 struct rayos_lb_flow *flow)
{
	if (flow->mode != RAYOS_LB_MODE_DSR)
		unlink_node(table, &flow->node[RAYOS_LB_REPLY]);
}

/**
 * rayos_lb_flow_add() - let a flow be found
 * @table: the namespace's
 * @flow: from rayos_lb_flow_new()
 *
 * The reply direction is linked first: whoever finds the forward one finds a
 * whole flow, and only what was found that way is ever deleted.
 *
 * Context: within RCU, bottom halves off.
 * Return: 0; -EEXIST if another CPU was faster with the same flow; -EADDRINUSE
 * if the client has a flow with the same backend through another balancer, or
 * another flow has the same source of ours, so that answers could not be told
 * apart.  On an error @flow is gone.
 */
int rayos_lb_flow_add(struct rayos_lb_flow_table *table,
		      struct rayos_lb_flow *flow)
{
	int err = -EADDRINUSE;

	/* before a late segment of the last connection from this port sees it */
	__set_bit(RAYOS_LB_FLOW_COUNTED, &flow->flags);
	atomic_inc(&flow->backend->active);
	atomic_inc(&table->count);

	if (!link_reply(table, flow))
		goto uncount;
	err = -EEXIST;
	if (!link_node(table, &flow->node[RAYOS_LB_FORWARD]))
		goto unlink;
	return 0;

unlink:
	unlink_reply(table, flow);
uncount:
	atomic_dec(&table->count);
	rayos_lb_flow_uncount(flow);
	call_rcu(&flow->rcu, free_flow_rcu);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_add);

/**
 * rayos_lb_flow_del() - forget a flow
 * @table: the namespace's
 * @flow: found by its forward direction
 *
 * Context: within RCU.  Any number may try at once, one succeeds.
 */
void rayos_lb_flow_del(struct rayos_lb_flow_table *table,
		       struct rayos_lb_flow *flow)
{
	if (test_and_set_bit(RAYOS_LB_FLOW_DEAD, &flow->flags))
		return;
	rayos_lb_flow_uncount(flow);
	local_bh_disable();
	unlink_node(table, &flow->node[RAYOS_LB_FORWARD]);
	unlink_reply(table, flow);
	local_bh_enable();
	atomic_dec(&table->count);
	call_rcu(&flow->rcu, free_flow_rcu);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_del);

/**
 * rayos_lb_flow_oust() - forget a flow that was found by its reply direction
 * @table: the namespace's
 * @flow: the flow, of which the forward direction may not be linked yet
 *
 * Context: within RCU.  Any number may try at once.
 * Return: false if it stays, as it is only just being added; true if it is gone,
 * or just goes, by whomever: while it does, rayos_lb_flow_add() of another with
 * its answers may say -EADDRINUSE.
 */
bool rayos_lb_flow_oust(struct rayos_lb_flow_table *table,
			struct rayos_lb_flow *flow)
{
	struct rayos_lb_node *forward = &flow->node[RAYOS_LB_FORWARD];

	if (rayos_lb_flow_lookup(table, &forward->tuple) != forward)
		return test_bit(RAYOS_LB_FLOW_DEAD, &flow->flags);
	rayos_lb_flow_del(table, flow);
	return true;
}

/**
 * rayos_lb_flow_make_way() - forget a flow that is over, for another
 * @table: the namespace's
 * @tuple: of the other's first packet
 * @backend: who shall serve it
 *
 * The client had its port for another balancer, with the same server.  What was
 * cut off is not over yet: the server may have more to say.
 *
 * Context: within RCU.
 * Return: true if there was one and it is gone.
 */
bool rayos_lb_flow_make_way(struct rayos_lb_flow_table *table,
			    const struct rayos_lb_tuple *tuple,
			    const struct rayos_lb_backend *backend)
{
	struct rayos_lb_tuple reply = answer_to(tuple, backend);
	struct rayos_lb_node *node = rayos_lb_flow_lookup(table, &reply);
	struct rayos_lb_flow *flow;

	if (!node || node->dir != RAYOS_LB_REPLY)
		return false;
	flow = rayos_lb_node_flow(node);
	return !rayos_lb_state_counts(READ_ONCE(flow->state)) &&
	       !test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags) &&
	       rayos_lb_flow_oust(table, flow);
}

static void walk_bucket(struct rayos_lb_flow_table *table, u32 bucket,
			rayos_lb_flow_fn fn, void *data)
{
	struct rayos_lb_node *node;
	struct hlist_bl_node *pos;

	rcu_read_lock();
	hlist_bl_for_each_entry_rcu(node, pos, &table->bucket[bucket], link) {
		if (node->dir == RAYOS_LB_FORWARD)
			fn(rayos_lb_node_flow(node), data);
	}
	rcu_read_unlock();
}

/**
 * rayos_lb_flow_walk() - do something to every flow
 * @table: the namespace's
 * @fn: what; it may delete the flow
 * @data: handed to @fn
 *
 * Flows that come while the walk is under way may be left out.
 *
 * Context: Process context, may sleep between flows.
 */
void rayos_lb_flow_walk(struct rayos_lb_flow_table *table,
			rayos_lb_flow_fn fn, void *data)
{
	u32 i;

	for (i = 0; i < BIT(table->bits); i++) {
		if (hlist_bl_empty(&table->bucket[i]))
			continue;
		walk_bucket(table, i, fn, data);
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_walk);

static void expire(struct rayos_lb_flow *flow, void *data)
{
	struct rayos_lb_flow_table *table = data;
	bool killed = test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags);
	u8 state = killed ? RAYOS_LB_RESET : READ_ONCE(flow->state);
	u32 idle = (u32)jiffies - READ_ONCE(flow->last);

	/* a packet that went by on another CPU just now looks like the future */
	if ((s32)idle < 0 || idle < rayos_lb_state_timeout(state) * HZ)
		return;
	if (state == RAYOS_LB_SYN) {
		local_bh_disable();
		rayos_lb_stats_count(flow->backend->stats, RAYOS_LB_C_TIMEOUTS);
		local_bh_enable();
	}
	rayos_lb_flow_del(table, flow);
}

static void gc(struct work_struct *work)
{
	struct rayos_lb_flow_table *table =
		container_of(to_delayed_work(work), struct rayos_lb_flow_table, gc);
	u32 n = DIV_ROUND_UP(BIT(table->bits), GC_ROUNDS);

	while (n--) {
		u32 bucket = table->gc_next++ & (BIT(table->bits) - 1);

		if (!hlist_bl_empty(&table->bucket[bucket]))
			walk_bucket(table, bucket, expire, table);
		if (!(n & 1023))
			cond_resched();
	}
	queue_delayed_work(rayos_lb_wq, &table->gc, GC_PERIOD);
}

/**
 * rayos_lb_flow_table_init() - give a table its memory
 * @table: zeroed
 *
 * Context: Process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int rayos_lb_flow_table_init(struct rayos_lb_flow_table *table)
{
	table->bits = rayos_lb_flow_bits;
	table->bucket = kvcalloc(BIT(table->bits), sizeof(*table->bucket),
				 GFP_KERNEL_ACCOUNT);
	if (!table->bucket)
		return -ENOMEM;
	get_random_bytes(&table->key, sizeof(table->key));
	INIT_DELAYED_WORK(&table->gc, gc);
	queue_delayed_work(rayos_lb_wq, &table->gc, GC_PERIOD);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_table_init);

/* Routes of IPv6 live within the namespace and must go before it does, which
 * is sooner than the flow does
 */
static void del(struct rayos_lb_flow *flow, void *data)
{
	rayos_lb_route_set(&flow->route, NULL, 0);
	rayos_lb_flow_del(data, flow);
}

/**
 * rayos_lb_flow_table_exit() - forget all flows and free the table
 * @table: no packet can reach it any more
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_flow_table_exit(struct rayos_lb_flow_table *table)
{
	cancel_delayed_work_sync(&table->gc);
	rayos_lb_flow_walk(table, del, table);
	WARN_ON_ONCE(atomic_read(&table->count));
	/* flows that were deleted a moment ago still have their routes */
	rcu_barrier();
	kvfree(table->bucket);
	table->bucket = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_table_exit);
