// SPDX-License-Identifier: GPL-2.0-only
/* memcompress pages: how old they are, and how large what they are compressed to. */
#include <stdio.h>

#include "change.h"
#include "netlink.h"
#include "output.h"
#include "value.h"
#include "zcomp.h"

#define BAR	24

/* The kernel tells ages four to a doubling; here a row is a doubling. */
enum { AGES = 32, KINDS = 5 };

static const char *const kinds[KINDS] = { "mapped", "unmapped", "stuck", "kept", "chunked" };

static int row_of(uint64_t seconds)
{
	int row = 0;

	for (; seconds > 1 && row < AGES - 1; seconds /= 2)
		row++;
	return row;
}

static struct text from_to(int row)
{
	struct text text = { "under 2s" };

	if (row)
		snprintf(text.s, sizeof(text.s), "%.24s and more",
			 text_age((1ULL << row) * 1000000000).s);
	return text;
}

static void show_ages(struct json_object *list)
{
	static const struct column columns[] = {
		{ "NOT USED FOR" }, { "MAPPED", true, 2 }, { "UNMAPPED", true, 1 },
		{ "STUCK", true, 5 }, { "COMPRESSED", true }, { "CHUNKED", true },
		{ "PAGES", true }, { "SHARE", true, 3 }, { "", false, 4 },
	};
	struct table *table = table_new(columns, options.utf8 ? 9 : 8);
	uint64_t pages[AGES][KINDS] = { { 0 } }, rows[AGES] = { 0 }, all = 0;
	struct json_object *age;
	int last = 0;

	for (size_t i = 0; (age = json_object_array_get_idx(list, i)); i++) {
		int row = row_of(value_number(age, "seconds"));

		for (int k = 0; k < KINDS; k++) {
			uint64_t number = value_number(age, kinds[k]);

			pages[row][k] += number;
			rows[row] += number;
			all += number;
		}
		last = row > last ? row : last;
	}
	for (int row = 0; row <= last; row++) {
		double share = all ? (double)rows[row] / all : 0;

		table_cell(table, PLAIN, "%s", from_to(row).s);
		for (int k = 0; k < KINDS; k++)
			table_cell(table, PLAIN, "%s", text_count(pages[row][k]).s);
		table_cell(table, BOLD, "%s", text_count(rows[row]).s);
		table_cell(table, PLAIN, "%.1f%%", share * 100);
		if (options.utf8)
			table_cell(table, GREEN, "%s", text_bar(share, BAR).s);
	}
	table_end(table, 0);
}

static void show_sizes(struct json_object *list)
{
	static const struct column columns[] = {
		{ "SIZE UP TO", true }, { "OBJECTS", true }, { "SHARE", true }, { "", false, 1 },
	};
	struct table *table = table_new(columns, options.utf8 ? 4 : 3);
	struct json_object *size;
	uint64_t all = 0;

	for (size_t i = 0; (size = json_object_array_get_idx(list, i)); i++)
		all += value_number(size, "objects");
	for (size_t i = 0; (size = json_object_array_get_idx(list, i)); i++) {
		double share = (double)value_number(size, "objects") / all;

		table_cell(table, PLAIN, "%s", value_text(size, "bytes"));
		table_cell(table, BOLD, "%s", text_count(value_number(size, "objects")).s);
		table_cell(table, PLAIN, "%.1f%%", share * 100);
		if (options.utf8)
			table_cell(table, GREEN, "%s", text_bar(share, BAR).s);
	}
	table_end(table, 0);
}

int zcomp_pages(int argc, char **argv)
{
	struct json_object *request, *pages, *ages, *sizes;
	int ret = zcomp_one_name(argc, argv);
	struct conn *conn;

	if (ret)
		return ret;
	request = json_object_new_object();
	if (argc)
		value_set(request, "name", json_object_new_string(argv[0]));
	conn = conn_open(&zcomp);
	ret = conn ? conn_do(conn, "pages-get", request, &pages) : REFUSED;
	conn_close(conn);
	json_object_put(request);
	if (ret)
		return ret;
	if (options.json) {
		json_print(pages);
		return DONE;
	}
	ages = value_at(pages, "age");
	sizes = value_at(pages, "size");
	if (ages)
		show_ages(ages);
	if (ages && sizes)
		fputc('\n', out);
	if (sizes)
		show_sizes(sizes);
	if (!ages && !sizes)
		fprintf(out, "no pages\n");
	json_object_put(pages);
	return DONE;
}
