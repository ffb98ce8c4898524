// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policies by number.
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>
#include <uapi/linux/rayos_lb.h>

#include "policy.h"

static const struct rayos_lb_policy_ops *const policies[] = {
	[RAYOS_LB_POLICY_ROUND_ROBIN] = &rayos_lb_policy_rr,
	[RAYOS_LB_POLICY_WEIGHTED_ROUND_ROBIN] = &rayos_lb_policy_wrr,
	[RAYOS_LB_POLICY_LEAST_CONNECTIONS] = &rayos_lb_policy_lc,
	[RAYOS_LB_POLICY_IP_HASH] = &rayos_lb_policy_hash,
	[RAYOS_LB_POLICY_RANDOM] = &rayos_lb_policy_random,
	[RAYOS_LB_POLICY_MAGLEV] = &rayos_lb_policy_maglev,
	[RAYOS_LB_POLICY_CUSTOM] = &rayos_lb_policy_custom,
	[RAYOS_LB_POLICY_MODULE] = &rayos_lb_policy_module,
};

static_assert(ARRAY_SIZE(policies) == RAYOS_LB_POLICY_MAX + 1);

/**
 * rayos_lb_policy_lookup() - find a policy by its number
 * @id: an &enum rayos_lb_policy of the netlink family
 *
 * Context: Any; policies live as long as the module.
 * Return: the policy, or NULL if there is none of that number.
 */
const struct rayos_lb_policy_ops *rayos_lb_policy_lookup(u32 id)
{
	return id < ARRAY_SIZE(policies) ? policies[id] : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_policy_lookup);
