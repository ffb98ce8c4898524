/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_LB_H
#define RAYCTL_LB_H

#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "keys.h"
#include "output.h"

struct conn;

/* At most one word may follow, the name of a balancer. */
int lb_one_name(int argc, char **argv);
/* All balancers when @name is NULL, else an array of the one of that name. */
int lb_get_balancers(struct conn *conn, const char *name, struct json_object **list);
/* The backends of all balancers when @name is NULL, else those of one. */
int lb_get_backends(struct conn *conn, const char *name, struct json_object **list);
/*
 * What both of these give, over a connection of its own; either may be NULL when
 * it is not wanted, and is set to NULL when this fails.
 */
int lb_fetch(const char *name, struct json_object **balancers, struct json_object **backends);
enum color lb_state_color(const char *state);
/* The weight of a backend, and how much of it counts where that is not all. */
struct text lb_weight(struct json_object *backend);
/* A policy as it is typed; @name is where the name of a module's is. */
struct text lb_policy(struct json_object *object, const char *name);

/* Bytes as "send" reads them, from hexadecimal digits; false if there are none. */
bool lb_format_payload(const char *hex, char *buf, size_t size);

/* What checks of a balancer try: the probe, and a method that is not GET. */
struct text lb_probe(struct json_object *balancer);
/* Of a rate in thousandths per second, how many events, or bytes. */
struct text lb_rate(uint64_t milli);
struct text lb_byte_rate(uint64_t milli);
/* A share in parts per million as a percentage. */
struct text lb_share(uint64_t ppm);

int lb_status(int argc, char **argv);
int lb_backends(int argc, char **argv);
int lb_policies(int argc, char **argv);
int lb_health(int argc, char **argv);
int lb_metrics(int argc, char **argv);
void lb_event(const char *name, struct json_object *msg);

/* policy and program of a balancer. */
int key_policy(const struct key *key, const struct spec_attr *attr, const char *text,
	       struct json_object *request);
bool format_policy(const struct key *key, const struct spec_attr *attr,
		   struct json_object *object, char *buf, size_t size);
int key_program(const struct key *key, const struct spec_attr *attr, const char *text,
		struct json_object *request);
bool format_program(const struct key *key, const struct spec_attr *attr,
		    struct json_object *object, char *buf, size_t size);
/* A program in words, on one line; to be freed. */
char *program_text(const char *program);

extern const struct form lb_add_forms[], lb_set_forms[], lb_del_forms[], lb_drain_forms[];
/* The words of one command to a request: NAME and, of a backend, ADDR:PORT first. */
int lb_parse_balancer(const struct form *form, int argc, char **argv, struct json_object *request);
int lb_parse_backend(const struct form *form, const char *admin, int argc, char **argv,
		     struct json_object *request);
int lb_add(int argc, char **argv);
int lb_set(int argc, char **argv);
int lb_del(int argc, char **argv);
int lb_drain(int argc, char **argv);

int lb_save(int argc, char **argv);
int lb_restore(int argc, char **argv);
int lb_import(int argc, char **argv);

void lb_complete_name(int argc, char **argv);
void lb_complete_add(int argc, char **argv);
void lb_complete_set(int argc, char **argv);
void lb_complete_del(int argc, char **argv);
void lb_complete_drain(int argc, char **argv);
void lb_complete_save(int argc, char **argv);
void lb_complete_restore(int argc, char **argv);
void lb_complete_import(int argc, char **argv);

#endif
