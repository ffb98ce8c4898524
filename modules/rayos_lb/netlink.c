// SPDX-License-Identifier: GPL-2.0-only
/*
 * The callbacks of the netlink family rayos-lb: find, change, tell.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <rayos/netlink.h>

#include "health.h"
#include "netlink.h"
#include "nl_gen.h"

/* Backends change their state, and tell of it, for longer than there is a family
 * whose number they could use.
 */
static bool registered;

static struct rayos_lb_net *ln_of(struct genl_info *info)
{
	return rayos_lb_net(genl_info_net(info));
}

static struct sk_buff *reply_new(struct genl_info *info, void **hdr,
				 size_t room)
{
	return rayos_nl_reply_new(&rayos_lb_nl_family, info, hdr, room);
}

/**
 * typedef act_fn - what a command does
 * @info: the command
 * @ln: the namespace, whose lock is held
 *
 * Return: 0 or -errno.
 */
typedef int (*act_fn)(struct genl_info *info, struct rayos_lb_net *ln);

static int with_lock(struct genl_info *info, act_fn act)
{
	struct rayos_lb_net *ln = ln_of(info);
	int err;

	mutex_lock(&ln->lock);
	err = act(info, ln);
	mutex_unlock(&ln->lock);
	return err;
}

/**
 * typedef tell_fn - what a command answers
 * @info: the command
 * @ln: the namespace, whose lock is held
 * @reply: the answer
 *
 * Return: 0 or -errno, and nothing is sent.
 */
typedef int (*tell_fn)(struct genl_info *info, struct rayos_lb_net *ln,
		       struct sk_buff *reply);

static int answer(struct genl_info *info, tell_fn tell)
{
	struct rayos_lb_net *ln = ln_of(info);
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = reply_new(info, &hdr, RAYOS_NL_ROOM);
	if (!reply)
		return -ENOMEM;
	mutex_lock(&ln->lock);
	err = tell(info, ln, reply);
	mutex_unlock(&ln->lock);
	return rayos_nl_reply_send(info, reply, hdr, err);
}

/* An event, or NULL when nobody listens or there is no memory */
static struct sk_buff *event_new(struct rayos_lb_net *ln, u8 cmd, void **hdr)
{
	if (!READ_ONCE(registered))
		return NULL;
	return rayos_nl_event_new(&rayos_lb_nl_family, ln->net,
				  RAYOS_LB_NLGRP_EVENTS, cmd, hdr, GFP_KERNEL);
}

static void event_send(struct rayos_lb_net *ln, struct sk_buff *skb, void *hdr,
		       int err)
{
	rayos_nl_event_send(&rayos_lb_nl_family, ln->net, RAYOS_LB_NLGRP_EVENTS,
			    skb, hdr, err, GFP_KERNEL);
}

/**
 * rayos_lb_nl_balancer_event() - tell of a balancer
 * @balancer: the balancer
 * @cmd: %RAYOS_LB_CMD_BALANCER_NTF or %RAYOS_LB_CMD_BALANCER_DEL_NTF
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_nl_balancer_event(struct rayos_lb_balancer *balancer, u8 cmd)
{
	struct rayos_lb_net *ln = balancer->ln;
	struct sk_buff *skb;
	void *hdr;

	skb = event_new(ln, cmd, &hdr);
	if (!skb)
		return;
	event_send(ln, skb, hdr, cmd == RAYOS_LB_CMD_BALANCER_NTF ?
		   rayos_lb_fill_balancer(skb, balancer) :
		   rayos_lb_fill_balancer_key(skb, balancer));
}

/**
 * rayos_lb_nl_backend_event() - tell of a backend
 * @backend: the backend
 * @cmd: %RAYOS_LB_CMD_BACKEND_NTF or %RAYOS_LB_CMD_BACKEND_DEL_NTF
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_nl_backend_event(struct rayos_lb_backend *backend, u8 cmd)
{
	struct rayos_lb_net *ln = backend->balancer->ln;
	struct sk_buff *skb;
	void *hdr;

	skb = event_new(ln, cmd, &hdr);
	if (!skb)
		return;
	event_send(ln, skb, hdr, cmd == RAYOS_LB_CMD_BACKEND_NTF ?
		   rayos_lb_fill_backend(skb, backend) :
		   rayos_lb_fill_backend_key(skb, backend));
}

/**
 * rayos_lb_nl_health_event() - tell that a backend has changed its state
 * @backend: the backend
 * @old_state: its state before, an &enum rayos_lb_state
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_nl_health_event(struct rayos_lb_backend *backend, u32 old_state)
{
	struct rayos_lb_net *ln = backend->balancer->ln;
	struct sk_buff *skb;
	void *hdr;

	skb = event_new(ln, RAYOS_LB_CMD_HEALTH_NTF, &hdr);
	if (skb)
		event_send(ln, skb, hdr,
			   rayos_lb_fill_health_event(skb, backend, old_state));
}

/* As a program may be long, room is made when it is known */
static int balancer_get(struct genl_info *info, struct rayos_lb_net *ln)
{
	struct rayos_lb_balancer *balancer;
	struct sk_buff *reply;
	void *hdr;
	int err;

	err = rayos_lb_parse_balancer_key(info, ln, RAYOS_LB_A_BALANCER_NAME,
					  &balancer);
	if (err)
		return err;
	reply = reply_new(info, &hdr,
			  RAYOS_NL_ROOM + rayos_lb_program_room(balancer));
	if (!reply)
		return -ENOMEM;
	err = rayos_lb_fill_balancer(reply, balancer) ?:
	      rayos_lb_fill_program(reply, balancer);
	return rayos_nl_reply_send(info, reply, hdr, err);
}

int rayos_lb_nl_balancer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return with_lock(info, balancer_get);
}

/**
 * struct cursor - where a dump goes on
 * @balancer: id of the next balancer
 * @backend: least id of the next backend of it
 */
struct cursor {
	unsigned long balancer;
	u32 backend;
};

static struct cursor *cursor_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct cursor) > sizeof(cb->ctx));
	return (struct cursor *)cb->ctx;
}

static void *dump_put(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return rayos_nl_dump_put(&rayos_lb_nl_family, skb, cb, cmd);
}

int rayos_lb_nl_balancer_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb)
{
	struct rayos_lb_net *ln = rayos_lb_net(sock_net(skb->sk));
	struct cursor *cursor = cursor_of(cb);
	struct rayos_lb_balancer *balancer;
	unsigned long id;
	int err = 0;
	void *hdr;

	mutex_lock(&ln->lock);
	cb->seq = ln->generation;
	xa_for_each_start(&ln->balancers, id, balancer, cursor->balancer) {
		cursor->balancer = id;
		hdr = dump_put(skb, cb, RAYOS_LB_CMD_BALANCER_GET);
		err = !hdr ? -EMSGSIZE :
		      rayos_nl_dump_end(skb, hdr,
					rayos_lb_fill_balancer(skb, balancer));
		if (err)
			break;
		cursor->balancer = id + 1;
	}
	mutex_unlock(&ln->lock);
	return skb->len ?: err;
}

static int check_unique(struct genl_info *info, struct rayos_lb_net *ln,
			const char *name, const struct rayos_lb_endpoint *vip,
			u8 family)
{
	const struct rayos_lb_tuple tuple = {
		.dst = vip->addr,
		.dport = vip->port,
		.l4 = rayos_lb_parse_l4(info),
		.family = family,
	};

	if (rayos_lb_balancer_lookup(ln, name)) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[RAYOS_LB_A_BALANCER_NAME],
				    "a balancer has this name already");
		return -EEXIST;
	}
	if (rayos_lb_balancer_find(ln, &tuple)) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[RAYOS_LB_A_BALANCER_PORT],
				    "a balancer has this address, port and protocol already");
		return -EEXIST;
	}
	return 0;
}

static int balancer_new(struct genl_info *info, struct rayos_lb_net *ln,
			struct sk_buff *reply)
{
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_endpoint vip;
	struct rayos_lb_settings settings;
	const char *name;
	u8 family;
	int err;

	err = rayos_lb_parse_name(info, &name) ?:
	      rayos_lb_parse_vip(info, &vip, &family) ?:
	      check_unique(info, ln, name, &vip, family);
	if (err)
		return err;
	balancer = rayos_lb_balancer_new(ln, name, &vip, family,
					 rayos_lb_parse_l4(info));
	if (!balancer)
		return -ENOMEM;
	rayos_lb_balancer_settings(balancer, &settings);
	err = rayos_lb_parse_mode(info, family, &balancer->mode,
				  &balancer->source) ?:
	      rayos_lb_parse_settings(info, family, &settings);
	if (err)
		goto put;
	rayos_lb_balancer_apply(balancer, &settings);
	err = rayos_lb_balancer_add(balancer, info->extack);
	if (err)
		goto put;
	rayos_lb_settings_put(&settings);
	ln->generation++;
	rayos_lb_nl_balancer_event(balancer, RAYOS_LB_CMD_BALANCER_NTF);
	return nla_put_u32(reply, RAYOS_LB_A_BALANCER_ID, balancer->id);

put:
	rayos_lb_settings_put(&settings);
	rayos_lb_balancer_put(balancer);
	return err;
}

int rayos_lb_nl_balancer_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return answer(info, balancer_new);
}

static bool picks_otherwise(const struct rayos_lb_balancer *balancer,
			    const struct rayos_lb_settings *settings)
{
	return settings->policy != balancer->policy ||
	       settings->slow_start != balancer->slow_start ||
	       memcmp(&settings->picker, &balancer->picker,
		      sizeof(settings->picker));
}

static int balancer_set(struct genl_info *info, struct rayos_lb_net *ln)
{
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_settings settings;
	int err;

	err = rayos_lb_parse_balancer_key(info, ln, RAYOS_LB_A_BALANCER_NAME,
					  &balancer);
	if (err)
		return err;
	rayos_lb_balancer_settings(balancer, &settings);
	err = rayos_lb_parse_settings(info, balancer->family, &settings);
	if (err)
		goto put;
	/* for want of memory it is published a little later, which is no error */
	balancer->stale |= picks_otherwise(balancer, &settings);
	rayos_lb_balancer_apply(balancer, &settings);
	if (balancer->stale)
		rayos_lb_balancer_publish(balancer);
	rayos_lb_net_refresh(ln, 0);
	rayos_lb_nl_balancer_event(balancer, RAYOS_LB_CMD_BALANCER_NTF);
put:
	rayos_lb_settings_put(&settings);
	return err;
}

int rayos_lb_nl_balancer_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return with_lock(info, balancer_set);
}

static int balancer_del(struct genl_info *info, struct rayos_lb_net *ln)
{
	struct rayos_lb_balancer *balancer;
	int err;

	err = rayos_lb_parse_balancer_key(info, ln, RAYOS_LB_A_BALANCER_NAME,
					  &balancer);
	if (err)
		return err;
	ln->generation++;
	rayos_lb_nl_balancer_event(balancer, RAYOS_LB_CMD_BALANCER_DEL_NTF);
	rayos_lb_balancer_del(balancer, info->attrs[RAYOS_LB_A_BALANCER_RESET]);
	return 0;
}

int rayos_lb_nl_balancer_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return with_lock(info, balancer_del);
}

static int backend_get(struct genl_info *info, struct rayos_lb_net *ln,
		       struct sk_buff *reply)
{
	struct rayos_lb_backend *backend;

	return rayos_lb_parse_backend_key(info, ln, &backend) ?:
	       rayos_lb_fill_backend(reply, backend);
}

int rayos_lb_nl_backend_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return answer(info, backend_get);
}

static int dump_backends(struct sk_buff *skb, struct netlink_callback *cb,
			 struct rayos_lb_balancer *balancer)
{
	struct cursor *cursor = cursor_of(cb);
	struct rayos_lb_backend *backend;
	void *hdr;
	int err;

	list_for_each_entry(backend, &balancer->backends, list) {
		if (backend->id < cursor->backend)
			continue;
		cursor->backend = backend->id;
		hdr = dump_put(skb, cb, RAYOS_LB_CMD_BACKEND_GET);
		err = !hdr ? -EMSGSIZE :
		      rayos_nl_dump_end(skb, hdr,
					rayos_lb_fill_backend(skb, backend));
		if (err)
			return err;
		cursor->backend = backend->id + 1;
	}
	cursor->backend = 0;
	return 0;
}

/* The balancer that a dump is limited to, NULL for none */
static int dump_filter(struct netlink_callback *cb, struct rayos_lb_net *ln,
		       struct rayos_lb_balancer **only)
{
	struct nlattr *name =
		genl_info_dump(cb)->attrs[RAYOS_LB_A_BACKEND_BALANCER];

	*only = NULL;
	if (!name)
		return 0;
	*only = rayos_lb_balancer_lookup(ln, nla_data(name));
	if (*only)
		return 0;
	NL_SET_ERR_MSG_ATTR(cb->extack, name, "no balancer of this name");
	return -ENOENT;
}

int rayos_lb_nl_backend_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb)
{
	struct rayos_lb_net *ln = rayos_lb_net(sock_net(skb->sk));
	struct cursor *cursor = cursor_of(cb);
	struct rayos_lb_balancer *balancer, *only;
	unsigned long id;
	int err;

	mutex_lock(&ln->lock);
	err = dump_filter(cb, ln, &only);
	if (err)
		goto unlock;
	cb->seq = ln->generation;
	xa_for_each_start(&ln->balancers, id, balancer, cursor->balancer) {
		if (id != cursor->balancer)
			cursor->backend = 0;
		cursor->balancer = id;
		if (only && balancer != only)
			continue;
		err = dump_backends(skb, cb, balancer);
		if (err)
			goto unlock;
	}
	cursor->balancer = ULONG_MAX;
unlock:
	mutex_unlock(&ln->lock);
	return skb->len ?: err;
}

static int check_deadline(struct genl_info *info)
{
	struct nlattr *admin = info->attrs[RAYOS_LB_A_BACKEND_ADMIN];
	struct nlattr *deadline = info->attrs[RAYOS_LB_A_BACKEND_DEADLINE];

	if (!deadline || (admin && nla_get_u32(admin) == RAYOS_LB_ADMIN_DRAIN))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, deadline,
			    "only a drain has a deadline");
	return -EINVAL;
}

static void set_deadline(struct genl_info *info,
			 struct rayos_lb_backend *backend)
{
	struct nlattr *attr = info->attrs[RAYOS_LB_A_BACKEND_DEADLINE];
	u64 deadline = attr ? nla_get_u64(attr) : 0;

	if (info->attrs[RAYOS_LB_A_BACKEND_ADMIN])
		backend->deadline = deadline ? ktime_get_ns() + deadline : 0;
}

static int backend_new(struct genl_info *info, struct rayos_lb_net *ln,
		       struct sk_buff *reply)
{
	struct rayos_lb_backend_settings settings =
		rayos_lb_backend_settings_default;
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_endpoint addr;
	struct rayos_lb_backend *backend;
	int err;

	err = rayos_lb_parse_balancer_key(info, ln, RAYOS_LB_A_BACKEND_BALANCER,
					  &balancer) ?:
	      rayos_lb_parse_new_server(info, balancer, &addr);
	if (err)
		return err;
	if (rayos_lb_backend_lookup(balancer, &addr)) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[RAYOS_LB_A_BACKEND_PORT],
				    "the balancer has a backend of this address and port already");
		return -EEXIST;
	}
	backend = rayos_lb_backend_new(balancer, &addr);
	if (!backend)
		return -ENOMEM;
	rayos_lb_parse_backend_settings(info, &settings);
	rayos_lb_backend_apply(backend, &settings, ktime_get_ns());
	err = rayos_lb_backend_add(backend, info->extack);
	if (err) {
		rayos_lb_backend_put(backend);
		return err;
	}
	ln->generation++;
	rayos_lb_nl_backend_event(backend, RAYOS_LB_CMD_BACKEND_NTF);
	return nla_put_u32(reply, RAYOS_LB_A_BACKEND_ID, backend->id);
}

int rayos_lb_nl_backend_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return answer(info, backend_new);
}

/* Checks run unless the operator has taken the backend out */
static void apply_admin(struct genl_info *info, struct rayos_lb_backend *backend)
{
	if (!info->attrs[RAYOS_LB_A_BACKEND_ADMIN])
		return;
	rayos_lb_health_stop(backend);
	rayos_lb_health_start(backend);
}

static int backend_set(struct genl_info *info, struct rayos_lb_net *ln)
{
	struct rayos_lb_backend_settings settings;
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_backend *backend;
	int err;

	err = rayos_lb_parse_backend_key(info, ln, &backend) ?:
	      check_deadline(info);
	if (err)
		return err;
	balancer = backend->balancer;
	settings = rayos_lb_backend_settings(backend);
	rayos_lb_parse_backend_settings(info, &settings);
	balancer->stale |= rayos_lb_backend_apply(backend, &settings,
						  ktime_get_ns());
	set_deadline(info, backend);
	apply_admin(info, backend);
	balancer->stale |= rayos_lb_backend_refresh(backend, ktime_get_ns());
	/* for want of memory it is published a little later, which is no error */
	if (balancer->stale)
		rayos_lb_balancer_publish(balancer);
	rayos_lb_net_refresh(ln, 0);
	rayos_lb_nl_backend_event(backend, RAYOS_LB_CMD_BACKEND_NTF);
	return 0;
}

int rayos_lb_nl_backend_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return with_lock(info, backend_set);
}

static int backend_del(struct genl_info *info, struct rayos_lb_net *ln)
{
	struct rayos_lb_backend *backend;
	int err;

	err = rayos_lb_parse_backend_key(info, ln, &backend);
	if (err)
		return err;
	ln->generation++;
	rayos_lb_nl_backend_event(backend, RAYOS_LB_CMD_BACKEND_DEL_NTF);
	rayos_lb_backend_del(backend, info->attrs[RAYOS_LB_A_BACKEND_RESET]);
	return 0;
}

int rayos_lb_nl_backend_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return with_lock(info, backend_del);
}

static int status_get(struct genl_info *info, struct rayos_lb_net *ln,
		      struct sk_buff *reply)
{
	return rayos_lb_fill_status(reply, ln);
}

int rayos_lb_nl_config_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return answer(info, rayos_lb_config_set);
}

int rayos_lb_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return answer(info, status_get);
}

int rayos_lb_nl_policy_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb)
{
	struct rayos_lb_net *ln = rayos_lb_net(sock_net(skb->sk));
	struct cursor *cursor = cursor_of(cb);
	void *hdr;

	mutex_lock(&ln->lock);
	cb->seq = ln->generation;
	for (;;) {
		hdr = dump_put(skb, cb, RAYOS_LB_CMD_POLICY_GET);
		if (!hdr ||
		    rayos_nl_dump_end(skb, hdr,
				      rayos_lb_fill_policy_info(skb, ln,
								cursor->balancer)))
			break;
		cursor->balancer++;
	}
	mutex_unlock(&ln->lock);
	return skb->len;
}

/**
 * rayos_lb_nl_init() - let user space reach the module
 *
 * Context: Process context, after everything else is there.
 * Return: 0 or -errno.
 */
int rayos_lb_nl_init(void)
{
	int err;

	err = rayos_genl_register_family(&rayos_lb_nl_family);
	WRITE_ONCE(registered, !err);
	return err;
}

/**
 * rayos_lb_nl_exit() - let user space reach the module no more
 *
 * Context: Process context, before anything else goes.
 */
void rayos_lb_nl_exit(void)
{
	WRITE_ONCE(registered, false);
	/* work that has seen it registered may be about to use its number */
	rayos_lb_net_quiesce();
	rayos_genl_unregister_family(&rayos_lb_nl_family);
}

MODULE_ALIAS_GENL_FAMILY(RAYOS_LB_FAMILY_NAME);
