// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters, one set a CPU, added up when somebody looks.
 */
#include <linux/cpumask.h>
#include <kunit/visibility.h>

#include "stats.h"

/**
 * rayos_lb_stats_new() - make a set of counters
 *
 * Context: Process context, may sleep.
 * Return: zeroed counters to be freed with free_percpu(), or NULL.
 */
struct rayos_lb_cpu_stats __percpu *rayos_lb_stats_new(void)
{
	struct rayos_lb_cpu_stats __percpu *stats;
	int cpu;

	stats = alloc_percpu_gfp(struct rayos_lb_cpu_stats, GFP_KERNEL_ACCOUNT);
	if (!stats)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(stats, cpu)->sync);
	return stats;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_stats_new);

/**
 * rayos_lb_stats_count() - count one event
 * @stats: of a backend or of a balancer
 * @counter: what happened
 *
 * Context: bottom halves off.
 */
void rayos_lb_stats_count(struct rayos_lb_cpu_stats __percpu *stats,
			  enum rayos_lb_counter counter)
{
	struct rayos_lb_cpu_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->sync);
	u64_stats_inc(&s->counter[counter]);
	u64_stats_update_end(&s->sync);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_stats_count);

/**
 * rayos_lb_stats_time() - take a time into a distribution
 * @stats: of a backend
 * @what: what was timed
 * @ns: how long it took
 *
 * Context: bottom halves off.
 */
void rayos_lb_stats_time(struct rayos_lb_cpu_stats __percpu *stats,
			 enum rayos_lb_latency what, u64 ns)
{
	struct rayos_lb_cpu_stats *s = this_cpu_ptr(stats);
	struct rayos_lb_cpu_hist *hist = &s->hist[what];

	u64_stats_update_begin(&s->sync);
	u64_stats_inc(&hist->bucket[rayos_lb_hist_bucket(ns)]);
	u64_stats_add(&hist->sum, ns);
	if (ns > u64_stats_read(&hist->max))
		u64_stats_set(&hist->max, ns);
	u64_stats_update_end(&s->sync);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_stats_time);

/* Each value for itself, as a retry must not add anything twice */
static u64 read_one(const struct rayos_lb_cpu_stats *s, const u64_stats_t *value)
{
	unsigned int start;
	u64 n;

	do {
		start = u64_stats_fetch_begin(&s->sync);
		n = u64_stats_read(value);
	} while (u64_stats_fetch_retry(&s->sync, start));
	return n;
}

static void add_hist(struct rayos_lb_hist *sum,
		     const struct rayos_lb_cpu_stats *s,
		     const struct rayos_lb_cpu_hist *hist)
{
	u64 n;
	int i;

	for (i = 0; i < RAYOS_LB_HIST_BUCKETS; i++) {
		n = read_one(s, &hist->bucket[i]);
		sum->bucket[i] += n;
		sum->count += n;
	}
	sum->sum += read_one(s, &hist->sum);
	sum->max = max(sum->max, read_one(s, &hist->max));
}

static void add_counters(u64 *sum, const struct rayos_lb_cpu_stats *s)
{
	int i;

	for (i = 0; i < RAYOS_LB_C_NR; i++)
		sum[i] += read_one(s, &s->counter[i]);
}

/**
 * rayos_lb_stats_counters() - add all CPUs' counters to a sum, but no times
 * @sum: what they are added to, by &enum rayos_lb_counter
 * @stats: the counters
 *
 * Context: Any, as rayos_lb_stats_add().
 */
void rayos_lb_stats_counters(u64 *sum,
			     const struct rayos_lb_cpu_stats __percpu *stats)
{
	int cpu;

	for_each_possible_cpu(cpu)
		add_counters(sum, per_cpu_ptr(stats, cpu));
}

/**
 * rayos_lb_stats_add() - add all CPUs' counters to a sum
 * @sum: what they are added to
 * @stats: the counters
 *
 * Context: Any.  Counters that change meanwhile are seen before or after their
 *	change, each for itself.
 */
void rayos_lb_stats_add(struct rayos_lb_stats *sum,
			const struct rayos_lb_cpu_stats __percpu *stats)
{
	const struct rayos_lb_cpu_stats *s;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		s = per_cpu_ptr(stats, cpu);
		add_counters(sum->counter, s);
		for (i = 0; i < RAYOS_LB_L_NR; i++)
			add_hist(&sum->hist[i], s, &s->hist[i]);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_stats_add);
