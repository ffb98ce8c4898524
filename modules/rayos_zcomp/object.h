/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page of a store, for those who have its group locked.
 */
#ifndef _RAYOS_ZCOMP_OBJECT_H
#define _RAYOS_ZCOMP_OBJECT_H

#include "entry.h"

struct rayos_zcomp_store;

/* The entry of the first page, which has the lock of its group */
static inline struct rayos_zcomp_entry *
rayos_zcomp_group(struct rayos_zcomp_entry *entry, u64 index)
{
	return entry - index % RAYOS_ZCOMP_GROUP;
}

struct rayos_zcomp_entry *rayos_zcomp_obtain(struct rayos_zcomp_store *store,
					     u64 index);
int rayos_zcomp_keep(struct rayos_zcomp_store *store,
		     struct rayos_zcomp_entry *group, u64 index,
		     const void *page);
int rayos_zcomp_load(const struct rayos_zcomp_store *store,
		     const struct rayos_zcomp_entry *entry, u64 index, void *page);
void rayos_zcomp_drop(struct rayos_zcomp_store *store,
		      struct rayos_zcomp_entry *group,
		      struct rayos_zcomp_entry *entry);

#endif
