// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP and UDP headers: what is read of them, and their new ports and checksums.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <kunit/visibility.h>

#include "path.h"

/* A TCP header up to its flags, which is more than all of a UDP header */
#define TCP_READ	14

/**
 * rayos_lb_parse_transport() - read ports, flags and the length of the payload
 * @skb: the packet
 * @pkt: its protocol, @thoff and @len are set
 *
 * Context: Any.
 * Return: false if the header is cut short or makes no sense.
 */
bool rayos_lb_parse_transport(const struct sk_buff *skb,
			      struct rayos_lb_pkt *pkt)
{
	bool tcp = pkt->tuple.l4 == IPPROTO_TCP;
	const u8 *th;
	u8 buf[TCP_READ] __aligned(2);

	th = skb_header_pointer(skb, pkt->thoff,
				tcp ? TCP_READ : sizeof(struct udphdr), buf);
	return th && rayos_lb_read_transport(th, pkt);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_parse_transport);

/**
 * rayos_lb_checksum_bad() - whether a segment of TCP is damaged
 * @skb: the packet, which has come from outside
 * @pkt: what was read of it
 *
 * Context: within RCU, bottom halves off.
 * Return: true if its checksum is wrong.
 */
bool rayos_lb_checksum_bad(struct sk_buff *skb, const struct rayos_lb_pkt *pkt)
{
	if (pkt->tuple.family == AF_INET)
		return nf_ip_checksum(skb, NF_INET_PRE_ROUTING, pkt->thoff,
				      IPPROTO_TCP);
	return nf_ip6_checksum(skb, NF_INET_PRE_ROUTING, pkt->thoff,
			       IPPROTO_TCP);
}

/* What replacing an address adds to a checksum */
static __wsum addr_diff(u8 family, const union nf_inet_addr *old,
			const union nf_inet_addr *new)
{
	__wsum diff = csum_add((__force __wsum)~old->all[0],
			       (__force __wsum)new->all[0]);
	int i;

	if (family == AF_INET)
		return diff;
	for (i = 1; i < 4; i++) {
		diff = csum_add(diff, (__force __wsum)~old->all[i]);
		diff = csum_add(diff, (__force __wsum)new->all[i]);
	}
	return diff;
}

/* A sum that the device completes, or that of all bytes beside it */
static void replace_in_part(struct sk_buff *skb, __sum16 *check,
			    const struct rayos_lb_pkt *pkt,
			    const struct rayos_lb_endpoint *to,
			    const union nf_inet_addr *old, __be16 port)
{
	if (pkt->tuple.family == AF_INET)
		inet_proto_csum_replace4(check, skb, old->ip, to->addr.ip, true);
	else
		inet_proto_csum_replace16(check, skb, old->ip6, to->addr.ip6,
					  true);
	inet_proto_csum_replace2(check, skb, port, to->port, false);
}

static void replace_checksum(struct sk_buff *skb, __sum16 *check,
			     const struct rayos_lb_pkt *pkt,
			     const struct rayos_lb_endpoint *to,
			     const union nf_inet_addr *old, __be16 port)
{
	__wsum diff;

	if (skb->ip_summed == CHECKSUM_PARTIAL ||
	    skb->ip_summed == CHECKSUM_COMPLETE) {
		replace_in_part(skb, check, pkt, to, old, port);
		return;
	}
	diff = csum_add((__force __wsum)~(__force u32)port,
			(__force __wsum)to->port);
	csum_replace_by_diff(check, csum_add(diff, addr_diff(pkt->tuple.family,
							     old, &to->addr)));
}

static void rewrite_udp(struct sk_buff *skb, struct udphdr *uh,
			const struct rayos_lb_pkt *pkt,
			const struct rayos_lb_endpoint *to, bool source,
			const union nf_inet_addr *old)
{
	__be16 *port = source ? &uh->source : &uh->dest;

	/* a packet without a checksum (RFC 768) stays one, and a sum that comes
	 * out as zero must not look like none
	 */
	if (uh->check || skb->ip_summed == CHECKSUM_PARTIAL) {
		replace_checksum(skb, &uh->check, pkt, to, old, *port);
		if (!uh->check)
			uh->check = CSUM_MANGLED_0;
	}
	*port = to->port;
}

/**
 * rayos_lb_rewrite_transport() - give a packet its new port
 * @skb: the packet, writable up to rayos_lb_transport_end()
 * @pkt: what was read of it
 * @to: the new address and port
 * @source: they replace those of the sender
 * @old: the address that is replaced
 *
 * Context: Any.
 */
void rayos_lb_rewrite_transport(struct sk_buff *skb,
				const struct rayos_lb_pkt *pkt,
				const struct rayos_lb_endpoint *to, bool source,
				const union nf_inet_addr *old)
{
	void *header = skb->data + pkt->thoff;
	struct tcphdr *th = header;
	__be16 *port = source ? &th->source : &th->dest;

	if (pkt->tuple.l4 == IPPROTO_UDP) {
		rewrite_udp(skb, header, pkt, to, source, old);
		return;
	}
	replace_checksum(skb, &th->check, pkt, to, old, *port);
	*port = to->port;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_rewrite_transport);
