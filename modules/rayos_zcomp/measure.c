// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long codecs take.  Each processor has distributions of its own, as those who
 * compress must not wait for each other.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <kunit/visibility.h>

#include "measure.h"

/**
 * struct measures - what one processor has measured
 * @calls: of codecs, by which it is decided what is measured
 * @times: of each codec and work
 */
struct measures {
	u32 calls;
	struct rayos_zcomp_times times[RAYOS_ZCOMP_CODECS][RAYOS_ZCOMP_WORKS];
};

static struct measures __percpu *measures;

/**
 * rayos_zcomp_measure_init() - begin to measure
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int rayos_zcomp_measure_init(void)
{
	measures = alloc_percpu(struct measures);
	return measures ? 0 : -ENOMEM;
}

/**
 * rayos_zcomp_measure_exit() - forget what was measured
 *
 * Context: Nothing is compressed any more.
 */
void rayos_zcomp_measure_exit(void)
{
	free_percpu(measures);
}

/**
 * rayos_zcomp_times_add() - take a time into a distribution
 * @times: the distribution
 * @ns: the time that all pages took together
 * @pages: their number, not 0
 *
 * Context: Nobody else changes it.
 */
void rayos_zcomp_times_add(struct rayos_zcomp_times *times, u64 ns, u32 pages)
{
	u64 each = div_u64(ns, pages);
	u32 bucket = rayos_hist_bucket(each, RAYOS_ZCOMP_TIME_LOW,
				       RAYOS_ZCOMP_TIME_HIGH);

	times->count += pages;
	times->sum += ns;
	times->max = max(times->max, each);
	times->bucket[bucket] += pages;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_times_add);

/* Of all processors; the parts may be of slightly different moments */
static void add_times(struct rayos_zcomp_times *to,
		      const struct rayos_zcomp_times *from)
{
	u32 i;

	to->count += READ_ONCE(from->count);
	to->sum += READ_ONCE(from->sum);
	to->max = max(to->max, READ_ONCE(from->max));
	for (i = 0; i < RAYOS_ZCOMP_TIME_BUCKETS; i++)
		to->bucket[i] += READ_ONCE(from->bucket[i]);
}

/**
 * rayos_zcomp_measured() - what was measured on all processors
 * @kind: codec
 * @work: what it did
 * @times: the distribution is left here
 *
 * Context: Any.
 */
void rayos_zcomp_measured(enum rayos_zcomp_codec_kind kind,
			  enum rayos_zcomp_work work,
			  struct rayos_zcomp_times *times)
{
	int cpu;

	*times = (struct rayos_zcomp_times){};
	for_each_possible_cpu(cpu)
		add_times(times, &per_cpu_ptr(measures, cpu)->times[kind][work]);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_measured);

/* Return: a time that is not 0 if this one is measured */
static u64 begin(void)
{
	u32 calls = this_cpu_inc_return(measures->calls);

	return calls % RAYOS_ZCOMP_SAMPLE ? 0 : ktime_get_ns();
}

static void end(u64 began, const struct rayos_zcomp_codec *codec,
		enum rayos_zcomp_work work, u32 pages)
{
	struct measures *own;
	u64 ns;

	if (likely(!began))
		return;
	ns = ktime_get_ns() - began;
	own = get_cpu_ptr(measures);
	rayos_zcomp_times_add(&own->times[codec->kind][work], ns, pages);
	put_cpu_ptr(measures);
}

/**
 * rayos_zcomp_compress() - compress, count and measure it
 * @counts: of the store
 * @codec: by which
 * @work: as for the codec
 * @src: whole pages
 * @len: their bytes
 * @dst: as for the codec
 *
 * Context: As the codec.
 * Return: what the codec returns.
 */
int rayos_zcomp_compress(struct rayos_zcomp_stats __percpu *counts,
			 const struct rayos_zcomp_codec *codec, void *work,
			 const u8 *src, u32 len, u8 *dst)
{
	u32 pages = len >> PAGE_SHIFT;
	u64 began = begin();
	int ret = codec->compress(work, src, len, dst);

	end(began, codec, RAYOS_ZCOMP_COMPRESS, pages);
	rayos_zcomp_count_pages(counts, RAYOS_ZCOMP_C_COMPRESSED, pages);
	return ret;
}

/**
 * rayos_zcomp_decompress() - decompress, count and measure it
 * @counts: of the store
 * @codec: by which
 * @work: as for the codec
 * @src: as for the codec
 * @len: bytes there
 * @dst: room for whole pages
 * @room: their bytes
 *
 * Context: As the codec.
 * Return: what the codec returns.
 */
int rayos_zcomp_decompress(struct rayos_zcomp_stats __percpu *counts,
			   const struct rayos_zcomp_codec *codec, void *work,
			   const u8 *src, u32 len, u8 *dst, u32 room)
{
	u32 pages = room >> PAGE_SHIFT;
	u64 began = begin();
	int ret = codec->decompress(work, src, len, dst, room);

	end(began, codec, RAYOS_ZCOMP_DECOMPRESS, pages);
	rayos_zcomp_count_pages(counts, RAYOS_ZCOMP_C_DECOMPRESSED, pages);
	return ret;
}
