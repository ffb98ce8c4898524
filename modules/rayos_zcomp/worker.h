/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What compresses without being told, and what does when it is told.
 */
#ifndef _RAYOS_ZCOMP_WORKER_H
#define _RAYOS_ZCOMP_WORKER_H

#include <linux/types.h>

struct rayos_zcomp_store;
struct rayos_zcomp_sweep;

/* As many pages as there are */
#define RAYOS_ZCOMP_ALL	U64_MAX

int rayos_zcomp_worker_init(void);
void rayos_zcomp_worker_exit(void);
void rayos_zcomp_worker_wake(void);
void rayos_zcomp_worker_hurry(void);
int rayos_zcomp_demand(struct rayos_zcomp_store *store, u64 pages,
		       struct rayos_zcomp_sweep *done);

/* reclaim.c */
int rayos_zcomp_reclaim_init(void);
void rayos_zcomp_reclaim_exit(void);

#endif
