// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/rayos_zcomp.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/regen */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "nl_gen.h"

#include <uapi/linux/rayos_zcomp.h>

/* Integer value ranges */
static const struct netlink_range_validation rayos_zcomp_a_settings_threshold_range = {
	.min	= 10000ULL,
	.max	= 990000ULL,
};

static const struct netlink_range_validation rayos_zcomp_a_settings_hysteresis_range = {
	.max	= 990000ULL,
};

static const struct netlink_range_validation rayos_zcomp_a_settings_limit_range = {
	.max	= RAYOS_ZCOMP_LIMIT_MAX,
};

static const struct netlink_range_validation rayos_zcomp_a_settings_idle_range = {
	.min	= 2000000000ULL,
	.max	= 86400000000000ULL,
};

static const struct netlink_range_validation rayos_zcomp_a_settings_idle_max_range = {
	.min	= 2000000000ULL,
	.max	= 86400000000000ULL,
};

static const struct netlink_range_validation rayos_zcomp_a_settings_rate_range = {
	.max	= 1000000ULL,
};

static const struct netlink_range_validation rayos_zcomp_a_settings_promote_range = {
	.max	= 86400000000000ULL,
};

static const struct netlink_range_validation rayos_zcomp_a_store_size_range = {
	.min	= 1ULL,
	.max	= RAYOS_ZCOMP_SIZE_MAX,
};

static const struct netlink_range_validation rayos_zcomp_a_store_limit_range = {
	.max	= RAYOS_ZCOMP_LIMIT_MAX,
};

/* RAYOS_ZCOMP_CMD_STORE_GET - do */
static const struct nla_policy rayos_zcomp_store_get_nl_policy[RAYOS_ZCOMP_A_STORE_NAME + 1] = {
	[RAYOS_ZCOMP_A_STORE_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_ZCOMP_NAME_MAX, },
};

/* RAYOS_ZCOMP_CMD_PAGES_GET - do */
static const struct nla_policy rayos_zcomp_pages_get_nl_policy[RAYOS_ZCOMP_A_PAGES_NAME + 1] = {
	[RAYOS_ZCOMP_A_PAGES_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_ZCOMP_NAME_MAX, },
};

/* RAYOS_ZCOMP_CMD_DEVICE_ADD - do */
static const struct nla_policy rayos_zcomp_device_add_nl_policy[RAYOS_ZCOMP_A_STORE_LIMIT + 1] = {
	[RAYOS_ZCOMP_A_STORE_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_ZCOMP_NAME_MAX, },
	[RAYOS_ZCOMP_A_STORE_SIZE] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_zcomp_a_store_size_range),
	[RAYOS_ZCOMP_A_STORE_LEVEL] = NLA_POLICY_MAX(NLA_U32, 3),
	[RAYOS_ZCOMP_A_STORE_CODEC] = NLA_POLICY_MAX(NLA_U32, 3),
	[RAYOS_ZCOMP_A_STORE_LIMIT] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_zcomp_a_store_limit_range),
};

/* RAYOS_ZCOMP_CMD_DEVICE_SET - do */
static const struct nla_policy rayos_zcomp_device_set_nl_policy[RAYOS_ZCOMP_A_STORE_LIMIT + 1] = {
	[RAYOS_ZCOMP_A_STORE_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_ZCOMP_NAME_MAX, },
	[RAYOS_ZCOMP_A_STORE_LIMIT] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_zcomp_a_store_limit_range),
};

/* RAYOS_ZCOMP_CMD_DEVICE_DEL - do */
static const struct nla_policy rayos_zcomp_device_del_nl_policy[RAYOS_ZCOMP_A_STORE_NAME + 1] = {
	[RAYOS_ZCOMP_A_STORE_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_ZCOMP_NAME_MAX, },
};

/* RAYOS_ZCOMP_CMD_DEVICE_RESET - do */
static const struct nla_policy rayos_zcomp_device_reset_nl_policy[RAYOS_ZCOMP_A_STORE_NAME + 1] = {
	[RAYOS_ZCOMP_A_STORE_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_ZCOMP_NAME_MAX, },
};

/* RAYOS_ZCOMP_CMD_COMPACT - do */
static const struct nla_policy rayos_zcomp_compact_nl_policy[RAYOS_ZCOMP_A_STORE_NAME + 1] = {
	[RAYOS_ZCOMP_A_STORE_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_ZCOMP_NAME_MAX, },
};

/* RAYOS_ZCOMP_CMD_SETTINGS_SET - do */
static const struct nla_policy rayos_zcomp_settings_set_nl_policy[RAYOS_ZCOMP_A_SETTINGS_PROMOTE + 1] = {
	[RAYOS_ZCOMP_A_SETTINGS_LEVEL] = NLA_POLICY_MAX(NLA_U32, 3),
	[RAYOS_ZCOMP_A_SETTINGS_CODEC] = NLA_POLICY_MAX(NLA_U32, 3),
	[RAYOS_ZCOMP_A_SETTINGS_LINK] = NLA_POLICY_MAX(NLA_U32, 3),
	[RAYOS_ZCOMP_A_SETTINGS_THRESHOLD] = NLA_POLICY_FULL_RANGE(NLA_U32, &rayos_zcomp_a_settings_threshold_range),
	[RAYOS_ZCOMP_A_SETTINGS_HYSTERESIS] = NLA_POLICY_FULL_RANGE(NLA_U32, &rayos_zcomp_a_settings_hysteresis_range),
	[RAYOS_ZCOMP_A_SETTINGS_LIMIT] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_zcomp_a_settings_limit_range),
	[RAYOS_ZCOMP_A_SETTINGS_IDLE] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_zcomp_a_settings_idle_range),
	[RAYOS_ZCOMP_A_SETTINGS_IDLE_MAX] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_zcomp_a_settings_idle_max_range),
	[RAYOS_ZCOMP_A_SETTINGS_RATE] = NLA_POLICY_FULL_RANGE(NLA_U32, &rayos_zcomp_a_settings_rate_range),
	[RAYOS_ZCOMP_A_SETTINGS_PROMOTE] = NLA_POLICY_FULL_RANGE(NLA_U64, &rayos_zcomp_a_settings_promote_range),
};

/* RAYOS_ZCOMP_CMD_FLUSH - do */
static const struct nla_policy rayos_zcomp_flush_nl_policy[RAYOS_ZCOMP_A_STORE_NAME + 1] = {
	[RAYOS_ZCOMP_A_STORE_NAME] = { .type = NLA_NUL_STRING, .len = RAYOS_ZCOMP_NAME_MAX, },
};

/* Ops table for rayos_zcomp */
static const struct genl_split_ops rayos_zcomp_nl_ops[] = {
	{
		.cmd	= RAYOS_ZCOMP_CMD_STATUS_GET,
		.doit	= rayos_zcomp_nl_status_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_ZCOMP_CMD_STORE_GET,
		.doit		= rayos_zcomp_nl_store_get_doit,
		.policy		= rayos_zcomp_store_get_nl_policy,
		.maxattr	= RAYOS_ZCOMP_A_STORE_NAME,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= RAYOS_ZCOMP_CMD_STORE_GET,
		.dumpit	= rayos_zcomp_nl_store_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= RAYOS_ZCOMP_CMD_PAGES_GET,
		.doit		= rayos_zcomp_nl_pages_get_doit,
		.policy		= rayos_zcomp_pages_get_nl_policy,
		.maxattr	= RAYOS_ZCOMP_A_PAGES_NAME,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= RAYOS_ZCOMP_CMD_STATS_GET,
		.dumpit	= rayos_zcomp_nl_stats_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= RAYOS_ZCOMP_CMD_DEVICE_ADD,
		.doit		= rayos_zcomp_nl_device_add_doit,
		.policy		= rayos_zcomp_device_add_nl_policy,
		.maxattr	= RAYOS_ZCOMP_A_STORE_LIMIT,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_ZCOMP_CMD_DEVICE_SET,
		.doit		= rayos_zcomp_nl_device_set_doit,
		.policy		= rayos_zcomp_device_set_nl_policy,
		.maxattr	= RAYOS_ZCOMP_A_STORE_LIMIT,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_ZCOMP_CMD_DEVICE_DEL,
		.doit		= rayos_zcomp_nl_device_del_doit,
		.policy		= rayos_zcomp_device_del_nl_policy,
		.maxattr	= RAYOS_ZCOMP_A_STORE_NAME,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_ZCOMP_CMD_DEVICE_RESET,
		.doit		= rayos_zcomp_nl_device_reset_doit,
		.policy		= rayos_zcomp_device_reset_nl_policy,
		.maxattr	= RAYOS_ZCOMP_A_STORE_NAME,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_ZCOMP_CMD_COMPACT,
		.doit		= rayos_zcomp_nl_compact_doit,
		.policy		= rayos_zcomp_compact_nl_policy,
		.maxattr	= RAYOS_ZCOMP_A_STORE_NAME,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= RAYOS_ZCOMP_CMD_SETTINGS_GET,
		.doit	= rayos_zcomp_nl_settings_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_ZCOMP_CMD_SETTINGS_SET,
		.doit		= rayos_zcomp_nl_settings_set_doit,
		.policy		= rayos_zcomp_settings_set_nl_policy,
		.maxattr	= RAYOS_ZCOMP_A_SETTINGS_PROMOTE,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= RAYOS_ZCOMP_CMD_FLUSH,
		.doit		= rayos_zcomp_nl_flush_doit,
		.policy		= rayos_zcomp_flush_nl_policy,
		.maxattr	= RAYOS_ZCOMP_A_STORE_NAME,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= RAYOS_ZCOMP_CMD_POLICY_GET,
		.doit	= rayos_zcomp_nl_policy_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group rayos_zcomp_nl_mcgrps[] = {
	[RAYOS_ZCOMP_NLGRP_EVENTS] = { "events", },
};

struct genl_family rayos_zcomp_nl_family __ro_after_init = {
	.name		= RAYOS_ZCOMP_FAMILY_NAME,
	.version	= RAYOS_ZCOMP_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= rayos_zcomp_nl_ops,
	.n_split_ops	= ARRAY_SIZE(rayos_zcomp_nl_ops),
	.mcgrps		= rayos_zcomp_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(rayos_zcomp_nl_mcgrps),
};
