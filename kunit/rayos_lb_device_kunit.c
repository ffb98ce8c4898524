// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network devices of a namespace with balancers: their large receive offload is
 * turned off, and they are tapped for the fast path.
 */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "fixture.h"

static netdev_tx_t discard(struct sk_buff *skb, struct net_device *dev)
{
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops ops = {
	.ndo_start_xmit = discard,
};

static void setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &ops;
	dev->hw_features = NETIF_F_LRO | NETIF_F_RXCSUM | NETIF_F_SG;
	dev->features = dev->hw_features;
	eth_hw_addr_random(dev);
}

/* A registered device of the fixture's namespace, which may merge packets */
static struct net_device *device(struct kunit *test)
{
	struct net_device *dev;
	int err;

	dev = alloc_netdev(0, "lro%d", NET_NAME_ENUM, setup);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	err = register_netdev(dev);
	if (err)
		free_netdev(dev);
	KUNIT_ASSERT_EQ(test, err, 0);
	return dev;
}

static void remove(struct net_device *dev)
{
	unregister_netdev(dev);
	free_netdev(dev);
}

static void lro_of_all_devices(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct net_device *one = device(test);
	struct net_device *two = device(test);
	netdev_features_t before[2] = { one->features, two->features };
	netdev_features_t after[2];

	rayos_lb_lro_disable(&f->ln);
	flush_work(&f->ln.lro);
	after[0] = one->features;
	after[1] = two->features;
	remove(one);
	remove(two);

	KUNIT_EXPECT_TRUE(test, before[0] & before[1] & NETIF_F_LRO);
	KUNIT_EXPECT_FALSE(test, (after[0] | after[1]) & NETIF_F_LRO);
	/* and nothing else */
	KUNIT_EXPECT_EQ(test, after[0] | NETIF_F_LRO, before[0]);
	KUNIT_EXPECT_EQ(test, after[1] | NETIF_F_LRO, before[1]);
}

/* What has no balancers, or has them no more, changes no device */
static void lro_of_idle_namespace(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct net_device *dev = device(test);
	netdev_features_t idle, dying;

	f->ln.active = false;
	rayos_lb_lro_disable(&f->ln);
	flush_work(&f->ln.lro);
	idle = dev->features;
	f->ln.active = true;
	f->ln.dying = true;
	rayos_lb_lro_disable(&f->ln);
	flush_work(&f->ln.lro);
	dying = dev->features;
	f->ln.dying = false;
	remove(dev);

	KUNIT_EXPECT_TRUE(test, idle & NETIF_F_LRO);
	KUNIT_EXPECT_TRUE(test, dying & NETIF_F_LRO);
}

static bool tapped(const struct net_device *dev)
{
#ifdef CONFIG_NETFILTER_INGRESS
	return rcu_access_pointer(dev->nf_hooks_ingress);
#else
	return false;
#endif
}

static void taps_of_devices(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct net_device *dev = device(test);
	bool before, with, loopback, twice, after;

	before = tapped(dev);
	rayos_lb_tap_attach(&f->ln);
	flush_work(&f->ln.tap);
	with = tapped(dev);
	loopback = tapped(init_net.loopback_dev);
	rayos_lb_tap_attach(&f->ln);
	flush_work(&f->ln.tap);
	twice = tapped(dev);
	rayos_lb_tap_detach(&f->ln);
	after = tapped(dev);
	remove(dev);

	KUNIT_EXPECT_FALSE(test, before);
	KUNIT_EXPECT_TRUE(test, with);
	KUNIT_EXPECT_FALSE(test, loopback);
	KUNIT_EXPECT_TRUE(test, twice);
	KUNIT_EXPECT_FALSE(test, after);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(lro_of_all_devices),
	KUNIT_CASE(lro_of_idle_namespace),
	KUNIT_CASE(taps_of_devices),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_device",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
