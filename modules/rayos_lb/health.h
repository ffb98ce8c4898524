/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Health checks.
 */
#ifndef _RAYOS_LB_HEALTH_H
#define _RAYOS_LB_HEALTH_H

#include <linux/types.h>

struct rayos_lb_backend;

/**
 * struct rayos_lb_probe_ops - one kind of check
 * @step: do what can be done without waiting, the connection stands.
 *	Return: an &enum rayos_lb_check_result, %RAYOS_LB_CHECK_RESULT_NONE if
 *	the answer has still to come.
 */
struct rayos_lb_probe_ops {
	u32 (*step)(struct rayos_lb_backend *backend);
};

extern const struct rayos_lb_probe_ops rayos_lb_probe_tcp;
extern const struct rayos_lb_probe_ops rayos_lb_probe_http;

u32 rayos_lb_check_error(int err);

void rayos_lb_health_init(struct rayos_lb_backend *backend);
void rayos_lb_health_start(struct rayos_lb_backend *backend);
void rayos_lb_health_stop(struct rayos_lb_backend *backend);
bool rayos_lb_health_good(const struct rayos_lb_backend *backend);

#endif
