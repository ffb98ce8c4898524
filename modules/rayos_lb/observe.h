/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is told of what becomes of backends.
 */
#ifndef _RAYOS_LB_OBSERVE_H
#define _RAYOS_LB_OBSERVE_H

#include <linux/types.h>

struct rayos_lb_backend;

const char *rayos_lb_state_name(u32 state);
void rayos_lb_observe_state(struct rayos_lb_backend *backend, u32 old_state);

#endif
