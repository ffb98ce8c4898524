// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPv6: what a packet is, its new address, its way out.
 */
#include <linux/icmpv6.h>
#include <linux/ipv6.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <rayos/compat.h>
#include <kunit/visibility.h>

#include "fast.h"
#include "lb.h"
#include "path.h"

static bool icmp_error(const struct sk_buff *skb, u32 offset)
{
	const u8 *type;
	u8 buf;

	type = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	return type && *type >= ICMPV6_DEST_UNREACH &&
	       *type <= ICMPV6_PARAMPROB;
}

/**
 * rayos_lb_parse6() - see what an IPv6 packet is
 * @skb: its data begins at the network header, which is sound
 * @pkt: filled in if it is of TCP or UDP; for a fragment that is not the first,
 *	its addresses only
 *
 * Context: Any.
 * Return: an &enum rayos_lb_kind; the first of several fragments is whole, as
 * it has the transport header.
 */
enum rayos_lb_kind rayos_lb_parse6(const struct sk_buff *skb,
				   struct rayos_lb_pkt *pkt)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	unsigned int offset = sizeof(*ip6h);
	unsigned short fragment = 0;
	int l4 = ip6h->nexthdr;
	int flags = 0;

	if (l4 != IPPROTO_TCP && l4 != IPPROTO_UDP) {
		offset = 0;
		l4 = ipv6_find_hdr(skb, &offset, -1, &fragment, &flags);
	}
	if (l4 == IPPROTO_ICMPV6)
		return !fragment && icmp_error(skb, offset) ?
			RAYOS_LB_PKT_ICMP : RAYOS_LB_PKT_OTHER;
	if (l4 != IPPROTO_TCP && l4 != IPPROTO_UDP)
		return RAYOS_LB_PKT_OTHER;

	pkt->thoff = offset;
	pkt->tuple.l4 = l4;
	pkt->tuple.family = AF_INET6;
	pkt->tuple.src.in6 = ip6h->saddr;
	pkt->tuple.dst.in6 = ip6h->daddr;
	pkt->len = skb->len;
	pkt->first_fragment = flags & IP6_FH_F_FRAG;
	if (fragment)
		return RAYOS_LB_PKT_FRAGMENT;
	return rayos_lb_parse_transport(skb, pkt) ?
		RAYOS_LB_PKT_WHOLE : RAYOS_LB_PKT_OTHER;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_parse6);

static void replace(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
		    const struct rayos_lb_endpoint *to, bool source)
{
	struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct in6_addr *addr = source ? &ip6h->saddr : &ip6h->daddr;
	union nf_inet_addr old = { .in6 = *addr };

	if (pkt)
		rayos_lb_rewrite_transport(skb, pkt, to, source, &old);
	else if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	*addr = to->addr.in6;
}

static void replace_other(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
			  const struct rayos_lb_turn *turn)
{
	const struct rayos_lb_endpoint other = rayos_lb_turn_other(turn);

	replace(skb, pkt, &other, !turn->source);
}

/**
 * rayos_lb_rewrite6() - give a packet its new addresses and ports
 * @skb: the packet
 * @pkt: from rayos_lb_parse6(); NULL for a later fragment, whose transport
 *	header went ahead in the first one
 * @turn: the new address and which one it replaces; with full NAT, both
 *
 * Context: Any.
 * Return: false for want of memory; the packet is as it was.
 */
bool rayos_lb_rewrite6(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
		       const struct rayos_lb_turn *turn)
{
	u32 end = pkt ? rayos_lb_transport_end(pkt) : sizeof(struct ipv6hdr);

	if (!rayos_lb_writable(skb, end))
		return false;

	replace(skb, pkt, turn->to, turn->source);
	if (unlikely(turn->opposite))
		replace_other(skb, pkt, turn);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_rewrite6);

/* As for IPv4: the next hop of the route, not of the packet */
static struct rt6_info *route_neighbour(struct net *net,
					const struct rayos_lb_endpoint *to)
{
	struct flowi6 fl6 = {
		.daddr = to->addr.in6,
		.flowi6_flags = FLOWI_FLAG_KNOWN_NH,
	};
	struct dst_entry *dst = ip6_route_output(net, NULL, &fl6);
	struct rt6_info *rt = container_of(dst, struct rt6_info, dst);

	if (!dst->error && !(rt->rt6i_flags & (RTF_GATEWAY | RTF_LOCAL)))
		return rt;
	dst_release(dst);
	return NULL;
}

/**
 * rayos_lb_neighbour6() - whether a host is on a link of this one
 * @net: the network namespace
 * @to: the host
 *
 * Context: Any.
 * Return: false also if there is no route to it.
 */
bool rayos_lb_neighbour6(struct net *net, const struct rayos_lb_endpoint *to)
{
	struct rt6_info *rt = route_neighbour(net, to);

	if (!rt)
		return false;
	dst_release(&rt->dst);
	return true;
}

static struct dst_entry *find_neighbour(struct net *net,
					const struct rayos_lb_turn *turn)
{
	struct rt6_info *rt = route_neighbour(net, turn->to);

	if (!rt)
		return NULL;
	rayos_lb_route_set(turn->route, &rt->dst, rt6_get_cookie(rt));
	return &rt->dst;
}

/**
 * rayos_lb_route6() - the way out of a packet
 * @net: the network namespace
 * @skb: the packet, as it came
 * @turn: its new address, and where the way is remembered
 *
 * Context: within RCU, which protects what is returned.
 * Return: the route, or NULL if there is none.
 */
struct dst_entry *rayos_lb_route6(struct net *net, const struct sk_buff *skb,
				  const struct rayos_lb_turn *turn)
{
	struct dst_entry *dst = rayos_lb_route_get(turn->route);
	struct flowi6 fl6 = {};

	if (likely(dst))
		return dst;
	if (turn->direct)
		return find_neighbour(net, turn);
	if (turn->source) {
		fl6.flowi6_mark = skb->mark;
		fl6.saddr = turn->to->addr.in6;
		fl6.daddr = turn->opposite ? turn->opposite->src.in6 :
					     ipv6_hdr(skb)->daddr;
	} else {
		fl6.daddr = turn->to->addr.in6;
	}
	dst = ip6_route_output(net, NULL, &fl6);
	if (dst->error) {
		dst_release(dst);
		return NULL;
	}
	rayos_lb_route_set(turn->route, dst,
			   rt6_get_cookie(container_of(dst, struct rt6_info, dst)));
	return dst;
}

/**
 * rayos_lb_mtu6() - how long a packet may be
 * @dst: its route
 *
 * What forwards looks at the device, what sends at the route.
 *
 * Context: within RCU.
 * Return: the least of both, in bytes.
 */
u32 rayos_lb_mtu6(struct dst_entry *dst)
{
	u32 mtu = min_t(u32, ip6_dst_mtu_maybe_forward(dst, true), dst_mtu(dst));

	return max_t(u32, mtu, IPV6_MIN_MTU);
}

static bool too_big(const struct sk_buff *skb, u32 mtu)
{
	if (skb->len <= mtu)
		return false;
	/* a packet put together here is taken apart again, if that was so small */
	if (IP6CB(skb)->frag_max_size)
		return IP6CB(skb)->frag_max_size > mtu;
	return !skb->ignore_df &&
	       !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

static bool may_pass(struct sk_buff *skb, u32 mtu)
{
	if (skb_warn_if_lro(skb))
		return false;
	if (ipv6_hdr(skb)->hop_limit <= 1) {
		icmpv6_send(skb, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT, 0);
		return false;
	}
	if (too_big(skb, mtu)) {
		icmpv6_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
		return false;
	}
	return true;
}

static unsigned int reroute(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
			    const struct rayos_lb_turn *turn,
			    const struct nf_hook_state *state)
{
	struct dst_entry *dst;

	if (turn->direct) {
		dst = rayos_lb_route6(state->net, skb, turn);
		if (!dst)
			return NF_DROP;
		skb_dst_drop(skb);
		skb_dst_set(skb, dst_clone(dst));
		return NF_ACCEPT;
	}
	if (!rayos_lb_rewrite6(skb, pkt, turn) ||
	    ip6_route_me_harder(state->net, state->sk, skb))
		return NF_DROP;
	return NF_ACCEPT;
}

/* As for IPv4: the route of a packet that was sent here, not of one received */
static unsigned int deliver(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
			    const struct rayos_lb_turn *turn,
			    struct dst_entry *dst)
{
	if (!rayos_lb_rewrite6(skb, pkt, turn))
		return NF_DROP;
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	return NF_ACCEPT;
}

/**
 * rayos_lb_change6() - rewrite a packet that goes on
 * @skb: the packet
 * @pkt: from rayos_lb_parse6(), or NULL for a later fragment
 * @turn: its new addresses, if it gets any
 *
 * Its header is writable then also where only the hop limit will change.
 *
 * Context: Any.
 * Return: false for want of memory; the packet is as it was.
 */
bool rayos_lb_change6(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
		      const struct rayos_lb_turn *turn)
{
	if (unlikely(turn->direct))
		return !skb_ensure_writable(skb, sizeof(struct ipv6hdr));
	return rayos_lb_rewrite6(skb, pkt, turn);
}

/* What may have to be taken apart goes through the stack */
static void leave(struct rayos_lb_net *ln, struct sk_buff *skb,
		  struct dst_entry *dst, u32 mtu, const struct in6_addr *to)
{
	struct neighbour *next = NULL;

	if (skb->len <= mtu && !skb_is_gso(skb) &&
	    !IP6CB(skb)->frag_max_size && rayos_lb_post_routing_passes(ln, true))
		next = rayos_lb_next6(skb, dst, to);
	if (next)
		rayos_lb_hand_over(skb, next, dst);
	else
		rayos_lb_send(ln->net, skb);
}

/**
 * rayos_lb_output6() - send a packet on its way
 * @ln: the namespace
 * @skb: the packet, before it is changed
 * @pkt: from rayos_lb_parse6(), or NULL for a later fragment
 * @turn: its new address and its way
 * @state: of the hook
 *
 * Context: within RCU, bottom halves off.
 * Return: the verdict of the hook.
 */
unsigned int rayos_lb_output6(struct rayos_lb_net *ln, struct sk_buff *skb,
			      const struct rayos_lb_pkt *pkt,
			      const struct rayos_lb_turn *turn,
			      const struct nf_hook_state *state)
{
	struct dst_entry *dst;
	u32 mtu;

	if (pkt && pkt->local_out)
		return reroute(skb, pkt, turn, state);

	dst = rayos_lb_route_get(turn->route) ?:
	      rayos_lb_route6(ln->net, skb, turn);
	if (!dst)
		return NF_DROP;
	if (container_of(dst, struct rt6_info, dst)->rt6i_flags & RTF_LOCAL)
		return deliver(skb, pkt, turn, dst);

	mtu = rayos_lb_mtu6(dst);
	if (!may_pass(skb, mtu) || !rayos_lb_change6(skb, pkt, turn))
		return NF_DROP;
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	ipv6_hdr(skb)->hop_limit--;
	IP6CB(skb)->flags |= IP6SKB_FORWARDED;
	leave(ln, skb, dst, mtu,
	      turn->direct ? &turn->to->addr.in6 : &ipv6_hdr(skb)->daddr);
	return NF_STOLEN;
}
