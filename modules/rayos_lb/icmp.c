// SPDX-License-Identifier: GPL-2.0-only
/*
 * ICMP errors about balanced flows.
 *
 * An error carries the beginning of the packet that provoked it, as that looked
 * after its address was rewritten.  It goes to whoever sent the packet, and must
 * show it the way that host knows it.  Path MTU discovery depends on this.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <kunit/visibility.h>

#include "evidence.h"
#include "lb.h"
#include "overflow.h"
#include "path.h"

/* Ports are all that is needed of the embedded packet (RFC 792: 8 bytes) */
#define PORTS_LEN	4

/**
 * struct quote - the packet that an ICMP error quotes
 * @tuple: as it would be for the answer to that packet
 * @nhoff: offset of its network header from skb->data
 * @thoff: offset of its transport header
 */
struct quote {
	struct rayos_lb_tuple tuple;
	u32 nhoff;
	u32 thoff;
};

static bool read_ports(const struct sk_buff *skb, struct quote *quote)
{
	const __be16 *ports;
	__be16 buf[2];

	if (quote->tuple.l4 != IPPROTO_TCP && quote->tuple.l4 != IPPROTO_UDP)
		return false;
	ports = skb_header_pointer(skb, quote->thoff, sizeof(buf), buf);
	if (!ports)
		return false;
	quote->tuple.sport = ports[1];
	quote->tuple.dport = ports[0];
	return true;
}

static bool read_quote4(const struct sk_buff *skb, struct quote *quote)
{
	const struct iphdr *iph;
	struct iphdr buf;

	quote->nhoff = ip_hdrlen(skb) + sizeof(struct icmphdr);
	iph = skb_header_pointer(skb, quote->nhoff, sizeof(buf), &buf);
	if (!iph || iph->version != 4 || iph->ihl < 5 ||
	    iph->frag_off & htons(IP_OFFSET))
		return false;
	quote->thoff = quote->nhoff + iph->ihl * 4;
	quote->tuple.family = AF_INET;
	quote->tuple.l4 = iph->protocol;
	rayos_lb_addr_set4(&quote->tuple.src, iph->daddr);
	rayos_lb_addr_set4(&quote->tuple.dst, iph->saddr);
	return read_ports(skb, quote);
}

static bool read_quote6(const struct sk_buff *skb, u32 icmp_offset,
			struct quote *quote)
{
	const struct ipv6hdr *ip6h;
	struct ipv6hdr buf;
	__be16 fragment;
	int offset;
	u8 nexthdr;

	quote->nhoff = icmp_offset + sizeof(struct icmp6hdr);
	ip6h = skb_header_pointer(skb, quote->nhoff, sizeof(buf), &buf);
	if (!ip6h || ip6h->version != 6)
		return false;
	quote->tuple.src.in6 = ip6h->daddr;
	quote->tuple.dst.in6 = ip6h->saddr;
	nexthdr = ip6h->nexthdr;
	offset = ipv6_skip_exthdr(skb, quote->nhoff + sizeof(buf), &nexthdr,
				  &fragment);
	if (offset < 0 || fragment & htons(~0x7))
		return false;
	quote->thoff = offset;
	quote->tuple.family = AF_INET6;
	quote->tuple.l4 = nexthdr;
	return read_ports(skb, quote);
}

/* What find_backend() does, where there was no room for a flow */
static struct rayos_lb_backend *
find_without_flow(const struct rayos_lb_net *ln, const struct quote *quote,
		  bool local_out, struct rayos_lb_turn *turn)
{
	const struct rayos_lb_pkt pkt = {
		.tuple = quote->tuple,
		.local_out = local_out,
	};
	enum rayos_lb_dir dir = RAYOS_LB_REPLY;
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_backend *backend;

	backend = rayos_lb_overflow_answering(ln, &quote->tuple);
	if (!backend) {
		dir = RAYOS_LB_FORWARD;
		balancer = rayos_lb_balancer_find(ln, &quote->tuple);
		if (balancer && rayos_lb_overflow_may(balancer, &pkt))
			backend = rayos_lb_overflow_pick(balancer, &pkt);
	}
	if (backend)
		*turn = rayos_lb_overflow_turn(backend, dir, NULL);
	return backend;
}

/*
 * An error about a packet that went to a backend was caused by its forward
 * direction, and the answer to that packet is the flow's reply direction.  The
 * error is then for the client, who must see the VIP where the quote has the
 * backend: what @turn says of replies.  And the other way round.  @flow is set to
 * the flow, or to NULL if there is none.
 */
static struct rayos_lb_backend *find_backend(struct rayos_lb_net *ln,
					     const struct quote *quote,
					     bool local_out,
					     struct rayos_lb_turn *turn,
					     struct rayos_lb_flow **flow)
{
	struct rayos_lb_node *node;

	*flow = NULL;
	node = rayos_lb_flow_lookup(&ln->flows, &quote->tuple);
	if (!node)
		return rayos_lb_overflow_recent(ln) ?
			find_without_flow(ln, quote, local_out, turn) : NULL;
	*flow = rayos_lb_node_flow(node);
	*turn = rayos_lb_path_turn(*flow, node->dir);
	return (*flow)->backend;
}

static void replace2(__sum16 *sum, __be16 *field, __be16 value)
{
	csum_replace2(sum, *field, value);
	*field = value;
}

/* In a quote, the address that a reply would have as its sender is the receiver
 * and the other way round.
 */
static void rewrite_quote4(struct sk_buff *skb, const struct quote *quote,
			   const struct rayos_lb_endpoint *to, bool source)
{
	struct icmphdr *icmph = (void *)skb->data + ip_hdrlen(skb);
	struct iphdr *iph = (void *)skb->data + quote->nhoff;
	__be16 *ports = (void *)skb->data + quote->thoff;
	__be32 *addr = source ? &iph->daddr : &iph->saddr;
	__sum16 check = iph->check;

	csum_replace4(&iph->check, *addr, to->addr.ip);
	csum_replace4(&icmph->checksum, *addr, to->addr.ip);
	csum_replace2(&icmph->checksum, (__force __be16)check,
		      (__force __be16)iph->check);
	*addr = to->addr.ip;
	replace2(&icmph->checksum, &ports[source], to->port);
}

static void rewrite_quote6(struct sk_buff *skb, u32 icmp_offset,
			   const struct quote *quote,
			   const struct rayos_lb_endpoint *to, bool source)
{
	struct icmp6hdr *icmp6h = (void *)skb->data + icmp_offset;
	struct ipv6hdr *ip6h = (void *)skb->data + quote->nhoff;
	__be16 *ports = (void *)skb->data + quote->thoff;
	struct in6_addr *addr = source ? &ip6h->daddr : &ip6h->saddr;

	inet_proto_csum_replace16(&icmp6h->icmp6_cksum, skb, addr->s6_addr32,
				  to->addr.ip6, false);
	*addr = to->addr.in6;
	replace2(&icmp6h->icmp6_cksum, &ports[source], to->port);
}

static void count(const struct rayos_lb_backend *backend, const struct rayos_lb_turn *turn)
{
	if (turn->source)
		rayos_lb_stats_count(backend->stats, RAYOS_LB_C_UNREACHABLE);
}

/* Only the backend itself can know that nobody listens there */
static void judge4(const struct sk_buff *skb, struct rayos_lb_flow *flow,
		   const struct rayos_lb_turn *turn,
		   const struct net_device *dev)
{
	const struct icmphdr *icmph = (void *)skb->data + ip_hdrlen(skb);

	if (turn->source && icmph->type == ICMP_DEST_UNREACH &&
	    icmph->code == ICMP_PORT_UNREACH &&
	    ip_hdr(skb)->saddr == flow->backend->addr.addr.ip &&
	    rayos_lb_evidence_from(flow->backend, dev))
		rayos_lb_evidence_unreachable(flow);
}

static void judge6(const struct sk_buff *skb, u32 icmp_offset,
		   struct rayos_lb_flow *flow, const struct rayos_lb_turn *turn,
		   const struct net_device *dev)
{
	const struct icmp6hdr *icmp6h = (void *)skb->data + icmp_offset;

	if (turn->source && icmp6h->icmp6_type == ICMPV6_DEST_UNREACH &&
	    icmp6h->icmp6_code == ICMPV6_PORT_UNREACH &&
	    ipv6_addr_equal(&ipv6_hdr(skb)->saddr,
			    &flow->backend->addr.addr.in6) &&
	    rayos_lb_evidence_from(flow->backend, dev))
		rayos_lb_evidence_unreachable(flow);
}

/*
 * The outer header: an error for the client that comes from the backend itself
 * comes from the VIP instead; one for the backend was addressed to the VIP.
 */
static void rewrite_outer4(struct sk_buff *skb, const struct rayos_lb_backend *backend,
			   const struct rayos_lb_turn *turn)
{
	struct iphdr *iph = ip_hdr(skb);
	__be32 *addr = &iph->daddr;

	if (turn->source) {
		if (iph->saddr != backend->addr.addr.ip)
			return;
		addr = &iph->saddr;
	}
	csum_replace4(&iph->check, *addr, turn->to->addr.ip);
	*addr = turn->to->addr.ip;
}

/* With full NAT an error for the client was addressed to our source, and one for
 * the backend comes from there, whoever sent it: the backend may know no other
 * address and believe (rp_filter) no other.
 */
static void rewrite_other4(struct sk_buff *skb, const struct quote *quote,
			   const struct rayos_lb_turn *turn)
{
	const struct rayos_lb_endpoint other = rayos_lb_turn_other(turn);
	struct iphdr *iph = ip_hdr(skb);
	__be32 *addr = turn->source ? &iph->daddr : &iph->saddr;

	rewrite_quote4(skb, quote, &other, !turn->source);
	csum_replace4(&iph->check, *addr, other.addr.ip);
	*addr = other.addr.ip;
}

static void replace_outer6(struct sk_buff *skb, u32 icmp_offset,
			   struct in6_addr *addr,
			   const union nf_inet_addr *to)
{
	struct icmp6hdr *icmp6h = (void *)skb->data + icmp_offset;

	inet_proto_csum_replace16(&icmp6h->icmp6_cksum, skb, addr->s6_addr32,
				  to->ip6, true);
	*addr = to->in6;
}

static void rewrite_outer6(struct sk_buff *skb, u32 icmp_offset,
			   const struct rayos_lb_backend *backend,
			   const struct rayos_lb_turn *turn)
{
	struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct in6_addr *addr = &ip6h->daddr;

	if (turn->source) {
		if (!ipv6_addr_equal(&ip6h->saddr,
				     &backend->addr.addr.in6))
			return;
		addr = &ip6h->saddr;
	}
	replace_outer6(skb, icmp_offset, addr, &turn->to->addr);
}

static void rewrite_other6(struct sk_buff *skb, u32 icmp_offset,
			   const struct quote *quote,
			   const struct rayos_lb_turn *turn)
{
	const struct rayos_lb_endpoint other = rayos_lb_turn_other(turn);
	struct ipv6hdr *ip6h = ipv6_hdr(skb);

	rewrite_quote6(skb, icmp_offset, quote, &other, !turn->source);
	replace_outer6(skb, icmp_offset,
		       turn->source ? &ip6h->daddr : &ip6h->saddr, &other.addr);
}

/* The sender decides on the route of an answer, not what the answer is about */
static unsigned int send4(struct sk_buff *skb, bool local_out,
			  const struct nf_hook_state *state)
{
	struct iphdr *iph = ip_hdr(skb);
	struct flowi4 fl4 = {
		.daddr = iph->daddr,
		.saddr = iph->saddr,
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
		.flowi4_mark = skb->mark,
	};
	struct rtable *rt;

	if (local_out)
		return ip_route_me_harder(state->net, state->sk, skb,
					  RTN_UNSPEC) ? NF_DROP : NF_ACCEPT;
	rt = ip_route_output_key(state->net, &fl4);
	if (IS_ERR(rt))
		return NF_DROP;
	skb_dst_drop(skb);
	skb_dst_set(skb, &rt->dst);
	if (rt->rt_flags & RTCF_LOCAL)
		return NF_ACCEPT;
	if (iph->ttl <= 1)
		return NF_DROP;
	ip_decrease_ttl(iph);
	rayos_lb_send(state->net, skb);
	return NF_STOLEN;
}

static unsigned int send6(struct sk_buff *skb, bool local_out,
			  const struct nf_hook_state *state)
{
	struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct flowi6 fl6 = {
		.daddr = ip6h->daddr,
		.saddr = ip6h->saddr,
		.flowi6_mark = skb->mark,
	};
	struct dst_entry *dst;

	if (local_out)
		return ip6_route_me_harder(state->net, state->sk, skb) ?
			NF_DROP : NF_ACCEPT;
	dst = ip6_route_output(state->net, NULL, &fl6);
	if (dst->error) {
		dst_release(dst);
		return NF_DROP;
	}
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	if (container_of(dst, struct rt6_info, dst)->rt6i_flags & RTF_LOCAL)
		return NF_ACCEPT;
	if (ip6h->hop_limit <= 1)
		return NF_DROP;
	ip6h->hop_limit--;
	rayos_lb_send(state->net, skb);
	return NF_STOLEN;
}

/**
 * rayos_lb_icmp4() - translate an ICMP error
 * @ln: the namespace
 * @skb: the error, not a fragment
 * @local_out: it was sent from this host and has just been routed
 * @state: of the hook
 *
 * Context: within RCU, bottom halves off.
 * Return: the verdict of the hook; %NF_ACCEPT if it is about no flow of ours.
 */
unsigned int rayos_lb_icmp4(struct rayos_lb_net *ln, struct sk_buff *skb,
			    bool local_out, const struct nf_hook_state *state)
{
	const struct rayos_lb_pkt pkt = { .local_out = local_out };
	struct rayos_lb_backend *backend;
	struct rayos_lb_flow *flow;
	struct rayos_lb_turn turn;
	struct quote quote;

	if (!read_quote4(skb, &quote))
		return NF_ACCEPT;
	backend = find_backend(ln, &quote, local_out, &turn, &flow);
	if (!backend)
		return NF_ACCEPT;
	/* about an answer that the backend sent directly, as it is */
	if (turn.direct)
		return rayos_lb_output4(ln, skb, &pkt, &turn, state);
	if (skb_ensure_writable(skb, quote.thoff + PORTS_LEN))
		return NF_DROP;
	count(backend, &turn);
	if (flow)
		judge4(skb, flow, &turn, local_out ? NULL : skb->dev);
	rewrite_quote4(skb, &quote, turn.to, turn.source);
	rewrite_outer4(skb, backend, &turn);
	if (turn.opposite)
		rewrite_other4(skb, &quote, &turn);
	return send4(skb, local_out, state);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_icmp4);

/**
 * rayos_lb_icmp6() - translate an ICMPv6 error
 * @ln: the namespace
 * @skb: the error, not a fragment
 * @local_out: it was sent from this host and has just been routed
 * @state: of the hook
 *
 * Context: within RCU, bottom halves off.
 * Return: the verdict of the hook; %NF_ACCEPT if it is about no flow of ours.
 */
unsigned int rayos_lb_icmp6(struct rayos_lb_net *ln, struct sk_buff *skb,
			    bool local_out, const struct nf_hook_state *state)
{
	const struct rayos_lb_pkt pkt = { .local_out = local_out };
	struct rayos_lb_backend *backend;
	struct rayos_lb_flow *flow;
	struct rayos_lb_turn turn;
	unsigned int offset = 0;
	struct quote quote;

	if (ipv6_find_hdr(skb, &offset, IPPROTO_ICMPV6, NULL, NULL) < 0 ||
	    !read_quote6(skb, offset, &quote))
		return NF_ACCEPT;
	backend = find_backend(ln, &quote, local_out, &turn, &flow);
	if (!backend)
		return NF_ACCEPT;
	if (turn.direct)
		return rayos_lb_output6(ln, skb, &pkt, &turn, state);
	if (skb_ensure_writable(skb, quote.thoff + PORTS_LEN))
		return NF_DROP;
	count(backend, &turn);
	if (flow)
		judge6(skb, offset, flow, &turn,
		       local_out ? NULL : skb->dev);
	rewrite_quote6(skb, offset, &quote, turn.to, turn.source);
	rewrite_outer6(skb, offset, backend, &turn);
	if (turn.opposite)
		rewrite_other6(skb, offset, &quote, &turn);
	return send6(skb, local_out, state);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_icmp6);
