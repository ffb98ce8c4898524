// SPDX-License-Identifier: GPL-2.0-only
/* lb add, set, drain and del. */
#include <ctype.h>
#include <string.h>

#include "change.h"
#include "complete.h"
#include "lb.h"
#include "netlink.h"
#include "parse.h"
#include "rayctl.h"
#include "spec_rayos_lb.h"
#include "value.h"

#define SECOND	1000000000ULL

/* health none | tcp | http[:/PATH] | udp */
static int key_health(const struct key *key, const struct spec_attr *attr, const char *text,
		      struct json_object *request)
{
	const struct key path = { .word = key->word, .path = "health.path" };
	const char *colon = strchr(text, ':');
	char word[16];
	int ret;

	if (!colon)
		return key_enum(key, attr, text, request);
	snprintf(word, sizeof(word), "%.*s", (int)(colon - text), text);
	ret = key_enum(key, attr, word, request);
	if (ret)
		return ret;
	if (strcmp(value_text(request, key->path), "http"))
		return misuse(key->path, "%s \"%s\": only http takes a path", key->word, text);
	if (colon[1] != '/')
		return misuse(path.path, "%s \"%s\": a path begins with a slash", key->word, text);
	return key_string(&path, form_attr(lb_add_forms, path.path), colon + 1, request);
}

static bool format_health(const struct key *key, const struct spec_attr *attr,
			  struct json_object *object, char *buf, size_t size)
{
	const char *path = value_text(object, "health.path");

	if (!format_enum(key, attr, object, buf, size))
		return false;
	if (!strcmp(buf, "http") && *path && strcmp(path, "/"))
		snprintf(buf, size, "http:%s", path);
	return true;
}

/* status 200-399, or a single one */
static int key_http_status(const struct key *key, const struct spec_attr *attr, const char *text,
			   struct json_object *request)
{
	const struct key max = { .word = key->word, .path = "health.status-max" };
	const char *dash = strchr(text, '-');
	char first[24];
	int ret;

	snprintf(first, sizeof(first), "%.*s", dash ? (int)(dash - text) : (int)strlen(text), text);
	ret = key_number(key, attr, first, request);
	if (!ret)
		ret = key_number(&max, attr, dash ? dash + 1 : first, request);
	if (!ret && value_number(request, key->path) > value_number(request, max.path))
		return misuse(key->path, "%s \"%s\": the lower one comes first", key->word, text);
	return ret;
}

static bool format_http_status(const struct key *key, const struct spec_attr *attr,
			       struct json_object *object, char *buf, size_t size)
{
	unsigned int min = value_number(object, key->path);
	unsigned int max = value_number(object, "health.status-max");

	(void)attr;
	snprintf(buf, size, min == max ? "%u" : "%u-%u", min, max);
	return true;
}

/* method TOKEN, RFC 9110 */
static int key_method(const struct key *key, const struct spec_attr *attr, const char *text,
		      struct json_object *request)
{
	for (const char *c = text; *c; c++)
		if (!isascii(*c) || (!isalnum(*c) && !strchr("!#$%&'*+-.^_`|~", *c)))
			return misuse(key->path, "%s \"%s\" is no method of HTTP", key->word,
				      text);
	return key_string(key, attr, text, request);
}

#define HEX	"hex:"

/* Bytes as a text, or after HEX as digits, which is also how requests have them. */
static int key_payload(const struct key *key, const struct spec_attr *attr, const char *text,
		       struct json_object *request)
{
	const char *digits = text + strlen(HEX);
	bool is_hex = !strncmp(text, HEX, strlen(HEX));
	size_t len = is_hex ? strlen(digits) / 2 : strlen(text);
	char hex[2 * 256 + 1] = "";

	if (!strcmp(text, key->zero))
		len = 0;
	else if (!len)
		return misuse(key->path, "%s \"%s\" is empty, write %s", key->word, text,
			      key->zero);
	else if (is_hex && digits[strspn(digits, "0123456789abcdefABCDEF")])
		return misuse(key->path, "%s \"%s\" is not of hexadecimal digits", key->word,
			      text);
	else if (is_hex && strlen(digits) % 2)
		return misuse(key->path, "%s \"%s\" ends in half a byte", key->word, text);
	if (len > attr->max)
		return misuse(key->path, "%s \"%s\" is too long, %llu bytes at most", key->word,
			      text, (unsigned long long)attr->max);
	for (size_t i = 0; i < len; i++) {
		if (is_hex)
			sprintf(hex + 2 * i, "%.2s", digits + 2 * i);
		else
			sprintf(hex + 2 * i, "%02x", (unsigned char)text[i]);
	}
	value_set(request, key->path, json_object_new_string(hex));
	return DONE;
}

bool lb_format_payload(const char *hex, char *buf, size_t size)
{
	size_t len = strlen(hex) / 2, i;
	bool text = len < size;

	for (i = 0; text && i < len; i++)
		text = sscanf(hex + 2 * i, "%2hhx", (unsigned char *)buf + i) == 1 &&
		       buf[i] > ' ' && buf[i] <= '~';
	buf[text ? len : 0] = '\0';
	/* A text, if it cannot be read as anything else. */
	if (!text || !strncmp(buf, HEX, strlen(HEX)) || !strcmp(buf, "none"))
		snprintf(buf, size, HEX "%s", hex);
	return len;
}

static bool format_payload(const struct key *key, const struct spec_attr *attr,
			   struct json_object *object, char *buf, size_t size)
{
	(void)attr;
	return lb_format_payload(value_text(object, key->path), buf, size);
}

/* What the operator wants: drain has a command of its own, with a deadline. */
static int key_admin(const struct key *key, const struct spec_attr *attr, const char *text,
		     struct json_object *request)
{
	static const struct spec_value values[] = {
		{ "online", NULL }, { "offline", NULL }, { NULL, NULL }
	};
	struct spec_attr admin = *attr;

	/* A file says how things are, not what to do, and one may be draining. */
	if (!current_place.line)
		admin.values = values;
	return key_enum(key, &admin, key->bare ? key->word : text, request);
}

/* The first NEW_ONLY are for a new balancer alone. */
#define NEW_ONLY	4

static const struct key balancer_keys[] = {
	{ "vip", "port", key_endpoint, "ADDR:PORT", .required = true },
	{ "proto", "proto", key_enum },
	{ "mode", "mode", key_enum },
	{ "source", "source-ipv4", key_source, "ADDR" },
	{ "policy", "policy", key_policy, .except = "module", .format = format_policy },
	{ "program", "program", key_program, "FILE", .whole = true, .format = format_program },
	{ "affinity", "affinity", key_duration, "DURATION|off", "off", SECOND },
	{ "affinity-prefix", "affinity-prefix", key_number, "BITS|whole", "whole", 1 },
	{ "slow-start", "slow-start", key_duration, "DURATION|off", "off", SECOND },
	{ "when-down", "when-down", key_enum },
	{ "health", "health.probe", key_health, "none|tcp|http:/PATH|udp",
	  .format = format_health },
	{ "interval", "health.interval", key_duration, "DURATION", .otherwise = "2s" },
	{ "timeout", "health.timeout", key_duration, "DURATION", .otherwise = "1s" },
	{ "rise", "health.rise", key_number, "N", .otherwise = "2" },
	{ "fall", "health.fall", key_number, "N", .otherwise = "3" },
	{ "host", "health.host", key_string, "HOST" },
	{ "status", "health.status-min", key_http_status, "MIN-MAX",
	  .otherwise = "200-399", .format = format_http_status },
	{ "check-port", "health.port", key_number, "PORT|own", "own", 1 },
	{ "method", "health.method", key_method, "METHOD", .otherwise = "GET",
	  .format = format_string },
	{ "send", "health.send", key_payload, "TEXT|hex:DIGITS|none", "none",
	  .format = format_payload },
	{ "require-reply", "health.require-reply", key_enum },
	{ "passive", "passive", key_number, "N|off", "off", 1 },
	{ "on-down", "on-down", key_enum },
	{ .word = NULL }
};

static const struct key backend_new[] = {
	{ "weight", "weight", key_number, "N", .otherwise = "1" },
	{ "limit", "limit", key_number, "N|none", "none", 1 },
	{ "state", "admin", key_admin, "online|offline", .format = format_enum },
	{ "role", "role", key_enum },
	{ .word = NULL }
};

static const struct key backend_set[] = {
	{ "weight", "weight", key_number, "N" },
	{ "limit", "limit", key_number, "N|none", "none", 1 },
	{ "online", "admin", key_admin, "online|offline", .bare = true },
	{ "offline", "admin", key_admin, "", .bare = true },
	{ "state", "admin", key_admin, "" },
	{ "role", "role", key_enum },
	{ .word = NULL }
};

static const struct key drain[] = {
	{ "deadline", "deadline", key_duration, "DURATION|none", "none", 1 },
	{ .word = NULL }
};

static const struct key only_reset[] = {
	{ "reset", "reset", key_flag, .bare = true },
	{ .word = NULL }
};

/* A balancer's form comes first, its backends' second. */
const struct form lb_add_forms[] = {
	{ "NAME", &rayos_lb_spec, "balancer-new", balancer_keys },
	{ "NAME backend ADDR:PORT", &rayos_lb_spec, "backend-new", backend_new },
	{ .args = NULL }
};

const struct form lb_set_forms[] = {
	{ "NAME", &rayos_lb_spec, "balancer-set", balancer_keys + NEW_ONLY,
	  balancer_keys },
	{ "NAME backend ADDR:PORT", &rayos_lb_spec, "backend-set", backend_set },
	{ .args = NULL }
};

const struct form lb_del_forms[] = {
	{ "NAME", &rayos_lb_spec, "balancer-del", only_reset },
	{ "NAME backend ADDR:PORT", &rayos_lb_spec, "backend-del", only_reset },
	{ .args = NULL }
};

const struct form lb_drain_forms[] = {
	{ "NAME ADDR:PORT", &rayos_lb_spec, "backend-set", drain },
	{ .args = NULL }
};

/* How long an address is, is known only with its family; all of it is as none said. */
static int check_prefix(struct json_object *request)
{
	uint64_t bits = value_number(request, "affinity-prefix");
	bool ipv4 = value_at(request, "ipv4");

	if (ipv4 && bits > 32)
		return misuse("affinity-prefix",
			      "affinity-prefix \"%s\" is longer than an IPv4 address, 1 to 32",
			      value_text(request, "affinity-prefix"));
	if (bits == (ipv4 ? 32 : 128) && (ipv4 || value_at(request, "ipv6")))
		value_set(request, "affinity-prefix", json_object_new_uint64(0));
	return DONE;
}

int lb_parse_balancer(const struct form *form, int argc, char **argv, struct json_object *request)
{
	int ret;

	current_form = form;
	ret = take_name(form, "name", argc, argv, request);
	if (!ret)
		ret = keys_parse(form, argc - 1, argv + 1, request);
	return ret ? ret : check_prefix(request);
}

static int change_balancer(const struct form *form, int argc, char **argv)
{
	struct json_object *request = json_object_new_object();
	int ret = lb_parse_balancer(form, argc, argv, request);

	if (!ret && form == &lb_set_forms[0] && argc == 1)
		ret = misuse(NULL, "nothing to set");
	if (!ret)
		ret = change(&lb, form->op, request);
	json_object_put(request);
	return ret;
}

int lb_parse_backend(const struct form *form, const char *admin, int argc, char **argv,
		     struct json_object *request)
{
	static const struct key address = { .word = "backend", .path = "port" };
	int ret;

	current_form = form;
	ret = take_name(form, "balancer", argc, argv, request);
	if (!ret && argc < 2)
		ret = misuse(address.path, "missing ADDR:PORT of the backend");
	if (!ret)
		ret = key_endpoint(&address, NULL, argv[1], request);
	if (!ret && admin)
		value_set(request, "admin", json_object_new_string(admin));
	if (!ret)
		ret = keys_parse(form, argc - 2, argv + 2, request);
	return ret;
}

static int change_backend(const struct form *form, const char *admin, int argc, char **argv)
{
	struct json_object *request = json_object_new_object();
	int ret = lb_parse_backend(form, admin, argc, argv, request);

	if (!ret && form == &lb_set_forms[1] && argc == 2)
		ret = misuse(NULL, "nothing to set");
	if (!ret)
		ret = change(&lb, form->op, request);
	json_object_put(request);
	return ret;
}

static bool is_backend(const char *word)
{
	return *word && !strncmp(word, "backend", strlen(word));
}

static int change_either(const struct form *forms, int argc, char **argv)
{
	if (!argc)
		return misuse("name", "missing NAME");
	if (argc == 1 || !is_backend(argv[1]))
		return change_balancer(&forms[0], argc, argv);
	argv[1] = argv[0];
	return change_backend(&forms[1], NULL, argc - 1, argv + 1);
}

int lb_add(int argc, char **argv)
{
	return change_either(lb_add_forms, argc, argv);
}

int lb_set(int argc, char **argv)
{
	return change_either(lb_set_forms, argc, argv);
}

int lb_del(int argc, char **argv)
{
	return change_either(lb_del_forms, argc, argv);
}

int lb_drain(int argc, char **argv)
{
	/* As after the other verbs, "backend" may stand before the address. */
	if (argc > 2 && is_backend(argv[1])) {
		argv[1] = argv[0];
		argc--;
		argv++;
	}
	return change_backend(lb_drain_forms, "drain", argc, argv);
}

/* Completion -------------------------------------------------------------- */

void lb_complete_name(int argc, char **argv)
{
	(void)argv;
	if (argc == 1)
		complete_names(&lb, "balancer-get");
}

static void complete_backend(const char *balancer)
{
	struct json_object *request = json_object_new_object(), *backends;

	value_set(request, "balancer", json_object_new_string(balancer));
	backends = list_quietly(&lb, "backend-get", request);
	for (size_t i = 0; backends && i < json_object_array_length(backends); i++)
		candidate(value_endpoint(json_object_array_get_idx(backends, i)).s);
	json_object_put(backends);
	json_object_put(request);
}

static void complete_either(const struct form *forms, int argc, char **argv)
{
	if (argc == 1) {
		lb_complete_name(argc, argv);
	} else if (argc > 2 && is_backend(argv[1])) {
		if (argc > 3)
			keys_complete(&forms[1], argc - 3, argv + 3);
		else if (forms != lb_add_forms)
			complete_backend(argv[0]);
	} else {
		if (argc == 2)
			candidate("backend");
		keys_complete(&forms[0], argc - 1, argv + 1);
	}
}

void lb_complete_add(int argc, char **argv)
{
	complete_either(lb_add_forms, argc, argv);
}

void lb_complete_set(int argc, char **argv)
{
	complete_either(lb_set_forms, argc, argv);
}

void lb_complete_del(int argc, char **argv)
{
	complete_either(lb_del_forms, argc, argv);
}

void lb_complete_drain(int argc, char **argv)
{
	if (argc == 1)
		lb_complete_name(argc, argv);
	else if (argc == 2)
		complete_backend(argv[0]);
	else
		keys_complete(lb_drain_forms, argc - 2, argv + 2);
}
