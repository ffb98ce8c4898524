// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which hooks of others a shortcut may leave out: those that do nothing to a
 * packet which is no fragment, is not tracked, and does not cross a bridge.
 *
 * A hook is known by the name of its function, the one thing of it that can be
 * had without the lock of netfilter and is not the operator's choice: a chain of
 * nftables may have any priority, but its function is nft_do_chain...().  A name
 * that is not known, as where the kernel has no symbols, keeps the gate shut.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "gate.h"

/* Where every signature begins: another one when a module comes, whose functions
 * may be where those of another one were.
 */
unsigned long rayos_lb_gate_epoch = 1;
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_gate_epoch);

/* Functions of Linux 6.1 to 7.3 */
static const char *const harmless[] = {
	/* put fragments together */
	"ipv4_conntrack_defrag",
	"ipv6_defrag",
	/* connection tracking and its NAT, of what has been tracked */
	"ipv4_confirm",
	"ipv6_confirm",
	"nf_confirm",
	"nf_nat_ipv4_out",
	"nf_nat_ipv6_out",
	/* security modules, of what sockets here send */
	"apparmor_ip_postroute",
	/* br_netfilter, of what crosses a bridge */
	"ip_sabotage_in",
	/* stands in for one that has been removed */
	"accept_all",
};

/**
 * rayos_lb_gate_harmless() - whether a hook does nothing to balanced packets
 * @name: of its function, which may be followed by that of a module in brackets
 *
 * Context: Any.
 * Return: true if it is known not to.
 */
bool rayos_lb_gate_harmless(const char *name)
{
	size_t len = strcspn(name, " ");
	int i;

	for (i = 0; i < ARRAY_SIZE(harmless); i++) {
		if (strlen(harmless[i]) == len && !strncmp(name, harmless[i], len))
			return true;
	}
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_gate_harmless);

/**
 * rayos_lb_gate_judge() - find out about hooks that were not met before
 * @gate: of the hook point, which remembers
 * @entries: the hooks there
 * @until: only those before this one, or NULL for all
 * @signature: of them
 *
 * Context: within RCU, any; slow, but only once for as long as hooks stay.
 * Return: as rayos_lb_gate_passes().
 */
bool rayos_lb_gate_judge(struct rayos_lb_gate *gate,
			 const struct nf_hook_entries *entries,
			 nf_hookfn *until, unsigned long signature)
{
	char name[64];
	unsigned int i;

	if (signature == READ_ONCE(gate->shut))
		return false;
	for (i = 0; i < entries->num_hook_entries; i++) {
		if (entries->hooks[i].hook == until)
			break;
		snprintf(name, sizeof(name), "%ps", entries->hooks[i].hook);
		if (!rayos_lb_gate_harmless(name)) {
			WRITE_ONCE(gate->shut, signature);
			return false;
		}
	}
	WRITE_ONCE(gate->open, signature);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_gate_judge);

static int notice(struct notifier_block *nb, unsigned long event, void *module)
{
	if (event == MODULE_STATE_COMING)
		WRITE_ONCE(rayos_lb_gate_epoch, rayos_lb_gate_epoch + 1);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = notice,
};

/**
 * rayos_lb_gate_init() - watch modules come
 *
 * Context: Process context, may sleep.
 * Return: 0 or -errno.
 */
int rayos_lb_gate_init(void)
{
	return register_module_notifier(&notifier);
}

/**
 * rayos_lb_gate_exit() - watch no more
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_gate_exit(void)
{
	unregister_module_notifier(&notifier);
}
