/* SPDX-License-Identifier: GPL-2.0-only */
/* Test Anything Protocol, as little as is needed. */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

#ifndef __printf
#define __like_printf(fmt, args) format(printf, fmt, args)
#define __printf(fmt, args)	__attribute__((__like_printf(fmt, args)))
#endif

static inline __printf(2, 3) bool ok(bool good, const char *fmt, ...)
{
	va_list args;

	if (!tap_count)
		puts("TAP version 13");
	tap_failed += !good;
	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	return good;
}

static inline void ok_text(const char *got, const char *want, const char *what)
{
	if (!ok(!strcmp(got, want), "%s", what))
		printf("# got %s\n# not %s\n", got, want);
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
