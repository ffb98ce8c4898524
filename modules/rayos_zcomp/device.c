// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/rayos_zcomp: whoever opens it has a region of his own.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <rayos/compat_mm.h>
#include <uapi/linux/rayos_zcomp_region.h>

#include "object.h"
#include "region.h"
#include "store.h"
#include "sweep.h"

#define MAGIC	0x52617a63

static unsigned int region_pages = 1024;
module_param(region_pages, uint, 0644);
MODULE_PARM_DESC(region_pages,
		 "Pages of a region that is given no size (default 1024)");

static unsigned int region_kept = 256;
module_param(region_kept, uint, 0644);
MODULE_PARM_DESC(region_kept,
		 "Pages of such a region that are compressed at a time, 0 for any number (default 256)");

/**
 * struct opened - what belongs to an open file
 * @lock: held while a region is made
 * @inode: has the address space that maps the region
 * @region: NULL until there is a reason for it to have a size
 */
struct opened {
	struct mutex lock; /* making a region */
	struct inode *inode;
	struct rayos_zcomp_region *region;
};

static struct vfsmount *mount;
static int mounts;

static int init_fs_context(struct fs_context *context)
{
	return init_pseudo(context, MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type type = {
	.name = "rayos_zcomp",
	.owner = THIS_MODULE,
	.init_fs_context = init_fs_context,
	.kill_sb = kill_anon_super,
};

static u64 pages_of(const struct rayos_zcomp_region *region)
{
	return region->store->nr_pages;
}

/* The lock is held */
static struct rayos_zcomp_region *make(struct opened *opened, u64 nr_pages,
				       u32 limit)
{
	struct rayos_zcomp_region *region;

	if (!nr_pages || nr_pages > RAYOS_ZCOMP_PAGES_MAX)
		return ERR_PTR(-EINVAL);
	region = rayos_zcomp_region_new(opened->inode->i_mapping, nr_pages, limit);
	if (IS_ERR(region))
		return region;
	i_size_write(opened->inode, nr_pages << PAGE_SHIFT);
	/* whoever sees it finds it complete */
	smp_store_release(&opened->region, region);
	return region;
}

/* The region of a file, made with so many pages if there is none yet */
static struct rayos_zcomp_region *region_of(struct file *file, u64 nr_pages,
					    u32 limit)
{
	struct opened *opened = file->private_data;
	struct rayos_zcomp_region *region;

	/* one that is seen is seen to be complete */
	region = smp_load_acquire(&opened->region);
	if (region)
		return region;
	mutex_lock(&opened->lock);
	region = opened->region ?: make(opened, nr_pages, limit);
	mutex_unlock(&opened->lock);
	return region;
}

static struct rayos_zcomp_region *default_region(struct file *file)
{
	return region_of(file, READ_ONCE(region_pages), READ_ONCE(region_kept));
}

/* Those after a page that has come back, too, if it looks as if they were used next.
 * What is mapped already stays so, and what cannot be is mapped by its own fault.
 */
static void map_ahead(struct vm_fault *vmf, struct rayos_zcomp_region *region)
{
	u32 i, window = rayos_zcomp_region_window(region, vmf->pgoff);
	unsigned long address = vmf->address & PAGE_MASK;
	struct page *page;

	for (i = 1; i < window; i++) {
		address += PAGE_SIZE;
		if (address >= vmf->vma->vm_end ||
		    vmf->pgoff + i >= pages_of(region))
			break;
		page = rayos_zcomp_region_ahead(region, vmf->pgoff + i);
		if (page) {
			vm_insert_page(vmf->vma, address, page);
			put_page(page);
		}
	}
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct rayos_zcomp_region *region = vmf->vma->vm_private_data;
	struct page *page;
	bool loaded;

	if (vmf->pgoff >= pages_of(region))
		return VM_FAULT_SIGBUS;
	page = rayos_zcomp_region_page(region, vmf->pgoff, &loaded);
	if (IS_ERR(page))
		return vmf_error(PTR_ERR(page));
	if (loaded)
		map_ahead(vmf, region);
	vmf->page = page;
	return loaded ? VM_FAULT_MAJOR : 0;
}

/* Without it a fault is begun once more under the lock of all mappings */
static vm_fault_t map_pages(struct vm_fault *vmf, pgoff_t first, pgoff_t last)
{
	return 0;
}

static const struct vm_operations_struct vm_ops = {
	.fault = fault,
	.map_pages = map_pages,
};

static int map(struct file *file, struct vm_area_struct *vma)
{
	u64 end = (u64)vma->vm_pgoff + vma_pages(vma);
	struct rayos_zcomp_region *region;

	/* copies of its pages would be outside of it */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	region = region_of(file, end, 0);
	if (IS_ERR(region))
		return PTR_ERR(region);
	if (end > pages_of(region))
		return -ENXIO;
	/* pages are mapped by faults of others */
	vm_flags_set(vma, VM_DONTEXPAND | VM_MIXEDMAP);
	vma->vm_private_data = region;
	vma->vm_ops = &vm_ops;
	return 0;
}

/* Bytes from a position to the end of its page or of the region */
static size_t part_of(const struct rayos_zcomp_region *region, loff_t pos,
		      size_t len)
{
	u64 size = pages_of(region) << PAGE_SHIFT;

	if (pos >= size)
		return 0;
	return min_t(u64, min_t(u64, len, size - pos),
		     PAGE_SIZE - offset_in_page(pos));
}

/* To or from one page.  Return: bytes, or -errno */
static ssize_t copy(struct rayos_zcomp_region *region, loff_t pos,
		    struct iov_iter *iter, bool write)
{
	size_t len = part_of(region, pos, iov_iter_count(iter));
	struct page *page;
	bool loaded;

	if (!len)
		return 0;
	page = rayos_zcomp_region_page(region, pos >> PAGE_SHIFT, &loaded);
	if (IS_ERR(page))
		return PTR_ERR(page);
	if (write) {
		len = copy_page_from_iter(page, offset_in_page(pos), len, iter);
		flush_dcache_page(page);
		SetPageDirty(page);
	} else {
		flush_dcache_page(page);
		len = copy_page_to_iter(page, offset_in_page(pos), len, iter);
	}
	put_page(page);
	return len ?: -EFAULT;
}

static ssize_t copy_all(struct kiocb *iocb, struct iov_iter *iter, bool write)
{
	struct rayos_zcomp_region *region = default_region(iocb->ki_filp);
	ssize_t len = 0, done = 0;

	if (IS_ERR(region))
		return PTR_ERR(region);
	while (iov_iter_count(iter)) {
		if (fatal_signal_pending(current))
			len = -EINTR;
		else
			len = copy(region, iocb->ki_pos, iter, write);
		if (len <= 0)
			break;
		iocb->ki_pos += len;
		done += len;
		cond_resched();
	}
	return done ?: len;
}

static ssize_t read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return copy_all(iocb, to, false);
}

static ssize_t write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	size_t len = iov_iter_count(from);
	ssize_t done = copy_all(iocb, from, true);

	/* it has an end, as a disk has */
	return !done && len ? -ENOSPC : done;
}

static loff_t seek(struct file *file, loff_t offset, int whence)
{
	struct rayos_zcomp_region *region = default_region(file);

	if (IS_ERR(region))
		return PTR_ERR(region);
	return fixed_size_llseek(file, offset, whence,
				 pages_of(region) << PAGE_SHIFT);
}

static long set_size(struct file *file, const void __user *arg)
{
	struct opened *opened = file->private_data;
	struct rayos_zcomp_region *region;
	u64 size;

	if (copy_from_user(&size, arg, sizeof(size)))
		return -EFAULT;
	if (size > RAYOS_ZCOMP_PAGES_MAX << PAGE_SHIFT)
		return -EINVAL;
	mutex_lock(&opened->lock);
	if (opened->region)
		region = ERR_PTR(-EBUSY);
	else
		region = make(opened, DIV_ROUND_UP_ULL(size, PAGE_SIZE), 0);
	mutex_unlock(&opened->lock);
	return PTR_ERR_OR_ZERO(region);
}

/* Pages of a region that somebody asks for */
static int get_range(const struct rayos_zcomp_region *region,
		     const void __user *arg, u64 *first, u64 *nr)
{
	struct rayos_zcomp_range range;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	if (!PAGE_ALIGNED(range.offset) || !PAGE_ALIGNED(range.len))
		return -EINVAL;
	*first = range.offset >> PAGE_SHIFT;
	*nr = range.len >> PAGE_SHIFT;
	if (!*nr || *first >= pages_of(region) || *nr > pages_of(region) - *first)
		return -EINVAL;
	return 0;
}

static void compress(struct rayos_zcomp_region *region, u64 first, u64 nr)
{
	struct rayos_zcomp_sweep sweep = {
		.promote = RAYOS_ZCOMP_NEVER,
		.at_once = true,
		.may_wait = true,
		.most = U64_MAX,
	};

	rayos_zcomp_sweep(region->store, first, first + nr, &sweep);
}

static long with_range(struct file *file, const void __user *arg,
		       void (*act)(struct rayos_zcomp_region *region, u64 first,
				   u64 nr))
{
	struct rayos_zcomp_region *region = default_region(file);
	u64 first, nr;
	int err;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (IS_ERR(region))
		return PTR_ERR(region);
	err = get_range(region, arg, &first, &nr);
	if (!err)
		act(region, first, nr);
	return err;
}

static long control(struct file *file, unsigned int command, unsigned long arg)
{
	const void __user *where = (const void __user *)arg;

	switch (command) {
	case RAYOS_ZCOMP_SET_SIZE:
		return set_size(file, where);
	case RAYOS_ZCOMP_DISCARD:
		return with_range(file, where, rayos_zcomp_region_discard);
	case RAYOS_ZCOMP_COMPRESS:
		return with_range(file, where, compress);
	default:
		return -ENOTTY;
	}
}

static int open(struct inode *inode, struct file *file)
{
	struct opened *opened = kzalloc(sizeof(*opened), GFP_KERNEL);
	int err;

	if (!opened)
		return -ENOMEM;
	err = simple_pin_fs(&type, &mount, &mounts);
	if (err)
		goto err_free;
	opened->inode = alloc_anon_inode(mount->mnt_sb);
	if (IS_ERR(opened->inode)) {
		err = PTR_ERR(opened->inode);
		goto err_release;
	}
	mutex_init(&opened->lock);
	/* those who map one region are not those who map another */
	file->f_mapping = opened->inode->i_mapping;
	file->private_data = opened;
	return 0;

err_release:
	simple_release_fs(&mount, &mounts);
err_free:
	kfree(opened);
	return err;
}

static int release(struct inode *inode, struct file *file)
{
	struct opened *opened = file->private_data;

	if (opened->region)
		rayos_zcomp_region_free(opened->region);
	iput(opened->inode);
	simple_release_fs(&mount, &mounts);
	kfree(opened);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = open,
	.release = release,
	.mmap = map,
	.read_iter = read_iter,
	.write_iter = write_iter,
	.llseek = seek,
	.fsync = noop_fsync,
	.unlocked_ioctl = control,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "rayos_zcomp",
	.fops = &operations,
	.mode = 0600,
};

/**
 * rayos_zcomp_device_init() - let regions be made
 *
 * Context: May sleep.
 * Return: 0 or -errno.
 */
int rayos_zcomp_device_init(void)
{
	return misc_register(&device);
}

/**
 * rayos_zcomp_device_exit() - let none be made any more
 *
 * Context: May sleep.  There are none, as they would keep the module.
 */
void rayos_zcomp_device_exit(void)
{
	misc_deregister(&device);
}
