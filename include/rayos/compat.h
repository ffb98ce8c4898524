/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the oldest supported kernel (6.1) lacks and the newest (7.3) changed.
 * Each shim bears the name of the newer interface and steps aside wherever the
 * kernel has it, so that call sites need no conditionals.
 */
#ifndef _RAYOS_COMPAT_H
#define _RAYOS_COMPAT_H

#include <linux/module.h>
#include <linux/socket.h>
#include <linux/version.h>
/* What it declares was in linux/skbuff.h before 6.5 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif

/* Socket operations take a struct sockaddr_unsized since 6.19 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define sockaddr_unsized	sockaddr
#endif

/* The namespace became a string in 6.13 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define RAYOS_IMPORT_KUNIT_NS	MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#else
#define RAYOS_IMPORT_KUNIT_NS	MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#endif

#endif
