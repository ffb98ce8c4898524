// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a store read as what was written last, in whatever form they are,
 * and what they take up is what is told.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../modules/rayos_zcomp/codec.h"
#include "../modules/rayos_zcomp/fill.h"
#include "zcomp.h"

#define PAGES	1024
#define NOTHING	PAGE_KINDS /* a page that was never written, or forgotten */

/**
 * struct shelf - a store and what there should be in it
 * @store: the store
 * @page: room for one page
 * @kind: of each page
 * @seed: of each page
 * @random: seed of random numbers
 */
struct shelf {
	struct rayos_zcomp_store *store;
	void *page;
	u8 kind[PAGES];
	u64 seed[PAGES];
	u64 random;
};

static struct shelf *new_shelf(struct kunit *test, enum rayos_zcomp_level level)
{
	struct shelf *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->page = new_page(test);
	s->random = 815;
	memset(s->kind, NOTHING, sizeof(s->kind));
	s->store = rayos_zcomp_store_new(PAGES, level, 0);
	KUNIT_ASSERT_NOT_NULL(test, s->store);
	test->priv = s->store;
	return s;
}

static void exit(struct kunit *test)
{
	if (test->priv)
		rayos_zcomp_store_free(test->priv);
}

static int put(struct shelf *s, u32 i, enum page_kind kind)
{
	u64 seed = next_random(&s->random);
	int err;

	make_page(s->page, kind, seed);
	err = rayos_zcomp_write(s->store, i, s->page);
	if (!err) {
		s->kind[i] = kind;
		s->seed[i] = seed;
	}
	return err;
}

static void put_all(struct kunit *test, struct shelf *s, enum page_kind kind)
{
	u32 i;

	for (i = 0; i < PAGES; i++)
		KUNIT_ASSERT_EQ(test, put(s, i, kind), 0);
}

static void forget(struct shelf *s, u32 i)
{
	rayos_zcomp_forget(s->store, i);
	s->kind[i] = NOTHING;
}

static bool right(struct shelf *s, u32 i)
{
	enum page_kind kind = s->kind[i] == NOTHING ? PAGE_ZERO : s->kind[i];

	memset(s->page, 0x5a, PAGE_SIZE);
	return !rayos_zcomp_read(s->store, i, s->page) &&
	       is_page(s->page, kind, s->seed[i]);
}

static u32 wrong_pages(struct shelf *s)
{
	u32 i, n = 0;

	for (i = 0; i < PAGES; i++)
		n += !right(s, i);
	return n;
}

static u64 count(const atomic64_t *counter)
{
	return atomic64_read(counter);
}

static void expect_stats(struct kunit *test, struct shelf *s)
{
	u64 same = 0, objects = 0;
	u32 i;

	for (i = 0; i < PAGES; i++) {
		if (s->kind[i] == NOTHING)
			continue;
		if (s->kind[i] == PAGE_ZERO || s->kind[i] == PAGE_WORD)
			same++;
		else
			objects++;
	}
	KUNIT_EXPECT_EQ(test, count(&s->store->stats.same), same);
	KUNIT_EXPECT_EQ(test, count(&s->store->stats.objects), objects);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_original_bytes(s->store),
			(same + objects) * PAGE_SIZE);
}

/* What there are of the pool's bytes in whole pages */
static u64 percent_of_pages(struct shelf *s)
{
	return count(&s->store->pool->bytes) * 100 / (PAGES * PAGE_SIZE);
}

static void test_page_compression(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BALANCED);

	put_all(test, s, PAGE_TEXT);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	KUNIT_EXPECT_LT(test, percent_of_pages(s), 70);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->objects), PAGES);
	expect_stats(test, s);
	put_all(test, s, PAGE_SPARSE);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	KUNIT_EXPECT_LT(test, percent_of_pages(s), 60);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->objects), PAGES);
}

static void pages_of_one_word_cost_no_pool(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BALANCED);
	u32 i;

	for (i = 0; i < PAGES; i++)
		KUNIT_ASSERT_EQ(test, put(s, i, i % 2 ? PAGE_WORD : PAGE_ZERO), 0);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->store->pool->nr_segments), 0);
	expect_stats(test, s);
}

/* A word that differs anywhere makes it another page */
static void nearly_one_word(struct kunit *test)
{
	unsigned long *words = new_page(test), word;
	u32 i;

	rayos_zcomp_fill(words, 0x0123456789abcdefUL);
	KUNIT_EXPECT_TRUE(test, rayos_zcomp_same_filled(words, &word));
	KUNIT_EXPECT_EQ(test, word, 0x0123456789abcdefUL);
	for (i = 0; i < PAGE_SIZE / sizeof(word); i++) {
		words[i] ^= 1UL << (i % BITS_PER_LONG);
		KUNIT_EXPECT_FALSE(test, rayos_zcomp_same_filled(words, &word));
		words[i] ^= 1UL << (i % BITS_PER_LONG);
	}
}

static void what_cannot_be_compressed_is_not_larger(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_FAST);

	put_all(test, s, PAGE_NOISE);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	KUNIT_EXPECT_EQ(test, count(&s->store->stats.raw), PAGES);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->bytes), PAGES * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->store->pool->nr_pages), PAGES);
	put_all(test, s, PAGE_TEXT);
	KUNIT_EXPECT_EQ(test, count(&s->store->stats.raw), 0);
}

static const struct level_case {
	const char *name;
	enum rayos_zcomp_level level;
} level_cases[] = {
	{ "none", RAYOS_ZCOMP_NONE },
	{ "fast", RAYOS_ZCOMP_FAST },
	{ "balanced", RAYOS_ZCOMP_BALANCED },
	{ "best", RAYOS_ZCOMP_BEST },
};

static void level_name(const struct level_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(level, level_cases, level_name);

/* Each takes less than the one before it, of which the first takes all */
static void test_compression_levels(struct kunit *test)
{
	u64 bytes[RAYOS_ZCOMP_LEVELS];
	struct shelf *s;
	u32 i, level;

	for (level = RAYOS_ZCOMP_NONE; level < RAYOS_ZCOMP_LEVELS; level++) {
		s = new_shelf(test, level);
		for (i = 0; i < PAGES; i++)
			KUNIT_ASSERT_EQ(test, put(s, i, PAGE_TEXT), 0);
		for (i = 0; i < PAGES && level == RAYOS_ZCOMP_BEST; i += 4)
			KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, i), 0);
		KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
		bytes[level] = count(&s->store->pool->bytes);
		rayos_zcomp_store_free(s->store);
		test->priv = NULL;
	}
	KUNIT_EXPECT_EQ(test, bytes[RAYOS_ZCOMP_NONE], PAGES * PAGE_SIZE);
	KUNIT_EXPECT_LT(test, bytes[RAYOS_ZCOMP_FAST],
			bytes[RAYOS_ZCOMP_NONE]);
	KUNIT_EXPECT_LE(test, bytes[RAYOS_ZCOMP_BALANCED],
			bytes[RAYOS_ZCOMP_FAST]);
	KUNIT_EXPECT_LT(test, bytes[RAYOS_ZCOMP_BEST],
			bytes[RAYOS_ZCOMP_BALANCED] * 95 / 100);
}

/* All that may become of a page, in any order */
static void random_step(struct shelf *s)
{
	u32 i = number_below(&s->random, PAGES);

	switch (number_below(&s->random, 16)) {
	case 0:
		forget(s, i);
		break;
	case 1:
		if (rayos_zcomp_try_forget(s->store, i))
			s->kind[i] = NOTHING;
		break;
	case 2 ... 5:
		rayos_zcomp_promote(s->store, i);
		break;
	default:
		put(s, i, number_below(&s->random, PAGE_KINDS));
	}
	if (!number_below(&s->random, 500))
		rayos_zcomp_compact(s->store->pool, 8);
}

static void test_decompression(struct kunit *test)
{
	const struct level_case *c = test->param_value;
	struct shelf *s = new_shelf(test, c->level);
	u32 step, wrong = 0;

	for (step = 0; step < 8000; step++) {
		random_step(s);
		wrong += !right(s, number_below(&s->random, PAGES));
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	expect_stats(test, s);
}

/* Whatever has been damaged is told, not read */
static void damage_is_told(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BALANCED);
	struct rayos_zcomp_entry *entry;
	u32 len;
	u8 *object;

	KUNIT_ASSERT_EQ(test, put(s, 5, PAGE_TEXT), 0);
	entry = &s->store->leaves[0][5];
	object = rayos_zcomp_object(s->store->pool, rayos_zcomp_handle(entry),
				    &len);
	memset(object + len / 2, 0xff, len - len / 2);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_read(s->store, 5, s->page), -EBADMSG);
}

static void test_memory_savings(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BALANCED);
	u64 used;

	KUNIT_EXPECT_LT(test, rayos_zcomp_saved_bytes(s->store), 0);
	put_all(test, s, PAGE_SPARSE);
	used = rayos_zcomp_used_bytes(s->store);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_saved_bytes(s->store),
			(s64)(PAGES * PAGE_SIZE - used));
	/* the pool's segments, and 16 bytes for each page */
	KUNIT_EXPECT_GE(test, used, count(&s->store->pool->bytes) + PAGES * 16);
	KUNIT_EXPECT_LE(test, used, count(&s->store->pool->bytes) * 104 / 100 +
				    RAYOS_ZCOMP_SEGMENT_SIZE + PAGES * 17);
	KUNIT_EXPECT_GT(test, rayos_zcomp_saved_bytes(s->store),
			(s64)(PAGES * PAGE_SIZE / 3));
	/* what cannot be compressed is told to cost more than it saves */
	put_all(test, s, PAGE_NOISE);
	KUNIT_EXPECT_LT(test, rayos_zcomp_saved_bytes(s->store), 0);
}

static void test_compression_stats(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BEST);
	struct rayos_zcomp_store_stats *stats = &s->store->stats;
	u32 i;

	expect_stats(test, s);
	KUNIT_EXPECT_EQ(test, count(&stats->leaves), 0);
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, put(s, i, PAGE_TEXT), 0);
	KUNIT_ASSERT_EQ(test, put(s, 8, PAGE_NOISE), 0);
	KUNIT_ASSERT_EQ(test, put(s, 9, PAGE_WORD), 0);
	expect_stats(test, s);
	KUNIT_EXPECT_EQ(test, count(&stats->leaves), 1);
	KUNIT_EXPECT_EQ(test, count(&stats->raw), 1);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, 0), 0);
	KUNIT_EXPECT_EQ(test, count(&stats->chunked), 4);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->objects), 1 + 4);
	expect_stats(test, s);
	/* one that is written leaves the chunk to the other three */
	KUNIT_ASSERT_EQ(test, put(s, 2, PAGE_ZERO), 0);
	KUNIT_EXPECT_EQ(test, count(&stats->chunked), 3);
	expect_stats(test, s);
	for (i = 0; i < PAGES; i++)
		forget(s, i);
	expect_stats(test, s);
	KUNIT_EXPECT_EQ(test, count(&stats->raw), 0);
	KUNIT_EXPECT_EQ(test, count(&stats->chunked), 0);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->objects), 0);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->bytes), 0);
}

static u64 counted(struct shelf *s, enum rayos_zcomp_counter what)
{
	return rayos_zcomp_counted(s->store->counts, what);
}

static void expect_counters(struct kunit *test, struct shelf *s, u64 compressed,
			    u64 decompressed, u64 incompressible)
{
	KUNIT_EXPECT_EQ(test, counted(s, RAYOS_ZCOMP_C_COMPRESSED), compressed);
	KUNIT_EXPECT_EQ(test, counted(s, RAYOS_ZCOMP_C_DECOMPRESSED),
			decompressed);
	KUNIT_EXPECT_EQ(test, counted(s, RAYOS_ZCOMP_C_INCOMPRESSIBLE),
			incompressible);
}

static void what_happens_is_counted(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BEST);
	u32 i;

	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, put(s, i, PAGE_TEXT), 0);
	expect_counters(test, s, 8, 0, 0);
	KUNIT_ASSERT_EQ(test, put(s, 8, PAGE_NOISE), 0);
	expect_counters(test, s, 9, 0, 1);
	/* these go through no codec */
	KUNIT_ASSERT_EQ(test, put(s, 9, PAGE_WORD), 0);
	for (i = 8; i < 12; i++)
		KUNIT_EXPECT_TRUE(test, right(s, i));
	expect_counters(test, s, 9, 0, 1);
	KUNIT_EXPECT_TRUE(test, right(s, 7));
	expect_counters(test, s, 9, 1, 1);
	/* four pages come, and go together */
	KUNIT_ASSERT_EQ(test, rayos_zcomp_promote(s->store, 0), 0);
	expect_counters(test, s, 13, 5, 1);
	KUNIT_EXPECT_EQ(test, counted(s, RAYOS_ZCOMP_C_PROMOTED), 4);
	KUNIT_EXPECT_TRUE(test, right(s, 2));
	expect_counters(test, s, 13, 9, 1);
	KUNIT_EXPECT_EQ(test, counted(s, RAYOS_ZCOMP_C_REFUSED), 0);
	s->store->pool->limit = 1;
	KUNIT_EXPECT_EQ(test, put(s, 12, PAGE_NOISE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, counted(s, RAYOS_ZCOMP_C_REFUSED), 1);
}

static void chunk_lives_as_long_as_one_of_it(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BEST);
	u32 i;

	for (i = 4; i < 8; i++)
		KUNIT_ASSERT_EQ(test, put(s, i, PAGE_TEXT), 0);
	KUNIT_ASSERT_EQ(test, rayos_zcomp_promote(s->store, 7), 0);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, 4), -EALREADY);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	/* the first of them, which stands for the chunk, may go first */
	forget(s, 4);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	KUNIT_ASSERT_EQ(test, put(s, 4, PAGE_SPARSE), 0);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	forget(s, 6);
	KUNIT_ASSERT_EQ(test, put(s, 5, PAGE_WORD), 0);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->objects), 2);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	forget(s, 7);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->objects), 1);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
}

static enum rayos_zcomp_codec_kind kind_of(const struct shelf *s, u32 i)
{
	return FIELD_GET(RAYOS_ZCOMP_KIND, s->store->leaves[0][i].word);
}

/* A codec that comes while a store is in use is used for what is promoted then */
static void codec_that_comes_late(struct kunit *test)
{
	const struct rayos_zcomp_codec *zstd = rayos_zcomp_codec_get(RAYOS_ZCOMP_ZSTD);
	struct shelf *s;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, zstd);
	rayos_zcomp_unregister_codec(zstd);
	s = new_shelf(test, RAYOS_ZCOMP_BEST);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_store_use(s->store, RAYOS_ZCOMP_ZSTD),
			-ENOENT);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, put(s, i, PAGE_TEXT), 0);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, 0), 0);
	KUNIT_EXPECT_EQ(test, kind_of(s, 0), RAYOS_ZCOMP_LZO);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_register_codec(zstd), 0);
	rayos_zcomp_codec_put(zstd);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, 4), 0);
	KUNIT_EXPECT_EQ(test, kind_of(s, 4), RAYOS_ZCOMP_ZSTD);
	/* of two kinds at the same time, until all is promoted once more */
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, 0), 0);
	KUNIT_EXPECT_EQ(test, kind_of(s, 0), RAYOS_ZCOMP_ZSTD);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, 0), -EALREADY);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->objects), 2);
	KUNIT_EXPECT_EQ(test, count(&s->store->stats.chunked), 8);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	expect_stats(test, s);
}

/* What is left of a chunk and what has left it come together again */
static void chunk_is_made_anew(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BEST);
	u32 i;

	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, put(s, i, PAGE_TEXT), 0);
	KUNIT_ASSERT_EQ(test, rayos_zcomp_promote(s->store, 0), 0);
	KUNIT_ASSERT_EQ(test, put(s, 1, PAGE_TEXT), 0);
	KUNIT_ASSERT_EQ(test, put(s, 3, PAGE_WORD), 0);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->objects), 2);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, 0), 0);
	KUNIT_EXPECT_EQ(test, count(&s->store->pool->objects), 1);
	KUNIT_EXPECT_EQ(test, count(&s->store->stats.chunked), 3);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	expect_stats(test, s);
}

/* Whoever reads one page of it after the other has it decompressed once, and what is
 * remembered of it is true
 */
static void chunk_is_read_at_once(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BEST);
	struct shelf *other = new_shelf(test, RAYOS_ZCOMP_BEST);
	u64 before, round;
	u32 i;

	other->random++;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 4; i++) {
			KUNIT_ASSERT_EQ(test, put(s, i, PAGE_TEXT), 0);
			KUNIT_ASSERT_EQ(test, put(other, i, PAGE_TEXT), 0);
		}
		KUNIT_ASSERT_EQ(test, rayos_zcomp_promote(s->store, 0), 0);
		before = counted(s, RAYOS_ZCOMP_C_DECOMPRESSED);
		for (i = 0; i < 4; i++)
			KUNIT_EXPECT_TRUE(test, right(s, i));
		/* no more than once for each processor */
		KUNIT_EXPECT_LE(test, counted(s, RAYOS_ZCOMP_C_DECOMPRESSED),
				before + 4 * num_online_cpus());
		KUNIT_EXPECT_GE(test, counted(s, RAYOS_ZCOMP_C_DECOMPRESSED),
				before + 4);
		KUNIT_ASSERT_EQ(test, rayos_zcomp_promote(other->store, 0), 0);
		for (i = 0; i < 4; i++) {
			KUNIT_EXPECT_TRUE(test, right(other, i));
			KUNIT_EXPECT_TRUE(test, right(s, i));
		}
		/* what leaves it is not what is remembered */
		KUNIT_ASSERT_EQ(test, put(s, 1, PAGE_SPARSE), 0);
		KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
		KUNIT_EXPECT_EQ(test, wrong_pages(other), 0);
	}
	rayos_zcomp_store_free(other->store);
	test->priv = s->store;
}

static u64 promote(struct shelf *s, bool idle, bool huge, u32 threshold, u64 most)
{
	const struct rayos_zcomp_which which = { idle, huge, threshold, most };

	return rayos_zcomp_promote_which(s->store, &which);
}

static void what_is_promoted(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BEST);
	u32 i;

	/* four groups of text, of which the second has a page of noise */
	for (i = 0; i < 16; i++)
		KUNIT_ASSERT_EQ(test, put(s, i, i == 5 ? PAGE_NOISE : PAGE_TEXT), 0);
	KUNIT_EXPECT_EQ(test, promote(s, true, false, 0, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, promote(s, false, false, PAGE_SIZE + 1, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, promote(s, false, false, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_mark_idle(s->store, 0), 16);
	KUNIT_EXPECT_TRUE(test, right(s, 5));
	KUNIT_EXPECT_EQ(test, promote(s, true, true, 0, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, promote(s, false, true, 0, U64_MAX), 1);
	KUNIT_EXPECT_TRUE(test, s->store->leaves[0][5].word & RAYOS_ZCOMP_CHUNK);
	KUNIT_EXPECT_EQ(test, promote(s, true, false, 0, 1), 1);
	KUNIT_EXPECT_TRUE(test, s->store->leaves[0][0].word & RAYOS_ZCOMP_CHUNK);
	KUNIT_EXPECT_TRUE(test, right(s, 8));
	KUNIT_EXPECT_EQ(test, promote(s, true, false, 0, U64_MAX), 1);
	KUNIT_EXPECT_FALSE(test, s->store->leaves[0][8].word & RAYOS_ZCOMP_CHUNK);
	KUNIT_EXPECT_EQ(test, promote(s, false, false, 100, U64_MAX), 1);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	expect_stats(test, s);
}

static void what_is_not_promoted(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BEST);
	u32 i;

	KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, 0), -ENODATA);
	KUNIT_ASSERT_EQ(test, put(s, 0, PAGE_TEXT), 0);
	KUNIT_ASSERT_EQ(test, put(s, 1, PAGE_WORD), 0);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, 0), -ENODATA);
	for (i = 4; i < 8; i++)
		KUNIT_ASSERT_EQ(test, put(s, i, PAGE_NOISE), 0);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_promote(s->store, 4), -E2BIG);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	expect_stats(test, s);
}

/* Without room for it a page is what it was before */
static void limit_refuses(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BALANCED);
	u32 i, refused = 0;

	s->store->pool->limit = 30;
	for (i = 0; i < PAGES; i++)
		KUNIT_ASSERT_EQ(test, put(s, i, PAGE_WORD), 0);
	for (i = 0; i < PAGES; i++)
		refused += put(s, i, PAGE_NOISE) == -ENOMEM;
	KUNIT_EXPECT_EQ(test, refused, PAGES - 30);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	expect_stats(test, s);
	forget(s, 0);
	KUNIT_EXPECT_EQ(test, put(s, PAGES - 1, PAGE_NOISE), 0);
}

/* Gaps between objects are no reason to refuse a page */
static void limit_has_gaps_closed(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BALANCED);
	u32 i, put_there = 0;

	s->store->pool->limit = 8 * RAYOS_ZCOMP_SEGMENT_PAGES;
	for (i = 0; i < PAGES && !put(s, i, PAGE_TEXT); i++)
		put_there++;
	KUNIT_ASSERT_LT(test, put_there, PAGES / 2);
	for (i = 0; i < put_there; i++) {
		if (i % 8)
			forget(s, i);
	}
	/* an eighth is left, so that of eight segments six are to be had */
	for (i = 0; i < 6 * RAYOS_ZCOMP_SEGMENT_PAGES; i++)
		KUNIT_ASSERT_EQ(test, put(s, PAGES / 2 + i, PAGE_NOISE), 0);
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	expect_stats(test, s);
}

/* Several that write, read and forget pages of their own, which have neighbours
 * that are others', while yet others promote and compact
 */
#define WORKERS	4

struct worker {
	struct shelf *shelf;
	void *page;
	u32 number;
	u32 wrong;
	u64 random;
	struct completion done;
};

static void work_on(struct worker *w, u32 i)
{
	struct shelf *s = w->shelf;
	u64 seed = next_random(&w->random);
	u32 kind = number_below(&w->random, PAGE_KINDS);

	if (s->kind[i] != NOTHING) {
		w->wrong += rayos_zcomp_read(s->store, i, w->page) ||
			    !is_page(w->page, s->kind[i], s->seed[i]);
	}
	if (!number_below(&w->random, 8)) {
		rayos_zcomp_forget(s->store, i);
		s->kind[i] = NOTHING;
		return;
	}
	make_page(w->page, kind, seed);
	w->wrong += rayos_zcomp_write(s->store, i, w->page) != 0;
	s->kind[i] = kind;
	s->seed[i] = seed;
}

static int work(void *data)
{
	struct worker *w = data;
	u32 step, i;

	for (step = 0; step < 4000; step++) {
		i = number_below(&w->random, PAGES / WORKERS) * WORKERS +
		    w->number;
		work_on(w, i);
		rayos_zcomp_promote(w->shelf->store,
				    number_below(&w->random, PAGES));
		if (!(step % 64))
			rayos_zcomp_compact(w->shelf->store->pool, 4);
		cond_resched();
	}
	complete(&w->done);
	return 0;
}

static void test_thread_safety(struct kunit *test)
{
	struct shelf *s = new_shelf(test, RAYOS_ZCOMP_BEST);
	struct task_struct *task;
	struct worker *w;
	u32 i;

	w = kunit_kzalloc(test, WORKERS * sizeof(*w), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w);
	for (i = 0; i < WORKERS; i++) {
		w[i].shelf = s;
		w[i].number = i;
		w[i].random = i;
		w[i].page = new_page(test);
		init_completion(&w[i].done);
	}
	for (i = 0; i < WORKERS; i++) {
		task = kthread_run(work, &w[i], "zcomp/%u", i);
		KUNIT_EXPECT_FALSE(test, IS_ERR(task));
		if (IS_ERR(task))
			complete(&w[i].done);
	}
	for (i = 0; i < WORKERS; i++) {
		wait_for_completion(&w[i].done);
		KUNIT_EXPECT_EQ(test, w[i].wrong, 0);
	}
	KUNIT_EXPECT_EQ(test, wrong_pages(s), 0);
	expect_stats(test, s);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_page_compression),
	KUNIT_CASE(test_compression_levels),
	KUNIT_CASE_PARAM(test_decompression, level_gen_params),
	KUNIT_CASE(test_memory_savings),
	KUNIT_CASE(test_compression_stats),
	KUNIT_CASE(what_happens_is_counted),
	KUNIT_CASE(test_thread_safety),
	KUNIT_CASE(pages_of_one_word_cost_no_pool),
	KUNIT_CASE(nearly_one_word),
	KUNIT_CASE(what_cannot_be_compressed_is_not_larger),
	KUNIT_CASE(damage_is_told),
	KUNIT_CASE(chunk_lives_as_long_as_one_of_it),
	KUNIT_CASE(codec_that_comes_late),
	KUNIT_CASE(chunk_is_made_anew),
	KUNIT_CASE(chunk_is_read_at_once),
	KUNIT_CASE(what_is_promoted),
	KUNIT_CASE(what_is_not_promoted),
	KUNIT_CASE(limit_refuses),
	KUNIT_CASE(limit_has_gaps_closed),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_zcomp_store",
	.exit = exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
