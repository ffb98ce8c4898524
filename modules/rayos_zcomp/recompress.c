// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is written to the attribute recompress, in the words of zram:
 *
 *	[type=idle|huge|huge_idle] [threshold=BYTES] [algo=NAME] [priority=1]
 *	[max_pages=N]
 *
 * Any that zram does not know is refused, and what has no meaning here as well: what
 * pages are compressed anew by is the one codec of rayos_zcomp_best().
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "codec.h"
#include "recompress.h"

static int set_type(struct rayos_zcomp_recompress *how, const char *value)
{
	how->which.idle = !strcmp(value, "idle") || !strcmp(value, "huge_idle");
	how->which.huge = !strcmp(value, "huge") || !strcmp(value, "huge_idle");
	return how->which.idle || how->which.huge ? 0 : -EINVAL;
}

/* No object of a page is larger */
static int set_threshold(struct rayos_zcomp_recompress *how, const char *value)
{
	int err = kstrtou32(value, 10, &how->which.threshold);

	return err ?: how->which.threshold <= PAGE_SIZE ? 0 : -EINVAL;
}

static int set_algo(struct rayos_zcomp_recompress *how, const char *value)
{
	int kind = match_string(rayos_zcomp_kind_name, RAYOS_ZCOMP_CODECS, value);

	if (kind < 0)
		return -EINVAL;
	how->kind = kind;
	how->kind_set = true;
	return rayos_zcomp_codec_load(kind) ? 0 : -ENOENT;
}

/* There is one beside that of what is written */
static int set_priority(struct rayos_zcomp_recompress *how, const char *value)
{
	return strcmp(value, "1") ? -EINVAL : 0;
}

static int set_max_pages(struct rayos_zcomp_recompress *how, const char *value)
{
	u64 pages;
	int err = kstrtou64(value, 10, &pages);

	if (!err)
		how->which.most = pages / RAYOS_ZCOMP_GROUP +
				  !!(pages % RAYOS_ZCOMP_GROUP);
	return err;
}

static const struct word {
	const char *name;
	int (*set)(struct rayos_zcomp_recompress *how, const char *value);
} words[] = {
	{ "type", set_type },
	{ "threshold", set_threshold },
	{ "algo", set_algo },
	{ "priority", set_priority },
	{ "max_pages", set_max_pages },
};

static int parse_word(struct rayos_zcomp_recompress *how, char *arg)
{
	char *name = strsep(&arg, "=");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words) && arg && *arg; i++) {
		if (!strcmp(name, words[i].name))
			return words[i].set(how, arg);
	}
	return -EINVAL;
}

/**
 * rayos_zcomp_parse_recompress() - understand what is to be compressed better
 * @buf: words as above
 * @how: what they say is left here
 *
 * Context: May sleep, and waits for user space if a codec is named.
 * Return: 0, -EINVAL if a word has no meaning, -ENOENT if there is no such codec, or
 * -ENOMEM.
 */
int rayos_zcomp_parse_recompress(const char *buf,
				 struct rayos_zcomp_recompress *how)
{
	char *copy = kstrdup(buf, GFP_KERNEL), *rest = copy, *arg;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	*how = (struct rayos_zcomp_recompress){ .which.most = U64_MAX };
	while (!err && (arg = strsep(&rest, " \t\n"))) {
		if (*arg)
			err = parse_word(how, arg);
	}
	kfree(copy);
	return err;
}

/**
 * rayos_zcomp_recompress() - compress better what was understood
 * @store: the store
 * @how: what rayos_zcomp_parse_recompress() has left
 *
 * Context: May sleep, and begins no I/O to get memory.
 * Return: 0, -ENOENT if there is no such codec any more, or -EINVAL if another one is
 * better.
 */
int rayos_zcomp_recompress(struct rayos_zcomp_store *store,
			   const struct rayos_zcomp_recompress *how)
{
	if (how->kind_set && how->kind == RAYOS_ZCOMP_ZSTD &&
	    !rayos_zcomp_store_have(store, how->kind))
		return -ENOENT;
	if (how->kind_set && how->kind != rayos_zcomp_best(store))
		return -EINVAL;
	/* what has been joined leaves gaps behind it all over the pool */
	if (rayos_zcomp_promote_which(store, &how->which))
		rayos_zcomp_compact(store->pool, U32_MAX);
	return 0;
}
