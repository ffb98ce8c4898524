// SPDX-License-Identifier: GPL-2.0-only
/*
 * What packets prove of a backend's health.
 *
 * Clients may be hostile, so what counts is only what a good backend would not
 * let happen whatever they send: that a flawless SYN is refused, or is sent
 * again since nobody has answered, and that a port is not listened on.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <linux/skbuff.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include <net/tcp.h>
#include <kunit/visibility.h>

#include "evidence.h"
#include "health.h"
#include "passive.h"
#include "path.h"

/* With less than this left, a packet may die between here and the backend */
#define HOPS_MIN	8

/* Longest TCP header, and the flags that a client's SYN may have: SYN, ECE, CWR */
#define TCP_HEADER_MAX	60
#define SYN_FLAGS	(RAYOS_LB_TH_SYN | 0xc0)

/**
 * rayos_lb_evidence_damaged() - whether a segment is damaged
 * @skb: the packet
 * @pkt: what was read of it
 *
 * Context: within RCU, bottom halves off.
 * Return: true if it is one of TCP with a wrong checksum, so that no backend
 * will answer it.
 */
bool rayos_lb_evidence_damaged(struct sk_buff *skb,
			       const struct rayos_lb_pkt *pkt)
{
	return pkt->tuple.l4 == IPPROTO_TCP && !pkt->local_out &&
	       rayos_lb_checksum_bad(skb, pkt);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_evidence_damaged);

static u32 hops_left(const struct sk_buff *skb, const struct rayos_lb_pkt *pkt)
{
	return pkt->tuple.family == AF_INET ? ip_hdr(skb)->ttl :
					      ipv6_hdr(skb)->hop_limit;
}

/* Options of a SYN which everybody understands or ignores, with their lengths.
 * Others may have a server keep silent, such as a signature (RFC 2385) where none is
 * expected.
 */
static bool option_plain(u8 kind, u8 len)
{
	switch (kind) {
	case TCPOPT_MSS:
		return len == TCPOLEN_MSS;
	case TCPOPT_WINDOW:
		return len == TCPOLEN_WINDOW;
	case TCPOPT_SACK_PERM:
		return len == TCPOLEN_SACK_PERM;
	case TCPOPT_TIMESTAMP:
		return len == TCPOLEN_TIMESTAMP;
	default:
		return false;
	}
}

/**
 * rayos_lb_evidence_plain() - whether the options of a SYN are such as all have
 * @option: the options
 * @len: their length in bytes
 *
 * Context: Any.
 * Return: true if no server would keep silent for them.
 */
bool rayos_lb_evidence_plain(const u8 *option, u32 len)
{
	u32 i = 0;

	while (i < len && option[i] != TCPOPT_EOL) {
		if (option[i] == TCPOPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || i + option[i + 1] > len ||
		    !option_plain(option[i], option[i + 1]))
			return false;
		i += option[i + 1];
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_evidence_plain);

/* Its flags are SYN alone, but for congestion control (RFC 3168), and nothing is
 * reserved that it uses
 */
static bool header_plain(const struct sk_buff *skb,
			 const struct rayos_lb_pkt *pkt)
{
	u8 buf[TCP_HEADER_MAX];
	const u8 *th;
	u32 len;

	th = skb_header_pointer(skb, pkt->thoff, sizeof(struct tcphdr), buf);
	if (!th || th[12] & 0x0f || pkt->tcp_flags & ~SYN_FLAGS)
		return false;
	len = (th[12] >> 4) * 4;
	th = skb_header_pointer(skb, pkt->thoff, len, buf);
	return th && rayos_lb_evidence_plain(th + sizeof(struct tcphdr),
					     len - sizeof(struct tcphdr));
}

/* Nothing that a backend, or something on the way to it, might object to */
static bool flawless(const struct sk_buff *skb, const struct rayos_lb_pkt *pkt)
{
	u32 plain = pkt->tuple.family == AF_INET ? sizeof(struct iphdr) :
						   sizeof(struct ipv6hdr);

	return (pkt->tcp_flags & (RAYOS_LB_TH_STATE | RAYOS_LB_TH_ACK)) ==
	       RAYOS_LB_TH_SYN && !pkt->payload && pkt->thoff == plain &&
	       (pkt->local_out || hops_left(skb, pkt) >= HOPS_MIN) &&
	       header_plain(skb, pkt);
}

/**
 * rayos_lb_evidence_begin() - note whether what becomes of a flow proves anything
 * @flow: a new one, of a balancer with passive detection
 * @skb: its first packet, which is not damaged, with its network header in place
 * @pkt: what was read of it
 *
 * Context: within RCU, bottom halves off.
 */
void rayos_lb_evidence_begin(struct rayos_lb_flow *flow,
			     const struct sk_buff *skb,
			     const struct rayos_lb_pkt *pkt)
{
	if (pkt->tuple.l4 != IPPROTO_TCP || flawless(skb, pkt))
		set_bit(RAYOS_LB_FLOW_PROOF, &flow->flags);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_evidence_begin);

/**
 * rayos_lb_evidence_unanswered() - whether a client tries again
 * @flow: one in state SYN, of which one more SYN has come
 *
 * Where the backend's side is not seen it may well have answered.
 *
 * Context: within RCU.
 * Return: true if the backend has not answered the first in time.
 */
bool rayos_lb_evidence_unanswered(const struct rayos_lb_flow *flow)
{
	s32 elapsed = rayos_lb_flow_clock() - READ_ONCE(flow->stamp);

	return flow->mode != RAYOS_LB_MODE_DSR && elapsed > 0 &&
	       rayos_lb_passive_silent(elapsed);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_evidence_unanswered);

/**
 * rayos_lb_evidence_failed() - a backend has failed a client
 * @flow: counted once until it is answered
 *
 * Context: Any.  The backend's state follows with a refresh, which is asked for
 *	once.
 */
void rayos_lb_evidence_failed(struct rayos_lb_flow *flow)
{
	struct rayos_lb_backend *backend = flow->backend;
	u32 limit = READ_ONCE(backend->balancer->passive);
	u32 count;

	if (!limit || !test_bit(RAYOS_LB_FLOW_PROOF, &flow->flags) ||
	    test_and_set_bit(RAYOS_LB_FLOW_FAILED, &flow->flags))
		return;
	if (rayos_lb_passive_down(atomic_read(&backend->failures), limit))
		return;
	count = atomic_inc_return(&backend->failures);
	if (rayos_lb_passive_streak(count) == limit)
		rayos_lb_net_refresh(backend->balancer->ln, 0);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_evidence_failed);

static bool leaves_by4(struct net *net, const union nf_inet_addr *to,
		       const struct net_device *dev)
{
	struct flowi4 fl4 = { .daddr = to->ip };
	struct rtable *rt = ip_route_output_key(net, &fl4);
	bool same;

	if (IS_ERR(rt))
		return false;
	same = rt->dst.dev == dev;
	ip_rt_put(rt);
	return same;
}

static bool leaves_by6(struct net *net, const union nf_inet_addr *to,
		       const struct net_device *dev)
{
	struct flowi6 fl6 = { .daddr = to->in6 };
	struct dst_entry *dst = ip6_route_output(net, NULL, &fl6);
	bool same = !dst->error && dst->dev == dev;

	dst_release(dst);
	return same;
}

/*
 * Whoever forges the address of a server, or of its neighbour, makes its answer
 * go past us: what comes from where its sender is not says nothing.
 */
static bool comes_from_there(const struct rayos_lb_flow *flow,
			     const struct sk_buff *skb,
			     const struct rayos_lb_pkt *pkt)
{
	struct net *net = flow->backend->balancer->ln->net;

	if (pkt->local_out || flow->mode != RAYOS_LB_MODE_NAT)
		return true;
	return pkt->tuple.family == AF_INET ?
		leaves_by4(net, &pkt->tuple.src, skb->dev) :
		leaves_by6(net, &pkt->tuple.src, skb->dev);
}

/**
 * rayos_lb_evidence_silence() - a backend has not answered a client
 * @flow: of which rayos_lb_evidence_unanswered() is true
 * @skb: the client's further SYN, which is not damaged
 * @pkt: what was read of it
 *
 * Context: within RCU, bottom halves off.
 */
void rayos_lb_evidence_silence(struct rayos_lb_flow *flow,
			       const struct sk_buff *skb,
			       const struct rayos_lb_pkt *pkt)
{
	if (READ_ONCE(flow->backend->balancer->passive) &&
	    comes_from_there(flow, skb, pkt))
		rayos_lb_evidence_failed(flow);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_evidence_silence);

/**
 * rayos_lb_evidence_from() - whether a packet comes from where a backend is
 * @backend: the backend that it seems to come from
 * @dev: the device that it came by, NULL if it was sent from this host
 *
 * Anybody who can forge a server's address may send in its name.
 *
 * Context: within RCU.
 * Return: true if packets for the backend leave by @dev.
 */
bool rayos_lb_evidence_from(struct rayos_lb_backend *backend,
			    const struct net_device *dev)
{
	const struct dst_entry *dst;

	if (!dev)
		return true;
	dst = rayos_lb_route_get(&backend->route);
	return dst && dst->dev == dev;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_evidence_from);

/**
 * rayos_lb_evidence_unreachable() - a backend says that nobody listens
 * @flow: that its ICMP error is about
 *
 * A UDP flow becomes one that has not been answered, so that the next answer is
 * noticed without a look at every packet.
 *
 * Context: Any.
 */
void rayos_lb_evidence_unreachable(struct rayos_lb_flow *flow)
{
	u8 state = READ_ONCE(flow->state);

	if (!READ_ONCE(flow->backend->balancer->passive))
		return;
	if (state == RAYOS_LB_UDP_OPEN)
		WRITE_ONCE(flow->state, RAYOS_LB_UDP_NEW);
	else if (state != RAYOS_LB_UDP_NEW && state != RAYOS_LB_SYN)
		return;
	rayos_lb_evidence_failed(flow);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_evidence_unreachable);

/* Without checks time alone brings it back */
static void hold(struct rayos_lb_backend *backend, u32 count, u64 now)
{
	backend->held = true;
	backend->hold = rayos_lb_passive_hold(backend->hold, count);
	backend->until = now + backend->hold;
	WRITE_ONCE(backend->prober.result, RAYOS_LB_CHECK_RESULT_PASSIVE);
}

static void release(struct rayos_lb_backend *backend, u32 limit)
{
	backend->held = false;
	atomic_set(&backend->failures, rayos_lb_passive_probation(limit));
	WRITE_ONCE(backend->prober.result, RAYOS_LB_CHECK_RESULT_NONE);
}

/**
 * rayos_lb_evidence_refresh() - let a backend's health follow from its failures
 * @backend: not a removed one
 * @now: ns of ktime_get_ns()
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_evidence_refresh(struct rayos_lb_backend *backend, u64 now)
{
	u32 limit = backend->balancer->passive;
	u32 count = atomic_read(&backend->failures);

	lockdep_assert_held(&backend->balancer->ln->lock);

	if (backend->held) {
		if (!limit || now >= backend->until)
			release(backend, limit);
		return;
	}
	if (backend->state != RAYOS_LB_STATE_HEALTHY ||
	    !rayos_lb_passive_down(count, limit))
		return;
	if (backend->balancer->health.probe == RAYOS_LB_PROBE_NONE)
		hold(backend, count, now);
	else
		rayos_lb_health_fail(backend);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_evidence_refresh);

/**
 * rayos_lb_evidence_forget() - have no failures count any more
 * @backend: one whose checks have passed, or that shall serve by command
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_evidence_forget(struct rayos_lb_backend *backend)
{
	backend->held = false;
	backend->hold = 0;
	atomic_set(&backend->failures, 0);
}

/**
 * rayos_lb_evidence_due() - when a backend is tried again
 * @backend: any
 * @now: ns of ktime_get_ns()
 *
 * Context: Process context, namespace's lock held.
 * Return: ns from now, U64_MAX if it is not held.
 */
u64 rayos_lb_evidence_due(const struct rayos_lb_backend *backend, u64 now)
{
	return backend->held ? backend->until - min(backend->until, now) :
			       U64_MAX;
}
