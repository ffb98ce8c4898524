/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/rayos_zcomp.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/regen */

#ifndef _LINUX_RAYOS_ZCOMP_GEN_H
#define _LINUX_RAYOS_ZCOMP_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/rayos_zcomp.h>

int rayos_zcomp_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_zcomp_nl_store_get_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_zcomp_nl_store_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb);
int rayos_zcomp_nl_pages_get_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_zcomp_nl_stats_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb);
int rayos_zcomp_nl_device_add_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_zcomp_nl_device_set_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_zcomp_nl_device_del_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_zcomp_nl_device_reset_doit(struct sk_buff *skb,
				     struct genl_info *info);
int rayos_zcomp_nl_compact_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_zcomp_nl_settings_get_doit(struct sk_buff *skb,
				     struct genl_info *info);
int rayos_zcomp_nl_settings_set_doit(struct sk_buff *skb,
				     struct genl_info *info);
int rayos_zcomp_nl_flush_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_zcomp_nl_policy_get_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	RAYOS_ZCOMP_NLGRP_EVENTS,
};

extern struct genl_family rayos_zcomp_nl_family;

#endif /* _LINUX_RAYOS_ZCOMP_GEN_H */
