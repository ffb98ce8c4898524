/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets that are carried without a flow while there is no room for any.
 */
#ifndef _RAYOS_LB_OVERFLOW_H
#define _RAYOS_LB_OVERFLOW_H

#include <linux/compiler.h>

#include "lb.h"
#include "path.h"

/* So many seconds after a packet found no room, answers still find their way */
#define RAYOS_LB_OVERFLOW_SECONDS	120

void rayos_lb_overflow_add(struct rayos_lb_backend *backend);
void rayos_lb_overflow_del(struct rayos_lb_backend *backend);
bool rayos_lb_overflow_may(const struct rayos_lb_balancer *balancer,
			   const struct rayos_lb_pkt *pkt);
void rayos_lb_overflow_begin(struct rayos_lb_net *ln, unsigned long now);
bool rayos_lb_overflow_lasts(struct rayos_lb_net *ln, unsigned long now);
struct rayos_lb_backend *
rayos_lb_overflow_pick(const struct rayos_lb_balancer *balancer,
		       const struct rayos_lb_pkt *pkt);
struct rayos_lb_backend *
rayos_lb_overflow_following(const struct rayos_lb_balancer *balancer,
			    const struct rayos_lb_pkt *pkt);
struct rayos_lb_backend *
rayos_lb_overflow_server(const struct rayos_lb_net *ln,
			 const struct rayos_lb_endpoint *addr, u8 family, u8 l4);
struct rayos_lb_backend *
rayos_lb_overflow_answering(const struct rayos_lb_net *ln,
			    const struct rayos_lb_tuple *tuple);
struct rayos_lb_turn rayos_lb_overflow_turn(struct rayos_lb_backend *backend,
					    enum rayos_lb_dir dir,
					    struct rayos_lb_route *route);
void rayos_lb_overflow_count(const struct rayos_lb_backend *backend,
			     enum rayos_lb_dir dir, u32 bytes);

/**
 * rayos_lb_overflow_recent() - whether packets may belong to what has no flow
 * @ln: the namespace
 *
 * Context: Any.  All that it costs in good times is a read.
 * Return: true if there was no room for a flow not long ago.
 */
static inline bool rayos_lb_overflow_recent(struct rayos_lb_net *ln)
{
	return unlikely(READ_ONCE(ln->overflow)) &&
	       rayos_lb_overflow_lasts(ln, jiffies);
}

#endif
