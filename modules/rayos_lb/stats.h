/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of a backend, and of a balancer for what no backend got.
 */
#ifndef _RAYOS_LB_STATS_H
#define _RAYOS_LB_STATS_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

#include "hist.h"

/**
 * enum rayos_lb_counter - what is counted
 * @RAYOS_LB_C_PACKETS_IN: packets from clients
 * @RAYOS_LB_C_BYTES_IN: bytes from clients, network header included
 * @RAYOS_LB_C_PACKETS_OUT: packets to clients
 * @RAYOS_LB_C_BYTES_OUT: bytes to clients, network header included
 * @RAYOS_LB_C_CONNECTIONS: flows begun
 * @RAYOS_LB_C_REQUESTS: times a client sent after the backend, or first of all
 * @RAYOS_LB_C_REFUSED: connections that the backend answered with a reset
 * @RAYOS_LB_C_TIMEOUTS: connections that the backend never answered
 * @RAYOS_LB_C_RESETS: established connections that the backend reset
 * @RAYOS_LB_C_UNREACHABLE: ICMP errors about flows
 * @RAYOS_LB_C_DROPPED: connection attempts that no backend could take
 * @RAYOS_LB_C_RETRIED: connections given to another backend, as this one did not
 *	answer
 * @RAYOS_LB_C_STATELESS: packets carried without a flow
 *
 * What changes with every packet comes first and shares a cache line.
 */
enum rayos_lb_counter {
	RAYOS_LB_C_PACKETS_IN,
	RAYOS_LB_C_BYTES_IN,
	RAYOS_LB_C_PACKETS_OUT,
	RAYOS_LB_C_BYTES_OUT,
	RAYOS_LB_C_CONNECTIONS,
	RAYOS_LB_C_REQUESTS,
	RAYOS_LB_C_REFUSED,
	RAYOS_LB_C_TIMEOUTS,
	RAYOS_LB_C_RESETS,
	RAYOS_LB_C_UNREACHABLE,
	RAYOS_LB_C_DROPPED,
	RAYOS_LB_C_RETRIED,
	RAYOS_LB_C_STATELESS,
	/* private: */
	RAYOS_LB_C_NR
};

/**
 * enum rayos_lb_latency - what is timed
 * @RAYOS_LB_L_CONNECT: from a client's SYN to the backend's SYN-ACK
 * @RAYOS_LB_L_FIRST_BYTE: from a request to the first byte of its answer
 */
enum rayos_lb_latency {
	RAYOS_LB_L_CONNECT,
	RAYOS_LB_L_FIRST_BYTE,
	/* private: */
	RAYOS_LB_L_NR
};

/**
 * struct rayos_lb_cpu_hist - one CPU's share of a distribution
 * @sum: in ns
 * @max: in ns
 * @bucket: see rayos_lb_hist_bucket()
 */
struct rayos_lb_cpu_hist {
	u64_stats_t sum;
	u64_stats_t max;
	u64_stats_t bucket[RAYOS_LB_HIST_BUCKETS];
};

/**
 * struct rayos_lb_cpu_stats - one CPU's share of the counters
 * @counter: by &enum rayos_lb_counter
 * @hist: by &enum rayos_lb_latency
 * @sync: lets 32-bit readers see whole values; written with bottom halves off
 */
struct rayos_lb_cpu_stats {
	u64_stats_t counter[RAYOS_LB_C_NR];
	struct rayos_lb_cpu_hist hist[RAYOS_LB_L_NR];
	struct u64_stats_sync sync;
} ____cacheline_aligned;

/**
 * struct rayos_lb_stats - counters added up
 * @counter: by &enum rayos_lb_counter
 * @hist: by &enum rayos_lb_latency
 */
struct rayos_lb_stats {
	u64 counter[RAYOS_LB_C_NR];
	struct rayos_lb_hist hist[RAYOS_LB_L_NR];
};

struct rayos_lb_cpu_stats __percpu *rayos_lb_stats_new(void);
void rayos_lb_stats_count(struct rayos_lb_cpu_stats __percpu *stats,
			  enum rayos_lb_counter counter);
void rayos_lb_stats_time(struct rayos_lb_cpu_stats __percpu *stats,
			 enum rayos_lb_latency what, u64 ns);
void rayos_lb_stats_counters(u64 *sum,
			     const struct rayos_lb_cpu_stats __percpu *stats);
void rayos_lb_stats_add(struct rayos_lb_stats *sum,
			const struct rayos_lb_cpu_stats __percpu *stats);

/**
 * rayos_lb_stats_packet() - count one packet
 * @stats: of the backend
 * @packets: %RAYOS_LB_C_PACKETS_IN or %RAYOS_LB_C_PACKETS_OUT; the counter of
 *	bytes follows it
 * @bytes: length of the packet
 *
 * Context: bottom halves off.
 */
static inline void
rayos_lb_stats_packet(struct rayos_lb_cpu_stats __percpu *stats,
		      enum rayos_lb_counter packets, u32 bytes)
{
	struct rayos_lb_cpu_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->sync);
	u64_stats_inc(&s->counter[packets]);
	u64_stats_add(&s->counter[packets + 1], bytes);
	u64_stats_update_end(&s->sync);
}

#endif
