// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages are the ones that have not been used for longest.
 *
 * All that is known of pages is how many there are of which age.  A page that is
 * mapped may have been used at any time, one that is unmapped has not been since: so
 * all that are unmapped come before those that are mapped, each from the oldest
 * on.  Those that are mapped are unmapped first, and evicted if they still are when
 * it is their turn again: second chance, Corbato, A Paging Experiment with the
 * Multics System, 1969.
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>

#include "policy.h"

/**
 * rayos_zcomp_sum_ages() - how many pages are old
 * @bins: pages by their age
 * @age: seconds; a page counts if its bin has any such age
 *
 * Return: pages.
 */
u64 rayos_zcomp_sum_ages(const u64 *bins, u32 age)
{
	u64 sum = 0;
	u32 i;

	for (i = rayos_zcomp_age_bin(age); i < RAYOS_ZCOMP_AGES; i++)
		sum += bins[i];
	return sum;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_sum_ages);

/**
 * rayos_zcomp_resident() - how many pages of regions could leave memory
 * @ages: of all pages
 *
 * Return: pages.
 */
u64 rayos_zcomp_resident(const struct rayos_zcomp_ages *ages)
{
	return rayos_zcomp_sum_ages(ages->mapped, 0) +
	       rayos_zcomp_sum_ages(ages->unmapped, 0);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_resident);

/**
 * rayos_zcomp_oldest() - from which age on pages are the oldest ones
 * @bins: pages by their age
 * @pages: how many are wanted
 *
 * Return: the highest age, the lowest of its bin, that so many have reached; 0 if
 * there are not so many, or %RAYOS_ZCOMP_NEVER if none is wanted.
 */
u32 rayos_zcomp_oldest(const u64 *bins, u64 pages)
{
	u32 i = RAYOS_ZCOMP_AGES;
	u64 sum = 0;

	if (!pages)
		return RAYOS_ZCOMP_NEVER;
	while (i && sum < pages)
		sum += bins[--i];
	return sum < pages ? 0 : rayos_zcomp_bin_age(i);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_oldest);

/**
 * rayos_zcomp_select() - choose pages that have not been used for longest
 * @ages: of all pages
 * @pages: how many are wanted
 * @decision: its pages, cool and evict are set
 */
void rayos_zcomp_select(const struct rayos_zcomp_ages *ages, u64 pages,
			struct rayos_zcomp_decision *decision)
{
	u64 unmapped = rayos_zcomp_sum_ages(ages->unmapped, 0);

	decision->pages = pages;
	decision->evict = rayos_zcomp_oldest(ages->unmapped, pages);
	decision->cool = rayos_zcomp_oldest(ages->mapped,
					    pages - min(pages, unmapped));
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_select);

static void add(u64 *to, const u64 *bins)
{
	u32 i;

	for (i = 0; i < RAYOS_ZCOMP_AGES; i++)
		to[i] += bins[i];
}

/**
 * rayos_zcomp_ages_add() - ages of the pages of one store more
 * @to: those before it
 * @ages: its own
 */
void rayos_zcomp_ages_add(struct rayos_zcomp_ages *to,
			  const struct rayos_zcomp_ages *ages)
{
	add(to->mapped, ages->mapped);
	add(to->unmapped, ages->unmapped);
	add(to->kept, ages->kept);
	add(to->chunked, ages->chunked);
	add(to->stuck, ages->stuck);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_ages_add);

/* The oldest ones are gone.  Return: how many of these there were */
static u64 take(u64 *bins, u64 pages)
{
	u64 part, taken = 0;
	u32 i = RAYOS_ZCOMP_AGES;

	while (i--) {
		part = min(bins[i], pages - taken);
		bins[i] -= part;
		taken += part;
	}
	return taken;
}

/**
 * rayos_zcomp_ages_moved() - keep ages near what they are without looking at pages
 * @ages: of all pages, some time ago
 * @evicted: so many have been evicted since, the oldest ones
 * @cooled: so many have been unmapped since, the oldest ones
 */
void rayos_zcomp_ages_moved(struct rayos_zcomp_ages *ages, u64 evicted,
			    u64 cooled)
{
	ages->unmapped[0] += take(ages->mapped, cooled);
	evicted = take(ages->unmapped, evicted);
	ages->kept[0] += evicted;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_ages_moved);
