// SPDX-License-Identifier: GPL-2.0-only
/*
 * memcompress run: a program whose large pieces of memory are in a region.  What does
 * that is a library that the program loads before others, see preload/.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netlink.h"
#include "parse.h"
#include "rayctl.h"
#include "zcomp.h"

#define DEVICE	"/dev/rayos_zcomp"
#define LIBRARY	"rayos_preload.so"

/* Beside rayctl where it was built, else where it is installed */
static const char *find_library(void)
{
	static char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - sizeof(LIBRARY));
	char *slash;

	if (len > 0) {
		path[len] = '\0';
		slash = strrchr(path, '/');
		strcpy(slash + 1, LIBRARY);
		if (!access(path, R_OK))
			return path;
	}
	snprintf(path, sizeof(path), "%s/%s", RAYCTL_LIBDIR, LIBRARY);
	return path;
}

/* Others that are to be loaded as well keep their turn */
static int preload(const char *library)
{
	const char *others = getenv("LD_PRELOAD");
	char *list;
	int ret;

	if (asprintf(&list, "%s%s%s", library, others ? ":" : "", others ?: "") < 0)
		return -1;
	ret = setenv("LD_PRELOAD", list, 1);
	free(list);
	return ret;
}

static int check(const char *library)
{
	struct conn *conn = conn_open(&zcomp);

	if (!conn)
		return REFUSED;
	conn_close(conn);
	if (access(DEVICE, R_OK | W_OK))
		return refused(&zcomp, NULL, "cannot open %s: %s", DEVICE, strerror(errno));
	if (access(library, R_OK))
		return refused(&zcomp, NULL, "cannot read %s: %s", library, strerror(errno));
	return DONE;
}

/* Smaller pieces than this stay where they are */
static int set_min(const char *word)
{
	char number[24];
	uint64_t min;

	if (parse_size(word, &min) || !min)
		return misuse("min", "min \"%s\" is no size, such as 128K or 1M", word);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)min);
	return setenv("RAYOS_REGION_MIN", number, 1);
}

int zcomp_run(int argc, char **argv)
{
	const char *library = find_library();
	int ret;

	if (argc && !strcmp(argv[0], "min")) {
		if (argc < 2)
			return misuse("min", "min needs a size");
		ret = set_min(argv[1]);
		if (ret)
			return ret;
		argc -= 2;
		argv += 2;
	}
	if (!argc)
		return misuse(NULL, "no command to run");
	ret = check(library);
	if (ret)
		return ret;
	if (preload(library))
		return refused(&zcomp, NULL, "no memory");
	execvp(argv[0], argv);
	return refused(&zcomp, NULL, "cannot run \"%s\": %s", argv[0], strerror(errno));
}
