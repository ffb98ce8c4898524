// SPDX-License-Identifier: GPL-2.0-only
/* What concerns no single object: status and version of the whole suite. */
#include <stdio.h>

#include "events.h"
#include "help.h"
#include "netlink.h"
#include "output.h"
#include "rayctl.h"
#include "value.h"

static int get_status(const struct object *object, struct json_object *row)
{
	bool available = object->spec;
	bool loaded = available && module_loaded(object->module);
	bool elsewhere = loaded && module_elsewhere(object);

	value_set(row, "object", json_object_new_string(object->name));
	value_set(row, "module", json_object_new_string(object->module));
	value_set(row, "available", json_object_new_boolean(available));
	value_set(row, "loaded", json_object_new_boolean(loaded));
	if (elsewhere)
		value_set(row, "elsewhere", json_object_new_boolean(true));
	return loaded && !elsewhere ? object->status(row) : DONE;
}

static void show_row(struct table *table, const struct object *object, struct json_object *row)
{
	enum color color = object->spec ? PLAIN : DIM;
	char figure[128], version[64] = "-";

	table_cell(table, object->spec ? BOLD : DIM, "%s", object->name);
	table_cell(table, color, "%s", object->module);
	if (!object->spec) {
		table_cell(table, color, "-");
		table_cell(table, color, "-");
		table_cell(table, color, "no commands in this version");
	} else if (!json_object_get_boolean(value_at(row, "loaded"))) {
		table_cell(table, YELLOW, "not loaded");
		table_cell(table, color, "-");
		table_cell(table, color, "modprobe %s", object->module);
	} else if (value_at(row, "elsewhere")) {
		module_version(object->module, version, sizeof(version));
		table_cell(table, GREEN, "loaded");
		table_cell(table, color, "%s", version);
		table_cell(table, color, "not there for this network namespace, but for the first");
	} else {
		object->figure(row, figure, sizeof(figure));
		table_cell(table, GREEN, "loaded");
		table_cell(table, color, "%s", value_text(row, "status.version"));
		table_cell(table, color, "%s", figure);
	}
}

static int status(int argc, char **argv)
{
	static const struct column columns[] = {
		{ "OBJECT" }, { "MODULE" }, { "STATE" }, { "VERSION" }, { "" },
	};
	struct json_object *rows;
	struct table *table;
	int ret = DONE;

	if (argc)
		return misuse(NULL, "unexpected \"%s\"", argv[0]);
	rows = json_object_new_array();
	for (const struct object *const *o = objects; !ret && *o; o++) {
		struct json_object *row = json_object_new_object();

		json_object_array_add(rows, row);
		ret = get_status(*o, row);
	}
	if (ret || options.json) {
		if (!ret)
			json_print(json_object_get(rows));
		json_object_put(rows);
		return ret;
	}
	table = table_new(columns, 5);
	for (size_t i = 0; objects[i]; i++)
		show_row(table, objects[i], json_object_array_get_idx(rows, i));
	table_end(table, 0);
	json_object_put(rows);
	return DONE;
}

static int version(int argc, char **argv)
{
	struct json_object *versions;
	char text[64];

	if (argc)
		return misuse(NULL, "unexpected \"%s\"", argv[0]);
	versions = json_object_new_object();
	value_set(versions, "rayctl", json_object_new_string(RAYCTL_VERSION));
	for (const struct object *const *o = objects; *o; o++)
		if (module_version((*o)->module, text, sizeof(text)))
			value_set(versions, (*o)->module, json_object_new_string(text));
	if (options.json) {
		json_print(versions);
		return DONE;
	}
	json_object_object_foreach(versions, name, value)
		fprintf(out, "%s %s\n", name, json_object_get_string(value));
	json_object_put(versions);
	return DONE;
}

static const struct command commands[] = {
	{
		.name = "status", .read = true,
		.doc = "one line a module",
		.run = status,
	}, {
		.name = "events", .args = "[OBJECT...]",
		.doc = "follow what happens, one line an event",
		.run = events, .complete = events_complete,
	}, {
		.name = "version",
		.doc = "versions of rayctl and of the modules loaded",
		.run = version,
	}, {
		.name = "help", .args = "[OBJECT]",
		.doc = "this text, or an object's commands",
		.run = help_run, .complete = help_complete,
	},
	{ .name = NULL }
};

const struct object suite = { .name = "suite", .commands = commands };
