// SPDX-License-Identifier: GPL-2.0-only
/*
 * memcompress swap: a device, the signature that the kernel looks for, and swapon in
 * one step; or the reverse.  What has been done is undone when the next step fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/fs.h>

#include "change.h"
#include "complete.h"
#include "netlink.h"
#include "output.h"
#include "parse.h"
#include "spec_rayos_zcomp.h"
#include "value.h"
#include "zcomp.h"

/* Before disks, whose swap has negative ones. */
#define PRIORITY	100
#define PRIORITY_MAX	32767

#define DEVICES		"/dev/"

/* Its place is that of the kernel's union swap_header, version 1 */
#define SIGNATURE	"SWAPSPACE2"

struct swap_header {
	char boot[1024];
	uint32_t version;
	uint32_t last_page;
	uint32_t nr_bad;
	unsigned char uuid[16];
	char label[16];
};

static const struct key swap_keys[] = {
	{ "size", "size", key_size, "SIZE", .required = true },
	{ .word = NULL }
};

static const struct form swap_form = { "", &rayos_zcomp_spec, "device-add", swap_keys };

static struct text path_of(const char *name)
{
	struct text path;

	snprintf(path.s, sizeof(path.s), DEVICES "%.48s", name);
	return path;
}

/* Return: 0 or -errno */
static int write_header(int fd)
{
	long page = sysconf(_SC_PAGESIZE);
	struct swap_header *header = calloc(1, page);
	uint64_t bytes;
	int ret = 0;

	if (!header)
		return -ENOMEM;
	if (ioctl(fd, BLKGETSIZE64, &bytes) || getrandom(header->uuid, 16, 0) != 16)
		ret = -errno;
	header->version = 1;
	header->last_page = ret ? 0 : bytes / page - 1;
	/* A random one, as RFC 4122 has it. */
	header->uuid[6] = (header->uuid[6] & 0x0f) | 0x40;
	header->uuid[8] = (header->uuid[8] & 0x3f) | 0x80;
	memcpy((char *)header + page - strlen(SIGNATURE), SIGNATURE, strlen(SIGNATURE));
	if (!ret && (pwrite(fd, header, page, 0) != page || fsync(fd)))
		ret = errno ? -errno : -EIO;
	free(header);
	return ret;
}

static int make_swap(const char *name)
{
	struct text path = path_of(name);
	int fd = open(path.s, O_RDWR | O_CLOEXEC);
	int error = fd < 0 ? -errno : write_header(fd);

	if (fd >= 0)
		close(fd);
	if (!error)
		return DONE;
	return refused(&zcomp, NULL, "cannot make swap on %s: %s", path.s, strerror(-error));
}

static int start_swap(const char *name, uint64_t priority)
{
	struct text path = path_of(name);

	if (!swapon(path.s, SWAP_FLAG_PREFER | SWAP_FLAG_DISCARD | priority))
		return DONE;
	return refused(&zcomp, NULL, "cannot swap to %s: %s", path.s, errno == EPERM ?
		       "not permitted, this needs the capability CAP_SYS_ADMIN" :
		       strerror(errno));
}

/* A device that somebody looks at just now, as udev does, is free soon. */
#define TRIES	50
#define WAIT	100

static int end_device(struct conn *conn, const char *op, const char *name)
{
	struct json_object *request = json_object_new_object();
	bool quiet = options.quiet;
	int ret = REFUSED;

	value_set(request, "name", json_object_new_string(name));
	for (int i = 1; ret && i <= TRIES; i++) {
		options.quiet = quiet || i < TRIES;
		ret = conn_do(conn, op, request, NULL);
		if (ret)
			poll(NULL, 0, WAIT);
	}
	options.quiet = quiet;
	json_object_put(request);
	return ret;
}

static int swap_on_device(struct conn *conn, struct json_object *device, uint64_t priority)
{
	const char *name = value_text(device, "name");
	int ret = make_swap(name);

	if (!ret)
		ret = start_swap(name, priority);
	if (ret)
		end_device(conn, value_at(device, "new") ? "device-del" : "device-reset", name);
	else if (options.json)
		json_print(json_object_get(device));
	return ret;
}

static int parse_priority(int argc, char **argv, uint64_t *priority)
{
	const char *wrong;

	*priority = PRIORITY;
	if (!argc)
		return DONE;
	if (!**argv || strncmp("priority", argv[0], strlen(argv[0])))
		return misuse(NULL, "unknown key \"%s\"", argv[0]);
	if (argc < 2)
		return misuse(NULL, "\"priority\" needs a value");
	if (argc > 2)
		return misuse(NULL, "unexpected \"%s\"", argv[2]);
	wrong = parse_number(argv[1], priority);
	if (wrong)
		return misuse(NULL, "priority \"%s\" %s", argv[1], wrong);
	if (*priority > PRIORITY_MAX)
		return misuse(NULL, "priority \"%s\" is out of range, 0 to %d", argv[1],
			      PRIORITY_MAX);
	return DONE;
}

static int swap_on(int argc, char **argv)
{
	char key[] = "size", *size[2] = { key, argc ? argv[0] : NULL };
	struct json_object *request, *device;
	struct conn *conn = NULL;
	uint64_t priority;
	int ret;

	if (!argc)
		return misuse("size", "missing SIZE");
	request = json_object_new_object();
	ret = keys_parse(&swap_form, 2, size, request);
	/* The kernel wants room for its header and ten pages at least. */
	if (!ret && value_number(request, "size") < 65536)
		ret = misuse("size", "size \"%s\" is too small for swap, 64K at least", argv[0]);
	if (!ret)
		ret = parse_priority(argc - 1, argv + 1, &priority);
	if (!ret) {
		conn = conn_open(&zcomp);
		ret = conn ? conn_do(conn, "device-add", request, &device) : REFUSED;
	}
	if (!ret) {
		ret = swap_on_device(conn, device, priority);
		json_object_put(device);
	}
	conn_close(conn);
	json_object_put(request);
	return ret;
}

/* Bytes of a device that are swapped out, -1 when it is not swap. */
static long long swapped(const char *name)
{
	FILE *file = fopen("/proc/swaps", "re");
	struct text path = path_of(name);
	char line[256], device[128];
	long long used, found = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%127s %*s %*s %lld", device, &used) == 2 &&
		    !strcmp(device, path.s))
			found = used * 1024;
	if (file)
		fclose(file);
	return found;
}

/* To read all of it again takes its time: on a terminal, tell how much is left. */
static int stop_swap(const char *name)
{
	struct text path = path_of(name);
	bool tell = isatty(STDERR_FILENO) && !options.quiet;
	int status;
	pid_t child = fork();

	if (child < 0)
		return errno;
	if (!child)
		_exit(swapoff(path.s) ? errno : 0);
	while (!waitpid(child, &status, tell ? WNOHANG : 0)) {
		poll(NULL, 0, WAIT);
		fprintf(stderr, "\r%s: %s left \033[K", name,
			text_bytes(swapped(name) < 0 ? 0 : swapped(name)).s);
	}
	if (tell)
		fputs("\r\033[K", stderr);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int swap_off_device(struct conn *conn, const char *name)
{
	int error = stop_swap(name);

	if (error)
		return refused(&zcomp, "name", "cannot stop swapping to %s: %s", name,
			       error == EPERM ?
			       "not permitted, this needs the capability CAP_SYS_ADMIN" :
			       strerror(error));
	return end_device(conn, "device-del", name);
}

static int swap_off(int argc, char **argv)
{
	int ret = zcomp_one_name(argc, argv);
	struct json_object *list = NULL, *ended;
	struct conn *conn;

	if (ret)
		return ret;
	ended = json_object_new_array();
	conn = conn_open(&zcomp);
	ret = conn ? conn_dump(conn, "store-get", NULL, &list) : REFUSED;
	for (size_t i = 0; !ret && i < json_object_array_length(list); i++) {
		const char *name = value_text(json_object_array_get_idx(list, i), "name");

		if ((argc && strcmp(argv[0], name)) || swapped(name) < 0)
			continue;
		ret = swap_off_device(conn, name);
		json_object_array_add(ended, json_object_new_string(name));
	}
	conn_close(conn);
	json_object_put(list);
	if (!ret && !json_object_array_length(ended))
		ret = argc ? refused(&zcomp, "name", "%s is not in use for swap", argv[0]) :
			     refused(&zcomp, NULL, "no compressed memory is in use for swap");
	if (!ret && options.json)
		json_print(json_object_get(ended));
	json_object_put(ended);
	return ret;
}

int zcomp_swap(int argc, char **argv)
{
	if (argc && !strcmp(argv[0], "on"))
		return swap_on(argc - 1, argv + 1);
	if (argc && !strcmp(argv[0], "off"))
		return swap_off(argc - 1, argv + 1);
	if (!argc)
		return misuse(NULL, "on or off?");
	return misuse(NULL, "\"%s\" is none of on, off", argv[0]);
}

void zcomp_complete_swap(int argc, char **argv)
{
	if (argc == 1) {
		candidate("on");
		candidate("off");
	} else if (!strcmp(argv[0], "off")) {
		zcomp_complete_name(argc - 1, argv + 1);
	} else if (argc == 3) {
		candidate("priority");
	}
}
