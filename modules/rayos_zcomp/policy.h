/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CompressionPolicy: which pages of regions are compressed, and when.  A chain of
 * links, each of which acts on what it sees or passes it on.
 *
 * Pure: nothing here sleeps, locks, allocates or looks at a clock.
 */
#ifndef _RAYOS_ZCOMP_POLICY_H
#define _RAYOS_ZCOMP_POLICY_H

#include <linux/types.h>

#include "sweep.h"

/**
 * enum rayos_zcomp_link - what may be a reason to compress
 * @RAYOS_ZCOMP_DEMAND: somebody asks for memory
 * @RAYOS_ZCOMP_THRESHOLD: there is little memory available, or regions have more
 *	than they shall
 * @RAYOS_ZCOMP_TIME: pages have not been used for a time
 */
enum rayos_zcomp_link {
	RAYOS_ZCOMP_DEMAND,
	RAYOS_ZCOMP_THRESHOLD,
	RAYOS_ZCOMP_TIME,
};

#define RAYOS_ZCOMP_LINKS	(RAYOS_ZCOMP_TIME + 1)

/* Seconds, from what can be told apart to less than where ages begin again */
#define RAYOS_ZCOMP_AGE_MIN	2
#define RAYOS_ZCOMP_AGE_MAX	86400

/* All of it */
#define RAYOS_ZCOMP_PPM		1000000

/**
 * struct rayos_zcomp_policy - what can be chosen
 * @order: links in the order in which they are asked
 * @nr_links: how many of them there are; the others are disabled
 * @threshold: memory in use above which there is little, in millionths, 10000 to
 *	990000
 * @hysteresis: what has to be available beyond that before there is enough again, in
 *	millionths of memory, 0 to @threshold
 * @limit: pages of memory, those of regions and those of what is compressed, above
 *	which regions have more than they shall; 0 for any number
 * @idle: seconds without use after which a page is compressed, at least;
 *	%RAYOS_ZCOMP_AGE_MIN to %RAYOS_ZCOMP_AGE_MAX
 * @idle_max: the same, at most; no less than @idle
 * @rate: pages that may come back in a minute, in millionths of those in memory, up to
 *	%RAYOS_ZCOMP_PPM; 0 if none is held to it, and @idle is all that counts
 * @promote: seconds without use after which what is compressed is compressed
 *	better, as @idle, or 0 for never
 */
struct rayos_zcomp_policy {
	enum rayos_zcomp_link order[RAYOS_ZCOMP_LINKS];
	u32 nr_links;
	u32 threshold;
	u32 hysteresis;
	u64 limit;
	u32 idle;
	u32 idle_max;
	u32 rate;
	u32 promote;
};

/**
 * struct rayos_zcomp_inputs - what the links go by
 * @now: seconds since any time, not decreasing
 * @total: pages of memory of the machine
 * @available: of these, what programs could have without swapping
 * @pool: pages of memory that what is compressed of regions takes up
 * @refaults: pages that have come back because they were used, since any time
 * @demand: pages asked for, 0 if nobody asks
 * @at_once: what has been used of late is good for the demand, too
 * @waits: it is somebody who waits, whom only %RAYOS_ZCOMP_DEMAND answers
 * @ages: of the pages of all stores
 *
 * No number of pages is above 2^40.
 */
struct rayos_zcomp_inputs {
	u64 now;
	u64 total;
	u64 available;
	u64 pool;
	u64 refaults;
	u64 demand;
	bool at_once;
	bool waits;
	const struct rayos_zcomp_ages *ages;
};

/**
 * struct rayos_zcomp_decision - what is to be done
 * @link: who has decided
 * @pages: so many are evicted at most
 * @cool: as in &struct rayos_zcomp_sweep
 * @evict: likewise
 * @promote: likewise
 * @at_once: likewise
 */
struct rayos_zcomp_decision {
	enum rayos_zcomp_link link;
	u64 pages;
	u32 cool;
	u32 evict;
	u32 promote;
	bool at_once;
};

/**
 * struct rayos_zcomp_link_counts - what a link has done
 * @asked: how often it was
 * @acted: of these, how often it has decided
 * @passed: of these, how often it had no reason to
 * @pages: pages that have been evicted for it
 */
struct rayos_zcomp_link_counts {
	u64 asked;
	u64 acted;
	u64 passed;
	u64 pages;
};

/**
 * struct rayos_zcomp_chain - the links and what they remember
 * @policy: what has been chosen
 * @counts: by enum rayos_zcomp_link
 * @short_of: little memory was available, and is
 * @above: regions had more than they shall, and have
 * @begun: @seen and @refaults are of an earlier decision
 * @age: seconds without use after which pages are compressed at the moment
 * @seen: when %RAYOS_ZCOMP_TIME was asked last, in seconds
 * @refaults: how many there were then
 * @credit: pages that may come back, in millionths of a page; negative if too many
 *	have
 * @loss: how far it has fallen since @age has had the time to show its effect
 * @hold: until then it has not, in seconds
 * @shrink_next: when @age may shrink again, in seconds
 * @promote_next: when it is looked again for what can be compressed better, in
 *	seconds
 */
struct rayos_zcomp_chain {
	struct rayos_zcomp_policy policy;
	struct rayos_zcomp_link_counts counts[RAYOS_ZCOMP_LINKS];
	bool short_of;
	bool above;
	bool begun;
	u32 age;
	u64 seen;
	u64 refaults;
	s64 credit;
	s64 loss;
	u64 hold;
	u64 shrink_next;
	u64 promote_next;
};

/**
 * struct rayos_zcomp_link_ops - a link
 * @name: its name, as rayctl(8) shows it
 * @decide: all of @decision but its link, of which there is nothing to be done so
 *	far.  Return: whether it acts; if not, what it has left there is void.
 */
struct rayos_zcomp_link_ops {
	const char *name;
	bool (*decide)(struct rayos_zcomp_chain *chain,
		       const struct rayos_zcomp_inputs *in,
		       struct rayos_zcomp_decision *decision);
};

extern const struct rayos_zcomp_link_ops rayos_zcomp_link_demand;
extern const struct rayos_zcomp_link_ops rayos_zcomp_link_threshold;
extern const struct rayos_zcomp_link_ops rayos_zcomp_link_time;

const char *rayos_zcomp_link_name(enum rayos_zcomp_link link);
void rayos_zcomp_policy_default(struct rayos_zcomp_policy *policy);
const char *rayos_zcomp_policy_check(const struct rayos_zcomp_policy *policy);
void rayos_zcomp_chain_init(struct rayos_zcomp_chain *chain);
void rayos_zcomp_chain_set(struct rayos_zcomp_chain *chain,
			   const struct rayos_zcomp_policy *policy);
bool rayos_zcomp_chain_decide(struct rayos_zcomp_chain *chain,
			      const struct rayos_zcomp_inputs *in,
			      struct rayos_zcomp_decision *decision);

/* policy_time.c */
u32 rayos_zcomp_promote_age(struct rayos_zcomp_chain *chain,
			    const struct rayos_zcomp_inputs *in);

/* policy_select.c */
u64 rayos_zcomp_sum_ages(const u64 *bins, u32 age);
u64 rayos_zcomp_resident(const struct rayos_zcomp_ages *ages);
u32 rayos_zcomp_oldest(const u64 *bins, u64 pages);
void rayos_zcomp_select(const struct rayos_zcomp_ages *ages, u64 pages,
			struct rayos_zcomp_decision *decision);
void rayos_zcomp_ages_add(struct rayos_zcomp_ages *to,
			  const struct rayos_zcomp_ages *ages);
void rayos_zcomp_ages_moved(struct rayos_zcomp_ages *ages, u64 evicted,
			    u64 cooled);

#endif
