/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of one device or region.
 */
#ifndef _RAYOS_ZCOMP_STORE_H
#define _RAYOS_ZCOMP_STORE_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/types.h>
#include <rayos/zcomp.h>

#include "entry.h"
#include "pool.h"
#include "stats.h"

/* Entries are allocated a page at a time, when the first of them is needed */
#define RAYOS_ZCOMP_LEAF_SHIFT	8
#define RAYOS_ZCOMP_LEAF	256

/* 1 TiB */
#define RAYOS_ZCOMP_PAGES_MAX	0x10000000ULL

/* Room for the name of a device or a region */
#define RAYOS_ZCOMP_NAME_SIZE	16

struct rayos_zcomp_disk_stats;
struct rayos_zcomp_region;

/**
 * enum rayos_zcomp_level - how much time compression is worth
 * @RAYOS_ZCOMP_NONE: pages are kept as they are
 * @RAYOS_ZCOMP_FAST: LZO-RLE
 * @RAYOS_ZCOMP_BALANCED: LZO
 * @RAYOS_ZCOMP_BEST: LZO, and what grows cold 16 KiB at a time by the best codec
 *	that there is
 */
enum rayos_zcomp_level {
	RAYOS_ZCOMP_NONE,
	RAYOS_ZCOMP_FAST,
	RAYOS_ZCOMP_BALANCED,
	RAYOS_ZCOMP_BEST,
};

#define RAYOS_ZCOMP_LEVELS	(RAYOS_ZCOMP_BEST + 1)

/**
 * struct rayos_zcomp_store_stats - what a store has at the moment
 * @same: pages that are one word over and over
 * @objects: pages that have an object, alone or with others
 * @raw: of these, pages that are kept as they are
 * @raws: how often a page has come to be kept as it is
 * @chunked: of these, pages that share an object
 * @leaves: pages of entries
 */
struct rayos_zcomp_store_stats {
	atomic64_t same;
	atomic64_t objects;
	atomic64_t raw;
	atomic64_t raws;
	atomic64_t chunked;
	atomic64_t leaves;
};

/**
 * struct rayos_zcomp_store - the pages of one device or region
 * @nr_pages: their number
 * @level: how much time compression is worth
 * @kind: codec of what is written
 * @cutoff: bytes of a page above which it is not worth to be kept compressed
 * @codecs: those that are in use here, by their kind; one that is stays until the
 *	store is freed
 * @pool: the objects
 * @stats: what there is at the moment
 * @counts: what has happened
 * @leaves: entries; one is there for good once it has been needed
 * @name: of the device or region
 * @id: its number among all stores, from 1 on
 * @io: of a device, what has happened to it, else NULL
 * @told: when it was told last that there is no room, in jiffies, 0 for never
 * @region: the region, NULL for a device
 * @most_kept: the most pages that are compressed at a time, 0 for any number; of a
 *	region only
 * @hand: where those who look for old pages go on, in pieces, see crew.c
 * @users: those who have found it, see registry.c
 * @unused: when there are none any more
 */
struct rayos_zcomp_store {
	u64 nr_pages;
	enum rayos_zcomp_level level;
	enum rayos_zcomp_codec_kind kind;
	u32 cutoff;
	const struct rayos_zcomp_codec *codecs[RAYOS_ZCOMP_CODECS];
	struct rayos_zcomp_pool *pool;
	struct rayos_zcomp_store_stats stats;
	struct rayos_zcomp_stats __percpu *counts;
	struct rayos_zcomp_entry **leaves;
	char name[RAYOS_ZCOMP_NAME_SIZE];
	u32 id;
	const struct rayos_zcomp_disk_stats *io;
	unsigned long told;
	struct rayos_zcomp_region *region;
	u32 most_kept;
	atomic64_t hand;
	struct kref users;
	struct completion unused;
};

/**
 * struct rayos_zcomp_which - what is to be compressed better
 * @idle: only groups of four of which all that have an object are marked as idle
 * @huge: only those with a page that is kept as it is
 * @threshold: only those with a page whose object has so many bytes or more
 * @most: at most so many groups
 */
struct rayos_zcomp_which {
	bool idle;
	bool huge;
	u32 threshold;
	u64 most;
};

/* Of when a page was used: every two seconds another one, and after a day and a half
 * the same again
 */
static inline u16 rayos_zcomp_clock(void)
{
	return ktime_get_seconds() >> 1;
}

/* The entry of a page, NULL if there is none yet; once there is, it stays */
static inline struct rayos_zcomp_entry *
rayos_zcomp_lookup(const struct rayos_zcomp_store *store, u64 index)
{
	struct rayos_zcomp_entry *leaf;

	/* a leaf that is seen is seen to be all zeroes before it was used */
	leaf = smp_load_acquire(&store->leaves[index >> RAYOS_ZCOMP_LEAF_SHIFT]);
	return leaf ? &leaf[index & (RAYOS_ZCOMP_LEAF - 1)] : NULL;
}

/* Codec of what is written, if no other is asked for */
static inline enum rayos_zcomp_codec_kind
rayos_zcomp_kind_of(enum rayos_zcomp_level level)
{
	return level == RAYOS_ZCOMP_FAST ? RAYOS_ZCOMP_LZO_RLE : RAYOS_ZCOMP_LZO;
}

struct rayos_zcomp_store *rayos_zcomp_store_new(u64 nr_pages,
						enum rayos_zcomp_level level,
						u32 limit);
bool rayos_zcomp_store_have(struct rayos_zcomp_store *store,
			    enum rayos_zcomp_codec_kind kind);
int rayos_zcomp_store_use(struct rayos_zcomp_store *store,
			  enum rayos_zcomp_codec_kind kind);
void rayos_zcomp_store_free(struct rayos_zcomp_store *store);
int rayos_zcomp_write(struct rayos_zcomp_store *store, u64 index,
		      const void *page);
int rayos_zcomp_read(struct rayos_zcomp_store *store, u64 index, void *page);
void rayos_zcomp_forget(struct rayos_zcomp_store *store, u64 index);
bool rayos_zcomp_try_forget(struct rayos_zcomp_store *store, u64 index);
enum rayos_zcomp_codec_kind rayos_zcomp_best(struct rayos_zcomp_store *store);
int rayos_zcomp_promote(struct rayos_zcomp_store *store, u64 index);
u64 rayos_zcomp_original_bytes(const struct rayos_zcomp_store *store);
u64 rayos_zcomp_used_bytes(const struct rayos_zcomp_store *store);
s64 rayos_zcomp_saved_bytes(const struct rayos_zcomp_store *store);

/* idle.c */
u64 rayos_zcomp_mark_idle(struct rayos_zcomp_store *store, u32 age);
u64 rayos_zcomp_promote_which(struct rayos_zcomp_store *store,
			      const struct rayos_zcomp_which *which);

#endif
