/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _RAYOS_ZCOMP_DEBUGFS_H
#define _RAYOS_ZCOMP_DEBUGFS_H

void rayos_zcomp_debugfs_init(void);
void rayos_zcomp_debugfs_exit(void);

#endif
