// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the flow table is full and nothing in it can be thrown out, a policy which
 * looks at nothing but addresses can do without flows: every packet of a client
 * goes to the backend that its hash says, and what comes from a known server is
 * given the virtual address.  So a flood leaves clients what the table has no
 * room for.  Maglev (Eisenbud et al., NSDI 2016, 3.3) falls back in the same way
 * on its hash when its connection table does not help.
 *
 * What has no flow cannot be counted as open, limited, cut off or held to its
 * backend when the choice of backends changes.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/rculist.h>
#include <net/addrconf.h>
#include <net/route.h>
#include <kunit/visibility.h>

#include "overflow.h"

#define WINDOW	(RAYOS_LB_OVERFLOW_SECONDS * HZ)

static u32 bucket_of(const struct rayos_lb_endpoint *addr)
{
	u32 fold = addr->addr.all[0] ^ addr->addr.all[1] ^ addr->addr.all[2] ^
		   addr->addr.all[3];

	return hash_32(fold ^ (__force u32)addr->port,
		       ilog2(RAYOS_LB_SERVER_BUCKETS));
}

/**
 * rayos_lb_overflow_add() - let the answers of a server be known
 * @backend: one that has just been listed
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_overflow_add(struct rayos_lb_backend *backend)
{
	struct rayos_lb_net *ln = backend->balancer->ln;

	lockdep_assert_held(&ln->lock);

	hlist_add_head_rcu(&backend->server,
			   &ln->servers[bucket_of(&backend->addr)]);
}

/**
 * rayos_lb_overflow_del() - undo rayos_lb_overflow_add()
 * @backend: one that is not listed any more; it stays for a grace period
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_overflow_del(struct rayos_lb_backend *backend)
{
	lockdep_assert_held(&backend->balancer->ln->lock);

	hlist_del_rcu(&backend->server);
}

/* Whether a hash of the client's address decides, now and for its next packet */
static bool decided_by_hash(const struct rayos_lb_balancer *balancer)
{
	const struct rayos_lb_snapshot *snapshot =
		rcu_dereference(balancer->snapshot);

	return snapshot && snapshot->pool.policy->stateless &&
	       balancer->mode != RAYOS_LB_MODE_FULL_NAT &&
	       !READ_ONCE(balancer->affinity);
}

/**
 * rayos_lb_overflow_may() - whether a packet can do without a flow
 * @balancer: that it is for
 * @pkt: a client's packet
 *
 * A client on this host cannot: what answers it would look like an answer to the
 * host's own dealings with the server, such as health checks.
 *
 * Context: within RCU.
 * Return: true if it can, should there be no room.
 */
bool rayos_lb_overflow_may(const struct rayos_lb_balancer *balancer,
			   const struct rayos_lb_pkt *pkt)
{
	return !pkt->local_out && decided_by_hash(balancer);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_overflow_may);

/**
 * rayos_lb_overflow_begin() - there is no room for a flow
 * @ln: the namespace
 * @now: in jiffies
 *
 * Context: Any.
 */
void rayos_lb_overflow_begin(struct rayos_lb_net *ln, unsigned long now)
{
	/* zero is for never */
	now |= 1;
	if (READ_ONCE(ln->overflow) != now)
		WRITE_ONCE(ln->overflow, now);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_overflow_begin);

/**
 * rayos_lb_overflow_lasts() - whether it is not long since there was no room
 * @ln: the namespace
 * @now: in jiffies
 *
 * Context: Any.
 * Return: false once the time is over, and from then on.
 */
bool rayos_lb_overflow_lasts(struct rayos_lb_net *ln, unsigned long now)
{
	unsigned long last = READ_ONCE(ln->overflow);

	if (!last)
		return false;
	if (time_before_eq(now, last + WINDOW))
		return true;
	/* another CPU may just have found no room again */
	cmpxchg(&ln->overflow, last, 0);
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_overflow_lasts);

/**
 * rayos_lb_overflow_server() - whose answer a packet is if it has no flow
 * @ln: the namespace
 * @addr: sender of the packet
 * @family: AF_INET or AF_INET6
 * @l4: IPPROTO_TCP or IPPROTO_UDP
 *
 * Context: within RCU, which protects what is returned.
 * Return: the backend; NULL if there is none whose flows can be done without, or
 * more than one, as then nobody knows which virtual address the client has spoken
 * to.
 */
struct rayos_lb_backend *
rayos_lb_overflow_server(const struct rayos_lb_net *ln,
			 const struct rayos_lb_endpoint *addr, u8 family, u8 l4)
{
	struct rayos_lb_backend *backend, *found = NULL;

	hlist_for_each_entry_rcu(backend, &ln->servers[bucket_of(addr)], server) {
		if (backend->addr.port != addr->port ||
		    backend->balancer->l4 != l4 ||
		    backend->balancer->family != family ||
		    !rayos_lb_addr_equal(&backend->addr.addr, &addr->addr) ||
		    backend->balancer->mode != RAYOS_LB_MODE_NAT ||
		    !decided_by_hash(backend->balancer))
			continue;
		if (found)
			return NULL;
		found = backend;
	}
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_overflow_server);

/* Somebody elsewhere, who may be a client; this host deals with servers itself */
static bool elsewhere(struct net *net, const struct rayos_lb_tuple *tuple)
{
	if (tuple->family == AF_INET)
		return inet_addr_type(net, tuple->dst.ip) == RTN_UNICAST;
	return ipv6_addr_type(&tuple->dst.in6) & IPV6_ADDR_UNICAST &&
	       !ipv6_chk_addr(net, &tuple->dst.in6, NULL, 0);
}

/**
 * rayos_lb_overflow_answering() - who seems to answer a client without a flow
 * @ln: the namespace
 * @tuple: of a packet, of which there is no flow
 *
 * Context: within RCU, which protects what is returned.
 * Return: the backend; NULL if it is no answer, or one to this host.
 */
struct rayos_lb_backend *
rayos_lb_overflow_answering(const struct rayos_lb_net *ln,
			    const struct rayos_lb_tuple *tuple)
{
	const struct rayos_lb_endpoint from = {
		.addr = tuple->src,
		.port = tuple->sport,
	};
	struct rayos_lb_backend *backend;

	backend = rayos_lb_overflow_server(ln, &from, tuple->family, tuple->l4);
	return backend && elsewhere(ln->net, tuple) ? backend : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_overflow_answering);

/**
 * rayos_lb_overflow_pick() - find a backend for a packet without a flow
 * @balancer: one of which rayos_lb_overflow_may() is true
 * @pkt: a client's packet
 *
 * A backend with a limit takes none, as nobody could tell how many it has.
 *
 * Context: within RCU, which protects what is returned.
 * Return: the backend, for each packet of a client's connection the same as long
 * as the choice is; NULL if it takes none or its answers would not be known.
 */
struct rayos_lb_backend *
rayos_lb_overflow_pick(const struct rayos_lb_balancer *balancer,
		       const struct rayos_lb_pkt *pkt)
{
	struct rayos_lb_backend *backend;

	backend = rayos_lb_schedule_stateless(balancer, pkt);
	if (!backend || READ_ONCE(backend->limit))
		return NULL;
	if (balancer->mode == RAYOS_LB_MODE_NAT &&
	    rayos_lb_overflow_server(balancer->ln, &backend->addr,
				     balancer->family, balancer->l4) != backend)
		return NULL;
	return backend;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_overflow_pick);

/*
 * A segment that would make no good beginning of a flow, as the connection may
 * just end with it
 */
static bool may_be_last(const struct rayos_lb_pkt *pkt)
{
	u8 flags = pkt->tcp_flags & (RAYOS_LB_TH_STATE | RAYOS_LB_TH_ACK);

	if (pkt->tuple.l4 != IPPROTO_TCP || flags == RAYOS_LB_TH_SYN)
		return false;
	return flags & RAYOS_LB_TH_STATE || !pkt->payload;
}

/**
 * rayos_lb_overflow_following() - who gets what follows packets without a flow
 * @balancer: that the packet is for
 * @pkt: a client's packet, of which there is no flow, when there was no room for
 *	flows not long ago
 *
 * Until the client says something, its connection goes on without a flow, even
 * if there is room again.
 *
 * Context: within RCU, which protects what is returned.
 * Return: the backend; NULL if the packet may have a flow, or can have nothing
 * else.
 */
struct rayos_lb_backend *
rayos_lb_overflow_following(const struct rayos_lb_balancer *balancer,
			    const struct rayos_lb_pkt *pkt)
{
	return may_be_last(pkt) && rayos_lb_overflow_may(balancer, pkt) ?
		rayos_lb_overflow_pick(balancer, pkt) : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_overflow_following);

/**
 * rayos_lb_overflow_turn() - where a packet without a flow goes
 * @backend: from rayos_lb_overflow_pick() or rayos_lb_overflow_server()
 * @dir: direction of the packet
 * @route: an empty one for the way to a client, whom nothing remembers; NULL if
 *	that is looked up otherwise
 *
 * Return: its new address and its way out.
 */
struct rayos_lb_turn rayos_lb_overflow_turn(struct rayos_lb_backend *backend,
					    enum rayos_lb_dir dir,
					    struct rayos_lb_route *route)
{
	if (dir == RAYOS_LB_REPLY)
		return (struct rayos_lb_turn) {
			.to = &backend->balancer->vip,
			.source = true,
			.route = route,
		};
	return (struct rayos_lb_turn) {
		.to = &backend->addr,
		.direct = backend->balancer->mode == RAYOS_LB_MODE_DSR,
		.route = &backend->route,
	};
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_overflow_turn);

/**
 * rayos_lb_overflow_count() - count a packet that has no flow
 * @backend: whose
 * @dir: direction of the packet
 * @bytes: its length
 *
 * Context: bottom halves off.
 */
void rayos_lb_overflow_count(const struct rayos_lb_backend *backend,
			     enum rayos_lb_dir dir, u32 bytes)
{
	rayos_lb_stats_packet(backend->stats,
			      dir == RAYOS_LB_FORWARD ? RAYOS_LB_C_PACKETS_IN :
							RAYOS_LB_C_PACKETS_OUT,
			      bytes);
	rayos_lb_stats_count(backend->stats, RAYOS_LB_C_STATELESS);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_overflow_count);
