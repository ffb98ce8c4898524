/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _RAYOS_LB_RESET_H
#define _RAYOS_LB_RESET_H

#include <linux/skbuff.h>

struct net;
struct rayos_lb_flow;
struct rayos_lb_pkt;

void rayos_lb_reset_answer(struct net *net, struct sk_buff *skb,
			   const struct rayos_lb_pkt *pkt);
void rayos_lb_reset_onward(struct net *net, struct sk_buff *skb,
			   const struct rayos_lb_pkt *pkt);
void rayos_lb_unreachable_answer(struct net *net, struct sk_buff *skb,
				 const struct rayos_lb_pkt *pkt);
void rayos_lb_flow_kill(struct rayos_lb_flow *flow);

#endif
