/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rayos_lb has for other modules: news of its backends, and policies, how the
 * backend of a new flow is picked, for the module itself and for modules which
 * bring policies of their own.
 *
 * A policy sleeps nowhere, takes no lock that is held with bottom halves on, and
 * changes nothing but @cursor of its pool and what is its own.
 */
#ifndef _RAYOS_LB_H
#define _RAYOS_LB_H

#include <linux/atomic.h>
#include <linux/netfilter.h>
#include <linux/types.h>
#include <uapi/linux/rayos_lb.h>

struct module;
struct net;
struct notifier_block;
struct rayos_lb_program;

/* The action of a notification: a backend has another state, struct
 * rayos_lb_change tells which
 */
#define RAYOS_LB_EVENT_STATE	1

/**
 * struct rayos_lb_change - a backend has changed its state
 * @net: network namespace of the balancer
 * @balancer: its name
 * @family: of @addr, AF_INET or AF_INET6
 * @port: of the backend
 * @addr: of the backend
 * @old_state: an &enum rayos_lb_state
 * @state: likewise
 * @reason: what checks or clients have found, an &enum rayos_lb_check_result;
 *	%RAYOS_LB_CHECK_RESULT_NONE for a change by command, or if a backend is
 *	tried again
 *
 * Good for the time of the call.
 */
struct rayos_lb_change {
	struct net *net;
	const char *balancer;
	u8 family;
	__be16 port;
	union nf_inet_addr addr;
	u32 old_state;
	u32 state;
	u32 reason;
};

int rayos_lb_register_notifier(struct notifier_block *nb);
int rayos_lb_unregister_notifier(struct notifier_block *nb);

/* All of a weight.  While a member ramps, weights count so many times, so that
 * the least of them can grow in steps; a round of 4096 turns has room for 64
 * members of weight 1 then.
 */
#define RAYOS_LB_RAMP_ONE	64

/* What a policy picks when it has no opinion: whose turn it is gets the flow */
#define RAYOS_LB_PICK_TURN	U32_MAX

/* Most entries of the table of another module's policy */
#define RAYOS_LB_TABLE_MAX	1048576

/**
 * struct rayos_lb_member - one backend as the policies see it
 * @weight: share relative to the others, 1 to 65535; in a pool of which a member
 *	ramps, that times its @part
 * @part: how much of its weight it has, %RAYOS_LB_RAMP_ONE if it does not ramp
 * @active: open flows of the backend; read without any lock, as a count that
 *	is one flow old picks just as well
 * @identity: hash of address and port, the same on every director
 * @offset: where in the consistent hash table its permutation begins
 * @skip: the step of its permutation
 * @next: next step of its permutation, while the table is being filled
 * @turns: its slots in a weighted round
 * @credit: what it has saved up for its next turn, while a table is filled
 *
 * From @offset on it is room for a policy to work in while it builds its table.
 */
struct rayos_lb_member {
	u32 weight;
	u32 part;
	const atomic_t *active;
	u64 identity;
	u32 offset;
	u32 skip;
	u32 next;
	u32 turns;
	s64 credit;
};

static inline bool rayos_lb_member_ramps(const struct rayos_lb_member *member)
{
	return member->part < RAYOS_LB_RAMP_ONE;
}

/**
 * struct rayos_lb_pool - the backends that may be given new flows
 * @policy: how one of them is picked
 * @program: what picks with the policy custom, NULL with all others
 * @cursor: position of the policies which take turns; it outlives the pool so
 *	that a change of weights does not begin the round again
 * @nr: members, 1 to 4096
 * @max_weight: greatest weight of any member
 * @table_len: entries of @table
 * @table: the policy's own table of members, or NULL when it needs none
 * @member: the backends, in order of their ids
 *
 * Built off line and published whole; nothing but @cursor changes afterwards.
 */
struct rayos_lb_pool {
	const struct rayos_lb_policy_ops *policy;
	const struct rayos_lb_program *program;
	atomic_t *cursor;
	u32 nr;
	u32 max_weight;
	u32 table_len;
	u16 *table;
	struct rayos_lb_member *member;
};

/**
 * enum rayos_lb_key - what a policy wants to know of a new flow
 * @RAYOS_LB_KEY_NONE: nothing
 * @RAYOS_LB_KEY_CLIENT: hash of the client's address
 * @RAYOS_LB_KEY_FLOW: hash of the client's address and port
 * @RAYOS_LB_KEY_RANDOM: 64 random bits
 */
enum rayos_lb_key {
	RAYOS_LB_KEY_NONE,
	RAYOS_LB_KEY_CLIENT,
	RAYOS_LB_KEY_FLOW,
	RAYOS_LB_KEY_RANDOM,
};

/**
 * struct rayos_lb_pick_ctx - a new flow, for whom a key is not enough
 * @client: the client's address; one of IPv4 is in the first four bytes, the
 *	others are zero
 * @vip: the virtual address, likewise
 * @client_port: the client's port
 * @vip_port: the virtual port
 * @family: AF_INET or AF_INET6
 * @l4: IPPROTO_TCP or IPPROTO_UDP
 * @client_hash: what %RAYOS_LB_KEY_CLIENT stands for
 * @flow_hash: what %RAYOS_LB_KEY_FLOW stands for
 */
struct rayos_lb_pick_ctx {
	const union nf_inet_addr *client;
	const union nf_inet_addr *vip;
	__be16 client_port;
	__be16 vip_port;
	u8 family;
	u8 l4;
	u64 client_hash;
	u64 flow_hash;
};

/**
 * struct rayos_lb_policy_ops - a strategy
 * @name: of another module's policy, 1 to 31 printable characters without
 *	blanks, quotes, braces and slashes
 * @owner: of another module's policy, that module; it cannot be unloaded while a
 *	balancer has the policy
 * @key: what @pick wants as its key
 * @stateless: the pick depends on nothing but the key and the members, so that
 *	a flow which this director has never seen can be picked up mid-way
 * @weightless: weights are ignored
 * @ramp: what picks in its place while a member ramps, or NULL for the policy
 *	itself, as weights are all that it goes by; NULL with another module's
 * @table_max: most entries that any pool needs, 0 for none; memory for so many
 *	is there before it is known who is in the pool
 * @table_len: entries that a table for this pool needs, at most @table_max; NULL
 *	for none
 * @build: fill the table of a pool whose members are complete, or NULL.  Called
 *	in process context, under a mutex.
 * @pick: index of the member that gets a new flow, or %RAYOS_LB_PICK_TURN; the
 *	pool is never empty.  What is out of range counts modulo the number of
 *	members.  Called in softirq context on every CPU at once.
 * @pick_flow: the same for a policy for which a key is not enough, and then
 *	called instead of @pick; NULL for none
 */
struct rayos_lb_policy_ops {
	const char *name;
	struct module *owner;
	enum rayos_lb_key key;
	bool stateless;
	bool weightless;
	const struct rayos_lb_policy_ops *ramp;
	u32 table_max;
	u32 (*table_len)(const struct rayos_lb_pool *pool);
	void (*build)(struct rayos_lb_pool *pool);
	u32 (*pick)(const struct rayos_lb_pool *pool, u64 key);
	u32 (*pick_flow)(const struct rayos_lb_pool *pool,
			 const struct rayos_lb_pick_ctx *ctx);
};

int rayos_lb_register_policy(const struct rayos_lb_policy_ops *ops);
void rayos_lb_unregister_policy(const struct rayos_lb_policy_ops *ops);

#endif
