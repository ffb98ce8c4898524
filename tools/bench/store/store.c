// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a store takes beyond its codec: the same pages are given to the codec alone
 * and to a store, some of them in turn, and picoseconds a page are told in the kernel's
 * log.  Of several rounds the shortest time of each few pages counts, so that it does
 * no harm if others use the machine.  Loading the module is the measurement, so it
 * never stays loaded: insmod says ECANCELED.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <rayos/compat.h>

#include "codec.h"
#include "store.h"

static char *path = "";
module_param(path, charp, 0);
MODULE_PARM_DESC(path, "File with pages");

static unsigned int pages = 16384;
module_param(pages, uint, 0);
MODULE_PARM_DESC(pages, "How many of them");

static unsigned int kind = RAYOS_ZCOMP_LZO;
module_param(kind, uint, 0);
MODULE_PARM_DESC(kind, "Codec, as enum rayos_zcomp_codec_kind has it");

static unsigned int rounds = 8;
module_param(rounds, uint, 0);
MODULE_PARM_DESC(rounds, "How often");

/* Pages that are measured together */
#define SLICE	16

/**
 * struct times - nanoseconds for some pages
 * @bare_in: of the codec, to compress
 * @bare_out: of the codec, to decompress
 * @in: of the store, to write
 * @out: of the store, to read
 */
struct times {
	u64 bare_in;
	u64 bare_out;
	u64 in;
	u64 out;
};

/**
 * struct bench - what is measured
 * @codec: the codec
 * @work: its scratch memory
 * @data: pages
 * @out: room for one compressed
 * @packed: all of them compressed, side by side
 * @len: how long each is there
 * @back: one page
 * @least: of each slice
 */
struct bench {
	const struct rayos_zcomp_codec *codec;
	void *work;
	u8 *data;
	u8 *out;
	u8 *packed;
	u32 *len;
	u8 *back;
	struct times *least;
};

static int load(struct bench *b)
{
	struct file *file = filp_open(path, O_RDONLY, 0);
	size_t want = (size_t)pages * PAGE_SIZE, got = 0;
	loff_t at = 0;
	ssize_t n = 1;

	if (IS_ERR(file))
		return PTR_ERR(file);
	while (n > 0 && got < want) {
		n = kernel_read(file, b->data + got, want - got, &at);
		got += max_t(ssize_t, n, 0);
	}
	fput(file);
	return got == want ? 0 : -EINVAL;
}

static int alloc(struct bench *b)
{
	b->codec = rayos_zcomp_codec_get(kind);
	if (!b->codec)
		return -ENOENT;
	b->work = kvzalloc(b->codec->work, GFP_KERNEL);
	b->data = vmalloc(array_size(pages, PAGE_SIZE));
	b->out = kmalloc(RAYOS_ZCOMP_WORST(PAGE_SIZE), GFP_KERNEL);
	b->packed = vmalloc(array_size(pages, PAGE_SIZE));
	b->len = vzalloc(array_size(pages, sizeof(*b->len)));
	b->least = vmalloc(array_size(pages / SLICE, sizeof(*b->least)));
	b->back = (u8 *)__get_free_page(GFP_KERNEL);
	if (!b->work || !b->data || !b->out || !b->packed || !b->len || !b->least ||
	    !b->back)
		return -ENOMEM;
	/* so that to write it first costs nothing that is measured */
	memset(b->packed, 0, (size_t)pages * PAGE_SIZE);
	if (b->codec->prepare)
		b->codec->prepare(b->work);
	return 0;
}

static void free(struct bench *b)
{
	rayos_zcomp_codec_put(b->codec);
	kvfree(b->work);
	vfree(b->data);
	kfree(b->out);
	vfree(b->packed);
	vfree(b->len);
	vfree(b->least);
	free_page((unsigned long)b->back);
}

/* Nothing but the codec, and what it makes of the pages is kept at @to */
static u64 bare_in(struct bench *b, u32 first, u8 **to)
{
	u64 began, took = 0;
	u32 i;

	for (i = first; i < first + SLICE; i++) {
		began = ktime_get_ns();
		b->len[i] = b->codec->compress(b->work, b->data + i * PAGE_SIZE,
					       PAGE_SIZE, b->out);
		took += ktime_get_ns() - began;
		/* a page that is larger then is as good as none */
		if (b->len[i] > PAGE_SIZE)
			b->len[i] = 0;
		memcpy(*to, b->out, b->len[i]);
		*to += b->len[i];
	}
	return took;
}

static u64 bare_out(struct bench *b, u32 first, u8 **from)
{
	void *work = b->codec->work_free ? NULL : b->work;
	u64 began, took = 0;
	u32 i;

	for (i = first; i < first + SLICE; i++) {
		began = ktime_get_ns();
		if (b->len[i])
			b->codec->decompress(work, *from, b->len[i], b->back,
					     PAGE_SIZE);
		took += ktime_get_ns() - began;
		*from += b->len[i];
	}
	return took;
}

static u64 store_in(struct bench *b, u32 first, struct rayos_zcomp_store *store)
{
	u64 began, took = 0;
	u32 i;

	for (i = first; i < first + SLICE; i++) {
		began = ktime_get_ns();
		rayos_zcomp_write(store, i, b->data + i * PAGE_SIZE);
		took += ktime_get_ns() - began;
	}
	return took;
}

static u64 store_out(struct bench *b, u32 first, struct rayos_zcomp_store *store)
{
	u64 began, took = 0;
	u32 i;

	for (i = first; i < first + SLICE; i++) {
		began = ktime_get_ns();
		rayos_zcomp_read(store, i, b->back);
		took += ktime_get_ns() - began;
	}
	return took;
}

static void keep_least(struct times *least, const struct times *took)
{
	least->bare_in = min(least->bare_in, took->bare_in);
	least->bare_out = min(least->bare_out, took->bare_out);
	least->in = min(least->in, took->in);
	least->out = min(least->out, took->out);
}

/* Who comes second finds pages in the caches, so they take turns */
static int measure_once(struct bench *b, bool bare_first)
{
	u8 *to = b->packed, *from = b->packed;
	struct rayos_zcomp_store *store;
	struct times took;
	u32 first;
	int err;

	store = rayos_zcomp_store_new(pages, RAYOS_ZCOMP_BALANCED, 0);
	if (!store)
		return -ENOMEM;
	err = rayos_zcomp_store_use(store, kind);
	for (first = 0; !err && first < pages; first += SLICE) {
		if (bare_first)
			took.bare_in = bare_in(b, first, &to);
		took.in = store_in(b, first, store);
		if (!bare_first)
			took.bare_in = bare_in(b, first, &to);
		if (bare_first)
			took.bare_out = bare_out(b, first, &from);
		took.out = store_out(b, first, store);
		if (!bare_first)
			took.bare_out = bare_out(b, first, &from);
		keep_least(&b->least[first / SLICE], &took);
		cond_resched();
	}
	rayos_zcomp_store_free(store);
	return err;
}

static int measure(struct bench *b)
{
	struct times sum = {};
	u32 i;
	int err = 0;

	memset(b->least, 0xff, pages / SLICE * sizeof(*b->least));
	for (i = 0; !err && i < rounds; i++)
		err = measure_once(b, i & 1);
	for (i = 0; i < pages / SLICE; i++) {
		sum.bare_in += b->least[i].bare_in;
		sum.bare_out += b->least[i].bare_out;
		sum.in += b->least[i].in;
		sum.out += b->least[i].out;
	}
	pr_info("store: %llu %llu %llu %llu ps\n", sum.bare_in * 1000 / pages,
		sum.in * 1000 / pages, sum.bare_out * 1000 / pages,
		sum.out * 1000 / pages);
	return err;
}

static int __init store_init(void)
{
	struct bench b = {};
	int err;

	pages = round_down(pages, SLICE);
	if (!pages || pages > 1 << 20)
		return -EINVAL;
	err = alloc(&b) ?: load(&b) ?: measure(&b);
	free(&b);
	return err ?: -ECANCELED;
}

module_init(store_init);

MODULE_DESCRIPTION("What a store of rayos_zcomp takes beyond its codec");
MODULE_AUTHOR("RayOS maintainers");
MODULE_LICENSE("GPL");
RAYOS_IMPORT_KUNIT_NS;
