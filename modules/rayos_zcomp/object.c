// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a page is kept as, and what it is again.  Its group is locked.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "codec.h"
#include "fill.h"
#include "measure.h"
#include "object.h"
#include "store.h"
#include "stream.h"

/* How often room is made for one page */
#define PATIENCE	8

static atomic64_t chunks; /* that have been made, of all stores */

/**
 * rayos_zcomp_len() - how large the object of a page is
 * @store: the store
 * @entry: of a page that has one; its group is locked
 *
 * Return: bytes, %PAGE_SIZE if the page is kept as it is.
 */
u32 rayos_zcomp_len(const struct rayos_zcomp_store *store,
		    const struct rayos_zcomp_entry *entry)
{
	u32 len = PAGE_SIZE;

	if (!(entry->word & RAYOS_ZCOMP_RAW))
		rayos_zcomp_object(store->pool, rayos_zcomp_handle(entry), &len);
	return len;
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
		if (rayos_zcomp_chunk(group))
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
	struct page *copy = rayos_zcomp_alloc_page(store->pool, RAYOS_ZCOMP_GFP);

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
					   rayos_zcomp_owner(index, false), RAYOS_ZCOMP_GFP_HURRY);
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
	return (!raw && rayos_zcomp_grow(pool, RAYOS_ZCOMP_GFP)) ||
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

/**
 * rayos_zcomp_chunk_made() - there is a chunk that there was not before
 *
 * Context: Its group is locked, and nobody has found it so far.
 */
void rayos_zcomp_chunk_made(void)
{
	atomic64_inc(&chunks);
}

/* If no chunk has been made since, it is the same, whatever else has happened */
static bool has_chunk(const struct rayos_zcomp_stream *stream,
		      const struct rayos_zcomp_store *store, u64 first)
{
	return stream->store == store && stream->first == first &&
	       stream->chunks == atomic64_read(&chunks);
}

static void remember_chunk(struct rayos_zcomp_stream *stream,
			   const struct rayos_zcomp_store *store, u64 first)
{
	stream->store = store;
	stream->first = first;
	stream->chunks = atomic64_read(&chunks);
}

/**
 * rayos_zcomp_load_chunk() - what the four pages of a chunk are
 * @store: the store
 * @entry: of one of them; its group is locked
 * @first: number of the first of them
 * @stream: they are left at its @in.  Who changes them there makes its @store NULL.
 *
 * Who has wanted one of them often wants the next, so they are not decompressed again
 * while they are still there.
 *
 * Context: Process context.
 * Return: 0, or -EBADMSG if memory has been damaged.
 */
int rayos_zcomp_load_chunk(const struct rayos_zcomp_store *store,
			   const struct rayos_zcomp_entry *entry, u64 first,
			   struct rayos_zcomp_stream *stream)
{
	const struct rayos_zcomp_codec *codec = codec_of(store, entry);
	const void *src;
	u32 len;
	int err;

	if (has_chunk(stream, store, first))
		return 0;
	stream->store = NULL;
	src = rayos_zcomp_object(store->pool, rayos_zcomp_handle(entry), &len);
	err = rayos_zcomp_decompress(store->counts, codec,
				     rayos_zcomp_stream_work(stream, codec), src,
				     len, stream->in, RAYOS_ZCOMP_CHUNK_BYTES);
	if (!err)
		remember_chunk(stream, store, first);
	return err;
}

static int read_chunk(const struct rayos_zcomp_store *store,
		      const struct rayos_zcomp_entry *entry, u64 index, void *page)
{
	struct rayos_zcomp_stream *stream = rayos_zcomp_stream_get();
	u32 which = index % RAYOS_ZCOMP_GROUP;
	int err = rayos_zcomp_load_chunk(store, entry, index - which, stream);

	if (!err)
		memcpy(page, stream->in + which * PAGE_SIZE, PAGE_SIZE);
	rayos_zcomp_stream_put(stream);
	return err;
}

/**
 * rayos_zcomp_load() - what a page is, if its group is locked
 * @store: the store
 * @entry: of the page
 * @index: number of the page
 * @stream: scratch memory of who knows that the page is in no chunk, or NULL
 * @page: %PAGE_SIZE bytes are left here, aligned to a word
 *
 * Context: May sleep.
 * Return: 0, or -EBADMSG if memory has been damaged.
 */
int rayos_zcomp_load(const struct rayos_zcomp_store *store,
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
		return read_chunk(store, entry, index, page);
	src = rayos_zcomp_object(store->pool, rayos_zcomp_handle(entry), &len);
	return expand(store, codec_of(store, entry), stream, src, len, page);
}
