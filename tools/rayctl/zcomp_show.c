// SPDX-License-Identifier: GPL-2.0-only
/* memcompress status and stats. */
#include <stdio.h>

#include "change.h"
#include "netlink.h"
#include "output.h"
#include "value.h"
#include "zcomp.h"

int zcomp_one_name(int argc, char **argv)
{
	return one_name(zcomp_add_forms, argc, argv);
}

/* All of them when @name is NULL, else an array of the one of that name. */
static int get_stores(struct conn *conn, const char *name, struct json_object **list)
{
	struct json_object *request, *store;
	int ret;

	if (!name)
		return conn_dump(conn, "store-get", NULL, list);
	request = json_object_new_object();
	value_set(request, "name", json_object_new_string(name));
	ret = conn_do(conn, "store-get", request, &store);
	json_object_put(request);
	if (ret)
		return ret;
	*list = json_object_new_array();
	json_object_array_add(*list, store);
	return DONE;
}

void zcomp_line(const char *name)
{
	fprintf(out, "  %s%-12s%s  ", color_on(DIM), name, color_off(DIM));
}

static void show_totals(struct json_object *status)
{
	uint64_t total = value_number(status, "total-memory");
	uint64_t available = value_number(status, "available-memory");

	fprintf(out, "%s%s saved%s, ratio %s: %s in %s\n", color_on(BOLD),
		text_bytes(value_number(status, "saved")).s, color_off(BOLD),
		text_ratio(value_number(status, "ratio")).s,
		text_bytes(value_number(status, "original")).s,
		text_bytes(value_number(status, "used")).s);
	zcomp_line("memory");
	fprintf(out, "%s available of %s\n", text_bytes(available).s, text_bytes(total).s);
}

static void show_stores(struct json_object *list)
{
	static const struct column columns[] = {
		{ "NAME" }, { "KIND", .spare = 6 }, { "SIZE", true }, { "LEVEL", .spare = 4 },
		{ "CODEC", .spare = 3 }, { "LIMIT", true, 5 }, { "DATA", true },
		{ "USED", true }, { "RATIO", true }, { "SAVED", true }, { "PROGRAM", .spare = 7 },
	};
	struct table *table = table_new(columns, 11);
	struct json_object *s;

	for (size_t i = 0; (s = json_object_array_get_idx(list, i)); i++) {
		uint64_t limit = value_number(s, "limit");

		table_cell(table, BOLD, "%s", value_text(s, "name"));
		table_cell(table, PLAIN, "%s", value_text(s, "kind"));
		table_cell(table, PLAIN, "%s", text_bytes(value_number(s, "size")).s);
		table_cell(table, PLAIN, "%s", value_text(s, "level"));
		table_cell(table, PLAIN, "%s", value_text(s, "codec"));
		table_cell(table, PLAIN, "%s", limit ? text_bytes(limit).s : "-");
		table_cell(table, PLAIN, "%s", text_bytes(value_number(s, "original")).s);
		table_cell(table, PLAIN, "%s", text_bytes(value_number(s, "used")).s);
		table_cell(table, PLAIN, "%s", value_number(s, "original") ?
			   text_ratio(value_number(s, "ratio")).s : "-");
		table_cell(table, GREEN, "%s", text_bytes(value_number(s, "saved")).s);
		table_cell(table, PLAIN, "%s", value_at(s, "program") ?
			   value_text(s, "program") : "-");
	}
	table_end(table, 0);
}

static void show_owner(struct json_object *s)
{
	uint64_t most = value_number(s, "most-kept");

	if (!value_at(s, "program"))
		return;
	zcomp_line("made by");
	fprintf(out, "%s, process %s", value_text(s, "program"), value_text(s, "pid"));
	if (most)
		fprintf(out, ", at most %s page%s compressed", text_count(most).s, plural(most));
	fputc('\n', out);
}

static void show_pages(struct json_object *s)
{
	zcomp_line("pages");
	fprintf(out, "%s of one word over and over, ", text_count(value_number(s, "same")).s);
	fprintf(out, "%s kept as they are, ", text_count(value_number(s, "raw")).s);
	fprintf(out, "%s in chunks", text_count(value_number(s, "chunked")).s);
	if (value_at(s, "resident"))
		fprintf(out, ", %s in memory", text_count(value_number(s, "resident")).s);
	fputc('\n', out);
}

static void show_pool(struct json_object *s)
{
	uint64_t limit = value_number(s, "limit");

	zcomp_line("compressed");
	fprintf(out, "to %s in a pool of %s", text_bytes(value_number(s, "compressed")).s,
		text_bytes(value_number(s, "pool")).s);
	fprintf(out, ", at most %s", text_bytes(value_number(s, "peak")).s);
	if (limit)
		fprintf(out, ", limit %s", text_bytes(limit).s);
	fputc('\n', out);
}

static void show_io(struct json_object *io)
{
	if (!io)
		return;
	zcomp_line("pages I/O");
	fprintf(out, "%s read, %s written", text_count(value_number(io, "reads")).s,
		text_count(value_number(io, "writes")).s);
	fprintf(out, ", %s given up by swap\n", text_count(value_number(io, "freed")).s);
	if (!value_number(io, "failed-reads") && !value_number(io, "failed-writes"))
		return;
	zcomp_line("failed");
	fprintf(out, "%s%s reads, ", color_on(RED), text_count(value_number(io, "failed-reads")).s);
	fprintf(out, "%s writes%s\n", text_count(value_number(io, "failed-writes")).s,
		color_off(RED));
}

static void show_one(struct json_object *s)
{
	fprintf(out, "%s%s%s  %s of %s, level %s, codec %s\n", color_on(BOLD),
		value_text(s, "name"), color_off(BOLD), value_text(s, "kind"),
		text_bytes(value_number(s, "size")).s, value_text(s, "level"),
		value_text(s, "codec"));
	zcomp_line("saved");
	fprintf(out, "%s, ratio %s: ", text_bytes(value_number(s, "saved")).s,
		text_ratio(value_number(s, "ratio")).s);
	fprintf(out, "%s in %s\n", text_bytes(value_number(s, "original")).s,
		text_bytes(value_number(s, "used")).s);
	show_owner(s);
	show_pool(s);
	show_pages(s);
	show_io(value_at(s, "io"));
}

/* Both as one document. */
static void print_json(const char *name, struct json_object *value, struct json_object *list)
{
	struct json_object *both = json_object_new_object();

	value_set(both, name, value);
	value_set(both, "store", list);
	json_print(both);
}

int zcomp_status(int argc, char **argv)
{
	struct json_object *status = NULL, *list = NULL;
	int ret = zcomp_one_name(argc, argv);
	struct conn *conn;

	if (ret)
		return ret;
	conn = conn_open(&zcomp);
	ret = conn ? conn_do(conn, "status-get", NULL, &status) : REFUSED;
	if (!ret)
		ret = get_stores(conn, argv[0], &list);
	conn_close(conn);
	if (ret) {
		json_object_put(status);
		return ret;
	}
	if (options.json) {
		print_json("status", status, list);
		return DONE;
	}
	if (argc) {
		show_one(json_object_array_get_idx(list, 0));
	} else {
		show_totals(status);
		if (!none_of(list, "devices that have a size, and no regions"))
			show_stores(list);
	}
	json_object_put(status);
	json_object_put(list);
	return DONE;
}

static void show_times(struct json_object *list)
{
	static const struct column columns[] = {
		{ "CODEC" }, { "DIRECTION" }, { "MEASURED", true }, { "P50", true },
		{ "P90", true, 1 }, { "P99", true }, { "LONGEST", true, 2 },
	};
	static const char *const quantiles[] = { "p50", "p90", "p99", "longest" };
	struct table *table = table_new(columns, 7);
	struct json_object *t;

	for (size_t i = 0; (t = json_object_array_get_idx(list, i)); i++) {
		table_cell(table, BOLD, "%s", value_text(t, "codec"));
		table_cell(table, PLAIN, "%s", value_text(t, "direction"));
		table_cell(table, PLAIN, "%s", text_count(value_number(t, "time.count")).s);
		for (int q = 0; q < 4; q++)
			table_cell(table, PLAIN, "%s", value_quantile(t, "time", quantiles[q]).s);
	}
	table_end(table, 0);
}

/* What a program does with a region stands in a table of its own. */
static void show_counters(struct json_object *list, const struct column *columns, int count,
			  const char *const *counters)
{
	struct table *table = table_new(columns, count);
	struct json_object *s;

	for (size_t i = 0; (s = json_object_array_get_idx(list, i)); i++) {
		table_cell(table, BOLD, "%s", value_text(s, "name"));
		for (int c = 0; c < count - 1; c++)
			table_cell(table, PLAIN, "%s",
				   text_count(value_number(value_at(s, "counters"),
							   counters[c])).s);
	}
	table_end(table, 0);
}

static void show_all_counters(struct json_object *list)
{
	static const struct column codecs[] = {
		{ "NAME" }, { "COMPRESSED", true }, { "DECOMPRESSED", true },
		{ "INCOMPRESSIBLE", true, 1 }, { "PROMOTED", true, 2 }, { "REFUSED", true },
	};
	static const char *const codec_counters[] = {
		"compressed", "decompressed", "incompressible", "promoted", "refused"
	};
	static const struct column regions[] = {
		{ "NAME" }, { "NEW", true, 5 }, { "SOFT", true, 2 }, { "LOADED", true },
		{ "AHEAD", true, 7 }, { "COOLED", true, 3 }, { "EVICTED", true },
		{ "CLEAN", true, 1 }, { "BUSY", true, 4 }, { "DISCARDED", true, 6 },
	};
	static const char *const region_counters[] = {
		"fault-new", "fault-soft", "fault-loaded", "fault-ahead", "cooled", "evicted",
		"evicted-clean", "busy", "discarded"
	};
	struct json_object *rest = json_object_new_array(), *s;

	show_counters(list, codecs, 6, codec_counters);
	for (size_t i = 0; (s = json_object_array_get_idx(list, i)); i++)
		if (!value_at(s, "io"))
			json_object_array_add(rest, json_object_get(s));
	if (json_object_array_length(rest)) {
		fputc('\n', out);
		show_counters(rest, regions, 10, region_counters);
	}
	json_object_put(rest);
}

int zcomp_stats(int argc, char **argv)
{
	struct json_object *times = NULL, *list = NULL;
	int ret = zcomp_one_name(argc, argv);
	struct conn *conn;

	if (ret)
		return ret;
	conn = conn_open(&zcomp);
	ret = conn ? conn_dump(conn, "stats-get", NULL, &times) : REFUSED;
	if (!ret)
		ret = get_stores(conn, argv[0], &list);
	conn_close(conn);
	if (ret) {
		json_object_put(times);
		return ret;
	}
	if (options.json) {
		print_json("stats", times, list);
		return DONE;
	}
	if (!none_of(times, "codecs that have been measured"))
		show_times(times);
	if (json_object_array_length(list)) {
		fputc('\n', out);
		show_all_counters(list);
	}
	json_object_put(times);
	json_object_put(list);
	return DONE;
}
