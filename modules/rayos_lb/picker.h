/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What picks with the policies that are not ours.
 */
#ifndef _RAYOS_LB_PICKER_H
#define _RAYOS_LB_PICKER_H

#include <linux/types.h>

struct rayos_lb_policy_ops;
struct rayos_lb_program;

/**
 * struct rayos_lb_picker - what picks with the policies that are not ours
 * @ops: with the policy module, what is registered; a reference to its module
 * @program: with the policy custom; a reference
 *
 * Both are NULL with all other policies.
 */
struct rayos_lb_picker {
	const struct rayos_lb_policy_ops *ops;
	struct rayos_lb_program *program;
};

void rayos_lb_picker_get(const struct rayos_lb_picker *picker);
void rayos_lb_picker_put_ops(struct rayos_lb_picker *picker);
void rayos_lb_picker_put(const struct rayos_lb_picker *picker);
const struct rayos_lb_policy_ops *
rayos_lb_picker_ops(const struct rayos_lb_picker *picker, u32 policy);
const struct rayos_lb_policy_ops *rayos_lb_registered_get(const char *name);
const void *rayos_lb_registered_nth(u32 n, char *name);

#endif
