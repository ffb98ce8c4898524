/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading and writing objects by dotted paths, such as "stats.bytes-in". */
#ifndef RAYCTL_VALUE_H
#define RAYCTL_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "output.h"

/* The value at @path, or NULL; it stays @object's. */
struct json_object *value_at(struct json_object *object, const char *path);
/* The same as a number, or as text; 0 and "" when there is none. */
uint64_t value_number(struct json_object *object, const char *path);
const char *value_text(struct json_object *object, const char *path);
/* ADDR:PORT of what has ipv4 or ipv6 and port. */
struct text value_endpoint(struct json_object *object);

/* A quantile of the histogram at @path, "-" where nothing was measured. */
struct text value_quantile(struct json_object *object, const char *path, const char *which);

/* Put @value at @path, making the objects on the way. */
void value_set(struct json_object *object, const char *path, struct json_object *value);
/* A new object with those of @keys, up to a NULL, that @object has. */
struct json_object *value_select(struct json_object *object, const char *const *keys);

#endif
