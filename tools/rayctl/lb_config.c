// SPDX-License-Identifier: GPL-2.0-only
/* lb save and restore: the whole configuration as one file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "complete.h"
#include "lb.h"
#include "lb_config.h"
#include "netlink.h"
#include "output.h"
#include "rayctl.h"
#include "value.h"

/* A configuration that others change this often while it is read is given up. */
#define READ_TRIES	16

static const struct form *const balancer_form = &lb_add_forms[0];
static const struct form *const backend_form = &lb_add_forms[1];

/* Where the balancers and backends of the configuration being put stand. */
static struct json_object *lines;

struct json_object *config_new(void)
{
	struct json_object *config = json_object_new_object();

	json_object_put(lines);
	lines = json_object_new_object();
	json_object_object_add(config, "balancer", json_object_new_array());
	json_object_object_add(config, "backend", json_object_new_array());
	json_object_object_add(lines, "balancer", json_object_new_array());
	json_object_object_add(lines, "backend", json_object_new_array());
	return config;
}

void config_add(struct json_object *config, const char *array, struct json_object *item,
		unsigned int line)
{
	json_object_array_add(value_at(config, array), item);
	json_object_array_add(value_at(lines, array), json_object_new_int(line));
}

/* Canonical lines ----------------------------------------------------------- */

/**
 * struct line - a balancer or backend in words
 * @key: what it is called, in an order that puts backends after their balancer
 * @text: all of it
 * @backend: where the words of a backend begin in @text, 0 for a balancer
 */
struct line {
	char *key;
	char *text;
	size_t backend;
};

struct text_lines {
	struct line *line;
	size_t count;
};

/* What only checks of one kind look at is not told of another, so it counts for nothing. */
static void drop_unused(struct json_object *balancer)
{
	static const struct {
		const char *probe;
		const char *name;
	} used[] = {
		{ "http", "path" }, { "http", "host" }, { "http", "status-min" },
		{ "http", "status-max" }, { "http", "method" },
		{ "udp", "send" }, { "udp", "require-reply" },
	};
	struct json_object *health = value_at(balancer, "health");

	for (size_t i = 0; health && i < sizeof(used) / sizeof(*used); i++)
		if (strcmp(value_text(health, "probe"), used[i].probe))
			json_object_object_del(health, used[i].name);
}

static void line_of_balancer(struct line *line, struct json_object *balancer)
{
	size_t size;
	FILE *file = open_memstream(&line->text, &size);

	drop_unused(balancer);
	fprintf(file, "add %s", value_text(balancer, "name"));
	keys_format(balancer_form, balancer, file);
	fclose(file);
	line->key = strdup(value_text(balancer, "name"));
	line->backend = 0;
}

static void line_of_backend(struct line *line, struct json_object *backend)
{
	bool ipv6 = value_at(backend, "ipv6");
	const char *name = value_text(backend, "balancer");
	unsigned char binary[16] = { 0 };
	char hex[33] = "";
	size_t size;
	FILE *file = open_memstream(&line->text, &size);

	fprintf(file, "add %s backend %s", name, value_endpoint(backend).s);
	keys_format(backend_form, backend, file);
	fclose(file);
	line->backend = strlen("add ") + strlen(name) + 1;
	inet_pton(ipv6 ? AF_INET6 : AF_INET, value_text(backend, ipv6 ? "ipv6" : "ipv4"), binary);
	for (int i = 0; i < 16; i++)
		sprintf(hex + 2 * i, "%02x", binary[i]);
	if (asprintf(&line->key, "%s\n%s:%04x", name, hex,
		     (unsigned int)value_number(backend, "port")) < 0)
		abort();
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->key, ((const struct line *)b)->key);
}

static struct text_lines lines_of(struct json_object *config)
{
	struct json_object *balancers = value_at(config, "balancer");
	struct json_object *backends = value_at(config, "backend"), *item;
	struct text_lines all = { .count = 0 };

	all.line = calloc(json_object_array_length(balancers) +
			  json_object_array_length(backends) + 1, sizeof(*all.line));
	if (!all.line)
		abort();
	for (size_t i = 0; (item = json_object_array_get_idx(balancers, i)); i++)
		line_of_balancer(&all.line[all.count++], item);
	for (size_t i = 0; (item = json_object_array_get_idx(backends, i)); i++)
		line_of_backend(&all.line[all.count++], item);
	qsort(all.line, all.count, sizeof(*all.line), by_key);
	return all;
}

static void free_lines(struct text_lines *all)
{
	for (size_t i = 0; i < all->count; i++) {
		free(all->line[i].key);
		free(all->line[i].text);
	}
	free(all->line);
}

static bool same_lines(const struct text_lines *a, const struct text_lines *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->line[i].text, b->line[i].text))
			return false;
	return true;
}

void config_write(struct json_object *config, FILE *file)
{
	struct text_lines all = lines_of(config);

	fputs("# Balancers, for \"rayctl lb restore\"; what is not named has its default.\n", file);
	for (size_t i = 0; i < all.count; i++) {
		const struct line *line = &all.line[i];

		fprintf(file, "%s%s\n", line->backend ? "\t" : "\n", line->text + line->backend);
	}
	free_lines(&all);
}

/* Save ---------------------------------------------------------------------- */

static int read_once(struct json_object **config)
{
	struct json_object *balancers, *backends;
	int ret = lb_fetch(NULL, &balancers, &backends);

	if (ret)
		return ret;
	*config = json_object_new_object();
	json_object_object_add(*config, "balancer", balancers);
	json_object_object_add(*config, "backend", backends);
	return DONE;
}

/* Two lists make a configuration: it is one when both are the same once more. */
static int read_kernel(struct json_object **config)
{
	struct json_object *again;
	int ret = read_once(config);

	for (int i = 0; !ret && i < READ_TRIES; i++) {
		struct text_lines was = lines_of(*config), is;
		bool same = false;

		ret = read_once(&again);
		if (!ret) {
			is = lines_of(again);
			same = same_lines(&was, &is);
			free_lines(&is);
		}
		free_lines(&was);
		json_object_put(*config);
		*config = ret ? NULL : again;
		if (same)
			return DONE;
	}
	if (ret)
		return ret;
	json_object_put(*config);
	return refused(&lb, NULL, "the configuration kept changing while it was read, try again");
}

static int cannot_write(const char *name)
{
	return refused(NULL, NULL, "cannot write %s: %s", name, strerror(errno));
}

/* The whole of it is on the disk before it has the name. */
static bool write_and_rename(struct json_object *config, int fd, const char *temporary,
			     const char *name)
{
	FILE *file = fdopen(fd, "w");
	mode_t mask = umask(0);
	bool good;

	umask(mask);
	if (!file)
		return false;
	config_write(config, file);
	good = !fchmod(fd, 0666 & ~mask) && !fflush(file) && !fsync(fd);
	good = !fclose(file) && good;
	return good && !rename(temporary, name);
}

static int save_to_file(struct json_object *config, const char *name)
{
	char *real = realpath(name, NULL), *temporary;
	const char *target = real ? real : name;
	struct stat st;
	int fd, ret = DONE;

	if (real && !stat(real, &st) && !S_ISREG(st.st_mode)) {
		FILE *file = fopen(real, "we");

		if (file)
			config_write(config, file);
		if (!file || fclose(file))
			ret = cannot_write(name);
		free(real);
		return ret;
	}
	if (asprintf(&temporary, "%s.XXXXXX", target) < 0)
		abort();
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0 || !write_and_rename(config, fd, temporary, target)) {
		ret = cannot_write(name);
		if (fd >= 0)
			unlink(temporary);
	}
	free(temporary);
	free(real);
	return ret;
}

int lb_save(int argc, char **argv)
{
	struct json_object *config;
	int ret;

	if (argc > 1)
		return misuse(NULL, "unexpected \"%s\"", argv[1]);
	if (argc && !*argv[0])
		return misuse(NULL, "FILE is empty");
	if (options.json)
		return misuse(NULL, "what is saved is words and no JSON");
	ret = read_kernel(&config);
	if (ret)
		return ret;
	if (argc && strcmp(argv[0], "-"))
		ret = save_to_file(config, argv[0]);
	else
		config_write(config, out);
	json_object_put(config);
	return ret;
}

/* Restore ------------------------------------------------------------------- */

FILE *config_open(const char *name)
{
	FILE *file = stdin;

	current_place = (struct place){ "stdin", 0 };
	if (!name || !strcmp(name, "-"))
		return file;
	current_place.file = name;
	file = fopen(name, "re");
	if (!file)
		refused(NULL, NULL, "cannot read %s: %s", name, strerror(errno));
	return file;
}

/* Like strsep(), but quotes keep blanks in a word; they stay when they have no end. */
static char *next_word(char **rest)
{
	char *word = *rest, *end;

	if (!word || *word != '"')
		return strsep(rest, " \t\r\n");
	end = strchr(word + 1, '"');
	if (!end) {
		*rest = NULL;
		return word;
	}
	*end = '\0';
	*rest = end + 1;
	return word + 1;
}

static int split(struct words_line *line)
{
	static const int room = sizeof(line->argv) / sizeof(*line->argv) - 1;
	char *rest = line->text, *word;

	line->argc = 0;
	while ((word = next_word(&rest))) {
		if (!*word)
			continue;
		if (!line->argc && *word == '#')
			return 0;
		if (!rest && *word == '"')
			return -misuse(NULL, "a quote has no end");
		if (line->argc == room)
			return -misuse(NULL, "more than %d words", room);
		line->argv[line->argc++] = word;
	}
	line->argv[line->argc] = NULL;
	return line->argc > 0;
}

int config_line(FILE *file, struct words_line *line)
{
	ssize_t len;
	int ret = 0;

	while (!ret && (len = getline(&line->text, &line->room, file)) >= 0) {
		current_place.line++;
		if (strlen(line->text) != (size_t)len)
			return -misuse(NULL, "this is not text");
		ret = split(line);
	}
	if (ret)
		return ret;
	if (ferror(file))
		return -refused(NULL, NULL, "cannot read %s: %s", current_place.file,
				strerror(errno));
	/* What was to write it has failed, more likely than that all is to go. */
	if (!current_place.line)
		return -refused(NULL, NULL, "%s is empty, a comment at least must be there",
				current_place.file);
	return 0;
}

/* add NAME ..., add NAME backend ADDR ... or, after its balancer, backend ADDR ... */
static int read_words(struct json_object *config, struct words_line *line, char *last)
{
	struct json_object *item = json_object_new_object();
	bool added = !strcmp(line->argv[0], "add");
	bool backend = !added || (line->argc > 2 && !strcmp(line->argv[2], "backend"));
	char **argv = line->argv + added;
	int argc = line->argc - added, ret;

	if (!added && strcmp(line->argv[0], "backend")) {
		ret = misuse(NULL, "\"%s\" is neither add nor backend", line->argv[0]);
	} else if (!backend) {
		ret = lb_parse_balancer(balancer_form, argc, argv, item);
		strcpy(last, ret ? "" : argv[0]);
	} else if (!added && !*last) {
		ret = misuse(NULL, "a backend comes after its balancer");
	} else {
		argv[added] = added ? argv[0] : last;
		ret = lb_parse_backend(backend_form, NULL, argc - added, argv + added, item);
	}
	if (ret)
		json_object_put(item);
	else
		config_add(config, backend ? "backend" : "balancer", item, current_place.line);
	return ret;
}

static int read_file(FILE *file, struct json_object *config)
{
	/* A name is never longer than the spec allows. */
	char last[256] = "";
	struct words_line line = { .text = NULL };
	int ret = DONE, more;

	while (!ret && (more = config_line(file, &line)) != 0)
		ret = more < 0 ? -more : read_words(config, &line, last);
	free(line.text);
	if (!ret)
		current_place.line = 0;
	return ret;
}

/* The kernel names one of many: it is the line that people know it by. */
static void at_fault(const char *attribute)
{
	char path[64];

	snprintf(path, sizeof(path), "%.*s", (int)strcspn(attribute, "."), attribute);
	current_place.line = value_number(lines, path);
}

struct changes {
	struct json_object *list;
};

static void note(struct changes *changes, const struct line *was, const struct line *is)
{
	struct json_object *change;

	if (was && is && !strcmp(was->text, is->text))
		return;
	if (!options.json) {
		if (was)
			fprintf(out, "%s- %s%s\n", color_on(RED), was->text, color_off(RED));
		if (is)
			fprintf(out, "%s+ %s%s\n", color_on(GREEN), is->text, color_off(GREEN));
		return;
	}
	change = json_object_new_object();
	if (was)
		value_set(change, "was", json_object_new_string(was->text));
	if (is)
		value_set(change, "becomes", json_object_new_string(is->text));
	json_object_array_add(changes->list, change);
}

/* Both are in order: walk along them side by side. */
static void compare(struct json_object *old, struct json_object *new, struct changes *changes)
{
	struct text_lines a = lines_of(old), b = lines_of(new);
	size_t i = 0, j = 0;

	while (i < a.count || j < b.count) {
		int order = i == a.count ? 1 : j == b.count ? -1 : by_key(&a.line[i], &b.line[j]);

		note(changes, order <= 0 ? &a.line[i] : NULL, order >= 0 ? &b.line[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	free_lines(&a);
	free_lines(&b);
}

static int put(struct conn *conn, struct json_object *config, bool check)
{
	struct changes changes = { .list = NULL };
	struct json_object *reply = NULL, *old = NULL;
	int ret = DONE;

	if (check) {
		value_set(config, "check", json_object_new_boolean(true));
		ret = read_kernel(&old);
	}
	if (!ret)
		ret = conn_do(conn, "config-set", config, &reply);
	if (!ret && check) {
		changes.list = json_object_new_array();
		compare(old, config, &changes);
		value_set(reply, "changes", changes.list);
	}
	json_object_put(old);
	if (!ret && options.json)
		json_print(reply);
	else
		json_object_put(reply);
	return ret;
}

int config_put(struct json_object *config, bool check)
{
	struct conn *conn = conn_open(&lb);
	int ret;

	if (!conn)
		return REFUSED;
	conn_at_fault(conn, at_fault);
	ret = put(conn, config, check);
	conn_close(conn);
	return ret;
}

int lb_restore(int argc, char **argv)
{
	bool check = argc && !strcmp(argv[argc - 1], "check");
	struct json_object *config;
	FILE *file;
	int ret;

	argc -= check;
	if (argc > 1)
		return misuse(NULL, "unexpected \"%s\"", argv[1]);
	file = config_open(argc ? argv[0] : NULL);
	if (!file)
		return REFUSED;
	config = config_new();
	ret = read_file(file, config);
	if (file != stdin)
		fclose(file);
	if (!ret)
		ret = config_put(config, check);
	json_object_put(config);
	return ret;
}

void lb_complete_save(int argc, char **argv)
{
	(void)argv;
	if (argc == 1)
		complete_file();
}

void lb_complete_restore(int argc, char **argv)
{
	lb_complete_save(argc, argv);
	if (argc == 1 || argc == 2)
		candidate("check");
}
