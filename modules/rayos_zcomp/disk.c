// SPDX-License-Identifier: GPL-2.0-only
/*
 * Block devices /dev/rayzN, for swap or a filesystem.
 *
 * All of a request is done when submit_bio returns, in the context of who asks.
 */
#include <linux/bio.h>
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <rayos/compat_block.h>

#include "disk.h"
#include "netlink.h"
#include "registry.h"
#include "settings.h"

#define SECTORS_PER_PAGE_SHIFT	(PAGE_SHIFT - SECTOR_SHIFT)

static int major;
static DEFINE_XARRAY_ALLOC(disks);
static DEFINE_MUTEX(disks_lock); /* who is there */

static int read_page(struct rayos_zcomp_disk *d, u64 index, void *to)
{
	int err = rayos_zcomp_read(d->store, index, to);

	atomic64_inc(&d->stats.reads);
	if (err)
		atomic64_inc(&d->stats.failed_reads);
	return err;
}

static int write_page(struct rayos_zcomp_disk *d, u64 index, const void *from)
{
	int err = rayos_zcomp_write(d->store, index, from);

	atomic64_inc(&d->stats.writes);
	if (err) {
		atomic64_inc(&d->stats.failed_writes);
		rayos_zcomp_nl_refused_event(d->store);
	}
	return err;
}

/* One page of the device, which is one of memory as well */
static int do_whole(struct rayos_zcomp_disk *d, u64 index, struct page *page,
		    bool write)
{
	void *mem = kmap_local_page(page);
	int err;

	if (write) {
		err = write_page(d, index, mem);
	} else {
		err = read_page(d, index, mem);
		flush_dcache_page(page);
	}
	kunmap_local(mem);
	return err;
}

/* Between a page that is in pieces and one that is not */
static void copy_pieces(struct bio *bio, struct bvec_iter iter, u8 *mem,
			bool write)
{
	u32 done = 0, len;
	struct bio_vec bv;

	while (done < PAGE_SIZE) {
		bv = bio_iter_iovec(bio, iter);
		len = min_t(u32, bv.bv_len, PAGE_SIZE - done);
		bv.bv_len = len;
		if (write)
			memcpy_from_bvec(mem + done, &bv);
		else
			memcpy_to_bvec(&bv, mem + done);
		bio_advance_iter(bio, &iter, len);
		done += len;
	}
}

/* One page of the device, which is in parts of several of memory */
static int do_pieces(struct rayos_zcomp_disk *d, u64 index, struct bio *bio,
		     struct bvec_iter iter, bool write)
{
	void *mem = (void *)__get_free_page(GFP_NOIO);
	int err;

	if (!mem)
		return -ENOMEM;
	if (write) {
		copy_pieces(bio, iter, mem, true);
		err = write_page(d, index, mem);
	} else {
		err = read_page(d, index, mem);
		if (!err)
			copy_pieces(bio, iter, mem, false);
	}
	free_page((unsigned long)mem);
	return err;
}

static int do_pages(struct rayos_zcomp_disk *d, struct bio *bio, bool write)
{
	struct bvec_iter iter = bio->bi_iter;
	struct bio_vec bv;
	int err = 0;
	u64 index;

	while (iter.bi_size && !err) {
		bv = bio_iter_iovec(bio, iter);
		index = iter.bi_sector >> SECTORS_PER_PAGE_SHIFT;
		if (bv.bv_len == PAGE_SIZE)
			err = do_whole(d, index, bv.bv_page, write);
		else
			err = do_pieces(d, index, bio, iter, write);
		bio_advance_iter(bio, &iter, PAGE_SIZE);
	}
	return err;
}

static int discard(struct rayos_zcomp_disk *d, const struct bio *bio)
{
	u64 index = bio->bi_iter.bi_sector >> SECTORS_PER_PAGE_SHIFT;
	u64 end = index + (bio->bi_iter.bi_size >> PAGE_SHIFT);

	for (; index < end; index++) {
		rayos_zcomp_forget(d->store, index);
		cond_resched();
	}
	return 0;
}

static bool are_pages(sector_t sector, u32 bytes)
{
	return IS_ALIGNED(sector, PAGE_SIZE >> SECTOR_SHIFT) &&
	       IS_ALIGNED(bytes, PAGE_SIZE);
}

static int execute(struct rayos_zcomp_disk *d, struct bio *bio)
{
	if (!READ_ONCE(d->store) ||
	    !are_pages(bio->bi_iter.bi_sector, bio->bi_iter.bi_size)) {
		atomic64_inc(&d->stats.invalid);
		return -EINVAL;
	}
	switch (bio_op(bio)) {
	case REQ_OP_READ:
		return do_pages(d, bio, false);
	case REQ_OP_WRITE:
		return do_pages(d, bio, true);
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		return discard(d, bio);
	case REQ_OP_FLUSH:
		return 0;
	default:
		atomic64_inc(&d->stats.invalid);
		return -EOPNOTSUPP;
	}
}

/* The block layer has seen to it that it is within the device */
static void submit(struct bio *bio)
{
	struct rayos_zcomp_disk *d = bio->bi_bdev->bd_disk->private_data;
	unsigned long began = bio_start_io_acct(bio);

	bio->bi_status = errno_to_blk_status(execute(d, bio));
	bio_end_io_acct(bio, began);
	bio_endio(bio);
}

/* Called with a spinlock held */
static void slot_freed(struct block_device *bdev, unsigned long index)
{
	struct rayos_zcomp_disk *d = bdev->bd_disk->private_data;

	atomic64_inc(&d->stats.freed);
	if (!rayos_zcomp_try_forget(d->store, index))
		atomic64_inc(&d->stats.missed);
}

static int open(struct gendisk *disk)
{
	struct rayos_zcomp_disk *d = disk->private_data;

	return d->claimed ? -EBUSY : 0;
}

RAYOS_DISK_OPEN(open)

/* Nobody has compared it with the size of the device */
static int __maybe_unused rw_page(struct gendisk *disk, sector_t sector,
				  struct page *page, bool write)
{
	if (!are_pages(sector, PAGE_SIZE) ||
	    sector >= get_capacity(disk) ||
	    get_capacity(disk) - sector < PAGE_SIZE >> SECTOR_SHIFT)
		return -EINVAL;
	return do_whole(disk->private_data, sector >> SECTORS_PER_PAGE_SHIFT,
			page, write);
}

RAYOS_DISK_RW_PAGE(rw_page)

static const struct block_device_operations ops = {
	.owner = THIS_MODULE,
	.open = open_disk,
	.submit_bio = submit,
	.swap_slot_free_notify = slot_freed,
	RAYOS_RW_PAGE(rw_page)
};

static void set_config(struct rayos_zcomp_disk *d,
		       const struct rayos_zcomp_disk_config *config)
{
	d->level = config->level;
	d->kind = config->kind;
	d->kind_set = config->kind != rayos_zcomp_kind_of(config->level);
	d->limit = config->limit;
}

static void set_default(struct rayos_zcomp_disk *d)
{
	const struct rayos_zcomp_settings settings = rayos_zcomp_settings_get();
	const struct rayos_zcomp_disk_config config = {
		.level = settings.level,
		.kind = settings.kind,
	};

	set_config(d, &config);
}

/* The pages of a device that has none yet; it is locked, or nobody sees it */
static int make_store(struct rayos_zcomp_disk *d,
		      const struct rayos_zcomp_disk_config *config)
{
	u64 nr_pages = DIV_ROUND_UP_ULL(config->size, PAGE_SIZE);
	struct rayos_zcomp_store *store;
	int err;

	if (!nr_pages || nr_pages > RAYOS_ZCOMP_PAGES_MAX)
		return -EINVAL;
	store = rayos_zcomp_store_new(nr_pages, config->level, config->limit);
	if (!store)
		return -ENOMEM;
	snprintf(store->name, sizeof(store->name), "rayz%u", d->id);
	store->io = &d->stats;
	err = rayos_zcomp_store_use(store, config->kind);
	if (!err)
		err = rayos_zcomp_registry_add(store);
	if (err) {
		rayos_zcomp_store_free(store);
		return err;
	}
	set_config(d, config);
	WRITE_ONCE(d->store, store);
	return 0;
}

/* Its lock is held, as those who look at its attributes take that */
static int begin(struct rayos_zcomp_disk *d,
		 const struct rayos_zcomp_disk_config *config)
{
	int err = d->store ? -EBUSY : make_store(d, config);

	if (!err)
		set_capacity_and_notify(d->disk, d->store->nr_pages
						 << SECTORS_PER_PAGE_SHIFT);
	return err;
}

/**
 * rayos_zcomp_disk_config_of() - how a device is made
 * @d: the device, whose lock is held
 *
 * Return: what is set, and the size that it has.
 */
struct rayos_zcomp_disk_config
rayos_zcomp_disk_config_of(const struct rayos_zcomp_disk *d)
{
	return (struct rayos_zcomp_disk_config){
		.size = d->store ? d->store->nr_pages << PAGE_SHIFT : 0,
		.level = d->level,
		.kind = d->kind_set ? d->kind : rayos_zcomp_kind_of(d->level),
		.limit = d->limit,
	};
}

/**
 * rayos_zcomp_disk_set_size() - make a device usable
 * @d: one that has no size yet
 * @bytes: its size, rounded up to whole pages
 *
 * Context: May sleep.
 * Return: 0, -EBUSY if it has a size, -EINVAL if that is none, -ENOENT if there is
 * no such codec, or -ENOMEM.
 */
int rayos_zcomp_disk_set_size(struct rayos_zcomp_disk *d, u64 bytes)
{
	struct rayos_zcomp_disk_config config;
	int err;

	mutex_lock(&d->lock);
	config = rayos_zcomp_disk_config_of(d);
	config.size = bytes;
	err = begin(d, &config);
	mutex_unlock(&d->lock);
	if (!err)
		rayos_zcomp_nl_device_event(d, RAYOS_ZCOMP_CMD_DEVICE_NTF);
	return err;
}

/**
 * rayos_zcomp_disk_set_limit() - let a device have more or less memory
 * @d: the device
 * @limit: the most pages of memory for it, 0 for any number
 *
 * Context: May sleep.
 */
void rayos_zcomp_disk_set_limit(struct rayos_zcomp_disk *d, u32 limit)
{
	mutex_lock(&d->lock);
	d->limit = limit;
	if (d->store)
		WRITE_ONCE(d->store->pool->limit, limit);
	mutex_unlock(&d->lock);
	rayos_zcomp_nl_device_event(d, RAYOS_ZCOMP_CMD_DEVICE_NTF);
}

/* Nobody has it open, and nobody can until it is let go.  Or -EBUSY */
static int claim(struct rayos_zcomp_disk *d)
{
	int err = 0;

	mutex_lock(&d->disk->open_mutex);
	if (disk_openers(d->disk) || d->claimed)
		err = -EBUSY;
	else
		d->claimed = true;
	mutex_unlock(&d->disk->open_mutex);
	return err;
}

static void let_go(struct rayos_zcomp_disk *d)
{
	mutex_lock(&d->disk->open_mutex);
	d->claimed = false;
	mutex_unlock(&d->disk->open_mutex);
}

/* Nobody uses it any more */
static void empty(struct rayos_zcomp_disk *d)
{
	mutex_lock(&d->lock);
	if (d->store) {
		rayos_zcomp_registry_del(d->store);
		rayos_zcomp_store_free(d->store);
	}
	d->store = NULL;
	set_default(d);
	memset(&d->stats, 0, sizeof(d->stats));
	mutex_unlock(&d->lock);
}

/**
 * rayos_zcomp_disk_reset() - forget all that is on a device, and its size
 * @d: the device
 *
 * Context: May sleep.
 * Return: 0, or -EBUSY if it is in use.
 */
int rayos_zcomp_disk_reset(struct rayos_zcomp_disk *d)
{
	int err = claim(d);

	if (err)
		return err;
	sync_blockdev(d->disk->part0);
	set_capacity_and_notify(d->disk, 0);
	empty(d);
	rayos_zcomp_nl_device_event(d, RAYOS_ZCOMP_CMD_DEVICE_RESET_NTF);
	let_go(d);
	return 0;
}

static int add_disk_of(struct rayos_zcomp_disk *d)
{
	struct gendisk *disk = rayos_alloc_ram_disk();
	int err;

	if (IS_ERR(disk))
		return PTR_ERR(disk);
	disk->major = major;
	disk->first_minor = d->id;
	disk->minors = 1;
	disk->flags |= GENHD_FL_NO_PART;
	disk->fops = &ops;
	disk->private_data = d;
	snprintf(disk->disk_name, sizeof(disk->disk_name), "rayz%u", d->id);
	d->disk = disk;
	set_capacity(disk, d->store ? d->store->nr_pages
				      << SECTORS_PER_PAGE_SHIFT : 0);
	err = device_add_disk(NULL, disk, rayos_zcomp_disk_groups);
	if (err)
		put_disk(disk);
	return err;
}

/* One without a size if it is to have none.  disks_lock is held */
static struct rayos_zcomp_disk *
new_disk(const struct rayos_zcomp_disk_config *config, struct xa_limit ids)
{
	struct rayos_zcomp_disk *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err;

	if (!d)
		return ERR_PTR(-ENOMEM);
	mutex_init(&d->lock);
	set_default(d);
	err = xa_alloc(&disks, &d->id, d, ids, GFP_KERNEL);
	if (err)
		goto err_free;
	if (config->size)
		err = make_store(d, config);
	if (err)
		goto err_erase;
	err = add_disk_of(d);
	if (err)
		goto err_empty;
	rayos_zcomp_nl_device_event(d, RAYOS_ZCOMP_CMD_DEVICE_NTF);
	return d;

err_empty:
	empty(d);
err_erase:
	xa_erase(&disks, d->id);
err_free:
	kfree(d);
	return ERR_PTR(err);
}

/**
 * rayos_zcomp_disk_add() - make a device, which has no size yet
 *
 * Context: May sleep.
 * Return: its number, or -errno.
 */
int rayos_zcomp_disk_add(void)
{
	static const struct rayos_zcomp_disk_config none;
	struct rayos_zcomp_disk *d;
	int id;

	mutex_lock(&disks_lock);
	d = new_disk(&none, XA_LIMIT(0, MINORMASK));
	/* it may be removed at once */
	id = IS_ERR(d) ? PTR_ERR(d) : d->id;
	mutex_unlock(&disks_lock);
	return id;
}

/* The first that has no size, NULL if there is none */
static struct rayos_zcomp_disk *find_unused(void)
{
	struct rayos_zcomp_disk *d;
	unsigned long id;

	lockdep_assert_held(&disks_lock);
	xa_for_each(&disks, id, d) {
		if (!READ_ONCE(d->store))
			return d;
	}
	return NULL;
}

/**
 * rayos_zcomp_disk_make() - make a device, or one usable that has no size yet
 * @id: its number; a negative one stands for the first that has no size, or else for
 *	a new one
 * @config: how it is made
 * @is_new: whether it was not there before is left here
 *
 * If this fails nothing has changed.
 *
 * Context: May sleep.
 * Return: its number, -EBUSY if it has a size, -EINVAL if that is none, -ENOENT if
 * there is no such codec, or another -errno.
 */
int rayos_zcomp_disk_make(int id, const struct rayos_zcomp_disk_config *config,
			  bool *is_new)
{
	struct xa_limit ids = XA_LIMIT(0, MINORMASK);
	struct rayos_zcomp_disk *d;
	int err = 0;

	if (id >= 0)
		ids = XA_LIMIT(id, id);
	mutex_lock(&disks_lock);
	d = id < 0 ? find_unused() : xa_load(&disks, id);
	*is_new = !d;
	if (d) {
		mutex_lock(&d->lock);
		err = begin(d, config);
		mutex_unlock(&d->lock);
		if (!err)
			rayos_zcomp_nl_device_event(d, RAYOS_ZCOMP_CMD_DEVICE_NTF);
	} else {
		d = new_disk(config, ids);
	}
	if (!err)
		err = IS_ERR(d) ? PTR_ERR(d) : d->id;
	mutex_unlock(&disks_lock);
	return err;
}

/**
 * rayos_zcomp_with_disk() - do something with a device
 * @id: its number
 * @act: what; it may not remove the device
 * @arg: handed to it
 *
 * Context: May sleep.
 * Return: what @act returns, or -ENODEV if there is no such device.
 */
int rayos_zcomp_with_disk(int id,
			  int (*act)(struct rayos_zcomp_disk *d, const void *arg),
			  const void *arg)
{
	struct rayos_zcomp_disk *d;
	int ret = -ENODEV;

	mutex_lock(&disks_lock);
	d = xa_load(&disks, id);
	if (d)
		ret = act(d, arg);
	mutex_unlock(&disks_lock);
	return ret;
}

static int remove(struct rayos_zcomp_disk *d)
{
	int err = claim(d);

	if (err)
		return err;
	sync_blockdev(d->disk->part0);
	rayos_zcomp_nl_device_event(d, RAYOS_ZCOMP_CMD_DEVICE_DEL_NTF);
	del_gendisk(d->disk);
	/* whoever looked at its attributes is gone, and cannot come back */
	empty(d);
	put_disk(d->disk);
	xa_erase(&disks, d->id);
	kfree(d);
	return 0;
}

/**
 * rayos_zcomp_disk_del() - remove a device and all that is on it
 * @id: its number
 *
 * Context: May sleep.
 * Return: 0, -ENODEV if there is none, or -EBUSY if it is in use.
 */
int rayos_zcomp_disk_del(int id)
{
	struct rayos_zcomp_disk *d;
	int err;

	mutex_lock(&disks_lock);
	d = xa_load(&disks, id);
	err = d ? remove(d) : -ENODEV;
	mutex_unlock(&disks_lock);
	return err;
}

/**
 * rayos_zcomp_disk_init() - begin to have devices
 * @nr: so many to begin with
 *
 * Context: May sleep.
 * Return: 0 or -errno.
 */
int rayos_zcomp_disk_init(unsigned int nr)
{
	int id = 0;

	major = register_blkdev(0, "rayz");
	if (major < 0)
		return major;
	while (nr-- && id >= 0)
		id = rayos_zcomp_disk_add();
	if (id >= 0)
		return 0;
	rayos_zcomp_disk_exit();
	return id;
}

/**
 * rayos_zcomp_disk_exit() - have no devices any more
 *
 * Context: May sleep.  None is in use, as that would keep the module.
 */
void rayos_zcomp_disk_exit(void)
{
	struct rayos_zcomp_disk *d;
	unsigned long id;

	mutex_lock(&disks_lock);
	xa_for_each(&disks, id, d) {
		/* none is open, but one may just be reset */
		while (remove(d))
			msleep(20);
	}
	mutex_unlock(&disks_lock);
	unregister_blkdev(major, "rayz");
}
