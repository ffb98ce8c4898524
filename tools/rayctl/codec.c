// SPDX-License-Identifier: GPL-2.0-only
/* Netlink attributes to JSON objects and back, by the tables of the spec. */
#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/errno.h>

#include "codec.h"

#define IPV4_LEN 4
#define IPV6_LEN 16

/* nla_ok() takes what is left for unsigned, and padding may make it negative. */
static bool is_attr(const struct nlattr *nla, int left)
{
	return left > 0 && nla_ok(nla, left);
}

static int encode_address(struct nl_msg *msg, int type, int family, size_t len, const char *text)
{
	unsigned char binary[IPV6_LEN];

	if (!text || inet_pton(family, text, binary) != 1)
		return -NLE_INVAL;
	return nla_put(msg, type, len, binary);
}

static int encode_binary(struct nl_msg *msg, int type, const char *hex)
{
	size_t len = strlen(hex) / 2;
	struct nlattr *nla;
	unsigned char *to;

	if (strlen(hex) % 2 || strspn(hex, "0123456789abcdefABCDEF") != 2 * len ||
	    len > UINT16_MAX - NLA_HDRLEN)
		return -NLE_INVAL;
	nla = nla_reserve(msg, type, len);
	if (!nla)
		return -NLE_NOMEM;
	to = nla_data(nla);
	for (size_t i = 0; i < len; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1] };

		to[i] = strtoul(pair, NULL, 16);
	}
	return 0;
}

static bool enum_number(const struct spec_attr *attr, struct json_object *value, uint64_t *number)
{
	const char *name = json_object_get_string(value);

	if (!attr->values || !json_object_is_type(value, json_type_string)) {
		*number = json_object_get_uint64(value);
		return true;
	}
	for (*number = 0; attr->values[*number].name; ++*number)
		if (!strcmp(attr->values[*number].name, name))
			return true;
	return false;
}

static int encode_number(struct nl_msg *msg, int type, const struct spec_attr *attr,
			 struct json_object *value)
{
	uint64_t number;

	if (!enum_number(attr, value, &number))
		return -NLE_INVAL;
	switch (attr->kind) {
	case SPEC_U8:
		return nla_put_u8(msg, type, number);
	case SPEC_U16:
		return nla_put_u16(msg, type, attr->big_endian ? htobe16(number) : number);
	case SPEC_U32:
		return nla_put_u32(msg, type, attr->big_endian ? htobe32(number) : number);
	case SPEC_U64:
		return nla_put_u64(msg, type, attr->big_endian ? htobe64(number) : number);
	default:
		return number > UINT32_MAX ? nla_put_u64(msg, type, number) :
					     nla_put_u32(msg, type, number);
	}
}

static int encode_value(struct nl_msg *msg, int type, const struct spec_attr *attr,
			struct json_object *value)
{
	struct nlattr *nest;
	int ret;

	switch (attr->kind) {
	case SPEC_UNUSED:
		return -NLE_INVAL;
	case SPEC_FLAG:
		return json_object_get_boolean(value) ? nla_put_flag(msg, type) : 0;
	case SPEC_STRING:
		return nla_put_string(msg, type, json_object_get_string(value));
	case SPEC_BINARY:
		return encode_binary(msg, type, json_object_get_string(value));
	case SPEC_IPV4:
		return encode_address(msg, type, AF_INET, IPV4_LEN, json_object_get_string(value));
	case SPEC_IPV6:
		return encode_address(msg, type, AF_INET6, IPV6_LEN, json_object_get_string(value));
	case SPEC_NEST:
		/* The kernel's strict parsing wants the flag, libnl may leave it out. */
		nest = nla_nest_start(msg, type | NLA_F_NESTED);
		ret = nest ? codec_encode(msg, attr->nest, value) : -NLE_NOMEM;
		return ret ? ret : nla_nest_end(msg, nest);
	default:
		return encode_number(msg, type, attr, value);
	}
}

int codec_encode(struct nl_msg *msg, const struct spec_set *set, struct json_object *object)
{
	json_object_object_foreach(object, key, value) {
		const struct spec_attr *attr = spec_attr_by_name(set, key, strlen(key));
		size_t count = 1;
		int ret = 0;

		if (!attr)
			return -NLE_INVAL;
		if (attr->multi)
			count = json_object_array_length(value);
		for (size_t i = 0; i < count && ret >= 0; i++)
			ret = encode_value(msg, attr - set->attrs, attr, attr->multi ?
					   json_object_array_get_idx(value, i) : value);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Length of the UTF-8 sequence at @s, 0 when it is none. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
	size_t need = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 :
		      (*s & 0xf0) == 0xe0 ? 3 : *s >= 0xf0 && *s < 0xf5 ? 4 : 0;

	if (!need || need > len)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what is past the last code point. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return need;
}

static bool is_control(const unsigned char *s, size_t len)
{
	return len == 1 ? *s < 0x20 || *s == 0x7f : len == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

/*
 * Whatever bytes a name holds, JSON must be UTF-8 and no terminal may be driven
 * by it: what is neither text nor harmless becomes "?".
 */
static struct json_object *decode_string(const char *data, size_t len)
{
	char *copy = strndup(data, len);
	struct json_object *string;
	size_t step;

	if (!copy)
		return NULL;
	len = strlen(copy);
	for (size_t i = 0; i < len; i += step) {
		step = utf8_sequence((unsigned char *)copy + i, len - i);
		if (!step || is_control((unsigned char *)copy + i, step)) {
			step = step ? step : 1;
			memset(copy + i, '?', step);
		}
	}
	string = json_object_new_string(copy);
	free(copy);
	return string;
}

static struct json_object *decode_binary(const unsigned char *data, size_t len)
{
	struct json_object *string = NULL;
	char *hex = malloc(2 * len + 1);

	if (!hex)
		return NULL;
	hex[0] = '\0';
	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", data[i]);
	string = json_object_new_string(hex);
	free(hex);
	return string;
}

static struct json_object *decode_address(int family, const void *data, size_t len, size_t want)
{
	char text[INET6_ADDRSTRLEN];

	if (len != want || !inet_ntop(family, data, text, sizeof(text)))
		return NULL;
	return json_object_new_string(text);
}

static bool decode_number(const struct spec_attr *attr, const void *data, size_t len,
			  uint64_t *number)
{
	static const size_t lengths[] = {
		[SPEC_U8] = 1, [SPEC_U16] = 2, [SPEC_U32] = 4, [SPEC_U64] = 8,
	};
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	if (attr->kind == SPEC_UINT ? len != 4 && len != 8 : len != lengths[attr->kind])
		return false;
	switch (len) {
	case 1:
		*number = *(const uint8_t *)data;
		break;
	case 2:
		memcpy(&v16, data, len);
		*number = attr->big_endian ? be16toh(v16) : v16;
		break;
	case 4:
		memcpy(&v32, data, len);
		*number = attr->big_endian ? be32toh(v32) : v32;
		break;
	default:
		memcpy(&v64, data, len);
		*number = attr->big_endian ? be64toh(v64) : v64;
	}
	return true;
}

/* A number without a name, of a newer kernel, stays a number. */
static struct json_object *decode_enum(const struct spec_value *values, uint64_t number)
{
	for (uint64_t i = 0; values && values[i].name; i++)
		if (i == number)
			return json_object_new_string(values[i].name);
	return json_object_new_uint64(number);
}

static struct json_object *decode_value(const struct spec_attr *attr, const void *data, size_t len)
{
	uint64_t number;

	switch (attr->kind) {
	case SPEC_UNUSED:
		return NULL;
	case SPEC_FLAG:
		return json_object_new_boolean(true);
	case SPEC_STRING:
		return decode_string(data, len);
	case SPEC_BINARY:
		return decode_binary(data, len);
	case SPEC_IPV4:
		return decode_address(AF_INET, data, len, IPV4_LEN);
	case SPEC_IPV6:
		return decode_address(AF_INET6, data, len, IPV6_LEN);
	case SPEC_NEST:
		return codec_decode(attr->nest, data, len);
	default:
		return decode_number(attr, data, len, &number) ?
		       decode_enum(attr->values, number) : NULL;
	}
}

static void store(struct json_object *object, const struct spec_attr *attr,
		  struct json_object *value)
{
	struct json_object *array;

	if (!attr->multi) {
		json_object_object_add(object, attr->name, value);
		return;
	}
	if (!json_object_object_get_ex(object, attr->name, &array)) {
		array = json_object_new_array();
		json_object_object_add(object, attr->name, array);
	}
	json_object_array_add(array, value);
}

struct json_object *codec_decode(const struct spec_set *set, const void *attrs, size_t len)
{
	struct json_object *object = json_object_new_object(), *value;
	const struct nlattr *nla = attrs;
	int left = len;

	for (; is_attr(nla, left); nla = nla_next(nla, &left)) {
		unsigned int type = nla_type(nla);

		/* padding, which some processors need before 64 bits, says nothing */
		if (!type || type > set->max || set->attrs[type].kind == SPEC_UNUSED)
			continue;
		value = decode_value(&set->attrs[type], nla_data(nla), nla_len(nla));
		if (!value)
			goto malformed;
		store(object, &set->attrs[type], value);
	}
	if (left <= 0)
		return object;
malformed:
	json_object_put(object);
	return NULL;
}

/* How many attributes of the type of @nla come before it. */
static unsigned int place_of(const void *attrs, size_t len, const struct nlattr *nla)
{
	const struct nlattr *before = attrs;
	unsigned int place = 0;
	int left = len;

	for (; before != nla; before = nla_next(before, &left))
		place += nla_type(before) == nla_type(nla);
	return place;
}

bool codec_locate(const struct spec_set *set, const void *attrs, size_t len, size_t offset,
		  char *path, size_t size, const struct spec_set **inside)
{
	const struct nlattr *nla = attrs;
	int left = len;

	for (; is_attr(nla, left); nla = nla_next(nla, &left)) {
		size_t at = (const char *)nla - (const char *)attrs;
		unsigned int type = nla_type(nla);
		const struct spec_attr *attr;
		int used;

		if (offset >= at + nla->nla_len)
			continue;
		if (!type || type > set->max)
			return false;
		attr = &set->attrs[type];
		used = attr->multi ? snprintf(path, size, "%s[%u]", attr->name,
					      place_of(attrs, len, nla)) :
				     snprintf(path, size, "%s", attr->name);
		*inside = attr->nest;
		if (offset <= at || !attr->nest || (size_t)used + 2 > size)
			return true;
		/* Past the header of a nest: what is meant is inside it, if anywhere. */
		path[used] = '.';
		if (offset < at + NLA_HDRLEN ||
		    !codec_locate(attr->nest, nla_data(nla), nla_len(nla),
				  offset - at - NLA_HDRLEN, path + used + 1,
				  size - used - 1, inside))
			path[used] = '\0';
		return true;
	}
	return false;
}
