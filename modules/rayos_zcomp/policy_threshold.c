// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threshold: while there is little memory available, or regions have more than they
 * shall, as many pages as are missing.
 *
 * It begins at one mark and ends at another, a little beyond.  With one mark only
 * it would begin anew with each page that somebody allocates.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <kunit/visibility.h>

#include "policy.h"

/* Of what is little, so much is next to nothing: then there is no second chance */
#define URGENT		4

/* Of the limit, what has to be below it before it is enough */
#define SLACK		16

static u64 part(u64 pages, u32 ppm)
{
	return div_u64(pages * ppm, RAYOS_ZCOMP_PPM);
}

static u64 missing(u64 should, u64 is)
{
	return should > is ? should - is : 0;
}

/* Until there is more than enough */
static u64 lacking(struct rayos_zcomp_chain *chain,
		   const struct rayos_zcomp_inputs *in, u64 low)
{
	u64 high = low + part(in->total, chain->policy.hysteresis);
	u64 pages = 0;

	if (in->available < low || chain->short_of)
		pages = missing(high, in->available);
	chain->short_of = pages;
	return pages;
}

/* Of regions' own pages and what others have been compressed to, likewise */
static u64 above_limit(struct rayos_zcomp_chain *chain,
		       const struct rayos_zcomp_inputs *in)
{
	u64 used = rayos_zcomp_resident(in->ages) +
		   rayos_zcomp_sum_ages(in->ages->stuck, 0) + in->pool;
	u64 limit = chain->policy.limit, pages = 0;

	if (limit && (used > limit || chain->above))
		pages = missing(used, limit - limit / SLACK);
	chain->above = pages;
	return pages;
}

static bool decide(struct rayos_zcomp_chain *chain,
		   const struct rayos_zcomp_inputs *in,
		   struct rayos_zcomp_decision *decision)
{
	u64 low = part(in->total, RAYOS_ZCOMP_PPM - chain->policy.threshold);
	u64 pages;

	if (in->waits)
		return false;
	pages = lacking(chain, in, low);
	pages = max(pages, above_limit(chain, in));
	/* there may be nothing that could be compressed */
	pages = min(pages, rayos_zcomp_resident(in->ages));
	if (!pages)
		return false;
	rayos_zcomp_select(in->ages, pages, decision);
	decision->at_once = in->available < low / URGENT;
	/* what has been unmapped just now has its chance still before it */
	if (!decision->at_once)
		decision->evict = max_t(u32, decision->evict, RAYOS_ZCOMP_AGE_MIN);
	decision->promote = rayos_zcomp_promote_age(chain, in);
	return true;
}

const struct rayos_zcomp_link_ops rayos_zcomp_link_threshold = {
	.name = "threshold",
	.decide = decide,
};
