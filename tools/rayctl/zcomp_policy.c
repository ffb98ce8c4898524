// SPDX-License-Identifier: GPL-2.0-only
/* memcompress policy: when pages of regions are compressed, and what has come of it. */
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "netlink.h"
#include "output.h"
#include "rayctl.h"
#include "value.h"
#include "zcomp.h"

static void show_settings(struct json_object *settings)
{
	fprintf(out, "new devices and regions\n");
	zcomp_line("level");
	fprintf(out, "%s\n", value_text(settings, "level"));
	zcomp_line("codec");
	fprintf(out, "%s\n", value_text(settings, "codec"));
}

void zcomp_links(struct json_object *settings, const char *between)
{
	struct json_object *links = value_at(settings, "link"), *link;

	for (size_t i = 0; (link = json_object_array_get_idx(links, i)); i++)
		fprintf(out, "%s%s", i ? between : "", json_object_get_string(link));
}

static void show_order(struct json_object *settings)
{
	zcomp_line("order");
	zcomp_links(settings, ", ");
	fputc('\n', out);
}

static void show_threshold(struct json_object *settings, struct json_object *policy)
{
	zcomp_line("threshold");
	fprintf(out, "%s of memory in use, until there is %s more",
		text_percent(value_number(settings, "threshold")).s,
		text_percent(value_number(settings, "hysteresis")).s);
	if (value_at(policy, "short-of-memory"))
		fprintf(out, ": %stoo little at present%s", color_on(YELLOW), color_off(YELLOW));
	fputc('\n', out);
	zcomp_line("limit");
	if (!value_number(settings, "limit"))
		fprintf(out, "none");
	else
		fprintf(out, "%s of all regions", text_size(value_number(settings, "limit")).s);
	if (value_at(policy, "above-limit"))
		fprintf(out, ": %sabove it at present%s", color_on(YELLOW), color_off(YELLOW));
	fputc('\n', out);
}

static void show_time(struct json_object *settings, struct json_object *policy)
{
	uint64_t rate = value_number(settings, "rate"), debt = value_number(policy, "debt");
	uint64_t promote = value_number(settings, "promote");

	zcomp_line("idle");
	fprintf(out, "not used for %s", text_duration(value_number(settings, "idle")).s);
	if (rate)
		fprintf(out, " to %s, at present %s",
			text_duration(value_number(settings, "idle-max")).s,
			text_duration(value_number(policy, "age")).s);
	fputc('\n', out);
	zcomp_line("come back");
	if (rate)
		fprintf(out, "at most %s a minute", text_percent(rate).s);
	else
		fprintf(out, "as many as like");
	if (rate && debt)
		fprintf(out, ": %s%s too many%s", color_on(YELLOW), text_count(debt).s,
			color_off(YELLOW));
	fputc('\n', out);
	zcomp_line("promote");
	fprintf(out, "%s%s\n", promote ? "not used for " : "never",
		promote ? text_duration(promote).s : "");
}

static bool is_on(struct json_object *settings, const char *name)
{
	struct json_object *links = value_at(settings, "link"), *link;

	for (size_t i = 0; (link = json_object_array_get_idx(links, i)); i++)
		if (!strcmp(name, json_object_get_string(link)))
			return true;
	return false;
}

static void show_links(struct json_object *settings, struct json_object *policy)
{
	static const struct column columns[] = {
		{ "LINK" }, { "", .spare = 3 }, { "ASKED", true, 1 }, { "ACTED", true },
		{ "PASSED", true, 2 }, { "EVICTED", true },
	};
	struct json_object *links = value_at(policy, "link"), *link;
	struct table *table = table_new(columns, 6);

	for (size_t i = 0; (link = json_object_array_get_idx(links, i)); i++) {
		const char *name = value_text(link, "link");

		table_cell(table, BOLD, "%s", name);
		table_cell(table, DIM, "%s", is_on(settings, name) ? "" : "disabled");
		table_cell(table, PLAIN, "%s", text_count(value_number(link, "asked")).s);
		table_cell(table, PLAIN, "%s", text_count(value_number(link, "acted")).s);
		table_cell(table, PLAIN, "%s", text_count(value_number(link, "passed")).s);
		table_cell(table, GREEN, "%s", text_count(value_number(link, "evicted")).s);
	}
	table_end(table, 2);
}

static void show(struct json_object *settings, struct json_object *policy)
{
	show_settings(settings);
	fprintf(out, "pages of regions are compressed\n");
	show_order(settings);
	show_threshold(settings, policy);
	show_time(settings, policy);
	zcomp_line("threads");
	fprintf(out, "%s\n", value_text(policy, "threads"));
	show_links(settings, policy);
}

int zcomp_policy(int argc, char **argv)
{
	struct json_object *settings = NULL, *policy = NULL, *both;
	struct conn *conn;
	int ret = REFUSED;

	if (argc)
		return misuse(NULL, "unexpected \"%s\"", argv[0]);
	conn = conn_open(&zcomp);
	if (conn)
		ret = conn_do(conn, "settings-get", NULL, &settings);
	if (!ret)
		ret = conn_do(conn, "policy-get", NULL, &policy);
	conn_close(conn);
	if (ret) {
		json_object_put(settings);
		return ret;
	}
	if (options.json) {
		both = json_object_new_object();
		value_set(both, "settings", settings);
		value_set(both, "policy", policy);
		json_print(both);
		return DONE;
	}
	show(settings, policy);
	json_object_put(settings);
	json_object_put(policy);
	return DONE;
}
