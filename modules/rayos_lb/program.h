/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs of the policy custom.
 */
#ifndef _RAYOS_LB_PROGRAM_H
#define _RAYOS_LB_PROGRAM_H

#include <linux/types.h>

struct netlink_ext_ack;
struct rayos_lb_pick_ctx;
struct rayos_lb_pool;
struct rayos_lb_program;
struct sock_filter;

struct rayos_lb_program *rayos_lb_program_new(const struct sock_filter *insns,
					      u32 nr,
					      struct netlink_ext_ack *extack);
void rayos_lb_program_get(struct rayos_lb_program *program);
void rayos_lb_program_put(struct rayos_lb_program *program);
const struct sock_filter *
rayos_lb_program_insns(const struct rayos_lb_program *program, u32 *nr);
bool rayos_lb_program_equal(const struct rayos_lb_program *a,
			    const struct rayos_lb_program *b);
u32 rayos_lb_program_pick(const struct rayos_lb_pool *pool,
			  const struct rayos_lb_pick_ctx *ctx);

#endif
