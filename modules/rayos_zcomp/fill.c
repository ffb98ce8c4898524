// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that are one word over and over.
 */
#include <linux/mm.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "fill.h"

#define WORDS	(PAGE_SIZE / sizeof(unsigned long))

/**
 * rayos_zcomp_same_filled() - whether a page is one word over and over
 * @page: %PAGE_SIZE bytes, aligned to a word
 * @word: the word is left here, if it is so
 *
 * Most pages that are not differ in their first or their last words.
 *
 * Context: Any.
 * Return: whether it is so.
 */
bool rayos_zcomp_same_filled(const void *page, unsigned long *word)
{
	const unsigned long *words = page;
	size_t i;

	if (words[0] != words[WORDS - 1])
		return false;
	for (i = 1; i < WORDS - 1; i++)
		if (words[i] != words[0])
			return false;
	*word = words[0];
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_same_filled);

/**
 * rayos_zcomp_fill() - make a page of one word
 * @page: %PAGE_SIZE bytes, aligned to a word
 * @word: the word
 *
 * Context: Any.
 */
void rayos_zcomp_fill(void *page, unsigned long word)
{
	memset_l(page, word, WORDS);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_fill);
