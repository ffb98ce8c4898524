/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of one module in /sys/kernel/debug/rayos, which all modules of the suite
 * share, and what they say in the format of Prometheus.
 */
#ifndef _RAYOS_DEBUGFS_H
#define _RAYOS_DEBUGFS_H

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/time64.h>

#include "hist.h"

/**
 * struct rayos_debugfs - the files of a module
 * @root: the directory that all modules share
 * @dir: that of the module
 */
struct rayos_debugfs {
	struct dentry *root;
	struct dentry *dir;
};

/**
 * rayos_debugfs_init() - make the directory of a module
 * @files: is filled in
 * @name: of the directory
 *
 * Nothing depends on it being there.
 *
 * Context: Process context, may sleep.
 */
static inline void rayos_debugfs_init(struct rayos_debugfs *files,
				      const char *name)
{
	files->root = debugfs_lookup("rayos", NULL);
	if (!files->root) {
		files->root = debugfs_create_dir("rayos", NULL);
		if (!IS_ERR(files->root))
			dget(files->root);
	}
	files->dir = debugfs_create_dir(name, files->root);
}

/**
 * rayos_debugfs_exit() - remove a module's files
 * @files: what rayos_debugfs_init() has filled in
 *
 * Context: Process context, may sleep.
 */
static inline void rayos_debugfs_exit(struct rayos_debugfs *files)
{
	debugfs_remove(files->dir);
	if (IS_ERR_OR_NULL(files->root))
		return;
	if (simple_empty(files->root))
		debugfs_remove(files->root);
	dput(files->root);
}

/**
 * rayos_metric_head() - say what a metric is, before its values
 * @m: the file
 * @prefix: what names of the module begin with
 * @name: of the metric
 * @help: what it is
 * @type: counter, gauge or histogram
 */
static inline void rayos_metric_head(struct seq_file *m, const char *prefix,
				     const char *name, const char *help,
				     const char *type)
{
	seq_printf(m, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name, help,
		   prefix, name, type);
}

static inline void rayos_metric_seconds(struct seq_file *m, u64 ns)
{
	u32 rest;
	u64 seconds = div_u64_rem(ns, NSEC_PER_SEC, &rest);

	seq_printf(m, "%llu.%09u", seconds, rest);
}

/**
 * rayos_metric_hist() - a distribution of times
 * @m: the file
 * @name: with the prefix of the module
 * @labels: what is between the braces
 * @hist: the distribution
 *
 * Octaves only: four buckets to each would be too much for a scraper.
 */
static inline void rayos_metric_hist(struct seq_file *m, const char *name,
				     const char *labels,
				     const struct rayos_hist_view *hist)
{
	u32 i, nr = RAYOS_HIST_BUCKETS(hist->low, hist->high);
	u64 seen = hist->bucket[0];

	for (i = 1; i < nr; i++) {
		if ((i - 1) % 4 == 0) {
			seq_printf(m, "%s_bucket{%s,le=\"", name, labels);
			rayos_metric_seconds(m, rayos_hist_floor(i, hist->low,
								 hist->high));
			seq_printf(m, "\"} %llu\n", seen);
		}
		seen += hist->bucket[i];
	}
	seq_printf(m, "%s_bucket{%s,le=\"+Inf\"} %llu\n", name, labels,
		   hist->count);
	seq_printf(m, "%s_sum{%s} ", name, labels);
	rayos_metric_seconds(m, hist->sum);
	seq_printf(m, "\n%s_count{%s} %llu\n", name, labels, hist->count);
}

#endif
