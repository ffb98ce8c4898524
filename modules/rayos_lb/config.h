/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One configuration in the place of another.
 */
#ifndef _RAYOS_LB_CONFIG_H
#define _RAYOS_LB_CONFIG_H

#include "lb.h"

/**
 * struct rayos_lb_planned - a balancer that is there or shall be
 * @list: in its plan, those that are there first
 * @balancer: it; one that is not there yet is known to its plan only
 * @fresh: it is not there yet
 * @wanted: it shall be there
 * @changed: something will be different
 * @reserved: it is fresh and all that it needs has been taken
 * @nr_backends: backends that it shall have
 * @settings: how it shall be set
 * @backends: of struct rayos_lb_planned_backend, those that are there first
 * @snapshot: what new flows will be picked from, NULL if nothing changes
 */
struct rayos_lb_planned {
	struct list_head list;
	struct rayos_lb_balancer *balancer;
	bool fresh;
	bool wanted;
	bool changed;
	bool reserved;
	u32 nr_backends;
	struct rayos_lb_settings settings;
	struct list_head backends;
	struct rayos_lb_snapshot *snapshot;
};

/**
 * struct rayos_lb_planned_backend - a backend that is there or shall be
 * @list: in its balancer
 * @link: in the plan's hash
 * @backend: it; one that is not there yet is known to its plan only
 * @fresh: it is not there yet
 * @wanted: it shall be there
 * @changed: something will be different
 * @settings: how it shall be set
 */
struct rayos_lb_planned_backend {
	struct list_head list;
	struct hlist_node link;
	struct rayos_lb_backend *backend;
	bool fresh;
	bool wanted;
	bool changed;
	struct rayos_lb_backend_settings settings;
};

/**
 * struct rayos_lb_plan - how a namespace comes to another configuration
 * @ln: the namespace, whose lock is held as long as there is a plan
 * @balancers: of struct rayos_lb_planned
 * @nr_balancers: balancers that there shall be
 * @committed: it has been carried out
 * @bits: of the size of @bucket
 * @bucket: backends by balancer and address
 */
struct rayos_lb_plan {
	struct rayos_lb_net *ln;
	struct list_head balancers;
	u32 nr_balancers;
	bool committed;
	u32 bits;
	struct hlist_head *bucket;
};

struct rayos_lb_plan *rayos_lb_plan_new(struct rayos_lb_net *ln, u32 nr);
void rayos_lb_plan_free(struct rayos_lb_plan *plan);
struct rayos_lb_planned *rayos_lb_plan_lookup(const struct rayos_lb_plan *plan,
					      const char *name);
bool rayos_lb_plan_serves(const struct rayos_lb_plan *plan,
			  const struct rayos_lb_endpoint *vip, u8 family,
			  u8 l4);
struct rayos_lb_planned *
rayos_lb_plan_balancer(struct rayos_lb_plan *plan, const char *name,
		       const struct rayos_lb_endpoint *vip, u8 family, u8 l4,
		       u32 mode, const union nf_inet_addr *source);
struct rayos_lb_planned_backend *
rayos_lb_plan_find(const struct rayos_lb_plan *plan,
		   const struct rayos_lb_planned *planned,
		   const struct rayos_lb_endpoint *addr);
struct rayos_lb_planned_backend *
rayos_lb_plan_backend(struct rayos_lb_plan *plan,
		      struct rayos_lb_planned *planned,
		      const struct rayos_lb_endpoint *addr);
int rayos_lb_plan_prepare(struct rayos_lb_plan *plan,
			  struct netlink_ext_ack *extack);
void rayos_lb_plan_commit(struct rayos_lb_plan *plan);

#endif
