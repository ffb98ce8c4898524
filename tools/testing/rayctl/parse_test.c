// SPDX-License-Identifier: GPL-2.0-only
/* Words to values: what is taken, what is refused, and nothing rounded. */
#include "parse.h"
#include "tap.h"

#define REFUSED_WORD	(~0ULL)

struct number_case {
	const char *text;
	unsigned long long value;
};

static void check(const char *what, const char *(*parse)(const char *text, uint64_t *value),
		  const struct number_case *cases)
{
	for (; cases->text; cases++) {
		uint64_t value = 0;
		const char *wrong = parse(cases->text, &value);

		if (cases->value == REFUSED_WORD)
			ok(wrong, "%s \"%s\" is refused", what, cases->text);
		else
			ok(!wrong && value == cases->value, "%s \"%s\" is %llu", what,
			   cases->text, cases->value);
	}
}

static const struct number_case numbers[] = {
	{ "0", 0 }, { "7", 7 }, { "007", 7 }, { "4294967296", 4294967296ULL },
	{ "18446744073709551614", 18446744073709551614ULL },
	{ "18446744073709551616", REFUSED_WORD }, { "99999999999999999999999", REFUSED_WORD },
	{ "", REFUSED_WORD }, { "-1", REFUSED_WORD }, { "+1", REFUSED_WORD },
	{ " 1", REFUSED_WORD }, { "1 ", REFUSED_WORD }, { "0x10", REFUSED_WORD },
	{ "1.5", REFUSED_WORD }, { "one", REFUSED_WORD }, { "1k", REFUSED_WORD }, { NULL, 0 }
};

static const struct number_case durations[] = {
	{ "0", 0 }, { "0s", 0 }, { "1ns", 1 }, { "3us", 3000 }, { "500ms", 500000000 },
	{ "10s", 10000000000ULL }, { "5m", 300000000000ULL }, { "5min", 300000000000ULL },
	{ "2h", 7200000000000ULL }, { "1d", 86400000000000ULL }, { "1.5s", 1500000000 },
	{ "0.25ms", 250000 }, { "1.000000001s", 1000000001 }, { "0.5m", 30000000000ULL },
	{ "1.50s", 1500000000 }, { "2.0ns", 2 },
	{ "1.0000000001s", REFUSED_WORD }, { "0.5ns", REFUSED_WORD }, { "10", REFUSED_WORD },
	{ "s", REFUSED_WORD }, { "", REFUSED_WORD }, { "1.s", REFUSED_WORD },
	{ ".5s", REFUSED_WORD }, { "-1s", REFUSED_WORD }, { "1 s", REFUSED_WORD },
	{ "1S", REFUSED_WORD }, { "1s ", REFUSED_WORD }, { "1s2", REFUSED_WORD },
	{ "1.2.3s", REFUSED_WORD }, { "1e3s", REFUSED_WORD }, { "213504d", REFUSED_WORD },
	{ "18446744073709551616ns", REFUSED_WORD }, { "18446744073.8s", REFUSED_WORD },
	{ NULL, 0 }
};

static const struct number_case sizes[] = {
	{ "512", 512 }, { "64K", 65536 }, { "64KiB", 65536 }, { "16M", 16777216 },
	{ "1G", 1073741824 }, { "1.5G", 1610612736 }, { "2T", 2199023255552ULL },
	{ "1.5", REFUSED_WORD }, { "64k", REFUSED_WORD }, { "64KB", REFUSED_WORD },
	{ "K", REFUSED_WORD }, { "-1K", REFUSED_WORD }, { "16777216T", REFUSED_WORD },
	{ "", REFUSED_WORD }, { NULL, 0 }
};

static const struct number_case percents[] = {
	{ "0%", 0 }, { "10%", 100000 }, { "100%", 1000000 }, { "0.5%", 5000 },
	{ "99.9999%", 999999 }, { "101%", REFUSED_WORD }, { "10", REFUSED_WORD },
	{ "%", REFUSED_WORD }, { "-1%", REFUSED_WORD }, { NULL, 0 }
};

static void check_endpoints(void)
{
	static const struct {
		const char *text, *address;
		unsigned int port;
	} good[] = {
		{ "10.0.0.1:80", "10.0.0.1", 80 },
		{ "0.0.0.0:1", "0.0.0.0", 1 },
		{ "255.255.255.255:65535", "255.255.255.255", 65535 },
		{ "[2001:db8::1]:80", "2001:db8::1", 80 },
		{ "[2001:DB8:0:0:0:0:0:1]:80", "2001:db8::1", 80 },
		{ "[::]:8080", "::", 8080 },
		{ "[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80 },
	};
	static const char *const bad[] = {
		"", ":", "[", "]", "[]", "[]:80", ":80", "80", "10.0.0.1", "10.0.0.1:",
		"10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:99999", "10.0.0.1:-1",
		"10.0.0.1:http", "10.0.0.1:80x",
		"10.0.0.1:80:80", "10.0.0:80", "10.0.0.256:80", "010.0.0.1:80", "10.0.0.1.2:80",
		"example.org:80", "2001:db8::1", "2001:db8::1:80", "[2001:db8::1]",
		"[2001:db8::1]80",
		"[2001:db8::1]:", "[2001:db8::1]:0", "[2001:db8::1:80", "[10.0.0.1]:80",
		"[2001:db8::g]:80", "[fe80::1%eth0]:80", "[[::1]]:80", " 10.0.0.1:80",
		"[0000:0000:0000:0000:0000:ffff:255.255.255.255xxxxxxxxxxxxxxxxxx]:80",
	};
	struct endpoint ep;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		const char *wrong = parse_endpoint(good[i].text, &ep);

		ok(!wrong && ep.port == good[i].port && !strcmp(ep.address, good[i].address) &&
		   ep.ipv6 == (*good[i].text == '['), "endpoint \"%s\"", good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(parse_endpoint(bad[i], &ep), "endpoint \"%s\" is refused", bad[i]);
}

static void check_pick(void)
{
	static const struct {
		const char *name;
		int other;
	} table[] = { { "status", 0 }, { "stat", 0 }, { "set", 0 }, { "add", 0 },
		{ "add-more", 0 }, { NULL, 0 } };
	size_t size = sizeof(*table);

	ok(pick("status", table, size) == 0, "a whole word is found");
	ok(pick("stat", table, size) == 1, "even one that begins another");
	ok(pick("a", table, size) == 3, "a unique prefix is found");
	ok(pick("ad", table, size) == 3, "though a longer word came after it");
	ok(pick("add-", table, size) == 4, "which is found by what it has more");
	ok(pick("s", table, size) == PICK_SEVERAL, "an ambiguous prefix is not");
	ok(pick("sta", table, size) == PICK_SEVERAL, "nor one of two");
	ok(pick("", table, size) == PICK_NONE, "nothing begins with nothing");
	ok(pick("x", table, size) == PICK_NONE, "an unknown word is unknown");
	ok(pick("adds", table, size) == PICK_NONE, "so is a longer one");
}

int main(void)
{
	check("number", parse_number, numbers);
	check("duration", parse_duration, durations);
	check("size", parse_size, sizes);
	check("percentage", parse_percent, percents);
	check_endpoints();
	check_pick();
	return tap_end();
}
