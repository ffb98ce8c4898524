// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/block/rayzN: the attributes that those of zram are named like and mean, so
 * that what was written for zram works here (Documentation/admin-guide/blockdev/
 * zram.rst of the kernel), and a few of our own.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "codec.h"
#include "disk.h"
#include "recompress.h"

static const char * const level_name[] = {
	[RAYOS_ZCOMP_NONE] = "none",
	[RAYOS_ZCOMP_FAST] = "fast",
	[RAYOS_ZCOMP_BALANCED] = "balanced",
	[RAYOS_ZCOMP_BEST] = "best",
};

static struct rayos_zcomp_disk *disk_of(struct device *dev)
{
	return dev_to_disk(dev)->private_data;
}

/* The names that can be chosen, a bit for each, the one that is in brackets */
static ssize_t show_choice(char *buf, const char * const *name, unsigned long all,
			   int chosen)
{
	int i, at = 0;

	for_each_set_bit(i, &all, BITS_PER_LONG)
		at += sysfs_emit_at(buf, at, i == chosen ? "[%s] " : "%s ",
				    name[i]);
	return at + sysfs_emit_at(buf, at, "\n");
}

static ssize_t disksize_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%llu\n", (u64)get_capacity(dev_to_disk(dev))
					 << SECTOR_SHIFT);
}

static ssize_t disksize_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	char *rest;
	u64 bytes = memparse(buf, &rest);
	int err;

	if (*skip_spaces(rest))
		return -EINVAL;
	err = rayos_zcomp_disk_set_size(disk_of(dev), bytes);
	return err ?: count;
}

static DEVICE_ATTR_RW(disksize);

static ssize_t initstate_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%d\n", !!get_capacity(dev_to_disk(dev)));
}

static DEVICE_ATTR_RO(initstate);

static ssize_t reset_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	bool yes;
	int err;

	err = kstrtobool(buf, &yes);
	if (!err)
		err = yes ? rayos_zcomp_disk_reset(disk_of(dev)) : -EINVAL;
	return err ?: count;
}

static DEVICE_ATTR_WO(reset);

static ssize_t level_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return show_choice(buf, level_name, GENMASK(RAYOS_ZCOMP_LEVELS - 1, 0),
			   READ_ONCE(disk_of(dev)->level));
}

/* One of the names, which can be chosen until there is a size */
static ssize_t choose(struct device *dev, int chosen, size_t count,
		      void (*set)(struct rayos_zcomp_disk *d, int chosen))
{
	struct rayos_zcomp_disk *d = disk_of(dev);
	ssize_t ret = -EBUSY;

	mutex_lock(&d->lock);
	if (!d->store) {
		set(d, chosen);
		ret = count;
	}
	mutex_unlock(&d->lock);
	return ret;
}

static void set_level(struct rayos_zcomp_disk *d, int level)
{
	d->level = level;
}

static ssize_t level_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	int level = sysfs_match_string(level_name, buf);

	if (level < 0)
		return -EINVAL;
	/* it does without if there is none */
	if (level == RAYOS_ZCOMP_BEST)
		rayos_zcomp_codec_load(RAYOS_ZCOMP_ZSTD);
	return choose(dev, level, count, set_level);
}

static DEVICE_ATTR_RW(level);

static ssize_t comp_algorithm_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	struct rayos_zcomp_disk *d = disk_of(dev);
	int chosen = READ_ONCE(d->kind_set) ? READ_ONCE(d->kind) :
		     rayos_zcomp_kind_of(READ_ONCE(d->level));
	unsigned long all = BIT(chosen);
	int kind;

	for (kind = 0; kind < RAYOS_ZCOMP_CODECS; kind++) {
		if (rayos_zcomp_codec_has(kind))
			all |= BIT(kind);
	}
	return show_choice(buf, rayos_zcomp_kind_name, all, chosen);
}

static void set_kind(struct rayos_zcomp_disk *d, int kind)
{
	d->kind = kind;
	d->kind_set = true;
}

static ssize_t comp_algorithm_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t count)
{
	int kind = sysfs_match_string(rayos_zcomp_kind_name, buf);

	if (kind < 0)
		return -EINVAL;
	if (!rayos_zcomp_codec_load(kind))
		return -ENOENT;
	return choose(dev, kind, count, set_kind);
}

static DEVICE_ATTR_RW(comp_algorithm);

/* There is one for each processor, whatever is asked for */
static ssize_t max_comp_streams_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", num_online_cpus());
}

static ssize_t max_comp_streams_store(struct device *dev,
				      struct device_attribute *attr,
				      const char *buf, size_t count)
{
	return count;
}

static DEVICE_ATTR_RW(max_comp_streams);

static ssize_t mem_limit_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	char *rest;
	u64 bytes = memparse(buf, &rest);
	u32 limit;

	if (rest == buf || *skip_spaces(rest) ||
	    bytes > (u64)S32_MAX << PAGE_SHIFT)
		return -EINVAL;
	limit = DIV_ROUND_UP_ULL(bytes, PAGE_SIZE);
	rayos_zcomp_disk_set_limit(disk_of(dev), limit);
	return count;
}

static DEVICE_ATTR_WO(mem_limit);

/* To begin anew from what there is now */
static ssize_t mem_used_max_store(struct device *dev,
				  struct device_attribute *attr, const char *buf,
				  size_t count)
{
	struct rayos_zcomp_disk *d = disk_of(dev);
	unsigned long value;
	int err;

	err = kstrtoul(buf, 10, &value);
	if (err || value)
		return -EINVAL;
	mutex_lock(&d->lock);
	if (d->store)
		WRITE_ONCE(d->store->pool->peak,
			   atomic_read(&d->store->pool->nr_pages));
	mutex_unlock(&d->lock);
	return count;
}

static DEVICE_ATTR_WO(mem_used_max);

static ssize_t with_store(struct device *dev, size_t count,
			  void (*act)(struct rayos_zcomp_store *store, u32 arg),
			  u32 arg)
{
	struct rayos_zcomp_disk *d = disk_of(dev);
	ssize_t ret = -EINVAL;

	mutex_lock(&d->lock);
	if (d->store) {
		act(d->store, arg);
		ret = count;
	}
	mutex_unlock(&d->lock);
	return ret;
}

static void compact(struct rayos_zcomp_store *store, u32 most)
{
	rayos_zcomp_compact(store->pool, most);
}

static ssize_t compact_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	return with_store(dev, count, compact, U32_MAX);
}

static DEVICE_ATTR_WO(compact);

static void mark_idle(struct rayos_zcomp_store *store, u32 age)
{
	rayos_zcomp_mark_idle(store, age);
}

/* "all", or the seconds for which a page has not been used */
static ssize_t idle_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	u32 age = 0;

	if (!sysfs_streq(buf, "all") && kstrtou32(buf, 10, &age))
		return -EINVAL;
	return with_store(dev, count, mark_idle, age);
}

static DEVICE_ATTR_WO(idle);

static ssize_t recompress_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t count)
{
	struct rayos_zcomp_disk *d = disk_of(dev);
	struct rayos_zcomp_recompress how;
	int err;

	err = rayos_zcomp_parse_recompress(buf, &how);
	if (err)
		return err;
	mutex_lock(&d->lock);
	if (d->store)
		err = rayos_zcomp_recompress(d->store, &how);
	else
		err = -EINVAL;
	mutex_unlock(&d->lock);
	return err ?: count;
}

static DEVICE_ATTR_WO(recompress);

static u64 number(const atomic64_t *counter)
{
	return atomic64_read(counter);
}

static ssize_t emit_mm(const struct rayos_zcomp_store *store, u32 limit, char *buf)
{
	const struct rayos_zcomp_pool *pool = store->pool;

	return sysfs_emit(buf,
			  "%8llu %8llu %8llu %8llu %8llu %8llu %8llu %8llu %8llu\n",
			  rayos_zcomp_original_bytes(store), number(&pool->bytes),
			  (u64)atomic_read(&pool->nr_pages) << PAGE_SHIFT,
			  (u64)limit << PAGE_SHIFT,
			  (u64)READ_ONCE(pool->peak) << PAGE_SHIFT,
			  number(&store->stats.same), number(&pool->moved),
			  number(&store->stats.raw), number(&store->stats.raws));
}

/* Bytes of pages, of objects, of the pool, its limit and its peak; pages of one
 * word, objects that compaction has moved, pages as they are, now and ever
 */
static ssize_t mm_stat_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct rayos_zcomp_disk *d = disk_of(dev);
	ssize_t ret;

	mutex_lock(&d->lock);
	if (d->store)
		ret = emit_mm(d->store, d->limit, buf);
	else
		ret = sysfs_emit(buf, "%8u %8u %8u %8llu %8u %8u %8u %8u %8u\n",
				 0, 0, 0,
				 (u64)d->limit << PAGE_SHIFT,
				 0, 0, 0, 0, 0);
	mutex_unlock(&d->lock);
	return ret;
}

static DEVICE_ATTR_RO(mm_stat);

static ssize_t io_stat_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	const struct rayos_zcomp_disk_stats *stats = &disk_of(dev)->stats;

	return sysfs_emit(buf, "%8llu %8llu %8llu %8llu\n",
			  number(&stats->failed_reads),
			  number(&stats->failed_writes), number(&stats->invalid),
			  number(&stats->freed));
}

static DEVICE_ATTR_RO(io_stat);

static ssize_t debug_stat_show(struct device *dev, struct device_attribute *attr,
			       char *buf)
{
	return sysfs_emit(buf, "version: 1\n%8u %8llu\n", 0,
			  number(&disk_of(dev)->stats.missed));
}

static DEVICE_ATTR_RO(debug_stat);

static struct attribute *disk_attrs[] = {
	&dev_attr_disksize.attr,
	&dev_attr_initstate.attr,
	&dev_attr_reset.attr,
	&dev_attr_level.attr,
	&dev_attr_comp_algorithm.attr,
	&dev_attr_max_comp_streams.attr,
	&dev_attr_mem_limit.attr,
	&dev_attr_mem_used_max.attr,
	&dev_attr_compact.attr,
	&dev_attr_idle.attr,
	&dev_attr_recompress.attr,
	&dev_attr_mm_stat.attr,
	&dev_attr_io_stat.attr,
	&dev_attr_debug_stat.attr,
	NULL
};

static const struct attribute_group disk_group = {
	.attrs = disk_attrs,
};

const struct attribute_group *rayos_zcomp_disk_groups[] = {
	&disk_group,
	NULL
};
