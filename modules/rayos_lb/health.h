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
 * @type: of its socket, SOCK_STREAM or SOCK_DGRAM
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 * @step: do what can be done without waiting, the connection stands.
 *	Return: an &enum rayos_lb_check_result, %RAYOS_LB_CHECK_RESULT_NONE if
 *	the answer has still to come.
 * @late: judge a connection that stands when the time is up, NULL if that is
 *	always a failure.  Return: an &enum rayos_lb_check_result.
 */
struct rayos_lb_probe_ops {
	int type;
	int protocol;
	u32 (*step)(struct rayos_lb_backend *backend);
	u32 (*late)(struct rayos_lb_backend *backend);
};

extern const struct rayos_lb_probe_ops rayos_lb_probe_tcp;
extern const struct rayos_lb_probe_ops rayos_lb_probe_http;
extern const struct rayos_lb_probe_ops rayos_lb_probe_udp;

u32 rayos_lb_check_error(int err);

void rayos_lb_health_init(struct rayos_lb_backend *backend);
void rayos_lb_health_start(struct rayos_lb_backend *backend);
void rayos_lb_health_fail(struct rayos_lb_backend *backend);
void rayos_lb_health_stop(struct rayos_lb_backend *backend);
bool rayos_lb_health_good(const struct rayos_lb_backend *backend);

#endif
