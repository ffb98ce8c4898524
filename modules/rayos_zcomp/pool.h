/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PagePool: memory for what pages have been compressed to.
 */
#ifndef _RAYOS_ZCOMP_POOL_H
#define _RAYOS_ZCOMP_POOL_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

/* Memory is taken from the system and given back in segments */
#define RAYOS_ZCOMP_SEGMENT_SIZE	65536
#define RAYOS_ZCOMP_SEGMENT_PAGES	(RAYOS_ZCOMP_SEGMENT_SIZE / PAGE_SIZE)

/* A segment is divided in blocks of a whole number of granules */
#define RAYOS_ZCOMP_GRANULE_SHIFT	4
#define RAYOS_ZCOMP_GRANULE		16
#define RAYOS_ZCOMP_SEGMENT_GRANULES	\
	(RAYOS_ZCOMP_SEGMENT_SIZE / RAYOS_ZCOMP_GRANULE)

/* What of a block is not the object's */
#define RAYOS_ZCOMP_BLOCK_HEAD		8

#define RAYOS_ZCOMP_OBJECT_MAX		16384

/* A handle is never 0, and an owner may be any number of so many bits */
#define RAYOS_ZCOMP_HANDLE_BITS		36
#define RAYOS_ZCOMP_OWNER_BITS		36

/* One for every size below this many granules, then eight for each doubling */
#define RAYOS_ZCOMP_EXACT_BINS		512
#define RAYOS_ZCOMP_BINS		(RAYOS_ZCOMP_EXACT_BINS + 8 * 3 + 1)

/* Segments are sorted by how full they are, in so many steps */
#define RAYOS_ZCOMP_FILL_STEPS		16

struct rayos_zcomp_pool;

/**
 * struct rayos_zcomp_pool_ops - how compaction tells the owner of an object
 * @hold: keep an owner from using, freeing and replacing its object; called with
 *	a spinlock held.  Return: false if it is busy, then its object stays where
 *	it is.
 * @moved: the object of an owner that is held has another handle; it is let go
 * @release: an owner that is held is let go, nothing has changed
 */
struct rayos_zcomp_pool_ops {
	bool (*hold)(void *context, u64 owner);
	void (*moved)(void *context, u64 owner, u64 handle);
	void (*release)(void *context, u64 owner);
};

/**
 * struct rayos_zcomp_segment - memory that is divided in blocks
 * @mem: %RAYOS_ZCOMP_SEGMENT_SIZE bytes
 * @arena: whose it is
 * @node: in the arena's list of segments as full as this one
 * @index: its number in the pool, the upper part of handles
 * @live: granules in use
 * @cursor: where compaction goes on, in granules
 * @draining: is being emptied, nothing is allocated in it
 */
struct rayos_zcomp_segment {
	u8 *mem;
	struct rayos_zcomp_arena *arena;
	struct list_head node;
	u32 index;
	u32 live;
	u32 cursor;
	bool draining;
};

/**
 * struct rayos_zcomp_arena - segments from which some of the processors allocate
 * @lock: protects all of it, and the blocks of its segments; innermost
 * @pool: whose it is
 * @bins: free blocks by size, but for those of one granule
 * @map: which bins have any
 * @segments: by how full they are
 * @granules: granules of all its segments
 * @free: of these, granules that are not in use
 * @empty: segments without an object, at most one of which is kept
 */
struct rayos_zcomp_arena {
	spinlock_t lock; /* the arena and its segments' blocks */
	struct rayos_zcomp_pool *pool;
	struct hlist_head bins[RAYOS_ZCOMP_BINS];
	unsigned long map[BITS_TO_LONGS(RAYOS_ZCOMP_BINS)];
	struct list_head segments[RAYOS_ZCOMP_FILL_STEPS];
	u32 granules;
	u32 free;
	u32 empty;
};

/**
 * struct rayos_zcomp_pool - objects of some store
 * @ops: tell of objects that move
 * @context: argument of @ops
 * @segments: by index
 * @nr_segments: their number
 * @nr_pages: pages of memory, those of segments and those that are objects alone
 * @limit: the most pages it may have, 0 for any number
 * @peak: the most pages it has had
 * @objects: number of objects, but for those that are pages of their own
 * @bytes: bytes that are the objects' own
 * @granules: granules that objects take up
 * @moved: objects that compaction has moved
 * @compact: one at a time compacts
 * @nr_arenas: number of arenas
 * @arenas: each for its share of the processors
 */
struct rayos_zcomp_pool {
	const struct rayos_zcomp_pool_ops *ops;
	void *context;
	struct xarray segments;
	atomic_t nr_segments;
	atomic_t nr_pages;
	u32 limit;
	u32 peak;
	atomic64_t objects;
	atomic64_t bytes;
	atomic64_t granules;
	atomic64_t moved;
	struct mutex compact; /* one compaction at a time */
	u32 nr_arenas;
	struct rayos_zcomp_arena arenas[];
};

struct rayos_zcomp_pool *rayos_zcomp_pool_new(const struct rayos_zcomp_pool_ops *ops,
					      void *context, u32 nr_arenas,
					      u32 limit);
void rayos_zcomp_pool_free(struct rayos_zcomp_pool *pool);
u64 rayos_zcomp_alloc(struct rayos_zcomp_pool *pool, u32 len, u64 owner,
		      gfp_t gfp);
bool rayos_zcomp_grow(struct rayos_zcomp_pool *pool, gfp_t gfp);
void *rayos_zcomp_object(struct rayos_zcomp_pool *pool, u64 handle, u32 *len);
void rayos_zcomp_free(struct rayos_zcomp_pool *pool, u64 handle);
struct page *rayos_zcomp_alloc_page(struct rayos_zcomp_pool *pool, gfp_t gfp);
void rayos_zcomp_free_page(struct rayos_zcomp_pool *pool, struct page *page);
u32 rayos_zcomp_compact(struct rayos_zcomp_pool *pool, u32 most);

/* segment.c */
void *rayos_zcomp_segment_get(gfp_t gfp);
void rayos_zcomp_segment_put(void *mem);
void rayos_zcomp_segment_exit(void);

#endif
