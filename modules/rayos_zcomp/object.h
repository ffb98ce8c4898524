/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page of a store, for those who have its group locked.
 */
#ifndef _RAYOS_ZCOMP_OBJECT_H
#define _RAYOS_ZCOMP_OBJECT_H

#include <linux/gfp.h>
#include <linux/types.h>

#include "entry.h"

struct rayos_zcomp_store;
struct rayos_zcomp_stream;

#define RAYOS_ZCOMP_CHUNK_BYTES	(RAYOS_ZCOMP_GROUP * PAGE_SIZE)

/* No recursion: it may be to get memory that something is written.  And no waiting
 * for memory while others wait for scratch memory to make it.
 */
#define RAYOS_ZCOMP_GFP	(GFP_NOIO | __GFP_NOWARN)
#define RAYOS_ZCOMP_GFP_HURRY	(RAYOS_ZCOMP_GFP & ~__GFP_DIRECT_RECLAIM)

/* The entry of the first page, which has the lock of its group */
static inline struct rayos_zcomp_entry *
rayos_zcomp_group(struct rayos_zcomp_entry *entry, u64 index)
{
	return entry - index % RAYOS_ZCOMP_GROUP;
}

/* To the pool an owner is the number of a page, or of the group that has a chunk */
static inline u64 rayos_zcomp_owner(u64 index, bool chunk)
{
	return index << 1 | chunk;
}

/* The first of the four whose word has any of some bits, NULL if none has */
static inline const struct rayos_zcomp_entry *
rayos_zcomp_find(const struct rayos_zcomp_entry *group, unsigned long bits)
{
	int i;

	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (READ_ONCE(group[i].word) & bits)
			return &group[i];
	}
	return NULL;
}

/* One of the four that is still in their chunk, NULL if none is */
static inline const struct rayos_zcomp_entry *
rayos_zcomp_chunk(const struct rayos_zcomp_entry *group)
{
	return rayos_zcomp_find(group, RAYOS_ZCOMP_CHUNK);
}

u32 rayos_zcomp_len(const struct rayos_zcomp_store *store,
		    const struct rayos_zcomp_entry *entry);
struct rayos_zcomp_entry *rayos_zcomp_obtain(struct rayos_zcomp_store *store,
					     u64 index);
int rayos_zcomp_keep(struct rayos_zcomp_store *store,
		     struct rayos_zcomp_entry *group, u64 index,
		     const void *page);
int rayos_zcomp_load(const struct rayos_zcomp_store *store,
		     const struct rayos_zcomp_entry *entry, u64 index,
		     struct rayos_zcomp_stream *stream, void *page);
int rayos_zcomp_load_chunk(const struct rayos_zcomp_store *store,
			   const struct rayos_zcomp_entry *entry, u64 first,
			   struct rayos_zcomp_stream *stream);
void rayos_zcomp_chunk_made(void);
void rayos_zcomp_drop(struct rayos_zcomp_store *store,
		      struct rayos_zcomp_entry *group,
		      struct rayos_zcomp_entry *entry);

#endif
