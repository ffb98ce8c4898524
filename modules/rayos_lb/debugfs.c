// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views for humans and scrapers in /sys/kernel/debug/rayos/lb, of the network
 * namespace of whoever reads them.  Nothing depends on them being there.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <rayos/debugfs.h>

#include "debugfs.h"
#include "fast.h"
#include "lb.h"
#include "observe.h"

#define PREFIX	"rayos_lb_"

/* Room for the longest name and the longest address with a port */
#define MAX_LABELS	128

static struct rayos_debugfs files;

/**
 * struct metric - a counter as scrapers see it
 * @name: without the prefix
 * @help: what it is
 * @index: of a counter or of a distribution
 */
struct metric {
	const char *name;
	const char *help;
	u32 index;
};

static const struct metric metrics[] = {
	{ "connections_total", "Flows begun.", RAYOS_LB_C_CONNECTIONS },
	{ "received_packets_total", "Packets from clients.",
	  RAYOS_LB_C_PACKETS_IN },
	{ "received_bytes_total", "Bytes from clients.", RAYOS_LB_C_BYTES_IN },
	{ "sent_packets_total", "Packets to clients.", RAYOS_LB_C_PACKETS_OUT },
	{ "sent_bytes_total", "Bytes to clients.", RAYOS_LB_C_BYTES_OUT },
	{ "requests_total", "Times a client spoke after the backend.",
	  RAYOS_LB_C_REQUESTS },
	{ "refused_total", "Connections that the backend refused.",
	  RAYOS_LB_C_REFUSED },
	{ "timeouts_total", "Connections that the backend never answered.",
	  RAYOS_LB_C_TIMEOUTS },
	{ "resets_total", "Established connections that the backend reset.",
	  RAYOS_LB_C_RESETS },
	{ "unreachable_total", "ICMP errors about flows.",
	  RAYOS_LB_C_UNREACHABLE },
	{ "retried_total", "Connections given to another backend for want of an answer.",
	  RAYOS_LB_C_RETRIED },
	{ "stateless_packets_total", "Packets carried without a flow.",
	  RAYOS_LB_C_STATELESS },
};

static const struct metric latencies[] = {
	{ "connect_seconds", "From the client's SYN to the backend's SYN-ACK.",
	  RAYOS_LB_L_CONNECT },
	{ "first_byte_seconds", "From a request to the first byte of its answer.",
	  RAYOS_LB_L_FIRST_BYTE },
};

static void show_address(struct seq_file *m, u8 family,
			 const struct rayos_lb_endpoint *endpoint)
{
	if (family == AF_INET)
		seq_printf(m, "%pI4:%u", &endpoint->addr.in,
			   ntohs(endpoint->port));
	else
		seq_printf(m, "[%pI6c]:%u", &endpoint->addr.in6,
			   ntohs(endpoint->port));
}

static void write_labels(char *buf, size_t size, const struct rayos_lb_backend *b)
{
	const char *name = b->balancer->name;

	if (b->balancer->family == AF_INET)
		snprintf(buf, size, "balancer=\"%s\",backend=\"%pI4:%u\"", name,
			 &b->addr.addr.in, ntohs(b->addr.port));
	else
		snprintf(buf, size, "balancer=\"%s\",backend=\"[%pI6c]:%u\"",
			 name, &b->addr.addr.in6, ntohs(b->addr.port));
}

static void show_labels(struct seq_file *m, const struct rayos_lb_backend *b)
{
	char labels[MAX_LABELS];

	write_labels(labels, sizeof(labels), b);
	seq_puts(m, labels);
}

/* What is shown of one backend; the stats have been added up */
typedef void (*show_fn)(struct seq_file *m, const struct rayos_lb_backend *b,
			const struct rayos_lb_stats *stats, const void *arg);

static void show_backends(struct seq_file *m, struct rayos_lb_net *ln,
			  show_fn show, const void *arg)
{
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_backend *backend;
	struct rayos_lb_stats *stats;
	unsigned long id;

	stats = kmalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return;
	xa_for_each(&ln->balancers, id, balancer) {
		list_for_each_entry(backend, &balancer->backends, list) {
			memset(stats, 0, sizeof(*stats));
			rayos_lb_stats_add(stats, backend->stats);
			show(m, backend, stats, arg);
		}
	}
	kfree(stats);
}

static void show_counter(struct seq_file *m, const struct rayos_lb_backend *b,
			 const struct rayos_lb_stats *stats, const void *arg)
{
	const struct metric *metric = arg;

	seq_printf(m, "rayos_lb_%s{", metric->name);
	show_labels(m, b);
	seq_printf(m, "} %llu\n", stats->counter[metric->index]);
}

static void show_latency(struct seq_file *m, const struct rayos_lb_backend *b,
			 const struct rayos_lb_stats *stats, const void *arg)
{
	const struct metric *metric = arg;
	const struct rayos_hist_view view =
		rayos_lb_hist_view(&stats->hist[metric->index]);
	char name[48], labels[MAX_LABELS];

	snprintf(name, sizeof(name), PREFIX "%s", metric->name);
	write_labels(labels, sizeof(labels), b);
	rayos_metric_hist(m, name, labels, &view);
}

static void show_active(struct seq_file *m, const struct rayos_lb_backend *b,
			const struct rayos_lb_stats *stats, const void *arg)
{
	seq_puts(m, "rayos_lb_active{");
	show_labels(m, b);
	seq_printf(m, "} %d\n", atomic_read(&b->active));
}

static void show_healthy(struct seq_file *m, const struct rayos_lb_backend *b,
			 const struct rayos_lb_stats *stats, const void *arg)
{
	seq_puts(m, "rayos_lb_healthy{");
	show_labels(m, b);
	seq_printf(m, "} %d\n", b->state == RAYOS_LB_STATE_HEALTHY);
}

/* One of them is 1, as of a StateSet of OpenMetrics: who drains is not down */
static void show_state(struct seq_file *m, const struct rayos_lb_backend *b,
		       const struct rayos_lb_stats *stats, const void *arg)
{
	u32 state;

	for (state = 0; state <= RAYOS_LB_STATE_MAX; state++) {
		seq_puts(m, "rayos_lb_state{");
		show_labels(m, b);
		seq_printf(m, ",state=\"%s\"} %d\n", rayos_lb_state_name(state),
			   b->state == state);
	}
}

static void show_weight(struct seq_file *m, const struct rayos_lb_backend *b,
			const struct rayos_lb_stats *stats, const void *arg)
{
	seq_puts(m, "rayos_lb_weight{");
	show_labels(m, b);
	seq_printf(m, "} %u\n", b->weight);
}

static void show_checks(struct seq_file *m, const struct rayos_lb_backend *b,
			const struct rayos_lb_stats *stats, const void *arg)
{
	seq_puts(m, "rayos_lb_checks_total{");
	show_labels(m, b);
	seq_printf(m, ",result=\"passed\"} %llu\nrayos_lb_checks_total{",
		   READ_ONCE(b->prober.n_passed));
	show_labels(m, b);
	seq_printf(m, ",result=\"failed\"} %llu\n",
		   READ_ONCE(b->prober.n_failed));
}

static void head(struct seq_file *m, const char *name, const char *help,
		 const char *type)
{
	rayos_metric_head(m, PREFIX, name, help, type);
}

static u64 dropped(struct rayos_lb_balancer *balancer)
{
	struct rayos_lb_stats *stats;
	u64 n;

	stats = kmalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return 0;
	rayos_lb_balancer_stats(balancer, stats);
	n = stats->counter[RAYOS_LB_C_DROPPED];
	kfree(stats);
	return n;
}

static void show_metrics(struct seq_file *m, struct rayos_lb_net *ln)
{
	struct rayos_lb_balancer *balancer;
	unsigned long id;
	int i;

	head(m, "info", "What is loaded.", "gauge");
	seq_puts(m, "rayos_lb_info{version=\"" RAYOS_VERSION "\"} 1\n");
	head(m, "flows", "Entries in the flow table.", "gauge");
	seq_printf(m, "rayos_lb_flows %d\n", atomic_read(&ln->flows.count));
	head(m, "flows_limit", "Entries that the flow table may have.", "gauge");
	seq_printf(m, "rayos_lb_flows_limit %u\n", rayos_lb_max_flows);
	head(m, "evicted_total", "Half-open flows that gave way to new ones.",
	     "counter");
	seq_printf(m, "rayos_lb_evicted_total %lld\n",
		   atomic64_read(&ln->flows.evicted));
	head(m, "table_full_total", "Times that there was no room for a flow.",
	     "counter");
	seq_printf(m, "rayos_lb_table_full_total %lld\n",
		   atomic64_read(&ln->flows.table_full));
	head(m, "dropped_total", "Attempts that no backend could take.",
	     "counter");
	xa_for_each(&ln->balancers, id, balancer)
		seq_printf(m, "rayos_lb_dropped_total{balancer=\"%s\"} %llu\n",
			   balancer->name, dropped(balancer));

	head(m, "active", "Open flows.", "gauge");
	show_backends(m, ln, show_active, NULL);
	head(m, "healthy", "Whether a backend may be given new flows.", "gauge");
	show_backends(m, ln, show_healthy, NULL);
	head(m, "state", "Which state a backend has.", "gauge");
	show_backends(m, ln, show_state, NULL);
	head(m, "weight", "Share of new flows relative to the others.", "gauge");
	show_backends(m, ln, show_weight, NULL);
	head(m, "checks_total", "Health checks that have ended.", "counter");
	show_backends(m, ln, show_checks, NULL);
	for (i = 0; i < ARRAY_SIZE(metrics); i++) {
		head(m, metrics[i].name, metrics[i].help, "counter");
		show_backends(m, ln, show_counter, &metrics[i]);
	}
	for (i = 0; i < ARRAY_SIZE(latencies); i++) {
		head(m, latencies[i].name, latencies[i].help, "histogram");
		show_backends(m, ln, show_latency, &latencies[i]);
	}
}

static const char *const fast_path_name[] = {
	[RAYOS_LB_FAST_PATH_OFF] = "off",
	[RAYOS_LB_FAST_PATH_IPV4] = "ipv4",
	[RAYOS_LB_FAST_PATH_IPV6] = "ipv6",
	[RAYOS_LB_FAST_PATH_ON] = "on",
};

static void show_status(struct seq_file *m, struct rayos_lb_net *ln)
{
	seq_printf(m, "version: %s\n", RAYOS_VERSION);
	seq_printf(m, "balancers: %u of %u\n", ln->nr_balancers,
		   rayos_lb_max_balancers);
	seq_printf(m, "flows: %d of %u\n", atomic_read(&ln->flows.count),
		   rayos_lb_max_flows);
	seq_printf(m, "flows refused: %lld\n",
		   atomic64_read(&ln->flows.table_full));
	seq_printf(m, "half-open flows evicted: %lld\n",
		   atomic64_read(&ln->flows.evicted));
	seq_printf(m, "fast path: %s\n",
		   fast_path_name[rayos_lb_fast_path_state(ln)]);
	seq_printf(m, "removed backends with flows: %zu\n",
		   list_count_nodes(&ln->removed));
}

static void show_rate(struct seq_file *m, const char *what, u64 milli)
{
	u32 rest;
	u64 whole = div_u64_rem(milli, 1000, &rest);

	seq_printf(m, " %s/s %llu.%03u", what, whole, rest);
}

static void show_backend(struct seq_file *m, const struct rayos_lb_backend *b,
			 const struct rayos_lb_stats *stats, const void *arg)
{
	seq_printf(m, "%s ", b->balancer->name);
	show_address(m, b->balancer->family, &b->balancer->vip);
	seq_puts(m, " -> ");
	show_address(m, b->balancer->family, &b->addr);
	seq_printf(m, " %s weight %u active %d connections %llu",
		   rayos_lb_state_name(b->state), b->weight, atomic_read(&b->active),
		   stats->counter[RAYOS_LB_C_CONNECTIONS]);
	show_rate(m, "connections", b->rates.average[RAYOS_LB_R_CONNECTIONS]);
	show_rate(m, "requests", b->rates.average[RAYOS_LB_R_REQUESTS]);
	seq_printf(m, " errors/million %u\n", rayos_lb_rate_errors(&b->rates));
}

static void show_balancers(struct seq_file *m, struct rayos_lb_net *ln)
{
	show_backends(m, ln, show_backend, NULL);
}

static int show(struct seq_file *m,
		void (*view)(struct seq_file *m, struct rayos_lb_net *ln))
{
	struct rayos_lb_net *ln = rayos_lb_net(current->nsproxy->net_ns);

	mutex_lock(&ln->lock);
	view(m, ln);
	mutex_unlock(&ln->lock);
	return 0;
}

static int status_show(struct seq_file *m, void *unused)
{
	return show(m, show_status);
}
DEFINE_SHOW_ATTRIBUTE(status);

static int balancers_show(struct seq_file *m, void *unused)
{
	return show(m, show_balancers);
}
DEFINE_SHOW_ATTRIBUTE(balancers);

static int metrics_show(struct seq_file *m, void *unused)
{
	return show(m, show_metrics);
}
DEFINE_SHOW_ATTRIBUTE(metrics);

/**
 * rayos_lb_debugfs_init() - make the views
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_debugfs_init(void)
{
	rayos_debugfs_init(&files, "lb");
	debugfs_create_file("status", 0400, files.dir, NULL, &status_fops);
	debugfs_create_file("balancers", 0400, files.dir, NULL, &balancers_fops);
	debugfs_create_file("metrics", 0400, files.dir, NULL, &metrics_fops);
}

/**
 * rayos_lb_debugfs_exit() - remove the views
 *
 * Context: Process context, may sleep.
 */
void rayos_lb_debugfs_exit(void)
{
	rayos_debugfs_exit(&files);
}
