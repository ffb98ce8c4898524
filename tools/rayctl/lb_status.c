// SPDX-License-Identifier: GPL-2.0-only
/* lb status: all balancers in a table, or all about one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lb.h"
#include "netlink.h"
#include "output.h"
#include "rayctl.h"
#include "value.h"

static void cell_health(struct table *table, struct json_object *balancer)
{
	unsigned long long healthy = value_number(balancer, "healthy");
	unsigned long long backends = value_number(balancer, "backends");

	table_cell(table, !healthy ? RED : healthy < backends ? YELLOW : GREEN,
		   "%llu/%llu", healthy, backends);
}

/* The sample before this one, from which --watch has its rates. */
static struct {
	struct json_object *list;
	struct timespec when;
	double seconds;
} before;

static void remember(struct json_object *list)
{
	json_object_put(before.list);
	before.list = json_object_get(list);
}

static void measure_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	before.seconds = now.tv_sec - before.when.tv_sec +
			 (now.tv_nsec - before.when.tv_nsec) / 1e9;
	before.when = now;
}

/* The growth of a counter per second; false for a balancer that is new. */
static bool rate(struct json_object *balancer, const char *path, uint64_t *per_second)
{
	struct json_object *old;

	if (!before.list)
		return false;
	for (size_t i = 0; (old = json_object_array_get_idx(before.list, i)); i++) {
		uint64_t was = value_number(old, path), is = value_number(balancer, path);

		if (value_number(old, "id") != value_number(balancer, "id") || is < was)
			continue;
		*per_second = (is - was) / before.seconds + 0.5;
		return true;
	}
	return false;
}

static void cell_rate(struct table *table, struct json_object *balancer, const char *path,
		      struct text (*unit)(uint64_t value))
{
	uint64_t per_second;

	if (rate(balancer, path, &per_second))
		table_cell(table, PLAIN, "%s", unit(per_second).s);
	else
		table_cell(table, DIM, "-");
}

/* Since the sample before where there is one, as the kernel's average lags behind. */
static void cell_connections(struct table *table, struct json_object *balancer)
{
	if (options.watch)
		cell_rate(table, balancer, "stats.connections", text_count);
	else
		table_cell(table, PLAIN, "%s",
			   lb_rate(value_number(balancer, "stats.connection-rate")).s);
}

static void show_balancers(struct json_object *list)
{
	static const struct column columns[] = {
		{ "NAME" }, { "VIP" }, { "PROTO", .spare = 5 }, { "POLICY", .spare = 6 },
		{ "HEALTHY", true }, { "ACTIVE", true }, { "CONNS", true, 1 },
		{ "IN", true, 3 }, { "OUT", true, 3 }, { "P50", true, 2 }, { "P99", true, 2 },
		{ "REQ/s", true, 4 }, { "CONN/s", true }, { "IN/s", true, 1 }, { "OUT/s", true, 1 },
	};
	struct table *table = table_new(columns, options.watch ? 15 : 13);
	struct json_object *b;

	for (size_t i = 0; (b = json_object_array_get_idx(list, i)); i++) {
		table_cell(table, BOLD, "%s", value_text(b, "name"));
		table_cell(table, PLAIN, "%s", value_endpoint(b).s);
		table_cell(table, PLAIN, "%s", value_text(b, "proto"));
		table_cell(table, PLAIN, "%s", lb_policy(b, "policy-name").s);
		cell_health(table, b);
		table_cell(table, PLAIN, "%s", text_count(value_number(b, "active")).s);
		table_cell(table, PLAIN, "%s", text_count(value_number(b, "stats.connections")).s);
		table_cell(table, PLAIN, "%s", text_bytes(value_number(b, "stats.bytes-in")).s);
		table_cell(table, PLAIN, "%s", text_bytes(value_number(b, "stats.bytes-out")).s);
		table_cell(table, PLAIN, "%s", value_quantile(b, "stats.connect-latency", "p50").s);
		table_cell(table, PLAIN, "%s", value_quantile(b, "stats.connect-latency", "p99").s);
		table_cell(table, PLAIN, "%s", lb_rate(value_number(b, "stats.request-rate")).s);
		cell_connections(table, b);
		if (!options.watch)
			continue;
		cell_rate(table, b, "stats.bytes-in", text_bytes);
		cell_rate(table, b, "stats.bytes-out", text_bytes);
	}
	table_end(table, 0);
}

static void line(const char *name)
{
	fprintf(out, "  %s%-12s%s  ", color_on(DIM), name, color_off(DIM));
}

static void show_good_status(unsigned int min, unsigned int max)
{
	fprintf(out, min == max ? ", status %u" : ", status %u-%u", min, max);
}

static void show_probe(struct json_object *b)
{
	const char *probe = value_text(b, "health.probe");
	char payload[512];

	line("health");
	if (!*probe || !strcmp(probe, "none")) {
		fprintf(out, "not checked\n");
		return;
	}
	fprintf(out, "%s", lb_probe(b).s);
	if (!strcmp(probe, "http"))
		fprintf(out, " %s", value_text(b, "health.path"));
	fprintf(out, " every %s", text_duration(value_number(b, "health.interval")).s);
	fprintf(out, ", timeout %s", text_duration(value_number(b, "health.timeout")).s);
	fprintf(out, ", rise %s, fall %s", value_text(b, "health.rise"),
		value_text(b, "health.fall"));
	if (!strcmp(probe, "http"))
		show_good_status(value_number(b, "health.status-min"),
				 value_number(b, "health.status-max"));
	if (*value_text(b, "health.host"))
		fprintf(out, ", host %s", value_text(b, "health.host"));
	if (value_number(b, "health.port"))
		fprintf(out, ", port %s", value_text(b, "health.port"));
	if (lb_format_payload(value_text(b, "health.send"), payload, sizeof(payload)))
		fprintf(out, ", sends %s", payload);
	if (!strcmp(value_text(b, "health.require-reply"), "on"))
		fprintf(out, ", a reply is required");
	fputc('\n', out);
}

static void show_latency(struct json_object *b, const char *name, const char *path)
{
	line(name);
	if (!value_number(value_at(b, path), "count")) {
		fprintf(out, "not measured yet\n");
		return;
	}
	fprintf(out, "p50 %s, p90 %s, p99 %s, longest %s\n", value_quantile(b, path, "p50").s,
		value_quantile(b, path, "p90").s, value_quantile(b, path, "p99").s,
		value_quantile(b, path, "longest").s);
}

/* What is so in most cases goes without saying. */
static void show_mode(struct json_object *b)
{
	const char *mode = value_text(b, "mode");

	if (!strcmp(mode, "nat"))
		return;
	line("mode");
	fprintf(out, "%s", mode);
	if (value_at(b, "source-ipv4") || value_at(b, "source-ipv6"))
		fprintf(out, ", source %s",
			value_text(b, value_at(b, "source-ipv4") ? "source-ipv4" :
								  "source-ipv6"));
	fputc('\n', out);
}

/* What is so in most cases goes without saying here as well. */
static void show_failing(struct json_object *b)
{
	uint64_t passive = value_number(b, "passive");

	if (passive) {
		line("passive");
		fprintf(out, "down after %s failed connection%s in a row\n",
			text_count(passive).s, plural(passive));
	}
	if (!strcmp(value_text(b, "on-down"), "reset")) {
		line("on down");
		fprintf(out, "connections of the backend are reset\n");
	}
}

static void show_affinity(struct json_object *b)
{
	uint64_t clients = value_number(b, "affinities");

	fprintf(out, "%s, ", text_duration(value_number(b, "affinity")).s);
	if (value_number(b, "affinity-prefix"))
		fprintf(out, "%s network%s of /%s remembered\n", text_count(clients).s,
			plural(clients), value_text(b, "affinity-prefix"));
	else
		fprintf(out, "%s client%s remembered\n", text_count(clients).s, plural(clients));
}

static void show_settings(struct json_object *b)
{
	fprintf(out, "%s%s%s  %s %s, %s of %s backend%s healthy\n", color_on(BOLD),
		value_text(b, "name"), color_off(BOLD), value_endpoint(b).s,
		value_text(b, "proto"), value_text(b, "healthy"), value_text(b, "backends"),
		plural(value_number(b, "backends")));
	show_mode(b);
	line("policy");
	fprintf(out, "%s", lb_policy(b, "policy-name").s);
	if (value_at(b, "program"))
		fprintf(out, ", program of %d instructions", atoi(value_text(b, "program")));
	fputc('\n', out);
	line("affinity");
	if (value_number(b, "affinity"))
		show_affinity(b);
	else
		fprintf(out, "off\n");
	if (value_number(b, "slow-start")) {
		line("slow start");
		fprintf(out, "%s\n", text_duration(value_number(b, "slow-start")).s);
	}
	line("when down");
	fprintf(out, "%s\n", value_text(b, "when-down"));
	show_failing(b);
	show_probe(b);
}

static void show_rates(struct json_object *stats)
{
	line("per second");
	fprintf(out, "%s connections, ", lb_rate(value_number(stats, "connection-rate")).s);
	fprintf(out, "%s requests, in ", lb_rate(value_number(stats, "request-rate")).s);
	fprintf(out, "%s, out ", lb_byte_rate(value_number(stats, "byte-in-rate")).s);
	fprintf(out, "%s, ", lb_byte_rate(value_number(stats, "byte-out-rate")).s);
	fprintf(out, "%s errors\n", lb_share(value_number(stats, "error-rate")).s);
}

static void show_totals(struct json_object *b)
{
	line("connections");
	fprintf(out, "%s, %s open", text_count(value_number(b, "stats.connections")).s,
		text_count(value_number(b, "active")).s);
	fprintf(out, ", %s turned away", text_count(value_number(b, "stats.dropped")).s);
	if (value_number(b, "stats.retried"))
		fprintf(out, ", %s retried", text_count(value_number(b, "stats.retried")).s);
	fputc('\n', out);
	line("traffic");
	fprintf(out, "in %s, out %s", text_bytes(value_number(b, "stats.bytes-in")).s,
		text_bytes(value_number(b, "stats.bytes-out")).s);
	if (value_number(b, "stats.stateless"))
		fprintf(out, ", %s packets without a flow",
			text_count(value_number(b, "stats.stateless")).s);
	fputc('\n', out);
	show_rates(value_at(b, "stats"));
	show_latency(b, "connect", "stats.connect-latency");
	show_latency(b, "first byte", "stats.first-byte-latency");
}

static void show_shares(struct json_object *list)
{
	static const struct column columns[] = {
		{ "BACKEND" }, { "STATE" }, { "FOR", true, 5 }, { "WEIGHT", true, 4 },
		{ "ACTIVE", true }, { "CONNS", true }, { "IN", true, 2 }, { "OUT", true, 2 },
		{ "P50", true, 1 }, { "P99", true, 1 }, { "SHARE", true }, { "", false, 3 },
	};
	/* The last column is a bar. */
	struct table *table = table_new(columns, options.utf8 ? 12 : 11);
	struct json_object *b;
	uint64_t total = 0;

	for (size_t i = 0; (b = json_object_array_get_idx(list, i)); i++)
		total += value_number(b, "stats.connections");
	for (size_t i = 0; (b = json_object_array_get_idx(list, i)); i++) {
		const char *state = value_text(b, "state");
		double share = 0;

		if (total)
			share = (double)value_number(b, "stats.connections") / total;
		table_cell(table, PLAIN, "%s", value_endpoint(b).s);
		table_cell(table, lb_state_color(state), "%s%s", state,
			   strcmp(value_text(b, "role"), "fallback") ? "" : ", fallback");
		table_cell(table, PLAIN, "%s", text_age(value_number(b, "since")).s);
		table_cell(table, PLAIN, "%s", lb_weight(b).s);
		table_cell(table, PLAIN, "%s", text_count(value_number(b, "active")).s);
		table_cell(table, PLAIN, "%s", text_count(value_number(b, "stats.connections")).s);
		table_cell(table, PLAIN, "%s", text_bytes(value_number(b, "stats.bytes-in")).s);
		table_cell(table, PLAIN, "%s", text_bytes(value_number(b, "stats.bytes-out")).s);
		table_cell(table, PLAIN, "%s", value_quantile(b, "stats.connect-latency", "p50").s);
		table_cell(table, PLAIN, "%s", value_quantile(b, "stats.connect-latency", "p99").s);
		table_cell(table, PLAIN, "%.1f%%", share * 100);
		if (options.utf8)
			table_cell(table, GREEN, "%s", text_bar(share, 16).s);
	}
	table_end(table, 2);
}

static void show_one(struct json_object *balancer, struct json_object *backends)
{
	show_settings(balancer);
	show_totals(balancer);
	if (json_object_array_length(backends)) {
		fputc('\n', out);
		show_shares(backends);
	}
}

int lb_status(int argc, char **argv)
{
	struct json_object *list, *backends = NULL;
	int ret = lb_one_name(argc, argv);

	if (!ret)
		ret = lb_fetch(argv[0], &list, argv[0] && !options.json ? &backends : NULL);
	if (ret)
		return ret;
	measure_time();
	if (options.json) {
		json_print(json_object_get(list));
	} else if (backends) {
		show_one(json_object_array_get_idx(list, 0), backends);
	} else {
		if (!none_of(list, "balancers"))
			show_balancers(list);
		remember(list);
	}
	json_object_put(backends);
	json_object_put(list);
	return DONE;
}
