// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is told of what becomes of backends: listeners of the netlink family,
 * other modules, and the kernel's log.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/user_namespace.h>
#include <rayos/lb.h>
#include <kunit/visibility.h>

#include "lb.h"
#include "netlink.h"
#include "observe.h"

static BLOCKING_NOTIFIER_HEAD(chain);

static const char *const state_name[] = {
	[RAYOS_LB_STATE_HEALTHY] = "healthy",
	[RAYOS_LB_STATE_UNHEALTHY] = "unhealthy",
	[RAYOS_LB_STATE_DRAINING] = "draining",
	[RAYOS_LB_STATE_OFFLINE] = "offline",
};

static_assert(ARRAY_SIZE(state_name) == RAYOS_LB_STATE_MAX + 1);

static const char *const reason_name[] = {
	[RAYOS_LB_CHECK_RESULT_NONE] = "",
	[RAYOS_LB_CHECK_RESULT_PASSED] = " (passed)",
	[RAYOS_LB_CHECK_RESULT_TIMEOUT] = " (timeout)",
	[RAYOS_LB_CHECK_RESULT_REFUSED] = " (refused)",
	[RAYOS_LB_CHECK_RESULT_UNREACHABLE] = " (unreachable)",
	[RAYOS_LB_CHECK_RESULT_CLOSED] = " (closed)",
	[RAYOS_LB_CHECK_RESULT_BAD_STATUS] = " (bad-status)",
	[RAYOS_LB_CHECK_RESULT_BAD_REPLY] = " (bad-reply)",
	[RAYOS_LB_CHECK_RESULT_ERROR] = " (error)",
	[RAYOS_LB_CHECK_RESULT_PASSIVE] = " (passive)",
};

static_assert(ARRAY_SIZE(reason_name) == RAYOS_LB_CHECK_RESULT_MAX + 1);

/**
 * rayos_lb_state_name() - name of a state, as in the spec
 * @state: an &enum rayos_lb_state
 *
 * Return: the name.
 */
const char *rayos_lb_state_name(u32 state)
{
	return state_name[state];
}

/**
 * rayos_lb_register_notifier() - be told of changes of backends
 * @nb: called with %RAYOS_LB_EVENT_STATE and a struct rayos_lb_change, in process
 *	context, where it may sleep but not for long: the namespace's
 *	configuration waits for it.  What it returns is of no interest.
 *
 * It is called for every network namespace.
 *
 * Context: Process context, may sleep.
 * Return: 0, or -EEXIST if @nb is registered already.
 */
int rayos_lb_register_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&chain, nb);
}
EXPORT_SYMBOL_GPL(rayos_lb_register_notifier);

/**
 * rayos_lb_unregister_notifier() - be told no more
 * @nb: registered before; when this returns no call is under way, so that its
 *	owner may go.  Must not be called by @nb itself.
 *
 * Context: Process context, may sleep.
 * Return: 0, or -ENOENT if @nb is not registered.
 */
int rayos_lb_unregister_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&chain, nb);
}
EXPORT_SYMBOL_GPL(rayos_lb_unregister_notifier);

static bool by_health(u32 state)
{
	return state == RAYOS_LB_STATE_HEALTHY ||
	       state == RAYOS_LB_STATE_UNHEALTHY;
}

/* A backend that is healthy although its last check failed is not checked now */
static u32 reason_of(const struct rayos_lb_backend *backend, u32 old_state)
{
	u32 result = READ_ONCE(backend->prober.result);

	if (!by_health(old_state) || !by_health(backend->state) ||
	    (backend->state == RAYOS_LB_STATE_HEALTHY &&
	     result != RAYOS_LB_CHECK_RESULT_PASSED))
		return RAYOS_LB_CHECK_RESULT_NONE;
	return result;
}

/* Who has a user namespace can make any number of network namespaces, and must
 * not write the host's log from there
 */
static void log_state(const struct rayos_lb_change *change)
{
	const char *reason = reason_name[change->reason];
	const char *now = state_name[change->state];
	const char *was = state_name[change->old_state];

	if (change->net->user_ns != &init_user_ns)
		return;
	if (change->family == AF_INET)
		pr_info_ratelimited("%s: backend %pI4:%u %s%s, was %s\n",
				    change->balancer, &change->addr.ip,
				    ntohs(change->port), now, reason, was);
	else
		pr_info_ratelimited("%s: backend [%pI6c]:%u %s%s, was %s\n",
				    change->balancer, &change->addr.in6,
				    ntohs(change->port), now, reason, was);
}

/**
 * rayos_lb_observe_state() - tell that a backend has changed its state
 * @backend: the backend
 * @old_state: its state before, an &enum rayos_lb_state
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_observe_state(struct rayos_lb_backend *backend, u32 old_state)
{
	const struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_change change = {
		.net = balancer->ln->net,
		.balancer = balancer->name,
		.family = balancer->family,
		.port = backend->addr.port,
		.addr = backend->addr.addr,
		.old_state = old_state,
		.state = backend->state,
		.reason = reason_of(backend, old_state),
	};

	lockdep_assert_held(&balancer->ln->lock);

	rayos_lb_nl_health_event(backend, old_state);
	blocking_notifier_call_chain(&chain, RAYOS_LB_EVENT_STATE, &change);
	log_state(&change);
}
