// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run all simulations and report in TAP.
 *
 *	core [SEED]
 *
 * A run is repeated by its seed, which it prints.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core.h"

static u64 state;

/* SplitMix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014
 */
u64 draw(void)
{
	u64 z = state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

u32 draw_below(u32 limit)
{
	return ((draw() >> 32) * limit) >> 32;
}

static int run_all(const struct core_test *test, int *number)
{
	int failed = 0;

	for (; test->what; test++) {
		bool good = test->run();

		printf("%sok %d - %s\n", good ? "" : "not ", ++*number,
		       test->what);
		failed += !good;
	}
	return failed;
}

int main(int argc, char **argv)
{
	int number = 0, failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	state = argc > 1 ? strtoull(argv[1], NULL, 0) : (u64)time(NULL);
	printf("# SEED=%llu\n", (unsigned long long)state);

	failed = run_all(balance_tests, &number);
	failed += run_all(observe_tests, &number);
	printf("1..%d\n", number);
	return failed != 0;
}
