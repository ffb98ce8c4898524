/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/rayos_lb.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/regen */

#ifndef _LINUX_RAYOS_LB_GEN_H
#define _LINUX_RAYOS_LB_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/rayos_lb.h>

/* Common nested types */
extern const struct nla_policy rayos_lb_config_backend_nl_policy[RAYOS_LB_A_BACKEND_ROLE + 1];
extern const struct nla_policy rayos_lb_config_balancer_nl_policy[RAYOS_LB_A_BALANCER_POLICY_NAME + 1];
extern const struct nla_policy rayos_lb_health_nl_policy[RAYOS_LB_A_HEALTH_REQUIRE_REPLY + 1];

int rayos_lb_nl_balancer_get_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_lb_nl_balancer_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb);
int rayos_lb_nl_balancer_new_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_lb_nl_balancer_set_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_lb_nl_balancer_del_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_lb_nl_backend_get_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_lb_nl_backend_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int rayos_lb_nl_backend_new_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_lb_nl_backend_set_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_lb_nl_backend_del_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_lb_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info);
int rayos_lb_nl_policy_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int rayos_lb_nl_config_set_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	RAYOS_LB_NLGRP_EVENTS,
};

extern struct genl_family rayos_lb_nl_family;

#endif /* _LINUX_RAYOS_LB_GEN_H */
