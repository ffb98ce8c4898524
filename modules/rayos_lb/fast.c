// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fast path: packets of flows, and those which begin one, where a device hands
 * them to the stack.  What is out of the ordinary in any way is left to the hooks behind,
 * and nothing of it has been changed or counted then.
 *
 * Hooks of others at PRE_ROUTING which come before ours, and those at
 * POST_ROUTING, keep all packets of their family off this path unless they are
 * known to do nothing to them: what an operator has put in a chain there is heeded
 * with this path and without it.
 */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>
#include <rayos/compat.h>

#include "bridge.h"
#include "fast.h"
#include "lb.h"
#include "path.h"

/* Routes are looked up in the main table only, so VRFs are left alone; what
 * belongs to a bridge, a bond or a VLAN comes once more, from that device.
 */
static bool ordinary(struct sk_buff *skb)
{
	const struct net_device *dev = skb->dev;

	return skb->pkt_type == PACKET_HOST && !skb_vlan_tag_present(skb) &&
	       !rcu_access_pointer(dev->rx_handler) &&
	       !skb_sk_is_prefetched(skb) &&
	       !skb_shared(skb) && !rayos_lb_crosses_bridge(skb) &&
	       !netif_is_l3_slave(dev) && !netif_is_l3_master(dev);
}

static bool pre_routing_passes(struct rayos_lb_net *ln, bool v6)
{
	struct netns_nf *nf = &ln->net->nf;

	return rayos_lb_gate_passes(&ln->entering[v6],
				    v6 ? &nf->hooks_ipv6[NF_INET_PRE_ROUTING] :
					 &nf->hooks_ipv4[NF_INET_PRE_ROUTING],
				    rayos_lb_pre_routing);
}

static bool passes(struct rayos_lb_net *ln, bool v6)
{
	return pre_routing_passes(ln, v6) && rayos_lb_post_routing_passes(ln, v6);
}

/**
 * rayos_lb_fast_path_state() - whether packets take the fast path
 * @ln: the namespace
 *
 * Context: Any.
 * Return: an &enum rayos_lb_fast_path.
 */
u32 rayos_lb_fast_path_state(struct rayos_lb_net *ln)
{
	u32 state = RAYOS_LB_FAST_PATH_OFF;

	if (!READ_ONCE(rayos_lb_fast_path) || xa_empty(&ln->taps))
		return state;
	rcu_read_lock();
	if (passes(ln, false))
		state |= RAYOS_LB_FAST_PATH_IPV4;
	if (passes(ln, true))
		state |= RAYOS_LB_FAST_PATH_IPV6;
	rcu_read_unlock();
	return state;
}

/* As much as is read and written of the transport header */
static bool pull(struct sk_buff *skb, u32 thoff, u8 l4)
{
	return pskb_may_pull(skb, thoff + (l4 == IPPROTO_TCP ?
					   sizeof(struct tcphdr) :
					   sizeof(struct udphdr)));
}

/* What is behind the end of the packet was put there by a link with a minimum */
static bool trim(struct sk_buff *skb, u32 len)
{
	return likely(skb->len == len) ||
	       (skb->len > len && !pskb_trim_rcsum(skb, len));
}

/* Reads a packet of which ip_rcv() would find nothing wrong, without options */
static __always_inline bool read4(struct sk_buff *skb, struct rayos_lb_pkt *pkt)
{
	const struct iphdr *iph;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return false;
	iph = ip_hdr(skb);
	if (*(const u8 *)iph != 0x45 || ip_is_fragment(iph) || iph->ttl <= 1)
		return false;
	if (iph->protocol != IPPROTO_TCP && iph->protocol != IPPROTO_UDP)
		return false;
	if (!pull(skb, sizeof(*iph), iph->protocol))
		return false;
	iph = ip_hdr(skb);
	/* of what is longer than 64 KB the header does not tell the length */
	if (!iph->tot_len || ip_fast_csum(iph, 5) ||
	    !trim(skb, ntohs(iph->tot_len)))
		return false;
	/* what is trimmed may have been made anew */
	iph = ip_hdr(skb);
	rayos_lb_pkt_init(pkt, skb->dev, false);
	rayos_lb_read4(iph, pkt);
	pkt->thoff = sizeof(*iph);
	pkt->len = skb->len;
	return rayos_lb_read_transport((const u8 *)(iph + 1), pkt);
}

/* The same of ip6_rcv(): no extension headers, and no jumbogram */
static bool sound6(struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h;

	if (!pskb_may_pull(skb, sizeof(*ip6h)))
		return false;
	ip6h = ipv6_hdr(skb);
	if (ip6h->version != 6 || ip6h->hop_limit <= 1)
		return false;
	if (ip6h->nexthdr != IPPROTO_TCP && ip6h->nexthdr != IPPROTO_UDP)
		return false;
	if (!pull(skb, sizeof(*ip6h), ip6h->nexthdr))
		return false;
	ip6h = ipv6_hdr(skb);
	return ip6h->payload_len &&
	       trim(skb, sizeof(*ip6h) + ntohs(ip6h->payload_len));
}

/* No part of it is merged by the device, and each goes through the link */
static bool fits(struct sk_buff *skb, u32 thoff, u32 mtu)
{
	if (likely(!skb_is_gso(skb)))
		return skb->len <= mtu;
	if (!skb_shinfo(skb)->gso_type)
		return false;
	/* a tunnel may have left that of the outer packet */
	skb_set_transport_header(skb, thoff);
	return skb_gso_validate_network_len(skb, mtu);
}

static unsigned int fast4(struct rayos_lb_net *ln, struct sk_buff *skb)
{
	struct rayos_lb_turn turn;
	struct rayos_lb_flow *flow;
	struct rayos_lb_node *node;
	struct neighbour *next;
	struct rayos_lb_pkt pkt;
	struct dst_entry *dst;
	__be32 to;

	if (!passes(ln, false) || !read4(skb, &pkt))
		return NF_ACCEPT;
	node = rayos_lb_path_find(ln, &pkt);
	if (!node)
		return NF_ACCEPT;
	flow = rayos_lb_node_flow(node);
	turn = rayos_lb_path_turn(flow, node->dir);
	dst = rayos_lb_route_get(turn.route) ?:
	      rayos_lb_route4(ln->net, skb, &turn);
	if (!dst || !fits(skb, pkt.thoff, ip_dst_mtu_maybe_forward(dst, true)))
		return NF_ACCEPT;
	to = rayos_lb_turn_to(&turn, &pkt)->ip;
	next = rayos_lb_next4(skb, dst, to);
	if (!next)
		return NF_ACCEPT;
	if (!rayos_lb_change4(skb, &pkt, &turn))
		return NF_DROP;
	rayos_lb_path_observe(flow, node->dir, &pkt);
	ip_decrease_ttl(ip_hdr(skb));
	rayos_lb_hand_over(skb, next, dst);
	return NF_STOLEN;
}

static unsigned int fast6(struct rayos_lb_net *ln, struct sk_buff *skb)
{
	struct rayos_lb_turn turn;
	struct rayos_lb_flow *flow;
	struct rayos_lb_node *node;
	struct neighbour *next;
	struct rayos_lb_pkt pkt;
	struct dst_entry *dst;

	if (!passes(ln, true) || !sound6(skb))
		return NF_ACCEPT;
	rayos_lb_pkt_init(&pkt, skb->dev, false);
	if (rayos_lb_parse6(skb, &pkt) != RAYOS_LB_PKT_WHOLE)
		return NF_ACCEPT;
	node = rayos_lb_path_find(ln, &pkt);
	if (!node)
		return NF_ACCEPT;
	flow = rayos_lb_node_flow(node);
	turn = rayos_lb_path_turn(flow, node->dir);
	dst = rayos_lb_route_get(turn.route) ?:
	      rayos_lb_route6(ln->net, skb, &turn);
	if (!dst)
		return NF_ACCEPT;
	if (!fits(skb, pkt.thoff, rayos_lb_mtu6(dst)))
		return NF_ACCEPT;
	next = rayos_lb_next6(skb, dst, &rayos_lb_turn_to(&turn, &pkt)->in6);
	if (!next)
		return NF_ACCEPT;
	if (!rayos_lb_change6(skb, &pkt, &turn))
		return NF_DROP;
	rayos_lb_path_observe(flow, node->dir, &pkt);
	ipv6_hdr(skb)->hop_limit--;
	rayos_lb_hand_over(skb, next, dst);
	return NF_STOLEN;
}

/**
 * rayos_lb_fast() - the hook at the ingress of a device
 * @priv: not used
 * @skb: the packet, at its network header
 * @state: of the hook
 *
 * Context: within RCU, bottom halves off.
 * Return: %NF_STOLEN if the packet is on its way, else %NF_ACCEPT.
 */
unsigned int rayos_lb_fast(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	struct rayos_lb_net *ln;

	if (!READ_ONCE(rayos_lb_fast_path) || !ordinary(skb))
		return NF_ACCEPT;
	ln = rayos_lb_net(state->net);
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return fast4(ln, skb);
	case htons(ETH_P_IPV6):
		return fast6(ln, skb);
	default:
		return NF_ACCEPT;
	}
}
