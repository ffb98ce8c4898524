// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real packets: what is read of them, and that their new addresses leave every
 * checksum as if it had been computed from nothing.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

#include "fixture.h"

#define HEADROOM	64

/**
 * struct shape - what a packet looks like
 * @family: AF_INET or AF_INET6
 * @l4: IPPROTO_TCP or IPPROTO_UDP
 * @options: bytes of IPv4 options
 * @payload: bytes behind the transport header
 * @paged: all behind the network header lies in a page of its own
 */
struct shape {
	u8 family;
	u8 l4;
	u32 options;
	u32 payload;
	bool paged;
};

static u32 network_len(const struct shape *s)
{
	return s->family == AF_INET ? sizeof(struct iphdr) + s->options :
				      sizeof(struct ipv6hdr);
}

static u32 transport_len(const struct shape *s)
{
	return s->l4 == IPPROTO_TCP ? sizeof(struct tcphdr) :
				      sizeof(struct udphdr);
}

static u32 total_len(const struct shape *s)
{
	return network_len(s) + transport_len(s) + s->payload;
}

static __sum16 *check_of(u8 *th, u8 l4)
{
	return l4 == IPPROTO_TCP ? &((struct tcphdr *)th)->check :
				   &((struct udphdr *)th)->check;
}

/* Of a linear packet, with its pseudo header; @sum is that of its own bytes */
static __sum16 transport_sum(const u8 *data, const struct shape *s, __wsum sum)
{
	u32 len = transport_len(s) + s->payload;
	const struct ipv6hdr *ip6h = (const void *)data;
	const struct iphdr *iph = (const void *)data;

	if (s->family == AF_INET)
		return csum_tcpudp_magic(iph->saddr, iph->daddr, len, s->l4, sum);
	return csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len, s->l4, sum);
}

static void fill_network(u8 *data, const struct shape *s)
{
	struct rayos_lb_endpoint client = fixture_server(s->family, 77);
	struct rayos_lb_endpoint vip = fixture_vip(s->family, 1);
	struct ipv6hdr *ip6h = (void *)data;
	struct iphdr *iph = (void *)data;

	if (s->family == AF_INET) {
		memset(data + sizeof(*iph), 1 /* no operation */, s->options);
		iph->version = 4;
		iph->ihl = network_len(s) / 4;
		iph->ttl = 64;
		iph->protocol = s->l4;
		iph->tot_len = htons(total_len(s));
		iph->saddr = client.addr.ip;
		iph->daddr = vip.addr.ip;
		iph->check = 0;
		iph->check = ip_fast_csum(iph, iph->ihl);
		return;
	}
	ip6h->version = 6;
	ip6h->hop_limit = 64;
	ip6h->nexthdr = s->l4;
	ip6h->payload_len = htons(total_len(s) - sizeof(*ip6h));
	ip6h->saddr = client.addr.in6;
	ip6h->daddr = vip.addr.in6;
}

static void fill_transport(u8 *data, const struct shape *s, u64 *seed)
{
	u32 i, len = transport_len(s) + s->payload;
	u8 *th = data + network_len(s);
	struct tcphdr *tcp = (void *)th;
	struct udphdr *udp = (void *)th;
	__sum16 *check = check_of(th, s->l4);

	for (i = 0; i < len; i++)
		th[i] = next_random(seed);
	if (s->l4 == IPPROTO_TCP)
		tcp->doff = 5;
	else
		udp->len = htons(len);
	*check = 0;
	*check = transport_sum(data, s, csum_partial(th, len, 0));
	if (s->l4 == IPPROTO_UDP && !*check)
		*check = CSUM_MANGLED_0;
}

static struct sk_buff *build(const struct shape *s, u64 *seed)
{
	u32 total = total_len(s);
	u32 linear = s->paged ? network_len(s) : total;
	struct sk_buff *skb;
	struct page *page;
	u8 *data;

	skb = alloc_skb(HEADROOM + linear, GFP_KERNEL);
	data = kzalloc(total, GFP_KERNEL);
	page = s->paged ? alloc_page(GFP_KERNEL) : NULL;
	if (!skb || !data || (s->paged && !page)) {
		kfree_skb(skb);
		kfree(data);
		if (page)
			put_page(page);
		return NULL;
	}
	fill_network(data, s);
	fill_transport(data, s, seed);

	skb_reserve(skb, HEADROOM);
	skb_reset_network_header(skb);
	skb_put_data(skb, data, linear);
	if (page) {
		memcpy(page_address(page), data + linear, total - linear);
		skb_add_rx_frag(skb, 0, page, 0, total - linear, PAGE_SIZE);
	}
	kfree(data);
	skb->protocol = htons(s->family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	return skb;
}

static enum rayos_lb_kind parse(const struct sk_buff *skb, u8 family,
				struct rayos_lb_pkt *pkt)
{
	memset(pkt, 0, sizeof(*pkt));
	return family == AF_INET ? rayos_lb_parse4(skb, pkt) :
				   rayos_lb_parse6(skb, pkt);
}

static bool rewrite(struct sk_buff *skb, u8 family,
		    const struct rayos_lb_endpoint *to, bool source)
{
	struct rayos_lb_turn turn = { .to = to, .source = source };
	struct rayos_lb_pkt pkt;

	if (parse(skb, family, &pkt) != RAYOS_LB_PKT_WHOLE)
		return false;
	return family == AF_INET ? rayos_lb_rewrite4(skb, &pkt, &turn) :
				   rayos_lb_rewrite6(skb, &pkt, &turn);
}

/* Both checksums computed from nothing */
static bool sums_hold(struct sk_buff *skb, const struct shape *s)
{
	u32 nh = network_len(s);

	if (skb_linearize(skb))
		return false;
	if (s->family == AF_INET && ip_fast_csum(skb->data, nh / 4))
		return false;
	return !transport_sum(skb->data, s,
			      csum_partial(skb->data + nh, skb->len - nh, 0));
}

/* As a driver leaves it: nothing said, a sum of all bytes, or work for later */
static void set_summed(struct sk_buff *skb, const struct shape *s, u8 summed)
{
	u8 *th = skb->data + network_len(s);

	skb->ip_summed = summed;
	if (summed == CHECKSUM_COMPLETE)
		skb->csum = skb_checksum(skb, 0, skb->len, 0);
	if (summed != CHECKSUM_PARTIAL)
		return;
	skb->csum_start = skb_headroom(skb) + network_len(s);
	skb->csum_offset = (u8 *)check_of(th, s->l4) - th;
	*check_of(th, s->l4) = ~transport_sum(skb->data, s, 0);
}

static bool summed_holds(struct sk_buff *skb, u8 summed)
{
	switch (summed) {
	case CHECKSUM_COMPLETE:
		return csum_fold(skb->csum) ==
		       csum_fold(skb_checksum(skb, 0, skb->len, 0));
	case CHECKSUM_PARTIAL:
		return !skb_checksum_help(skb);
	default:
		return true;
	}
}

#define DIRECTIONS(family, l4, summed)					\
	{ family, l4, summed, false }, { family, l4, summed, true }
#define SUMMED(family, l4)						\
	DIRECTIONS(family, l4, CHECKSUM_NONE),				\
	DIRECTIONS(family, l4, CHECKSUM_COMPLETE),			\
	DIRECTIONS(family, l4, CHECKSUM_PARTIAL)

static const struct sum_case {
	u8 family;
	u8 l4;
	u8 summed;
	bool source;
} sum_cases[] = {
	SUMMED(AF_INET, IPPROTO_TCP), SUMMED(AF_INET, IPPROTO_UDP),
	SUMMED(AF_INET6, IPPROTO_TCP), SUMMED(AF_INET6, IPPROTO_UDP),
};

static void sum_name(const struct sum_case *c, char *desc)
{
	static const char * const summed[] = {
		[CHECKSUM_NONE] = "none", [CHECKSUM_COMPLETE] = "complete",
		[CHECKSUM_PARTIAL] = "partial",
	};

	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_over_%s_%s_%s",
		 c->l4 == IPPROTO_TCP ? "tcp" : "udp",
		 c->family == AF_INET ? "ipv4" : "ipv6", summed[c->summed],
		 c->source ? "source" : "destination");
}

KUNIT_ARRAY_PARAM(sum, sum_cases, sum_name);

static void random_endpoint(struct rayos_lb_endpoint *e, u8 family, u64 *seed)
{
	u32 i;

	memset(e, 0, sizeof(*e));
	for (i = 0; i < (family == AF_INET ? 1 : 4); i++)
		e->addr.all[i] = next_random(seed);
	e->port = htons(next_random(seed));
}

static bool has_endpoint(struct sk_buff *skb, const struct sum_case *c,
			 const struct rayos_lb_endpoint *e)
{
	struct rayos_lb_pkt pkt;

	parse(skb, c->family, &pkt);
	return rayos_lb_addr_equal(c->source ? &pkt.tuple.src : &pkt.tuple.dst,
				   &e->addr) &&
	       (c->source ? pkt.tuple.sport : pkt.tuple.dport) == e->port;
}

static void sums_as_if_computed_anew(struct kunit *test)
{
	const struct sum_case *c = test->param_value;
	u32 i, unbuilt = 0, wrong = 0, wrong_address = 0;
	u64 seed = c->family + c->l4 + c->summed;
	struct rayos_lb_endpoint to;
	struct sk_buff *skb;

	for (i = 0; i < 300; i++) {
		struct shape s = {
			.family = c->family,
			.l4 = c->l4,
			.options = c->family == AF_INET ? i % 11 * 4 : 0,
			.payload = next_random(&seed) % 300,
			.paged = i % 3 == 2 && c->summed != CHECKSUM_PARTIAL,
		};

		skb = build(&s, &seed);
		if (!skb) {
			unbuilt++;
			continue;
		}
		set_summed(skb, &s, c->summed);
		random_endpoint(&to, c->family, &seed);
		wrong += !rewrite(skb, c->family, &to, c->source);
		wrong_address += !has_endpoint(skb, c, &to);
		wrong += !summed_holds(skb, c->summed);
		wrong += !sums_hold(skb, &s);
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, unbuilt, 0);
	KUNIT_EXPECT_EQ(test, wrong_address, 0);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* Full NAT: both ends at once, to what the opposite direction has */
static void both_ends_at_once(struct kunit *test)
{
	const struct sum_case *c = test->param_value;
	struct sum_case ends[2] = { *c, *c };
	u32 i, unbuilt = 0, wrong = 0;
	u64 seed = c->family * 3 + c->l4 + c->summed;
	struct rayos_lb_endpoint to, other;
	struct rayos_lb_tuple opposite = {};
	struct rayos_lb_turn turn = {
		.to = &to, .source = c->source, .opposite = &opposite,
	};
	struct rayos_lb_pkt pkt;
	struct sk_buff *skb;

	ends[1].source = !c->source;
	for (i = 0; i < 300; i++) {
		struct shape s = {
			.family = c->family,
			.l4 = c->l4,
			.payload = next_random(&seed) % 300,
			.paged = i % 3 == 2 && c->summed != CHECKSUM_PARTIAL,
		};

		skb = build(&s, &seed);
		if (!skb) {
			unbuilt++;
			continue;
		}
		set_summed(skb, &s, c->summed);
		random_endpoint(&to, c->family, &seed);
		random_endpoint(&other, c->family, &seed);
		/* what will be the receiver sends in the other direction */
		if (c->source) {
			opposite.src = other.addr;
			opposite.sport = other.port;
		} else {
			opposite.dst = other.addr;
			opposite.dport = other.port;
		}
		wrong += parse(skb, c->family, &pkt) != RAYOS_LB_PKT_WHOLE;
		wrong += !(c->family == AF_INET ?
			   rayos_lb_rewrite4(skb, &pkt, &turn) :
			   rayos_lb_rewrite6(skb, &pkt, &turn));
		wrong += !has_endpoint(skb, &ends[0], &to);
		wrong += !has_endpoint(skb, &ends[1], &other);
		wrong += !summed_holds(skb, c->summed);
		wrong += !sums_hold(skb, &s);
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, unbuilt, 0);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static const struct shape clone_cases[] = {
	{ AF_INET, IPPROTO_TCP, 0, 100 }, { AF_INET, IPPROTO_UDP, 8, 100 },
	{ AF_INET6, IPPROTO_TCP, 0, 100 }, { AF_INET6, IPPROTO_UDP, 0, 0 },
	{ AF_INET, IPPROTO_TCP, 0, 100, true },
	{ AF_INET6, IPPROTO_UDP, 0, 100, true },
};

static void shape_name(const struct shape *s, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_over_%s%s",
		 s->l4 == IPPROTO_TCP ? "tcp" : "udp",
		 s->family == AF_INET ? "ipv4" : "ipv6",
		 s->paged ? "_paged" : "");
}

KUNIT_ARRAY_PARAM(clone, clone_cases, shape_name);

/* A packet that somebody else holds too, a capture for one, is theirs as well */
static void clone_does_not_change_original(struct kunit *test)
{
	const struct shape *s = test->param_value;
	struct rayos_lb_endpoint to = fixture_server(s->family, 1);
	struct sk_buff *skb, *clone = NULL;
	u8 before[200], after[200];
	u64 seed = 1;

	skb = build(s, &seed);
	if (skb)
		clone = skb_clone(skb, GFP_KERNEL);
	if (clone) {
		skb_copy_bits(skb, 0, before, total_len(s));
		KUNIT_EXPECT_TRUE(test, rewrite(clone, s->family, &to, false));
		skb_copy_bits(skb, 0, after, total_len(s));
		KUNIT_EXPECT_EQ(test, memcmp(before, after, total_len(s)), 0);
		skb_copy_bits(clone, 0, after, total_len(s));
		KUNIT_EXPECT_NE(test, memcmp(before, after, total_len(s)), 0);
		KUNIT_EXPECT_TRUE(test, sums_hold(clone, s));
	}
	KUNIT_EXPECT_NOT_NULL(test, clone);
	kfree_skb(clone);
	kfree_skb(skb);
}

/* RFC 768: none is none, and a sum of zero is sent as all ones */
static void udp_without_checksum(struct kunit *test)
{
	const struct shape s = { AF_INET, IPPROTO_UDP, 0, 10 };
	struct rayos_lb_endpoint to = fixture_server(AF_INET, 1);
	u64 seed = 1;
	struct sk_buff *skb = build(&s, &seed);
	struct udphdr *udp;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	udp = (void *)skb->data + network_len(&s);
	udp->check = 0;
	KUNIT_EXPECT_TRUE(test, rewrite(skb, AF_INET, &to, false));
	KUNIT_EXPECT_EQ(test, udp->check, 0);
	KUNIT_EXPECT_EQ(test, udp->dest, to.port);
	kfree_skb(skb);
}

static void udp_checksum_of_zero(struct kunit *test)
{
	const struct shape s = { AF_INET, IPPROTO_UDP, 0, 2 };
	struct rayos_lb_endpoint to = fixture_server(AF_INET, 1);
	struct rayos_lb_endpoint vip = fixture_vip(AF_INET, 1);
	u64 seed = 1;
	struct sk_buff *skb = build(&s, &seed);
	struct rayos_lb_endpoint back = vip;
	__sum16 *payload;
	struct udphdr *udp;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	udp = (void *)skb->data + network_len(&s);
	payload = (void *)(udp + 1);
	back.port = udp->dest;

	/* to where it will go, a payload that makes the sum zero, and back */
	KUNIT_EXPECT_TRUE(test, rewrite(skb, AF_INET, &to, false));
	*payload = 0;
	udp->check = 0;
	*payload = transport_sum(skb->data, &s, csum_partial(udp, 10, 0));
	udp->check = CSUM_MANGLED_0;
	KUNIT_EXPECT_TRUE(test, sums_hold(skb, &s));
	KUNIT_EXPECT_TRUE(test, rewrite(skb, AF_INET, &back, false));
	KUNIT_EXPECT_NE(test, udp->check, CSUM_MANGLED_0);
	KUNIT_EXPECT_TRUE(test, sums_hold(skb, &s));

	KUNIT_EXPECT_TRUE(test, rewrite(skb, AF_INET, &to, false));
	KUNIT_EXPECT_EQ(test, udp->check, CSUM_MANGLED_0);
	kfree_skb(skb);
}

/* The balancer changes what it must and not a byte more */
static void nothing_else_changes(struct kunit *test)
{
	const struct shape *s = test->param_value;
	struct rayos_lb_endpoint to = fixture_server(s->family, 1);
	u32 addr = s->family == AF_INET ? 16 : 24, width = 40 - addr;
	u32 i, port = network_len(s) + 2, stray = 0;
	u32 check = network_len(s) + (s->l4 == IPPROTO_TCP ? 16 : 6);
	u8 before[200], after[200];
	struct sk_buff *skb;
	u64 seed = 1;

	if (s->family == AF_INET)
		width = 4;
	skb = build(s, &seed);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_copy_bits(skb, 0, before, total_len(s));
	KUNIT_EXPECT_TRUE(test, rewrite(skb, s->family, &to, false));
	KUNIT_EXPECT_EQ(test, skb->len, total_len(s));
	skb_copy_bits(skb, 0, after, total_len(s));
	kfree_skb(skb);
	for (i = 0; i < total_len(s); i++) {
		if ((i >= addr && i < addr + width) || i / 2 == port / 2 ||
		    i / 2 == check / 2 ||
		    (s->family == AF_INET && i / 2 == 5 /* header checksum */))
			continue;
		stray += before[i] != after[i];
	}
	KUNIT_EXPECT_EQ(test, stray, 0);
	KUNIT_EXPECT_EQ(test, memcmp(after + addr, &to.addr, width), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(sums_as_if_computed_anew, sum_gen_params),
	KUNIT_CASE_PARAM(both_ends_at_once, sum_gen_params),
	KUNIT_CASE_PARAM(clone_does_not_change_original, clone_gen_params),
	KUNIT_CASE(udp_without_checksum),
	KUNIT_CASE(udp_checksum_of_zero),
	KUNIT_CASE_PARAM(nothing_else_changes, clone_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_packet",
	.test_cases = cases,
};
kunit_test_suite(suite);
