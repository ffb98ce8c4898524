// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/rayos_lb.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/regen */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "nl_gen.h"

#include <uapi/linux/rayos_lb.h>

/* Integer value ranges */
static const struct netlink_range_validation rayos_lb_a_health_interval_range = {
	.min	= 1000000000ULL,
	.max	= 60000000000ULL,
};

static const struct netlink_range_validation rayos_lb_a_health_timeout_range = {
	.min	= 10000000ULL,
	.max	= 60000000000ULL,
};

static const struct netlink_range_validation rayos_lb_a_balancer_affinity_range = {
	.max	= 86400000000000ULL,
};

static const struct netlink_range_validation rayos_lb_a_balancer_slow_start_range = {
	.max	= 3600000000000ULL,
};

static const struct netlink_range_validation rayos_lb_a_backend_weight_range = {
	.max	= 65535ULL,
};

static const struct netlink_range_validation rayos_lb_a_backend_deadline_range = {
	.max	= 86400000000000ULL,
};

/* Common nested types */
const struct nla_policy rayos_lb_config_backend_nl_policy[RAYOS_LB_A_BACKEND_ROLE + 1] = {
	[RAYOS_LB_A_BACKEND_BALANCER] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
	[RAYOS_LB_A_BACKEND_IPV4] = { .type = NLA_BE32, },
	[RAYOS_LB_A_BACKEND_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[RAYOS_LB_A_BACKEND_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[RAYOS_LB_A_BACKEND_WEIGHT] = NLA_POLICY_FULL_RANGE(NLA_U32, &rayos_lb_a_backend_weight_range),
	[RAYOS_LB_A_BACKEND_LIMIT] = { .type = NLA_U32, },
	[RAYOS_LB_A_BACKEND_ADMIN] = NLA_POLICY_MAX(NLA_U32, 2),
	[RAYOS_LB_A_BACKEND_ROLE] = NLA_POLICY_MAX(NLA_U32, 1),
};

const struct nla_policy rayos_lb_config_balancer_nl_policy[RAYOS_LB_A_BALANCER_POLICY_NAME + 1] = {
	[RAYOS_LB_A_BALANCER_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
	[RAYOS_LB_A_BALANCER_PROTO] = NLA_POLICY_MAX(NLA_U32, 1),
	[RAYOS_LB_A_BALANCER_IPV4] = { .type = NLA_BE32, },
	[RAYOS_LB_A_BALANCER_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[RAYOS_LB_A_BALANCER_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[RAYOS_LB_A_BALANCER_POLICY] = NLA_POLICY_MAX(NLA_U32, 7),
	[RAYOS_LB_A_BALANCER_AFFINITY] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_lb_a_balancer_affinity_range),
	[RAYOS_LB_A_BALANCER_WHEN_DOWN] = NLA_POLICY_MAX(NLA_U32, 1),
	[RAYOS_LB_A_BALANCER_HEALTH] = NLA_POLICY_NESTED(rayos_lb_health_nl_policy),
	[RAYOS_LB_A_BALANCER_MODE] = NLA_POLICY_MAX(NLA_U32, 2),
	[RAYOS_LB_A_BALANCER_SOURCE_IPV4] = { .type = NLA_BE32, },
	[RAYOS_LB_A_BALANCER_SOURCE_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[RAYOS_LB_A_BALANCER_PASSIVE] = NLA_POLICY_MAX(NLA_U32, 1000),
	[RAYOS_LB_A_BALANCER_ON_DOWN] = NLA_POLICY_MAX(NLA_U32, 1),
	[RAYOS_LB_A_BALANCER_AFFINITY_PREFIX] = NLA_POLICY_MAX(NLA_U32, 128),
	[RAYOS_LB_A_BALANCER_SLOW_START] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_lb_a_balancer_slow_start_range),
	[RAYOS_LB_A_BALANCER_PROGRAM] = { .type = NLA_BINARY, },
	[RAYOS_LB_A_BALANCER_POLICY_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
};

const struct nla_policy rayos_lb_health_nl_policy[RAYOS_LB_A_HEALTH_REQUIRE_REPLY + 1] = {
	[RAYOS_LB_A_HEALTH_PROBE] = NLA_POLICY_MAX(NLA_U32, 3),
	[RAYOS_LB_A_HEALTH_PORT] = { .type = NLA_BE16, },
	[RAYOS_LB_A_HEALTH_INTERVAL] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_lb_a_health_interval_range),
	[RAYOS_LB_A_HEALTH_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_lb_a_health_timeout_range),
	[RAYOS_LB_A_HEALTH_RISE] = NLA_POLICY_RANGE(NLA_U32, 1, 100),
	[RAYOS_LB_A_HEALTH_FALL] = NLA_POLICY_RANGE(NLA_U32, 1, 100),
	[RAYOS_LB_A_HEALTH_PATH] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_PATH_MAX, },
	[RAYOS_LB_A_HEALTH_HOST] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_PATH_MAX, },
	[RAYOS_LB_A_HEALTH_STATUS_MIN] = NLA_POLICY_RANGE(NLA_U16, 100, 599),
	[RAYOS_LB_A_HEALTH_STATUS_MAX] = NLA_POLICY_RANGE(NLA_U16, 100, 599),
	[RAYOS_LB_A_HEALTH_METHOD] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_METHOD_MAX, },
	[RAYOS_LB_A_HEALTH_SEND] = NLA_POLICY_MAX_LEN(RAYOS_LB_PAYLOAD_MAX),
	[RAYOS_LB_A_HEALTH_REQUIRE_REPLY] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* RAYOS_LB_CMD_BALANCER_GET - do */
static const struct nla_policy rayos_lb_balancer_get_nl_policy[RAYOS_LB_A_BALANCER_NAME + 1] = {
	[RAYOS_LB_A_BALANCER_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
};

/* RAYOS_LB_CMD_BALANCER_NEW - do */
static const struct nla_policy rayos_lb_balancer_new_nl_policy[RAYOS_LB_A_BALANCER_POLICY_NAME + 1] = {
	[RAYOS_LB_A_BALANCER_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
	[RAYOS_LB_A_BALANCER_PROTO] = NLA_POLICY_MAX(NLA_U32, 1),
	[RAYOS_LB_A_BALANCER_IPV4] = { .type = NLA_BE32, },
	[RAYOS_LB_A_BALANCER_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[RAYOS_LB_A_BALANCER_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[RAYOS_LB_A_BALANCER_POLICY] = NLA_POLICY_MAX(NLA_U32, 7),
	[RAYOS_LB_A_BALANCER_AFFINITY] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_lb_a_balancer_affinity_range),
	[RAYOS_LB_A_BALANCER_WHEN_DOWN] = NLA_POLICY_MAX(NLA_U32, 1),
	[RAYOS_LB_A_BALANCER_HEALTH] = NLA_POLICY_NESTED(rayos_lb_health_nl_policy),
	[RAYOS_LB_A_BALANCER_MODE] = NLA_POLICY_MAX(NLA_U32, 2),
	[RAYOS_LB_A_BALANCER_SOURCE_IPV4] = { .type = NLA_BE32, },
	[RAYOS_LB_A_BALANCER_SOURCE_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[RAYOS_LB_A_BALANCER_PASSIVE] = NLA_POLICY_MAX(NLA_U32, 1000),
	[RAYOS_LB_A_BALANCER_ON_DOWN] = NLA_POLICY_MAX(NLA_U32, 1),
	[RAYOS_LB_A_BALANCER_AFFINITY_PREFIX] = NLA_POLICY_MAX(NLA_U32, 128),
	[RAYOS_LB_A_BALANCER_SLOW_START] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_lb_a_balancer_slow_start_range),
	[RAYOS_LB_A_BALANCER_PROGRAM] = { .type = NLA_BINARY, },
	[RAYOS_LB_A_BALANCER_POLICY_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
};

/* RAYOS_LB_CMD_BALANCER_SET - do */
static const struct nla_policy rayos_lb_balancer_set_nl_policy[RAYOS_LB_A_BALANCER_POLICY_NAME + 1] = {
	[RAYOS_LB_A_BALANCER_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
	[RAYOS_LB_A_BALANCER_POLICY] = NLA_POLICY_MAX(NLA_U32, 7),
	[RAYOS_LB_A_BALANCER_AFFINITY] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_lb_a_balancer_affinity_range),
	[RAYOS_LB_A_BALANCER_WHEN_DOWN] = NLA_POLICY_MAX(NLA_U32, 1),
	[RAYOS_LB_A_BALANCER_HEALTH] = NLA_POLICY_NESTED(rayos_lb_health_nl_policy),
	[RAYOS_LB_A_BALANCER_PASSIVE] = NLA_POLICY_MAX(NLA_U32, 1000),
	[RAYOS_LB_A_BALANCER_ON_DOWN] = NLA_POLICY_MAX(NLA_U32, 1),
	[RAYOS_LB_A_BALANCER_AFFINITY_PREFIX] = NLA_POLICY_MAX(NLA_U32, 128),
	[RAYOS_LB_A_BALANCER_SLOW_START] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_lb_a_balancer_slow_start_range),
	[RAYOS_LB_A_BALANCER_PROGRAM] = { .type = NLA_BINARY, },
	[RAYOS_LB_A_BALANCER_POLICY_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
};

/* RAYOS_LB_CMD_BALANCER_DEL - do */
static const struct nla_policy rayos_lb_balancer_del_nl_policy[RAYOS_LB_A_BALANCER_RESET + 1] = {
	[RAYOS_LB_A_BALANCER_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
	[RAYOS_LB_A_BALANCER_RESET] = { .type = NLA_FLAG, },
};

/* RAYOS_LB_CMD_BACKEND_GET - do */
static const struct nla_policy rayos_lb_backend_get_do_nl_policy[RAYOS_LB_A_BACKEND_PORT + 1] = {
	[RAYOS_LB_A_BACKEND_BALANCER] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
	[RAYOS_LB_A_BACKEND_IPV4] = { .type = NLA_BE32, },
	[RAYOS_LB_A_BACKEND_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[RAYOS_LB_A_BACKEND_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
};

/* RAYOS_LB_CMD_BACKEND_GET - dump */
static const struct nla_policy rayos_lb_backend_get_dump_nl_policy[RAYOS_LB_A_BACKEND_BALANCER + 1] = {
	[RAYOS_LB_A_BACKEND_BALANCER] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
};

/* RAYOS_LB_CMD_BACKEND_NEW - do */
static const struct nla_policy rayos_lb_backend_new_nl_policy[RAYOS_LB_A_BACKEND_ROLE + 1] = {
	[RAYOS_LB_A_BACKEND_BALANCER] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
	[RAYOS_LB_A_BACKEND_IPV4] = { .type = NLA_BE32, },
	[RAYOS_LB_A_BACKEND_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[RAYOS_LB_A_BACKEND_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[RAYOS_LB_A_BACKEND_WEIGHT] = NLA_POLICY_FULL_RANGE(NLA_U32, &rayos_lb_a_backend_weight_range),
	[RAYOS_LB_A_BACKEND_LIMIT] = { .type = NLA_U32, },
	[RAYOS_LB_A_BACKEND_ADMIN] = NLA_POLICY_MAX(NLA_U32, 2),
	[RAYOS_LB_A_BACKEND_ROLE] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* RAYOS_LB_CMD_BACKEND_SET - do */
static const struct nla_policy rayos_lb_backend_set_nl_policy[RAYOS_LB_A_BACKEND_ROLE + 1] = {
	[RAYOS_LB_A_BACKEND_BALANCER] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
	[RAYOS_LB_A_BACKEND_IPV4] = { .type = NLA_BE32, },
	[RAYOS_LB_A_BACKEND_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[RAYOS_LB_A_BACKEND_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[RAYOS_LB_A_BACKEND_WEIGHT] = NLA_POLICY_FULL_RANGE(NLA_U32, &rayos_lb_a_backend_weight_range),
	[RAYOS_LB_A_BACKEND_LIMIT] = { .type = NLA_U32, },
	[RAYOS_LB_A_BACKEND_ADMIN] = NLA_POLICY_MAX(NLA_U32, 2),
	[RAYOS_LB_A_BACKEND_DEADLINE] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_lb_a_backend_deadline_range),
	[RAYOS_LB_A_BACKEND_ROLE] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* RAYOS_LB_CMD_BACKEND_DEL - do */
static const struct nla_policy rayos_lb_backend_del_nl_policy[RAYOS_LB_A_BACKEND_RESET + 1] = {
	[RAYOS_LB_A_BACKEND_BALANCER] = { .type = NLA_NUL_STRING, .len = RAYOS_LB_NAME_MAX, },
	[RAYOS_LB_A_BACKEND_IPV4] = { .type = NLA_BE32, },
	[RAYOS_LB_A_BACKEND_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[RAYOS_LB_A_BACKEND_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[RAYOS_LB_A_BACKEND_RESET] = { .type = NLA_FLAG, },
};

/* RAYOS_LB_CMD_CONFIG_SET - do */
static const struct nla_policy rayos_lb_config_set_nl_policy[RAYOS_LB_A_CONFIG_CHECK + 1] = {
	[RAYOS_LB_A_CONFIG_BALANCER] = NLA_POLICY_NESTED(rayos_lb_config_balancer_nl_policy),
	[RAYOS_LB_A_CONFIG_BACKEND] = NLA_POLICY_NESTED(rayos_lb_config_backend_nl_policy),
	[RAYOS_LB_A_CONFIG_CHECK] = { .type = NLA_FLAG, },
};

/* Ops table for rayos_lb */
static const struct genl_split_ops rayos_lb_nl_ops[] = {
	{
		.cmd		= RAYOS_LB_CMD_BALANCER_GET,
		.doit		= rayos_lb_nl_balancer_get_doit,
		.policy		= rayos_lb_balancer_get_nl_policy,
		.maxattr	= RAYOS_LB_A_BALANCER_NAME,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= RAYOS_LB_CMD_BALANCER_GET,
		.dumpit	= rayos_lb_nl_balancer_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= RAYOS_LB_CMD_BALANCER_NEW,
		.doit		= rayos_lb_nl_balancer_new_doit,
		.policy		= rayos_lb_balancer_new_nl_policy,
		.maxattr	= RAYOS_LB_A_BALANCER_POLICY_NAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_LB_CMD_BALANCER_SET,
		.doit		= rayos_lb_nl_balancer_set_doit,
		.policy		= rayos_lb_balancer_set_nl_policy,
		.maxattr	= RAYOS_LB_A_BALANCER_POLICY_NAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_LB_CMD_BALANCER_DEL,
		.doit		= rayos_lb_nl_balancer_del_doit,
		.policy		= rayos_lb_balancer_del_nl_policy,
		.maxattr	= RAYOS_LB_A_BALANCER_RESET,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_LB_CMD_BACKEND_GET,
		.doit		= rayos_lb_nl_backend_get_doit,
		.policy		= rayos_lb_backend_get_do_nl_policy,
		.maxattr	= RAYOS_LB_A_BACKEND_PORT,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_LB_CMD_BACKEND_GET,
		.dumpit		= rayos_lb_nl_backend_get_dumpit,
		.policy		= rayos_lb_backend_get_dump_nl_policy,
		.maxattr	= RAYOS_LB_A_BACKEND_BALANCER,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= RAYOS_LB_CMD_BACKEND_NEW,
		.doit		= rayos_lb_nl_backend_new_doit,
		.policy		= rayos_lb_backend_new_nl_policy,
		.maxattr	= RAYOS_LB_A_BACKEND_ROLE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_LB_CMD_BACKEND_SET,
		.doit		= rayos_lb_nl_backend_set_doit,
		.policy		= rayos_lb_backend_set_nl_policy,
		.maxattr	= RAYOS_LB_A_BACKEND_ROLE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_LB_CMD_BACKEND_DEL,
		.doit		= rayos_lb_nl_backend_del_doit,
		.policy		= rayos_lb_backend_del_nl_policy,
		.maxattr	= RAYOS_LB_A_BACKEND_RESET,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= RAYOS_LB_CMD_STATUS_GET,
		.doit	= rayos_lb_nl_status_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= RAYOS_LB_CMD_POLICY_GET,
		.dumpit	= rayos_lb_nl_policy_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= RAYOS_LB_CMD_CONFIG_SET,
		.doit		= rayos_lb_nl_config_set_doit,
		.policy		= rayos_lb_config_set_nl_policy,
		.maxattr	= RAYOS_LB_A_CONFIG_CHECK,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group rayos_lb_nl_mcgrps[] = {
	[RAYOS_LB_NLGRP_EVENTS] = { "events", },
};

struct genl_family rayos_lb_nl_family __ro_after_init = {
	.name		= RAYOS_LB_FAMILY_NAME,
	.version	= RAYOS_LB_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= rayos_lb_nl_ops,
	.n_split_ops	= ARRAY_SIZE(rayos_lb_nl_ops),
	.mcgrps		= rayos_lb_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(rayos_lb_nl_mcgrps),
};
