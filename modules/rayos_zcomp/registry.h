/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which stores there are: one for each device that has a size and for each region.
 */
#ifndef _RAYOS_ZCOMP_REGISTRY_H
#define _RAYOS_ZCOMP_REGISTRY_H

#include <linux/types.h>

struct rayos_zcomp_store;

int rayos_zcomp_registry_add(struct rayos_zcomp_store *store);
void rayos_zcomp_registry_del(struct rayos_zcomp_store *store);
u32 rayos_zcomp_registry_generation(void);
struct rayos_zcomp_store *rayos_zcomp_registry_next(u32 id);
struct rayos_zcomp_store *
rayos_zcomp_registry_after(struct rayos_zcomp_store *store);
struct rayos_zcomp_store *rayos_zcomp_registry_get(const char *name);
bool rayos_zcomp_registry_has(const struct rayos_zcomp_store *store);
void rayos_zcomp_registry_put(struct rayos_zcomp_store *store);

#endif
