/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies: how the backend of a new flow is picked.  Pure: no policy sleeps,
 * locks, allocates or looks at a clock, and all it may read is its pool.
 */
#ifndef _RAYOS_LB_POLICY_H
#define _RAYOS_LB_POLICY_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "ramp.h"

/* Slots of a consistent hash table: a prime, and over 100 times as many as the
 * backends among which shares should differ by less than one per cent.
 */
#define RAYOS_LB_MAGLEV_SLOTS	65537

/* Longest weighted round; weights whose sum is greater are scaled down to it.
 * No less than the members of a pool, each of which has a turn.
 */
#define RAYOS_LB_ROUND_MAX	4096

/* Most members of a pool: a table entry is 16 bits wide */
#define RAYOS_LB_POOL_MAX	4096

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
 * @cursor: position of the policies which take turns; it outlives the pool so
 *	that a change of weights does not begin the round again
 * @nr: members, at most %RAYOS_LB_POOL_MAX
 * @max_weight: greatest weight of any member
 * @table_len: entries of @table
 * @table: the policy's own table of members, or NULL when it needs none
 * @member: the backends, in order of their ids
 *
 * Built off line and published whole; nothing but @cursor changes afterwards.
 */
struct rayos_lb_pool {
	const struct rayos_lb_policy_ops *policy;
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
 * struct rayos_lb_policy_ops - a strategy
 * @key: what @pick wants as its key
 * @stateless: the pick depends on nothing but the key and the members, so that
 *	a flow which this director has never seen can be picked up mid-way
 * @weightless: weights are ignored
 * @ramp: what picks in its place while a member ramps, or NULL for the policy
 *	itself, as weights are all that it goes by
 * @table_max: most entries that any pool needs, 0 for none; memory for so many
 *	is there before it is known who is in the pool
 * @table_len: entries that a table for this pool needs, or NULL for none
 * @build: fill the table of a pool whose members are complete, or NULL
 * @pick: index of the member that gets a new flow; the pool is never empty.
 *	Called in softirq context on every CPU at once.
 */
struct rayos_lb_policy_ops {
	enum rayos_lb_key key;
	bool stateless;
	bool weightless;
	const struct rayos_lb_policy_ops *ramp;
	u32 table_max;
	u32 (*table_len)(const struct rayos_lb_pool *pool);
	void (*build)(struct rayos_lb_pool *pool);
	u32 (*pick)(const struct rayos_lb_pool *pool, u64 key);
};

extern const struct rayos_lb_policy_ops rayos_lb_policy_rr;
extern const struct rayos_lb_policy_ops rayos_lb_policy_wrr;
extern const struct rayos_lb_policy_ops rayos_lb_policy_lc;
extern const struct rayos_lb_policy_ops rayos_lb_policy_hash;
extern const struct rayos_lb_policy_ops rayos_lb_policy_random;
extern const struct rayos_lb_policy_ops rayos_lb_policy_maglev;

const struct rayos_lb_policy_ops *rayos_lb_policy_lookup(u32 id);
u32 rayos_lb_round_len(const struct rayos_lb_pool *pool);
void rayos_lb_round_build(struct rayos_lb_pool *pool);
u32 rayos_lb_round_pick(const struct rayos_lb_pool *pool, u64 key);
u32 rayos_lb_maglev_len(const struct rayos_lb_pool *pool);
void rayos_lb_maglev_build(struct rayos_lb_pool *pool);
u32 rayos_lb_maglev_pick(const struct rayos_lb_pool *pool, u64 key);

#endif
