// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit: written by gen_spec.py from rayos_zcomp.yaml. */

#include "spec_rayos_zcomp.h"

static const struct spec_value enum_store_kind[] = {
	{ "device",
	  "A block device." },
	{ "region",
	  "Memory that programs map." },
	{ NULL, NULL }
};

static const struct spec_value enum_compression_level[] = {
	{ "none",
	  "Pages are kept as they are." },
	{ "fast",
	  "LZO-RLE." },
	{ "balanced",
	  "LZO." },
	{ "best",
	  "LZO, and what grows cold 16 KiB at a time by the best codec that there is." },
	{ NULL, NULL }
};

static const struct spec_value enum_algorithm[] = {
	{ "lzo-rle",
	  "LZO which knows runs of zeroes." },
	{ "lzo",
	  "LZO." },
	{ "lz4",
	  "LZ4, if its module is there." },
	{ "zstd",
	  "Zstandard, if its module is there." },
	{ NULL, NULL }
};

static const struct spec_value enum_policy_link[] = {
	{ "none",
	  "There is none; it stands alone." },
	{ "demand",
	  "Somebody asks for memory; without it they get none." },
	{ "threshold",
	  "There is little memory available, or regions have more than they shall." },
	{ "time",
	  "Pages have not been used for a time." },
	{ NULL, NULL }
};

static const struct spec_value enum_direction[] = {
	{ "compress",
	  "It makes pages small." },
	{ "decompress",
	  "It makes pages of that again." },
	{ NULL, NULL }
};

static const struct spec_set set_settings;
static const struct spec_set set_link;
static const struct spec_set set_policy;
static const struct spec_set set_status;
static const struct spec_set set_counters;
static const struct spec_set set_io;
static const struct spec_set set_store;
static const struct spec_set set_age;
static const struct spec_set set_size;
static const struct spec_set set_pages;
static const struct spec_set set_bucket;
static const struct spec_set set_histogram;
static const struct spec_set set_stats;

static const struct spec_attr attrs_settings[] = {
	[1] = { .name = "level", .kind = SPEC_U32, .values = enum_compression_level },
	[2] = { .name = "codec", .kind = SPEC_U32, .values = enum_algorithm },
	[3] = { .name = "link", .kind = SPEC_U32, .values = enum_policy_link, .multi = true },
	[4] = { .name = "threshold", .kind = SPEC_U32, .min = 10000ULL, .max = 990000ULL },
	[5] = { .name = "hysteresis", .kind = SPEC_U32, .max = 990000ULL },
	[6] = { .name = "limit", .kind = SPEC_U64, .max = 8796093018112ULL },
	[7] = { .name = "idle", .kind = SPEC_U64, .min = 2000000000ULL, .max = 86400000000000ULL },
	[8] = { .name = "idle-max", .kind = SPEC_U64, .min = 2000000000ULL, .max = 86400000000000ULL },
	[9] = { .name = "rate", .kind = SPEC_U32, .max = 1000000ULL },
	[10] = { .name = "promote", .kind = SPEC_U64, .max = 86400000000000ULL },
	[11] = { .name = "pad", .kind = SPEC_UNUSED },
};

static const struct spec_set set_settings = {
	"settings", 11, attrs_settings
};

static const struct spec_attr attrs_link[] = {
	[1] = { .name = "link", .kind = SPEC_U32, .values = enum_policy_link },
	[2] = { .name = "asked", .kind = SPEC_UINT },
	[3] = { .name = "acted", .kind = SPEC_UINT },
	[4] = { .name = "passed", .kind = SPEC_UINT },
	[5] = { .name = "evicted", .kind = SPEC_UINT },
};

static const struct spec_set set_link = {
	"link", 5, attrs_link
};

static const struct spec_attr attrs_policy[] = {
	[1] = { .name = "link", .kind = SPEC_NEST, .nest = &set_link, .multi = true },
	[2] = { .name = "age", .kind = SPEC_UINT },
	[3] = { .name = "debt", .kind = SPEC_UINT },
	[4] = { .name = "short-of-memory", .kind = SPEC_FLAG },
	[5] = { .name = "above-limit", .kind = SPEC_FLAG },
	[6] = { .name = "threads", .kind = SPEC_U32 },
};

static const struct spec_set set_policy = {
	"policy", 6, attrs_policy
};

static const struct spec_attr attrs_status[] = {
	[1] = { .name = "version", .kind = SPEC_STRING },
	[2] = { .name = "devices", .kind = SPEC_U32 },
	[3] = { .name = "regions", .kind = SPEC_U32 },
	[4] = { .name = "original", .kind = SPEC_UINT },
	[5] = { .name = "compressed", .kind = SPEC_UINT },
	[6] = { .name = "pool", .kind = SPEC_UINT },
	[7] = { .name = "used", .kind = SPEC_UINT },
	[8] = { .name = "saved", .kind = SPEC_UINT },
	[9] = { .name = "ratio", .kind = SPEC_UINT },
	[10] = { .name = "available-memory", .kind = SPEC_UINT },
	[11] = { .name = "total-memory", .kind = SPEC_UINT },
};

static const struct spec_set set_status = {
	"status", 11, attrs_status
};

static const struct spec_attr attrs_counters[] = {
	[1] = { .name = "compressed", .kind = SPEC_UINT },
	[2] = { .name = "decompressed", .kind = SPEC_UINT },
	[3] = { .name = "incompressible", .kind = SPEC_UINT },
	[4] = { .name = "refused", .kind = SPEC_UINT },
	[5] = { .name = "promoted", .kind = SPEC_UINT },
	[6] = { .name = "fault-new", .kind = SPEC_UINT },
	[7] = { .name = "fault-soft", .kind = SPEC_UINT },
	[8] = { .name = "fault-loaded", .kind = SPEC_UINT },
	[9] = { .name = "cooled", .kind = SPEC_UINT },
	[10] = { .name = "evicted-clean", .kind = SPEC_UINT },
	[11] = { .name = "evicted", .kind = SPEC_UINT },
	[12] = { .name = "busy", .kind = SPEC_UINT },
	[13] = { .name = "discarded", .kind = SPEC_UINT },
	[14] = { .name = "fault-ahead", .kind = SPEC_UINT },
};

static const struct spec_set set_counters = {
	"counters", 14, attrs_counters
};

static const struct spec_attr attrs_io[] = {
	[1] = { .name = "reads", .kind = SPEC_UINT },
	[2] = { .name = "writes", .kind = SPEC_UINT },
	[3] = { .name = "failed-reads", .kind = SPEC_UINT },
	[4] = { .name = "failed-writes", .kind = SPEC_UINT },
	[5] = { .name = "invalid", .kind = SPEC_UINT },
	[6] = { .name = "freed", .kind = SPEC_UINT },
	[7] = { .name = "missed", .kind = SPEC_UINT },
};

static const struct spec_set set_io = {
	"io", 7, attrs_io
};

static const struct spec_attr attrs_store[] = {
	[1] = { .name = "name", .kind = SPEC_STRING, .max = 15ULL },
	[2] = { .name = "id", .kind = SPEC_U32 },
	[3] = { .name = "kind", .kind = SPEC_U32, .values = enum_store_kind },
	[4] = { .name = "size", .kind = SPEC_U64, .min = 1ULL, .max = 1099511627776ULL },
	[5] = { .name = "level", .kind = SPEC_U32, .values = enum_compression_level },
	[6] = { .name = "codec", .kind = SPEC_U32, .values = enum_algorithm },
	[7] = { .name = "limit", .kind = SPEC_U64, .max = 8796093018112ULL },
	[8] = { .name = "pad", .kind = SPEC_UNUSED },
	[9] = { .name = "original", .kind = SPEC_UINT },
	[10] = { .name = "compressed", .kind = SPEC_UINT },
	[11] = { .name = "pool", .kind = SPEC_UINT },
	[12] = { .name = "peak", .kind = SPEC_UINT },
	[13] = { .name = "used", .kind = SPEC_UINT },
	[14] = { .name = "saved", .kind = SPEC_UINT },
	[15] = { .name = "ratio", .kind = SPEC_UINT },
	[16] = { .name = "same", .kind = SPEC_UINT },
	[17] = { .name = "raw", .kind = SPEC_UINT },
	[18] = { .name = "chunked", .kind = SPEC_UINT },
	[19] = { .name = "resident", .kind = SPEC_UINT },
	[20] = { .name = "moved", .kind = SPEC_UINT },
	[21] = { .name = "counters", .kind = SPEC_NEST, .nest = &set_counters },
	[22] = { .name = "io", .kind = SPEC_NEST, .nest = &set_io },
	[23] = { .name = "new", .kind = SPEC_FLAG },
	[24] = { .name = "freed", .kind = SPEC_UINT },
	[25] = { .name = "pid", .kind = SPEC_U32 },
	[26] = { .name = "program", .kind = SPEC_STRING },
	[27] = { .name = "most-kept", .kind = SPEC_UINT },
};

static const struct spec_set set_store = {
	"store", 27, attrs_store
};

static const struct spec_attr attrs_age[] = {
	[1] = { .name = "seconds", .kind = SPEC_U32 },
	[2] = { .name = "mapped", .kind = SPEC_UINT },
	[3] = { .name = "unmapped", .kind = SPEC_UINT },
	[4] = { .name = "kept", .kind = SPEC_UINT },
	[5] = { .name = "chunked", .kind = SPEC_UINT },
	[6] = { .name = "stuck", .kind = SPEC_UINT },
};

static const struct spec_set set_age = {
	"age", 6, attrs_age
};

static const struct spec_attr attrs_size[] = {
	[1] = { .name = "bytes", .kind = SPEC_U32 },
	[2] = { .name = "objects", .kind = SPEC_UINT },
};

static const struct spec_set set_size = {
	"size", 2, attrs_size
};

static const struct spec_attr attrs_pages[] = {
	[1] = { .name = "name", .kind = SPEC_STRING, .max = 15ULL },
	[2] = { .name = "age", .kind = SPEC_NEST, .nest = &set_age, .multi = true },
	[3] = { .name = "size", .kind = SPEC_NEST, .nest = &set_size, .multi = true },
};

static const struct spec_set set_pages = {
	"pages", 3, attrs_pages
};

static const struct spec_attr attrs_bucket[] = {
	[1] = { .name = "floor", .kind = SPEC_UINT },
	[2] = { .name = "count", .kind = SPEC_UINT },
};

static const struct spec_set set_bucket = {
	"bucket", 2, attrs_bucket
};

static const struct spec_attr attrs_histogram[] = {
	[1] = { .name = "count", .kind = SPEC_UINT },
	[2] = { .name = "sum", .kind = SPEC_UINT },
	[3] = { .name = "p50", .kind = SPEC_UINT },
	[4] = { .name = "p90", .kind = SPEC_UINT },
	[5] = { .name = "p99", .kind = SPEC_UINT },
	[6] = { .name = "longest", .kind = SPEC_UINT },
	[7] = { .name = "bucket", .kind = SPEC_NEST, .nest = &set_bucket, .multi = true },
};

static const struct spec_set set_histogram = {
	"histogram", 7, attrs_histogram
};

static const struct spec_attr attrs_stats[] = {
	[1] = { .name = "codec", .kind = SPEC_U32, .values = enum_algorithm },
	[2] = { .name = "direction", .kind = SPEC_U32, .values = enum_direction },
	[3] = { .name = "time", .kind = SPEC_NEST, .nest = &set_histogram },
};

static const struct spec_set set_stats = {
	"stats", 3, attrs_stats
};

static const struct spec_op ops[] = {
	{ "status-get", 1, false, &set_status },
	{ "store-get", 2, false, &set_store },
	{ "pages-get", 3, false, &set_pages },
	{ "stats-get", 4, false, &set_stats },
	{ "device-add", 5, false, &set_store },
	{ "device-set", 6, false, &set_store },
	{ "device-del", 7, false, &set_store },
	{ "device-reset", 8, false, &set_store },
	{ "compact", 9, false, &set_store },
	{ "settings-get", 10, false, &set_settings },
	{ "settings-set", 11, false, &set_settings },
	{ "device-ntf", 12, true, &set_store },
	{ "device-del-ntf", 13, true, &set_store },
	{ "device-reset-ntf", 14, true, &set_store },
	{ "refused-ntf", 15, true, &set_store },
	{ "settings-ntf", 16, true, &set_settings },
	{ "flush", 17, false, &set_store },
	{ "policy-get", 18, false, &set_policy },
	{ NULL, 0, false, NULL }
};

const struct spec_family rayos_zcomp_spec = {
	.name = "rayos-zcomp",
	.version = 1,
	.group = "events",
	.ops = ops,
};
