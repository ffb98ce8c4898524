/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that are one word over and over.
 */
#ifndef _RAYOS_ZCOMP_FILL_H
#define _RAYOS_ZCOMP_FILL_H

#include <linux/types.h>

bool rayos_zcomp_same_filled(const void *page, unsigned long *word);
void rayos_zcomp_fill(void *page, unsigned long word);

#endif
