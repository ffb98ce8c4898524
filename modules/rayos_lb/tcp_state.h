/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a balancer has to know of the life of a flow.  Pure.
 */
#ifndef _RAYOS_LB_TCP_STATE_H
#define _RAYOS_LB_TCP_STATE_H

#include <linux/types.h>

/**
 * enum rayos_lb_dir - the two directions of a flow
 * @RAYOS_LB_FORWARD: from the client to the backend
 * @RAYOS_LB_REPLY: from the backend to the client
 */
enum rayos_lb_dir {
	RAYOS_LB_FORWARD,
	RAYOS_LB_REPLY,
	/* private: */
	RAYOS_LB_DIR_NR
};

/* Flags of a TCP header, as in its byte 13 */
#define RAYOS_LB_TH_FIN		0x01
#define RAYOS_LB_TH_SYN		0x02
#define RAYOS_LB_TH_RST		0x04
#define RAYOS_LB_TH_ACK		0x10
#define RAYOS_LB_TH_STATE	(RAYOS_LB_TH_FIN | RAYOS_LB_TH_SYN | \
				 RAYOS_LB_TH_RST)

/**
 * enum rayos_lb_flow_state - where in its life a flow is
 * @RAYOS_LB_SYN: the client has spoken, the backend has not answered
 * @RAYOS_LB_SYN_ACK: the backend has answered, the client not yet confirmed
 * @RAYOS_LB_OPEN: established
 * @RAYOS_LB_FIN_CLIENT: the client has closed its side
 * @RAYOS_LB_FIN_BACKEND: the backend has closed its side
 * @RAYOS_LB_CLOSED: both sides have closed
 * @RAYOS_LB_RESET: either side has reset it
 * @RAYOS_LB_UDP_NEW: the backend has not answered yet
 * @RAYOS_LB_UDP_OPEN: both sides have spoken
 */
enum rayos_lb_flow_state {
	RAYOS_LB_SYN,
	RAYOS_LB_SYN_ACK,
	RAYOS_LB_OPEN,
	RAYOS_LB_FIN_CLIENT,
	RAYOS_LB_FIN_BACKEND,
	RAYOS_LB_CLOSED,
	RAYOS_LB_RESET,
	RAYOS_LB_UDP_NEW,
	RAYOS_LB_UDP_OPEN,
	/* private: */
	RAYOS_LB_FLOW_STATE_NR
};

u8 rayos_lb_tcp_next(u8 state, enum rayos_lb_dir dir, u8 flags);
u8 rayos_lb_tcp_next_blind(u8 state, u8 flags);
u32 rayos_lb_state_timeout(u8 state);

/**
 * rayos_lb_state_counts() - whether a flow is an open one
 * @state: an &enum rayos_lb_flow_state
 *
 * Return: true if it counts as active with its backend.
 */
static inline bool rayos_lb_state_counts(u8 state)
{
	return state != RAYOS_LB_CLOSED && state != RAYOS_LB_RESET;
}

/**
 * rayos_lb_state_expendable() - whether a flow gives way to a new one
 * @state: an &enum rayos_lb_flow_state
 *
 * Return: true if it is over, or was never answered by a client that would be
 * there.
 */
static inline bool rayos_lb_state_expendable(u8 state)
{
	switch (state) {
	case RAYOS_LB_SYN:
	case RAYOS_LB_SYN_ACK:
	case RAYOS_LB_UDP_NEW:
	case RAYOS_LB_CLOSED:
	case RAYOS_LB_RESET:
		return true;
	default:
		return false;
	}
}

#endif
