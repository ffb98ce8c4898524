// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPv4: what a packet is, its new address, its way out.
 */
#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/netfilter_ipv4.h>
#include <net/checksum.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/route.h>
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
	return type && (*type == ICMP_DEST_UNREACH ||
			*type == ICMP_TIME_EXCEEDED ||
			*type == ICMP_PARAMETERPROB);
}

/**
 * rayos_lb_parse4() - see what an IPv4 packet is
 * @skb: its data begins at the network header, which is sound
 * @pkt: filled in if it is of TCP or UDP; for a fragment, its addresses only
 *
 * Context: Any.
 * Return: an &enum rayos_lb_kind.
 */
enum rayos_lb_kind rayos_lb_parse4(const struct sk_buff *skb,
				   struct rayos_lb_pkt *pkt)
{
	const struct iphdr *iph = ip_hdr(skb);

	pkt->thoff = ip_hdrlen(skb);
	if (iph->protocol == IPPROTO_ICMP)
		return !ip_is_fragment(iph) && icmp_error(skb, pkt->thoff) ?
			RAYOS_LB_PKT_ICMP : RAYOS_LB_PKT_OTHER;
	if (iph->protocol != IPPROTO_TCP && iph->protocol != IPPROTO_UDP)
		return RAYOS_LB_PKT_OTHER;

	rayos_lb_read4(iph, pkt);
	/* the length in a header of more than 64 KB is 0 */
	pkt->len = skb->len;
	if (ip_is_fragment(iph))
		return RAYOS_LB_PKT_FRAGMENT;
	return rayos_lb_parse_transport(skb, pkt) ?
		RAYOS_LB_PKT_WHOLE : RAYOS_LB_PKT_OTHER;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_parse4);

static void replace(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
		    const struct rayos_lb_endpoint *to, bool source)
{
	struct iphdr *iph = ip_hdr(skb);
	__be32 *addr = source ? &iph->saddr : &iph->daddr;
	union nf_inet_addr old;

	rayos_lb_addr_set4(&old, *addr);
	rayos_lb_rewrite_transport(skb, pkt, to, source, &old);
	csum_replace4(&iph->check, old.ip, to->addr.ip);
	*addr = to->addr.ip;
}

static void replace_other(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
			  const struct rayos_lb_turn *turn)
{
	const struct rayos_lb_endpoint other = rayos_lb_turn_other(turn);

	replace(skb, pkt, &other, !turn->source);
}

/**
 * rayos_lb_rewrite4() - give a packet its new addresses and ports
 * @skb: the packet
 * @pkt: from rayos_lb_parse4()
 * @turn: the new address and which one it replaces; with full NAT, both
 *
 * Context: Any.
 * Return: false for want of memory; the packet is as it was.
 */
bool rayos_lb_rewrite4(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
		       const struct rayos_lb_turn *turn)
{
	if (!rayos_lb_writable(skb, rayos_lb_transport_end(pkt)))
		return false;

	replace(skb, pkt, turn->to, turn->source);
	if (unlikely(turn->opposite))
		replace_other(skb, pkt, turn);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_rewrite4);

/* To a neighbour: with a flag which makes it the next hop of the route, not of
 * the packet.  Whoever is behind a router or on this host is none.
 */
static struct dst_entry *route_neighbour(struct net *net,
					 const struct rayos_lb_endpoint *to)
{
	struct flowi4 fl4 = {
		.daddr = to->addr.ip,
		.flowi4_flags = FLOWI_FLAG_ANYSRC | FLOWI_FLAG_KNOWN_NH,
	};
	struct rtable *rt = ip_route_output_key(net, &fl4);

	if (IS_ERR(rt))
		return NULL;
	if (!rt->rt_uses_gateway && rt->rt_type == RTN_UNICAST)
		return &rt->dst;
	ip_rt_put(rt);
	return NULL;
}

/**
 * rayos_lb_neighbour4() - whether a host is on a link of this one
 * @net: the network namespace
 * @to: the host
 *
 * Context: Any.
 * Return: false also if there is no route to it.
 */
bool rayos_lb_neighbour4(struct net *net, const struct rayos_lb_endpoint *to)
{
	struct dst_entry *dst = route_neighbour(net, to);

	dst_release(dst);
	return dst;
}

static struct dst_entry *find_neighbour(struct net *net,
					const struct rayos_lb_turn *turn)
{
	struct dst_entry *dst = route_neighbour(net, turn->to);

	if (dst)
		rayos_lb_route_set(turn->route, dst, 0);
	return dst;
}

/**
 * rayos_lb_route4() - the way out of a packet
 * @net: the network namespace
 * @skb: the packet, as it came
 * @turn: its new address, and where the way is remembered
 *
 * Context: within RCU, which protects what is returned.
 * Return: the route, or NULL if there is none.
 */
struct dst_entry *rayos_lb_route4(struct net *net, const struct sk_buff *skb,
				  const struct rayos_lb_turn *turn)
{
	struct dst_entry *dst = rayos_lb_route_get(turn->route);
	struct flowi4 fl4 = {
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
	};
	struct rtable *rt;

	if (likely(dst))
		return dst;
	if (turn->direct)
		return find_neighbour(net, turn);
	if (turn->source) {
		fl4.flowi4_mark = skb->mark;
		fl4.saddr = turn->to->addr.ip;
		fl4.daddr = turn->opposite ? turn->opposite->src.ip :
					     ip_hdr(skb)->daddr;
	} else {
		fl4.daddr = turn->to->addr.ip;
	}
	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return NULL;
	rayos_lb_route_set(turn->route, &rt->dst, 0);
	return &rt->dst;
}

static bool too_big(const struct sk_buff *skb, u32 mtu)
{
	if (skb->len <= mtu || !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return false;
	if (IPCB(skb)->frag_max_size > mtu)
		return true;
	return !skb->ignore_df &&
	       !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

/* What a router does, before the packet is changed: the sender gets its own
 * packet back in an ICMP error.
 */
static bool may_pass(struct sk_buff *skb, u32 mtu)
{
	if (skb_warn_if_lro(skb))
		return false;
	if (ip_hdr(skb)->ttl <= 1) {
		icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
		return false;
	}
	if (too_big(skb, mtu)) {
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
		return false;
	}
	return true;
}

/* Already routed, to where it does not go any more */
static unsigned int reroute(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
			    const struct rayos_lb_turn *turn,
			    const struct nf_hook_state *state)
{
	struct dst_entry *dst;

	if (turn->direct) {
		dst = rayos_lb_route4(state->net, skb, turn);
		if (!dst)
			return NF_DROP;
		skb_dst_drop(skb);
		skb_dst_set(skb, dst_clone(dst));
		return NF_ACCEPT;
	}
	if (!rayos_lb_rewrite4(skb, pkt, turn) ||
	    ip_route_me_harder(state->net, state->sk, skb, RTN_UNSPEC))
		return NF_DROP;
	return NF_ACCEPT;
}

/*
 * For a socket of this host.  The packet gets the route that a packet sent here
 * would have: with the route that the input path would look up, a sender which
 * is an address of this host, as a VIP often is, would be a martian.
 */
static unsigned int deliver(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
			    const struct rayos_lb_turn *turn,
			    struct dst_entry *dst)
{
	if (!rayos_lb_rewrite4(skb, pkt, turn))
		return NF_DROP;
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	return NF_ACCEPT;
}

/**
 * rayos_lb_change4() - rewrite a packet that goes on
 * @skb: the packet
 * @pkt: from rayos_lb_parse4()
 * @turn: its new addresses, if it gets any
 *
 * Its header is writable then also where only the TTL will change.
 *
 * Context: Any.
 * Return: false for want of memory; the packet is as it was.
 */
bool rayos_lb_change4(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
		      const struct rayos_lb_turn *turn)
{
	if (unlikely(turn->direct))
		return !skb_ensure_writable(skb, sizeof(struct iphdr));
	return rayos_lb_rewrite4(skb, pkt, turn);
}

/* What may have to be taken apart goes through the stack */
static void leave(struct rayos_lb_net *ln, struct sk_buff *skb,
		  struct dst_entry *dst, u32 mtu, __be32 to)
{
	struct neighbour *next = NULL;

	if (skb->len <= mtu && !skb_is_gso(skb) &&
	    !IPCB(skb)->frag_max_size && rayos_lb_post_routing_passes(ln, false))
		next = rayos_lb_next4(skb, dst, to);
	if (next)
		rayos_lb_hand_over(skb, next, dst);
	else
		rayos_lb_send(ln->net, skb);
}

/**
 * rayos_lb_output4() - send a packet on its way
 * @ln: the namespace
 * @skb: the packet, before it is changed
 * @pkt: from rayos_lb_parse4()
 * @turn: its new address and its way
 * @state: of the hook
 *
 * Context: within RCU, bottom halves off.
 * Return: the verdict of the hook.
 */
unsigned int rayos_lb_output4(struct rayos_lb_net *ln, struct sk_buff *skb,
			      const struct rayos_lb_pkt *pkt,
			      const struct rayos_lb_turn *turn,
			      const struct nf_hook_state *state)
{
	struct dst_entry *dst;
	u32 mtu;

	if (pkt->local_out)
		return reroute(skb, pkt, turn, state);

	dst = rayos_lb_route_get(turn->route) ?:
	      rayos_lb_route4(ln->net, skb, turn);
	if (!dst)
		return NF_DROP;
	if (container_of(dst, struct rtable, dst)->rt_flags & RTCF_LOCAL)
		return deliver(skb, pkt, turn, dst);

	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	mtu = ip_dst_mtu_maybe_forward(dst, true);
	if (!may_pass(skb, mtu) || !rayos_lb_change4(skb, pkt, turn))
		return NF_DROP;
	ip_decrease_ttl(ip_hdr(skb));
	IPCB(skb)->flags |= IPSKB_FORWARDED;
	leave(ln, skb, dst, mtu,
	      turn->direct ? turn->to->addr.ip : ip_hdr(skb)->daddr);
	return NF_STOLEN;
}
