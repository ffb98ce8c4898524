/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers that are random but the same in each run.
 */
#ifndef _RANDOM_H
#define _RANDOM_H

#include <linux/types.h>

/* splitmix64, Steele et al., OOPSLA 2014: the same numbers in every run */
static inline u64 next_random(u64 *seed)
{
	u64 z = *seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

#endif
