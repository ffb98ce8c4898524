/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_CODEC_H
#define RAYCTL_CODEC_H

#include <json-c/json.h>
#include <netlink/msg.h>

#include "spec.h"

/**
 * codec_encode() - append an object to a request
 * @msg: the request
 * @set: attributes of the object
 * @object: keys are names of @set, values as codec_decode() makes them
 *
 * Return: 0, -NLE_NOMEM when @msg has no room, or -NLE_INVAL when @object does
 * not fit @set.
 */
int codec_encode(struct nl_msg *msg, const struct spec_set *set, struct json_object *object);

/**
 * codec_decode() - make an object of attributes
 * @set: what they are
 * @attrs: the attributes
 * @len: their length in bytes
 *
 * Attributes which @set does not know, of a newer kernel, are left out, and so
 * is padding.
 *
 * Return: the object, or NULL when an attribute is not as @set says.
 */
struct json_object *codec_decode(const struct spec_set *set, const void *attrs, size_t len);

/**
 * codec_locate() - name the attribute at an offset
 * @set: what the attributes are
 * @attrs: the attributes
 * @len: their length in bytes
 * @offset: from @attrs to the header of the attribute looked for
 * @path: its name, after those of the nests around it and dots; with its place
 *        among its like, from 0 and in brackets, where there may be several
 * @size: of @path in bytes
 * @inside: what @path names is made of, NULL unless it is a nest
 *
 * Return: whether there is such an attribute.
 */
bool codec_locate(const struct spec_set *set, const void *attrs, size_t len, size_t offset,
		  char *path, size_t size, const struct spec_set **inside);

#endif
