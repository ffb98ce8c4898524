// SPDX-License-Identifier: GPL-2.0-only
/*
 * The callbacks of the netlink family rayos-zcomp: find, change, tell.
 */
#include <linux/capability.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <rayos/netlink.h>

#include "chain.h"
#include "codec.h"
#include "disk.h"
#include "measure.h"
#include "netlink.h"
#include "nl_gen.h"
#include "pages.h"
#include "registry.h"
#include "settings.h"
#include "sweep.h"
#include "worker.h"
#include "totals.h"

/* Room for a nest of each age and each size */
#define PAGES_ROOM	8192

/* Whoever tells of something does so while there is a family, or not at all: they are
 * not waited for, but they are waited for to be done before it goes.
 */
static DECLARE_RWSEM(telling); /* registered */
static bool registered;

static DEFINE_MUTEX(changing); /* settings and policy, from reading to writing them */

static struct sk_buff *reply_new(struct genl_info *info, void **hdr)
{
	return rayos_nl_reply_new(&rayos_zcomp_nl_family, info, hdr,
				  RAYOS_NL_ROOM);
}

/* Memory is of the machine, not of a network */
static int check_capable(struct sk_buff *skb, struct genl_info *info)
{
	if (netlink_capable(skb, CAP_SYS_ADMIN))
		return 0;
	NL_SET_ERR_MSG(info->extack,
		       "not permitted, this needs the capability CAP_SYS_ADMIN");
	return -EPERM;
}

/* Whose a region is, is told to those who may see all processes */
static bool may_see_all(struct sk_buff *skb)
{
	return netlink_capable(skb, CAP_SYS_ADMIN);
}

/**
 * typedef event_fn - what an event says
 * @skb: the event
 * @arg: of whoever tells it
 *
 * Return: 0 or -EMSGSIZE, and nothing is told.
 */
typedef int (*event_fn)(struct sk_buff *skb, const void *arg);

static void tell(u8 cmd, gfp_t gfp, event_fn fill, const void *arg)
{
	struct sk_buff *skb = NULL;
	void *hdr;

	if (!down_read_trylock(&telling))
		return;
	if (registered)
		skb = rayos_nl_event_new(&rayos_zcomp_nl_family, &init_net,
					 RAYOS_ZCOMP_NLGRP_EVENTS, cmd, &hdr, gfp);
	if (skb)
		rayos_nl_event_send(&rayos_zcomp_nl_family, &init_net,
				    RAYOS_ZCOMP_NLGRP_EVENTS, skb, hdr,
				    fill(skb, arg), gfp);
	up_read(&telling);
}

static int fill_device_name(struct sk_buff *skb, const void *arg)
{
	const struct rayos_zcomp_disk *d = arg;

	return rayos_zcomp_fill_device_name(skb, d->id);
}

static int fill_device(struct sk_buff *skb, const void *arg)
{
	const struct rayos_zcomp_disk *d = arg;
	const struct rayos_zcomp_disk_config config =
		rayos_zcomp_disk_config_of(d);

	return rayos_zcomp_fill_device(skb, d->id, &config);
}

/**
 * rayos_zcomp_nl_device_event() - tell of a device
 * @d: the device; its lock is not held, but it stays
 * @cmd: one of the events that are about devices
 *
 * Context: May sleep.
 */
void rayos_zcomp_nl_device_event(struct rayos_zcomp_disk *d, u8 cmd)
{
	if (cmd != RAYOS_ZCOMP_CMD_DEVICE_NTF) {
		tell(cmd, GFP_KERNEL, fill_device_name, d);
		return;
	}
	mutex_lock(&d->lock);
	tell(cmd, GFP_KERNEL, fill_device, d);
	mutex_unlock(&d->lock);
}

static int fill_refused(struct sk_buff *skb, const void *arg)
{
	return rayos_zcomp_fill_refused(skb, arg);
}

/**
 * rayos_zcomp_nl_refused_event() - tell that a store has no room
 * @store: the store
 *
 * It is told at most once a second.
 *
 * Context: Process context, may be in want of memory itself.
 */
void rayos_zcomp_nl_refused_event(struct rayos_zcomp_store *store)
{
	unsigned long told = READ_ONCE(store->told), now = jiffies ?: 1;

	if (told && time_before(now, told + HZ))
		return;
	if (cmpxchg(&store->told, told, now) == told)
		tell(RAYOS_ZCOMP_CMD_REFUSED_NTF, GFP_NOWAIT | __GFP_NOWARN,
		     fill_refused, store);
}

static int fill_settings(struct sk_buff *skb, const void *unused)
{
	const struct rayos_zcomp_settings settings = rayos_zcomp_settings_get();
	struct rayos_zcomp_policy policy;

	rayos_zcomp_policy_get(&policy);
	return rayos_zcomp_fill_settings(skb, &settings, &policy);
}

int rayos_zcomp_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct rayos_zcomp_totals totals;
	struct sk_buff *reply;
	void *hdr;

	reply = reply_new(info, &hdr);
	if (!reply)
		return -ENOMEM;
	rayos_zcomp_totals(&totals);
	return rayos_nl_reply_send(info, reply, hdr,
				   rayos_zcomp_fill_status(reply, &totals));
}

/* The store that a command names, to be put; NULL if it names none and need not */
static int find_store(struct genl_info *info, int attr, bool required,
		      struct rayos_zcomp_store **store)
{
	struct nlattr *name = info->attrs[attr];

	*store = NULL;
	if (!name && !required)
		return 0;
	if (GENL_REQ_ATTR_CHECK(info, attr))
		return -EINVAL;
	*store = rayos_zcomp_registry_get(nla_data(name));
	if (*store)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, name,
			    "no device that has a size and no region of this name");
	return -ENOENT;
}

int rayos_zcomp_nl_store_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct rayos_zcomp_store *store;
	struct sk_buff *reply;
	void *hdr;
	int err;

	err = find_store(info, RAYOS_ZCOMP_A_STORE_NAME, true, &store);
	if (err)
		return err;
	reply = reply_new(info, &hdr);
	err = reply ? rayos_zcomp_fill_store(reply, store, may_see_all(skb)) : -ENOMEM;
	rayos_zcomp_registry_put(store);
	return reply ? rayos_nl_reply_send(info, reply, hdr, err) : err;
}

int rayos_zcomp_nl_store_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb)
{
	struct rayos_zcomp_store *store;
	int err = 0;
	void *hdr;

	/* 0 is for those that cannot tell */
	cb->seq = rayos_zcomp_registry_generation() ?: 1;
	while (!err && (store = rayos_zcomp_registry_next(cb->args[0]))) {
		hdr = rayos_nl_dump_put(&rayos_zcomp_nl_family, skb, cb,
					RAYOS_ZCOMP_CMD_STORE_GET);
		err = !hdr ? -EMSGSIZE :
		      rayos_nl_dump_end(skb, hdr,
					rayos_zcomp_fill_store(skb, store,
							       may_see_all(cb->skb)));
		if (!err)
			cb->args[0] = store->id;
		rayos_zcomp_registry_put(store);
	}
	return skb->len ?: err;
}

int rayos_zcomp_nl_stats_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb)
{
	int err = 0;
	void *hdr;

	for (; cb->args[0] < RAYOS_ZCOMP_CODECS * RAYOS_ZCOMP_WORKS; cb->args[0]++) {
		hdr = rayos_nl_dump_put(&rayos_zcomp_nl_family, skb, cb,
					RAYOS_ZCOMP_CMD_STATS_GET);
		err = !hdr ? -EMSGSIZE :
		      rayos_nl_dump_end(skb, hdr,
					rayos_zcomp_fill_stats(skb, cb->args[0]));
		if (err == -EMSGSIZE)
			break;
		err = 0;
	}
	return skb->len ?: err;
}

/* A name is as the kernel writes it, so that two do not mean the same device */
static int parse_device(struct genl_info *info, const struct nlattr *name, int *id)
{
	char canonical[RAYOS_ZCOMP_NAME_SIZE];
	u32 number;

	if (strncmp(nla_data(name), "rayz", 4) ||
	    kstrtou32(nla_data(name) + 4, 10, &number) || number > MINORMASK) {
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "names of devices are rayz and a number up to 1048575");
		return -EINVAL;
	}
	snprintf(canonical, sizeof(canonical), "rayz%u", number);
	if (strcmp(nla_data(name), canonical)) {
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "no sign and no zeroes before the number of a device");
		return -EINVAL;
	}
	*id = number;
	return 0;
}

/* Of commands that need one */
static int parse_name(struct genl_info *info, int *id)
{
	if (GENL_REQ_ATTR_CHECK(info, RAYOS_ZCOMP_A_STORE_NAME))
		return -EINVAL;
	return parse_device(info, info->attrs[RAYOS_ZCOMP_A_STORE_NAME], id);
}

static int load_codec(struct genl_info *info, const struct nlattr *attr,
		      enum rayos_zcomp_codec_kind kind)
{
	if (rayos_zcomp_codec_load(kind))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr,
			    "there is no module that has this codec");
	return -ENOENT;
}

/* Both in one: who names but a level wants its codec */
static int parse_choice(struct genl_info *info, const struct nlattr *level,
			const struct nlattr *kind,
			struct rayos_zcomp_settings *settings)
{
	if (level) {
		settings->level = nla_get_u32(level);
		settings->kind = rayos_zcomp_kind_of(settings->level);
	}
	/* it does without if there is none */
	if (settings->level == RAYOS_ZCOMP_BEST)
		rayos_zcomp_codec_load(RAYOS_ZCOMP_ZSTD);
	if (kind)
		settings->kind = nla_get_u32(kind);
	return kind ? load_codec(info, kind, settings->kind) : 0;
}

static u32 parse_limit(const struct nlattr *attr)
{
	return attr ? DIV_ROUND_UP_ULL(nla_get_u64(attr), PAGE_SIZE) : 0;
}

static int parse_config(struct genl_info *info, int *id,
			struct rayos_zcomp_disk_config *config)
{
	struct rayos_zcomp_settings settings = rayos_zcomp_settings_get();
	struct nlattr *name = info->attrs[RAYOS_ZCOMP_A_STORE_NAME];
	int err;

	*id = -1;
	if (GENL_REQ_ATTR_CHECK(info, RAYOS_ZCOMP_A_STORE_SIZE))
		return -EINVAL;
	err = name ? parse_device(info, name, id) : 0;
	if (!err)
		err = parse_choice(info, info->attrs[RAYOS_ZCOMP_A_STORE_LEVEL],
				   info->attrs[RAYOS_ZCOMP_A_STORE_CODEC],
				   &settings);
	*config = (struct rayos_zcomp_disk_config){
		.size = nla_get_u64(info->attrs[RAYOS_ZCOMP_A_STORE_SIZE]),
		.level = settings.level,
		.kind = settings.kind,
		.limit = parse_limit(info->attrs[RAYOS_ZCOMP_A_STORE_LIMIT]),
	};
	return err;
}

/* What went wrong with a device, in words where they help */
static int explain(struct genl_info *info, int err)
{
	struct nlattr *name = info->attrs[RAYOS_ZCOMP_A_STORE_NAME];

	if (err == -ENODEV)
		NL_SET_ERR_MSG_ATTR(info->extack, name, "no device of this name");
	else if (err == -EBUSY && info->genlhdr->cmd == RAYOS_ZCOMP_CMD_DEVICE_ADD)
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "the device has a size already, reset it first");
	else if (err == -EBUSY)
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "the device is in use: mounted, swap, or open");
	else if (err == -ENOENT)
		NL_SET_ERR_MSG(info->extack,
			       "the module that has the codec is not loaded");
	return err;
}

int rayos_zcomp_nl_device_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct rayos_zcomp_disk_config config;
	struct sk_buff *reply;
	bool is_new;
	void *hdr;
	int id;
	int err;

	err = check_capable(skb, info) ?: parse_config(info, &id, &config);
	if (err)
		return err;
	reply = reply_new(info, &hdr);
	if (!reply)
		return -ENOMEM;
	id = rayos_zcomp_disk_make(id, &config, &is_new);
	if (id < 0)
		err = explain(info, id);
	else if (rayos_zcomp_fill_device_name(reply, id) ||
		 (is_new && nla_put_flag(reply, RAYOS_ZCOMP_A_STORE_NEW)))
		err = -EMSGSIZE;
	return rayos_nl_reply_send(info, reply, hdr, err);
}

static int set_limit(struct rayos_zcomp_disk *d, const void *arg)
{
	const u32 *limit = arg;

	rayos_zcomp_disk_set_limit(d, *limit);
	return 0;
}

int rayos_zcomp_nl_device_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	u32 limit;
	int id;
	int err;

	err = check_capable(skb, info) ?: parse_name(info, &id);
	if (err)
		return err;
	if (GENL_REQ_ATTR_CHECK(info, RAYOS_ZCOMP_A_STORE_LIMIT))
		return -EINVAL;
	limit = parse_limit(info->attrs[RAYOS_ZCOMP_A_STORE_LIMIT]);
	return explain(info, rayos_zcomp_with_disk(id, set_limit, &limit));
}

int rayos_zcomp_nl_device_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	int id;
	int err;

	err = check_capable(skb, info) ?: parse_name(info, &id);
	return err ?: explain(info, rayos_zcomp_disk_del(id));
}

static int reset(struct rayos_zcomp_disk *d, const void *unused)
{
	return rayos_zcomp_disk_reset(d);
}

int rayos_zcomp_nl_device_reset_doit(struct sk_buff *skb, struct genl_info *info)
{
	int id;
	int err;

	err = check_capable(skb, info) ?: parse_name(info, &id);
	return err ?: explain(info, rayos_zcomp_with_disk(id, reset, NULL));
}

/**
 * typedef each_fn - what is done with a store
 * @store: the store
 * @arg: of the command
 *
 * Return: 0, or -errno to end it.
 */
typedef int (*each_fn)(struct rayos_zcomp_store *store, void *arg);

/* With the store that a command names, or with all if it names none */
static int each(struct genl_info *info, int attr, each_fn act, void *arg)
{
	struct rayos_zcomp_store *store;
	u32 id = 0;
	int err;

	err = find_store(info, attr, false, &store);
	if (err)
		return err;
	if (store) {
		err = act(store, arg);
		rayos_zcomp_registry_put(store);
		return err;
	}
	while (!err && (store = rayos_zcomp_registry_next(id))) {
		id = store->id;
		err = act(store, arg);
		rayos_zcomp_registry_put(store);
	}
	return err;
}

/* So many pages at a time are looked at before it is seen whether anybody waits */
#define PIECE	65536

static int look_at(struct rayos_zcomp_store *store, void *arg)
{
	u64 at;

	for (at = 0; at < store->nr_pages; at += PIECE) {
		if (signal_pending(current))
			return -EINTR;
		rayos_zcomp_pages_add(arg, store, at,
				      min(at + PIECE, store->nr_pages));
	}
	return 0;
}

int rayos_zcomp_nl_pages_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct rayos_zcomp_pages *pages;
	struct sk_buff *reply;
	void *hdr;
	int err;

	err = check_capable(skb, info);
	if (err)
		return err;
	pages = kzalloc(sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	reply = rayos_nl_reply_new(&rayos_zcomp_nl_family, info, &hdr, PAGES_ROOM);
	if (!reply) {
		err = -ENOMEM;
		goto free;
	}
	err = each(info, RAYOS_ZCOMP_A_PAGES_NAME, look_at, pages) ?:
	      rayos_zcomp_fill_pages(reply, pages);
	err = rayos_nl_reply_send(info, reply, hdr, err);
free:
	kfree(pages);
	return err;
}

static int compact(struct rayos_zcomp_store *store, void *arg)
{
	u64 *freed = arg;

	*freed += (u64)rayos_zcomp_compact(store->pool, U32_MAX) *
		  RAYOS_ZCOMP_SEGMENT_SIZE;
	return 0;
}

int rayos_zcomp_nl_compact_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	u64 freed = 0;
	void *hdr;
	int err;

	err = check_capable(skb, info);
	if (err)
		return err;
	reply = reply_new(info, &hdr);
	if (!reply)
		return -ENOMEM;
	err = each(info, RAYOS_ZCOMP_A_STORE_NAME, compact, &freed) ?:
	      nla_put_uint(reply, RAYOS_ZCOMP_A_STORE_FREED, freed);
	return rayos_nl_reply_send(info, reply, hdr, err);
}

static int flush(struct rayos_zcomp_store *store, void *arg)
{
	return rayos_zcomp_demand(store, RAYOS_ZCOMP_ALL, arg);
}

int rayos_zcomp_nl_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct rayos_zcomp_sweep sweep = {};
	struct sk_buff *reply;
	void *hdr;
	int err;

	err = check_capable(skb, info);
	if (err)
		return err;
	reply = reply_new(info, &hdr);
	if (!reply)
		return -ENOMEM;
	err = each(info, RAYOS_ZCOMP_A_STORE_NAME, flush, &sweep);
	if (err == -EOPNOTSUPP)
		NL_SET_ERR_MSG(info->extack, "the policy has no link demand");
	err = err ?: rayos_zcomp_fill_sweep(reply, &sweep);
	return rayos_nl_reply_send(info, reply, hdr, err);
}

int rayos_zcomp_nl_settings_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *hdr;

	reply = reply_new(info, &hdr);
	if (!reply)
		return -ENOMEM;
	return rayos_nl_reply_send(info, reply, hdr, fill_settings(reply, NULL));
}

/* Both or none */
static int change_settings(struct genl_info *info)
{
	struct rayos_zcomp_settings settings = rayos_zcomp_settings_get();
	struct rayos_zcomp_policy policy;
	int err;

	lockdep_assert_held(&changing);

	rayos_zcomp_policy_get(&policy);
	err = rayos_zcomp_parse_policy(info, &policy) ?:
	      parse_choice(info, info->attrs[RAYOS_ZCOMP_A_SETTINGS_LEVEL],
			   info->attrs[RAYOS_ZCOMP_A_SETTINGS_CODEC], &settings);
	if (err)
		return err;
	rayos_zcomp_policy_set(&policy);
	rayos_zcomp_settings_set(&settings);
	tell(RAYOS_ZCOMP_CMD_SETTINGS_NTF, GFP_KERNEL, fill_settings, NULL);
	return 0;
}

int rayos_zcomp_nl_settings_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	err = check_capable(skb, info);
	if (err)
		return err;
	mutex_lock(&changing);
	err = change_settings(info);
	mutex_unlock(&changing);
	return err;
}

int rayos_zcomp_nl_policy_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct rayos_zcomp_policy_status status;
	struct sk_buff *reply;
	void *hdr;

	reply = reply_new(info, &hdr);
	if (!reply)
		return -ENOMEM;
	rayos_zcomp_policy_status(&status);
	return rayos_nl_reply_send(info, reply, hdr,
				   rayos_zcomp_fill_policy_status(reply, &status));
}

/**
 * rayos_zcomp_nl_init() - let user space reach the module
 *
 * Context: Process context, after everything else is there.
 * Return: 0 or -errno.
 */
int __init rayos_zcomp_nl_init(void)
{
	int err;

	/* the generator makes all families those of every namespace */
	rayos_zcomp_nl_family.netnsok = false;
	err = rayos_genl_register_family(&rayos_zcomp_nl_family);
	down_write(&telling);
	registered = !err;
	up_write(&telling);
	return err;
}

/**
 * rayos_zcomp_nl_exit() - let user space reach the module no more
 *
 * Context: Process context, before anything else goes.
 */
void rayos_zcomp_nl_exit(void)
{
	down_write(&telling);
	registered = false;
	up_write(&telling);
	rayos_genl_unregister_family(&rayos_zcomp_nl_family);
}

MODULE_ALIAS_GENL_FAMILY(RAYOS_ZCOMP_FAMILY_NAME);
