// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time: pages that have not been used for so long that they will not be used soon.
 *
 * How long that is shows in how many come back.  Each page that does costs credit,
 * and credit grows with time by as many pages as may come back, see
 * Lagar-Cavilla et al., Software-Defined Far Memory in Warehouse-Scale Computers,
 * ASPLOS 2019.  When a minute's worth of it is lost the age doubles; when there is
 * all that there can be it shrinks, by a sixteenth a minute.  Debts are kept for an
 * hour, and until they are paid it does not shrink.
 *
 * After it has doubled it is left alone for as long as the new age: what has been
 * compressed too early comes back within that time, and what comes back later would
 * have been compressed all the same.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <kunit/visibility.h>

#include "policy.h"

#define MINUTE		60
#define HOUR		3600

/* Of the age, in a minute */
#define SHRINK		16

/* With less credit than for so many pages chance would decide */
#define FEW		(16LL * RAYOS_ZCOMP_PPM)

/* An hour's worth of it is less than 2^63 */
#define PAGES_MAX	BIT_ULL(36)

/* How often it is looked for what has come of the age to be compressed better */
#define LOOKS		4

/**
 * rayos_zcomp_promote_age() - what is to be compressed better now
 * @chain: the chain
 * @in: what it goes by
 *
 * Groups of pages that would not be smaller are found again each time, so that it
 * is not done all the time.
 *
 * Return: seconds without use, or %RAYOS_ZCOMP_NEVER.
 */
u32 rayos_zcomp_promote_age(struct rayos_zcomp_chain *chain,
			    const struct rayos_zcomp_inputs *in)
{
	u32 age = chain->policy.promote;

	if (!age || in->now < chain->promote_next ||
	    !rayos_zcomp_sum_ages(in->ages->kept, age))
		return RAYOS_ZCOMP_NEVER;
	chain->promote_next = in->now + age / LOOKS;
	return age;
}

/* Millionths of pages that may come back in a minute */
static s64 allowance(const struct rayos_zcomp_chain *chain,
		     const struct rayos_zcomp_inputs *in)
{
	return min(rayos_zcomp_resident(in->ages), PAGES_MAX) *
	       chain->policy.rate;
}

/* The most credit that there can be */
static s64 ceiling(s64 a_minute)
{
	return max(a_minute, FEW);
}

static void begin(struct rayos_zcomp_chain *chain, u64 now, s64 a_minute)
{
	chain->begun = true;
	chain->credit = ceiling(a_minute);
	chain->loss = 0;
	chain->hold = now;
	chain->shrink_next = now + MINUTE;
}

/* What has happened since the last time */
static void account(struct rayos_zcomp_chain *chain,
		    const struct rayos_zcomp_inputs *in, s64 a_minute)
{
	u64 seconds = min_t(u64, in->now - chain->seen, HOUR);
	u64 back = min(in->refaults - chain->refaults, PAGES_MAX);
	s64 gain = div_u64(a_minute, MINUTE) * seconds -
		   back * RAYOS_ZCOMP_PPM;
	s64 most = ceiling(a_minute);

	chain->credit = clamp(chain->credit + gain, -most * MINUTE, most);
	chain->loss = clamp(chain->loss - gain, 0LL, 2 * most);
}

static void grow(struct rayos_zcomp_chain *chain, u64 now)
{
	chain->age = min(chain->age * 2, chain->policy.idle_max);
	chain->hold = now + chain->age;
}

static void shrink(struct rayos_zcomp_chain *chain, u64 now)
{
	u32 step = max_t(u32, chain->age / SHRINK, 1);

	chain->age = max(chain->age - step, chain->policy.idle);
	chain->shrink_next = now + MINUTE;
}

static void adapt(struct rayos_zcomp_chain *chain,
		  const struct rayos_zcomp_inputs *in)
{
	s64 a_minute = allowance(chain, in);

	/* nobody has looked for long, and what has happened since is nobody's fault */
	if (chain->begun && in->now - chain->seen <= HOUR)
		account(chain, in, a_minute);
	else
		begin(chain, in->now, a_minute);
	chain->seen = in->now;
	chain->refaults = in->refaults;
	if (in->now < chain->hold)
		chain->loss = 0;
	else if (chain->loss > ceiling(a_minute))
		grow(chain, in->now);
	else if (chain->credit >= ceiling(a_minute) &&
		 in->now >= chain->shrink_next)
		shrink(chain, in->now);
}

/* Are too many coming back although no page could be left alone for longer? */
static bool is_exhausted(const struct rayos_zcomp_chain *chain)
{
	return chain->policy.rate && chain->credit < 0 &&
	       chain->age == chain->policy.idle_max;
}

static bool decide(struct rayos_zcomp_chain *chain,
		   const struct rayos_zcomp_inputs *in,
		   struct rayos_zcomp_decision *decision)
{
	if (in->waits)
		return false;
	if (chain->policy.rate)
		adapt(chain, in);
	else
		chain->age = chain->policy.idle;
	decision->promote = rayos_zcomp_promote_age(chain, in);
	if (!is_exhausted(chain)) {
		decision->pages = rayos_zcomp_sum_ages(in->ages->mapped, chain->age) +
				  rayos_zcomp_sum_ages(in->ages->unmapped, chain->age);
		decision->cool = chain->age;
		decision->evict = chain->age;
	}
	return decision->pages || decision->promote != RAYOS_ZCOMP_NEVER;
}

const struct rayos_zcomp_link_ops rayos_zcomp_link_time = {
	.name = "time",
	.decide = decide,
};
