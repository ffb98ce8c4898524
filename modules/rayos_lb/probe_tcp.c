// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP check: that the connection stands is all that is asked.
 */
#include <linux/in.h>
#include <linux/net.h>
#include <uapi/linux/rayos_lb.h>

#include "health.h"

static u32 step(struct rayos_lb_backend *backend)
{
	return RAYOS_LB_CHECK_RESULT_PASSED;
}

const struct rayos_lb_probe_ops rayos_lb_probe_tcp = {
	.type = SOCK_STREAM,
	.protocol = IPPROTO_TCP,
	.step = step,
};
