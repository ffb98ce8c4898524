/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that go through the pages of a store together.
 */
#ifndef _RAYOS_ZCOMP_CREW_H
#define _RAYOS_ZCOMP_CREW_H

#include <linux/types.h>

#include "sweep.h"

struct rayos_zcomp_store;

/* Pages that a thread goes through before it looks what else there is */
#define RAYOS_ZCOMP_PIECE	4096

/* The most threads that there may be */
#define RAYOS_ZCOMP_THREADS_MAX	64

int rayos_zcomp_crew_init(void);
void rayos_zcomp_crew_exit(void);
u32 rayos_zcomp_crew_threads(void);
void rayos_zcomp_crew_sweep(struct rayos_zcomp_store *store,
			    struct rayos_zcomp_sweep *sweep, unsigned long until);
void rayos_zcomp_sweep_on(struct rayos_zcomp_store *store,
			  struct rayos_zcomp_sweep *sweep);

#endif
