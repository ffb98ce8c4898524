/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What other modules may give to rayos_zcomp: codecs.
 */
#ifndef _RAYOS_ZCOMP_H
#define _RAYOS_ZCOMP_H

#include <linux/types.h>

struct module;

/* One of each kind; what is stored tells the kind for as long as it is stored */
enum rayos_zcomp_codec_kind {
	RAYOS_ZCOMP_LZO_RLE,
	RAYOS_ZCOMP_LZO,
	RAYOS_ZCOMP_LZ4,
	RAYOS_ZCOMP_ZSTD,
	RAYOS_ZCOMP_CODECS
};

/* Bytes that @len bytes may grow to */
#define RAYOS_ZCOMP_WORST(len)	((len) * 17 / 16 + 128)

/**
 * struct rayos_zcomp_codec - a way to compress
 * @name: its name, as rayctl(8) shows it
 * @owner: module that is kept while something is compressed by it, NULL for none
 * @kind: which one it is
 * @work: bytes of scratch memory that one call of @compress or @decompress needs
 *	for up to 16 KiB; none is needed to decompress if @work_free
 * @work_free: @decompress takes NULL for scratch memory
 * @prepare: told before @compress or @decompress gets scratch memory that is new or
 *	that another codec has used; else it is as they have left it.  May not
 *	sleep.  NULL if they take it as it is.
 * @compress: @len bytes at @src to @dst, where there is room for
 *	RAYOS_ZCOMP_WORST(@len).  May not sleep.  Return: bytes at @dst, or -errno.
 * @decompress: @len bytes at @src to exactly @room bytes at @dst.  May not sleep.
 *	Return: 0, or -EBADMSG if it is not what @compress has made.
 */
struct rayos_zcomp_codec {
	const char *name;
	struct module *owner;
	enum rayos_zcomp_codec_kind kind;
	size_t work;
	bool work_free;
	void (*prepare)(void *work);
	int (*compress)(void *work, const u8 *src, u32 len, u8 *dst);
	int (*decompress)(void *work, const u8 *src, u32 len, u8 *dst, u32 room);
};

int rayos_zcomp_register_codec(const struct rayos_zcomp_codec *codec);
void rayos_zcomp_unregister_codec(const struct rayos_zcomp_codec *codec);

#endif
