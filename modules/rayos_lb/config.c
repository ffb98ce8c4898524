// SPDX-License-Identifier: GPL-2.0-only
/*
 * One configuration in the place of another, all of it or nothing.
 *
 * A plan begins as a list of all that is there.  What the new configuration
 * names is marked as wanted or made, unseen by anybody; all memory is taken
 * before anything changes, so that carrying the plan out cannot fail.  It is
 * carried out so that an address which is served before and after is served at
 * every moment between: what comes is there before what goes leaves.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "config.h"
#include "health.h"
#include "program.h"

#define MIN_BITS	4
#define MAX_BITS	20

static struct hlist_head *bucket_of(const struct rayos_lb_plan *plan,
				    const struct rayos_lb_planned *planned,
				    const struct rayos_lb_endpoint *addr)
{
	u32 fold = addr->addr.all[0] ^ addr->addr.all[1] ^ addr->addr.all[2] ^
		   addr->addr.all[3] ^ (__force u32)addr->port;

	return &plan->bucket[hash_64(((u64)fold << 32) ^ hash_ptr(planned, 32),
				     plan->bits)];
}

static struct rayos_lb_planned_backend *
list_backend(struct rayos_lb_plan *plan, struct rayos_lb_planned *planned,
	     struct rayos_lb_backend *backend)
{
	struct rayos_lb_planned_backend *pb;

	pb = kzalloc(sizeof(*pb), GFP_KERNEL_ACCOUNT);
	if (!pb)
		return NULL;
	pb->backend = backend;
	list_add_tail(&pb->list, &planned->backends);
	hlist_add_head(&pb->link, bucket_of(plan, planned, &backend->addr));
	return pb;
}

static struct rayos_lb_planned *list_balancer(struct rayos_lb_plan *plan,
					      struct rayos_lb_balancer *balancer)
{
	struct rayos_lb_planned *planned;

	planned = kzalloc(sizeof(*planned), GFP_KERNEL_ACCOUNT);
	if (!planned)
		return NULL;
	planned->balancer = balancer;
	INIT_LIST_HEAD(&planned->backends);
	list_add_tail(&planned->list, &plan->balancers);
	return planned;
}

static bool list_present(struct rayos_lb_plan *plan)
{
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_planned *planned;
	struct rayos_lb_backend *backend;
	unsigned long id;

	xa_for_each(&plan->ln->balancers, id, balancer) {
		planned = list_balancer(plan, balancer);
		if (!planned)
			return false;
		list_for_each_entry(backend, &balancer->backends, list) {
			if (!list_backend(plan, planned, backend))
				return false;
		}
		cond_resched();
	}
	return true;
}

/**
 * rayos_lb_plan_new() - plan to have nothing
 * @ln: the namespace
 * @nr: about so many backends will be planned
 *
 * Context: Process context, may sleep, namespace's lock held until
 *	rayos_lb_plan_free().
 * Return: the plan, or NULL for want of memory.
 */
struct rayos_lb_plan *rayos_lb_plan_new(struct rayos_lb_net *ln, u32 nr)
{
	struct rayos_lb_plan *plan;

	lockdep_assert_held(&ln->lock);

	plan = kzalloc(sizeof(*plan), GFP_KERNEL_ACCOUNT);
	if (!plan)
		return NULL;
	plan->ln = ln;
	INIT_LIST_HEAD(&plan->balancers);
	plan->bits = clamp_t(u32, ilog2(nr + 1), MIN_BITS, MAX_BITS);
	plan->bucket = kvcalloc(BIT(plan->bits), sizeof(*plan->bucket),
				GFP_KERNEL_ACCOUNT);
	if (!plan->bucket || !list_present(plan)) {
		rayos_lb_plan_free(plan);
		return NULL;
	}
	return plan;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_plan_new);

static void free_backend(struct rayos_lb_plan *plan,
			 struct rayos_lb_planned_backend *pb)
{
	if (pb->fresh && !plan->committed) {
		rayos_lb_address_del(plan->ln, &pb->backend->addr.addr);
		rayos_lb_backend_put(pb->backend);
	}
	kfree(pb);
}

static void free_balancer(struct rayos_lb_plan *plan,
			  struct rayos_lb_planned *planned)
{
	struct rayos_lb_planned_backend *pb, *next;

	list_for_each_entry_safe(pb, next, &planned->backends, list)
		free_backend(plan, pb);
	rayos_lb_snapshot_free(planned->snapshot);
	rayos_lb_settings_put(&planned->settings);
	if (planned->reserved && !plan->committed)
		rayos_lb_balancer_unreserve(planned->balancer);
	if (planned->fresh && !plan->committed)
		rayos_lb_balancer_put(planned->balancer);
	kfree(planned);
}

/**
 * rayos_lb_plan_free() - drop a plan, or what is left of one carried out
 * @plan: the plan
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_plan_free(struct rayos_lb_plan *plan)
{
	struct rayos_lb_planned *planned, *next;

	list_for_each_entry_safe(planned, next, &plan->balancers, list)
		free_balancer(plan, planned);
	kvfree(plan->bucket);
	kfree(plan);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_plan_free);

/**
 * rayos_lb_plan_lookup() - find a balancer that shall be there
 * @plan: the plan
 * @name: its name
 *
 * The one planned last is looked at first, as its backends follow it.
 *
 * Return: the balancer or NULL.
 */
struct rayos_lb_planned *rayos_lb_plan_lookup(const struct rayos_lb_plan *plan,
					      const char *name)
{
	struct rayos_lb_planned *planned;

	list_for_each_entry_reverse(planned, &plan->balancers, list) {
		if (planned->wanted && !strcmp(planned->balancer->name, name))
			return planned;
	}
	return NULL;
}

static bool same_way(const struct rayos_lb_balancer *balancer, u32 mode,
		     const union nf_inet_addr *source)
{
	return balancer->mode == mode &&
	       rayos_lb_addr_equal(&balancer->source, source);
}

static bool same_vip(const struct rayos_lb_balancer *balancer,
		     const struct rayos_lb_endpoint *vip, u8 family, u8 l4)
{
	return balancer->family == family && balancer->l4 == l4 &&
	       balancer->vip.port == vip->port &&
	       rayos_lb_addr_equal(&balancer->vip.addr, &vip->addr);
}

/**
 * rayos_lb_plan_serves() - whether an address shall be served
 * @plan: the plan
 * @vip: the address
 * @family: AF_INET or AF_INET6
 * @l4: IPPROTO_TCP or IPPROTO_UDP
 *
 * Return: true if a balancer that shall be there has it.
 */
bool rayos_lb_plan_serves(const struct rayos_lb_plan *plan,
			  const struct rayos_lb_endpoint *vip, u8 family, u8 l4)
{
	const struct rayos_lb_planned *planned;

	list_for_each_entry(planned, &plan->balancers, list) {
		if (planned->wanted &&
		    same_vip(planned->balancer, vip, family, l4))
			return true;
	}
	return false;
}

/* One that is there and may stay */
static struct rayos_lb_planned *
find_present(struct rayos_lb_plan *plan, const char *name,
	     const struct rayos_lb_endpoint *vip, u8 family, u8 l4, u32 mode,
	     const union nf_inet_addr *source)
{
	struct rayos_lb_planned *planned;

	list_for_each_entry(planned, &plan->balancers, list) {
		if (!planned->fresh && !strcmp(planned->balancer->name, name) &&
		    same_vip(planned->balancer, vip, family, l4) &&
		    same_way(planned->balancer, mode, source))
			return planned;
	}
	return NULL;
}

static struct rayos_lb_planned *
make_balancer(struct rayos_lb_plan *plan, const char *name,
	      const struct rayos_lb_endpoint *vip, u8 family, u8 l4, u32 mode,
	      const union nf_inet_addr *source)
{
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_planned *planned;

	balancer = rayos_lb_balancer_new(plan->ln, name, vip, family, l4);
	if (!balancer)
		return NULL;
	balancer->mode = mode;
	balancer->source = *source;
	planned = list_balancer(plan, balancer);
	if (!planned) {
		rayos_lb_balancer_put(balancer);
		return NULL;
	}
	planned->fresh = true;
	return planned;
}

/**
 * rayos_lb_plan_balancer() - plan to have a balancer
 * @plan: the plan
 * @name: its name, which no other in the plan has
 * @vip: its address, which no other in the plan has
 * @family: AF_INET or AF_INET6
 * @l4: IPPROTO_TCP or IPPROTO_UDP
 * @mode: an &enum rayos_lb_mode
 * @source: with full NAT, what backends see, or zero
 *
 * Context: Process context, may sleep, namespace's lock held.
 * Return: the balancer, set to the defaults, or NULL for want of memory.
 */
struct rayos_lb_planned *
rayos_lb_plan_balancer(struct rayos_lb_plan *plan, const char *name,
		       const struct rayos_lb_endpoint *vip, u8 family, u8 l4,
		       u32 mode, const union nf_inet_addr *source)
{
	struct rayos_lb_planned *planned;

	planned = find_present(plan, name, vip, family, l4, mode, source) ?:
		  make_balancer(plan, name, vip, family, l4, mode, source);
	if (!planned)
		return NULL;
	planned->wanted = true;
	/* whose backends come next shall be found first */
	list_move_tail(&planned->list, &plan->balancers);
	memcpy(&planned->settings, &rayos_lb_settings_default,
	       sizeof(planned->settings));
	plan->nr_balancers++;
	return planned;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_plan_balancer);

/**
 * rayos_lb_plan_find() - find a backend that is there or shall be
 * @plan: the plan
 * @planned: its balancer
 * @addr: its address
 *
 * Return: the backend or NULL.
 */
struct rayos_lb_planned_backend *
rayos_lb_plan_find(const struct rayos_lb_plan *plan,
		   const struct rayos_lb_planned *planned,
		   const struct rayos_lb_endpoint *addr)
{
	struct rayos_lb_planned_backend *pb;

	hlist_for_each_entry(pb, bucket_of(plan, planned, addr), link) {
		if (pb->backend->balancer == planned->balancer &&
		    pb->backend->addr.port == addr->port &&
		    rayos_lb_addr_equal(&pb->backend->addr.addr, &addr->addr))
			return pb;
	}
	return NULL;
}

static struct rayos_lb_planned_backend *
make_backend(struct rayos_lb_plan *plan, struct rayos_lb_planned *planned,
	     const struct rayos_lb_endpoint *addr)
{
	struct rayos_lb_planned_backend *pb;
	struct rayos_lb_backend *backend;

	backend = rayos_lb_backend_new(planned->balancer, addr);
	if (!backend)
		return NULL;
	if (rayos_lb_address_add(plan->ln, &addr->addr))
		goto err_put;
	pb = list_backend(plan, planned, backend);
	if (!pb)
		goto err_del_address;
	pb->fresh = true;
	return pb;

err_del_address:
	rayos_lb_address_del(plan->ln, &addr->addr);
err_put:
	rayos_lb_backend_put(backend);
	return NULL;
}

/**
 * rayos_lb_plan_backend() - plan to have a backend
 * @plan: the plan
 * @planned: its balancer
 * @addr: its address, which no other that the balancer shall have has
 *
 * Context: Process context, may sleep, namespace's lock held.
 * Return: the backend, set to the defaults, or NULL for want of memory.
 */
struct rayos_lb_planned_backend *
rayos_lb_plan_backend(struct rayos_lb_plan *plan,
		      struct rayos_lb_planned *planned,
		      const struct rayos_lb_endpoint *addr)
{
	struct rayos_lb_planned_backend *pb;

	pb = rayos_lb_plan_find(plan, planned, addr) ?:
	     make_backend(plan, planned, addr);
	if (!pb)
		return NULL;
	pb->wanted = true;
	pb->settings = rayos_lb_backend_settings_default;
	planned->nr_backends++;
	return pb;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_plan_backend);

/* A program that is made anew for each plan may be the one that is there */
static void keep_program(struct rayos_lb_planned *planned)
{
	struct rayos_lb_program *old = planned->balancer->picker.program;
	struct rayos_lb_program **new = &planned->settings.picker.program;

	if (*new == old || !rayos_lb_program_equal(*new, old))
		return;
	rayos_lb_program_put(*new);
	rayos_lb_program_get(old);
	*new = old;
}

/* Whether anything will be different */
static bool compare(struct rayos_lb_planned *planned)
{
	struct rayos_lb_planned_backend *pb;
	struct rayos_lb_backend_settings is;
	struct rayos_lb_settings settings;
	bool backends = false;

	list_for_each_entry(pb, &planned->backends, list) {
		is = rayos_lb_backend_settings(pb->backend);
		pb->changed = pb->fresh || !pb->wanted ||
			      memcmp(&is, &pb->settings, sizeof(is));
		backends |= pb->changed;
	}
	keep_program(planned);
	rayos_lb_balancer_settings(planned->balancer, &settings);
	planned->changed = planned->fresh ||
			   memcmp(&settings, &planned->settings, sizeof(settings));
	rayos_lb_settings_put(&settings);
	return planned->changed || backends;
}

static u32 count_fallback(const struct rayos_lb_planned *planned)
{
	const struct rayos_lb_planned_backend *pb;
	u32 n = 0;

	list_for_each_entry(pb, &planned->backends, list)
		n += pb->wanted && pb->settings.role == RAYOS_LB_ROLE_FALLBACK;
	return n;
}

static int prepare(struct rayos_lb_planned *planned,
		   struct netlink_ext_ack *extack)
{
	u32 fallback = count_fallback(planned);
	int err;

	if (!compare(planned))
		return 0;
	planned->snapshot =
		rayos_lb_snapshot_alloc(planned->balancer,
					&planned->settings.picker,
					planned->settings.policy,
					planned->nr_backends - fallback, fallback,
					planned->settings.slow_start);
	if (!planned->snapshot)
		return -ENOMEM;
	if (!planned->fresh)
		return 0;
	err = rayos_lb_balancer_reserve(planned->balancer, extack);
	planned->reserved = !err;
	return err;
}

/**
 * rayos_lb_plan_prepare() - take all that is needed to carry a plan out
 * @plan: the plan, complete
 * @extack: told what is wrong
 *
 * Context: Process context, may sleep, namespace's lock held.
 * Return: 0 or -errno.
 */
int rayos_lb_plan_prepare(struct rayos_lb_plan *plan,
			  struct netlink_ext_ack *extack)
{
	struct rayos_lb_planned *planned;
	int err;

	list_for_each_entry(planned, &plan->balancers, list) {
		if (!planned->wanted)
			continue;
		err = prepare(planned, extack);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_plan_prepare);

/* Gets nothing new, whatever its checks say */
static bool idle(const struct rayos_lb_planned_backend *pb)
{
	return !pb->wanted || !pb->settings.weight ||
	       pb->settings.admin != RAYOS_LB_ADMIN_ONLINE;
}

static void set_backend(struct rayos_lb_planned_backend *pb, u64 now)
{
	struct rayos_lb_backend *backend = pb->backend;
	bool admin = backend->admin != pb->settings.admin;

	rayos_lb_backend_apply(backend, &pb->settings, now);
	if (!admin)
		return;
	/* the deadline was of another order */
	backend->deadline = 0;
	rayos_lb_health_stop(backend);
	rayos_lb_health_start(backend);
	rayos_lb_backend_refresh(backend, now);
}

/* What may get new flows, and what is new; the rest is kept out of the snapshot */
static void bring_in(struct rayos_lb_planned *planned, u64 now)
{
	struct rayos_lb_planned_backend *pb;

	list_for_each_entry(pb, &planned->backends, list) {
		if (pb->fresh) {
			rayos_lb_backend_apply(pb->backend, &pb->settings, now);
			rayos_lb_backend_attach(pb->backend, now);
		} else if (idle(pb)) {
			pb->backend->leaving = true;
		} else if (pb->changed) {
			set_backend(pb, now);
		}
	}
}

static void take_out(struct rayos_lb_planned *planned, u64 now)
{
	struct rayos_lb_planned_backend *pb;

	list_for_each_entry(pb, &planned->backends, list) {
		pb->backend->leaving = false;
		if (!pb->wanted)
			rayos_lb_backend_detach(pb->backend, false);
		else if (pb->fresh)
			rayos_lb_health_start(pb->backend);
		else if (pb->changed && idle(pb))
			set_backend(pb, now);
	}
}

static void carry_out(struct rayos_lb_planned *planned)
{
	struct rayos_lb_balancer *balancer = planned->balancer;
	u64 now = ktime_get_ns();

	rayos_lb_balancer_apply(balancer, &planned->settings);
	bring_in(planned, now);
	rayos_lb_snapshot_fill(planned->snapshot, balancer);
	rayos_lb_balancer_replace(balancer, planned->snapshot);
	planned->snapshot = NULL;
	balancer->stale = false;
	take_out(planned, now);
	if (planned->fresh)
		rayos_lb_balancer_link(balancer);
}

/**
 * rayos_lb_plan_commit() - carry a plan out
 * @plan: after rayos_lb_plan_prepare(), whatever has passed since under the
 *	lock, which was held
 *
 * Nothing here can fail.  What goes finishes its flows.
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_plan_commit(struct rayos_lb_plan *plan)
{
	struct rayos_lb_planned *planned;

	plan->committed = true;
	plan->ln->generation++;
	list_for_each_entry(planned, &plan->balancers, list) {
		if (planned->snapshot)
			carry_out(planned);
		cond_resched();
	}
	list_for_each_entry(planned, &plan->balancers, list) {
		if (!planned->wanted)
			rayos_lb_balancer_del(planned->balancer, false);
	}
	rayos_lb_net_refresh(plan->ln, 0);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_plan_commit);
