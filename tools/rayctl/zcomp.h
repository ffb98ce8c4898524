/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_ZCOMP_H
#define RAYCTL_ZCOMP_H

#include <stdint.h>

#include <json-c/json.h>

#include "keys.h"

/* At most one word may follow, the name of a device or region. */
int zcomp_one_name(int argc, char **argv);
/* The name of what the rest of a line tells. */
void zcomp_line(const char *name);
/* The links of the policy, in their order. */
void zcomp_links(struct json_object *settings, const char *between);

int zcomp_status(int argc, char **argv);
int zcomp_pages(int argc, char **argv);
int zcomp_stats(int argc, char **argv);
int zcomp_policy(int argc, char **argv);

extern const struct form zcomp_add_forms[], zcomp_set_forms[];
int zcomp_add(int argc, char **argv);
int zcomp_set(int argc, char **argv);
int zcomp_del(int argc, char **argv);
int zcomp_reset(int argc, char **argv);
int zcomp_compact(int argc, char **argv);
int zcomp_flush(int argc, char **argv);
int zcomp_swap(int argc, char **argv);
int zcomp_run(int argc, char **argv);

void zcomp_complete_name(int argc, char **argv);
void zcomp_complete_add(int argc, char **argv);
void zcomp_complete_set(int argc, char **argv);
void zcomp_complete_swap(int argc, char **argv);

#endif
