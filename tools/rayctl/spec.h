/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a netlink family says and understands, as tables.
 *
 * gen_spec.py writes one set of these tables for each YAML spec. Requests are
 * encoded, replies decoded, values checked and words completed from them, so
 * that the vocabulary of rayctl and of the kernel cannot part.
 */
#ifndef RAYCTL_SPEC_H
#define RAYCTL_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spec_kind {
	SPEC_UNUSED,
	SPEC_U8,
	SPEC_U16,
	SPEC_U32,
	SPEC_U64,
	SPEC_UINT,	/* 4 or 8 bytes, as the value needs */
	SPEC_FLAG,
	SPEC_STRING,
	SPEC_BINARY,	/* hexadecimal in JSON, as the kernel's own client has it */
	SPEC_IPV4,
	SPEC_IPV6,
	SPEC_NEST,
};

/**
 * struct spec_value - one name of an enum; its number is its place
 * @name: name in the spec
 * @doc: what it means, one sentence
 */
struct spec_value {
	const char *name;
	const char *doc;
};

struct spec_set;

/**
 * struct spec_attr - one attribute
 * @name: name in the spec, which is also its key in JSON
 * @kind: how it looks on the wire
 * @big_endian: network byte order
 * @multi: may stand several times, an array in JSON
 * @min: least value allowed
 * @max: largest value, or of a string or bytes the longest length, 0 for no limit
 * @values: names of an enum up to one without a name, or NULL
 * @nest: what is inside a nest, or NULL
 */
struct spec_attr {
	const char *name;
	enum spec_kind kind;
	bool big_endian;
	bool multi;
	uint64_t min;
	uint64_t max;
	const struct spec_value *values;
	const struct spec_set *nest;
};

/**
 * struct spec_set - a space of attribute numbers
 * @name: name in the spec
 * @max: highest number
 * @attrs: the attributes by number, those from 1 to @max are in use
 */
struct spec_set {
	const char *name;
	unsigned int max;
	const struct spec_attr *attrs;
};

/**
 * struct spec_op - an operation or event
 * @name: name in the spec
 * @cmd: its number on the wire
 * @event: sent by the kernel of its own accord
 * @set: attributes of its requests, replies and events
 */
struct spec_op {
	const char *name;
	uint8_t cmd;
	bool event;
	const struct spec_set *set;
};

/**
 * struct spec_family - a generic netlink family
 * @name: its name on the wire
 * @version: its version on the wire
 * @group: the multicast group of its events, or NULL
 * @ops: operations, up to one without a name
 */
struct spec_family {
	const char *name;
	uint8_t version;
	const char *group;
	const struct spec_op *ops;
};

static inline const struct spec_attr *spec_attr_by_name(const struct spec_set *set,
							const char *name, size_t len)
{
	for (unsigned int i = 1; i <= set->max; i++) {
		const char *known = set->attrs[i].name;

		if (!__builtin_strncmp(known, name, len) && !known[len])
			return &set->attrs[i];
	}
	return NULL;
}

static inline const struct spec_op *spec_op_by_name(const struct spec_family *family,
						    const char *name)
{
	const struct spec_op *op = family->ops;

	while (op->name && __builtin_strcmp(op->name, name))
		op++;
	return op->name ? op : NULL;
}

#endif
