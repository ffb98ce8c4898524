// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turning away and cutting off: TCP resets and ICMP errors of our own making.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/jiffies.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/random.h>
#include <linux/skbuff.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include <net/tcp.h>
#include <kunit/visibility.h>

#include "lb.h"
#include "path.h"
#include "reset.h"

#define TTL	64

/**
 * struct segment - a TCP segment without payload
 * @from: who seems to send it
 * @to: who gets it
 * @family: AF_INET or AF_INET6
 * @flags: RAYOS_LB_TH_* flags
 * @seq: sequence number, host order
 * @ack: acknowledgement number, host order
 */
struct segment {
	struct rayos_lb_endpoint from;
	struct rayos_lb_endpoint to;
	u8 family;
	u8 flags;
	u32 seq;
	u32 ack;
};

static struct sk_buff *new_skb(unsigned int nhlen, __be16 protocol)
{
	struct sk_buff *skb;

	skb = alloc_skb(LL_MAX_HEADER + nhlen + sizeof(struct tcphdr),
			GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER);
	skb_reset_network_header(skb);
	skb_put_zero(skb, nhlen);
	skb_set_transport_header(skb, nhlen);
	skb_put_zero(skb, sizeof(struct tcphdr));
	skb->protocol = protocol;
	/* connection tracking has not seen what this answers */
	skb_set_nfct(skb, IP_CT_UNTRACKED);
	return skb;
}

static void fill_tcp(struct tcphdr *th, const struct segment *seg)
{
	th->source = seg->from.port;
	th->dest = seg->to.port;
	th->seq = htonl(seg->seq);
	th->ack_seq = htonl(seg->ack);
	th->doff = sizeof(*th) / 4;
	th->rst = !!(seg->flags & RAYOS_LB_TH_RST);
	th->ack = !!(seg->flags & RAYOS_LB_TH_ACK);
}

static void send4(struct net *net, const struct segment *seg)
{
	struct flowi4 fl4 = {
		.daddr = seg->to.addr.ip,
		.saddr = seg->from.addr.ip,
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
	};
	struct sk_buff *skb;
	struct tcphdr *th;
	struct iphdr *iph;
	struct rtable *rt;

	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return;
	skb = new_skb(sizeof(*iph), htons(ETH_P_IP));
	if (!skb) {
		ip_rt_put(rt);
		return;
	}
	skb_dst_set(skb, &rt->dst);

	iph = ip_hdr(skb);
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->frag_off = htons(IP_DF);
	iph->ttl = TTL;
	iph->protocol = IPPROTO_TCP;
	iph->saddr = seg->from.addr.ip;
	iph->daddr = seg->to.addr.ip;

	th = tcp_hdr(skb);
	fill_tcp(th, seg);
	th->check = tcp_v4_check(sizeof(*th), iph->saddr, iph->daddr,
				 csum_partial(th, sizeof(*th), 0));
	ip_local_out(net, NULL, skb);
}

static void send6(struct net *net, const struct segment *seg)
{
	struct flowi6 fl6 = {
		.daddr = seg->to.addr.in6,
		.saddr = seg->from.addr.in6,
	};
	struct dst_entry *dst;
	struct ipv6hdr *ip6h;
	struct sk_buff *skb;
	struct tcphdr *th;

	dst = ip6_route_output(net, NULL, &fl6);
	if (dst->error)
		goto release;
	skb = new_skb(sizeof(*ip6h), htons(ETH_P_IPV6));
	if (!skb)
		goto release;
	skb_dst_set(skb, dst);

	ip6h = ipv6_hdr(skb);
	ip6h->version = 6;
	ip6h->nexthdr = IPPROTO_TCP;
	ip6h->hop_limit = TTL;
	ip6h->saddr = seg->from.addr.in6;
	ip6h->daddr = seg->to.addr.in6;

	th = tcp_hdr(skb);
	fill_tcp(th, seg);
	th->check = tcp_v6_check(sizeof(*th), &ip6h->saddr, &ip6h->daddr,
				 csum_partial(th, sizeof(*th), 0));
	ip6_local_out(net, NULL, skb);
	return;

release:
	dst_release(dst);
}

static void send_segment(struct net *net, const struct segment *seg)
{
	if (seg->family == AF_INET)
		send4(net, seg);
	else
		send6(net, seg);
}

static bool read_sequence(const struct sk_buff *skb,
			  const struct rayos_lb_pkt *pkt, u32 *seq, u32 *ack)
{
	const struct tcphdr *th;
	struct tcphdr buf;

	th = skb_header_pointer(skb, pkt->thoff, sizeof(buf), &buf);
	if (!th)
		return false;
	*seq = ntohl(th->seq);
	*ack = ntohl(th->ack_seq);
	return true;
}

/**
 * rayos_lb_reset_answer() - answer a TCP segment with a reset
 * @net: where it came in
 * @skb: the segment, not changed
 * @pkt: what was read of it
 *
 * The reset is built as in RFC 9293, section 3.5.2, so that a receiver which
 * checks as RFC 5961 asks accepts it.  A reset is never answered.
 *
 * Context: within RCU, bottom halves off.
 */
void rayos_lb_reset_answer(struct net *net, struct sk_buff *skb,
			   const struct rayos_lb_pkt *pkt)
{
	struct segment seg = {
		.from = { pkt->tuple.dst, pkt->tuple.dport },
		.to = { pkt->tuple.src, pkt->tuple.sport },
		.family = pkt->tuple.family,
		.flags = RAYOS_LB_TH_RST,
	};
	u32 seq, ack;

	if (pkt->tcp_flags & RAYOS_LB_TH_RST)
		return;
	/* a port that was damaged on the way may be that of a good connection */
	if (!pkt->local_out && rayos_lb_checksum_bad(skb, pkt))
		return;
	if (!read_sequence(skb, pkt, &seq, &ack))
		return;
	if (pkt->tcp_flags & RAYOS_LB_TH_ACK) {
		seg.seq = ack;
	} else {
		seg.flags |= RAYOS_LB_TH_ACK;
		seg.ack = seq + pkt->payload +
			  !!(pkt->tcp_flags & RAYOS_LB_TH_SYN) +
			  !!(pkt->tcp_flags & RAYOS_LB_TH_FIN);
	}
	send_segment(net, &seg);
}

/**
 * rayos_lb_reset_onward() - reset the receiver of a TCP segment
 * @net: where it came in
 * @skb: the segment, not changed
 * @pkt: what was read of it
 *
 * The receiver takes the reset if it has had all that the sender has sent, else
 * answers the sender (RFC 5961), who has been reset and does it then.
 *
 * Context: within RCU, bottom halves off.
 */
void rayos_lb_reset_onward(struct net *net, struct sk_buff *skb,
			   const struct rayos_lb_pkt *pkt)
{
	struct segment seg = {
		.from = { pkt->tuple.src, pkt->tuple.sport },
		.to = { pkt->tuple.dst, pkt->tuple.dport },
		.family = pkt->tuple.family,
		.flags = RAYOS_LB_TH_RST,
	};
	u32 ack;

	if (pkt->tcp_flags & (RAYOS_LB_TH_RST | RAYOS_LB_TH_SYN))
		return;
	if (!pkt->local_out && rayos_lb_checksum_bad(skb, pkt))
		return;
	if (read_sequence(skb, pkt, &seg.seq, &ack))
		send_segment(net, &seg);
}

/**
 * rayos_lb_unreachable_answer() - answer a UDP datagram with port unreachable
 * @net: where it came in
 * @skb: the datagram, not changed; it has the route back to its sender after
 *	this and is to be dropped
 * @pkt: what was read of it
 *
 * Context: within RCU, bottom halves off.
 */
void rayos_lb_unreachable_answer(struct net *net, struct sk_buff *skb,
				 const struct rayos_lb_pkt *pkt)
{
	struct flowi4 fl4 = { .daddr = pkt->tuple.src.ip };
	struct rtable *rt;

	if (pkt->tuple.family == AF_INET6) {
		icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, 0);
		return;
	}
	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return;
	skb_dst_drop(skb);
	skb_dst_set(skb, &rt->dst);
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
}

/*
 * A segment out of any window makes a peer that still has the connection tell
 * the sequence numbers it expects (RFC 9293, section 3.10.7.4, first check).
 * Its answer comes by here and gets the reset that fits it, so that none of
 * these numbers have to be kept for every flow.
 */
static void poke(struct net *net, const struct rayos_lb_endpoint *from,
		 const union nf_inet_addr *to, __be16 port, u8 family)
{
	struct segment seg = {
		.from = *from,
		.to = { *to, port },
		.family = family,
		.flags = RAYOS_LB_TH_ACK,
		.seq = get_random_u32(),
		.ack = get_random_u32(),
	};

	send_segment(net, &seg);
}

/**
 * rayos_lb_flow_kill() - cut a flow off
 * @flow: any flow
 *
 * It does not count as open any more, and what either side still sends is
 * answered by a reset.  Both sides of a TCP flow are made to send something; a
 * backend that would not send it here is left to what the client sends.
 *
 * Context: within RCU.
 */
void rayos_lb_flow_kill(struct rayos_lb_flow *flow)
{
	const struct rayos_lb_tuple *tuple =
		&flow->node[RAYOS_LB_FORWARD].tuple;
	const struct rayos_lb_tuple *reply = &flow->node[RAYOS_LB_REPLY].tuple;
	const struct rayos_lb_balancer *balancer = flow->backend->balancer;
	const struct rayos_lb_endpoint source = { reply->dst, reply->dport };
	struct net *net = balancer->ln->net;

	if (test_and_set_bit(RAYOS_LB_FLOW_KILLED, &flow->flags))
		return;
	rayos_lb_flow_uncount(flow);
	WRITE_ONCE(flow->state, RAYOS_LB_RESET);
	WRITE_ONCE(flow->last, (u32)jiffies);
	if (tuple->l4 != IPPROTO_TCP)
		return;
	poke(net, &balancer->vip, &tuple->src, tuple->sport, tuple->family);
	if (flow->mode != RAYOS_LB_MODE_DSR)
		poke(net, &source, &reply->src, reply->sport, reply->family);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_kill);
