/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The netlink family rayos-zcomp.
 */
#ifndef _RAYOS_ZCOMP_NETLINK_H
#define _RAYOS_ZCOMP_NETLINK_H

#include <linux/types.h>
#include <uapi/linux/rayos_zcomp.h>

struct genl_info;
struct rayos_zcomp_disk;
struct rayos_zcomp_disk_config;
struct rayos_zcomp_pages;
struct rayos_zcomp_policy;
struct rayos_zcomp_policy_status;
struct rayos_zcomp_settings;
struct rayos_zcomp_store;
struct rayos_zcomp_sweep;
struct rayos_zcomp_totals;
struct sk_buff;

/* netlink.c */
int rayos_zcomp_nl_init(void);
void rayos_zcomp_nl_exit(void);
void rayos_zcomp_nl_device_event(struct rayos_zcomp_disk *d, u8 cmd);
void rayos_zcomp_nl_refused_event(struct rayos_zcomp_store *store);

/* nl_fill.c.  Return: 0 or -EMSGSIZE. */
int rayos_zcomp_fill_status(struct sk_buff *skb,
			    const struct rayos_zcomp_totals *totals);
int rayos_zcomp_fill_store(struct sk_buff *skb,
			   const struct rayos_zcomp_store *store, bool owner);
int rayos_zcomp_fill_refused(struct sk_buff *skb,
			     const struct rayos_zcomp_store *store);
int rayos_zcomp_fill_device(struct sk_buff *skb, u32 id,
			    const struct rayos_zcomp_disk_config *config);
int rayos_zcomp_fill_device_name(struct sk_buff *skb, u32 id);
int rayos_zcomp_fill_settings(struct sk_buff *skb,
			      const struct rayos_zcomp_settings *settings,
			      const struct rayos_zcomp_policy *policy);
int rayos_zcomp_fill_sweep(struct sk_buff *skb,
			   const struct rayos_zcomp_sweep *sweep);
int rayos_zcomp_fill_stats(struct sk_buff *skb, u32 n);
int rayos_zcomp_fill_pages(struct sk_buff *skb,
			   const struct rayos_zcomp_pages *pages);

/* nl_policy.c, likewise */
int rayos_zcomp_parse_policy(struct genl_info *info,
			     struct rayos_zcomp_policy *policy);
int rayos_zcomp_fill_policy(struct sk_buff *skb,
			    const struct rayos_zcomp_policy *policy);
int rayos_zcomp_fill_policy_status(struct sk_buff *skb,
				   const struct rayos_zcomp_policy_status *status);

#endif
