// SPDX-License-Identifier: GPL-2.0-only
/*
 * What new stores are made with.
 */
#include <linux/spinlock.h>

#include "settings.h"

static DEFINE_SPINLOCK(lock); /* current_settings; innermost */

static struct rayos_zcomp_settings current_settings = {
	.level = RAYOS_ZCOMP_BALANCED,
	.kind = RAYOS_ZCOMP_LZO,
};

/**
 * rayos_zcomp_settings_get() - what new stores are made with
 *
 * Context: Process context, may be atomic.
 * Return: the settings.
 */
struct rayos_zcomp_settings rayos_zcomp_settings_get(void)
{
	struct rayos_zcomp_settings settings;

	spin_lock(&lock);
	settings = current_settings;
	spin_unlock(&lock);
	return settings;
}

/**
 * rayos_zcomp_settings_set() - make new stores with something else
 * @settings: what has been checked
 *
 * Context: Process context, may be atomic.
 */
void rayos_zcomp_settings_set(const struct rayos_zcomp_settings *settings)
{
	spin_lock(&lock);
	current_settings = *settings;
	spin_unlock(&lock);
}
