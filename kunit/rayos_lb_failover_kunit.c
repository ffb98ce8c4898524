// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who takes over: another backend for a client that got no answer, and fallback
 * backends for all.
 */
#include "fixture.h"

static struct rayos_lb_backend *beside(struct rayos_lb_balancer *balancer,
				       u16 port,
				       const struct rayos_lb_backend *avoid)
{
	struct rayos_lb_pkt pkt = fixture_packet(balancer, 1, port,
						 RAYOS_LB_TH_SYN, 0);
	struct rayos_lb_backend *backend = NULL;
	struct rayos_lb_flow *flow;

	rcu_read_lock();
	local_bh_disable();
	flow = rayos_lb_schedule_beside(balancer, &pkt, avoid);
	local_bh_enable();
	if (flow)
		backend = flow->backend;
	rcu_read_unlock();
	if (flow)
		fixture_close(flow);
	return backend;
}

static bool possible(struct rayos_lb_balancer *balancer,
		     const struct rayos_lb_backend *avoid)
{
	bool is;

	rcu_read_lock();
	is = rayos_lb_schedule_possible(balancer, avoid);
	rcu_read_unlock();
	return is;
}

static void another_is_found(struct kunit *test)
{
	struct rayos_lb_backend *backend[3], *other;
	struct rayos_lb_balancer *balancer;
	u32 policy, i;

	for (policy = 0; policy <= RAYOS_LB_POLICY_MAX; policy++) {
		balancer = fixture_balancer(test, 1 + policy, AF_INET,
					    IPPROTO_TCP, policy);
		balancer->affinity = 60 * NSEC_PER_SEC;
		fixture_backends(test, balancer, backend, 3);
		for (i = 0; i < 60; i++) {
			KUNIT_EXPECT_TRUE(test, possible(balancer, backend[i % 3]));
			other = beside(balancer, 1024 + i, backend[i % 3]);
			KUNIT_EXPECT_NOT_NULL(test, other);
			KUNIT_EXPECT_PTR_NE(test, other, backend[i % 3]);
			/* the client stays there */
			KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 9),
					    other);
		}
	}
}

/* The one that is silent is not everybody's first */
static void retry_takes_no_turn(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[2];
	u32 i, silent = 0;

	fixture_backends(test, balancer, backend, 2);
	for (i = 0; i < 20; i++) {
		if (fixture_server_of(balancer, 1, 1024 + i) != backend[1])
			continue;
		silent++;
		KUNIT_EXPECT_PTR_EQ(test, beside(balancer, 1024 + i, backend[1]),
				    backend[0]);
	}
	KUNIT_EXPECT_EQ(test, silent, 10);
}

static void alone_it_stays(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend[2];

	fixture_backends(test, balancer, backend, 2);
	backend[1]->state = RAYOS_LB_STATE_UNHEALTHY;
	KUNIT_EXPECT_FALSE(test, possible(balancer, backend[0]));
	KUNIT_EXPECT_TRUE(test, possible(balancer, backend[1]));
	KUNIT_EXPECT_PTR_EQ(test, beside(balancer, 1024, backend[0]), backend[0]);
	backend[1]->state = RAYOS_LB_STATE_HEALTHY;
}

/* Primaries are 0 and 1, fallbacks 2 and 3 */
static struct rayos_lb_balancer *with_fallbacks(struct kunit *test, u32 policy,
						struct rayos_lb_backend **backend)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, policy);

	fixture_backends(test, balancer, backend, 4);
	backend[2]->role = RAYOS_LB_ROLE_FALLBACK;
	backend[3]->role = RAYOS_LB_ROLE_FALLBACK;
	KUNIT_ASSERT_EQ(test, fixture_publish(balancer), 0);
	return balancer;
}

static void count(struct rayos_lb_balancer *balancer,
		  struct rayos_lb_backend **backend, u32 *seen)
{
	struct rayos_lb_backend *b;
	u32 i, j;

	memset(seen, 0, 4 * sizeof(*seen));
	for (i = 0; i < 200; i++) {
		b = fixture_server_of(balancer, i, 1024 + i);
		for (j = 0; j < 4; j++)
			seen[j] += b == backend[j];
	}
}

static void policy_name(const u32 *policy, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "policy_%u", *policy);
}

static const u32 policies[] = {
	RAYOS_LB_POLICY_ROUND_ROBIN, RAYOS_LB_POLICY_WEIGHTED_ROUND_ROBIN,
	RAYOS_LB_POLICY_LEAST_CONNECTIONS, RAYOS_LB_POLICY_IP_HASH,
	RAYOS_LB_POLICY_RANDOM, RAYOS_LB_POLICY_MAGLEV,
};

KUNIT_ARRAY_PARAM(policy, policies, policy_name);

static void fallback_when_there_is_no_primary(struct kunit *test)
{
	const u32 *policy = test->param_value;
	struct rayos_lb_backend *backend[4];
	struct rayos_lb_balancer *balancer =
		with_fallbacks(test, *policy, backend);
	u32 seen[4];

	count(balancer, backend, seen);
	KUNIT_EXPECT_EQ(test, seen[0] + seen[1], 200);
	/* so soon that the snapshot has them still */
	backend[0]->state = RAYOS_LB_STATE_UNHEALTHY;
	count(balancer, backend, seen);
	KUNIT_EXPECT_EQ(test, seen[1], 200);
	backend[1]->state = RAYOS_LB_STATE_UNHEALTHY;
	count(balancer, backend, seen);
	KUNIT_EXPECT_EQ(test, seen[2] + seen[3], 200);
	KUNIT_EXPECT_GT(test, seen[2], 0);
	KUNIT_EXPECT_GT(test, seen[3], 0);
	KUNIT_EXPECT_EQ(test, fixture_publish(balancer), 0);
	count(balancer, backend, seen);
	KUNIT_EXPECT_EQ(test, seen[2] + seen[3], 200);
	backend[0]->state = RAYOS_LB_STATE_HEALTHY;
	KUNIT_EXPECT_EQ(test, fixture_publish(balancer), 0);
	count(balancer, backend, seen);
	KUNIT_EXPECT_EQ(test, seen[0], 200);
	backend[1]->state = RAYOS_LB_STATE_HEALTHY;
}

static void fallback_beyond_the_limits(struct kunit *test)
{
	struct rayos_lb_backend *backend[4];
	struct rayos_lb_balancer *balancer = with_fallbacks(test, 0, backend);
	u32 i, seen[4] = {};

	backend[0]->limit = 3;
	backend[1]->limit = 5;
	for (i = 0; i < 20; i++) {
		struct rayos_lb_flow *flow = fixture_connect(balancer, 1, 1024 + i);
		u32 j;

		KUNIT_ASSERT_NOT_NULL(test, flow);
		for (j = 0; j < 4; j++)
			seen[j] += flow->backend == backend[j];
	}
	KUNIT_EXPECT_EQ(test, seen[0], 3);
	KUNIT_EXPECT_EQ(test, seen[1], 5);
	KUNIT_EXPECT_EQ(test, seen[2], 6);
	KUNIT_EXPECT_EQ(test, seen[3], 6);
}

static void affinity_leaves_the_fallback(struct kunit *test)
{
	struct rayos_lb_backend *backend[4], *first;
	struct rayos_lb_balancer *balancer = with_fallbacks(test, 0, backend);
	u32 i;

	balancer->affinity = 60 * NSEC_PER_SEC;
	backend[0]->state = RAYOS_LB_STATE_UNHEALTHY;
	backend[1]->state = RAYOS_LB_STATE_UNHEALTHY;
	first = fixture_server_of(balancer, 1, 1024);
	KUNIT_EXPECT_TRUE(test, first == backend[2] || first == backend[3]);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 1025 + i),
				    first);
	backend[1]->state = RAYOS_LB_STATE_HEALTHY;
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 1035 + i),
				    backend[1]);
	backend[0]->state = RAYOS_LB_STATE_HEALTHY;
	/* and is not lost among primaries */
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 1045 + i),
				    backend[1]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(another_is_found),
	KUNIT_CASE(retry_takes_no_turn),
	KUNIT_CASE(alone_it_stays),
	KUNIT_CASE_PARAM(fallback_when_there_is_no_primary, policy_gen_params),
	KUNIT_CASE(fallback_beyond_the_limits),
	KUNIT_CASE(affinity_leaves_the_fallback),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_failover",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
