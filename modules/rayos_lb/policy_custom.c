// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that are not ours: a program of the operator, another module.
 *
 * Without either, and where either has no opinion, backends take turns.
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>

#include "policy.h"
#include "program.h"

const struct rayos_lb_policy_ops rayos_lb_policy_custom = {
	.key = RAYOS_LB_KEY_NONE,
	.pick = rayos_lb_turn_pick,
	.pick_flow = rayos_lb_program_pick,
};
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_policy_custom);

/* Stands for all of them in the table; what picks is what is registered */
const struct rayos_lb_policy_ops rayos_lb_policy_module = {
	.key = RAYOS_LB_KEY_NONE,
	.pick = rayos_lb_turn_pick,
};
