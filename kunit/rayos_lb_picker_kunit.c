// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that are not ours: programs, and those of other modules.
 */
#include <linux/filter.h>
#include <linux/module.h>
#include <linux/string.h>

#include "fixture.h"
#include "picker.h"
#include "program.h"

#define LD(size, k)	BPF_STMT(BPF_LD | BPF_##size | BPF_ABS, k)
#define RET_A		BPF_STMT(BPF_RET | BPF_A, 0)
#define RET_K(k)	BPF_STMT(BPF_RET | BPF_K, k)
#define SERVERS		3

/* A program that returns what is at each offset of the view */
static const struct view_case {
	const char *name;
	u8 family;
	u16 size;
	u32 offset;
	u32 value;
} view_cases[] = {
	{ "client", AF_INET, BPF_W, RAYOS_LB_VIEW_CLIENT, 0xc6120001 },
	{ "client_rest", AF_INET, BPF_W, RAYOS_LB_VIEW_CLIENT + 4, 0 },
	{ "client6", AF_INET6, BPF_W, RAYOS_LB_VIEW_CLIENT, 0x20010db8 },
	{ "client6_end", AF_INET6, BPF_W, RAYOS_LB_VIEW_CLIENT + 12, 1 },
	{ "vip", AF_INET, BPF_W, RAYOS_LB_VIEW_VIP, 0xc0000202 },
	{ "vip6_end", AF_INET6, BPF_W, RAYOS_LB_VIEW_VIP + 12, 2 },
	{ "client_port", AF_INET, BPF_H, RAYOS_LB_VIEW_CLIENT_PORT, 12345 },
	{ "port", AF_INET, BPF_H, RAYOS_LB_VIEW_PORT, 80 },
	{ "proto", AF_INET, BPF_B, RAYOS_LB_VIEW_PROTO, IPPROTO_UDP },
	{ "version", AF_INET, BPF_B, RAYOS_LB_VIEW_VERSION, 4 },
	{ "version6", AF_INET6, BPF_B, RAYOS_LB_VIEW_VERSION, 6 },
	{ "backends", AF_INET, BPF_H, RAYOS_LB_VIEW_BACKENDS, 7 },
	{ "client_hash", AF_INET, BPF_W, RAYOS_LB_VIEW_CLIENT_HASH, 0x55667788 },
	{ "flow_hash", AF_INET, BPF_W, RAYOS_LB_VIEW_FLOW_HASH, 0xddeeff00 },
	{ "last_byte", AF_INET, BPF_B, RAYOS_LB_VIEW_LEN - 1, 0 },
};

static void view_name(const struct view_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(view, view_cases, view_name);

static u32 run(struct kunit *test, const struct sock_filter *insns, u32 nr,
	       const struct rayos_lb_pick_ctx *ctx)
{
	struct rayos_lb_pool pool = { .nr = 7 };
	struct rayos_lb_program *program;
	u32 result;

	program = rayos_lb_program_new(insns, nr, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(program));
	pool.program = program;
	local_bh_disable();
	rcu_read_lock();
	result = rayos_lb_program_pick(&pool, ctx);
	rcu_read_unlock();
	local_bh_enable();
	rayos_lb_program_put(program);
	return result;
}

static void program_sees_the_flow(struct kunit *test)
{
	const struct view_case *c = test->param_value;
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_ABS | c->size, c->offset), RET_A,
	};
	struct rayos_lb_endpoint client = fixture_vip(c->family, 1);
	struct rayos_lb_endpoint vip = fixture_vip(c->family, 2);
	const struct rayos_lb_pick_ctx ctx = {
		.client = &client.addr,
		.vip = &vip.addr,
		.client_port = htons(12345),
		.vip_port = htons(80),
		.family = c->family,
		.l4 = IPPROTO_UDP,
		.client_hash = 0x1122334455667788ULL,
		.flow_hash = 0x99aabbccddeeff00ULL,
	};

	if (c->family == AF_INET)
		client.addr.ip = htonl(0xc6120001);
	KUNIT_EXPECT_EQ(test, run(test, insns, 2, &ctx), c->value);
}

/* A calculated load which leads elsewhere ends it with 0, and len is the view's */
static void program_stays_within(struct kunit *test)
{
	static const struct sock_filter beyond[] = {
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, RAYOS_LB_VIEW_LEN),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
		RET_K(9),
	};
	static const struct sock_filter negative[] = {
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, (u32)SKF_LL_OFF),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, (u32)-8),
		RET_K(9),
	};
	static const struct sock_filter len[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), RET_A,
	};
	struct rayos_lb_endpoint vip = fixture_vip(AF_INET, 1);
	const struct rayos_lb_pick_ctx ctx = {
		.client = &vip.addr, .vip = &vip.addr, .family = AF_INET,
	};

	KUNIT_EXPECT_EQ(test, run(test, beyond, 3, &ctx), 0);
	KUNIT_EXPECT_EQ(test, run(test, negative, 3, &ctx), 0);
	KUNIT_EXPECT_EQ(test, run(test, len, 2, &ctx), RAYOS_LB_VIEW_LEN);
}

static const struct bad_case {
	const char *name;
	struct sock_filter insns[2];
	u32 nr;
} bad_cases[] = {
	{ "no_return", { LD(W, 0) }, 1 },
	{ "unknown_code", { { 0xffff, 0, 0, 0 }, RET_A }, 2 },
	{ "jump_out", { BPF_JUMP(BPF_JMP | BPF_JA, 5, 0, 0), RET_A }, 2 },
	{ "division_by_zero", { BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RET_A }, 2 },
	{ "word_across_the_end", { LD(W, RAYOS_LB_VIEW_LEN - 3), RET_A }, 2 },
	{ "byte_after_the_end", { LD(B, RAYOS_LB_VIEW_LEN), RET_A }, 2 },
	{ "far_away", { LD(W, 0x7fffffff), RET_A }, 2 },
	{ "network_header", { LD(W, (u32)SKF_NET_OFF), RET_A }, 2 },
	{ "link_header", { LD(W, (u32)SKF_LL_OFF), RET_A }, 2 },
	{ "pay_offset", { LD(W, (u32)(SKF_AD_OFF + SKF_AD_PAY_OFFSET)), RET_A }, 2 },
	{ "device", { LD(W, (u32)(SKF_AD_OFF + SKF_AD_IFINDEX)), RET_A }, 2 },
	{ "msh_outside",
	  { BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, RAYOS_LB_VIEW_LEN), RET_A }, 2 },
};

static void bad_name(const struct bad_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bad, bad_cases, bad_name);

static void bad_program_is_refused(struct kunit *test)
{
	const struct bad_case *c = test->param_value;
	struct netlink_ext_ack extack = {};

	KUNIT_EXPECT_EQ(test,
			PTR_ERR(rayos_lb_program_new(c->insns, c->nr, &extack)),
			-EINVAL);
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
}

static void extensions_that_are_there(struct kunit *test)
{
	static const struct sock_filter random[] = {
		LD(W, (u32)(SKF_AD_OFF + SKF_AD_RANDOM)), RET_A,
	};
	static const struct sock_filter cpu[] = {
		LD(W, (u32)(SKF_AD_OFF + SKF_AD_CPU)), RET_A,
	};
	struct rayos_lb_endpoint vip = fixture_vip(AF_INET, 1);
	const struct rayos_lb_pick_ctx ctx = {
		.client = &vip.addr, .vip = &vip.addr, .family = AF_INET,
	};
	u32 i, same = 0, first = run(test, random, 2, &ctx);

	for (i = 0; i < 8; i++)
		same += run(test, random, 2, &ctx) == first;
	KUNIT_EXPECT_LT(test, same, 8);
	KUNIT_EXPECT_LT(test, run(test, cpu, 2, &ctx), nr_cpu_ids);
}

static void longest_program(struct kunit *test)
{
	struct sock_filter *insns;
	struct rayos_lb_endpoint vip = fixture_vip(AF_INET, 1);
	const struct rayos_lb_pick_ctx ctx = {
		.client = &vip.addr, .vip = &vip.addr, .family = AF_INET,
	};
	u32 i;

	insns = kunit_kcalloc(test, BPF_MAXINSNS, sizeof(*insns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, insns);
	insns[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
	for (i = 1; i < BPF_MAXINSNS - 1; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1);
	insns[i] = (struct sock_filter)RET_A;
	KUNIT_EXPECT_EQ(test, run(test, insns, BPF_MAXINSNS, &ctx),
			BPF_MAXINSNS - 2);
}

/* Balancers */
static void set_picker(struct kunit *test, struct rayos_lb_balancer *balancer,
		       u32 policy, const struct rayos_lb_picker *picker)
{
	struct rayos_lb_settings settings;

	rayos_lb_balancer_settings(balancer, &settings);
	rayos_lb_settings_put(&settings);
	settings.policy = policy;
	settings.picker = *picker;
	KUNIT_EXPECT_TRUE(test, rayos_lb_balancer_apply(balancer, &settings));
	rayos_lb_settings_put(&settings);
	KUNIT_ASSERT_EQ(test, fixture_publish(balancer), 0);
}

static void set_program(struct kunit *test, struct rayos_lb_balancer *balancer,
			const struct sock_filter *insns, u32 nr)
{
	struct rayos_lb_picker picker = {
		.program = rayos_lb_program_new(insns, nr, NULL),
	};

	KUNIT_ASSERT_FALSE(test, IS_ERR(picker.program));
	set_picker(test, balancer, RAYOS_LB_POLICY_CUSTOM, &picker);
}

static void program_picks(struct kunit *test)
{
	static const struct sock_filter by_port[] = {
		LD(H, RAYOS_LB_VIEW_CLIENT_PORT),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 1),
		RET_A,
	};
	static const struct sock_filter seven[] = { RET_K(7) };
	static const struct sock_filter turn[] = { RET_K(RAYOS_LB_PICK_TURN) };
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[SERVERS];
	u32 i;

	fixture_backends(test, balancer, backend, SERVERS);
	set_program(test, balancer, by_port, ARRAY_SIZE(by_port));
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, i, 1000 + i),
				    backend[i % 2]);
	/* modulo the number of backends, of which one is left out */
	set_program(test, balancer, seven, 1);
	KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 1), backend[1]);
	fixture_check(backend[0], false, 3);
	KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 1), backend[2]);
	fixture_check(backend[0], true, 2);
	/* no opinion */
	set_program(test, balancer, turn, 1);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_NOT_NULL(test, fixture_connect(balancer, i, 2));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&backend[i]->active), 1);
}

/* A flow that began with one program is not disturbed by the next */
static void program_is_replaced(struct kunit *test)
{
	static const struct sock_filter first[] = { RET_K(0) };
	static const struct sock_filter second[] = { RET_K(1) };
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[SERVERS];
	struct rayos_lb_flow *flow;
	u32 i;

	fixture_backends(test, balancer, backend, SERVERS);
	set_program(test, balancer, first, 1);
	flow = fixture_connect(balancer, 1, 1);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	for (i = 0; i < 50; i++)
		set_program(test, balancer, i % 2 ? first : second, 1);
	set_program(test, balancer, second, 1);
	fixture_settle();
	KUNIT_EXPECT_PTR_EQ(test, fixture_connect(balancer, 1, 1), flow);
	KUNIT_EXPECT_PTR_EQ(test, flow->backend, backend[0]);
	KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, 1, 2), backend[1]);
}

static void same_program_is_known(struct kunit *test)
{
	static const struct sock_filter insns[] = { LD(W, 0), RET_A };
	static const struct sock_filter other[] = { LD(W, 4), RET_A };
	struct rayos_lb_program *a = rayos_lb_program_new(insns, 2, NULL);
	struct rayos_lb_program *b = rayos_lb_program_new(insns, 2, NULL);
	struct rayos_lb_program *c = rayos_lb_program_new(other, 2, NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(a) || IS_ERR(b) || IS_ERR(c));
	KUNIT_EXPECT_TRUE(test, rayos_lb_program_equal(a, b));
	KUNIT_EXPECT_FALSE(test, rayos_lb_program_equal(a, c));
	KUNIT_EXPECT_FALSE(test, rayos_lb_program_equal(a, NULL));
	KUNIT_EXPECT_TRUE(test, rayos_lb_program_equal(NULL, NULL));
	rayos_lb_program_put(a);
	rayos_lb_program_put(b);
	rayos_lb_program_put(c);
}

/* Policies of other modules, of which this is one */
static u32 last_of_pool(const struct rayos_lb_pool *pool, u64 key)
{
	return pool->nr - 1;
}

static u32 out_of_range(const struct rayos_lb_pool *pool,
			const struct rayos_lb_pick_ctx *ctx)
{
	return 3 * pool->nr + 1;
}

static u32 too_long(const struct rayos_lb_pool *pool)
{
	return U32_MAX;
}

static void build_last(struct rayos_lb_pool *pool)
{
	memset16(pool->table, pool->nr - 1, pool->table_len);
}

static u32 from_table(const struct rayos_lb_pool *pool, u64 key)
{
	return pool->table[(u32)key % pool->table_len];
}

static const struct rayos_lb_policy_ops last = {
	.name = "last", .owner = THIS_MODULE, .pick = last_of_pool,
};

static const struct rayos_lb_policy_ops far = {
	.name = "far", .owner = THIS_MODULE, .pick_flow = out_of_range,
};

static const struct rayos_lb_policy_ops table = {
	.name = "table", .owner = THIS_MODULE, .key = RAYOS_LB_KEY_FLOW,
	.table_max = 16, .table_len = too_long, .build = build_last,
	.pick = from_table,
};

static void registered_policy_picks(struct kunit *test)
{
	static const struct rayos_lb_policy_ops *const policies[] = {
		&last, &far, &table,
	};
	static const u32 who[] = { 2, 1, 2 };
	struct rayos_lb_balancer *balancer =
		fixture_tcp(test, RAYOS_LB_POLICY_ROUND_ROBIN);
	struct rayos_lb_backend *backend[SERVERS];
	struct rayos_lb_picker picker = {}, none = {};
	int refs = module_refcount(THIS_MODULE);
	u32 i;

	fixture_backends(test, balancer, backend, SERVERS);
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		KUNIT_ASSERT_EQ(test, rayos_lb_register_policy(policies[i]), 0);
		picker.ops = rayos_lb_registered_get(policies[i]->name);
		KUNIT_EXPECT_PTR_EQ(test, picker.ops, policies[i]);
		if (picker.ops)
			set_picker(test, balancer, RAYOS_LB_POLICY_MODULE,
				   &picker);
		KUNIT_EXPECT_PTR_EQ(test, fixture_server_of(balancer, i, 1),
				    backend[who[i]]);
		/* the balancer and its snapshot keep the module here */
		KUNIT_EXPECT_GE(test, module_refcount(THIS_MODULE), refs + 2);
	}
	set_picker(test, balancer, RAYOS_LB_POLICY_MAGLEV, &none);
	fixture_settle();
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs);
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		rayos_lb_unregister_policy(policies[i]);
		KUNIT_EXPECT_NULL(test,
				  rayos_lb_registered_get(policies[i]->name));
	}
}

static const struct ops_case {
	const char *name;
	struct rayos_lb_policy_ops ops;
} ops_cases[] = {
	{ "no_name", { .owner = THIS_MODULE, .pick = last_of_pool } },
	{ "empty_name", { .name = "", .owner = THIS_MODULE, .pick = last_of_pool } },
	{ "long_name", { .name = "abcdefghijklmnopqrstuvwxyz012345",
			 .owner = THIS_MODULE, .pick = last_of_pool } },
	{ "blank", { .name = "a b", .owner = THIS_MODULE, .pick = last_of_pool } },
	{ "quote", { .name = "a\"b", .owner = THIS_MODULE, .pick = last_of_pool } },
	{ "no_owner", { .name = "x", .pick = last_of_pool } },
	{ "no_pick", { .name = "x", .owner = THIS_MODULE } },
	{ "table_without_build", { .name = "x", .owner = THIS_MODULE,
				   .pick = last_of_pool, .table_max = 1,
				   .table_len = too_long } },
	{ "build_without_table", { .name = "x", .owner = THIS_MODULE,
				   .pick = last_of_pool, .build = build_last } },
	{ "table_too_long", { .name = "x", .owner = THIS_MODULE,
			      .pick = last_of_pool, .build = build_last,
			      .table_len = too_long, .table_max = U32_MAX } },
	{ "stateless_by_more_than_a_key", { .name = "x", .owner = THIS_MODULE,
					    .stateless = true,
					    .pick_flow = out_of_range } },
	{ "ramp", { .name = "x", .owner = THIS_MODULE, .pick = last_of_pool,
		    .ramp = &last } },
};

static void ops_name(const struct ops_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ops, ops_cases, ops_name);

static void bad_policy_is_refused(struct kunit *test)
{
	const struct ops_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, rayos_lb_register_policy(&c->ops), -EINVAL);
}

static void name_is_unique(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, rayos_lb_register_policy(&last), 0);
	KUNIT_EXPECT_EQ(test, rayos_lb_register_policy(&last), -EEXIST);
	rayos_lb_unregister_policy(&last);
	KUNIT_ASSERT_EQ(test, rayos_lb_register_policy(&last), 0);
	rayos_lb_unregister_policy(&last);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(program_sees_the_flow, view_gen_params),
	KUNIT_CASE(program_stays_within),
	KUNIT_CASE_PARAM(bad_program_is_refused, bad_gen_params),
	KUNIT_CASE(extensions_that_are_there),
	KUNIT_CASE(longest_program),
	KUNIT_CASE(program_picks),
	KUNIT_CASE(program_is_replaced),
	KUNIT_CASE(same_program_is_known),
	KUNIT_CASE(registered_policy_picks),
	KUNIT_CASE_PARAM(bad_policy_is_refused, ops_gen_params),
	KUNIT_CASE(name_is_unique),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_picker",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
