// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taps: every device of a namespace with balancers has a hook of ours at its
 * ingress, by which packets take the fast path.  Without them, as where the
 * kernel has no such hooks, all packets take the usual one.
 */
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "fast.h"
#include "lb.h"

/* After the chains of whoever filters there */
#define PRIORITY	(INT_MAX - 1)

/* Whether devices are watched, under RTNL: a tap that would not be removed when
 * its device goes must not be made
 */
static bool watching;

struct tap {
	struct nf_hook_ops ops;
	struct rcu_head rcu;
};

/* What this host sends to itself is not worth a shortcut */
static bool suits(const struct net_device *dev)
{
	return !(dev->flags & IFF_LOOPBACK);
}

static void attach(struct rayos_lb_net *ln, struct net_device *dev)
{
	struct nf_hook_ops *ops;
	struct tap *tap;

	ASSERT_RTNL();

	if (!watching || !suits(dev) || xa_load(&ln->taps, dev->ifindex))
		return;
	tap = kzalloc(sizeof(*tap), GFP_KERNEL_ACCOUNT);
	if (!tap)
		return;
	ops = &tap->ops;
	ops->hook = rayos_lb_fast;
	ops->pf = NFPROTO_NETDEV;
	ops->hooknum = NF_NETDEV_INGRESS;
	ops->dev = dev;
	ops->priority = PRIORITY;
	if (xa_reserve(&ln->taps, dev->ifindex, GFP_KERNEL_ACCOUNT))
		goto free;
	if (nf_register_net_hook(ln->net, ops))
		goto release;
	/* takes no memory, as its place is reserved */
	xa_store(&ln->taps, dev->ifindex, tap, GFP_KERNEL_ACCOUNT);
	return;

release:
	xa_release(&ln->taps, dev->ifindex);
free:
	kfree(tap);
}

static void detach(struct rayos_lb_net *ln, struct tap *tap)
{
	ASSERT_RTNL();

	xa_erase(&ln->taps, tap->ops.dev->ifindex);
	nf_unregister_net_hook(ln->net, &tap->ops);
	/* who lists hooks reads them within RCU */
	kfree_rcu(tap, rcu);
}

/* A device of which it is said once more that it goes has no index any more */
static void detach_device(struct rayos_lb_net *ln, const struct net_device *dev)
{
	struct tap *tap = xa_load(&ln->taps, dev->ifindex);

	if (tap && tap->ops.dev == dev)
		detach(ln, tap);
}

static void attach_all(struct work_struct *work)
{
	struct rayos_lb_net *ln = container_of(work, struct rayos_lb_net, tap);
	struct net_device *dev;

	rtnl_lock();
	WRITE_ONCE(ln->tapping, !READ_ONCE(ln->dying));
	if (ln->tapping)
		for_each_netdev(ln->net, dev)
			attach(ln, dev);
	rtnl_unlock();
}

static int notice(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct rayos_lb_net *ln = rayos_lb_net(dev_net(dev));

	switch (event) {
	case NETDEV_REGISTER:
		if (ln->tapping)
			attach(ln, dev);
		break;
	case NETDEV_UNREGISTER:
		detach_device(ln, dev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = notice,
};

/**
 * rayos_lb_tap_setup() - make what a namespace needs for its taps
 * @ln: the namespace
 *
 * Context: Any.
 */
void rayos_lb_tap_setup(struct rayos_lb_net *ln)
{
	xa_init(&ln->taps);
	INIT_WORK(&ln->tap, attach_all);
}

/**
 * rayos_lb_tap_attach() - have the devices of a namespace tapped
 * @ln: the namespace
 *
 * By a work item, as the caller holds the namespace's lock and RTNL is taken
 * before that.
 *
 * Context: Any.
 */
void rayos_lb_tap_attach(struct rayos_lb_net *ln)
{
	queue_work(rayos_lb_wq, &ln->tap);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_tap_attach);

/**
 * rayos_lb_tap_detach() - remove all taps of a namespace
 * @ln: the namespace, which is going away
 *
 * Context: Process context, may sleep; packets may be on their way until a grace
 *	period has passed.
 */
void rayos_lb_tap_detach(struct rayos_lb_net *ln)
{
	unsigned long ifindex;
	struct tap *tap;

	cancel_work_sync(&ln->tap);
	rtnl_lock();
	WRITE_ONCE(ln->tapping, false);
	xa_for_each(&ln->taps, ifindex, tap)
		detach(ln, tap);
	rtnl_unlock();
	xa_destroy(&ln->taps);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_tap_detach);

/**
 * rayos_lb_tap_init() - watch devices come and go
 *
 * Context: Process context, may sleep, after rayos_lb_net_init().
 * Return: 0 or -errno.
 */
int rayos_lb_tap_init(void)
{
	int err;

	watching = true;
	err = register_netdevice_notifier(&notifier);
	if (err)
		watching = false;
	return err;
}

/**
 * rayos_lb_tap_exit() - watch no more, and remove all taps
 *
 * To whoever stops watching all devices seem to go.
 *
 * Context: Process context, may sleep, before rayos_lb_net_exit().
 */
void rayos_lb_tap_exit(void)
{
	rtnl_lock();
	watching = false;
	rtnl_unlock();
	unregister_netdevice_notifier(&notifier);
}
