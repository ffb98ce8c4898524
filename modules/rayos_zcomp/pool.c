// SPDX-License-Identifier: GPL-2.0-only
/*
 * PagePool: memory for what pages have been compressed to.
 *
 * A segment is a row of blocks, each of which is free or holds an object, and no
 * two free ones are side by side.  A block begins with a word that tells its
 * size, and a free one ends with another, so that both neighbours of a block are
 * found (boundary tags: Knuth, The Art of Computer Programming 1, 2.5).  Free
 * blocks are kept by their size, and the smallest in which an object has room is
 * taken: exactly the smallest up to 8 KiB, of larger ones one that is at most an
 * eighth too large (TLSF: Masmano et al., ECRTS 2004).  All of it takes constant
 * time.
 *
 * What objects leave behind when they are freed is given back to the system by
 * compaction, which moves what is left in the emptiest segments into gaps of the
 * others.  So handles are no addresses, and whoever reads an object must hold
 * its owner off, see &struct rayos_zcomp_pool_ops.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "pool.h"

/*
 * The word before a block: its size in granules, whether it holds an object and
 * whether the block before it is free, how many bytes of its last granule are
 * left over, and the owner of the object.  A free block has its handle there.
 */
#define HEAD_SIZE	GENMASK_ULL(12, 0)
#define HEAD_USED	BIT_ULL(13)
#define HEAD_AFTER_FREE	BIT_ULL(14)
#define HEAD_SLACK	GENMASK_ULL(19, 16)
#define HEAD_SLACK_SHIFT	16
#define HEAD_OWNER_SHIFT	20

#define OFFSET_BITS	12
#define OFFSET_MASK	(BIT_ULL(OFFSET_BITS) - 1)

/* A free block.  Of one granule, it has room for its head and its tail only */
struct gap {
	u64 head;
	struct hlist_node node;
};

#define GAP_MIN		2 /* granules, with its tail */

/* More than this of a segment in use is not worth to be moved */
#define DRAIN_MAX	(RAYOS_ZCOMP_SEGMENT_GRANULES * 7 / 8)

/* An arena with more than one in so many granules free serves all processors, apart
 * from a segment that its own have just begun
 */
#define SPARSE		32

static u64 *head_at(const struct rayos_zcomp_segment *seg, u32 offset)
{
	return (u64 *)(seg->mem + (offset << RAYOS_ZCOMP_GRANULE_SHIFT));
}

static struct gap *gap_at(const struct rayos_zcomp_segment *seg, u32 offset)
{
	return (struct gap *)head_at(seg, offset);
}

/* The last word of a free block says its size once more */
static u64 *tail_before(const struct rayos_zcomp_segment *seg, u32 offset)
{
	return head_at(seg, offset) - 1;
}

static u32 size_of(u64 head)
{
	return head & HEAD_SIZE;
}

static u64 owner_of(u64 head)
{
	return head >> HEAD_OWNER_SHIFT;
}

static u64 handle_of(const struct rayos_zcomp_segment *seg, u32 offset)
{
	return ((u64)seg->index << OFFSET_BITS) | offset;
}

static u32 granules_for(u32 len)
{
	return DIV_ROUND_UP(len + RAYOS_ZCOMP_BLOCK_HEAD, RAYOS_ZCOMP_GRANULE);
}

/* Bytes of an object whose block has this head */
static u32 len_of(u64 head)
{
	return (size_of(head) << RAYOS_ZCOMP_GRANULE_SHIFT) -
	       RAYOS_ZCOMP_BLOCK_HEAD -
	       ((head & HEAD_SLACK) >> HEAD_SLACK_SHIFT);
}

/* Where a free block of this size is kept */
static u32 bin_of(u32 size)
{
	u32 order;

	if (size < RAYOS_ZCOMP_EXACT_BINS)
		return size;
	order = fls(size) - 1;
	return RAYOS_ZCOMP_EXACT_BINS +
	       8 * (order - ilog2(RAYOS_ZCOMP_EXACT_BINS)) +
	       ((size >> (order - 3)) & 7);
}

/* The first bin in which every block has room for this size */
static u32 first_bin(u32 size)
{
	if (size < RAYOS_ZCOMP_EXACT_BINS)
		return size;
	return bin_of(size + (1 << (fls(size) - 4)) - 1);
}

static struct list_head *step_of(struct rayos_zcomp_segment *seg)
{
	u32 step = seg->live * RAYOS_ZCOMP_FILL_STEPS /
		   (RAYOS_ZCOMP_SEGMENT_GRANULES + 1);

	return &seg->arena->segments[step];
}

static void set_live(struct rayos_zcomp_segment *seg, u32 live)
{
	struct list_head *before = step_of(seg);

	seg->arena->empty += !live;
	seg->arena->empty -= !seg->live;
	seg->arena->free += seg->live - live;
	seg->live = live;
	if (step_of(seg) != before)
		list_move(&seg->node, step_of(seg));
}

static void put_in_bin(struct rayos_zcomp_segment *seg, u32 offset)
{
	struct rayos_zcomp_arena *arena = seg->arena;
	struct gap *gap = gap_at(seg, offset);
	u32 bin = bin_of(size_of(gap->head));

	if (size_of(gap->head) < GAP_MIN || seg->draining)
		return;
	hlist_add_head(&gap->node, &arena->bins[bin]);
	__set_bit(bin, arena->map);
}

static void take_from_bin(struct rayos_zcomp_segment *seg, u32 offset)
{
	struct rayos_zcomp_arena *arena = seg->arena;
	struct gap *gap = gap_at(seg, offset);
	u32 bin = bin_of(size_of(gap->head));

	if (size_of(gap->head) < GAP_MIN || seg->draining)
		return;
	hlist_del(&gap->node);
	if (hlist_empty(&arena->bins[bin]))
		__clear_bit(bin, arena->map);
}

/* Its neighbours are in use */
static void make_gap(struct rayos_zcomp_segment *seg, u32 offset, u32 size)
{
	u32 end = offset + size;

	*head_at(seg, offset) = size | (handle_of(seg, offset) << HEAD_OWNER_SHIFT);
	*tail_before(seg, end) = size;
	if (end < RAYOS_ZCOMP_SEGMENT_GRANULES)
		*head_at(seg, end) |= HEAD_AFTER_FREE;
	put_in_bin(seg, offset);
}

/* A free block becomes one in use, what is too much of it stays free */
static void use_gap(struct rayos_zcomp_segment *seg, u32 offset, u32 size,
		    u32 len, u64 owner)
{
	u32 whole = size_of(*head_at(seg, offset)), end = offset + whole;
	u64 slack = (size << RAYOS_ZCOMP_GRANULE_SHIFT) -
		    RAYOS_ZCOMP_BLOCK_HEAD - len;

	take_from_bin(seg, offset);
	*head_at(seg, offset) = size | HEAD_USED |
				(slack << HEAD_SLACK_SHIFT) |
				(owner << HEAD_OWNER_SHIFT);
	if (whole > size)
		make_gap(seg, offset + size, whole - size);
	else if (end < RAYOS_ZCOMP_SEGMENT_GRANULES)
		*head_at(seg, end) &= ~HEAD_AFTER_FREE;
	set_live(seg, seg->live + size);
}

/* A block in use becomes a free one, with those around it that are free */
static void free_block(struct rayos_zcomp_segment *seg, u32 offset)
{
	u32 size = size_of(*head_at(seg, offset)), end = offset + size;

	set_live(seg, seg->live - size);
	if (end < RAYOS_ZCOMP_SEGMENT_GRANULES &&
	    !(*head_at(seg, end) & HEAD_USED)) {
		take_from_bin(seg, end);
		end += size_of(*head_at(seg, end));
	}
	if (*head_at(seg, offset) & HEAD_AFTER_FREE) {
		offset -= *tail_before(seg, offset);
		take_from_bin(seg, offset);
	}
	/* no block begins there any more */
	if (seg->draining && seg->cursor > offset && seg->cursor < end)
		seg->cursor = end;
	make_gap(seg, offset, end - offset);
}

static void count_object(struct rayos_zcomp_pool *pool, u64 head, int sign)
{
	atomic64_add(sign, &pool->objects);
	atomic64_add(sign * (s64)len_of(head), &pool->bytes);
	atomic64_add(sign * (s64)size_of(head), &pool->granules);
}

static struct rayos_zcomp_segment *segment_of(struct rayos_zcomp_pool *pool,
					      u64 handle)
{
	return xa_load(&pool->segments, handle >> OFFSET_BITS);
}

/* A block for an object, or 0 if no free one has room for it */
static u64 take(struct rayos_zcomp_arena *arena, u32 len, u64 owner)
{
	u32 size = granules_for(len), bin;
	struct rayos_zcomp_segment *seg;
	struct gap *gap;
	u64 handle;

	lockdep_assert_held(&arena->lock);

	bin = find_next_bit(arena->map, RAYOS_ZCOMP_BINS, first_bin(size));
	if (bin == RAYOS_ZCOMP_BINS)
		return 0;
	gap = hlist_entry(arena->bins[bin].first, struct gap, node);
	handle = owner_of(gap->head);
	seg = segment_of(arena->pool, handle);
	use_gap(seg, handle & OFFSET_MASK, size, len, owner);
	count_object(arena->pool, *head_at(seg, handle & OFFSET_MASK), 1);
	return handle;
}

static void release(struct rayos_zcomp_pool *pool,
		    struct rayos_zcomp_segment *seg)
{
	xa_erase(&pool->segments, seg->index);
	rayos_zcomp_segment_put(seg->mem);
	kfree(seg);
	atomic_dec(&pool->nr_segments);
	atomic_sub(RAYOS_ZCOMP_SEGMENT_PAGES, &pool->nr_pages);
}

/* Pages count before they are there, so that the limit holds for all at once */
static bool reserve(struct rayos_zcomp_pool *pool, u32 pages)
{
	int nr = atomic_read(&pool->nr_pages);
	u32 limit = READ_ONCE(pool->limit);

	do {
		if (limit && (u64)nr + pages > limit)
			return false;
	} while (!atomic_try_cmpxchg(&pool->nr_pages, &nr, nr + pages));
	if (nr + pages > READ_ONCE(pool->peak))
		WRITE_ONCE(pool->peak, nr + pages);
	return true;
}

/* Nobody finds it any more */
static void detach(struct rayos_zcomp_segment *seg)
{
	list_del(&seg->node);
	seg->arena->empty--;
	seg->arena->free -= RAYOS_ZCOMP_SEGMENT_GRANULES;
	seg->arena->granules -= RAYOS_ZCOMP_SEGMENT_GRANULES;
}

static bool grow(struct rayos_zcomp_arena *arena, gfp_t gfp)
{
	struct rayos_zcomp_pool *pool = arena->pool;
	struct rayos_zcomp_segment *seg;

	if (!reserve(pool, RAYOS_ZCOMP_SEGMENT_PAGES))
		return false;
	seg = kzalloc(sizeof(*seg), gfp);
	if (!seg)
		goto err_unreserve;
	seg->mem = rayos_zcomp_segment_get(gfp);
	if (!seg->mem)
		goto err_free;
	seg->arena = arena;
	/* from 1 on, for a handle is never 0 */
	if (xa_alloc(&pool->segments, &seg->index, seg,
		     XA_LIMIT(1, (1U << (RAYOS_ZCOMP_HANDLE_BITS - OFFSET_BITS)) - 1),
		     gfp))
		goto err_put;
	spin_lock(&arena->lock);
	list_add(&seg->node, step_of(seg));
	arena->empty++;
	arena->free += RAYOS_ZCOMP_SEGMENT_GRANULES;
	arena->granules += RAYOS_ZCOMP_SEGMENT_GRANULES;
	make_gap(seg, 0, RAYOS_ZCOMP_SEGMENT_GRANULES);
	spin_unlock(&arena->lock);
	atomic_inc(&pool->nr_segments);
	return true;

err_put:
	rayos_zcomp_segment_put(seg->mem);
err_free:
	kfree(seg);
err_unreserve:
	atomic_sub(RAYOS_ZCOMP_SEGMENT_PAGES, &pool->nr_pages);
	return false;
}

static struct rayos_zcomp_arena *this_arena(struct rayos_zcomp_pool *pool)
{
	return &pool->arenas[raw_smp_processor_id() % pool->nr_arenas];
}

/**
 * rayos_zcomp_grow() - make room before it is needed
 * @pool: the pool
 * @gfp: how to allocate
 *
 * Context: May sleep, unless @gfp has __GFP_NORETRY.
 * Return: whether there is a segment more.
 */
bool rayos_zcomp_grow(struct rayos_zcomp_pool *pool, gfp_t gfp)
{
	return grow(this_arena(pool), gfp);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_grow);

static u64 take_locked(struct rayos_zcomp_arena *arena, u32 len, u64 owner)
{
	u64 handle;

	spin_lock(&arena->lock);
	handle = take(arena, len, owner);
	spin_unlock(&arena->lock);
	return handle;
}

/* What is written by another processor than before leaves gaps in one arena and needs
 * room in another.  A look without the locks: it is no matter how full they are just
 * now
 */
static u64 take_from_sparse(struct rayos_zcomp_pool *pool, u32 len, u64 owner)
{
	struct rayos_zcomp_arena *arena;
	u64 handle = 0;
	u32 i;

	for (i = 0; i < pool->nr_arenas && !handle; i++) {
		arena = &pool->arenas[i];
		if (READ_ONCE(arena->free) > READ_ONCE(arena->granules) / SPARSE +
					     RAYOS_ZCOMP_SEGMENT_GRANULES)
			handle = take_locked(arena, len, owner);
	}
	return handle;
}

static u64 take_anywhere(struct rayos_zcomp_pool *pool, u32 len, u64 owner)
{
	u64 handle = 0;
	u32 i;

	for (i = 0; i < pool->nr_arenas && !handle; i++)
		handle = take_locked(&pool->arenas[i], len, owner);
	return handle;
}

/**
 * rayos_zcomp_pool_new() - make a pool without any memory
 * @ops: tell of objects that move, NULL if compaction is never asked for
 * @context: argument of @ops
 * @nr_arenas: in how many parts processors may allocate at the same time
 * @limit: the most pages it may have, 0 for any number
 *
 * Context: May sleep.
 * Return: the pool, or NULL if there is no memory.
 */
struct rayos_zcomp_pool *rayos_zcomp_pool_new(const struct rayos_zcomp_pool_ops *ops,
					      void *context, u32 nr_arenas,
					      u32 limit)
{
	struct rayos_zcomp_pool *pool;
	u32 i, step;

	pool = kvzalloc(struct_size(pool, arenas, nr_arenas), GFP_KERNEL);
	if (!pool)
		return NULL;
	pool->ops = ops;
	pool->context = context;
	pool->limit = limit;
	pool->nr_arenas = nr_arenas;
	xa_init_flags(&pool->segments, XA_FLAGS_ALLOC1);
	mutex_init(&pool->compact);
	for (i = 0; i < nr_arenas; i++) {
		spin_lock_init(&pool->arenas[i].lock);
		pool->arenas[i].pool = pool;
		for (step = 0; step < RAYOS_ZCOMP_FILL_STEPS; step++)
			INIT_LIST_HEAD(&pool->arenas[i].segments[step]);
	}
	return pool;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_pool_new);

/**
 * rayos_zcomp_pool_free() - give back a pool and all that is in it
 * @pool: one that nobody uses any more and that has no pages of their own, or NULL
 *
 * Context: Process context.
 */
void rayos_zcomp_pool_free(struct rayos_zcomp_pool *pool)
{
	struct rayos_zcomp_segment *seg;
	unsigned long index;

	if (!pool)
		return;
	xa_for_each(&pool->segments, index, seg)
		release(pool, seg);
	xa_destroy(&pool->segments);
	WARN_ON_ONCE(atomic_read(&pool->nr_pages));
	kvfree(pool);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_pool_free);

/**
 * rayos_zcomp_alloc() - make room for an object
 * @pool: the pool
 * @len: bytes, 1 to %RAYOS_ZCOMP_OBJECT_MAX
 * @owner: who is to be told when it moves, below 2^%RAYOS_ZCOMP_OWNER_BITS
 * @gfp: how to allocate a segment if one is needed
 *
 * Compaction may move the object at once unless the owner is held.
 *
 * Context: Process context.  May sleep, unless @gfp has __GFP_NORETRY.
 * Return: a handle, or 0 if there is no memory or the limit is reached.
 */
u64 rayos_zcomp_alloc(struct rayos_zcomp_pool *pool, u32 len, u64 owner,
		      gfp_t gfp)
{
	struct rayos_zcomp_arena *arena = this_arena(pool);
	u64 handle;

	if (WARN_ON_ONCE(!len || len > RAYOS_ZCOMP_OBJECT_MAX))
		return 0;
	handle = take_locked(arena, len, owner);
	if (!handle)
		handle = take_from_sparse(pool, len, owner);
	if (!handle && grow(arena, gfp))
		handle = take_locked(arena, len, owner);
	if (!handle)
		handle = take_anywhere(pool, len, owner);
	return handle;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_alloc);

/**
 * rayos_zcomp_object() - where an object is
 * @pool: the pool
 * @handle: of the object
 * @len: its length in bytes is left here, if not NULL
 *
 * Context: Any.  The object's owner is held, else it may move.
 * Return: its first byte, at an address that is a multiple of 8.
 */
void *rayos_zcomp_object(struct rayos_zcomp_pool *pool, u64 handle, u32 *len)
{
	u64 *head = head_at(segment_of(pool, handle), handle & OFFSET_MASK);

	if (len)
		*len = len_of(READ_ONCE(*head));
	return head + 1;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_object);

/**
 * rayos_zcomp_free() - an object is needed no more
 * @pool: the pool
 * @handle: of the object
 *
 * Context: Process context, may be atomic.  The object's owner is held.
 */
void rayos_zcomp_free(struct rayos_zcomp_pool *pool, u64 handle)
{
	struct rayos_zcomp_segment *seg = segment_of(pool, handle);
	struct rayos_zcomp_arena *arena = seg->arena;
	u32 offset = handle & OFFSET_MASK;
	bool unused;

	spin_lock(&arena->lock);
	count_object(pool, *head_at(seg, offset), -1);
	free_block(seg, offset);
	unused = !seg->live && arena->empty > 1 && !seg->draining;
	if (unused) {
		take_from_bin(seg, 0);
		detach(seg);
	}
	spin_unlock(&arena->lock);
	if (unused)
		release(pool, seg);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_free);

/**
 * rayos_zcomp_alloc_page() - make room for an object of a page's size
 * @pool: the pool
 * @gfp: how to allocate
 *
 * It is a page of its own, which is never moved and loses nothing to heads.
 *
 * Context: May sleep if @gfp says so.
 * Return: the page, or NULL if there is no memory or the limit is reached.
 */
struct page *rayos_zcomp_alloc_page(struct rayos_zcomp_pool *pool, gfp_t gfp)
{
	struct page *page;

	if (!reserve(pool, 1))
		return NULL;
	page = alloc_page(gfp);
	if (page)
		atomic64_add(PAGE_SIZE, &pool->bytes);
	else
		atomic_dec(&pool->nr_pages);
	return page;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_alloc_page);

/**
 * rayos_zcomp_free_page() - a page is needed no more
 * @pool: the pool
 * @page: what rayos_zcomp_alloc_page() has returned
 *
 * Context: Any.
 */
void rayos_zcomp_free_page(struct rayos_zcomp_pool *pool, struct page *page)
{
	__free_page(page);
	atomic_dec(&pool->nr_pages);
	atomic64_sub(PAGE_SIZE, &pool->bytes);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_free_page);

/* What is in it needs gaps of other segments, of which not all have its sizes */
static bool fits_elsewhere(const struct rayos_zcomp_segment *seg)
{
	u32 others = seg->arena->free - (RAYOS_ZCOMP_SEGMENT_GRANULES - seg->live);

	return seg->live <= DRAIN_MAX && others >= seg->live + seg->live / 4;
}

/* The segment that is quickest to empty */
static struct rayos_zcomp_segment *victim(struct rayos_zcomp_arena *arena)
{
	struct rayos_zcomp_segment *seg;
	u32 step;

	for (step = 0; step < RAYOS_ZCOMP_FILL_STEPS; step++) {
		seg = list_first_entry_or_null(&arena->segments[step],
					       struct rayos_zcomp_segment, node);
		if (seg)
			return fits_elsewhere(seg) ? seg : NULL;
	}
	return NULL;
}

/* For all free blocks of a segment: out of their bins, or into them */
static void bin_all(struct rayos_zcomp_segment *seg,
		    void (*act)(struct rayos_zcomp_segment *seg, u32 offset))
{
	u32 offset;

	for (offset = 0; offset < RAYOS_ZCOMP_SEGMENT_GRANULES;
	     offset += size_of(*head_at(seg, offset)))
		if (!(*head_at(seg, offset) & HEAD_USED))
			act(seg, offset);
}

/* Moves the object of one block.  Return: false if there is no gap for it */
static bool move(struct rayos_zcomp_segment *seg, u32 offset)
{
	struct rayos_zcomp_pool *pool = seg->arena->pool;
	u64 head = *head_at(seg, offset), owner = owner_of(head), to;
	u32 len = len_of(head);

	if (!pool->ops->hold(pool->context, owner))
		return true;
	to = take(seg->arena, len, owner);
	if (!to) {
		pool->ops->release(pool->context, owner);
		return false;
	}
	memcpy(rayos_zcomp_object(pool, to, NULL), head_at(seg, offset) + 1, len);
	pool->ops->moved(pool->context, owner, to);
	count_object(pool, head, -1);
	free_block(seg, offset);
	atomic64_inc(&pool->moved);
	return true;
}

/* Moves what can be moved.  Return: true if the segment is empty then */
static bool drain(struct rayos_zcomp_segment *seg)
{
	struct rayos_zcomp_arena *arena = seg->arena;
	bool room = true;
	u32 offset;

	while (room && seg->cursor < RAYOS_ZCOMP_SEGMENT_GRANULES) {
		offset = seg->cursor;
		seg->cursor += size_of(*head_at(seg, offset));
		if (*head_at(seg, offset) & HEAD_USED)
			room = move(seg, offset);
		/* others shall not wait for all of it */
		spin_unlock(&arena->lock);
		cond_resched();
		spin_lock(&arena->lock);
	}
	return !seg->live;
}

/* Return: whether a segment has been given back */
static bool compact_one(struct rayos_zcomp_arena *arena)
{
	struct rayos_zcomp_segment *seg;
	bool emptied;

	spin_lock(&arena->lock);
	seg = victim(arena);
	if (!seg) {
		spin_unlock(&arena->lock);
		return false;
	}
	bin_all(seg, take_from_bin);
	seg->draining = true;
	seg->cursor = 0;
	emptied = drain(seg);
	if (emptied) {
		detach(seg);
	} else {
		seg->draining = false;
		bin_all(seg, put_in_bin);
		/* the last of those to be tried again */
		list_move_tail(&seg->node, step_of(seg));
	}
	spin_unlock(&arena->lock);
	if (emptied)
		release(arena->pool, seg);
	return emptied;
}

/**
 * rayos_zcomp_compact() - give memory back to the system
 * @pool: one that has been made with ops
 * @most: so many segments, at most
 *
 * Context: May sleep.
 * Return: number of segments that have been given back.
 */
u32 rayos_zcomp_compact(struct rayos_zcomp_pool *pool, u32 most)
{
	u32 i, given_back = 0;

	mutex_lock(&pool->compact);
	for (i = 0; i < pool->nr_arenas; i++)
		while (given_back < most && compact_one(&pool->arenas[i]))
			given_back++;
	mutex_unlock(&pool->compact);
	return given_back;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_compact);
