// SPDX-License-Identifier: GPL-2.0-only
/*
 * Demand: as many pages as somebody asks for, those first that have not been used
 * for longest.
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>

#include "policy.h"

static bool decide(struct rayos_zcomp_chain *chain,
		   const struct rayos_zcomp_inputs *in,
		   struct rayos_zcomp_decision *decision)
{
	u64 pages = min(in->demand, rayos_zcomp_resident(in->ages));

	if (!pages)
		return false;
	rayos_zcomp_select(in->ages, pages, decision);
	decision->at_once = in->at_once;
	return true;
}

const struct rayos_zcomp_link_ops rayos_zcomp_link_demand = {
	.name = "demand",
	.decide = decide,
};
