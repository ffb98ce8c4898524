// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of one device or region: where each of them is, and in what form.
 *
 * A page that was never written, or was forgotten, is nowhere and reads as zeroes.
 * One that is a word over and over is in its entry.  Any other has an object in
 * the pool, compressed or, if that is not worth it, as it is.  Four neighbours that have
 * grown cold may share an object, which lives until the last of them has been
 * written or forgotten.
 *
 * Locking: each group of four neighbours has a lock.  Inside of it are that of a
 * stream, that of compaction, and innermost that of an arena of the pool.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "codec.h"
#include "fill.h"
#include "measure.h"
#include "object.h"
#include "store.h"
#include "stream.h"

/* Of 16: what is larger costs more to read again than it saves */
#define CUTOFF		12

/* How often room is made for one page */
#define PATIENCE	8

#define CHUNK_BYTES	(RAYOS_ZCOMP_GROUP * PAGE_SIZE)

/* No recursion: it may be to get memory that something is written.  And no waiting
 * for memory while others wait for scratch memory to make it.
 */
#define GFP_STORE	(GFP_NOIO | __GFP_NOWARN)
#define GFP_HURRY	(GFP_STORE | __GFP_NORETRY)

/**
 * rayos_zcomp_obtain() - the entry of a page, which is made if there is none
 * @store: the store
 * @index: number of the page
 *
 * Context: May sleep, and begins no I/O to get memory.
 * Return: the entry, or NULL if there is no memory.
 */
struct rayos_zcomp_entry *rayos_zcomp_obtain(struct rayos_zcomp_store *store,
					     u64 index)
{
	struct rayos_zcomp_entry **slot =
		&store->leaves[index >> RAYOS_ZCOMP_LEAF_SHIFT];
	struct rayos_zcomp_entry *leaf;

	if (!READ_ONCE(*slot)) {
		leaf = kcalloc(RAYOS_ZCOMP_LEAF, sizeof(*leaf), GFP_STORE);
		if (!leaf)
			return NULL;
		if (cmpxchg(slot, NULL, leaf))
			kfree(leaf);
		else
			atomic64_inc(&store->stats.leaves);
	}
	return rayos_zcomp_lookup(store, index);
}

/* To the pool an owner is the number of a page, or of the group that has a chunk */
static u64 owner_of(u64 index, bool chunk)
{
	return index << 1 | chunk;
}

static struct rayos_zcomp_entry *group_of_owner(struct rayos_zcomp_store *store,
						u64 owner)
{
	return rayos_zcomp_group(rayos_zcomp_lookup(store, owner >> 1), owner >> 1);
}

static bool hold(void *context, u64 owner)
{
	return rayos_zcomp_trylock(group_of_owner(context, owner));
}

static void release(void *context, u64 owner)
{
	rayos_zcomp_unlock(group_of_owner(context, owner));
}

static void set_handle(struct rayos_zcomp_entry *entry, u64 handle)
{
	rayos_zcomp_set(entry, (entry->word & ~RAYOS_ZCOMP_HANDLE) |
			       FIELD_PREP(RAYOS_ZCOMP_HANDLE, handle));
}

static void moved(void *context, u64 owner, u64 handle)
{
	struct rayos_zcomp_entry *group = group_of_owner(context, owner);
	int i;

	if (!(owner & 1))
		set_handle(rayos_zcomp_lookup(context, owner >> 1), handle);
	for (i = 0; i < RAYOS_ZCOMP_GROUP && owner & 1; i++) {
		if (group[i].word & RAYOS_ZCOMP_CHUNK)
			set_handle(&group[i], handle);
	}
	rayos_zcomp_unlock(group);
}

static const struct rayos_zcomp_pool_ops pool_ops = {
	.hold = hold,
	.moved = moved,
	.release = release,
};

/* One for each 16 MiB, as none has a segment to itself that it does not need */
static u32 arenas_for(u64 nr_pages)
{
	return clamp_t(u64, nr_pages >> 12, 1, num_possible_cpus());
}

static void put_codecs(struct rayos_zcomp_store *store)
{
	int i;

	for (i = 0; i < RAYOS_ZCOMP_CODECS; i++)
		rayos_zcomp_codec_put(store->codecs[i]);
}

static bool get_codecs(struct rayos_zcomp_store *store)
{
	return !rayos_zcomp_store_use(store, RAYOS_ZCOMP_LZO) &&
	       !rayos_zcomp_store_use(store, rayos_zcomp_kind_of(store->level));
}

/**
 * rayos_zcomp_store_have() - be able to compress by a codec from now on
 * @store: the store, others may use it meanwhile
 * @kind: the codec, which its module is kept for until the store is freed
 *
 * Context: Process context, may be atomic.
 * Return: whether there is such a codec.
 */
bool rayos_zcomp_store_have(struct rayos_zcomp_store *store,
			    enum rayos_zcomp_codec_kind kind)
{
	const struct rayos_zcomp_codec *codec;

	if (READ_ONCE(store->codecs[kind]))
		return true;
	codec = rayos_zcomp_codec_get(kind);
	if (!codec)
		return false;
	if (cmpxchg(&store->codecs[kind], NULL, codec))
		rayos_zcomp_codec_put(codec);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_store_have);

/**
 * rayos_zcomp_store_use() - compress what is written by another codec
 * @store: one into which nobody writes at the moment
 * @kind: the codec
 *
 * Context: May sleep.
 * Return: 0, or -ENOENT if there is no such codec.
 */
int rayos_zcomp_store_use(struct rayos_zcomp_store *store,
			  enum rayos_zcomp_codec_kind kind)
{
	if (!rayos_zcomp_store_have(store, kind))
		return -ENOENT;
	store->kind = kind;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_store_use);

/**
 * rayos_zcomp_store_new() - make a store without any pages
 * @nr_pages: how many there may be, 1 to %RAYOS_ZCOMP_PAGES_MAX
 * @level: how they are compressed
 * @limit: the most pages of memory for them, 0 for any number
 *
 * Context: May sleep.
 * Return: the store, or NULL if there is no memory.
 */
struct rayos_zcomp_store *rayos_zcomp_store_new(u64 nr_pages,
						enum rayos_zcomp_level level,
						u32 limit)
{
	u64 nr_leaves = DIV_ROUND_UP(nr_pages, RAYOS_ZCOMP_LEAF);
	struct rayos_zcomp_store *store;

	store = kzalloc(sizeof(*store), GFP_KERNEL);
	if (!store)
		return NULL;
	store->nr_pages = nr_pages;
	store->level = level;
	store->cutoff = PAGE_SIZE * CUTOFF / 16;
	store->leaves = kvcalloc(nr_leaves, sizeof(*store->leaves), GFP_KERNEL);
	store->pool = rayos_zcomp_pool_new(&pool_ops, store,
					   arenas_for(nr_pages), limit);
	store->counts = alloc_percpu(struct rayos_zcomp_stats);
	if (get_codecs(store) && store->leaves && store->pool && store->counts)
		return store;
	rayos_zcomp_store_free(store);
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_store_new);

/* All that its pages have but for what goes with the segments of the pool */
static void free_leaf(struct rayos_zcomp_store *store,
		      struct rayos_zcomp_entry *leaf)
{
	u32 i;

	for (i = 0; i < RAYOS_ZCOMP_LEAF; i++) {
		if (leaf[i].word & RAYOS_ZCOMP_RAW)
			rayos_zcomp_free_page(store->pool,
					      pfn_to_page(rayos_zcomp_handle(&leaf[i])));
		if (leaf[i].word & RAYOS_ZCOMP_RESIDENT)
			put_page((struct page *)leaf[i].fill);
	}
	kfree(leaf);
}

/**
 * rayos_zcomp_store_free() - give back a store and all that is in it
 * @store: one that nobody uses any more
 *
 * Context: May sleep.
 */
void rayos_zcomp_store_free(struct rayos_zcomp_store *store)
{
	u64 i, nr_leaves = DIV_ROUND_UP(store->nr_pages, RAYOS_ZCOMP_LEAF);

	for (i = 0; store->leaves && i < nr_leaves; i++) {
		if (store->leaves[i])
			free_leaf(store, store->leaves[i]);
		cond_resched();
	}
	rayos_zcomp_pool_free(store->pool);
	kvfree(store->leaves);
	free_percpu(store->counts);
	put_codecs(store);
	kfree(store);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_store_free);

/* One of the four that is still in their chunk, NULL if none is */
static const struct rayos_zcomp_entry *
find_chunk(const struct rayos_zcomp_entry *group)
{
	int i;

	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (group[i].word & RAYOS_ZCOMP_CHUNK)
			return &group[i];
	}
	return NULL;
}

static void drop_object(struct rayos_zcomp_store *store,
			struct rayos_zcomp_entry *group,
			struct rayos_zcomp_entry *entry)
{
	u64 handle = rayos_zcomp_handle(entry);
	unsigned long word = entry->word;

	atomic64_dec(&store->stats.objects);
	rayos_zcomp_set(entry, 0);
	if (word & RAYOS_ZCOMP_RAW) {
		atomic64_dec(&store->stats.raw);
		rayos_zcomp_free_page(store->pool, pfn_to_page(handle));
		return;
	}
	if (word & RAYOS_ZCOMP_CHUNK) {
		atomic64_dec(&store->stats.chunked);
		if (find_chunk(group))
			return;
	}
	rayos_zcomp_free(store->pool, handle);
}

/**
 * rayos_zcomp_drop() - a page has no object any more, and is no word over and over
 * @store: the store
 * @group: the first of the four entries, which is locked
 * @entry: of the page; nothing is left of its word but the lock
 *
 * Context: Process context, may be atomic.
 */
void rayos_zcomp_drop(struct rayos_zcomp_store *store,
		      struct rayos_zcomp_entry *group,
		      struct rayos_zcomp_entry *entry)
{
	if (entry->word & RAYOS_ZCOMP_SAME) {
		atomic64_dec(&store->stats.same);
		rayos_zcomp_set(entry, 0);
	} else if (rayos_zcomp_handle(entry)) {
		drop_object(store, group, entry);
	}
}

/* Bytes at stream->out that a page is compressed to, 0 if it is not worth it */
static u32 squeeze(const struct rayos_zcomp_store *store,
		   struct rayos_zcomp_stream *stream, const void *page)
{
	const struct rayos_zcomp_codec *codec = store->codecs[store->kind];
	int len;

	if (store->level == RAYOS_ZCOMP_NONE)
		return 0;
	len = rayos_zcomp_compress(store->counts, codec,
				   rayos_zcomp_stream_work(stream, codec), page,
				   PAGE_SIZE, stream->out);
	if (len > 0 && len <= store->cutoff)
		return len;
	rayos_zcomp_count(store->counts, RAYOS_ZCOMP_C_INCOMPRESSIBLE);
	return 0;
}

/* An object of the page as it is.  Return: the new word of its entry, 0 if there is
 * no memory
 */
static unsigned long keep_raw(struct rayos_zcomp_store *store, const void *page)
{
	struct page *copy = rayos_zcomp_alloc_page(store->pool, GFP_STORE);

	if (!copy)
		return 0;
	memcpy(page_address(copy), page, PAGE_SIZE);
	atomic64_inc(&store->stats.raw);
	atomic64_inc(&store->stats.raws);
	return RAYOS_ZCOMP_RAW |
	       FIELD_PREP(RAYOS_ZCOMP_HANDLE, page_to_pfn(copy));
}

/* The same of the page compressed; the group is locked, so that it does not move */
static unsigned long keep(struct rayos_zcomp_store *store, u64 index,
			  const void *page, bool *raw)
{
	struct rayos_zcomp_stream *stream = rayos_zcomp_stream_get();
	u32 len = squeeze(store, stream, page);
	u64 handle = 0;

	if (len)
		handle = rayos_zcomp_alloc(store->pool, len,
					   owner_of(index, false), GFP_HURRY);
	if (handle)
		memcpy(rayos_zcomp_object(store->pool, handle, NULL),
		       stream->out, len);
	rayos_zcomp_stream_put(stream);
	*raw = !len;
	/* a page of a region is where it is best */
	if (!len)
		return store->region ? 0 : keep_raw(store, page);
	return handle ? FIELD_PREP(RAYOS_ZCOMP_HANDLE, handle) |
			FIELD_PREP(RAYOS_ZCOMP_KIND, store->kind) : 0;
}

/* By patience, which a page of its own has had, or by moving together what is
 * there
 */
static bool make_room(struct rayos_zcomp_pool *pool, bool raw)
{
	return (!raw && rayos_zcomp_grow(pool, GFP_STORE)) ||
	       rayos_zcomp_compact(pool, 1);
}

/* The group is locked.  What the page was before stays if there is no memory */
static int put_object(struct rayos_zcomp_store *store,
		      struct rayos_zcomp_entry *group,
		      struct rayos_zcomp_entry *entry, u64 index,
		      const void *page)
{
	u32 tries = PATIENCE;
	unsigned long word;
	bool raw;

	/* others may take the room that was made */
	do {
		word = keep(store, index, page, &raw);
		if (raw && store->region)
			return -E2BIG;
	} while (!word && tries-- && make_room(store->pool, raw));
	if (!word) {
		rayos_zcomp_count(store->counts, RAYOS_ZCOMP_C_REFUSED);
		return -ENOMEM;
	}
	rayos_zcomp_drop(store, group, entry);
	rayos_zcomp_set(entry, word | FIELD_PREP(RAYOS_ZCOMP_USED,
						 rayos_zcomp_clock()));
	atomic64_inc(&store->stats.objects);
	return 0;
}

/**
 * rayos_zcomp_keep() - keep a page whose group is locked
 * @store: the store
 * @group: the first of the four entries
 * @index: number of the page
 * @page: %PAGE_SIZE bytes, aligned to a word, which nobody changes meanwhile
 *
 * Context: May sleep, and begins no I/O to get memory.
 * Return: 0; -ENOMEM if there is no memory or the limit is reached, or -E2BIG if it
 * is of a region and cannot be compressed: then the page is what it was before.
 */
int rayos_zcomp_keep(struct rayos_zcomp_store *store,
		     struct rayos_zcomp_entry *group, u64 index,
		     const void *page)
{
	struct rayos_zcomp_entry *entry = &group[index % RAYOS_ZCOMP_GROUP];
	unsigned long word;

	if (!rayos_zcomp_same_filled(page, &word))
		return put_object(store, group, entry, index, page);
	rayos_zcomp_drop(store, group, entry);
	entry->fill = word;
	rayos_zcomp_set(entry, RAYOS_ZCOMP_SAME);
	atomic64_inc(&store->stats.same);
	return 0;
}

/**
 * rayos_zcomp_write() - keep a page
 * @store: the store
 * @index: number of the page
 * @page: %PAGE_SIZE bytes, aligned to a word, which nobody changes meanwhile
 *
 * Context: May sleep, and begins no I/O to get memory.
 * Return: 0, or -ENOMEM if there is no memory or the limit is reached; then the
 * page is what it was before.
 */
int rayos_zcomp_write(struct rayos_zcomp_store *store, u64 index,
		      const void *page)
{
	struct rayos_zcomp_entry *entry = rayos_zcomp_obtain(store, index);
	struct rayos_zcomp_entry *group;
	int err;

	if (!entry)
		return -ENOMEM;
	group = rayos_zcomp_group(entry, index);
	rayos_zcomp_lock(group);
	err = rayos_zcomp_keep(store, group, index, page);
	rayos_zcomp_unlock(group);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_write);

/* With the stream that the caller has, or that of this processor if it takes one */
static int expand(const struct rayos_zcomp_store *store,
		  const struct rayos_zcomp_codec *codec,
		  struct rayos_zcomp_stream *stream, const void *src, u32 len,
		  void *page)
{
	struct rayos_zcomp_stream *own;
	int err;

	if (codec->work_free)
		return rayos_zcomp_decompress(store->counts, codec, NULL, src,
					      len, page, PAGE_SIZE);
	own = stream ?: rayos_zcomp_stream_get();
	err = rayos_zcomp_decompress(store->counts, codec,
				     rayos_zcomp_stream_work(own, codec), src,
				     len, page, PAGE_SIZE);
	if (!stream)
		rayos_zcomp_stream_put(own);
	return err;
}

static const struct rayos_zcomp_codec *
codec_of(const struct rayos_zcomp_store *store,
	 const struct rayos_zcomp_entry *entry)
{
	return store->codecs[FIELD_GET(RAYOS_ZCOMP_KIND, entry->word)];
}

/* The four pages of a chunk to stream->in */
static int load_chunk(const struct rayos_zcomp_store *store,
		      const struct rayos_zcomp_entry *entry,
		      struct rayos_zcomp_stream *stream)
{
	const struct rayos_zcomp_codec *codec = codec_of(store, entry);
	const void *src;
	u32 len;

	src = rayos_zcomp_object(store->pool, rayos_zcomp_handle(entry), &len);
	return rayos_zcomp_decompress(store->counts, codec,
				      rayos_zcomp_stream_work(stream, codec), src,
				      len, stream->in, CHUNK_BYTES);
}

static int read_chunk(const struct rayos_zcomp_store *store,
		      const struct rayos_zcomp_entry *entry, u32 which, void *page)
{
	struct rayos_zcomp_stream *stream = rayos_zcomp_stream_get();
	int err = load_chunk(store, entry, stream);

	if (!err)
		memcpy(page, stream->in + which * PAGE_SIZE, PAGE_SIZE);
	rayos_zcomp_stream_put(stream);
	return err;
}

/* The group is locked.  Who has a stream knows that the page is in no chunk */
static int load(const struct rayos_zcomp_store *store,
		const struct rayos_zcomp_entry *entry, u64 index,
		struct rayos_zcomp_stream *stream, void *page)
{
	const void *src;
	u32 len;

	if (!rayos_zcomp_handle(entry)) {
		rayos_zcomp_fill(page, entry->word & RAYOS_ZCOMP_SAME ?
				       entry->fill : 0);
		return 0;
	}
	if (entry->word & RAYOS_ZCOMP_RAW) {
		memcpy(page, page_address(pfn_to_page(rayos_zcomp_handle(entry))),
		       PAGE_SIZE);
		return 0;
	}
	if (entry->word & RAYOS_ZCOMP_CHUNK)
		return read_chunk(store, entry, index % RAYOS_ZCOMP_GROUP, page);
	src = rayos_zcomp_object(store->pool, rayos_zcomp_handle(entry), &len);
	return expand(store, codec_of(store, entry), stream, src, len, page);
}

/**
 * rayos_zcomp_load() - what a page is, if its group is locked
 * @store: the store
 * @entry: of the page
 * @index: number of the page
 * @page: %PAGE_SIZE bytes are left here, aligned to a word
 *
 * Context: May sleep.
 * Return: 0, or -EBADMSG if memory has been damaged.
 */
int rayos_zcomp_load(const struct rayos_zcomp_store *store,
		     const struct rayos_zcomp_entry *entry, u64 index, void *page)
{
	return load(store, entry, index, NULL, page);
}

/**
 * rayos_zcomp_read() - what a page is
 * @store: the store
 * @index: number of the page
 * @page: %PAGE_SIZE bytes are left here, aligned to a word
 *
 * Context: May sleep.
 * Return: 0, or -EBADMSG if memory has been damaged.
 */
int rayos_zcomp_read(struct rayos_zcomp_store *store, u64 index, void *page)
{
	struct rayos_zcomp_entry *entry = rayos_zcomp_lookup(store, index);
	struct rayos_zcomp_entry *group;
	int err;

	if (!entry) {
		memset(page, 0, PAGE_SIZE);
		return 0;
	}
	group = rayos_zcomp_group(entry, index);
	rayos_zcomp_lock(group);
	err = load(store, entry, index, NULL, page);
	rayos_zcomp_set(entry, (entry->word &
				~(RAYOS_ZCOMP_USED | RAYOS_ZCOMP_IDLE)) |
			       FIELD_PREP(RAYOS_ZCOMP_USED,
					  rayos_zcomp_clock()));
	rayos_zcomp_unlock(group);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_read);

/**
 * rayos_zcomp_forget() - a page is of no interest any more
 * @store: the store
 * @index: number of the page, which reads as zeroes from now on
 *
 * Context: May sleep.
 */
void rayos_zcomp_forget(struct rayos_zcomp_store *store, u64 index)
{
	struct rayos_zcomp_entry *entry = rayos_zcomp_lookup(store, index);
	struct rayos_zcomp_entry *group;

	if (!entry)
		return;
	group = rayos_zcomp_group(entry, index);
	rayos_zcomp_lock(group);
	rayos_zcomp_drop(store, group, entry);
	rayos_zcomp_unlock(group);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_forget);

/**
 * rayos_zcomp_try_forget() - the same for those who must not wait
 * @store: the store
 * @index: number of the page
 *
 * Context: Process context, may be atomic.
 * Return: false if the page, or one beside it, is in use; then it is what it was.
 */
bool rayos_zcomp_try_forget(struct rayos_zcomp_store *store, u64 index)
{
	struct rayos_zcomp_entry *entry = rayos_zcomp_lookup(store, index);
	struct rayos_zcomp_entry *group;

	if (!entry)
		return true;
	group = rayos_zcomp_group(entry, index);
	if (!rayos_zcomp_trylock(group))
		return false;
	rayos_zcomp_drop(store, group, entry);
	rayos_zcomp_unlock(group);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_try_forget);

/**
 * rayos_zcomp_best() - what four neighbours are compressed by
 * @store: the store
 *
 * At the level Best that is a codec which may have come after the store was made.
 *
 * Context: Process context, may be atomic.
 * Return: the best codec that the store may use.
 */
enum rayos_zcomp_codec_kind rayos_zcomp_best(struct rayos_zcomp_store *store)
{
	if (store->level == RAYOS_ZCOMP_BEST)
		rayos_zcomp_store_have(store, RAYOS_ZCOMP_ZSTD);
	return READ_ONCE(store->codecs[RAYOS_ZCOMP_ZSTD]) ? RAYOS_ZCOMP_ZSTD :
							    RAYOS_ZCOMP_LZO;
}

/* Nothing is gained if all that have an object share it, and it is by this codec */
static bool is_best(const struct rayos_zcomp_entry *group,
		    enum rayos_zcomp_codec_kind kind)
{
	int i;

	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (!rayos_zcomp_handle(&group[i]))
			continue;
		if (!(group[i].word & RAYOS_ZCOMP_CHUNK) ||
		    FIELD_GET(RAYOS_ZCOMP_KIND, group[i].word) != kind)
			return false;
	}
	return find_chunk(group);
}

static u32 bytes_of_object(const struct rayos_zcomp_store *store,
			   const struct rayos_zcomp_entry *entry)
{
	u32 len = PAGE_SIZE - RAYOS_ZCOMP_BLOCK_HEAD;

	if (!(entry->word & RAYOS_ZCOMP_RAW))
		rayos_zcomp_object(store->pool, rayos_zcomp_handle(entry), &len);
	return len + RAYOS_ZCOMP_BLOCK_HEAD;
}

/* Bytes of pool that the four take up: their objects, each but once */
static u32 bytes_of(const struct rayos_zcomp_store *store,
		    const struct rayos_zcomp_entry *group)
{
	const struct rayos_zcomp_entry *chunk = find_chunk(group);
	u32 i, bytes = chunk ? bytes_of_object(store, chunk) : 0;

	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (rayos_zcomp_handle(&group[i]) &&
		    !(group[i].word & RAYOS_ZCOMP_CHUNK))
			bytes += bytes_of_object(store, &group[i]);
	}
	return bytes;
}

/* All four side by side.  Return: how many of them have an object, or -errno */
static int gather(const struct rayos_zcomp_store *store,
		  struct rayos_zcomp_stream *stream,
		  const struct rayos_zcomp_entry *group, u64 first)
{
	const struct rayos_zcomp_entry *chunk = find_chunk(group);
	int i, err = 0, nr = 0;

	if (chunk)
		err = load_chunk(store, chunk, stream);
	for (i = 0; i < RAYOS_ZCOMP_GROUP && !err; i++) {
		nr += !!rayos_zcomp_handle(&group[i]);
		if (!(group[i].word & RAYOS_ZCOMP_CHUNK))
			err = load(store, &group[i], first + i, stream,
				   stream->in + i * PAGE_SIZE);
	}
	return err ?: nr;
}

/* Those of the four that have objects have that of the chunk now.  What they had
 * goes first, or an older chunk would be taken for this one
 */
static void join(struct rayos_zcomp_store *store,
		 struct rayos_zcomp_entry *group,
		 enum rayos_zcomp_codec_kind kind, u64 handle)
{
	unsigned long word[RAYOS_ZCOMP_GROUP] = {};
	int i;

	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (!rayos_zcomp_handle(&group[i]))
			continue;
		word[i] = group[i].word & (RAYOS_ZCOMP_USED | RAYOS_ZCOMP_IDLE);
		word[i] |= RAYOS_ZCOMP_CHUNK | FIELD_PREP(RAYOS_ZCOMP_KIND, kind) |
			   FIELD_PREP(RAYOS_ZCOMP_HANDLE, handle);
		drop_object(store, group, &group[i]);
	}
	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (!word[i])
			continue;
		rayos_zcomp_set(&group[i], word[i]);
		atomic64_inc(&store->stats.objects);
		atomic64_inc(&store->stats.chunked);
	}
}

/* The group is locked */
static int make_chunk(struct rayos_zcomp_store *store,
		      struct rayos_zcomp_stream *stream,
		      struct rayos_zcomp_entry *group, u64 first,
		      enum rayos_zcomp_codec_kind kind)
{
	const struct rayos_zcomp_codec *codec = store->codecs[kind];
	u64 handle;
	int nr, len;

	nr = gather(store, stream, group, first);
	if (nr < 2)
		return nr < 0 ? nr : -ENODATA;
	len = rayos_zcomp_compress(store->counts, codec,
				   rayos_zcomp_stream_work(stream, codec),
				   stream->in, CHUNK_BYTES, stream->out);
	/* those that have left an older chunk take up more together than they are */
	if (len <= 0 || len > RAYOS_ZCOMP_OBJECT_MAX ||
	    len + RAYOS_ZCOMP_BLOCK_HEAD >= bytes_of(store, group))
		return -E2BIG;
	handle = rayos_zcomp_alloc(store->pool, len, owner_of(first, true),
				   GFP_HURRY);
	if (!handle)
		return -ENOMEM;
	memcpy(rayos_zcomp_object(store->pool, handle, NULL), stream->out, len);
	join(store, group, kind, handle);
	rayos_zcomp_count_pages(store->counts, RAYOS_ZCOMP_C_PROMOTED, nr);
	return 0;
}

/* Is one of the four in memory? */
static bool is_used(const struct rayos_zcomp_entry *group)
{
	int i;

	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (group[i].word & RAYOS_ZCOMP_RESIDENT)
			return true;
	}
	return false;
}

/**
 * rayos_zcomp_promote() - compress four neighbours together, and better
 * @store: the store
 * @index: number of one of the four pages
 *
 * Context: May sleep, and begins no I/O to get memory.
 * Return: 0; -ENODATA if not even two of them have an object, -EALREADY if all that
 * have are together already, -EAGAIN if one of them is in memory, -E2BIG if it
 * would not save anything, -ENOMEM, or -EBADMSG if memory has been damaged.
 */
int rayos_zcomp_promote(struct rayos_zcomp_store *store, u64 index)
{
	u64 first = round_down(index, RAYOS_ZCOMP_GROUP);
	struct rayos_zcomp_entry *group = rayos_zcomp_lookup(store, first);
	enum rayos_zcomp_codec_kind kind = rayos_zcomp_best(store);
	struct rayos_zcomp_stream *stream;
	int err = -EALREADY;

	if (!group)
		return -ENODATA;
	rayos_zcomp_lock(group);
	if (is_used(group)) {
		err = -EAGAIN;
	} else if (!is_best(group, kind)) {
		stream = rayos_zcomp_stream_get();
		err = make_chunk(store, stream, group, first, kind);
		rayos_zcomp_stream_put(stream);
	}
	rayos_zcomp_unlock(group);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_promote);
