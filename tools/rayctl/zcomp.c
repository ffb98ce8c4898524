// SPDX-License-Identifier: GPL-2.0-only
/* Compressed memory: its commands, its events, its one line in the suite's status. */
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "netlink.h"
#include "rayctl.h"
#include "spec_rayos_zcomp.h"
#include "value.h"
#include "zcomp.h"

static int get_status(struct json_object *row)
{
	struct json_object *figures;
	struct conn *conn = conn_open(&zcomp);
	int ret = REFUSED;

	if (conn)
		ret = conn_do(conn, "status-get", NULL, &figures);
	conn_close(conn);
	if (!ret)
		value_set(row, "status", figures);
	return ret;
}

static void figure(struct json_object *row, char *buf, size_t size)
{
	uint64_t devices = value_number(row, "status.devices");
	uint64_t regions = value_number(row, "status.regions");

	snprintf(buf, size, "%s saved, ratio %s, %s device%s, %s region%s",
		 text_bytes(value_number(row, "status.saved")).s,
		 text_ratio(value_number(row, "status.ratio")).s, text_count(devices).s,
		 plural(devices), text_count(regions).s, plural(regions));
}

static void show_device(struct json_object *msg)
{
	if (!value_number(msg, "size")) {
		fprintf(out, "added without a size\n");
		return;
	}
	fprintf(out, "set to %s, level %s, codec %s", text_bytes(value_number(msg, "size")).s,
		value_text(msg, "level"), value_text(msg, "codec"));
	if (value_number(msg, "limit"))
		fprintf(out, ", limit %s", text_bytes(value_number(msg, "limit")).s);
	fputc('\n', out);
}

static void show_refused(struct json_object *msg)
{
	fprintf(out, "%sno memory for a page%s, pool %s", color_on(RED), color_off(RED),
		text_bytes(value_number(msg, "pool")).s);
	if (value_number(msg, "limit"))
		fprintf(out, " of %s", text_bytes(value_number(msg, "limit")).s);
	fputc('\n', out);
}

static void show_settings(struct json_object *msg)
{
	fprintf(out, "set to level %s, codec %s, policy ", value_text(msg, "level"),
		value_text(msg, "codec"));
	zcomp_links(msg, ",");
	fprintf(out, ", threshold %s, idle %s\n",
		text_percent(value_number(msg, "threshold")).s,
		text_duration(value_number(msg, "idle")).s);
}

static void event(const char *name, struct json_object *msg)
{
	if (!strcmp(name, "settings-ntf")) {
		show_settings(msg);
		return;
	}
	fprintf(out, "%s  ", value_text(msg, "name"));
	if (!strcmp(name, "device-del-ntf"))
		fprintf(out, "removed\n");
	else if (!strcmp(name, "device-reset-ntf"))
		fprintf(out, "reset\n");
	else if (!strcmp(name, "refused-ntf"))
		show_refused(msg);
	else
		show_device(msg);
}

static const struct command commands[] = {
	{
		.name = "status", .args = "[NAME]", .read = true,
		.doc = "memory saved, by all devices and regions or by one",
		.run = zcomp_status, .complete = zcomp_complete_name,
	}, {
		.name = "pages", .args = "[NAME]", .read = true,
		.doc = "how old pages are, and how large what they are compressed to",
		.run = zcomp_pages, .complete = zcomp_complete_name,
	}, {
		.name = "stats", .args = "[NAME]", .read = true,
		.doc = "how long codecs take, and what has happened to pages",
		.run = zcomp_stats, .complete = zcomp_complete_name,
	}, {
		.name = "policy", .read = true,
		.doc = "what new devices are made with, and when regions are compressed",
		.run = zcomp_policy,
	}, {
		.name = "add", .forms = zcomp_add_forms,
		.doc = "make a block device, or give one that has none a size",
		.run = zcomp_add, .complete = zcomp_complete_add,
	}, {
		.name = "set", .forms = zcomp_set_forms,
		.doc = "change what policy shows, or the limit of one device",
		.run = zcomp_set, .complete = zcomp_complete_set,
	}, {
		.name = "del", .args = "NAME",
		.doc = "remove a device and all that is on it",
		.run = zcomp_del, .complete = zcomp_complete_name,
	}, {
		.name = "reset", .args = "NAME",
		.doc = "forget all that is on a device, and its size",
		.run = zcomp_reset, .complete = zcomp_complete_name,
	}, {
		.name = "compact", .args = "[NAME]",
		.doc = "give back memory between what is compressed",
		.run = zcomp_compact, .complete = zcomp_complete_name,
	}, {
		.name = "flush", .args = "[NAME]",
		.doc = "compress now what is in memory of a region, or of all",
		.run = zcomp_flush, .complete = zcomp_complete_name,
	}, {
		.name = "swap", .args = "on SIZE [priority N] | off [NAME]",
		.doc = "swap to compressed memory, or no longer",
		.run = zcomp_swap, .complete = zcomp_complete_swap,
	}, {
		.name = "run", .args = "[min SIZE] -- COMMAND [ARGUMENT...]",
		.doc = "run a program whose large pieces of memory are compressed",
		.run = zcomp_run,
	}, {
		.name = "help", .args = "[COMMAND]",
		.doc = "this text, or how one command is written",
		.run = help_run, .complete = help_complete,
	},
	{ .name = NULL }
};

const struct object zcomp = {
	.name = "memcompress",
	.alias = "compress",
	.module = "rayos_zcomp",
	.doc = "compressed memory",
	.spec = &rayos_zcomp_spec,
	.commands = commands,
	.status = get_status,
	.figure = figure,
	.event = event,
};
