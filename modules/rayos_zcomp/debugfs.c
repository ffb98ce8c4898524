// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views for humans and scrapers in /sys/kernel/debug/rayos/zcomp.  Nothing depends on
 * them being there.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <rayos/debugfs.h>

#include "codec.h"
#include "debugfs.h"
#include "disk.h"
#include "measure.h"
#include "registry.h"
#include "store.h"

#define PREFIX	"rayos_zcomp_"

static struct rayos_debugfs files;

/**
 * struct metric - a number as scrapers see it
 * @name: without the prefix
 * @help: what it is
 * @type: counter or gauge
 * @read: what it is of a store
 * @counter: handed to @read
 */
struct metric {
	const char *name;
	const char *help;
	const char *type;
	u64 (*read)(const struct rayos_zcomp_store *store, u32 counter);
	u32 counter;
};

static u64 read_original(const struct rayos_zcomp_store *store, u32 unused)
{
	return rayos_zcomp_original_bytes(store);
}

static u64 read_compressed(const struct rayos_zcomp_store *store, u32 unused)
{
	return atomic64_read(&store->pool->bytes);
}

static u64 read_pool(const struct rayos_zcomp_store *store, u32 unused)
{
	return (u64)atomic_read(&store->pool->nr_pages) << PAGE_SHIFT;
}

static u64 read_used(const struct rayos_zcomp_store *store, u32 unused)
{
	return rayos_zcomp_used_bytes(store);
}

static u64 read_limit(const struct rayos_zcomp_store *store, u32 unused)
{
	return (u64)READ_ONCE(store->pool->limit) << PAGE_SHIFT;
}

static u64 read_size(const struct rayos_zcomp_store *store, u32 unused)
{
	return store->nr_pages << PAGE_SHIFT;
}

static u64 read_counter(const struct rayos_zcomp_store *store, u32 counter)
{
	return rayos_zcomp_counted(store->counts, counter);
}

#define GAUGE(name, read, help)	{ name, help, "gauge", read, 0 }
#define COUNTER(name, what, help)	\
	{ name, help, "counter", read_counter, RAYOS_ZCOMP_C_##what }

static const struct metric metrics[] = {
	GAUGE("size_bytes", read_size, "Size."),
	GAUGE("original_bytes", read_original,
	      "What the pages would take up uncompressed."),
	GAUGE("compressed_bytes", read_compressed, "What they are compressed to."),
	GAUGE("pool_bytes", read_pool, "Memory of the pool."),
	GAUGE("used_bytes", read_used, "All that is taken up."),
	GAUGE("limit_bytes", read_limit, "Most memory of the pool, 0 for any amount."),
	COUNTER("compressed_pages_total", COMPRESSED,
		"Pages that went through a codec."),
	COUNTER("decompressed_pages_total", DECOMPRESSED,
		"Pages that came back through a codec."),
	COUNTER("incompressible_pages_total", INCOMPRESSIBLE,
		"Pages that would not have become small enough."),
	COUNTER("refused_pages_total", REFUSED,
		"Pages for which there was no memory, or none within the limit."),
	COUNTER("promoted_pages_total", PROMOTED,
		"Pages that were compressed once more, better."),
	COUNTER("new_faults_total", FAULT_NEW, "Pages used for the first time."),
	COUNTER("soft_faults_total", FAULT_SOFT,
		"Pages used after they had been unmapped."),
	COUNTER("loaded_faults_total", FAULT_LOADED,
		"Pages used after they had been evicted."),
	COUNTER("ahead_pages_total", FAULT_AHEAD,
		"Pages that came back with the one before them."),
	COUNTER("cooled_pages_total", COOLED,
		"Pages unmapped to see whether they are used."),
	COUNTER("evicted_clean_pages_total", EVICTED_CLEAN,
		"Pages evicted that were still compressed."),
	COUNTER("evicted_pages_total", EVICTED,
		"Pages evicted after they had been compressed."),
	COUNTER("busy_pages_total", BUSY, "Pages not evicted as they were in use."),
	COUNTER("discarded_pages_total", DISCARDED,
		"Pages given up by who used them."),
};

/* Calls @show for one store after the other */
static void show_stores(struct seq_file *m,
			void (*show)(struct seq_file *m,
				     const struct rayos_zcomp_store *store,
				     const void *arg),
			const void *arg)
{
	struct rayos_zcomp_store *store = NULL;

	while ((store = rayos_zcomp_registry_after(store)))
		show(m, store, arg);
}

static void show_metric(struct seq_file *m, const struct rayos_zcomp_store *store,
			const void *arg)
{
	const struct metric *metric = arg;

	seq_printf(m, PREFIX "%s{store=\"%s\"} %llu\n", metric->name, store->name,
		   metric->read(store, metric->counter));
}

static void show_times(struct seq_file *m, const char *name,
		       enum rayos_zcomp_work work)
{
	struct rayos_zcomp_times times;
	struct rayos_hist_view view;
	char labels[32];
	u32 kind;

	for (kind = 0; kind < RAYOS_ZCOMP_CODECS; kind++) {
		rayos_zcomp_measured(kind, work, &times);
		if (!times.count)
			continue;
		view = rayos_zcomp_times_view(&times);
		snprintf(labels, sizeof(labels), "codec=\"%s\"",
			 rayos_zcomp_kind_name[kind]);
		rayos_metric_hist(m, name, labels, &view);
	}
}

static int metrics_show(struct seq_file *m, void *unused)
{
	u32 i;

	rayos_metric_head(m, PREFIX, "info", "What is loaded.", "gauge");
	seq_puts(m, PREFIX "info{version=\"" RAYOS_VERSION "\"} 1\n");
	for (i = 0; i < ARRAY_SIZE(metrics); i++) {
		rayos_metric_head(m, PREFIX, metrics[i].name, metrics[i].help,
				  metrics[i].type);
		show_stores(m, show_metric, &metrics[i]);
	}
	rayos_metric_head(m, PREFIX, "compress_seconds",
			  "Time to compress a page, of one call in 16.",
			  "histogram");
	show_times(m, PREFIX "compress_seconds", RAYOS_ZCOMP_COMPRESS);
	rayos_metric_head(m, PREFIX, "decompress_seconds",
			  "Time to decompress a page, of one call in 16.",
			  "histogram");
	show_times(m, PREFIX "decompress_seconds", RAYOS_ZCOMP_DECOMPRESS);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(metrics);

static void show_store(struct seq_file *m, const struct rayos_zcomp_store *store,
		       const void *unused)
{
	u64 original = rayos_zcomp_original_bytes(store);
	u64 used = rayos_zcomp_used_bytes(store), ratio;
	u32 rest;

	ratio = div_u64_rem(rayos_zcomp_ratio(original, used), 1000000, &rest);
	seq_printf(m, "%s size %llu original %llu compressed %llu pool %llu used %llu ratio %llu.%02u codec %s\n",
		   store->name, read_size(store, 0), original,
		   read_compressed(store, 0), read_pool(store, 0), used, ratio,
		   rest / 10000, rayos_zcomp_kind_name[store->kind]);
}

static int stores_show(struct seq_file *m, void *unused)
{
	show_stores(m, show_store, NULL);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stores);

/**
 * rayos_zcomp_debugfs_init() - make the views
 *
 * Context: Process context, may sleep.
 */
void rayos_zcomp_debugfs_init(void)
{
	rayos_debugfs_init(&files, "zcomp");
	debugfs_create_file("stores", 0400, files.dir, NULL, &stores_fops);
	debugfs_create_file("metrics", 0400, files.dir, NULL, &metrics_fops);
}

/**
 * rayos_zcomp_debugfs_exit() - remove the views
 *
 * Context: Process context, may sleep.
 */
void rayos_zcomp_debugfs_exit(void)
{
	rayos_debugfs_exit(&files);
}
