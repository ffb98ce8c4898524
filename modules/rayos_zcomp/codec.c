// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which codecs there are.  Those of the kernel itself are always, others come and
 * go with the modules that they need.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <kunit/visibility.h>

#include "codec.h"
#include "stream.h"

static DEFINE_MUTEX(lock); /* codecs */
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
	int err = 0;

	if (codec->kind >= RAYOS_ZCOMP_CODECS || !codec->compress ||
	    !codec->decompress)
		return -EINVAL;
	mutex_lock(&lock);
	if (codecs[codec->kind])
		err = -EEXIST;
	else
		err = rayos_zcomp_stream_room(codec->work);
	if (!err)
		codecs[codec->kind] = codec;
	mutex_unlock(&lock);
	return err;
}
EXPORT_SYMBOL_GPL(rayos_zcomp_register_codec);

/**
 * rayos_zcomp_unregister_codec() - offer a codec no longer
 * @codec: one that has been registered; nothing is compressed by it any more, as
 *	its module is kept until then
 *
 * Context: May sleep.
 */
void rayos_zcomp_unregister_codec(const struct rayos_zcomp_codec *codec)
{
	mutex_lock(&lock);
	codecs[codec->kind] = NULL;
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(rayos_zcomp_unregister_codec);

/**
 * rayos_zcomp_codec_get() - a codec to compress with
 * @kind: which
 *
 * Context: May sleep.
 * Return: the codec, to be given back by rayos_zcomp_codec_put(), or NULL if there
 * is none of this kind.
 */
const struct rayos_zcomp_codec *
rayos_zcomp_codec_get(enum rayos_zcomp_codec_kind kind)
{
	const struct rayos_zcomp_codec *codec;

	mutex_lock(&lock);
	codec = codecs[kind];
	if (codec && !try_module_get(codec->owner))
		codec = NULL;
	mutex_unlock(&lock);
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
