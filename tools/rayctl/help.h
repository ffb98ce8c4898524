/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_HELP_H
#define RAYCTL_HELP_H

#include <stdio.h>

#include "rayctl.h"

/*
 * How @form of a command is written, all its forms when that is NULL, and what
 * there is to choose from when @command or @object is NULL.
 */
void show_usage(FILE *file, const struct object *object, const struct command *command,
		const struct form *form);

/* All commands of an object; of rayctl when it is &suite. */
void help(const struct object *object);

/* "help" as a command of every object. */
int help_run(int argc, char **argv);
void help_complete(int argc, char **argv);

#endif
