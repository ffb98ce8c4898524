// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for the pool's segments: adjoining pages if there are any, else pages
 * from anywhere that are mapped side by side.
 */
#include <linux/gfp.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "pool.h"

#define ORDER	get_order(RAYOS_ZCOMP_SEGMENT_SIZE)
#define PAGES	(RAYOS_ZCOMP_SEGMENT_SIZE / PAGE_SIZE)

/* What has been mapped can only be unmapped where it is allowed to sleep */
static LLIST_HEAD(unused);

static void unmap(struct work_struct *work)
{
	struct llist_node *node, *next;

	llist_for_each_safe(node, next, llist_del_all(&unused))
		vfree(node);
}

static DECLARE_WORK(unmap_work, unmap);

static void *get_scattered(gfp_t gfp)
{
	struct page **pages;
	unsigned int flags;
	void *mem;
	int i;

	pages = kmalloc_array(PAGES, sizeof(*pages), gfp);
	if (!pages)
		return NULL;
	for (i = 0; i < PAGES; i++) {
		pages[i] = alloc_page(gfp);
		if (!pages[i])
			goto err_free;
	}
	/* page tables are allocated with no regard to gfp */
	flags = memalloc_noio_save();
	mem = vmap(pages, PAGES, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	memalloc_noio_restore(flags);
	if (mem)
		return mem;
err_free:
	while (i--)
		__free_page(pages[i]);
	kfree(pages);
	return NULL;
}

/**
 * rayos_zcomp_segment_get() - take memory for a segment
 * @gfp: how to allocate; with __GFP_NORETRY only adjoining pages that are free
 *
 * Context: May sleep, unless @gfp has __GFP_NORETRY.
 * Return: %RAYOS_ZCOMP_SEGMENT_SIZE bytes, or NULL.
 */
void *rayos_zcomp_segment_get(gfp_t gfp)
{
	struct page *page;

	page = alloc_pages((gfp | __GFP_NOWARN | __GFP_NORETRY |
			    __GFP_NOMEMALLOC) & ~__GFP_DIRECT_RECLAIM, ORDER);
	if (page)
		return page_address(page);
	/* to map waits for page tables, whatever gfp says */
	return gfp & __GFP_NORETRY ? NULL : get_scattered(gfp | __GFP_NOWARN);
}

/**
 * rayos_zcomp_segment_put() - give memory back
 * @mem: what rayos_zcomp_segment_get() has returned
 *
 * Context: Process context, may be atomic.
 */
void rayos_zcomp_segment_put(void *mem)
{
	if (!is_vmalloc_addr(mem))
		__free_pages(virt_to_page(mem), ORDER);
	else if (llist_add(mem, &unused))
		schedule_work(&unmap_work);
}

/**
 * rayos_zcomp_segment_exit() - wait for memory to be given back
 *
 * Context: Process context, after the last rayos_zcomp_segment_put().
 */
void rayos_zcomp_segment_exit(void)
{
	flush_work(&unmap_work);
}
