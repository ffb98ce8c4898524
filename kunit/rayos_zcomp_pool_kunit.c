// SPDX-License-Identifier: GPL-2.0-only
/*
 * PagePool: objects are what was put there, wherever compaction has moved them,
 * and little memory is lost between them.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "zcomp.h"

#define OBJECTS	4096

/**
 * struct model - what there should be in a pool
 * @pool: the pool
 * @handle: of each object, 0 if it is not there
 * @len: bytes of each object
 * @held: whose owner does not let it be moved
 * @lost: moved() was told of an object that is not there or not let be
 * @seed: of random numbers
 */
struct model {
	struct rayos_zcomp_pool *pool;
	u64 handle[OBJECTS];
	u32 len[OBJECTS];
	bool held[OBJECTS];
	u32 lost;
	u64 seed;
};

static bool hold(void *context, u64 owner)
{
	struct model *m = context;

	return !m->held[owner];
}

static void moved(void *context, u64 owner, u64 handle)
{
	struct model *m = context;

	if (!m->handle[owner] || m->held[owner])
		m->lost++;
	m->handle[owner] = handle;
}

static void release(void *context, u64 owner)
{
}

static const struct rayos_zcomp_pool_ops ops = {
	.hold = hold,
	.moved = moved,
	.release = release,
};

static struct model *new_model(struct kunit *test, u32 limit)
{
	struct model *m = test->priv;

	m->pool = rayos_zcomp_pool_new(&ops, m, 1, limit);
	KUNIT_ASSERT_NOT_NULL(test, m->pool);
	return m;
}

static int init(struct kunit *test)
{
	struct model *m = vzalloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->seed = 4711;
	test->priv = m;
	return 0;
}

static void exit(struct kunit *test)
{
	struct model *m = test->priv;

	if (!m)
		return;
	rayos_zcomp_pool_free(m->pool);
	vfree(m);
}

/* Each byte of an object tells whose it is and where in it */
static u8 byte_of(u32 i, u32 at)
{
	return i * 31 + at * 7 + (at >> 8);
}

static bool add(struct model *m, u32 i, u32 len)
{
	u8 *object;
	u32 at;

	m->handle[i] = rayos_zcomp_alloc(m->pool, len, i, GFP_KERNEL);
	if (!m->handle[i])
		return false;
	m->len[i] = len;
	object = rayos_zcomp_object(m->pool, m->handle[i], NULL);
	for (at = 0; at < len; at++)
		object[at] = byte_of(i, at);
	return true;
}

static void del(struct model *m, u32 i)
{
	rayos_zcomp_free(m->pool, m->handle[i]);
	m->handle[i] = 0;
}

static bool intact(struct model *m, u32 i)
{
	u32 len, at;
	u8 *object = rayos_zcomp_object(m->pool, m->handle[i], &len);

	if (len != m->len[i])
		return false;
	for (at = 0; at < len; at++) {
		if (object[at] != byte_of(i, at))
			return false;
	}
	return true;
}

static u32 damaged(struct model *m)
{
	u32 i, n = 0;

	for (i = 0; i < OBJECTS; i++)
		n += m->handle[i] && !intact(m, i);
	return n;
}

/* Sizes as those of compressed pages: most around a third, some hardly smaller */
static u32 some_len(struct model *m)
{
	u32 len = 64 + number_below(&m->seed, 1400) +
		  number_below(&m->seed, 1400);

	return number_below(&m->seed, 50) ? len : 4096;
}

static void fill(struct kunit *test, struct model *m)
{
	u32 i;

	for (i = 0; i < OBJECTS; i++)
		KUNIT_ASSERT_TRUE(test, add(m, i, some_len(m)));
}

static u64 pool_bytes(struct model *m)
{
	return (u64)atomic_read(&m->pool->nr_segments) *
	       RAYOS_ZCOMP_SEGMENT_SIZE;
}

static void expect_counts(struct kunit *test, struct model *m)
{
	u64 objects = 0, bytes = 0;
	u32 i;

	for (i = 0; i < OBJECTS; i++) {
		objects += !!m->handle[i];
		bytes += m->handle[i] ? m->len[i] : 0;
	}
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&m->pool->objects), objects);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&m->pool->bytes), bytes);
}

static void every_length(struct kunit *test)
{
	struct model *m = new_model(test, 0);
	u32 len;

	for (len = 1; len <= OBJECTS; len++)
		KUNIT_ASSERT_TRUE(test, add(m, len - 1, len));
	KUNIT_EXPECT_EQ(test, damaged(m), 0);
	expect_counts(test, m);
	for (len = 1; len <= OBJECTS; len++)
		del(m, len - 1);
	for (len = 1; len <= OBJECTS; len++)
		KUNIT_ASSERT_TRUE(test, add(m, len - 1, 4 * len));
	KUNIT_EXPECT_EQ(test, damaged(m), 0);
	expect_counts(test, m);
}

static void largest_object(struct kunit *test)
{
	struct model *m = new_model(test, 0);
	void *object;

	KUNIT_ASSERT_TRUE(test, add(m, 0, RAYOS_ZCOMP_OBJECT_MAX));
	KUNIT_EXPECT_TRUE(test, intact(m, 0));
	object = rayos_zcomp_object(m->pool, m->handle[0], NULL);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)object, 8));
}

/* At any moment each object is whole, as none overlaps another */
static void random_life(struct kunit *test)
{
	struct model *m = new_model(test, 0);
	u32 step, i, wrong = 0;

	for (step = 0; step < 40000; step++) {
		i = number_below(&m->seed, OBJECTS);
		if (!m->handle[i]) {
			if (!add(m, i, some_len(m)))
				wrong++;
			continue;
		}
		wrong += !intact(m, i);
		del(m, i);
		if (!number_below(&m->seed, 2000))
			rayos_zcomp_compact(m->pool, 4);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, damaged(m), 0);
	KUNIT_EXPECT_EQ(test, m->lost, 0);
	expect_counts(test, m);
}

static void little_is_lost_between_objects(struct kunit *test)
{
	struct model *m = new_model(test, 0);

	fill(test, m);
	KUNIT_EXPECT_LE(test, pool_bytes(m) * 100,
			(u64)atomic64_read(&m->pool->bytes) * 102 +
			100 * RAYOS_ZCOMP_SEGMENT_SIZE);
}

static void churn(struct model *m)
{
	u32 step, i;

	for (step = 0; step < 10 * OBJECTS; step++) {
		i = number_below(&m->seed, OBJECTS);
		if (m->handle[i])
			del(m, i);
		add(m, i, some_len(m));
	}
}

static void little_is_lost_after_churn(struct kunit *test)
{
	struct model *m = new_model(test, 0);

	fill(test, m);
	churn(m);
	kunit_info(test, "%llu bytes in %llu after churn",
		   (u64)atomic64_read(&m->pool->bytes), pool_bytes(m));
	rayos_zcomp_compact(m->pool, UINT_MAX);
	kunit_info(test, "%llu bytes in %llu after compaction",
		   (u64)atomic64_read(&m->pool->bytes), pool_bytes(m));
	KUNIT_EXPECT_LE(test, pool_bytes(m) * 100,
			(u64)atomic64_read(&m->pool->bytes) * 108);
	KUNIT_EXPECT_EQ(test, damaged(m), 0);
	KUNIT_EXPECT_EQ(test, m->lost, 0);
}

static void compaction_gives_back(struct kunit *test)
{
	struct model *m = new_model(test, 0);
	u64 before;
	u32 i, given_back;

	fill(test, m);
	before = pool_bytes(m);
	for (i = 0; i < OBJECTS; i++) {
		if (i % 4)
			del(m, i);
	}
	given_back = rayos_zcomp_compact(m->pool, UINT_MAX);
	KUNIT_EXPECT_EQ(test, before - pool_bytes(m),
			(u64)given_back * RAYOS_ZCOMP_SEGMENT_SIZE);
	KUNIT_EXPECT_LE(test, pool_bytes(m) * 100,
			(u64)atomic64_read(&m->pool->bytes) * 108 +
			100 * RAYOS_ZCOMP_SEGMENT_SIZE);
	KUNIT_EXPECT_GT(test, atomic64_read(&m->pool->moved), 0);
	KUNIT_EXPECT_EQ(test, damaged(m), 0);
	expect_counts(test, m);
}

static void compaction_does_no_more_than_it_may(struct kunit *test)
{
	struct model *m = new_model(test, 0);
	u32 i, before;

	fill(test, m);
	for (i = 0; i < OBJECTS; i++) {
		if (i % 4)
			del(m, i);
	}
	before = atomic_read(&m->pool->nr_segments);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_compact(m->pool, 3), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->pool->nr_segments), before - 3);
}

static void what_is_held_stays(struct kunit *test)
{
	struct model *m = new_model(test, 0);
	u64 *before;
	u32 i, stayed = 0, held = 0;

	fill(test, m);
	for (i = 0; i < OBJECTS; i++) {
		if (i % 4)
			del(m, i);
		else
			m->held[i] = !(i % 64);
	}
	before = kunit_kmalloc(test, sizeof(m->handle), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, before);
	memcpy(before, m->handle, sizeof(m->handle));
	rayos_zcomp_compact(m->pool, UINT_MAX);
	for (i = 0; i < OBJECTS; i++) {
		held += m->held[i];
		stayed += m->held[i] && m->handle[i] == before[i];
	}
	KUNIT_EXPECT_EQ(test, stayed, held);
	KUNIT_EXPECT_EQ(test, m->lost, 0);
	KUNIT_EXPECT_EQ(test, damaged(m), 0);
	/* what stayed can be freed and used as ever */
	churn(m);
	KUNIT_EXPECT_EQ(test, damaged(m), 0);
}

static void limit_holds(struct kunit *test)
{
	struct model *m = new_model(test, 4 * RAYOS_ZCOMP_SEGMENT_PAGES);
	u32 i;

	for (i = 0; i < OBJECTS && add(m, i, 4000); i++)
		;
	/* 16 of 251 granules leave room for none */
	KUNIT_EXPECT_EQ(test, i, 4 * 16);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->pool->nr_segments), 4);
	KUNIT_EXPECT_EQ(test, m->pool->peak, 4 * RAYOS_ZCOMP_SEGMENT_PAGES);
	KUNIT_EXPECT_EQ(test, damaged(m), 0);
	del(m, 7);
	KUNIT_EXPECT_TRUE(test, add(m, 7, 4000));
	KUNIT_EXPECT_FALSE(test, add(m, i, 4000));
}

static void empty_pool_keeps_one_segment(struct kunit *test)
{
	struct model *m = new_model(test, 0);
	u32 i;

	fill(test, m);
	for (i = 0; i < OBJECTS; i++)
		del(m, i);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->pool->nr_segments), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&m->pool->granules), 0);
	expect_counts(test, m);
	KUNIT_EXPECT_EQ(test, rayos_zcomp_compact(m->pool, UINT_MAX), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->pool->nr_segments), 0);
	KUNIT_EXPECT_TRUE(test, add(m, 0, 100));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_length),
	KUNIT_CASE(largest_object),
	KUNIT_CASE(random_life),
	KUNIT_CASE(little_is_lost_between_objects),
	KUNIT_CASE(little_is_lost_after_churn),
	KUNIT_CASE(compaction_gives_back),
	KUNIT_CASE(compaction_does_no_more_than_it_may),
	KUNIT_CASE(what_is_held_stays),
	KUNIT_CASE(limit_holds),
	KUNIT_CASE(empty_pool_keeps_one_segment),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_zcomp_pool",
	.init = init,
	.exit = exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
