/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory management as the newest kernel has it, on those before it.
 */
#ifndef _RAYOS_COMPAT_MM_H
#define _RAYOS_COMPAT_MM_H

#include <linux/mm.h>
#include <linux/version.h>

/* Flags of a mapping could be set without being asked before 6.3 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

#endif
