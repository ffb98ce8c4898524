// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fragments of IPv6 packets.  Only the first tells the ports, so where it went
 * is kept for a while and the others are sent after it.  A fragment that
 * overtakes its first, or whose first a busier sender has displaced, is lost.
 * With nf_defrag_ipv6 loaded no fragment ever comes here.
 */
#include <linux/hash.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>

#include "lb.h"
#include "path.h"

#define BITS		8
#define SLOTS		BIT(BITS)
/* How long fragments of one packet may be under way (RFC 8200, 4.5) */
#define TIMEOUT		(60 * HZ)

/**
 * struct slot - a packet under way
 * @src: its sender
 * @dst: its receiver
 * @id: its identification
 * @used: the slot is in use
 * @source: the sender is replaced
 * @direct: as in &struct rayos_lb_turn
 * @both: the other end is replaced too
 * @to: what the one end becomes
 * @opposite: the tuple that has the other one, if @both
 * @when: jiffies of the first fragment
 */
struct slot {
	struct in6_addr src;
	struct in6_addr dst;
	__be32 id;
	bool used;
	bool source;
	bool direct;
	bool both;
	struct rayos_lb_endpoint to;
	struct rayos_lb_tuple opposite;
	unsigned long when;
};

struct rayos_lb_frag6_table {
	spinlock_t lock; /* protects all slots; bottom halves are off */
	struct slot slot[SLOTS];
};

/**
 * rayos_lb_frag6_table_new() - make an empty table
 *
 * Context: Process context, may sleep.
 * Return: the table, or NULL for want of memory.
 */
struct rayos_lb_frag6_table *rayos_lb_frag6_table_new(void)
{
	struct rayos_lb_frag6_table *table;

	table = kvzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (table)
		spin_lock_init(&table->lock);
	return table;
}

/**
 * rayos_lb_frag6_table_free() - free a table
 * @table: no packet can reach it any more; or NULL
 *
 * Context: Process context.
 */
void rayos_lb_frag6_table_free(struct rayos_lb_frag6_table *table)
{
	kvfree(table);
}

static bool read_id(const struct sk_buff *skb, __be32 *id)
{
	const struct frag_hdr *fh;
	unsigned int offset = 0;
	struct frag_hdr buf;

	if (ipv6_find_hdr(skb, &offset, NEXTHDR_FRAGMENT, NULL, NULL) < 0)
		return false;
	fh = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	if (!fh)
		return false;
	*id = fh->identification;
	return true;
}

static struct slot *slot_of(struct rayos_lb_frag6_table *table,
			    const struct ipv6hdr *ip6h, __be32 id)
{
	u32 h = jhash_2words(ipv6_addr_hash(&ip6h->saddr) ^
			     ipv6_addr_hash(&ip6h->daddr), (__force u32)id, 0);

	return &table->slot[hash_32(h, BITS)];
}

/**
 * rayos_lb_frag6_add() - remember where a first fragment goes
 * @table: the namespace's
 * @skb: the fragment, before it is changed
 * @turn: where it goes
 *
 * Context: bottom halves off.
 */
void rayos_lb_frag6_add(struct rayos_lb_frag6_table *table,
			const struct sk_buff *skb,
			const struct rayos_lb_turn *turn)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct slot *slot;
	__be32 id;

	if (!read_id(skb, &id))
		return;
	slot = slot_of(table, ip6h, id);
	spin_lock(&table->lock);
	*slot = (struct slot) {
		.src = ip6h->saddr,
		.dst = ip6h->daddr,
		.id = id,
		.used = true,
		.source = turn->source,
		.direct = turn->direct,
		.both = turn->opposite,
		.to = *turn->to,
		.when = jiffies,
	};
	if (turn->opposite)
		slot->opposite = *turn->opposite;
	spin_unlock(&table->lock);
}

static bool find(struct rayos_lb_frag6_table *table, const struct sk_buff *skb,
		 struct slot *found)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct slot *slot;
	bool hit;
	__be32 id;

	if (!read_id(skb, &id))
		return false;
	slot = slot_of(table, ip6h, id);
	spin_lock(&table->lock);
	hit = slot->used && slot->id == id &&
	      ipv6_addr_equal(&slot->src, &ip6h->saddr) &&
	      ipv6_addr_equal(&slot->dst, &ip6h->daddr) &&
	      time_before(jiffies, slot->when + TIMEOUT);
	if (hit)
		*found = *slot;
	spin_unlock(&table->lock);
	return hit;
}

/**
 * rayos_lb_frag6_follow() - send a later fragment after its first
 * @ln: the namespace
 * @skb: the fragment
 * @state: of the hook
 *
 * Context: within RCU, bottom halves off.
 * Return: the verdict of the hook; %NF_ACCEPT if its first went no way of ours.
 */
unsigned int rayos_lb_frag6_follow(struct rayos_lb_net *ln,
				   struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	struct rayos_lb_route route = {};
	struct rayos_lb_turn turn = { .route = &route };
	unsigned int verdict;
	struct slot slot;

	if (!find(ln->frag6, skb, &slot))
		return NF_ACCEPT;
	turn.to = &slot.to;
	turn.source = slot.source;
	turn.direct = slot.direct;
	turn.opposite = slot.both ? &slot.opposite : NULL;
	verdict = rayos_lb_output6(ln, skb, NULL, &turn, state);
	dst_release(rcu_dereference_protected(route.dst, true));
	return verdict;
}
