// SPDX-License-Identifier: GPL-2.0-only
/* rayctl: see and set what the RayOS kernel modules do. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complete.h"
#include "help.h"
#include "netlink.h"
#include "output.h"
#include "parse.h"
#include "rayctl.h"
#include "value.h"

#define WATCH_DEFAULT	"2"
#define WATCH_MIN	(50 * 1000000ULL)
#define WATCH_MAX	(24 * 3600 * 1000000000ULL)

struct options options;
const struct object *current_object;
const struct command *current_command;
const struct form *current_form;
struct place current_place;

/* Parts of the suite that this version does not have are known by name only. */
static const struct object predict = {
	.name = "predict", .alias = "resourcepredict", .module = "rayos_predict",
	.doc = "forecasts of resource use",
};

static const struct object dtxn = {
	.name = "dtxn", .alias = "distxn", .module = "rayos_dtxn",
	.doc = "distributed transactions",
};

static const struct object monitor = {
	.name = "monitor", .alias = "monitoring", .module = "rayos_mon",
	.doc = "metrics, rules and alerts",
};

static const struct object profile = {
	.name = "profile", .alias = "profiling", .module = "rayos_prof",
	.doc = "profiler",
};

const struct object *const objects[] = {
	&lb, &zcomp, &predict, &dtxn, &monitor, &profile, NULL
};

static void json_error(const struct object *object, const char *attribute, const char *text)
{
	struct json_object *error = json_object_new_object();

	value_set(error, "error", json_object_new_string(text));
	if (object && object != &suite)
		value_set(error, "object", json_object_new_string(object->name));
	if (attribute)
		value_set(error, "attribute", json_object_new_string(attribute));
	if (current_place.line) {
		value_set(error, "file", json_object_new_string(current_place.file));
		value_set(error, "line", json_object_new_uint64(current_place.line));
	}
	fprintf(stderr, "%s\n",
		json_object_to_json_string_ext(error, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(error);
}

static void print_place(void)
{
	if (current_place.line)
		fprintf(stderr, "%s:%u: ", current_place.file, current_place.line);
}

int misuse(const char *attribute, const char *fmt, ...)
{
	const struct object *object = current_object == &suite ? NULL : current_object;
	char text[512];
	va_list args;

	if (options.quiet)
		return MISUSED;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (options.json) {
		json_error(object, attribute, text);
		return MISUSED;
	}
	fputs("rayctl: ", stderr);
	if (object)
		fprintf(stderr, "%s%s", object->name, current_command ? " " : ": ");
	if (current_command)
		fprintf(stderr, "%s: ", current_command->name);
	print_place();
	fprintf(stderr, "%s\n", text);
	/* How the command is written does not help with a file. */
	if (!current_place.line)
		show_usage(stderr, current_object, current_command, current_form);
	return MISUSED;
}

int refused(const struct object *object, const char *attribute, const char *fmt, ...)
{
	char text[512];
	va_list args;

	if (options.quiet)
		return REFUSED;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (options.json) {
		json_error(object, attribute, text);
	} else {
		fprintf(stderr, "rayctl: %s%s", object ? object->name : "", object ? ": " : "");
		print_place();
		fprintf(stderr, "%s\n", text);
	}
	return REFUSED;
}

int object_absent(const struct object *object)
{
	return refused(object, NULL, "rayctl has no commands for module %s in this version",
		       object->module);
}

/* Whether the words that begin with @word all mean @object. */
static bool only_prefix_of(const char *word, const struct object *object)
{
	size_t len = strlen(word);

	for (const struct object *const *o = objects; *o; o++)
		if (*o != object && (!strncmp((*o)->name, word, len) ||
				     !strncmp((*o)->alias, word, len)))
			return false;
	for (const struct command *c = suite.commands; c->name; c++)
		if (!strncmp(c->name, word, len))
			return false;
	return !strncmp(object->name, word, len) || !strncmp(object->alias, word, len);
}

const struct object *object_find(const char *word)
{
	for (const struct object *const *o = objects; *o; o++)
		if (!strcmp((*o)->name, word) || !strcmp((*o)->alias, word) ||
		    (*word && only_prefix_of(word, *o)))
			return *o;
	return NULL;
}

const struct command *command_find(const struct object *object, const char *word)
{
	int index = pick(word, object->commands, sizeof(*object->commands));

	return index < 0 ? NULL : &object->commands[index];
}

/* Options ----------------------------------------------------------------- */

enum { COLOR_OPTION = 256 };

/* What getopt_long() found, kept until the words tell whose usage to show. */
struct wish {
	const char *netns;
	const char *color;
	const char *watch;
	char wrong[64];
	bool help;
	bool version;
};

/* A long option leaves no letter behind, or one that no keyboard has. */
static void note_wrong(struct wish *wish, const char *word)
{
	if (optopt && optopt < COLOR_OPTION)
		snprintf(wish->wrong, sizeof(wish->wrong), "-%c", optopt);
	else
		snprintf(wish->wrong, sizeof(wish->wrong), "%s", word);
}

static void read_options(int argc, char **argv, struct wish *wish)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "netns", required_argument, NULL, 'n' },
		{ "watch", optional_argument, NULL, 'w' },
		{ "color", required_argument, NULL, COLOR_OPTION },
		{ "quiet", no_argument, NULL, 'q' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "jpn:w::qVh", known, NULL)) != -1) {
		switch (option) {
		case 'p':
			options.pretty = true;
			__attribute__((fallthrough));
		case 'j':
			options.json = true;
			break;
		case 'n':
			wish->netns = optarg;
			break;
		case 'w':
			wish->watch = optarg ? optarg + (*optarg == '=') : WATCH_DEFAULT;
			break;
		case COLOR_OPTION:
			wish->color = optarg;
			break;
		case 'q':
			options.quiet = true;
			break;
		case 'V':
			wish->version = true;
			break;
		case 'h':
			wish->help = true;
			break;
		default:
			note_wrong(wish, argv[optind - 1]);
		}
	}
}

static int wrong_option(const struct wish *wish)
{
	return misuse(NULL, "\"%s\" is not an option, or lacks its value", wish->wrong);
}

static int apply_color(const char *when)
{
	static const struct {
		const char *name;
	} names[] = { { "auto" }, { "always" }, { "never" }, { NULL } };
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	int choice = when ? pick(when, names, sizeof(*names)) : 0;

	if (choice < 0)
		return misuse(NULL, "--color \"%s\" is none of auto, always, never", when);
	options.color = choice == 1 ||
			(choice == 0 && isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
			 term && strcmp(term, "dumb"));
	return DONE;
}

static int apply_watch(const char *period)
{
	char seconds[32];

	if (!period)
		return DONE;
	snprintf(seconds, sizeof(seconds), "%ss", period);
	if ((parse_duration(seconds, &options.watch) && parse_duration(period, &options.watch)) ||
	    options.watch < WATCH_MIN || options.watch > WATCH_MAX)
		return misuse(NULL, "--watch \"%s\" is not a number of seconds from 0.05 to 86400",
			      period);
	if (!current_command->read)
		return misuse(NULL, "--watch repeats only what shows something");
	return DONE;
}

static int apply_options(const struct wish *wish)
{
	int ret = apply_color(wish->color);

	if (!ret)
		ret = apply_watch(wish->watch);
	if (!ret && wish->netns)
		ret = netns_enter(wish->netns);
	return ret;
}

/* Words ------------------------------------------------------------------- */

/* Find object and command, and cut them off the words. */
static int select_words(int *argc, char ***argv, const struct wish *wish)
{
	const char *word = **argv;

	current_object = object_find(word);
	if (current_object && !current_object->spec)
		return object_absent(current_object);
	if (*wish->wrong)
		return wrong_option(wish);
	if (current_object) {
		--*argc;
		++*argv;
		word = *argc ? **argv : current_object->commands->name;
	} else {
		current_object = &suite;
	}
	current_command = command_find(current_object, word);
	if (!current_command)
		return misuse(NULL, current_object == &suite ? "unknown object \"%s\"" :
			      "unknown command \"%s\"", word);
	if (*argc) {
		--*argc;
		++*argv;
	}
	return DONE;
}

struct words {
	int argc;
	char **argv;
};

static int run_once(void *arg)
{
	struct words *words = arg;

	return current_command->run(words->argc, words->argv);
}

static int run(struct words words, const struct wish *wish)
{
	int ret;

	if (wish->version && !wish->help) {
		fprintf(out, "rayctl %s\n", RAYCTL_VERSION);
		return DONE;
	}
	if (!words.argc && wish->help) {
		help(&suite);
		return DONE;
	}
	if (!words.argc)
		return *wish->wrong ? wrong_option(wish) : misuse(NULL, "which object?");
	ret = select_words(&words.argc, &words.argv, wish);
	if (ret)
		return ret;
	if (wish->help) {
		show_usage(out, current_object, current_command, NULL);
		return DONE;
	}
	ret = apply_options(wish);
	if (ret)
		return ret;
	return options.watch ? watch(run_once, &words, options.watch) : run_once(&words);
}

/* Results that did not reach their reader are an error, unless it hung up. */
static int finish(int ret)
{
	if (!fflush(stdout) && !ferror(stdout))
		return ret;
	if (errno == EPIPE)
		return ret;
	return refused(NULL, NULL, "cannot write: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	struct wish wish = { .help = false };

	signal(SIGPIPE, SIG_IGN);
	output_init();
	if (argc > 1 && !strcmp(argv[1], "__complete"))
		return complete(argc - 2, argv + 2);
	read_options(argc, argv, &wish);
	return finish(run((struct words){ argc - optind, argv + optind }, &wish));
}
