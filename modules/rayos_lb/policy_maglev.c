// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maglev consistent hashing: Eisenbud et al., "Maglev: A Fast and Reliable
 * Software Network Load Balancer", NSDI 2016, section 3.4.
 *
 * Each backend has a preferred order of all slots of the table, drawn from the
 * hash of its address and port.  They take turns at claiming their next free
 * slot, so shares differ by one slot at most, and the slots of a backend that
 * goes away fall to the others while nearly all other slots stay.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "policy.h"

#define FREE	U16_MAX

/* In a pool of more than this many a weight counts as no less than this part of
 * the greatest, which bounds the rounds that are gone through in vain.
 */
#define EXACT_NR	256

/*
 * Position @next of the member's permutation: (offset + next * skip) mod
 * table_len.  Stepped instead of multiplied, without a division.
 */
static u32 claim(struct rayos_lb_pool *pool, struct rayos_lb_member *m)
{
	u32 slot;

	do {
		slot = m->next;
		m->next += m->skip;
		if (m->next >= pool->table_len)
			m->next -= pool->table_len;
	} while (pool->table[slot] != FREE);
	return slot;
}

static void permute(struct rayos_lb_pool *pool)
{
	struct rayos_lb_member *m = pool->member;
	u32 i;

	for (i = 0; i < pool->nr; i++, m++) {
		m->offset = (u32)(m->identity >> 32) % pool->table_len;
		m->skip = (u32)m->identity % (pool->table_len - 1) + 1;
		m->next = m->offset;
		m->credit = 0;
	}
}

/**
 * rayos_lb_maglev_build() - fill the table of a pool
 * @pool: its members' identities and weights, and @table_len, which must be
 *	prime, are set
 *
 * In each round a member gains its weight in credit and takes a turn for every
 * @max_weight that it has saved, so that the heaviest takes a turn in every
 * round and equal weights are the algorithm of the paper.
 *
 * Context: Any; takes a few steps for each slot when weights are alike, and up to
 *	256 when they are not.
 */
void rayos_lb_maglev_build(struct rayos_lb_pool *pool)
{
	u32 least = pool->nr > EXACT_NR ? pool->max_weight / EXACT_NR : 0;
	struct rayos_lb_member *m;
	u32 i, filled = 0;

	permute(pool);
	memset16(pool->table, FREE, pool->table_len);

	for (;;) {
		for (i = 0; i < pool->nr; i++) {
			m = &pool->member[i];
			m->credit += max(m->weight, least);
			if (m->credit < pool->max_weight)
				continue;
			m->credit -= pool->max_weight;
			pool->table[claim(pool, m)] = i;
			if (++filled == pool->table_len)
				return;
		}
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_maglev_build);

/**
 * rayos_lb_maglev_len() - length of a consistent hash table
 * @pool: any pool
 *
 * Return: %RAYOS_LB_MAGLEV_SLOTS.
 */
u32 rayos_lb_maglev_len(const struct rayos_lb_pool *pool)
{
	return RAYOS_LB_MAGLEV_SLOTS;
}

/**
 * rayos_lb_maglev_pick() - look a key up
 * @pool: a pool whose table is filled
 * @key: an evenly distributed hash
 *
 * Return: index of the member which has the slot of @key.
 */
u32 rayos_lb_maglev_pick(const struct rayos_lb_pool *pool, u64 key)
{
	return pool->table[((u64)(u32)key * pool->table_len) >> 32];
}

const struct rayos_lb_policy_ops rayos_lb_policy_maglev = {
	.key = RAYOS_LB_KEY_FLOW,
	.stateless = true,
	.table_max = RAYOS_LB_MAGLEV_SLOTS,
	.table_len = rayos_lb_maglev_len,
	.build = rayos_lb_maglev_build,
	.pick = rayos_lb_maglev_pick,
};
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_policy_maglev);
