// SPDX-License-Identifier: GPL-2.0-only
/*
 * What picks with the policies that are not ours: which modules have registered
 * one, and who keeps what from going away.
 */
#include <linux/ctype.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <kunit/visibility.h>
#include <uapi/linux/rayos_lb.h>

#include "picker.h"
#include "policy.h"
#include "program.h"

static LIST_HEAD(registered);
static DEFINE_MUTEX(lock); /* the list */

/**
 * struct entry - a registered policy
 * @list: in order of registration
 * @ops: the policy
 */
struct entry {
	struct list_head list;
	const struct rayos_lb_policy_ops *ops;
};

static struct entry *find(const char *name)
{
	struct entry *entry;

	lockdep_assert_held(&lock);

	list_for_each_entry(entry, &registered, list) {
		if (!strcmp(entry->ops->name, name))
			return entry;
	}
	return NULL;
}

static bool name_good(const char *name)
{
	const char *c;

	if (!name || !*name || strlen(name) > RAYOS_LB_NAME_MAX)
		return false;
	for (c = name; *c; c++) {
		if (!isascii(*c) || !isgraph(*c) || strchr("\"\\/{}", *c))
			return false;
	}
	return true;
}

static bool table_good(const struct rayos_lb_policy_ops *ops)
{
	if (!ops->table_max)
		return !ops->table_len && !ops->build;
	return ops->table_max <= RAYOS_LB_TABLE_MAX && ops->table_len &&
	       ops->build;
}

/**
 * rayos_lb_register_policy() - let balancers have a policy
 * @ops: the policy, which stays as it is until it is unregistered
 *
 * Its name is unique on this host; each network namespace can use it.
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL if there is something missing or too much in it; -EEXIST if
 * its name is taken; -ENOMEM.
 */
int rayos_lb_register_policy(const struct rayos_lb_policy_ops *ops)
{
	struct entry *entry;
	int err = 0;

	if (!ops->owner || !name_good(ops->name) || !table_good(ops) ||
	    ops->ramp || (!ops->pick && !ops->pick_flow) ||
	    (ops->stateless && ops->pick_flow))
		return -EINVAL;
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	entry->ops = ops;

	mutex_lock(&lock);
	if (find(ops->name))
		err = -EEXIST;
	else
		list_add_tail(&entry->list, &registered);
	mutex_unlock(&lock);
	if (err)
		kfree(entry);
	return err;
}
EXPORT_SYMBOL_GPL(rayos_lb_register_policy);

/**
 * rayos_lb_unregister_policy() - let no balancer have a policy any more
 * @ops: one that is registered
 *
 * For when its module is unloaded, which it cannot be while a balancer has it.
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_unregister_policy(const struct rayos_lb_policy_ops *ops)
{
	struct entry *entry;

	mutex_lock(&lock);
	entry = find(ops->name);
	if (!WARN_ON(!entry || entry->ops != ops)) {
		list_del(&entry->list);
		kfree(entry);
	}
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(rayos_lb_unregister_policy);

/**
 * rayos_lb_registered_get() - find a policy of another module
 * @name: its name
 *
 * Context: Process context, may sleep.
 * Return: the policy, with a reference to its module, or NULL if there is none.
 */
const struct rayos_lb_policy_ops *rayos_lb_registered_get(const char *name)
{
	const struct rayos_lb_policy_ops *ops = NULL;
	struct entry *entry;

	mutex_lock(&lock);
	entry = find(name);
	if (entry && try_module_get(entry->ops->owner))
		ops = entry->ops;
	mutex_unlock(&lock);
	return ops;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_registered_get);

/**
 * rayos_lb_registered_nth() - list the policies of other modules
 * @n: from 0
 * @name: set to its name, of %RAYOS_LB_NAME_MAX bytes and a NUL
 *
 * Context: Process context, may sleep.
 * Return: the policy, only to be compared as it may be gone; NULL after the last.
 */
const void *rayos_lb_registered_nth(u32 n, char *name)
{
	const void *ops = NULL;
	struct entry *entry;

	mutex_lock(&lock);
	list_for_each_entry(entry, &registered, list) {
		if (n--)
			continue;
		strscpy(name, entry->ops->name, RAYOS_LB_NAME_MAX + 1);
		ops = entry->ops;
		break;
	}
	mutex_unlock(&lock);
	return ops;
}

/**
 * rayos_lb_picker_get() - take another reference to all that picks
 * @picker: one that the caller has references by
 *
 * Context: Any.
 */
void rayos_lb_picker_get(const struct rayos_lb_picker *picker)
{
	if (picker->ops)
		__module_get(picker->ops->owner);
	rayos_lb_program_get(picker->program);
}

/**
 * rayos_lb_picker_put_ops() - have no policy of another module any more
 * @picker: no packet can meet the policy by it any more; it has none afterwards
 *
 * Context: Any.
 */
void rayos_lb_picker_put_ops(struct rayos_lb_picker *picker)
{
	if (picker->ops)
		module_put(picker->ops->owner);
	picker->ops = NULL;
}

/**
 * rayos_lb_picker_put() - drop references
 * @picker: no packet can meet any more what it has
 *
 * Context: Any.
 */
void rayos_lb_picker_put(const struct rayos_lb_picker *picker)
{
	if (picker->ops)
		module_put(picker->ops->owner);
	rayos_lb_program_put(picker->program);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_picker_put);

/**
 * rayos_lb_picker_ops() - the policy that picks
 * @picker: what picks if it is not ours
 * @policy: an &enum rayos_lb_policy
 *
 * Return: the policy, never NULL.
 */
const struct rayos_lb_policy_ops *
rayos_lb_picker_ops(const struct rayos_lb_picker *picker, u32 policy)
{
	return picker->ops ?: rayos_lb_policy_lookup(policy);
}
