// SPDX-License-Identifier: GPL-2.0-only
/* lb metrics: every counter, rate and quantile, of balancers and of backends. */
#include <string.h>

#include "lb.h"
#include "netlink.h"
#include "output.h"
#include "rayctl.h"
#include "value.h"

/* Call @row for each balancer's totals, then for its backends. */
static void each_row(struct table *table, struct json_object *balancers,
		     struct json_object *backends,
		     void (*row)(struct table *table, struct json_object *stats))
{
	struct json_object *balancer, *backend;

	for (size_t i = 0; (balancer = json_object_array_get_idx(balancers, i)); i++) {
		const char *name = value_text(balancer, "name");

		table_cell(table, BOLD, "%s", name);
		table_cell(table, BOLD, "total");
		row(table, value_at(balancer, "stats"));
		for (size_t j = 0; (backend = json_object_array_get_idx(backends, j)); j++) {
			if (strcmp(value_text(backend, "balancer"), name))
				continue;
			table_cell(table, PLAIN, "%s", name);
			table_cell(table, PLAIN, "%s", value_endpoint(backend).s);
			row(table, value_at(backend, "stats"));
		}
	}
}

static void row_counters(struct table *table, struct json_object *stats)
{
	static const char *const counters[] = {
		"connections", "requests", "packets-in", "packets-out", NULL,
		"bytes-in", "bytes-out", NULL, "stateless", NULL,
		"refused", "timeouts", "resets", "unreachable", "dropped", "retried", NULL
	};
	const char *const *name = counters;

	for (; *name; name++)
		table_cell(table, PLAIN, "%s", text_count(value_number(stats, *name)).s);
	for (name++; *name; name++)
		table_cell(table, PLAIN, "%s", text_bytes(value_number(stats, *name)).s);
	for (name++; *name; name++)
		table_cell(table, value_number(stats, *name) ? YELLOW : PLAIN, "%s",
			   text_count(value_number(stats, *name)).s);
	for (name++; *name; name++)
		table_cell(table, value_number(stats, *name) ? RED : PLAIN, "%s",
			   text_count(value_number(stats, *name)).s);
}

static void show_counters(struct json_object *balancers, struct json_object *backends)
{
	static const struct column columns[] = {
		{ "BALANCER" }, { "BACKEND" }, { "CONNS", true }, { "REQS", true, 1 },
		{ "PKTS IN", true, 6 }, { "PKTS OUT", true, 6 },
		{ "BYTES IN", true, 5 }, { "BYTES OUT", true, 5 },
		{ "STATELESS", true, 7 },
		{ "REFUSED", true, 2 }, { "TIMEOUTS", true, 2 }, { "RESETS", true, 2 },
		{ "UNREACH", true, 4 }, { "DROPPED", true, 3 }, { "RETRIED", true, 7 },
	};
	struct table *table = table_new(columns, 15);

	each_row(table, balancers, backends, row_counters);
	table_end(table, 0);
}

static void row_rates(struct table *table, struct json_object *stats)
{
	static const char *const events[] = {
		"connection-rate", "request-rate", "packet-in-rate", "packet-out-rate", NULL
	};
	static const char *const bytes[] = { "byte-in-rate", "byte-out-rate", NULL };
	uint64_t errors = value_number(stats, "error-rate");

	for (const char *const *name = events; *name; name++)
		table_cell(table, PLAIN, "%s", lb_rate(value_number(stats, *name)).s);
	for (const char *const *name = bytes; *name; name++)
		table_cell(table, PLAIN, "%s", lb_byte_rate(value_number(stats, *name)).s);
	table_cell(table, errors ? RED : PLAIN, "%s", lb_share(errors).s);
}

static void show_rates(struct json_object *balancers, struct json_object *backends)
{
	static const struct column columns[] = {
		{ "BALANCER" }, { "BACKEND" }, { "CONN/s", true }, { "REQ/s", true },
		{ "PKTS IN/s", true, 2 }, { "PKTS OUT/s", true, 2 },
		{ "BYTES IN/s", true, 1 }, { "BYTES OUT/s", true, 1 }, { "ERRORS", true },
	};
	struct table *table = table_new(columns, 9);

	each_row(table, balancers, backends, row_rates);
	table_end(table, 0);
}

static void row_latencies(struct table *table, struct json_object *stats)
{
	static const char *const histograms[] = { "connect-latency", "first-byte-latency" };
	static const char *const quantiles[] = { "p50", "p90", "p99", "longest" };

	for (size_t i = 0; i < 2; i++)
		for (size_t q = 0; q < 4; q++)
			table_cell(table, PLAIN, "%s",
				   value_quantile(stats, histograms[i], quantiles[q]).s);
}

static void show_latencies(struct json_object *balancers, struct json_object *backends)
{
	static const struct column columns[] = {
		{ "BALANCER" }, { "BACKEND" },
		{ "CONNECT P50", true }, { "P90", true, 2 }, { "P99", true },
		{ "LONGEST", true, 1 },
		{ "TTFB P50", true }, { "P90", true, 2 }, { "P99", true },
		{ "LONGEST", true, 1 },
	};
	struct table *table = table_new(columns, 10);

	each_row(table, balancers, backends, row_latencies);
	table_end(table, 0);
}

/* Each balancer with its backends inside it, and of each only what counts. */
static void print_json(struct json_object *balancers, struct json_object *backends)
{
	static const char *const balancer_keys[] = {
		"id", "name", "active", "affinities", "stats", NULL
	};
	static const char *const backend_keys[] = {
		"id", "ipv4", "ipv6", "port", "active", "affinities", "stats", NULL
	};
	struct json_object *list = json_object_new_array(), *balancer, *backend;

	for (size_t i = 0; (balancer = json_object_array_get_idx(balancers, i)); i++) {
		struct json_object *selected = value_select(balancer, balancer_keys);
		struct json_object *inside = json_object_new_array();

		for (size_t j = 0; (backend = json_object_array_get_idx(backends, j)); j++)
			if (!strcmp(value_text(backend, "balancer"), value_text(balancer, "name")))
				json_object_array_add(inside, value_select(backend, backend_keys));
		json_object_object_add(selected, "backend", inside);
		json_object_array_add(list, selected);
	}
	json_print(list);
}

int lb_metrics(int argc, char **argv)
{
	struct json_object *balancers = NULL, *backends = NULL;
	int ret = lb_one_name(argc, argv);

	if (!ret)
		ret = lb_fetch(argv[0], &balancers, &backends);
	if (!ret && options.json) {
		print_json(balancers, backends);
	} else if (!ret && !none_of(balancers, "balancers")) {
		show_counters(balancers, backends);
		fputc('\n', out);
		show_rates(balancers, backends);
		fputc('\n', out);
		show_latencies(balancers, backends);
	}
	json_object_put(backends);
	json_object_put(balancers);
	return ret;
}
