/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions: memory that programs map, of which what is not used is compressed.
 */
#ifndef _RAYOS_ZCOMP_REGION_H
#define _RAYOS_ZCOMP_REGION_H

#include <linux/err.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/types.h>

struct address_space;
struct rayos_zcomp_entry;
struct rayos_zcomp_store;
struct rayos_zcomp_sweep;

/**
 * struct rayos_zcomp_region - memory that programs map
 * @store: its pages
 * @mapping: who maps them
 * @resident: pages in memory
 * @shadowed: of these, pages whose object is kept as they may not have changed
 * @next: number of the page that follows those that have come back last
 * @window: how many have come back together then
 * @pid: who has made it, in the first namespace
 * @comm: name of that program
 */
struct rayos_zcomp_region {
	struct rayos_zcomp_store *store;
	struct address_space *mapping;
	atomic64_t resident;
	atomic64_t shadowed;
	u64 next;
	u32 window;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

struct rayos_zcomp_region *
rayos_zcomp_region_new(struct address_space *mapping, u64 nr_pages, u32 limit);
void rayos_zcomp_region_free(struct rayos_zcomp_region *region);
struct page *rayos_zcomp_region_page(struct rayos_zcomp_region *region, u64 index,
				     bool *loaded);
u32 rayos_zcomp_region_window(struct rayos_zcomp_region *region, u64 index);
struct page *rayos_zcomp_region_ahead(struct rayos_zcomp_region *region, u64 index);
void rayos_zcomp_region_discard(struct rayos_zcomp_region *region, u64 first,
				u64 nr);
bool rayos_zcomp_has_room(const struct rayos_zcomp_region *region);
bool rayos_zcomp_evict(struct rayos_zcomp_region *region,
		       struct rayos_zcomp_entry *group, u64 index,
		       struct rayos_zcomp_sweep *sweep);
void rayos_zcomp_drop_stale(struct rayos_zcomp_region *region,
			    struct rayos_zcomp_entry *group, u64 index);

/* device.c */
int rayos_zcomp_device_init(void);
void rayos_zcomp_device_exit(void);

#endif
