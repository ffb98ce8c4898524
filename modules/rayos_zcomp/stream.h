/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scratch memory to compress with.
 */
#ifndef _RAYOS_ZCOMP_STREAM_H
#define _RAYOS_ZCOMP_STREAM_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <rayos/zcomp.h>

struct rayos_zcomp_store;

/**
 * struct rayos_zcomp_stream - scratch memory of a processor
 * @lock: held from rayos_zcomp_stream_get() on
 * @work: of the codec
 * @room: bytes at @work
 * @user: codec that has used @work last, NULL if it is of no use to any
 * @in: 16 KiB, to put pages side by side
 * @out: RAYOS_ZCOMP_WORST(16 KiB), for what they are compressed to
 * @store: whose chunk is at @in; it may be gone.  NULL if there is none.
 * @first: number of the first page of that chunk
 * @chunks: how many chunks had been made by then
 */
struct rayos_zcomp_stream {
	struct mutex lock; /* all of it */
	void *work;
	size_t room;
	const struct rayos_zcomp_codec *user;
	u8 *in;
	u8 *out;
	const struct rayos_zcomp_store *store;
	u64 first;
	u64 chunks;
};

int rayos_zcomp_stream_init(void);
void rayos_zcomp_stream_exit(void);
int rayos_zcomp_stream_room(size_t room);
struct rayos_zcomp_stream *rayos_zcomp_stream_get(void);
void rayos_zcomp_stream_put(struct rayos_zcomp_stream *stream);
void *rayos_zcomp_stream_work(struct rayos_zcomp_stream *stream,
			      const struct rayos_zcomp_codec *codec);

#endif
