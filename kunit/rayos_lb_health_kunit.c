// SPDX-License-Identifier: GPL-2.0-only
/*
 * What checks add up to, when the next one comes, and what servers answer.
 */
#include <linux/ktime.h>

#include "fixture.h"
#include "health.h"

/* One check a letter: P passed, F failed; below it, H healthy or U not */
static const struct verdict_case {
	const char *name;
	u32 rise;
	u32 fall;
	const char *checks;
	const char *health;
} verdict_cases[] = {
	{ "first_pass_decides", 3, 3, "P", "H" },
	{ "first_failure_decides", 3, 3, "F", "U" },
	{ "one_and_one", 1, 1, "PFPFPF", "HUHUHU" },
	{ "falls_at_third", 2, 3, "PFFFF", "HHHUU" },
	{ "rises_at_second", 2, 3, "FPPP", "UUHH" },
	{ "first_failure_and_passes", 2, 3, "FPFPP", "UUUUH" },
	{ "pass_breaks_a_fall", 2, 3, "PFFPFFPFF", "HHHHHHHHH" },
	{ "failure_breaks_a_rise", 3, 1, "PFPPFPPFPPP", "HUUUUUUUUUH" },
	{ "flapping_stays_up", 2, 2, "PFPFPFPF", "HHHHHHHH" },
	{ "flapping_stays_down", 2, 2, "FPFPFPFP", "UUUUUUUU" },
	{ "flapping_by_two", 2, 2, "PFFPPFFPP", "HHUUHHUUH" },
	{ "down_and_up", 2, 3, "PFFFPPFFF", "HHHUUHHHU" },
	{ "long_rise", 5, 1, "FPPPPPP", "UUUUUHH" },
	{ "long_fall", 1, 6, "PFFFFFFP", "HHHHHHUH" },
	{ "first_pass_counts_as_one_only", 2, 2, "PFP", "HHH" },
	{ "first_failure_begins_the_streak", 2, 2, "FP", "UU" },
};

static void verdict_name(const struct verdict_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(verdict, verdict_cases, verdict_name);

static void rise_and_fall(struct kunit *test)
{
	const struct verdict_case *c = test->param_value;
	struct rayos_lb_verdict v;
	bool was, changed;
	u32 i;

	rayos_lb_verdict_init(&v);
	KUNIT_EXPECT_TRUE(test, v.healthy);
	KUNIT_ASSERT_EQ(test, strlen(c->checks), strlen(c->health));
	for (i = 0; c->checks[i]; i++) {
		was = v.healthy;
		changed = rayos_lb_verdict_add(&v, c->checks[i] == 'P', c->rise,
					       c->fall);
		KUNIT_EXPECT_EQ_MSG(test, v.healthy, c->health[i] == 'H',
				    "check %u", i);
		KUNIT_EXPECT_EQ_MSG(test, changed, v.healthy != was, "check %u",
				    i);
	}
}

static void streak_does_not_overflow(struct kunit *test)
{
	struct rayos_lb_verdict v;

	rayos_lb_verdict_init(&v);
	rayos_lb_verdict_add(&v, true, 2, 2);
	v.streak = U32_MAX;
	KUNIT_EXPECT_FALSE(test, rayos_lb_verdict_add(&v, true, 2, 2));
	KUNIT_EXPECT_EQ(test, v.streak, U32_MAX);
	KUNIT_EXPECT_TRUE(test, v.healthy);
}

/* Whatever was found before, it takes as many passed checks as ever */
static void failed_by_its_clients(struct kunit *test)
{
	struct rayos_lb_verdict v;
	u32 before, i;

	for (before = 0; before < 5; before++) {
		rayos_lb_verdict_init(&v);
		for (i = 0; i < before; i++)
			rayos_lb_verdict_add(&v, true, 3, 2);
		rayos_lb_verdict_fail(&v);
		KUNIT_EXPECT_FALSE(test, v.healthy);
		KUNIT_EXPECT_EQ(test, v.streak, 0);
		KUNIT_EXPECT_FALSE(test, rayos_lb_verdict_add(&v, true, 3, 2));
		KUNIT_EXPECT_FALSE(test, rayos_lb_verdict_add(&v, true, 3, 2));
		KUNIT_EXPECT_TRUE(test, rayos_lb_verdict_add(&v, true, 3, 2));
	}
}

/* Random checks against the rule said another way: the last n were all alike */
static void random_checks(struct kunit *test)
{
	u64 seed = 3, history = 0, bits;
	struct rayos_lb_verdict v;
	u32 i, rise, fall, mismatches = 0;
	bool healthy = false;

	for (i = 0; i < 20000; i++) {
		if (i % 50 == 0) {
			rayos_lb_verdict_init(&v);
			bits = next_random(&seed);
			rise = 1 + bits % 6;
			fall = 1 + (bits >> 8) % 6;
			history = 0;
		}
		bits = next_random(&seed) % 10 < 6;
		history = history << 1 | bits;
		rayos_lb_verdict_add(&v, bits, rise, fall);
		if (i % 50 == 0)
			healthy = bits;
		else if (i % 50 + 1 >= rise &&
			 (history & GENMASK(rise - 1, 0)) == GENMASK(rise - 1, 0))
			healthy = true;
		else if (i % 50 + 1 >= fall &&
			 !(history & GENMASK(fall - 1, 0)))
			healthy = false;
		mismatches += v.healthy != healthy;
	}
	KUNIT_EXPECT_EQ(test, mismatches, 0);
}

/* When the next check comes */
static const struct delay_case {
	const char *name;
	u64 interval;
	struct rayos_lb_verdict v;
	u64 expected;	/* without the spread */
} delay_cases[] = {
	{ "undecided", 2 * NSEC_PER_SEC, { .healthy = true }, 2 * NSEC_PER_SEC },
	{ "steady", 2 * NSEC_PER_SEC,
	  { .healthy = true, .decided = true, .passed = true, .streak = 9 },
	  2 * NSEC_PER_SEC },
	{ "steady_down", 2 * NSEC_PER_SEC,
	  { .decided = true, .streak = 9 }, 2 * NSEC_PER_SEC },
	{ "falling", 2 * NSEC_PER_SEC,
	  { .healthy = true, .decided = true, .streak = 1 },
	  NSEC_PER_SEC / 2 },
	{ "rising", 2 * NSEC_PER_SEC,
	  { .decided = true, .passed = true, .streak = 1 }, NSEC_PER_SEC / 2 },
	{ "not_under_250_ms", NSEC_PER_SEC / 2,
	  { .healthy = true, .decided = true, .streak = 1 },
	  NSEC_PER_SEC / 4 },
	{ "not_over_the_interval", 100 * NSEC_PER_MSEC,
	  { .healthy = true, .decided = true, .streak = 1 },
	  100 * NSEC_PER_MSEC },
	{ "hourly", 3600 * NSEC_PER_SEC,
	  { .healthy = true, .decided = true, .passed = true },
	  3600 * NSEC_PER_SEC },
};

static void delay_name(const struct delay_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(delay, delay_cases, delay_name);

static void delay_within_a_tenth(struct kunit *test)
{
	const struct delay_case *c = test->param_value;
	u64 delay, tenth = c->expected / 10, least = U64_MAX, most = 0;
	u64 seed = 9;
	u32 i, random;

	for (i = 0; i < 1000; i++) {
		random = i == 0 ? 0 : i == 1 ? U32_MAX : next_random(&seed);
		delay = rayos_lb_check_delay(&c->v, c->interval, 3, 3, random);
		least = min(least, delay);
		most = max(most, delay);
	}
	KUNIT_EXPECT_GE(test, least, c->expected - tenth);
	KUNIT_EXPECT_LE(test, most, c->expected);
	/* and it does spread: nearly over the whole of it */
	KUNIT_EXPECT_GT(test, most - least, tenth * 19 / 20);
}

/* What a server answers */
static const struct http_case {
	const char *name;
	const char *answer;
	int status;
} http_cases[] = {
	{ "http_1_1", "HTTP/1.1 200 OK\r\n", 200 },
	{ "http_1_0", "HTTP/1.0 200 OK\r\n", 200 },
	{ "without_reason", "HTTP/1.1 204 \r\n", 204 },
	{ "without_space", "HTTP/1.1 204\r\n", 204 },
	{ "status_only", "HTTP/1.1 503", 503 },
	{ "least", "HTTP/1.1 100 Continue\r\n", 100 },
	{ "greatest", "HTTP/1.1 999 What\r\n", 999 },
	{ "not_found", "HTTP/1.1 404 Not Found\r\n", 404 },
	{ "redirect", "HTTP/1.1 301 Moved\r\n", 301 },
	{ "later_minor_version", "HTTP/1.9 200 OK\r\n", 200 },
	/* RFC 9112, 2.3: the version has two digits and a dot */
	{ "http_2_in_text", "HTTP/2 200 \r\n\r\n", -EBADMSG },
	{ "http_2_with_dot", "HTTP/2.0 200\r\n", 200 },
	{ "status_below_100", "HTTP/1.1 099 No\r\n", -EBADMSG },
	{ "status_zero", "HTTP/1.1 000 No\r\n", -EBADMSG },
	{ "status_in_letters", "HTTP/1.1 OK! fine", -EBADMSG },
	{ "status_negative", "HTTP/1.1 -20 OK\r\n", -EBADMSG },
	{ "status_of_two_digits", "HTTP/1.1 20 OK\r\n", -EBADMSG },
	{ "two_spaces", "HTTP/1.1  200 OK\r\n", -EBADMSG },
	{ "tab", "HTTP/1.1\t200 OK\r\n", -EBADMSG },
	{ "lower_case", "http/1.1 200 OK\r\n", -EBADMSG },
	{ "other_protocol", "SSH-2.0-OpenSSH_9.2\r\n", -EBADMSG },
	{ "smtp", "220 mail ready\r\n", -EBADMSG },
	{ "icy", "ICY 200 OK\r\n", -EBADMSG },
	{ "line_end_first", "\r\nHTTP/1.1 200 OK", -EBADMSG },
	{ "space_first", " HTTP/1.1 200 OK", -EBADMSG },
	{ "high_bytes", "\xff\xfe\xfd\xfc HTTP/1.1", -EBADMSG },
	{ "tls_alert", "\x15\x03\x01", -EBADMSG },
	{ "nothing", "", -EAGAIN },
	{ "first_byte", "H", -EAGAIN },
	{ "cut_in_version", "HTTP/1.", -EAGAIN },
	{ "cut_before_status", "HTTP/1.1 ", -EAGAIN },
	{ "cut_in_status", "HTTP/1.1 20", -EAGAIN },
};

static void http_name(const struct http_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(http, http_cases, http_name);

static void status_at_once(struct kunit *test)
{
	const struct http_case *c = test->param_value;
	struct rayos_lb_http_reply reply = {};
	u32 len = strlen(c->answer);

	KUNIT_EXPECT_EQ(test, rayos_lb_http_feed(&reply, c->answer, len),
			RAYOS_LB_STATUS_LINE - min(len, RAYOS_LB_STATUS_LINE));
	KUNIT_EXPECT_EQ(test, rayos_lb_http_status(&reply), c->status);
}

/* In any portions the answer is the same, and bad is never taken for good */
static void status_in_portions(struct kunit *test)
{
	const struct http_case *c = test->param_value;
	u32 i, portion, len = strlen(c->answer);
	struct rayos_lb_http_reply reply;
	int status;

	for (portion = 1; portion <= 5; portion++) {
		reply.len = 0;
		status = -EAGAIN;
		for (i = 0; i < len && status == -EAGAIN; i += portion) {
			rayos_lb_http_feed(&reply, c->answer + i,
					   min(portion, len - i));
			status = rayos_lb_http_status(&reply);
		}
		KUNIT_EXPECT_EQ_MSG(test, status, c->status,
				    "in portions of %u", portion);
	}
}

/* What comes after the status line is not kept, however much it is */
static void endless_answer(struct kunit *test)
{
	struct rayos_lb_http_reply reply = {};
	char *junk = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, junk);
	rayos_lb_http_feed(&reply, "HTTP/1.1 2", 10);
	KUNIT_EXPECT_EQ(test, rayos_lb_http_feed(&reply, "00", 2), 0);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, rayos_lb_http_feed(&reply, junk, PAGE_SIZE),
				0);
	KUNIT_EXPECT_EQ(test, rayos_lb_http_status(&reply), 200);
}

/* What an error of a socket says of the backend */
static const struct error_case {
	const char *name;
	int err;
	u32 result;
} error_cases[] = {
	{ "refused", -ECONNREFUSED, RAYOS_LB_CHECK_RESULT_REFUSED },
	{ "reset", -ECONNRESET, RAYOS_LB_CHECK_RESULT_REFUSED },
	{ "broken_pipe", -EPIPE, RAYOS_LB_CHECK_RESULT_REFUSED },
	{ "no_route", -EHOSTUNREACH, RAYOS_LB_CHECK_RESULT_UNREACHABLE },
	{ "no_network", -ENETUNREACH, RAYOS_LB_CHECK_RESULT_UNREACHABLE },
	{ "network_down", -ENETDOWN, RAYOS_LB_CHECK_RESULT_UNREACHABLE },
	{ "prohibited", -EACCES, RAYOS_LB_CHECK_RESULT_UNREACHABLE },
	{ "timed_out", -ETIMEDOUT, RAYOS_LB_CHECK_RESULT_TIMEOUT },
	/* our own want of something says nothing of the backend */
	{ "no_memory", -ENOMEM, RAYOS_LB_CHECK_RESULT_ERROR },
	{ "no_port", -EADDRNOTAVAIL, RAYOS_LB_CHECK_RESULT_ERROR },
};

static void error_name(const struct error_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(error, error_cases, error_name);

static void result_of_error(struct kunit *test)
{
	const struct error_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, rayos_lb_check_error(c->err), c->result);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(rise_and_fall, verdict_gen_params),
	KUNIT_CASE(streak_does_not_overflow),
	KUNIT_CASE(failed_by_its_clients),
	KUNIT_CASE(random_checks),
	KUNIT_CASE_PARAM(delay_within_a_tenth, delay_gen_params),
	KUNIT_CASE_PARAM(status_at_once, http_gen_params),
	KUNIT_CASE_PARAM(status_in_portions, http_gen_params),
	KUNIT_CASE(endless_answer),
	KUNIT_CASE_PARAM(result_of_error, error_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_health",
	.test_cases = cases,
};
kunit_test_suite(suite);
