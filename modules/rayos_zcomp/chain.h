/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chain of links that the module has, and what it knows of the pages of all stores.
 */
#ifndef _RAYOS_ZCOMP_CHAIN_H
#define _RAYOS_ZCOMP_CHAIN_H

#include <linux/types.h>

#include "policy.h"
#include "store.h"
#include "sweep.h"

/**
 * struct rayos_zcomp_policy_status - what there is to be seen of the policy
 * @counts: by enum rayos_zcomp_link, since the module was loaded
 * @age: seconds without use after which pages are compressed at the moment
 * @credit: pages that may come back beyond those that will be allowed to; negative if
 *	more have than may
 * @is_short: little memory is available
 * @is_above: regions have more than they shall
 * @threads: that compress at the same time
 */
struct rayos_zcomp_policy_status {
	struct rayos_zcomp_link_counts counts[RAYOS_ZCOMP_LINKS];
	u32 age;
	s64 credit;
	bool is_short;
	bool is_above;
	u32 threads;
};

void rayos_zcomp_policy_get(struct rayos_zcomp_policy *policy);
void rayos_zcomp_policy_set(const struct rayos_zcomp_policy *policy);
bool rayos_zcomp_policy_has(enum rayos_zcomp_link link);
void rayos_zcomp_policy_status(struct rayos_zcomp_policy_status *status);

/* For worker.c and reclaim.c */
void rayos_zcomp_chain_begin(void);
u64 rayos_zcomp_chain_look(void);
bool rayos_zcomp_chain_try_look(void);
bool rayos_zcomp_chain_period(struct rayos_zcomp_sweep *sweep,
			      enum rayos_zcomp_link *link);
bool rayos_zcomp_chain_demand(u64 pages, bool at_once,
			      struct rayos_zcomp_sweep *sweep);
bool rayos_zcomp_chain_demand_of(struct rayos_zcomp_store *store, u64 pages,
				 struct rayos_zcomp_sweep *sweep);
void rayos_zcomp_chain_done(enum rayos_zcomp_link link, u64 evicted, u64 cooled);
bool rayos_zcomp_chain_leave(u64 pages);
void rayos_zcomp_chain_forget(void);
u64 rayos_zcomp_chain_evictable(void);
u64 rayos_zcomp_chain_resident(void);
u64 rayos_zcomp_pool_pages(void);

#endif
