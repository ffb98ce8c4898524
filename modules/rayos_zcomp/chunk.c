// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chunks: four neighbours that have grown cold are compressed together, and better.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "codec.h"
#include "measure.h"
#include "object.h"
#include "store.h"
#include "stream.h"

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
	return rayos_zcomp_chunk(group);
}

/* A page that is kept as it is has no head */
static u32 bytes_of_object(const struct rayos_zcomp_store *store,
			   const struct rayos_zcomp_entry *entry)
{
	u32 len = rayos_zcomp_len(store, entry);

	return entry->word & RAYOS_ZCOMP_RAW ? len : len + RAYOS_ZCOMP_BLOCK_HEAD;
}

/* Bytes of pool that the four take up: their objects, each but once */
static u32 bytes_of(const struct rayos_zcomp_store *store,
		    const struct rayos_zcomp_entry *group)
{
	const struct rayos_zcomp_entry *chunk = rayos_zcomp_chunk(group);
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
	const struct rayos_zcomp_entry *chunk = rayos_zcomp_chunk(group);
	int i, err = 0, nr = 0;

	if (chunk)
		err = rayos_zcomp_load_chunk(store, chunk, first, stream);
	/* others come to where its pages are */
	stream->store = NULL;
	for (i = 0; i < RAYOS_ZCOMP_GROUP && !err; i++) {
		nr += !!rayos_zcomp_handle(&group[i]);
		if (!(group[i].word & RAYOS_ZCOMP_CHUNK))
			err = rayos_zcomp_load(store, &group[i], first + i, stream,
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

	rayos_zcomp_chunk_made();
	for (i = 0; i < RAYOS_ZCOMP_GROUP; i++) {
		if (!rayos_zcomp_handle(&group[i]))
			continue;
		word[i] = group[i].word & (RAYOS_ZCOMP_USED | RAYOS_ZCOMP_IDLE);
		word[i] |= RAYOS_ZCOMP_CHUNK | FIELD_PREP(RAYOS_ZCOMP_KIND, kind) |
			   FIELD_PREP(RAYOS_ZCOMP_HANDLE, handle);
		rayos_zcomp_drop(store, group, &group[i]);
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
				   stream->in, RAYOS_ZCOMP_CHUNK_BYTES, stream->out);
	/* those that have left an older chunk take up more together than they are */
	if (len <= 0 || len > RAYOS_ZCOMP_OBJECT_MAX ||
	    len + RAYOS_ZCOMP_BLOCK_HEAD >= bytes_of(store, group))
		return -E2BIG;
	handle = rayos_zcomp_alloc(store->pool, len, rayos_zcomp_owner(first, true),
				   RAYOS_ZCOMP_GFP_HURRY);
	if (!handle)
		return -ENOMEM;
	memcpy(rayos_zcomp_object(store->pool, handle, NULL), stream->out, len);
	join(store, group, kind, handle);
	rayos_zcomp_count_pages(store->counts, RAYOS_ZCOMP_C_PROMOTED, nr);
	return 0;
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
	if (rayos_zcomp_find(group, RAYOS_ZCOMP_RESIDENT)) {
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
