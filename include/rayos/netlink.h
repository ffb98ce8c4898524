/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers, dumps and events of a generic netlink family.
 */
#ifndef _RAYOS_NETLINK_H
#define _RAYOS_NETLINK_H

#include <rayos/compat_genetlink.h>

/* Largest single message that needs no more than a page */
#define RAYOS_NL_ROOM	(4096 - SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))

/**
 * rayos_nl_reply_new() - begin the answer to a command
 * @family: the family
 * @info: the command
 * @hdr: the header is left here
 * @room: bytes for attributes
 *
 * Context: May sleep.
 * Return: the answer, or NULL if there is no memory.
 */
static inline struct sk_buff *
rayos_nl_reply_new(const struct genl_family *family, struct genl_info *info,
		   void **hdr, size_t room)
{
	struct sk_buff *skb = nlmsg_new(room, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put_reply(skb, info, family, 0, info->genlhdr->cmd);
	if (!*hdr) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

/**
 * rayos_nl_reply_send() - send an answer
 * @info: the command
 * @skb: the answer, which is gone afterwards
 * @hdr: its header
 * @err: if not 0 nothing is sent
 *
 * Context: May sleep.
 * Return: @err, or -errno.
 */
static inline int rayos_nl_reply_send(struct genl_info *info, struct sk_buff *skb,
				      void *hdr, int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/**
 * rayos_nl_refuse() - tell why a command is not done
 * @info: the command
 * @attr: the attribute that is wrong, or NULL
 * @why: a message that stays; where it is known when this is compiled
 *	NL_SET_ERR_MSG_ATTR() does the same
 *
 * Return: -EINVAL.
 */
static inline int rayos_nl_refuse(struct genl_info *info,
				  const struct nlattr *attr, const char *why)
{
	if (info->extack) {
		info->extack->_msg = why;
		info->extack->bad_attr = attr;
	}
	return -EINVAL;
}

/**
 * rayos_nl_event_new() - begin an event
 * @family: the family
 * @net: the namespace in which it is told
 * @group: the multicast group
 * @cmd: what it is
 * @hdr: the header is left here
 * @gfp: how memory is got
 *
 * Return: the event, or NULL when nobody listens or there is no memory.
 */
static inline struct sk_buff *
rayos_nl_event_new(struct genl_family *family, struct net *net, u32 group, u8 cmd,
		   void **hdr, gfp_t gfp)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(family, net, group))
		return NULL;
	skb = nlmsg_new(RAYOS_NL_ROOM, gfp);
	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, 0, 0, family, 0, cmd);
	if (!*hdr) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

/**
 * rayos_nl_event_send() - tell an event
 * @family: the family
 * @net: the namespace in which it is told
 * @group: the multicast group
 * @skb: the event, which is gone afterwards
 * @hdr: its header
 * @err: if not 0 nothing is told
 * @gfp: how memory is got
 */
static inline void
rayos_nl_event_send(struct genl_family *family, struct net *net, u32 group,
		    struct sk_buff *skb, void *hdr, int err, gfp_t gfp)
{
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(family, net, skb, 0, group, gfp);
}

/**
 * rayos_nl_dump_put() - begin one object of a dump
 * @family: the family
 * @skb: the message
 * @cb: the dump
 * @cmd: its command
 *
 * Return: the header, or NULL if there is no room for it.
 */
static inline void *rayos_nl_dump_put(const struct genl_family *family,
				      struct sk_buff *skb,
				      struct netlink_callback *cb, u8 cmd)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, family, NLM_F_MULTI, cmd);

	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

/**
 * rayos_nl_dump_end() - end one object of a dump
 * @skb: the message
 * @hdr: what rayos_nl_dump_put() has returned
 * @err: if not 0 the object is left out; -EMSGSIZE leaves it for the next message
 *
 * Return: @err.
 */
static inline int rayos_nl_dump_end(struct sk_buff *skb, void *hdr, int err)
{
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

#endif
