// SPDX-License-Identifier: GPL-2.0-only
/*
 * What replies and events say.
 */
#include <linux/ktime.h>
#include <linux/slab.h>
#include <rayos/compat_genetlink.h>

#include "evidence.h"
#include "fast.h"
#include "netlink.h"
#include "nl_gen.h"
#include "passive.h"

static const u16 counter_attr[RAYOS_LB_C_NR] = {
	[RAYOS_LB_C_PACKETS_IN] = RAYOS_LB_A_STATS_PACKETS_IN,
	[RAYOS_LB_C_BYTES_IN] = RAYOS_LB_A_STATS_BYTES_IN,
	[RAYOS_LB_C_PACKETS_OUT] = RAYOS_LB_A_STATS_PACKETS_OUT,
	[RAYOS_LB_C_BYTES_OUT] = RAYOS_LB_A_STATS_BYTES_OUT,
	[RAYOS_LB_C_CONNECTIONS] = RAYOS_LB_A_STATS_CONNECTIONS,
	[RAYOS_LB_C_REQUESTS] = RAYOS_LB_A_STATS_REQUESTS,
	[RAYOS_LB_C_REFUSED] = RAYOS_LB_A_STATS_REFUSED,
	[RAYOS_LB_C_TIMEOUTS] = RAYOS_LB_A_STATS_TIMEOUTS,
	[RAYOS_LB_C_RESETS] = RAYOS_LB_A_STATS_RESETS,
	[RAYOS_LB_C_UNREACHABLE] = RAYOS_LB_A_STATS_UNREACHABLE,
	[RAYOS_LB_C_DROPPED] = RAYOS_LB_A_STATS_DROPPED,
	[RAYOS_LB_C_RETRIED] = RAYOS_LB_A_STATS_RETRIED,
	[RAYOS_LB_C_STATELESS] = RAYOS_LB_A_STATS_STATELESS,
};

static const u16 rate_attr[] = {
	[RAYOS_LB_R_CONNECTIONS] = RAYOS_LB_A_STATS_CONNECTION_RATE,
	[RAYOS_LB_R_REQUESTS] = RAYOS_LB_A_STATS_REQUEST_RATE,
	[RAYOS_LB_R_PACKETS_IN] = RAYOS_LB_A_STATS_PACKET_IN_RATE,
	[RAYOS_LB_R_BYTES_IN] = RAYOS_LB_A_STATS_BYTE_IN_RATE,
	[RAYOS_LB_R_PACKETS_OUT] = RAYOS_LB_A_STATS_PACKET_OUT_RATE,
	[RAYOS_LB_R_BYTES_OUT] = RAYOS_LB_A_STATS_BYTE_OUT_RATE,
};

static int fill_hist(struct sk_buff *skb, int attr,
		     const struct rayos_lb_hist *hist)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_uint(skb, RAYOS_LB_A_HISTOGRAM_COUNT, hist->count) ||
	    nla_put_uint(skb, RAYOS_LB_A_HISTOGRAM_SUM, hist->sum) ||
	    nla_put_uint(skb, RAYOS_LB_A_HISTOGRAM_P50,
			 rayos_lb_hist_quantile(hist, 500)) ||
	    nla_put_uint(skb, RAYOS_LB_A_HISTOGRAM_P90,
			 rayos_lb_hist_quantile(hist, 900)) ||
	    nla_put_uint(skb, RAYOS_LB_A_HISTOGRAM_P99,
			 rayos_lb_hist_quantile(hist, 990)) ||
	    nla_put_uint(skb, RAYOS_LB_A_HISTOGRAM_LONGEST, hist->max))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_rates(struct sk_buff *skb, const struct rayos_lb_rates *rates)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rate_attr); i++) {
		if (nla_put_uint(skb, rate_attr[i], rates->average[i]))
			return -EMSGSIZE;
	}
	return nla_put_uint(skb, RAYOS_LB_A_STATS_ERROR_RATE,
			    rayos_lb_rate_errors(rates));
}

static int fill_stats(struct sk_buff *skb, int attr,
		      const struct rayos_lb_stats *stats,
		      const struct rayos_lb_rates *rates)
{
	struct nlattr *nest = nla_nest_start(skb, attr);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < RAYOS_LB_C_NR; i++) {
		if (nla_put_uint(skb, counter_attr[i], stats->counter[i]))
			return -EMSGSIZE;
	}
	if (fill_hist(skb, RAYOS_LB_A_STATS_CONNECT_LATENCY,
		      &stats->hist[RAYOS_LB_L_CONNECT]) ||
	    fill_hist(skb, RAYOS_LB_A_STATS_FIRST_BYTE_LATENCY,
		      &stats->hist[RAYOS_LB_L_FIRST_BYTE]) ||
	    fill_rates(skb, rates))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_endpoint(struct sk_buff *skb, u8 family, int a4, int a6, int ap,
			 const struct rayos_lb_endpoint *endpoint)
{
	int err;

	if (family == AF_INET)
		err = nla_put_in_addr(skb, a4, endpoint->addr.ip);
	else
		err = nla_put_in6_addr(skb, a6, &endpoint->addr.in6);
	return err ?: nla_put_be16(skb, ap, endpoint->port);
}

static int fill_http(struct sk_buff *skb, const struct rayos_lb_health *health)
{
	if (nla_put_string(skb, RAYOS_LB_A_HEALTH_PATH, health->path) ||
	    nla_put_string(skb, RAYOS_LB_A_HEALTH_HOST, health->host) ||
	    nla_put_u16(skb, RAYOS_LB_A_HEALTH_STATUS_MIN,
			health->status_min) ||
	    nla_put_u16(skb, RAYOS_LB_A_HEALTH_STATUS_MAX,
			health->status_max) ||
	    nla_put_string(skb, RAYOS_LB_A_HEALTH_METHOD, health->method))
		return -EMSGSIZE;
	return 0;
}

static int fill_health(struct sk_buff *skb, const struct rayos_lb_health *health)
{
	struct nlattr *nest = nla_nest_start(skb, RAYOS_LB_A_BALANCER_HEALTH);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, RAYOS_LB_A_HEALTH_PROBE, health->probe) ||
	    nla_put_be16(skb, RAYOS_LB_A_HEALTH_PORT, health->port) ||
	    nla_put_u64_64bit(skb, RAYOS_LB_A_HEALTH_INTERVAL, health->interval,
			      RAYOS_LB_A_HEALTH_PAD) ||
	    nla_put_u64_64bit(skb, RAYOS_LB_A_HEALTH_TIMEOUT, health->timeout,
			      RAYOS_LB_A_HEALTH_PAD) ||
	    nla_put_u32(skb, RAYOS_LB_A_HEALTH_RISE, health->rise) ||
	    nla_put_u32(skb, RAYOS_LB_A_HEALTH_FALL, health->fall))
		return -EMSGSIZE;
	if (health->probe == RAYOS_LB_PROBE_HTTP && fill_http(skb, health))
		return -EMSGSIZE;
	if (health->probe == RAYOS_LB_PROBE_UDP &&
	    (nla_put(skb, RAYOS_LB_A_HEALTH_SEND, health->send_len,
		     health->send) ||
	     nla_put_u32(skb, RAYOS_LB_A_HEALTH_REQUIRE_REPLY,
			 health->require_reply)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * rayos_lb_fill_balancer_key() - which balancer it is
 * @skb: the message
 * @balancer: any
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_lb_fill_balancer_key(struct sk_buff *skb,
			       const struct rayos_lb_balancer *balancer)
{
	if (nla_put_u32(skb, RAYOS_LB_A_BALANCER_ID, balancer->id) ||
	    nla_put_string(skb, RAYOS_LB_A_BALANCER_NAME, balancer->name))
		return -EMSGSIZE;
	return 0;
}

static int fill_mode(struct sk_buff *skb,
		     const struct rayos_lb_balancer *balancer)
{
	const union nf_inet_addr *source = &balancer->source;

	if (nla_put_u32(skb, RAYOS_LB_A_BALANCER_MODE, balancer->mode))
		return -EMSGSIZE;
	if (nla_put_u32(skb, RAYOS_LB_A_BALANCER_AFFINITY_PREFIX,
			balancer->affinity_prefix))
		return -EMSGSIZE;
	if (ipv6_addr_any(&source->in6))
		return 0;
	return balancer->family == AF_INET ?
		nla_put_in_addr(skb, RAYOS_LB_A_BALANCER_SOURCE_IPV4,
				source->ip) :
		nla_put_in6_addr(skb, RAYOS_LB_A_BALANCER_SOURCE_IPV6,
				 &source->in6);
}

static int fill_settings(struct sk_buff *skb,
			 const struct rayos_lb_balancer *balancer)
{
	u32 proto = balancer->l4 == IPPROTO_TCP ? RAYOS_LB_PROTO_TCP :
						  RAYOS_LB_PROTO_UDP;

	if (nla_put_u32(skb, RAYOS_LB_A_BALANCER_PROTO, proto) ||
	    fill_endpoint(skb, balancer->family, RAYOS_LB_A_BALANCER_IPV4,
			  RAYOS_LB_A_BALANCER_IPV6, RAYOS_LB_A_BALANCER_PORT,
			  &balancer->vip) ||
	    rayos_lb_fill_policy(skb, balancer) ||
	    nla_put_u64_64bit(skb, RAYOS_LB_A_BALANCER_AFFINITY,
			      balancer->affinity, RAYOS_LB_A_BALANCER_PAD) ||
	    nla_put_u32(skb, RAYOS_LB_A_BALANCER_WHEN_DOWN,
			balancer->when_down) ||
	    nla_put_u32(skb, RAYOS_LB_A_BALANCER_PASSIVE, balancer->passive) ||
	    nla_put_u32(skb, RAYOS_LB_A_BALANCER_ON_DOWN, balancer->on_down))
		return -EMSGSIZE;
	return fill_health(skb, &balancer->health) ?:
	       fill_mode(skb, balancer) ?:
	       nla_put_u64_64bit(skb, RAYOS_LB_A_BALANCER_SLOW_START,
				 balancer->slow_start, RAYOS_LB_A_BALANCER_PAD);
}

static int fill_figures(struct sk_buff *skb,
			const struct rayos_lb_balancer *balancer)
{
	const struct rayos_lb_backend *backend;
	u32 healthy = 0, active = 0;

	list_for_each_entry(backend, &balancer->backends, list) {
		healthy += backend->state == RAYOS_LB_STATE_HEALTHY;
		active += atomic_read(&backend->active);
	}
	list_for_each_entry(backend, &balancer->ln->removed, list) {
		if (backend->balancer == balancer)
			active += atomic_read(&backend->active);
	}
	if (nla_put_u32(skb, RAYOS_LB_A_BALANCER_BACKENDS,
			balancer->nr_backends) ||
	    nla_put_u32(skb, RAYOS_LB_A_BALANCER_HEALTHY, healthy) ||
	    nla_put_u32(skb, RAYOS_LB_A_BALANCER_ACTIVE, active) ||
	    nla_put_u32(skb, RAYOS_LB_A_BALANCER_AFFINITIES,
			atomic_read(&balancer->affinities)))
		return -EMSGSIZE;
	return 0;
}

/**
 * rayos_lb_fill_balancer() - all there is to say of a balancer
 * @skb: the message
 * @balancer: any
 *
 * Return: 0, -EMSGSIZE or -ENOMEM.
 */
int rayos_lb_fill_balancer(struct sk_buff *skb,
			   struct rayos_lb_balancer *balancer)
{
	struct rayos_lb_stats *stats;
	int err;

	stats = kmalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return -ENOMEM;
	rayos_lb_balancer_stats(balancer, stats);
	err = rayos_lb_fill_balancer_key(skb, balancer) ?:
	      fill_settings(skb, balancer) ?:
	      fill_figures(skb, balancer) ?:
	      fill_stats(skb, RAYOS_LB_A_BALANCER_STATS, stats,
			 &balancer->rates);
	kfree(stats);
	return err;
}

static int fill_passive(struct sk_buff *skb,
			const struct rayos_lb_backend *backend)
{
	u64 left = rayos_lb_evidence_due(backend, ktime_get_ns());

	if (nla_put_u32(skb, RAYOS_LB_A_CHECK_PASSIVE_STREAK,
			rayos_lb_passive_streak(atomic_read(&backend->failures))) ||
	    nla_put_uint(skb, RAYOS_LB_A_CHECK_HOLD,
			 left == U64_MAX ? 0 : left))
		return -EMSGSIZE;
	return 0;
}

static int fill_check(struct sk_buff *skb,
		      const struct rayos_lb_backend *backend)
{
	const struct rayos_lb_prober *prober = &backend->prober;
	u64 ended = READ_ONCE(prober->ended);
	struct nlattr *nest;

	nest = nla_nest_start(skb, RAYOS_LB_A_BACKEND_CHECK);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, RAYOS_LB_A_CHECK_RESULT,
			READ_ONCE(prober->result)) ||
	    nla_put_uint(skb, RAYOS_LB_A_CHECK_PASSED,
			 READ_ONCE(prober->n_passed)) ||
	    nla_put_uint(skb, RAYOS_LB_A_CHECK_FAILED,
			 READ_ONCE(prober->n_failed)))
		return -EMSGSIZE;
	if (ended &&
	    (nla_put_u32(skb, RAYOS_LB_A_CHECK_STATUS,
			 READ_ONCE(prober->status)) ||
	     nla_put_u32(skb, RAYOS_LB_A_CHECK_STREAK,
			 READ_ONCE(prober->verdict.streak)) ||
	     nla_put_uint(skb, RAYOS_LB_A_CHECK_LATENCY,
			  READ_ONCE(prober->latency)) ||
	     nla_put_uint(skb, RAYOS_LB_A_CHECK_AGE, ktime_get_ns() - ended)))
		return -EMSGSIZE;
	if (fill_passive(skb, backend))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * rayos_lb_fill_backend_key() - which backend it is
 * @skb: the message
 * @backend: any
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_lb_fill_backend_key(struct sk_buff *skb,
			      const struct rayos_lb_backend *backend)
{
	const struct rayos_lb_balancer *balancer = backend->balancer;

	if (nla_put_string(skb, RAYOS_LB_A_BACKEND_BALANCER, balancer->name) ||
	    nla_put_u32(skb, RAYOS_LB_A_BACKEND_ID, backend->id) ||
	    fill_endpoint(skb, balancer->family, RAYOS_LB_A_BACKEND_IPV4,
			  RAYOS_LB_A_BACKEND_IPV6, RAYOS_LB_A_BACKEND_PORT,
			  &backend->addr))
		return -EMSGSIZE;
	return 0;
}

static u64 time_left(const struct rayos_lb_backend *backend, u64 now)
{
	if (backend->state != RAYOS_LB_STATE_DRAINING)
		return 0;
	return backend->deadline - min(backend->deadline, now);
}

/**
 * rayos_lb_fill_backend() - all there is to say of a backend
 * @skb: the message
 * @backend: any
 *
 * Return: 0, -EMSGSIZE or -ENOMEM.
 */
int rayos_lb_fill_backend(struct sk_buff *skb, struct rayos_lb_backend *backend)
{
	u64 now = ktime_get_ns();
	struct rayos_lb_stats *stats;
	int err;

	if (rayos_lb_fill_backend_key(skb, backend) ||
	    nla_put_u32(skb, RAYOS_LB_A_BACKEND_WEIGHT, backend->weight) ||
	    nla_put_u32(skb, RAYOS_LB_A_BACKEND_LIMIT, backend->limit) ||
	    nla_put_u32(skb, RAYOS_LB_A_BACKEND_ADMIN, backend->admin) ||
	    nla_put_u64_64bit(skb, RAYOS_LB_A_BACKEND_DEADLINE,
			      time_left(backend, now),
			      RAYOS_LB_A_BACKEND_PAD) ||
	    nla_put_u32(skb, RAYOS_LB_A_BACKEND_STATE, backend->state) ||
	    nla_put_uint(skb, RAYOS_LB_A_BACKEND_SINCE, now - backend->since) ||
	    nla_put_u32(skb, RAYOS_LB_A_BACKEND_ACTIVE,
			atomic_read(&backend->active)) ||
	    nla_put_u32(skb, RAYOS_LB_A_BACKEND_AFFINITIES,
			atomic_read(&backend->affinities)) ||
	    nla_put_uint(skb, RAYOS_LB_A_BACKEND_EFFECTIVE_WEIGHT,
			 rayos_lb_backend_share(backend)) ||
	    fill_check(skb, backend) ||
	    nla_put_u32(skb, RAYOS_LB_A_BACKEND_ROLE, backend->role))
		return -EMSGSIZE;

	stats = kzalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return -ENOMEM;
	rayos_lb_stats_add(stats, backend->stats);
	err = fill_stats(skb, RAYOS_LB_A_BACKEND_STATS, stats,
			 &backend->rates);
	kfree(stats);
	return err;
}

/**
 * rayos_lb_fill_health_event() - that a backend has changed its state
 * @skb: the message
 * @backend: the backend
 * @old_state: its state before, an &enum rayos_lb_state
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_lb_fill_health_event(struct sk_buff *skb,
			       const struct rayos_lb_backend *backend,
			       u32 old_state)
{
	if (rayos_lb_fill_backend_key(skb, backend) ||
	    nla_put_u32(skb, RAYOS_LB_A_BACKEND_OLD_STATE, old_state) ||
	    nla_put_u32(skb, RAYOS_LB_A_BACKEND_STATE, backend->state))
		return -EMSGSIZE;
	return fill_check(skb, backend);
}

/**
 * rayos_lb_fill_status() - limits and figures of a namespace
 * @skb: the message
 * @ln: the namespace
 *
 * Return: 0 or -EMSGSIZE.
 */
int rayos_lb_fill_status(struct sk_buff *skb, struct rayos_lb_net *ln)
{
	struct rayos_lb_flow_table *flows = &ln->flows;
	u32 buckets = ln->active ? BIT(flows->bits) : 0;

	if (nla_put_string(skb, RAYOS_LB_A_STATUS_VERSION, RAYOS_VERSION) ||
	    nla_put_u32(skb, RAYOS_LB_A_STATUS_BALANCERS, ln->nr_balancers) ||
	    nla_put_u32(skb, RAYOS_LB_A_STATUS_MAX_BALANCERS,
			rayos_lb_max_balancers) ||
	    nla_put_u32(skb, RAYOS_LB_A_STATUS_MAX_BACKENDS,
			rayos_lb_max_backends) ||
	    nla_put_u32(skb, RAYOS_LB_A_STATUS_FLOWS,
			atomic_read(&flows->count)) ||
	    nla_put_u32(skb, RAYOS_LB_A_STATUS_MAX_FLOWS, rayos_lb_max_flows) ||
	    nla_put_u32(skb, RAYOS_LB_A_STATUS_BUCKETS, buckets) ||
	    nla_put_u32(skb, RAYOS_LB_A_STATUS_FLOW_BYTES,
			sizeof(struct rayos_lb_flow)) ||
	    nla_put_uint(skb, RAYOS_LB_A_STATUS_TABLE_FULL,
			 atomic64_read(&flows->table_full)) ||
	    nla_put_uint(skb, RAYOS_LB_A_STATUS_EVICTED,
			 atomic64_read(&flows->evicted)) ||
	    nla_put_u32(skb, RAYOS_LB_A_STATUS_FAST_PATH,
			rayos_lb_fast_path_state(ln)))
		return -EMSGSIZE;
	return 0;
}
