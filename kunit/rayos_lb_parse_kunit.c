// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet is taken for: headers cut short, forged, chained, in fragments.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "fixture.h"

#define OTHER		RAYOS_LB_PKT_OTHER
#define WHOLE		RAYOS_LB_PKT_WHOLE
#define FRAGMENT	RAYOS_LB_PKT_FRAGMENT
#define ICMP		RAYOS_LB_PKT_ICMP

static struct sk_buff *packet(const u8 *data, u32 len)
{
	struct sk_buff *skb = alloc_skb(len, GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reset_network_header(skb);
	skb_put_data(skb, data, len);
	return skb;
}

static enum rayos_lb_kind parse(const u8 *data, u32 len, struct rayos_lb_pkt *pkt)
{
	struct sk_buff *skb = packet(data, len);
	enum rayos_lb_kind kind;

	memset(pkt, 0, sizeof(*pkt));
	if (!skb)
		return -1;
	kind = data[0] >> 4 == 4 ? rayos_lb_parse4(skb, pkt) :
				   rayos_lb_parse6(skb, pkt);
	kfree_skb(skb);
	return kind;
}

/* A transport header: ports 1024 and 80, and at its 12th byte @doff words */
static void put_transport(u8 *th, u8 doff)
{
	th[0] = 4;
	th[3] = 80;
	th[12] = doff << 4;
	th[13] = RAYOS_LB_TH_SYN;
}

static const struct ipv4_case {
	const char *name;
	u8 protocol;
	u8 ihl;		/* words */
	u16 frag_off;
	u8 doff;	/* words, of TCP; type, of ICMP */
	u8 rest;	/* bytes behind the network header */
	enum rayos_lb_kind kind;
	u32 payload;
} ipv4_cases[] = {
	{ "tcp", IPPROTO_TCP, 5, 0, 5, 20, WHOLE, 0 },
	{ "tcp_with_data", IPPROTO_TCP, 5, 0, 5, 50, WHOLE, 30 },
	{ "tcp_with_options", IPPROTO_TCP, 5, 0, 10, 60, WHOLE, 20 },
	{ "tcp_longest_header", IPPROTO_TCP, 5, 0, 15, 60, WHOLE, 0 },
	{ "tcp_dont_fragment", IPPROTO_TCP, 5, IP_DF, 5, 20, WHOLE, 0 },
	{ "tcp_ip_options", IPPROTO_TCP, 8, 0, 5, 25, WHOLE, 5 },
	{ "tcp_longest_ip_options", IPPROTO_TCP, 15, 0, 5, 20, WHOLE, 0 },
	{ "tcp_without_header", IPPROTO_TCP, 5, 0, 5, 0, OTHER },
	{ "tcp_ports_only", IPPROTO_TCP, 5, 0, 5, 4, OTHER },
	{ "tcp_cut_before_flags", IPPROTO_TCP, 5, 0, 5, 13, OTHER },
	{ "tcp_cut_after_flags", IPPROTO_TCP, 5, 0, 5, 14, OTHER },
	{ "tcp_one_byte_short", IPPROTO_TCP, 5, 0, 5, 19, OTHER },
	{ "tcp_doff_0", IPPROTO_TCP, 5, 0, 0, 40, OTHER },
	{ "tcp_doff_4", IPPROTO_TCP, 5, 0, 4, 40, OTHER },
	{ "tcp_doff_beyond_end", IPPROTO_TCP, 5, 0, 6, 23, OTHER },
	{ "tcp_doff_15_beyond_end", IPPROTO_TCP, 5, 0, 15, 59, OTHER },
	{ "udp", IPPROTO_UDP, 5, 0, 0, 8, WHOLE, 0 },
	{ "udp_with_data", IPPROTO_UDP, 5, 0, 0, 48, WHOLE, 40 },
	{ "udp_ip_options", IPPROTO_UDP, 6, 0, 0, 9, WHOLE, 1 },
	{ "udp_one_byte_short", IPPROTO_UDP, 5, 0, 0, 7, OTHER },
	{ "udp_without_header", IPPROTO_UDP, 5, 0, 0, 0, OTHER },
	{ "first_fragment", IPPROTO_TCP, 5, IP_MF, 5, 40, FRAGMENT },
	{ "middle_fragment", IPPROTO_UDP, 5, IP_MF | 100, 5, 40, FRAGMENT },
	{ "last_fragment", IPPROTO_TCP, 5, 100, 5, 40, FRAGMENT },
	{ "tiny_fragment", IPPROTO_TCP, 5, IP_MF, 5, 8, FRAGMENT },
	{ "overlapping_fragment", IPPROTO_TCP, 5, 1, 5, 8, FRAGMENT },
	{ "icmp_unreachable", IPPROTO_ICMP, 5, 0, ICMP_DEST_UNREACH, 36, ICMP },
	{ "icmp_time_exceeded", IPPROTO_ICMP, 5, 0, ICMP_TIME_EXCEEDED, 36, ICMP },
	{ "icmp_parameter", IPPROTO_ICMP, 5, 0, ICMP_PARAMETERPROB, 36, ICMP },
	{ "icmp_ip_options", IPPROTO_ICMP, 7, 0, ICMP_DEST_UNREACH, 36, ICMP },
	{ "icmp_echo", IPPROTO_ICMP, 5, 0, ICMP_ECHO, 36, OTHER },
	{ "icmp_redirect", IPPROTO_ICMP, 5, 0, ICMP_REDIRECT, 36, OTHER },
	{ "icmp_without_header", IPPROTO_ICMP, 5, 0, 0, 0, OTHER },
	{ "icmp_in_fragments", IPPROTO_ICMP, 5, IP_MF, ICMP_DEST_UNREACH, 36,
	  OTHER },
	{ "sctp", IPPROTO_SCTP, 5, 0, 0, 40, OTHER },
	{ "gre", IPPROTO_GRE, 5, 0, 0, 40, OTHER },
	{ "fragment_of_sctp", IPPROTO_SCTP, 5, IP_MF, 0, 40, OTHER },
};

static void ipv4_name(const struct ipv4_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ipv4, ipv4_cases, ipv4_name);

static void kind_of_ipv4(struct kunit *test)
{
	const struct ipv4_case *c = test->param_value;
	u8 data[160] = {};
	struct iphdr *iph = (void *)data;
	u32 nh = c->ihl * 4;
	struct rayos_lb_pkt pkt;

	iph->version = 4;
	iph->ihl = c->ihl;
	iph->protocol = c->protocol;
	iph->frag_off = htons(c->frag_off);
	iph->saddr = htonl(0xc6120001);
	iph->daddr = htonl(0xc0000201);
	if (c->protocol == IPPROTO_ICMP)
		data[nh] = c->doff;
	else
		put_transport(data + nh, c->doff);

	KUNIT_EXPECT_EQ(test, parse(data, nh + c->rest, &pkt), c->kind);
	if (c->kind == WHOLE || c->kind == FRAGMENT) {
		KUNIT_EXPECT_EQ(test, pkt.tuple.src.ip, iph->saddr);
		KUNIT_EXPECT_EQ(test, pkt.tuple.dst.ip, iph->daddr);
		KUNIT_EXPECT_EQ(test, pkt.tuple.dst.all[3], 0);
		KUNIT_EXPECT_EQ(test, pkt.tuple.family, AF_INET);
	}
	if (c->kind != WHOLE)
		return;
	KUNIT_EXPECT_EQ(test, pkt.tuple.l4, c->protocol);
	KUNIT_EXPECT_EQ(test, ntohs(pkt.tuple.sport), 1024);
	KUNIT_EXPECT_EQ(test, ntohs(pkt.tuple.dport), 80);
	KUNIT_EXPECT_EQ(test, pkt.thoff, nh);
	KUNIT_EXPECT_EQ(test, pkt.len, nh + c->rest);
	KUNIT_EXPECT_EQ(test, pkt.payload, c->payload);
	KUNIT_EXPECT_EQ(test, pkt.tcp_flags,
			c->protocol == IPPROTO_TCP ? RAYOS_LB_TH_SYN : 0);
	KUNIT_EXPECT_FALSE(test, pkt.first_fragment);
}

/*
 * A chain of headers, one byte each: its own number, and what it leads to is
 * put in by the next.  @offset is that of a fragment header among them.
 */
static const struct ipv6_case {
	const char *name;
	u8 chain[5];	/* 0 at its end, hop-by-hop is told as 0xff */
	u16 frag_off;	/* as in the header, host order */
	u8 rest;	/* bytes behind the chain */
	enum rayos_lb_kind kind;
	u32 payload;
	bool first_fragment;
} ipv6_cases[] = {
	{ "tcp", { IPPROTO_TCP }, 0, 20, WHOLE, 0 },
	{ "tcp_with_data", { IPPROTO_TCP }, 0, 33, WHOLE, 13 },
	{ "tcp_one_byte_short", { IPPROTO_TCP }, 0, 19, OTHER },
	{ "tcp_without_header", { IPPROTO_TCP }, 0, 0, OTHER },
	{ "udp", { IPPROTO_UDP }, 0, 18, WHOLE, 10 },
	{ "udp_one_byte_short", { IPPROTO_UDP }, 0, 7, OTHER },
	{ "hop_by_hop", { 0xff, IPPROTO_TCP }, 0, 20, WHOLE, 0 },
	{ "destination_options", { NEXTHDR_DEST, IPPROTO_UDP }, 0, 9, WHOLE, 1 },
	{ "routing", { NEXTHDR_ROUTING, IPPROTO_TCP }, 0, 20, WHOLE, 0 },
	{ "three_headers", { 0xff, NEXTHDR_DEST, NEXTHDR_ROUTING, IPPROTO_TCP },
	  0, 21, WHOLE, 1 },
	{ "cut_in_the_chain", { 0xff, NEXTHDR_DEST }, 0, 0, OTHER },
	{ "tcp_short_behind_options", { 0xff, IPPROTO_TCP }, 0, 19, OTHER },
	{ "atomic_fragment", { NEXTHDR_FRAGMENT, IPPROTO_TCP }, 0, 20, WHOLE, 0,
	  true },
	{ "first_fragment", { NEXTHDR_FRAGMENT, IPPROTO_UDP }, 1, 40, WHOLE, 32,
	  true },
	{ "first_fragment_options",
	  { NEXTHDR_FRAGMENT, NEXTHDR_DEST, IPPROTO_TCP }, 1, 24, WHOLE, 4,
	  true },
	{ "first_fragment_too_short", { NEXTHDR_FRAGMENT, IPPROTO_TCP }, 1, 8,
	  OTHER },
	{ "later_fragment", { NEXTHDR_FRAGMENT, IPPROTO_TCP }, 0x0101, 40,
	  FRAGMENT },
	{ "last_fragment", { NEXTHDR_FRAGMENT, IPPROTO_UDP }, 0x0100, 1,
	  FRAGMENT },
	{ "icmp_unreachable", { IPPROTO_ICMPV6 }, 0, ICMPV6_DEST_UNREACH, ICMP },
	{ "icmp_too_big", { IPPROTO_ICMPV6 }, 0, ICMPV6_PKT_TOOBIG, ICMP },
	{ "icmp_time_exceeded", { IPPROTO_ICMPV6 }, 0, ICMPV6_TIME_EXCEED, ICMP },
	{ "icmp_parameter", { IPPROTO_ICMPV6 }, 0, ICMPV6_PARAMPROB, ICMP },
	{ "icmp_behind_options", { NEXTHDR_DEST, IPPROTO_ICMPV6 }, 0,
	  ICMPV6_PKT_TOOBIG, ICMP },
	{ "icmp_echo", { IPPROTO_ICMPV6 }, 0, ICMPV6_ECHO_REQUEST, OTHER },
	{ "icmp_neighbour", { IPPROTO_ICMPV6 }, 0, 135, OTHER },
	{ "later_fragment_of_icmp", { NEXTHDR_FRAGMENT, IPPROTO_ICMPV6 }, 0x0100,
	  ICMPV6_DEST_UNREACH, OTHER },
	{ "no_next_header", { NEXTHDR_NONE }, 0, 40, OTHER },
	{ "no_next_behind_options", { 0xff, NEXTHDR_NONE }, 0, 40, OTHER },
	{ "sctp", { IPPROTO_SCTP }, 0, 40, OTHER },
	{ "encrypted", { NEXTHDR_ESP }, 0, 40, OTHER },
};

static void ipv6_name(const struct ipv6_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ipv6, ipv6_cases, ipv6_name);

static bool is_extension(u8 header)
{
	return header == 0xff || header == NEXTHDR_DEST ||
	       header == NEXTHDR_ROUTING || header == NEXTHDR_FRAGMENT;
}

/* Returns the offset behind the last extension header */
static u32 put_chain(u8 *data, const struct ipv6_case *c)
{
	u8 *next = data + offsetof(struct ipv6hdr, nexthdr);
	u32 offset = sizeof(struct ipv6hdr);
	const u8 *header;

	for (header = c->chain; *header; header++) {
		*next = *header == 0xff ? NEXTHDR_HOP : *header;
		if (!is_extension(*header))
			break;
		next = data + offset;
		if (*header == NEXTHDR_FRAGMENT) {
			data[offset + 2] = c->frag_off >> 8;
			data[offset + 3] = c->frag_off;
		}
		offset += 8;
	}
	return offset;
}

static void kind_of_ipv6(struct kunit *test)
{
	const struct ipv6_case *c = test->param_value;
	struct rayos_lb_endpoint client = fixture_server(AF_INET6, 77);
	struct rayos_lb_endpoint vip = fixture_vip(AF_INET6, 1);
	u8 data[200] = {};
	struct ipv6hdr *ip6h = (void *)data;
	bool icmp = memchr(c->chain, IPPROTO_ICMPV6, sizeof(c->chain));
	u32 rest = icmp ? 48 : c->rest;
	struct rayos_lb_pkt pkt;
	u32 thoff;

	ip6h->version = 6;
	ip6h->saddr = client.addr.in6;
	ip6h->daddr = vip.addr.in6;
	thoff = put_chain(data, c);
	ip6h->payload_len = htons(thoff + rest - sizeof(*ip6h));
	if (icmp)
		data[thoff] = c->rest;
	else
		put_transport(data + thoff, 5);

	KUNIT_EXPECT_EQ(test, parse(data, thoff + rest, &pkt), c->kind);
	if (c->kind == WHOLE || c->kind == FRAGMENT) {
		KUNIT_EXPECT_TRUE(test, rayos_lb_addr_equal(&pkt.tuple.src,
							    &client.addr));
		KUNIT_EXPECT_TRUE(test, rayos_lb_addr_equal(&pkt.tuple.dst,
							    &vip.addr));
		KUNIT_EXPECT_EQ(test, pkt.tuple.family, AF_INET6);
	}
	if (c->kind != WHOLE)
		return;
	KUNIT_EXPECT_EQ(test, pkt.thoff, thoff);
	KUNIT_EXPECT_EQ(test, ntohs(pkt.tuple.sport), 1024);
	KUNIT_EXPECT_EQ(test, ntohs(pkt.tuple.dport), 80);
	KUNIT_EXPECT_EQ(test, pkt.len, thoff + rest);
	KUNIT_EXPECT_EQ(test, pkt.payload, c->payload);
	KUNIT_EXPECT_EQ(test, pkt.first_fragment, c->first_fragment);
}

/* Anything behind a sound network header: what is told of it lies within it */
static void anything_goes(struct kunit *test)
{
	u32 i, j, len, wrong = 0, kinds = 0;
	struct rayos_lb_pkt pkt;
	enum rayos_lb_kind kind;
	u64 seed = 11;
	u8 data[120];

	for (i = 0; i < 20000; i++) {
		for (j = 0; j < sizeof(data); j++)
			data[j] = next_random(&seed);
		if (i & 1) {
			data[0] = 0x40 | (5 + data[1] % 11);
			data[9] = i & 2 ? IPPROTO_TCP : IPPROTO_UDP;
			if (i & 4)
				memset(data + 6, 0, 2);
			len = (data[0] & 15) * 4;
		} else {
			static const u8 next[] = { 0, 6, 17, 43, 44, 58, 60, 59 };

			data[0] = 0x60;
			data[6] = next[data[6] % sizeof(next)];
			data[40] = next[data[40] % sizeof(next)];
			data[41] %= 3;
			len = 40;
		}
		len += next_random(&seed) % (sizeof(data) - len + 1);
		kind = parse(data, len, &pkt);
		kinds |= BIT(kind);
		if (kind == WHOLE)
			wrong += pkt.len != len ||
				 rayos_lb_transport_end(&pkt) > len ||
				 pkt.thoff + pkt.payload > len;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	/* the lot has all kinds in it, or it would prove nothing */
	KUNIT_EXPECT_EQ(test, kinds, BIT(OTHER) | BIT(WHOLE) | BIT(FRAGMENT) |
				     BIT(ICMP));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(kind_of_ipv4, ipv4_gen_params),
	KUNIT_CASE_PARAM(kind_of_ipv6, ipv6_gen_params),
	KUNIT_CASE(anything_goes),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_parse",
	.test_cases = cases,
};
kunit_test_suite(suite);
