/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How fast counters grow.  Pure.
 */
#ifndef _RAYOS_LB_RATE_H
#define _RAYOS_LB_RATE_H

#include <linux/types.h>

/* Time constant of the averages: what happened so long ago counts 1/e of what
 * happens now.
 */
#define RAYOS_LB_RATE_TAU_MS	10000

/**
 * enum rayos_lb_rate - what is averaged
 * @RAYOS_LB_R_CONNECTIONS: flows begun
 * @RAYOS_LB_R_REQUESTS: requests
 * @RAYOS_LB_R_PACKETS_IN: packets from clients
 * @RAYOS_LB_R_BYTES_IN: bytes from clients
 * @RAYOS_LB_R_PACKETS_OUT: packets to clients
 * @RAYOS_LB_R_BYTES_OUT: bytes to clients
 * @RAYOS_LB_R_TRIED: flows that were begun or turned away
 * @RAYOS_LB_R_FAILED: what has gone wrong
 *
 * The last two are thousandfold, so that their ratio is still exact when they
 * have nearly faded.
 */
enum rayos_lb_rate {
	RAYOS_LB_R_CONNECTIONS,
	RAYOS_LB_R_REQUESTS,
	RAYOS_LB_R_PACKETS_IN,
	RAYOS_LB_R_BYTES_IN,
	RAYOS_LB_R_PACKETS_OUT,
	RAYOS_LB_R_BYTES_OUT,
	RAYOS_LB_R_TRIED,
	RAYOS_LB_R_FAILED,
	/* private: */
	RAYOS_LB_R_NR
};

/**
 * struct rayos_lb_rates - averages of how fast counters grow
 * @when: of the last sample, ns of ktime_get_ns()
 * @count: what had been counted then, by &enum rayos_lb_rate
 * @average: events in thousandths per second, by &enum rayos_lb_rate
 */
struct rayos_lb_rates {
	u64 when;
	u64 count[RAYOS_LB_R_NR];
	u64 average[RAYOS_LB_R_NR];
};

void rayos_lb_rate_begin(struct rayos_lb_rates *rates, u64 now);
void rayos_lb_rate_sample(struct rayos_lb_rates *rates, const u64 *counter,
			  u64 now);
u32 rayos_lb_rate_errors(const struct rayos_lb_rates *rates);

#endif
