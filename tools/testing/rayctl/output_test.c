// SPDX-License-Identifier: GPL-2.0-only
/* Units, bars and tables, as a person sees them. */
#include <stdlib.h>

#include "output.h"
#include "rayctl.h"
#include "tap.h"
#include "value.h"

static void check_units(void)
{
	ok_text(text_count(0).s, "0", "count 0");
	ok_text(text_count(9999).s, "9999", "count 9999");
	ok_text(text_count(10000).s, "10.0k", "count 10000");
	ok_text(text_count(12345).s, "12.3k", "count 12345");
	ok_text(text_count(99949).s, "99.9k", "count 99949");
	ok_text(text_count(99950).s, "100k", "count 99950");
	ok_text(text_count(999499).s, "999k", "count 999499");
	ok_text(text_count(999500).s, "1.0M", "count 999500");
	ok_text(text_count(UINT64_MAX).s, "18.4E", "largest count");
	ok_text(text_bytes(0).s, "0 B", "no bytes");
	ok_text(text_bytes(1023).s, "1023 B", "1023 bytes");
	ok_text(text_bytes(1024).s, "1.0 KiB", "1024 bytes");
	ok_text(text_bytes(13207024435).s, "12.3 GiB", "13207024435 bytes");
	ok_text(text_bytes(UINT64_MAX).s, "16.0 EiB", "most bytes");
	ok_text(text_latency(0).s, "0 ns", "latency 0");
	ok_text(text_latency(999).s, "999 ns", "latency 999 ns");
	ok_text(text_latency(1400000).s, "1.4 ms", "latency 1.4 ms");
	ok_text(text_latency(999600).s, "1.0 ms", "latency 999.6 us");
	ok_text(text_latency(12345678901).s, "12.3 s", "latency 12.3 s");
	ok_text(text_age(400000000).s, "0.4s", "age 0.4 s");
	ok_text(text_age(9990000000).s, "9.9s", "age 9.99 s");
	ok_text(text_age(12000000000).s, "12s", "age 12 s");
	ok_text(text_age(125000000000).s, "2m 5s", "age 125 s");
	ok_text(text_age(8040000000000).s, "2h 14m", "age 8040 s");
	ok_text(text_age(273600000000000).s, "3d 4h", "age 76 h");
	ok_text(text_duration(0).s, "0", "duration 0");
	ok_text(text_duration(500000000).s, "500ms", "duration 500 ms");
	ok_text(text_duration(90000000000).s, "90s", "duration 90 s");
	ok_text(text_duration(300000000000).s, "5m", "duration 300 s");
	ok_text(text_duration(86400000000000).s, "24h", "duration one day");
	ok_text(text_duration(1000000001).s, "1000000001ns", "odd duration");
}

static void check_bars(void)
{
	ok_text(text_bar(0, 4).s, "", "bar of 0");
	ok_text(text_bar(0.5, 4).s, "██", "bar of a half");
	ok_text(text_bar(1, 4).s, "████", "whole bar");
	ok_text(text_bar(1.0 / 32, 4).s, "▏", "thinnest bar");
	ok_text(text_bar(7.0 / 32, 4).s, "▉", "almost a block");
	ok(strlen(text_bar(1, 1000).s) < sizeof(struct text), "a bar stays in its buffer");
}

/* What a table prints, through the same stream as rayctl's. */
static char *print_table(bool color)
{
	static const struct column columns[] = {
		{ "NAME" }, { "COUNT", true }, { "STATE" }, { "", true },
	};
	struct table *table;
	char *text = NULL;
	size_t len;

	options.color = color;
	out = open_memstream(&text, &len);
	table = table_new(columns, 4);
	table_cell(table, BOLD, "web");
	table_cell(table, PLAIN, "%d", 7);
	table_cell(table, RED, "unhealthy");
	table_cell(table, PLAIN, "x");
	table_cell(table, BOLD, "a-longer-name");
	table_cell(table, PLAIN, "%d", 1234567);
	table_cell(table, GREEN, "▏");
	table_cell(table, PLAIN, "%s", "");
	table_end(table, 2);
	fclose(out);
	out = stdout;
	return text;
}

static void check_tables(void)
{
	char *plain = print_table(false), *color = print_table(true);

	ok_text(plain, "  NAME             COUNT  STATE\n"
	   "  web                  7  unhealthy  x\n"
	   "  a-longer-name  1234567  ▏\n", "the table");
	ok(strstr(color, "\033[31munhealthy\033[0m"), "a state has its colour");
	ok(!strstr(plain, "\033"), "and none when there are none");
	free(plain);
	free(color);
}

static void check_values(void)
{
	struct json_object *object = json_object_new_object(), *selected;
	static const char *const keys[] = { "c", "port", "none", NULL };

	value_set(object, "a.b", json_object_new_uint64(UINT64_MAX));
	value_set(object, "a.c", json_object_new_string("text"));
	value_set(object, "ipv6", json_object_new_string("2001:db8::1"));
	value_set(object, "port", json_object_new_uint64(80));
	ok(value_number(object, "a.b") == UINT64_MAX, "64 bits go in and come out");
	ok_text(value_text(object, "a.c"), "text", "text at a path");
	ok_text(value_text(object, "a.x"), "", "text at no path");
	ok(!value_at(object, "a.b.c"), "a number has nothing inside");
	ok(!value_at(NULL, "a"), "nor has nothing");
	ok_text(value_endpoint(object).s, "[2001:db8::1]:80", "endpoint");
	selected = value_select(object, keys);
	ok(json_object_object_length(selected) == 1, "a selection has what is there");
	json_object_put(selected);
	json_object_put(object);
}

static void check_event(const char *name, const char *msg, const char *want)
{
	struct json_object *object = json_tokener_parse(msg);
	char *text = NULL;
	size_t len;

	options.color = false;
	out = open_memstream(&text, &len);
	lb.event(name, object);
	fclose(out);
	out = stdout;
	ok_text(text, want, name);
	json_object_put(object);
	free(text);
}

#define BACKEND	"\"balancer\":\"web\",\"ipv4\":\"10.0.1.1\",\"port\":80"
#define TIMEOUT	"\"check\":{\"result\":\"timeout\",\"streak\":3}"
#define FROM(old, new) "{" BACKEND ",\"old-state\":\"" old "\",\"state\":\"" new "\"," TIMEOUT "}"
#define DNS	"\"name\":\"dns\",\"ipv6\":\"2001:db8::1\",\"port\":53,\"proto\":\"udp\""

static void check_events(void)
{
	check_event("health-ntf", FROM("healthy", "unhealthy"),
		    "web 10.0.1.1:80  healthy -> unhealthy, last check timeout, 3 in a row\n");
	check_event("health-ntf", FROM("unhealthy", "offline"),
		    "web 10.0.1.1:80  unhealthy -> offline\n");
	check_event("backend-del-ntf", "{" BACKEND "}", "web 10.0.1.1:80  removed\n");
	check_event("balancer-ntf", "{" DNS ",\"policy\":\"maglev\",\"affinity\":90000000000}",
		    "dns  set to [2001:db8::1]:53 udp, maglev, affinity 90s\n");
}

int main(void)
{
	check_events();
	check_units();
	check_bars();
	check_tables();
	check_values();
	return tap_end();
}
