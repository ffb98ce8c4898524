// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into rayctl in front of libnl: what would go to generic netlink goes
 * to fake_kernel.py, at the netlink port in RAYCTL_FAKE_PORT, when that is set.
 * All else, from the words to the sockets, is rayctl as it is installed.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/socket.h>

#include "fake_link.h"

#define FAMILY	42
#define GROUP	1

static const char *fake_port(void)
{
	return getenv("RAYCTL_FAKE_PORT");
}

/* Which module it is that the fake kernel has. */
static bool has_module(const char *module)
{
	const char *name = getenv("RAYCTL_FAKE_MODULE");

	return fake_port() && !strcmp(name ? name : "rayos_lb", module);
}

/* Families are called as modules, but for a dash. */
static bool has_family(const char *name)
{
	char module[32];

	snprintf(module, sizeof(module), "%s", name);
	for (char *c = module; *c; c++)
		*c = *c == '-' ? '_' : *c;
	return has_module(module);
}

int __wrap_genl_connect(struct nl_sock *sk)
{
	int ret = nl_connect(sk, NETLINK_USERSOCK);

	if (!ret && fake_port())
		nl_socket_set_peer_port(sk, strtoul(fake_port(), NULL, 10));
	return ret;
}

int __wrap_genl_ctrl_resolve(struct nl_sock *sk, const char *name)
{
	(void)sk;
	return has_family(name) ? FAMILY : -NLE_OBJ_NOTFOUND;
}

int __wrap_genl_ctrl_resolve_grp(struct nl_sock *sk, const char *family, const char *group)
{
	(void)sk;
	(void)family;
	(void)group;
	return GROUP;
}

bool __wrap_module_loaded(const char *module)
{
	return has_module(module);
}
