/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What health checks add up to, and what HTTP servers answer.  Pure.
 */
#ifndef _RAYOS_LB_VERDICT_H
#define _RAYOS_LB_VERDICT_H

#include <linux/types.h>

/**
 * struct rayos_lb_verdict - health of one backend
 * @healthy: what the checks say of it
 * @decided: a check has ended since the checks began; until then a backend
 *	counts as healthy, and the first check alone decides
 * @streak: checks in a row, up to the last, which ended as the last did
 * @passed: whether the last check passed
 */
struct rayos_lb_verdict {
	bool healthy;
	bool decided;
	bool passed;
	u32 streak;
};

void rayos_lb_verdict_init(struct rayos_lb_verdict *v);
bool rayos_lb_verdict_add(struct rayos_lb_verdict *v, bool passed,
			  u32 rise, u32 fall);
void rayos_lb_verdict_fail(struct rayos_lb_verdict *v);
u64 rayos_lb_check_delay(const struct rayos_lb_verdict *v, u64 interval,
			 u32 rise, u32 fall, u32 random);

/* Longest status line that is read: "HTTP/1.1 200" and what may precede the
 * reason phrase, which nobody needs.
 */
#define RAYOS_LB_STATUS_LINE	12

/**
 * struct rayos_lb_http_reply - the first bytes of what a server answers
 * @len: bytes in @line
 * @line: not terminated
 */
struct rayos_lb_http_reply {
	u32 len;
	char line[RAYOS_LB_STATUS_LINE];
};

u32 rayos_lb_http_feed(struct rayos_lb_http_reply *reply, const char *data,
		       u32 len);
int rayos_lb_http_status(const struct rayos_lb_http_reply *reply);

#endif
