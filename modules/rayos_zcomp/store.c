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
#include "object.h"
#include "store.h"

/* Of 16: what is larger costs more to read again than it saves */
#define CUTOFF		12

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
		leaf = kcalloc(RAYOS_ZCOMP_LEAF, sizeof(*leaf), RAYOS_ZCOMP_GFP);
		if (!leaf)
			return NULL;
		if (cmpxchg(slot, NULL, leaf))
			kfree(leaf);
		else
			atomic64_inc(&store->stats.leaves);
	}
	return rayos_zcomp_lookup(store, index);
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
	err = rayos_zcomp_load(store, entry, index, NULL, page);
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
