/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_KEYS_H
#define RAYCTL_KEYS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#include "spec.h"

/**
 * struct key - one word of a command that changes, most often with a value
 * @word: what is typed
 * @path: the attribute it sets; what may be given once only
 * @parse: put @text into @request; says so and returns MISUSED if it cannot
 * @hint: the value in the usage, NULL for the names of an enum, "" keeps the
 *        key out of the usage; words of it in lower case are also completed
 * @zero: word that stands for 0, or NULL
 * @least: smallest value besides @zero, where the spec has no minimum
 * @bare: takes no value
 * @required: must be given
 * @whole: a beginning that another key has as well stands for that one, as it did
 *         before this key came
 * @except: name of an enum that nobody types, or NULL
 * @otherwise: value that need not be written, where that is not 0, the first
 *             name of an enum or nothing
 * @format: write the value that @parse reads, NULL for the functions below
 */
struct key {
	const char *word;
	const char *path;
	int (*parse)(const struct key *key, const struct spec_attr *attr, const char *text,
		     struct json_object *request);
	const char *hint;
	const char *zero;
	uint64_t least;
	bool bare;
	bool required;
	bool whole;
	const char *except;
	const char *otherwise;
	bool (*format)(const struct key *key, const struct spec_attr *attr,
		       struct json_object *object, char *buf, size_t size);
};

/**
 * struct form - one shape of a command
 * @args: the words before the keys, for the usage
 * @spec: the netlink family
 * @op: the request that it makes
 * @keys: up to one without a word
 * @fixed: those from here up to @keys are set once and for all, NULL if there are none
 */
struct form {
	const char *args;
	const struct spec_family *spec;
	const char *op;
	const struct key *keys;
	const struct key *fixed;
};

int key_number(const struct key *key, const struct spec_attr *attr, const char *text,
	       struct json_object *request);
int key_duration(const struct key *key, const struct spec_attr *attr, const char *text,
		 struct json_object *request);
int key_size(const struct key *key, const struct spec_attr *attr, const char *text,
	     struct json_object *request);
/* Parts of a whole, in millionths. */
int key_percent(const struct key *key, const struct spec_attr *attr, const char *text,
		struct json_object *request);
int key_enum(const struct key *key, const struct spec_attr *attr, const char *text,
	     struct json_object *request);
int key_string(const struct key *key, const struct spec_attr *attr, const char *text,
	       struct json_object *request);
int key_flag(const struct key *key, const struct spec_attr *attr, const char *text,
	     struct json_object *request);
/* Write an enum, or nothing when it is not there or has its first name. */
bool format_enum(const struct key *key, const struct spec_attr *attr,
		 struct json_object *object, char *buf, size_t size);
/* Write a string, or nothing when it is not there. */
bool format_string(const struct key *key, const struct spec_attr *attr,
		   struct json_object *object, char *buf, size_t size);
/* Sets ipv4 or ipv6, and port. */
int key_endpoint(const struct key *key, const struct spec_attr *attr, const char *text,
		 struct json_object *request);
/* Sets source-ipv4 or source-ipv6. */
int key_source(const struct key *key, const struct spec_attr *attr, const char *text,
	       struct json_object *request);

/**
 * keys_parse() - the words after those of form->args
 * @form: what is allowed
 * @argc: number of words
 * @argv: the words
 * @request: where their values go
 *
 * Return: DONE, or MISUSED after naming the word that is wrong.
 */
int keys_parse(const struct form *form, int argc, char **argv, struct json_object *request);

/**
 * keys_format() - the reverse of keys_parse()
 * @form: what is allowed
 * @object: an object, in a request or an answer
 * @file: where the words go, each after a blank; what has its default is left out
 */
void keys_format(const struct form *form, struct json_object *object, FILE *file);

/* Print what may stand as the last of the words after form->args. */
void keys_complete(const struct form *form, int argc, char **argv);

/* Write the usage of a form to @buf. */
void form_usage(const struct form *form, char *buf, size_t size);

/* The attribute of a form at a dotted path. */
const struct spec_attr *form_attr(const struct form *form, const char *path);

#endif
