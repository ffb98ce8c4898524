// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a balancer promises its operator, one case a promise.
 */
#include <linux/delay.h>
#include <linux/ktime.h>

#include "fixture.h"

#define SERVERS	3
#define CLIENTS	60

/* Backends in turn, whatever they weigh */
static void test_round_robin(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[SERVERS], *got[CLIENTS];
	struct rayos_lb_flow *flow;
	u32 i;

	fixture_backends(test, balancer, backend, SERVERS);
	backend[1]->weight = 5;
	KUNIT_ASSERT_EQ(test, fixture_publish(balancer), 0);

	for (i = 0; i < CLIENTS; i++) {
		flow = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		got[i] = flow->backend;
	}

	for (i = SERVERS; i < CLIENTS; i++)
		KUNIT_EXPECT_PTR_EQ(test, got[i], got[i - SERVERS]);
	KUNIT_EXPECT_PTR_NE(test, got[0], got[1]);
	KUNIT_EXPECT_PTR_NE(test, got[1], got[2]);
	KUNIT_EXPECT_PTR_NE(test, got[2], got[0]);
	for (i = 0; i < SERVERS; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&backend[i]->active),
				CLIENTS / SERVERS);
}

/* The backend with fewest open connections for its weight */
static void test_least_connections(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_LEAST_CONNECTIONS);
	struct rayos_lb_backend *backend[SERVERS];
	struct rayos_lb_flow *flow[9];
	u32 i, closed = 0;

	fixture_backends(test, balancer, backend, SERVERS);
	for (i = 0; i < ARRAY_SIZE(flow); i++) {
		flow[i] = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
	}
	for (i = 0; i < SERVERS; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&backend[i]->active), 3);

	/* whose connections end gets the next ones, both of them */
	for (i = 0; i < ARRAY_SIZE(flow) && closed < 2; i++) {
		if (flow[i]->backend != backend[1])
			continue;
		fixture_close(flow[i]);
		closed++;
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&backend[1]->active), 1);
	for (i = 0; i < 2; i++) {
		flow[i] = fixture_connect(balancer, 100 + i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
		KUNIT_EXPECT_PTR_EQ(test, flow[i]->backend, backend[1]);
	}

	/* 9 are open; of 41 more, shares are by weight: 1 to 1 to 3 */
	backend[2]->weight = 3;
	KUNIT_ASSERT_EQ(test, fixture_publish(balancer), 0);
	for (i = 0; i < 41; i++)
		KUNIT_ASSERT_NOT_NULL(test, fixture_connect(balancer, 200 + i, 1024));
	KUNIT_EXPECT_EQ(test, atomic_read(&backend[0]->active), 10);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend[1]->active), 10);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend[2]->active), 30);
}

/* Checks take a backend out after `fall` failures and back after `rise` passes */
static void test_health_check(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[SERVERS];
	u32 i;

	fixture_backends(test, balancer, backend, SERVERS);
	balancer->health.rise = 2;
	balancer->health.fall = 3;
	KUNIT_EXPECT_FALSE(test, fixture_check(backend[0], true, 1));

	KUNIT_EXPECT_FALSE(test, fixture_check(backend[0], false, 2));
	KUNIT_EXPECT_EQ(test, backend[0]->state, RAYOS_LB_STATE_HEALTHY);
	KUNIT_EXPECT_TRUE(test, fixture_check(backend[0], false, 1));
	KUNIT_EXPECT_EQ(test, backend[0]->state, RAYOS_LB_STATE_UNHEALTHY);
	for (i = 0; i < CLIENTS; i++)
		KUNIT_EXPECT_PTR_NE(test, fixture_server_of(balancer, i, 1024),
				    backend[0]);

	KUNIT_EXPECT_FALSE(test, fixture_check(backend[0], true, 1));
	KUNIT_EXPECT_FALSE(test, fixture_check(backend[0], false, 1));
	KUNIT_EXPECT_FALSE(test, fixture_check(backend[0], true, 1));
	KUNIT_EXPECT_EQ(test, backend[0]->state, RAYOS_LB_STATE_UNHEALTHY);
	KUNIT_EXPECT_TRUE(test, fixture_check(backend[0], true, 1));
	KUNIT_EXPECT_EQ(test, backend[0]->state, RAYOS_LB_STATE_HEALTHY);
	for (i = 0; i < SERVERS; i++)
		fixture_connect(balancer, i, 1024);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend[0]->active), 1);
}

/* New flows go round a dead backend at once; with none left they are dropped */
static void test_failover(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[SERVERS];
	struct rayos_lb_flow *flow[CLIENTS];
	u32 i;

	fixture_backends(test, balancer, backend, SERVERS);
	for (i = 0; i < SERVERS; i++)
		KUNIT_ASSERT_NOT_NULL(test, fixture_connect(balancer, i, 1));

	/* what was published still has the dead one in it: it is skipped */
	WRITE_ONCE(backend[2]->state, RAYOS_LB_STATE_UNHEALTHY);
	for (i = 0; i < CLIENTS; i++) {
		flow[i] = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
		KUNIT_EXPECT_PTR_NE(test, flow[i]->backend, backend[2]);
		fixture_close(flow[i]);
	}
	WRITE_ONCE(backend[2]->state, RAYOS_LB_STATE_HEALTHY);

	KUNIT_EXPECT_TRUE(test, fixture_check(backend[2], false, 3));
	for (i = 0; i < CLIENTS; i++) {
		flow[i] = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&backend[0]->active), 1 + CLIENTS / 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend[1]->active), 1 + CLIENTS / 2);
	/* its connection may live: a failed check does not end it */
	KUNIT_EXPECT_EQ(test, atomic_read(&backend[2]->active), 1);

	KUNIT_EXPECT_TRUE(test, fixture_check(backend[0], false, 3));
	KUNIT_EXPECT_TRUE(test, fixture_check(backend[1], false, 3));
	KUNIT_EXPECT_NULL(test, fixture_connect(balancer, 1, 2048));
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_DROPPED), 1);

	KUNIT_EXPECT_TRUE(test, fixture_check(backend[1], true, 2));
	KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 2048),
			    backend[1]);
}

/* A client keeps its backend, and when that is gone its next one */
static void test_session_affinity(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[SERVERS], *first[CLIENTS], *next;
	u32 i, port;

	WRITE_ONCE(balancer->affinity, 60 * NSEC_PER_SEC);
	fixture_backends(test, balancer, backend, SERVERS);
	for (i = 0; i < CLIENTS; i++)
		first[i] = fixture_server_of(balancer, i, 1024);
	for (i = 0; i < SERVERS; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&backend[i]->affinities),
				CLIENTS / SERVERS);

	for (port = 1025; port < 1030; port++) {
		for (i = 0; i < CLIENTS; i++)
			KUNIT_EXPECT_PTR_EQ(test, first[i],
					    fixture_server_of(balancer, i, port));
	}

	KUNIT_EXPECT_TRUE(test, fixture_check(backend[0], false, 3));
	KUNIT_EXPECT_EQ(test, atomic_read(&backend[0]->affinities), 0);
	for (i = 0; i < CLIENTS; i++) {
		next = fixture_server_of(balancer, i, 2048);
		KUNIT_EXPECT_PTR_NE(test, next, backend[0]);
		if (first[i] != backend[0])
			KUNIT_EXPECT_PTR_EQ(test, next, first[i]);
		KUNIT_EXPECT_PTR_EQ(test, next,
				    fixture_server_of(balancer, i, 2049));
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&balancer->affinities), CLIENTS);
}

static bool waits_for_flows(struct rayos_lb_net *ln)
{
	bool some;

	mutex_lock(&ln->lock);
	some = !list_empty(&ln->removed);
	mutex_unlock(&ln->lock);
	return some;
}

/* A removed backend finishes what it has and gets nothing new */
static void test_backend_removal(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_endpoint addr = fixture_server(AF_INET, 1);
	struct rayos_lb_net *ln = balancer->ln;
	struct rayos_lb_backend *backend[SERVERS];
	struct rayos_lb_flow *flow[SERVERS], *last = NULL;
	u32 i;

	fixture_backends(test, balancer, backend, SERVERS);
	for (i = 0; i < SERVERS; i++) {
		flow[i] = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
		if (flow[i]->backend == backend[0])
			last = flow[i];
	}
	KUNIT_ASSERT_NOT_NULL(test, last);

	fixture_remove(backend[0], false);
	KUNIT_EXPECT_EQ(test, balancer->nr_backends, 2);
	mutex_lock(&ln->lock);
	backend[0] = rayos_lb_backend_lookup(balancer, &addr);
	mutex_unlock(&ln->lock);
	KUNIT_EXPECT_NULL(test, backend[0]);
	for (i = 0; i < CLIENTS; i++)
		KUNIT_EXPECT_PTR_NE(test, fixture_server_of(balancer, i, 2048),
				    last->backend);

	KUNIT_EXPECT_TRUE(test, waits_for_flows(ln));
	fixture_observe(last, RAYOS_LB_FORWARD, RAYOS_LB_TH_ACK, 100);
	KUNIT_EXPECT_EQ(test, fixture_counter(last->backend,
					      RAYOS_LB_C_PACKETS_IN), 1);
	fixture_close(last);
	for (i = 0; i < 50 && waits_for_flows(ln); i++)
		msleep(100);
	KUNIT_EXPECT_FALSE(test, waits_for_flows(ln));
	/* what it has counted outlives it */
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_CONNECTIONS),
			SERVERS + CLIENTS);
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_PACKETS_IN), 1);

	/* or its flows are cut off */
	last = fixture_connect(balancer, 1, 4096);
	KUNIT_ASSERT_NOT_NULL(test, last);
	fixture_remove(last->backend, true);
	KUNIT_EXPECT_TRUE(test, test_bit(RAYOS_LB_FLOW_KILLED, &last->flags));
	KUNIT_EXPECT_EQ(test, atomic_read(&last->backend->active), 0);
}

/* Every packet, flow and answer is counted, once and where it belongs */
static void test_metrics_collection(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_stats *stats;
	struct rayos_lb_flow *flow;

	stats = kunit_kzalloc(test, sizeof(*stats), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stats);
	fixture_backend(test, balancer, 1, 1);
	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);

	/* a connection with one request of 100 bytes and 500 of answer */
	fixture_observe(flow, RAYOS_LB_FORWARD, RAYOS_LB_TH_SYN, 0);
	fixture_observe(flow, RAYOS_LB_REPLY,
			RAYOS_LB_TH_SYN | RAYOS_LB_TH_ACK, 0);
	fixture_observe(flow, RAYOS_LB_FORWARD, RAYOS_LB_TH_ACK, 0);
	fixture_observe(flow, RAYOS_LB_FORWARD, RAYOS_LB_TH_ACK, 100);
	fixture_observe(flow, RAYOS_LB_REPLY, RAYOS_LB_TH_ACK, 400);
	fixture_observe(flow, RAYOS_LB_REPLY, RAYOS_LB_TH_ACK, 100);
	fixture_observe(flow, RAYOS_LB_FORWARD,
			RAYOS_LB_TH_FIN | RAYOS_LB_TH_ACK, 0);
	fixture_observe(flow, RAYOS_LB_REPLY,
			RAYOS_LB_TH_FIN | RAYOS_LB_TH_ACK, 0);
	fixture_observe(flow, RAYOS_LB_FORWARD, RAYOS_LB_TH_ACK, 0);

	fixture_counters(flow->backend, stats);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_PACKETS_IN], 5);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_BYTES_IN], 5 * 40 + 100);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_PACKETS_OUT], 4);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_BYTES_OUT], 4 * 40 + 500);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_CONNECTIONS], 1);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_REQUESTS], 1);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_REFUSED], 0);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_RESETS], 0);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_TIMEOUTS], 0);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_UNREACHABLE], 0);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_DROPPED], 0);
	KUNIT_EXPECT_EQ(test, stats->hist[RAYOS_LB_L_CONNECT].count, 1);
	KUNIT_EXPECT_EQ(test, stats->hist[RAYOS_LB_L_FIRST_BYTE].count, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&flow->backend->active), 0);

	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_BYTES_OUT),
			stats->counter[RAYOS_LB_C_BYTES_OUT]);
	fixture_remove(flow->backend, false);
	KUNIT_EXPECT_NULL(test, fixture_connect(balancer, 2, 1024));
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_DROPPED), 1);
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_BYTES_OUT),
			stats->counter[RAYOS_LB_C_BYTES_OUT]);
}

/* The policy may change at any time, and no flow notices */
static void test_policy_switching(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[SERVERS], **had;
	struct rayos_lb_flow **flow, *again;
	u32 policy, i, active = 0;

	had = kunit_kcalloc(test, CLIENTS, sizeof(*had), GFP_KERNEL);
	flow = kunit_kcalloc(test, CLIENTS, sizeof(*flow), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, had);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	fixture_backends(test, balancer, backend, SERVERS);
	backend[2]->weight = 4;
	for (i = 0; i < CLIENTS; i++) {
		flow[i] = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
		had[i] = flow[i]->backend;
	}

	for (policy = 0; policy <= RAYOS_LB_POLICY_MAX; policy++) {
		balancer->policy = policy;
		KUNIT_ASSERT_EQ(test, fixture_publish(balancer), 0);
		for (i = 0; i < CLIENTS; i++) {
			/* the SYN once more: its flow is there already */
			again = fixture_connect(balancer, i, 1024);
			KUNIT_EXPECT_PTR_EQ(test, again, flow[i]);
			KUNIT_EXPECT_PTR_EQ(test, flow[i]->backend, had[i]);
			KUNIT_EXPECT_NOT_NULL(test,
					      fixture_connect(balancer, i,
							      2000 + policy));
		}
	}
	for (i = 0; i < SERVERS; i++) {
		KUNIT_EXPECT_GT(test, atomic_read(&backend[i]->active),
				CLIENTS / SERVERS);
		active += atomic_read(&backend[i]->active);
	}
	KUNIT_EXPECT_EQ(test, active, CLIENTS * (RAYOS_LB_POLICY_MAX + 2));

	/* a policy by hash is the same for equal addresses */
	balancer->policy = RAYOS_LB_POLICY_MAGLEV;
	KUNIT_ASSERT_EQ(test, fixture_publish(balancer), 0);
	for (i = 0; i < CLIENTS; i++)
		KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, i, 3000),
				    fixture_server_of(balancer, i, 3000));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_round_robin),
	KUNIT_CASE(test_least_connections),
	KUNIT_CASE(test_health_check),
	KUNIT_CASE(test_failover),
	KUNIT_CASE(test_session_affinity),
	KUNIT_CASE(test_backend_removal),
	KUNIT_CASE(test_metrics_collection),
	KUNIT_CASE(test_policy_switching),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
