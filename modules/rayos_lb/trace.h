/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM rayos_lb

#if !defined(_RAYOS_LB_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _RAYOS_LB_TRACE_H

#include <linux/tracepoint.h>

#include "lb.h"

TRACE_EVENT(rayos_lb_flow,
	TP_PROTO(const struct rayos_lb_balancer *balancer,
		 const struct rayos_lb_backend *backend,
		 const struct rayos_lb_tuple *tuple),
	TP_ARGS(balancer, backend, tuple),
	TP_STRUCT__entry(
		__array(char, name, RAYOS_LB_NAME_MAX + 1)
		__field(u32, backend)
		__array(u8, client, 16)
		__field(u16, port)
	),
	TP_fast_assign(
		memcpy(__entry->name, balancer->name, sizeof(__entry->name));
		__entry->backend = backend->id;
		if (tuple->family == AF_INET)
			ipv6_addr_set_v4mapped(tuple->src.ip,
					       (struct in6_addr *)__entry->client);
		else
			memcpy(__entry->client, &tuple->src, 16);
		__entry->port = ntohs(tuple->sport);
	),
	TP_printk("balancer=%s backend=%u client=%pI6c port=%u",
		  __entry->name, __entry->backend, __entry->client,
		  __entry->port)
);

TRACE_EVENT(rayos_lb_check,
	TP_PROTO(const struct rayos_lb_balancer *balancer,
		 const struct rayos_lb_backend *backend, u32 result, u64 ns),
	TP_ARGS(balancer, backend, result, ns),
	TP_STRUCT__entry(
		__array(char, name, RAYOS_LB_NAME_MAX + 1)
		__field(u32, backend)
		__field(u32, result)
		__field(u64, ns)
	),
	TP_fast_assign(
		memcpy(__entry->name, balancer->name, sizeof(__entry->name));
		__entry->backend = backend->id;
		__entry->result = result;
		__entry->ns = ns;
	),
	TP_printk("balancer=%s backend=%u result=%u ns=%llu",
		  __entry->name, __entry->backend, __entry->result, __entry->ns)
);

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
