// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

/* Cut the first name off a dotted path. Return: what is left. */
static const char *first_name(const char *path, char *name, size_t size)
{
	size_t len = strcspn(path, ".");

	snprintf(name, size, "%.*s", (int)len, path);
	return path + len + (path[len] == '.');
}

struct json_object *value_at(struct json_object *object, const char *path)
{
	char name[64];

	while (object && *path) {
		char *bracket;

		path = first_name(path, name, sizeof(name));
		bracket = strchr(name, '[');
		if (bracket)
			*bracket = '\0';
		if (!json_object_object_get_ex(object, name, &object))
			return NULL;
		if (bracket && json_object_is_type(object, json_type_array))
			object = json_object_array_get_idx(object, strtoul(bracket + 1, NULL, 10));
	}
	return object;
}

uint64_t value_number(struct json_object *object, const char *path)
{
	return json_object_get_uint64(value_at(object, path));
}

const char *value_text(struct json_object *object, const char *path)
{
	struct json_object *value = value_at(object, path);

	return value ? json_object_get_string(value) : "";
}

struct text value_endpoint(struct json_object *object)
{
	unsigned int port = value_number(object, "port");
	struct text text;

	if (value_at(object, "ipv6"))
		snprintf(text.s, sizeof(text.s), "[%.45s]:%u", value_text(object, "ipv6"), port);
	else
		snprintf(text.s, sizeof(text.s), "%.45s:%u", value_text(object, "ipv4"), port);
	return text;
}

struct text value_quantile(struct json_object *object, const char *path, const char *which)
{
	struct json_object *values = value_at(object, path);

	if (!value_number(values, "count"))
		return (struct text){ "-" };
	return text_latency(value_number(values, which));
}

void value_set(struct json_object *object, const char *path, struct json_object *value)
{
	struct json_object *inner;
	char name[64];

	path = first_name(path, name, sizeof(name));
	if (!*path) {
		json_object_object_add(object, name, value);
		return;
	}
	if (!json_object_object_get_ex(object, name, &inner)) {
		inner = json_object_new_object();
		json_object_object_add(object, name, inner);
	}
	value_set(inner, path, value);
}

struct json_object *value_select(struct json_object *object, const char *const *keys)
{
	struct json_object *selected = json_object_new_object(), *value;

	for (; *keys; keys++)
		if (json_object_object_get_ex(object, *keys, &value))
			json_object_object_add(selected, *keys, json_object_get(value));
	return selected;
}
