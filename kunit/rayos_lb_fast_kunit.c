// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fast path: which hooks may be left out, and who may be a sender.
 */
#include <linux/inet.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "fixture.h"

static void gate_knows_names(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, rayos_lb_gate_harmless("ipv4_conntrack_defrag"));
	KUNIT_EXPECT_TRUE(test, rayos_lb_gate_harmless("ipv6_defrag [nf_defrag_ipv6]"));
	KUNIT_EXPECT_TRUE(test, rayos_lb_gate_harmless("nf_nat_ipv4_out [nf_nat]"));
	/* chains of an operator */
	KUNIT_EXPECT_FALSE(test, rayos_lb_gate_harmless("nft_do_chain_ipv4 [nf_tables]"));
	KUNIT_EXPECT_FALSE(test, rayos_lb_gate_harmless("iptable_raw_hook [iptable_raw]"));
	KUNIT_EXPECT_FALSE(test, rayos_lb_gate_harmless("selinux_ip_postroute"));
	/* parts of names, and what a kernel without symbols says */
	KUNIT_EXPECT_FALSE(test, rayos_lb_gate_harmless("ipv6_defrag_more"));
	KUNIT_EXPECT_FALSE(test, rayos_lb_gate_harmless("ipv6_def"));
	KUNIT_EXPECT_FALSE(test, rayos_lb_gate_harmless("0xffffffff81000000"));
	KUNIT_EXPECT_FALSE(test, rayos_lb_gate_harmless(""));
}

static unsigned int chain(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}

static unsigned int ours(void *priv, struct sk_buff *skb,
			 const struct nf_hook_state *state)
{
	return NF_STOLEN;
}

/* It has the name of what does nothing to our packets */
static unsigned int ip_sabotage_in(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	return NF_DROP;
}

/* A hook point with up to three hooks */
struct hooks {
	struct nf_hook_entries *entries;
	struct nf_hook_entries __rcu *at;
};

static void put_hooks(struct kunit *test, struct hooks *h, nf_hookfn *a,
		      nf_hookfn *b, nf_hookfn *c)
{
	nf_hookfn *hook[] = { a, b, c };
	int i;

	h->entries = kunit_kzalloc(test, struct_size(h->entries, hooks, 3),
				   GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, h->entries);
	for (i = 0; i < 3 && hook[i]; i++)
		h->entries->hooks[i].hook = hook[i];
	h->entries->num_hook_entries = i;
	rcu_assign_pointer(h->at, h->entries);
}

static bool passes(struct rayos_lb_gate *gate, struct hooks *h, nf_hookfn *until)
{
	bool open;

	rcu_read_lock();
	open = rayos_lb_gate_passes(gate, &h->at, until);
	rcu_read_unlock();
	return open;
}

static void gate_without_hooks(struct kunit *test)
{
	struct rayos_lb_gate gate = {};
	struct hooks h = {};

	KUNIT_EXPECT_TRUE(test, passes(&gate, &h, NULL));
	KUNIT_EXPECT_TRUE(test, passes(&gate, &h, ours));
	put_hooks(test, &h, ours, NULL, NULL);
	KUNIT_EXPECT_TRUE(test, passes(&gate, &h, ours));
}

static void gate_heeds_chains(struct kunit *test)
{
	struct rayos_lb_gate gate = {};
	struct hooks h = {};

	put_hooks(test, &h, chain, ours, NULL);
	KUNIT_EXPECT_FALSE(test, passes(&gate, &h, ours));
	KUNIT_EXPECT_FALSE(test, passes(&gate, &h, ours));
	put_hooks(test, &h, ip_sabotage_in, chain, ours);
	KUNIT_EXPECT_FALSE(test, passes(&gate, &h, ours));
	/* what comes after us does not see our packets anyway */
	put_hooks(test, &h, ours, chain, NULL);
	KUNIT_EXPECT_TRUE(test, passes(&gate, &h, ours));
	/* but at a point of which all are left out */
	KUNIT_EXPECT_FALSE(test, passes(&gate, &h, NULL));
}

static void gate_leaves_out_the_harmless(struct kunit *test)
{
	struct rayos_lb_gate gate = {};
	struct hooks h = {};

	put_hooks(test, &h, ip_sabotage_in, ours, chain);
	KUNIT_EXPECT_TRUE(test, passes(&gate, &h, ours));
	put_hooks(test, &h, ip_sabotage_in, NULL, NULL);
	KUNIT_EXPECT_TRUE(test, passes(&gate, &h, NULL));
	/* hooks come and go, and each set is judged for itself */
	put_hooks(test, &h, ip_sabotage_in, chain, NULL);
	KUNIT_EXPECT_FALSE(test, passes(&gate, &h, NULL));
	put_hooks(test, &h, ip_sabotage_in, NULL, NULL);
	KUNIT_EXPECT_TRUE(test, passes(&gate, &h, NULL));
	put_hooks(test, &h, chain, ip_sabotage_in, NULL);
	KUNIT_EXPECT_FALSE(test, passes(&gate, &h, NULL));
}

/* Where a module was there may be another: what was found is found out anew */
static void gate_forgets_with_a_module(struct kunit *test)
{
	struct rayos_lb_gate gate = {};
	struct hooks h = {};
	unsigned long open;

	put_hooks(test, &h, ip_sabotage_in, NULL, NULL);
	KUNIT_EXPECT_TRUE(test, passes(&gate, &h, NULL));
	open = gate.open;
	rayos_lb_gate_epoch++;
	KUNIT_EXPECT_TRUE(test, passes(&gate, &h, NULL));
	KUNIT_EXPECT_NE(test, gate.open, open);
}

static bool martian4(struct fixture *f, const struct net_device *dev,
		     u32 src, u32 dst)
{
	struct rayos_lb_tuple tuple = { .family = AF_INET, .l4 = IPPROTO_TCP };
	bool martian;

	rayos_lb_addr_set4(&tuple.src, htonl(src));
	rayos_lb_addr_set4(&tuple.dst, htonl(dst));
	rcu_read_lock();
	martian = rayos_lb_martian(&f->ln, dev, &tuple);
	rcu_read_unlock();
	return martian;
}

static bool martian6(struct fixture *f, const struct net_device *dev,
		     const char *src)
{
	struct rayos_lb_tuple tuple = { .family = AF_INET6, .l4 = IPPROTO_TCP };
	bool martian;

	in6_pton(src, -1, tuple.src.in6.s6_addr, -1, NULL);
	rcu_read_lock();
	martian = rayos_lb_martian(&f->ln, dev, &tuple);
	rcu_read_unlock();
	return martian;
}

static void martian_senders(struct kunit *test)
{
	struct net_device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	struct fixture *f = test->priv;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, dev);
	/* once found out, once remembered */
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_FALSE(test, martian4(f, dev, 0xc6120001, 0xc0000201));
		KUNIT_EXPECT_TRUE(test, martian4(f, dev, 0x00000000, 0xc0000201));
		KUNIT_EXPECT_TRUE(test, martian4(f, dev, 0xe0000001, 0xc0000201));
		KUNIT_EXPECT_TRUE(test, martian4(f, dev, 0xffffffff, 0xc0000201));
		KUNIT_EXPECT_TRUE(test, martian4(f, dev, 0xc6120001, 0x7f000001));
	}
	KUNIT_EXPECT_FALSE(test, martian6(f, dev, "2001:db8::1"));
	KUNIT_EXPECT_TRUE(test, martian6(f, dev, "ff02::1"));
	KUNIT_EXPECT_TRUE(test, martian6(f, dev, "::"));
	/* this host may send to itself whatever it likes */
	dev->flags = IFF_LOOPBACK;
	KUNIT_EXPECT_FALSE(test, martian4(f, dev, 0x7f000001, 0x7f000001));
}

/* A route or an address that has changed may make a martian of a sender */
static void martians_are_looked_for_anew(struct kunit *test)
{
	struct net_device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	struct fixture *f = test->priv;
	u64 before = 0, after = 0;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, dev);
	martian4(f, dev, 0xc6120001, 0xc0000201);
	for (i = 0; i < RAYOS_LB_SENDERS; i++)
		before |= f->ln.senders[i];
	rt_genid_bump_ipv4(&init_net);
	martian4(f, dev, 0xc6120001, 0xc0000201);
	for (i = 0; i < RAYOS_LB_SENDERS; i++)
		after |= f->ln.senders[i];
	KUNIT_EXPECT_NE(test, before, 0ULL);
	KUNIT_EXPECT_NE(test, before, after);
	KUNIT_EXPECT_EQ(test, (u32)before, (u32)after);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(gate_knows_names),
	KUNIT_CASE(gate_without_hooks),
	KUNIT_CASE(gate_heeds_chains),
	KUNIT_CASE(gate_leaves_out_the_harmless),
	KUNIT_CASE(gate_forgets_with_a_module),
	KUNIT_CASE(martian_senders),
	KUNIT_CASE(martians_are_looked_for_anew),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_fast",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
