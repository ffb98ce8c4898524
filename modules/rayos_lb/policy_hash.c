// SPDX-License-Identifier: GPL-2.0-only
/*
 * IP hash: a client address always gets the same backend, from whatever port.
 *
 * The table is Maglev's, so when a backend goes away only its own clients move.
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>

#include "policy.h"

const struct rayos_lb_policy_ops rayos_lb_policy_hash = {
	.key = RAYOS_LB_KEY_CLIENT,
	.stateless = true,
	.table_max = RAYOS_LB_MAGLEV_SLOTS,
	.table_len = rayos_lb_maglev_len,
	.build = rayos_lb_maglev_build,
	.pick = rayos_lb_maglev_pick,
};
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_policy_hash);
