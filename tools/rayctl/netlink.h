/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_NETLINK_H
#define RAYCTL_NETLINK_H

#include <json-c/json.h>

#include "spec.h"

struct conn;
struct object;

/**
 * conn_open() - reach the kernel module behind an object
 * @object: it has a spec
 *
 * Asking for the family makes the kernel load the module where it knows the
 * alias. On failure the user has been told why.
 *
 * Return: the connection, or NULL.
 */
struct conn *conn_open(const struct object *object);
void conn_close(struct conn *conn);
/* Its module is loaded, but is there for another network namespace only. */
bool module_elsewhere(const struct object *object);

/**
 * conn_do() - one request, one answer
 * @conn: from conn_open()
 * @op: name of the operation in the spec
 * @request: its attributes, or NULL for none; the caller keeps it
 * @reply: where the answer goes, to be put by the caller, or NULL
 *
 * Return: DONE, or REFUSED after the user has been told why.
 */
int conn_do(struct conn *conn, const char *op, struct json_object *request,
	    struct json_object **reply);

/**
 * conn_at_fault() - be told where a request is at fault
 * @conn: from conn_open()
 * @fn: called before the user is told why the kernel refused a request, with the
 *      path of the attribute that it named
 */
void conn_at_fault(struct conn *conn, void (*fn)(const char *attribute));

/**
 * conn_dump() - list objects
 * @conn: from conn_open()
 * @op: name of the operation in the spec
 * @request: its attributes, or NULL for none; the caller keeps it
 * @list: where an array of answers goes, to be put by the caller
 *
 * A list that changed while it was read is read again, so that what comes
 * back is what was there at one time.
 *
 * Return: DONE, or REFUSED after the user has been told why.
 */
int conn_dump(struct conn *conn, const char *op, struct json_object *request,
	      struct json_object **list);

/* Called for each event; @name NULL says that events were lost before this. */
typedef void conn_event_fn(const struct object *object, const char *name,
			   struct json_object *msg);

/**
 * conn_subscribe() - from now on @conn is for events alone
 * @conn: from conn_open()
 *
 * Return: a file descriptor to poll for input, or -1 after telling why.
 */
int conn_subscribe(struct conn *conn);

/**
 * conn_events() - hand on all events that have arrived
 * @conn: after conn_subscribe()
 * @event: called for each
 *
 * Return: DONE, or REFUSED after the user has been told why.
 */
int conn_events(struct conn *conn, conn_event_fn *event);

/**
 * module_loaded() - whether a module is in the kernel, without loading it
 * @module: its name
 */
bool module_loaded(const char *module);
/* Version of a module in the kernel; false when it is not there or says none. */
bool module_version(const char *module, char *buf, size_t size);

/**
 * netns_enter() - act in another network namespace from now on
 * @name: as "ip netns" knows it
 *
 * Return: DONE, MISUSED or REFUSED after the user has been told why.
 */
int netns_enter(const char *name);

#endif
