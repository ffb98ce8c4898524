/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path, and how a packet leaves without the stack.
 */
#ifndef _RAYOS_LB_FAST_H
#define _RAYOS_LB_FAST_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/neighbour.h>

struct rayos_lb_net;

unsigned int rayos_lb_fast(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state);

u32 rayos_lb_fast_path_state(struct rayos_lb_net *ln);

bool rayos_lb_post_routing_passes(struct rayos_lb_net *ln, bool v6);
struct neighbour *rayos_lb_next4(const struct sk_buff *skb,
				 const struct dst_entry *dst, __be32 to);
struct neighbour *rayos_lb_next6(const struct sk_buff *skb,
				 const struct dst_entry *dst,
				 const struct in6_addr *to);
void rayos_lb_hand_over(struct sk_buff *skb, struct neighbour *next,
			struct dst_entry *dst);

#endif
