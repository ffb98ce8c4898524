// SPDX-License-Identifier: GPL-2.0-only
/* Tables, units and colours for people, JSON for programs. */
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "rayctl.h"

FILE *out;

static const char *const escapes[] = {
	[PLAIN] = "",
	[BOLD] = "\033[1m",
	[DIM] = "\033[2m",
	[GREEN] = "\033[32m",
	[YELLOW] = "\033[33m",
	[RED] = "\033[31m",
};

const char *color_on(enum color color)
{
	return options.color ? escapes[color] : "";
}

const char *color_off(enum color color)
{
	return options.color && color != PLAIN ? "\033[0m" : "";
}

void output_init(void)
{
	out = stdout;
	setlocale(LC_CTYPE, "");
	options.utf8 = isatty(STDOUT_FILENO) && !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* One decimal below 100, none above: three figures say what matters. */
static struct text scaled(double value, const char *unit)
{
	struct text text;

	snprintf(text.s, sizeof(text.s), value < 99.95 ? "%.1f%s" : "%.0f%s", value, unit);
	return text;
}

struct text text_count(uint64_t n)
{
	static const char *const units[] = { "k", "M", "G", "T", "P", "E" };
	double value = n / 1000.0;
	struct text text;
	int unit = 0;

	if (n < 10000) {
		snprintf(text.s, sizeof(text.s), "%u", (unsigned int)n);
		return text;
	}
	for (; value >= 999.5; unit++)
		value /= 1000;
	return scaled(value, units[unit]);
}

struct text text_bytes(uint64_t n)
{
	static const char *const units[] = { " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };
	double value = n / 1024.0;
	struct text text;
	int unit = 0;

	if (n < 1024) {
		snprintf(text.s, sizeof(text.s), "%u B", (unsigned int)n);
		return text;
	}
	for (; value >= 1023.5; unit++)
		value /= 1024;
	return scaled(value, units[unit]);
}

struct text text_latency(uint64_t ns)
{
	static const char *const units[] = { " us", " ms", " s" };
	double value = ns / 1000.0;
	struct text text;
	int unit = 0;

	if (ns < 1000) {
		snprintf(text.s, sizeof(text.s), "%u ns", (unsigned int)ns);
		return text;
	}
	for (; value >= 999.5 && unit < 2; unit++)
		value /= 1000;
	return scaled(value, units[unit]);
}

struct text text_age(uint64_t ns)
{
	unsigned long long s = ns / 1000000000;
	struct text text;

	if (s < 10)
		snprintf(text.s, sizeof(text.s), "%.1fs", ns / 100000000 / 10.0);
	else if (s < 60)
		snprintf(text.s, sizeof(text.s), "%llus", s);
	else if (s < 3600)
		snprintf(text.s, sizeof(text.s), "%llum %llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text.s, sizeof(text.s), "%lluh %llum", s / 3600, s / 60 % 60);
	else
		snprintf(text.s, sizeof(text.s), "%llud %lluh", s / 86400, s / 3600 % 24);
	return text;
}

struct text text_duration(uint64_t ns)
{
	static const struct {
		uint64_t factor;
		const char *name;
	} units[] = {
		{ 3600000000000ULL, "h" }, { 60000000000ULL, "m" }, { 1000000000, "s" },
		{ 1000000, "ms" }, { 1000, "us" }, { 1, "ns" },
	};
	struct text text;
	int unit = 0;

	if (!ns)
		return (struct text){ "0" };
	while (ns % units[unit].factor)
		unit++;
	snprintf(text.s, sizeof(text.s), "%llu%s",
		 (unsigned long long)(ns / units[unit].factor), units[unit].name);
	return text;
}

struct text text_size(uint64_t n)
{
	static const char *const units[] = { "", "K", "M", "G", "T" };
	struct text text;
	int unit = 0;

	while (n && n % 1024 == 0 && unit < 4) {
		n /= 1024;
		unit++;
	}
	snprintf(text.s, sizeof(text.s), "%llu%s", (unsigned long long)n, units[unit]);
	return text;
}

struct text text_ratio(uint64_t ppm)
{
	if (!ppm)
		return (struct text){ "-" };
	return scaled(ppm / 1e6, "x");
}

struct text text_percent(uint64_t ppm)
{
	struct text text;

	snprintf(text.s, sizeof(text.s), "%g%%", ppm / 1e4);
	return text;
}

const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

struct text text_bar(double share, int width)
{
	/* U+2588 is a full block, U+2589 to U+258F are seven to one eighths of it. */
	int eighths = share * width * 8 + 0.5;
	struct text text = { "" };
	size_t used = 0;

	for (; eighths > 0 && used + 4 <= sizeof(text.s); eighths -= 8)
		used += snprintf(text.s + used, sizeof(text.s) - used, "\xe2\x96%c",
				 eighths >= 8 ? 0x88 : 0x90 - eighths);
	return text;
}

/* Tables ------------------------------------------------------------------ */

#define GAP	2

struct cell {
	char *text;
	enum color color;
};

struct table {
	const struct column *columns;
	int count;
	int filled;
	int room;
	struct cell *cells;
	int *widths;
};

static void *must(void *memory)
{
	if (memory)
		return memory;
	fputs("rayctl: out of memory\n", stderr);
	exit(REFUSED);
}

struct table *table_new(const struct column *columns, int count)
{
	struct table *table = must(calloc(1, sizeof(*table)));

	table->columns = columns;
	table->count = count;
	table->widths = must(calloc(count, sizeof(*table->widths)));
	for (int i = 0; i < count; i++)
		table->widths[i] = strlen(columns[i].head);
	return table;
}

/* Columns on the terminal: every character written here is one wide. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

void table_cell(struct table *table, enum color color, const char *fmt, ...)
{
	int column = table->filled % table->count;
	struct cell *cell;
	va_list args;

	if (table->filled == table->room) {
		table->room = table->room ? table->room * 2 : table->count * 16;
		table->cells = must(reallocarray(table->cells, table->room,
						 sizeof(*table->cells)));
	}
	cell = &table->cells[table->filled++];
	cell->color = color;
	va_start(args, fmt);
	if (vasprintf(&cell->text, fmt, args) < 0)
		must(NULL);
	va_end(args);
	if (width_of(cell->text) > table->widths[column])
		table->widths[column] = width_of(cell->text);
}

static int terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 0;
	return size.ws_col;
}

/* Hide columns, those spared first, until the rest fits; a hidden width is -1. */
static void table_fit(struct table *table, int room)
{
	for (;;) {
		int width = -GAP, worst = 0;

		for (int i = 0; i < table->count; i++) {
			if (table->widths[i] < 0)
				continue;
			width += table->widths[i] + GAP;
			if (table->columns[i].spare > table->columns[worst].spare ||
			    table->widths[worst] < 0)
				worst = i;
		}
		if (width <= room || !table->columns[worst].spare)
			return;
		table->widths[worst] = -1;
	}
}

static void print_line(const struct table *table, int row, int indent)
{
	int owed = indent;

	for (int i = 0; i < table->count; i++) {
		struct cell head = { (char *)table->columns[i].head, BOLD };
		struct cell *cell = row < 0 ? &head : &table->cells[row * table->count + i];
		int pad = table->widths[i] - width_of(cell->text);

		if (table->widths[i] < 0)
			continue;
		/* Blanks wait for text, so that no line ends in them. */
		if (table->columns[i].right)
			owed += pad;
		if (*cell->text)
			fprintf(out, "%*s%s%s%s", owed, "", color_on(cell->color), cell->text,
				color_off(cell->color));
		owed = (*cell->text ? 0 : owed) + GAP;
		if (!table->columns[i].right)
			owed += pad;
	}
	fputc('\n', out);
}

void table_end(struct table *table, int indent)
{
	int room = terminal_width();

	if (room)
		table_fit(table, room - indent);
	print_line(table, -1, indent);
	for (int row = 0; row < table->filled / table->count; row++)
		print_line(table, row, indent);
	for (int i = 0; i < table->filled; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table->widths);
	free(table);
}

bool none_of(struct json_object *list, const char *what)
{
	if (json_object_array_length(list))
		return false;
	fprintf(out, "no %s\n", what);
	return true;
}

/* JSON -------------------------------------------------------------------- */

void json_print(struct json_object *object)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	flags |= options.pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED :
				  JSON_C_TO_STRING_PLAIN;
	fprintf(out, "%s\n", json_object_to_json_string_ext(object, flags));
	json_object_put(object);
}

/* --watch ----------------------------------------------------------------- */

static int count_lines(const char *text)
{
	int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* Draw over what is there, line by line: clearing the screen first flickers. */
static void draw(const char *screen)
{
	int lines = count_lines(screen), left = lines;
	struct winsize size;

	/* The cursor stands below all, and a line tells of those without room. */
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row > 2 && lines >= size.ws_row)
		left = size.ws_row - 2;
	lines -= left;
	fputs("\033[H", stdout);
	while (left--) {
		size_t len = strcspn(screen, "\n");

		printf("%.*s\033[K\n", (int)len, screen);
		screen += len + 1;
	}
	if (lines)
		printf("%s%d more line%s%s\033[K\n", color_on(DIM), lines, plural(lines),
		       color_off(DIM));
	fputs("\033[J", stdout);
}

int watch(int (*sample)(void *arg), void *arg, uint64_t ns)
{
	struct timespec next;
	bool tty = isatty(STDOUT_FILENO) && !options.json;

	if (tty)
		fputs("\033[2J", stdout);
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		char *screen = NULL;
		size_t len;
		int ret;

		out = tty ? must(open_memstream(&screen, &len)) : stdout;
		ret = sample(arg);
		if (tty) {
			fclose(out);
			/* What went wrong stands below what was seen last. */
			if (!ret)
				draw(screen);
			free(screen);
			out = stdout;
		}
		if (ret || fflush(stdout))
			return ret;
		next.tv_sec += (next.tv_nsec + ns) / 1000000000;
		next.tv_nsec = (next.tv_nsec + ns) % 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}
