// SPDX-License-Identifier: GPL-2.0-only
/* Usage and help, written from the tables of commands and keys. */
#include <string.h>

#include "complete.h"
#include "help.h"
#include "keys.h"
#include "output.h"

#define WIDTH	80

/* Length of the first word of @text, whose brackets hold together. */
static size_t first_word(const char *text)
{
	size_t len = 0;
	int depth = 0;

	for (; text[len] && (depth || text[len] != ' '); len++)
		depth += (text[len] == '[') - (text[len] == ']');
	return len;
}

/* Print words after what fills @column already, in lines of WIDTH. */
static void wrap(FILE *file, int column, int indent, const char *text)
{
	while (*text) {
		int len = first_word(text);

		if (column + 1 + len > WIDTH && column > indent) {
			fprintf(file, "\n%*s", indent, "");
			column = indent;
		}
		column += fprintf(file, " %.*s", len, text);
		text += len + (text[len] == ' ');
	}
	fputc('\n', file);
}

static void usage_line(FILE *file, const char *lead, const struct object *object,
		       const struct command *command, const char *args)
{
	int indent = strlen(lead) + 8;
	int column = fprintf(file, "%s rayctl", lead);

	if (object != &suite)
		column += fprintf(file, " %s", object->name);
	column += fprintf(file, " %s", command->name);
	wrap(file, column, indent, args ? args : "");
}

static void usage_of(FILE *file, const char *lead, const struct object *object,
		     const struct command *command, const struct form *only)
{
	char args[1024];

	if (!command->forms)
		usage_line(file, lead, object, command, command->args);
	for (const struct form *form = command->forms; form && form->args; form++) {
		if (only && form != only)
			continue;
		form_usage(form, args, sizeof(args));
		usage_line(file, lead, object, command, args);
		lead = "      ";
	}
}

void show_usage(FILE *file, const struct object *object, const struct command *command,
		const struct form *form)
{
	if (command)
		usage_of(file, "usage:", object, command, form);
	else if (object && object != &suite)
		fprintf(file, "usage: rayctl [OPTIONS] %s [COMMAND] [ARGUMENTS]\n"
			"       rayctl %s help\n", object->name, object->name);
	else
		fputs("usage: rayctl [OPTIONS] OBJECT [COMMAND] [ARGUMENTS]\n"
		      "       rayctl help\n", file);
}

static void help_options(void)
{
	fputs("\nOptions, before the object or anywhere after it:\n"
	      "  -j, --json             one JSON document on stdout\n"
	      "  -p, --pretty           the same, indented\n"
	      "  -n, --netns NAME       act in that network namespace\n"
	      "  -w, --watch[=SECONDS]  show again and again, every 2 seconds if not told\n"
	      "      --color=WHEN       auto, always or never\n"
	      "  -q, --quiet            no messages, the exit status tells\n"
	      "  -V, --version          version of rayctl\n"
	      "  -h, --help             help for the words given\n", out);
}

static void help_commands(const struct object *object)
{
	for (const struct command *c = object->commands; c->name; c++)
		fprintf(out, "  %-14s%s\n", c->name, c->doc);
}

static void help_suite(void)
{
	fputs("usage: rayctl [OPTIONS] OBJECT [COMMAND] [ARGUMENTS]\n\nObjects:\n", out);
	for (const struct object *const *o = objects; *o; o++)
		fprintf(out, "  %-14s%s%s\n", (*o)->name, (*o)->doc,
			(*o)->spec ? "" : " (no commands in this version)");
	fputs("\nFor the whole suite:\n", out);
	help_commands(&suite);
	help_options();
}

void help(const struct object *object)
{
	if (object == &suite) {
		help_suite();
		return;
	}
	fprintf(out, "usage: rayctl [OPTIONS] %s [COMMAND] [ARGUMENTS]\n\n", object->name);
	fprintf(out, "%s, module %s. Commands:\n", object->doc, object->module);
	help_commands(object);
	fputc('\n', out);
	for (const struct command *c = object->commands; c->name; c++)
		usage_of(out, "      ", object, c, NULL);
	help_options();
}

int help_run(int argc, char **argv)
{
	const struct object *object = current_object;
	const struct command *command;

	if (argc > 1)
		return misuse(NULL, "unexpected \"%s\"", argv[1]);
	if (object == &suite && argc) {
		object = object_find(argv[0]);
		if (!object)
			return misuse(NULL, "unknown object \"%s\"", argv[0]);
		if (!object->spec)
			return object_absent(object);
	} else if (argc) {
		command = command_find(object, argv[0]);
		if (!command)
			return misuse(NULL, "unknown command \"%s\"", argv[0]);
		show_usage(out, object, command, NULL);
		return DONE;
	}
	help(object);
	return DONE;
}

void help_complete(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return;
	for (const struct object *const *o = objects; current_object == &suite && *o; o++)
		candidate((*o)->name);
	for (const struct command *c = current_object->commands;
	     current_object != &suite && c->name; c++)
		candidate(c->name);
}
