/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking for sockets: the tables that they are in were arguments once.
 */
#ifndef _RAYOS_COMPAT_SOCKETS_H
#define _RAYOS_COMPAT_SOCKETS_H

#include <linux/version.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/tcp.h>
#include <net/udp.h>

/* Until 6.17 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
static inline struct sock *
rayos_inet_lookup_established(struct net *net, __be32 saddr, __be16 sport,
			      __be32 daddr, u16 hnum, int dif, int sdif)
{
	return __inet_lookup_established(net, net->ipv4.tcp_death_row.hashinfo,
					 saddr, sport, daddr, hnum, dif, sdif);
}

static inline struct sock *
rayos_inet6_lookup_established(struct net *net, const struct in6_addr *saddr,
			       __be16 sport, const struct in6_addr *daddr,
			       u16 hnum, int dif, int sdif)
{
	return __inet6_lookup_established(net, net->ipv4.tcp_death_row.hashinfo,
					  saddr, sport, daddr, hnum, dif, sdif);
}

#define __inet_lookup_established	rayos_inet_lookup_established
#define __inet6_lookup_established	rayos_inet6_lookup_established
#endif

/* One for all network namespaces before 6.2 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static inline struct udp_table *rayos_udp_table(const struct net *net)
{
	return &udp_table;
}
#elif LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
static inline struct udp_table *rayos_udp_table(const struct net *net)
{
	return net->ipv4.udp_table;
}
#endif

/* Until UDP-Lite went, in 7.1 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
static inline struct sock *
rayos_udp4_lib_lookup(struct net *net, __be32 saddr, __be16 sport, __be32 daddr,
		      __be16 dport, int dif, int sdif, struct sk_buff *skb)
{
	return __udp4_lib_lookup(net, saddr, sport, daddr, dport, dif, sdif,
				 rayos_udp_table(net), skb);
}

static inline struct sock *
rayos_udp6_lib_lookup(struct net *net, const struct in6_addr *saddr,
		      __be16 sport, const struct in6_addr *daddr, __be16 dport,
		      int dif, int sdif, struct sk_buff *skb)
{
	return __udp6_lib_lookup(net, saddr, sport, daddr, dport, dif, sdif,
				 rayos_udp_table(net), skb);
}

#define __udp4_lib_lookup	rayos_udp4_lib_lookup
#define __udp6_lib_lookup	rayos_udp6_lib_lookup
#endif

#endif
