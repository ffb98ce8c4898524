/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _RAYOS_LB_DEBUGFS_H
#define _RAYOS_LB_DEBUGFS_H

void rayos_lb_debugfs_init(void);
void rayos_lb_debugfs_exit(void);

#endif
