/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What new stores are made with.
 */
#ifndef _RAYOS_ZCOMP_SETTINGS_H
#define _RAYOS_ZCOMP_SETTINGS_H

#include "store.h"

/**
 * struct rayos_zcomp_settings - what new stores are made with
 * @level: how much time compression is worth
 * @kind: codec of what is written
 */
struct rayos_zcomp_settings {
	enum rayos_zcomp_level level;
	enum rayos_zcomp_codec_kind kind;
};

struct rayos_zcomp_settings rayos_zcomp_settings_get(void);
void rayos_zcomp_settings_set(const struct rayos_zcomp_settings *settings);

#endif
