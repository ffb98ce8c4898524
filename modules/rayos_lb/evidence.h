/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What packets prove of a backend's health.
 */
#ifndef _RAYOS_LB_EVIDENCE_H
#define _RAYOS_LB_EVIDENCE_H

#include "lb.h"

struct sk_buff;

bool rayos_lb_evidence_damaged(struct sk_buff *skb,
			       const struct rayos_lb_pkt *pkt);
void rayos_lb_evidence_begin(struct rayos_lb_flow *flow,
			     const struct sk_buff *skb,
			     const struct rayos_lb_pkt *pkt);
bool rayos_lb_evidence_unanswered(const struct rayos_lb_flow *flow);
void rayos_lb_evidence_failed(struct rayos_lb_flow *flow);
void rayos_lb_evidence_silence(struct rayos_lb_flow *flow,
			       const struct sk_buff *skb,
			       const struct rayos_lb_pkt *pkt);
void rayos_lb_evidence_unreachable(struct rayos_lb_flow *flow);
void rayos_lb_evidence_refresh(struct rayos_lb_backend *backend, u64 now);
void rayos_lb_evidence_forget(struct rayos_lb_backend *backend);
u64 rayos_lb_evidence_due(const struct rayos_lb_backend *backend, u64 now);

/**
 * rayos_lb_evidence_answered() - a backend has answered for the first time
 * @flow: the flow, or the first time since it failed
 *
 * Only what is not zero is written: the line is shared by all new flows.
 *
 * Context: Any.
 */
static inline void rayos_lb_evidence_answered(struct rayos_lb_flow *flow)
{
	struct rayos_lb_backend *backend = flow->backend;

	if (unlikely(atomic_read(&backend->failures)))
		atomic_set(&backend->failures, 0);
	if (unlikely(test_bit(RAYOS_LB_FLOW_FAILED, &flow->flags)))
		clear_bit(RAYOS_LB_FLOW_FAILED, &flow->flags);
}

bool rayos_lb_evidence_plain(const u8 *option, u32 len);
bool rayos_lb_evidence_from(struct rayos_lb_backend *backend,
			    const struct net_device *dev);

#endif
