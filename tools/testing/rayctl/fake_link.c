// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into rayctl in front of libnl: what would go to generic netlink goes
 * to fake_kernel.py, at the netlink port in RAYCTL_FAKE_PORT, when that is set.
 * All else, from the words to the sockets, is rayctl as it is installed.
 */
#include <stddef.h>
#include <stdlib.h>

#include <netlink/errno.h>
#include <netlink/socket.h>

#include "fake_link.h"

#define FAMILY	42
#define GROUP	1

static const char *fake_port(void)
{
	return getenv("RAYCTL_FAKE_PORT");
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
	(void)name;
	return fake_port() ? FAMILY : -NLE_OBJ_NOTFOUND;
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
	(void)module;
	return fake_port();
}
