// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module with a policy of its own, for tests: the client's port says who gets the
 * flow, and port 4 of ten leaves it to others.
 */
#include <linux/module.h>
#include <rayos/lb.h>

static u32 pick(const struct rayos_lb_pool *pool,
		const struct rayos_lb_pick_ctx *ctx)
{
	u32 port = be16_to_cpu(ctx->client_port);

	/* out of range as often as not, which does no harm */
	return port % 10 == 4 ? RAYOS_LB_PICK_TURN : port;
}

static const struct rayos_lb_policy_ops by_port = {
	.name = "by-port",
	.owner = THIS_MODULE,
	.pick_flow = pick,
};

static int __init sample_init(void)
{
	return rayos_lb_register_policy(&by_port);
}
module_init(sample_init);

static void __exit sample_exit(void)
{
	rayos_lb_unregister_policy(&by_port);
}
module_exit(sample_exit);

MODULE_DESCRIPTION("Sample of a policy of rayos_lb");
MODULE_LICENSE("GPL");
