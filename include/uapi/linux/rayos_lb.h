/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/rayos_lb.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: tools/regen */

#ifndef _UAPI_LINUX_RAYOS_LB_H
#define _UAPI_LINUX_RAYOS_LB_H

#define RAYOS_LB_FAMILY_NAME	"rayos-lb"
#define RAYOS_LB_FAMILY_VERSION	1

#define RAYOS_LB_NAME_MAX		31
#define RAYOS_LB_PATH_MAX		127
#define RAYOS_LB_METHOD_MAX		15
#define RAYOS_LB_PAYLOAD_MAX		127
#define RAYOS_LB_PROGRAM_MAX		32768
#define RAYOS_LB_VIEW_CLIENT		0
#define RAYOS_LB_VIEW_VIP		16
#define RAYOS_LB_VIEW_CLIENT_PORT	32
#define RAYOS_LB_VIEW_PORT		34
#define RAYOS_LB_VIEW_PROTO		36
#define RAYOS_LB_VIEW_VERSION		37
#define RAYOS_LB_VIEW_BACKENDS		38
#define RAYOS_LB_VIEW_CLIENT_HASH	40
#define RAYOS_LB_VIEW_FLOW_HASH		44
#define RAYOS_LB_VIEW_LEN		48

/**
 * enum rayos_lb_proto - Transport protocol of a balancer.
 * @RAYOS_LB_PROTO_TCP: TCP, a connection is a flow from its first SYN.
 * @RAYOS_LB_PROTO_UDP: UDP, a flow is what one client port sends until it
 *   falls silent.
 */
enum rayos_lb_proto {
	RAYOS_LB_PROTO_TCP,
	RAYOS_LB_PROTO_UDP,

	/* private: */
	__RAYOS_LB_PROTO_MAX,
	RAYOS_LB_PROTO_MAX = (__RAYOS_LB_PROTO_MAX - 1)
};

/**
 * enum rayos_lb_policy - How a balancer picks the backend of a new flow.
 * @RAYOS_LB_POLICY_ROUND_ROBIN: One after the other, weights are ignored.
 * @RAYOS_LB_POLICY_WEIGHTED_ROUND_ROBIN: In proportion to weight, heavy
 *   backends are interleaved with light ones.
 * @RAYOS_LB_POLICY_LEAST_CONNECTIONS: The backend with fewest open connections
 *   for its weight.
 * @RAYOS_LB_POLICY_IP_HASH: By client address, consistent when backends come
 *   and go.
 * @RAYOS_LB_POLICY_RANDOM: Two backends drawn at random by weight, the less
 *   loaded one wins.
 * @RAYOS_LB_POLICY_MAGLEV: By client address and port, consistent, the same on
 *   every director.
 * @RAYOS_LB_POLICY_CUSTOM: By the result of a program of yours, modulo the
 *   number of backends.
 * @RAYOS_LB_POLICY_MODULE: By a policy that another module has registered.
 */
enum rayos_lb_policy {
	RAYOS_LB_POLICY_ROUND_ROBIN,
	RAYOS_LB_POLICY_WEIGHTED_ROUND_ROBIN,
	RAYOS_LB_POLICY_LEAST_CONNECTIONS,
	RAYOS_LB_POLICY_IP_HASH,
	RAYOS_LB_POLICY_RANDOM,
	RAYOS_LB_POLICY_MAGLEV,
	RAYOS_LB_POLICY_CUSTOM,
	RAYOS_LB_POLICY_MODULE,

	/* private: */
	__RAYOS_LB_POLICY_MAX,
	RAYOS_LB_POLICY_MAX = (__RAYOS_LB_POLICY_MAX - 1)
};

/**
 * enum rayos_lb_state - What a backend may be given.
 * @RAYOS_LB_STATE_HEALTHY: New flows and those it has.
 * @RAYOS_LB_STATE_UNHEALTHY: Its health checks fail; nothing new, until they
 *   pass again.
 * @RAYOS_LB_STATE_DRAINING: Nothing new; the flows it has may finish.
 * @RAYOS_LB_STATE_OFFLINE: Nothing; it was taken out by command or its drain
 *   has ended.
 */
enum rayos_lb_state {
	RAYOS_LB_STATE_HEALTHY,
	RAYOS_LB_STATE_UNHEALTHY,
	RAYOS_LB_STATE_DRAINING,
	RAYOS_LB_STATE_OFFLINE,

	/* private: */
	__RAYOS_LB_STATE_MAX,
	RAYOS_LB_STATE_MAX = (__RAYOS_LB_STATE_MAX - 1)
};

/**
 * enum rayos_lb_admin - What the operator wants of a backend.
 * @RAYOS_LB_ADMIN_ONLINE: Serve, as long as the health checks pass.
 * @RAYOS_LB_ADMIN_DRAIN: Finish what is open, until the deadline if there is
 *   one, then go offline.
 * @RAYOS_LB_ADMIN_OFFLINE: Stop now; the flows it has are reset.
 */
enum rayos_lb_admin {
	RAYOS_LB_ADMIN_ONLINE,
	RAYOS_LB_ADMIN_DRAIN,
	RAYOS_LB_ADMIN_OFFLINE,

	/* private: */
	__RAYOS_LB_ADMIN_MAX,
	RAYOS_LB_ADMIN_MAX = (__RAYOS_LB_ADMIN_MAX - 1)
};

/**
 * enum rayos_lb_probe - How the health of a backend is checked.
 * @RAYOS_LB_PROBE_NONE: It is not checked and counts as healthy.
 * @RAYOS_LB_PROBE_TCP: A TCP connection must be accepted.
 * @RAYOS_LB_PROBE_HTTP: An HTTP request must be answered with a status in the
 *   range asked for.
 * @RAYOS_LB_PROBE_UDP: A datagram must be answered, or at least not be refused
 *   by ICMP.
 */
enum rayos_lb_probe {
	RAYOS_LB_PROBE_NONE,
	RAYOS_LB_PROBE_TCP,
	RAYOS_LB_PROBE_HTTP,
	RAYOS_LB_PROBE_UDP,

	/* private: */
	__RAYOS_LB_PROBE_MAX,
	RAYOS_LB_PROBE_MAX = (__RAYOS_LB_PROBE_MAX - 1)
};

/**
 * enum rayos_lb_when_down - What a client gets while no backend can take its
 *   connection.
 * @RAYOS_LB_WHEN_DOWN_RESET: A TCP reset, or ICMP port unreachable for UDP.
 * @RAYOS_LB_WHEN_DOWN_DROP: Nothing.
 */
enum rayos_lb_when_down {
	RAYOS_LB_WHEN_DOWN_RESET,
	RAYOS_LB_WHEN_DOWN_DROP,

	/* private: */
	__RAYOS_LB_WHEN_DOWN_MAX,
	RAYOS_LB_WHEN_DOWN_MAX = (__RAYOS_LB_WHEN_DOWN_MAX - 1)
};

/**
 * enum rayos_lb_check_result - How a health check ended.
 * @RAYOS_LB_CHECK_RESULT_NONE: None has ended yet.
 * @RAYOS_LB_CHECK_RESULT_PASSED: The backend answered as it should.
 * @RAYOS_LB_CHECK_RESULT_TIMEOUT: It did not answer in time.
 * @RAYOS_LB_CHECK_RESULT_REFUSED: It refused or reset the connection.
 * @RAYOS_LB_CHECK_RESULT_UNREACHABLE: No route, or the network says that it
 *   cannot be reached.
 * @RAYOS_LB_CHECK_RESULT_CLOSED: It closed the connection before it had
 *   answered.
 * @RAYOS_LB_CHECK_RESULT_BAD_STATUS: It answered with a status outside the
 *   range.
 * @RAYOS_LB_CHECK_RESULT_BAD_REPLY: What it answered is not HTTP.
 * @RAYOS_LB_CHECK_RESULT_ERROR: This machine could not make the check, for
 *   want of memory or ports.
 * @RAYOS_LB_CHECK_RESULT_PASSIVE: No check, but so many connections of clients
 *   in a row failed.
 */
enum rayos_lb_check_result {
	RAYOS_LB_CHECK_RESULT_NONE,
	RAYOS_LB_CHECK_RESULT_PASSED,
	RAYOS_LB_CHECK_RESULT_TIMEOUT,
	RAYOS_LB_CHECK_RESULT_REFUSED,
	RAYOS_LB_CHECK_RESULT_UNREACHABLE,
	RAYOS_LB_CHECK_RESULT_CLOSED,
	RAYOS_LB_CHECK_RESULT_BAD_STATUS,
	RAYOS_LB_CHECK_RESULT_BAD_REPLY,
	RAYOS_LB_CHECK_RESULT_ERROR,
	RAYOS_LB_CHECK_RESULT_PASSIVE,

	/* private: */
	__RAYOS_LB_CHECK_RESULT_MAX,
	RAYOS_LB_CHECK_RESULT_MAX = (__RAYOS_LB_CHECK_RESULT_MAX - 1)
};

/**
 * enum rayos_lb_fast_path - Whether packets take the fast path, past the hooks
 *   of others.
 * @RAYOS_LB_FAST_PATH_OFF: None do; it is turned off, or there are hooks which
 *   must see them.
 * @RAYOS_LB_FAST_PATH_IPV4: Those of IPv4 do.
 * @RAYOS_LB_FAST_PATH_IPV6: Those of IPv6 do.
 * @RAYOS_LB_FAST_PATH_ON: All do.
 */
enum rayos_lb_fast_path {
	RAYOS_LB_FAST_PATH_OFF,
	RAYOS_LB_FAST_PATH_IPV4,
	RAYOS_LB_FAST_PATH_IPV6,
	RAYOS_LB_FAST_PATH_ON,

	/* private: */
	__RAYOS_LB_FAST_PATH_MAX,
	RAYOS_LB_FAST_PATH_MAX = (__RAYOS_LB_FAST_PATH_MAX - 1)
};

/**
 * enum rayos_lb_mode - How packets get to a backend and back.
 * @RAYOS_LB_MODE_NAT: The destination is replaced; answers must come back
 *   through the balancer.
 * @RAYOS_LB_MODE_FULL_NAT: The source is replaced as well, so that answers
 *   come back by themselves.
 * @RAYOS_LB_MODE_DSR: Nothing is replaced; the backend has the virtual address
 *   too and answers directly.
 */
enum rayos_lb_mode {
	RAYOS_LB_MODE_NAT,
	RAYOS_LB_MODE_FULL_NAT,
	RAYOS_LB_MODE_DSR,

	/* private: */
	__RAYOS_LB_MODE_MAX,
	RAYOS_LB_MODE_MAX = (__RAYOS_LB_MODE_MAX - 1)
};

/**
 * enum rayos_lb_switch - Whether something is so.
 * @RAYOS_LB_SWITCH_OFF: It is not.
 * @RAYOS_LB_SWITCH_ON: It is.
 */
enum rayos_lb_switch {
	RAYOS_LB_SWITCH_OFF,
	RAYOS_LB_SWITCH_ON,

	/* private: */
	__RAYOS_LB_SWITCH_MAX,
	RAYOS_LB_SWITCH_MAX = (__RAYOS_LB_SWITCH_MAX - 1)
};

/**
 * enum rayos_lb_on_down - What becomes of the flows of a backend that turns
 *   unhealthy.
 * @RAYOS_LB_ON_DOWN_KEEP: They go on, as the backend may come back to them.
 * @RAYOS_LB_ON_DOWN_RESET: They are reset, so that clients begin anew with
 *   another backend.
 */
enum rayos_lb_on_down {
	RAYOS_LB_ON_DOWN_KEEP,
	RAYOS_LB_ON_DOWN_RESET,

	/* private: */
	__RAYOS_LB_ON_DOWN_MAX,
	RAYOS_LB_ON_DOWN_MAX = (__RAYOS_LB_ON_DOWN_MAX - 1)
};

/**
 * enum rayos_lb_role - When a backend is given new flows.
 * @RAYOS_LB_ROLE_PRIMARY: Whenever it can take them.
 * @RAYOS_LB_ROLE_FALLBACK: While no primary backend can take them.
 */
enum rayos_lb_role {
	RAYOS_LB_ROLE_PRIMARY,
	RAYOS_LB_ROLE_FALLBACK,

	/* private: */
	__RAYOS_LB_ROLE_MAX,
	RAYOS_LB_ROLE_MAX = (__RAYOS_LB_ROLE_MAX - 1)
};

enum {
	RAYOS_LB_A_HISTOGRAM_COUNT = 1,
	RAYOS_LB_A_HISTOGRAM_SUM,
	RAYOS_LB_A_HISTOGRAM_P50,
	RAYOS_LB_A_HISTOGRAM_P90,
	RAYOS_LB_A_HISTOGRAM_P99,
	RAYOS_LB_A_HISTOGRAM_LONGEST,

	__RAYOS_LB_A_HISTOGRAM_MAX,
	RAYOS_LB_A_HISTOGRAM_MAX = (__RAYOS_LB_A_HISTOGRAM_MAX - 1)
};

enum {
	RAYOS_LB_A_STATS_CONNECTIONS = 1,
	RAYOS_LB_A_STATS_PACKETS_IN,
	RAYOS_LB_A_STATS_BYTES_IN,
	RAYOS_LB_A_STATS_PACKETS_OUT,
	RAYOS_LB_A_STATS_BYTES_OUT,
	RAYOS_LB_A_STATS_REQUESTS,
	RAYOS_LB_A_STATS_REFUSED,
	RAYOS_LB_A_STATS_TIMEOUTS,
	RAYOS_LB_A_STATS_RESETS,
	RAYOS_LB_A_STATS_UNREACHABLE,
	RAYOS_LB_A_STATS_DROPPED,
	RAYOS_LB_A_STATS_CONNECT_LATENCY,
	RAYOS_LB_A_STATS_FIRST_BYTE_LATENCY,
	RAYOS_LB_A_STATS_RETRIED,
	RAYOS_LB_A_STATS_CONNECTION_RATE,
	RAYOS_LB_A_STATS_REQUEST_RATE,
	RAYOS_LB_A_STATS_PACKET_IN_RATE,
	RAYOS_LB_A_STATS_BYTE_IN_RATE,
	RAYOS_LB_A_STATS_PACKET_OUT_RATE,
	RAYOS_LB_A_STATS_BYTE_OUT_RATE,
	RAYOS_LB_A_STATS_ERROR_RATE,
	RAYOS_LB_A_STATS_STATELESS,

	__RAYOS_LB_A_STATS_MAX,
	RAYOS_LB_A_STATS_MAX = (__RAYOS_LB_A_STATS_MAX - 1)
};

enum {
	RAYOS_LB_A_HEALTH_PROBE = 1,
	RAYOS_LB_A_HEALTH_PORT,
	RAYOS_LB_A_HEALTH_INTERVAL,
	RAYOS_LB_A_HEALTH_TIMEOUT,
	RAYOS_LB_A_HEALTH_RISE,
	RAYOS_LB_A_HEALTH_FALL,
	RAYOS_LB_A_HEALTH_PATH,
	RAYOS_LB_A_HEALTH_HOST,
	RAYOS_LB_A_HEALTH_STATUS_MIN,
	RAYOS_LB_A_HEALTH_STATUS_MAX,
	RAYOS_LB_A_HEALTH_PAD,
	RAYOS_LB_A_HEALTH_METHOD,
	RAYOS_LB_A_HEALTH_SEND,
	RAYOS_LB_A_HEALTH_REQUIRE_REPLY,

	__RAYOS_LB_A_HEALTH_MAX,
	RAYOS_LB_A_HEALTH_MAX = (__RAYOS_LB_A_HEALTH_MAX - 1)
};

enum {
	RAYOS_LB_A_CHECK_RESULT = 1,
	RAYOS_LB_A_CHECK_STATUS,
	RAYOS_LB_A_CHECK_PASSED,
	RAYOS_LB_A_CHECK_FAILED,
	RAYOS_LB_A_CHECK_STREAK,
	RAYOS_LB_A_CHECK_LATENCY,
	RAYOS_LB_A_CHECK_AGE,
	RAYOS_LB_A_CHECK_PASSIVE_STREAK,
	RAYOS_LB_A_CHECK_HOLD,

	__RAYOS_LB_A_CHECK_MAX,
	RAYOS_LB_A_CHECK_MAX = (__RAYOS_LB_A_CHECK_MAX - 1)
};

enum {
	RAYOS_LB_A_BALANCER_ID = 1,
	RAYOS_LB_A_BALANCER_NAME,
	RAYOS_LB_A_BALANCER_PROTO,
	RAYOS_LB_A_BALANCER_IPV4,
	RAYOS_LB_A_BALANCER_IPV6,
	RAYOS_LB_A_BALANCER_PORT,
	RAYOS_LB_A_BALANCER_POLICY,
	RAYOS_LB_A_BALANCER_AFFINITY,
	RAYOS_LB_A_BALANCER_WHEN_DOWN,
	RAYOS_LB_A_BALANCER_HEALTH,
	RAYOS_LB_A_BALANCER_RESET,
	RAYOS_LB_A_BALANCER_BACKENDS,
	RAYOS_LB_A_BALANCER_HEALTHY,
	RAYOS_LB_A_BALANCER_ACTIVE,
	RAYOS_LB_A_BALANCER_AFFINITIES,
	RAYOS_LB_A_BALANCER_STATS,
	RAYOS_LB_A_BALANCER_PAD,
	RAYOS_LB_A_BALANCER_MODE,
	RAYOS_LB_A_BALANCER_SOURCE_IPV4,
	RAYOS_LB_A_BALANCER_SOURCE_IPV6,
	RAYOS_LB_A_BALANCER_PASSIVE,
	RAYOS_LB_A_BALANCER_ON_DOWN,
	RAYOS_LB_A_BALANCER_AFFINITY_PREFIX,
	RAYOS_LB_A_BALANCER_SLOW_START,
	RAYOS_LB_A_BALANCER_PROGRAM,
	RAYOS_LB_A_BALANCER_POLICY_NAME,

	__RAYOS_LB_A_BALANCER_MAX,
	RAYOS_LB_A_BALANCER_MAX = (__RAYOS_LB_A_BALANCER_MAX - 1)
};

enum {
	RAYOS_LB_A_BACKEND_BALANCER = 1,
	RAYOS_LB_A_BACKEND_ID,
	RAYOS_LB_A_BACKEND_IPV4,
	RAYOS_LB_A_BACKEND_IPV6,
	RAYOS_LB_A_BACKEND_PORT,
	RAYOS_LB_A_BACKEND_WEIGHT,
	RAYOS_LB_A_BACKEND_LIMIT,
	RAYOS_LB_A_BACKEND_ADMIN,
	RAYOS_LB_A_BACKEND_DEADLINE,
	RAYOS_LB_A_BACKEND_RESET,
	RAYOS_LB_A_BACKEND_STATE,
	RAYOS_LB_A_BACKEND_OLD_STATE,
	RAYOS_LB_A_BACKEND_SINCE,
	RAYOS_LB_A_BACKEND_ACTIVE,
	RAYOS_LB_A_BACKEND_AFFINITIES,
	RAYOS_LB_A_BACKEND_CHECK,
	RAYOS_LB_A_BACKEND_STATS,
	RAYOS_LB_A_BACKEND_PAD,
	RAYOS_LB_A_BACKEND_ROLE,
	RAYOS_LB_A_BACKEND_EFFECTIVE_WEIGHT,

	__RAYOS_LB_A_BACKEND_MAX,
	RAYOS_LB_A_BACKEND_MAX = (__RAYOS_LB_A_BACKEND_MAX - 1)
};

enum {
	RAYOS_LB_A_STATUS_VERSION = 1,
	RAYOS_LB_A_STATUS_BALANCERS,
	RAYOS_LB_A_STATUS_MAX_BALANCERS,
	RAYOS_LB_A_STATUS_MAX_BACKENDS,
	RAYOS_LB_A_STATUS_FLOWS,
	RAYOS_LB_A_STATUS_MAX_FLOWS,
	RAYOS_LB_A_STATUS_BUCKETS,
	RAYOS_LB_A_STATUS_FLOW_BYTES,
	RAYOS_LB_A_STATUS_TABLE_FULL,
	RAYOS_LB_A_STATUS_EVICTED,
	RAYOS_LB_A_STATUS_FAST_PATH,

	__RAYOS_LB_A_STATUS_MAX,
	RAYOS_LB_A_STATUS_MAX = (__RAYOS_LB_A_STATUS_MAX - 1)
};

enum {
	RAYOS_LB_A_POLICY_INFO_POLICY = 1,
	RAYOS_LB_A_POLICY_INFO_BALANCERS,
	RAYOS_LB_A_POLICY_INFO_NAME,

	__RAYOS_LB_A_POLICY_INFO_MAX,
	RAYOS_LB_A_POLICY_INFO_MAX = (__RAYOS_LB_A_POLICY_INFO_MAX - 1)
};

enum {
	RAYOS_LB_A_CONFIG_BALANCER = 1,
	RAYOS_LB_A_CONFIG_BACKEND,
	RAYOS_LB_A_CONFIG_CHECK,
	RAYOS_LB_A_CONFIG_BALANCERS_ADDED,
	RAYOS_LB_A_CONFIG_BALANCERS_REMOVED,
	RAYOS_LB_A_CONFIG_BACKENDS_ADDED,
	RAYOS_LB_A_CONFIG_BACKENDS_REMOVED,

	__RAYOS_LB_A_CONFIG_MAX,
	RAYOS_LB_A_CONFIG_MAX = (__RAYOS_LB_A_CONFIG_MAX - 1)
};

enum {
	RAYOS_LB_CMD_BALANCER_GET = 1,
	RAYOS_LB_CMD_BALANCER_NEW,
	RAYOS_LB_CMD_BALANCER_SET,
	RAYOS_LB_CMD_BALANCER_DEL,
	RAYOS_LB_CMD_BALANCER_NTF,
	RAYOS_LB_CMD_BALANCER_DEL_NTF,
	RAYOS_LB_CMD_BACKEND_GET,
	RAYOS_LB_CMD_BACKEND_NEW,
	RAYOS_LB_CMD_BACKEND_SET,
	RAYOS_LB_CMD_BACKEND_DEL,
	RAYOS_LB_CMD_BACKEND_NTF,
	RAYOS_LB_CMD_BACKEND_DEL_NTF,
	RAYOS_LB_CMD_HEALTH_NTF,
	RAYOS_LB_CMD_STATUS_GET,
	RAYOS_LB_CMD_POLICY_GET,
	RAYOS_LB_CMD_CONFIG_SET,

	__RAYOS_LB_CMD_MAX,
	RAYOS_LB_CMD_MAX = (__RAYOS_LB_CMD_MAX - 1)
};

#define RAYOS_LB_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_RAYOS_LB_H */
