// SPDX-License-Identifier: GPL-2.0-only
/* The load balancer: its commands, and its one line in the suite's status. */
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "lb.h"
#include "netlink.h"
#include "rayctl.h"
#include "spec_rayos_lb.h"
#include "value.h"

static int get_status(struct json_object *row)
{
	struct json_object *figures, *list, *balancer;
	struct conn *conn = conn_open(&lb);
	uint64_t backends = 0, healthy = 0;
	int ret = REFUSED;

	if (!conn)
		return ret;
	ret = conn_do(conn, "status-get", NULL, &figures);
	if (!ret)
		value_set(row, "status", figures);
	if (!ret)
		ret = conn_dump(conn, "balancer-get", NULL, &list);
	conn_close(conn);
	if (ret)
		return ret;
	for (size_t i = 0; (balancer = json_object_array_get_idx(list, i)); i++) {
		backends += value_number(balancer, "backends");
		healthy += value_number(balancer, "healthy");
	}
	json_object_put(list);
	value_set(row, "backends", json_object_new_uint64(backends));
	value_set(row, "healthy", json_object_new_uint64(healthy));
	return DONE;
}

static void figure(struct json_object *row, char *buf, size_t size)
{
	uint64_t balancers = value_number(row, "status.balancers");
	uint64_t backends = value_number(row, "backends");

	snprintf(buf, size, "%s balancer%s, %s of %s backend%s healthy, %s of %s flows",
		 text_count(balancers).s, plural(balancers),
		 text_count(value_number(row, "healthy")).s, text_count(backends).s,
		 plural(backends), text_count(value_number(row, "status.flows")).s,
		 text_count(value_number(row, "status.max-flows")).s);
}

/* Of a change of state: who made it, a check or a command? */
static bool by_check(struct json_object *msg)
{
	static const char *const paths[] = { "old-state", "state" };

	for (int i = 0; i < 2; i++)
		if (strcmp(value_text(msg, paths[i]), "healthy") &&
		    strcmp(value_text(msg, paths[i]), "unhealthy"))
			return false;
	return true;
}

static void show_reason(struct json_object *msg)
{
	const char *result = value_text(msg, "check.result");

	uint64_t streak = value_number(msg, "check.passive-streak");

	if (!strcmp(result, "passive"))
		fprintf(out, ", %s connection%s in a row failed", text_count(streak).s,
			plural(streak));
	else if (!strcmp(result, "none"))
		fprintf(out, ", tried again");
	else if (!value_number(msg, "check.streak"))
		fprintf(out, ", no longer checked");
	else
		fprintf(out, ", last check %s, %s in a row", result,
			value_text(msg, "check.streak"));
}

static void backend_event(const char *name, struct json_object *msg)
{
	const char *state = value_text(msg, "state");

	fprintf(out, "%s %s  ", value_text(msg, "balancer"), value_endpoint(msg).s);
	if (!strcmp(name, "backend-del-ntf")) {
		fprintf(out, "removed\n");
		return;
	}
	if (!strcmp(name, "health-ntf")) {
		fprintf(out, "%s -> ", value_text(msg, "old-state"));
		fprintf(out, "%s%s%s", color_on(lb_state_color(state)), state,
			color_off(lb_state_color(state)));
		if (by_check(msg))
			show_reason(msg);
		fputc('\n', out);
		return;
	}
	fprintf(out, "set to %s, weight %s", value_text(msg, "admin"), value_text(msg, "weight"));
	if (value_number(msg, "limit"))
		fprintf(out, ", limit %s", value_text(msg, "limit"));
	if (!strcmp(value_text(msg, "role"), "fallback"))
		fprintf(out, ", role fallback");
	if (value_number(msg, "deadline"))
		fprintf(out, ", deadline in %s", text_age(value_number(msg, "deadline")).s);
	fputc('\n', out);
}

void lb_event(const char *name, struct json_object *msg)
{
	if (value_at(msg, "balancer")) {
		backend_event(name, msg);
		return;
	}
	fprintf(out, "%s  ", value_text(msg, "name"));
	if (!strcmp(name, "balancer-del-ntf")) {
		fprintf(out, "deleted\n");
		return;
	}
	fprintf(out, "set to %s %s, %s", value_endpoint(msg).s, value_text(msg, "proto"),
		lb_policy(msg, "policy-name").s);
	if (value_number(msg, "affinity"))
		fprintf(out, ", affinity %s", text_duration(value_number(msg, "affinity")).s);
	if (value_number(msg, "slow-start"))
		fprintf(out, ", slow start %s", text_duration(value_number(msg, "slow-start")).s);
	if (value_at(msg, "health.probe"))
		fprintf(out, ", health %s", value_text(msg, "health.probe"));
	fputc('\n', out);
}

static const struct command commands[] = {
	{
		.name = "status", .args = "[NAME]", .read = true,
		.doc = "balancers, or one with its backends",
		.run = lb_status, .complete = lb_complete_name,
	}, {
		.name = "backends", .args = "[NAME]", .read = true,
		.doc = "backends, their state and load",
		.run = lb_backends, .complete = lb_complete_name,
	}, {
		.name = "policies", .read = true,
		.doc = "ways to pick a backend",
		.run = lb_policies,
	}, {
		.name = "health", .args = "[NAME]", .read = true,
		.doc = "what health checks have found",
		.run = lb_health, .complete = lb_complete_name,
	}, {
		.name = "metrics", .args = "[NAME]", .read = true,
		.doc = "counters and latencies of balancers and backends",
		.run = lb_metrics, .complete = lb_complete_name,
	}, {
		.name = "add", .forms = lb_add_forms,
		.doc = "make a balancer, or add a backend to one",
		.run = lb_add, .complete = lb_complete_add,
	}, {
		.name = "set", .forms = lb_set_forms,
		.doc = "change a balancer or a backend while traffic flows",
		.run = lb_set, .complete = lb_complete_set,
	}, {
		.name = "drain", .forms = lb_drain_forms,
		.doc = "give a backend no new connections, let old ones finish",
		.run = lb_drain, .complete = lb_complete_drain,
	}, {
		.name = "del", .forms = lb_del_forms,
		.doc = "delete a balancer, or remove a backend from one",
		.run = lb_del, .complete = lb_complete_del,
	}, {
		.name = "save", .args = "[FILE]",
		.doc = "write all that is configured as a file for restore",
		.run = lb_save, .complete = lb_complete_save,
	}, {
		.name = "restore", .args = "[FILE] [check]",
		.doc = "have what a file says and nothing else, all of it or nothing",
		.run = lb_restore, .complete = lb_complete_restore,
	}, {
		.name = "import", .args = "ipvsadm [FILE] [lenient] [apply|check]",
		.doc = "turn what another balancer has saved into a file for restore",
		.run = lb_import, .complete = lb_complete_import,
	}, {
		.name = "help", .args = "[COMMAND]",
		.doc = "this text, or how one command is written",
		.run = help_run, .complete = help_complete,
	},
	{ .name = NULL }
};

const struct object lb = {
	.name = "lb",
	.alias = "loadbalancer",
	.module = "rayos_lb",
	.doc = "layer-4 load balancer",
	.spec = &rayos_lb_spec,
	.commands = commands,
	.status = get_status,
	.figure = figure,
	.event = lb_event,
};
