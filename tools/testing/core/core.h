/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simulations of the core, each of them one test.
 */
#ifndef _CORE_H
#define _CORE_H

/**
 * struct core_test - one simulation
 * @what: what it shows
 * @run: returns whether it is so, and prints why not
 */
struct core_test {
	const char *what;
	bool (*run)(void);
};

/* Each ends with an entry without a name */
extern const struct core_test balance_tests[];
extern const struct core_test observe_tests[];

u64 draw(void);
u32 draw_below(u32 limit);

/* In a test: unless the condition holds, say so and end it */
#define must(condition, format, ...)					\
	do {								\
		if (!(condition)) {					\
			printf("# %s:%d: %s: " format "\n", __FILE__,	\
			       __LINE__, #condition, ##__VA_ARGS__);	\
			return false;					\
		}							\
	} while (0)

#endif
