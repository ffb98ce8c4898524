// SPDX-License-Identifier: GPL-2.0-only
/*
 * Session affinity: which backend a client had last.
 *
 * Consulted for new flows only.  A client whose backend takes no more flows is
 * given another and remembered with that one.
 */
#include <linux/hash.h>
#include <linux/inetdevice.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/ipv6.h>
#include <kunit/visibility.h>

#include "lb.h"

#define BITS		12
#define BUCKETS		BIT(BITS)
#define LOCKS		64
#define GC_PERIOD	(5 * HZ)

/**
 * struct entry - a client of a balancer
 * @link: changed under the lock of its bucket, walked under RCU
 * @client: its address, as far as the balancer's prefix goes
 * @balancer: only compared; the entry goes when the backend is forgotten, and
 *	no balancer is freed before its backends
 * @backend: whom it has; holds a reference
 * @last: jiffies of its last new flow
 * @rcu: for freeing it
 */
struct entry {
	struct hlist_node link;
	union nf_inet_addr client;
	const struct rayos_lb_balancer *balancer;
	struct rayos_lb_backend *backend;
	unsigned long last;
	struct rcu_head rcu;
};

/**
 * struct rayos_lb_affinity_table - the clients of a network namespace
 * @bucket: chains of entries
 * @lock: lock of every LOCKS-th bucket
 * @key: secret of the hash, as clients choose what is hashed
 * @count: entries, at most the parameter max_affinities
 * @gc: drops what has timed out
 */
struct rayos_lb_affinity_table {
	struct hlist_head bucket[BUCKETS];
	spinlock_t lock[LOCKS]; /* each protects the chains of its buckets */
	siphash_key_t key;
	atomic_t count;
	struct delayed_work gc;
};

/*
 * What a client is known by.  One that comes while the prefix is being changed
 * may be remembered by what it was: that is found by nobody else but a client of
 * just that address, and times out.
 */
static union nf_inet_addr client_of(const struct rayos_lb_balancer *balancer,
				    const struct rayos_lb_tuple *tuple)
{
	u32 prefix = READ_ONCE(balancer->affinity_prefix);
	union nf_inet_addr client = tuple->src;

	if (!prefix)
		return client;
	if (tuple->family == AF_INET)
		client.ip &= inet_make_mask(prefix);
	else
		ipv6_addr_prefix(&client.in6, &tuple->src.in6, prefix);
	return client;
}

static u32 bucket_of(const struct rayos_lb_affinity_table *table,
		     const struct rayos_lb_balancer *balancer,
		     const union nf_inet_addr *client)
{
	u64 h = siphash_3u64((u64)client->all[0] << 32 | client->all[1],
			     (u64)client->all[2] << 32 | client->all[3],
			     balancer->id, &table->key);

	return hash_64(h, BITS);
}

static spinlock_t *lock_of(struct rayos_lb_affinity_table *table, u32 bucket)
{
	return &table->lock[bucket % LOCKS];
}

static struct entry *find(const struct rayos_lb_affinity_table *table,
			  u32 bucket, const struct rayos_lb_balancer *balancer,
			  const union nf_inet_addr *client)
{
	struct entry *e;

	hlist_for_each_entry_rcu(e, &table->bucket[bucket], link,
				 rcu_read_lock_held()) {
		if (e->balancer == balancer &&
		    rayos_lb_addr_equal(&e->client, client))
			return e;
	}
	return NULL;
}

static bool timed_out(const struct entry *e)
{
	u64 timeout = READ_ONCE(e->balancer->affinity);

	return !timeout ||
	       time_after(jiffies, READ_ONCE(e->last) +
				   nsecs_to_jiffies(timeout));
}

static void free_entry_rcu(struct rcu_head *rcu)
{
	struct entry *e = container_of(rcu, struct entry, rcu);

	rayos_lb_backend_put(e->backend);
	kfree(e);
}

/* With the lock of the bucket held */
static void unlink_entry(struct rayos_lb_affinity_table *table, struct entry *e)
{
	hlist_del_rcu(&e->link);
	atomic_dec(&table->count);
	atomic_dec(&e->backend->affinities);
	atomic_dec(&e->backend->balancer->affinities);
	call_rcu(&e->rcu, free_entry_rcu);
}

static struct entry *new_entry(const union nf_inet_addr *client,
			       struct rayos_lb_backend *backend)
{
	struct entry *e;

	if (!rayos_lb_backend_get(backend))
		return NULL;
	e = kmalloc(sizeof(*e), GFP_ATOMIC | __GFP_NOWARN);
	if (!e) {
		rayos_lb_backend_put(backend);
		return NULL;
	}
	e->client = *client;
	e->balancer = backend->balancer;
	e->backend = backend;
	e->last = jiffies;
	return e;
}

/* The longest unused of a chain, to make room; the lock of the bucket is held */
static struct entry *oldest(const struct rayos_lb_affinity_table *table,
			    u32 bucket)
{
	struct entry *e, *found = NULL;

	hlist_for_each_entry(e, &table->bucket[bucket], link) {
		if (!found || time_before(e->last, found->last))
			found = e;
	}
	return found;
}

/**
 * rayos_lb_affinity_lookup() - whom a client had last
 * @balancer: one with affinity
 * @tuple: of the client's new flow
 *
 * Context: within RCU, which protects what is returned.
 * Return: a backend, which may not be able to take the flow, or NULL.
 */
struct rayos_lb_backend *
rayos_lb_affinity_lookup(const struct rayos_lb_balancer *balancer,
			 const struct rayos_lb_tuple *tuple)
{
	struct rayos_lb_affinity_table *table = balancer->ln->affinity;
	union nf_inet_addr client = client_of(balancer, tuple);
	u32 bucket = bucket_of(table, balancer, &client);
	struct entry *e = find(table, bucket, balancer, &client);

	return e && !timed_out(e) ? e->backend : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_affinity_lookup);

/**
 * rayos_lb_affinity_set() - remember whom a client has
 * @balancer: one with affinity
 * @tuple: of the client's new flow
 * @backend: who has got it
 *
 * Best effort: for want of memory a client is not remembered.
 *
 * Context: within RCU, bottom halves off.
 */
void rayos_lb_affinity_set(struct rayos_lb_balancer *balancer,
			   const struct rayos_lb_tuple *tuple,
			   struct rayos_lb_backend *backend)
{
	struct rayos_lb_affinity_table *table = balancer->ln->affinity;
	union nf_inet_addr client = client_of(balancer, tuple);
	u32 bucket = bucket_of(table, balancer, &client);
	struct entry *e, *new;

	spin_lock(lock_of(table, bucket));
	e = find(table, bucket, balancer, &client);
	if (e && e->backend == backend) {
		WRITE_ONCE(e->last, jiffies);
		goto unlock;
	}
	if (e)
		unlink_entry(table, e);
	if (atomic_read(&table->count) >= rayos_lb_max_affinities) {
		e = oldest(table, bucket);
		if (!e)
			goto unlock;
		unlink_entry(table, e);
	}
	new = new_entry(&client, backend);
	if (!new)
		goto unlock;
	hlist_add_head_rcu(&new->link, &table->bucket[bucket]);
	atomic_inc(&table->count);
	atomic_inc(&backend->affinities);
	atomic_inc(&balancer->affinities);
unlock:
	spin_unlock(lock_of(table, bucket));
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_affinity_set);

/* Whether nobody will miss it: a packet that was on its way when the backend was
 * removed may have remembered it since
 */
static bool idle(const struct entry *e)
{
	return timed_out(e) || READ_ONCE(e->backend->removed);
}

/* Drops what is idle, or all of @balancer or of @backend if that is not NULL */
static void sweep(struct rayos_lb_affinity_table *table,
		  const struct rayos_lb_balancer *balancer,
		  const struct rayos_lb_backend *backend)
{
	struct hlist_node *next;
	struct entry *e;
	u32 i;

	for (i = 0; i < BUCKETS; i++) {
		if (hlist_empty(&table->bucket[i]))
			continue;
		spin_lock_bh(lock_of(table, i));
		hlist_for_each_entry_safe(e, next, &table->bucket[i], link) {
			if (balancer ? e->balancer == balancer :
			    backend ? e->backend == backend : idle(e))
				unlink_entry(table, e);
		}
		spin_unlock_bh(lock_of(table, i));
		cond_resched();
	}
}

/**
 * rayos_lb_affinity_forget_all() - let all clients of a balancer find a backend
 * @table: the namespace's, or NULL
 * @balancer: whose
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_affinity_forget_all(struct rayos_lb_affinity_table *table,
				  const struct rayos_lb_balancer *balancer)
{
	if (table && atomic_read(&balancer->affinities))
		sweep(table, balancer, NULL);
}

/**
 * rayos_lb_affinity_forget() - let all clients of a backend find another
 * @table: the namespace's, or NULL
 * @backend: whose
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_affinity_forget(struct rayos_lb_affinity_table *table,
			      const struct rayos_lb_backend *backend)
{
	if (table && atomic_read(&backend->affinities))
		sweep(table, NULL, backend);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_affinity_forget);

/**
 * rayos_lb_affinity_expire() - forget the clients whose time is over, now
 * @table: the namespace's, or NULL
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_affinity_expire(struct rayos_lb_affinity_table *table)
{
	if (table && atomic_read(&table->count))
		sweep(table, NULL, NULL);
}

static void gc(struct work_struct *work)
{
	struct rayos_lb_affinity_table *table =
		container_of(to_delayed_work(work),
			     struct rayos_lb_affinity_table, gc);

	rayos_lb_affinity_expire(table);
	queue_delayed_work(rayos_lb_wq, &table->gc, GC_PERIOD);
}

/**
 * rayos_lb_affinity_table_new() - make an empty table
 *
 * Context: Process context, may sleep.
 * Return: the table, or NULL for want of memory.
 */
struct rayos_lb_affinity_table *rayos_lb_affinity_table_new(void)
{
	struct rayos_lb_affinity_table *table;
	int i;

	table = kvzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;
	for (i = 0; i < LOCKS; i++)
		spin_lock_init(&table->lock[i]);
	get_random_bytes(&table->key, sizeof(table->key));
	INIT_DELAYED_WORK(&table->gc, gc);
	queue_delayed_work(rayos_lb_wq, &table->gc, GC_PERIOD);
	return table;
}

/**
 * rayos_lb_affinity_table_free() - forget everybody and free the table
 * @table: no packet can reach it any more; or NULL
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_affinity_table_free(struct rayos_lb_affinity_table *table)
{
	struct hlist_node *next;
	struct entry *e;
	u32 i;

	if (!table)
		return;
	cancel_delayed_work_sync(&table->gc);
	for (i = 0; i < BUCKETS; i++) {
		hlist_for_each_entry_safe(e, next, &table->bucket[i], link)
			unlink_entry(table, e);
	}
	kvfree(table);
}
