// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scratch memory to compress with, for each processor that there is.  It is there
 * before it is needed, for what compresses does so to get memory.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <rayos/zcomp.h>
#include <kunit/visibility.h>

#include "stream.h"

#define CHUNK	16384

static DEFINE_PER_CPU(struct rayos_zcomp_stream, streams);
static size_t most; /* scratch memory that any codec needs, under @growing */
static DEFINE_MUTEX(growing);
static int state;

/* Under growing */
static int enlarge(struct rayos_zcomp_stream *stream, size_t room)
{
	void *work;

	if (room <= stream->room)
		return 0;
	work = kvmalloc(room, GFP_KERNEL);
	if (!work)
		return -ENOMEM;
	mutex_lock(&stream->lock);
	swap(stream->work, work);
	stream->room = room;
	stream->user = NULL;
	mutex_unlock(&stream->lock);
	kvfree(work);
	return 0;
}

/* A codec that comes may be where one was that has gone */
static void disown(struct rayos_zcomp_stream *stream)
{
	mutex_lock(&stream->lock);
	stream->user = NULL;
	mutex_unlock(&stream->lock);
}

/* A processor that has been there before finds all as it was */
static int prepare(unsigned int cpu)
{
	struct rayos_zcomp_stream *stream = &per_cpu(streams, cpu);
	int err;

	if (!stream->in)
		stream->in = kvmalloc(CHUNK, GFP_KERNEL);
	if (!stream->out)
		stream->out = kvmalloc(RAYOS_ZCOMP_WORST(CHUNK), GFP_KERNEL);
	if (!stream->in || !stream->out)
		return -ENOMEM;
	mutex_lock(&growing);
	err = enlarge(stream, most);
	mutex_unlock(&growing);
	return err;
}

static void free_all(void)
{
	struct rayos_zcomp_stream *stream;
	int cpu;

	for_each_possible_cpu(cpu) {
		stream = &per_cpu(streams, cpu);
		kvfree(stream->work);
		kvfree(stream->in);
		kvfree(stream->out);
	}
}

/**
 * rayos_zcomp_stream_init() - scratch memory for all processors
 *
 * Context: May sleep.
 * Return: 0 or -errno.
 */
int rayos_zcomp_stream_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		mutex_init(&per_cpu(streams, cpu).lock);
	state = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "rayos/zcomp:prepare",
				  prepare, NULL);
	if (state < 0)
		free_all();
	return min(state, 0);
}

/**
 * rayos_zcomp_stream_exit() - give it back
 *
 * Context: May sleep.  Nobody uses it any more.
 */
void rayos_zcomp_stream_exit(void)
{
	cpuhp_remove_state(state);
	free_all();
}

/**
 * rayos_zcomp_stream_room() - a codec that is new needs scratch memory
 * @room: so many bytes
 *
 * It finds none as it would have left it.
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int rayos_zcomp_stream_room(size_t room)
{
	int cpu, err = 0;

	/* none may come meanwhile with less */
	cpus_read_lock();
	mutex_lock(&growing);
	for_each_possible_cpu(cpu) {
		disown(&per_cpu(streams, cpu));
		if (per_cpu(streams, cpu).in && !err)
			err = enlarge(&per_cpu(streams, cpu), room);
	}
	if (!err)
		most = max(most, room);
	mutex_unlock(&growing);
	cpus_read_unlock();
	return err;
}

/**
 * rayos_zcomp_stream_get() - take the scratch memory of this processor
 *
 * It is exclusively the caller's, who may find himself on another processor
 * meanwhile.
 *
 * Context: May sleep.
 * Return: to be given back by rayos_zcomp_stream_put().
 */
struct rayos_zcomp_stream *rayos_zcomp_stream_get(void)
{
	struct rayos_zcomp_stream *stream = raw_cpu_ptr(&streams);

	mutex_lock(&stream->lock);
	return stream;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_stream_get);

/**
 * rayos_zcomp_stream_put() - give scratch memory back
 * @stream: what rayos_zcomp_stream_get() has returned
 */
void rayos_zcomp_stream_put(struct rayos_zcomp_stream *stream)
{
	mutex_unlock(&stream->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_stream_put);

/**
 * rayos_zcomp_stream_work() - scratch memory as a codec wants it
 * @stream: what rayos_zcomp_stream_get() has returned
 * @codec: who uses it next
 *
 * Context: Any.
 * Return: argument of its compress() and decompress().
 */
void *rayos_zcomp_stream_work(struct rayos_zcomp_stream *stream,
			      const struct rayos_zcomp_codec *codec)
{
	if (stream->user != codec && codec->prepare)
		codec->prepare(stream->work);
	stream->user = codec;
	return stream->work;
}
