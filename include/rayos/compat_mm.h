/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory management as the newest kernel has it, on those before it.
 */
#ifndef _RAYOS_COMPAT_MM_H
#define _RAYOS_COMPAT_MM_H

#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/version.h>

/* Flags of a mapping could be set without being asked before 6.3 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

typedef unsigned long (*rayos_shrink_fn)(struct shrinker *shrinker,
					 struct shrink_control *sc);

/**
 * rayos_shrinker_new() - have memory asked for
 * @name: as debugfs shows it
 * @count: how many pages there are
 * @scan: give some of them back
 * @batch: how many at a time
 *
 * A shrinker was the caller's own before 6.7, and to register it could fail.
 *
 * Return: the shrinker, to be given to shrinker_free(), or NULL.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static inline struct shrinker *rayos_shrinker_new(const char *name,
						  rayos_shrink_fn count,
						  rayos_shrink_fn scan, long batch)
{
	struct shrinker *shrinker = shrinker_alloc(0, "%s", name);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->batch = batch;
	shrinker_register(shrinker);
	return shrinker;
}
#else
static inline struct shrinker *rayos_shrinker_new(const char *name,
						  rayos_shrink_fn count,
						  rayos_shrink_fn scan, long batch)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->batch = batch;
	shrinker->seeks = DEFAULT_SEEKS;
	if (!register_shrinker(shrinker, "%s", name))
		return shrinker;
	kfree(shrinker);
	return NULL;
}

static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

#endif
