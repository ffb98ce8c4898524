// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of the policy custom: classic BPF as "tcpdump -ddd" and bpf_asm write
 * it, a line with the number of instructions and one for each of them. On a single
 * line, commas stand for the ends of lines. On the wire, and in requests, they are
 * bytes, written in hexadecimal.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/filter.h>

#include "lb.h"
#include "rayctl.h"
#include "spec_rayos_lb.h"
#include "value.h"

/* Longer than any program can be written. */
#define FILE_MAX	(BPF_MAXINSNS * 64)

/* A number up to @max and the blanks around it; false if there is none. */
static bool take_number(const char **text, unsigned long long max, unsigned long long *value)
{
	char *end;

	*text += strspn(*text, " \t\r");
	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*value = strtoull(*text, &end, 10);
	*text = end + strspn(end, " \t\r");
	return !errno && *value <= max;
}

static bool take_end(const char **text)
{
	bool more = **text == ',' || **text == '\n';

	*text += more;
	return more || !**text;
}

static const char *take_instruction(const char **text, struct sock_filter *insn)
{
	unsigned long long code, jt, jf, k;

	if (!take_number(text, UINT16_MAX, &code) || !take_number(text, UINT8_MAX, &jt) ||
	    !take_number(text, UINT8_MAX, &jf) || !take_number(text, UINT32_MAX, &k) ||
	    !take_end(text))
		return "has an instruction which is not four numbers";
	*insn = (struct sock_filter){ code, jt, jf, k };
	return NULL;
}

/* Return: NULL, or what is wrong with @text. */
static const char *parse(const char *text, struct sock_filter *insns, size_t *count)
{
	unsigned long long nr;
	const char *wrong = NULL;

	if (!take_number(&text, UINT32_MAX, &nr) || !take_end(&text))
		return "does not begin with the number of its instructions";
	if (nr < 1 || nr > BPF_MAXINSNS)
		return "has to have 1 to 4096 instructions";
	for (*count = 0; !wrong && *count < nr; ++*count)
		wrong = *text ? take_instruction(&text, &insns[*count]) :
				"has fewer instructions than it says";
	text += strspn(text, " \t\r\n,");
	return wrong ? wrong : *text ? "has more instructions than it says" : NULL;
}

static bool is_inline(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len && text[len] == ',';
}

/* What a file says; NULL after telling why it cannot be read. */
static char *read_file(const char *name)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "re") : stdin;
	char *text = calloc(1, FILE_MAX + 1);
	int error = file ? 0 : errno;

	if (file && text) {
		errno = 0;
		text[fread(text, 1, FILE_MAX, file)] = '\0';
		error = ferror(file) ? errno : 0;
	}
	if (file && file != stdin)
		fclose(file);
	if (!error && text)
		return text;
	refused(NULL, NULL, "cannot read %s: %s", name, strerror(error ? error : ENOMEM));
	free(text);
	return NULL;
}

static struct json_object *to_hex(const struct sock_filter *insns, size_t count)
{
	const unsigned char *bytes = (const unsigned char *)insns;
	size_t len = count * sizeof(*insns);
	char *hex = malloc(2 * len + 1);
	struct json_object *string;

	if (!hex)
		abort();
	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	string = json_object_new_string(hex);
	free(hex);
	return string;
}

int key_program(const struct key *key, const struct spec_attr *attr, const char *text,
		struct json_object *request)
{
	static struct sock_filter insns[BPF_MAXINSNS];
	const char *wrong;
	char *file = NULL;
	size_t count;

	(void)attr;
	if (!*text)
		return misuse(key->path, "%s is empty", key->word);
	/* A configuration is one file. */
	if (current_place.line && !is_inline(text))
		return misuse(key->path, "%s \"%.40s\" is not a program, as in \"1,6 0 0 0\"",
			      key->word, text);
	if (!is_inline(text)) {
		file = read_file(text);
		if (!file)
			return REFUSED;
	}
	wrong = parse(file ? file : text, insns, &count);
	free(file);
	if (wrong)
		return misuse(key->path, "%s \"%.40s\" %s", key->word, text, wrong);
	value_set(request, key->path, to_hex(insns, count));
	return DONE;
}

static size_t from_hex(const char *hex, struct sock_filter *insns)
{
	unsigned char *bytes = (unsigned char *)insns;
	size_t len = strlen(hex) / 2;

	if (len > BPF_MAXINSNS * sizeof(*insns))
		len = BPF_MAXINSNS * sizeof(*insns);
	for (size_t i = 0; i < len; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1] };

		bytes[i] = strtoul(pair, NULL, 16);
	}
	return len / sizeof(*insns);
}

char *program_text(const char *program)
{
	static struct sock_filter insns[BPF_MAXINSNS];
	size_t count, size;
	char *text;
	FILE *file;

	if (strchr(program, ','))
		return strdup(program);
	count = from_hex(program, insns);
	file = open_memstream(&text, &size);
	if (!file)
		abort();
	fprintf(file, "%zu", count);
	for (size_t i = 0; i < count; i++)
		fprintf(file, ",%u %u %u %u", insns[i].code, insns[i].jt, insns[i].jf, insns[i].k);
	fclose(file);
	return text;
}

bool format_program(const struct key *key, const struct spec_attr *attr,
		    struct json_object *object, char *buf, size_t size)
{
	char *text = program_text(value_text(object, key->path));

	(void)attr;
	snprintf(buf, size, "\"%s\"", text);
	free(text);
	return true;
}

/* policy round-robin | ... | custom | module:NAME */
int key_policy(const struct key *key, const struct spec_attr *attr, const char *text,
	       struct json_object *request)
{
	static const char prefix[] = "module:";
	const struct key name = { .word = key->word, .path = "policy-name" };
	const struct spec_attr *name_attr = form_attr(lb_add_forms, name.path);

	if (!strcmp(text, "module"))
		return misuse(key->path, "%s \"%s\" needs a name, as in module:NAME", key->word,
			      text);
	if (strncmp(text, prefix, strlen(prefix)))
		return key_enum(key, attr, text, request);
	value_set(request, key->path, json_object_new_string("module"));
	return key_string(&name, name_attr, text + strlen(prefix), request);
}

struct text lb_policy(struct json_object *object, const char *name)
{
	struct text text;

	if (value_at(object, name))
		snprintf(text.s, sizeof(text.s), "module:%s", value_text(object, name));
	else
		snprintf(text.s, sizeof(text.s), "%s", value_text(object, "policy"));
	return text;
}

bool format_policy(const struct key *key, const struct spec_attr *attr,
		   struct json_object *object, char *buf, size_t size)
{
	if (!format_enum(key, attr, object, buf, size))
		return false;
	snprintf(buf, size, "%s", lb_policy(object, "policy-name").s);
	return true;
}
