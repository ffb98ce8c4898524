/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of a packet: what the hooks, the two address families and the
 * translation of ICMP share.
 */
#ifndef _RAYOS_LB_PATH_H
#define _RAYOS_LB_PATH_H

#include <linux/ip.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "flow.h"
#include "tuple.h"

/**
 * enum rayos_lb_kind - what a packet is to us
 * @RAYOS_LB_PKT_OTHER: nothing that could be balanced
 * @RAYOS_LB_PKT_WHOLE: of TCP or UDP, with its ports
 * @RAYOS_LB_PKT_FRAGMENT: a fragment that has to be seen together with others
 * @RAYOS_LB_PKT_ICMP: an ICMP error
 */
enum rayos_lb_kind {
	RAYOS_LB_PKT_OTHER,
	RAYOS_LB_PKT_WHOLE,
	RAYOS_LB_PKT_FRAGMENT,
	RAYOS_LB_PKT_ICMP,
};

/**
 * struct rayos_lb_turn - where a packet goes from here
 * @to: its new receiver, or the new sender if @source
 * @source: rewrite the sender
 * @direct: nothing is rewritten, @to is the neighbour that it is handed to
 * @opposite: with full NAT, the tuple of the flow's other direction, which has
 *	the address and port for the other end of the packet; NULL if that stays
 * @route: cached way out.  That to a backend is shared by all clients and
 *	looked up without a mark; that to a client is looked up with the mark of
 *	the packet.
 */
struct rayos_lb_turn {
	const struct rayos_lb_endpoint *to;
	bool source;
	bool direct;
	const struct rayos_lb_tuple *opposite;
	struct rayos_lb_route *route;
};

/**
 * rayos_lb_turn_other() - what the other end of a packet becomes with full NAT
 * @turn: one with an opposite tuple
 *
 * Return: the new receiver where @turn replaces the sender, else the new sender.
 */
static inline struct rayos_lb_endpoint
rayos_lb_turn_other(const struct rayos_lb_turn *turn)
{
	const struct rayos_lb_tuple *t = turn->opposite;

	return turn->source ?
		(struct rayos_lb_endpoint) { .addr = t->src, .port = t->sport } :
		(struct rayos_lb_endpoint) { .addr = t->dst, .port = t->dport };
}

/**
 * rayos_lb_turn_to() - who receives a packet next but for routers
 * @turn: its turn
 * @pkt: what was read of it
 *
 * Return: the address that it will have, or that of the neighbour which has the
 * address as well.
 */
static inline const union nf_inet_addr *
rayos_lb_turn_to(const struct rayos_lb_turn *turn,
		 const struct rayos_lb_pkt *pkt)
{
	if (!turn->source)
		return &turn->to->addr;
	return turn->opposite ? &turn->opposite->src : &pkt->tuple.dst;
}

/* path.c */
int rayos_lb_path_register(struct net *net);
void rayos_lb_path_unregister(struct net *net);
unsigned int rayos_lb_pre_routing(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state);
struct rayos_lb_node *rayos_lb_path_find(struct rayos_lb_net *ln,
					 const struct rayos_lb_pkt *pkt);
struct rayos_lb_turn rayos_lb_path_turn(struct rayos_lb_flow *flow,
					enum rayos_lb_dir dir);
void rayos_lb_path_observe(struct rayos_lb_flow *flow, enum rayos_lb_dir dir,
			   const struct rayos_lb_pkt *pkt);
void rayos_lb_route_set(struct rayos_lb_route *route, struct dst_entry *dst,
			u32 cookie);

/* next.c */
void rayos_lb_send(struct net *net, struct sk_buff *skb);

/* transport.c */
bool rayos_lb_checksum_bad(struct sk_buff *skb, const struct rayos_lb_pkt *pkt);
bool rayos_lb_parse_transport(const struct sk_buff *skb,
			      struct rayos_lb_pkt *pkt);
void rayos_lb_rewrite_transport(struct sk_buff *skb,
				const struct rayos_lb_pkt *pkt,
				const struct rayos_lb_endpoint *to, bool source,
				const union nf_inet_addr *old);

/* rewrite4.c, rewrite6.c */
enum rayos_lb_kind rayos_lb_parse4(const struct sk_buff *skb,
				   struct rayos_lb_pkt *pkt);
enum rayos_lb_kind rayos_lb_parse6(const struct sk_buff *skb,
				   struct rayos_lb_pkt *pkt);
bool rayos_lb_rewrite4(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
		       const struct rayos_lb_turn *turn);
bool rayos_lb_rewrite6(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
		       const struct rayos_lb_turn *turn);
struct dst_entry *rayos_lb_route4(struct net *net, const struct sk_buff *skb,
				  const struct rayos_lb_turn *turn);
struct dst_entry *rayos_lb_route6(struct net *net, const struct sk_buff *skb,
				  const struct rayos_lb_turn *turn);
bool rayos_lb_change4(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
		      const struct rayos_lb_turn *turn);
bool rayos_lb_change6(struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
		      const struct rayos_lb_turn *turn);
unsigned int rayos_lb_output4(struct rayos_lb_net *ln, struct sk_buff *skb,
			      const struct rayos_lb_pkt *pkt,
			      const struct rayos_lb_turn *turn,
			      const struct nf_hook_state *state);
unsigned int rayos_lb_output6(struct rayos_lb_net *ln, struct sk_buff *skb,
			      const struct rayos_lb_pkt *pkt,
			      const struct rayos_lb_turn *turn,
			      const struct nf_hook_state *state);

u32 rayos_lb_mtu6(struct dst_entry *dst);

bool rayos_lb_neighbour4(struct net *net, const struct rayos_lb_endpoint *to);
bool rayos_lb_neighbour6(struct net *net, const struct rayos_lb_endpoint *to);

/* icmp.c */
unsigned int rayos_lb_icmp4(struct rayos_lb_net *ln, struct sk_buff *skb,
			    bool local_out, const struct nf_hook_state *state);
unsigned int rayos_lb_icmp6(struct rayos_lb_net *ln, struct sk_buff *skb,
			    bool local_out, const struct nf_hook_state *state);

/* frag6.c */
struct rayos_lb_frag6_table *rayos_lb_frag6_table_new(void);
void rayos_lb_frag6_table_free(struct rayos_lb_frag6_table *table);
void rayos_lb_frag6_add(struct rayos_lb_frag6_table *table,
			const struct sk_buff *skb,
			const struct rayos_lb_turn *turn);
unsigned int rayos_lb_frag6_follow(struct rayos_lb_net *ln,
				   struct sk_buff *skb,
				   const struct nf_hook_state *state);

/**
 * rayos_lb_route_get() - the cached way out, if it is still good
 * @route: of a backend or of a flow
 *
 * Context: within RCU, which protects what is returned.
 * Return: the route or NULL.
 */
static inline struct dst_entry *
rayos_lb_route_get(struct rayos_lb_route *route)
{
	struct dst_entry *dst = rcu_dereference(route->dst);

	return dst ? dst_check(dst, READ_ONCE(route->cookie)) : NULL;
}

/**
 * rayos_lb_read_transport() - read ports, flags and the length of the payload
 * @th: the transport header, of TCP at least 14 bytes and of UDP all of it
 * @pkt: its protocol, @thoff and @len are set
 *
 * Return: false if the header makes no sense.
 */
static __always_inline bool rayos_lb_read_transport(const u8 *th,
						    struct rayos_lb_pkt *pkt)
{
	const __be16 *ports = (const __be16 *)th;
	u32 hlen = sizeof(struct udphdr);

	pkt->tuple.sport = ports[0];
	pkt->tuple.dport = ports[1];
	pkt->tcp_flags = 0;
	if (pkt->tuple.l4 == IPPROTO_TCP) {
		hlen = (th[12] >> 4) * 4;
		pkt->tcp_flags = th[13];
		if (hlen < sizeof(struct tcphdr))
			return false;
	}
	if (pkt->len < pkt->thoff + hlen)
		return false;
	pkt->payload = pkt->len - pkt->thoff - hlen;
	return true;
}

/**
 * rayos_lb_read4() - read the IPv4 header of a packet
 * @iph: of TCP or UDP
 * @pkt: told protocol and addresses
 */
static __always_inline void rayos_lb_read4(const struct iphdr *iph,
					   struct rayos_lb_pkt *pkt)
{
	pkt->tuple.l4 = iph->protocol;
	pkt->tuple.family = AF_INET;
	rayos_lb_addr_set4(&pkt->tuple.src, iph->saddr);
	rayos_lb_addr_set4(&pkt->tuple.dst, iph->daddr);
}

/**
 * rayos_lb_transport_end() - how much of a packet must be writable
 * @pkt: the packet
 *
 * Return: offset of the end of the transport header without options.
 */
static inline u32 rayos_lb_transport_end(const struct rayos_lb_pkt *pkt)
{
	return pkt->thoff + (pkt->tuple.l4 == IPPROTO_TCP ?
			     sizeof(struct tcphdr) : sizeof(struct udphdr));
}

/**
 * rayos_lb_writable() - make the beginning of a packet writable
 * @skb: the packet
 * @len: so much of it
 *
 * As skb_ensure_writable(), with what most packets need inline.
 *
 * Return: false for want of memory, or if the packet is shorter.
 */
static inline bool rayos_lb_writable(struct sk_buff *skb, u32 len)
{
	return likely(len <= skb_headlen(skb) && !skb_cloned(skb)) ||
	       !skb_ensure_writable(skb, len);
}

#endif
