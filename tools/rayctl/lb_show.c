// SPDX-License-Identifier: GPL-2.0-only
/* lb backends, health and policies, and what all that show something share. */
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "lb.h"
#include "netlink.h"
#include "output.h"
#include "rayctl.h"
#include "spec_rayos_lb.h"
#include "value.h"

int lb_one_name(int argc, char **argv)
{
	return one_name(lb_add_forms, argc, argv);
}

static void program_in_words(struct json_object *balancer)
{
	char *text;

	if (!value_at(balancer, "program"))
		return;
	text = program_text(value_text(balancer, "program"));
	value_set(balancer, "program", json_object_new_string(text));
	free(text);
}

/* A list has no programs, which may be long: they are asked for one by one. */
static int get_program(struct conn *conn, struct json_object *balancer)
{
	static const char *const name[] = { "name", NULL };
	struct json_object *request = value_select(balancer, name), *one;
	int ret = conn_do(conn, "balancer-get", request, &one);

	json_object_put(request);
	if (ret)
		return ret;
	if (value_at(one, "program"))
		value_set(balancer, "program", json_object_get(value_at(one, "program")));
	json_object_put(one);
	program_in_words(balancer);
	return DONE;
}

static int get_all_balancers(struct conn *conn, struct json_object **list)
{
	struct json_object *balancer;
	int ret = conn_dump(conn, "balancer-get", NULL, list);

	for (size_t i = 0; !ret && (balancer = json_object_array_get_idx(*list, i)); i++) {
		if (strcmp(value_text(balancer, "policy"), "custom"))
			continue;
		ret = get_program(conn, balancer);
		if (ret)
			json_object_put(*list);
	}
	return ret;
}

int lb_get_balancers(struct conn *conn, const char *name, struct json_object **list)
{
	struct json_object *request, *balancer;
	int ret;

	if (!name)
		return get_all_balancers(conn, list);
	request = json_object_new_object();
	value_set(request, "name", json_object_new_string(name));
	ret = conn_do(conn, "balancer-get", request, &balancer);
	json_object_put(request);
	if (ret)
		return ret;
	program_in_words(balancer);
	*list = json_object_new_array();
	json_object_array_add(*list, balancer);
	return DONE;
}

int lb_get_backends(struct conn *conn, const char *name, struct json_object **list)
{
	struct json_object *request = json_object_new_object();
	int ret;

	if (name)
		value_set(request, "balancer", json_object_new_string(name));
	ret = conn_dump(conn, "backend-get", request, list);
	json_object_put(request);
	return ret;
}

int lb_fetch(const char *name, struct json_object **balancers, struct json_object **backends)
{
	struct conn *conn = conn_open(&lb);
	struct json_object *list = NULL;
	int ret = conn ? DONE : REFUSED;

	if (balancers)
		*balancers = NULL;
	if (backends)
		*backends = NULL;
	if (!ret && balancers)
		ret = lb_get_balancers(conn, name, &list);
	if (!ret && backends)
		ret = lb_get_backends(conn, name, backends);
	conn_close(conn);
	if (ret)
		json_object_put(list);
	else if (balancers)
		*balancers = list;
	return ret;
}

enum color lb_state_color(const char *state)
{
	if (!strcmp(state, "healthy"))
		return GREEN;
	if (!strcmp(state, "unhealthy"))
		return RED;
	return strcmp(state, "draining") ? DIM : YELLOW;
}

struct text lb_weight(struct json_object *backend)
{
	uint64_t all = 1000000 * value_number(backend, "weight");
	uint64_t part = value_number(backend, "effective-weight");
	struct text text;

	if (part && part < all)
		snprintf(text.s, sizeof(text.s), "%u%% of %s",
			 (unsigned int)(part * 100 / all), value_text(backend, "weight"));
	else
		snprintf(text.s, sizeof(text.s), "%s", value_text(backend, "weight"));
	return text;
}

struct text lb_rate(uint64_t milli)
{
	struct text text = { "0" };

	if (milli >= 100000)
		return text_count((milli + 500) / 1000);
	if (milli)
		snprintf(text.s, sizeof(text.s), milli < 100 ? "%.3f" : "%.1f", milli / 1e3);
	return text;
}

struct text lb_byte_rate(uint64_t milli)
{
	return text_bytes((milli + 500) / 1000);
}

struct text lb_share(uint64_t ppm)
{
	struct text text = { "0%" };

	if (ppm)
		snprintf(text.s, sizeof(text.s), ppm < 1000 ? "%.4f%%" : "%.1f%%", ppm / 1e4);
	return text;
}

static uint64_t failures(struct json_object *backend)
{
	return value_number(backend, "stats.refused") + value_number(backend, "stats.timeouts") +
	       value_number(backend, "stats.resets") + value_number(backend, "stats.unreachable");
}

/* Whether any of a list has this word at a path: else it goes without saying. */
static bool any(struct json_object *list, const char *path, const char *word)
{
	struct json_object *item;

	for (size_t i = 0; (item = json_object_array_get_idx(list, i)); i++)
		if (!strcmp(value_text(item, path), word))
			return true;
	return false;
}

static void show_backends(struct json_object *list)
{
	static const struct column columns[] = {
		{ "BALANCER" }, { "BACKEND" }, { "STATE" }, { "FOR", true, 3 },
		{ "WEIGHT", true }, { "LIMIT", true, 4 }, { "ACTIVE", true },
		{ "CONNS", true }, { "REQS", true, 5 }, { "FAILED", true, 1 },
		{ "DEADLINE", true, 2 }, { "ROLE" },
	};
	bool roles = any(list, "role", "fallback");
	struct table *table = table_new(columns, roles ? 12 : 11);
	struct json_object *b;

	for (size_t i = 0; (b = json_object_array_get_idx(list, i)); i++) {
		const char *state = value_text(b, "state");

		table_cell(table, BOLD, "%s", value_text(b, "balancer"));
		table_cell(table, PLAIN, "%s", value_endpoint(b).s);
		table_cell(table, lb_state_color(state), "%s", state);
		table_cell(table, PLAIN, "%s", text_age(value_number(b, "since")).s);
		table_cell(table, PLAIN, "%s", lb_weight(b).s);
		table_cell(table, PLAIN, "%s", value_number(b, "limit") ?
			   value_text(b, "limit") : "-");
		table_cell(table, PLAIN, "%s", text_count(value_number(b, "active")).s);
		table_cell(table, PLAIN, "%s", text_count(value_number(b, "stats.connections")).s);
		table_cell(table, PLAIN, "%s", text_count(value_number(b, "stats.requests")).s);
		table_cell(table, failures(b) ? RED : PLAIN, "%s", text_count(failures(b)).s);
		table_cell(table, PLAIN, "%s", strcmp(state, "draining") ||
			   !value_number(b, "deadline") ? "-" :
			   text_age(value_number(b, "deadline")).s);
		if (roles)
			table_cell(table, PLAIN, "%s", value_text(b, "role"));
	}
	table_end(table, 0);
}

struct text lb_probe(struct json_object *balancer)
{
	const char *method = value_text(balancer, "health.method");
	struct text text;

	snprintf(text.s, sizeof(text.s), "%.16s%s%.16s", value_text(balancer, "health.probe"),
		 *method && strcmp(method, "GET") ? " " : "",
		 strcmp(method, "GET") ? method : "");
	return text;
}

static uint64_t highest(struct json_object *list, const char *path)
{
	struct json_object *item;
	uint64_t value = 0;

	for (size_t i = 0; (item = json_object_array_get_idx(list, i)); i++)
		if (value < value_number(item, path))
			value = value_number(item, path);
	return value;
}

/* How many clients it has failed, of how many it may, and when it is tried again. */
static void cells_passive(struct table *table, struct json_object *b)
{
	uint64_t streak = value_number(b, "check.passive-streak");
	uint64_t hold = value_number(b, "check.hold");

	if (value_number(b, "passive"))
		table_cell(table, streak ? RED : PLAIN, "%s/%s", text_count(streak).s,
			   text_count(value_number(b, "passive")).s);
	else
		table_cell(table, DIM, "-");
	table_cell(table, PLAIN, "%s", hold ? text_age(hold).s : "-");
}

static void show_health(struct json_object *list)
{
	static const struct column columns[] = {
		{ "BALANCER" }, { "BACKEND" }, { "STATE" }, { "FOR", true, 2 },
		{ "PROBE", .spare = 5 },
		{ "LAST CHECK" }, { "AGO", true, 1 }, { "IN A ROW", true, 3 },
		{ "TOOK", true, 4 }, { "PASSED", true }, { "FAILED", true },
		{ "PASSIVE", true }, { "HOLD", true },
	};
	/* Most balancers have no passive detection. */
	bool passive = highest(list, "passive");
	struct table *table = table_new(columns, passive ? 13 : 11);
	struct json_object *b;

	for (size_t i = 0; (b = json_object_array_get_idx(list, i)); i++) {
		const char *state = value_text(b, "state");
		const char *result = value_text(b, "check.result");
		/* Of one that is checked no more, what checks found last says nothing. */
		bool never = !*result || !strcmp(result, "none") ||
			     (strcmp(result, "passive") &&
			      !strcmp(value_text(b, "health.probe"), "none"));

		bool status = !never && value_number(b, "check.status");

		table_cell(table, BOLD, "%s", value_text(b, "balancer"));
		table_cell(table, PLAIN, "%s", value_endpoint(b).s);
		table_cell(table, lb_state_color(state), "%s", state);
		table_cell(table, PLAIN, "%s", text_age(value_number(b, "since")).s);
		table_cell(table, PLAIN, "%s", lb_probe(b).s);
		table_cell(table, never ? DIM : strcmp(result, "passed") ? RED : GREEN, "%s%s%s",
			   never ? "-" : result, status ? " " : "",
			   status ? value_text(b, "check.status") : "");
		/* What clients have found is no check. */
		never = never || !value_at(b, "check.age");
		table_cell(table, PLAIN, "%s", never ? "-" :
			   text_age(value_number(b, "check.age")).s);
		table_cell(table, PLAIN, "%s", never ? "-" : value_text(b, "check.streak"));
		table_cell(table, PLAIN, "%s", !never && value_number(b, "check.passed") ?
			   text_latency(value_number(b, "check.latency")).s : "-");
		table_cell(table, PLAIN, "%s", text_count(value_number(b, "check.passed")).s);
		table_cell(table, value_number(b, "check.failed") ? RED : PLAIN, "%s",
			   text_count(value_number(b, "check.failed")).s);
		if (passive)
			cells_passive(table, b);
	}
	table_end(table, 0);
}

/* How backends are checked is told of their balancer only. */
static void join_health(struct json_object *list, struct json_object *balancers)
{
	struct json_object *backend, *b;

	for (size_t i = 0; (backend = json_object_array_get_idx(list, i)); i++) {
		for (size_t j = 0; (b = json_object_array_get_idx(balancers, j)); j++) {
			if (strcmp(value_text(b, "name"), value_text(backend, "balancer")))
				continue;
			value_set(backend, "health", json_object_get(value_at(b, "health")));
			value_set(backend, "passive", json_object_get(value_at(b, "passive")));
		}
	}
}

/* Print the backends that the words ask for, in JSON with @keys alone. */
static int list_backends(int argc, char **argv, void (*show)(struct json_object *list),
			 const char *const *keys)
{
	struct json_object *list, *balancers, *backend, *selected;
	int ret = lb_one_name(argc, argv);

	if (!ret)
		ret = lb_fetch(argv[0], NULL, &list);
	if (ret)
		return ret;
	/* One that has been deleted meanwhile is no error. */
	if (keys && !lb_fetch(NULL, &balancers, NULL)) {
		join_health(list, balancers);
		json_object_put(balancers);
	}
	if (!options.json) {
		if (!none_of(list, "backends"))
			show(list);
	} else if (keys) {
		selected = json_object_new_array();
		for (size_t i = 0; (backend = json_object_array_get_idx(list, i)); i++)
			json_object_array_add(selected, value_select(backend, keys));
		json_print(selected);
	} else {
		json_print(json_object_get(list));
	}
	json_object_put(list);
	return DONE;
}

int lb_backends(int argc, char **argv)
{
	return list_backends(argc, argv, show_backends, NULL);
}

int lb_health(int argc, char **argv)
{
	static const char *const keys[] = {
		"balancer", "id", "ipv4", "ipv6", "port", "admin", "state", "since", "check",
		"health", "passive", NULL
	};

	return list_backends(argc, argv, show_health, keys);
}

/* What a value of the spec means, in the spec's own words. */
static const char *policy_doc(const char *name)
{
	const struct spec_value *value = form_attr(lb_add_forms, "policy")->values;

	while (value->name && strcmp(value->name, name))
		value++;
	return value->name ? value->doc : "";
}

int lb_policies(int argc, char **argv)
{
	static const struct column columns[] = {
		{ "POLICY" }, { "BALANCERS", true }, { "PICKS" },
	};
	struct json_object *list, *p;
	struct table *table;
	struct conn *conn;
	int ret;

	if (argc)
		return misuse(NULL, "unexpected \"%s\"", argv[0]);
	conn = conn_open(&lb);
	if (!conn)
		return REFUSED;
	ret = conn_dump(conn, "policy-get", NULL, &list);
	conn_close(conn);
	if (ret)
		return ret;
	if (options.json) {
		json_print(list);
		return DONE;
	}
	table = table_new(columns, 3);
	for (size_t i = 0; (p = json_object_array_get_idx(list, i)); i++) {
		table_cell(table, BOLD, "%s", lb_policy(p, "name").s);
		table_cell(table, PLAIN, "%s", value_text(p, "balancers"));
		table_cell(table, PLAIN, "%s", policy_doc(value_text(p, "policy")));
	}
	table_end(table, 0);
	json_object_put(list);
	return DONE;
}
