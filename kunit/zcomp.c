// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the suites of rayos_zcomp share, see zcomp.h.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <rayos/compat.h>

#include "zcomp.h"

u32 number_below(u64 *seed, u32 limit)
{
	return ((next_random(seed) >> 32) * limit) >> 32;
}

static void make_sparse(u64 *words, u64 *seed)
{
	u32 i;

	memset(words, 0, PAGE_SIZE);
	for (i = 0; i < PAGE_SIZE / 8; i++) {
		if (!number_below(seed, 4))
			words[i] = 0xffff888000000000ULL +
				   ((u64)number_below(seed, 4096) << 6);
	}
}

static void make_text(char *text, u64 *seed)
{
	static const char * const words[] = {
		"page ", "fault ", "the ", "of ", "memory ", "compressed ",
		"is ", "a ", "kernel ", "which ", "\n", "0x", "and ", "to ",
		"reclaim ", "swap ",
	};
	char *end = text + PAGE_SIZE;

	while (text < end) {
		const char *word = words[number_below(seed, ARRAY_SIZE(words))];
		size_t len = min_t(size_t, strlen(word), end - text);

		memcpy(text, word, len);
		text += len;
		if (text < end && !number_below(seed, 3))
			*text++ = 'a' + number_below(seed, 26);
	}
}

void make_page(void *page, enum page_kind kind, u64 seed)
{
	u64 *words = page;
	u32 i;

	switch (kind) {
	case PAGE_ZERO:
		memset(page, 0, PAGE_SIZE);
		break;
	case PAGE_WORD:
		memset64(page, next_random(&seed) | 1, PAGE_SIZE / 8);
		break;
	case PAGE_SPARSE:
		make_sparse(page, &seed);
		break;
	case PAGE_TEXT:
		make_text(page, &seed);
		break;
	default:
		for (i = 0; i < PAGE_SIZE / 8; i++)
			words[i] = next_random(&seed);
	}
}

bool is_page(const void *page, enum page_kind kind, u64 seed)
{
	void *should = kmalloc(PAGE_SIZE, GFP_KERNEL);
	bool same;

	if (!should)
		return false;
	make_page(should, kind, seed);
	same = !memcmp(page, should, PAGE_SIZE);
	kfree(should);
	return same;
}

void *new_page(struct kunit *test)
{
	void *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

MODULE_DESCRIPTION("KUnit suites of rayos_zcomp");
MODULE_AUTHOR("RayOS maintainers");
MODULE_LICENSE("GPL");
RAYOS_IMPORT_KUNIT_NS;
