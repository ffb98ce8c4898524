// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which stores there are.  Those who look at all of them do so one after the other,
 * and keep from being freed but the one at which they look.
 */
#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/string.h>
#include <linux/xarray.h>
#include <kunit/visibility.h>

#include "registry.h"
#include "store.h"
#include "worker.h"

static DEFINE_XARRAY_ALLOC1(stores);
static u32 last;
static atomic_t generation;

/**
 * rayos_zcomp_registry_add() - let a store be found
 * @store: the store, which has a name; its id is set
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int rayos_zcomp_registry_add(struct rayos_zcomp_store *store)
{
	int err;

	kref_init(&store->users);
	init_completion(&store->unused);
	/* a number comes again late, so that a cursor tells one from the next */
	err = xa_alloc_cyclic(&stores, &store->id, store, xa_limit_31b, &last,
			      GFP_KERNEL);
	atomic_inc(&generation);
	if (err < 0)
		return err;
	rayos_zcomp_worker_wake();
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_registry_add);

static void tell(struct kref *users)
{
	struct rayos_zcomp_store *store =
		container_of(users, struct rayos_zcomp_store, users);

	complete(&store->unused);
}

/**
 * rayos_zcomp_registry_put() - a store is not looked at any more
 * @store: what rayos_zcomp_registry_next() or rayos_zcomp_registry_get() has
 *	returned
 *
 * Context: Any.
 */
void rayos_zcomp_registry_put(struct rayos_zcomp_store *store)
{
	kref_put(&store->users, tell);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_registry_put);

/**
 * rayos_zcomp_registry_del() - let a store be found no more
 * @store: one that has been added
 *
 * Waits for those who look at it.
 *
 * Context: May sleep.
 */
void rayos_zcomp_registry_del(struct rayos_zcomp_store *store)
{
	xa_erase(&stores, store->id);
	atomic_inc(&generation);
	rayos_zcomp_registry_put(store);
	wait_for_completion(&store->unused);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_registry_del);

/**
 * rayos_zcomp_registry_generation() - tell whether there have been changes
 *
 * Context: Any.
 * Return: a number that is another one after a store was added or deleted.
 */
u32 rayos_zcomp_registry_generation(void)
{
	return atomic_read(&generation);
}

/**
 * rayos_zcomp_registry_has() - is a store still to be found?
 * @store: one that the caller may look at
 *
 * If not, somebody waits for those who look at it.
 *
 * Context: Any.
 * Return: true if it is.
 */
bool rayos_zcomp_registry_has(const struct rayos_zcomp_store *store)
{
	return xa_load(&stores, store->id) == store;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_registry_has);

/**
 * rayos_zcomp_registry_next() - one store after the other
 * @id: of the one before, 0 for the first
 *
 * Context: Any.
 * Return: the store, to be given back by rayos_zcomp_registry_put(), or NULL if
 * there is none with a higher id.
 */
struct rayos_zcomp_store *rayos_zcomp_registry_next(u32 id)
{
	struct rayos_zcomp_store *store;
	unsigned long at = id;

	xa_lock(&stores);
	store = xa_find_after(&stores, &at, ULONG_MAX, XA_PRESENT);
	/* the one who deletes it has a reference until it is not here any more */
	if (store)
		kref_get(&store->users);
	xa_unlock(&stores);
	return store;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_registry_next);

/**
 * rayos_zcomp_registry_after() - from one store to the next
 * @store: the one before, which is given back; NULL for the first
 *
 * Who goes through all of them to the end has none to give back.
 *
 * Context: Any.
 * Return: as of rayos_zcomp_registry_next().
 */
struct rayos_zcomp_store *
rayos_zcomp_registry_after(struct rayos_zcomp_store *store)
{
	u32 id = store ? store->id : 0;

	if (store)
		rayos_zcomp_registry_put(store);
	return rayos_zcomp_registry_next(id);
}

/**
 * rayos_zcomp_registry_get() - the store of a name
 * @name: of a device or a region
 *
 * Context: Any.
 * Return: the store, to be given back by rayos_zcomp_registry_put(), or NULL.
 */
struct rayos_zcomp_store *rayos_zcomp_registry_get(const char *name)
{
	struct rayos_zcomp_store *store;
	unsigned long id;

	xa_lock(&stores);
	xa_for_each(&stores, id, store) {
		if (strcmp(store->name, name))
			continue;
		kref_get(&store->users);
		break;
	}
	xa_unlock(&stores);
	return store;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_zcomp_registry_get);
