// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole configuration in one message.
 */
#include <rayos/compat_genetlink.h>

#include "config.h"
#include "netlink.h"
#include "nl_gen.h"

/* What a backend takes in a message at the least */
#define BACKEND_BYTES	40

/**
 * struct item - one balancer or backend of a message
 * @info: as if it were a request of its own
 * @tb: its attributes
 * @nest: it
 */
struct item {
	struct genl_info info;
	struct nlattr *tb[RAYOS_LB_A_BALANCER_MAX + RAYOS_LB_A_BACKEND_MAX];
	struct nlattr *nest;
};

static int item_parse(struct item *item, struct genl_info *info,
		      struct nlattr *nest, const struct nla_policy *policy,
		      int max)
{
	memset(item, 0, sizeof(*item));
	item->info = *info;
	item->info.attrs = item->tb;
	item->nest = nest;
	return nla_parse_nested(item->tb, max, nest, policy, info->extack);
}

static int check_balancer(struct item *item, const struct rayos_lb_plan *plan,
			  const char *name, const struct rayos_lb_endpoint *vip,
			  u8 family)
{
	struct netlink_ext_ack *extack = item->info.extack;

	if (plan->nr_balancers >= rayos_lb_max_balancers) {
		NL_SET_ERR_MSG_ATTR(extack, item->nest,
				    "more balancers than the module's parameter max_balancers allows");
		return -ENOSPC;
	}
	if (rayos_lb_plan_lookup(plan, name)) {
		NL_SET_ERR_MSG_ATTR(extack, item->tb[RAYOS_LB_A_BALANCER_NAME],
				    "a balancer has this name already");
		return -EEXIST;
	}
	if (rayos_lb_plan_serves(plan, vip, family,
				 rayos_lb_parse_l4(&item->info))) {
		NL_SET_ERR_MSG_ATTR(extack, item->tb[RAYOS_LB_A_BALANCER_PORT],
				    "a balancer has this address, port and protocol already");
		return -EEXIST;
	}
	return 0;
}

static int plan_balancer(struct item *item, struct rayos_lb_plan *plan)
{
	struct rayos_lb_planned *planned;
	struct rayos_lb_endpoint vip;
	union nf_inet_addr source;
	const char *name;
	u8 family;
	u32 mode;
	int err;

	err = rayos_lb_parse_name(&item->info, &name) ?:
	      rayos_lb_parse_vip(&item->info, &vip, &family) ?:
	      rayos_lb_parse_mode(&item->info, family, &mode, &source) ?:
	      check_balancer(item, plan, name, &vip, family);
	if (err)
		return err;
	planned = rayos_lb_plan_balancer(plan, name, &vip, family,
					 rayos_lb_parse_l4(&item->info), mode,
					 &source);
	if (!planned)
		return -ENOMEM;
	return rayos_lb_parse_settings(&item->info, family,
				       &planned->settings);
}

static int find_balancer(struct item *item, const struct rayos_lb_plan *plan,
			 struct rayos_lb_planned **planned)
{
	struct nlattr *name = item->tb[RAYOS_LB_A_BACKEND_BALANCER];

	if (GENL_REQ_ATTR_CHECK(&item->info, RAYOS_LB_A_BACKEND_BALANCER))
		return -EINVAL;
	*planned = rayos_lb_plan_lookup(plan, nla_data(name));
	if (*planned)
		return 0;
	NL_SET_ERR_MSG_ATTR(item->info.extack, name, "no balancer of this name");
	return -ENOENT;
}

static int check_backend(struct item *item, const struct rayos_lb_plan *plan,
			 const struct rayos_lb_planned *planned,
			 const struct rayos_lb_endpoint *addr)
{
	struct netlink_ext_ack *extack = item->info.extack;
	const struct rayos_lb_planned_backend *pb;

	if (planned->nr_backends >= rayos_lb_max_backends) {
		NL_SET_ERR_MSG_ATTR(extack, item->nest,
				    "more backends than the module's parameter max_backends allows");
		return -ENOSPC;
	}
	pb = rayos_lb_plan_find(plan, planned, addr);
	if (!pb || !pb->wanted)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, item->tb[RAYOS_LB_A_BACKEND_PORT],
			    "the balancer has a backend of this address and port already");
	return -EEXIST;
}

static int plan_backend(struct item *item, struct rayos_lb_plan *plan)
{
	struct rayos_lb_planned_backend *pb;
	struct rayos_lb_planned *planned;
	struct rayos_lb_endpoint addr;
	int err;

	err = find_balancer(item, plan, &planned);
	if (err)
		return err;
	err = rayos_lb_parse_new_server(&item->info, planned->balancer, &addr) ?:
	      check_backend(item, plan, planned, &addr);
	if (err)
		return err;
	pb = rayos_lb_plan_backend(plan, planned, &addr);
	if (!pb)
		return -ENOMEM;
	rayos_lb_parse_backend_settings(&item->info, &pb->settings);
	return 0;
}

static int plan_item(struct item *item, struct genl_info *info,
		     struct nlattr *attr, struct rayos_lb_plan *plan)
{
	switch (nla_type(attr)) {
	case RAYOS_LB_A_CONFIG_BALANCER:
		return item_parse(item, info, attr,
				  rayos_lb_config_balancer_nl_policy,
				  ARRAY_SIZE(rayos_lb_config_balancer_nl_policy) - 1) ?:
		       plan_balancer(item, plan);
	case RAYOS_LB_A_CONFIG_BACKEND:
		return item_parse(item, info, attr,
				  rayos_lb_config_backend_nl_policy,
				  ARRAY_SIZE(rayos_lb_config_backend_nl_policy) - 1) ?:
		       plan_backend(item, plan);
	default:
		return 0;
	}
}

static int plan_all(struct genl_info *info, struct rayos_lb_plan *plan)
{
	struct nlattr *attr;
	struct item *item;
	int rem, err = 0;

	item = kmalloc(sizeof(*item), GFP_KERNEL);
	if (!item)
		return -ENOMEM;
	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), rem) {
		err = plan_item(item, info, attr, plan);
		if (err)
			break;
		cond_resched();
	}
	/* what is missing is missing in one of many */
	if (err && info->extack->miss_type && !info->extack->miss_nest)
		info->extack->miss_nest = attr;
	kfree(item);
	return err;
}

/* Counts of what a plan brings and takes */
struct counts {
	u32 balancers_added;
	u32 balancers_removed;
	u32 backends_added;
	u32 backends_removed;
};

static struct counts count(const struct rayos_lb_plan *plan)
{
	const struct rayos_lb_planned_backend *pb;
	const struct rayos_lb_planned *planned;
	struct counts n = { };

	list_for_each_entry(planned, &plan->balancers, list) {
		n.balancers_added += planned->fresh;
		n.balancers_removed += !planned->wanted;
		list_for_each_entry(pb, &planned->backends, list) {
			n.backends_added += pb->fresh;
			n.backends_removed += !pb->wanted;
		}
	}
	return n;
}

static int fill_counts(struct sk_buff *reply, const struct rayos_lb_plan *plan)
{
	struct counts n = count(plan);

	if (nla_put_u32(reply, RAYOS_LB_A_CONFIG_BALANCERS_ADDED,
			n.balancers_added) ||
	    nla_put_u32(reply, RAYOS_LB_A_CONFIG_BALANCERS_REMOVED,
			n.balancers_removed) ||
	    nla_put_u32(reply, RAYOS_LB_A_CONFIG_BACKENDS_ADDED,
			n.backends_added) ||
	    nla_put_u32(reply, RAYOS_LB_A_CONFIG_BACKENDS_REMOVED,
			n.backends_removed))
		return -EMSGSIZE;
	return 0;
}

/* While what goes is still there to be told of */
static void tell_gone(const struct rayos_lb_plan *plan)
{
	const struct rayos_lb_planned_backend *pb;
	const struct rayos_lb_planned *planned;

	list_for_each_entry(planned, &plan->balancers, list) {
		if (!planned->wanted) {
			rayos_lb_nl_balancer_event(planned->balancer,
						   RAYOS_LB_CMD_BALANCER_DEL_NTF);
			continue;
		}
		list_for_each_entry(pb, &planned->backends, list) {
			if (!pb->wanted)
				rayos_lb_nl_backend_event(pb->backend,
							  RAYOS_LB_CMD_BACKEND_DEL_NTF);
		}
	}
}

static void tell_changed(const struct rayos_lb_plan *plan)
{
	const struct rayos_lb_planned_backend *pb;
	const struct rayos_lb_planned *planned;

	list_for_each_entry(planned, &plan->balancers, list) {
		if (!planned->wanted)
			continue;
		if (planned->changed)
			rayos_lb_nl_balancer_event(planned->balancer,
						   RAYOS_LB_CMD_BALANCER_NTF);
		list_for_each_entry(pb, &planned->backends, list) {
			if (pb->wanted && pb->changed)
				rayos_lb_nl_backend_event(pb->backend,
							  RAYOS_LB_CMD_BACKEND_NTF);
		}
	}
}

/**
 * rayos_lb_config_set() - have this configuration and no other
 * @info: the request
 * @ln: the namespace, its lock is held
 * @reply: told what comes and what goes
 *
 * Context: Process context, may sleep.
 * Return: 0, or -errno and nothing has changed.
 */
int rayos_lb_config_set(struct genl_info *info, struct rayos_lb_net *ln,
			struct sk_buff *reply)
{
	bool check = info->attrs[RAYOS_LB_A_CONFIG_CHECK];
	struct rayos_lb_plan *plan;
	int err;

	plan = rayos_lb_plan_new(ln, genlmsg_len(info->genlhdr) / BACKEND_BYTES);
	if (!plan)
		return -ENOMEM;
	err = plan_all(info, plan) ?:
	      rayos_lb_plan_prepare(plan, info->extack) ?:
	      fill_counts(reply, plan);
	if (!err && !check) {
		tell_gone(plan);
		rayos_lb_plan_commit(plan);
		tell_changed(plan);
	}
	rayos_lb_plan_free(plan);
	return err;
}
