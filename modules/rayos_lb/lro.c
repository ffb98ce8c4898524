// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large receive offload merges packets in a way that cannot be undone, so what
 * is to be forwarded must not be merged.  The stack turns it off together with
 * ip_forward; we forward without that and turn it off ourselves, for every
 * device of a namespace that has balancers.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <kunit/visibility.h>

#include "lb.h"

static void disable(struct work_struct *work)
{
	struct rayos_lb_net *ln = container_of(work, struct rayos_lb_net, lro);
	struct net_device *dev;

	rtnl_lock();
	for_each_netdev(ln->net, dev) {
		if (dev->features & NETIF_F_LRO)
			dev_disable_lro(dev);
	}
	rtnl_unlock();
}

/* From a work item, as a notifier may be called with a lock of the device held
 * which dev_disable_lro() takes.
 */
static int notice(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct rayos_lb_net *ln =
		rayos_lb_net(dev_net(netdev_notifier_info_to_dev(ptr)));

	switch (event) {
	case NETDEV_REGISTER: /* that it comes from another namespace, too */
	case NETDEV_UP:
	case NETDEV_FEAT_CHANGE:
		rayos_lb_lro_disable(ln);
	}
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = notice,
};

/**
 * rayos_lb_lro_setup() - make the work item of a namespace
 * @ln: the namespace
 *
 * Context: Any.
 */
void rayos_lb_lro_setup(struct rayos_lb_net *ln)
{
	INIT_WORK(&ln->lro, disable);
}

/**
 * rayos_lb_lro_disable() - have the offload turned off
 * @ln: the namespace; nothing happens if it has no balancers or goes away
 *
 * Context: Any.
 */
void rayos_lb_lro_disable(struct rayos_lb_net *ln)
{
	if (READ_ONCE(ln->active) && !READ_ONCE(ln->dying))
		queue_work(rayos_lb_wq, &ln->lro);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_lro_disable);

/**
 * rayos_lb_lro_init() - watch devices come up
 *
 * Context: Process context, may sleep, after rayos_lb_net_init().
 * Return: 0 or -errno.
 */
int rayos_lb_lro_init(void)
{
	return register_netdevice_notifier(&notifier);
}

/**
 * rayos_lb_lro_exit() - watch no more
 *
 * Context: Process context, may sleep, before rayos_lb_net_exit().
 */
void rayos_lb_lro_exit(void)
{
	unregister_netdevice_notifier(&notifier);
}
