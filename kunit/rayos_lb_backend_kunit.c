// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backends: what they may be given, limits, draining, coming and going.
 */
#include <linux/delay.h>
#include <linux/ktime.h>

#include "fixture.h"

static const struct state_case {
	const char *name;
	u32 admin;
	bool healthy;
	bool drained;
	u32 state;
} state_cases[] = {
	{ "online_healthy", RAYOS_LB_ADMIN_ONLINE, true, false,
	  RAYOS_LB_STATE_HEALTHY },
	{ "online_healthy_idle", RAYOS_LB_ADMIN_ONLINE, true, true,
	  RAYOS_LB_STATE_HEALTHY },
	{ "online_unhealthy", RAYOS_LB_ADMIN_ONLINE, false, false,
	  RAYOS_LB_STATE_UNHEALTHY },
	{ "online_unhealthy_idle", RAYOS_LB_ADMIN_ONLINE, false, true,
	  RAYOS_LB_STATE_UNHEALTHY },
	{ "drain_busy", RAYOS_LB_ADMIN_DRAIN, true, false,
	  RAYOS_LB_STATE_DRAINING },
	{ "drain_busy_unhealthy", RAYOS_LB_ADMIN_DRAIN, false, false,
	  RAYOS_LB_STATE_DRAINING },
	{ "drain_done", RAYOS_LB_ADMIN_DRAIN, true, true,
	  RAYOS_LB_STATE_OFFLINE },
	{ "drain_done_unhealthy", RAYOS_LB_ADMIN_DRAIN, false, true,
	  RAYOS_LB_STATE_OFFLINE },
	{ "offline", RAYOS_LB_ADMIN_OFFLINE, true, false,
	  RAYOS_LB_STATE_OFFLINE },
	{ "offline_idle_unhealthy", RAYOS_LB_ADMIN_OFFLINE, false, true,
	  RAYOS_LB_STATE_OFFLINE },
};

static void state_name(const struct state_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(state, state_cases, state_name);

static void state_from_admin_and_health(struct kunit *test)
{
	const struct state_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, rayos_lb_backend_state(c->admin, c->healthy,
						     c->drained), c->state);
}

/* The same through a backend that has a flow or none */
static void refresh_follows_state(struct kunit *test)
{
	const struct state_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow *flow = NULL, *next;

	if (!c->drained) {
		flow = fixture_connect(balancer, 1, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow);
	}
	backend->admin = c->admin;
	backend->prober.verdict.healthy = c->healthy;
	KUNIT_EXPECT_EQ(test, fixture_refresh(backend, ktime_get_ns()),
			c->state != RAYOS_LB_STATE_HEALTHY);
	KUNIT_EXPECT_EQ(test, backend->state, c->state);
	KUNIT_EXPECT_FALSE(test, fixture_refresh(backend, ktime_get_ns()));

	/* only the operator's offline cuts a flow off */
	if (flow)
		KUNIT_EXPECT_EQ(test, test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags),
				c->state == RAYOS_LB_STATE_OFFLINE);
	next = fixture_connect(balancer, 2, 1024);
	KUNIT_EXPECT_EQ(test, !!next, c->state == RAYOS_LB_STATE_HEALTHY);

	backend->admin = RAYOS_LB_ADMIN_ONLINE;
	backend->prober.verdict.healthy = true;
	fixture_refresh(backend, ktime_get_ns());
	KUNIT_EXPECT_EQ(test, backend->state, RAYOS_LB_STATE_HEALTHY);
	KUNIT_EXPECT_NOT_NULL(test, fixture_connect(balancer, 3, 1024));
}

static void drain_ends_with_last_flow(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow *flow[2];
	u32 i;

	for (i = 0; i < 2; i++) {
		flow[i] = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
	}
	backend->admin = RAYOS_LB_ADMIN_DRAIN;
	KUNIT_EXPECT_TRUE(test, fixture_refresh(backend, ktime_get_ns()));
	KUNIT_EXPECT_EQ(test, backend->state, RAYOS_LB_STATE_DRAINING);
	fixture_close(flow[0]);
	msleep(50);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state), RAYOS_LB_STATE_DRAINING);

	/* by itself, without anybody asking */
	fixture_close(flow[1]);
	for (i = 0; i < 50 &&
	     READ_ONCE(backend->state) != RAYOS_LB_STATE_OFFLINE; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state), RAYOS_LB_STATE_OFFLINE);
}

static void drain_ends_at_deadline(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	u64 now = ktime_get_ns();
	struct rayos_lb_flow *flow;

	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	backend->admin = RAYOS_LB_ADMIN_DRAIN;
	backend->deadline = now + 3600 * NSEC_PER_SEC;
	KUNIT_EXPECT_TRUE(test, fixture_refresh(backend, now));
	KUNIT_EXPECT_FALSE(test, fixture_refresh(backend, backend->deadline - 1));
	KUNIT_EXPECT_EQ(test, backend->state, RAYOS_LB_STATE_DRAINING);
	KUNIT_EXPECT_FALSE(test, test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags));

	KUNIT_EXPECT_TRUE(test, fixture_refresh(backend, backend->deadline));
	KUNIT_EXPECT_EQ(test, backend->state, RAYOS_LB_STATE_OFFLINE);
	KUNIT_EXPECT_TRUE(test, test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags));
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), 0);
}

/* A flow that slipped in when the drain had ended does not undo it */
static void drained_stays_offline(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);

	backend->admin = RAYOS_LB_ADMIN_DRAIN;
	KUNIT_EXPECT_TRUE(test, fixture_refresh(backend, ktime_get_ns()));
	KUNIT_EXPECT_EQ(test, backend->state, RAYOS_LB_STATE_OFFLINE);
	atomic_inc(&backend->active);
	KUNIT_EXPECT_FALSE(test, fixture_refresh(backend, ktime_get_ns()));
	KUNIT_EXPECT_EQ(test, backend->state, RAYOS_LB_STATE_OFFLINE);
	atomic_dec(&backend->active);
}

/* Limits hold under every policy: what is left over is turned away */
static const u32 policy_cases[] = {
	RAYOS_LB_POLICY_ROUND_ROBIN, RAYOS_LB_POLICY_WEIGHTED_ROUND_ROBIN,
	RAYOS_LB_POLICY_LEAST_CONNECTIONS, RAYOS_LB_POLICY_IP_HASH,
	RAYOS_LB_POLICY_RANDOM, RAYOS_LB_POLICY_MAGLEV,
};

static void policy_name(const u32 *policy, char *desc)
{
	static const char * const name[] = {
		[RAYOS_LB_POLICY_ROUND_ROBIN] = "round_robin",
		[RAYOS_LB_POLICY_WEIGHTED_ROUND_ROBIN] = "weighted_round_robin",
		[RAYOS_LB_POLICY_LEAST_CONNECTIONS] = "least_connections",
		[RAYOS_LB_POLICY_IP_HASH] = "ip_hash",
		[RAYOS_LB_POLICY_RANDOM] = "random",
		[RAYOS_LB_POLICY_MAGLEV] = "maglev",
	};

	strscpy(desc, name[*policy], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(policy, policy_cases, policy_name);

static void limits_hold(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, *(const u32 *)test->param_value);
	struct rayos_lb_backend *backend[3];
	struct rayos_lb_flow *flow, *last = NULL;
	u32 i, given = 0;

	fixture_backends(test, balancer, backend, 3);
	for (i = 0; i < 3; i++)
		backend[i]->limit = 5 * (i + 1);
	for (i = 0; i < 40; i++) {
		flow = fixture_connect(balancer, i, 1024);
		given += !!flow;
		last = flow ?: last;
	}
	KUNIT_EXPECT_EQ(test, given, 30);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&backend[i]->active),
				5 * (i + 1));
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_DROPPED), 10);
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_CONNECTIONS), 30);

	/* one that ends makes room for one */
	KUNIT_ASSERT_NOT_NULL(test, last);
	fixture_close(last);
	KUNIT_EXPECT_NOT_NULL(test, fixture_connect(balancer, 50, 1024));
	KUNIT_EXPECT_NULL(test, fixture_connect(balancer, 51, 1024));
}

static void nobody_to_serve(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, *(const u32 *)test->param_value);
	struct rayos_lb_backend *backend;

	KUNIT_EXPECT_NULL(test, fixture_connect(balancer, 1, 1024));
	backend = fixture_backend(test, balancer, 1, 0);
	KUNIT_EXPECT_NULL(test, fixture_connect(balancer, 1, 1024));
	backend->weight = 1;
	KUNIT_ASSERT_EQ(test, fixture_publish(balancer), 0);
	KUNIT_EXPECT_NOT_NULL(test, fixture_connect(balancer, 1, 1024));
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_DROPPED), 2);
}

static void weight_0_gets_nothing(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, *(const u32 *)test->param_value);
	struct rayos_lb_backend *backend[3];
	u32 i;

	fixture_backends(test, balancer, backend, 3);
	backend[1]->weight = 0;
	/* before it is published as well as after */
	for (i = 0; i < 30; i++)
		KUNIT_EXPECT_PTR_NE(test, fixture_server_of(balancer, i, 1024),
				    backend[1]);
	KUNIT_ASSERT_EQ(test, fixture_publish(balancer), 0);
	for (i = 0; i < 30; i++)
		KUNIT_EXPECT_PTR_NE(test, fixture_server_of(balancer, i, 1025),
				    backend[1]);
}

/* By address or by address and port: a client keeps its backend when others go */
static const u32 hash_cases[] = {
	RAYOS_LB_POLICY_IP_HASH, RAYOS_LB_POLICY_MAGLEV,
};

KUNIT_ARRAY_PARAM(hash, hash_cases, policy_name);

#define HASHED	400

static void clients_keep_their_backend(struct kunit *test)
{
	u32 policy = *(const u32 *)test->param_value;
	struct rayos_lb_balancer *balancer = fixture_tcp(test, policy);
	struct rayos_lb_backend *backend[8], **had, *now;
	u32 i, stray = 0, strangers = 0;

	had = kunit_kcalloc(test, HASHED, sizeof(*had), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, had);
	fixture_backends(test, balancer, backend, ARRAY_SIZE(backend));
	for (i = 0; i < HASHED; i++)
		had[i] = fixture_server_of(balancer, i, 1024);
	/* by address alone the port does not matter */
	for (i = 0; i < HASHED && policy == RAYOS_LB_POLICY_IP_HASH; i++)
		KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, i, 9),
				    had[i]);

	KUNIT_EXPECT_TRUE(test, fixture_check(backend[3], false, 3));
	for (i = 0; i < HASHED; i++) {
		now = fixture_server_of(balancer, i, 1024);
		stray += had[i] != backend[3] && now != had[i];
		KUNIT_EXPECT_PTR_NE(test, now, backend[3]);
	}
	KUNIT_EXPECT_LE(test, stray, HASHED / 100);

	KUNIT_EXPECT_TRUE(test, fixture_check(backend[3], true, 2));
	for (i = 0; i < HASHED; i++)
		strangers += fixture_server_of(balancer, i, 1024) != had[i];
	KUNIT_EXPECT_EQ(test, strangers, 0);
}

/* Two directors that have the same backends, added in another order */
static void directors_agree(struct kunit *test)
{
	u32 policy = *(const u32 *)test->param_value;
	struct rayos_lb_balancer *one, *two;
	struct rayos_lb_backend *a, *b;
	u32 i, differ = 0;

	one = fixture_balancer(test, 1, AF_INET, IPPROTO_TCP, policy);
	two = fixture_balancer(test, 2, AF_INET, IPPROTO_TCP, policy);
	for (i = 1; i <= 5; i++) {
		fixture_backend(test, one, i, 1);
		fixture_backend(test, two, i, 1);
	}
	for (i = 0; i < 300; i++) {
		a = fixture_server_of(one, i, 1024);
		b = fixture_server_of(two, i, 1024);
		KUNIT_ASSERT_TRUE(test, a && b);
		differ += !rayos_lb_addr_equal(&a->addr.addr, &b->addr.addr);
	}
	KUNIT_EXPECT_EQ(test, differ, 0);
}

static void backends_are_bounded(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_endpoint addr = fixture_server(AF_INET, 9);
	struct rayos_lb_backend *backend[3], *extra;
	int err;

	rayos_lb_max_backends = 3;
	fixture_backends(test, balancer, backend, 3);
	extra = rayos_lb_backend_new(balancer, &addr);
	KUNIT_ASSERT_NOT_NULL(test, extra);
	mutex_lock(&balancer->ln->lock);
	err = rayos_lb_backend_add(extra, NULL);
	mutex_unlock(&balancer->ln->lock);
	KUNIT_EXPECT_EQ(test, err, -ENOSPC);
	KUNIT_EXPECT_EQ(test, balancer->nr_backends, 3);
	rayos_lb_backend_put(extra);

	/* a removed one leaves its place, and its number is never used again */
	fixture_remove(backend[1], false);
	KUNIT_EXPECT_EQ(test, fixture_backend(test, balancer, 9, 1)->id, 4);
}

/* Hundreds at once, and every one of them serves */
static void many_backends(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend **backend;
	u32 i, n = 300, wrong = 0;

	backend = kunit_kcalloc(test, n, sizeof(*backend), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, backend);
	fixture_backends(test, balancer, backend, n);
	for (i = 0; i < 2 * n; i++)
		KUNIT_ASSERT_NOT_NULL(test, fixture_connect(balancer, i, 1024));
	for (i = 0; i < n; i++)
		wrong += atomic_read(&backend[i]->active) != 2;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* With a balancer all its backends go; flows may finish all the same */
static void balancer_goes_before_its_flows(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_net *ln = balancer->ln;
	struct rayos_lb_backend *backend[2];
	struct rayos_lb_flow *flow;
	u32 i;

	fixture_backends(test, balancer, backend, 2);
	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	mutex_lock(&ln->lock);
	rayos_lb_balancer_del(balancer, false);
	mutex_unlock(&ln->lock);
	KUNIT_EXPECT_EQ(test, ln->nr_balancers, 0);
	KUNIT_EXPECT_NULL(test, fixture_connect(balancer, 2, 1024));

	fixture_observe(flow, RAYOS_LB_REPLY, RAYOS_LB_TH_SYN | RAYOS_LB_TH_ACK,
			0);
	KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_SYN_ACK);
	KUNIT_EXPECT_FALSE(test, test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags));
	fixture_close(flow);
	for (i = 0; i < 50 && !list_empty_careful(&ln->removed); i++)
		msleep(100);
	KUNIT_EXPECT_TRUE(test, list_empty_careful(&ln->removed));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(state_from_admin_and_health, state_gen_params),
	KUNIT_CASE_PARAM(refresh_follows_state, state_gen_params),
	KUNIT_CASE(drain_ends_with_last_flow),
	KUNIT_CASE(drain_ends_at_deadline),
	KUNIT_CASE(drained_stays_offline),
	KUNIT_CASE_PARAM(limits_hold, policy_gen_params),
	KUNIT_CASE_PARAM(nobody_to_serve, policy_gen_params),
	KUNIT_CASE_PARAM(weight_0_gets_nothing, policy_gen_params),
	KUNIT_CASE_PARAM(clients_keep_their_backend, hash_gen_params),
	KUNIT_CASE_PARAM(directors_agree, hash_gen_params),
	KUNIT_CASE(backends_are_bounded),
	KUNIT_CASE(many_backends),
	KUNIT_CASE(balancer_goes_before_its_flows),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_backend",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
