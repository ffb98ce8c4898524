// SPDX-License-Identifier: GPL-2.0-only
/*
 * CompressionPolicy: the chain of links.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "policy.h"

static const struct rayos_zcomp_link_ops *const links[] = {
	[RAYOS_ZCOMP_DEMAND] = &rayos_zcomp_link_demand,
	[RAYOS_ZCOMP_THRESHOLD] = &rayos_zcomp_link_threshold,
	[RAYOS_ZCOMP_TIME] = &rayos_zcomp_link_time,
};

static_assert(ARRAY_SIZE(links) == RAYOS_ZCOMP_LINKS);

/**
 * rayos_zcomp_link_name() - what a link is called
 * @link: the link
 *
 * Return: its name, or NULL if there is no such link.
 */
const char *rayos_zcomp_link_name(enum rayos_zcomp_link link)
{
	return (u32)link < ARRAY_SIZE(links) ? links[link]->name : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_link_name);

/**
 * rayos_zcomp_policy_default() - what is chosen if nobody chooses
 * @policy: to be filled
 */
void rayos_zcomp_policy_default(struct rayos_zcomp_policy *policy)
{
	*policy = (struct rayos_zcomp_policy) {
		.order = {
			RAYOS_ZCOMP_DEMAND,
			RAYOS_ZCOMP_THRESHOLD,
			RAYOS_ZCOMP_TIME,
		},
		.nr_links = RAYOS_ZCOMP_LINKS,
		.threshold = 700000,
		.hysteresis = 50000,
		.idle = 30,
		.idle_max = 3600,
		/* what Lagar-Cavilla et al. (ASPLOS 2019) hold, 0.2 per cent */
		.rate = 2000,
		.promote = 600,
	};
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_policy_default);

static const char *check_order(const struct rayos_zcomp_policy *policy)
{
	u32 i, seen = 0;

	if (policy->nr_links > RAYOS_ZCOMP_LINKS)
		return "there are three links only";
	for (i = 0; i < policy->nr_links; i++) {
		if ((u32)policy->order[i] >= RAYOS_ZCOMP_LINKS)
			return "no such link";
		if (seen & BIT(policy->order[i]))
			return "a link stands there twice";
		seen |= BIT(policy->order[i]);
	}
	return NULL;
}

static bool is_age(u32 seconds)
{
	return seconds >= RAYOS_ZCOMP_AGE_MIN && seconds <= RAYOS_ZCOMP_AGE_MAX;
}

/**
 * rayos_zcomp_policy_check() - can it be chosen?
 * @policy: whatever somebody wants
 *
 * Return: NULL, or a message that tells why not.
 */
const char *rayos_zcomp_policy_check(const struct rayos_zcomp_policy *policy)
{
	if (policy->threshold < RAYOS_ZCOMP_PPM / 100 ||
	    policy->threshold > RAYOS_ZCOMP_PPM / 100 * 99)
		return "threshold must be 1 to 99 per cent";
	if (policy->hysteresis > policy->threshold)
		return "hysteresis must not be above threshold";
	if (policy->limit > BIT_ULL(40))
		return "limit is too high";
	if (!is_age(policy->idle))
		return "idle must be 2 to 86400 seconds";
	if (!is_age(policy->idle_max))
		return "idle-max must be 2 to 86400 seconds";
	if (policy->idle > policy->idle_max)
		return "idle must not be above idle-max";
	if (policy->rate > RAYOS_ZCOMP_PPM)
		return "rate must be at most 1000000 millionths";
	if (policy->promote && !is_age(policy->promote))
		return "promote must be 2 to 86400 seconds, or 0";
	return check_order(policy);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_policy_check);

/**
 * rayos_zcomp_chain_init() - a chain that has decided nothing so far
 * @chain: to be filled
 */
void rayos_zcomp_chain_init(struct rayos_zcomp_chain *chain)
{
	memset(chain, 0, sizeof(*chain));
	rayos_zcomp_policy_default(&chain->policy);
	chain->age = chain->policy.idle;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_chain_init);

/**
 * rayos_zcomp_chain_set() - choose
 * @chain: the chain
 * @policy: one that rayos_zcomp_policy_check() has found good
 *
 * What has been learned of the age of pages stays, unless another one to begin with
 * is chosen.
 */
void rayos_zcomp_chain_set(struct rayos_zcomp_chain *chain,
			   const struct rayos_zcomp_policy *policy)
{
	if (policy->idle != chain->policy.idle) {
		chain->age = policy->idle;
		chain->begun = false;
	}
	chain->age = min(chain->age, policy->idle_max);
	chain->policy = *policy;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_chain_set);

static void nothing(struct rayos_zcomp_decision *decision)
{
	*decision = (struct rayos_zcomp_decision) {
		.cool = RAYOS_ZCOMP_NEVER,
		.evict = RAYOS_ZCOMP_NEVER,
		.promote = RAYOS_ZCOMP_NEVER,
	};
}

/**
 * rayos_zcomp_chain_decide() - ask one link after the other
 * @chain: the chain
 * @in: what they go by
 * @decision: what is to be done, which is nothing if none acts
 *
 * Return: whether one of them acts.
 */
bool rayos_zcomp_chain_decide(struct rayos_zcomp_chain *chain,
			      const struct rayos_zcomp_inputs *in,
			      struct rayos_zcomp_decision *decision)
{
	struct rayos_zcomp_link_counts *counts;
	enum rayos_zcomp_link link;
	u32 i;

	for (i = 0; i < chain->policy.nr_links; i++) {
		link = chain->policy.order[i];
		counts = &chain->counts[link];
		counts->asked++;
		nothing(decision);
		if (links[link]->decide(chain, in, decision)) {
			counts->acted++;
			decision->link = link;
			return true;
		}
		counts->passed++;
	}
	nothing(decision);
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_chain_decide);
