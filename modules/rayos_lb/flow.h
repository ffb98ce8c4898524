/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flow table of a network namespace.
 */
#ifndef _RAYOS_LB_FLOW_H
#define _RAYOS_LB_FLOW_H

#include <linux/cache.h>
#include <linux/ktime.h>
#include <linux/list_bl.h>
#include <linux/rculist_bl.h>
#include <linux/siphash.h>
#include <linux/workqueue.h>
#include <net/dst.h>

#include "tcp_state.h"
#include "tuple.h"

struct rayos_lb_backend;
struct rayos_lb_balancer;
struct rayos_lb_net;

extern unsigned int rayos_lb_max_flows;

/**
 * struct rayos_lb_route - a cached way out
 * @dst: it holds a reference; readers use it within RCU and take none
 * @cookie: what an IPv6 @dst is checked with
 */
struct rayos_lb_route {
	struct dst_entry __rcu *dst;
	u32 cookie;
};

/**
 * struct rayos_lb_node - one direction of a flow, on its hash chain
 * @link: protected by the bit lock of its bucket, walked under RCU
 * @tuple: what packets of this direction look like when they arrive
 * @dir: which direction it is
 * @hash: of @tuple
 *
 * One cache line, so that a walk along a chain touches one line a step.
 */
struct rayos_lb_node {
	struct hlist_bl_node link;
	struct rayos_lb_tuple tuple;
	u8 dir;
	u32 hash;
} ____cacheline_aligned;

/* Bits of rayos_lb_flow.flags */
enum rayos_lb_flow_flag {
	RAYOS_LB_FLOW_DEAD,	/* unlinked, or about to be by who set it */
	RAYOS_LB_FLOW_COUNTED,	/* counts as active with its backend */
	RAYOS_LB_FLOW_ASKED,	/* the client waits for an answer's first byte */
	RAYOS_LB_FLOW_KILLED,	/* what still comes of it is answered by a reset */
	RAYOS_LB_FLOW_PROOF,	/* that it is not answered is the backend's fault */
	RAYOS_LB_FLOW_FAILED,	/* counts among the backend's failures */
};

/**
 * struct rayos_lb_flow - what one client port and one backend have going
 * @node: its two directions
 * @backend: who serves it; holds a reference
 * @route: the way back to the client
 * @flags: bits of &enum rayos_lb_flow_flag, changed atomically
 * @last: jiffies of its last packet, cut to 32 bits
 * @stamp: of rayos_lb_flow_clock(), when the client's SYN or its last request
 *	went by
 * @state: an &enum rayos_lb_flow_state.  Written without a lock: two segments
 *	of one flow on two CPUs at once may leave the state of either, and the
 *	next segment or the timeout of that state puts it right.
 * @mode: an &enum rayos_lb_mode.  With full NAT both new addresses of a packet
 *	are in the tuple of the opposite node; with direct return the reply
 *	direction is not linked, as its packets do not come by.
 * @rcu: for freeing it
 *
 * Two cache lines are touched for a packet of either direction: that of the
 * direction's node, and the last one; with full NAT the opposite node as well.
 */
struct rayos_lb_flow {
	struct rayos_lb_node node[RAYOS_LB_DIR_NR];
	struct rayos_lb_backend *backend ____cacheline_aligned;
	struct rayos_lb_route route;
	unsigned long flags;
	u32 last;
	u32 stamp;
	u8 state;
	u8 mode;
	struct rcu_head rcu;
};

/**
 * struct rayos_lb_flow_table - the flows of a network namespace
 * @bucket: chains of nodes, 2^@bits of them
 * @bits: see the parameter flow_bits
 * @key: secret of the hash, as clients choose what is hashed
 * @count: flows in the table
 * @table_full: how often there was no room for a flow
 * @evicted: flows thrown out to make room
 * @gc: looks through a slice of the table for flows that timed out
 * @gc_next: bucket at which the next slice begins; only @gc uses it
 */
struct rayos_lb_flow_table {
	struct hlist_bl_head *bucket;
	u32 bits;
	siphash_key_t key;
	atomic_t count ____cacheline_aligned_in_smp;
	atomic64_t table_full;
	atomic64_t evicted;
	struct delayed_work gc;
	u32 gc_next;
};

int rayos_lb_flow_cache_init(void);
void rayos_lb_flow_cache_exit(void);
int rayos_lb_flow_table_init(struct rayos_lb_flow_table *table);
void rayos_lb_flow_table_exit(struct rayos_lb_flow_table *table);

struct rayos_lb_node *rayos_lb_flow_lookup(struct rayos_lb_flow_table *table,
					   const struct rayos_lb_tuple *tuple);
struct rayos_lb_flow *rayos_lb_flow_new(struct rayos_lb_flow_table *table,
					const struct rayos_lb_tuple *tuple,
					struct rayos_lb_backend *backend);
void rayos_lb_flow_translate(struct rayos_lb_flow_table *table,
			     struct rayos_lb_flow *flow,
			     const struct rayos_lb_endpoint *source);
int rayos_lb_flow_add(struct rayos_lb_flow_table *table,
		      struct rayos_lb_flow *flow);
void rayos_lb_flow_del(struct rayos_lb_flow_table *table,
		       struct rayos_lb_flow *flow);
bool rayos_lb_flow_oust(struct rayos_lb_flow_table *table,
			struct rayos_lb_flow *flow);
bool rayos_lb_flow_make_way(struct rayos_lb_flow_table *table,
			    const struct rayos_lb_tuple *tuple,
			    const struct rayos_lb_backend *backend);
void rayos_lb_flow_uncount(struct rayos_lb_flow *flow);

/**
 * typedef rayos_lb_flow_fn - what to do with a flow
 * @flow: alive for the time of the call; called within RCU
 * @data: the caller's
 */
typedef void (*rayos_lb_flow_fn)(struct rayos_lb_flow *flow, void *data);

void rayos_lb_flow_walk(struct rayos_lb_flow_table *table,
			rayos_lb_flow_fn fn, void *data);

/**
 * rayos_lb_flow_table_full() - whether another flow would have to displace one
 * @table: the namespace's
 *
 * Return: true if there are as many as there may be.
 */
static inline bool
rayos_lb_flow_table_full(const struct rayos_lb_flow_table *table)
{
	return atomic_read(&table->count) >= rayos_lb_max_flows;
}

/**
 * rayos_lb_flow_clock() - time for stamping flows
 *
 * Return: the monotonic clock in units of 1024 ns, cut to 32 bits.
 */
static inline u32 rayos_lb_flow_clock(void)
{
	return (u32)(ktime_get_ns() >> 10);
}

static inline struct rayos_lb_flow *rayos_lb_node_flow(struct rayos_lb_node *node)
{
	return container_of(node, struct rayos_lb_flow, node[node->dir]);
}

#endif
