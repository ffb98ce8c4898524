// SPDX-License-Identifier: GPL-2.0-only
/* Key and value words, for all commands that change something. */
#include <ctype.h>
#include <string.h>

#include "complete.h"
#include "keys.h"
#include "output.h"
#include "parse.h"
#include "rayctl.h"
#include "value.h"

const struct spec_attr *form_attr(const struct form *form, const char *path)
{
	const struct spec_set *set = spec_op_by_name(form->spec, form->op)->set;
	const struct spec_attr *attr = NULL;

	while (set && *path) {
		size_t len = strcspn(path, ".");

		attr = spec_attr_by_name(set, path, len);
		set = attr ? attr->nest : NULL;
		path += len + (path[len] == '.');
	}
	return attr;
}

static uint64_t largest(const struct spec_attr *attr)
{
	if (attr->max)
		return attr->max;
	switch (attr->kind) {
	case SPEC_U8:
		return UINT8_MAX;
	case SPEC_U16:
		return UINT16_MAX;
	case SPEC_U32:
		return UINT32_MAX;
	default:
		return UINT64_MAX;
	}
}

static struct text plain_number(uint64_t value)
{
	struct text text;

	snprintf(text.s, sizeof(text.s), "%llu", (unsigned long long)value);
	return text;
}

static int set_number(const struct key *key, const struct spec_attr *attr, const char *text,
		      struct json_object *request,
		      const char *(*parse)(const char *text, uint64_t *value),
		      struct text (*unparse)(uint64_t value))
{
	uint64_t min = key->least > attr->min ? key->least : attr->min;
	uint64_t max = largest(attr), value = 0;
	bool zero = key->zero && !strcmp(text, key->zero);
	struct json_object *number;
	const char *wrong = zero ? NULL : parse(text, &value);

	if (wrong)
		return misuse(key->path, "%s \"%s\" %s", key->word, text, wrong);
	if (!zero && (value < min || value > max))
		return misuse(key->path, "%s \"%s\" is out of range, %s to %s%s%s", key->word,
			      text, unparse(min).s, unparse(max).s, key->zero ? ", or " : "",
			      key->zero ? key->zero : "");
	number = json_object_new_uint64(value);
	/* Messages about the request quote what was typed: 5s, not 5000000000. */
	json_object_set_serializer(number, json_object_userdata_to_json_string, strdup(text),
				   json_object_free_userdata);
	value_set(request, key->path, number);
	return DONE;
}

int key_number(const struct key *key, const struct spec_attr *attr, const char *text,
	       struct json_object *request)
{
	return set_number(key, attr, text, request, parse_number, plain_number);
}

int key_duration(const struct key *key, const struct spec_attr *attr, const char *text,
		 struct json_object *request)
{
	return set_number(key, attr, text, request, parse_duration, text_duration);
}

int key_size(const struct key *key, const struct spec_attr *attr, const char *text,
	     struct json_object *request)
{
	return set_number(key, attr, text, request, parse_size, text_size);
}

int key_percent(const struct key *key, const struct spec_attr *attr, const char *text,
		struct json_object *request)
{
	return set_number(key, attr, text, request, parse_percent, text_percent);
}

/* The names of an enum which may be typed. */
static const struct spec_value *typed_values(const struct key *key, const struct spec_attr *attr)
{
	static struct spec_value typed[32];
	const struct spec_value *value = attr->values;
	size_t count = 0;

	if (!key->except)
		return value;
	for (; value->name && count < 31; value++)
		if (strcmp(value->name, key->except))
			typed[count++] = *value;
	typed[count].name = NULL;
	return typed;
}

int key_enum(const struct key *key, const struct spec_attr *attr, const char *text,
	     struct json_object *request)
{
	const struct spec_value *values = typed_values(key, attr);
	int value = pick(text, values, sizeof(*values));
	char names[256] = "";
	size_t used = 0;

	if (value >= 0) {
		value_set(request, key->path,
			  json_object_new_string(values[value].name));
		return DONE;
	}
	for (int i = 0; values[i].name && used < sizeof(names); i++)
		used += snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
				 values[i].name);
	return misuse(key->path, "%s \"%s\" is %s %s", key->word, text,
		      value == PICK_NONE ? "none of" : "not unique among", names);
}

int key_string(const struct key *key, const struct spec_attr *attr, const char *text,
	       struct json_object *request)
{
	if (!*text)
		return misuse(key->path, "%s is empty", key->word);
	if (attr->max && strlen(text) > attr->max)
		return misuse(key->path, "%s \"%s\" is too long, %llu bytes at most", key->word,
			      text, (unsigned long long)attr->max);
	value_set(request, key->path, json_object_new_string(text));
	return DONE;
}

int key_flag(const struct key *key, const struct spec_attr *attr, const char *text,
	     struct json_object *request)
{
	(void)attr;
	(void)text;
	value_set(request, key->path, json_object_new_boolean(true));
	return DONE;
}

int key_endpoint(const struct key *key, const struct spec_attr *attr, const char *text,
		 struct json_object *request)
{
	struct endpoint endpoint;
	const char *wrong = parse_endpoint(text, &endpoint);

	(void)attr;
	if (wrong)
		return misuse(key->path, "%s \"%s\" %s", key->word, text, wrong);
	value_set(request, endpoint.ipv6 ? "ipv6" : "ipv4",
		  json_object_new_string(endpoint.address));
	value_set(request, "port", json_object_new_uint64(endpoint.port));
	return DONE;
}

int key_source(const struct key *key, const struct spec_attr *attr, const char *text,
	       struct json_object *request)
{
	struct endpoint endpoint;
	const char *wrong = parse_address(text, &endpoint);

	(void)attr;
	if (wrong)
		return misuse(key->path, "%s \"%s\" %s", key->word, text, wrong);
	value_set(request, endpoint.ipv6 ? "source-ipv6" : "source-ipv4",
		  json_object_new_string(endpoint.address));
	return DONE;
}

static int pick_key(const char *word, const struct key *keys)
{
	int index = pick(word, keys, sizeof(*keys)), found = PICK_NONE;

	for (int i = 0; index == PICK_SEVERAL && keys[i].word; i++)
		if (!keys[i].whole && !strncmp(keys[i].word, word, strlen(word)))
			found = found == PICK_NONE ? i : PICK_SEVERAL;
	return index == PICK_SEVERAL ? found : index;
}

static int unknown_key(const struct form *form, const char *word)
{
	for (const struct key *key = form->fixed; key && key < form->keys; key++)
		if (!strcmp(word, key->word))
			return misuse(key->path, "\"%s\" cannot be changed, make another balancer",
				      word);
	return misuse(NULL, "unknown key \"%s\"", word);
}

int keys_parse(const struct form *form, int argc, char **argv, struct json_object *request)
{
	const struct key *keys = form->keys, *key;

	for (int i = 0; i < argc; i++) {
		int index = pick_key(argv[i], keys);
		int ret;

		if (index == PICK_SEVERAL)
			return misuse(NULL, "\"%s\" is ambiguous", argv[i]);
		if (index == PICK_NONE)
			return unknown_key(form, argv[i]);
		key = &keys[index];
		if (value_at(request, key->path))
			return misuse(key->path, "\"%s\" sets %s a second time", key->word,
				      key->path);
		if (!key->bare && ++i == argc)
			return misuse(key->path, "\"%s\" needs a value", key->word);
		ret = key->parse(key, form_attr(form, key->path), argv[i], request);
		if (ret)
			return ret;
	}
	for (key = keys; key->word; key++)
		if (key->required && !value_at(request, key->path))
			return misuse(key->path, "missing \"%s\"", key->word);
	return DONE;
}

static bool format_number(const struct key *key, const struct spec_attr *attr,
			  struct json_object *object, char *buf, size_t size)
{
	uint64_t value = value_number(object, key->path);

	(void)attr;
	if (value || !key->zero)
		snprintf(buf, size, "%llu", (unsigned long long)value);
	else
		snprintf(buf, size, "%s", key->zero);
	return value || key->otherwise;
}

static bool format_duration(const struct key *key, const struct spec_attr *attr,
			    struct json_object *object, char *buf, size_t size)
{
	uint64_t value = value_number(object, key->path);

	(void)attr;
	snprintf(buf, size, "%s", value || !key->zero ? text_duration(value).s : key->zero);
	return value || key->otherwise;
}

bool format_string(const struct key *key, const struct spec_attr *attr,
		   struct json_object *object, char *buf, size_t size)
{
	(void)attr;
	snprintf(buf, size, "%s", value_text(object, key->path));
	return *buf;
}

bool format_enum(const struct key *key, const struct spec_attr *attr,
		 struct json_object *object, char *buf, size_t size)
{
	snprintf(buf, size, "%s", value_text(object, key->path));
	return strcmp(buf, attr->values->name);
}

static bool format_endpoint(const struct key *key, const struct spec_attr *attr,
			    struct json_object *object, char *buf, size_t size)
{
	(void)key;
	(void)attr;
	snprintf(buf, size, "%s", value_endpoint(object).s);
	return true;
}

static bool format_source(struct json_object *object, char *buf, size_t size)
{
	bool ipv6 = value_at(object, "source-ipv6");

	snprintf(buf, size, "%s", value_text(object, ipv6 ? "source-ipv6" : "source-ipv4"));
	return true;
}

static bool format_value(const struct key *key, const struct spec_attr *attr,
			 struct json_object *object, char *buf, size_t size)
{
	if (key->format)
		return key->format(key, attr, object, buf, size);
	if (key->parse == key_number)
		return format_number(key, attr, object, buf, size);
	if (key->parse == key_duration)
		return format_duration(key, attr, object, buf, size);
	if (key->parse == key_string)
		return format_string(key, attr, object, buf, size);
	if (key->parse == key_enum)
		return format_enum(key, attr, object, buf, size);
	if (key->parse == key_endpoint)
		return format_endpoint(key, attr, object, buf, size);
	if (key->parse == key_source)
		return format_source(object, buf, size);
	return false;
}

static bool has_value(const struct key *key, struct json_object *object)
{
	return value_at(object, key->path) ||
	       (key->parse == key_source && value_at(object, "source-ipv6"));
}

void keys_format(const struct form *form, struct json_object *object, FILE *file)
{
	for (const struct key *key = form->keys; key->word; key++) {
		/* Room for the longest program. */
		static char buf[1 << 17];

		if (!has_value(key, object) ||
		    !format_value(key, form_attr(form, key->path), object, buf, sizeof(buf)) ||
		    (key->otherwise && !strcmp(key->otherwise, buf)))
			continue;
		fprintf(file, " %s %s", key->word, buf);
	}
}

static const char *key_hint(const struct form *form, const struct key *key, char *buf, size_t size)
{
	const struct spec_value *value = form_attr(form, key->path)->values;
	size_t used = 0;

	if (key->hint || !value)
		return key->hint;
	for (; value->name && used < size; value++)
		used += snprintf(buf + used, size - used, "%s%s", used ? "|" : "", value->name);
	if (used < 30)
		return buf;
	for (used = 0; key->word[used] && used + 1 < size; used++)
		buf[used] = toupper((unsigned char)key->word[used]);
	buf[used] = '\0';
	return buf;
}

void form_usage(const struct form *form, char *buf, size_t size)
{
	size_t used = snprintf(buf, size, "%s", form->args);

	for (const struct key *key = form->keys; key->word && used < size; key++) {
		char names[256];
		const char *hint = key_hint(form, key, names, sizeof(names));

		if (hint && !*hint)
			continue;
		used += snprintf(buf + used, size - used,
				 key->required ? "%s%s%s%s" : "%s[%s%s%s]", used ? " " : "",
				 key->bare && hint ? "" : key->word, key->bare || !hint ? "" : " ",
				 hint ? hint : "");
	}
}

/* The lower-case words of a hint such as none|tcp|http:/PATH. */
static void complete_hint(const char *hint)
{
	while (*hint) {
		size_t len = strcspn(hint, "|"), lower = 0;
		char word[64];

		while (lower < len && !isupper((unsigned char)hint[lower]))
			lower++;
		snprintf(word, sizeof(word), "%.*s", (int)lower, hint);
		if (*word)
			candidate(word);
		hint += len + (hint[len] == '|');
	}
}

static void complete_value(const struct form *form, const struct key *key)
{
	const struct spec_value *value = typed_values(key, form_attr(form, key->path));

	if (key->hint && !strcmp(key->hint, "FILE"))
		complete_file();
	else if (key->hint)
		complete_hint(key->hint);
	else
		for (; value && value->name; value++)
			candidate(value->name);
}

void keys_complete(const struct form *form, int argc, char **argv)
{
	const struct key *keys = form->keys;
	uint64_t seen = 0;

	for (int i = 0; i < argc - 1; i++) {
		int index = pick_key(argv[i], keys);

		if (index < 0)
			return;
		seen |= 1ULL << index;
		if (!keys[index].bare && ++i == argc - 1) {
			complete_value(form, &keys[index]);
			return;
		}
	}
	for (int i = 0; keys[i].word; i++)
		if (!(seen & 1ULL << i) && (keys[i].bare || !keys[i].hint || *keys[i].hint))
			candidate(keys[i].word);
}
