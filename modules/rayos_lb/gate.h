/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a packet may take a shortcut past a hook point.
 */
#ifndef _RAYOS_LB_GATE_H
#define _RAYOS_LB_GATE_H

#include <linux/bitops.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>

/**
 * struct rayos_lb_gate - what is known of the hooks at a hook point
 * @open: signature of hooks of which none cares for balanced packets
 * @shut: signature of hooks of which one may
 *
 * Both are memories of rayos_lb_gate_judge(), read and written without a lock: a
 * signature has the same meaning whenever it is found, as modules that come are
 * counted in @rayos_lb_gate_epoch.
 */
struct rayos_lb_gate {
	unsigned long open;
	unsigned long shut;
};

extern unsigned long rayos_lb_gate_epoch;

int rayos_lb_gate_init(void);
void rayos_lb_gate_exit(void);
bool rayos_lb_gate_judge(struct rayos_lb_gate *gate,
			 const struct nf_hook_entries *entries,
			 nf_hookfn *until, unsigned long signature);
bool rayos_lb_gate_harmless(const char *name);

/**
 * rayos_lb_gate_passes() - whether packets may leave out hooks
 * @gate: of the hook point
 * @hooks: it
 * @until: only hooks before this one, or NULL for all
 *
 * Context: within RCU.
 * Return: true if no hook would do anything to a balanced packet.
 */
static inline bool rayos_lb_gate_passes(struct rayos_lb_gate *gate,
					struct nf_hook_entries __rcu *const *hooks,
					nf_hookfn *until)
{
	const struct nf_hook_entries *entries = rcu_dereference(*hooks);
	unsigned long signature = READ_ONCE(rayos_lb_gate_epoch);
	unsigned int i;

	if (!entries)
		return true;
	for (i = 0; i < entries->num_hook_entries; i++) {
		if (entries->hooks[i].hook == until)
			break;
		signature = signature << 7 ^ signature >> (BITS_PER_LONG - 7) ^
			    (unsigned long)entries->hooks[i].hook;
	}
	if (likely(signature == READ_ONCE(gate->open)))
		return true;
	return rayos_lb_gate_judge(gate, entries, until, signature);
}

#endif
