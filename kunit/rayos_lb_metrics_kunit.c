// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is counted of a flow's packets, packet by packet.
 */
#include <linux/delay.h>
#include <linux/ktime.h>

#include "fixture.h"

#define HEADERS	40
#define DATA	100

/* One packet a letter, the client's in capitals */
static const struct talk_case {
	const char *name;
	const char *packets;	/* S syn, X syn+ack, A ack, D data, F fin, R rst */
	u8 state;
	bool active;
	u32 requests;
	u32 refused;
	u32 resets;
	u32 connects;		/* timed */
	u32 first_bytes;	/* timed */
} talk_cases[] = {
	{ "syn", "S", RAYOS_LB_SYN, true },
	{ "syn_repeated", "SSS", RAYOS_LB_SYN, true },
	{ "answered", "Sx", RAYOS_LB_SYN_ACK, true, .connects = 1 },
	{ "answered_twice", "Sxx", RAYOS_LB_SYN_ACK, true, .connects = 1 },
	{ "answered_at_last", "SSSx", RAYOS_LB_SYN_ACK, true, .connects = 1 },
	{ "established", "SxA", RAYOS_LB_OPEN, true, .connects = 1 },
	{ "refused", "Sr", RAYOS_LB_RESET, false, .refused = 1 },
	{ "refused_twice", "Srr", RAYOS_LB_RESET, false, .refused = 1 },
	{ "client_gives_up", "SR", RAYOS_LB_RESET, false },
	{ "reset_in_handshake", "Sxr", RAYOS_LB_RESET, false, .connects = 1,
	  .resets = 1 },
	{ "reset_by_backend", "SxADdr", RAYOS_LB_RESET, false, .connects = 1,
	  .requests = 1, .first_bytes = 1, .resets = 1 },
	{ "reset_twice", "SxADrr", RAYOS_LB_RESET, false, .connects = 1,
	  .requests = 1, .resets = 1 },
	{ "reset_by_client", "SxADR", RAYOS_LB_RESET, false, .connects = 1,
	  .requests = 1 },
	{ "reset_by_both", "SxARr", RAYOS_LB_RESET, false, .connects = 1 },
	{ "reset_after_clients_fin", "SxAFr", RAYOS_LB_RESET, false,
	  .connects = 1, .resets = 1 },
	{ "reset_after_backends_fin", "SxAfr", RAYOS_LB_RESET, false,
	  .connects = 1, .resets = 1 },
	{ "reset_when_closed", "SxAFfr", RAYOS_LB_RESET, false, .connects = 1 },
	{ "one_request", "SxADd", RAYOS_LB_OPEN, true, .connects = 1,
	  .requests = 1, .first_bytes = 1 },
	{ "request_without_answer", "SxAD", RAYOS_LB_OPEN, true, .connects = 1,
	  .requests = 1 },
	{ "long_request", "SxADDDDd", RAYOS_LB_OPEN, true, .connects = 1,
	  .requests = 1, .first_bytes = 1 },
	{ "long_answer", "SxADddAdd", RAYOS_LB_OPEN, true, .connects = 1,
	  .requests = 1, .first_bytes = 1 },
	{ "three_requests", "SxADdDdADd", RAYOS_LB_OPEN, true, .connects = 1,
	  .requests = 3, .first_bytes = 3 },
	{ "acknowledged_first", "SxADad", RAYOS_LB_OPEN, true, .connects = 1,
	  .requests = 1, .first_bytes = 1 },
	{ "backend_speaks_first", "SxAd", RAYOS_LB_OPEN, true, .connects = 1 },
	{ "banner_then_request", "SxAdDd", RAYOS_LB_OPEN, true, .connects = 1,
	  .requests = 1, .first_bytes = 1 },
	{ "data_with_the_handshake", "SxD", RAYOS_LB_OPEN, true, .connects = 1,
	  .requests = 1 },
	{ "whole_connection", "SxADdFfA", RAYOS_LB_CLOSED, false, .connects = 1,
	  .requests = 1, .first_bytes = 1 },
	{ "closed_by_backend", "SxADdfAFa", RAYOS_LB_CLOSED, false,
	  .connects = 1, .requests = 1, .first_bytes = 1 },
	{ "half_closed_request", "SxADFd", RAYOS_LB_FIN_CLIENT, true,
	  .connects = 1, .requests = 1, .first_bytes = 1 },
	{ "silence_after_close", "SxAFfAaAa", RAYOS_LB_CLOSED, false,
	  .connects = 1 },
};

static void talk_name(const struct talk_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(talk, talk_cases, talk_name);

/* Plays the packets; returns how many of them were the client's */
static u32 play(struct rayos_lb_flow *flow, const char *packets)
{
	static const u8 flags[] = {
		['s' - 'a'] = RAYOS_LB_TH_SYN,
		['x' - 'a'] = RAYOS_LB_TH_SYN | RAYOS_LB_TH_ACK,
		['a' - 'a'] = RAYOS_LB_TH_ACK,
		['d' - 'a'] = RAYOS_LB_TH_ACK | 0x08,
		['f' - 'a'] = RAYOS_LB_TH_FIN | RAYOS_LB_TH_ACK,
		['r' - 'a'] = RAYOS_LB_TH_RST,
	};
	u32 forward = 0;

	for (; *packets; packets++) {
		bool reply = *packets & 0x20;
		char letter = *packets | 0x20;

		fixture_observe(flow, reply ? RAYOS_LB_REPLY : RAYOS_LB_FORWARD,
				flags[letter - 'a'], letter == 'd' ? DATA : 0);
		forward += !reply;
	}
	return forward;
}

static u32 data_packets(const char *packets, char letter)
{
	u32 n = 0;

	for (; *packets; packets++)
		n += *packets == letter;
	return n;
}

static void tcp_talk(struct kunit *test)
{
	const struct talk_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_stats *stats;
	struct rayos_lb_flow *flow;
	u32 in, out;

	stats = kunit_kzalloc(test, sizeof(*stats), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stats);
	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	in = play(flow, c->packets);
	out = strlen(c->packets) - in;
	fixture_counters(backend, stats);

	KUNIT_EXPECT_EQ(test, flow->state, c->state);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), c->active);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_PACKETS_IN], in);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_PACKETS_OUT], out);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_BYTES_IN],
			in * HEADERS + data_packets(c->packets, 'D') * DATA);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_BYTES_OUT],
			out * HEADERS + data_packets(c->packets, 'd') * DATA);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_CONNECTIONS], 1);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_REQUESTS], c->requests);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_REFUSED], c->refused);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_RESETS], c->resets);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_TIMEOUTS], 0);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_UNREACHABLE], 0);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_DROPPED], 0);
	KUNIT_EXPECT_EQ(test, stats->hist[RAYOS_LB_L_CONNECT].count, c->connects);
	KUNIT_EXPECT_EQ(test, stats->hist[RAYOS_LB_L_FIRST_BYTE].count,
			c->first_bytes);
}

static const u8 family_cases[] = { AF_INET, AF_INET6 };

static void family_name(const u8 *family, char *desc)
{
	strscpy(desc, *family == AF_INET ? "ipv4" : "ipv6",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(family, family_cases, family_name);

static void udp_talk(struct kunit *test)
{
	u8 family = *(const u8 *)test->param_value;
	struct rayos_lb_balancer *balancer =
		fixture_balancer(test, 1, family, IPPROTO_UDP, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	u32 headers = family == AF_INET ? 28 : 48;
	struct rayos_lb_stats *stats;
	struct rayos_lb_flow *flow;

	stats = kunit_kzalloc(test, sizeof(*stats), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stats);
	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	fixture_observe(flow, RAYOS_LB_FORWARD, 0, DATA);
	fixture_observe(flow, RAYOS_LB_FORWARD, 0, DATA);
	KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_UDP_NEW);
	fixture_observe(flow, RAYOS_LB_REPLY, 0, 3 * DATA);
	fixture_observe(flow, RAYOS_LB_FORWARD, 0, DATA);
	KUNIT_EXPECT_EQ(test, flow->state, RAYOS_LB_UDP_OPEN);

	fixture_counters(backend, stats);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_PACKETS_IN], 3);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_BYTES_IN],
			3 * (headers + DATA));
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_PACKETS_OUT], 1);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_BYTES_OUT],
			headers + 3 * DATA);
	KUNIT_EXPECT_EQ(test, stats->counter[RAYOS_LB_C_REQUESTS], 2);
	KUNIT_EXPECT_EQ(test, stats->hist[RAYOS_LB_L_FIRST_BYTE].count, 1);
	KUNIT_EXPECT_EQ(test, stats->hist[RAYOS_LB_L_CONNECT].count, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&backend->active), 1);
}

/* Times are those that went by, not more than the test itself took */
static void times_are_true(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	const u64 slack = 2 * NSEC_PER_USEC;
	struct rayos_lb_stats *stats;
	struct rayos_lb_hist *hist;
	struct rayos_lb_flow *flow;
	u64 begin, took;

	stats = kunit_kzalloc(test, sizeof(*stats), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stats);

	begin = ktime_get_ns();
	flow = fixture_connect(balancer, 1, 1024);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	msleep(60);
	fixture_observe(flow, RAYOS_LB_REPLY, RAYOS_LB_TH_SYN | RAYOS_LB_TH_ACK,
			0);
	took = ktime_get_ns() - begin;
	fixture_counters(backend, stats);
	hist = &stats->hist[RAYOS_LB_L_CONNECT];
	KUNIT_EXPECT_GE(test, hist->max, 55 * NSEC_PER_MSEC);
	KUNIT_EXPECT_LE(test, hist->max, took + slack);
	KUNIT_EXPECT_EQ(test, hist->sum, hist->max);

	begin = ktime_get_ns();
	fixture_observe(flow, RAYOS_LB_FORWARD, RAYOS_LB_TH_ACK, DATA);
	msleep(120);
	fixture_observe(flow, RAYOS_LB_REPLY, RAYOS_LB_TH_ACK, DATA);
	took = ktime_get_ns() - begin;
	fixture_counters(backend, stats);
	hist = &stats->hist[RAYOS_LB_L_FIRST_BYTE];
	KUNIT_EXPECT_GE(test, hist->max, 115 * NSEC_PER_MSEC);
	KUNIT_EXPECT_LE(test, hist->max, took + slack);
}

/* The sum over a balancer is that of its backends, those gone included */
static void totals_add_up(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend[4];
	struct rayos_lb_flow *flow;
	u64 sum = 0;
	u32 i;

	fixture_backends(test, balancer, backend, 4);
	for (i = 0; i < 40; i++) {
		flow = fixture_connect(balancer, i, 1024);
		KUNIT_ASSERT_NOT_NULL(test, flow);
		play(flow, "SxADdFfA");
		fixture_close(flow);
	}
	fixture_settle();
	for (i = 0; i < 4; i++)
		sum += fixture_counter(backend[i], RAYOS_LB_C_BYTES_IN);
	KUNIT_EXPECT_EQ(test, sum, 40 * (5 * HEADERS + DATA));
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_BYTES_IN),
				sum);
		fixture_remove(backend[i], false);
	}
	for (i = 0; i < 50 && !list_empty_careful(&balancer->ln->removed); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_BYTES_IN), sum);
	KUNIT_EXPECT_EQ(test, fixture_total(balancer, RAYOS_LB_C_CONNECTIONS), 40);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(tcp_talk, talk_gen_params),
	KUNIT_CASE_PARAM(udp_talk, family_gen_params),
	KUNIT_CASE(times_are_true),
	KUNIT_CASE(totals_add_up),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_metrics",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
