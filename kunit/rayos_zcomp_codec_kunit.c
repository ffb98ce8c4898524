// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a codec has made it makes anew, it never needs more room than it is said to,
 * and whatever else it is given it neither reads nor writes beyond it.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../modules/rayos_zcomp/codec.h"
#include "zcomp.h"

#define CHUNK	16384

/**
 * struct bench - a codec and memory for it, each piece exactly as large as it needs
 * @codec: the codec
 * @work: its scratch memory
 * @src: @len bytes
 * @out: RAYOS_ZCOMP_WORST(@len) bytes
 * @back: @len bytes
 * @len: bytes to be compressed
 */
struct bench {
	const struct rayos_zcomp_codec *codec;
	void *work;
	u8 *src;
	u8 *out;
	u8 *back;
	u32 len;
};

static const struct codec_case {
	const char *name;
	enum rayos_zcomp_codec_kind kind;
	u32 len;
} codec_cases[] = {
	{ "lzo-rle, a page", RAYOS_ZCOMP_LZO_RLE, PAGE_SIZE },
	{ "lzo-rle, four", RAYOS_ZCOMP_LZO_RLE, CHUNK },
	{ "lzo, a page", RAYOS_ZCOMP_LZO, PAGE_SIZE },
	{ "lzo, four", RAYOS_ZCOMP_LZO, CHUNK },
	{ "lz4, a page", RAYOS_ZCOMP_LZ4, PAGE_SIZE },
	{ "lz4, four", RAYOS_ZCOMP_LZ4, CHUNK },
	{ "zstd, a page", RAYOS_ZCOMP_ZSTD, PAGE_SIZE },
	{ "zstd, four", RAYOS_ZCOMP_ZSTD, CHUNK },
};

static void codec_name(const struct codec_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(codec, codec_cases, codec_name);

static u8 *new_bytes(struct kunit *test, size_t len)
{
	u8 *bytes = kunit_kmalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	return bytes;
}

static struct bench *new_bench(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	const struct codec_case *c = test->param_value;

	KUNIT_ASSERT_NOT_NULL(test, b);
	b->codec = rayos_zcomp_codec_get(c->kind);
	KUNIT_ASSERT_NOT_NULL(test, b->codec);
	test->priv = (void *)b->codec;
	b->len = c->len;
	b->work = new_bytes(test, b->codec->work);
	b->src = new_bytes(test, b->len);
	b->out = new_bytes(test, RAYOS_ZCOMP_WORST(b->len));
	b->back = new_bytes(test, b->len);
	if (b->codec->prepare)
		b->codec->prepare(b->work);
	return b;
}

static void exit(struct kunit *test)
{
	rayos_zcomp_codec_put(test->priv);
}

/* Pages of one kind, or for PAGE_KINDS one of each beside the other */
static void make_src(struct bench *b, u32 kind, u64 seed)
{
	u32 at;

	for (at = 0; at < b->len; at += PAGE_SIZE)
		make_page(b->src + at,
			  kind < PAGE_KINDS ? kind : at / PAGE_SIZE % PAGE_KINDS,
			  seed + at);
}

static int squeeze(struct bench *b)
{
	return b->codec->compress(b->work, b->src, b->len, b->out);
}

static void *work_to_expand(struct bench *b)
{
	return b->codec->work_free ? NULL : b->work;
}

static int expand(struct bench *b, const u8 *from, u32 len)
{
	memset(b->back, 0x5a, b->len);
	return b->codec->decompress(work_to_expand(b), from, len, b->back, b->len);
}

/* Scratch memory is as the last page left it, as it is in a stream */
static void round_trip(struct kunit *test)
{
	struct bench *b = new_bench(test);
	u32 kind, round;
	u8 *exact;
	int len;

	for (round = 0; round < 40; round++) {
		for (kind = 0; kind <= PAGE_KINDS; kind++) {
			make_src(b, kind, round);
			len = squeeze(b);
			KUNIT_ASSERT_GT(test, len, 0);
			KUNIT_ASSERT_LE(test, len, (int)RAYOS_ZCOMP_WORST(b->len));
			exact = kmemdup(b->out, len, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, exact);
			KUNIT_EXPECT_EQ(test, expand(b, exact, len), 0);
			KUNIT_EXPECT_EQ(test, memcmp(b->back, b->src, b->len), 0);
			kfree(exact);
		}
	}
}

static void room_is_not_exceeded(struct kunit *test)
{
	struct bench *b = new_bench(test);
	u32 room;
	u8 *little;
	int len;

	make_src(b, PAGE_TEXT, 1);
	len = squeeze(b);
	KUNIT_ASSERT_GT(test, len, 0);
	for (room = 1; room < b->len; room += room) {
		little = kmalloc(room, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, little);
		KUNIT_EXPECT_EQ(test,
				b->codec->decompress(work_to_expand(b), b->out,
						     len, little, room),
				-EBADMSG);
		kfree(little);
	}
}

static void what_is_cut_off_is_told(struct kunit *test)
{
	struct bench *b = new_bench(test);
	u8 *exact;
	int len, cut;

	make_src(b, PAGE_TEXT, 2);
	len = squeeze(b);
	KUNIT_ASSERT_GT(test, len, 0);
	for (cut = 1; cut < len; cut += 1 + cut / 16) {
		exact = kmemdup(b->out, len - cut, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, exact);
		KUNIT_EXPECT_EQ(test, expand(b, exact, len - cut), -EBADMSG);
		kfree(exact);
	}
}

/* It may be told or make another page, and KASAN tells if it goes astray */
static void damage_does_no_harm(struct kunit *test)
{
	struct bench *b = new_bench(test);
	u64 random = 42;
	u32 round, i, told = 0, rounds = 400;
	u8 *exact;
	int len, err;

	for (round = 0; round < rounds; round++) {
		make_src(b, round & 1 ? PAGE_TEXT : PAGE_SPARSE, round);
		len = squeeze(b);
		KUNIT_ASSERT_GT(test, len, 0);
		exact = kmemdup(b->out, len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, exact);
		for (i = 0; i <= round % 8; i++)
			exact[number_below(&random, len)] = next_random(&random);
		err = expand(b, exact, len);
		KUNIT_EXPECT_TRUE(test, !err || err == -EBADMSG);
		told += err == -EBADMSG;
		kfree(exact);
	}
	KUNIT_EXPECT_GT(test, told, rounds / 4);
}

static void noise_does_no_harm(struct kunit *test)
{
	struct bench *b = new_bench(test);
	u64 random = 43;
	u32 round, len, i, told = 0;
	u8 *noise;

	for (round = 0; round < 400; round++) {
		len = 1 + number_below(&random, 600);
		noise = kmalloc(len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, noise);
		for (i = 0; i < len; i++)
			noise[i] = next_random(&random);
		told += expand(b, noise, len) == -EBADMSG;
		kfree(noise);
	}
	/* noise that makes exactly so many bytes is as good as impossible */
	KUNIT_EXPECT_EQ(test, told, 400);
	/* and what comes next is not worse for it */
	make_src(b, PAGE_TEXT, 3);
	len = squeeze(b);
	KUNIT_EXPECT_EQ(test, expand(b, b->out, len), 0);
	KUNIT_EXPECT_EQ(test, memcmp(b->back, b->src, b->len), 0);
}

static void one_of_each_kind(struct kunit *test)
{
	struct bench *b = new_bench(test);
	struct rayos_zcomp_codec other = *b->codec;

	KUNIT_EXPECT_EQ(test, rayos_zcomp_register_codec(&other), -EEXIST);
	other.kind = RAYOS_ZCOMP_CODECS;
	KUNIT_EXPECT_EQ(test, rayos_zcomp_register_codec(&other), -EINVAL);
	other.kind = b->codec->kind;
	other.compress = NULL;
	KUNIT_EXPECT_EQ(test, rayos_zcomp_register_codec(&other), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, rayos_zcomp_codec_get(other.kind), b->codec);
	rayos_zcomp_codec_put(b->codec);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(round_trip, codec_gen_params),
	KUNIT_CASE_PARAM(room_is_not_exceeded, codec_gen_params),
	KUNIT_CASE_PARAM(what_is_cut_off_is_told, codec_gen_params),
	KUNIT_CASE_PARAM(damage_does_no_harm, codec_gen_params),
	KUNIT_CASE_PARAM(noise_does_no_harm, codec_gen_params),
	KUNIT_CASE_PARAM(one_of_each_kind, codec_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_zcomp_codec",
	.exit = exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
