// SPDX-License-Identifier: GPL-2.0-only
/*
 * What replies and events say.
 */
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <rayos/compat_genetlink.h>

#include "disk.h"
#include "measure.h"
#include "netlink.h"
#include "nl_gen.h"
#include "pages.h"
#include "region.h"
#include "settings.h"
#include "totals.h"

/* What is of both is numbered alike */
static_assert((int)RAYOS_ZCOMP_BEST == RAYOS_ZCOMP_COMPRESSION_LEVEL_BEST);
static_assert((int)RAYOS_ZCOMP_ZSTD == RAYOS_ZCOMP_ALGORITHM_ZSTD);
static_assert((int)RAYOS_ZCOMP_DECOMPRESS == RAYOS_ZCOMP_DIRECTION_DECOMPRESS);
static_assert((RAYOS_ZCOMP_PAGES_MAX << PAGE_SHIFT) == RAYOS_ZCOMP_SIZE_MAX);
static_assert(sizeof_field(struct rayos_zcomp_store, name) ==
	      RAYOS_ZCOMP_NAME_MAX + 1);

static const u16 counter_attr[RAYOS_ZCOMP_COUNTERS] = {
	[RAYOS_ZCOMP_C_COMPRESSED] = RAYOS_ZCOMP_A_COUNTERS_COMPRESSED,
	[RAYOS_ZCOMP_C_DECOMPRESSED] = RAYOS_ZCOMP_A_COUNTERS_DECOMPRESSED,
	[RAYOS_ZCOMP_C_INCOMPRESSIBLE] = RAYOS_ZCOMP_A_COUNTERS_INCOMPRESSIBLE,
	[RAYOS_ZCOMP_C_REFUSED] = RAYOS_ZCOMP_A_COUNTERS_REFUSED,
	[RAYOS_ZCOMP_C_PROMOTED] = RAYOS_ZCOMP_A_COUNTERS_PROMOTED,
	[RAYOS_ZCOMP_C_FAULT_NEW] = RAYOS_ZCOMP_A_COUNTERS_FAULT_NEW,
	[RAYOS_ZCOMP_C_FAULT_SOFT] = RAYOS_ZCOMP_A_COUNTERS_FAULT_SOFT,
	[RAYOS_ZCOMP_C_FAULT_LOADED] = RAYOS_ZCOMP_A_COUNTERS_FAULT_LOADED,
	[RAYOS_ZCOMP_C_COOLED] = RAYOS_ZCOMP_A_COUNTERS_COOLED,
	[RAYOS_ZCOMP_C_EVICTED_CLEAN] = RAYOS_ZCOMP_A_COUNTERS_EVICTED_CLEAN,
	[RAYOS_ZCOMP_C_EVICTED] = RAYOS_ZCOMP_A_COUNTERS_EVICTED,
	[RAYOS_ZCOMP_C_BUSY] = RAYOS_ZCOMP_A_COUNTERS_BUSY,
	[RAYOS_ZCOMP_C_DISCARDED] = RAYOS_ZCOMP_A_COUNTERS_DISCARDED,
	[RAYOS_ZCOMP_C_FAULT_AHEAD] = RAYOS_ZCOMP_A_COUNTERS_FAULT_AHEAD,
};

/**
 * struct number - an attribute and its value
 * @attr: the attribute
 * @value: what it says
 */
struct number {
	u16 attr;
	u64 value;
};

static int put_numbers(struct sk_buff *skb, const struct number *numbers, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		if (nla_put_uint(skb, numbers[i].attr, numbers[i].value))
			return -EMSGSIZE;
	}
	return 0;
}

static int put_nest(struct sk_buff *skb, u16 attr, const struct number *numbers,
		    u32 nr)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest || put_numbers(skb, numbers, nr))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static u64 read(const atomic64_t *counter)
{
	return atomic64_read(counter);
}

static u64 pages_to_bytes(u32 pages)
{
	return (u64)pages << PAGE_SHIFT;
}

/**
 * rayos_zcomp_fill_status() - figures of all stores together
 * @skb: the message
 * @totals: the figures
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_zcomp_fill_status(struct sk_buff *skb,
			    const struct rayos_zcomp_totals *totals)
{
	const struct number numbers[] = {
		{ RAYOS_ZCOMP_A_STATUS_ORIGINAL, totals->original },
		{ RAYOS_ZCOMP_A_STATUS_COMPRESSED, totals->compressed },
		{ RAYOS_ZCOMP_A_STATUS_POOL, totals->pool },
		{ RAYOS_ZCOMP_A_STATUS_USED, totals->used },
		{ RAYOS_ZCOMP_A_STATUS_SAVED,
		  rayos_zcomp_saved(totals->original, totals->used) },
		{ RAYOS_ZCOMP_A_STATUS_RATIO,
		  rayos_zcomp_ratio(totals->original, totals->used) },
		{ RAYOS_ZCOMP_A_STATUS_AVAILABLE_MEMORY,
		  (u64)si_mem_available() << PAGE_SHIFT },
		{ RAYOS_ZCOMP_A_STATUS_TOTAL_MEMORY,
		  (u64)totalram_pages() << PAGE_SHIFT },
	};

	if (nla_put_string(skb, RAYOS_ZCOMP_A_STATUS_VERSION, RAYOS_VERSION) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_STATUS_DEVICES, totals->devices) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_STATUS_REGIONS, totals->regions))
		return -EMSGSIZE;
	return put_numbers(skb, numbers, ARRAY_SIZE(numbers));
}

static int fill_settings_of(struct sk_buff *skb, u64 size, u32 level, u32 kind,
			    u32 limit)
{
	if (nla_put_u64_64bit(skb, RAYOS_ZCOMP_A_STORE_SIZE, size,
			      RAYOS_ZCOMP_A_STORE_PAD) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_STORE_LEVEL, level) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_STORE_CODEC, kind) ||
	    nla_put_u64_64bit(skb, RAYOS_ZCOMP_A_STORE_LIMIT,
			      pages_to_bytes(limit), RAYOS_ZCOMP_A_STORE_PAD))
		return -EMSGSIZE;
	return 0;
}

static int fill_figures(struct sk_buff *skb, const struct rayos_zcomp_store *store)
{
	const struct rayos_zcomp_pool *pool = store->pool;
	u64 original = rayos_zcomp_original_bytes(store);
	u64 used = rayos_zcomp_used_bytes(store);
	const struct number numbers[] = {
		{ RAYOS_ZCOMP_A_STORE_ORIGINAL, original },
		{ RAYOS_ZCOMP_A_STORE_COMPRESSED, read(&pool->bytes) },
		{ RAYOS_ZCOMP_A_STORE_POOL,
		  pages_to_bytes(atomic_read(&pool->nr_pages)) },
		{ RAYOS_ZCOMP_A_STORE_PEAK,
		  pages_to_bytes(READ_ONCE(pool->peak)) },
		{ RAYOS_ZCOMP_A_STORE_USED, used },
		{ RAYOS_ZCOMP_A_STORE_SAVED, rayos_zcomp_saved(original, used) },
		{ RAYOS_ZCOMP_A_STORE_RATIO, rayos_zcomp_ratio(original, used) },
		{ RAYOS_ZCOMP_A_STORE_SAME, read(&store->stats.same) },
		{ RAYOS_ZCOMP_A_STORE_RAW, read(&store->stats.raw) },
		{ RAYOS_ZCOMP_A_STORE_CHUNKED, read(&store->stats.chunked) },
		{ RAYOS_ZCOMP_A_STORE_MOVED, read(&pool->moved) },
	};

	return put_numbers(skb, numbers, ARRAY_SIZE(numbers));
}

static int fill_counters(struct sk_buff *skb,
			 const struct rayos_zcomp_store *store)
{
	struct number numbers[RAYOS_ZCOMP_COUNTERS];
	int i;

	for (i = 0; i < RAYOS_ZCOMP_COUNTERS; i++)
		numbers[i] = (struct number){
			counter_attr[i], rayos_zcomp_counted(store->counts, i)
		};
	return put_nest(skb, RAYOS_ZCOMP_A_STORE_COUNTERS, numbers,
			ARRAY_SIZE(numbers));
}

/**
 * rayos_zcomp_fill_sweep() - what was done to pages
 * @skb: the message
 * @sweep: that
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_zcomp_fill_sweep(struct sk_buff *skb,
			   const struct rayos_zcomp_sweep *sweep)
{
	const struct number numbers[] = {
		{ RAYOS_ZCOMP_A_COUNTERS_COMPRESSED, sweep->compressed },
		{ RAYOS_ZCOMP_A_COUNTERS_COOLED, sweep->cooled },
		{ RAYOS_ZCOMP_A_COUNTERS_EVICTED, sweep->evicted },
	};

	return put_nest(skb, RAYOS_ZCOMP_A_STORE_COUNTERS, numbers,
			ARRAY_SIZE(numbers));
}

static int fill_io(struct sk_buff *skb, const struct rayos_zcomp_disk_stats *io)
{
	const struct number numbers[] = {
		{ RAYOS_ZCOMP_A_IO_READS, read(&io->reads) },
		{ RAYOS_ZCOMP_A_IO_WRITES, read(&io->writes) },
		{ RAYOS_ZCOMP_A_IO_FAILED_READS, read(&io->failed_reads) },
		{ RAYOS_ZCOMP_A_IO_FAILED_WRITES, read(&io->failed_writes) },
		{ RAYOS_ZCOMP_A_IO_INVALID, read(&io->invalid) },
		{ RAYOS_ZCOMP_A_IO_FREED, read(&io->freed) },
		{ RAYOS_ZCOMP_A_IO_MISSED, read(&io->missed) },
	};

	return put_nest(skb, RAYOS_ZCOMP_A_STORE_IO, numbers, ARRAY_SIZE(numbers));
}

static int fill_region(struct sk_buff *skb, const struct rayos_zcomp_region *region,
		       bool owner)
{
	if (nla_put_uint(skb, RAYOS_ZCOMP_A_STORE_RESIDENT,
			 read(&region->resident)) ||
	    nla_put_uint(skb, RAYOS_ZCOMP_A_STORE_MOST_KEPT,
			 region->store->most_kept))
		return -EMSGSIZE;
	if (!owner)
		return 0;
	if (nla_put_u32(skb, RAYOS_ZCOMP_A_STORE_PID, region->pid) ||
	    nla_put_string(skb, RAYOS_ZCOMP_A_STORE_PROGRAM, region->comm))
		return -EMSGSIZE;
	return 0;
}

static u32 kind_of(const struct rayos_zcomp_store *store)
{
	return store->region ? RAYOS_ZCOMP_STORE_KIND_REGION :
			       RAYOS_ZCOMP_STORE_KIND_DEVICE;
}

/**
 * rayos_zcomp_fill_store() - all about a store
 * @skb: the message
 * @store: the store
 * @owner: whose it is, too
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_zcomp_fill_store(struct sk_buff *skb,
			   const struct rayos_zcomp_store *store, bool owner)
{
	if (nla_put_string(skb, RAYOS_ZCOMP_A_STORE_NAME, store->name) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_STORE_ID, store->id) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_STORE_KIND, kind_of(store)) ||
	    fill_settings_of(skb, store->nr_pages << PAGE_SHIFT, store->level,
			     store->kind, READ_ONCE(store->pool->limit)) ||
	    fill_figures(skb, store) || fill_counters(skb, store) ||
	    (store->io && fill_io(skb, store->io)))
		return -EMSGSIZE;
	return store->region ? fill_region(skb, store->region, owner) : 0;
}

/**
 * rayos_zcomp_fill_refused() - that a store has no room
 * @skb: the message
 * @store: the store
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_zcomp_fill_refused(struct sk_buff *skb,
			     const struct rayos_zcomp_store *store)
{
	const struct rayos_zcomp_pool *pool = store->pool;

	if (nla_put_string(skb, RAYOS_ZCOMP_A_STORE_NAME, store->name) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_STORE_KIND, kind_of(store)) ||
	    nla_put_u64_64bit(skb, RAYOS_ZCOMP_A_STORE_LIMIT,
			      pages_to_bytes(READ_ONCE(pool->limit)),
			      RAYOS_ZCOMP_A_STORE_PAD) ||
	    nla_put_uint(skb, RAYOS_ZCOMP_A_STORE_POOL,
			 pages_to_bytes(atomic_read(&pool->nr_pages))))
		return -EMSGSIZE;
	return 0;
}

/**
 * rayos_zcomp_fill_device_name() - which device it is
 * @skb: the message
 * @id: number of the device
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_zcomp_fill_device_name(struct sk_buff *skb, u32 id)
{
	char name[RAYOS_ZCOMP_NAME_SIZE];

	snprintf(name, sizeof(name), "rayz%u", id);
	return nla_put_string(skb, RAYOS_ZCOMP_A_STORE_NAME, name);
}

/**
 * rayos_zcomp_fill_device() - a device, which may have no size
 * @skb: the message
 * @id: number of the device
 * @config: how it is made
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_zcomp_fill_device(struct sk_buff *skb, u32 id,
			    const struct rayos_zcomp_disk_config *config)
{
	return rayos_zcomp_fill_device_name(skb, id) ?:
	       fill_settings_of(skb, config->size, config->level, config->kind,
				config->limit);
}

/**
 * rayos_zcomp_fill_settings() - what new stores are made with
 * @skb: the message
 * @settings: that
 * @policy: what decides of when they compress
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_zcomp_fill_settings(struct sk_buff *skb,
			      const struct rayos_zcomp_settings *settings,
			      const struct rayos_zcomp_policy *policy)
{
	if (nla_put_u32(skb, RAYOS_ZCOMP_A_SETTINGS_LEVEL, settings->level) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_SETTINGS_CODEC, settings->kind))
		return -EMSGSIZE;
	return rayos_zcomp_fill_policy(skb, policy);
}

static int fill_buckets(struct sk_buff *skb, const struct rayos_zcomp_times *times)
{
	u32 i;

	for (i = 0; i < RAYOS_ZCOMP_TIME_BUCKETS; i++) {
		const struct number numbers[] = {
			{ RAYOS_ZCOMP_A_BUCKET_FLOOR,
			  rayos_hist_floor(i, RAYOS_ZCOMP_TIME_LOW,
					   RAYOS_ZCOMP_TIME_HIGH) },
			{ RAYOS_ZCOMP_A_BUCKET_COUNT, times->bucket[i] },
		};

		if (times->bucket[i] &&
		    put_nest(skb, RAYOS_ZCOMP_A_HISTOGRAM_BUCKET, numbers,
			     ARRAY_SIZE(numbers)))
			return -EMSGSIZE;
	}
	return 0;
}

static int fill_times(struct sk_buff *skb, const struct rayos_zcomp_times *times)
{
	const struct rayos_hist_view view = rayos_zcomp_times_view(times);
	struct nlattr *nest = nla_nest_start(skb, RAYOS_ZCOMP_A_STATS_TIME);
	const struct number numbers[] = {
		{ RAYOS_ZCOMP_A_HISTOGRAM_COUNT, times->count },
		{ RAYOS_ZCOMP_A_HISTOGRAM_SUM, times->sum },
		{ RAYOS_ZCOMP_A_HISTOGRAM_P50, rayos_hist_quantile(&view, 500) },
		{ RAYOS_ZCOMP_A_HISTOGRAM_P90, rayos_hist_quantile(&view, 900) },
		{ RAYOS_ZCOMP_A_HISTOGRAM_P99, rayos_hist_quantile(&view, 990) },
		{ RAYOS_ZCOMP_A_HISTOGRAM_LONGEST, times->max },
	};

	if (!nest || put_numbers(skb, numbers, ARRAY_SIZE(numbers)) ||
	    fill_buckets(skb, times))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * rayos_zcomp_fill_stats() - how long a codec takes
 * @skb: the message
 * @n: which codec, and what it does, counted from 0
 *
 * Return: 0, -ENOENT if that was not measured, or -EMSGSIZE.
 */
int rayos_zcomp_fill_stats(struct sk_buff *skb, u32 n)
{
	u32 kind = n / RAYOS_ZCOMP_WORKS, work = n % RAYOS_ZCOMP_WORKS;
	struct rayos_zcomp_times times;

	rayos_zcomp_measured(kind, work, &times);
	if (!times.count)
		return -ENOENT;
	if (nla_put_u32(skb, RAYOS_ZCOMP_A_STATS_CODEC, kind) ||
	    nla_put_u32(skb, RAYOS_ZCOMP_A_STATS_DIRECTION, work) ||
	    fill_times(skb, &times))
		return -EMSGSIZE;
	return 0;
}

static int fill_ages(struct sk_buff *skb, const struct rayos_zcomp_ages *ages)
{
	u32 i;

	for (i = 0; i < RAYOS_ZCOMP_AGES; i++) {
		const struct number numbers[] = {
			{ RAYOS_ZCOMP_A_AGE_SECONDS, rayos_zcomp_bin_age(i) },
			{ RAYOS_ZCOMP_A_AGE_MAPPED, ages->mapped[i] },
			{ RAYOS_ZCOMP_A_AGE_UNMAPPED, ages->unmapped[i] },
			{ RAYOS_ZCOMP_A_AGE_KEPT, ages->kept[i] },
			{ RAYOS_ZCOMP_A_AGE_CHUNKED, ages->chunked[i] },
			{ RAYOS_ZCOMP_A_AGE_STUCK, ages->stuck[i] },
		};
		u64 all = ages->mapped[i] + ages->unmapped[i] + ages->kept[i] +
			  ages->chunked[i] + ages->stuck[i];

		if (all && put_nest(skb, RAYOS_ZCOMP_A_PAGES_AGE, numbers,
				    ARRAY_SIZE(numbers)))
			return -EMSGSIZE;
	}
	return 0;
}

/**
 * rayos_zcomp_fill_pages() - how pages are spread
 * @skb: the message
 * @pages: that
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_zcomp_fill_pages(struct sk_buff *skb,
			   const struct rayos_zcomp_pages *pages)
{
	u32 i;

	if (fill_ages(skb, &pages->ages))
		return -EMSGSIZE;
	for (i = 0; i < RAYOS_ZCOMP_SIZES; i++) {
		const struct number numbers[] = {
			{ RAYOS_ZCOMP_A_SIZE_BYTES,
			  (i + 1) * RAYOS_ZCOMP_SIZE_STEP },
			{ RAYOS_ZCOMP_A_SIZE_OBJECTS, pages->sizes[i] },
		};

		if (pages->sizes[i] &&
		    put_nest(skb, RAYOS_ZCOMP_A_PAGES_SIZE, numbers,
			     ARRAY_SIZE(numbers)))
			return -EMSGSIZE;
	}
	return 0;
}
