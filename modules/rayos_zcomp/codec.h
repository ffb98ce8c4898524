/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which codecs there are.
 */
#ifndef _RAYOS_ZCOMP_CODEC_H
#define _RAYOS_ZCOMP_CODEC_H

#include <rayos/zcomp.h>

/* As the attributes of devices and the modules with codecs call them */
extern const char * const rayos_zcomp_kind_name[RAYOS_ZCOMP_CODECS];

extern const struct rayos_zcomp_codec rayos_zcomp_codec_lzo;
extern const struct rayos_zcomp_codec rayos_zcomp_codec_lzo_rle;

int rayos_zcomp_codec_init(void);
void rayos_zcomp_codec_exit(void);
bool rayos_zcomp_codec_has(enum rayos_zcomp_codec_kind kind);
bool rayos_zcomp_codec_load(enum rayos_zcomp_codec_kind kind);
const struct rayos_zcomp_codec *
rayos_zcomp_codec_get(enum rayos_zcomp_codec_kind kind);
void rayos_zcomp_codec_put(const struct rayos_zcomp_codec *codec);

#endif
