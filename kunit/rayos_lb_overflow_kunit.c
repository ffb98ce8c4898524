// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets without a flow: who gets them, whose answers they are, and for how
 * long.
 */
#include <linux/jiffies.h>

#include "fixture.h"
#include "overflow.h"

#define WINDOW	(RAYOS_LB_OVERFLOW_SECONDS * HZ)
#define FULL	64

static const struct kind_case {
	const char *name;
	u8 family;
	u8 l4;
	u32 policy;
} kind_cases[] = {
	{ "tcp_maglev", AF_INET, IPPROTO_TCP, RAYOS_LB_POLICY_MAGLEV },
	{ "udp_maglev", AF_INET, IPPROTO_UDP, RAYOS_LB_POLICY_MAGLEV },
	{ "tcp6_maglev", AF_INET6, IPPROTO_TCP, RAYOS_LB_POLICY_MAGLEV },
	{ "udp6_maglev", AF_INET6, IPPROTO_UDP, RAYOS_LB_POLICY_MAGLEV },
	{ "tcp_ip_hash", AF_INET, IPPROTO_TCP, RAYOS_LB_POLICY_IP_HASH },
	{ "udp6_ip_hash", AF_INET6, IPPROTO_UDP, RAYOS_LB_POLICY_IP_HASH },
};

static void kind_name(const struct kind_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kind_cases, kind_name);

static struct rayos_lb_balancer *kind_balancer(struct kunit *test, u32 n,
					       const struct kind_case *c)
{
	return fixture_balancer(test, n, c->family, c->l4, c->policy);
}

static struct rayos_lb_backend *pick(const struct rayos_lb_balancer *balancer,
				     u32 client, u16 port)
{
	struct rayos_lb_pkt pkt = fixture_packet(balancer, client, port,
						 RAYOS_LB_TH_ACK, 10);
	struct rayos_lb_backend *backend;

	rcu_read_lock();
	backend = rayos_lb_overflow_pick(balancer, &pkt);
	rcu_read_unlock();
	return backend;
}

/* Whose answers are known as those of @backend's address */
static struct rayos_lb_backend *known(const struct rayos_lb_backend *backend)
{
	const struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_backend *found;

	rcu_read_lock();
	found = rayos_lb_overflow_server(balancer->ln, &backend->addr,
					 balancer->family, balancer->l4);
	rcu_read_unlock();
	return found;
}

static bool may(const struct rayos_lb_balancer *balancer, bool local_out)
{
	struct rayos_lb_pkt pkt = fixture_packet(balancer, 1, 1024,
						 RAYOS_LB_TH_SYN, 0);
	bool result;

	pkt.local_out = local_out;
	rcu_read_lock();
	result = rayos_lb_overflow_may(balancer, &pkt);
	rcu_read_unlock();
	return result;
}

static void flow_would_go_there_too(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = kind_balancer(test, 1,
							   test->param_value);
	struct rayos_lb_backend *backend[5];
	u32 i;

	fixture_backends(test, balancer, backend, 5);
	for (i = 0; i < 300; i++)
		KUNIT_EXPECT_PTR_EQ(test, pick(balancer, i, 1024 + i),
				    fixture_server_of(balancer, i, 1024 + i));
	/* one that a snapshot still has but which takes nothing */
	WRITE_ONCE(backend[2]->state, RAYOS_LB_STATE_UNHEALTHY);
	WRITE_ONCE(backend[3]->weight, 0);
	for (i = 0; i < 300; i++)
		KUNIT_EXPECT_PTR_EQ(test, pick(balancer, i, 1024 + i),
				    fixture_server_of(balancer, i, 1024 + i));
	for (i = 0; i < 5; i++)
		WRITE_ONCE(backend[i]->state, RAYOS_LB_STATE_UNHEALTHY);
	KUNIT_EXPECT_NULL(test, pick(balancer, 1, 1024));
}

static const struct may_case {
	const char *name;
	u32 policy;
	u32 mode;
	u64 affinity;
	bool local_out;
	bool may;
} may_cases[] = {
	{ "maglev", RAYOS_LB_POLICY_MAGLEV, .may = true },
	{ "ip_hash", RAYOS_LB_POLICY_IP_HASH, .may = true },
	{ "dsr", RAYOS_LB_POLICY_MAGLEV, RAYOS_LB_MODE_DSR, .may = true },
	{ "full_nat", RAYOS_LB_POLICY_MAGLEV, RAYOS_LB_MODE_FULL_NAT },
	{ "affinity", RAYOS_LB_POLICY_MAGLEV, .affinity = NSEC_PER_SEC },
	{ "local_client", RAYOS_LB_POLICY_MAGLEV, .local_out = true },
	{ "round_robin", RAYOS_LB_POLICY_ROUND_ROBIN },
	{ "weighted", RAYOS_LB_POLICY_WEIGHTED_ROUND_ROBIN },
	{ "least_connections", RAYOS_LB_POLICY_LEAST_CONNECTIONS },
	{ "random", RAYOS_LB_POLICY_RANDOM },
};

static void may_name(const struct may_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(may, may_cases, may_name);

static void who_may_do_without(struct kunit *test)
{
	const struct may_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = fixture_tcp(test, c->policy);

	KUNIT_EXPECT_FALSE(test, may(balancer, false));
	balancer->mode = c->mode;
	balancer->affinity = c->affinity;
	fixture_backend(test, balancer, 1, 1);
	KUNIT_EXPECT_EQ(test, may(balancer, c->local_out), c->may);
}

/* Of two virtual addresses nobody knows which one the client has spoken to */
static void answers_of_shared_server(struct kunit *test)
{
	const struct kind_case *c = test->param_value;
	struct rayos_lb_balancer *one = kind_balancer(test, 1, c);
	struct rayos_lb_balancer *two = kind_balancer(test, 2, c);
	struct rayos_lb_backend *backend = fixture_backend(test, one, 1, 1);
	struct rayos_lb_backend *other;

	KUNIT_EXPECT_PTR_EQ(test, known(backend), backend);
	KUNIT_EXPECT_PTR_EQ(test, pick(one, 1, 1024), backend);
	other = fixture_backend(test, two, 1, 1);
	KUNIT_EXPECT_NULL(test, known(backend));
	KUNIT_EXPECT_NULL(test, pick(one, 1, 1024));
	KUNIT_EXPECT_NULL(test, pick(two, 1, 1024));
	/* unless all but one cannot do without flows, or answers go elsewhere */
	two->affinity = NSEC_PER_SEC;
	KUNIT_EXPECT_PTR_EQ(test, known(other), backend);
	two->affinity = 0;
	two->mode = RAYOS_LB_MODE_DSR;
	KUNIT_EXPECT_PTR_EQ(test, known(other), backend);
	KUNIT_EXPECT_PTR_EQ(test, pick(one, 1, 1024), backend);
	KUNIT_EXPECT_PTR_EQ(test, pick(two, 1, 1024), other);
	two->mode = RAYOS_LB_MODE_NAT;
	KUNIT_EXPECT_NULL(test, known(backend));
	fixture_remove(other, false);
	KUNIT_EXPECT_PTR_EQ(test, known(backend), backend);
	fixture_remove(backend, false);
	KUNIT_EXPECT_NULL(test, known(backend));
}

static void server_of_two_protocols(struct kunit *test)
{
	struct rayos_lb_balancer *tcp =
		fixture_balancer(test, 1, AF_INET, IPPROTO_TCP,
				 RAYOS_LB_POLICY_MAGLEV);
	struct rayos_lb_balancer *udp =
		fixture_balancer(test, 1, AF_INET, IPPROTO_UDP,
				 RAYOS_LB_POLICY_MAGLEV);
	struct rayos_lb_backend *one = fixture_backend(test, tcp, 1, 1);
	struct rayos_lb_backend *two = fixture_backend(test, udp, 1, 1);

	KUNIT_EXPECT_PTR_EQ(test, known(one), one);
	KUNIT_EXPECT_PTR_EQ(test, known(two), two);
}

/* Health checks look just like what a client has to do with a server */
static void answers_to_this_host(struct kunit *test)
{
	const struct kind_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = kind_balancer(test, 1, c);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_tuple answer = {
		.src = backend->addr.addr,
		.dst = fixture_packet(balancer, 1, 1024, 0, 0).tuple.src,
		.sport = backend->addr.port,
		.dport = htons(1024),
		.l4 = c->l4,
		.family = c->family,
	};
	struct rayos_lb_backend *client, *local, *everybody;

	rcu_read_lock();
	client = rayos_lb_overflow_answering(balancer->ln, &answer);
	memset(&answer.dst, 0, sizeof(answer.dst));
	if (c->family == AF_INET)
		answer.dst.ip = htonl(INADDR_LOOPBACK);
	else
		answer.dst.in6 = in6addr_loopback;
	local = rayos_lb_overflow_answering(balancer->ln, &answer);
	if (c->family == AF_INET)
		answer.dst.ip = htonl(INADDR_BROADCAST);
	else
		answer.dst.in6 = in6addr_linklocal_allnodes;
	everybody = rayos_lb_overflow_answering(balancer->ln, &answer);
	rcu_read_unlock();
	KUNIT_EXPECT_PTR_EQ(test, client, backend);
	KUNIT_EXPECT_NULL(test, local);
	KUNIT_EXPECT_NULL(test, everybody);
}

static const struct segment_case {
	const char *name;
	u8 flags;
	u32 payload;
	bool follows;
} segment_cases[] = {
	{ "syn", RAYOS_LB_TH_SYN },
	{ "syn_with_data", RAYOS_LB_TH_SYN, 10 },
	{ "data", RAYOS_LB_TH_ACK, 10 },
	{ "ack", RAYOS_LB_TH_ACK, 0, true },
	{ "fin", RAYOS_LB_TH_FIN | RAYOS_LB_TH_ACK, 0, true },
	{ "fin_with_data", RAYOS_LB_TH_FIN | RAYOS_LB_TH_ACK, 10, true },
	{ "rst", RAYOS_LB_TH_RST, 0, true },
	{ "rst_ack", RAYOS_LB_TH_RST | RAYOS_LB_TH_ACK, 0, true },
};

static void segment_name(const struct segment_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(segment, segment_cases, segment_name);

static void what_follows_begins_no_flow(struct kunit *test)
{
	const struct segment_case *c = test->param_value;
	struct rayos_lb_balancer *tcp = fixture_tcp(test, RAYOS_LB_POLICY_MAGLEV);
	struct rayos_lb_balancer *udp =
		fixture_balancer(test, 2, AF_INET, IPPROTO_UDP,
				 RAYOS_LB_POLICY_MAGLEV);
	struct rayos_lb_pkt segment = fixture_packet(tcp, 1, 1024, c->flags,
						     c->payload);
	struct rayos_lb_pkt datagram = fixture_packet(udp, 1, 1024, 0, c->payload);
	struct rayos_lb_backend *backend = fixture_backend(test, tcp, 1, 1);
	struct rayos_lb_backend *stream, *message, *sticky;

	fixture_backend(test, udp, 1, 1);
	rcu_read_lock();
	stream = rayos_lb_overflow_following(tcp, &segment);
	message = rayos_lb_overflow_following(udp, &datagram);
	tcp->affinity = NSEC_PER_SEC;
	sticky = rayos_lb_overflow_following(tcp, &segment);
	rcu_read_unlock();
	KUNIT_EXPECT_PTR_EQ(test, stream, c->follows ? backend : NULL);
	KUNIT_EXPECT_NULL(test, message);
	KUNIT_EXPECT_NULL(test, sticky);
}

static void limited_backend_takes_none(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_MAGLEV);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);

	KUNIT_EXPECT_PTR_EQ(test, pick(balancer, 1, 1024), backend);
	backend->limit = 1000;
	KUNIT_EXPECT_NULL(test, pick(balancer, 1, 1024));
}

static void full_table(struct kunit *test)
{
	const struct kind_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = kind_balancer(test, 1, c);
	struct rayos_lb_balancer *rr = fixture_balancer(test, 2, c->family, c->l4,
							RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_flow *flow;
	u32 i;

	fixture_backend(test, balancer, 1, 1);
	fixture_backend(test, rr, 2, 1);
	rayos_lb_max_flows = FULL;
	for (i = 0; i < FULL; i++) {
		flow = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		flow->state = c->l4 == IPPROTO_TCP ? RAYOS_LB_OPEN :
						     RAYOS_LB_UDP_OPEN;
	}
	for (i = 0; i < 10; i++) {
		KUNIT_EXPECT_NULL(test, fixture_connect(balancer, i, 1025));
		KUNIT_EXPECT_NULL(test, fixture_connect(rr, i, 1025));
		KUNIT_EXPECT_NOT_NULL(test, pick(balancer, i, 1025));
	}
	/* what may yet be carried has not been dropped */
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_DROPPED), 0);
	KUNIT_EXPECT_EQ(test, fixture_total(rr, RAYOS_LB_C_DROPPED), 10);
}

static const struct window_case {
	const char *name;
	unsigned long now;
} window_cases[] = {
	{ "at_boot", 1 },
	{ "even", 100000 },
	{ "odd", 100001 },
	{ "before_jiffies_wrap", -1000UL },
	{ "at_jiffies_wrap", 0 },
};

static void window_name(const struct window_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(window, window_cases, window_name);

static void window_ends(struct kunit *test)
{
	const struct window_case *c = test->param_value;
	struct fixture *f = test->priv;
	unsigned long now = c->now;

	KUNIT_EXPECT_FALSE(test, rayos_lb_overflow_lasts(&f->ln, now));
	rayos_lb_overflow_begin(&f->ln, now);
	KUNIT_EXPECT_TRUE(test, rayos_lb_overflow_lasts(&f->ln, now));
	KUNIT_EXPECT_TRUE(test, rayos_lb_overflow_lasts(&f->ln, now + WINDOW));
	/* no room again: it begins anew */
	rayos_lb_overflow_begin(&f->ln, now + WINDOW);
	KUNIT_EXPECT_TRUE(test, rayos_lb_overflow_lasts(&f->ln, now + 2 * WINDOW));
	KUNIT_EXPECT_FALSE(test, rayos_lb_overflow_lasts(&f->ln,
							 now + 2 * WINDOW + 2));
	/* once over it is over, whatever jiffies come to be */
	KUNIT_EXPECT_EQ(test, f->ln.overflow, 0);
	KUNIT_EXPECT_FALSE(test, rayos_lb_overflow_lasts(&f->ln, now));
	KUNIT_EXPECT_FALSE(test, rayos_lb_overflow_recent(&f->ln));
}

static void way_and_address(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_MAGLEV);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_route route = {};
	struct rayos_lb_turn turn;

	turn = rayos_lb_overflow_turn(backend, RAYOS_LB_FORWARD, &route);
	KUNIT_EXPECT_PTR_EQ(test, turn.to, (const void *)&backend->addr);
	KUNIT_EXPECT_PTR_EQ(test, turn.route, &backend->route);
	KUNIT_EXPECT_FALSE(test, turn.source || turn.direct || turn.opposite);

	turn = rayos_lb_overflow_turn(backend, RAYOS_LB_REPLY, &route);
	KUNIT_EXPECT_PTR_EQ(test, turn.to, (const void *)&balancer->vip);
	KUNIT_EXPECT_PTR_EQ(test, turn.route, &route);
	KUNIT_EXPECT_TRUE(test, turn.source);
	KUNIT_EXPECT_FALSE(test, turn.direct || turn.opposite);

	balancer->mode = RAYOS_LB_MODE_DSR;
	turn = rayos_lb_overflow_turn(backend, RAYOS_LB_FORWARD, &route);
	KUNIT_EXPECT_TRUE(test, turn.direct);
}

static void packets_are_counted(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_MAGLEV);
	struct rayos_lb_backend *b = fixture_backend(test, balancer, 1, 1);

	local_bh_disable();
	rayos_lb_overflow_count(b, RAYOS_LB_FORWARD, 100);
	rayos_lb_overflow_count(b, RAYOS_LB_FORWARD, 40);
	rayos_lb_overflow_count(b, RAYOS_LB_REPLY, 1000);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, fixture_counter(b, RAYOS_LB_C_PACKETS_IN), 2);
	KUNIT_EXPECT_EQ(test, fixture_counter(b, RAYOS_LB_C_BYTES_IN), 140);
	KUNIT_EXPECT_EQ(test, fixture_counter(b, RAYOS_LB_C_PACKETS_OUT), 1);
	KUNIT_EXPECT_EQ(test, fixture_counter(b, RAYOS_LB_C_BYTES_OUT), 1000);
	KUNIT_EXPECT_EQ(test, fixture_counter(b, RAYOS_LB_C_STATELESS), 3);
	KUNIT_EXPECT_EQ(test, fixture_counter(b, RAYOS_LB_C_CONNECTIONS), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(flow_would_go_there_too, kind_gen_params),
	KUNIT_CASE_PARAM(who_may_do_without, may_gen_params),
	KUNIT_CASE_PARAM(answers_of_shared_server, kind_gen_params),
	KUNIT_CASE(server_of_two_protocols),
	KUNIT_CASE_PARAM(answers_to_this_host, kind_gen_params),
	KUNIT_CASE_PARAM(what_follows_begins_no_flow, segment_gen_params),
	KUNIT_CASE(limited_backend_takes_none),
	KUNIT_CASE_PARAM(full_table, kind_gen_params),
	KUNIT_CASE_PARAM(window_ends, window_gen_params),
	KUNIT_CASE(way_and_address),
	KUNIT_CASE(packets_are_counted),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_overflow",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
