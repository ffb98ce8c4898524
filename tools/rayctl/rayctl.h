/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_H
#define RAYCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "output.h"
#include "spec.h"

/* Exit status, as iproute2 has it. */
enum {
	DONE = 0,
	MISUSED = 1,	/* the words are wrong */
	REFUSED = 2,	/* the kernel or a peer said no */
};

/**
 * struct options - what the command line asked for, set once by main()
 * @json: one JSON document instead of tables
 * @pretty: that document is indented
 * @quiet: no messages on stderr
 * @color: escape sequences may be written
 * @utf8: characters beyond ASCII may be written
 * @watch: time between two samples in ns, 0 for a single one
 */
struct options {
	bool json;
	bool pretty;
	bool quiet;
	bool color;
	bool utf8;
	uint64_t watch;
};

extern struct options options;

/**
 * struct command - one word after the object
 * @name: the word
 * @args: what may follow it, for its usage
 * @forms: usage written from tables of keys instead of @args, up to a NULL
 * @doc: one line for the help
 * @read: changes nothing, so that --watch may repeat it
 * @run: do it; @argv holds the words after it, up to a NULL
 * @complete: print what may stand as the last word of @argv
 */
struct command {
	const char *name;
	const char *args;
	const struct form *forms;
	const char *doc;
	bool read;
	int (*run)(int argc, char **argv);
	void (*complete)(int argc, char **argv);
};

/**
 * struct object - one part of the suite
 * @name: its word on the command line
 * @alias: another word for it, or NULL
 * @module: kernel module behind it
 * @doc: one line for the help
 * @spec: its netlink family, NULL when this version has no such module
 * @commands: up to one without a name; the first is what a bare object means
 * @status: add to @row what "rayctl status" is to tell
 * @figure: of it, write the one that matters
 * @event: write one event as a line for people
 */
struct object {
	const char *name;
	const char *alias;
	const char *module;
	const char *doc;
	const struct spec_family *spec;
	const struct command *commands;
	int (*status)(struct json_object *row);
	void (*figure)(struct json_object *row, char *buf, size_t size);
	void (*event)(const char *name, struct json_object *msg);
};

extern const struct object suite;
extern const struct object lb;
extern const struct object zcomp;
extern const struct object *const objects[];

/* What the words select, for messages; set by main(). */
extern const struct object *current_object;
extern const struct command *current_command;
/* Which form of it, where that is known already; set by the command. */
extern const struct form *current_form;

/**
 * struct place - where words that were not typed stand
 * @file: name of the file
 * @line: its line, 0 while the words are those of the command line
 */
struct place {
	const char *file;
	unsigned int line;
};

/* What messages are about; set by whoever reads words from a file. */
extern struct place current_place;

/* Say that this version lacks an object. Return: REFUSED. */
int object_absent(const struct object *object);
/* By name, alias or unique prefix; NULL when there is no such thing. */
const struct object *object_find(const char *word);
const struct command *command_find(const struct object *object, const char *word);
int complete(int argc, char **argv);

/*
 * Tell the user: misuse() that the words are wrong, followed by the usage,
 * refused() that they are right but it cannot be done. @attribute names what
 * it is about, for programs, or is NULL. Return: MISUSED and REFUSED.
 */
int misuse(const char *attribute, const char *fmt, ...) __printf(2, 3);
int refused(const struct object *object, const char *attribute, const char *fmt,
	    ...) __printf(3, 4);

#endif
