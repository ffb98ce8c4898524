/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_LB_CONFIG_H
#define RAYCTL_LB_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>

/*
 * A configuration is an object with two arrays, "balancer" and "backend", whose
 * members are as the kernel takes and lists them.
 */
struct json_object *config_new(void);
/* Append to an array; @line is where it stands, for what the kernel says of it. */
void config_add(struct json_object *config, const char *array, struct json_object *item,
		unsigned int line);

/* Open a file to read words from, stdin for NULL and "-"; NULL after telling why. */
FILE *config_open(const char *name);

/**
 * struct words_line - one line of a file
 * @argc: number of words
 * @argv: the words, up to a NULL
 * @text: what they point into
 * @room: of @text in bytes
 */
struct words_line {
	int argc;
	char *argv[130];
	char *text;
	size_t room;
};

/**
 * config_line() - read the next line that is not empty and no comment
 * @file: from config_open(), which current_place.file is the name of
 * @line: its words; current_place.line is set to its number
 *
 * Return: 1, 0 at the end of the file, or -1 after telling what is wrong.
 */
int config_line(FILE *file, struct words_line *line);

/* Write a configuration as a file. */
void config_write(struct json_object *config, FILE *file);

/* Have @config and nothing else, or with @check only say what would change. */
int config_put(struct json_object *config, bool check);

#endif
