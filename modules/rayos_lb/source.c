// SPDX-License-Identifier: GPL-2.0-only
/*
 * Full NAT: the address and port that a backend sees instead of the client's.
 *
 * Answers to them arrive like answers to a socket of this host, so the two must
 * never have the same.  Three things see to that: ports are taken from beside
 * the range that the host gives to its own sockets; a port is not taken while a
 * socket has the very connection; and a socket that comes to it later, having
 * bound its port itself, is told that it is in use, see rayos_lb_source_taken().
 */
#include <linux/jiffies.h>
#include <linux/random.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <rayos/compat_sockets.h>
#include <kunit/visibility.h>

#include "lb.h"
#include "path.h"
#include "source.h"

#define RANK_OVER	BIT(30)

/**
 * rayos_lb_ports_beside() - the ports that are not for local sockets
 * @low: the first port of the range for local sockets
 * @high: the last one
 *
 * A range that leaves next to nothing beside it is not kept out of: then only
 * sockets which are there are.
 *
 * Context: Any.
 * Return: the ports.
 */
struct rayos_lb_ports rayos_lb_ports_beside(u32 low, u32 high)
{
	struct rayos_lb_ports ports = {
		.nr = U16_MAX + 1 - RAYOS_LB_PORT_MIN,
	};

	low = max_t(u32, low, RAYOS_LB_PORT_MIN);
	if (high < low || ports.nr - (high - low + 1) < RAYOS_LB_PORTS_FEW)
		return ports;
	ports.gap = low;
	ports.gap_len = high - low + 1;
	ports.nr -= ports.gap_len;
	return ports;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_ports_beside);

/**
 * rayos_lb_ports_at() - one of the ports
 * @ports: from rayos_lb_ports_beside()
 * @index: below ports->nr
 *
 * Context: Any.
 * Return: the port.
 */
u16 rayos_lb_ports_at(const struct rayos_lb_ports *ports, u32 index)
{
	u32 port = RAYOS_LB_PORT_MIN + index;

	if (ports->gap_len && port >= ports->gap)
		port += ports->gap_len;
	return port;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_ports_at);

/* How dispensable a flow is: first what is over, then what was never established,
 * the longest silent of each; 0 for not at all.  One that was cut off is not over
 * yet, as its backend may have more to say; one that another CPU forgets just now
 * is of no use until that is done.
 */
static u32 rank(const struct rayos_lb_flow *flow)
{
	u32 idle = (u32)jiffies - READ_ONCE(flow->last);
	u8 state = READ_ONCE(flow->state);

	if (test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags) ||
	    test_bit(RAYOS_LB_FLOW_DEAD, &flow->flags) ||
	    !rayos_lb_state_expendable(state))
		return 0;
	idle = clamp_t(s32, idle, 0, RANK_OVER - 2) + 1;
	return rayos_lb_state_counts(state) ? idle : RANK_OVER + idle;
}

static struct rayos_lb_flow *
more_dispensable(struct rayos_lb_flow *flow, struct rayos_lb_node *node)
{
	struct rayos_lb_flow *other = rayos_lb_node_flow(node);

	if (node->dir != RAYOS_LB_REPLY)
		return flow;
	return rank(other) > (flow ? rank(flow) : 0) ? other : flow;
}

/**
 * rayos_lb_source_probe() - find a port that is free towards a backend
 * @ln: the namespace
 * @ports: to choose from
 * @start: index of the first to try, at random (RFC 6056, algorithm 1)
 * @busy: tells of sockets
 * @reply: what the backend's answers look like; its dport is set
 *
 * If none is free among those tried, that of a flow which is over or was never
 * established is taken, and the flow forgotten: so the connections of an hour or
 * a flood of SYNs do not use up what there is.
 *
 * Context: within RCU, bottom halves off.
 * Return: 0 or -EADDRNOTAVAIL.
 */
int rayos_lb_source_probe(struct rayos_lb_net *ln,
			  const struct rayos_lb_ports *ports, u32 start,
			  rayos_lb_busy_fn busy, struct rayos_lb_tuple *reply)
{
	u32 i, probes = min_t(u32, ports->nr, RAYOS_LB_PORT_PROBES);
	struct rayos_lb_flow *spare = NULL;
	struct rayos_lb_node *node;

	for (i = 0; i < probes; i++) {
		u16 port = rayos_lb_ports_at(ports, (start + i) % ports->nr);

		if (inet_is_local_reserved_port(ln->net, port))
			continue;
		reply->dport = htons(port);
		node = rayos_lb_flow_lookup(&ln->flows, reply);
		if (node)
			spare = more_dispensable(spare, node);
		else if (!busy(ln->net, reply))
			return 0;
	}
	if (!spare)
		return -EADDRNOTAVAIL;
	reply->dport = spare->node[RAYOS_LB_REPLY].tuple.dport;
	return rayos_lb_flow_oust(&ln->flows, spare) ? 0 : -EADDRNOTAVAIL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_source_probe);

static bool tcp_busy(struct net *net, const struct rayos_lb_tuple *t)
{
	struct sock *sk;

	if (t->family == AF_INET)
		sk = __inet_lookup_established(net, t->src.ip, t->sport,
					       t->dst.ip, ntohs(t->dport), 0, 0);
	else
		sk = __inet6_lookup_established(net, &t->src.in6, t->sport,
						&t->dst.in6, ntohs(t->dport),
						0, 0);
	if (sk)
		sock_gen_put(sk);
	return sk;
}

/* One that is bound to the port may send to the backend at any time */
static bool udp_busy(struct net *net, const struct rayos_lb_tuple *t)
{
	if (t->family == AF_INET)
		return __udp4_lib_lookup(net, t->src.ip, t->sport, t->dst.ip,
					 t->dport, 0, 0, NULL);
	return __udp6_lib_lookup(net, &t->src.in6, t->sport, &t->dst.in6,
				 t->dport, 0, 0, NULL);
}

static bool socket_busy(struct net *net, const struct rayos_lb_tuple *reply)
{
	return reply->l4 == IPPROTO_TCP ? tcp_busy(net, reply) :
					  udp_busy(net, reply);
}

static bool routed_source4(struct net *net, const union nf_inet_addr *to,
			   union nf_inet_addr *source)
{
	struct flowi4 fl4 = { .daddr = to->ip };
	struct rtable *rt = ip_route_output_key(net, &fl4);

	if (IS_ERR(rt))
		return false;
	ip_rt_put(rt);
	rayos_lb_addr_set4(source, fl4.saddr);
	return true;
}

static bool routed_source6(struct net *net, const union nf_inet_addr *to,
			   union nf_inet_addr *source)
{
	struct flowi6 fl6 = { .daddr = to->in6 };
	struct dst_entry *dst = ip6_dst_lookup_flow(net, NULL, &fl6, NULL);

	if (IS_ERR(dst))
		return false;
	dst_release(dst);
	source->in6 = fl6.saddr;
	return true;
}

static bool choose_address(const struct rayos_lb_backend *backend,
			   union nf_inet_addr *source)
{
	const struct rayos_lb_balancer *balancer = backend->balancer;
	struct net *net = balancer->ln->net;

	*source = balancer->source;
	if (!ipv6_addr_any(&source->in6))
		return true;
	return balancer->family == AF_INET ?
		routed_source4(net, &backend->addr.addr, source) :
		routed_source6(net, &backend->addr.addr, source);
}

/**
 * rayos_lb_source_pick() - find a source for a new flow
 * @backend: that gets the flow
 * @tuple: of the client's first packet
 * @source: set to what @backend shall see instead of the client; nobody has it
 *	now, but another CPU may be faster, which rayos_lb_flow_add() tells
 *
 * Context: within RCU, bottom halves off.
 * Return: 0; -EHOSTUNREACH if there is no way to @backend; -EADDRNOTAVAIL if no
 * port was found, which has been logged.
 */
int rayos_lb_source_pick(struct rayos_lb_backend *backend,
			 const struct rayos_lb_tuple *tuple,
			 struct rayos_lb_endpoint *source)
{
	struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_net *ln = balancer->ln;
	struct rayos_lb_tuple reply = {
		.src = backend->addr.addr,
		.sport = backend->addr.port,
		.l4 = tuple->l4,
		.family = tuple->family,
	};
	struct rayos_lb_ports ports;
	int low, high;

	if (!choose_address(backend, &reply.dst))
		return -EHOSTUNREACH;
	inet_get_local_port_range(ln->net, &low, &high);
	ports = rayos_lb_ports_beside(low, high);
	if (rayos_lb_source_probe(ln, &ports, get_random_u32_below(ports.nr),
				  socket_busy, &reply)) {
		net_warn_ratelimited("rayos_lb: %s: no source port found towards backend %u\n",
				     balancer->name, backend->id);
		return -EADDRNOTAVAIL;
	}
	source->addr = reply.dst;
	source->port = reply.dport;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_source_pick);

/**
 * rayos_lb_source_taken() - whether a socket of this host is too late
 * @ln: the namespace
 * @pkt: what the socket sends, not to a balancer
 *
 * It was bound to one of our ports and now begins to talk to the backend that we
 * talk to from there.  A flow that is over makes way.
 *
 * Context: within RCU, bottom halves off.
 * Return: true if a flow has the address and port, so that the socket, which
 * would never see an answer, cannot have it.
 */
bool rayos_lb_source_taken(struct rayos_lb_net *ln,
			   const struct rayos_lb_pkt *pkt)
{
	const struct rayos_lb_tuple *t = &pkt->tuple;
	const struct rayos_lb_tuple reply = {
		.src = t->dst,
		.dst = t->src,
		.sport = t->dport,
		.dport = t->sport,
		.l4 = t->l4,
		.family = t->family,
	};
	struct rayos_lb_node *node;
	struct rayos_lb_flow *flow;

	node = rayos_lb_flow_lookup(&ln->flows, &reply);
	if (!node || node->dir != RAYOS_LB_REPLY)
		return false;
	flow = rayos_lb_node_flow(node);
	if (flow->mode != RAYOS_LB_MODE_FULL_NAT)
		return false;
	if (rayos_lb_state_counts(READ_ONCE(flow->state)))
		return true;
	return !rayos_lb_flow_oust(&ln->flows, flow);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_source_taken);
