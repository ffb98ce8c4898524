/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_PARSE_H
#define RAYCTL_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct endpoint - an address and a port
 * @ipv6: else IPv4
 * @port: 1 to 65535
 * @address: canonical text of the address, without brackets
 */
struct endpoint {
	bool ipv6;
	uint16_t port;
	char address[46];
};

/*
 * Each of these returns NULL, or what is wrong with @text, put so that it can
 * stand after the text itself: "10" is not a duration such as ...
 */
const char *parse_number(const char *text, uint64_t *value);
const char *parse_duration(const char *text, uint64_t *ns);
const char *parse_size(const char *text, uint64_t *bytes);
const char *parse_percent(const char *text, uint64_t *ppm);
const char *parse_endpoint(const char *text, struct endpoint *ep);
/* An address alone; leaves the port as it is. */
const char *parse_address(const char *text, struct endpoint *ep);

enum {
	PICK_NONE = -1,
	PICK_SEVERAL = -2,
};

/**
 * pick() - find a word, or the only one that begins with it
 * @word: what was typed
 * @table: array of structs whose first member is their name, ended by a NULL
 * @size: of one struct
 *
 * Return: index into @table, PICK_NONE or PICK_SEVERAL.
 */
int pick(const char *word, const void *table, size_t size);

#endif
