/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is written to the attribute recompress.
 */
#ifndef _RAYOS_ZCOMP_RECOMPRESS_H
#define _RAYOS_ZCOMP_RECOMPRESS_H

#include "store.h"

/**
 * struct rayos_zcomp_recompress - what is to be compressed better, and by what
 * @which: what
 * @kind: the codec
 * @kind_set: whether it was said
 */
struct rayos_zcomp_recompress {
	struct rayos_zcomp_which which;
	enum rayos_zcomp_codec_kind kind;
	bool kind_set;
};

int rayos_zcomp_parse_recompress(const char *buf,
				 struct rayos_zcomp_recompress *how);
int rayos_zcomp_recompress(struct rayos_zcomp_store *store,
			   const struct rayos_zcomp_recompress *how);

#endif
