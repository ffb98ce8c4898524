// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backends that fail their clients: what counts, what follows, who is told, and
 * how they come back.
 */
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/tcp.h>
#include <rayos/lb.h>

#include "evidence.h"
#include "fixture.h"
#include "passive.h"

#define SECOND_UNITS	(NSEC_PER_SEC / 1024)

/* Decisions ----------------------------------------------------------------- */

static const struct down_case {
	const char *name;
	u32 count;
	u32 limit;
	bool down;
} down_cases[] = {
	{ "off", 1000, 0, false },
	{ "nothing_yet", 0, 1, false },
	{ "first_of_one", 1, 1, true },
	{ "one_short", 4, 5, false },
	{ "enough", 5, 5, true },
	{ "more_than_enough", 9, 5, true },
	{ "on_probation", RAYOS_LB_PROBATION | 4, 5, false },
	{ "probation_failed", RAYOS_LB_PROBATION | 5, 5, true },
	{ "probation_while_off", RAYOS_LB_PROBATION | 9, 0, false },
};

static void down_name(const struct down_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(down, down_cases, down_name);

static void down_at_the_limit(struct kunit *test)
{
	const struct down_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, rayos_lb_passive_down(c->count, c->limit), c->down);
}

static void hold_doubles_up_to_a_bound(struct kunit *test)
{
	static const u64 seconds[] = { 10, 20, 40, 80, 160, 300, 300 };
	u64 hold = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(seconds); i++) {
		hold = rayos_lb_passive_hold(hold, i ? RAYOS_LB_PROBATION | 1 : 1);
		KUNIT_EXPECT_EQ(test, hold, seconds[i] * NSEC_PER_SEC);
	}
	/* it has succeeded in between */
	KUNIT_EXPECT_EQ(test, rayos_lb_passive_hold(hold, 1), 10 * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, rayos_lb_passive_hold(0, RAYOS_LB_PROBATION | 1),
			10 * NSEC_PER_SEC);
}

static void probation_is_one_failure(struct kunit *test)
{
	u32 limit, count;

	for (limit = 1; limit <= 1000; limit++) {
		count = rayos_lb_passive_probation(limit);
		KUNIT_EXPECT_FALSE(test, rayos_lb_passive_down(count, limit));
		KUNIT_EXPECT_TRUE(test, rayos_lb_passive_down(count + 1, limit));
	}
	KUNIT_EXPECT_EQ(test, rayos_lb_passive_streak(rayos_lb_passive_probation(0)),
			0);
}

static void silence_is_longer_than_a_copy_takes(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, rayos_lb_passive_silent(0));
	KUNIT_EXPECT_FALSE(test, rayos_lb_passive_silent(SECOND_UNITS / 5));
	KUNIT_EXPECT_FALSE(test, rayos_lb_passive_silent(SECOND_UNITS / 2 - 1));
	/* the shortest time after which a client tries again */
	KUNIT_EXPECT_TRUE(test, rayos_lb_passive_silent(SECOND_UNITS * 9 / 10));
	KUNIT_EXPECT_TRUE(test, rayos_lb_passive_silent(U32_MAX));
}

/* Flows --------------------------------------------------------------------- */

/* A flow whose failure proves something */
static struct rayos_lb_flow *proof(struct rayos_lb_balancer *balancer, u16 port)
{
	struct rayos_lb_flow *flow = fixture_connect(balancer, 1, port);

	if (flow)
		set_bit(RAYOS_LB_FLOW_PROOF, &flow->flags);
	return flow;
}

static void refuse(struct rayos_lb_balancer *balancer, u16 port)
{
	struct rayos_lb_flow *flow = proof(balancer, port);

	if (flow)
		fixture_observe(flow, RAYOS_LB_REPLY,
				RAYOS_LB_TH_RST | RAYOS_LB_TH_ACK, 0);
}

static u32 streak(const struct rayos_lb_backend *backend)
{
	return rayos_lb_passive_streak(atomic_read(&backend->failures));
}

/* Whoever does it, the namespace's own work or this */
static u32 state_at(struct rayos_lb_backend *backend, u64 now)
{
	fixture_refresh(backend, now);
	return READ_ONCE(backend->state);
}

static struct rayos_lb_backend *one(struct kunit *test, u32 passive)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);

	balancer->passive = passive;
	return fixture_backend(test, balancer, 1, 1);
}

static void refused_until_held(struct kunit *test)
{
	struct rayos_lb_backend *backend = one(test, 3);
	struct rayos_lb_balancer *balancer = backend->balancer;
	u64 began = ktime_get_ns();

	refuse(balancer, 1024);
	refuse(balancer, 1025);
	KUNIT_EXPECT_EQ(test, streak(backend), 2);
	KUNIT_EXPECT_EQ(test, state_at(backend, began), RAYOS_LB_STATE_HEALTHY);
	refuse(balancer, 1026);
	KUNIT_EXPECT_EQ(test, state_at(backend, ktime_get_ns()),
			RAYOS_LB_STATE_UNHEALTHY);
	KUNIT_EXPECT_EQ(test, backend->prober.result,
			RAYOS_LB_CHECK_RESULT_PASSIVE);
	KUNIT_EXPECT_GE(test, backend->until, began + 10 * NSEC_PER_SEC);
	KUNIT_EXPECT_NULL(test, fixture_connect(balancer, 1, 1027));
	KUNIT_EXPECT_EQ(test, state_at(backend, backend->until - 1),
			RAYOS_LB_STATE_UNHEALTHY);
	KUNIT_EXPECT_EQ(test, state_at(backend, backend->until),
			RAYOS_LB_STATE_HEALTHY);
	KUNIT_EXPECT_EQ(test, streak(backend), 2);
}

static void trial_that_fails_and_one_that_succeeds(struct kunit *test)
{
	struct rayos_lb_backend *backend = one(test, 1);
	struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_flow *flow;
	u64 hold;

	refuse(balancer, 1024);
	state_at(backend, ktime_get_ns());
	state_at(backend, backend->until);
	hold = backend->hold;
	refuse(balancer, 1025);
	KUNIT_EXPECT_EQ(test, state_at(backend, ktime_get_ns()),
			RAYOS_LB_STATE_UNHEALTHY);
	KUNIT_EXPECT_EQ(test, backend->hold, 2 * hold);

	state_at(backend, backend->until);
	flow = proof(balancer, 1026);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	fixture_observe(flow, RAYOS_LB_REPLY, RAYOS_LB_TH_SYN | RAYOS_LB_TH_ACK, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->failures), 0);
	refuse(balancer, 1027);
	state_at(backend, ktime_get_ns());
	KUNIT_EXPECT_EQ(test, backend->hold, hold);
}

static void success_breaks_the_streak(struct kunit *test)
{
	struct rayos_lb_backend *backend = one(test, 3);
	struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_flow *flow;
	u32 i;

	for (i = 0; i < 5; i++) {
		refuse(balancer, 1024 + 3 * i);
		refuse(balancer, 1025 + 3 * i);
		flow = proof(balancer, 1026 + 3 * i);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		fixture_observe(flow, RAYOS_LB_REPLY,
				RAYOS_LB_TH_SYN | RAYOS_LB_TH_ACK, 0);
		KUNIT_EXPECT_EQ(test, streak(backend), 0);
	}
	KUNIT_EXPECT_EQ(test, state_at(backend, ktime_get_ns()),
			RAYOS_LB_STATE_HEALTHY);
	KUNIT_EXPECT_EQ(test, fixture_counter(backend, RAYOS_LB_C_REFUSED), 10);
}

static void what_proves_nothing(struct kunit *test)
{
	struct rayos_lb_backend *backend = one(test, 1);
	struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_flow *flow;

	/* picked up in its middle, or begun with a flaw */
	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	fixture_observe(flow, RAYOS_LB_REPLY, RAYOS_LB_TH_RST, 0);
	/* the client resets it */
	flow = proof(balancer, 1025);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	fixture_observe(flow, RAYOS_LB_FORWARD, RAYOS_LB_TH_RST, 0);
	/* established, then reset */
	flow = proof(balancer, 1026);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	fixture_observe(flow, RAYOS_LB_REPLY, RAYOS_LB_TH_SYN | RAYOS_LB_TH_ACK, 0);
	fixture_observe(flow, RAYOS_LB_FORWARD, RAYOS_LB_TH_ACK, 0);
	fixture_observe(flow, RAYOS_LB_REPLY, RAYOS_LB_TH_RST, 0);
	/* forgotten without an answer, as its timeout does it */
	flow = proof(balancer, 1027);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	fixture_close(flow);
	KUNIT_EXPECT_EQ(test, streak(backend), 0);
	KUNIT_EXPECT_EQ(test, state_at(backend, ktime_get_ns()),
			RAYOS_LB_STATE_HEALTHY);
}

static void off_counts_nothing_and_releases(struct kunit *test)
{
	struct rayos_lb_backend *backend = one(test, 1);
	struct rayos_lb_balancer *balancer = backend->balancer;

	refuse(balancer, 1024);
	KUNIT_EXPECT_EQ(test, state_at(backend, ktime_get_ns()),
			RAYOS_LB_STATE_UNHEALTHY);
	balancer->passive = 0;
	KUNIT_EXPECT_EQ(test, state_at(backend, ktime_get_ns()),
			RAYOS_LB_STATE_HEALTHY);
	refuse(balancer, 1025);
	refuse(balancer, 1026);
	KUNIT_EXPECT_EQ(test, streak(backend), 0);
	KUNIT_EXPECT_EQ(test, state_at(backend, ktime_get_ns()),
			RAYOS_LB_STATE_HEALTHY);
}

static void checks_bring_it_back(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend;

	/* none of its own before this test is over */
	balancer->health.probe = RAYOS_LB_PROBE_TCP;
	balancer->health.interval = 3600 * NSEC_PER_SEC;
	balancer->passive = 2;
	backend = fixture_backend(test, balancer, 1, 1);
	refuse(balancer, 1024);
	refuse(balancer, 1025);
	KUNIT_EXPECT_EQ(test, state_at(backend, ktime_get_ns()),
			RAYOS_LB_STATE_UNHEALTHY);
	KUNIT_EXPECT_FALSE(test, backend->held);
	KUNIT_EXPECT_TRUE(test, backend->prober.running);
	fixture_check(backend, true, balancer->health.rise - 1);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state),
			RAYOS_LB_STATE_UNHEALTHY);
	fixture_check(backend, true, 1);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state), RAYOS_LB_STATE_HEALTHY);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->failures), 0);
}

static void second_syn_is_silence(struct kunit *test)
{
	struct rayos_lb_backend *backend = one(test, 5);
	struct rayos_lb_flow *flow = proof(backend->balancer, 1024);

	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_EXPECT_FALSE(test, rayos_lb_evidence_unanswered(flow));
	flow->stamp = rayos_lb_flow_clock() - SECOND_UNITS;
	KUNIT_EXPECT_TRUE(test, rayos_lb_evidence_unanswered(flow));
	/* a clock of another CPU that is ahead */
	flow->stamp = rayos_lb_flow_clock() + SECOND_UNITS;
	KUNIT_EXPECT_FALSE(test, rayos_lb_evidence_unanswered(flow));
	/* half of it is not seen */
	flow->mode = RAYOS_LB_MODE_DSR;
	flow->stamp = rayos_lb_flow_clock() - SECOND_UNITS;
	KUNIT_EXPECT_FALSE(test, rayos_lb_evidence_unanswered(flow));
	flow->mode = RAYOS_LB_MODE_NAT;
	rayos_lb_evidence_failed(flow);
	rayos_lb_evidence_failed(flow);
	KUNIT_EXPECT_EQ(test, streak(backend), 1);
}

static void udp_flow_counts_once(struct kunit *test)
{
	struct rayos_lb_balancer *balancer =
		fixture_balancer(test, 1, AF_INET, IPPROTO_UDP, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_flow *flow;
	u32 i;

	balancer->passive = 3;
	flow = proof(balancer, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	for (i = 1; i <= 2; i++) {
		rayos_lb_evidence_unreachable(flow);
		rayos_lb_evidence_unreachable(flow);
		KUNIT_EXPECT_EQ(test, streak(backend), 1);
		KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_UDP_NEW);
		fixture_observe(flow, RAYOS_LB_REPLY, 0, 1);
		KUNIT_EXPECT_EQ(test, streak(backend), 0);
		KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_UDP_OPEN);
	}
	balancer->passive = 0;
	rayos_lb_evidence_unreachable(flow);
	KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_UDP_OPEN);
}

static void on_down_cuts(struct kunit *test)
{
	struct rayos_lb_backend *backend = one(test, 1);
	struct rayos_lb_balancer *balancer = backend->balancer;
	struct rayos_lb_flow *flow = proof(balancer, 1024);

	KUNIT_ASSERT_NOT_NULL(test, flow);
	refuse(balancer, 1025);
	state_at(backend, ktime_get_ns());
	KUNIT_EXPECT_FALSE(test, test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags));
	state_at(backend, backend->until);
	balancer->on_down = RAYOS_LB_ON_DOWN_RESET;
	refuse(balancer, 1026);
	KUNIT_EXPECT_EQ(test, state_at(backend, ktime_get_ns()),
			RAYOS_LB_STATE_UNHEALTHY);
	KUNIT_EXPECT_TRUE(test, test_bit(RAYOS_LB_FLOW_KILLED, &flow->flags));
}

/* Packets ------------------------------------------------------------------- */

/* A SYN, and whether its fate proves anything */
static const struct syn_case {
	const char *name;
	u8 ttl;
	u32 payload;
	u32 options;	/* bytes of them in its network header */
	u8 flags;
	bool proof;
} syn_cases[] = {
	{ "flawless", 64, 0, 0, RAYOS_LB_TH_SYN, true },
	{ "has_come_far", 8, 0, 0, RAYOS_LB_TH_SYN, true },
	{ "may_not_arrive", 7, 0, 0, RAYOS_LB_TH_SYN, false },
	{ "has_data", 64, 1, 0, RAYOS_LB_TH_SYN, false },
	{ "has_options", 64, 0, 4, RAYOS_LB_TH_SYN, false },
	{ "is_an_answer", 64, 0, 0, RAYOS_LB_TH_SYN | RAYOS_LB_TH_ACK, false },
	{ "is_picked_up", 64, 0, 0, RAYOS_LB_TH_ACK, false },
};

static void syn_name(const struct syn_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(syn, syn_cases, syn_name);

/* Options of a SYN, and whether every server answers it in spite of them */
static const struct option_case {
	const char *name;
	u8 option[12];
	u32 len;
	bool plain;
} option_cases[] = {
	{ "none", {}, 0, true },
	{ "of_linux", { 2, 4, 5, 180, 4, 2, 1, 3, 3, 7 }, 10, true },
	{ "times", { 8, 10, 1, 2, 3, 4, 0, 0, 0, 0 }, 10, true },
	{ "end_and_rubbish", { 0, 19, 18 }, 3, true },
	{ "signature", { 19, 2 }, 2, false },
	{ "authentication", { 1, 29, 4, 0, 0 }, 5, false },
	{ "unknown", { 253, 2 }, 2, false },
	{ "wrong_length", { 2, 3, 5 }, 3, false },
	{ "no_length", { 1, 2 }, 2, false },
	{ "cut_short", { 2, 4, 5 }, 3, false },
	{ "length_of_zero", { 4, 0 }, 2, false },
};

static void option_name(const struct option_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(option, option_cases, option_name);

static void odd_options_prove_nothing(struct kunit *test)
{
	const struct option_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, rayos_lb_evidence_plain(c->option, c->len),
			c->plain);
}

/* Nobody but a backend, on its own link, can say that it fails */
static void only_its_link_speaks_for_a_backend(struct kunit *test)
{
	struct rayos_lb_backend *backend = one(test, 1);
	struct net_device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	bool here, there;

	KUNIT_ASSERT_NOT_NULL(test, dev);
	rcu_read_lock();
	here = rayos_lb_evidence_from(backend, NULL);
	there = rayos_lb_evidence_from(backend, dev);
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, here);
	KUNIT_EXPECT_FALSE(test, there);
}

static struct sk_buff *make_syn(const struct rayos_lb_pkt *pkt, u8 ttl)
{
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);
	struct tcphdr *th;
	struct iphdr *iph;

	if (!skb)
		return NULL;
	skb_reset_network_header(skb);
	iph = skb_put_zero(skb, pkt->thoff);
	th = skb_put_zero(skb, sizeof(*th));
	iph->version = 4;
	iph->ihl = pkt->thoff / 4;
	iph->ttl = ttl;
	iph->protocol = IPPROTO_TCP;
	iph->tot_len = htons(skb->len);
	iph->saddr = pkt->tuple.src.ip;
	iph->daddr = pkt->tuple.dst.ip;
	ip_send_check(iph);
	th->source = pkt->tuple.sport;
	th->dest = pkt->tuple.dport;
	th->doff = sizeof(*th) / 4;
	th->syn = 1;
	th->check = tcp_v4_check(sizeof(*th), iph->saddr, iph->daddr,
				 csum_partial(th, sizeof(*th), 0));
	return skb;
}

static void only_a_flawless_syn_proves(struct kunit *test)
{
	const struct syn_case *c = test->param_value;
	struct rayos_lb_backend *backend = one(test, 1);
	struct rayos_lb_flow *flow = fixture_connect(backend->balancer, 1, 1024);
	struct rayos_lb_pkt pkt = fixture_packet(backend->balancer, 1, 1024,
						 c->flags, c->payload);
	struct sk_buff *skb;

	KUNIT_ASSERT_NOT_NULL(test, flow);
	pkt.thoff += c->options;
	skb = make_syn(&pkt, c->ttl);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	rayos_lb_evidence_begin(flow, skb, &pkt);
	KUNIT_EXPECT_EQ(test, test_bit(RAYOS_LB_FLOW_PROOF, &flow->flags),
			c->proof);
	kfree_skb(skb);
}

static void damage_is_seen(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_pkt pkt = fixture_packet(balancer, 1, 1024,
						 RAYOS_LB_TH_SYN, 0);
	struct sk_buff *skb = make_syn(&pkt, 64);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_FALSE(test, rayos_lb_evidence_damaged(skb, &pkt));
	skb->ip_summed = CHECKSUM_NONE;
	((struct tcphdr *)(skb->data + pkt.thoff))->window ^= htons(1);
	KUNIT_EXPECT_TRUE(test, rayos_lb_evidence_damaged(skb, &pkt));
	/* a sum that its device would have completed */
	pkt.local_out = true;
	KUNIT_EXPECT_FALSE(test, rayos_lb_evidence_damaged(skb, &pkt));
	kfree_skb(skb);
}

/* Observers ----------------------------------------------------------------- */

static struct {
	u32 calls;
	unsigned long action;
	struct rayos_lb_change last;
	char name[RAYOS_LB_NAME_MAX + 1];
} heard;

static int hear(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct rayos_lb_change *change = data;

	heard.calls++;
	heard.action = action;
	heard.last = *change;
	strscpy(heard.name, change->balancer, sizeof(heard.name));
	return NOTIFY_DONE;
}

static void modules_are_told(struct kunit *test)
{
	struct notifier_block nb = { .notifier_call = hear };
	struct rayos_lb_backend *backend = one(test, 1);

	memset(&heard, 0, sizeof(heard));
	KUNIT_ASSERT_EQ(test, rayos_lb_register_notifier(&nb), 0);
	refuse(backend->balancer, 1024);
	state_at(backend, ktime_get_ns());
	KUNIT_EXPECT_EQ(test, heard.calls, 1);
	KUNIT_EXPECT_EQ(test, heard.action, RAYOS_LB_EVENT_STATE);
	KUNIT_EXPECT_STREQ(test, heard.name, "lb1");
	KUNIT_EXPECT_PTR_EQ(test, heard.last.net, &init_net);
	KUNIT_EXPECT_EQ(test, heard.last.family, AF_INET);
	KUNIT_EXPECT_EQ(test, heard.last.port, backend->addr.port);
	KUNIT_EXPECT_TRUE(test, rayos_lb_addr_equal(&heard.last.addr,
						    &backend->addr.addr));
	KUNIT_EXPECT_EQ(test, heard.last.old_state, RAYOS_LB_STATE_HEALTHY);
	KUNIT_EXPECT_EQ(test, heard.last.state, RAYOS_LB_STATE_UNHEALTHY);
	KUNIT_EXPECT_EQ(test, heard.last.reason, RAYOS_LB_CHECK_RESULT_PASSIVE);
	state_at(backend, backend->until);
	KUNIT_EXPECT_EQ(test, heard.calls, 2);
	KUNIT_EXPECT_EQ(test, heard.last.reason, RAYOS_LB_CHECK_RESULT_NONE);
	KUNIT_EXPECT_EQ(test, rayos_lb_unregister_notifier(&nb), 0);
	KUNIT_EXPECT_EQ(test, rayos_lb_unregister_notifier(&nb), -ENOENT);
	refuse(backend->balancer, 1025);
	state_at(backend, ktime_get_ns());
	KUNIT_EXPECT_EQ(test, heard.calls, 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(down_at_the_limit, down_gen_params),
	KUNIT_CASE(hold_doubles_up_to_a_bound),
	KUNIT_CASE(probation_is_one_failure),
	KUNIT_CASE(silence_is_longer_than_a_copy_takes),
	KUNIT_CASE(refused_until_held),
	KUNIT_CASE(trial_that_fails_and_one_that_succeeds),
	KUNIT_CASE(success_breaks_the_streak),
	KUNIT_CASE(what_proves_nothing),
	KUNIT_CASE(off_counts_nothing_and_releases),
	KUNIT_CASE(checks_bring_it_back),
	KUNIT_CASE(second_syn_is_silence),
	KUNIT_CASE(udp_flow_counts_once),
	KUNIT_CASE(on_down_cuts),
	KUNIT_CASE_PARAM(only_a_flawless_syn_proves, syn_gen_params),
	KUNIT_CASE_PARAM(odd_options_prove_nothing, option_gen_params),
	KUNIT_CASE(only_its_link_speaks_for_a_backend),
	KUNIT_CASE(damage_is_seen),
	KUNIT_CASE(modules_are_told),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_passive",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
