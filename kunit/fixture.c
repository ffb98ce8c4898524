// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the suites share, see fixture.h.
 */
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/net_namespace.h>
#include <rayos/compat.h>

#include "fixture.h"

/* Room for tests with many backends; tables are small to be quick */
#define BALANCERS	16
#define BACKENDS	1024
#define FLOW_BITS	10

/* 198.18.0.0/15 is for benchmarks (RFC 2544), the others for documentation */
#define CLIENTS		0xc6120000
#define VIPS		0xc0000200
#define SERVERS		0xc6336400

static struct rayos_lb_endpoint endpoint(u8 family, u32 net, u32 n, u16 port)
{
	struct rayos_lb_endpoint e = { .port = htons(port) };

	if (family == AF_INET) {
		e.addr.ip = htonl(net + n);
		return e;
	}
	e.addr.in6.s6_addr32[0] = htonl(0x20010db8);
	e.addr.in6.s6_addr32[1] = htonl(net);
	e.addr.in6.s6_addr32[3] = htonl(n);
	return e;
}

int fixture_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->max_balancers = rayos_lb_max_balancers;
	f->max_backends = rayos_lb_max_backends;
	f->max_flows = rayos_lb_max_flows;
	f->max_affinities = rayos_lb_max_affinities;
	f->flow_bits = rayos_lb_flow_bits;
	rayos_lb_max_balancers = BALANCERS;
	rayos_lb_max_backends = BACKENDS;
	rayos_lb_flow_bits = FLOW_BITS;

	test->priv = f;
	rayos_lb_net_setup(&f->ln, &init_net);
	return rayos_lb_net_tables(&f->ln);
}

void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	rayos_lb_net_teardown(&f->ln);
	fixture_settle();
	rayos_lb_max_balancers = f->max_balancers;
	rayos_lb_max_backends = f->max_backends;
	rayos_lb_max_flows = f->max_flows;
	rayos_lb_max_affinities = f->max_affinities;
	rayos_lb_flow_bits = f->flow_bits;
}

/* Let all that waits for a grace period be done, and what that begins */
void fixture_settle(void)
{
	rcu_barrier();
	rcu_barrier();
}

struct rayos_lb_endpoint fixture_vip(u8 family, u32 n)
{
	return endpoint(family, VIPS, n, 80);
}

struct rayos_lb_endpoint fixture_server(u8 family, u32 n)
{
	return endpoint(family, SERVERS, n, 8080);
}

struct rayos_lb_balancer *fixture_balancer(struct kunit *test, u32 n,
					   u8 family, u8 l4, u32 policy)
{
	struct rayos_lb_endpoint vip = fixture_vip(family, n);
	struct fixture *f = test->priv;
	struct rayos_lb_balancer *balancer;
	char name[16];
	int err;

	snprintf(name, sizeof(name), "lb%u", n);
	balancer = rayos_lb_balancer_new(&f->ln, name, &vip, family, l4);
	KUNIT_ASSERT_NOT_NULL(test, balancer);
	balancer->policy = policy;
	mutex_lock(&f->ln.lock);
	err = rayos_lb_balancer_add(balancer, NULL);
	mutex_unlock(&f->ln.lock);
	if (err)
		rayos_lb_balancer_put(balancer);
	KUNIT_ASSERT_EQ(test, err, 0);
	return balancer;
}

struct rayos_lb_balancer *fixture_tcp(struct kunit *test, u32 policy)
{
	return fixture_balancer(test, 1, AF_INET, IPPROTO_TCP, policy);
}

struct rayos_lb_backend *fixture_backend(struct kunit *test,
					 struct rayos_lb_balancer *balancer,
					 u32 n, u32 weight)
{
	struct rayos_lb_endpoint addr = fixture_server(balancer->family, n);
	struct rayos_lb_backend *backend;
	int err;

	backend = rayos_lb_backend_new(balancer, &addr);
	KUNIT_ASSERT_NOT_NULL(test, backend);
	backend->weight = weight;
	mutex_lock(&balancer->ln->lock);
	err = rayos_lb_backend_add(backend, NULL);
	mutex_unlock(&balancer->ln->lock);
	if (err)
		rayos_lb_backend_put(backend);
	KUNIT_ASSERT_EQ(test, err, 0);
	return backend;
}

/* Servers 1 to @nr, of weight 1 */
void fixture_backends(struct kunit *test, struct rayos_lb_balancer *balancer,
		      struct rayos_lb_backend **backend, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		backend[i] = fixture_backend(test, balancer, i + 1, 1);
}

int fixture_publish(struct rayos_lb_balancer *balancer)
{
	int err;

	mutex_lock(&balancer->ln->lock);
	err = rayos_lb_balancer_publish(balancer);
	mutex_unlock(&balancer->ln->lock);
	return err;
}

/* As the namespace's own refresh does, for one backend and at any time */
bool fixture_refresh(struct rayos_lb_backend *backend, u64 now)
{
	struct rayos_lb_net *ln = backend->balancer->ln;
	bool changed;

	mutex_lock(&ln->lock);
	changed = rayos_lb_backend_refresh(backend, now);
	if (changed)
		rayos_lb_balancer_publish(backend->balancer);
	mutex_unlock(&ln->lock);
	return changed;
}

void fixture_remove(struct rayos_lb_backend *backend, bool reset)
{
	struct rayos_lb_net *ln = backend->balancer->ln;

	mutex_lock(&ln->lock);
	rayos_lb_backend_del(backend, reset);
	mutex_unlock(&ln->lock);
}

/* As if the backend's checks had ended so, one after the other */
bool fixture_check(struct rayos_lb_backend *backend, bool passed, u32 times)
{
	const struct rayos_lb_health *health = &backend->balancer->health;
	bool changed = false;

	while (times--)
		changed |= rayos_lb_verdict_add(&backend->prober.verdict, passed,
						health->rise, health->fall);
	return changed && fixture_refresh(backend, ktime_get_ns());
}

struct rayos_lb_pkt fixture_packet(const struct rayos_lb_balancer *balancer,
				   u32 client, u16 port, u8 flags, u32 payload)
{
	bool tcp = balancer->l4 == IPPROTO_TCP;
	u32 headers = (balancer->family == AF_INET ? 20 : 40) + (tcp ? 20 : 8);

	return (struct rayos_lb_pkt) {
		.tuple = {
			.src = endpoint(balancer->family, CLIENTS, client, 0).addr,
			.dst = balancer->vip.addr,
			.sport = htons(port),
			.dport = balancer->vip.port,
			.l4 = balancer->l4,
			.family = balancer->family,
		},
		.thoff = balancer->family == AF_INET ? 20 : 40,
		.len = headers + payload,
		.payload = payload,
		.tcp_flags = tcp ? flags : 0,
	};
}

/* The flow stays until it is closed: nothing here lets it time out */
struct rayos_lb_flow *fixture_connect(struct rayos_lb_balancer *balancer,
				      u32 client, u16 port)
{
	struct rayos_lb_pkt pkt = fixture_packet(balancer, client, port,
						 RAYOS_LB_TH_SYN, 0);
	struct rayos_lb_flow *flow;

	rcu_read_lock();
	local_bh_disable();
	flow = rayos_lb_schedule(balancer, &pkt);
	local_bh_enable();
	rcu_read_unlock();
	return IS_ERR(flow) ? NULL : flow;
}

/* Who gets a client's flow, which is closed at once */
struct rayos_lb_backend *fixture_server_of(struct rayos_lb_balancer *balancer,
					   u32 client, u16 port)
{
	struct rayos_lb_flow *flow = fixture_connect(balancer, client, port);
	struct rayos_lb_backend *backend;

	if (!flow)
		return NULL;
	backend = flow->backend;
	fixture_close(flow);
	return backend;
}

void fixture_observe(struct rayos_lb_flow *flow, enum rayos_lb_dir dir,
		     u8 flags, u32 payload)
{
	struct rayos_lb_pkt pkt = fixture_packet(flow->backend->balancer, 1, 1,
						 flags, payload);

	rcu_read_lock();
	local_bh_disable();
	rayos_lb_path_observe(flow, dir, &pkt);
	local_bh_enable();
	rcu_read_unlock();
}

void fixture_close(struct rayos_lb_flow *flow)
{
	rcu_read_lock();
	rayos_lb_flow_del(&flow->backend->balancer->ln->flows, flow);
	rcu_read_unlock();
}

void fixture_counters(const struct rayos_lb_backend *backend,
		      struct rayos_lb_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	rayos_lb_stats_add(stats, backend->stats);
}

static u64 one_of(struct rayos_lb_stats *stats, enum rayos_lb_counter counter)
{
	u64 value = stats ? stats->counter[counter] : U64_MAX;

	kfree(stats);
	return value;
}

u64 fixture_counter(const struct rayos_lb_backend *backend,
		    enum rayos_lb_counter counter)
{
	struct rayos_lb_stats *stats = kzalloc(sizeof(*stats), GFP_KERNEL);

	if (stats)
		fixture_counters(backend, stats);
	return one_of(stats, counter);
}

u64 fixture_total(struct rayos_lb_balancer *balancer,
		  enum rayos_lb_counter counter)
{
	struct rayos_lb_stats *stats = kzalloc(sizeof(*stats), GFP_KERNEL);

	if (stats) {
		mutex_lock(&balancer->ln->lock);
		rayos_lb_balancer_stats(balancer, stats);
		mutex_unlock(&balancer->ln->lock);
	}
	return one_of(stats, counter);
}

/**
 * fixture_pool() - make a pool without a balancer
 * @test: the test
 * @policy: its policy
 * @nr: members
 * @weight: their weights, or NULL for 1 each
 * @identity: their identities, or NULL for those from a fixed seed
 * @table_len: entries of the table, or 0 for what the policy asks for
 *
 * Return: the pool, which goes with the test.
 */
struct rayos_lb_pool *fixture_pool(struct kunit *test,
				   const struct rayos_lb_policy_ops *policy,
				   u32 nr, const u32 *weight,
				   const u64 *identity, u32 table_len)
{
	struct rayos_lb_pool *pool;
	struct rayos_lb_member *m;
	atomic_t *counts;
	u64 seed = 1;
	u32 i;

	pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pool);
	pool->member = kunit_kzalloc(test, nr * sizeof(*m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pool->member);
	counts = kunit_kzalloc(test, (nr + 1) * sizeof(*counts), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, counts);

	pool->policy = policy;
	pool->cursor = &counts[nr];
	pool->nr = nr;
	for (i = 0; i < nr; i++) {
		m = &pool->member[i];
		m->weight = weight ? weight[i] : 1;
		m->identity = identity ? identity[i] : next_random(&seed);
		m->active = &counts[i];
		pool->max_weight = max(pool->max_weight, m->weight);
	}
	if (!policy->table_len)
		return pool;

	pool->table_len = table_len ?: policy->table_len(pool);
	pool->table = kunit_kzalloc(test, pool->table_len * sizeof(u16),
				    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pool->table);
	policy->build(pool);
	return pool;
}

/* Policies only read the counts of open flows; a test also writes them */
atomic_t *fixture_active(struct rayos_lb_pool *pool, u32 member)
{
	return (atomic_t *)pool->member[member].active;
}

void fixture_count_slots(const struct rayos_lb_pool *pool, u32 *slots)
{
	u32 i;

	memset(slots, 0, pool->nr * sizeof(*slots));
	for (i = 0; i < pool->table_len; i++) {
		if (pool->table[i] < pool->nr)
			slots[pool->table[i]]++;
	}
}

/**
 * chi_square() - how far counts are from what they should be
 * @seen: counts
 * @weight: what they should be in proportion to
 * @nr: their number
 *
 * Return: Pearson's statistic in thousandths.
 */
u64 chi_square(const u64 *seen, const u64 *weight, u32 nr)
{
	u64 total = 0, weights = 0, sum = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		total += seen[i];
		weights += weight[i];
	}
	for (i = 0; i < nr; i++) {
		s64 expected = div64_u64(total * weight[i] * 1000, weights);
		s64 off = (s64)seen[i] * 1000 - expected;

		sum += div64_u64(off * off, expected);
	}
	return sum;
}

MODULE_DESCRIPTION("KUnit suites of rayos_lb");
MODULE_LICENSE("GPL");
RAYOS_IMPORT_KUNIT_NS;
