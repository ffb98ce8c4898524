// SPDX-License-Identifier: GPL-2.0-only
/*
 * rayos_lb: a layer-4 load balancer with its own flow table.
 */
#include <linux/module.h>
#include <linux/workqueue.h>
#include <kunit/visibility.h>
#include <rayos/compat.h>

#include "debugfs.h"
#include "flow.h"
#include "lb.h"
#include "netlink.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

unsigned int rayos_lb_max_balancers = 8;
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_max_balancers);
module_param_named(max_balancers, rayos_lb_max_balancers, uint, 0444);
MODULE_PARM_DESC(max_balancers,
		 "Most balancers of a network namespace, 1 to 1024 (default 8)");

unsigned int rayos_lb_max_backends = 32;
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_max_backends);
module_param_named(max_backends, rayos_lb_max_backends, uint, 0444);
MODULE_PARM_DESC(max_backends,
		 "Most backends of a balancer, 1 to 4096 (default 32)");

unsigned int rayos_lb_max_flows = 262144;
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_max_flows);
module_param_named(max_flows, rayos_lb_max_flows, uint, 0444);
MODULE_PARM_DESC(max_flows,
		 "Most flows of a network namespace, 64 to 16777216 (default 262144)");

unsigned int rayos_lb_max_affinities = 65536;
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_max_affinities);
module_param_named(max_affinities, rayos_lb_max_affinities, uint, 0444);
MODULE_PARM_DESC(max_affinities,
		 "Most clients remembered in a network namespace, 64 to 1048576 (default 65536)");

unsigned int rayos_lb_flow_bits = 16;
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_flow_bits);
module_param_named(flow_bits, rayos_lb_flow_bits, uint, 0444);
MODULE_PARM_DESC(flow_bits,
		 "Buckets of a flow table as a power of two, 10 to 24 (default 16)");

bool rayos_lb_fast_path = true;
module_param_named(fast_path, rayos_lb_fast_path, bool, 0644);
MODULE_PARM_DESC(fast_path,
		 "Let packets of open flows take the fast path at the ingress of devices (default Y)");

struct workqueue_struct *rayos_lb_wq;

static int __init check(const char *name, unsigned int value, unsigned int min,
			unsigned int max)
{
	if (value >= min && value <= max)
		return 0;
	pr_err("%s=%u: must be %u to %u\n", name, value, min, max);
	return -EINVAL;
}

static int __init check_parameters(void)
{
	return check("max_balancers", rayos_lb_max_balancers, 1, 1024) ?:
	       check("max_backends", rayos_lb_max_backends, 1, RAYOS_LB_POOL_MAX) ?:
	       check("max_flows", rayos_lb_max_flows, 64, 1 << 24) ?:
	       check("max_affinities", rayos_lb_max_affinities, 64, 1 << 20) ?:
	       check("flow_bits", rayos_lb_flow_bits, 10, 24);
}

/*
 * What RCU and the workqueue still have to do for us.  The last flow of a
 * backend frees the backend, which frees its balancer, each a grace period and
 * a work item later; the balancer frees its program by another work item.
 */
static void settle(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		rcu_barrier();
		flush_workqueue(rayos_lb_wq);
	}
}

static int __init rayos_lb_init(void)
{
	int err;

	err = check_parameters();
	if (err)
		return err;
	rayos_lb_wq = alloc_workqueue("rayos_lb", WQ_UNBOUND | WQ_FREEZABLE, 0);
	if (!rayos_lb_wq)
		return -ENOMEM;
	err = rayos_lb_flow_cache_init();
	if (err)
		goto err_destroy_wq;
	err = rayos_lb_gate_init();
	if (err)
		goto err_exit_cache;
	err = rayos_lb_net_init();
	if (err)
		goto err_exit_gate;
	err = rayos_lb_lro_init();
	if (err)
		goto err_exit_net;
	err = rayos_lb_tap_init();
	if (err)
		goto err_exit_lro;
	rayos_lb_debugfs_init();
	err = rayos_lb_nl_init();
	if (err)
		goto err_exit_debugfs;
	return 0;

err_exit_debugfs:
	rayos_lb_debugfs_exit();
	rayos_lb_tap_exit();
err_exit_lro:
	rayos_lb_lro_exit();
err_exit_net:
	rayos_lb_net_exit();
	settle();
err_exit_gate:
	rayos_lb_gate_exit();
err_exit_cache:
	rayos_lb_flow_cache_exit();
err_destroy_wq:
	destroy_workqueue(rayos_lb_wq);
	return err;
}

static void __exit rayos_lb_exit(void)
{
	rayos_lb_nl_exit();
	rayos_lb_debugfs_exit();
	rayos_lb_tap_exit();
	rayos_lb_lro_exit();
	rayos_lb_net_exit();
	settle();
	rayos_lb_gate_exit();
	rayos_lb_flow_cache_exit();
	destroy_workqueue(rayos_lb_wq);
}

module_init(rayos_lb_init);
module_exit(rayos_lb_exit);

MODULE_DESCRIPTION("Layer-4 load balancer");
MODULE_AUTHOR("RayOS maintainers");
MODULE_LICENSE("GPL");
MODULE_VERSION(RAYOS_VERSION);
