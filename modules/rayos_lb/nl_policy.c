// SPDX-License-Identifier: GPL-2.0-only
/*
 * What requests and replies say of policies, those that are not ours included.
 */
#include <linux/filter.h>
#include <rayos/compat_genetlink.h>

#include "netlink.h"
#include "nl_gen.h"
#include "picker.h"
#include "program.h"

static int make_program(struct genl_info *info, struct nlattr *attr,
			struct rayos_lb_settings *settings)
{
	struct rayos_lb_program *program;
	u32 len = nla_len(attr);

	if (!len || len > RAYOS_LB_PROGRAM_MAX ||
	    len % sizeof(struct sock_filter)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "a program has 1 to 4096 instructions of 8 bytes");
		return -EINVAL;
	}
	program = rayos_lb_program_new(nla_data(attr),
				       len / sizeof(struct sock_filter),
				       info->extack);
	if (IS_ERR(program)) {
		NL_SET_BAD_ATTR(info->extack, attr);
		return PTR_ERR(program);
	}
	rayos_lb_program_put(settings->picker.program);
	settings->picker.program = program;
	return 0;
}

static int parse_program(struct genl_info *info,
			 struct rayos_lb_settings *settings)
{
	struct nlattr *attr = info->attrs[RAYOS_LB_A_BALANCER_PROGRAM];

	if (settings->policy == RAYOS_LB_POLICY_CUSTOM) {
		if (attr)
			return make_program(info, attr, settings);
		if (settings->picker.program)
			return 0;
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[RAYOS_LB_A_BALANCER_POLICY],
				    "the policy custom needs a program");
		return -EINVAL;
	}
	if (attr) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "only the policy custom has a program");
		return -EINVAL;
	}
	rayos_lb_program_put(settings->picker.program);
	settings->picker.program = NULL;
	return 0;
}

static int find_policy(struct genl_info *info, struct nlattr *attr,
		       struct rayos_lb_settings *settings)
{
	const struct rayos_lb_policy_ops *ops;

	ops = rayos_lb_registered_get(nla_data(attr));
	if (!ops) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "no module has registered a policy of this name");
		return -ENOENT;
	}
	rayos_lb_picker_put_ops(&settings->picker);
	settings->picker.ops = ops;
	return 0;
}

static int parse_module(struct genl_info *info,
			struct rayos_lb_settings *settings)
{
	struct nlattr *attr = info->attrs[RAYOS_LB_A_BALANCER_POLICY_NAME];

	if (settings->policy == RAYOS_LB_POLICY_MODULE) {
		if (attr)
			return find_policy(info, attr, settings);
		if (settings->picker.ops)
			return 0;
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[RAYOS_LB_A_BALANCER_POLICY],
				    "the policy module needs the name of one");
		return -EINVAL;
	}
	if (attr) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "only the policy module has a name");
		return -EINVAL;
	}
	rayos_lb_picker_put_ops(&settings->picker);
	return 0;
}

/**
 * rayos_lb_parse_policy() - how the backend of a new flow shall be picked
 * @info: of the request
 * @settings: what is named in the request is changed, all else stays; its picker
 *	has references afterwards, also on an error
 *
 * Context: Process context, may sleep.
 * Return: 0 or -errno.
 */
int rayos_lb_parse_policy(struct genl_info *info,
			  struct rayos_lb_settings *settings)
{
	struct nlattr *attr = info->attrs[RAYOS_LB_A_BALANCER_POLICY];

	if (attr)
		settings->policy = nla_get_u32(attr);
	return parse_program(info, settings) ?: parse_module(info, settings);
}

/**
 * rayos_lb_fill_policy() - how the backend of a new flow is picked
 * @skb: the message
 * @balancer: any
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_lb_fill_policy(struct sk_buff *skb,
			 const struct rayos_lb_balancer *balancer)
{
	const struct rayos_lb_policy_ops *ops = balancer->picker.ops;

	if (nla_put_u32(skb, RAYOS_LB_A_BALANCER_POLICY, balancer->policy))
		return -EMSGSIZE;
	if (!ops)
		return 0;
	return nla_put_string(skb, RAYOS_LB_A_BALANCER_POLICY_NAME, ops->name);
}

/**
 * rayos_lb_program_room() - what the program of a balancer takes in a message
 * @balancer: any
 *
 * Return: the length in bytes, 0 if there is no program.
 */
size_t rayos_lb_program_room(const struct rayos_lb_balancer *balancer)
{
	u32 nr;

	if (!balancer->picker.program)
		return 0;
	rayos_lb_program_insns(balancer->picker.program, &nr);
	return nla_total_size(nr * sizeof(struct sock_filter));
}

/**
 * rayos_lb_fill_program() - the program of a balancer
 * @skb: the message, with room for it
 * @balancer: any
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_lb_fill_program(struct sk_buff *skb,
			  const struct rayos_lb_balancer *balancer)
{
	const struct sock_filter *insns;
	u32 nr;

	if (!balancer->picker.program)
		return 0;
	insns = rayos_lb_program_insns(balancer->picker.program, &nr);
	return nla_put(skb, RAYOS_LB_A_BALANCER_PROGRAM, nr * sizeof(*insns),
		       insns);
}

static u32 count_users(struct rayos_lb_net *ln, u32 policy, const void *ops)
{
	struct rayos_lb_balancer *balancer;
	unsigned long id;
	u32 n = 0;

	xa_for_each(&ln->balancers, id, balancer)
		n += balancer->policy == policy && balancer->picker.ops == ops;
	return n;
}

/**
 * rayos_lb_fill_policy_info() - one of all policies
 * @skb: the message
 * @ln: the namespace, its lock is held
 * @n: which, from 0: first ours, then those of other modules
 *
 * Return: 0; -EMSGSIZE; -ENOENT if there are not so many.
 */
int rayos_lb_fill_policy_info(struct sk_buff *skb, struct rayos_lb_net *ln,
			      u32 n)
{
	u32 policy = min_t(u32, n, RAYOS_LB_POLICY_MODULE);
	char name[RAYOS_LB_NAME_MAX + 1];
	const void *ops = NULL;

	if (policy == RAYOS_LB_POLICY_MODULE) {
		ops = rayos_lb_registered_nth(n - policy, name);
		if (!ops)
			return -ENOENT;
	}
	if (nla_put_u32(skb, RAYOS_LB_A_POLICY_INFO_POLICY, policy) ||
	    nla_put_u32(skb, RAYOS_LB_A_POLICY_INFO_BALANCERS,
			count_users(ln, policy, ops)))
		return -EMSGSIZE;
	return ops ? nla_put_string(skb, RAYOS_LB_A_POLICY_INFO_NAME, name) : 0;
}
