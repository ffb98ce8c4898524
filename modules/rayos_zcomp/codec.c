// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which codecs there are.  Those of the kernel itself are always, others come and
 * go with the modules that they need.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <kunit/visibility.h>

#include "codec.h"
#include "stream.h"

const char * const rayos_zcomp_kind_name[RAYOS_ZCOMP_CODECS] = {
	[RAYOS_ZCOMP_LZO_RLE] = "lzo-rle",
	[RAYOS_ZCOMP_LZO] = "lzo",
	[RAYOS_ZCOMP_LZ4] = "lz4",
	[RAYOS_ZCOMP_ZSTD] = "zstd",
};

static DEFINE_SPINLOCK(lock); /* codecs; innermost */
static const struct rayos_zcomp_codec *codecs[RAYOS_ZCOMP_CODECS];

/**
 * rayos_zcomp_register_codec() - offer a codec
 * @codec: stays as it is until it is unregistered
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if it is no codec, -EEXIST if there is one of its kind,
 * -ENOMEM if there is no scratch memory for it.
 */
int rayos_zcomp_register_codec(const struct rayos_zcomp_codec *codec)
{
	int err;

	if (codec->kind >= RAYOS_ZCOMP_CODECS || !codec->compress ||
	    !codec->decompress)
		return -EINVAL;
	/* whoever finds the codec finds memory for it */
	err = rayos_zcomp_stream_room(codec->work);
	if (err)
		return err;
	spin_lock(&lock);
	if (codecs[codec->kind])
		err = -EEXIST;
	else
		WRITE_ONCE(codecs[codec->kind], codec);
	spin_unlock(&lock);
	return err;
}
EXPORT_SYMBOL_GPL(rayos_zcomp_register_codec);

/**
 * rayos_zcomp_unregister_codec() - offer a codec no longer
 * @codec: one that has been registered; nothing is compressed by it any more, as
 *	its module is kept until then
 *
 * Context: Process context.
 */
void rayos_zcomp_unregister_codec(const struct rayos_zcomp_codec *codec)
{
	spin_lock(&lock);
	WRITE_ONCE(codecs[codec->kind], NULL);
	spin_unlock(&lock);
}
EXPORT_SYMBOL_GPL(rayos_zcomp_unregister_codec);

/**
 * rayos_zcomp_codec_has() - whether a codec is offered
 * @kind: which
 *
 * Context: Any.
 * Return: whether it is; that may change at any time.
 */
bool rayos_zcomp_codec_has(enum rayos_zcomp_codec_kind kind)
{
	return READ_ONCE(codecs[kind]);
}

/**
 * rayos_zcomp_codec_load() - have a codec offered, if there is a module with it
 * @kind: which
 *
 * Context: May sleep, and waits for user space.
 * Return: whether it is offered.
 */
bool rayos_zcomp_codec_load(enum rayos_zcomp_codec_kind kind)
{
	if (!rayos_zcomp_codec_has(kind))
		request_module("rayos_zcomp_%s", rayos_zcomp_kind_name[kind]);
	return rayos_zcomp_codec_has(kind);
}

/**
 * rayos_zcomp_codec_get() - a codec to compress with
 * @kind: which
 *
 * Context: Process context, may be atomic.
 * Return: the codec, to be given back by rayos_zcomp_codec_put(), or NULL if there
 * is none of this kind.
 */
const struct rayos_zcomp_codec *
rayos_zcomp_codec_get(enum rayos_zcomp_codec_kind kind)
{
	const struct rayos_zcomp_codec *codec;

	if (!rayos_zcomp_codec_has(kind))
		return NULL;
	spin_lock(&lock);
	codec = codecs[kind];
	if (codec && !try_module_get(codec->owner))
		codec = NULL;
	spin_unlock(&lock);
	return codec;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_codec_get);

/**
 * rayos_zcomp_codec_put() - nothing is compressed by a codec any more
 * @codec: what rayos_zcomp_codec_get() has returned, or NULL
 *
 * Context: Any.
 */
void rayos_zcomp_codec_put(const struct rayos_zcomp_codec *codec)
{
	if (codec)
		module_put(codec->owner);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_codec_put);

/**
 * rayos_zcomp_codec_init() - offer what the kernel has
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int rayos_zcomp_codec_init(void)
{
	return rayos_zcomp_register_codec(&rayos_zcomp_codec_lzo_rle) ?:
	       rayos_zcomp_register_codec(&rayos_zcomp_codec_lzo);
}

/**
 * rayos_zcomp_codec_exit() - offer nothing any more
 *
 * Context: May sleep.
 */
void rayos_zcomp_codec_exit(void)
{
	rayos_zcomp_unregister_codec(&rayos_zcomp_codec_lzo);
	rayos_zcomp_unregister_codec(&rayos_zcomp_codec_lzo_rle);
}
