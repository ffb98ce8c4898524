// SPDX-License-Identifier: GPL-2.0-only
/*
 * One configuration in the place of another: what a plan keeps, brings and
 * takes, and that one which is dropped has changed nothing.
 */
#include <linux/delay.h>

#include "config.h"
#include "fixture.h"

static const union nf_inet_addr no_source;

static struct rayos_lb_planned *plan_lb(struct rayos_lb_plan *plan,
					const char *name, u32 n)
{
	struct rayos_lb_endpoint vip = fixture_vip(AF_INET, n);

	return rayos_lb_plan_balancer(plan, name, &vip, AF_INET, IPPROTO_TCP,
				      RAYOS_LB_MODE_NAT, &no_source);
}

static struct rayos_lb_planned_backend *
plan_server(struct rayos_lb_plan *plan, struct rayos_lb_planned *planned, u32 n)
{
	struct rayos_lb_endpoint addr = fixture_server(AF_INET, n);

	return planned ? rayos_lb_plan_backend(plan, planned, &addr) : NULL;
}

/*
 * The balancer "lb1" with servers @first to @last of a policy, or another one in
 * its place if @name says so.  Carried out if @commit; returns an error.
 */
static int configure(struct fixture *f, const char *name, u32 policy, u32 first,
		     u32 last, bool commit)
{
	struct rayos_lb_planned *planned;
	struct rayos_lb_plan *plan;
	int err = -ENOMEM;
	u32 n;

	mutex_lock(&f->ln.lock);
	plan = rayos_lb_plan_new(&f->ln, last);
	if (!plan)
		goto unlock;
	planned = name ? plan_lb(plan, name, 1) : NULL;
	if (planned)
		planned->settings.policy = policy;
	for (n = first; planned && n <= last; n++) {
		if (!plan_server(plan, planned, n))
			goto free;
	}
	err = rayos_lb_plan_prepare(plan, NULL);
	if (!err && commit)
		rayos_lb_plan_commit(plan);
free:
	rayos_lb_plan_free(plan);
unlock:
	mutex_unlock(&f->ln.lock);
	return err;
}

static struct rayos_lb_balancer *lookup(struct fixture *f, const char *name)
{
	struct rayos_lb_balancer *balancer;

	mutex_lock(&f->ln.lock);
	balancer = rayos_lb_balancer_lookup(&f->ln, name);
	mutex_unlock(&f->ln.lock);
	return balancer;
}

static void empty_to_full_and_back(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_flow *flow;

	KUNIT_ASSERT_EQ(test, configure(f, "lb1", RAYOS_LB_POLICY_MAGLEV, 1, 3,
					true), 0);
	balancer = lookup(f, "lb1");
	KUNIT_ASSERT_NOT_NULL(test, balancer);
	KUNIT_EXPECT_EQ(test, f->ln.nr_balancers, 1);
	KUNIT_EXPECT_EQ(test, balancer->nr_backends, 3);
	KUNIT_EXPECT_EQ(test, balancer->policy, RAYOS_LB_POLICY_MAGLEV);
	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	fixture_close(flow);

	KUNIT_EXPECT_EQ(test, configure(f, NULL, 0, 0, 0, true), 0);
	KUNIT_EXPECT_EQ(test, f->ln.nr_balancers, 0);
	KUNIT_EXPECT_NULL(test, lookup(f, "lb1"));
}

/* Backends let go of their balancer in a work item, a grace period later */
static void let_go(const struct rayos_lb_balancer *balancer, unsigned int refs)
{
	int i;

	for (i = 0; i < 500 && refcount_read(&balancer->refs) != refs; i++) {
		rcu_barrier();
		msleep(20);
	}
}

static void dropped_plan_changes_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct rayos_lb_balancer *balancer = fixture_tcp(test, RAYOS_LB_POLICY_MAGLEV);
	struct rayos_lb_backend *backend[3];
	u32 generation = f->ln.generation;
	struct rayos_lb_endpoint unknown = fixture_server(AF_INET, 9);

	fixture_backends(test, balancer, backend, 3);
	KUNIT_EXPECT_EQ(test, configure(f, "lb1", RAYOS_LB_POLICY_RANDOM, 3, 9,
					false), 0);
	KUNIT_EXPECT_EQ(test, configure(f, "other", RAYOS_LB_POLICY_RANDOM, 3, 9,
					false), 0);
	KUNIT_EXPECT_EQ(test, configure(f, NULL, 0, 0, 0, false), 0);
	KUNIT_EXPECT_EQ(test, f->ln.generation, generation);
	KUNIT_EXPECT_PTR_EQ(test, lookup(f, "lb1"), balancer);
	KUNIT_EXPECT_NULL(test, lookup(f, "other"));
	KUNIT_EXPECT_EQ(test, balancer->policy, RAYOS_LB_POLICY_MAGLEV);
	KUNIT_EXPECT_EQ(test, balancer->nr_backends, 3);
	let_go(balancer, 4);
	KUNIT_EXPECT_EQ(test, refcount_read(&balancer->refs), 4);
	rcu_read_lock();
	KUNIT_EXPECT_FALSE(test, rayos_lb_address_known(&f->ln, &unknown.addr));
	rcu_read_unlock();
}

static void what_stays_is_the_same(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct rayos_lb_balancer *balancer = fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[3], *now;
	struct rayos_lb_endpoint addr = fixture_server(AF_INET, 2);
	struct rayos_lb_flow *flow[3];
	u32 i;

	fixture_backends(test, balancer, backend, 3);
	for (i = 0; i < 3; i++) {
		flow[i] = fixture_connect(balancer, 1, 1024 + i);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
	}
	/* 1 goes, 2 and 3 stay, 4 comes */
	KUNIT_EXPECT_EQ(test, configure(f, "lb1", RAYOS_LB_POLICY_LEAST_CONNECTIONS,
					2, 4, true), 0);
	KUNIT_EXPECT_PTR_EQ(test, lookup(f, "lb1"), balancer);
	KUNIT_EXPECT_EQ(test, balancer->nr_backends, 3);
	mutex_lock(&f->ln.lock);
	now = rayos_lb_backend_lookup(balancer, &addr);
	mutex_unlock(&f->ln.lock);
	KUNIT_EXPECT_PTR_EQ(test, now, backend[1]);
	KUNIT_EXPECT_EQ(test, now->id, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&now->active), 1);
	KUNIT_EXPECT_EQ(test, fixture_counter(now, RAYOS_LB_C_CONNECTIONS), 1);
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_CONNECTIONS), 3);
	/* what has left is no choice any more and finishes its flow */
	KUNIT_EXPECT_TRUE(test, backend[0]->removed);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend[0]->active), 1);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_FALSE(test, test_bit(RAYOS_LB_FLOW_KILLED,
						  &flow[i]->flags));
		fixture_close(flow[i]);
	}
	for (i = 0; i < 50; i++)
		KUNIT_EXPECT_PTR_NE(test, fixture_server_of(balancer, 2, 1024 + i),
				    backend[0]);
}

static void address_changes_its_balancer(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct rayos_lb_balancer *old = fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_balancer *found, *new;
	struct rayos_lb_backend *backend[2];
	struct rayos_lb_pkt pkt;

	fixture_backends(test, old, backend, 2);
	pkt = fixture_packet(old, 1, 1024, RAYOS_LB_TH_SYN, 0);
	KUNIT_EXPECT_EQ(test, configure(f, "new", RAYOS_LB_POLICY_ROUND_ROBIN, 1, 2,
					true), 0);
	new = lookup(f, "new");
	KUNIT_ASSERT_NOT_NULL(test, new);
	KUNIT_EXPECT_NULL(test, lookup(f, "lb1"));
	KUNIT_EXPECT_EQ(test, f->ln.nr_balancers, 1);
	rcu_read_lock();
	found = rayos_lb_balancer_find(&f->ln, &pkt.tuple);
	rcu_read_unlock();
	KUNIT_EXPECT_PTR_EQ(test, found, new);
}

static void settings_return_to_defaults(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct rayos_lb_balancer *balancer = fixture_tcp(test, RAYOS_LB_POLICY_RANDOM);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 7);

	backend->limit = 9;
	backend->role = RAYOS_LB_ROLE_FALLBACK;
	balancer->affinity = NSEC_PER_SEC;
	balancer->passive = 7;
	balancer->on_down = RAYOS_LB_ON_DOWN_RESET;
	balancer->health.rise = 50;
	strscpy(balancer->health.method, "HEAD", sizeof(balancer->health.method));
	balancer->health.send_len = 3;
	balancer->health.require_reply = RAYOS_LB_SWITCH_ON;
	KUNIT_EXPECT_EQ(test, configure(f, "lb1", RAYOS_LB_POLICY_ROUND_ROBIN, 1, 1,
					true), 0);
	KUNIT_EXPECT_EQ(test, backend->weight, 1);
	KUNIT_EXPECT_EQ(test, backend->limit, 0);
	KUNIT_EXPECT_EQ(test, backend->role, RAYOS_LB_ROLE_PRIMARY);
	KUNIT_EXPECT_EQ(test, balancer->affinity, 0);
	KUNIT_EXPECT_EQ(test, balancer->passive, 0);
	KUNIT_EXPECT_EQ(test, balancer->on_down, RAYOS_LB_ON_DOWN_KEEP);
	KUNIT_EXPECT_EQ(test, balancer->health.rise, 2);
	KUNIT_EXPECT_STREQ(test, balancer->health.method, "GET");
	KUNIT_EXPECT_EQ(test, balancer->health.send_len, 0);
	KUNIT_EXPECT_EQ(test, balancer->health.require_reply,
			RAYOS_LB_SWITCH_OFF);
	KUNIT_EXPECT_FALSE(test, backend->leaving);
}

/* Servers 1 and 2 for themselves, and from @fallback to 4 as fallbacks */
static int configure_fallbacks(struct fixture *f, u32 fallback)
{
	struct rayos_lb_planned_backend *pb;
	struct rayos_lb_planned *planned;
	struct rayos_lb_plan *plan;
	int err = -ENOMEM;
	u32 n;

	mutex_lock(&f->ln.lock);
	plan = rayos_lb_plan_new(&f->ln, 4);
	if (!plan)
		goto unlock;
	planned = plan_lb(plan, "lb1", 1);
	for (n = 1; planned && n <= 4; n++) {
		pb = plan_server(plan, planned, n);
		if (!pb)
			goto free;
		pb->settings.role = n >= fallback ? RAYOS_LB_ROLE_FALLBACK :
						    RAYOS_LB_ROLE_PRIMARY;
	}
	err = rayos_lb_plan_prepare(plan, NULL);
	if (!err)
		rayos_lb_plan_commit(plan);
free:
	rayos_lb_plan_free(plan);
unlock:
	mutex_unlock(&f->ln.lock);
	return err;
}

/* The snapshot has room for whatever roles there will be */
static void roles_change_at_once(struct kunit *test)
{
	static const u32 fallbacks[] = { 5, 3, 1, 2, 4, 5, 1 };
	struct fixture *f = test->priv;
	struct rayos_lb_balancer *balancer;
	u32 i, n, seen;

	for (i = 0; i < ARRAY_SIZE(fallbacks); i++) {
		KUNIT_ASSERT_EQ(test, configure_fallbacks(f, fallbacks[i]), 0);
		balancer = lookup(f, "lb1");
		KUNIT_ASSERT_NOT_NULL(test, balancer);
		for (n = seen = 0; n < 40; n++)
			seen |= BIT(fixture_server_of(balancer, 1, 1024 + n)->id);
		KUNIT_EXPECT_EQ(test, seen, fallbacks[i] == 1 ? GENMASK(4, 1) :
				GENMASK(fallbacks[i] - 1, 1));
	}
}

/* One configuration onto itself leaves even the snapshot alone */
static void same_again_does_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	const struct rayos_lb_snapshot *before, *after;
	struct rayos_lb_balancer *balancer;

	KUNIT_ASSERT_EQ(test, configure(f, "lb1", RAYOS_LB_POLICY_MAGLEV, 1, 5,
					true), 0);
	balancer = lookup(f, "lb1");
	KUNIT_ASSERT_NOT_NULL(test, balancer);
	before = rcu_access_pointer(balancer->snapshot);
	KUNIT_EXPECT_EQ(test, configure(f, "lb1", RAYOS_LB_POLICY_MAGLEV, 1, 5,
					true), 0);
	after = rcu_access_pointer(balancer->snapshot);
	KUNIT_EXPECT_PTR_EQ(test, after, before);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(empty_to_full_and_back),
	KUNIT_CASE(dropped_plan_changes_nothing),
	KUNIT_CASE(what_stays_is_the_same),
	KUNIT_CASE(address_changes_its_balancer),
	KUNIT_CASE(settings_return_to_defaults),
	KUNIT_CASE(roles_change_at_once),
	KUNIT_CASE(same_again_does_nothing),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_config",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
