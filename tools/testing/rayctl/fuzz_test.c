// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random messages to the decoder and random words to the command line, under
 * ASan and UBSan. The seed is fixed, so that a failure comes again; FUZZ_SEED
 * and FUZZ_ROUNDS in the environment go further.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec.h"
#include "output.h"
#include "parse.h"
#include "rayctl.h"
#include "spec_rayos_lb.h"
#include "tap.h"

int rayctl_main(int argc, char **argv);

static uint64_t state;

/* xorshift64*, Vigna 2016 */
static uint32_t any(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 2685821657736338717ULL >> 32) % below;
}

static unsigned long from_environment(const char *name, unsigned long otherwise)
{
	return getenv(name) ? strtoul(getenv(name), NULL, 0) : otherwise;
}

/* Mostly plausible attributes, so that the depth of the tables is reached. */
static size_t random_attrs(unsigned char *buf, size_t room, int depth)
{
	size_t used = 0;

	while (used + 4 < room && any(12)) {
		uint16_t len = 4 + any(20), type = any(22);
		size_t inner = 0;

		if (depth && !any(3))
			inner = random_attrs(buf + used + 4, room - used - 4, depth - 1);
		else
			for (size_t i = used + 4; i < used + len && i < room; i++)
				buf[i] = any(256);
		if (inner)
			len = 4 + inner;
		if (!any(20))
			len = any(65536);
		memcpy(buf + used, &len, 2);
		memcpy(buf + used + 2, &type, 2);
		used += (len + 3) & ~3;
	}
	return used < room ? used : room;
}

static void fuzz_decoder(unsigned long rounds)
{
	unsigned long whole = 0;

	for (unsigned long i = 0; i < rounds; i++) {
		const struct spec_op *ops = rayos_lb_spec.ops;
		const struct spec_set *set = ops[any(16)].set, *inside;
		unsigned char room[512] = { 0 }, *exact;
		size_t len = random_attrs(room, sizeof(room), 3);
		struct json_object *object;
		char path[16];

		exact = malloc(len ? len : 1);
		memcpy(exact, room, len);
		object = codec_decode(set, exact, len);
		whole += !!object;
		json_object_put(object);
		codec_locate(set, exact, len, any(600), path, sizeof(path), &inside);
		free(exact);
	}
	ok(whole > rounds / 100 && whole < rounds, "decoder: %lu messages, %lu were whole",
	   rounds, whole);
}

static void fuzz_parsers(unsigned long rounds)
{
	static const char letters[] = "0123456789999.:[]-nusmhdKMGTi%af ";
	unsigned long good = 0;

	for (unsigned long i = 0; i < rounds; i++) {
		size_t len = any(24);
		char *text = malloc(len + 1);
		struct endpoint ep;
		uint64_t value;

		for (size_t c = 0; c < len; c++)
			text[c] = letters[any(sizeof(letters) - 1)];
		text[len] = '\0';
		good += !parse_number(text, &value);
		good += !parse_duration(text, &value);
		good += !parse_size(text, &value);
		good += !parse_percent(text, &value);
		good += !parse_endpoint(text, &ep);
		free(text);
	}
	ok(good, "parsers: %lu words, %lu made sense", rounds, good);
}

static char *random_word(void)
{
	/* No words with which a command line ends in an endless loop. */
	static const char *const words[] = {
		"lb", "load", "add", "set", "del", "drain", "status", "backends", "health", "web",
		"vip", "backend", "10.0.0.1:80", "[::1]:80", "policy", "maglev", "affinity", "300s",
		"off", "health", "http:/x", "tcp:", "http:", "interval", "1h", "rise", "0", "101",
		"weight", "70000", "limit", "none", "online", "reset", "status", "200-", "-200",
		"399-200", "check-port", "99999", "-j", "-p", "-n", "--color", "--color=x", "-Z",
		"--", "-", "", "help", "monitor", "version", "host", "__complete", "-h",
	};
	char *word;
	size_t len;

	if (any(6))
		return strdup(words[any(sizeof(words) / sizeof(*words))]);
	len = any(5) ? any(8) : any(300);
	word = malloc(len + 1);
	for (size_t i = 0; i < len; i++)
		word[i] = 1 + any(255);
	word[len] = '\0';
	return word;
}

static int run_rayctl(int argc, char **argv)
{
	argv[argc] = NULL;
	optind = 0;
	memset(&options, 0, sizeof(options));
	current_object = NULL;
	current_command = NULL;
	current_form = NULL;
	current_place.line = 0;
	return rayctl_main(argc, argv);
}

static int run_words(void)
{
	char *argv[16] = { "rayctl" }, *owned[16];
	int argc = 1 + any(14), ret;

	/* Options are moved to the front, so the words must be kept to be freed. */
	for (int i = 1; i < argc; i++)
		owned[i] = random_word();
	memcpy(argv + 1, owned + 1, (argc - 1) * sizeof(*argv));
	ret = run_rayctl(argc, argv);
	for (int i = 1; i < argc; i++)
		free(owned[i]);
	return ret;
}

/* Lines which often begin as they should, so that what follows is reached. */
static void random_file(const char *name)
{
	static const char *const heads[] = {
		"add web vip 10.0.0.1:80", "add web backend 10.0.0.1:80", "backend [::1]:80",
		"-A -t 10.0.0.1:80", "-a -t 10.0.0.1:80 -r 10.0.0.2:80", "-A -u [::1]:53 -s rr",
		"#", "add", "-A", "", "backend",
	};
	static const char *const ipvs[] = {
		"-s", "wlc", "mh", "-b", "mh-port", "-p", "300", "-w", "-x", "-y", "0", "-m", "-g",
		"-f", "-M", "--pe", "-o",
	};
	FILE *file = fopen(name, "w");

	for (unsigned int n = any(8); n; n--) {
		fputs(heads[any(sizeof(heads) / sizeof(*heads))], file);
		for (unsigned int i = any(10); i; i--) {
			char *word = any(3) ? random_word() :
				     strdup(ipvs[any(sizeof(ipvs) / sizeof(*ipvs))]);

			fprintf(file, " %s", word);
			free(word);
		}
		fputc(any(50) ? '\n' : '\0', file);
	}
	fclose(file);
}

static int run_file(void)
{
	static char name[32] = "/tmp/fuzz.XXXXXX";
	static bool made;
	char *restore[6] = { "rayctl", "lb", "restore", name, "check", NULL };
	char *import[7] = { "rayctl", "lb", "import", "ipvsadm", name, "lenient", NULL };
	int ret;

	if (!made)
		close(mkstemp(name));
	made = true;
	random_file(name);
	ret = any(2) ? run_rayctl(5, restore) : run_rayctl(any(2) ? 6 : 5, import);
	unlink(name);
	return ret;
}

static void fuzz_runs(const char *what, unsigned long rounds, int (*once)(void))
{
	unsigned long seen[3] = { 0 }, other = 0;
	int real_out = dup(STDOUT_FILENO), real_err = dup(STDERR_FILENO);
	int null = open("/dev/null", O_WRONLY);

	fflush(stdout);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	for (unsigned long i = 0; i < rounds; i++) {
		int ret = once();

		if (ret >= 0 && ret <= 2)
			seen[ret]++;
		else
			other++;
	}
	fflush(stdout);
	dup2(real_out, STDOUT_FILENO);
	dup2(real_err, STDERR_FILENO);
	ok(!other && seen[0] && seen[1] && seen[2],
	   "%s: %lu done, %lu misused, %lu refused, %lu else", what, seen[0], seen[1],
	   seen[2], other);
}

int main(void)
{
	unsigned long rounds = from_environment("FUZZ_ROUNDS", 20000);

	state = from_environment("FUZZ_SEED", 0x5eed) | 1;
	fuzz_decoder(rounds * 5);
	fuzz_parsers(rounds * 5);
	fuzz_runs("command lines", rounds, run_words);
	fuzz_runs("files", rounds / 4, run_file);
	return tap_end();
}
