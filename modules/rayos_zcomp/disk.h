/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices /dev/rayzN.
 */
#ifndef _RAYOS_ZCOMP_DISK_H
#define _RAYOS_ZCOMP_DISK_H

#include <linux/blkdev.h>
#include <linux/mutex.h>

#include "store.h"

/**
 * struct rayos_zcomp_disk_stats - what has happened to a device
 * @reads: pages read
 * @writes: pages written
 * @failed_reads: of these, pages that could not be read
 * @failed_writes: of these, pages for which there was no room
 * @invalid: requests that were not understood
 * @freed: pages of which swap had no need any more
 * @missed: of these, pages that were in use just then and so are kept
 */
struct rayos_zcomp_disk_stats {
	atomic64_t reads;
	atomic64_t writes;
	atomic64_t failed_reads;
	atomic64_t failed_writes;
	atomic64_t invalid;
	atomic64_t freed;
	atomic64_t missed;
};

/**
 * struct rayos_zcomp_disk - a block device of pages that are compressed
 * @disk: the block layer's part of it
 * @id: its number
 * @lock: protects what follows, but for @store, which those who have the device
 *	open and the device has a size use without
 * @store: its pages, NULL while it has no size
 * @level: as for the store that is to come
 * @kind: codec that was asked for
 * @kind_set: whether one was
 * @limit: the most pages of memory for it, 0 for any number
 * @claimed: it is about to go away or to be emptied, nobody may open it; under
 *	the disk's open_mutex
 * @stats: what has happened
 */
struct rayos_zcomp_disk {
	struct gendisk *disk;
	u32 id;
	struct mutex lock; /* see above */
	struct rayos_zcomp_store *store;
	enum rayos_zcomp_level level;
	enum rayos_zcomp_codec_kind kind;
	bool kind_set;
	u32 limit;
	bool claimed;
	struct rayos_zcomp_disk_stats stats;
};

/**
 * struct rayos_zcomp_disk_config - how a device is made
 * @size: bytes, 0 for none
 * @level: how much time compression is worth
 * @kind: codec of what is written
 * @limit: the most pages of memory for it, 0 for any number
 */
struct rayos_zcomp_disk_config {
	u64 size;
	enum rayos_zcomp_level level;
	enum rayos_zcomp_codec_kind kind;
	u32 limit;
};

extern const struct attribute_group *rayos_zcomp_disk_groups[];

int rayos_zcomp_disk_init(unsigned int nr);
void rayos_zcomp_disk_exit(void);
int rayos_zcomp_disk_set_size(struct rayos_zcomp_disk *d, u64 bytes);
void rayos_zcomp_disk_set_limit(struct rayos_zcomp_disk *d, u32 limit);
struct rayos_zcomp_disk_config
rayos_zcomp_disk_config_of(const struct rayos_zcomp_disk *d);
int rayos_zcomp_disk_reset(struct rayos_zcomp_disk *d);
int rayos_zcomp_disk_add(void);
int rayos_zcomp_disk_make(int id, const struct rayos_zcomp_disk_config *config,
			  bool *is_new);
int rayos_zcomp_disk_del(int id);
int rayos_zcomp_with_disk(int id,
			  int (*act)(struct rayos_zcomp_disk *d, const void *arg),
			  const void *arg);

/* control.c */
int rayos_zcomp_control_init(void);
void rayos_zcomp_control_exit(void);

#endif
