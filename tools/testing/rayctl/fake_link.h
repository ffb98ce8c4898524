/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FAKE_LINK_H
#define FAKE_LINK_H

#include <stdbool.h>

#include <netlink/netlink.h>

/* What the linker puts in the place of the functions without __wrap_. */
int __wrap_genl_connect(struct nl_sock *sk);
int __wrap_genl_ctrl_resolve(struct nl_sock *sk, const char *name);
int __wrap_genl_ctrl_resolve_grp(struct nl_sock *sk, const char *family, const char *group);
bool __wrap_module_loaded(const char *module);

#endif
