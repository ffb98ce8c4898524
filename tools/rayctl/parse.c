// SPDX-License-Identifier: GPL-2.0-only
/* From the words of the command line to values in base units. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "parse.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60 * 1000000000ULL },
	{ "min", 60 * 1000000000ULL },
	{ "h", 3600 * 1000000000ULL },
	{ "d", 86400 * 1000000000ULL },
	{ NULL, 0 }
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "K", 1ULL << 10 },
	{ "KiB", 1ULL << 10 },
	{ "M", 1ULL << 20 },
	{ "MiB", 1ULL << 20 },
	{ "G", 1ULL << 30 },
	{ "GiB", 1ULL << 30 },
	{ "T", 1ULL << 40 },
	{ "TiB", 1ULL << 40 },
	{ NULL, 0 }
};

static const struct unit percents[] = {
	{ "%", 10000 },
	{ NULL, 0 }
};

/* Read decimal digits. Return: the character after them, NULL on overflow. */
static const char *digits(const char *text, uint64_t *value)
{
	*value = 0;
	for (; isdigit((unsigned char)*text); text++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, *text - '0', value))
			return NULL;
	}
	return text;
}

/* Digits after the point, as a part of @factor; false unless it is a whole one. */
static bool fraction(const char *text, const char *end, uint64_t factor, uint64_t *part)
{
	unsigned __int128 value = 0, scale = 1;

	for (; text < end; text++) {
		if (scale > UINT64_MAX / 10)
			return false;
		value = value * 10 + (*text - '0');
		scale *= 10;
	}
	value *= factor;
	*part = value / scale;
	return value % scale == 0;
}

/*
 * A number, perhaps with a fraction, and one of @units. Integers all the way,
 * so that what was typed is what the kernel gets; what is finer than the base
 * unit is refused rather than rounded.
 */
static bool scaled(const char *text, const struct unit *units, uint64_t *value)
{
	const char *point = digits(text, value), *end = point;
	uint64_t part;

	if (!point || point == text)
		return false;
	if (*point == '.') {
		end = point + 1 + strspn(point + 1, "0123456789");
		if (end == point + 1)
			return false;
		point++;
	}
	while (units->name && strcmp(units->name, end))
		units++;
	return units->name && fraction(point, end, units->factor, &part) &&
	       !__builtin_mul_overflow(*value, units->factor, value) &&
	       !__builtin_add_overflow(*value, part, value);
}

const char *parse_number(const char *text, uint64_t *value)
{
	const char *end;

	if (!isdigit((unsigned char)*text))
		return "is not a number";
	end = digits(text, value);
	if (!end)
		return "is too large a number";
	return *end ? "is not a number" : NULL;
}

const char *parse_duration(const char *text, uint64_t *ns)
{
	if (!strcmp(text, "0")) {
		*ns = 0;
		return NULL;
	}
	return scaled(text, durations, ns) ? NULL :
		"is not a duration such as 500ms, 10s or 5m";
}

const char *parse_size(const char *text, uint64_t *bytes)
{
	return scaled(text, sizes, bytes) ? NULL :
		"is not a size such as 64K, 16M or 1G";
}

const char *parse_percent(const char *text, uint64_t *ppm)
{
	return scaled(text, percents, ppm) && *ppm <= 1000000 ? NULL :
		"is not a percentage such as 70%";
}

static const char *parse_port(const char *text, uint16_t *port)
{
	uint64_t value;

	if (parse_number(text, &value) || value < 1 || value > UINT16_MAX)
		return "needs a port from 1 to 65535";
	*port = value;
	return NULL;
}

const char *parse_endpoint(const char *text, struct endpoint *ep)
{
	unsigned char binary[sizeof(struct in6_addr)];
	const char *colon = strrchr(text, ':');
	const char *address = text, *end;
	char copy[sizeof(ep->address)];

	ep->ipv6 = *text == '[';
	if (!ep->ipv6 && colon && strchr(text, ':') != colon)
		return "is not ADDR:PORT; IPv6 is written [2001:db8::1]:80";
	if (!colon || (ep->ipv6 && colon[-1] != ']'))
		return "needs a port, as in 10.0.0.1:80 or [2001:db8::1]:80";
	end = colon;
	if (ep->ipv6) {
		address++;
		end--;
	}
	if (end < address || (size_t)(end - address) >= sizeof(copy))
		return ep->ipv6 ? "is not an IPv6 address" : "is not an IPv4 address";
	memcpy(copy, address, end - address);
	copy[end - address] = '\0';
	if (inet_pton(ep->ipv6 ? AF_INET6 : AF_INET, copy, binary) != 1)
		return ep->ipv6 ? "is not an IPv6 address" : "is not an IPv4 address";
	inet_ntop(ep->ipv6 ? AF_INET6 : AF_INET, binary, ep->address, sizeof(ep->address));
	return parse_port(colon + 1, &ep->port);
}

const char *parse_address(const char *text, struct endpoint *ep)
{
	unsigned char binary[sizeof(struct in6_addr)];

	ep->ipv6 = strchr(text, ':');
	if (inet_pton(ep->ipv6 ? AF_INET6 : AF_INET, text, binary) != 1)
		return ep->ipv6 ? "is not an IPv6 address" : "is not an IPv4 address";
	inet_ntop(ep->ipv6 ? AF_INET6 : AF_INET, binary, ep->address, sizeof(ep->address));
	return NULL;
}

static const char *name_at(const void *table, size_t size, int index)
{
	return *(const char *const *)((const char *)table + index * size);
}

/* Whether the name at @index begins @name: a longer word does not take its abbreviations. */
static bool begins(const void *table, size_t size, int index, const char *name)
{
	const char *shorter = index >= 0 ? name_at(table, size, index) : NULL;

	return shorter && !strncmp(name, shorter, strlen(shorter));
}

int pick(const char *word, const void *table, size_t size)
{
	size_t len = strlen(word);
	int found = PICK_NONE;
	const char *name;

	for (int i = 0; (name = name_at(table, size, i)); i++) {
		if (!strcmp(name, word))
			return i;
		if (len && !strncmp(name, word, len))
			found = found == PICK_NONE ? i :
				begins(table, size, found, name) ? found : PICK_SEVERAL;
	}
	return found;
}
