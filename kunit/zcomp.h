/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites of rayos_zcomp share.
 */
#ifndef _ZCOMP_H
#define _ZCOMP_H

#include <kunit/test.h>
#include <linux/types.h>

#include "../modules/rayos_zcomp/store.h"
#include "random.h"

/* What pages of programs are like; as many of each make the usual three to one */
enum page_kind {
	PAGE_ZERO,	/* nothing but zeroes */
	PAGE_WORD,	/* another word over and over */
	PAGE_SPARSE,	/* pointers here and there */
	PAGE_TEXT,	/* words of a small vocabulary */
	PAGE_NOISE,	/* nothing that could be compressed */
	PAGE_KINDS
};

u32 number_below(u64 *seed, u32 limit);
void make_page(void *page, enum page_kind kind, u64 seed);
bool is_page(const void *page, enum page_kind kind, u64 seed);
void *new_page(struct kunit *test);

#endif
