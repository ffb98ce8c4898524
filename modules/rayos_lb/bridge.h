/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * With br_netfilter loaded the hooks of IPv4 and IPv6 also see frames that a
 * bridge only passes on.
 */
#ifndef _RAYOS_LB_BRIDGE_H
#define _RAYOS_LB_BRIDGE_H

#include <linux/netfilter_bridge.h>
#include <linux/skbuff.h>

/**
 * rayos_lb_passes_by() - whether a frame is on its way through a bridge
 * @skb: the packet at PRE_ROUTING
 *
 * Return: true if the frame is addressed to another host.
 */
static inline bool rayos_lb_passes_by(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	const struct nf_bridge_info *info = nf_bridge_info_get(skb);

	return info && info->pkt_otherhost;
#else
	return false;
#endif
}

/**
 * rayos_lb_crosses_bridge() - whether br_netfilter has to do with a packet
 * @skb: the packet
 *
 * Return: true if it came by a bridge.
 */
static inline bool rayos_lb_crosses_bridge(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	return skb_ext_exist(skb, SKB_EXT_BRIDGE_NF);
#else
	return false;
#endif
}

/**
 * rayos_lb_leave_bridge() - make a packet forget that it came by a bridge
 * @skb: the packet, about to be sent by a route of its own
 */
static inline void rayos_lb_leave_bridge(struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);
#endif
}

#endif
