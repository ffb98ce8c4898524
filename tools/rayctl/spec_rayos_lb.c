// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit: written by gen_spec.py from rayos_lb.yaml. */

#include "spec_rayos_lb.h"

static const struct spec_value enum_proto[] = {
	{ "tcp",
	  "TCP, a connection is a flow from its first SYN." },
	{ "udp",
	  "UDP, a flow is what one client port sends until it falls silent." },
	{ NULL, NULL }
};

static const struct spec_value enum_policy[] = {
	{ "round-robin",
	  "One after the other, weights are ignored." },
	{ "weighted-round-robin",
	  "In proportion to weight, heavy backends are interleaved with light ones." },
	{ "least-connections",
	  "The backend with fewest open connections for its weight." },
	{ "ip-hash",
	  "By client address, consistent when backends come and go." },
	{ "random",
	  "Two backends drawn at random by weight, the less loaded one wins." },
	{ "maglev",
	  "By client address and port, consistent, the same on every director." },
	{ "custom",
	  "By the result of a program of yours, modulo the number of backends." },
	{ "module",
	  "By a policy that another module has registered." },
	{ NULL, NULL }
};

static const struct spec_value enum_state[] = {
	{ "healthy",
	  "New flows and those it has." },
	{ "unhealthy",
	  "Its health checks fail; nothing new, until they pass again." },
	{ "draining",
	  "Nothing new; the flows it has may finish." },
	{ "offline",
	  "Nothing; it was taken out by command or its drain has ended." },
	{ NULL, NULL }
};

static const struct spec_value enum_admin[] = {
	{ "online",
	  "Serve, as long as the health checks pass." },
	{ "drain",
	  "Finish what is open, until the deadline if there is one, then go offline." },
	{ "offline",
	  "Stop now; the flows it has are reset." },
	{ NULL, NULL }
};

static const struct spec_value enum_probe[] = {
	{ "none",
	  "It is not checked and counts as healthy." },
	{ "tcp",
	  "A TCP connection must be accepted." },
	{ "http",
	  "An HTTP request must be answered with a status in the range asked for." },
	{ "udp",
	  "A datagram must be answered, or at least not be refused by ICMP." },
	{ NULL, NULL }
};

static const struct spec_value enum_when_down[] = {
	{ "reset",
	  "A TCP reset, or ICMP port unreachable for UDP." },
	{ "drop",
	  "Nothing." },
	{ NULL, NULL }
};

static const struct spec_value enum_check_result[] = {
	{ "none",
	  "None has ended yet." },
	{ "passed",
	  "The backend answered as it should." },
	{ "timeout",
	  "It did not answer in time." },
	{ "refused",
	  "It refused or reset the connection." },
	{ "unreachable",
	  "No route, or the network says that it cannot be reached." },
	{ "closed",
	  "It closed the connection before it had answered." },
	{ "bad-status",
	  "It answered with a status outside the range." },
	{ "bad-reply",
	  "What it answered is not HTTP." },
	{ "error",
	  "This machine could not make the check, for want of memory or ports." },
	{ "passive",
	  "No check, but so many connections of clients in a row failed." },
	{ NULL, NULL }
};

static const struct spec_value enum_fast_path[] = {
	{ "off",
	  "None do; it is turned off, or there are hooks which must see them." },
	{ "ipv4",
	  "Those of IPv4 do." },
	{ "ipv6",
	  "Those of IPv6 do." },
	{ "on",
	  "All do." },
	{ NULL, NULL }
};

static const struct spec_value enum_mode[] = {
	{ "nat",
	  "The destination is replaced; answers must come back through the balancer." },
	{ "full-nat",
	  "The source is replaced as well, so that answers come back by themselves." },
	{ "dsr",
	  "Nothing is replaced; the backend has the virtual address too and answers directly." },
	{ NULL, NULL }
};

static const struct spec_value enum_switch[] = {
	{ "off",
	  "It is not." },
	{ "on",
	  "It is." },
	{ NULL, NULL }
};

static const struct spec_value enum_on_down[] = {
	{ "keep",
	  "They go on, as the backend may come back to them." },
	{ "reset",
	  "They are reset, so that clients begin anew with another backend." },
	{ NULL, NULL }
};

static const struct spec_value enum_role[] = {
	{ "primary",
	  "Whenever it can take them." },
	{ "fallback",
	  "While no primary backend can take them." },
	{ NULL, NULL }
};

static const struct spec_set set_histogram;
static const struct spec_set set_stats;
static const struct spec_set set_health;
static const struct spec_set set_check;
static const struct spec_set set_balancer;
static const struct spec_set set_backend;
static const struct spec_set set_status;
static const struct spec_set set_policy_info;
static const struct spec_set set_config;

static const struct spec_attr attrs_histogram[] = {
	[1] = { .name = "count", .kind = SPEC_UINT },
	[2] = { .name = "sum", .kind = SPEC_UINT },
	[3] = { .name = "p50", .kind = SPEC_UINT },
	[4] = { .name = "p90", .kind = SPEC_UINT },
	[5] = { .name = "p99", .kind = SPEC_UINT },
	[6] = { .name = "longest", .kind = SPEC_UINT },
};

static const struct spec_set set_histogram = {
	"histogram", 6, attrs_histogram
};

static const struct spec_attr attrs_stats[] = {
	[1] = { .name = "connections", .kind = SPEC_UINT },
	[2] = { .name = "packets-in", .kind = SPEC_UINT },
	[3] = { .name = "bytes-in", .kind = SPEC_UINT },
	[4] = { .name = "packets-out", .kind = SPEC_UINT },
	[5] = { .name = "bytes-out", .kind = SPEC_UINT },
	[6] = { .name = "requests", .kind = SPEC_UINT },
	[7] = { .name = "refused", .kind = SPEC_UINT },
	[8] = { .name = "timeouts", .kind = SPEC_UINT },
	[9] = { .name = "resets", .kind = SPEC_UINT },
	[10] = { .name = "unreachable", .kind = SPEC_UINT },
	[11] = { .name = "dropped", .kind = SPEC_UINT },
	[12] = { .name = "connect-latency", .kind = SPEC_NEST, .nest = &set_histogram },
	[13] = { .name = "first-byte-latency", .kind = SPEC_NEST, .nest = &set_histogram },
	[14] = { .name = "retried", .kind = SPEC_UINT },
	[15] = { .name = "connection-rate", .kind = SPEC_UINT },
	[16] = { .name = "request-rate", .kind = SPEC_UINT },
	[17] = { .name = "packet-in-rate", .kind = SPEC_UINT },
	[18] = { .name = "byte-in-rate", .kind = SPEC_UINT },
	[19] = { .name = "packet-out-rate", .kind = SPEC_UINT },
	[20] = { .name = "byte-out-rate", .kind = SPEC_UINT },
	[21] = { .name = "error-rate", .kind = SPEC_UINT },
	[22] = { .name = "stateless", .kind = SPEC_UINT },
};

static const struct spec_set set_stats = {
	"stats", 22, attrs_stats
};

static const struct spec_attr attrs_health[] = {
	[1] = { .name = "probe", .kind = SPEC_U32, .values = enum_probe },
	[2] = { .name = "port", .kind = SPEC_U16, .big_endian = true },
	[3] = { .name = "interval", .kind = SPEC_U64, .min = 1000000000ULL, .max = 60000000000ULL },
	[4] = { .name = "timeout", .kind = SPEC_U64, .min = 10000000ULL, .max = 60000000000ULL },
	[5] = { .name = "rise", .kind = SPEC_U32, .min = 1ULL, .max = 100ULL },
	[6] = { .name = "fall", .kind = SPEC_U32, .min = 1ULL, .max = 100ULL },
	[7] = { .name = "path", .kind = SPEC_STRING, .max = 127ULL },
	[8] = { .name = "host", .kind = SPEC_STRING, .max = 127ULL },
	[9] = { .name = "status-min", .kind = SPEC_U16, .min = 100ULL, .max = 599ULL },
	[10] = { .name = "status-max", .kind = SPEC_U16, .min = 100ULL, .max = 599ULL },
	[11] = { .name = "pad", .kind = SPEC_UNUSED },
	[12] = { .name = "method", .kind = SPEC_STRING, .max = 15ULL },
	[13] = { .name = "send", .kind = SPEC_BINARY, .max = 127ULL },
	[14] = { .name = "require-reply", .kind = SPEC_U32, .values = enum_switch },
};

static const struct spec_set set_health = {
	"health", 14, attrs_health
};

static const struct spec_attr attrs_check[] = {
	[1] = { .name = "result", .kind = SPEC_U32, .values = enum_check_result },
	[2] = { .name = "status", .kind = SPEC_U32 },
	[3] = { .name = "passed", .kind = SPEC_UINT },
	[4] = { .name = "failed", .kind = SPEC_UINT },
	[5] = { .name = "streak", .kind = SPEC_U32 },
	[6] = { .name = "latency", .kind = SPEC_UINT },
	[7] = { .name = "age", .kind = SPEC_UINT },
	[8] = { .name = "passive-streak", .kind = SPEC_U32 },
	[9] = { .name = "hold", .kind = SPEC_UINT },
};

static const struct spec_set set_check = {
	"check", 9, attrs_check
};

static const struct spec_attr attrs_balancer[] = {
	[1] = { .name = "id", .kind = SPEC_U32 },
	[2] = { .name = "name", .kind = SPEC_STRING, .max = 31ULL },
	[3] = { .name = "proto", .kind = SPEC_U32, .values = enum_proto },
	[4] = { .name = "ipv4", .kind = SPEC_IPV4 },
	[5] = { .name = "ipv6", .kind = SPEC_IPV6 },
	[6] = { .name = "port", .kind = SPEC_U16, .big_endian = true, .min = 1ULL },
	[7] = { .name = "policy", .kind = SPEC_U32, .values = enum_policy },
	[8] = { .name = "affinity", .kind = SPEC_U64, .max = 86400000000000ULL },
	[9] = { .name = "when-down", .kind = SPEC_U32, .values = enum_when_down },
	[10] = { .name = "health", .kind = SPEC_NEST, .nest = &set_health },
	[11] = { .name = "reset", .kind = SPEC_FLAG },
	[12] = { .name = "backends", .kind = SPEC_U32 },
	[13] = { .name = "healthy", .kind = SPEC_U32 },
	[14] = { .name = "active", .kind = SPEC_U32 },
	[15] = { .name = "affinities", .kind = SPEC_U32 },
	[16] = { .name = "stats", .kind = SPEC_NEST, .nest = &set_stats },
	[17] = { .name = "pad", .kind = SPEC_UNUSED },
	[18] = { .name = "mode", .kind = SPEC_U32, .values = enum_mode },
	[19] = { .name = "source-ipv4", .kind = SPEC_IPV4 },
	[20] = { .name = "source-ipv6", .kind = SPEC_IPV6 },
	[21] = { .name = "passive", .kind = SPEC_U32, .max = 1000ULL },
	[22] = { .name = "on-down", .kind = SPEC_U32, .values = enum_on_down },
	[23] = { .name = "affinity-prefix", .kind = SPEC_U32, .max = 128ULL },
	[24] = { .name = "slow-start", .kind = SPEC_U64, .max = 3600000000000ULL },
	[25] = { .name = "program", .kind = SPEC_BINARY },
	[26] = { .name = "policy-name", .kind = SPEC_STRING, .max = 31ULL },
};

static const struct spec_set set_balancer = {
	"balancer", 26, attrs_balancer
};

static const struct spec_attr attrs_backend[] = {
	[1] = { .name = "balancer", .kind = SPEC_STRING, .max = 31ULL },
	[2] = { .name = "id", .kind = SPEC_U32 },
	[3] = { .name = "ipv4", .kind = SPEC_IPV4 },
	[4] = { .name = "ipv6", .kind = SPEC_IPV6 },
	[5] = { .name = "port", .kind = SPEC_U16, .big_endian = true, .min = 1ULL },
	[6] = { .name = "weight", .kind = SPEC_U32, .max = 65535ULL },
	[7] = { .name = "limit", .kind = SPEC_U32 },
	[8] = { .name = "admin", .kind = SPEC_U32, .values = enum_admin },
	[9] = { .name = "deadline", .kind = SPEC_U64, .max = 86400000000000ULL },
	[10] = { .name = "reset", .kind = SPEC_FLAG },
	[11] = { .name = "state", .kind = SPEC_U32, .values = enum_state },
	[12] = { .name = "old-state", .kind = SPEC_U32, .values = enum_state },
	[13] = { .name = "since", .kind = SPEC_UINT },
	[14] = { .name = "active", .kind = SPEC_U32 },
	[15] = { .name = "affinities", .kind = SPEC_U32 },
	[16] = { .name = "check", .kind = SPEC_NEST, .nest = &set_check },
	[17] = { .name = "stats", .kind = SPEC_NEST, .nest = &set_stats },
	[18] = { .name = "pad", .kind = SPEC_UNUSED },
	[19] = { .name = "role", .kind = SPEC_U32, .values = enum_role },
	[20] = { .name = "effective-weight", .kind = SPEC_UINT },
};

static const struct spec_set set_backend = {
	"backend", 20, attrs_backend
};

static const struct spec_attr attrs_status[] = {
	[1] = { .name = "version", .kind = SPEC_STRING },
	[2] = { .name = "balancers", .kind = SPEC_U32 },
	[3] = { .name = "max-balancers", .kind = SPEC_U32 },
	[4] = { .name = "max-backends", .kind = SPEC_U32 },
	[5] = { .name = "flows", .kind = SPEC_U32 },
	[6] = { .name = "max-flows", .kind = SPEC_U32 },
	[7] = { .name = "buckets", .kind = SPEC_U32 },
	[8] = { .name = "flow-bytes", .kind = SPEC_U32 },
	[9] = { .name = "table-full", .kind = SPEC_UINT },
	[10] = { .name = "evicted", .kind = SPEC_UINT },
	[11] = { .name = "fast-path", .kind = SPEC_U32, .values = enum_fast_path },
};

static const struct spec_set set_status = {
	"status", 11, attrs_status
};

static const struct spec_attr attrs_policy_info[] = {
	[1] = { .name = "policy", .kind = SPEC_U32, .values = enum_policy },
	[2] = { .name = "balancers", .kind = SPEC_U32 },
	[3] = { .name = "name", .kind = SPEC_STRING },
};

static const struct spec_set set_policy_info = {
	"policy-info", 3, attrs_policy_info
};

static const struct spec_attr attrs_config[] = {
	[1] = { .name = "balancer", .kind = SPEC_NEST, .nest = &set_balancer, .multi = true },
	[2] = { .name = "backend", .kind = SPEC_NEST, .nest = &set_backend, .multi = true },
	[3] = { .name = "check", .kind = SPEC_FLAG },
	[4] = { .name = "balancers-added", .kind = SPEC_U32 },
	[5] = { .name = "balancers-removed", .kind = SPEC_U32 },
	[6] = { .name = "backends-added", .kind = SPEC_U32 },
	[7] = { .name = "backends-removed", .kind = SPEC_U32 },
};

static const struct spec_set set_config = {
	"config", 7, attrs_config
};

static const struct spec_op ops[] = {
	{ "balancer-get", 1, false, &set_balancer },
	{ "balancer-new", 2, false, &set_balancer },
	{ "balancer-set", 3, false, &set_balancer },
	{ "balancer-del", 4, false, &set_balancer },
	{ "balancer-ntf", 5, true, &set_balancer },
	{ "balancer-del-ntf", 6, true, &set_balancer },
	{ "backend-get", 7, false, &set_backend },
	{ "backend-new", 8, false, &set_backend },
	{ "backend-set", 9, false, &set_backend },
	{ "backend-del", 10, false, &set_backend },
	{ "backend-ntf", 11, true, &set_backend },
	{ "backend-del-ntf", 12, true, &set_backend },
	{ "health-ntf", 13, true, &set_backend },
	{ "status-get", 14, false, &set_status },
	{ "policy-get", 15, false, &set_policy_info },
	{ "config-set", 16, false, &set_config },
	{ NULL, 0, false, NULL }
};

const struct spec_family rayos_lb_spec = {
	.name = "rayos-lb",
	.version = 1,
	.group = "events",
	.ops = ops,
};
