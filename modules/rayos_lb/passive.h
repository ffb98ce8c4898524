/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the connections of clients tell of a backend.  Pure.
 */
#ifndef _RAYOS_LB_PASSIVE_H
#define _RAYOS_LB_PASSIVE_H

#include <linux/bits.h>
#include <linux/types.h>

/* The count of a backend that is tried again: nothing has succeeded since */
#define RAYOS_LB_PROBATION	BIT(31)

/**
 * rayos_lb_passive_streak() - failures in a row
 * @count: the backend's count
 *
 * Return: their number.
 */
static inline u32 rayos_lb_passive_streak(u32 count)
{
	return count & ~RAYOS_LB_PROBATION;
}

bool rayos_lb_passive_down(u32 count, u32 limit);
u64 rayos_lb_passive_hold(u64 last, u32 count);
u32 rayos_lb_passive_probation(u32 limit);
bool rayos_lb_passive_silent(u32 elapsed);

#endif
