// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decoder against messages made by libnl from the kernel's own header, and
 * against messages that no kernel should send.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include <linux/rayos_lb.h>
#include <netlink/attr.h>

#include "codec.h"
#include "spec_rayos_lb.h"
#include "tap.h"
#include "value.h"

static const struct spec_set *set_of(const char *op)
{
	return spec_op_by_name(&rayos_lb_spec, op)->set;
}

static struct json_object *decode(const char *op, struct nl_msg *msg)
{
	/* A copy of its own size, so that a read past the end is seen. */
	size_t len = nlmsg_datalen(nlmsg_hdr(msg));
	char *exact = malloc(len ? len : 1);
	struct json_object *object;

	memcpy(exact, nlmsg_data(nlmsg_hdr(msg)), len);
	object = codec_decode(set_of(op), exact, len);
	free(exact);
	return object;
}

static struct nl_msg *new_msg(void)
{
	struct nl_msg *msg = nlmsg_alloc();

	nlmsg_put(msg, 0, 0, 42, 0, 0);
	return msg;
}

static void check_kinds(void)
{
	static const unsigned char address[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	static const struct {
		const char *path, *text;
	} want[] = {
		{ "id", "7" }, { "name", "web" }, { "proto", "udp" }, { "ipv4", "10.0.0.1" },
		{ "ipv6", "2001:db8::1" }, { "port", "8080" }, { "policy", "maglev" },
		{ "affinity", "300000000000" }, { "reset", "true" }, { "stats.connections", "5" },
		{ "stats.connect-latency.p99", "1400000" }, { "weight", "" },
	};
	struct nl_msg *msg = new_msg();
	struct json_object *object;
	struct nlattr *nest, *inner;

	nla_put_u32(msg, RAYOS_LB_A_BALANCER_ID, 7);
	nla_put_string(msg, RAYOS_LB_A_BALANCER_NAME, "web");
	nla_put_u32(msg, RAYOS_LB_A_BALANCER_PROTO, RAYOS_LB_PROTO_UDP);
	nla_put_u32(msg, RAYOS_LB_A_BALANCER_IPV4, htonl(0x0a000001));
	nla_put(msg, RAYOS_LB_A_BALANCER_IPV6, 16, address);
	nla_put_u16(msg, RAYOS_LB_A_BALANCER_PORT, htons(8080));
	nla_put_u32(msg, RAYOS_LB_A_BALANCER_POLICY, RAYOS_LB_POLICY_MAGLEV);
	nla_put_u64(msg, RAYOS_LB_A_BALANCER_AFFINITY, 300000000000ULL);
	nla_put_flag(msg, RAYOS_LB_A_BALANCER_RESET);
	nest = nla_nest_start(msg, RAYOS_LB_A_BALANCER_STATS);
	nla_put_u32(msg, RAYOS_LB_A_STATS_CONNECTIONS, 5);
	nla_put_u64(msg, RAYOS_LB_A_STATS_BYTES_IN, 1ULL << 63);
	inner = nla_nest_start(msg, RAYOS_LB_A_STATS_CONNECT_LATENCY);
	nla_put_u32(msg, RAYOS_LB_A_HISTOGRAM_P99, 1400000);
	nla_nest_end(msg, inner);
	nla_nest_end(msg, nest);
	object = decode("balancer-get", msg);
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		ok_text(value_text(object, want[i].path), want[i].text, want[i].path);
	ok(value_number(object, "stats.bytes-in") == 1ULL << 63, "64 bits are 64 bits");
	json_object_put(object);
	nlmsg_free(msg);
}

static void check_newer_kernel(void)
{
	struct nl_msg *msg = new_msg();
	struct json_object *object;

	nla_put_u32(msg, 0, 1);
	nla_put_u32(msg, 500, 1);
	nla_put_u32(msg, RAYOS_LB_A_BALANCER_POLICY, 999);
	nla_put_u32(msg, RAYOS_LB_A_BALANCER_ACTIVE, 3);
	object = decode("balancer-get", msg);
	ok_text(json_object_to_json_string_ext(object, 0), "{\"policy\":999,\"active\":3}",
		"what a newer kernel adds is left out or stays a number");
	json_object_put(object);
	nlmsg_free(msg);
}

/* Processors which want 64-bit numbers aligned have empty attributes before them. */
static void check_padding(void)
{
	struct nl_msg *msg = new_msg();
	struct json_object *object;

	nla_put(msg, RAYOS_LB_A_BALANCER_PAD, 0, NULL);
	nla_put_u64(msg, RAYOS_LB_A_BALANCER_AFFINITY, 7);
	object = decode("balancer-get", msg);
	ok_text(json_object_to_json_string_ext(object, 0), "{\"affinity\":7}",
		"padding says nothing");
	json_object_put(object);
	nlmsg_free(msg);
}

static void check_names(void)
{
	static const struct {
		const char *bytes, *want;
	} cases[] = {
		{ "plain", "plain" }, { "\033[31mred", "?[31mred" }, { "tab\there", "tab?here" },
		{ "bad\xff", "bad?" }, { "\xc3\xa9", "\xc3\xa9" }, { "\xc3", "?" },
		{ "\xc0\xaf", "??" }, { "\xed\xa0\x80", "???" }, { "\xc2\x9b[31m", "??[31m" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" }, { "\xf5\x80\x80\x80", "????" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nl_msg *msg = new_msg();
		struct json_object *object;

		/* Without its NUL, as an attribute may come. */
		nla_put(msg, RAYOS_LB_A_BALANCER_NAME, strlen(cases[i].bytes), cases[i].bytes);
		object = decode("balancer-get", msg);
		ok_text(object ? value_text(object, "name") : "malformed", cases[i].want, "a name");
		json_object_put(object);
		nlmsg_free(msg);
	}
}

static void check_malformed(void)
{
	static const struct {
		const char *what;
		int type;
		int len;
	} cases[] = {
		{ "u32 of 0 bytes", RAYOS_LB_A_BALANCER_ID, 0 },
		{ "u32 of 3 bytes", RAYOS_LB_A_BALANCER_ID, 3 },
		{ "u32 of 8 bytes", RAYOS_LB_A_BALANCER_ID, 8 },
		{ "u64 of 4 bytes", RAYOS_LB_A_BALANCER_AFFINITY, 4 },
		{ "port of 1 byte", RAYOS_LB_A_BALANCER_PORT, 1 },
		{ "IPv4 of 3 bytes", RAYOS_LB_A_BALANCER_IPV4, 3 },
		{ "IPv4 of 16 bytes", RAYOS_LB_A_BALANCER_IPV4, 16 },
		{ "IPv6 of 4 bytes", RAYOS_LB_A_BALANCER_IPV6, 4 },
		{ "nest of 3 bytes", RAYOS_LB_A_BALANCER_HEALTH, 3 },
	};
	static const char zeros[16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nl_msg *msg = new_msg();
		struct json_object *object;

		nla_put(msg, cases[i].type, cases[i].len, zeros);
		object = decode("balancer-get", msg);
		ok(!object, "%s is malformed", cases[i].what);
		json_object_put(object);
		nlmsg_free(msg);
	}
}

/* A message cut at each byte either decodes or does not, and nothing else. */
static void check_truncated(void)
{
	struct nl_msg *msg = new_msg();
	const struct spec_set *set = set_of("balancer-get");
	struct nlattr *nest;
	size_t len, whole = 0;

	nla_put_string(msg, RAYOS_LB_A_BALANCER_NAME, "web");
	nest = nla_nest_start(msg, RAYOS_LB_A_BALANCER_HEALTH);
	nla_put_u64(msg, RAYOS_LB_A_HEALTH_INTERVAL, 5);
	nla_put_string(msg, RAYOS_LB_A_HEALTH_PATH, "/");
	nla_nest_end(msg, nest);
	nla_put_u16(msg, RAYOS_LB_A_BALANCER_PORT, htons(80));
	len = nlmsg_datalen(nlmsg_hdr(msg));
	for (size_t cut = 1; cut < len; cut++) {
		char *part = malloc(cut);
		struct json_object *object;

		memcpy(part, nlmsg_data(nlmsg_hdr(msg)), cut);
		object = codec_decode(set, part, cut);
		whole += !!object;
		json_object_put(object);
		free(part);
	}
	/* After the name, after the nest, and within padding. */
	ok(whole >= 2 && whole <= 6, "%zu of %zu cuts leave a whole message", whole, len - 1);
	nlmsg_free(msg);
}

static void check_round_trips(void)
{
	static const char *const texts[] = {
		"{\"name\":\"web\",\"proto\":\"udp\",\"ipv6\":\"2001:db8::1\",\"port\":80}",
		"{\"ipv4\":\"10.0.0.1\",\"policy\":\"ip-hash\",\"affinity\":0}",
		"{\"health\":{\"probe\":\"http\",\"port\":81,\"path\":\"/x\",\"status-min\":200}}",
		"{\"health\":{\"interval\":18446744073709551615},\"port\":65535}",
		"{}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct json_object *object = json_tokener_parse(texts[i]), *again;
		struct nl_msg *msg = new_msg();

		ok(!codec_encode(msg, set_of("balancer-new"), object), "%s is sent", texts[i]);
		again = decode("balancer-new", msg);
		ok_text(json_object_to_json_string_ext(again, JSON_C_TO_STRING_NOSLASHESCAPE),
			texts[i], "and comes back as it was");
		json_object_put(again);
		json_object_put(object);
		nlmsg_free(msg);
	}
}

static void check_refused_objects(void)
{
	static const char *const bad[] = {
		"{\"nonsense\":1}", "{\"policy\":\"nonsense\"}", "{\"ipv4\":\"10.0.0\"}",
		"{\"ipv4\":\"::1\"}", "{\"ipv6\":\"10.0.0.1\"}", "{\"health\":{\"nonsense\":1}}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct json_object *object = json_tokener_parse(bad[i]);
		struct nl_msg *msg = new_msg();

		ok(codec_encode(msg, set_of("balancer-new"), object), "%s cannot be sent", bad[i]);
		json_object_put(object);
		nlmsg_free(msg);
	}
}

static void check_multi(void)
{
	static const struct spec_attr attrs[] = {
		[1] = { .name = "peer", .kind = SPEC_U16, .multi = true },
		[2] = { .name = "small", .kind = SPEC_U8 },
		[3] = { .name = "wide", .kind = SPEC_UINT },
	};
	static const struct spec_set set = { "test", 3, attrs };
	static const char text[] = "{\"peer\":[1,65535],\"small\":255,\"wide\":4294967296}";
	struct json_object *object = json_tokener_parse(text), *again;
	struct nl_msg *msg = new_msg();

	ok(!codec_encode(msg, &set, object), "a list becomes attributes of one number");
	again = codec_decode(&set, nlmsg_data(nlmsg_hdr(msg)), nlmsg_datalen(nlmsg_hdr(msg)));
	ok_text(json_object_to_json_string_ext(again, 0), text, "and they a list");
	json_object_put(again);
	json_object_put(object);
	nlmsg_free(msg);
}

static void check_locate(void)
{
	static const char text[] =
		"{\"name\":\"web\",\"health\":{\"interval\":1,\"path\":\"/\"},\"port\":80}";
	struct json_object *object = json_tokener_parse(text);
	const struct spec_set *set = set_of("balancer-new"), *inside;
	struct nl_msg *msg = new_msg();
	/* name 4 + 4, health 4 + (interval 4 + 8, path 4 + 4), port 4 + 4 */
	static const struct {
		size_t offset;
		const char *path;
	} cases[] = {
		{ 0, "name" }, { 4, "name" }, { 8, "health" }, { 12, "health.interval" },
		{ 16, "health.interval" }, { 24, "health.path" }, { 32, "port" },
		{ 40, NULL }, { 4000, NULL }, { SIZE_MAX, NULL },
	};
	char path[64], tiny[4];

	ok(!codec_encode(msg, set, object), "a request");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *want = cases[i].path;
		bool there = want;
		bool found = codec_locate(set, nlmsg_data(nlmsg_hdr(msg)),
					  nlmsg_datalen(nlmsg_hdr(msg)), cases[i].offset,
					  path, sizeof(path), &inside);

		ok(found == there, "offset %zu is in the message or not", cases[i].offset);
		if (found && want)
			ok_text(path, want, want);
	}
	codec_locate(set, nlmsg_data(nlmsg_hdr(msg)), nlmsg_datalen(nlmsg_hdr(msg)), 12, tiny,
		     sizeof(tiny), &inside);
	ok(strlen(tiny) < sizeof(tiny), "a small buffer is not overrun");
	json_object_put(object);
	nlmsg_free(msg);
}

int main(void)
{
	check_kinds();
	check_newer_kernel();
	check_padding();
	check_names();
	check_malformed();
	check_truncated();
	check_round_trips();
	check_refused_objects();
	check_multi();
	check_locate();
	return tap_end();
}
