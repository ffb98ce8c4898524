/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices as the newest kernel has them, on those before it.
 */
#ifndef _RAYOS_COMPAT_BLOCK_H
#define _RAYOS_COMPAT_BLOCK_H

#include <linux/blkdev.h>
#include <linux/device/class.h>
#include <linux/err.h>
#include <linux/pagemap.h>
#include <linux/version.h>

/* What a class has is constant since 6.4 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define RAYOS_CLASS_CONST const
#else
#define RAYOS_CLASS_CONST
#endif

/* To open was told of the device and not of its disk before 6.5 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define RAYOS_DISK_OPEN(function)					\
	static int function##_disk(struct gendisk *disk, blk_mode_t mode) \
	{								\
		return function(disk);					\
	}
#else
#define RAYOS_DISK_OPEN(function)					\
	static int function##_disk(struct block_device *bdev, fmode_t mode) \
	{								\
		return function(bdev->bd_disk);				\
	}
#endif

/**
 * rayos_alloc_ram_disk() - a disk whose blocks are pages in memory
 *
 * What is given to it is done when submit_bio returns, and swap may rely on that.
 * Before 6.3 that was said by having an operation rw_page.
 *
 * Return: the disk or an ERR_PTR.
 */
#ifdef BLK_FEAT_SYNCHRONOUS
static inline struct gendisk *rayos_alloc_ram_disk(void)
{
	struct queue_limits limits = {
		.logical_block_size = PAGE_SIZE,
		.physical_block_size = PAGE_SIZE,
		.io_min = PAGE_SIZE,
		.io_opt = PAGE_SIZE,
		.max_hw_discard_sectors = UINT_MAX,
		.max_write_zeroes_sectors = UINT_MAX,
		.features = BLK_FEAT_STABLE_WRITES | BLK_FEAT_SYNCHRONOUS,
	};

	return blk_alloc_disk(&limits, NUMA_NO_NODE);
}
#else
static inline struct gendisk *rayos_alloc_ram_disk(void)
{
	struct gendisk *disk = blk_alloc_disk(NUMA_NO_NODE);

	if (!disk)
		return ERR_PTR(-ENOMEM);
	blk_queue_flag_set(QUEUE_FLAG_NONROT, disk->queue);
	blk_queue_flag_set(QUEUE_FLAG_STABLE_WRITES, disk->queue);
	blk_queue_flag_clear(QUEUE_FLAG_ADD_RANDOM, disk->queue);
	blk_queue_logical_block_size(disk->queue, PAGE_SIZE);
	blk_queue_physical_block_size(disk->queue, PAGE_SIZE);
	blk_queue_io_min(disk->queue, PAGE_SIZE);
	blk_queue_io_opt(disk->queue, PAGE_SIZE);
	disk->queue->limits.discard_granularity = PAGE_SIZE;
	blk_queue_max_discard_sectors(disk->queue, UINT_MAX);
	/* of one request; these kernels rely on it that its bytes are 32 bits */
	blk_queue_max_write_zeroes_sectors(disk->queue,
					   round_down(UINT_MAX, PAGE_SIZE) >>
					   SECTOR_SHIFT);
	return disk;
}
#endif

/* What cannot be done this way is tried once more as a request */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define RAYOS_DISK_RW_PAGE(function)					\
	static int function##_disk(struct block_device *bdev, sector_t sector, \
				   struct page *page, enum req_op op)	\
	{								\
		int err = -EOPNOTSUPP;					\
									\
		/* it may be but the first of many */			\
		if (!PageCompound(page))				\
			err = function(bdev->bd_disk, sector, page,	\
				       op_is_write(op));		\
		if (!err)						\
			page_endio(page, op_is_write(op), 0);		\
		return err;						\
	}
#define RAYOS_RW_PAGE(function)	.rw_page = function##_disk,
#else
#define RAYOS_DISK_RW_PAGE(function)
#define RAYOS_RW_PAGE(function)
#endif

#endif
