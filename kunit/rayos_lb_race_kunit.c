// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once: packets on several threads while the configuration
 * changes.  Afterwards every count must be what is there to be counted.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>

#include "fixture.h"
#include "reset.h"

#define THREADS		4
#define BACKENDS	6
#define MS		1500

/**
 * struct hammer - one of the threads
 * @balancer: what it works on
 * @clients: how many addresses it uses
 * @first: the first of them
 * @given: flows that it was given
 * @refused: and how often it was given none
 */
struct hammer {
	struct rayos_lb_balancer *balancer;
	u32 clients;
	u32 first;
	u64 given;
	u64 refused;
};

/* A packet of a random client; most are of flows that are there already */
static void one_packet(struct hammer *h, u64 *seed)
{
	static const u8 flags[] = {
		RAYOS_LB_TH_SYN, RAYOS_LB_TH_SYN | RAYOS_LB_TH_ACK,
		RAYOS_LB_TH_ACK, RAYOS_LB_TH_ACK, RAYOS_LB_TH_FIN, RAYOS_LB_TH_RST,
	};
	struct rayos_lb_net *ln = h->balancer->ln;
	u64 r = next_random(seed);
	struct rayos_lb_pkt pkt =
		fixture_packet(h->balancer, h->first + r % h->clients,
			       1024 + (r >> 32) % 2, flags[(r >> 16) % 6],
			       (r >> 24) % 3);
	struct rayos_lb_node *node;

	node = rayos_lb_flow_lookup(&ln->flows, &pkt.tuple);
	if (!node) {
		if (!IS_ERR(rayos_lb_schedule(h->balancer, &pkt)))
			h->given++;
		else
			h->refused++;
	} else if ((r >> 40) % 8 == 0) {
		rayos_lb_flow_del(&ln->flows, rayos_lb_node_flow(node));
	} else if ((r >> 40) % 64 == 1) {
		rayos_lb_flow_kill(rayos_lb_node_flow(node));
	} else {
		rayos_lb_path_observe(rayos_lb_node_flow(node), r >> 63, &pkt);
	}
}

static int hammer_thread(void *data)
{
	struct hammer *h = data;
	u64 seed = h->first + 1;
	u32 i;

	while (!kthread_should_stop()) {
		rcu_read_lock();
		local_bh_disable();
		for (i = 0; i < 20; i++)
			one_packet(h, &seed);
		local_bh_enable();
		rcu_read_unlock();
		cond_resched();
	}
	return 0;
}

/* What an operator and the health checks do, all day long */
static void configure(struct rayos_lb_balancer *balancer, u32 step)
{
	struct rayos_lb_endpoint addr = fixture_server(AF_INET,
						       100 + step % BACKENDS);
	struct rayos_lb_net *ln = balancer->ln;
	struct rayos_lb_backend *backend;

	mutex_lock(&ln->lock);
	backend = rayos_lb_backend_lookup(balancer, &addr);
	if (backend)
		rayos_lb_backend_del(backend, step % 3 == 0);
	mutex_unlock(&ln->lock);
	if (!backend) {
		backend = rayos_lb_backend_new(balancer, &addr);
		if (!backend)
			return;
		backend->limit = step % 2 ? 0 : 40;
		mutex_lock(&ln->lock);
		if (rayos_lb_backend_add(backend, NULL))
			rayos_lb_backend_put(backend);
		mutex_unlock(&ln->lock);
	}
	WRITE_ONCE(balancer->affinity, step % 4 ? NSEC_PER_SEC : 0);
	mutex_lock(&ln->lock);
	balancer->policy = step % (RAYOS_LB_POLICY_MAX + 1);
	rayos_lb_balancer_publish(balancer);
	mutex_unlock(&ln->lock);
}

static void flap(struct rayos_lb_backend *backend, u32 step)
{
	backend->prober.verdict.healthy = step % 5;
	backend->admin = step % 7 ? RAYOS_LB_ADMIN_ONLINE : RAYOS_LB_ADMIN_DRAIN;
	fixture_refresh(backend, ktime_get_ns());
}

/**
 * struct census - what the flow table holds
 * @flows: flows
 * @open: those which count
 */
struct census {
	u32 flows;
	u32 open;
};

static void take(struct rayos_lb_flow *flow, void *data)
{
	struct census *census = data;

	census->flows++;
	census->open += test_bit(RAYOS_LB_FLOW_COUNTED, &flow->flags);
}

static void drop(struct rayos_lb_flow *flow, void *data)
{
	rayos_lb_flow_del(data, flow);
}

static u32 sum_of_active(struct rayos_lb_balancer *balancer)
{
	struct rayos_lb_net *ln = balancer->ln;
	struct rayos_lb_backend *backend;
	u32 sum = 0;

	mutex_lock(&ln->lock);
	list_for_each_entry(backend, &balancer->backends, list)
		sum += atomic_read(&backend->active);
	list_for_each_entry(backend, &ln->removed, list)
		sum += atomic_read(&backend->active);
	mutex_unlock(&ln->lock);
	return sum;
}

static const struct race_case {
	const char *name;
	bool shared;		/* all threads have the same clients */
	bool configured;	/* the configuration changes meanwhile */
} race_cases[] = {
	{ "packets_of_own_clients", false, false },
	{ "packets_of_shared_clients", true, false },
	{ "changes_and_own_clients", false, true },
	{ "changes_and_shared_clients", true, true },
};

static void race_name(const struct race_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(race, race_cases, race_name);

static u32 start(struct task_struct **thread, struct hammer *hammer,
		 struct rayos_lb_balancer *balancer, bool shared)
{
	u32 i;

	for (i = 0; i < THREADS; i++) {
		hammer[i].balancer = balancer;
		hammer[i].clients = 200;
		hammer[i].first = shared ? 0 : 1000 * i;
		thread[i] = kthread_run(hammer_thread, &hammer[i],
					"rayos_lb_hammer/%u", i);
		if (IS_ERR(thread[i]))
			break;
	}
	return i;
}

static void expect_nothing_lost(struct kunit *test,
				struct rayos_lb_balancer *balancer)
{
	struct rayos_lb_flow_table *table = &balancer->ln->flows;
	struct census census = {};
	u32 i;

	rayos_lb_flow_walk(table, take, &census);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->count), census.flows);
	KUNIT_EXPECT_EQ(test, sum_of_active(balancer), census.open);

	rayos_lb_flow_walk(table, drop, table);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->count), 0);
	KUNIT_EXPECT_EQ(test, sum_of_active(balancer), 0);
	for (i = 0; i < 100 && !list_empty_careful(&balancer->ln->removed); i++)
		msleep(50);
	KUNIT_EXPECT_TRUE(test, list_empty_careful(&balancer->ln->removed));
}

static void packets_and_changes_together(struct kunit *test)
{
	const struct race_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	u64 end = ktime_get_ns() + MS * NSEC_PER_MSEC;
	struct rayos_lb_backend *backend[BACKENDS];
	struct task_struct *thread[THREADS];
	struct hammer *hammer;
	u64 given = 0, refused = 0;
	u32 i, running, step = 0;

	hammer = kunit_kcalloc(test, THREADS, sizeof(*hammer), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hammer);
	fixture_backends(test, balancer, backend, BACKENDS);
	running = start(thread, hammer, balancer, c->shared);
	for (; ktime_get_ns() < end; step++) {
		if (c->configured) {
			configure(balancer, step);
			flap(backend[step % 2], step);
		}
		usleep_range(200, 2000);
	}
	for (i = 0; i < running; i++) {
		kthread_stop(thread[i]);
		given += hammer[i].given;
		refused += hammer[i].refused;
	}

	KUNIT_EXPECT_EQ(test, running, THREADS);
	KUNIT_EXPECT_GT(test, given, 100);
	expect_nothing_lost(test, balancer);
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_DROPPED),
			refused);
	/* of two threads that begin the same flow, one makes it */
	if (c->shared)
		KUNIT_EXPECT_LE(test, fixture_total(balancer,
						    RAYOS_LB_C_CONNECTIONS), given);
	else
		KUNIT_EXPECT_EQ(test, fixture_total(balancer,
						    RAYOS_LB_C_CONNECTIONS), given);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(packets_and_changes_together, race_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_race",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
