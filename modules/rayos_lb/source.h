/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Full NAT: the address and port that a backend sees instead of the client's.
 */
#ifndef _RAYOS_LB_SOURCE_H
#define _RAYOS_LB_SOURCE_H

#include <linux/types.h>

#include "flow.h"

struct net;
struct rayos_lb_pkt;

/* Ports below are for services */
#define RAYOS_LB_PORT_MIN	1024
/* With fewer ports than this beside those of local sockets, all are taken */
#define RAYOS_LB_PORTS_FEW	1024
/* So many ports are tried for a flow */
#define RAYOS_LB_PORT_PROBES	128

/**
 * struct rayos_lb_ports - the ports to choose from
 * @nr: their number
 * @gap: the first port that is left out
 * @gap_len: how many are left out
 */
struct rayos_lb_ports {
	u32 nr;
	u32 gap;
	u32 gap_len;
};

/**
 * typedef rayos_lb_busy_fn - whether a socket of this host has a connection
 * @net: the network namespace
 * @reply: what the packets to the socket look like
 *
 * Context: within RCU, bottom halves off.
 */
typedef bool (*rayos_lb_busy_fn)(struct net *net,
				 const struct rayos_lb_tuple *reply);

struct rayos_lb_ports rayos_lb_ports_beside(u32 low, u32 high);
u16 rayos_lb_ports_at(const struct rayos_lb_ports *ports, u32 index);
int rayos_lb_source_probe(struct rayos_lb_net *ln,
			  const struct rayos_lb_ports *ports, u32 start,
			  rayos_lb_busy_fn busy, struct rayos_lb_tuple *reply);
int rayos_lb_source_pick(struct rayos_lb_backend *backend,
			 const struct rayos_lb_tuple *tuple,
			 struct rayos_lb_endpoint *source);
bool rayos_lb_source_taken(struct rayos_lb_net *ln,
			   const struct rayos_lb_pkt *pkt);

#endif
