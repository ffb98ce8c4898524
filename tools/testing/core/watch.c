// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is observed of servers and connections, against models so simple that
 * they can be seen to be right.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "core.h"
#include "hist.h"
#include "tcp_state.h"
#include "verdict.h"

/* Does @line of @len bytes begin an answer, as RFC 9112 has it? */
static int http_model(const char *line, u32 len)
{
	char want[] = "HTTP/1.1 200";
	u32 i;

	for (i = 0; i < len && i < 12; i++) {
		if (i == 5 || i == 7 || i >= 9) {
			if (line[i] < '0' || line[i] > '9')
				return -EBADMSG;
		} else if (line[i] != want[i]) {
			return -EBADMSG;
		}
	}
	if (len < 12)
		return -EAGAIN;
	return line[9] == '0' ? -EBADMSG : atoi((char[]) { line[9], line[10], line[11], 0 });
}

/* Answers that are nearly right, in portions of any size */
static bool http_reads_what_comes(void)
{
	u32 round, i, fed, part;

	for (round = 0; round < 300000; round++) {
		char answer[] = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n";
		struct rayos_lb_http_reply reply = {};
		u32 len = draw_below(sizeof(answer));

		for (i = draw_below(3); i; i--)
			answer[draw_below(14)] = draw_below(4) ? '0' + draw_below(10) : draw();
		for (fed = 0; fed < len; fed += part) {
			char *copy;

			part = 1 + draw_below(len - fed);
			/* its own memory, so that a read beyond it is caught */
			copy = malloc(part);
			memcpy(copy, answer + fed, part);
			must(rayos_lb_http_feed(&reply, copy, part) ==
			     12 - min(12u, fed + part), "after %u", fed + part);
			free(copy);
		}
		must(rayos_lb_http_status(&reply) == http_model(answer, len),
		     "%d for %u bytes", rayos_lb_http_status(&reply), len);
	}
	return true;
}

/* Healthy is what the last @rise or @fall checks in a row were */
static bool verdict_follows_its_checks(void)
{
	u32 round, n, i;

	for (round = 0; round < 2000; round++) {
		u32 rise = 1 + draw_below(5), fall = 1 + draw_below(5);
		bool checks[200], healthy = true, was;
		struct rayos_lb_verdict v;

		rayos_lb_verdict_init(&v);
		for (n = 0; n < ARRAY_SIZE(checks); n++) {
			checks[n] = draw_below(4);
			for (i = 0; i <= n && checks[n - i] == checks[n]; i++)
				;
			was = healthy;
			if (n == 0 || i >= (checks[n] ? rise : fall))
				healthy = checks[n];
			must(rayos_lb_verdict_add(&v, checks[n], rise, fall) == (was != healthy),
			     "check %u", n);
			must(v.healthy == healthy && v.streak == i, "check %u", n);
		}
	}
	return true;
}

/*
 * In the last tenth of the interval; or of its quarter, 250 ms at least, while one
 * check contradicts the verdict and another has to confirm it.
 */
static bool checks_come_when_they_should(void)
{
	u32 round;

	for (round = 0; round < 100000; round++) {
		u64 interval = 1000000000ULL + draw() % 59000000000ULL;
		u64 wanted = interval, delay;
		struct rayos_lb_verdict v;
		bool last;

		rayos_lb_verdict_init(&v);
		rayos_lb_verdict_add(&v, draw_below(2), 2, 2);
		last = draw_below(2);
		rayos_lb_verdict_add(&v, last, 2, 2);
		if (v.healthy != last)
			wanted = max(interval / 4, (u64)250000000);
		delay = rayos_lb_check_delay(&v, interval, 2, 2, draw());
		must(delay >= wanted - wanted / 10 && delay <= wanted,
		     "%llu instead of %llu", (unsigned long long)delay, (unsigned long long)wanted);
	}
	return true;
}

/* Any segments in any order: the end is final and every state can time out */
static bool flows_end_once(void)
{
	static const u8 flags[] = {
		0, RAYOS_LB_TH_ACK, RAYOS_LB_TH_SYN, RAYOS_LB_TH_SYN | RAYOS_LB_TH_ACK,
		RAYOS_LB_TH_FIN | RAYOS_LB_TH_ACK, RAYOS_LB_TH_RST,
		RAYOS_LB_TH_RST | RAYOS_LB_TH_ACK, 0xff,
	};
	u32 round, n;

	for (round = 0; round < 200000; round++) {
		u8 state = RAYOS_LB_SYN, next;
		bool client_fin = false, backend_fin = false, reset = false;

		for (n = draw_below(24); n; n--) {
			enum rayos_lb_dir dir = draw_below(RAYOS_LB_DIR_NR);
			u8 f = flags[draw_below(ARRAY_SIZE(flags))];
			bool fin = (f & RAYOS_LB_TH_STATE) == RAYOS_LB_TH_FIN;

			next = rayos_lb_tcp_next(state, dir, f);
			must(next < RAYOS_LB_UDP_NEW, "state %u", next);
			must(rayos_lb_state_timeout(next) >= 10, "state %u", next);
			must(rayos_lb_state_counts(state) || !rayos_lb_state_counts(next),
			     "%u came back to life as %u", state, next);
			reset |= f & RAYOS_LB_TH_RST;
			client_fin |= fin && dir == RAYOS_LB_FORWARD;
			backend_fin |= fin && dir == RAYOS_LB_REPLY;
			must(rayos_lb_state_counts(next) == !(reset || (client_fin && backend_fin)),
			     "state %u", next);
			state = next;
		}
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Quantiles against those of the sorted values */
static bool quantiles_are_right_to_an_eighth(void)
{
	static const u32 permille[] = { 1, 100, 500, 900, 990, 999, 1000 };
	enum { N = 2000 };
	u64 *value = calloc(N, sizeof(*value));
	u32 round, i;

	for (round = 0; round < 200; round++) {
		struct rayos_lb_hist hist = {};

		for (i = 0; i < N; i++) {
			value[i] = BIT_ULL(RAYOS_LB_HIST_LOW) +
				   (draw() >> (64 - RAYOS_LB_HIST_HIGH + 1 + draw_below(20)));
			hist.count++;
			hist.sum += value[i];
			hist.max = max(hist.max, value[i]);
			hist.bucket[rayos_lb_hist_bucket(value[i])]++;
		}
		qsort(value, N, sizeof(*value), compare);
		for (i = 0; i < ARRAY_SIZE(permille); i++) {
			u64 exact = value[(N * permille[i] + 999) / 1000 - 1];
			u64 told = rayos_lb_hist_quantile(&hist, permille[i]);

			must(told <= exact + exact / 8 && exact <= told + told / 7,
			     "%u: %llu, exactly %llu", permille[i],
			     (unsigned long long)told, (unsigned long long)exact);
		}
	}
	free(value);
	return true;
}

static bool buckets_have_no_gaps(void)
{
	u32 i, b;

	for (i = 0; i < 1000000; i++) {
		u64 ns = draw() >> draw_below(64);

		b = rayos_lb_hist_bucket(ns);
		must(b < RAYOS_LB_HIST_BUCKETS, "%u", b);
		must(rayos_lb_hist_floor(b) <= ns &&
		     (b + 1 == RAYOS_LB_HIST_BUCKETS || ns < rayos_lb_hist_floor(b + 1)),
		     "%llu in %u", (unsigned long long)ns, b);
	}
	return true;
}

const struct core_test observe_tests[] = {
	{ "an HTTP status is read from any portions", http_reads_what_comes },
	{ "health follows the checks by rise and fall", verdict_follows_its_checks },
	{ "checks come when they should, but not in step", checks_come_when_they_should },
	{ "a flow ends once, whatever segments come", flows_end_once },
	{ "quantiles are right to an eighth", quantiles_are_right_to_an_eighth },
	{ "histogram buckets have no gaps", buckets_have_no_gaps },
	{}
};
