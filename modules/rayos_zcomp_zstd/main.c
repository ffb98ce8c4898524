// SPDX-License-Identifier: GPL-2.0-only
/*
 * rayos_zcomp_zstd: zstd for rayos_zcomp.  It is a module of its own because zstd is
 * one on some of the distributions' kernels.
 */
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/zstd.h>
#include <rayos/compat.h>
#include <rayos/zcomp.h>

/* The most that is compressed at once */
#define CHUNK	16384

#define LEVEL_MAX	19

/* What it may grow to is less than what there is room for */
static_assert(ZSTD_COMPRESSBOUND(4096) <= RAYOS_ZCOMP_WORST(4096));
static_assert(ZSTD_COMPRESSBOUND(CHUNK) <= RAYOS_ZCOMP_WORST(CHUNK));

static unsigned int level = 3;
module_param(level, uint, 0444);
MODULE_PARM_DESC(level, "Level of zstd, 1 to 19 (default 3)");

/* By the length of what is compressed */
static zstd_parameters page_params, chunk_params;

/**
 * struct work - what a stream's scratch memory begins with
 * @cctx: to compress, behind it in the scratch memory.  As long as it stays there its
 *	tables need not be cleared for each page
 * @dctx: to decompress, behind that
 */
struct work {
	zstd_cctx *cctx;
	zstd_dctx *dctx;
};

#define HEAD	ALIGN(sizeof(struct work), SMP_CACHE_BYTES)

static size_t cctx_bytes, dctx_bytes;

static void prepare(void *work)
{
	struct work *w = work;

	w->cctx = zstd_init_cctx(work + HEAD, cctx_bytes);
	w->dctx = zstd_init_dctx(work + HEAD + cctx_bytes, dctx_bytes);
}

static int compress(void *work, const u8 *src, u32 len, u8 *dst)
{
	const struct work *w = work;
	size_t out;

	if (!w->cctx)
		return -ENOMEM;
	out = zstd_compress_cctx(w->cctx, dst, RAYOS_ZCOMP_WORST(len), src, len,
				 len > PAGE_SIZE ? &chunk_params : &page_params);
	return zstd_is_error(out) ? -EINVAL : out;
}

static int decompress(void *work, const u8 *src, u32 len, u8 *dst, u32 room)
{
	const struct work *w = work;
	size_t out;

	if (!w->dctx)
		return -EBADMSG;
	out = zstd_decompress_dctx(w->dctx, dst, room, src, len);
	return zstd_is_error(out) || out != room ? -EBADMSG : 0;
}

static struct rayos_zcomp_codec codec = {
	.name = "zstd",
	.owner = THIS_MODULE,
	.kind = RAYOS_ZCOMP_ZSTD,
	.prepare = prepare,
	.compress = compress,
	.decompress = decompress,
};

static int __init rayos_zcomp_zstd_init(void)
{
	if (!level || level > LEVEL_MAX) {
		pr_err("level=%u: must be 1 to %u\n", level, LEVEL_MAX);
		return -EINVAL;
	}
	page_params = zstd_get_params(level, PAGE_SIZE);
	chunk_params = zstd_get_params(level, CHUNK);
	cctx_bytes = ALIGN(max(zstd_cctx_workspace_bound(&page_params.cParams),
			       zstd_cctx_workspace_bound(&chunk_params.cParams)),
			   SMP_CACHE_BYTES);
	dctx_bytes = zstd_dctx_workspace_bound();
	codec.work = HEAD + cctx_bytes + dctx_bytes;
	return rayos_zcomp_register_codec(&codec);
}

static void __exit rayos_zcomp_zstd_exit(void)
{
	rayos_zcomp_unregister_codec(&codec);
}

module_init(rayos_zcomp_zstd_init);
module_exit(rayos_zcomp_zstd_exit);

MODULE_DESCRIPTION("zstd for compressed memory");
MODULE_AUTHOR("RayOS maintainers");
MODULE_LICENSE("GPL");
MODULE_VERSION(RAYOS_VERSION);
