/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * /dev/rayos_zcomp: whoever opens it has a region of memory of his own, to be mapped
 * shared, read and written.  Without a size given first, a region has that of its
 * first mapping, or what the module's parameter region_pages says.
 */
#ifndef _UAPI_LINUX_RAYOS_ZCOMP_REGION_H
#define _UAPI_LINUX_RAYOS_ZCOMP_REGION_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct rayos_zcomp_range - a part of a region
 * @offset: bytes from its beginning, a multiple of the page size
 * @len: bytes, a multiple of the page size
 */
struct rayos_zcomp_range {
	__u64 offset;
	__u64 len;
};

/* Give it a size in bytes, at most 1 TiB, once and before it is used */
#define RAYOS_ZCOMP_SET_SIZE	_IOW('z', 0x60, __u64)
/* What is in a part of it is of no interest any more, and reads as zeroes */
#define RAYOS_ZCOMP_DISCARD	_IOW('z', 0x61, struct rayos_zcomp_range)
/* Compress a part of it now, but for what is in use by others than the processors */
#define RAYOS_ZCOMP_COMPRESS	_IOW('z', 0x62, struct rayos_zcomp_range)

#endif
