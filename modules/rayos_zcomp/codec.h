/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which codecs there are.
 */
#ifndef _RAYOS_ZCOMP_CODEC_H
#define _RAYOS_ZCOMP_CODEC_H

#include <rayos/zcomp.h>

extern const struct rayos_zcomp_codec rayos_zcomp_codec_lzo;
extern const struct rayos_zcomp_codec rayos_zcomp_codec_lzo_rle;

int rayos_zcomp_codec_init(void);
void rayos_zcomp_codec_exit(void);
const struct rayos_zcomp_codec *
rayos_zcomp_codec_get(enum rayos_zcomp_codec_kind kind);
void rayos_zcomp_codec_put(const struct rayos_zcomp_codec *codec);

#endif
