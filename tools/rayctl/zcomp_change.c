// SPDX-License-Identifier: GPL-2.0-only
/* memcompress add, set, del, reset, compact and flush. */
#include <string.h>

#include "change.h"
#include "complete.h"
#include "netlink.h"
#include "output.h"
#include "spec_rayos_zcomp.h"
#include "value.h"
#include "zcomp.h"

static const struct key device_keys[] = {
	{ "size", "size", key_size, "SIZE", .required = true },
	{ "level", "level", key_enum },
	{ "codec", "codec", key_enum },
	{ "limit", "limit", key_size, "SIZE|none", "none", 1 },
	{ .word = NULL }
};

/* Links of the policy, with commas between them. */
static int key_links(const struct key *key, const struct spec_attr *attr, const char *text,
		     struct json_object *request)
{
	struct json_object *links = json_object_new_array();
	int ret = DONE;

	for (const char *at = text; !ret && at; at = strchr(at, ',')) {
		struct json_object *one = json_object_new_object();
		char word[64];

		at += at != text;
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, ","), at);
		ret = key_enum(key, attr, word, one);
		if (!ret)
			json_object_array_add(links, json_object_get(value_at(one, key->path)));
		json_object_put(one);
	}
	if (ret)
		json_object_put(links);
	else
		value_set(request, key->path, links);
	return ret;
}

#define SECOND	1000000000

static const struct key settings_keys[] = {
	{ "level", "level", key_enum },
	{ "codec", "codec", key_enum },
	{ "policy", "link", key_links, "demand,threshold,time|none" },
	{ "threshold", "threshold", key_percent, "PERCENT" },
	{ "hysteresis", "hysteresis", key_percent, "PERCENT" },
	{ "limit", "limit", key_size, "SIZE|none", "none", 1 },
	{ "idle", "idle", key_duration, "DURATION" },
	{ "idle-max", "idle-max", key_duration, "DURATION" },
	{ "rate", "rate", key_percent, "PERCENT|any", "any", 1 },
	{ "promote", "promote", key_duration, "DURATION|never", "never", 2 * (uint64_t)SECOND },
	{ .word = NULL }
};

static const struct key limit_key[] = {
	{ "limit", "limit", key_size, "SIZE|none", "none", 1, .required = true },
	{ .word = NULL }
};

static const struct key no_keys[] = {
	{ .word = NULL }
};

const struct form zcomp_add_forms[] = {
	{ "[NAME]", &rayos_zcomp_spec, "device-add", device_keys },
	{ .args = NULL }
};

const struct form zcomp_set_forms[] = {
	{ "", &rayos_zcomp_spec, "settings-set", settings_keys },
	{ "NAME", &rayos_zcomp_spec, "device-set", limit_key },
	{ .args = NULL }
};

static const struct form named = { "NAME", &rayos_zcomp_spec, "device-del", no_keys };

/* Devices are called rayzN: a word that is no name is a key. */
static bool is_name(int argc, char **argv)
{
	return argc && !strncmp(argv[0], "rayz", 4);
}

int zcomp_add(int argc, char **argv)
{
	struct json_object *request = json_object_new_object();
	int ret = DONE;

	if (is_name(argc, argv)) {
		ret = take_name(zcomp_add_forms, "name", argc, argv, request);
		argc--;
		argv++;
	}
	if (!ret)
		ret = keys_parse(zcomp_add_forms, argc, argv, request);
	if (!ret)
		ret = change(&zcomp, "device-add", request);
	json_object_put(request);
	return ret;
}

static int set_one(int argc, char **argv, struct json_object *request)
{
	const struct form *form = &zcomp_set_forms[1];
	int ret;

	current_form = form;
	ret = take_name(form, "name", argc, argv, request);
	if (!ret)
		ret = keys_parse(form, argc - 1, argv + 1, request);
	return ret ? ret : change(&zcomp, form->op, request);
}

static int set_all(int argc, char **argv, struct json_object *request)
{
	const struct form *form = &zcomp_set_forms[0];
	int ret;

	current_form = form;
	if (!argc)
		return misuse(NULL, "nothing to set");
	ret = keys_parse(form, argc, argv, request);
	return ret ? ret : change(&zcomp, form->op, request);
}

int zcomp_set(int argc, char **argv)
{
	struct json_object *request = json_object_new_object();
	int ret = is_name(argc, argv) ? set_one(argc, argv, request) :
					set_all(argc, argv, request);

	json_object_put(request);
	return ret;
}

/* A command that is a name and no more. */
static int by_name(const char *op, bool required, int argc, char **argv)
{
	struct json_object *request = json_object_new_object();
	int ret = zcomp_one_name(argc, argv);

	if (!ret && (required || argc))
		ret = take_name(&named, "name", argc, argv, request);
	if (!ret)
		ret = change(&zcomp, op, request);
	json_object_put(request);
	return ret;
}

int zcomp_del(int argc, char **argv)
{
	return by_name("device-del", true, argc, argv);
}

int zcomp_reset(int argc, char **argv)
{
	return by_name("device-reset", true, argc, argv);
}

int zcomp_compact(int argc, char **argv)
{
	return by_name("compact", false, argc, argv);
}

int zcomp_flush(int argc, char **argv)
{
	return by_name("flush", false, argc, argv);
}

void zcomp_complete_name(int argc, char **argv)
{
	(void)argv;
	if (argc == 1)
		complete_names(&zcomp, "store-get");
}

void zcomp_complete_add(int argc, char **argv)
{
	if (argc > 1 && is_name(argc, argv))
		keys_complete(zcomp_add_forms, argc - 1, argv + 1);
	else
		keys_complete(zcomp_add_forms, argc, argv);
}

void zcomp_complete_set(int argc, char **argv)
{
	if (argc > 1 && is_name(argc, argv)) {
		keys_complete(&zcomp_set_forms[1], argc - 1, argv + 1);
		return;
	}
	keys_complete(&zcomp_set_forms[0], argc, argv);
	zcomp_complete_name(argc, argv);
}
