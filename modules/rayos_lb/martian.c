// SPDX-License-Identifier: GPL-2.0-only
/*
 * Senders that cannot be: what the route lookup for input, which never sees a
 * balanced packet, would refuse.
 */
#include <linux/hash.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <net/addrconf.h>
#include <net/ip_fib.h>
#include <net/route.h>
#include <kunit/visibility.h>

#include "lb.h"

/*
 * A client comes with many flows, and to look its address up costs as much as a
 * third of all else that is done for one.  What was found stays true until a
 * route or an address of the namespace changes, which its generation tells.
 *
 * Written and read without a lock.  Where a word of 64 bits is read in two halves
 * it may seem that an address was found under another generation than it was; it
 * was found good a moment before, then.
 */
static bool good4(struct rayos_lb_net *ln, __be32 ip)
{
	u64 *slot = &ln->senders[hash_32((__force u32)ip,
					 ilog2(RAYOS_LB_SENDERS))];
	u64 entry = (u64)rt_genid_ipv4(ln->net) << 32 | (__force u32)ip;

	if (READ_ONCE(*slot) == entry && entry)
		return true;
	if (inet_addr_type(ln->net, ip) != RTN_UNICAST)
		return false;
	WRITE_ONCE(*slot, entry);
	return true;
}

/**
 * rayos_lb_martian() - whether a packet has a sender that cannot be
 * @ln: the namespace
 * @dev: where it came from
 * @tuple: its addresses
 *
 * Context: within RCU, bottom halves off.
 * Return: true if the stack would not take it.
 */
bool rayos_lb_martian(struct rayos_lb_net *ln, const struct net_device *dev,
		      const struct rayos_lb_tuple *tuple)
{
	if (dev->flags & IFF_LOOPBACK)
		return false;
	if (tuple->family == AF_INET)
		return ipv4_is_loopback(tuple->dst.ip) ||
		       !good4(ln, tuple->src.ip);
	return !(ipv6_addr_type(&tuple->src.in6) & IPV6_ADDR_UNICAST) ||
	       ipv6_chk_addr(ln->net, &tuple->src.in6, NULL, 0);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_martian);
