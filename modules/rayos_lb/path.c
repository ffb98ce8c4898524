// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of a packet through the balancer.
 *
 * PRE_ROUTING, before connection tracking: what comes from outside is given its
 * new address and leaves by our own route; the stack's forwarding, connection
 * tracking and NAT never see it.  What is for a socket of this host goes up.
 * Packets of flows that are there seldom get here, see fast.c.
 *
 * LOCAL_OUT, after connection tracking and NAT: what this host sends, as client
 * or as backend, is given its new address and routed again.  Connection
 * tracking thus sees a local socket's packets with the addresses of that socket
 * in both directions.
 */
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip.h>
#include <net/route.h>
#include <kunit/visibility.h>

#include "bridge.h"
#include "evidence.h"
#include "lb.h"
#include "overflow.h"
#include "path.h"
#include "reset.h"
#include "source.h"

/* Among the users of the reassembly queues that of nobody else */
#define DEFRAG_USER	0x7261796f

/**
 * rayos_lb_route_set() - remember a way out
 * @route: of a backend or of a flow
 * @dst: whose reference is taken over
 * @cookie: what it is checked with; a reader that takes an old cookie for a
 *	new @dst finds it stale and looks the route up once more
 *
 * Context: within RCU, so that @dst stays good for the caller.
 */
void rayos_lb_route_set(struct rayos_lb_route *route, struct dst_entry *dst,
			u32 cookie)
{
	struct dst_entry *old;

	WRITE_ONCE(route->cookie, cookie);
	old = unrcu_pointer(xchg(&route->dst, RCU_INITIALIZER(dst)));
	dst_release(old);
}

/**
 * rayos_lb_path_turn() - where a packet of a flow goes
 * @flow: the flow
 * @dir: direction of the packet
 *
 * Context: within RCU.
 * Return: its new address and its way out.
 */
struct rayos_lb_turn rayos_lb_path_turn(struct rayos_lb_flow *flow,
					enum rayos_lb_dir dir)
{
	struct rayos_lb_backend *backend = flow->backend;
	struct rayos_lb_turn turn;

	if (dir == RAYOS_LB_FORWARD)
		turn = (struct rayos_lb_turn) {
			.to = &backend->addr,
			.route = &backend->route,
		};
	else
		turn = (struct rayos_lb_turn) {
			.to = &backend->balancer->vip,
			.source = true,
			.route = &flow->route,
		};
	if (unlikely(flow->mode != RAYOS_LB_MODE_NAT)) {
		turn.direct = flow->mode == RAYOS_LB_MODE_DSR;
		if (!turn.direct)
			turn.opposite = &flow->node[!dir].tuple;
	}
	return turn;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_path_turn);

static void record(struct rayos_lb_flow *flow, enum rayos_lb_latency what)
{
	s32 elapsed = rayos_lb_flow_clock() - READ_ONCE(flow->stamp);

	/* another CPU may have stamped it since */
	if (elapsed < 0)
		elapsed = 0;
	rayos_lb_stats_time(flow->backend->stats, what, (u64)elapsed << 10);
}

static void first_answer(struct rayos_lb_flow *flow, u8 state,
			 const struct net_device *dev)
{
	if (state == RAYOS_LB_RESET) {
		rayos_lb_stats_count(flow->backend->stats, RAYOS_LB_C_REFUSED);
		if (rayos_lb_evidence_from(flow->backend, dev))
			rayos_lb_evidence_failed(flow);
		return;
	}
	if (state == RAYOS_LB_SYN_ACK)
		record(flow, RAYOS_LB_L_CONNECT);
	rayos_lb_evidence_answered(flow);
}

static void tcp_transition(struct rayos_lb_flow *flow, enum rayos_lb_dir dir,
			   const struct rayos_lb_pkt *pkt)
{
	u8 old = READ_ONCE(flow->state);
	u8 new = rayos_lb_tcp_next(old, dir, pkt->tcp_flags);

	if (new == old)
		return;
	WRITE_ONCE(flow->state, new);
	if (old == RAYOS_LB_SYN && dir == RAYOS_LB_REPLY)
		first_answer(flow, new, pkt->dev);
	else if (new == RAYOS_LB_RESET && dir == RAYOS_LB_REPLY &&
		 rayos_lb_state_counts(old))
		rayos_lb_stats_count(flow->backend->stats, RAYOS_LB_C_RESETS);
	if (!rayos_lb_state_counts(new))
		rayos_lb_flow_uncount(flow);
}

/* A request begins when the client speaks after the backend, or first of all */
static void follow_dialogue(struct rayos_lb_flow *flow, enum rayos_lb_dir dir)
{
	bool asked = test_bit(RAYOS_LB_FLOW_ASKED, &flow->flags);

	if (dir == RAYOS_LB_FORWARD && !asked) {
		WRITE_ONCE(flow->stamp, rayos_lb_flow_clock());
		if (!test_and_set_bit(RAYOS_LB_FLOW_ASKED, &flow->flags))
			rayos_lb_stats_count(flow->backend->stats,
					     RAYOS_LB_C_REQUESTS);
	} else if (dir == RAYOS_LB_REPLY && asked) {
		if (test_and_clear_bit(RAYOS_LB_FLOW_ASKED, &flow->flags))
			record(flow, RAYOS_LB_L_FIRST_BYTE);
	}
}

/* Of what bypasses us, only the client's side can be followed */
static void observe_blind(struct rayos_lb_flow *flow,
			  const struct rayos_lb_pkt *pkt)
{
	u8 old = READ_ONCE(flow->state);
	u8 new = old;

	if (pkt->tuple.l4 == IPPROTO_TCP)
		new = rayos_lb_tcp_next_blind(old, pkt->tcp_flags);
	else if (test_bit(RAYOS_LB_FLOW_ASKED, &flow->flags))
		new = RAYOS_LB_UDP_OPEN; /* it goes on, so somebody answers */
	if (new == old)
		return;
	WRITE_ONCE(flow->state, new);
	if (!rayos_lb_state_counts(new))
		rayos_lb_flow_uncount(flow);
}

/**
 * rayos_lb_path_observe() - learn from a packet
 * @flow: the flow it belongs to
 * @dir: its direction
 * @pkt: what was read of it
 *
 * Follows the state of the flow, counts and times.
 *
 * Context: within RCU, bottom halves off.
 */
void rayos_lb_path_observe(struct rayos_lb_flow *flow, enum rayos_lb_dir dir,
			   const struct rayos_lb_pkt *pkt)
{
	u32 now = (u32)jiffies;
	u8 state = READ_ONCE(flow->state);

	if (READ_ONCE(flow->last) != now)
		WRITE_ONCE(flow->last, now);
	if (unlikely(flow->mode == RAYOS_LB_MODE_DSR)) {
		observe_blind(flow, pkt);
	} else if (pkt->tcp_flags & RAYOS_LB_TH_STATE || state == RAYOS_LB_SYN ||
		   state == RAYOS_LB_SYN_ACK) {
		tcp_transition(flow, dir, pkt);
	} else if (state == RAYOS_LB_UDP_NEW && dir == RAYOS_LB_REPLY) {
		WRITE_ONCE(flow->state, RAYOS_LB_UDP_OPEN);
		rayos_lb_evidence_answered(flow);
	}
	if (pkt->payload)
		follow_dialogue(flow, dir);
	rayos_lb_stats_packet(flow->backend->stats,
			      dir == RAYOS_LB_FORWARD ? RAYOS_LB_C_PACKETS_IN :
							RAYOS_LB_C_PACKETS_OUT,
			      pkt->len);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_path_observe);

/* Inline as every packet needs it */
static __always_inline unsigned int
transmit(struct rayos_lb_net *ln, struct sk_buff *skb,
	 const struct rayos_lb_pkt *pkt, const struct rayos_lb_turn *turn,
	 const struct nf_hook_state *state)
{
	if (pkt->tuple.family == AF_INET)
		return rayos_lb_output4(ln, skb, pkt, turn, state);
	if (unlikely(pkt->first_fragment))
		rayos_lb_frag6_add(ln->frag6, skb, turn);
	return rayos_lb_output6(ln, skb, pkt, turn, state);
}

static unsigned int forward(struct rayos_lb_net *ln, struct sk_buff *skb,
			    const struct rayos_lb_pkt *pkt,
			    struct rayos_lb_flow *flow, enum rayos_lb_dir dir,
			    const struct nf_hook_state *state)
{
	struct rayos_lb_turn turn = rayos_lb_path_turn(flow, dir);

	rayos_lb_path_observe(flow, dir, pkt);
	return transmit(ln, skb, pkt, &turn, state);
}

/* What has no flow */
static unsigned int carry(struct rayos_lb_net *ln, struct sk_buff *skb,
			  const struct rayos_lb_pkt *pkt,
			  struct rayos_lb_backend *backend,
			  enum rayos_lb_dir dir,
			  const struct nf_hook_state *state)
{
	struct rayos_lb_route route = {};
	struct rayos_lb_turn turn = rayos_lb_overflow_turn(backend, dir, &route);
	unsigned int verdict;

	rayos_lb_overflow_count(backend, dir, pkt->len);
	verdict = transmit(ln, skb, pkt, &turn, state);
	dst_release(rcu_dereference_protected(route.dst, true));
	return verdict;
}

static unsigned int discard(struct sk_buff *skb, bool local_out)
{
	if (!local_out)
		return NF_DROP;
	/* a drop at LOCAL_OUT is an error of the system call; a packet lost on
	 * the way is not
	 */
	kfree_skb(skb);
	return NF_STOLEN;
}

static bool opens(const struct rayos_lb_pkt *pkt)
{
	return pkt->tuple.l4 != IPPROTO_TCP ||
	       (pkt->tcp_flags & (RAYOS_LB_TH_STATE | RAYOS_LB_TH_ACK)) ==
	       RAYOS_LB_TH_SYN;
}

/* Nobody takes it: what the client gets is configured */
static unsigned int refuse(const struct rayos_lb_balancer *balancer,
			   struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
			   const struct nf_hook_state *state)
{
	if (READ_ONCE(balancer->when_down) == RAYOS_LB_WHEN_DOWN_DROP)
		return discard(skb, pkt->local_out);
	if (pkt->local_out && opens(pkt))
		return NF_DROP_ERR(-ECONNREFUSED);
	if (pkt->tuple.l4 == IPPROTO_TCP)
		rayos_lb_reset_answer(state->net, skb, pkt);
	else
		rayos_lb_unreachable_answer(state->net, skb, pkt);
	return discard(skb, pkt->local_out);
}

/*
 * With a policy that depends on nothing but addresses, a connection in the
 * middle can be picked up: another director had it, or this one before a
 * restart, and gave it to the same backend.  Not so with full NAT, where nobody
 * else knows which source it had.
 */
static bool pick_up(const struct rayos_lb_balancer *balancer,
		    const struct rayos_lb_pkt *pkt)
{
	const struct rayos_lb_snapshot *snapshot =
		rcu_dereference(balancer->snapshot);

	return snapshot && snapshot->pool.policy->stateless &&
	       balancer->mode != RAYOS_LB_MODE_FULL_NAT &&
	       (pkt->tcp_flags & (RAYOS_LB_TH_STATE | RAYOS_LB_TH_ACK)) ==
	       RAYOS_LB_TH_ACK;
}

/* Not ours, and no socket of this host may take it for its own */
static unsigned int leave(struct rayos_lb_net *ln, struct sk_buff *skb,
			  const struct rayos_lb_pkt *pkt,
			  const struct nf_hook_state *state)
{
	struct rayos_lb_backend *backend = NULL;

	if (rayos_lb_overflow_recent(ln))
		backend = rayos_lb_overflow_answering(ln, &pkt->tuple);
	if (backend)
		return carry(ln, skb, pkt, backend, RAYOS_LB_REPLY, state);
	if (likely(!pkt->local_out || !READ_ONCE(ln->translates)))
		return NF_ACCEPT;
	/* of TCP's errors only this one reaches whoever connects */
	return opens(pkt) && rayos_lb_source_taken(ln, pkt) ?
		NF_DROP_ERR(-ECONNREFUSED) : NF_ACCEPT;
}

/* There is no flow for a packet, for want of room or of a backend */
static unsigned int spill(struct rayos_lb_balancer *balancer,
			  struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
			  int err, const struct nf_hook_state *state)
{
	struct rayos_lb_net *ln = balancer->ln;
	struct rayos_lb_backend *backend;

	if (err != -ENOSPC || !rayos_lb_overflow_may(balancer, pkt))
		return refuse(balancer, skb, pkt, state);
	backend = rayos_lb_overflow_pick(balancer, pkt);
	if (!backend) {
		rayos_lb_stats_count(balancer->stats, RAYOS_LB_C_DROPPED);
		return refuse(balancer, skb, pkt, state);
	}
	rayos_lb_overflow_begin(ln, jiffies);
	return carry(ln, skb, pkt, backend, RAYOS_LB_FORWARD, state);
}

/* The first packet of a new flow, or of what could not become one */
static unsigned int launch(struct rayos_lb_balancer *balancer,
			   struct sk_buff *skb, const struct rayos_lb_pkt *pkt,
			   struct rayos_lb_flow *flow,
			   const struct nf_hook_state *state)
{
	if (IS_ERR(flow))
		return spill(balancer, skb, pkt, PTR_ERR(flow), state);
	if (unlikely(READ_ONCE(balancer->passive)))
		rayos_lb_evidence_begin(flow, skb, pkt);
	return forward(balancer->ln, skb, pkt, flow, RAYOS_LB_FORWARD, state);
}

static unsigned int begin(struct rayos_lb_net *ln, struct sk_buff *skb,
			  const struct rayos_lb_pkt *pkt,
			  const struct nf_hook_state *state)
{
	struct rayos_lb_backend *backend = NULL;
	struct rayos_lb_balancer *balancer;

	balancer = rayos_lb_balancer_find(ln, &pkt->tuple);
	if (!balancer)
		return leave(ln, skb, pkt, state);
	/* for the stack to drop, and to log if it is asked to */
	if (!pkt->local_out && rayos_lb_martian(ln, skb->dev, &pkt->tuple))
		return NF_ACCEPT;
	if (rayos_lb_overflow_recent(ln))
		backend = rayos_lb_overflow_following(balancer, pkt);
	if (backend)
		return carry(ln, skb, pkt, backend, RAYOS_LB_FORWARD, state);
	if (!opens(pkt) && !pick_up(balancer, pkt))
		return refuse(balancer, skb, pkt, state);
	/* damaged it is of no use to a backend, and must be no evidence */
	if (unlikely(READ_ONCE(balancer->passive)) &&
	    rayos_lb_evidence_damaged(skb, pkt))
		return discard(skb, pkt->local_out);
	return launch(balancer, skb, pkt, rayos_lb_schedule(balancer, pkt), state);
}

/*
 * The client sends its SYN again: another backend may be there to answer it.  If
 * none is, this one has one more chance.
 */
static unsigned int retry(struct rayos_lb_net *ln, struct sk_buff *skb,
			  const struct rayos_lb_pkt *pkt,
			  struct rayos_lb_flow *flow,
			  const struct nf_hook_state *state)
{
	struct rayos_lb_backend *silent = flow->backend;
	struct rayos_lb_balancer *balancer;

	if (rayos_lb_evidence_damaged(skb, pkt))
		return discard(skb, pkt->local_out);
	rayos_lb_evidence_silence(flow, skb, pkt);
	balancer = rayos_lb_balancer_find(ln, &pkt->tuple);
	if (!balancer || !rayos_lb_schedule_possible(balancer, silent))
		return forward(ln, skb, pkt, flow, RAYOS_LB_FORWARD, state);
	rayos_lb_stats_count(silent->stats, RAYOS_LB_C_RETRIED);
	rayos_lb_flow_del(&ln->flows, flow);
	return launch(balancer, skb, pkt,
		      rayos_lb_schedule_beside(balancer, pkt, silent), state);
}

enum fate { GOES_ON, OUTLIVED, UNANSWERED };

/*
 * Whether a client's packet makes an end of its flow and begins another: a SYN
 * from a port whose last connection is over, or is not answered and will not
 * be, and a datagram to a backend that is gone.  Where the backend's side is not
 * seen, a connection may be over although it looks open.
 */
static enum fate fate_of(const struct rayos_lb_flow *flow,
			 const struct rayos_lb_pkt *pkt)
{
	u32 backend = READ_ONCE(flow->backend->state);
	bool gone = backend == RAYOS_LB_STATE_UNHEALTHY ||
		    backend == RAYOS_LB_STATE_OFFLINE;

	if (!opens(pkt))
		return GOES_ON;
	switch (READ_ONCE(flow->state)) {
	case RAYOS_LB_SYN:
		if (!gone && rayos_lb_evidence_unanswered(flow))
			return UNANSWERED;
		fallthrough;
	case RAYOS_LB_UDP_NEW:
	case RAYOS_LB_UDP_OPEN:
		return gone ? OUTLIVED : GOES_ON;
	case RAYOS_LB_CLOSED:
	case RAYOS_LB_RESET:
		return OUTLIVED;
	case RAYOS_LB_OPEN:
		return gone && flow->mode == RAYOS_LB_MODE_DSR ? OUTLIVED :
								 GOES_ON;
	default:
		return GOES_ON;
	}
}

/* What is over cannot be cut off: late segments of it still find their way */
static bool cut_off(struct rayos_lb_flow *flow)
{
	if (unlikely(READ_ONCE(flow->backend->state) == RAYOS_LB_STATE_OFFLINE) &&
	    rayos_lb_state_counts(READ_ONCE(flow->state)))
		rayos_lb_flow_kill(flow);
	return unlikely(test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags));
}

/* A backend that answers directly never sends anything here that could be
 * answered by a reset; it gets one with the number of the client's segment.
 */
static void cut_tcp(const struct rayos_lb_flow *flow, struct sk_buff *skb,
		    const struct rayos_lb_pkt *pkt,
		    const struct nf_hook_state *state)
{
	rayos_lb_reset_answer(state->net, skb, pkt);
	if (flow->mode == RAYOS_LB_MODE_DSR)
		rayos_lb_reset_onward(state->net, skb, pkt);
}

/* Begins a flow, if that is all that there is to do.  What cannot get one now is
 * counted, answered and carried otherwise by who sees it next.
 */
static struct rayos_lb_node *open_flow(struct rayos_lb_net *ln,
				       const struct rayos_lb_pkt *pkt)
{
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_flow *flow;

	balancer = rayos_lb_balancer_find(ln, &pkt->tuple);
	if (!balancer || !opens(pkt) || READ_ONCE(balancer->passive) ||
	    rayos_lb_overflow_recent(ln) || rayos_lb_flow_table_full(&ln->flows))
		return NULL;
	if (rayos_lb_martian(ln, pkt->dev, &pkt->tuple))
		return NULL;
	flow = rayos_lb_schedule_quietly(balancer, pkt);
	return IS_ERR(flow) ? NULL : &flow->node[RAYOS_LB_FORWARD];
}

/**
 * rayos_lb_path_find() - find the flow of a packet, or begin one, if nothing is in
 *	the way of it
 * @ln: the namespace
 * @pkt: what was read of the packet, which has come from outside
 *
 * Context: within RCU, which protects what is returned; bottom halves off.
 * Return: the node of the packet's direction; NULL if it belongs to nobody, makes
 * an end of its flow, belongs to one that is cut off, or there is more to be
 * looked at.
 */
struct rayos_lb_node *rayos_lb_path_find(struct rayos_lb_net *ln,
					 const struct rayos_lb_pkt *pkt)
{
	struct rayos_lb_node *node;
	struct rayos_lb_flow *flow;

	node = rayos_lb_flow_lookup(&ln->flows, &pkt->tuple);
	if (!node)
		return open_flow(ln, pkt);
	flow = rayos_lb_node_flow(node);
	if (unlikely(READ_ONCE(flow->backend->state) == RAYOS_LB_STATE_OFFLINE) ||
	    unlikely(test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags)))
		return NULL;
	if (node->dir == RAYOS_LB_FORWARD &&
	    unlikely(fate_of(flow, pkt) != GOES_ON))
		return NULL;
	return node;
}

static unsigned int handle(struct rayos_lb_net *ln, struct sk_buff *skb,
			   const struct rayos_lb_pkt *pkt,
			   const struct nf_hook_state *state)
{
	enum fate fate = GOES_ON;
	struct rayos_lb_node *node;
	struct rayos_lb_flow *flow;

	node = rayos_lb_flow_lookup(&ln->flows, &pkt->tuple);
	if (!node)
		return begin(ln, skb, pkt, state);

	flow = rayos_lb_node_flow(node);
	if (node->dir == RAYOS_LB_FORWARD)
		fate = fate_of(flow, pkt);
	if (unlikely(fate == OUTLIVED)) {
		rayos_lb_flow_del(&ln->flows, flow);
		return begin(ln, skb, pkt, state);
	}
	if (unlikely(fate == UNANSWERED))
		return retry(ln, skb, pkt, flow, state);
	if (cut_off(flow)) {
		if (flow->mode == RAYOS_LB_MODE_DSR &&
		    pkt->tcp_flags & RAYOS_LB_TH_RST)
			return forward(ln, skb, pkt, flow, node->dir, state);
		if (pkt->tuple.l4 == IPPROTO_TCP)
			cut_tcp(flow, skb, pkt, state);
		return discard(skb, pkt->local_out);
	}
	return forward(ln, skb, pkt, flow, node->dir, state);
}

/* Puts an IPv4 packet together; it is complete when 0 is returned and has been
 * taken away otherwise.
 */
static int defragment(const struct rayos_lb_net *ln, struct sk_buff *skb,
		      struct rayos_lb_pkt *pkt)
{
	if (ip_defrag(ln->net, skb, DEFRAG_USER))
		return -EINPROGRESS;
	skb->ignore_df = 1;
	return rayos_lb_parse4(skb, pkt) == RAYOS_LB_PKT_WHOLE ? 0 : -EINVAL;
}

static unsigned int hook4(struct sk_buff *skb, bool local_out,
			  const struct nf_hook_state *state)
{
	struct rayos_lb_net *ln = rayos_lb_net(state->net);
	struct rayos_lb_pkt pkt;
	int err;

	rayos_lb_pkt_init(&pkt, local_out ? NULL : skb->dev, local_out);
	switch (rayos_lb_parse4(skb, &pkt)) {
	case RAYOS_LB_PKT_WHOLE:
		return handle(ln, skb, &pkt, state);
	case RAYOS_LB_PKT_ICMP:
		return rayos_lb_icmp4(ln, skb, local_out, state);
	case RAYOS_LB_PKT_FRAGMENT:
		if (!rayos_lb_address_known(ln, &pkt.tuple.src) &&
		    !rayos_lb_address_known(ln, &pkt.tuple.dst))
			return NF_ACCEPT;
		err = defragment(ln, skb, &pkt);
		if (err == -EINPROGRESS)
			return NF_STOLEN;
		return err ? NF_ACCEPT : handle(ln, skb, &pkt, state);
	default:
		return NF_ACCEPT;
	}
}

static unsigned int hook6(struct sk_buff *skb, bool local_out,
			  const struct nf_hook_state *state)
{
	struct rayos_lb_net *ln = rayos_lb_net(state->net);
	struct rayos_lb_pkt pkt;

	rayos_lb_pkt_init(&pkt, local_out ? NULL : skb->dev, local_out);
	switch (rayos_lb_parse6(skb, &pkt)) {
	case RAYOS_LB_PKT_WHOLE:
		return handle(ln, skb, &pkt, state);
	case RAYOS_LB_PKT_ICMP:
		return rayos_lb_icmp6(ln, skb, local_out, state);
	case RAYOS_LB_PKT_FRAGMENT:
		return local_out ? NF_ACCEPT :
			rayos_lb_frag6_follow(ln, skb, state);
	default:
		return NF_ACCEPT;
	}
}

/* Routes are looked up in the main table only, so VRFs are left alone */
static bool for_this_host(const struct sk_buff *skb)
{
	return skb->pkt_type == PACKET_HOST && !rayos_lb_passes_by(skb) &&
	       !netif_is_l3_slave(skb->dev) && !netif_is_l3_master(skb->dev);
}

static unsigned int hook(struct sk_buff *skb, bool local_out,
			 const struct nf_hook_state *state)
{
	return state->pf == NFPROTO_IPV4 ? hook4(skb, local_out, state) :
					   hook6(skb, local_out, state);
}

/* Bottom halves may be on: a process sends, or user space has handed back a
 * packet that a rule had queued to it
 */
static unsigned int run(struct sk_buff *skb, bool local_out,
			const struct nf_hook_state *state)
{
	unsigned int verdict;

	if (likely(softirq_count()))
		return hook(skb, local_out, state);
	local_bh_disable();
	verdict = hook(skb, local_out, state);
	local_bh_enable();
	return verdict;
}

/**
 * rayos_lb_pre_routing() - the hook at PRE_ROUTING
 * @priv: not used
 * @skb: the packet
 * @state: of the hook
 *
 * Context: within RCU.
 * Return: the verdict.
 */
unsigned int rayos_lb_pre_routing(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	return for_this_host(skb) ? run(skb, false, state) : NF_ACCEPT;
}

static unsigned int local_out(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	return run(skb, true, state);
}

static const struct nf_hook_ops hooks[] = {
	{
		.hook = rayos_lb_pre_routing,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_CONNTRACK - 10,
	},
	{
		.hook = local_out,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP_PRI_NAT_DST + 1,
	},
	{
		.hook = rayos_lb_pre_routing,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP6_PRI_CONNTRACK - 10,
	},
	{
		.hook = local_out,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP6_PRI_NAT_DST + 1,
	},
};

/**
 * rayos_lb_path_register() - let packets come by
 * @net: the network namespace
 *
 * Context: Process context, may sleep.
 * Return: 0 or -errno.
 */
int rayos_lb_path_register(struct net *net)
{
	return nf_register_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

/**
 * rayos_lb_path_unregister() - let no more packets come by
 * @net: the network namespace
 *
 * Context: Process context, may sleep.  Packets may be on their way until a
 *	grace period has passed.
 */
void rayos_lb_path_unregister(struct net *net)
{
	nf_unregister_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}
