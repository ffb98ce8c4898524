// SPDX-License-Identifier: GPL-2.0-only
/*
 * Session affinity: remembered, bounded, forgotten in time.
 */
#include <linux/delay.h>
#include <linux/ktime.h>

#include "fixture.h"

static struct rayos_lb_backend *whom(struct rayos_lb_balancer *balancer,
				     u32 client)
{
	struct rayos_lb_pkt pkt = fixture_packet(balancer, client, 1, 0, 0);
	struct rayos_lb_backend *backend;

	rcu_read_lock();
	backend = rayos_lb_affinity_lookup(balancer, &pkt.tuple);
	rcu_read_unlock();
	return backend;
}

static void remember(struct rayos_lb_backend *backend, u32 client)
{
	struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_pkt pkt = fixture_packet(balancer, client, 1, 0, 0);

	rcu_read_lock();
	local_bh_disable();
	rayos_lb_affinity_set(balancer, &pkt.tuple, backend);
	local_bh_enable();
	rcu_read_unlock();
}

static struct rayos_lb_balancer *sticky(struct kunit *test, u32 n, u8 family)
{
	struct rayos_lb_balancer *balancer =
		fixture_balancer(test, n, family, IPPROTO_TCP,
				 RAYOS_LB_POLICY_ROUND_ROBIN);

	WRITE_ONCE(balancer->affinity, 60 * NSEC_PER_SEC);
	return balancer;
}

static const u8 family_cases[] = { AF_INET, AF_INET6 };

static void family_name(const u8 *family, char *desc)
{
	strscpy(desc, *family == AF_INET ? "ipv4" : "ipv6",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(family, family_cases, family_name);

static void client_is_remembered(struct kunit *test)
{
	u8 family = *(const u8 *)test->param_value;
	struct rayos_lb_balancer *balancer = sticky(test, 1, family);
	struct rayos_lb_backend *one = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_backend *two = fixture_backend(test, balancer, 2, 1);

	KUNIT_EXPECT_NULL(test, whom(balancer, 1));
	remember(one, 1);
	KUNIT_EXPECT_PTR_EQ(test, whom(balancer, 1), one);
	KUNIT_EXPECT_NULL(test, whom(balancer, 2));
	/* another replaces it, the same is there once */
	remember(two, 1);
	remember(two, 1);
	KUNIT_EXPECT_PTR_EQ(test, whom(balancer, 1), two);
	KUNIT_EXPECT_EQ(test, atomic_read(&one->affinities), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&two->affinities), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&balancer->affinities), 1);
	fixture_settle();
	KUNIT_EXPECT_EQ(test, refcount_read(&one->refs), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&two->refs), 2);
}

static const struct prefix_case {
	const char *name;
	u8 family;
	u32 prefix;
	u32 nr;		/* of clients with consecutive addresses, from 0 */
	u32 networks;
} prefix_cases[] = {
	{ "ipv4_whole", AF_INET, 0, 64, 64 },
	{ "ipv4_31", AF_INET, 31, 64, 32 },
	{ "ipv4_24", AF_INET, 24, 512, 2 },
	{ "ipv4_16", AF_INET, 16, 1024, 1 },
	{ "ipv4_1", AF_INET, 1, 1024, 1 },
	{ "ipv6_whole", AF_INET6, 0, 64, 64 },
	{ "ipv6_127", AF_INET6, 127, 64, 32 },
	{ "ipv6_121", AF_INET6, 121, 512, 4 },
	{ "ipv6_64", AF_INET6, 64, 1024, 1 },
	{ "ipv6_33", AF_INET6, 33, 1024, 1 },
};

static void prefix_name(const struct prefix_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(prefix, prefix_cases, prefix_name);

static void network_is_remembered(struct kunit *test)
{
	const struct prefix_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = sticky(test, 1, c->family);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	u32 i, each = c->nr / c->networks;

	balancer->affinity_prefix = c->prefix;
	for (i = 0; i < c->nr; i += each) {
		KUNIT_EXPECT_NULL(test, whom(balancer, i + each - 1));
		remember(backend, i);
		KUNIT_EXPECT_PTR_EQ(test, whom(balancer, i + each - 1), backend);
	}
	for (i = 0; i < c->nr; i++)
		remember(backend, i);
	KUNIT_EXPECT_EQ(test, atomic_read(&balancer->affinities), c->networks);
}

/* And no other balancer's clients are */
static void another_prefix_forgets(struct kunit *test)
{
	struct rayos_lb_balancer *one = sticky(test, 1, AF_INET);
	struct rayos_lb_balancer *two = sticky(test, 2, AF_INET);
	struct rayos_lb_settings settings;
	bool changed;

	remember(fixture_backend(test, one, 1, 1), 1);
	remember(fixture_backend(test, two, 1, 1), 1);
	mutex_lock(&one->ln->lock);
	rayos_lb_balancer_settings(one, &settings);
	changed = rayos_lb_balancer_apply(one, &settings);
	mutex_unlock(&one->ln->lock);
	KUNIT_EXPECT_FALSE(test, changed);
	KUNIT_EXPECT_NOT_NULL(test, whom(one, 1));

	settings.affinity_prefix = 24;
	mutex_lock(&one->ln->lock);
	changed = rayos_lb_balancer_apply(one, &settings);
	mutex_unlock(&one->ln->lock);
	KUNIT_EXPECT_TRUE(test, changed);
	KUNIT_EXPECT_EQ(test, one->affinity_prefix, 24);
	KUNIT_EXPECT_NULL(test, whom(one, 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&one->affinities), 0);
	KUNIT_EXPECT_NOT_NULL(test, whom(two, 1));
}

static void balancers_remember_apart(struct kunit *test)
{
	struct rayos_lb_balancer *one = sticky(test, 1, AF_INET);
	struct rayos_lb_balancer *two = sticky(test, 2, AF_INET);
	struct rayos_lb_backend *backend = fixture_backend(test, one, 1, 1);

	remember(backend, 1);
	KUNIT_EXPECT_PTR_EQ(test, whom(one, 1), backend);
	KUNIT_EXPECT_NULL(test, whom(two, 1));
}

static void forgets_after_its_time(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = sticky(test, 1, AF_INET);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);

	WRITE_ONCE(balancer->affinity, 200 * NSEC_PER_MSEC);
	remember(backend, 1);
	KUNIT_EXPECT_PTR_EQ(test, whom(balancer, 1), backend);
	msleep(400);
	KUNIT_EXPECT_NULL(test, whom(balancer, 1));
	/* a new flow begins the time anew */
	remember(backend, 1);
	KUNIT_EXPECT_PTR_EQ(test, whom(balancer, 1), backend);
	KUNIT_EXPECT_EQ(test, atomic_read(&balancer->affinities), 1);
}

/* Nobody has to come by for the memory of a client to be given back */
static void swept_after_its_time(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = sticky(test, 1, AF_INET);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	u32 i;

	WRITE_ONCE(balancer->affinity, NSEC_PER_MSEC);
	for (i = 0; i < 500; i++)
		remember(backend, i);
	for (i = 0; i < 150 && atomic_read(&balancer->affinities); i++)
		msleep(100);
	fixture_settle();
	KUNIT_EXPECT_EQ(test, atomic_read(&balancer->affinities), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->affinities), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&backend->refs), 1);
}

static void forgets_one_backend_only(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = sticky(test, 1, AF_INET);
	struct rayos_lb_backend *one = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_backend *two = fixture_backend(test, balancer, 2, 1);
	u32 i;

	for (i = 0; i < 200; i++)
		remember(i & 1 ? one : two, i);
	rayos_lb_affinity_forget(balancer->ln->affinity, one);
	for (i = 0; i < 200; i++)
		KUNIT_EXPECT_PTR_EQ(test, whom(balancer, i), i & 1 ? NULL : two);
	KUNIT_EXPECT_EQ(test, atomic_read(&balancer->affinities), 100);
	/* before a namespace has its tables there is nothing to forget */
	rayos_lb_affinity_forget(NULL, two);
	KUNIT_EXPECT_EQ(test, atomic_read(&two->affinities), 100);
}

static void remembers_no_more_than_it_may(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = sticky(test, 1, AF_INET);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	u32 i, found = 0;

	rayos_lb_max_affinities = 64;
	for (i = 0; i < 5000; i++)
		remember(backend, i);
	KUNIT_EXPECT_EQ(test, atomic_read(&balancer->affinities), 64);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->affinities), 64);
	for (i = 0; i < 5000; i++)
		found += whom(balancer, i) == backend;
	KUNIT_EXPECT_EQ(test, found, 64);
}

/* A client whose backend takes nothing is given another and stays there */
static void backend_at_limit_loses_client(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = sticky(test, 1, AF_INET);
	struct rayos_lb_backend *one = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_backend *two = fixture_backend(test, balancer, 2, 1);
	struct rayos_lb_flow *flow;

	remember(one, 1);
	one->limit = 1;
	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_PTR_EQ(test, flow->backend, one);
	KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 1025), two);
	fixture_close(flow);
	KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 1026), two);
}

static const u32 leaving_cases[] = {
	RAYOS_LB_STATE_UNHEALTHY, RAYOS_LB_STATE_DRAINING,
	RAYOS_LB_STATE_OFFLINE,
};

static void leaving_name(const u32 *state, char *desc)
{
	static const char * const name[] = {
		[RAYOS_LB_STATE_UNHEALTHY] = "unhealthy",
		[RAYOS_LB_STATE_DRAINING] = "draining",
		[RAYOS_LB_STATE_OFFLINE] = "offline",
	};

	strscpy(desc, name[*state], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(leaving, leaving_cases, leaving_name);

static void leaving_backend_is_forgotten(struct kunit *test)
{
	u32 state = *(const u32 *)test->param_value;
	struct rayos_lb_balancer *balancer = sticky(test, 1, AF_INET);
	struct rayos_lb_backend *one = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_backend *two = fixture_backend(test, balancer, 2, 1);
	struct rayos_lb_flow *flow;

	remember(one, 1);
	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	if (state == RAYOS_LB_STATE_UNHEALTHY)
		one->prober.verdict.healthy = false;
	else
		one->admin = state == RAYOS_LB_STATE_DRAINING ?
			RAYOS_LB_ADMIN_DRAIN : RAYOS_LB_ADMIN_OFFLINE;
	KUNIT_EXPECT_TRUE(test, fixture_refresh(one, ktime_get_ns()));
	KUNIT_EXPECT_EQ(test, one->state, state);
	KUNIT_EXPECT_NULL(test, whom(balancer, 1));
	KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 1025), two);
	KUNIT_EXPECT_PTR_EQ(test, whom(balancer, 1), two);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(client_is_remembered, family_gen_params),
	KUNIT_CASE_PARAM(network_is_remembered, prefix_gen_params),
	KUNIT_CASE(another_prefix_forgets),
	KUNIT_CASE(balancers_remember_apart),
	KUNIT_CASE(forgets_after_its_time),
	KUNIT_CASE(swept_after_its_time),
	KUNIT_CASE(forgets_one_backend_only),
	KUNIT_CASE(remembers_no_more_than_it_may),
	KUNIT_CASE(backend_at_limit_loses_client),
	KUNIT_CASE_PARAM(leaving_backend_is_forgotten, leaving_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_affinity",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
