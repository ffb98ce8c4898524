// SPDX-License-Identifier: GPL-2.0-only
/*
 * LZO, and LZO with runs of zeroes of its own kind, as the kernel has them.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/types.h>
/* takes types for granted */
#include <linux/lzo.h>

#include "codec.h"

/* What it may grow to is less than what there is room for */
static_assert(lzo1x_worst_compress(4096) <= RAYOS_ZCOMP_WORST(4096));
static_assert(lzo1x_worst_compress(16384) <= RAYOS_ZCOMP_WORST(16384));

static int compress(void *work, const u8 *src, u32 len, u8 *dst)
{
	size_t out = RAYOS_ZCOMP_WORST(len);
	int err = lzo1x_1_compress(src, len, dst, &out, work);

	return err == LZO_E_OK ? out : -EINVAL;
}

static int compress_rle(void *work, const u8 *src, u32 len, u8 *dst)
{
	size_t out = RAYOS_ZCOMP_WORST(len);
	int err = lzorle1x_1_compress(src, len, dst, &out, work);

	return err == LZO_E_OK ? out : -EINVAL;
}

/* Of both kinds */
static int decompress(void *work, const u8 *src, u32 len, u8 *dst, u32 room)
{
	size_t out = room;
	int err = lzo1x_decompress_safe(src, len, dst, &out);

	return err == LZO_E_OK && out == room ? 0 : -EBADMSG;
}

const struct rayos_zcomp_codec rayos_zcomp_codec_lzo = {
	.name = "lzo",
	.kind = RAYOS_ZCOMP_LZO,
	.work = LZO1X_1_MEM_COMPRESS,
	.work_free = true,
	.compress = compress,
	.decompress = decompress,
};

const struct rayos_zcomp_codec rayos_zcomp_codec_lzo_rle = {
	.name = "lzo-rle",
	.kind = RAYOS_ZCOMP_LZO_RLE,
	.work = LZO1X_1_MEM_COMPRESS,
	.work_free = true,
	.compress = compress_rle,
	.decompress = decompress,
};
