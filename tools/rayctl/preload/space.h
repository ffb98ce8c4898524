/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs of pages in a region of /dev/rayos_zcomp, which are given to whoever needs
 * large pieces of memory.
 */
#ifndef _SPACE_H
#define _SPACE_H

#include <stdbool.h>
#include <stddef.h>

#define SPACE_PAGE	4096UL

int space_init(void);
bool space_has(const void *at);
void *space_alloc(size_t bytes, size_t align);
size_t space_size(const void *at);
void space_release(void *at, size_t bytes);
void space_discard(void *at, size_t bytes);
bool space_trim(void *at, size_t bytes);
void space_before_fork(void);
void space_in_parent(void);
void space_in_child(void);

#endif
