// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rates: averages that forget, whenever they are sampled.
 */
#include <linux/delay.h>

#include "fixture.h"

#define TAU	(RAYOS_LB_RATE_TAU_MS * (u64)NSEC_PER_MSEC)

/* Time and counters of a test, at no particular time */
struct clock {
	struct rayos_lb_rates rates;
	u64 now;
	u64 counter[RAYOS_LB_C_NR];
};

static struct clock *new_clock(struct kunit *test)
{
	struct clock *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->now = 1234567890123ULL;
	rayos_lb_rate_begin(&c->rates, c->now);
	return c;
}

/* Later by @ms, with @n more connections */
static void pass(struct clock *c, u32 ms, u64 n)
{
	c->now += ms * (u64)NSEC_PER_MSEC;
	c->counter[RAYOS_LB_C_CONNECTIONS] += n;
	rayos_lb_rate_sample(&c->rates, c->counter, c->now);
}

static u64 rate(const struct clock *c)
{
	return c->rates.average[RAYOS_LB_R_CONNECTIONS];
}

/* In thousandths per second, and so many of these off */
static void expect_near(struct kunit *test, u64 is, u64 should, u64 off)
{
	KUNIT_EXPECT_GE(test, is + off, should);
	KUNIT_EXPECT_LE(test, is, should + off);
}

static const struct steady_case {
	const char *name;
	u32 ms;
	u64 n;
} steady_cases[] = {
	{ "one_a_second", 1000, 1 },
	{ "one_in_three_seconds", 3000, 1 },
	{ "hundred_a_second", 1000, 100 },
	{ "hundred_a_tenth", 100, 100 },
	{ "million_a_second", 1000, 1000000 },
	{ "as_bytes_of_400_gigabit", 1000, 50000000000ULL },
};

static void steady_name(const struct steady_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(steady, steady_cases, steady_name);

static void constant_rate_converges(struct kunit *test)
{
	const struct steady_case *s = test->param_value;
	u64 should = div_u64(s->n * 1000000, s->ms);
	struct clock *c = new_clock(test);
	u64 last = 0, passed;

	for (passed = 0; passed < 400000; passed += s->ms) {
		pass(c, s->ms, s->n);
		KUNIT_EXPECT_GE(test, rate(c), last);
		last = rate(c);
	}
	expect_near(test, rate(c), should, should >> 40);
}

/* After one time constant 1 - 1/e of a step is seen; each sample is rounded */
static void step_response(struct kunit *test)
{
	struct clock *c = new_clock(test);
	int i;

	for (i = 0; i < 10; i++)
		pass(c, 1000, 100);
	expect_near(test, rate(c), 63212, 10);
	for (i = 0; i < 10; i++)
		pass(c, 1000, 100);
	expect_near(test, rate(c), 86466, 20);
	for (i = 0; i < 10; i++)
		pass(c, 1000, 0);
	expect_near(test, rate(c), 31809, 30);
}

/* The work may be late, early, or not come for a long time */
static void irregular_equals_regular(struct kunit *test)
{
	struct clock *regular = new_clock(test), *irregular = new_clock(test);
	u64 seed = 1;
	u32 ms, left;
	int i;

	for (i = 0; i < 60; i++)
		pass(regular, 1000, 100);
	for (left = 60000; left; left -= ms) {
		ms = 100 + next_random(&seed) % 290 * 10;
		if (ms > left || left - ms < 100)
			ms = left;
		pass(irregular, ms, ms / 10);
	}
	expect_near(test, rate(irregular), rate(regular), 60);
	/* one sample for all the time that nothing happened */
	for (i = 0; i < 25; i++)
		pass(regular, 1000, 0);
	pass(irregular, 25000, 0);
	expect_near(test, rate(irregular), rate(regular), 60);
}

static void zero_after_silence(struct kunit *test)
{
	struct clock *c = new_clock(test);
	int i;

	pass(c, 1000, U32_MAX);
	KUNIT_EXPECT_GT(test, rate(c), 0);
	for (i = 0; i < 600; i++)
		pass(c, 1000, 0);
	KUNIT_EXPECT_EQ(test, rate(c), 0);
	pass(c, 1000, U32_MAX);
	pass(c, 3600 * 1000, 0);
	KUNIT_EXPECT_EQ(test, rate(c), 0);
}

/* What has been counted meanwhile goes into the next sample */
static void old_clock_changes_nothing(struct kunit *test)
{
	struct clock *c = new_clock(test);
	struct rayos_lb_rates before;
	u64 counter;

	pass(c, 10000, 1000);
	before = c->rates;
	counter = c->counter[RAYOS_LB_C_CONNECTIONS]++;
	rayos_lb_rate_sample(&c->rates, c->counter, c->now);
	rayos_lb_rate_sample(&c->rates, c->counter, c->now - 1);
	rayos_lb_rate_sample(&c->rates, c->counter, c->now - TAU);
	rayos_lb_rate_sample(&c->rates, c->counter, c->now + NSEC_PER_MSEC);
	rayos_lb_rate_sample(&c->rates, c->counter, 0);
	KUNIT_EXPECT_EQ(test, memcmp(&c->rates, &before, sizeof(before)), 0);
	pass(c, 1000, 99);
	KUNIT_EXPECT_EQ(test, c->rates.count[RAYOS_LB_R_CONNECTIONS],
			counter + 100);
	expect_near(test, rate(c), 66713, 3);
}

static void smaller_counter_has_not_grown(struct kunit *test)
{
	struct clock *c = new_clock(test);

	pass(c, 10000, 1000);
	c->counter[RAYOS_LB_C_CONNECTIONS] = 10;
	pass(c, 10000, 0);
	expect_near(test, rate(c), 23254, 2);
	/* and grows again from where it is */
	pass(c, 10000, 1000);
	expect_near(test, rate(c), 71767, 3);
}

static void overflow(struct kunit *test)
{
	struct clock *c = new_clock(test);
	int i;

	pass(c, 100, U64_MAX);
	KUNIT_EXPECT_GT(test, rate(c), U64_MAX / 1000);
	for (i = 0; i < 100; i++) {
		c->rates.count[RAYOS_LB_R_CONNECTIONS] = 0;
		pass(c, 1000, 0);
	}
	KUNIT_EXPECT_GT(test, rate(c), U64_MAX / 2);
	/* counted over more time than there are microseconds in 32 bits */
	c = new_clock(test);
	c->now += 4 * 3600 * (u64)NSEC_PER_SEC;
	pass(c, 0, 14400 * 5);
	expect_near(test, rate(c), 5000, 5);
	c->now = U64_MAX;
	pass(c, 0, 1);
	KUNIT_EXPECT_EQ(test, rate(c), 0);
	KUNIT_EXPECT_EQ(test, rayos_lb_rate_errors(&c->rates), 0);
}

static const struct error_case {
	const char *name;
	u64 connections;
	u64 refused;
	u64 timeouts;
	u64 resets;
	u64 unreachable;
	u64 dropped;
	u32 ppm;
} error_cases[] = {
	{ "nothing_tried", .ppm = 0 },
	{ "nothing_wrong", 1000, .ppm = 0 },
	{ "one_of_each", 996, 1, 1, 1, 1, 4, .ppm = 8000 },
	{ "one_in_a_million", 1000000, 1, .ppm = 1 },
	{ "all_refused", 7, 7, .ppm = 1000000 },
	{ "all_dropped", .dropped = 3, .ppm = 1000000 },
	{ "more_than_was_tried", 10, .timeouts = 1000, .ppm = 1000000 },
	{ "errors_of_long_ago", .timeouts = 10, .ppm = 0 },
	{ "a_third", 3000000000ULL, 1000000000ULL, .ppm = 333333 },
};

static void error_name(const struct error_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(error, error_cases, error_name);

static void share_of_errors(struct kunit *test)
{
	const struct error_case *e = test->param_value;
	struct clock *c = new_clock(test);
	int i;

	c->counter[RAYOS_LB_C_REFUSED] = e->refused;
	c->counter[RAYOS_LB_C_TIMEOUTS] = e->timeouts;
	c->counter[RAYOS_LB_C_RESETS] = e->resets;
	c->counter[RAYOS_LB_C_UNREACHABLE] = e->unreachable;
	c->counter[RAYOS_LB_C_DROPPED] = e->dropped;
	pass(c, 1000, e->connections);
	expect_near(test, rayos_lb_rate_errors(&c->rates), e->ppm, 1);
	/* it is of the same moments, so it does not change as they fade */
	for (i = 0; i < 20; i++)
		pass(c, 1000, 0);
	expect_near(test, rayos_lb_rate_errors(&c->rates), e->ppm,
		    1 + e->ppm / 1000);
	for (i = 0; i < 600; i++)
		pass(c, 1000, 0);
	KUNIT_EXPECT_EQ(test, rayos_lb_rate_errors(&c->rates), 0);
}

/* Wait until the namespace has taken @n more samples of a balancer */
static bool await_samples(const struct rayos_lb_balancer *balancer, u32 n)
{
	u64 when = READ_ONCE(balancer->rates.when), now;
	u32 i;

	for (i = 0; n && i < 1500; i++) {
		now = READ_ONCE(balancer->rates.when);
		n -= now != when;
		when = now;
		msleep(20);
	}
	return !n;
}

static u64 sampled(const struct rayos_lb_rates *rates)
{
	return READ_ONCE(rates->average[RAYOS_LB_R_CONNECTIONS]);
}

static void sampler_sees_what_is_counted(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *one = fixture_backend(test, balancer, 1, 1);
	struct rayos_lb_backend *two = fixture_backend(test, balancer, 2, 0);
	u32 i;

	for (i = 0; i < 500; i++)
		fixture_server_of(balancer, i, 1024);
	KUNIT_ASSERT_TRUE(test, await_samples(balancer, 2));
	KUNIT_EXPECT_GT(test, sampled(&one->rates), 0);
	KUNIT_EXPECT_GT(test, sampled(&balancer->rates), 0);
	KUNIT_EXPECT_EQ(test, sampled(&two->rates), 0);
}

/* Its counters go from one place to another and are counted once in all */
static void backend_that_goes_is_no_event(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);
	struct rayos_lb_backend *backend = fixture_backend(test, balancer, 1, 1);
	u64 before, after;
	u32 i;

	for (i = 0; i < 500; i++)
		fixture_server_of(balancer, i, 1024);
	KUNIT_ASSERT_TRUE(test, await_samples(balancer, 2));
	before = sampled(&balancer->rates);
	fixture_remove(backend, false);
	KUNIT_ASSERT_TRUE(test, await_samples(balancer, 3));
	after = sampled(&balancer->rates);
	KUNIT_EXPECT_GT(test, after, 0);
	KUNIT_EXPECT_LE(test, after, before);
}

static void no_balancer_no_sampler(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct rayos_lb_balancer *balancer;
	u32 i;

	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&f->ln.sample));
	balancer = fixture_tcp(test, 0);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&f->ln.sample));
	mutex_lock(&f->ln.lock);
	rayos_lb_balancer_del(balancer, false);
	mutex_unlock(&f->ln.lock);
	for (i = 0; i < 1500 && delayed_work_pending(&f->ln.sample); i++)
		msleep(20);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&f->ln.sample));
	balancer = fixture_tcp(test, 0);
	KUNIT_EXPECT_TRUE(test, await_samples(balancer, 1));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(constant_rate_converges, steady_gen_params),
	KUNIT_CASE(step_response),
	KUNIT_CASE(irregular_equals_regular),
	KUNIT_CASE(zero_after_silence),
	KUNIT_CASE(old_clock_changes_nothing),
	KUNIT_CASE(smaller_counter_has_not_grown),
	KUNIT_CASE(overflow),
	KUNIT_CASE_PARAM(share_of_errors, error_gen_params),
	KUNIT_CASE(sampler_sees_what_is_counted),
	KUNIT_CASE(backend_that_goes_is_no_event),
	KUNIT_CASE(no_balancer_no_sampler),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_rate",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
