// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a packet leaves: by the output path of the stack, or past it, straight to
 * the neighbour that it goes to, where that path would do nothing else.
 */
#include <linux/netdevice.h>
#include <net/arp.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/lwtunnel.h>
#include <net/ndisc.h>
#include <net/route.h>

#include "bridge.h"
#include "fast.h"
#include "lb.h"
#include "path.h"

/**
 * rayos_lb_post_routing_passes() - whether packets may leave out POST_ROUTING
 * @ln: the namespace
 * @v6: those of IPv6, else of IPv4
 *
 * Context: within RCU.
 * Return: true if nobody there would do anything to them.
 */
bool rayos_lb_post_routing_passes(struct rayos_lb_net *ln, bool v6)
{
	struct netns_nf *nf = &ln->net->nf;

	return rayos_lb_gate_passes(&ln->leaving[v6],
				    v6 ? &nf->hooks_ipv6[NF_INET_POST_ROUTING] :
					 &nf->hooks_ipv4[NF_INET_POST_ROUTING],
				    NULL);
}

/* Whoever has no address yet has to be asked for it, which the stack does, and it
 * tells the sender when there is no answer.
 */
static bool ready(const struct neighbour *next, const struct sk_buff *skb)
{
	return next && READ_ONCE(next->nud_state) & NUD_VALID &&
	       skb_headroom(skb) >= LL_RESERVED_SPACE(next->dev);
}

/**
 * rayos_lb_next4() - the neighbour that an IPv4 packet can be handed to
 * @skb: the packet, no longer than the MTU of @dst
 * @dst: its route
 * @to: its receiver
 *
 * Context: within RCU, which protects what is returned; whoever asks knows that
 *	POST_ROUTING may be left out.
 * Return: the neighbour, or NULL if the packet has to go through the stack.
 */
struct neighbour *rayos_lb_next4(const struct sk_buff *skb,
				 const struct dst_entry *dst, __be32 to)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);
	struct neighbour *next;

	if (dst->output != ip_output || dst->lwtstate ||
	    rt->rt_flags & RTCF_LOCAL || rt->rt_gw_family == AF_INET6)
		return NULL;
	if (rt->rt_gw_family == AF_INET)
		to = rt->rt_gw4;
	next = __ipv4_neigh_lookup_noref(dst->dev, (__force u32)to);
	return ready(next, skb) ? next : NULL;
}

/**
 * rayos_lb_next6() - the neighbour that an IPv6 packet can be handed to
 * @skb: the packet, no longer than the MTU of @dst
 * @dst: its route
 * @to: its receiver
 *
 * Context: within RCU, which protects what is returned; whoever asks knows that
 *	POST_ROUTING may be left out.
 * Return: the neighbour, or NULL if the packet has to go through the stack.
 */
struct neighbour *rayos_lb_next6(const struct sk_buff *skb,
				 const struct dst_entry *dst,
				 const struct in6_addr *to)
{
	const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);
	struct neighbour *next;

	if (dst->output != ip6_output || dst->lwtstate ||
	    rt->rt6i_flags & RTF_LOCAL)
		return NULL;
	next = __ipv6_neigh_lookup_noref(dst->dev, rt6_nexthop(rt, to));
	return ready(next, skb) ? next : NULL;
}

/* What a packet must not take along from where it came */
static void strip(struct sk_buff *skb)
{
	skb_forward_csum(skb);
	/* when it was received is not when it shall be sent */
	skb_clear_tstamp(skb);
	nf_reset_ct(skb);
	rayos_lb_leave_bridge(skb);
}

/**
 * rayos_lb_send() - let a packet go by its route
 * @net: the network namespace
 * @skb: the packet, complete, with its route; taken over
 *
 * Context: within RCU, bottom halves off.
 */
void rayos_lb_send(struct net *net, struct sk_buff *skb)
{
	strip(skb);
	dst_output(net, NULL, skb);
}

/**
 * rayos_lb_hand_over() - let a packet go to a neighbour
 * @skb: the packet, complete; taken over
 * @next: from rayos_lb_next4() or rayos_lb_next6()
 * @dst: its route
 *
 * Context: within RCU, bottom halves off.
 */
void rayos_lb_hand_over(struct sk_buff *skb, struct neighbour *next,
			struct dst_entry *dst)
{
	/* of a container's socket, which must not be charged for our device */
	skb_orphan(skb);
	strip(skb);
	skb_dst_drop(skb);
	/* tunnels look at it */
	if (unlikely(!(next->dev->priv_flags & IFF_XMIT_DST_RELEASE)))
		skb_dst_set_noref(skb, dst);
	skb->dev = next->dev;
	neigh_output(next, skb, false);
}
