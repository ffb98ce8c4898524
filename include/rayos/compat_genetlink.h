/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generated tables use struct genl_split_ops, which came with Linux 6.2.  An
 * older kernel has one struct genl_ops per command with both callbacks in it,
 * so the split table is folded into such a table when the family registers.
 */
#ifndef _RAYOS_COMPAT_GENETLINK_H
#define _RAYOS_COMPAT_GENETLINK_H

#include <linux/version.h>
#include <net/genetlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)

#include <linux/slab.h>

/* struct nla_policy takes no const range before 6.2 */
#undef NLA_POLICY_FULL_RANGE
#define NLA_POLICY_FULL_RANGE(tp, _range) {				\
	.type = NLA_ENSURE_UINT_OR_BINARY_TYPE(tp),			\
	.validation_type = NLA_VALIDATE_RANGE_PTR,			\
	.range = (struct netlink_range_validation *)(_range),		\
}

/* The same members for a do or a dump entry, so one can stand for the other */
#define genl_split_ops	genl_ops
#define split_ops	ops
#define n_split_ops	n_ops

/*
 * One policy has to serve both callbacks: an attribute which either of them
 * takes is let through to both.
 */
static inline int rayos_genl_merge_policy(struct genl_ops *op,
					  const struct genl_ops *dump)
{
	unsigned int i, maxattr = max(op->maxattr, dump->maxattr);
	struct nla_policy *policy;

	policy = kcalloc(maxattr + 1, sizeof(*policy), GFP_KERNEL);
	if (!policy)
		return -ENOMEM;

	if (op->policy)
		memcpy(policy, op->policy, (op->maxattr + 1) * sizeof(*policy));
	for (i = 1; dump->policy && i <= dump->maxattr; i++) {
		if (policy[i].type == NLA_UNSPEC)
			memcpy(&policy[i], &dump->policy[i], sizeof(*policy));
	}

	op->policy = policy;
	op->maxattr = maxattr;
	return 0;
}

static inline void rayos_genl_free_ops(const struct genl_ops *ops, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (ops[i].doit && ops[i].dumpit)
			kfree(ops[i].policy);
	}
	kfree(ops);
}

static inline int rayos_genl_register_family(struct genl_family *family)
{
	const struct genl_ops *split = family->ops;
	const int n_split = family->n_ops;
	int i, n = 0, err = -ENOMEM;
	struct genl_ops *ops;

	ops = kcalloc(n_split, sizeof(*ops), GFP_KERNEL);
	if (!ops)
		return err;

	for (i = 0; i < n_split; i++) {
		if (!n || ops[n - 1].cmd != split[i].cmd) {
			ops[n++] = split[i];
			continue;
		}
		err = rayos_genl_merge_policy(&ops[n - 1], &split[i]);
		if (err)
			goto err_free_ops;
		ops[n - 1].start = split[i].start;
		ops[n - 1].dumpit = split[i].dumpit;
		ops[n - 1].done = split[i].done;
		ops[n - 1].flags |= split[i].flags;
	}

	family->ops = ops;
	family->n_ops = n;
	err = genl_register_family(family);
	if (err)
		goto err_restore;
	return 0;

err_restore:
	family->ops = split;
	family->n_ops = n_split;
err_free_ops:
	rayos_genl_free_ops(ops, n);
	return err;
}

static inline void rayos_genl_unregister_family(struct genl_family *family)
{
	genl_unregister_family(family);
	rayos_genl_free_ops(family->ops, family->n_ops);
}

#else

static inline int rayos_genl_register_family(struct genl_family *family)
{
	return genl_register_family(family);
}

static inline void rayos_genl_unregister_family(struct genl_family *family)
{
	genl_unregister_family(family);
}

#endif

#ifndef NLA_POLICY_MAX_LEN
#define NLA_POLICY_MAX_LEN(_len)	NLA_POLICY_MAX(NLA_BINARY, _len)
#endif

/* Only the filter attributes of a dump are wanted, and both have those */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define genl_info_dump(cb)	genl_dumpit_info(cb)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline int nla_put_uint(struct sk_buff *skb, int attrtype, u64 value)
{
	u64 tmp64 = value;
	u32 tmp32 = value;

	if (tmp64 == tmp32)
		return nla_put_u32(skb, attrtype, tmp32);
	return nla_put(skb, attrtype, sizeof(u64), &tmp64);
}
#endif

#endif
