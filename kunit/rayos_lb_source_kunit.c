// SPDX-License-Identifier: GPL-2.0-only
/*
 * Full NAT: which ports there are, which of them a flow gets, and what becomes
 * of both when there are no more.
 */
#include <net/ip.h>

#include "fixture.h"
#include "source.h"

static const struct range_case {
	const char *name;
	u32 low;
	u32 high;
	u32 nr;
	u16 first;
	u16 last;
} range_cases[] = {
	{ "default", 32768, 60999, 31744 + 4536, 1024, 65535 },
	{ "up_to_the_end", 32768, 65535, 31744, 1024, 32767 },
	{ "from_below", 100, 40000, 25535, 40001, 65535 },
	{ "from_1024", 1024, 60999, 4536, 61000, 65535 },
	{ "few_left", 1024, 64511, 1024, 64512, 65535 },
	{ "too_few_left", 1024, 64512, 64512, 1024, 65535 },
	{ "everything", 1, 65535, 64512, 1024, 65535 },
	{ "all_below", 10, 1023, 64512, 1024, 65535 },
	{ "one", 2000, 2000, 64511, 1024, 65535 },
};

static void range_name(const struct range_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(range, range_cases, range_name);

static void ports_beside_those_of_sockets(struct kunit *test)
{
	const struct range_case *c = test->param_value;
	struct rayos_lb_ports ports = rayos_lb_ports_beside(c->low, c->high);
	u32 i, wrong = 0, last = 0;
	bool apart = c->nr != 64512 || c->high < 1024;

	KUNIT_EXPECT_EQ(test, ports.nr, c->nr);
	KUNIT_EXPECT_EQ(test, rayos_lb_ports_at(&ports, 0), c->first);
	KUNIT_EXPECT_EQ(test, rayos_lb_ports_at(&ports, ports.nr - 1), c->last);
	for (i = 0; i < ports.nr; i++) {
		u32 port = rayos_lb_ports_at(&ports, i);

		wrong += port <= last;
		wrong += apart && port >= c->low && port <= c->high;
		last = port;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* Eight ports, 2000 to 2007 */
static const struct rayos_lb_ports few = {
	.nr = 8,
	.gap = RAYOS_LB_PORT_MIN,
	.gap_len = 2000 - RAYOS_LB_PORT_MIN,
};

static bool none_busy(struct net *net, const struct rayos_lb_tuple *reply)
{
	return false;
}

static bool even_busy(struct net *net, const struct rayos_lb_tuple *reply)
{
	return !(ntohs(reply->dport) & 1);
}

static const struct kind_case {
	const char *name;
	u8 family;
	u8 l4;
} kind_cases[] = {
	{ "tcp_over_ipv4", AF_INET, IPPROTO_TCP },
	{ "udp_over_ipv4", AF_INET, IPPROTO_UDP },
	{ "tcp_over_ipv6", AF_INET6, IPPROTO_TCP },
	{ "udp_over_ipv6", AF_INET6, IPPROTO_UDP },
};

static void kind_name(const struct kind_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kind_cases, kind_name);

/* A balancer of full NAT whose source needs no route */
static struct rayos_lb_balancer *translating(struct kunit *test,
					     const struct kind_case *c)
{
	struct rayos_lb_balancer *balancer =
		fixture_balancer(test, 1, c->family, c->l4, 0);

	balancer->mode = RAYOS_LB_MODE_FULL_NAT;
	balancer->source = fixture_server(c->family, 250).addr;
	balancer->ln->translates = true;
	return balancer;
}

static struct rayos_lb_tuple reply_of(const struct rayos_lb_backend *backend)
{
	const struct rayos_lb_balancer *balancer = backend->balancer;

	return (struct rayos_lb_tuple) {
		.src = backend->addr.addr,
		.dst = balancer->source,
		.sport = backend->addr.port,
		.l4 = balancer->l4,
		.family = balancer->family,
	};
}

static int probe(struct rayos_lb_backend *backend, u32 start,
		 rayos_lb_busy_fn busy, u16 *port)
{
	struct rayos_lb_tuple reply = reply_of(backend);
	int err;

	rcu_read_lock();
	local_bh_disable();
	err = rayos_lb_source_probe(backend->balancer->ln, &few, start, busy,
				    &reply);
	local_bh_enable();
	rcu_read_unlock();
	*port = ntohs(reply.dport);
	return err;
}

/* A flow with a port that the test chooses */
static struct rayos_lb_flow *occupy(struct rayos_lb_backend *backend, u32 client,
				    u16 port)
{
	struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_flow_table *table = &balancer->ln->flows;
	struct rayos_lb_endpoint source = { balancer->source, htons(port) };
	struct rayos_lb_pkt pkt = fixture_packet(balancer, client, 1024, 0, 0);
	struct rayos_lb_flow *flow;

	rcu_read_lock();
	local_bh_disable();
	flow = rayos_lb_flow_new(table, &pkt.tuple, backend);
	if (!IS_ERR(flow)) {
		rayos_lb_flow_translate(table, flow, &source);
		if (rayos_lb_flow_add(table, flow))
			flow = NULL;
	}
	local_bh_enable();
	rcu_read_unlock();
	return IS_ERR(flow) ? NULL : flow;
}

static void tuples_of_a_translated_flow(struct kunit *test)
{
	const struct kind_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = translating(test, c);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow *flow = fixture_connect(balancer, 7, 4444);
	const struct rayos_lb_tuple *forward, *reply;
	struct rayos_lb_turn turn;
	struct rayos_lb_node *node;
	int low, high;
	u16 port;

	KUNIT_ASSERT_NOT_NULL(test, flow);
	forward = &flow->node[RAYOS_LB_FORWARD].tuple;
	reply = &flow->node[RAYOS_LB_REPLY].tuple;
	KUNIT_EXPECT_EQ(test, flow->mode, RAYOS_LB_MODE_FULL_NAT);
	KUNIT_EXPECT_TRUE(test, rayos_lb_addr_equal(&reply->src,
						    &backend->addr.addr));
	KUNIT_EXPECT_TRUE(test, rayos_lb_addr_equal(&reply->dst,
						    &balancer->source));
	KUNIT_EXPECT_EQ(test, reply->sport, backend->addr.port);
	port = ntohs(reply->dport);
	inet_get_local_port_range(&init_net, &low, &high);
	KUNIT_EXPECT_GE(test, port, RAYOS_LB_PORT_MIN);
	KUNIT_EXPECT_TRUE(test, port < low || port > high);

	rcu_read_lock();
	node = rayos_lb_flow_lookup(&balancer->ln->flows, reply);
	KUNIT_EXPECT_PTR_EQ(test, node, &flow->node[RAYOS_LB_REPLY]);
	turn = rayos_lb_path_turn(flow, RAYOS_LB_FORWARD);
	rcu_read_unlock();
	KUNIT_EXPECT_PTR_EQ(test, turn.opposite, reply);
	KUNIT_EXPECT_EQ(test, rayos_lb_turn_other(&turn).port, reply->dport);
	turn = rayos_lb_path_turn(flow, RAYOS_LB_REPLY);
	KUNIT_EXPECT_PTR_EQ(test, turn.opposite, forward);
	KUNIT_EXPECT_EQ(test, rayos_lb_turn_other(&turn).port, forward->sport);
	fixture_close(flow);
}

/* Nothing of plain NAT looks at the opposite node */
static void tuples_of_a_plain_flow(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_flow *flow;
	struct rayos_lb_turn turn;

	fixture_backend(test, balancer, 1, 1);
	flow = fixture_connect(balancer, 7, 4444);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	turn = rayos_lb_path_turn(flow, RAYOS_LB_FORWARD);
	KUNIT_EXPECT_NULL(test, turn.opposite);
	KUNIT_EXPECT_FALSE(test, turn.direct);
	fixture_close(flow);
}

static void direct_flows_have_one_direction(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend;
	struct rayos_lb_flow *flow;
	struct rayos_lb_tuple reply;
	struct rayos_lb_turn turn;

	balancer->mode = RAYOS_LB_MODE_DSR;
	backend = fixture_backend(test, balancer, 1, 1);
	flow = fixture_connect(balancer, 7, 4444);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	reply = flow->node[RAYOS_LB_REPLY].tuple;
	rcu_read_lock();
	KUNIT_EXPECT_NULL(test, rayos_lb_flow_lookup(&balancer->ln->flows,
						     &reply));
	rcu_read_unlock();
	turn = rayos_lb_path_turn(flow, RAYOS_LB_FORWARD);
	KUNIT_EXPECT_TRUE(test, turn.direct);
	KUNIT_EXPECT_NULL(test, turn.opposite);
	KUNIT_EXPECT_PTR_EQ(test, turn.to, &backend->addr);

	fixture_observe(flow, RAYOS_LB_FORWARD, RAYOS_LB_TH_ACK, 0);
	KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_OPEN);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), 1);
	fixture_observe(flow, RAYOS_LB_FORWARD,
			RAYOS_LB_TH_FIN | RAYOS_LB_TH_ACK, 0);
	KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_CLOSED);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), 0);
	fixture_close(flow);
	KUNIT_EXPECT_EQ(test, atomic_read(&balancer->ln->flows.count), 0);
}

static void direct_datagrams_open_a_flow(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_balancer(test, 1, AF_INET, IPPROTO_UDP, 0);
	struct rayos_lb_flow *flow;

	balancer->mode = RAYOS_LB_MODE_DSR;
	fixture_backend(test, balancer, 1, 1);
	flow = fixture_connect(balancer, 7, 4444);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	fixture_observe(flow, RAYOS_LB_FORWARD, 0, 10);
	KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_UDP_NEW);
	fixture_observe(flow, RAYOS_LB_FORWARD, 0, 10);
	KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_UDP_OPEN);
	fixture_close(flow);
}

static void a_flow_of_each_port(struct kunit *test)
{
	const struct kind_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = translating(test, c);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_backend *other = fixture_backend(test, balancer, 2, 1);
	struct rayos_lb_flow *flow[8];
	u32 i, seen = 0;
	u16 port;

	for (i = 0; i < 8; i++) {
		KUNIT_ASSERT_EQ(test, probe(backend, 5, none_busy, &port), 0);
		KUNIT_ASSERT_TRUE(test, port >= 2000 && port < 2008);
		seen |= BIT(port - 2000);
		flow[i] = occupy(backend, i, port);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
		WRITE_ONCE(flow[i]->state, RAYOS_LB_OPEN);
	}
	KUNIT_EXPECT_EQ(test, seen, 0xff);
	KUNIT_EXPECT_EQ(test, probe(backend, 5, none_busy, &port),
			-EADDRNOTAVAIL);
	KUNIT_EXPECT_NULL(test, occupy(backend, 99, 2003));
	/* towards another backend they are free */
	KUNIT_EXPECT_EQ(test, probe(other, 5, none_busy, &port), 0);
	KUNIT_EXPECT_EQ(test, port, 2005);

	fixture_close(flow[3]);
	KUNIT_EXPECT_EQ(test, probe(backend, 5, none_busy, &port), 0);
	for (i = 0; i < 8; i++) {
		if (i != 3)
			fixture_close(flow[i]);
	}
}

static void ports_of_sockets_are_left_alone(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = translating(test, &kind_cases[0]);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow *flow[4];
	u16 port;
	u32 i;

	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, probe(backend, i, even_busy, &port), 0);
		KUNIT_EXPECT_EQ(test, port & 1, 1);
		flow[i] = occupy(backend, i, port);
		KUNIT_ASSERT_NOT_NULL(test, flow[i]);
		WRITE_ONCE(flow[i]->state, RAYOS_LB_OPEN);
	}
	KUNIT_EXPECT_EQ(test, probe(backend, 0, even_busy, &port),
			-EADDRNOTAVAIL);
	for (i = 0; i < 4; i++)
		fixture_close(flow[i]);
}

/* Client @n has port 2000 + @n, and has been silent for so many seconds */
static struct rayos_lb_flow *silent(struct kunit *test,
				    struct rayos_lb_backend *backend, u32 n,
				    u8 state, u32 seconds)
{
	struct rayos_lb_flow *flow = occupy(backend, n, 2000 + n);

	KUNIT_ASSERT_NOT_NULL(test, flow);
	WRITE_ONCE(flow->state, state);
	WRITE_ONCE(flow->last, (u32)jiffies - seconds * HZ);
	return flow;
}

/* What is over goes first, then what was never established, the oldest of each */
static void flows_that_are_over_give_way(struct kunit *test)
{
	static const u8 state[8] = {
		RAYOS_LB_OPEN, RAYOS_LB_SYN, RAYOS_LB_SYN, RAYOS_LB_CLOSED,
		RAYOS_LB_RESET, RAYOS_LB_CLOSED, RAYOS_LB_FIN_CLIENT,
		RAYOS_LB_OPEN,
	};
	static const u32 age[8] = { 9, 30, 31, 5, 6, 7, 40, 50 };
	static const u16 order[] = { 2005, 2004, 2003, 2002, 2001 };
	struct rayos_lb_balancer *balancer = translating(test, &kind_cases[0]);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow *flow;
	u16 port;
	u32 i;

	for (i = 0; i < 8; i++)
		silent(test, backend, i, state[i], age[i]);
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		KUNIT_EXPECT_EQ(test, probe(backend, i, none_busy, &port), 0);
		KUNIT_EXPECT_EQ(test, port, order[i]);
		flow = occupy(backend, 100 + i, port);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		WRITE_ONCE(flow->state, RAYOS_LB_OPEN);
	}
	KUNIT_EXPECT_EQ(test, probe(backend, 0, none_busy, &port),
			-EADDRNOTAVAIL);
	/* what was cut off is not over yet */
	set_bit(RAYOS_LB_FLOW_KILLED, &flow->flags);
	WRITE_ONCE(flow->state, RAYOS_LB_RESET);
	KUNIT_EXPECT_EQ(test, probe(backend, 0, none_busy, &port),
			-EADDRNOTAVAIL);
}

static struct rayos_lb_flow *goes;

/* Another CPU wants, or gc finds, the very flow that has been chosen to go */
static bool busy_while_it_goes(struct net *net, const struct rayos_lb_tuple *reply)
{
	rayos_lb_flow_del(&goes->backend->balancer->ln->flows, goes);
	return true;
}

static void a_flow_that_goes_by_itself_gives_way_too(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = translating(test, &kind_cases[0]);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow *flow;
	u16 port;
	u32 i;

	/* the last port, and the last that is tried, has a socket but no flow */
	for (i = 0; i < 7; i++) {
		flow = silent(test, backend, i, RAYOS_LB_RESET, i == 4 ? 9 : 3);
		if (i == 4)
			goes = flow;
	}
	KUNIT_EXPECT_EQ(test, probe(backend, 0, busy_while_it_goes, &port), 0);
	KUNIT_EXPECT_EQ(test, port, 2004);
	KUNIT_EXPECT_NOT_NULL(test, occupy(backend, 100, 2004));
}

static bool taken(struct rayos_lb_net *ln, const struct rayos_lb_tuple *reply)
{
	const struct rayos_lb_pkt pkt = {
		.tuple = {
			.src = reply->dst, .dst = reply->src,
			.sport = reply->dport, .dport = reply->sport,
			.l4 = reply->l4, .family = reply->family,
		},
		.local_out = true,
	};
	bool ret;

	rcu_read_lock();
	local_bh_disable();
	ret = rayos_lb_source_taken(ln, &pkt);
	local_bh_enable();
	rcu_read_unlock();
	return ret;
}

static void sockets_that_come_too_late(struct kunit *test)
{
	const struct kind_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = translating(test, c);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow *flow = occupy(backend, 1, 2000);
	struct rayos_lb_net *ln = balancer->ln;
	struct rayos_lb_tuple reply, other;

	KUNIT_ASSERT_NOT_NULL(test, flow);
	reply = flow->node[RAYOS_LB_REPLY].tuple;
	other = reply;
	other.dport = htons(2001);
	KUNIT_EXPECT_TRUE(test, taken(ln, &reply));
	KUNIT_EXPECT_FALSE(test, taken(ln, &other));
	WRITE_ONCE(flow->state, RAYOS_LB_CLOSED);
	KUNIT_EXPECT_FALSE(test, taken(ln, &reply));
	KUNIT_EXPECT_EQ(test, atomic_read(&ln->flows.count), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(ports_beside_those_of_sockets, range_gen_params),
	KUNIT_CASE_PARAM(tuples_of_a_translated_flow, kind_gen_params),
	KUNIT_CASE(tuples_of_a_plain_flow),
	KUNIT_CASE(direct_flows_have_one_direction),
	KUNIT_CASE(direct_datagrams_open_a_flow),
	KUNIT_CASE_PARAM(a_flow_of_each_port, kind_gen_params),
	KUNIT_CASE(ports_of_sockets_are_left_alone),
	KUNIT_CASE(flows_that_are_over_give_way),
	KUNIT_CASE(a_flow_that_goes_by_itself_gives_way_too),
	KUNIT_CASE_PARAM(sockets_that_come_too_late, kind_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_source",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
