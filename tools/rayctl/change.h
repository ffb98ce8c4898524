/* SPDX-License-Identifier: GPL-2.0-only */
/* What commands that name an object of the kernel share. */
#ifndef RAYCTL_CHANGE_H
#define RAYCTL_CHANGE_H

#include <json-c/json.h>

#include "keys.h"
#include "rayctl.h"

/* At most one word may follow, the "name" of the form. Return: DONE or MISUSED. */
int one_name(const struct form *form, int argc, char **argv);

/* The first word to @path, as a name; NAME is missing when there is none. */
int take_name(const struct form *form, const char *path, int argc, char **argv,
	      struct json_object *request);

/* Send a request over a connection of its own, and print the answer if it is JSON. */
int change(const struct object *object, const char *op, struct json_object *request);

/* For completion: ask the kernel, but neither load the module for it nor complain. */
struct json_object *list_quietly(const struct object *object, const char *op,
				 struct json_object *request);

/* Complete a word by the names of all that the kernel has. */
void complete_names(const struct object *object, const char *op);

#endif
