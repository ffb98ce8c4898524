/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_OUTPUT_H
#define RAYCTL_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#define __like_printf(fmt, args) format(printf, fmt, args)
#define __printf(fmt, args)	__attribute__((__like_printf(fmt, args)))

/* Where results go: stdout, or the next screen of --watch. */
extern FILE *out;

enum color {
	PLAIN,
	BOLD,
	DIM,
	GREEN,
	YELLOW,
	RED,
};

/* Escape sequences to begin and end a colour, "" when there are none. */
const char *color_on(enum color color);
const char *color_off(enum color color);

/* A short text by value: .s of what a function returns may go to printf. */
struct text {
	char s[64];
};

struct text text_count(uint64_t n);		/* 9999 12.3k 4.5M */
struct text text_bytes(uint64_t n);		/* 512 B, 12.3 MiB */
struct text text_latency(uint64_t ns);		/* 850 ns, 1.4 ms, 12 s */
struct text text_age(uint64_t ns);		/* 0.4s, 12s, 2m 5s, 3d 4h */
struct text text_duration(uint64_t ns);		/* 500ms, 90s, 5m: as it is typed */
struct text text_size(uint64_t n);		/* 512, 64K, 1G: as it is typed */
struct text text_ratio(uint64_t ppm);		/* 3.1x */
struct text text_percent(uint64_t ppm);		/* 70%, 0.2%: as it is typed */
const char *plural(uint64_t n);			/* "" for one, else "s" */
struct text text_bar(double share, int width);	/* of block characters */

/**
 * struct column - of a table
 * @head: what stands above it
 * @right: numbers are aligned on the right
 * @spare: when the terminal is too narrow the column with the highest goes
 *         first, one with 0 never
 */
struct column {
	const char *head;
	bool right;
	int spare;
};

struct table;

struct table *table_new(const struct column *columns, int count);
/* Fill the next cell, from left to right and row by row. */
void table_cell(struct table *table, enum color color, const char *fmt, ...) __printf(3, 4);
/* Print the table, each line after @indent blanks, and free it. */
void table_end(struct table *table, int indent);

/* Instead of an empty table, say that there is none of @what. */
bool none_of(struct json_object *list, const char *what);

/* Print one JSON document and put @object. */
void json_print(struct json_object *object);
void output_init(void);

/**
 * watch() - do something again and again
 * @sample: print to out once
 * @arg: handed to it
 * @ns: time between two samples
 *
 * Return: what @sample returned when that was not 0, or when output failed.
 */
int watch(int (*sample)(void *arg), void *arg, uint64_t ns);

#endif
