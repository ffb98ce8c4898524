// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses that fragments are put together for, and balancers by address.
 */
#include "fixture.h"

static bool known(struct rayos_lb_net *ln, const union nf_inet_addr *addr)
{
	bool is;

	rcu_read_lock();
	is = rayos_lb_address_known(ln, addr);
	rcu_read_unlock();
	return is;
}

static int add(struct rayos_lb_net *ln, const union nf_inet_addr *addr)
{
	int err;

	mutex_lock(&ln->lock);
	err = rayos_lb_address_add(ln, addr);
	mutex_unlock(&ln->lock);
	return err;
}

static void del(struct rayos_lb_net *ln, const union nf_inet_addr *addr)
{
	mutex_lock(&ln->lock);
	rayos_lb_address_del(ln, addr);
	mutex_unlock(&ln->lock);
}

static const u8 family_cases[] = { AF_INET, AF_INET6 };

static void family_name(const u8 *family, char *desc)
{
	strscpy(desc, *family == AF_INET ? "ipv4" : "ipv6",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(family, family_cases, family_name);

static void known_while_it_has_users(struct kunit *test)
{
	u8 family = *(const u8 *)test->param_value;
	struct rayos_lb_endpoint one = fixture_server(family, 1);
	struct rayos_lb_endpoint two = fixture_server(family, 2);
	struct fixture *f = test->priv;

	KUNIT_EXPECT_FALSE(test, known(&f->ln, &one.addr));
	KUNIT_EXPECT_EQ(test, add(&f->ln, &one.addr), 0);
	KUNIT_EXPECT_EQ(test, add(&f->ln, &one.addr), 0);
	KUNIT_EXPECT_TRUE(test, known(&f->ln, &one.addr));
	KUNIT_EXPECT_FALSE(test, known(&f->ln, &two.addr));
	del(&f->ln, &one.addr);
	KUNIT_EXPECT_TRUE(test, known(&f->ln, &one.addr));
	del(&f->ln, &one.addr);
	KUNIT_EXPECT_FALSE(test, known(&f->ln, &one.addr));
}

static void many_addresses(struct kunit *test)
{
	struct rayos_lb_endpoint e;
	struct fixture *f = test->priv;
	u32 i, wrong = 0;

	for (i = 0; i < 2000; i++) {
		e = fixture_server(i & 1 ? AF_INET : AF_INET6, i);
		KUNIT_ASSERT_EQ(test, add(&f->ln, &e.addr), 0);
	}
	for (i = 0; i < 4000; i++) {
		e = fixture_server(i & 1 ? AF_INET : AF_INET6, i);
		wrong += known(&f->ln, &e.addr) != (i < 2000);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	for (i = 0; i < 2000; i++) {
		e = fixture_server(i & 1 ? AF_INET : AF_INET6, i);
		del(&f->ln, &e.addr);
		wrong += known(&f->ln, &e.addr);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static void configuration_has_its_addresses(struct kunit *test)
{
	u8 family = *(const u8 *)test->param_value;
	struct rayos_lb_endpoint vip = fixture_vip(family, 1);
	struct rayos_lb_endpoint server = fixture_server(family, 1);
	struct rayos_lb_balancer *balancer;
	struct fixture *f = test->priv;

	balancer = fixture_balancer(test, 1, family, IPPROTO_UDP, 0);
	KUNIT_EXPECT_TRUE(test, known(&f->ln, &vip.addr));
	fixture_backend(test, balancer, 1, 1);
	KUNIT_EXPECT_TRUE(test, known(&f->ln, &server.addr));
	mutex_lock(&f->ln.lock);
	rayos_lb_balancer_del(balancer, false);
	mutex_unlock(&f->ln.lock);
	KUNIT_EXPECT_FALSE(test, known(&f->ln, &vip.addr));
}

static struct rayos_lb_balancer *find(struct rayos_lb_net *ln,
				      const struct rayos_lb_tuple *tuple)
{
	struct rayos_lb_balancer *balancer;

	rcu_read_lock();
	balancer = rayos_lb_balancer_find(ln, tuple);
	rcu_read_unlock();
	return balancer;
}

static void balancer_found_by_packet(struct kunit *test)
{
	u8 family = *(const u8 *)test->param_value;
	struct rayos_lb_balancer *tcp =
		fixture_balancer(test, 1, family, IPPROTO_TCP, 0);
	struct rayos_lb_balancer *udp =
		fixture_balancer(test, 1, family, IPPROTO_UDP, 0);
	struct rayos_lb_pkt pkt = fixture_packet(tcp, 1, 1024, 0, 0);
	struct fixture *f = test->priv;
	struct rayos_lb_tuple tuple = pkt.tuple;

	KUNIT_EXPECT_PTR_EQ(test, find(&f->ln, &tuple), tcp);
	tuple.l4 = IPPROTO_UDP;
	KUNIT_EXPECT_PTR_EQ(test, find(&f->ln, &tuple), udp);
	tuple.dport = htons(81);
	KUNIT_EXPECT_NULL(test, find(&f->ln, &tuple));
	tuple = pkt.tuple;
	swap(tuple.src, tuple.dst);
	KUNIT_EXPECT_NULL(test, find(&f->ln, &tuple));
	tuple = pkt.tuple;
	tuple.family = family == AF_INET ? AF_INET6 : AF_INET;
	KUNIT_EXPECT_NULL(test, find(&f->ln, &tuple));

	mutex_lock(&f->ln.lock);
	rayos_lb_balancer_del(tcp, false);
	mutex_unlock(&f->ln.lock);
	KUNIT_EXPECT_NULL(test, find(&f->ln, &pkt.tuple));
}

static void balancer_found_by_name(struct kunit *test)
{
	struct rayos_lb_balancer *one, *two, *found[3];
	struct fixture *f = test->priv;

	one = fixture_balancer(test, 1, AF_INET, IPPROTO_TCP, 0);
	two = fixture_balancer(test, 2, AF_INET, IPPROTO_TCP, 0);
	mutex_lock(&f->ln.lock);
	found[0] = rayos_lb_balancer_lookup(&f->ln, "lb1");
	found[1] = rayos_lb_balancer_lookup(&f->ln, "lb2");
	found[2] = rayos_lb_balancer_lookup(&f->ln, "lb");
	mutex_unlock(&f->ln.lock);
	KUNIT_EXPECT_PTR_EQ(test, found[0], one);
	KUNIT_EXPECT_PTR_EQ(test, found[1], two);
	KUNIT_EXPECT_NULL(test, found[2]);
	KUNIT_EXPECT_NE(test, one->id, two->id);
}

/* Room for so many balancers, and a place that is given up can be had again */
static void balancers_are_bounded(struct kunit *test)
{
	struct rayos_lb_endpoint vip = fixture_vip(AF_INET, 9);
	struct rayos_lb_balancer *first, *extra;
	struct fixture *f = test->priv;
	int err[2];

	rayos_lb_max_balancers = 2;
	first = fixture_balancer(test, 1, AF_INET, IPPROTO_TCP, 0);
	fixture_balancer(test, 2, AF_INET, IPPROTO_TCP, 0);
	extra = rayos_lb_balancer_new(&f->ln, "extra", &vip, AF_INET,
				      IPPROTO_TCP);
	KUNIT_ASSERT_NOT_NULL(test, extra);

	mutex_lock(&f->ln.lock);
	err[0] = rayos_lb_balancer_add(extra, NULL);
	rayos_lb_balancer_del(first, false);
	err[1] = rayos_lb_balancer_add(extra, NULL);
	mutex_unlock(&f->ln.lock);
	KUNIT_EXPECT_EQ(test, err[0], -ENOSPC);
	KUNIT_EXPECT_EQ(test, err[1], 0);
	KUNIT_EXPECT_EQ(test, f->ln.nr_balancers, 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(known_while_it_has_users, family_gen_params),
	KUNIT_CASE(many_addresses),
	KUNIT_CASE_PARAM(configuration_has_its_addresses, family_gen_params),
	KUNIT_CASE_PARAM(balancer_found_by_packet, family_gen_params),
	KUNIT_CASE(balancer_found_by_name),
	KUNIT_CASE(balancers_are_bounded),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_address",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
