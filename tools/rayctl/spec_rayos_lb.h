/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit: written by gen_spec.py from rayos_lb.yaml. */

#ifndef RAYCTL_SPEC_RAYOS_LB_H
#define RAYCTL_SPEC_RAYOS_LB_H

#include "spec.h"

extern const struct spec_family rayos_lb_spec;

#endif
