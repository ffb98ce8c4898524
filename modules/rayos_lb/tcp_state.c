// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a balancer has to know of the life of a flow: when it is open, and for
 * how long it is kept when nothing more is heard of it.
 *
 * The end hosts keep the real state.  Sequence numbers are not looked at; what a
 * forged segment can do here is let a flow be forgotten early.
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>

#include "tcp_state.h"

static u8 after_fin(u8 state, enum rayos_lb_dir dir)
{
	switch (state) {
	case RAYOS_LB_FIN_CLIENT:
		return dir == RAYOS_LB_REPLY ? RAYOS_LB_CLOSED : state;
	case RAYOS_LB_FIN_BACKEND:
		return dir == RAYOS_LB_FORWARD ? RAYOS_LB_CLOSED : state;
	case RAYOS_LB_CLOSED:
	case RAYOS_LB_RESET:
		return state;
	default:
		return dir == RAYOS_LB_FORWARD ? RAYOS_LB_FIN_CLIENT :
						 RAYOS_LB_FIN_BACKEND;
	}
}

/**
 * rayos_lb_tcp_next() - state of a TCP flow after a segment
 * @state: state before it
 * @dir: who sent it
 * @flags: its RAYOS_LB_TH_* flags
 *
 * Context: Any.
 * Return: the state after it.  A flow whose end has been seen does not come
 * back to life; a new SYN begins a new flow instead.
 */
u8 rayos_lb_tcp_next(u8 state, enum rayos_lb_dir dir, u8 flags)
{
	if (flags & RAYOS_LB_TH_RST)
		return RAYOS_LB_RESET;
	if (flags & RAYOS_LB_TH_SYN) {
		if (state == RAYOS_LB_SYN && dir == RAYOS_LB_REPLY &&
		    (flags & RAYOS_LB_TH_ACK))
			return RAYOS_LB_SYN_ACK;
		return state;
	}
	if (flags & RAYOS_LB_TH_FIN)
		return after_fin(state, dir);
	if (state == RAYOS_LB_SYN_ACK && dir == RAYOS_LB_FORWARD)
		return RAYOS_LB_OPEN;
	/* picked up in its middle, and the backend goes on with it */
	if (state == RAYOS_LB_SYN && dir == RAYOS_LB_REPLY &&
	    (flags & RAYOS_LB_TH_ACK))
		return RAYOS_LB_OPEN;
	return state;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_tcp_next);

/**
 * rayos_lb_tcp_next_blind() - the same where only the client is seen
 * @state: state before the segment
 * @flags: RAYOS_LB_TH_* flags of the segment, which the client sent
 *
 * Its first acknowledgement tells that the backend has answered.  Its FIN is
 * taken for the end: most often the backend's went ahead of it, unseen, and a
 * client which only reads on keeps the flow by what it acknowledges.
 *
 * Context: Any.
 * Return: the state after it.
 */
u8 rayos_lb_tcp_next_blind(u8 state, u8 flags)
{
	if (flags & RAYOS_LB_TH_RST)
		return RAYOS_LB_RESET;
	if (!rayos_lb_state_counts(state) || flags & RAYOS_LB_TH_SYN)
		return state;
	if (flags & RAYOS_LB_TH_FIN)
		return RAYOS_LB_CLOSED;
	return flags & RAYOS_LB_TH_ACK ? RAYOS_LB_OPEN : state;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_tcp_next_blind);

/**
 * rayos_lb_state_timeout() - how long a silent flow is kept
 * @state: an &enum rayos_lb_flow_state
 *
 * An established connection is kept for two hours and four minutes (RFC 5382,
 * REQ-5), a UDP flow with answers for two minutes (RFC 4787, REQ-5), a closed
 * connection for a minute so that late segments still find their way.
 *
 * Context: Any.
 * Return: seconds.
 */
u32 rayos_lb_state_timeout(u8 state)
{
	static const u16 seconds[RAYOS_LB_FLOW_STATE_NR] = {
		[RAYOS_LB_SYN] = 75,
		[RAYOS_LB_SYN_ACK] = 60,
		[RAYOS_LB_OPEN] = 7440,
		[RAYOS_LB_FIN_CLIENT] = 240,
		[RAYOS_LB_FIN_BACKEND] = 240,
		[RAYOS_LB_CLOSED] = 60,
		[RAYOS_LB_RESET] = 10,
		[RAYOS_LB_UDP_NEW] = 30,
		[RAYOS_LB_UDP_OPEN] = 120,
	};

	return seconds[state];
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_state_timeout);
