// SPDX-License-Identifier: GPL-2.0-only
/* "rayctl __complete WORDS...": what may stand as the last of these words. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "complete.h"
#include "netlink.h"
#include "rayctl.h"

static const char *typed;

void candidate(const char *word)
{
	if (!strncmp(word, typed, strlen(typed)))
		puts(word);
}

void complete_file(void)
{
	const char *slash = strrchr(typed, '/');
	int len = slash ? slash - typed + 1 : 0;
	char path[PATH_MAX], word[PATH_MAX + 1];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "%.*s", len, typed);
	dir = opendir(len ? path : ".");
	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		/* As the shell does: those with a dot only when it was typed. */
		if (*name == '.' &&
		    (typed[len] != '.' || !strcmp(name, ".") || !strcmp(name, "..")))
			continue;
		if (snprintf(path, sizeof(path), "%.*s%s", len, typed, name) >= PATH_MAX)
			continue;
		snprintf(word, sizeof(word), "%s%s", path,
			 !stat(path, &st) && S_ISDIR(st.st_mode) ? "/" : "");
		candidate(word);
	}
	if (dir)
		closedir(dir);
}

static void complete_netns(void)
{
	DIR *dir = opendir("/run/netns");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			candidate(entry->d_name);
	if (dir)
		closedir(dir);
}

static void complete_option(void)
{
	static const char *const names[] = {
		"--json", "--pretty", "--netns", "--watch", "--color=auto", "--color=always",
		"--color=never", "--quiet", "--version", "--help", NULL
	};

	for (const char *const *name = names; *name; name++)
		candidate(*name);
}

static void complete_top(void)
{
	for (const struct object *const *o = objects; *o; o++)
		candidate((*o)->name);
	for (const struct command *c = suite.commands; c->name; c++)
		candidate(c->name);
}

/* @argc words that are not options, the last of them unfinished. */
static void complete_words(int argc, char **argv)
{
	if (argc == 1) {
		complete_top();
		return;
	}
	current_object = object_find(argv[0]);
	if (current_object) {
		argc--;
		argv++;
	} else {
		current_object = &suite;
	}
	if (argc == 1 && current_object->commands) {
		for (const struct command *c = current_object->commands; c->name; c++)
			candidate(c->name);
		return;
	}
	current_command = current_object->commands ? command_find(current_object, argv[0]) : NULL;
	if (current_command && current_command->complete)
		current_command->complete(argc - 1, argv + 1);
}

static bool takes_netns(const char *word)
{
	return !strcmp(word, "-n") || !strcmp(word, "--netns");
}

int complete(int argc, char **argv)
{
	int count = 0;

	if (!argc)
		return DONE;
	typed = argv[argc - 1];
	/* Nothing but candidates: what is wrong is said once the words are run. */
	options.quiet = true;
	for (int i = 0; i < argc - 1; i++) {
		if (!takes_netns(argv[i])) {
			if (*argv[i] != '-')
				argv[count++] = argv[i];
		} else if (i + 1 == argc - 1) {
			complete_netns();
			return DONE;
		} else if (netns_enter(argv[++i])) {
			return DONE;
		}
	}
	argv[count++] = argv[argc - 1];
	if (*typed == '-')
		complete_option();
	else
		complete_words(count, argv);
	return DONE;
}
