// SPDX-License-Identifier: GPL-2.0-only
/* lb import: what "ipvsadm -Sn" has saved, in our words. */
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "complete.h"
#include "lb.h"
#include "lb_config.h"
#include "output.h"
#include "parse.h"
#include "rayctl.h"
#include "value.h"

#define SECOND		1000000000ULL
/* Persistence without a time, in seconds; ipvsadm(8). */
#define PERSISTENCE	"300"

/**
 * struct import - a file being read
 * @config: what has come of it
 * @lenient: leave out what we cannot do instead of giving up
 * @skipped: lines left out
 * @service: of each balancer, what ipvsadm calls it
 */
struct import {
	struct json_object *config;
	bool lenient;
	unsigned int skipped;
	struct json_object *service;
};

/* One line of the file, by what its options mean. */
struct ipvs {
	bool server;
	const char *protocol;
	const char *service;
	const char *real;
	const char *scheduler;
	const char *flags;
	const char *persistent;
	const char *netmask;
	const char *mode;
	const char *weight;
	const char *upper;
};

/**
 * struct ipvs_option - an option of ipvsadm
 * @name: as "ipvsadm -S" writes it
 * @alias: its long name
 * @offset: of what is set in struct ipvs, if anything
 * @value: takes a value
 * @given: value that need not be given, or of an option that takes none
 * @cannot: why it is refused, NULL if it is not
 */
struct ipvs_option {
	const char *name;
	const char *alias;
	size_t offset;
	bool value;
	const char *given;
	const char *cannot;
};

#define FIELD(field)	offsetof(struct ipvs, field)

static const struct ipvs_option options_of_ipvs[] = {
	{ "-s", "--scheduler", FIELD(scheduler), true },
	{ "-b", "--sched-flags", FIELD(flags), true },
	{ "-p", "--persistent", FIELD(persistent), true, PERSISTENCE },
	{ "-r", "--real-server", FIELD(real), true },
	{ "-w", "--weight", FIELD(weight), true },
	{ "-x", "--u-threshold", FIELD(upper), true },
	{ "-M", "--netmask", FIELD(netmask), true },
	{ "-m", "--masquerading", FIELD(mode), .given = "nat" },
	{ "-g", "--gatewaying", FIELD(mode), .given = "dsr" },
	{ "-i", "--ipip", .cannot = "tunnels are not known here" },
	{ "-y", "--l-threshold", .value = true, .cannot = "a lower threshold is not known here" },
	{ "-o", "--ops", .cannot = "scheduling of single packets is not known here" },
	{ "--pe", "--pe", .value = true, .cannot = "persistence engines are not known here" },
	{ "-f", "--fwmark-service", .value = true,
	  .cannot = "services by firewall mark are not known here" },
	{ "--sctp-service", "--sctp-service", .value = true, .cannot = "SCTP is not known here" },
	{ NULL }
};

/* Ours for each scheduler; what a flag makes of it comes after it. */
static const struct {
	const char *scheduler;
	const char *flag;
	const char *policy;
} policies[] = {
	{ "rr", NULL, "round-robin" },
	{ "wrr", NULL, "weighted-round-robin" },
	{ "lc", NULL, "least-connections" },
	{ "wlc", NULL, "least-connections" },
	{ "sed", NULL, "least-connections" },
	{ "nq", NULL, "least-connections" },
	{ "twos", NULL, "random" },
	{ "sh", NULL, "ip-hash" },
	{ "sh", "sh-port", "maglev" },
	{ "mh", NULL, "ip-hash" },
	{ "mh", "mh-port", "maglev" },
	{ NULL }
};

static const struct ipvs_option *find_option(const char *word)
{
	for (const struct ipvs_option *o = options_of_ipvs; o->name; o++)
		if (!strcmp(word, o->name) || !strcmp(word, o->alias))
			return o;
	return NULL;
}

/* The word before all others: what is added, and to which kind of service. */
static int read_head(struct words_line *line, struct ipvs *ipvs)
{
	const char *verb = line->argv[0], *kind = line->argc > 1 ? line->argv[1] : "";

	ipvs->server = !strcmp(verb, "-a") || !strcmp(verb, "--add-server");
	if (!ipvs->server && strcmp(verb, "-A") && strcmp(verb, "--add-service"))
		return misuse(NULL, "\"%s\" is neither -A nor -a, as ipvsadm -Sn writes", verb);
	if (!strcmp(kind, "-t") || !strcmp(kind, "--tcp-service"))
		ipvs->protocol = "tcp";
	else if (!strcmp(kind, "-u") || !strcmp(kind, "--udp-service"))
		ipvs->protocol = "udp";
	else if (find_option(kind) && find_option(kind)->cannot)
		return misuse(NULL, "\"%s\": %s", kind, find_option(kind)->cannot);
	else
		return misuse(NULL, "\"%s\" is no kind of service", kind);
	ipvs->service = line->argc > 2 ? line->argv[2] : NULL;
	return ipvs->service ? DONE : misuse(NULL, "\"%s\" needs a value", kind);
}

static int read_option(struct words_line *line, int *i, struct ipvs *ipvs)
{
	const struct ipvs_option *option = find_option(line->argv[*i]);
	const char *next = line->argv[*i + 1];

	if (!option)
		return misuse(NULL, "unknown option \"%s\"", line->argv[*i]);
	if (option->value && next && *next != '-') {
		++*i;
	} else {
		next = option->given;
		if (option->value && !next)
			return misuse(NULL, "\"%s\" needs a value", option->name);
	}
	/* No threshold is what every line says when it says it at all. */
	if (option->cannot && !(option->value && next && !strcmp(next, "0")))
		return misuse(NULL, "\"%s\": %s", option->name, option->cannot);
	if (option->offset)
		*(const char **)((char *)ipvs + option->offset) = next;
	return DONE;
}

static int read_ipvs(struct words_line *line, struct ipvs *ipvs)
{
	int ret = read_head(line, ipvs);

	for (int i = 3; !ret && i < line->argc; i++)
		ret = read_option(line, &i, ipvs);
	return ret;
}

static const char *policy_of(const struct ipvs *ipvs)
{
	const char *name = ipvs->scheduler ? ipvs->scheduler : "wlc", *found = NULL;

	for (int i = 0; policies[i].scheduler; i++)
		if (!strcmp(name, policies[i].scheduler) &&
		    (!policies[i].flag || (ipvs->flags && strstr(ipvs->flags, policies[i].flag))))
			found = policies[i].policy;
	return found;
}

/* What ipvsadm calls a netmask: of IPv4 in dotted form, of IPv6 a number of bits. */
static int prefix_of(const struct ipvs *ipvs, const struct endpoint *vip, char *bits, size_t size)
{
	struct in_addr mask;
	uint32_t ones;

	if (!ipvs->persistent)
		return misuse(NULL, "\"-M\" without \"-p\"");
	snprintf(bits, size, "%s", ipvs->netmask);
	if (vip->ipv6)
		return DONE;
	ones = inet_pton(AF_INET, ipvs->netmask, &mask) == 1 ? ntohl(mask.s_addr) : 0;
	if (!ones || ~ones & (~ones + 1))
		return misuse(NULL, "\"-M\": \"%s\" is no netmask", ipvs->netmask);
	snprintf(bits, size, "%d", __builtin_popcount(ones));
	return DONE;
}

/* Services have no names there: ours is made of protocol and port. */
static void name_of(const struct import *import, const struct ipvs *ipvs,
		    const struct endpoint *vip, char *name, size_t size)
{
	struct json_object *balancers = value_at(import->config, "balancer"), *b;
	unsigned int same = 1;

	for (size_t i = 0; (b = json_object_array_get_idx(balancers, i)); i++)
		same += value_number(b, "port") == vip->port &&
			!strcmp(value_text(b, "proto"), ipvs->protocol);
	if (same == 1)
		snprintf(name, size, "%s-%u", ipvs->protocol, vip->port);
	else
		snprintf(name, size, "%s-%u-%u", ipvs->protocol, vip->port, same);
}

/* Words that the keys of "lb add" read, so that they are checked as if typed. */
static int add_service(struct import *import, const struct ipvs *ipvs)
{
	struct json_object *item;
	const char *policy = policy_of(ipvs), *wrong;
	char name[32], seconds[32], bits[32];
	char *argv[12] = { name, "vip", (char *)ipvs->service, "proto", (char *)ipvs->protocol,
			   "policy", (char *)policy, "affinity", seconds,
			   "affinity-prefix", bits };
	int argc = ipvs->netmask ? 11 : ipvs->persistent ? 9 : 7;
	struct endpoint vip;
	int ret = DONE;

	if (!policy)
		return misuse(NULL, "\"%s\" is a scheduler that is not known here",
			      ipvs->scheduler);
	wrong = parse_endpoint(ipvs->service, &vip);
	if (wrong)
		return misuse(NULL, "\"%s\" %s", ipvs->service, wrong);
	if (ipvs->netmask)
		ret = prefix_of(ipvs, &vip, bits, sizeof(bits));
	if (ret)
		return ret;
	name_of(import, ipvs, &vip, name, sizeof(name));
	snprintf(seconds, sizeof(seconds), "%ss", ipvs->persistent ? ipvs->persistent : "");
	item = json_object_new_object();
	ret = lb_parse_balancer(&lb_add_forms[0], argc, argv, item);
	if (ret) {
		json_object_put(item);
		return ret;
	}
	config_add(import->config, "balancer", item, current_place.line);
	json_object_array_add(import->service, json_object_new_string(ipvs->service));
	return DONE;
}

/* The balancer that the service of a server has become, NULL if there is none. */
static struct json_object *find_service(const struct import *import, const struct ipvs *ipvs)
{
	struct json_object *balancers = value_at(import->config, "balancer"), *b;

	for (size_t i = 0; (b = json_object_array_get_idx(balancers, i)); i++)
		if (!strcmp(value_text(b, "proto"), ipvs->protocol) &&
		    !strcmp(json_object_get_string(json_object_array_get_idx(import->service, i)),
			    ipvs->service))
			return b;
	return NULL;
}

/* There each server has a way of its own, here the balancer has it. */
static int set_mode(struct json_object *balancer, const struct ipvs *ipvs)
{
	/* ipvsadm(8): what is not said is direct routing */
	const char *mode = ipvs->mode ? ipvs->mode : "dsr";
	const char *other = value_text(balancer, "mode");

	if (*other && strcmp(mode, other))
		return misuse(NULL, "\"%s\": the service has servers of another kind",
			      strcmp(mode, "nat") ? "-g" : "-m");
	value_set(balancer, "mode", json_object_new_string(mode));
	return DONE;
}

/* With direct return no port is changed. */
static int check_port(struct json_object *balancer, struct json_object *backend,
		      const struct ipvs *ipvs)
{
	if (!strcmp(value_text(balancer, "mode"), "dsr") &&
	    value_number(balancer, "port") != value_number(backend, "port"))
		return misuse(NULL, "\"%s\" has not the port of its service", ipvs->real);
	return DONE;
}

static int add_server(struct import *import, const struct ipvs *ipvs)
{
	struct json_object *balancer = find_service(import, ipvs);
	const char *limit = ipvs->upper && strcmp(ipvs->upper, "0") ? ipvs->upper : "none";
	char *argv[7] = { NULL, (char *)ipvs->real, "weight", (char *)ipvs->weight,
			  "limit", (char *)limit };
	struct json_object *item;
	int ret;

	if (!balancer)
		return misuse(NULL, "\"%s\" is no service of a line before", ipvs->service);
	if (!ipvs->real)
		return misuse(NULL, "missing \"-r\"");
	ret = set_mode(balancer, ipvs);
	if (ret)
		return ret;
	argv[0] = (char *)value_text(balancer, "name");
	if (!ipvs->weight)
		argv[3] = "1";
	item = json_object_new_object();
	ret = lb_parse_backend(&lb_add_forms[1], NULL, 6, argv, item);
	if (!ret)
		ret = check_port(balancer, item, ipvs);
	if (ret)
		json_object_put(item);
	else
		config_add(import->config, "backend", item, current_place.line);
	return ret;
}

static int import_line(struct import *import, struct words_line *line)
{
	struct ipvs ipvs = { .server = false };
	int ret = read_ipvs(line, &ipvs);

	if (!ret)
		ret = ipvs.server ? add_server(import, &ipvs) : add_service(import, &ipvs);
	if (!ret || !import->lenient)
		return ret;
	/* What is wrong with it has been said. */
	import->skipped++;
	return DONE;
}

static int import_file(struct import *import, FILE *file)
{
	struct words_line line = { .text = NULL };
	int ret = DONE, more;

	while (!ret && (more = config_line(file, &line)) != 0)
		ret = more < 0 ? -more : import_line(import, &line);
	free(line.text);
	if (!ret)
		current_place.line = 0;
	return ret;
}

static int import_and_use(struct import *import, FILE *file, bool apply, bool check)
{
	int ret = import_file(import, file);

	if (ret)
		return ret;
	if (import->skipped && !options.quiet && !options.json)
		fprintf(stderr, "rayctl: lb import: %u line%s left out\n", import->skipped,
			plural(import->skipped));
	if (apply || check)
		return config_put(import->config, check);
	config_write(import->config, out);
	return DONE;
}

/* Take a word off the end. */
static bool take(int *argc, char **argv, const char *word)
{
	if (!*argc || strcmp(argv[*argc - 1], word))
		return false;
	--*argc;
	return true;
}

int lb_import(int argc, char **argv)
{
	bool check, apply, lenient;
	struct import import;
	FILE *file;
	int ret;

	if (!argc || strcmp(argv[0], "ipvsadm"))
		return misuse(NULL, argc ? "\"%s\" is not ipvsadm" : "import from what? ipvsadm%s",
			      argc ? argv[0] : "");
	check = take(&argc, argv, "check");
	apply = !check && take(&argc, argv, "apply");
	lenient = take(&argc, argv, "lenient");
	if (argc > 2)
		return misuse(NULL, "unexpected \"%s\"", argv[2]);
	if (options.json && !check && !apply)
		return misuse(NULL, "what is printed is words and no JSON");
	file = config_open(argc > 1 ? argv[1] : NULL);
	if (!file)
		return REFUSED;
	import = (struct import){ config_new(), lenient, 0, json_object_new_array() };
	ret = import_and_use(&import, file, apply, check);
	if (file != stdin)
		fclose(file);
	json_object_put(import.service);
	json_object_put(import.config);
	return ret;
}

void lb_complete_import(int argc, char **argv)
{
	(void)argv;
	if (argc == 1) {
		candidate("ipvsadm");
		return;
	}
	if (argc == 2)
		complete_file();
	candidate("lenient");
	candidate("apply");
	candidate("check");
}
