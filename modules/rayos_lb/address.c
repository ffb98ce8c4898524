// SPDX-License-Identifier: GPL-2.0-only
/*
 * The set of addresses that balancers and backends have.
 *
 * A fragment tells no port, so fragments are put together when they come from
 * or go to any of these addresses, and left alone otherwise.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "lb.h"

/**
 * struct address - one address
 * @link: changed under the namespace's lock, walked under RCU
 * @addr: it; an IPv4 address cannot be taken for an IPv6 one, as no host has
 *	an IPv6 address that ends in 96 zero bits
 * @users: balancers and backends that have it, under the namespace's lock
 * @rcu: for freeing it
 */
struct address {
	struct hlist_node link;
	union nf_inet_addr addr;
	u32 users;
	struct rcu_head rcu;
};

static u32 bucket_of(const union nf_inet_addr *addr)
{
	u32 fold = addr->all[0] ^ addr->all[1] ^ addr->all[2] ^ addr->all[3];

	return hash_32(fold, ilog2(RAYOS_LB_ADDRESS_BUCKETS));
}

static struct address *lookup(const struct rayos_lb_net *ln,
			      const union nf_inet_addr *addr)
{
	struct address *a;

	hlist_for_each_entry_rcu(a, &ln->addresses[bucket_of(addr)], link,
				 lockdep_is_held(&ln->lock)) {
		if (rayos_lb_addr_equal(&a->addr, addr))
			return a;
	}
	return NULL;
}

/**
 * rayos_lb_address_add() - one more user of an address
 * @ln: the namespace
 * @addr: the address
 *
 * Context: Process context, namespace's lock held.
 * Return: 0 or -ENOMEM.
 */
int rayos_lb_address_add(struct rayos_lb_net *ln,
			 const union nf_inet_addr *addr)
{
	struct address *a;

	lockdep_assert_held(&ln->lock);

	a = lookup(ln, addr);
	if (!a) {
		a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
		if (!a)
			return -ENOMEM;
		a->addr = *addr;
		hlist_add_head_rcu(&a->link, &ln->addresses[bucket_of(addr)]);
	}
	a->users++;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_address_add);

/**
 * rayos_lb_address_del() - one user of an address less
 * @ln: the namespace
 * @addr: an address given to rayos_lb_address_add()
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_address_del(struct rayos_lb_net *ln,
			  const union nf_inet_addr *addr)
{
	struct address *a;

	lockdep_assert_held(&ln->lock);

	a = lookup(ln, addr);
	if (WARN_ON_ONCE(!a) || --a->users)
		return;
	hlist_del_rcu(&a->link);
	kfree_rcu(a, rcu);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_address_del);

/**
 * rayos_lb_address_known() - whether an address has any user
 * @ln: the namespace
 * @addr: any address
 *
 * Context: Any, within RCU.
 * Return: true if a balancer or a backend has it.
 */
bool rayos_lb_address_known(const struct rayos_lb_net *ln,
			    const union nf_inet_addr *addr)
{
	return lookup(ln, addr);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_address_known);
