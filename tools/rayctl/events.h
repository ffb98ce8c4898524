/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_EVENTS_H
#define RAYCTL_EVENTS_H

int events(int argc, char **argv);
void events_complete(int argc, char **argv);

#endif
