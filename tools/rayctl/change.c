// SPDX-License-Identifier: GPL-2.0-only
/* What commands that name an object of the kernel share. */
#include <string.h>

#include "change.h"
#include "complete.h"
#include "netlink.h"
#include "output.h"
#include "value.h"

int one_name(const struct form *form, int argc, char **argv)
{
	const struct spec_attr *attr = form_attr(form, "name");

	if (argc > 1)
		return misuse(NULL, "unexpected \"%s\"", argv[1]);
	if (argc && !*argv[0])
		return misuse(attr->name, "name is empty");
	if (argc && strlen(argv[0]) > attr->max)
		return misuse(attr->name, "name \"%s\" is too long, %d bytes at most", argv[0],
			      (int)attr->max);
	return DONE;
}

int take_name(const struct form *form, const char *path, int argc, char **argv,
	      struct json_object *request)
{
	const struct key key = { .word = "name", .path = path };

	if (!argc)
		return misuse(path, "missing NAME");
	return key_string(&key, form_attr(form, path), argv[0], request);
}

int change(const struct object *object, const char *op, struct json_object *request)
{
	struct conn *conn = conn_open(object);
	struct json_object *reply;
	int ret = REFUSED;

	if (conn)
		ret = conn_do(conn, op, request, &reply);
	conn_close(conn);
	if (ret)
		return ret;
	if (options.json)
		json_print(reply);
	else
		json_object_put(reply);
	return DONE;
}

struct json_object *list_quietly(const struct object *object, const char *op,
				 struct json_object *request)
{
	struct json_object *found = NULL;
	struct conn *conn;

	if (!module_loaded(object->module))
		return NULL;
	conn = conn_open(object);
	if (conn && conn_dump(conn, op, request, &found))
		found = NULL;
	conn_close(conn);
	return found;
}

void complete_names(const struct object *object, const char *op)
{
	struct json_object *list = list_quietly(object, op, NULL);

	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		candidate(value_text(json_object_array_get_idx(list, i), "name"));
	json_object_put(list);
}
