/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses, and what is read of a packet.
 */
#ifndef _RAYOS_LB_TUPLE_H
#define _RAYOS_LB_TUPLE_H

#include <linux/netfilter.h>
#include <linux/socket.h>
#include <linux/types.h>
#include <net/ipv6.h>

struct net_device;

/**
 * struct rayos_lb_endpoint - an address with its port
 * @addr: zero beyond the IPv4 address where it is one
 * @port: the port
 */
struct rayos_lb_endpoint {
	union nf_inet_addr addr;
	__be16 port;
};

/**
 * struct rayos_lb_tuple - what tells the packets of one direction of a flow
 * @src: sender
 * @dst: receiver
 * @sport: port of the sender
 * @dport: port of the receiver
 * @l4: IPPROTO_TCP or IPPROTO_UDP
 * @family: AF_INET or AF_INET6
 */
struct rayos_lb_tuple {
	union nf_inet_addr src;
	union nf_inet_addr dst;
	__be16 sport;
	__be16 dport;
	u8 l4;
	u8 family;
};

/**
 * struct rayos_lb_pkt - a packet of a protocol that is balanced
 * @tuple: its addresses and ports
 * @thoff: offset of the transport header from skb->data
 * @len: bytes of the packet, network header included
 * @payload: bytes behind the transport header
 * @dev: where it came from, NULL if @local_out
 * @tcp_flags: byte 13 of the TCP header, 0 for UDP
 * @local_out: it was sent from this host and has just been routed
 * @first_fragment: more fragments of it follow (IPv6)
 */
struct rayos_lb_pkt {
	struct rayos_lb_tuple tuple;
	u32 thoff;
	u32 len;
	u32 payload;
	const struct net_device *dev;
	u8 tcp_flags;
	bool local_out;
	bool first_fragment;
};

/**
 * rayos_lb_pkt_init() - begin to read a packet
 * @pkt: what parsing fills in; nothing is zeroed that it sets before anybody
 *	looks
 * @dev: where it came from, NULL if @local_out
 * @local_out: it was sent from this host and has just been routed
 */
static inline void rayos_lb_pkt_init(struct rayos_lb_pkt *pkt,
				     const struct net_device *dev,
				     bool local_out)
{
	pkt->dev = dev;
	pkt->local_out = local_out;
	pkt->first_fragment = false;
}

static inline bool rayos_lb_addr_equal(const union nf_inet_addr *a,
				       const union nf_inet_addr *b)
{
	return ipv6_addr_equal(&a->in6, &b->in6);
}

static inline void rayos_lb_addr_set4(union nf_inet_addr *addr, __be32 ip)
{
	addr->all[0] = (__force u32)ip;
	addr->all[1] = 0;
	addr->all[2] = 0;
	addr->all[3] = 0;
}

#endif
