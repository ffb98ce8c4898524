// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flow table: found in both directions, unique, bounded, all given back.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>

#include "fixture.h"

/* As a packet of the other direction looks on its arrival */
static struct rayos_lb_tuple reply_to(const struct rayos_lb_backend *backend,
				      const struct rayos_lb_pkt *pkt)
{
	return (struct rayos_lb_tuple) {
		.src = backend->addr.addr,
		.dst = pkt->tuple.src,
		.sport = backend->addr.port,
		.dport = pkt->tuple.sport,
		.l4 = pkt->tuple.l4,
		.family = pkt->tuple.family,
	};
}

static struct rayos_lb_flow *find(struct rayos_lb_net *ln,
				  const struct rayos_lb_tuple *tuple, u8 dir)
{
	struct rayos_lb_flow *flow = NULL;
	struct rayos_lb_node *node;

	rcu_read_lock();
	node = rayos_lb_flow_lookup(&ln->flows, tuple);
	if (node && node->dir == dir)
		flow = rayos_lb_node_flow(node);
	rcu_read_unlock();
	return flow;
}

static int add(struct rayos_lb_backend *backend, const struct rayos_lb_pkt *pkt,
	       struct rayos_lb_flow **flow)
{
	struct rayos_lb_flow_table *table = &backend->balancer->ln->flows;
	int err;

	rcu_read_lock();
	local_bh_disable();
	*flow = rayos_lb_flow_new(table, &pkt->tuple, backend);
	err = PTR_ERR_OR_ZERO(*flow);
	if (!err)
		err = rayos_lb_flow_add(table, *flow);
	local_bh_enable();
	rcu_read_unlock();
	return err;
}

static const struct kind_case {
	const char *name;
	u8 family;
	u8 l4;
	u8 state;
} kind_cases[] = {
	{ "tcp_over_ipv4", AF_INET, IPPROTO_TCP, RAYOS_LB_SYN },
	{ "udp_over_ipv4", AF_INET, IPPROTO_UDP, RAYOS_LB_UDP_NEW },
	{ "tcp_over_ipv6", AF_INET6, IPPROTO_TCP, RAYOS_LB_SYN },
	{ "udp_over_ipv6", AF_INET6, IPPROTO_UDP, RAYOS_LB_UDP_NEW },
};

static void kind_name(const struct kind_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kind_cases, kind_name);

static void found_in_both_directions(struct kunit *test)
{
	const struct kind_case *c = test->param_value;
	struct rayos_lb_balancer *balancer =
		fixture_balancer(test, 1, c->family, c->l4, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_pkt pkt = fixture_packet(balancer, 1, 1024, 0, 0);
	struct rayos_lb_tuple reply = reply_to(backend, &pkt), other;
	struct rayos_lb_net *ln = balancer->ln;
	struct rayos_lb_flow *flow;

	KUNIT_EXPECT_NULL(test, find(ln, &pkt.tuple, RAYOS_LB_FORWARD));
	KUNIT_ASSERT_EQ(test, add(backend, &pkt, &flow), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(ln, &pkt.tuple, RAYOS_LB_FORWARD), flow);
	KUNIT_EXPECT_PTR_EQ(test, find(ln, &reply, RAYOS_LB_REPLY), flow);
	KUNIT_EXPECT_EQ(test, flow->state, c->state);

	other = pkt.tuple;
	other.sport = htons(1025);
	KUNIT_EXPECT_NULL(test, find(ln, &other, RAYOS_LB_FORWARD));
	other = pkt.tuple;
	other.l4 = c->l4 == IPPROTO_TCP ? IPPROTO_UDP : IPPROTO_TCP;
	KUNIT_EXPECT_NULL(test, find(ln, &other, RAYOS_LB_FORWARD));
	other = pkt.tuple;
	other.src.all[c->family == AF_INET ? 0 : 3] ^= htonl(1);
	KUNIT_EXPECT_NULL(test, find(ln, &other, RAYOS_LB_FORWARD));

	fixture_close(flow);
	KUNIT_EXPECT_NULL(test, find(ln, &pkt.tuple, RAYOS_LB_FORWARD));
	KUNIT_EXPECT_NULL(test, find(ln, &reply, RAYOS_LB_REPLY));
}

static void counts_and_references_return(struct kunit *test)
{
	const struct kind_case *c = test->param_value;
	struct rayos_lb_balancer *balancer =
		fixture_balancer(test, 1, c->family, c->l4, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow_table *table = &balancer->ln->flows;
	struct rayos_lb_flow *flow[50];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flow); i++) {
		flow[i] = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&table->count), 50);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), 50);
	KUNIT_EXPECT_EQ(test, refcount_read(&backend->refs), 51);
	KUNIT_EXPECT_EQ(test, refcount_read(&balancer->refs), 2);

	for (i = 0; i < ARRAY_SIZE(flow); i++)
		fixture_close(flow[i]);
	fixture_settle();
	KUNIT_EXPECT_EQ(test, atomic_read(&table->count), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&backend->refs), 1);
}

static void deleted_twice_counts_once(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow_table *table = &balancer->ln->flows;
	struct rayos_lb_flow *flow;

	fixture_connect(balancer, 2, 1024);
	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	rcu_read_lock();
	rayos_lb_flow_del(table, flow);
	rayos_lb_flow_del(table, flow);
	rayos_lb_flow_uncount(flow);
	rcu_read_unlock();
	fixture_settle();
	KUNIT_EXPECT_EQ(test, atomic_read(&table->count), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&backend->refs), 2);
}

static void same_client_port_twice(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *one = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_backend *two = fixture_backend(test, balancer, 2, 1);
	struct rayos_lb_pkt pkt = fixture_packet(balancer, 1, 1024, 0, 0);
	struct rayos_lb_tuple reply = reply_to(two, &pkt);
	struct rayos_lb_flow *flow, *second;

	KUNIT_ASSERT_EQ(test, add(one, &pkt, &flow), 0);
	KUNIT_EXPECT_EQ(test, add(two, &pkt, &second), -EEXIST);
	KUNIT_EXPECT_EQ(test, add(one, &pkt, &second), -EADDRINUSE);
	KUNIT_EXPECT_PTR_EQ(test, find(balancer->ln, &pkt.tuple, RAYOS_LB_FORWARD),
			    flow);
	KUNIT_EXPECT_NULL(test, find(balancer->ln, &reply, RAYOS_LB_REPLY));

	fixture_settle();
	KUNIT_EXPECT_EQ(test, atomic_read(&balancer->ln->flows.count), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&one->active), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&two->active), 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&one->refs), 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&two->refs), 1);
}

/* Through two balancers to one server: the answers could not be told apart */
static void same_server_of_two_balancers(struct kunit *test)
{
	struct rayos_lb_balancer *one =
		fixture_balancer(test, 1, AF_INET, IPPROTO_TCP, 0);
	struct rayos_lb_balancer *two =
		fixture_balancer(test, 2, AF_INET, IPPROTO_TCP, 0);
	struct rayos_lb_pkt pkt = fixture_packet(two, 1, 1024, 0, 0);
	struct rayos_lb_backend *backend[3];
	struct rayos_lb_flow *flow;

	backend[0] = fixture_backend(test, one, 1, 1);
	backend[1] = fixture_backend(test, two, 1, 1);
	KUNIT_ASSERT_NOT_NULL(test, fixture_connect(one, 1, 1024));
	KUNIT_EXPECT_EQ(test, add(backend[1], &pkt, &flow), -EADDRINUSE);
	KUNIT_EXPECT_NULL(test, fixture_connect(two, 1, 1024));
	KUNIT_EXPECT_EQ(test, fixture_total(two, RAYOS_LB_C_DROPPED), 1);
	KUNIT_EXPECT_NOT_NULL(test, fixture_connect(two, 1, 1025));

	/* another server will do */
	backend[2] = fixture_backend(test, two, 2, 1);
	flow = fixture_connect(two, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_PTR_EQ(test, flow->backend, backend[2]);
}

/* The same again, when the first connection is over */
static void same_server_one_after_the_other(struct kunit *test)
{
	struct rayos_lb_balancer *one =
		fixture_balancer(test, 1, AF_INET, IPPROTO_TCP, 0);
	struct rayos_lb_balancer *two =
		fixture_balancer(test, 2, AF_INET, IPPROTO_TCP, 0);
	struct rayos_lb_flow *first, *second;

	fixture_backend(test, one, 1, 1);
	fixture_backend(test, two, 1, 1);
	first = fixture_connect(one, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, first);
	WRITE_ONCE(first->state, RAYOS_LB_OPEN);
	KUNIT_EXPECT_NULL(test, fixture_connect(two, 1, 1024));
	/* what was cut off may be answered yet */
	WRITE_ONCE(first->state, RAYOS_LB_RESET);
	set_bit(RAYOS_LB_FLOW_KILLED, &first->flags);
	KUNIT_EXPECT_NULL(test, fixture_connect(two, 1, 1024));
	clear_bit(RAYOS_LB_FLOW_KILLED, &first->flags);
	WRITE_ONCE(first->state, RAYOS_LB_CLOSED);
	second = fixture_connect(two, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, second);
	KUNIT_EXPECT_PTR_EQ(test, second->backend->balancer, two);
	fixture_settle();
	KUNIT_EXPECT_EQ(test, atomic_read(&one->ln->flows.count), 1);
	/* and back */
	WRITE_ONCE(second->state, RAYOS_LB_CLOSED);
	KUNIT_EXPECT_NOT_NULL(test, fixture_connect(one, 1, 1024));
}

/* As many flows as there may be; every bucket is within reach of eviction */
#define FULL	64

static struct rayos_lb_balancer *fill(struct kunit *test, u8 state)
{
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_flow *flow;
	u32 i;

	balancer = fixture_tcp(test, 0);
	fixture_backend(test, balancer, 1, 1);
	for (i = 0; i < FULL; i++) {
		flow = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		WRITE_ONCE(flow->state, state);
	}
	return balancer;
}

static int bounded_init(struct kunit *test)
{
	int err = fixture_init(test);
	struct fixture *f = test->priv;

	if (err)
		return err;
	rayos_lb_flow_table_exit(&f->ln.flows);
	rayos_lb_max_flows = FULL;
	rayos_lb_flow_bits = 6;
	return rayos_lb_flow_table_init(&f->ln.flows);
}

static const struct full_case {
	const char *name;
	u8 state;
	bool kept;
} full_cases[] = {
	{ "syn", RAYOS_LB_SYN, false },
	{ "open", RAYOS_LB_OPEN, true },
	{ "fin_client", RAYOS_LB_FIN_CLIENT, true },
	{ "fin_backend", RAYOS_LB_FIN_BACKEND, true },
	{ "closed", RAYOS_LB_CLOSED, false },
	{ "reset", RAYOS_LB_RESET, false },
	{ "udp_new", RAYOS_LB_UDP_NEW, false },
	{ "udp_open", RAYOS_LB_UDP_OPEN, true },
};

static void full_name(const struct full_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(full, full_cases, full_name);

/* What is under way stays; what is over or was never answered makes room */
static void full_of_flows(struct kunit *test)
{
	const struct full_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = fill(test, c->state);
	struct rayos_lb_flow_table *table = &balancer->ln->flows;
	u32 i, more = 3 * FULL;

	for (i = 0; i < more; i++)
		KUNIT_EXPECT_EQ(test,
				!fixture_connect(balancer, FULL + i, 1024),
				c->kept);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->count), FULL);
	KUNIT_EXPECT_EQ(test, atomic64_read(&table->evicted),
			c->kept ? 0 : more);
	KUNIT_EXPECT_EQ(test, atomic64_read(&table->table_full),
			c->kept ? more : 0);
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_DROPPED),
			c->kept ? more : 0);
}

static void one_half_open_among_established(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fill(test, RAYOS_LB_OPEN);
	struct rayos_lb_pkt pkt = fixture_packet(balancer, 7, 1024, 0, 0);
	struct rayos_lb_flow *flow;

	flow = find(balancer->ln, &pkt.tuple, RAYOS_LB_FORWARD);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	WRITE_ONCE(flow->state, RAYOS_LB_SYN);
	flow = fixture_connect(balancer, FULL, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_NULL(test, find(balancer->ln, &pkt.tuple, RAYOS_LB_FORWARD));

	WRITE_ONCE(flow->state, RAYOS_LB_OPEN);
	KUNIT_EXPECT_NULL(test, fixture_connect(balancer, FULL + 1, 1024));
}

static void count(struct rayos_lb_flow *flow, void *data)
{
	++*(u32 *)data;
}

static void drop(struct rayos_lb_flow *flow, void *data)
{
	rayos_lb_flow_del(data, flow);
}

static void walk_sees_each_flow_once(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_flow_table *table = &balancer->ln->flows;
	u32 i, n = 0;

	fixture_backend(test, balancer, 1, 1);
	for (i = 0; i < 3000; i++)
		KUNIT_ASSERT_NOT_NULL(test, fixture_connect(balancer, i, 1024));
	rayos_lb_flow_walk(table, count, &n);
	KUNIT_EXPECT_EQ(test, n, 3000);
	rayos_lb_flow_walk(table, drop, table);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->count), 0);
	n = 0;
	rayos_lb_flow_walk(table, count, &n);
	KUNIT_EXPECT_EQ(test, n, 0);
}

/* Two flows a state, one silent for longer than it may be, one for less */
static void silence_ends_flows(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_flow_table *table = &balancer->ln->flows;
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow *flow;
	struct rayos_lb_pkt pkt;
	u32 i, limit;

	for (i = 0; i < 2 * RAYOS_LB_FLOW_STATE_NR; i++) {
		flow = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		WRITE_ONCE(flow->state, i / 2);
		limit = rayos_lb_state_timeout(i / 2) * HZ;
		/* not before the end of the test, and not long after either */
		WRITE_ONCE(flow->last, (u32)jiffies - limit +
				       (i & 1 ? 9 * HZ : 0));
	}
	for (i = 0; i < 80 && atomic_read(&table->count) >
			       RAYOS_LB_FLOW_STATE_NR; i++)
		msleep(100);

	for (i = 0; i < 2 * RAYOS_LB_FLOW_STATE_NR; i++) {
		pkt = fixture_packet(balancer, i, 1024, 0, 0);
		flow = find(balancer->ln, &pkt.tuple, RAYOS_LB_FORWARD);
		KUNIT_EXPECT_EQ_MSG(test, !!flow, i & 1, "state %u", i / 2);
	}
	/* only who never answered the SYN has let a connection time out */
	KUNIT_EXPECT_EQ(test, fixture_counter(backend, RAYOS_LB_C_TIMEOUTS), 1);
}

/* In its middle: the client's word is not enough, the backend's answer is */
static void picked_up_when_backend_goes_on(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_MAGLEV);
	struct rayos_lb_pkt pkt = fixture_packet(balancer, 1, 1024,
						 RAYOS_LB_TH_ACK, 10);
	struct rayos_lb_flow *flow;

	fixture_backend(test, balancer, 1, 1);
	rcu_read_lock();
	local_bh_disable();
	flow = rayos_lb_schedule(balancer, &pkt);
	local_bh_enable();
	rcu_read_unlock();
	KUNIT_ASSERT_FALSE(test, IS_ERR(flow));
	fixture_observe(flow, RAYOS_LB_FORWARD, RAYOS_LB_TH_ACK, 10);
	KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_SYN);
	fixture_observe(flow, RAYOS_LB_REPLY, RAYOS_LB_TH_ACK, 10);
	KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_OPEN);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(found_in_both_directions, kind_gen_params),
	KUNIT_CASE_PARAM(counts_and_references_return, kind_gen_params),
	KUNIT_CASE(deleted_twice_counts_once),
	KUNIT_CASE(same_client_port_twice),
	KUNIT_CASE(same_server_of_two_balancers),
	KUNIT_CASE(same_server_one_after_the_other),
	KUNIT_CASE(walk_sees_each_flow_once),
	KUNIT_CASE(silence_ends_flows),
	KUNIT_CASE(picked_up_when_backend_goes_on),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_flow",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};

static struct kunit_case bounded_cases[] = {
	KUNIT_CASE_PARAM(full_of_flows, full_gen_params),
	KUNIT_CASE(one_half_open_among_established),
	{}
};

static struct kunit_suite bounded_suite = {
	.name = "rayos_lb_flow_bounds",
	.init = bounded_init,
	.exit = fixture_exit,
	.test_cases = bounded_cases,
};
kunit_test_suites(&suite, &bounded_suite);
