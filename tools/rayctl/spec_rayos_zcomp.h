/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit: written by gen_spec.py from rayos_zcomp.yaml. */

#ifndef RAYCTL_SPEC_RAYOS_ZCOMP_H
#define RAYCTL_SPEC_RAYOS_ZCOMP_H

#include "spec.h"

extern const struct spec_family rayos_zcomp_spec;

#endif
