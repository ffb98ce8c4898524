// SPDX-License-Identifier: GPL-2.0-only
/* Follow multicast events until interrupted, one line each. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "complete.h"
#include "events.h"
#include "netlink.h"
#include "output.h"
#include "rayctl.h"
#include "value.h"

/* Two descriptors besides those of the objects: signals and stdout. */
#define MAX_FOLLOWED	8
enum { SIGNALS, STDOUT, FIRST };

static void print_time(void)
{
	struct timeval now;
	char text[16];

	gettimeofday(&now, NULL);
	strftime(text, sizeof(text), "%H:%M:%S", localtime(&now.tv_sec));
	fprintf(out, "%s%s.%03d%s  ", color_on(DIM), text, (int)(now.tv_usec / 1000),
		color_off(DIM));
}

static void print_event(const struct object *object, const char *name, struct json_object *msg)
{
	struct json_object *line;

	if (options.json) {
		line = json_object_new_object();
		value_set(line, "name", json_object_new_string(name ? name : "events-lost"));
		value_set(line, "msg", msg ? json_object_get(msg) : json_object_new_object());
		json_print(line);
	} else {
		print_time();
		fprintf(out, "%s  ", object->name);
		if (name)
			object->event(name, msg);
		else
			fprintf(out, "%sevents were lost here%s, more came than could be read\n",
				color_on(RED), color_off(RED));
	}
	fflush(out);
}

/* The objects named, or else all whose module is there for this network namespace. */
static int choose(int argc, char **argv, const struct object **chosen)
{
	int count = 0;

	for (int i = 0; i < argc; i++) {
		const struct object *object = object_find(argv[i]);
		int known = 0;

		if (!object)
			return misuse(NULL, "unknown object \"%s\"", argv[i]);
		if (!object->spec)
			return object_absent(object);
		while (known < count && chosen[known] != object)
			known++;
		if (known == count)
			chosen[count++] = object;
	}
	for (const struct object *const *o = objects; !argc && *o; o++)
		if ((*o)->spec && module_loaded((*o)->module) && !module_elsewhere(*o))
			chosen[count++] = *o;
	/* With nothing to follow, opening the first says what is missing. */
	if (!count)
		chosen[0] = objects[0];
	return DONE;
}

static int follow(struct conn **conns, struct pollfd *polls, int count)
{
	int ret = DONE;

	while (!ret) {
		if (poll(polls, count + FIRST, -1) < 0 || polls[SIGNALS].revents ||
		    polls[STDOUT].revents || ferror(stdout))
			break;
		for (int i = 0; !ret && i < count; i++)
			if (polls[FIRST + i].revents)
				ret = conn_events(conns[i], print_event);
	}
	return ret;
}

int events(int argc, char **argv)
{
	const struct object *chosen[MAX_FOLLOWED] = { NULL };
	struct pollfd polls[MAX_FOLLOWED + FIRST];
	struct conn *conns[MAX_FOLLOWED];
	int count = 0, ret = choose(argc, argv, chosen);
	sigset_t signals;

	if (ret)
		return ret;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	polls[SIGNALS] = (struct pollfd){ signalfd(-1, &signals, SFD_CLOEXEC), POLLIN, 0 };
	/* Nothing to wait for there but its reader going away. */
	polls[STDOUT] = (struct pollfd){ STDOUT_FILENO, 0, 0 };
	for (; !ret && chosen[count]; count++) {
		conns[count] = conn_open(chosen[count]);
		polls[FIRST + count].events = POLLIN;
		polls[FIRST + count].fd = conns[count] ? conn_subscribe(conns[count]) : -1;
		if (polls[FIRST + count].fd < 0)
			ret = REFUSED;
	}
	if (!ret)
		ret = follow(conns, polls, count);
	while (count--)
		conn_close(conns[count]);
	close(polls[SIGNALS].fd);
	return ret;
}

void events_complete(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (const struct object *const *o = objects; *o; o++)
		if ((*o)->spec)
			candidate((*o)->name);
}
