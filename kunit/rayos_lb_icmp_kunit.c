// SPDX-License-Identifier: GPL-2.0-only
/*
 * ICMP errors about flows: each side sees the packet that it knows.
 *
 * The errors come with a time to live of one.  Translated they go no further,
 * wherever this machine has a route to, and can be looked at.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "fixture.h"

#define CLIENT	1
#define PORT	1024
#define MTU	1400

/**
 * struct error - an ICMP error, and the packet it is about
 * @from: who sends the error
 * @to: who gets it
 * @src: sender of the packet
 * @dst: its receiver
 */
struct error {
	struct rayos_lb_endpoint from;
	struct rayos_lb_endpoint to;
	struct rayos_lb_endpoint src;
	struct rayos_lb_endpoint dst;
};

static const struct icmp_case {
	const char *name;
	u8 family;
	u8 l4;
	bool for_backend;	/* about an answer, not about a request */
	bool from_peer;		/* from the other end, not from a router */
} icmp_cases[] = {
	{ "router_about_request_tcp", AF_INET, IPPROTO_TCP },
	{ "router_about_request_udp", AF_INET, IPPROTO_UDP },
	{ "backend_about_request_tcp", AF_INET, IPPROTO_TCP, false, true },
	{ "backend_about_request_udp", AF_INET, IPPROTO_UDP, false, true },
	{ "router_about_answer_tcp", AF_INET, IPPROTO_TCP, true },
	{ "router_about_answer_udp", AF_INET, IPPROTO_UDP, true },
	{ "client_about_answer_udp", AF_INET, IPPROTO_UDP, true, true },
	{ "router_about_request_tcp6", AF_INET6, IPPROTO_TCP },
	{ "router_about_request_udp6", AF_INET6, IPPROTO_UDP },
	{ "backend_about_request_udp6", AF_INET6, IPPROTO_UDP, false, true },
	{ "router_about_answer_tcp6", AF_INET6, IPPROTO_TCP, true },
	{ "client_about_answer_udp6", AF_INET6, IPPROTO_UDP, true, true },
};

static void icmp_name(const struct icmp_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(icmp, icmp_cases, icmp_name);

static u32 network_len(u8 family)
{
	return family == AF_INET ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

static void put_network(u8 *data, u8 family, u8 protocol, u8 ttl, u32 len,
			const struct rayos_lb_endpoint *src,
			const struct rayos_lb_endpoint *dst)
{
	struct ipv6hdr *ip6h = (void *)data;
	struct iphdr *iph = (void *)data;

	if (family == AF_INET) {
		iph->version = 4;
		iph->ihl = 5;
		iph->ttl = ttl;
		iph->protocol = protocol;
		iph->tot_len = htons(len);
		iph->saddr = src->addr.ip;
		iph->daddr = dst->addr.ip;
		iph->check = ip_fast_csum(iph, iph->ihl);
		return;
	}
	ip6h->version = 6;
	ip6h->hop_limit = ttl;
	ip6h->nexthdr = protocol;
	ip6h->payload_len = htons(len - sizeof(*ip6h));
	ip6h->saddr = src->addr.in6;
	ip6h->daddr = dst->addr.in6;
}

static __sum16 icmp_sum(const u8 *data, u32 len, u8 family)
{
	const struct ipv6hdr *ip6h = (const void *)data;
	u32 nh = network_len(family);
	__wsum sum = csum_partial(data + nh, len - nh, 0);

	return family == AF_INET ? csum_fold(sum) :
		csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len - nh,
				IPPROTO_ICMPV6, sum);
}

/* @quoted: bytes of the quoted packet behind its network header */
static struct sk_buff *build(const struct error *e, u8 family, u8 l4, u32 quoted)
{
	u32 nh = network_len(family), len = 2 * nh + 8 + quoted;
	struct sk_buff *skb = alloc_skb(len, GFP_KERNEL);
	u8 *data, *icmp, *ports;

	if (!skb)
		return NULL;
	skb_reset_network_header(skb);
	data = skb_put_zero(skb, len);
	skb->protocol = htons(family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	icmp = data + nh;
	put_network(data, family,
		    family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6, 1, len,
		    &e->from, &e->to);
	put_network(icmp + 8, family, l4, 60, 1500, &e->src, &e->dst);
	ports = icmp + 8 + nh;
	if (quoted >= 2)
		memcpy(ports, &e->src.port, 2);
	if (quoted >= 4)
		memcpy(ports + 2, &e->dst.port, 2);
	icmp[0] = family == AF_INET ? ICMP_DEST_UNREACH : ICMPV6_PKT_TOOBIG;
	icmp[1] = family == AF_INET ? ICMP_FRAG_NEEDED : 0;
	*(__be16 *)(icmp + 6) = htons(MTU);
	*(__sum16 *)(icmp + 2) = icmp_sum(data, len, family);
	return skb;
}

static unsigned int translate(struct rayos_lb_net *ln, struct sk_buff *skb)
{
	const struct nf_hook_state state = { .net = ln->net };
	unsigned int verdict;

	rcu_read_lock();
	local_bh_disable();
	verdict = skb->protocol == htons(ETH_P_IP) ?
		rayos_lb_icmp4(ln, skb, false, &state) :
		rayos_lb_icmp6(ln, skb, false, &state);
	local_bh_enable();
	rcu_read_unlock();
	return verdict;
}

static bool shows(const u8 *data, u8 family, const struct rayos_lb_endpoint *src,
		  const struct rayos_lb_endpoint *dst)
{
	const struct ipv6hdr *ip6h = (const void *)data;
	const struct iphdr *iph = (const void *)data;

	if (family == AF_INET)
		return iph->saddr == src->addr.ip && iph->daddr == dst->addr.ip &&
		       !ip_fast_csum(iph, iph->ihl);
	return ipv6_addr_equal(&ip6h->saddr, &src->addr.in6) &&
	       ipv6_addr_equal(&ip6h->daddr, &dst->addr.in6);
}

static void expect(struct kunit *test, const struct sk_buff *skb, u8 family,
		   const struct error *e)
{
	const u8 *quote = skb->data + network_len(family) + 8;
	const __be16 *ports = (const void *)(quote + network_len(family));

	KUNIT_EXPECT_TRUE(test, shows(skb->data, family, &e->from, &e->to));
	KUNIT_EXPECT_TRUE(test, shows(quote, family, &e->src, &e->dst));
	KUNIT_EXPECT_EQ(test, ports[0], e->src.port);
	KUNIT_EXPECT_EQ(test, ports[1], e->dst.port);
	KUNIT_EXPECT_EQ(test, icmp_sum(skb->data, skb->len, family), 0);
	/* what path MTU discovery is about came through */
	KUNIT_EXPECT_EQ(test, *(const __be16 *)(quote - 2), htons(MTU));
}

static struct rayos_lb_flow *begin(struct kunit *test, u8 family, u8 l4)
{
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_flow *flow;

	balancer = fixture_balancer(test, 1, family, l4, 0);
	fixture_backend(test, balancer, 1, 1);
	flow = fixture_connect(balancer, CLIENT, PORT);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	return flow;
}

static void each_side_sees_its_own(struct kunit *test)
{
	const struct icmp_case *c = test->param_value;
	struct rayos_lb_flow *flow = begin(test, c->family, c->l4);
	const struct rayos_lb_tuple *tuple = &flow->node[RAYOS_LB_FORWARD].tuple;
	struct rayos_lb_endpoint client = { tuple->src, tuple->sport };
	struct rayos_lb_endpoint vip = fixture_vip(c->family, 1);
	struct rayos_lb_endpoint server = fixture_server(c->family, 1);
	struct rayos_lb_endpoint router = fixture_server(c->family, 200);
	struct error sent, seen;
	struct sk_buff *skb;

	if (c->for_backend) {
		sent = (struct error) { c->from_peer ? client : router, vip,
					vip, client };
		seen = (struct error) { sent.from, server, server, client };
	} else {
		sent = (struct error) { c->from_peer ? server : router, client,
					client, server };
		seen = (struct error) { c->from_peer ? vip : router, client,
					client, vip };
	}
	skb = build(&sent, c->family, c->l4, 8);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, translate(flow->backend->balancer->ln, skb),
			NF_DROP);
	expect(test, skb, c->family, &seen);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, fixture_counter(flow->backend,
					      RAYOS_LB_C_UNREACHABLE),
			!c->for_backend);
}

/* With full NAT the backend knows a source of ours only, and gets errors from
 * there whoever they come from
 */
static void full_nat_shows_each_its_own(struct kunit *test)
{
	const struct icmp_case *c = test->param_value;
	struct rayos_lb_balancer *balancer =
		fixture_balancer(test, 1, c->family, c->l4, 0);
	struct rayos_lb_endpoint vip = fixture_vip(c->family, 1);
	struct rayos_lb_endpoint server = fixture_server(c->family, 1);
	struct rayos_lb_endpoint router = fixture_server(c->family, 200);
	struct rayos_lb_endpoint client, ours;
	struct rayos_lb_flow *flow;
	struct error sent, seen;
	struct sk_buff *skb;

	balancer->mode = RAYOS_LB_MODE_FULL_NAT;
	balancer->source = fixture_server(c->family, 250).addr;
	fixture_backend(test, balancer, 1, 1);
	flow = fixture_connect(balancer, CLIENT, PORT);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	client.addr = flow->node[RAYOS_LB_FORWARD].tuple.src;
	client.port = flow->node[RAYOS_LB_FORWARD].tuple.sport;
	ours.addr = balancer->source;
	ours.port = flow->node[RAYOS_LB_REPLY].tuple.dport;

	if (c->for_backend) {
		sent = (struct error) { c->from_peer ? client : router, vip,
					vip, client };
		seen = (struct error) { ours, server, server, ours };
	} else {
		sent = (struct error) { c->from_peer ? server : router, ours,
					ours, server };
		seen = (struct error) { c->from_peer ? vip : router, client,
					client, vip };
	}
	skb = build(&sent, c->family, c->l4, 8);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, translate(balancer->ln, skb), NF_DROP);
	expect(test, skb, c->family, &seen);
	kfree_skb(skb);
}

/* What is not about a flow of ours, or does not tell, is left as it is */
static const struct strange_case {
	const char *name;
	u8 family;
	u8 l4;
	u8 quoted;
	s8 port;	/* added to the client's */
	bool fragment;
} strange_cases[] = {
	{ "unknown_port", AF_INET, IPPROTO_TCP, 8, 1 },
	{ "unknown_port_6", AF_INET6, IPPROTO_TCP, 8, 1 },
	{ "other_protocol", AF_INET, IPPROTO_UDP, 8 },
	{ "no_ports_at_all", AF_INET, IPPROTO_SCTP, 8 },
	{ "quote_without_ports", AF_INET, IPPROTO_TCP, 0 },
	{ "quote_with_one_port", AF_INET, IPPROTO_TCP, 2 },
	{ "quote_cut_in_port", AF_INET, IPPROTO_TCP, 3 },
	{ "quote_without_ports_6", AF_INET6, IPPROTO_TCP, 0 },
	{ "quote_cut_in_port_6", AF_INET6, IPPROTO_TCP, 3 },
	{ "about_later_fragment", AF_INET, IPPROTO_TCP, 8, 0, true },
};

static void strange_name(const struct strange_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(strange, strange_cases, strange_name);

static void strangers_pass_unchanged(struct kunit *test)
{
	const struct strange_case *c = test->param_value;
	struct rayos_lb_flow *flow = begin(test, c->family, IPPROTO_TCP);
	const struct rayos_lb_tuple *tuple = &flow->node[RAYOS_LB_FORWARD].tuple;
	struct rayos_lb_endpoint client = { tuple->src, tuple->sport };
	struct error e = {
		.from = fixture_server(c->family, 200), .to = client,
		.src = client, .dst = fixture_server(c->family, 1),
	};
	struct sk_buff *skb;
	struct iphdr *quote;
	u8 before[128];

	e.src.port = htons(PORT + c->port);
	skb = build(&e, c->family, c->l4, c->quoted);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	quote = (void *)skb->data + 28;
	if (c->fragment)
		quote->frag_off = htons(100);
	memcpy(before, skb->data, skb->len);
	KUNIT_EXPECT_EQ(test, translate(flow->backend->balancer->ln, skb),
			NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, memcmp(before, skb->data, skb->len), 0);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, fixture_counter(flow->backend,
					      RAYOS_LB_C_UNREACHABLE), 0);
}

/* The quote is the sender's to make up: no length of it is read beyond */
static void quotes_of_random_bytes(struct kunit *test)
{
	struct rayos_lb_flow *flow = begin(test, AF_INET, IPPROTO_TCP);
	struct rayos_lb_net *ln = flow->backend->balancer->ln;
	struct error e = {
		.from = fixture_server(AF_INET, 200),
		.to = fixture_server(AF_INET, 201),
	};
	u32 i, j, accepted = 0;
	struct sk_buff *skb;
	u64 seed = 21;

	for (i = 0; i < 3000; i++) {
		skb = build(&e, AF_INET, IPPROTO_TCP, next_random(&seed) % 40);
		if (!skb)
			continue;
		for (j = 29; j < skb->len; j++)
			skb->data[j] = next_random(&seed);
		skb->data[28] = 0x40 | (next_random(&seed) & 15);
		accepted += translate(ln, skb) == NF_ACCEPT;
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, accepted, 3000);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(each_side_sees_its_own, icmp_gen_params),
	KUNIT_CASE_PARAM(full_nat_shows_each_its_own, icmp_gen_params),
	KUNIT_CASE_PARAM(strangers_pass_unchanged, strange_gen_params),
	KUNIT_CASE(quotes_of_random_bytes),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_icmp",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
