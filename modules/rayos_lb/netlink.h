/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The netlink family rayos-lb.
 */
#ifndef _RAYOS_LB_NETLINK_H
#define _RAYOS_LB_NETLINK_H

#include <linux/types.h>
#include <net/genetlink.h>

#include "lb.h"

/* netlink.c */
int rayos_lb_nl_init(void);
void rayos_lb_nl_exit(void);
void rayos_lb_nl_balancer_event(struct rayos_lb_balancer *balancer, u8 cmd);
void rayos_lb_nl_backend_event(struct rayos_lb_backend *backend, u8 cmd);
void rayos_lb_nl_health_event(struct rayos_lb_backend *backend, u32 old_state);

/* nl_fill.c; the namespace's lock is held.  Return: 0 or -EMSGSIZE. */
int rayos_lb_fill_balancer(struct sk_buff *skb,
			   struct rayos_lb_balancer *balancer);
int rayos_lb_fill_balancer_key(struct sk_buff *skb,
			       const struct rayos_lb_balancer *balancer);
int rayos_lb_fill_backend(struct sk_buff *skb, struct rayos_lb_backend *backend);
int rayos_lb_fill_backend_key(struct sk_buff *skb,
			      const struct rayos_lb_backend *backend);
int rayos_lb_fill_health_event(struct sk_buff *skb,
			       const struct rayos_lb_backend *backend,
			       u32 old_state);
int rayos_lb_fill_status(struct sk_buff *skb, struct rayos_lb_net *ln);

/* nl_parse.c */
int rayos_lb_parse_balancer_key(struct genl_info *info, struct rayos_lb_net *ln,
				int attr, struct rayos_lb_balancer **balancer);
int rayos_lb_parse_backend_key(struct genl_info *info, struct rayos_lb_net *ln,
			       struct rayos_lb_backend **backend);
int rayos_lb_parse_vip(struct genl_info *info, struct rayos_lb_endpoint *vip,
		       u8 *family);
int rayos_lb_parse_server(struct genl_info *info,
			  const struct rayos_lb_balancer *balancer,
			  struct rayos_lb_endpoint *addr);
int rayos_lb_parse_new_server(struct genl_info *info,
			      const struct rayos_lb_balancer *balancer,
			      struct rayos_lb_endpoint *addr);
int rayos_lb_parse_name(struct genl_info *info, const char **name);
int rayos_lb_parse_health(struct genl_info *info,
			  struct rayos_lb_health *health);
int rayos_lb_parse_affinity(struct genl_info *info, u64 *affinity);
u8 rayos_lb_parse_l4(struct genl_info *info);
int rayos_lb_parse_settings(struct genl_info *info, u8 family,
			    struct rayos_lb_settings *settings);
void rayos_lb_parse_backend_settings(struct genl_info *info,
				     struct rayos_lb_backend_settings *settings);
int rayos_lb_parse_mode(struct genl_info *info, u8 family, u32 *mode,
			union nf_inet_addr *source);

/* nl_policy.c */
int rayos_lb_parse_policy(struct genl_info *info,
			  struct rayos_lb_settings *settings);
int rayos_lb_fill_policy(struct sk_buff *skb,
			 const struct rayos_lb_balancer *balancer);
size_t rayos_lb_program_room(const struct rayos_lb_balancer *balancer);
int rayos_lb_fill_program(struct sk_buff *skb,
			  const struct rayos_lb_balancer *balancer);
int rayos_lb_fill_policy_info(struct sk_buff *skb, struct rayos_lb_net *ln,
			      u32 n);

/* nl_config.c */
int rayos_lb_config_set(struct genl_info *info, struct rayos_lb_net *ln,
			struct sk_buff *reply);

#endif
