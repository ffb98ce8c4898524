// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy in messages: as it is chosen, and what it does.
 */
#include <linux/build_bug.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/time64.h>
#include <rayos/netlink.h>

#include "chain.h"
#include "netlink.h"
#include "nl_gen.h"
#include "policy.h"

/* Numbered alike, but for the one that stands for none */
#define LINK_ATTR(link)	((link) + 1)

static_assert(LINK_ATTR((int)RAYOS_ZCOMP_DEMAND) ==
	      RAYOS_ZCOMP_POLICY_LINK_DEMAND);
static_assert(LINK_ATTR((int)RAYOS_ZCOMP_TIME) == RAYOS_ZCOMP_POLICY_LINK_TIME);

/* Return: NULL, or why it cannot stand after those before it */
static const char *add_link(struct rayos_zcomp_policy *policy, u32 link, u32 *seen)
{
	if (*seen & BIT(RAYOS_ZCOMP_POLICY_LINK_NONE) ||
	    (*seen && link == RAYOS_ZCOMP_POLICY_LINK_NONE))
		return "none stands alone";
	if (*seen & BIT(link))
		return "the same link a second time";
	*seen |= BIT(link);
	if (link != RAYOS_ZCOMP_POLICY_LINK_NONE)
		policy->order[policy->nr_links++] = link - LINK_ATTR(0);
	return NULL;
}

/* In the table of attributes there is but the last of them */
static int parse_links(struct genl_info *info, struct rayos_zcomp_policy *policy)
{
	const char *why = NULL;
	struct nlattr *attr;
	u32 seen = 0;
	int rem;

	if (!info->attrs[RAYOS_ZCOMP_A_SETTINGS_LINK])
		return 0;
	policy->nr_links = 0;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) == RAYOS_ZCOMP_A_SETTINGS_LINK)
			why = add_link(policy, nla_get_u32(attr), &seen);
		if (why)
			return rayos_nl_refuse(info, attr, why);
	}
	return 0;
}

static void parse_u32(struct genl_info *info, int attr, u32 *number)
{
	if (info->attrs[attr])
		*number = nla_get_u32(info->attrs[attr]);
}

static void parse_seconds(struct genl_info *info, int attr, u32 *seconds)
{
	if (info->attrs[attr])
		*seconds = DIV_ROUND_UP_ULL(nla_get_u64(info->attrs[attr]),
					    NSEC_PER_SEC);
}

/**
 * rayos_zcomp_parse_policy() - what a command chooses
 * @info: the command
 * @policy: what has been chosen before, what the command names is changed
 *
 * Return: 0, or -EINVAL and a message why it cannot be chosen.
 */
int rayos_zcomp_parse_policy(struct genl_info *info,
			     struct rayos_zcomp_policy *policy)
{
	struct nlattr *limit = info->attrs[RAYOS_ZCOMP_A_SETTINGS_LIMIT];
	const char *why;
	int err;

	err = parse_links(info, policy);
	if (err)
		return err;
	parse_u32(info, RAYOS_ZCOMP_A_SETTINGS_THRESHOLD, &policy->threshold);
	parse_u32(info, RAYOS_ZCOMP_A_SETTINGS_HYSTERESIS, &policy->hysteresis);
	parse_u32(info, RAYOS_ZCOMP_A_SETTINGS_RATE, &policy->rate);
	parse_seconds(info, RAYOS_ZCOMP_A_SETTINGS_IDLE, &policy->idle);
	parse_seconds(info, RAYOS_ZCOMP_A_SETTINGS_IDLE_MAX, &policy->idle_max);
	parse_seconds(info, RAYOS_ZCOMP_A_SETTINGS_PROMOTE, &policy->promote);
	if (limit)
		policy->limit = DIV_ROUND_UP_ULL(nla_get_u64(limit), PAGE_SIZE);
	why = rayos_zcomp_policy_check(policy);
	return why ? rayos_nl_refuse(info, NULL, why) : 0;
}

static int fill_order(struct sk_buff *skb, const struct rayos_zcomp_policy *policy)
{
	u32 i;

	if (!policy->nr_links)
		return nla_put_u32(skb, RAYOS_ZCOMP_A_SETTINGS_LINK,
				   RAYOS_ZCOMP_POLICY_LINK_NONE);
	for (i = 0; i < policy->nr_links; i++) {
		if (nla_put_u32(skb, RAYOS_ZCOMP_A_SETTINGS_LINK,
				LINK_ATTR(policy->order[i])))
			return -EMSGSIZE;
	}
	return 0;
}

static int fill_seconds(struct sk_buff *skb, int attr, u32 seconds)
{
	return nla_put_u64_64bit(skb, attr, (u64)seconds * NSEC_PER_SEC,
				 RAYOS_ZCOMP_A_SETTINGS_PAD);
}

/**
 * rayos_zcomp_fill_policy() - what has been chosen
 * @skb: the message
 * @policy: that
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_zcomp_fill_policy(struct sk_buff *skb,
			    const struct rayos_zcomp_policy *policy)
{
	if (fill_order(skb, policy) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_SETTINGS_THRESHOLD,
			policy->threshold) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_SETTINGS_HYSTERESIS,
			policy->hysteresis) ||
	    nla_put_u64_64bit(skb, RAYOS_ZCOMP_A_SETTINGS_LIMIT,
			      policy->limit << PAGE_SHIFT,
			      RAYOS_ZCOMP_A_SETTINGS_PAD) ||
	    fill_seconds(skb, RAYOS_ZCOMP_A_SETTINGS_IDLE, policy->idle) ||
	    fill_seconds(skb, RAYOS_ZCOMP_A_SETTINGS_IDLE_MAX,
			 policy->idle_max) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_SETTINGS_RATE, policy->rate) ||
	    fill_seconds(skb, RAYOS_ZCOMP_A_SETTINGS_PROMOTE, policy->promote))
		return -EMSGSIZE;
	return 0;
}

static int fill_link(struct sk_buff *skb, u32 link,
		     const struct rayos_zcomp_link_counts *counts)
{
	struct nlattr *nest = nla_nest_start(skb, RAYOS_ZCOMP_A_POLICY_LINK);

	if (!nest ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_LINK_LINK, LINK_ATTR(link)) ||
	    nla_put_uint(skb, RAYOS_ZCOMP_A_LINK_ASKED, counts->asked) ||
	    nla_put_uint(skb, RAYOS_ZCOMP_A_LINK_ACTED, counts->acted) ||
	    nla_put_uint(skb, RAYOS_ZCOMP_A_LINK_PASSED, counts->passed) ||
	    nla_put_uint(skb, RAYOS_ZCOMP_A_LINK_EVICTED, counts->pages))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_flag(struct sk_buff *skb, int attr, bool is_set)
{
	return is_set ? nla_put_flag(skb, attr) : 0;
}

/**
 * rayos_zcomp_fill_policy_status() - what the policy does
 * @skb: the message
 * @status: that
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_zcomp_fill_policy_status(struct sk_buff *skb,
				   const struct rayos_zcomp_policy_status *status)
{
	u32 i;

	for (i = 0; i < RAYOS_ZCOMP_LINKS; i++) {
		if (fill_link(skb, i, &status->counts[i]))
			return -EMSGSIZE;
	}
	if (nla_put_uint(skb, RAYOS_ZCOMP_A_POLICY_AGE,
			 (u64)status->age * NSEC_PER_SEC) ||
	    nla_put_uint(skb, RAYOS_ZCOMP_A_POLICY_DEBT,
			 max(-status->credit, 0LL)) ||
	    put_flag(skb, RAYOS_ZCOMP_A_POLICY_SHORT_OF_MEMORY,
		     status->is_short) ||
	    put_flag(skb, RAYOS_ZCOMP_A_POLICY_ABOVE_LIMIT, status->is_above) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_POLICY_THREADS, status->threads))
		return -EMSGSIZE;
	return 0;
}
