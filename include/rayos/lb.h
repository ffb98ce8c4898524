/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rayos_lb tells other modules.
 */
#ifndef _RAYOS_LB_H
#define _RAYOS_LB_H

#include <linux/netfilter.h>
#include <linux/types.h>
#include <uapi/linux/rayos_lb.h>

struct net;
struct notifier_block;

/* The action of a notification: a backend has another state, struct
 * rayos_lb_change tells which
 */
#define RAYOS_LB_EVENT_STATE	1

/**
 * struct rayos_lb_change - a backend has changed its state
 * @net: network namespace of the balancer
 * @balancer: its name
 * @family: of @addr, AF_INET or AF_INET6
 * @port: of the backend
 * @addr: of the backend
 * @old_state: an &enum rayos_lb_state
 * @state: likewise
 * @reason: what checks or clients have found, an &enum rayos_lb_check_result;
 *	%RAYOS_LB_CHECK_RESULT_NONE for a change by command, or if a backend is
 *	tried again
 *
 * Good for the time of the call.
 */
struct rayos_lb_change {
	struct net *net;
	const char *balancer;
	u8 family;
	__be16 port;
	union nf_inet_addr addr;
	u32 old_state;
	u32 state;
	u32 reason;
};

int rayos_lb_register_notifier(struct notifier_block *nb);
int rayos_lb_unregister_notifier(struct notifier_block *nb);

#endif
