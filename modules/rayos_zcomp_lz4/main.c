// SPDX-License-Identifier: GPL-2.0-only
/*
 * rayos_zcomp_lz4: LZ4 for rayos_zcomp.  It is a module of its own because LZ4 is one
 * on some of the distributions' kernels.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/lz4.h>
#include <linux/module.h>
#include <rayos/compat.h>
#include <rayos/zcomp.h>

/* What it may grow to is less than what there is room for */
static_assert(LZ4_COMPRESSBOUND(4096) <= RAYOS_ZCOMP_WORST(4096));
static_assert(LZ4_COMPRESSBOUND(16384) <= RAYOS_ZCOMP_WORST(16384));

static int compress(void *work, const u8 *src, u32 len, u8 *dst)
{
	int out = LZ4_compress_default((const char *)src, (char *)dst, len,
				       RAYOS_ZCOMP_WORST(len), work);

	return out > 0 ? out : -EINVAL;
}

static int decompress(void *work, const u8 *src, u32 len, u8 *dst, u32 room)
{
	int out = LZ4_decompress_safe((const char *)src, (char *)dst, len, room);

	return out >= 0 && (u32)out == room ? 0 : -EBADMSG;
}

static const struct rayos_zcomp_codec codec = {
	.name = "lz4",
	.owner = THIS_MODULE,
	.kind = RAYOS_ZCOMP_LZ4,
	.work = LZ4_MEM_COMPRESS,
	.work_free = true,
	.compress = compress,
	.decompress = decompress,
};

static int __init rayos_zcomp_lz4_init(void)
{
	return rayos_zcomp_register_codec(&codec);
}

static void __exit rayos_zcomp_lz4_exit(void)
{
	rayos_zcomp_unregister_codec(&codec);
}

module_init(rayos_zcomp_lz4_init);
module_exit(rayos_zcomp_lz4_exit);

MODULE_DESCRIPTION("LZ4 for compressed memory");
MODULE_AUTHOR("RayOS maintainers");
MODULE_LICENSE("GPL");
MODULE_VERSION(RAYOS_VERSION);
